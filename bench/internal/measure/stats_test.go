package measure_test

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/sautigo/africastalking/bench/internal/measure"
)

var nan = math.NaN()

func TestSummarize(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		values []float64
		want   measure.Spread
	}{
		{"none", nil, measure.Spread{Median: nan, Low: nan, High: nan}},
		{"one", []float64{7}, measure.Spread{Median: 7, Low: 7, High: 7}},
		{"odd", []float64{5, 1, 3, 2, 4}, measure.Spread{Median: 3, Low: 2, High: 4}},
		{"even", []float64{4, 1, 3, 2}, measure.Spread{Median: 2.5, Low: 1.75, High: 3.25}},
		{"one is far off", []float64{1, 1, 1, 1, 1000}, measure.Spread{Median: 1, Low: 1, High: 1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			before := append([]float64(nil), tt.values...)
			if diff := cmp.Diff(tt.want, measure.Summarize(tt.values), cmpopts.EquateNaNs()); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if diff := cmp.Diff(before, tt.values); diff != "" {
				t.Errorf("the values were changed (-want +got)\n%s", diff)
			}
		})
	}
}

// The second round was twice as slow for both: the ratio is the same.
func TestRatios(t *testing.T) {
	t.Parallel()
	got := measure.Ratios([]float64{10, 20, 10, 40}, []float64{20, 40, 20, 40})
	if diff := cmp.Diff(measure.Spread{Median: 0.5, Low: 0.5, High: 0.625}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestExponent(t *testing.T) {
	t.Parallel()
	xs := []float64{1, 10, 100, 1000}
	of := func(f func(x float64) float64) []float64 {
		var ys []float64
		for _, x := range xs {
			ys = append(ys, f(x))
		}
		return ys
	}
	for _, tt := range []struct {
		name   string
		xs, ys []float64
		want   float64
	}{
		{"constant", xs, of(func(float64) float64 { return 5 }), 0},
		{"linear", xs, of(func(x float64) float64 { return 3 * x }), 1},
		{"quadratic", xs, of(func(x float64) float64 { return x * x / 7 }), 2},
		{"root", xs, of(math.Sqrt), 0.5},
		{"one size", []float64{8, 8}, []float64{1, 2}, nan},
		{"nothing", nil, nil, nan},
		{"a zero", []float64{1, 2, 3}, []float64{0, 1, 2}, nan},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, measure.Exponent(tt.xs, tt.ys), cmpopts.EquateNaNs(), cmpopts.EquateApprox(0, 1e-9)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
