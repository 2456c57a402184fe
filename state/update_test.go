package state_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking/state"
)

type tries struct {
	Count int
	Last  string
}

func TestUpdate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := new(state.Memory)
		refused := errors.New("refused")
		add := func(key string, fail error) (got tries, err error) {
			err = state.Update(t.Context(), store, key, time.Hour, func(v *tries) error {
				v.Count++
				v.Last += key
				got = *v
				return fail
			})
			return got, err
		}
		for i, step := range []struct {
			key  string
			fail error
			wait time.Duration // before it
			want tries
		}{
			{key: "a", want: tries{1, "a"}},
			{key: "a", want: tries{2, "aa"}},
			{key: "b", want: tries{1, "b"}},
			{key: "a", fail: refused, want: tries{3, "aaa"}},
			{key: "a", want: tries{3, "aaa"}},
			{key: "a", wait: 59 * time.Minute, want: tries{4, "aaaa"}},
			{key: "a", wait: 59 * time.Minute, want: tries{5, "aaaaa"}}, // counted from the last change
			{key: "b", want: tries{1, "b"}},
			{key: "a", wait: 59 * time.Minute, fail: refused, want: tries{6, "aaaaaa"}},
			{key: "a", wait: 2 * time.Minute, want: tries{1, "a"}}, // what was refused renewed nothing
		} {
			time.Sleep(step.wait)
			got, err := add(step.key, step.fail)
			if err != step.fail {
				t.Fatalf("step %d: got error %v, want %v", i, err, step.fail)
			}
			if diff := cmp.Diff(step.want, got); diff != "" {
				t.Errorf("step %d (-want +got):\n%s", i, diff)
			}
		}
	})
}

func TestUpdateRefuses(t *testing.T) {
	t.Parallel()
	called := func(*int) error {
		t.Error("called")
		return nil
	}
	if err := state.Update(t.Context(), new(state.Memory), "", time.Hour, called); err == nil {
		t.Error("empty key: got no error")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := state.Update(ctx, new(state.Memory), "key", time.Hour, called); !errors.Is(err, context.Canceled) {
		t.Errorf("ended context: got error %v", err)
	}
	if err := state.Update(t.Context(), &faulty{Store: new(state.Memory)}, "key", time.Hour, called); !errors.Is(err, errStore) {
		t.Errorf("store that does not load: got error %v", err)
	}
	keep := func(*int) error { return nil }
	if err := state.Update(t.Context(), new(state.Memory), "key", 0, keep); err == nil {
		t.Error("no time to live: got no error")
	}
	full := &state.Memory{MaxRecords: 1}
	if err := state.Update(t.Context(), full, "a", time.Hour, keep); err != nil {
		t.Fatal(err)
	}
	if err := state.Update(t.Context(), full, "b", time.Hour, keep); !errors.Is(err, state.ErrFull) {
		t.Errorf("full store: got error %v", err)
	}
}

// busy is a Store in which another caller is always faster.
type busy struct{ state.Store }

func (busy) Save(context.Context, string, []byte, uint64, time.Duration) (uint64, error) {
	return 0, state.ErrVersion
}

// An error of change ends Update at once, even one of a store: of another Update, say.
func TestUpdateReturnsErrors(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		late := state.Update(ctx, busy{new(state.Memory)}, "key", time.Hour, func(*int) error { return nil })
		if !errors.Is(late, context.DeadlineExceeded) {
			t.Fatalf("a store that always has another version: got error %v", late)
		}
		ctx, cancel = context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		for _, want := range []error{
			state.ErrVersion, fmt.Errorf("account: %w", state.ErrVersion), late, errors.Join(late), state.ErrInDoubt,
			state.ErrNotDone, state.ErrFull, context.Canceled, context.DeadlineExceeded,
		} {
			calls := 0
			err := state.Update(ctx, new(state.Memory), "key", time.Hour, func(*int) error {
				calls++
				return want
			})
			if err != want || calls != 1 {
				t.Errorf("%v: called %d times, got error %v", want, calls, err)
			}
		}
	})
}

// A panic saves nothing and holds nothing.
func TestUpdatePanics(t *testing.T) {
	t.Parallel()
	store := new(state.Memory)
	func() {
		defer func() { _ = recover() }()
		_ = state.Update(t.Context(), store, "key", time.Hour, func(n *int) error {
			*n = 7
			panic("broken")
		})
	}()
	if err := state.Update(t.Context(), store, "key", time.Hour, func(n *int) error {
		if *n != 0 {
			t.Errorf("a panic saved %d", *n)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
}

// meeting makes loads meet: each of the first n waits for the others.
type meeting struct {
	state.Store
	mu   sync.Mutex
	n    int
	open chan struct{}
}

func (m *meeting) Load(ctx context.Context, key string) ([]byte, uint64, error) {
	data, v, err := m.Store.Load(ctx, key)
	m.mu.Lock()
	if m.n--; m.n == 0 {
		close(m.open)
	}
	m.mu.Unlock()
	<-m.open
	return data, v, err
}

// Fifty callers have loaded one record before any saves it.
func TestUpdateMeets(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const callers = 50
		store := &meeting{Store: new(state.Memory), n: callers, open: make(chan struct{})}
		var wg sync.WaitGroup
		seen := make([]int, callers+1)
		var mu sync.Mutex
		for range callers {
			wg.Go(func() {
				var left int
				if err := state.Update(t.Context(), store, "key", time.Hour, func(n *int) error {
					*n++
					left = *n
					return nil
				}); err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				seen[left]++
			})
		}
		wg.Wait()
		want := make([]int, callers+1)
		for i := range want[1:] {
			want[i+1] = 1
		}
		if diff := cmp.Diff(want, seen); diff != "" {
			t.Errorf("how many left which count (-want +got):\n%s", diff)
		}
	})
}

// spy keeps what a store is given.
type spy struct {
	state.Store
	mu   sync.Mutex
	keys map[string]bool
	data []string
}

func (s *spy) Save(ctx context.Context, key string, data []byte, version uint64, ttl time.Duration) (uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.keys == nil {
		s.keys = map[string]bool{}
	}
	s.keys[key] = true
	s.data = append(s.data, string(data))
	return s.Store.Save(ctx, key, data, version, ttl)
}

// Features with one key do not meet, keys show nothing, and records are JSON.
func TestKeySpace(t *testing.T) {
	t.Parallel()
	store := &spy{Store: new(state.Memory)}
	keys := []string{"+254711000001", "once", "update", "once-+254711000001", "a/b", "pin 4321"}
	for _, key := range keys {
		for range 2 {
			got, err := state.Once(t.Context(), store, key, func(context.Context) (string, error) { return "of " + key, nil })
			if got != "of "+key || err != nil {
				t.Errorf("Once(%q): got %q and error %v", key, got, err)
			}
			if err := state.Update(t.Context(), store, key, time.Hour, func(n *int) error { *n++; return nil }); err != nil {
				t.Errorf("Update(%q): %v", key, err)
			}
		}
	}
	if got, want := len(store.keys), 2*len(keys); got != want {
		t.Errorf("%d keys of records, want %d", got, want)
	}
	for key := range store.keys {
		for _, text := range []string{"711000001", "4321", "pin", "/", "+", " "} {
			if strings.Contains(key, text) {
				t.Errorf("the key %q shows %q", key, text)
			}
		}
	}
	for _, data := range store.data {
		if !json.Valid([]byte(data)) {
			t.Errorf("record %q is not JSON", data)
		}
	}
}
