package ussd

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"
)

// List asks the subscriber to choose one of some items that are loaded when they
// are shown. Items are numbered from 1 on, across pages. It is used as a pointer:
// the pointer is what its [List.Value] is found by.
//
// An answer is an item's number, and the items are loaded again to find out which
// that is. If they may change between two hops, let the menu remember what was
// shown ([Menu.Remember]): then the answer is the item that the subscriber has
// seen, and if that is gone, the list is shown again.
type List[T any] struct {
	// Title stands above the items.
	Title string
	// Load returns the items for a subscriber. The answers to earlier questions
	// can be read from ctx.
	Load func(ctx context.Context, r Request) ([]T, error)
	// Label is what the subscriber reads.
	Label func(T) string
	// Key tells an item from others when a menu remembers what it has shown. If
	// it is nil, Label does.
	Key func(T) string
}

// Value returns the item that was chosen. ctx is the one that the flow's function
// got, or a later question's; elsewhere, and before a choice, it is the zero value.
func (l *List[T]) Value(ctx context.Context) T { return valueOf[T](ctx, l) }

// shownTTL is how long a menu remembers what it has shown: longer than any
// session, of which the longest known has 180 seconds.
const shownTTL = 10 * time.Minute

// showing is what a list has shown from a position of the text on.
type showing struct {
	At    int
	Items []shownItem
}

// shownItem is an item as a subscriber has seen it.
type shownItem struct{ Key, Label string }

func (l *List[T]) key(v T) string {
	if l.Key != nil {
		return l.Key(v)
	}
	return l.Label(v)
}

// loadedList is the items of a list, a []T, and the frame that they were loaded for.
type loadedList struct {
	items     any
	end, step int32
}

// load returns the items for the top of the walk, loaded once in a hop however
// many answers there were.
func (l *List[T]) load(w *walk) ([]T, error) {
	top := w.top()
	if items, ok := w.loaded.items.([]T); ok && w.loaded.end == top.end && w.loaded.step == top.step {
		return items, nil
	}
	r := w.request
	r.Text, r.Typed = r.Text[:top.end], ""
	items, err := l.Load(w.answers(top.screen.(*Flow)), r)
	if err != nil {
		return nil, err
	}
	w.loaded = loadedList{items, top.end, top.step}
	return items, nil
}

func (l *List[T]) name() string { return oneLine(l.Title) }

func (l *List[T]) ask(_ context.Context, w *walk) (string, error) {
	history, err := w.showings()
	if err != nil {
		return "", err
	}
	now := len(w.request.Text)
	shown := latest(history, now)
	// What was found to be gone at this very input calls for a new list.
	if shown == nil || w.top().notice == w.top().texts.Gone && shown.At < now && w.after == now {
		items, err := l.load(w)
		if err != nil {
			return "", err
		}
		shown = &showing{At: now, Items: make([]shownItem, len(items))}
		for i, v := range items {
			shown.Items[i] = shownItem{l.key(v), l.Label(v)}
		}
		if err := w.remember(append(history, *shown)); err != nil {
			return "", err
		}
	}
	var b strings.Builder
	b.WriteString(l.Title)
	n := 0
	for _, it := range shown.Items {
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		n = nextNumber(n, w.top().texts)
		b.WriteString(strconv.Itoa(n) + ". " + it.Label)
	}
	if len(shown.Items) == 0 {
		b.WriteString("\n" + w.top().texts.Empty)
	}
	return b.String(), nil
}

func (l *List[T]) take(w *walk, input string) (any, string, error) {
	texts := w.top().texts
	i, ok := indexOf(clean(input), texts)
	if !ok {
		return nil, texts.Invalid, nil
	}
	history, err := w.showings()
	if err != nil {
		return nil, "", err
	}
	shown := latest(history, w.before)
	if after := latest(history, w.after); shown != nil && after.At == w.after {
		// This answer has led to a new list: what it named was gone, even if it
		// is back by now.
		return nil, texts.Gone, nil
	}
	if shown != nil && i >= len(shown.Items) {
		return nil, texts.Invalid, nil
	}
	items, err := l.load(w)
	switch {
	case err != nil:
		return nil, "", err
	case shown == nil && i < len(items):
		return items[i], "", nil
	case shown == nil:
		return nil, texts.Invalid, nil
	}
	for _, v := range items {
		if l.key(v) == shown.Items[i].Key {
			return v, "", nil
		}
	}
	return nil, texts.Gone, nil
}

// nextNumber returns what chooses the item after that of n: numbers from 1 on, but
// for those that lead elsewhere.
func nextNumber(n int, texts *Texts) int {
	for n++; texts.reserves(strconv.Itoa(n)); n++ {
	}
	return n
}

// indexOf returns which item a key chooses, counted from 0.
func indexOf(key string, texts *Texts) (int, bool) {
	n, err := strconv.Atoi(key)
	if err != nil || n < 1 || strconv.Itoa(n) != key || texts.reserves(key) {
		return 0, false
	}
	i := n - 1
	for _, k := range []Key{texts.Back, texts.Home, texts.More} {
		if m, err := strconv.Atoi(k.Key); err == nil && m >= 1 && m < n && strconv.Itoa(m) == k.Key {
			i--
		}
	}
	return i, true
}

func (l *List[T]) frees(string) bool { return true }
func (l *List[T]) limit() int        { return 0 }
func (l *List[T]) explicit() bool    { return false }

// latest returns what was shown at a position of the text, nil if nothing was.
func latest(history []showing, at int) *showing {
	for i := len(history) - 1; i >= 0; i-- {
		if history[i].At <= at {
			return &history[i]
		}
	}
	return nil
}

// place names the record of what the list at the top of the walk has shown.
func (w *walk) place() string {
	return w.storeKey("list", strconv.Itoa(int(w.top().end))+"/"+strconv.Itoa(int(w.top().step)))
}

// storeKey returns a key for this subscriber's session. Two subscribers cannot
// meet under one, whatever session they claim to be in.
func (w *walk) storeKey(kind, rest string) string {
	sum := sha256.Sum256([]byte(w.request.SessionID + "\x00" + w.request.PhoneNumber))
	return "menu/" + kind + "/" + hex.EncodeToString(sum[:16]) + "/" + rest
}

func (w *walk) showings() ([]showing, error) {
	if w.root.store == nil {
		return nil, nil
	}
	data, version, err := w.root.store.Load(w.ctx, w.place())
	if err != nil || version == 0 {
		return nil, err
	}
	var history []showing
	return history, json.Unmarshal(data, &history)
}

func (w *walk) remember(history []showing) error {
	if w.root.store == nil {
		return nil
	}
	data, err := json.Marshal(history)
	if err != nil {
		return err
	}
	return w.save(w.place(), data)
}

// save writes a record. If the same hop, delivered twice, was faster elsewhere,
// its record is as good.
func (w *walk) save(key string, data []byte) error {
	_, version, err := w.root.store.Load(w.ctx, key)
	if err != nil {
		return err
	}
	if _, err := w.root.store.Save(w.ctx, key, data, version, shownTTL); err != nil && !errors.Is(err, ErrVersion) {
		return err
	}
	return nil
}

// rememberDialled returns how many inputs were dialled as the store knows it, and
// lets it know n if it does not.
func (w *walk) rememberDialled(n int) (int, error) {
	key := w.storeKey("dialled", "")
	data, version, err := w.root.store.Load(w.ctx, key)
	if err != nil {
		return 0, err
	}
	if version == 0 {
		return n, w.save(key, []byte(strconv.Itoa(n)))
	}
	return strconv.Atoi(string(data))
}
