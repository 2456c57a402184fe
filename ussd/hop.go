package ussd

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"strconv"
	"strings"
)

// Hop metadata is a name, and what the next hop needs to know: sums of the way and of what
// is shown, never of anything that was typed, how many inputs there were, and marks.
//
//	Buy airtime~kD3x0a9fQ2_-.4.v2-3.k1:abcdef~0
//	name       ~sums        .inputs[.marks…]  ~dialled
const (
	hopMark = '~'
	sumLen  = 6
	// maxState is how long it may be without the name and the number of dialled inputs.
	maxState = 70
	maxVoid  = 6 // spans of inputs
)

// ended is the sum of what is shown when an error has ended the session.
var ended = [sumLen]byte{'0', '0', '0', '0', '0', '0'}

// HopName returns the name in hop metadata that an [App] has set, such as "Buy airtime": the
// label of the item chosen last, or what the app has set as [Response].Hop. It returns other
// metadata as it is. Use it to count screens, on [Notification.Hops] for example: the rest of
// the metadata differs in each session.
func HopName(metadata string) string {
	if _, ok := parseHop(metadata); !ok && metadata != noHop {
		return metadata
	}
	return metadata[:strings.IndexByte(metadata, hopMark)]
}

// hopState is what a hop leaves for the next.
type hopState struct {
	// known is whether the sums are known.
	known      bool
	way, shown [sumLen]byte
	n          int // how many inputs there were
	marks      marks
	dialled    int // how many inputs came with the dialled code
	// echoes is whether metadata has come back on this hop and all before, and the store
	// knows: the hops behind it are not kept if they bring it too.
	echoes bool
}

// unknown is the state of a hop that is not known: no input counts for its screen.
var unknown = hopState{known: true, way: ended, shown: ended}

// mark says something about the inputs from one to another, counted from 0.
type mark struct {
	kind     byte
	from, to int
	sum      string
}

const (
	void    = 'v' // they are not acted on
	joined  = 'j' // they were typed as one answer with a "*" in it
	refused = 'x' // a Check has refused them
	picked  = 'k' // a list item was chosen, whose key has this sum
	changed = 'c' // Texts.Changed was shown instead of acting on them
	asked   = 't' // Texts.TypeItNow was
	receipt = 'r' // not of inputs: what is shown is of the ThenOnce whose text ended there
)

type marks []mark

// at returns the mark of a kind that an input has.
func (m marks) at(kind byte, i int) (mark, bool) {
	for _, v := range m {
		if v.kind == kind && v.from <= i && i <= v.to {
			return v, true
		}
	}
	return mark{}, false
}

// with returns the marks with one more, merged with those of its kind that it touches.
func (m marks) with(kind byte, from, to int) marks {
	out := make(marks, 0, len(m)+1)
	for _, v := range m {
		if v.kind != kind || v.to+1 < from || to+1 < v.from {
			out = append(out, v)
		} else {
			from, to = min(from, v.from), max(to, v.to)
		}
	}
	return append(out, mark{kind: kind, from: from, to: to})
}

// of returns the marks of some kinds.
func (m marks) of(kinds string) (out marks) {
	for _, v := range m {
		if strings.IndexByte(kinds, v.kind) >= 0 {
			out = append(out, v)
		}
	}
	return out
}

// receipt returns where the text of the ThenOnce ended whose screen is shown, or 0.
func (s *hopState) receipt() int {
	for _, v := range s.marks {
		if v.kind == receipt {
			return v.from
		}
	}
	return 0
}

func (s *hopState) appendTo(b []byte) []byte {
	b = append(append(append(b, hopMark), s.way[:]...), s.shown[:]...)
	dot := byte('.')
	if s.echoes {
		dot = '+'
	}
	b = strconv.AppendInt(append(b, dot), int64(s.n), 10)
	for _, v := range s.marks {
		b = strconv.AppendInt(append(b, '.', v.kind), int64(v.from), 10)
		if v.to != v.from {
			b = strconv.AppendInt(append(b, '-'), int64(v.to), 10)
		}
		if v.sum != "" {
			b = append(append(b, ':'), v.sum...)
		}
	}
	return b
}

// metadata returns the state behind as much of a name as there is room for. It reports
// whether there is room for the state, without picks and refused inputs if need be.
func (s *hopState) metadata(name string) (metadata string, ok bool) {
	var tail, all [160]byte
	b := s.appendTo(tail[:0])
	if len(b) > maxState {
		s.marks = s.marks.of("vjrct")
		b = s.appendTo(tail[:0])
	}
	ok = len(b) <= maxState
	b = strconv.AppendInt(append(b, hopMark), int64(s.dialled), 10)
	cut := all[:0]
	for _, c := range Fold(name) {
		if len(cut)+len(b) < maxHop && c != '|' && c != '~' && c >= ' ' && c < 0x7f {
			cut = append(cut, byte(c))
		}
	}
	return string(append(bytes.TrimSpace(cut), b...)), ok
}

// parseHop reads metadata. It reports whether it is that of an app at all; s.known is
// false if the sums cannot be read.
func parseHop(hop string) (s hopState, ok bool) {
	i := strings.LastIndexByte(hop, hopMark)
	if s.dialled, ok = number(hop[i+1:], i >= 0); !ok {
		return hopState{}, false
	}
	hop = hop[:i]
	if hop = hop[strings.LastIndexByte(hop, hopMark)+1:]; len(hop) == i || len(hop) <= 2*sumLen {
		return s, true
	}
	t := s
	copy(t.way[:], hop)
	copy(t.shown[:], hop[sumLen:])
	t.echoes = hop[2*sumLen] == '+'
	n, marks, more := strings.Cut(hop[2*sumLen+1:], ".")
	if t.n, ok = number(n, t.echoes || hop[2*sumLen] == '.'); !ok {
		return s, true
	}
	for more {
		var m string
		m, marks, more = strings.Cut(marks, ".")
		v, ok := parseMark(m)
		if !ok || v.to >= t.n && v.kind != receipt {
			return s, true
		}
		t.marks = append(t.marks, v)
	}
	t.known = true
	return t, true
}

// parseMark reads "v2-3" or "k1:abcdef".
func parseMark(s string) (m mark, ok bool) {
	s, m.sum, _ = strings.Cut(s, ":")
	if s == "" || strings.IndexByte("vjxkrct", s[0]) < 0 || (s[0] == picked) != (len(m.sum) == sumLen) {
		return m, false
	}
	m.kind = s[0]
	from, to, ranged := strings.Cut(s[1:], "-")
	m.from, ok = number(from, true)
	if m.to = m.from; ranged {
		m.to, ok = number(to, ok)
	}
	return m, ok && m.from <= m.to
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

type digest [sha256.Size]byte

// text returns as much of a digest as metadata has room for.
func (d digest) text() (t [sumLen]byte) {
	for i, n := 0, binary.BigEndian.Uint64(d[:]); i < sumLen; i++ {
		t[i] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[n>>(58-6*i)&63]
	}
	return t
}

func (s *sums) text() [sumLen]byte { return digest(sha256.Sum256(s.b)).text() }

// newSum returns the sums of the walk, empty, for this session: nobody can choose names
// that meet in one sum before the session has begun.
func (w *walk) newSum() *sums {
	if w.sum.b == nil {
		w.sum.b = w.scratch[:0]
		w.sum.add(w.request.SessionID)
		w.sum.add(w.request.PhoneNumber)
		w.key = sha256.Sum256(w.sum.b)
	}
	w.sum.b = append(w.sum.b[:0], w.key[:16]...)
	return &w.sum
}

// pick returns how an item of a list is known on later hops.
func (w *walk) pick(key string) string {
	s := w.newSum()
	s.add("pick")
	s.add(key)
	sum := s.text()
	return string(sum[:])
}

// behind returns the digest of the way to what an item of the frame's menu, or the answer to
// its question, leads to. That of an item is made once, while its menu stays where it is.
func (f *frame) behind(it *item) digest {
	if m, ok := f.screen.(*Menu); ok && it != nil {
		if known := it.way.Load(); known != nil && known[0] == f.way {
			return known[1]
		}
		s := sums{append([]byte(nil), f.way[:]...)}
		if m.titleFunc == nil {
			s.add(m.title)
		}
		s.add(it.key)
		s.add(it.label)
		way := [2]digest{f.way, sha256.Sum256(s.b)}
		it.way.Store(&way)
		return way[1]
	}
	s := sums{append([]byte(nil), f.way[:]...)}
	if f.asked != nil {
		s.question(f)
		s.add(f.asked.pick)
	}
	return sha256.Sum256(s.b)
}

// way returns the sums, begun with the way to the top of the path, in this session, and what
// kind of screen that is: a function must not run in place of a menu that has become one.
func (w *walk) way() *sums {
	s := w.newSum()
	s.b = append(s.b, w.top().way[:16]...)
	switch w.top().screen.(type) {
	case *Menu:
		s.b = append(s.b, 'm')
	case *Flow:
		s.b = append(s.b, 'q')
	}
	return s
}

// shown returns the sum of the way and of what the screen at its end offers.
func (w *walk) shown() (sum [sumLen]byte, err error) {
	s := w.way()
	switch screen := w.top().screen.(type) {
	case *Menu:
		s.b = append(s.b, screen.offer()[:16]...)
	case *Flow:
		s.question(w.top())
		err = w.top().asked.sum(w, s)
	}
	return s.text(), err
}
