package ussd

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"time"
)

const (
	// sessionTTL is how long a record outlives the last hop of its session. It
	// must be longer than [Resume] offers to go on, and a session on top.
	sessionTTL = 15 * time.Minute
	// leaseSlack is how long after the end of a hop's context no other machine
	// runs the hop again; leaseDefault is counted from the start of one whose
	// context does not end.
	leaseSlack   = 30 * time.Second
	leaseDefault = time.Minute
	// keptHops is how many answers of a session are kept for redeliveries.
	keptHops = 8
	// lastWords is the time for a Save that must be tried although the context
	// has ended.
	lastWords = 5 * time.Second
)

// ErrConflict is wrapped by the error of a [Stateful] function for a hop that is
// neither one it has answered nor the next: the inputs before the last are not
// those of this session, or the session has ended, or a hop with another input
// was tried before and failed. The session's record is as it was.
var ErrConflict = errors.New("ussd: hop does not follow the one before")

// ErrLost is wrapped by the error for a hop of a session that was going on and of
// which the store has no record.
var ErrLost = errors.New("ussd: session is not in the store")

// Stateful gives fn a state that lasts for the session: an S, the zero value on
// the first hop, and then what fn made of it on the hop before. The result is
// for [Handler]:
//
//	http.Handle("/ussd", ussd.Handler(ussd.Stateful(store, serve)))
//
// It is safe on as many machines as share the store. Use one Stateful for a
// service; give services that share a store and may share a session id stores of
// their own.
//
// # What holds
//
//   - There is one record for a session id and phone number together. Two
//     subscribers never meet in one, even if a session id repeats or is forged.
//   - The hops of a session run one at a time. Others wait until their context
//     ends.
//   - A hop that is delivered again, or twice at once, runs fn once; all get the
//     same [Response]. That goes for the last 8 hops of a session, and after its
//     end, for 15 minutes after the last hop. (An older one is an [ErrConflict].)
//   - [Request.Typed] is exactly what was typed, "*" included. It is empty on the
//     first hop, where a code that was dialled with an extension shows in
//     [Request.Text].
//   - A hop that is neither a known one nor the next fails with [ErrConflict]
//     without fn being run. A hop with metadata ([Request.Hop]) or one that
//     [Resume] goes on with, which nothing is stored of, fails with [ErrLost]: it
//     was not dialled like that.
//   - The state and the answer are saved, together, before the answer is given.
//     This is tried even if the context has ended by the time fn returns.
//   - When fn returns an error or panics, or a state that encoding/json refuses,
//     its changes of the state are not saved and the hop is not answered: if it is
//     delivered again, fn runs again, with the state it was first given. Another
//     input in its place is an [ErrConflict]: what the first one has done is not
//     known.
//
// # What does not
//
// The store and what fn does elsewhere are two things, and no order of writing
// makes them one. Fn may run a second time for a hop, if it is delivered again,
// when fn failed, when the machine died before fn's result was saved, or when
// that Save failed. In the last two cases, and when the store has kept that fn is
// about to run but failed to say so, no machine runs it before 30 seconds after the
// end of the first one's context (a minute after its start, if its context has no
// deadline), by clocks that agree to within seconds; a function that goes on for
// longer than that after its context ended can overlap with its own repetition, and
// then only one of the two is saved. So what must not happen twice, such as a
// payment, goes through [Once], or to somebody who takes [Request.HopID] as an
// idempotency key.
//
// If the Save of the result fails, Stateful returns an error, so the subscriber
// reads an apology although fn has run.
//
// # The record
//
// S is encoded with encoding/json: unexported fields are lost. The record also
// holds the screens of the last hops, but of what was typed only hashes, and of
// the phone number a hash in the key. Short inputs can be guessed from hashes, and
// screens and S hold what fn put there: treat the store as private, and keep PINs
// out of S.
func Stateful[S any](store Store, fn func(ctx context.Context, r Request, s *S) (Response, error)) func(context.Context, Request) (Response, error) {
	if store == nil || fn == nil {
		panic("ussd: Stateful needs a store and a function")
	}
	codec := newFlatCodec(reflect.TypeFor[S]())
	run := func(ctx context.Context, r Request, state []byte) (Response, any, error) {
		s := new(S)
		if len(state) > 0 {
			if err := codec.unmarshal(state, s); err != nil {
				return Response{}, nil, fmt.Errorf("ussd: decoding the session's state: %w", err)
			}
		}
		resp, err := fn(ctx, r, s)
		return resp, s, err
	}
	h := &hops{store: store, run: run, encode: codec.appendTo, locks: new(keyedLocks), claims: true}
	if m, ok := store.(*MemoryStore); ok {
		// All who share the store are in this process, and it dies with them:
		// a lock that they share is as good as a claim in the store.
		h.store, h.locks, h.claims = sharedMemory{m}, &m.sessions, false
	}
	return h.serve
}

// hops answers hops under a state in its encoded form.
type hops struct {
	store Store
	// run decodes the state and returns it as it is after the hop; encode appends
	// it to a record.
	run    func(ctx context.Context, r Request, state []byte) (Response, any, error)
	encode func(b []byte, state any) ([]byte, error)
	locks  *keyedLocks
	// claims says that a hop is noted in the store before it runs, for those
	// who do not share the locks.
	claims bool
}

func (h *hops) serve(ctx context.Context, r Request) (Response, error) {
	id := digest(r.SessionID, r.PhoneNumber)
	// Hops that meet in this process queue up here, and those that meet in the
	// store poll it.
	if err := h.locks.lock(ctx, id); err != nil {
		return Response{}, fmt.Errorf("ussd: waiting for another hop of the session: %w", err)
	}
	defer h.locks.unlock(id)

	key := storeKey("session", id)
	hash := hashText(id, r.Text)
	var rec session
	var version uint64
	for poll := (backoff{}); ; {
		data, v, err := h.store.Load(ctx, key)
		if err != nil {
			return Response{}, fmt.Errorf("ussd: loading the session: %w", err)
		}
		if v == 0 {
			data = newSession()
		}
		if rec, err = parseSession(data); err != nil {
			return Response{}, err
		}
		if resp, ok := rec.answer(len(r.Text), hash); ok {
			h.renew(ctx, key, &rec, v, len(r.Text))
			return resp, nil
		}
		if rec.tried() && rec.leased(time.Now()) {
			if err := poll.wait(ctx); err != nil {
				return Response{}, fmt.Errorf("ussd: waiting for another hop of the session: %w", err)
			}
			continue
		}
		if v == 0 {
			if r.Text != "" && (r.Hop != "" || isResumed(ctx)) {
				return Response{}, ErrLost
			}
		} else if r.Typed, err = rec.next(id, r.Text, hash); err != nil {
			return Response{}, err
		}
		// In memory a session needs a claim for its place alone.
		if version = v; !h.claims && v != 0 {
			break
		}
		claim := rec.claimed(len(r.Text), hash, leaseEnd(ctx, time.Now()).UnixMilli())
		version, err = h.store.Save(ctx, key, claim, v, sessionTTL)
		if errors.Is(err, ErrVersion) {
			if err := poll.wait(ctx); err != nil {
				return Response{}, fmt.Errorf("ussd: waiting for another hop of the session: %w", err)
			}
			continue
		}
		if err != nil {
			return Response{}, fmt.Errorf("ussd: saving the session: %w", err)
		}
		break
	}

	finished := false
	defer func() {
		// An error, a panic or a Goexit: others need not wait for the lease to
		// end. If this fails, they do.
		if !finished {
			_, _ = saveAnyway(ctx, h.store, key, rec.claimed(len(r.Text), hash, 0), version, sessionTTL)
		}
	}()
	resp, state, err := h.run(ctx, r, rec.state)
	if err != nil {
		return Response{}, err
	}
	data, err := h.encode(rec.finish(len(r.Text), hash, resp), state)
	if err != nil {
		return Response{}, fmt.Errorf("ussd: encoding the session's state: %w", err)
	}
	finished = true
	if _, err := saveAnyway(ctx, h.store, key, data, version, sessionTTL); err != nil {
		return Response{}, fmt.Errorf("ussd: saving the session: %w", err)
	}
	return resp, nil
}

// renew makes the record of a session last from now, when the hop it waits on is
// delivered again: somebody still holds the phone. It changes nothing, so it does
// not matter if it fails.
func (h *hops) renew(ctx context.Context, key string, rec *session, version uint64, textLen int) {
	// Not while another hop is being answered: its Save needs its version.
	if !rec.tried() && rec.open && rec.lastLen == textLen {
		_, _ = h.store.Save(ctx, key, rec.data, version, sessionTTL)
	}
}

// leaseEnd is when a hop that is now claimed may be claimed again.
func leaseEnd(ctx context.Context, now time.Time) time.Time {
	end := now.Add(leaseDefault)
	if deadline, ok := ctx.Deadline(); ok {
		end = deadline.Add(leaseSlack)
	}
	if limit := now.Add(sessionTTL); end.After(limit) {
		end = limit
	}
	return end
}

// saveAnyway saves what has happened already: if the context ends, it tries again
// without it.
func saveAnyway(ctx context.Context, store Store, key string, data []byte, version uint64, ttl time.Duration) (uint64, error) {
	if ctx.Err() == nil {
		v, err := store.Save(ctx, key, data, version, ttl)
		if err == nil || errors.Is(err, ErrVersion) || ctx.Err() == nil {
			return v, err
		}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
	defer cancel()
	return store.Save(ctx, key, data, version, ttl)
}

// A session's record is a head of fixed size with the hop that is being answered,
// the answers of the last hops, and the state:
//
//	format    1 byte
//	tried     1 byte    whether a hop was begun and has no answer
//	until     8 bytes   when it may be begun again, in ms since 1970; 0: at once
//	textLen   8 bytes   the length of its text
//	hash     16 bytes   of its text
//	hops      1 byte    number; then each, the oldest first:
//	    textLen, hash, continue (1 byte), length and bytes of text and metadata
//	state               the rest
const (
	sessionFormat = 1
	sessionHead   = 1 + 1 + 8 + 8 + 16
)

type textHash [16]byte

type session struct {
	data  []byte // all of it; the slices below are parts
	hops  []byte
	n     int
	first int // the length of the oldest hop
	state []byte

	// The last hop.
	lastLen  int
	lastHash textHash
	open     bool // it awaits an answer
}

var errRecord = errors.New("ussd: session's record cannot be read")

func newSession() []byte {
	b := make([]byte, sessionHead+1)
	b[0] = sessionFormat
	return b
}

// storedHop is one hop of a record, whose bytes are those of the record.
type storedHop struct {
	textLen   int
	hash      textHash
	open      bool
	text, hop []byte
}

func cutHop(b []byte) (h storedHop, rest []byte, ok bool) {
	n, size := binary.Uvarint(b)
	if size <= 0 || len(b) < size+len(h.hash)+1 {
		return h, nil, false
	}
	h.textLen = int(n)
	b = b[size:]
	b = b[copy(h.hash[:], b):]
	h.open = b[0] == 1
	if h.text, b, ok = cutBytes(b[1:]); !ok {
		return h, nil, false
	}
	h.hop, b, ok = cutBytes(b)
	return h, b, ok
}

func cutBytes(b []byte) (s, rest []byte, ok bool) {
	n, size := binary.Uvarint(b)
	if size <= 0 || n > uint64(len(b)-size) {
		return nil, nil, false
	}
	b = b[size:]
	return b[:n], b[n:], true
}

func parseSession(data []byte) (session, error) {
	s := session{data: data}
	if len(data) < sessionHead+1 || data[0] != sessionFormat {
		return s, errRecord
	}
	s.n = int(data[sessionHead])
	b := data[sessionHead+1:]
	s.hops = b
	for i := range s.n {
		h, rest, ok := cutHop(b)
		if !ok {
			return s, errRecord
		}
		if i == 0 {
			s.first = len(b) - len(rest)
		}
		s.lastLen, s.lastHash, s.open = h.textLen, h.hash, h.open
		b = rest
	}
	s.hops = s.hops[:len(s.hops)-len(b)]
	s.state = b
	return s, nil
}

// answer returns the answer that was given to a hop.
func (s *session) answer(textLen int, hash textHash) (Response, bool) {
	b := s.hops
	for range s.n {
		h, rest, _ := cutHop(b)
		if h.textLen == textLen && h.hash == hash {
			return Response{Text: string(h.text), Continue: h.open, Hop: string(h.hop)}, true
		}
		b = rest
	}
	return Response{}, false
}

func (s *session) tried() bool { return s.data[1] == 1 }

func (s *session) leased(now time.Time) bool {
	return now.UnixMilli() < int64(binary.BigEndian.Uint64(s.data[2:]))
}

// next returns what was typed to get from the last hop to this one.
func (s *session) next(id sessionID, text string, hash textHash) (typed string, err error) {
	if s.tried() && (binary.BigEndian.Uint64(s.data[10:]) != uint64(len(text)) || textHash(s.data[18:]) != hash) {
		return "", fmt.Errorf("%w: it was tried with another input", ErrConflict)
	}
	switch {
	case s.n == 0:
		return "", nil // the first hop was tried, and this is it
	case !s.open:
		return "", fmt.Errorf("%w: the session has ended", ErrConflict)
	case s.lastLen == 0 && text != "":
		return text, nil
	case s.lastLen > 0 && len(text) > s.lastLen && text[s.lastLen] == '*' && hashText(id, text[:s.lastLen]) == s.lastHash:
		return text[s.lastLen+1:], nil
	}
	return "", ErrConflict
}

// claimed returns the record with a hop that is being answered, or, if until is 0,
// whose answer failed.
func (s *session) claimed(textLen int, hash textHash, until int64) []byte {
	b := bytes.Clone(s.data)
	b[1] = 1
	binary.BigEndian.PutUint64(b[2:], uint64(until))
	binary.BigEndian.PutUint64(b[10:], uint64(textLen))
	copy(b[18:], hash[:])
	return b
}

// finish returns the record with the answer; the state after it is still to be
// appended.
func (s *session) finish(textLen int, hash textHash, resp Response) []byte {
	hops, n := s.hops, s.n
	if n == keptHops {
		hops = hops[s.first:]
		n--
	}
	b := make([]byte, sessionHead, sessionHead+1+len(hops)+len(hash)+len(resp.Text)+len(resp.Hop)+32+max(64, len(s.state)+16))
	b[0] = sessionFormat
	b = append(b, byte(n+1))
	b = append(b, hops...)
	b = binary.AppendUvarint(b, uint64(textLen))
	b = append(b, hash[:]...)
	open := byte(0)
	if resp.Continue {
		open = 1
	}
	b = append(b, open)
	b = binary.AppendUvarint(b, uint64(len(resp.Text)))
	b = append(b, resp.Text...)
	b = binary.AppendUvarint(b, uint64(len(resp.Hop)))
	return append(b, resp.Hop...)
}

// sessionID is a hash of what a record belongs to.
type sessionID [sha256.Size]byte

// digest hashes two strings, so that no two other ones give the same.
func digest(a, b string) sessionID {
	var buf [128]byte
	p := binary.AppendUvarint(buf[:0], uint64(len(a)))
	p = append(p, a...)
	p = append(p, b...)
	return sha256.Sum256(p)
}

// hashText hashes a text in one session: the same text in another has another
// hash.
func hashText(id sessionID, text string) textHash {
	var buf [128]byte
	p := append(buf[:0], id[:]...)
	p = append(p, text...)
	sum := sha256.Sum256(p)
	return textHash(sum[:16])
}

// storeKey returns the key of a record, in a namespace of this package and in
// characters that every store takes.
func storeKey(space string, id sessionID) string {
	const prefix = "ussd-"
	var buf [64]byte
	b := append(buf[:0], prefix...)
	b = append(b, space...)
	b = append(b, '-')
	return string(hex.AppendEncode(b, id[:20]))
}

// backoff waits for somebody else, a little longer each time.
type backoff struct{ d time.Duration }

func (b *backoff) wait(ctx context.Context) error {
	const first, most = 5 * time.Millisecond, 250 * time.Millisecond
	b.d = min(max(first, b.d*3/2), most)
	t := time.NewTimer(b.d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// keyedLocks locks keys. Its zero value is ready. Those who wait for a key get it
// in the order in which they came.
type keyedLocks struct {
	mu sync.Mutex
	m  map[sessionID][]chan struct{} // a key that is there is locked; those who wait for it
}

func (l *keyedLocks) lock(ctx context.Context, id sessionID) error {
	l.mu.Lock()
	if l.m == nil {
		l.m = make(map[sessionID][]chan struct{})
	}
	waiting, locked := l.m[id]
	if !locked {
		l.m[id] = nil
		l.mu.Unlock()
		return nil
	}
	turn := make(chan struct{})
	l.m[id] = append(waiting, turn)
	l.mu.Unlock()
	select {
	case <-turn:
		return nil
	case <-ctx.Done():
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	waiting = l.m[id]
	for i, w := range waiting {
		if w == turn {
			l.m[id] = append(waiting[:i:i], waiting[i+1:]...)
			return ctx.Err()
		}
	}
	l.pass(id) // it was our turn at the same instant
	return ctx.Err()
}

func (l *keyedLocks) unlock(id sessionID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pass(id)
}

func (l *keyedLocks) pass(id sessionID) {
	waiting := l.m[id]
	if len(waiting) == 0 {
		delete(l.m, id)
		return
	}
	l.m[id] = waiting[1:]
	close(waiting[0])
}
