// Package measure times programs side by side: in rounds, one after the other and
// each round beginning with another one, so that whatever else the machine is
// doing meets all of them alike. Only ratios within a round mean something.
package measure

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"time"
)

// Contender is one of those that are measured side by side.
type Contender struct {
	Name string
	// Run does the work n times. An error ends the measurement.
	Run func(n int) error
}

// Sample is what one operation cost in one round.
type Sample struct {
	Nanos, Allocs, Bytes float64
}

// Series holds a contender's samples, one for each round.
type Series struct {
	Name    string
	Samples []Sample
}

// Nanos returns the time of an operation in each round.
func (s Series) Nanos() []float64 {
	return s.each(func(x Sample) float64 { return x.Nanos })
}

// Allocs returns how often an operation allocates: the median of the rounds,
// rounded down as package testing does.
func (s Series) Allocs() float64 {
	return math.Floor(Summarize(s.each(func(x Sample) float64 { return x.Allocs })).Median)
}

// Bytes returns how much an operation allocates, the median of the rounds.
func (s Series) Bytes() float64 {
	return Summarize(s.each(func(x Sample) float64 { return x.Bytes })).Median
}

func (s Series) each(of func(Sample) float64) []float64 {
	out := make([]float64, len(s.Samples))
	for i, x := range s.Samples {
		out[i] = of(x)
	}
	return out
}

// Plan says how long to measure.
type Plan struct {
	// Rounds is how many samples each contender gives.
	Rounds int
	// Time is how long a sample takes, about.
	Time time.Duration
	// Log is told what is being done; nil is nobody.
	Log func(format string, args ...any)
}

// Logf tells Log.
func (p Plan) Logf(format string, args ...any) {
	if p.Log != nil {
		p.Log(format, args...)
	}
}

// Interleaved measures the contenders and returns their series in the same order.
func Interleaved(ctx context.Context, p Plan, contenders []Contender) ([]Series, error) {
	series := make([]Series, len(contenders))
	counts := make([]int, len(contenders))
	for i, c := range contenders {
		n, err := calibrate(c, p.Time)
		if err != nil {
			return nil, err
		}
		series[i], counts[i] = Series{Name: c.Name}, n
	}
	err := Rounds(ctx, p.Rounds, len(contenders), func(i int) error {
		s, err := sample(contenders[i], counts[i])
		series[i].Samples = append(series[i].Samples, s)
		return err
	})
	return series, err
}

// Rounds calls fn for each of n contenders in each round, beginning with another
// one in each. It ends with fn's first error, and when ctx does.
func Rounds(ctx context.Context, rounds, n int, fn func(contender int) error) error {
	for round := range rounds {
		for i := range n {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := fn((round + i) % n); err != nil {
				return err
			}
		}
	}
	return nil
}

// calibrate returns how many operations take about as long as a sample should.
// What it runs also warms the contender up.
func calibrate(c Contender, d time.Duration) (int, error) {
	n := 1
	for {
		start := time.Now()
		if err := c.Run(n); err != nil {
			return 0, fmt.Errorf("%s: %w", c.Name, err)
		}
		took := max(time.Since(start), time.Microsecond)
		fits := max(1, int(float64(n)*float64(d)/float64(took)))
		if took >= d/2 || fits <= n {
			return fits, nil
		}
		n = min(fits, 100*n)
	}
}

func sample(c Contender, n int) (Sample, error) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	start := time.Now()
	err := c.Run(n)
	took := time.Since(start)
	runtime.ReadMemStats(&after)
	if err != nil {
		return Sample{}, fmt.Errorf("%s: %w", c.Name, err)
	}
	per := float64(n)
	return Sample{
		Nanos:  float64(took) / per,
		Allocs: float64(after.Mallocs-before.Mallocs) / per,
		Bytes:  float64(after.TotalAlloc-before.TotalAlloc) / per,
	}, nil
}
