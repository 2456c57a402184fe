package inbox

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Event is something that happened to a delivery.
type Event struct {
	// Name is that of the handler. It is fit for a metric's label.
	Name    string
	Key     string
	Outcome Outcome
	// Attempt is the one that has ended; 0 for a callback that has just arrived.
	Attempt int
	// Wait is the time from when the callback arrived until this attempt began, 0 for one
	// that has just arrived.
	Wait time.Duration
	// Duration is how long storing took, or the attempt.
	Duration time.Duration
	// Err is why, nil if nothing went wrong. Its text is masked as a log is. It wraps the
	// error of the function, for errors.Is and errors.As.
	Err error
}

// Outcome says what happened to a delivery.
type Outcome string

// The outcomes. A callback that arrives is accepted, a duplicate, refused, or dead if it
// cannot be decoded; an attempt ends as processed, retried or dead.
const (
	Accepted  Outcome = "accepted"  // stored, and answered 200
	Duplicate Outcome = "duplicate" // stored before, and answered 200
	Refused   Outcome = "refused"   // not stored, and answered 503
	Processed Outcome = "processed" // handled
	Retried   Outcome = "retried"   // failed, to be tried again
	Dead      Outcome = "dead"      // a dead letter
)

// WithObserver sets a function that the inbox calls for each [Event], before the callback
// is answered or the result is noted. The default is none. The inbox logs a panic in fn,
// which goes no further.
func WithObserver(fn func(context.Context, Event)) Option {
	return func(c *config) { c.observer = fn }
}

// mask returns an error whose text is fit to be stored, and which can be examined without a
// panic: methods of the app's error may panic, as those of a nil pointer do, and engines
// examine it in goroutines where a panic ends the process.
func mask(err error) error { return &maskedError{err} }

type maskedError struct{ err error }

func (e *maskedError) Error() string { return reason(e.err) }

func (e *maskedError) Is(target error) (is bool) {
	defer func() { _ = recover() }()
	return errors.Is(e.err, target)
}

func (e *maskedError) As(target any) (found bool) {
	defer func() { _ = recover() }()
	return errors.As(e.err, target)
}

// rates counts the outcomes of the last hour.
type rates struct {
	mu      sync.Mutex
	minutes [60]minute
}

type minute struct {
	start  int64 // in minutes since 1970
	counts map[Outcome]int
}

func (r *rates) count(now time.Time, o Outcome) {
	start := now.Unix() / 60
	r.mu.Lock()
	defer r.mu.Unlock()
	m := &r.minutes[start%60]
	if m.start != start || m.counts == nil {
		*m = minute{start, map[Outcome]int{}}
	}
	m.counts[o]++
}

// last returns the counts of the last n minutes, 60 at most, the current one included.
func (r *rates) last(now time.Time, n int64) map[Outcome]int {
	end := now.Unix() / 60
	sum := map[Outcome]int{}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, m := range r.minutes {
		if m.counts == nil || m.start <= end-n || m.start > end {
			continue
		}
		for o, count := range m.counts {
			sum[o] += count
		}
	}
	return sum
}
