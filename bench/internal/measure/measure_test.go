package measure_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking/bench/internal/measure"
)

func sleeper(name string, d time.Duration) measure.Contender {
	return measure.Contender{Name: name, Run: func(n int) error {
		time.Sleep(time.Duration(n) * d)
		return nil
	}}
}

func TestInterleaved(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		series, err := measure.Interleaved(t.Context(), measure.Plan{Rounds: 4, Time: 100 * time.Millisecond},
			[]measure.Contender{sleeper("fast", time.Millisecond), sleeper("slow", 4*time.Millisecond), sleeper("slower than a sample", time.Second)})
		if err != nil {
			t.Fatal(err)
		}
		got := map[string][]float64{}
		for _, s := range series {
			got[s.Name] = s.Nanos()
		}
		want := map[string][]float64{
			"fast":                 {1e6, 1e6, 1e6, 1e6},
			"slow":                 {4e6, 4e6, 4e6, 4e6},
			"slower than a sample": {1e9, 1e9, 1e9, 1e9},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
		// Calibrating costs each about as much as a sample more.
		if took := time.Since(start); took < 4*1200*time.Millisecond || took > 6*1200*time.Millisecond {
			t.Errorf("measuring took %v", took)
		}
	})
}

func TestInterleavedCountsAllocations(t *testing.T) {
	var kept []*[1 << 10]byte
	series, err := measure.Interleaved(t.Context(), measure.Plan{Rounds: 3, Time: 100 * time.Microsecond}, []measure.Contender{
		{Name: "two", Run: func(n int) error {
			for range n {
				kept = append(kept[:0], new([1 << 10]byte), new([1 << 10]byte))
			}
			return nil
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := series[0].Allocs(); got != 2 {
		t.Errorf("got %v allocations, want 2", got)
	}
	if got := series[0].Bytes(); got < 2<<10 || got > 3<<10 {
		t.Errorf("got %v bytes, want about 2048", got)
	}
}

func TestInterleavedFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	for _, tt := range []struct {
		name string
		fail int // the call of Run that fails
	}{{"while calibrating", 1}, {"while measuring", 3}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			calls := 0
			_, err := measure.Interleaved(t.Context(), measure.Plan{Rounds: 5, Time: time.Nanosecond}, []measure.Contender{
				{Name: "it", Run: func(int) error {
					if calls++; calls == tt.fail {
						return broken
					}
					return nil
				}},
			})
			if !errors.Is(err, broken) || err.Error() != "it: broken" {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestRoundsRotate(t *testing.T) {
	t.Parallel()
	var got []int
	err := measure.Rounds(t.Context(), 4, 3, func(i int) error { got = append(got, i); return nil })
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int{0, 1, 2, 1, 2, 0, 2, 0, 1, 0, 1, 2}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestRoundsEndWithTheContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	calls := 0
	err := measure.Rounds(ctx, 10, 2, func(int) error {
		if calls++; calls == 3 {
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) || calls != 3 {
		t.Errorf("got %v after %d calls", err, calls)
	}
}
