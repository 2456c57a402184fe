package state_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sautigo/africastalking/state"
)

func TestOnceConcurrent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := new(state.Memory)
		var runs atomic.Int64
		pay := func(context.Context) (string, error) {
			time.Sleep(3 * time.Second)
			return fmt.Sprint("receipt ", runs.Add(1)), nil
		}
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				if got, err := state.Once(t.Context(), store, "key", pay); got != "receipt 1" || err != nil {
					t.Errorf("got %q and error %v", got, err)
				}
			})
		}
		// One who cannot wait.
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			time.Sleep(time.Millisecond)
			_, err := state.Once(ctx, store, "key", pay)
			if !errors.Is(err, state.ErrInDoubt) || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got error %v, want ErrInDoubt and DeadlineExceeded", err)
			}
		})
		wg.Wait()
		if got, err := state.Once(t.Context(), store, "another key", pay); got != "receipt 2" || err != nil {
			t.Errorf("another key: got %q and error %v", got, err)
		}
		time.Sleep(23 * time.Hour)
		if got, err := state.Once(t.Context(), store, "key", pay); got != "receipt 1" || err != nil {
			t.Errorf("a day later: got %q and error %v", got, err)
		}
	})
}

func TestOnceErrors(t *testing.T) {
	t.Parallel()
	broken := errors.New("connection lost")
	for _, test := range []struct {
		name  string
		first func() (int, error)
		// what the first caller gets, and the second
		err, again error
	}{
		{"Fails", func() (int, error) { return 0, broken }, broken, state.ErrInDoubt},
		{"NotDone", func() (int, error) { return 0, fmt.Errorf("no funds: %w", state.ErrNotDone) }, state.ErrNotDone, nil},
		{"Panics", func() (int, error) { panic(broken) }, broken, state.ErrInDoubt},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			store := new(state.Memory)
			runs := 0
			call := func() (n int, err error) {
				defer func() {
					if v := recover(); v != nil {
						err = v.(error)
					}
				}()
				return state.Once(t.Context(), store, "key", func(context.Context) (int, error) {
					if runs++; runs == 1 {
						return test.first()
					}
					return 7, nil
				})
			}
			if _, err := call(); !errors.Is(err, test.err) {
				t.Fatalf("got error %v, want %v", err, test.err)
			}
			for range 2 {
				if got, err := call(); !errors.Is(err, test.again) || err == nil && got != 7 {
					t.Errorf("again: got %d and error %v, want error %v", got, err, test.again)
				}
			}
			want := 1
			if test.again == nil {
				want = 2
			}
			if runs != want {
				t.Errorf("ran %d times, want %d", runs, want)
			}
		})
	}
	if _, err := state.Once(t.Context(), new(state.Memory), "", func(context.Context) (int, error) { return 0, nil }); err == nil {
		t.Error("empty key: got no error")
	}
	if _, err := state.Once(t.Context(), new(state.Memory), "key", func(context.Context) (func(), error) {
		t.Error("ran for a result that cannot be kept")
		return nil, nil
	}); err == nil {
		t.Error("result that cannot be kept: got no error")
	}
}

// A process dies between start and result.
func TestOnceCrash(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		memory := new(state.Memory)
		dying := &faulty{Store: memory, n: 2} // Load, Save, Save
		if got, err := state.Once(t.Context(), dying, "key", func(context.Context) (int, error) { return 7, nil }); got != 7 || err != nil {
			t.Fatalf("the caller: got %d and error %v", got, err)
		}
		again := func(context.Context) (int, error) {
			t.Error("ran again")
			return 0, nil
		}
		start := time.Now()
		if _, err := state.Once(t.Context(), memory, "key", again); !errors.Is(err, state.ErrInDoubt) {
			t.Errorf("got error %v, want ErrInDoubt", err)
		}
		if d := time.Since(start); d > 61*time.Second {
			t.Errorf("hoped for %v, want a minute", d)
		}
		start = time.Now()
		if _, err := state.Once(t.Context(), memory, "key", again); !errors.Is(err, state.ErrInDoubt) || time.Since(start) != 0 {
			t.Errorf("got error %v after %v, want ErrInDoubt at once", err, time.Since(start))
		}
	})
}

// Whichever call to the store fails, and whether it arrives or not, fn never runs
// twice.
func TestOnceStoreErrors(t *testing.T) {
	t.Parallel()
	for _, fail := range []error{nil, errors.New("broken")} {
		for n := range 6 {
			for _, after := range []bool{false, true} {
				synctest.Test(t, func(t *testing.T) {
					store := &faulty{Store: new(state.Memory), n: n, after: after}
					runs := 0
					for range 4 {
						got, err := state.Once(t.Context(), store, "key", func(context.Context) (int, error) {
							runs++
							return 7, fail
						})
						if err == nil && got != 7 {
							t.Errorf("call %d (after %v): got %d", n, after, got)
						}
					}
					if runs != 1 {
						t.Errorf("call %d (after %v): ran %d times in 4 attempts, want 1", n, after, runs)
					}
				})
			}
		}
	}
}

// All callers get the same, the first one too.
func TestOnceGivesAllTheSame(t *testing.T) {
	t.Parallel()
	type receipt struct {
		ID     string
		When   time.Time
		secret int
	}
	store := new(state.Memory)
	var got []string
	for range 2 {
		r, err := state.Once(t.Context(), store, "key", func(context.Context) (receipt, error) {
			return receipt{"1", time.Now(), 7}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%v", r))
	}
	if got[0] != got[1] {
		t.Errorf("callers get %q", got)
	}
}

// picky has no text for its zero value.
type picky int

func (p picky) MarshalText() ([]byte, error) {
	if p == 0 {
		return nil, errors.New("no text")
	}
	return []byte{'0' + byte(p)}, nil
}

func (p *picky) UnmarshalText(b []byte) error {
	*p = picky(b[0] - '0')
	return nil
}

func TestOnceTakesWhatHasNoZero(t *testing.T) {
	t.Parallel()
	got, err := state.Once(t.Context(), new(state.Memory), "key", func(context.Context) (picky, error) { return 3, nil })
	if got != 3 || err != nil {
		t.Errorf("got %d, %v", got, err)
	}
}
