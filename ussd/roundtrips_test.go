package ussd_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking/state"
	"github.com/sautigo/africastalking/ussd"
)

// counting counts the calls of a store: each is a round trip to a server.
type counting struct {
	state.Memory
	calls atomic.Int64
}

func (s *counting) Load(ctx context.Context, key string) ([]byte, uint64, error) {
	s.calls.Add(1)
	return s.Memory.Load(ctx, key)
}

func (s *counting) Save(ctx context.Context, key string, data []byte, version uint64, ttl time.Duration) (uint64, error) {
	s.calls.Add(1)
	return s.Memory.Save(ctx, key, data, version, ttl)
}

func (s *counting) Delete(ctx context.Context, key string, version uint64) error {
	s.calls.Add(1)
	return s.Memory.Delete(ctx, key, version)
}

// TestRoundTrips counts what the hops of a session cost a store, as the docs of App.Store,
// Stateful and Resume say.
func TestRoundTrips(t *testing.T) {
	t.Parallel()
	end := func(context.Context, ussd.Request) (ussd.Response, error) { return ussd.End("Done"), nil }
	pay := func(store state.Store) *ussd.App {
		bills := &ussd.List[string]{Title: "Bills", Label: func(s string) string { return s },
			Load: func(context.Context, ussd.Request) ([]string, error) { return []string{"Water", "Light"}, nil }}
		pin := &ussd.Prompt[string]{Text: "PIN", Parse: ussd.PIN(4), Explicit: true}
		menu := ussd.NewMenu("Bank")
		menu.Handle("Pay", ussd.Ask(bills, pin).ThenOnce(end))
		return &ussd.App{Start: menu, Store: store}
	}
	inputs := []string{"", "1", "2", "1234"}
	for name, tt := range map[string]struct {
		serve func(state.Store) func(context.Context, ussd.Request) (ussd.Response, error)
		echo  bool
		want  []int64 // for each hop
	}{
		"menu, list, PIN and ThenOnce":                   {func(s state.Store) func(context.Context, ussd.Request) (ussd.Response, error) { return pay(s).Serve }, true, []int64{2, 2, 0, 3}},
		"menu, list, PIN and ThenOnce, without metadata": {func(s state.Store) func(context.Context, ussd.Request) (ussd.Response, error) { return pay(s).Serve }, false, []int64{2, 3, 3, 4}},
		"Stateful": {func(s state.Store) func(context.Context, ussd.Request) (ussd.Response, error) {
			return ussd.Stateful(s, func(_ context.Context, r ussd.Request, n *int) (ussd.Response, error) {
				*n++
				return ussd.Continue(fmt.Sprint("Hop ", *n)), nil
			})
		}, true, []int64{3, 3, 3, 3}},
		"Resume and the app": {func(s state.Store) func(context.Context, ussd.Request) (ussd.Response, error) {
			return ussd.Resume(s, pay(s).Serve)
		}, true, []int64{5, 5, 3, 6}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := new(counting)
			serve := tt.serve(store)
			r := ussd.Request{SessionID: "ATUid_1", PhoneNumber: "+254711000001", ServiceCode: "*384*123#"}
			var got []int64
			for i, input := range inputs {
				if r.Text += "*" + input; i <= 1 {
					r.Text = input
				}
				before := store.calls.Load()
				res, err := serve(t.Context(), r)
				if err != nil {
					t.Fatalf("text %q: %v", r.Text, err)
				}
				got = append(got, store.calls.Load()-before)
				if tt.echo {
					r.Hop = res.Hop
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("round trips of each hop (-want +got):\n%s", diff)
			}
		})
	}
}
