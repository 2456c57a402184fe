package measure

import (
	"math"
	"slices"
)

// Spread is what is known about a figure that was taken several times: its median
// and its quartiles.
type Spread struct{ Median, Low, High float64 }

// Summarize returns the spread of the values, which it does not change. Without
// values everything is NaN.
func Summarize(values []float64) Spread {
	sorted := slices.Sorted(slices.Values(values))
	return Spread{quantile(sorted, 0.5), quantile(sorted, 0.25), quantile(sorted, 0.75)}
}

// quantile interpolates between the two nearest of the sorted values.
func quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	at := q * float64(len(sorted)-1)
	low := int(at)
	if low+1 == len(sorted) {
		return sorted[low]
	}
	return sorted[low] + (at-float64(low))*(sorted[low+1]-sorted[low])
}

// Ratios returns the spread of over[i]/under[i]. A ratio is taken within its
// round, since what slows a machine down slows a whole round down. Both must be
// of the same length.
func Ratios(over, under []float64) Spread {
	ratios := make([]float64, len(over))
	for i := range over {
		ratios[i] = over[i] / under[i]
	}
	return Summarize(ratios)
}

// Exponent fits y = a·x^b by least squares on the logarithms and returns b: 0 is
// constant, 1 linear, 2 quadratic. It is NaN for fewer than two different x, and
// unless all are positive.
func Exponent(xs, ys []float64) float64 {
	var sx, sy, sxx, sxy float64
	n := float64(len(xs))
	for i := range xs {
		x, y := math.Log(xs[i]), math.Log(ys[i])
		sx += x
		sy += y
		sxx += x * x
		sxy += x * y
	}
	spread := n*sxx - sx*sx
	if !(spread > 1e-12) {
		return math.NaN()
	}
	b := (n*sxy - sx*sy) / spread
	if math.IsInf(b, 0) {
		return math.NaN()
	}
	return b
}
