package webhook

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"runtime/debug"
	"sync"
	"time"
)

// Handler returns a handler of callbacks of which only the status counts: it
// reads a T from the request, calls fn and answers 200 "OK", or 500 if fn returns
// an error, so that Africa's Talking may send the callback again. An [Error]
// chooses another status. A panic in fn counts as an error.
//
// T is [Event], a type that implements [FormUnmarshaler], or a struct with schema
// tags, which is decoded from a form and from JSON alike. Any other type is decoded
// from JSON by encoding/json; then only the names of the outermost object are
// checked as those of a form. Handler panics if T cannot be decoded without
// surprises, and says what to write instead. A tag that says required is checked,
// except inside the elements of a slice.
//
// The request must be a POST (else 405) with a form or a JSON object (else 415)
// within the size limit (else 413), and the payload complete (else 400): a
// repeated key, a key in another letter case than the documented one, a bad
// percent-escape, more than 64 fields, those of nested objects included, and a JSON
// key of more than 64 bytes are all refused. Unknown fields are not, and a query
// string is never read. A body with a Content-Encoding, or with a media type of more than
// 100 bytes, is answered 415.
//
// Do not call FormValue or ParseForm before the handler: net/http drops a field with
// a bad percent-escape or a ";" in it. Where the body's length shows that, the handler
// answers 400; where the length is unknown, the field is lost.
//
// The context of fn ends when the callback was answered, at the deadline, or when
// the sender goes away, whichever comes first. Work that goes on afterwards wants
// [context.WithoutCancel].
//
// The same callback may arrive twice, or at once with others: fn must be safe
// for concurrent use.
func Handler[T any](fn func(context.Context, T) error, opts ...Option) http.Handler {
	call := func(ctx context.Context, v T) (receipt, error) { return receipt{}, fn(ctx, v) }
	return newHandler(reflect.TypeFor[T](), opts, beginner(call))
}

// ReplyHandler is like [Handler] for callbacks whose answer Africa's Talking
// reads: the body is the reply that fn returns, with its content type and its
// length.
//
// Use [WithTimeout] and [WithFallback] to guarantee an answer even when fn fails or
// is slow.
func ReplyHandler[T any, R Reply](fn func(context.Context, T) (R, error), opts ...Option) http.Handler {
	return newHandler(reflect.TypeFor[T](), opts, beginner(fn))
}

func beginner[T, R any](fn func(context.Context, T) (R, error)) func() *callback {
	return func() *callback {
		x := &typed[T, R]{fn: fn}
		x.callback.exchange = x
		return &x.callback
	}
}

// handler serves the callbacks of every type. What depends on the types is behind
// exchange, so that a program does not hold this code once for each of them.
type handler struct {
	config config
	decode *decoder
	// begin makes a callback.
	begin func() *callback
	// keep is nil unless the callbacks are kept for later.
	keep  Accept
	watch watch
}

func newHandler(payload reflect.Type, opts []Option, begin func() *callback) *handler {
	h := &handler{config: newConfig(opts), decode: decoderOf(payload), begin: begin}
	h.config.kind = payload.String()
	if n := h.config.notify; n != nil && n.Payload() != payload {
		panic(fmt.Sprintf("webhook: %T is no option for handlers of %v", n, payload))
	}
	h.bind()
	return h
}

// exchange is what a callback needs to know of its types.
type exchange interface {
	// payload returns a pointer to the payload.
	payload() any
	// call calls the app's function and returns a pointer to its reply.
	call(context.Context) (reply any, err error)
	// replies reports whether the reply is read.
	replies() bool
}

// typed holds all that one callback needs, in one piece of memory.
type typed[T, R any] struct {
	callback callback
	fn       func(context.Context, T) (R, error)
	value    T
	reply    R
}

func (x *typed[T, R]) payload() any { return &x.value }

func (x *typed[T, R]) call(ctx context.Context) (reply any, err error) {
	x.reply, err = x.fn(ctx, x.value)
	return &x.reply, err
}

func (x *typed[T, R]) replies() bool {
	_, ok := any(&x.reply).(*receipt)
	return !ok
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := h.begin()
	c.parent, c.w, c.r, c.config = r.Context(), w, r, &h.config
	if c.timeout = h.config.timeout; c.timeout > 0 || h.config.observer != nil {
		c.start = time.Now()
	}
	c.form.ends = c.room[:0]
	c.keeps = h.keep != nil && h.config.notify == nil
	defer c.end()
	if sendsAtFlush(w) && h.watch.add(c) {
		c.inPlace = true
		defer h.watch.remove(c)
		h.serve(c)
	} else {
		h.serveAside(c)
	}
}

// serveAside serves on another goroutine, so that ServeHTTP can return at the
// deadline, or when the function ends its goroutine.
func (h *handler) serveAside(c *callback) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		h.serve(c)
	}()
	var deadline <-chan time.Time
	if c.timeout > 0 {
		timer := time.NewTimer(c.timeout)
		defer timer.Stop()
		deadline = timer.C
	}
	select {
	case <-done:
	case <-deadline:
		_ = apart(func() error { c.fail(c.deadlineError(), atDeadline); return nil })
	}
}

var errExited = errors.New("webhook: the app ended the goroutine")

// serve reads the callback, calls the function and answers. It does not panic.
func (h *handler) serve(c *callback) {
	returned := false
	defer func() {
		if !returned && c.inPlace {
			c.flush() // net/http drops what a goroutine wrote that the app ends
		}
	}()
	defer func() {
		if v := recover(); v != nil {
			c.fail(&PanicError{v, debug.Stack()}, onTime)
		} else if !returned {
			c.fail(errExited, exiting)
		}
	}()
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	var kept *Callback
	if h.keep != nil {
		kept = new(Callback)
	}
	e := h.decode.request(c.r, &h.config, c.exchange.payload(), &c.form, buf, kept)
	if e != nil && (kept == nil || !h.keepBroken(c, kept, e)) {
		c.refuse(e)
	} else if e == nil {
		if err := h.answer(c, buf, kept); err != nil {
			c.fail(err, onTime)
		}
	}
	returned = true
}

// buffers holds the memory that requests are read into and replies are written to.
// A buffer goes back after the reply was written: the payload must never refer to it,
// and it must never be memory of the app's.
var buffers = sync.Pool{New: func() any { b := make([]byte, 0, 1<<10); return &b }}

// putBack makes b the buffer's memory unless it has grown too large to be kept.
func putBack(buf *[]byte, b []byte) {
	if cap(b) <= 2*DefaultMaxBytes { // growing to hold one of the default size overshoots
		*buf = b
	}
}

func (h *handler) answer(c *callback, buf *[]byte, kept *Callback) error {
	payload, notify := c.exchange.payload(), h.config.notify
	quiet := notify != nil && notify.IsNotification(payload)
	keeps := kept != nil && (quiet || notify == nil)
	if !c.accept(quiet, keeps) {
		return nil
	}
	if keeps {
		if err := h.keep(c, *kept, payload, nil); err != nil {
			return err
		}
		return h.sendReceipt(c, buf)
	}
	if quiet {
		if err := notify.Notify(c, payload); err != nil {
			return err
		}
		return h.sendReceipt(c, buf)
	}
	value, err := c.exchange.call(c)
	if err != nil {
		return err
	}
	if _, ok := value.(*receipt); ok {
		return h.sendReceipt(c, buf)
	}
	// Through the pointer no copy of the reply is made; only a reply that is an
	// interface or a pointer already lacks its methods there.
	reply, ok := value.(Reply)
	if !ok {
		if reply, ok = reflect.ValueOf(value).Elem().Interface().(Reply); !ok {
			return errors.New("webhook: the reply is nil")
		}
	}
	if checker, ok := reply.(interface{ Check() error }); ok {
		if err := checker.Check(); err != nil {
			c.log(slog.LevelWarn, "doubtful reply", err)
		}
	}
	body, err := reply.AppendText((*buf)[:0])
	if err != nil {
		return err
	}
	// The body may be memory of the app's: it is not kept.
	header, _ := reply.(headerMarshaler)
	return c.send(reply.ContentType(), body, header)
}

func (h *handler) sendReceipt(c *callback, buf *[]byte) error {
	return c.send(textPlain, append((*buf)[:0], h.config.receipt...), nil)
}
