package ussd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sautigo/africastalking/internal/record"
	"github.com/sautigo/africastalking/state"
)

const (
	// sessionTTL is how long a record outlives the last hop of its session: longer than
	// [Resume] offers to go on, and a session on top.
	sessionTTL = 15 * time.Minute
	keptHops   = 8 // how many answers of a session are kept for redeliveries
	noHop      = "~"
)

// ErrConflict is wrapped by the error of a [Stateful] function for a hop that is neither one
// it has answered nor the next: its inputs are not those of this session, the session has
// ended, or a hop with another input was tried before and failed.
var ErrConflict = errors.New("ussd: hop does not follow the one before")

// ErrLost is wrapped by the error for a hop in the middle of a session of which the
// store has no record.
var ErrLost = errors.New("ussd: session is not in the store")

// Stateful gives fn a state that lasts for the session: an S, the zero value on the
// first hop, and then as fn left it on the hop before. The result is for [Handler]:
//
//	http.Handle("/ussd", ussd.Handler(ussd.Stateful(store, serve)))
//
// It is safe on as many machines as share the store. Two services of which one
// session may reach both need stores of their own.
//
// # What holds
//
//   - There is one record for a session id and phone number together. Two
//     subscribers never meet in one, even if a session id repeats or is forged.
//   - The hops of a session run one at a time; the others wait until their context ends.
//     Each costs the store three round trips, and three more below [Resume].
//   - When Africa's Talking delivers a hop again, or twice at once, fn runs once, and
//     all deliveries get the same [Response]. The record keeps the last 8 hops, until
//     15 minutes after the last one. An older hop is an [ErrConflict].
//   - [Request.Typed] is exactly what the subscriber typed, "*" included; a [Menu] inside
//     takes it for one answer. It is empty on the first hop, whatever was dialled.
//   - A hop that is neither a known one nor the next fails with [ErrConflict], and
//     fn does not run. If the store has no record of the session, a hop in the middle of
//     it fails with [ErrLost]. Hop metadata tells: Stateful sets "~" if fn sets none.
//   - Stateful saves the state and the answer together before it returns the answer,
//     even if the context has ended by the time fn returns.
//   - When fn returns an error without a screen ([ScreenError]), panics, or leaves a state
//     that encoding/json refuses, Stateful drops its changes of the state, and the hop
//     stays unanswered: if it is delivered again, fn runs again, with the state it was
//     first given. Another input in its place is an [ErrConflict], because fn may have
//     done something for the first one.
//
// # What does not
//
// Fn may run a second time for a hop that is delivered again: when fn failed, when
// the machine died before fn's result was saved, or when that Save failed. What must
// not happen twice, such as a payment, goes through [Questions.ThenOnce] or [state.Once].
//
// When the machine died or the Save failed, the subscriber reads an apology although fn may
// have run, and no machine runs the hop again before 30 seconds after the end of the first
// one's context, or a minute after its start if that has no deadline. Clocks must agree to
// within seconds. A function that goes on for longer can overlap with its own repetition,
// and then only one of the two is saved.
//
// # The record
//
// S is encoded with encoding/json: unexported fields are lost. The record also holds
// the screens of the last hops, and hashes of the inputs, from which short ones can be
// guessed, but of nothing that was typed to a question of a [Menu] that is Explicit. Treat
// the store as private, and keep PINs out of S.
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
		carried := new(ScreenError)
		if errors.As(err, &carried) && carried.Screen.Text != "" {
			resp = carried.Screen
		} else if err != nil {
			return Response{}, nil, err
		}
		data, failed := json.Marshal(s)
		if failed != nil {
			return Response{}, nil, fmt.Errorf("ussd: encoding the session's state: %w", failed)
		}
		if carried.Err == nil {
			err = nil
		}
		return resp, data, err
	}}
	return h.serve
}

// hops answers hops under a state in its encoded form.
type hops struct {
	store state.Store
	// run also returns the state after the hop, which is nil if there is no answer.
	run func(ctx context.Context, r Request, state []byte) (Response, []byte, error)
}

func (h *hops) serve(ctx context.Context, r Request) (Response, error) {
	key := record.Key("session", r.SessionID, r.PhoneNumber)
	var s session
	var known *answeredHop
	version, err := record.Update(ctx, h.store, key, sessionTTL, func(rec *session) (save bool, err error) {
		known, err = rec.claim(ctx, key, &r)
		s = *rec
		// While the subscriber still holds the phone at its screen, the record must last.
		return err == nil && (known == nil || rec.Trying == nil && known.Continue && known == rec.last()), err
	})
	if known != nil {
		privacyOf(ctx).note(known.Secret, 0, s.Next)
		return known.response(), nil // whether or not the record could be renewed
	}
	if err != nil {
		return Response{}, err
	}

	answered := false
	defer func() {
		if !answered { // others need not wait for the lease to end, unless this Save fails
			s.Trying.Until = 0
			_ = record.Commit(ctx, h.store, key, s, version, sessionTTL)
		}
	}()
	if r.Hop == noHop {
		r.Hop = "" // the app has set none
	}
	before, shown := privacyOf(ctx).before()
	inner, typed := withPrivacy(ctx, before, shown)
	resp, after, failed := h.run(inner, r, s.State)
	if after == nil {
		return Response{}, failed
	}
	answered = true
	if resp.Hop == "" && resp.Continue {
		resp.Hop = noHop // so that the next hop is known to be none that begins a session
	}
	this := answeredHop{newHopText(key, r.Text, typed.secrets, s.Trying.Resumed), keepScreen(resp)}
	s.Hops = append(slices.Clip(s.Hops[max(0, len(s.Hops)-keptHops+1):]), this)
	s.Next, s.Trying, s.State = typed.next, nil, after
	if err := record.Commit(ctx, h.store, key, s, version, sessionTTL); err != nil {
		return Response{}, err
	}
	if failed != nil {
		return Response{}, &ScreenError{resp, failed}
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
	// Next is set if the next input will be a secret.
	Next bool `json:"next,omitempty"`
}

type answeredHop struct {
	hopText
	keptScreen
}

type attempt struct {
	hopText
	// Until, in milliseconds since 1970, is when the hop may be tried again; 0 means
	// at once.
	Until int64 `json:"until,omitempty"`
}

func (s *session) last() *answeredHop { return &s.Hops[len(s.Hops)-1] }

// claim notes that the hop is being tried, unless it is known, and finds what was typed on it.
func (s *session) claim(ctx context.Context, key string, r *Request) (known *answeredHop, err error) {
	before, _ := privacyOf(ctx).before()
	resumed := s.resumed(before)
	for i := range s.Hops {
		if s.Hops[i].is(key, r.Text, resumed) {
			return &s.Hops[i], nil
		}
	}
	if s.Trying != nil && time.Now().UnixMilli() < s.Trying.Until {
		return nil, record.ErrWait
	}
	// Until it is answered, what may have been dialled and what was typed to an explicit
	// question counts as secret.
	secrets := []secret{{0, len(r.Text)}}
	switch {
	case len(s.Hops) > 0:
		if secrets = s.last().Secret; s.Next {
			secrets = append(slices.Clip(secrets), secret{s.last().Len, len(r.Text)})
		}
		r.Typed, err = s.next(key, r.Text, resumed)
	case s.Trying != nil && !s.Trying.is(key, r.Text, resumed):
		err = errTried
	case s.Trying == nil && r.Text != "" && (r.Hop != "" || before > 0):
		err = ErrLost
	}
	s.Trying = &attempt{newHopText(key, r.Text, secrets, resumed), record.LeaseEnd(ctx)}
	return nil, err
}

var errTried = fmt.Errorf("%w: it was tried with another input", ErrConflict)

// resumed returns how many bytes of the text were typed before the session was dropped, if
// there is a secret among them. Then the hop that is gone on with is answered anew.
func (s *session) resumed(before int) int {
	for i := range s.Hops {
		if h := &s.Hops[i]; before > 0 && (h.Resumed == before || h.Len == before && len(h.Secret) > 0) {
			return before
		}
	}
	return 0
}

// next returns the input that leads from the last hop to this one.
func (s *session) next(key, text string, resumed int) (typed string, err error) {
	last := s.last()
	switch n := last.Len; {
	case s.Trying != nil && !s.Trying.is(key, text, resumed):
		return "", errTried
	case !last.Continue:
		return "", fmt.Errorf("%w: the session has ended", ErrConflict)
	case n == 0 && text != "":
		return text, nil
	case len(text) == n && resumed != last.Resumed && last.is(key, text, last.Resumed):
		return "", nil
	case n > 0 && len(text) > n && text[n] == '*' && last.is(key, text[:n], last.Resumed):
		return text[n+1:], nil
	}
	return "", ErrConflict
}
