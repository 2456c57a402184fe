package ussd_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sautigo/africastalking/state"
	"github.com/sautigo/africastalking/ussd"
)

// The tests of this file run Stateful as two machines that share a store do.

// history is a state that shows which hops have run, in which order.
type history struct{ Typed []string }

// twoMachines counts how often the function of either runs.
func twoMachines(slow time.Duration) (machines [2]hopFunc, runs *atomic.Int64) {
	runs = new(atomic.Int64)
	store := new(state.Memory)
	for i := range machines {
		machines[i] = ussd.Stateful(store, func(_ context.Context, r ussd.Request, h *history) (ussd.Response, error) {
			n := runs.Add(1)
			time.Sleep(slow)
			h.Typed = append(h.Typed, r.Typed)
			// The number makes each run's answer its own.
			resp := ussd.Continue(fmt.Sprintf("run %d of %s: %q", n, r.PhoneNumber, h.Typed)).WithHop(fmt.Sprint("hop ", len(h.Typed)))
			resp.Continue = r.Typed != "end"
			return resp, nil
		})
	}
	return machines, runs
}

var machineHops = []string{"", "1", "1*a*b", "1*a*b*", "1*a*b**é", "1*a*b**é*end"}

func TestSessionInTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		machines, runs := twoMachines(0)
		var first []ussd.Response
		for i, text := range machineHops {
			resp, err := machines[i%2](t.Context(), hopOf("s", text))
			if err != nil {
				t.Fatalf("hop %q: %v", text, err)
			}
			first = append(first, resp)
		}
		want := ussd.End(`run 6 of +254711000001: ["" "1" "a*b" "" "é" "end"]`).WithHop("hop 6")
		if got := first[len(first)-1]; got != want {
			t.Errorf("last hop of a session on two machines: got %+v, want %+v", got, want)
		}
		for i, text := range machineHops {
			for _, m := range machines {
				resp, err := m(t.Context(), hopOf("s", text))
				if err != nil {
					t.Fatalf("hop %q again: %v", text, err)
				}
				if resp != first[i] {
					t.Errorf("hop %q again: got %+v, first it was %+v", text, resp, first[i])
				}
			}
		}
		if got := runs.Load(); got != int64(len(machineHops)) {
			t.Errorf("the function ran %d times for %d hops", got, len(machineHops))
		}
	})
}

func TestSessionAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		machines, runs := twoMachines(50 * time.Millisecond)
		for i, text := range machineHops {
			var wg sync.WaitGroup
			got := make([]ussd.Response, 4)
			for j := range got {
				wg.Go(func() {
					ctx, cancel := context.WithTimeout(t.Context(), ussd.DefaultTimeout)
					defer cancel()
					var err error
					if got[j], err = machines[j%2](ctx, hopOf("s", text)); err != nil {
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
	})
}

// subscribersAtOnce serves many on two machines, each hop by both.
func TestSubscribersAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		machines, runs := twoMachines(time.Millisecond)
		var wg sync.WaitGroup
		const subscribers = 20
		for i := range subscribers {
			wg.Go(func() {
				for _, text := range machineHops {
					for _, m := range machines {
						r := hopOf("s", text)
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
		if got, want := runs.Load(), int64(subscribers*len(machineHops)); got != want {
			t.Errorf("the function ran %d times for %d hops", got, want)
		}
	})
}

func TestSessionConflict(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		machines, runs := twoMachines(0)
		for i, text := range []string{"", "1", "1*2"} {
			if _, err := machines[i%2](t.Context(), hopOf("s", text)); err != nil {
				t.Fatalf("hop %q: %v", text, err)
			}
		}
		for _, text := range []string{"2", "2*2", "1*3*4", "12", "1*22"} {
			if _, err := machines[0](t.Context(), hopOf("s", text)); !errors.Is(err, ussd.ErrConflict) {
				t.Errorf("hop %q after %q: got error %v, want ussd.ErrConflict", text, "1*2", err)
			}
		}
		if got := runs.Load(); got != 3 {
			t.Errorf("the function ran %d times for 3 hops", got)
		}
		if _, err := machines[1](t.Context(), hopOf("s", "1*2*3")); err != nil {
			t.Errorf("the next hop after conflicts: %v", err)
		}
	})
}
