package ussd

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sautigo/africastalking/internal/record"
	"github.com/sautigo/africastalking/state"
)

const (
	// sessionTTL is how long a record outlives the last hop of its session. It
	// must be longer than [Resume] offers to go on, and a session on top.
	sessionTTL = 15 * time.Minute
	// keptHops is how many answers of a session are kept for redeliveries.
	keptHops = 8
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
// payment, goes through [state.Once], or to a service that takes [Request.HopID] as
// an idempotency key.
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
func Stateful[S any](store state.Store, fn func(ctx context.Context, r Request, s *S) (Response, error)) func(context.Context, Request) (Response, error) {
	if store == nil || fn == nil {
		panic("ussd: Stateful needs a store and a function")
	}
	h := &hops{store: store, run: func(ctx context.Context, r Request, data []byte) (Response, []byte, error) {
		s := new(S)
		if len(data) > 0 && json.Unmarshal(data, s) != nil {
			return Response{}, nil, fmt.Errorf("ussd: the session's state is no %T", *s)
		}
		resp, err := fn(ctx, r, s)
		if err != nil {
			return Response{}, nil, err
		}
		if data, err = json.Marshal(s); err != nil {
			return Response{}, nil, fmt.Errorf("ussd: encoding the session's state: %w", err)
		}
		return resp, data, nil
	}}
	return h.serve
}

// hops answers hops under a state in its encoded form.
type hops struct {
	store state.Store
	// run answers a hop and returns the state after it.
	run func(ctx context.Context, r Request, state []byte) (Response, []byte, error)
}

func (h *hops) serve(ctx context.Context, r Request) (resp Response, err error) {
	key := record.Key("session", r.SessionID, r.PhoneNumber)
	this := hopInput{len(r.Text), hashText(key, r.Text)}
	var s session
	known := false
	version, err := record.Update(ctx, h.store, key, sessionTTL, func(rec *session) (save bool, err error) {
		if resp, known = rec.answer(this); known {
			// While the subscriber still holds the phone at its screen, the
			// record must last.
			return rec.Trying == nil && resp.Continue && rec.last().hopInput == this, nil
		}
		if rec.Trying != nil && time.Now().UnixMilli() < rec.Trying.Until {
			return false, record.ErrWait
		}
		if rec.Trying == nil && len(rec.Hops) == 0 {
			if r.Text != "" && (r.Hop != "" || isResumed(ctx)) {
				return false, ErrLost
			}
		} else if r.Typed, err = rec.next(key, r.Text, this); err != nil {
			return false, err
		}
		rec.Trying = &attempt{this, record.LeaseEnd(ctx)}
		s = *rec
		return true, nil
	})
	if known {
		return resp, nil // whether or not the record could be renewed
	}
	if err != nil {
		return Response{}, err
	}

	answered := false
	defer func() {
		// After an error, a panic or a Goexit others need not wait for the lease
		// to end. If this Save fails, they do.
		if !answered {
			s.Trying.Until = 0
			_ = record.Commit(ctx, h.store, key, s, version, sessionTTL)
		}
	}()
	resp, after, err := h.run(ctx, r, s.State)
	if err != nil {
		return Response{}, err
	}
	answered = true
	if err := record.Commit(ctx, h.store, key, s.answered(this, resp, after), version, sessionTTL); err != nil {
		return Response{}, err
	}
	return resp, nil
}

// session is the record of a session.
type session struct {
	// Hops are the last ones that were answered, the oldest first.
	Hops []answeredHop `json:"hops,omitempty"`
	// Trying is the hop that was begun and has no answer yet; nil if there is none.
	Trying *attempt        `json:"trying,omitempty"`
	State  json.RawMessage `json:"state,omitempty"`
}

// hopInput tells the hops of a session apart: by the length of the text, and by its
// hash, because what was typed is not stored.
type hopInput struct {
	Len  int       `json:"len"`
	Hash exactText `json:"hash"`
}

type answeredHop struct {
	hopInput
	Text     exactText `json:"text"`
	Hop      exactText `json:"hop,omitempty"`
	Continue bool      `json:"continue,omitempty"`
}

type attempt struct {
	hopInput
	// Until, in milliseconds since 1970, is when the hop may be tried again; 0 means
	// at once.
	Until int64 `json:"until,omitempty"`
}

func (s *session) last() answeredHop { return s.Hops[len(s.Hops)-1] }

// answer returns the answer that was given to a hop.
func (s *session) answer(in hopInput) (Response, bool) {
	for _, h := range s.Hops {
		if h.hopInput == in {
			return Response{Text: string(h.Text), Continue: h.Continue, Hop: string(h.Hop)}, true
		}
	}
	return Response{}, false
}

// next returns what was typed to get from the last hop to this one.
func (s *session) next(key, text string, this hopInput) (typed string, err error) {
	if s.Trying != nil && s.Trying.hopInput != this {
		return "", fmt.Errorf("%w: it was tried with another input", ErrConflict)
	}
	if len(s.Hops) == 0 {
		return "", nil // the first hop was tried, and this is it
	}
	last := s.last()
	switch n := last.Len; {
	case !last.Continue:
		return "", fmt.Errorf("%w: the session has ended", ErrConflict)
	case n == 0 && text != "":
		return text, nil
	case n > 0 && len(text) > n && text[n] == '*' && hashText(key, text[:n]) == last.Hash:
		return text[n+1:], nil
	}
	return "", ErrConflict
}

// answered returns the record with the answer to the hop that was tried.
func (s session) answered(in hopInput, r Response, state []byte) session {
	hops := s.Hops[max(0, len(s.Hops)-keptHops+1):]
	return session{State: state, Hops: append(slices.Clip(hops), answeredHop{in, exactText(r.Text), exactText(r.Hop), r.Continue})}
}

// hashText hashes a text in the session of a key: the same text in another session
// has another hash.
func hashText(key, text string) exactText {
	sum := sha256.Sum256([]byte(key + text))
	return exactText(sum[:16])
}

// exactText is a string that JSON keeps as it is: encoding/json replaces bytes of a
// string that are not UTF-8.
type exactText string

func (t exactText) MarshalText() ([]byte, error) {
	return base64.StdEncoding.AppendEncode(nil, []byte(t)), nil
}

func (t *exactText) UnmarshalText(b []byte) error {
	p, err := base64.StdEncoding.AppendDecode(nil, b)
	*t = exactText(p)
	return err
}
