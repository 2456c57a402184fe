package webhook

import (
	"context"
	"net/http"
	"reflect"
	"sync"
	"time"
)

// deadlineContext is a context.WithDeadline that is created lazily: most functions
// never wait on ctx, so they do not pay for a timer and a channel.
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

// end cancels c, as net/http cancels a request's context after the answer.
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

// sendsAtFlush reports whether a flush of w sends the whole answer while ServeHTTP
// still runs. net/http's own writer for HTTP/1 does. Middleware may compress the
// answer, or hold it back, and still have Flush and Unwrap; and under HTTP/2 a stream
// ends when ServeHTTP returns. [WithTimeout] documents the method by which the writer
// of another server says that it does.
func sendsAtFlush(w http.ResponseWriter) bool {
	if _, ok := w.(interface{ SendsAtFlush() }); ok {
		return true
	}
	t := reflect.TypeOf(w)
	return t.Kind() == reflect.Pointer && t.Elem().PkgPath() == "net/http" && t.Elem().Name() == "response"
}

// watch answers the callbacks of one handler that reach their deadline. All have the
// same timeout, so they reach it in the order in which they came, and one timer, set
// for the first of them, serves all. The timer outlives the callback it was set for;
// most of the time it finds nothing to do. That makes a deadline cheap.
//
// A watch serves the callbacks of one server at a time. A timer goes by the clock of
// the goroutine that sets it, and a test in a bubble of testing/synctest has a clock
// of its own; the goroutines of one server share theirs.
type watch struct {
	mu     sync.Mutex
	server *http.Server
	// ends is no callback: first and last are the ones after and before it.
	ends callback
	set  bool
}

// add begins to watch c if c has a deadline. It reports false if it cannot: the timer
// is set for another server, or c does not come from a server.
func (w *watch) add(c *callback) bool {
	if c.timeout == 0 {
		return true
	}
	server, _ := c.parent.Value(http.ServerContextKey).(*http.Server)
	w.mu.Lock()
	defer w.mu.Unlock()
	if server == nil || w.set && server != w.server {
		return false
	}
	if w.ends.after == nil {
		w.ends.before, w.ends.after = &w.ends, &w.ends
	}
	w.server = server
	c.before, c.after = w.ends.before, &w.ends
	c.before.after, c.after.before = c, c
	if !w.set {
		w.set = true
		time.AfterFunc(c.timeout, w.ring)
	}
	return true
}

// remove ends watching c.
func (w *watch) remove(c *callback) {
	w.mu.Lock()
	defer w.mu.Unlock()
	c.unlink()
}

// unlink takes c out of its watch, if it is in one.
func (c *callback) unlink() {
	if c.after != nil {
		c.before.after, c.after.before = c.after, c.before
		c.before, c.after = nil, nil
	}
}

// ring answers the callbacks that are due and sets the timer for the next one. Each
// answer goes out on a goroutine of its own: a sender that does not read must not
// hold up the others.
func (w *watch) ring() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for c := w.ends.after; c != &w.ends; c = w.ends.after {
		if left := c.timeout - time.Since(c.start); left > 0 {
			time.AfterFunc(left, w.ring)
			return
		}
		c.unlink()
		go c.fail(c.deadlineError(), beforeReturn)
	}
	w.set = false
}
