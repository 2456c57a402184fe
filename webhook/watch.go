package webhook

import (
	"sync"
	"time"
)

// watch ends the callbacks of one handler that have reached their deadline. All
// have the same time, so they reach it in the order in which they came, and one
// timer, set for the first of them, serves all.
//
// The timer outlives the callback it was set for; most of the time it finds
// nothing to do. That is what makes a deadline cheap.
type watch struct {
	mu          sync.Mutex
	first, last *callback
	set         bool
}

// add begins to watch c.
func (w *watch) add(c *callback) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if c.before = w.last; c.before != nil {
		c.before.after = c
	} else {
		w.first = c
	}
	w.last = c
	c.watched = true
	if !w.set {
		w.set = true
		time.AfterFunc(c.timeout, w.ring)
	}
}

// remove ends watching c.
func (w *watch) remove(c *callback) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.unlink(c)
}

func (w *watch) unlink(c *callback) {
	if !c.watched {
		return
	}
	if c.before != nil {
		c.before.after = c.after
	} else {
		w.first = c.after
	}
	if c.after != nil {
		c.after.before = c.before
	} else {
		w.last = c.before
	}
	c.before, c.after, c.watched = nil, nil, false
}

// ring ends the callbacks that are due and sets the timer for the next. Each ends
// on a goroutine of its own: a sender that does not read must hold up nobody.
func (w *watch) ring() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.first != nil {
		c := w.first
		if left := c.timeout - time.Since(c.start); left > 0 {
			time.AfterFunc(left, w.ring)
			return
		}
		w.unlink(c)
		go c.expireEarly()
	}
	w.set = false
}

// isTestClock reports whether t comes from the clock of a test: testing/synctest
// begins in the year 2000. A timer belongs to the test that has set it, so the
// callbacks of two tests must not share one.
func isTestClock(t time.Time) bool {
	const year2010 = 1262304000
	return t.Unix() < year2010
}
