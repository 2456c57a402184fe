package state_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

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
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
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
				if after := time.Since(began); after != 0 {
					t.Errorf("later callers waited for %v, although the first had ended", after)
				}
			})
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

// The key is in the store before the function runs, and is forgotten after a day.
func TestOnceClaims(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &spy{Store: new(state.Memory)}
		runs := 0
		pay := func(context.Context) (int, error) {
			runs++
			if len(store.data) != 2*runs-1 {
				t.Errorf("run %d: %d saves before it", runs, len(store.data))
			}
			return runs, nil
		}
		for _, wait := range []time.Duration{0, time.Hour, 23*time.Hour - time.Second} {
			time.Sleep(wait)
			if got, err := state.Once(t.Context(), store, "key", pay); got != 1 || err != nil {
				t.Errorf("got %d and error %v, want 1", got, err)
			}
		}
		time.Sleep(time.Second)
		if got, err := state.Once(t.Context(), store, "key", pay); got != 2 || err != nil {
			t.Errorf("after a day: got %d and error %v, want 2", got, err)
		}
	})
}

// A claim is given up a minute after it was made, or 30 seconds after the end of its
// caller's context; until then others wait.
func TestOnceLease(t *testing.T) {
	t.Parallel()
	for timeout, want := range map[time.Duration]time.Duration{0: time.Minute, 8 * time.Second: 38 * time.Second, time.Hour: 15 * time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			memory := new(state.Memory)
			ctx := t.Context()
			if timeout > 0 {
				c, cancel := context.WithTimeout(ctx, timeout)
				defer cancel()
				ctx = c
			}
			began := time.Now()
			dying := &faulty{Store: memory, n: 2} // Load, Save, Save
			if _, err := state.Once(ctx, dying, "key", func(context.Context) (int, error) { return 7, nil }); err != nil {
				t.Fatal(err)
			}
			_, err := state.Once(t.Context(), memory, "key", func(context.Context) (int, error) {
				t.Error("ran again")
				return 0, nil
			})
			if after := time.Since(began); !errors.Is(err, state.ErrInDoubt) || after < want || after > want+time.Second {
				t.Errorf("timeout %v: got error %v after %v, want ErrInDoubt after %v", timeout, err, after, want)
			}
		})
	}
}

// lost saves, and says that another caller was faster: a client sent the Save twice.
type lost struct {
	state.Store
	n int
}

func (l *lost) Save(ctx context.Context, key string, data []byte, version uint64, ttl time.Duration) (uint64, error) {
	v, err := l.Store.Save(ctx, key, data, version, ttl)
	if l.n--; l.n == -1 && err == nil {
		return 0, state.ErrVersion
	}
	return v, err
}

func TestOnceKnowsItsOwnClaim(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &lost{Store: new(state.Memory)}
		began, runs := time.Now(), 0
		for range 2 {
			got, err := state.Once(t.Context(), store, "key", func(context.Context) (int, error) { runs++; return 7, nil })
			if got != 7 || err != nil {
				t.Errorf("got %d and error %v", got, err)
			}
		}
		if runs != 1 || time.Since(began) > time.Second {
			t.Errorf("ran %d times in %v", runs, time.Since(began))
		}
	})
}

// garbage returns what no feature has saved.
type garbage struct {
	state.Store
	data string
}

func (g garbage) Load(context.Context, string) ([]byte, uint64, error) { return []byte(g.data), 7, nil }

func TestOnceUnreadable(t *testing.T) {
	t.Parallel()
	for _, data := range []string{"", "x", "7", `{"state":"done","result":"+254711000001"}`, `{"state":"done"}`, `{"state":"done","result":254711000001.5}`, `{"state":"paid"}`, `{"state":254711000001}`} {
		_, err := state.Once(t.Context(), garbage{new(state.Memory), data}, "key", func(context.Context) (int, error) {
			t.Errorf("record %q: ran", data)
			return 0, nil
		})
		if !errors.Is(err, state.ErrInDoubt) || strings.Contains(err.Error(), "711000001") {
			t.Errorf("record %q: got error %v, want ErrInDoubt without the number", data, err)
		}
	}
}

// Whatever JSON keeps, all callers get.
func TestOnceResults(t *testing.T) {
	t.Parallel()
	sameTwice(t, "")
	sameTwice(t, "<é & \"\u2028\">")
	sameTwice(t, []byte{0, 255})
	sameTwice(t, map[string]any{"a": nil, "b": []any{1.5, "x"}})
	sameTwice(t, struct{}{})
	sameTwice(t, (*int)(nil))
	sameTwice[any](t, nil)
	sameTwice(t, json.RawMessage(`{"a":1}`))
	sameTwice(t, 1<<62)
}

func sameTwice[T any](t *testing.T, want T) {
	t.Helper()
	store := new(state.Memory)
	runs := 0
	for range 2 {
		got, err := state.Once(t.Context(), store, "key", func(context.Context) (T, error) { runs++; return want, nil })
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%T: error %v (-want +got):\n%s", want, err, diff)
		}
	}
	if runs != 1 {
		t.Errorf("%T: ran %d times", want, runs)
	}
}

// A caller whose context ends while another runs is in doubt, even when the key has
// changed hands meanwhile.
func TestOnceEndsWaiting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := new(state.Memory)
		go func() {
			_, _ = state.Once(t.Context(), store, "key", func(context.Context) (int, error) {
				time.Sleep(5 * time.Second)
				return 0, state.ErrNotDone
			})
		}()
		synctest.Wait()
		got, err := state.Once(t.Context(), store, "key", func(context.Context) (int, error) { return 2, nil })
		if got != 2 || err != nil {
			t.Errorf("after ErrNotDone one who waited: got %d and error %v, want 2", got, err)
		}
	})
}

// beaten fails a Save after another caller has claimed the key.
type beaten struct {
	state.Store
	claim func()
}

func (b *beaten) Save(ctx context.Context, key string, data []byte, version uint64, ttl time.Duration) (uint64, error) {
	b.claim()
	return 0, errStore
}

// A caller that could not claim the key does not take the claim of another away.
func TestOnceLeavesOtherClaims(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		memory := new(state.Memory)
		runs := 0
		pay := func(context.Context) (int, error) {
			runs++
			time.Sleep(5 * time.Second)
			return runs, nil
		}
		store := &beaten{memory, func() {
			go func() { _, _ = state.Once(t.Context(), memory, "key", pay) }()
			synctest.Wait()
		}}
		if _, err := state.Once(t.Context(), store, "key", pay); !errors.Is(err, errStore) || errors.Is(err, state.ErrInDoubt) {
			t.Errorf("the one that failed: got error %v", err)
		}
		if got, err := state.Once(t.Context(), memory, "key", pay); got != 1 || err != nil {
			t.Errorf("another: got %d and error %v, want 1", got, err)
		}
	})
}
