package atsqlite

import (
	"sync"
	"time"
)

// clock is the time in milliseconds that everything in the file goes by. It never goes
// back: it goes on with the time that passes, and with the machine's clock when that is
// ahead.
type clock struct {
	wall   func() time.Time
	passed func() time.Duration // monotonic

	mu   sync.Mutex
	now  time.Duration // since 1970
	last time.Duration // what passed was then
}

// startClock returns a clock that is not before a time that a process before this one saw.
func startClock(stored int64) *clock {
	began := time.Now()
	return &clock{
		wall:   time.Now,
		passed: func() time.Duration { return time.Since(began) },
		now:    time.Duration(stored) * time.Millisecond,
	}
}

func (c *clock) ms() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	passed := c.passed()
	c.now += passed - c.last
	c.last = passed
	c.now = max(c.now, time.Duration(c.wall().UnixNano()))
	return c.now.Milliseconds()
}

// roundUp returns d in milliseconds, never less than d is.
func roundUp(d time.Duration) int64 {
	ms := d.Milliseconds()
	if time.Duration(ms)*time.Millisecond < d {
		ms++
	}
	return ms
}
