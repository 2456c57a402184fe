package ussd

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strconv"
	"strings"
)

// Hop metadata is a name, and what the next hop needs to know:
//
//	Buy airtime~kD3x0a9fQ2_-.4.v2-3.k1:abcdef~0
//	name       ~sums        .inputs[.marks…]  ~dialled
//
// The sums are of the way (6 characters) and of what is shown (6). No sum is of anything
// that was typed.
const (
	hopMark = "~"
	sumLen  = 6
	// maxState is how long it may be without the name and the number of dialled
	// inputs. maxSpans is how many spans of inputs may be void.
	maxState = 70
	maxSpans = 6
	// ended is the sum of what is shown when an error or Stop has ended the session.
	ended = "000000"
)

// HopName returns the name in hop metadata that a [Menu], a [Flow] or an [App] has set,
// such as "Buy airtime": the label of the item chosen last, or what the app has set as
// [Response].Hop. Metadata of others is returned as it is. It is for what counts screens:
// the rest of the metadata differs in each session. See also [Notification.Hops].
func HopName(metadata string) string {
	if _, ok := parseHop(metadata); !ok && metadata != hopMark {
		return metadata
	}
	name, _, _ := strings.Cut(metadata, hopMark)
	return name
}

// hopState is what a hop leaves for the next.
type hopState struct {
	// known is whether the sums are known.
	known      bool
	way, shown string
	n          int // how many inputs there were
	// void are the inputs that are not acted on, refused those that a Check has
	// refused, and joined those that were typed as one answer with a "*" in it.
	void, refused, joined spans
	picks                 map[int]string // input → sum of the key of the list item that it chose
	// receipt is where, in the text, the answers end that ThenOnce has acted on, if
	// its screen is what is shown.
	receipt int
	// dialled is how many inputs came with the dialled code.
	dialled int
}

// span is inputs from and including the first, to and including the last.
type span struct{ from, to int }

// spans are in order and do not touch each other, but where joined.
type spans []span

// at returns the span that an input is in.
func (s spans) at(i int) (span, bool) {
	for _, v := range s {
		if v.from <= i && i <= v.to {
			return v, true
		}
	}
	return span{}, false
}

// with returns the spans with the inputs from one to another, merged with those that they
// touch.
func (s spans) with(from, to int) spans {
	out := make(spans, 0, len(s)+1)
	for _, v := range s {
		if v.to+1 < from || to+1 < v.from {
			out = append(out, v)
		} else {
			from, to = min(from, v.from), max(to, v.to)
		}
	}
	return append(out, span{from, to})
}

func (s spans) appendTo(b []byte, mark byte) []byte {
	for _, v := range s {
		b = strconv.AppendInt(append(b, '.', mark), int64(v.from), 10)
		if v.to != v.from {
			b = strconv.AppendInt(append(b, '-'), int64(v.to), 10)
		}
	}
	return b
}

func (s *hopState) appendTo(b []byte) []byte {
	b = append(append(b, s.way...), s.shown...)
	b = strconv.AppendInt(append(b, '.'), int64(s.n), 10)
	b = s.void.appendTo(b, 'v')
	b = s.joined.appendTo(b, 'j')
	b = s.refused.appendTo(b, 'x')
	if s.receipt > 0 {
		b = strconv.AppendInt(append(b, ".r"...), int64(s.receipt), 10)
	}
	if len(s.picks) > 0 {
		for i := range s.n {
			if sum, ok := s.picks[i]; ok {
				b = strconv.AppendInt(append(b, ".k"...), int64(i), 10)
				b = append(append(b, ':'), sum...)
			}
		}
	}
	return b
}

// metadata returns the state below a name that is cut to what there is room for. It
// reports whether there was room for the state; if not, the picks and the refused inputs
// are left out first.
func (s *hopState) metadata(name string) (string, bool) {
	var buf [160]byte
	b := s.appendTo(append(buf[:0], hopMark...))
	if len(b) > maxState {
		s.refused, s.picks = nil, nil
		b = s.appendTo(append(buf[:0], hopMark...))
	}
	ok := len(b) <= maxState && len(s.void) <= maxSpans
	b = strconv.AppendInt(append(b, hopMark...), int64(s.dialled), 10)
	return cutName(name, maxHop-len(b)) + string(b), ok
}

// cutName returns as much of a name as hop metadata has room for.
func cutName(name string, room int) string {
	for i := range len(name) {
		if c := name[i]; c < ' ' || c >= 0x7f || c == '|' || c == '~' || i == room {
			b := make([]byte, 0, max(room, 0))
			for _, c := range Fold(name) {
				if len(b) < room && c != '|' && c != '~' && c >= ' ' && c < 0x7f {
					b = append(b, byte(c))
				}
			}
			return strings.TrimSpace(string(b))
		}
	}
	return strings.TrimSpace(name)
}

// parseHop reads metadata. It reports whether it is that of an app at all; s.known is
// false if the sums cannot be read.
func parseHop(hop string) (s hopState, ok bool) {
	rest, dialled, ok := cutLast(hop, hopMark)
	if s.dialled, ok = number(dialled, ok); !ok {
		return hopState{}, false
	}
	_, state, ok := cutLast(rest, hopMark)
	if !ok || len(state) < 2*sumLen {
		return s, true
	}
	t := s
	t.way, t.shown = state[:sumLen], state[sumLen:2*sumLen]
	n, marks, more := strings.Cut(strings.TrimPrefix(state[2*sumLen:], "."), ".")
	if t.n, ok = number(n, state[2*sumLen:] != n); !ok {
		return s, true
	}
	for more {
		var mark string
		if mark, marks, more = strings.Cut(marks, "."); mark == "" || !t.mark(mark[0], mark[1:]) {
			return s, true
		}
	}
	t.known = true
	return t, true
}

// mark reads one mark of metadata.
func (s *hopState) mark(kind byte, value string) bool {
	if kind == 'r' {
		var ok bool
		s.receipt, ok = number(value, true)
		return ok && s.receipt > 0
	}
	if kind == 'k' {
		at, sum, _ := strings.Cut(value, ":")
		i, ok := number(at, len(sum) == sumLen)
		if s.picks == nil {
			s.picks = map[int]string{}
		}
		s.picks[i] = sum
		return ok
	}
	first, last, ranged := strings.Cut(value, "-")
	from, ok := number(first, true)
	to := from
	if ranged {
		to, ok = number(last, ok)
	}
	switch list := map[byte]*spans{'v': &s.void, 'j': &s.joined, 'x': &s.refused}[kind]; {
	case !ok || list == nil || to < from || to >= s.n:
		return false
	default:
		*list = append(*list, span{from, to})
		return true
	}
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// number reads a number of at most five digits.
func number(s string, ok bool) (int, bool) {
	if !ok || len(s) > 5 || !digits(s) {
		return 0, false
	}
	n, err := strconv.Atoi(s)
	return n, err == nil
}

// sums collects what a sum is of, so that no two things look alike.
type sums struct{ b []byte }

func (s *sums) add(part string) {
	s.b = append(binary.AppendUvarint(s.b, uint64(len(part))), part...)
}

// question adds what a question is, beside what it asks now.
func (s *sums) question(f *frame) {
	s.b = binary.AppendUvarint(s.b, uint64(f.step))
	s.add(f.asked.kind)
	s.add(f.asked.name)
}

func (s *sums) String() string {
	digest := sha256.Sum256(s.b)
	return short(&digest)
}

// short returns as much of a digest as metadata has room for.
func short(digest *[sha256.Size]byte) string {
	var buf [8]byte
	base64.RawURLEncoding.Encode(buf[:], digest[:6])
	return string(buf[:sumLen])
}

// newSum returns the sums of the walk, empty, for this session: equal things have another
// sum in another session. So nobody can make two things meet in one, by a name that is
// chosen for it, before the session has begun.
func (w *walk) newSum() *sums {
	if w.sum.b == nil {
		w.sum.b = w.scratch[:]
	}
	w.sum.b = w.sum.b[:0]
	w.sum.add(w.request.SessionID)
	w.sum.add(w.request.PhoneNumber)
	return &w.sum
}

// pick returns how an item of a list is known on later hops.
func (w *walk) pick(key string) string {
	s := w.newSum()
	s.add("pick")
	s.add(key)
	return s.String()
}

// way returns the digest of the way that has led to the top of the path, and of what kind
// of screen that is: a function must not run in place of a menu that has become one.
func (w *walk) way() [sha256.Size]byte {
	s := w.newSum()
	for i := range w.path {
		f := &w.path[i]
		if f.item != nil {
			s.add(f.item.key)
			s.add(f.item.label)
		}
		last := i == len(w.path)-1
		switch screen := f.screen.(type) {
		case *Menu:
			s.add("m")
			if !last && screen.titleFunc == nil {
				s.add(screen.title)
			}
		case *Flow:
			s.add("q")
			if !last {
				s.question(f)
			}
		default:
			s.add("f")
		}
		if f.asked != nil {
			s.add(f.asked.pick)
		}
	}
	return sha256.Sum256(s.b)
}

// shown returns the sum of what the screen at the end of a way offers.
func (w *walk) shown(way *[sha256.Size]byte) (string, error) {
	s := &w.sum
	s.b = append(s.b[:0], way[:16]...) // which has the session in it
	switch screen := w.top().screen.(type) {
	case *Menu:
		s.b = append(s.b, screen.offer()[:]...)
	case *Flow:
		s.question(w.top())
		if err := w.top().asked.sum(w, s); err != nil {
			return "", err
		}
	}
	return s.String(), nil
}
