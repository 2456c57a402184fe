package ussd

import (
	"context"
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sautigo/africastalking/internal/record"
)

// List asks the subscriber to choose one of some items that are loaded when they
// are shown. Items are numbered from 1 on, across pages. It is used as a pointer:
// the pointer is what its [List.Value] is found by.
//
// An answer is an item's number, and the items are loaded again to find out which
// that is: on every hop, for the answers given before as well. If they may change
// while a session lasts, let the menu remember what was shown and chosen
// ([Menu.Remember]): then the answer is the item that the subscriber has seen, on
// this hop and all later ones. If it is gone when it is chosen, the list is shown
// again. Later hops get the item as it was when it was chosen, if encoding/json keeps
// a T whole; otherwise it is looked for by its key, and if it is gone by then, the
// session ends with [Texts].Gone.
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

// shownTTL is how long a menu remembers what it has shown and what was chosen:
// longer than [Resume] offers to go on, with a session before and one after it.
const shownTTL = time.Hour

// listRecord is what a menu remembers of a list at one place of a session.
type listRecord struct {
	Shown  []showing         `json:",omitempty"` // by where in the text
	Chosen map[string]choice `json:",omitempty"` // by where the answer ends, and what it was
}

// choiceAt names the choice that an answer makes.
func choiceAt(after, item int) string { return strconv.Itoa(after) + "/" + strconv.Itoa(item) }

// showing is what a list has shown from a position of the text on.
type showing struct {
	At    int
	Items []shownItem
}

// shownItem is an item as a subscriber has seen it.
type shownItem struct{ Key, Label exactText }

// choice is the item that an answer has led to. It stays so when the items change.
type choice struct {
	Key exactText
	// Nth is how many items with the key were above it.
	Nth int `json:",omitempty"`
	// Value is the item, if it is the same again once decoded.
	Value json.RawMessage `json:",omitempty"`
	// Gone is set if the item was no longer there, Lost if it went later.
	Gone, Lost bool `json:",omitempty"`
}

// loadedList is the items of a list, a []T, and the frame that they were loaded for.
type loadedList struct {
	items     any
	end, step int32
}

// loadedRecord is a listRecord and the frame that it was loaded for.
type loadedRecord struct {
	listRecord
	known     bool
	end, step int32
}

func (l *List[T]) key(v T) exactText {
	if l.Key != nil {
		return exactText(l.Key(v))
	}
	return exactText(l.Label(v))
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

func (l *List[T]) problem() string {
	switch {
	case l == nil:
		return "nil list"
	case l.Load == nil:
		return "list without Load"
	case l.Label == nil:
		return "list without Label"
	}
	return ""
}

func (l *List[T]) ask(_ context.Context, w *walk, now int) (string, error) {
	var shown []shownItem
	err := w.changeList(func(rec *listRecord) (changed bool, err error) {
		last := rec.shownAt(now)
		// What was found to be gone at this very input calls for a new list.
		if last != nil && (last.At == now || !rec.goneAt(now)) {
			shown = last.Items
			return false, nil
		}
		items, err := l.load(w)
		if err != nil {
			return false, err
		}
		shown = l.shownItems(items)
		rec.show(now, shown)
		return true, nil
	})
	if err != nil {
		return "", err
	}
	lines := make([]string, 0, len(shown)+2)
	if l.Title != "" {
		lines = append(lines, l.Title)
	}
	n := 0
	for _, it := range shown {
		n = nextNumber(n, w.top().texts)
		lines = append(lines, strconv.Itoa(n)+". "+singleLine.Replace(string(it.Label)))
	}
	if len(shown) == 0 {
		lines = append(lines, w.top().texts.Empty)
	}
	return strings.Join(lines, "\n"), nil
}

func (l *List[T]) shownItems(items []T) []shownItem {
	shown := make([]shownItem, len(items))
	for i, v := range items {
		shown[i] = shownItem{l.key(v), exactText(l.Label(v))}
	}
	return shown
}

// singleLine keeps a label that comes from elsewhere from looking like two items.
var singleLine = strings.NewReplacer("\r\n", " ", "\n", " ", "\r", " ")

func (l *List[T]) take(w *walk, input string) (any, string, error) {
	texts := w.top().texts
	i, ok := indexOf(clean(input), texts)
	if !ok {
		return nil, texts.Invalid, nil
	}
	var value any
	var reason string
	err := w.changeList(func(rec *listRecord) (changed bool, err error) {
		value, reason = nil, ""
		place := choiceAt(w.after, i)
		made, known := rec.Chosen[place]
		switch {
		case made.Gone:
			reason = texts.Gone
			return false, nil
		case made.Lost:
			return false, Stop(texts.Gone)
		case made.Value != nil:
			var v T
			err := json.Unmarshal(made.Value, &v)
			value = v
			return false, err
		}
		items, err := l.load(w)
		if err != nil {
			return false, err
		}
		if !known {
			var shown []shownItem
			if before := rec.shownAt(w.before); before != nil {
				shown = before.Items
			} else if w.root.store != nil && isResumed(w.ctx) {
				return false, Stop(texts.Gone) // what was shown is forgotten
			} else {
				// It was dialled: the subscriber is as good as shown this.
				shown = l.shownItems(items)
				rec.show(w.before, shown)
				changed = true
			}
			if i >= len(shown) {
				reason = texts.Invalid
				return changed, nil
			}
			made.Key = shown[i].Key
			for _, it := range shown[:i] {
				if it.Key == made.Key {
					made.Nth++
				}
			}
		}
		nth := made.Nth
		for _, v := range items {
			if l.key(v) != made.Key {
				continue
			}
			if nth--; nth < 0 {
				value = v
				if !known {
					made.Value = snapshot(v)
					rec.choose(place, made)
				}
				return !known, nil
			}
		}
		if known {
			// What was typed since is about this item, and about no other.
			made.Lost = true
		} else {
			made.Gone, reason = true, texts.Gone
		}
		rec.choose(place, made)
		return true, nil
	})
	if err == nil && value == nil && reason == "" {
		err = Stop(texts.Gone)
	}
	return value, reason, err
}

// snapshot returns a value in JSON, or nil if it would not be the same again.
func snapshot[T any](v T) json.RawMessage {
	data, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	var again T
	if json.Unmarshal(data, &again) != nil || !reflect.DeepEqual(v, again) {
		return nil
	}
	return data
}

// choose notes what an answer has led to.
func (r *listRecord) choose(place string, c choice) {
	if r.Chosen == nil {
		r.Chosen = map[string]choice{}
	}
	r.Chosen[place] = c
}

// goneAt reports whether an answer that ends at a position chose what was gone.
func (r *listRecord) goneAt(at int) bool {
	for place, c := range r.Chosen {
		if where, _, _ := strings.Cut(place, "/"); c.Gone && where == strconv.Itoa(at) {
			return true
		}
	}
	return false
}

// show notes what was shown at a position of the text.
func (r *listRecord) show(at int, items []shownItem) {
	i := len(r.Shown)
	for i > 0 && r.Shown[i-1].At > at {
		i--
	}
	r.Shown = slices.Insert(r.Shown, i, showing{at, items})
}

// shownAt returns what was shown at a position of the text, nil if nothing was.
func (r *listRecord) shownAt(at int) *showing {
	for i := len(r.Shown) - 1; i >= 0; i-- {
		if r.Shown[i].At <= at {
			return &r.Shown[i]
		}
	}
	return nil
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
	reserved := []string{texts.Back.Key, texts.Home.Key, texts.More.Key}
	for j, k := range reserved {
		if m, err := strconv.Atoi(k); err == nil && m >= 1 && m < n && strconv.Itoa(m) == k && !slices.Contains(reserved[:j], k) {
			i--
		}
	}
	return i, true
}

func (l *List[T]) frees(string) bool { return true }
func (l *List[T]) limit() int        { return 0 }
func (l *List[T]) explicit() bool    { return false }

// changeList calls change with what is remembered of the list at the top of the
// walk, which is nothing without a store, and saves it if change has changed it. If
// another delivery of the hop was faster, changeList calls change again with what that
// has left, so that all deliveries mean the same.
func (w *walk) changeList(change func(*listRecord) (changed bool, err error)) error {
	if w.root.store == nil {
		_, err := change(new(listRecord))
		return err
	}
	top := w.top()
	if rec := &w.record; rec.known && rec.end == top.end && rec.step == top.step {
		if changed, err := change(&rec.listRecord); err != nil || !changed {
			return err
		}
	}
	w.record = loadedRecord{}
	// What was typed to get to the list is part of its key: a list that was shown
	// behind one PIN is not there behind another.
	key := w.storeKey("list", strconv.Itoa(int(top.step)), w.request.Text[:top.end])
	_, err := record.Update(w.ctx, w.root.store, key, shownTTL, func(rec *listRecord) (bool, error) {
		changed, err := change(rec)
		w.record = loadedRecord{*rec, err == nil, top.end, top.step}
		return changed, err
	})
	if err != nil {
		w.record = loadedRecord{}
	}
	return err
}

// storeKey returns a key for this subscriber's session. Two subscribers cannot
// meet under one, whatever session they claim to be in.
func (w *walk) storeKey(kind string, more ...string) string {
	return record.Key(kind, append([]string{w.request.SessionID, w.request.PhoneNumber}, more...)...)
}

// rememberDialled returns how many inputs were dialled as the store knows it, and
// lets it know n if it does not.
func (w *walk) rememberDialled(n int) (int, error) {
	_, err := record.Update(w.ctx, w.root.store, w.storeKey("dialled"), shownTTL, func(known **int) (save bool, err error) {
		if *known != nil {
			n = **known
			return false, nil
		}
		*known = &n
		return true, nil
	})
	return n, err
}
