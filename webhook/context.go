package webhook

import (
	"context"
	"sync"
	"time"
)

// deadlineContext is a context.WithDeadline that is made when somebody first
// waits for it: most functions never do, and then the callback is spared what it
// costs.
type deadlineContext struct {
	parent  context.Context
	start   time.Time
	timeout time.Duration // zero: no deadline of its own

	mu    sync.Mutex
	ended bool
	std   *stdContext
}

type stdContext struct {
	context.Context
	cancel context.CancelFunc
}

// made returns the standard context behind c. Children that are derived from c
// find it through Value and attach to it directly.
func (c *deadlineContext) made() context.Context {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.std == nil {
		c.std = new(stdContext)
		if c.timeout == 0 {
			c.std.Context, c.std.cancel = context.WithCancel(c.parent)
		} else {
			c.std.Context, c.std.cancel = context.WithDeadline(c.parent, c.start.Add(c.timeout))
		}
		if c.ended {
			c.std.cancel()
		}
	}
	return c.std.Context
}

// end cancels c, as net/http cancels a request's context once it was answered.
func (c *deadlineContext) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true
	if c.std != nil {
		c.std.cancel()
	}
}

func (c *deadlineContext) Deadline() (time.Time, bool) {
	d, ok := c.parent.Deadline()
	if own := c.start.Add(c.timeout); c.timeout > 0 && (!ok || own.Before(d)) {
		return own, true
	}
	return d, ok
}

func (c *deadlineContext) Done() <-chan struct{} { return c.made().Done() }

func (c *deadlineContext) Err() error { return c.made().Err() }

func (c *deadlineContext) Value(key any) any {
	c.mu.Lock()
	std := c.std
	c.mu.Unlock()
	if std == nil {
		return c.parent.Value(key)
	}
	return std.Context.Value(key)
}
