package sessiontest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sautigo/africastalking/ussd"
)

// The tests of this file run Stateful and Once as two machines do.

// history is a state that shows which hops have run, in which order.
type history struct{ Typed []string }

type machine = func(context.Context, ussd.Request) (ussd.Response, error)

// machines returns as many machines, which count how often their function runs.
func (s *suite) machines(t *testing.T, n int, slow time.Duration) ([]machine, *atomic.Int64) {
	runs := new(atomic.Int64)
	list := make([]machine, n)
	for i := range list {
		list[i] = ussd.Stateful(s.open(t), func(_ context.Context, r ussd.Request, h *history) (ussd.Response, error) {
			n := runs.Add(1)
			time.Sleep(slow)
			h.Typed = append(h.Typed, r.Typed)
			// The number makes each run's answer its own.
			resp := ussd.Continue(fmt.Sprintf("run %d of %s: %q", n, r.PhoneNumber, h.Typed)).WithHop(fmt.Sprint("hop ", len(h.Typed)))
			resp.Continue = r.Typed != "end"
			return resp, nil
		})
	}
	return list, runs
}

func request(text string) func(session string) ussd.Request {
	return func(session string) ussd.Request {
		return ussd.Request{SessionID: session, PhoneNumber: "+254711000001", ServiceCode: "*384*123#", Text: text}
	}
}

var hops = []string{"", "1", "1*a*b", "1*a*b*", "1*a*b**é", "1*a*b**é*end"}

func (s *suite) sessionInTurn(t *testing.T) {
	machines, runs := s.machines(t, 2, 0)
	session := newKey()
	var first []ussd.Response
	for i, text := range hops {
		resp, err := machines[i%2](t.Context(), request(text)(session))
		if err != nil {
			t.Fatalf("hop %q: %v", text, err)
		}
		first = append(first, resp)
	}
	want := ussd.End(`run 6 of +254711000001: ["" "1" "a*b" "" "é" "end"]`).WithHop("hop 6")
	if got := first[len(first)-1]; got != want {
		t.Errorf("last hop of a session on two machines: got %+v, want %+v", got, want)
	}
	for i, text := range hops {
		for _, m := range machines {
			resp, err := m(t.Context(), request(text)(session))
			if err != nil {
				t.Fatalf("hop %q again: %v", text, err)
			}
			if resp != first[i] {
				t.Errorf("hop %q again: got %+v, first it was %+v", text, resp, first[i])
			}
		}
	}
	if got := runs.Load(); got != int64(len(hops)) {
		t.Errorf("the function ran %d times for %d hops", got, len(hops))
	}
}

func (s *suite) sessionAtOnce(t *testing.T) {
	machines, runs := s.machines(t, 2, 50*time.Millisecond)
	session := newKey()
	for i, text := range hops {
		var wg sync.WaitGroup
		got := make([]ussd.Response, 4)
		for j := range got {
			wg.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), ussd.DefaultTimeout)
				defer cancel()
				var err error
				if got[j], err = machines[j%2](ctx, request(text)(session)); err != nil {
					t.Errorf("hop %q: %v", text, err)
				}
			})
		}
		wg.Wait()
		for _, resp := range got[1:] {
			if resp != got[0] {
				t.Errorf("hop %q delivered at once: got %+v and %+v", text, got[0], resp)
			}
		}
		if got := runs.Load(); got != int64(i+1) {
			t.Fatalf("the function ran %d times for %d hops", got, i+1)
		}
	}
}

// subscribersAtOnce serves many on two machines, each hop by both.
func (s *suite) subscribersAtOnce(t *testing.T) {
	machines, runs := s.machines(t, 2, time.Millisecond)
	session := newKey() // the same for all, which must not matter
	var wg sync.WaitGroup
	const subscribers = 20
	for i := range subscribers {
		wg.Go(func() {
			for _, text := range hops {
				for _, m := range machines {
					r := request(text)(session)
					r.PhoneNumber = fmt.Sprintf("+2547110000%02d", i)
					resp, err := m(t.Context(), r)
					if err != nil {
						t.Errorf("hop %q: %v", text, err)
						return
					}
					if !strings.Contains(resp.Text, " of "+r.PhoneNumber+":") {
						t.Errorf("a subscriber got the answer of another: %q", resp.Text)
					}
				}
			}
		})
	}
	wg.Wait()
	if got, want := runs.Load(), int64(subscribers*len(hops)); got != want {
		t.Errorf("the function ran %d times for %d hops", got, want)
	}
}

func (s *suite) sessionConflict(t *testing.T) {
	machines, runs := s.machines(t, 2, 0)
	session := newKey()
	for i, text := range []string{"", "1", "1*2"} {
		if _, err := machines[i%2](t.Context(), request(text)(session)); err != nil {
			t.Fatalf("hop %q: %v", text, err)
		}
	}
	for _, text := range []string{"2", "2*2", "1*3*4", "12", "1*22"} {
		if _, err := machines[0](t.Context(), request(text)(session)); !errors.Is(err, ussd.ErrConflict) {
			t.Errorf("hop %q after %q: got error %v, want ussd.ErrConflict", text, "1*2", err)
		}
	}
	if got := runs.Load(); got != 3 {
		t.Errorf("the function ran %d times for 3 hops", got)
	}
	if _, err := machines[1](t.Context(), request("1*2*3")(session)); err != nil {
		t.Errorf("the next hop after conflicts: %v", err)
	}
}

func (s *suite) onceAtOnce(t *testing.T) {
	key := newKey()
	var runs atomic.Int64
	var wg sync.WaitGroup
	pay := func(context.Context) (string, error) {
		time.Sleep(50 * time.Millisecond)
		return fmt.Sprint("receipt ", runs.Add(1)), nil
	}
	for range 4 {
		store := s.open(t)
		for range 2 {
			wg.Go(func() {
				if got, err := ussd.Once(t.Context(), store, key, pay); got != "receipt 1" || err != nil {
					t.Errorf("Once: got %q and error %v, want %q", got, err, "receipt 1")
				}
			})
		}
	}
	wg.Wait()
	if got, err := ussd.Once(t.Context(), s.open(t), key, pay); got != "receipt 1" || err != nil {
		t.Errorf("Once later: got %q and error %v, want %q", got, err, "receipt 1")
	}
	if got := runs.Load(); got != 1 {
		t.Errorf("the function ran %d times, want once", got)
	}
}

func (s *suite) onceFails(t *testing.T) {
	a, b := s.open(t), s.open(t)
	key := newKey()
	fail := func(err error) func(context.Context) (int, error) {
		return func(context.Context) (int, error) { return 0, err }
	}
	if _, err := ussd.Once(t.Context(), a, key, fail(ussd.ErrNotDone)); !errors.Is(err, ussd.ErrNotDone) {
		t.Fatalf("Once: got error %v, want ussd.ErrNotDone", err)
	}
	broken := errors.New("connection lost")
	if _, err := ussd.Once(t.Context(), b, key, fail(broken)); !errors.Is(err, broken) {
		t.Fatalf("Once after ErrNotDone: got error %v, want that of the function", err)
	}
	again := func(context.Context) (int, error) {
		t.Error("the function ran again")
		return 0, nil
	}
	if _, err := ussd.Once(t.Context(), a, key, again); !errors.Is(err, ussd.ErrInDoubt) {
		t.Errorf("Once after a failure: got error %v, want ussd.ErrInDoubt", err)
	}
}
