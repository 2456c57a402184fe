package internal_test

import (
	"context"
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking/internal/record"
	"github.com/sautigo/africastalking/state"
)

func TestRecordKey(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`^[a-z-]+-[0-9a-f]{40}$`)
	seen := map[string][]string{}
	for _, parts := range [][]string{
		{"once"},
		{"once", ""},
		{"once", "", ""},
		{"once", "+254711000001"},
		{"once", "+254711000001", ""},
		{"once", "", "+254711000001"},
		{"once", "+2547110000", "01"},
		{"once", "+254711000001-1"},
		{"once", "+254711000001", "1"},
		{"update", "+254711000001"},
		{"session", "+254711000001"},
		{"once", "\x0d+254711000001"},
		{"once", "é"},
		{"once", "e\u0301"},
		{"once", "a"},
		{"once", "A"},
		{"once", strings.Repeat("k", 10_000)},
		{"once", strings.Repeat("k", 10_001)},
	} {
		key := record.Key(parts[0], parts[1:]...)
		if !form.MatchString(key) || !strings.HasPrefix(key, parts[0]+"-") || key != record.Key(parts[0], parts[1:]...) {
			t.Errorf("%q: got key %q", parts, key)
		}
		if other := seen[key]; other != nil {
			t.Errorf("%q and %q have one key", parts, other)
		}
		seen[key] = parts
	}
}

type account struct{ Phone string }

func TestRecordUnreadable(t *testing.T) {
	t.Parallel()
	for _, data := range []string{"", "{", `"+254711000001"`, `{"Phone":254711000001}`, "\xff"} {
		store := new(state.Memory)
		if _, err := store.Save(t.Context(), "key", []byte(data), 0, time.Hour); err != nil {
			t.Fatal(err)
		}
		_, err := record.Update(t.Context(), store, "key", time.Hour, func(*account) (bool, error) {
			t.Error("called")
			return true, nil
		})
		if !errors.Is(err, record.ErrUnreadable) || strings.Contains(err.Error(), "711000001") {
			t.Errorf("record %q: got error %v, want ErrUnreadable without the number", data, err)
		}
	}
}

func TestRecordUpdateEncodes(t *testing.T) {
	t.Parallel()
	_, err := record.Update(t.Context(), new(state.Memory), "key", time.Hour, func(f *func()) (bool, error) {
		*f = func() {}
		return true, nil
	})
	var unsupported *json.UnsupportedTypeError
	if !errors.As(err, &unsupported) {
		t.Errorf("got error %v, want one of encoding/json", err)
	}
}

// The pauses grow, and end with the context.
func TestRecordUpdateWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		began := time.Now()
		calls := 0
		_, err := record.Update(ctx, new(state.Memory), "key", time.Hour, func(*int) (bool, error) {
			calls++
			return true, record.ErrWait
		})
		if !errors.Is(err, record.ErrWait) || !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Minute {
			t.Errorf("got error %v after %v", err, time.Since(began))
		}
		// Between 125 and 375 ms each, but for the first.
		if calls < 160 || calls > 500 {
			t.Errorf("looked %d times in a minute", calls)
		}
	})
}

// An unchanged record is not saved, and its version is returned.
func TestRecordUpdateLeaves(t *testing.T) {
	t.Parallel()
	store := new(state.Memory)
	want, err := store.Save(t.Context(), "key", []byte("7"), 0, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	got, err := record.Update(t.Context(), store, "key", time.Hour, func(n *int) (bool, error) {
		*n = 8
		return false, nil
	})
	data, version, _ := store.Load(t.Context(), "key")
	if err != nil || got != want || version != want || string(data) != "7" {
		t.Errorf("got version %d and error %v; the store has %q with version %d", got, err, data, version)
	}
}

// saver records when it was called, and fails while the given context is alive.
type saver struct {
	state.Memory
	saves []bool // whether the context had ended
	fail  error
}

func (s *saver) Save(ctx context.Context, key string, data []byte, version uint64, ttl time.Duration) (uint64, error) {
	s.saves = append(s.saves, ctx.Err() != nil)
	if s.fail != nil {
		time.Sleep(2 * time.Second)
		if _, ok := ctx.Deadline(); !ok || ctx.Err() != nil {
			return 0, s.fail
		}
	}
	return s.Memory.Save(ctx, key, data, version, ttl)
}

func TestRecordCommit(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	for name, test := range map[string]struct {
		timeout time.Duration // of the caller; 0 means ended, negative none
		fail    error
		version uint64
		saves   int
		err     error
	}{
		"in time":          {timeout: time.Minute, saves: 1},
		"context ended":    {timeout: 0, saves: 1},
		"ends meanwhile":   {timeout: time.Second, fail: context.DeadlineExceeded, saves: 2},
		"store is down":    {timeout: -1, fail: broken, saves: 1, err: broken},
		"somebody was":     {timeout: time.Minute, version: 7, saves: 1, err: record.ErrVersion},
		"ended and faster": {timeout: 0, version: 7, saves: 1, err: record.ErrVersion},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx := t.Context()
				if test.timeout >= 0 {
					c, cancel := context.WithTimeout(ctx, test.timeout)
					defer cancel()
					ctx = c
				}
				store := &saver{fail: test.fail}
				err := record.Commit(ctx, store, "key", 5, test.version, time.Hour)
				if !errors.Is(err, test.err) || (err == nil) != (test.err == nil) {
					t.Errorf("got error %v, want %v", err, test.err)
				}
				if diff := cmp.Diff(make([]bool, test.saves), store.saves); diff != "" {
					t.Errorf("saves with an ended context (-want +got):\n%s", diff)
				}
				if data, _, _ := store.Load(t.Context(), "key"); (string(data) == "5") != (test.err == nil) {
					t.Errorf("the store has %q", data)
				}
			})
		})
	}
}

func TestRecordLeaseEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for name, test := range map[string]struct{ timeout, want time.Duration }{
			"no deadline": {0, time.Minute},
			"USSD":        {8 * time.Second, 38 * time.Second},
			"long":        {time.Hour, 15 * time.Minute},
			"over":        {-time.Second, 29 * time.Second},
		} {
			ctx := t.Context()
			if test.timeout != 0 {
				c, cancel := context.WithTimeout(ctx, test.timeout)
				defer cancel()
				ctx = c
			}
			if got := time.Duration(record.LeaseEnd(ctx)-time.Now().UnixMilli()) * time.Millisecond; got != test.want {
				t.Errorf("%s: ends in %v, want %v", name, got, test.want)
			}
		}
	})
}
