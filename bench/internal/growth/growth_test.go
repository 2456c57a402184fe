package growth

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking/bench/internal/measure"
)

// Every size is the one that it is said to be, and its work can be done.
func TestSizes(t *testing.T) {
	t.Parallel()
	for _, size := range []int{100, 250, 65_536} {
		if got := len(message(size)); got > size || got < size-2 {
			t.Errorf("a message of %d bytes has %d", size, got)
		}
		if _, err := url.ParseQuery(message(size)); err != nil {
			t.Errorf("a message of %d bytes: %v", size, err)
		}
	}
	for _, n := range []int{1, 64} {
		form, err := url.ParseQuery(fields(n))
		if err != nil || len(form) != n {
			t.Errorf("%d fields are %d, %v", n, len(form), err)
		}
	}
	for _, levels := range []int{1, 2, 50} {
		form, err := url.ParseQuery(bottom(levels))
		if err != nil || strings.Count(form.Get("text"), "1") != levels-1 {
			t.Errorf("the bottom of %d levels is %q, %v", levels, form.Get("text"), err)
		}
	}
	for _, d := range dimensions() {
		for _, size := range []int{d.sizes[0], d.sizes[2]} {
			run, err := d.work(size)
			if err == nil {
				err = run(1)
			}
			if err != nil {
				t.Errorf("%s, %d: %v", d.name, size, err)
			}
		}
	}
}

func TestRepeatRefuses(t *testing.T) {
	t.Parallel()
	if _, err := repeat(messages(), "id=1"); err == nil {
		t.Error("a callback that is refused is measured")
	}
}

func TestDimension(t *testing.T) {
	t.Parallel()
	d := dimension{"sleeping", "naps", []int{1, 2, 4, 8}, func(size int) (func(int) error, error) {
		return func(n int) error { time.Sleep(time.Duration(n*size) * 100 * time.Microsecond); return nil }, nil
	}}
	row, verdicts, err := d.measure(t.Context(), measure.Plan{Rounds: 1, Time: time.Nanosecond})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"sleeping", "1 to 8 naps"}, row[:2]); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if len(row) != 7 || len(verdicts) != 2 || verdicts[0].What != "Linear time: sleeping" || verdicts[1].What != "Linear memory: sleeping" {
		t.Errorf("got %q, %+v", row, verdicts)
	}
}

func TestCoreCounts(t *testing.T) {
	t.Parallel()
	for all, want := range map[int][]int{1: {1}, 2: {1, 2}, 6: {1, 2, 4, 6}, 8: {1, 2, 4, 8}} {
		if diff := cmp.Diff(want, coreCounts(all)); diff != "" {
			t.Errorf("%d cores (-want +got)\n%s", all, diff)
		}
	}
}
