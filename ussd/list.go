package ussd

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/sautigo/africastalking/internal/pages"
)

// List asks the subscriber to choose one of some items that are loaded when they
// are shown. Items are numbered from 1 on, across pages. It is used as a pointer:
// the pointer is what its [List.Value] is found by.
//
// A number counts for the items that the subscriber has seen: if the list has changed
// since, it is shown again. On later hops the item that was chosen is found by its key,
// wherever it stands by then. If it is gone, the session goes on from the first screen; see
// [App]. Behind [Questions.ThenOnce] it may go, as a bill does that was paid.
type List[T any] struct {
	// Title stands above the items.
	Title string
	// TitleFunc makes the title where Title alone cannot; then Title is not used. Its
	// text is not a part of what an answer depends on.
	TitleFunc func(ctx context.Context, r Request) (string, error)
	// Load returns the items for a subscriber, on each hop that leads to the list or
	// through it. The answers to earlier questions can be read from ctx.
	Load func(ctx context.Context, r Request) ([]T, error)
	// Label is what the subscriber reads. Line breaks in it become blanks.
	Label func(T) string
	// Key tells an item from others when its label may change or occurs twice. If it
	// is nil, Label does.
	Key func(T) string
}

// Value returns the item that was chosen. ctx is the one that a function below the list
// got; elsewhere, and before a choice, Value returns the zero value.
func (l *List[T]) Value(ctx context.Context) T { return valueOf[T](ctx, l) }

func (l *List[T]) traits() traits {
	if l.TitleFunc != nil {
		return traits{kind: "list", name: "…"}
	}
	return traits{kind: "list", name: oneLine(l.Title)}
}

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

func (l *List[T]) frees(*walk, string) bool { return true }

func (l *List[T]) key(v T) string {
	if l.Key != nil {
		return l.Key(v)
	}
	return l.Label(v)
}

// load returns the items for the top of the path, loaded once in a hop.
func (l *List[T]) load(w *walk) ([]T, error) {
	q := w.top().asked
	if q.items == nil {
		items, err := l.Load(w.scope(), w.asOf(w.top().end))
		if err != nil {
			return nil, err
		}
		q.items = items
	}
	return q.items.([]T), nil
}

func (l *List[T]) ask(ctx context.Context, w *walk) (string, error) {
	items, err := l.load(w)
	if err != nil {
		return "", err
	}
	title := l.Title
	if l.TitleFunc != nil {
		if title, err = l.TitleFunc(ctx, w.asOf(w.top().end)); err != nil {
			return "", err
		}
	}
	texts := w.top().texts
	b := []byte(title)
	if len(items) == 0 {
		b = append(append(b, '\n'), texts.Empty...)
	}
	n := 0
	for _, it := range items {
		n = nextNumber(n, texts)
		b = strconv.AppendInt(append(b, '\n'), int64(n), 10)
		b = append(append(b, ". "...), pages.SingleLine(l.Label(it))...)
	}
	return strings.TrimPrefix(string(b), "\n"), nil
}

func (l *List[T]) sum(w *walk, s *sums) error {
	items, err := l.load(w)
	if err != nil {
		return err
	}
	for _, v := range items {
		s.add(l.Label(v))
		if l.Key != nil {
			s.add(l.Key(v))
		}
	}
	return nil
}

func (l *List[T]) take(w *walk, input string) (taken, error) {
	items, err := l.load(w)
	if err != nil {
		return taken{}, err
	}
	i := indexOf(clean(input), len(items), w.top().texts)
	pick, known := w.was.marks.at(picked, w.index)
	if known && (i < 0 || w.pick(l.key(items[i])) != pick.sum) {
		i = slices.IndexFunc(items, func(v T) bool { return w.pick(l.key(v)) == pick.sum })
		if i < 0 {
			return taken{}, errWay
		}
	}
	if i < 0 {
		return taken{reason: w.top().texts.Invalid}, nil
	}
	return taken{value: items[i], pick: w.pick(l.key(items[i]))}, nil
}

// nextNumber returns what chooses the item after that of n: numbers from 1 on, but
// for those that lead elsewhere.
func nextNumber(n int, texts *Texts) int {
	for n++; texts.reserves(strconv.Itoa(n)); n++ {
	}
	return n
}

// indexOf returns which of so many items a key chooses, counted from 0; -1 if none.
func indexOf(key string, items int, texts *Texts) int {
	typed, _ := strconv.Atoi(key)
	for i, n := 0, 0; i < items && n < typed; i++ {
		if n = nextNumber(n, texts); n == typed && strconv.Itoa(n) == key {
			return i
		}
	}
	return -1
}
