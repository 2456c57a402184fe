package webhook

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"sync"
	"time"

	"github.com/sautigo/africastalking/internal/redact"
)

// callback is one callback on its way from the request to the answer. It is the
// context of the function that handles it.
//
// At the deadline the watch answers in the function's place. The lock decides who
// comes first and is held while writing, so that ServeHTTP never returns while
// somebody still writes.
type callback struct {
	deadlineContext
	w      http.ResponseWriter
	r      *http.Request
	config *config
	form   Form
	room   [12]span // for the form, if it is small
	header [2]string

	answer   sync.Mutex
	answered bool
	// quiet is set if the callback asks for no reply: then no fallback makes
	// up for a failure.
	quiet   bool
	payload slog.LogValuer

	// before and after are neighbours in the handler's watch.
	before, after *callback
	watched       bool
}

type formKey struct{}

// FormFrom returns the fields of the callback that ctx belongs to as they were
// sent, those that the payload's type has no place for included. ctx is the
// context that a handler's function got, or one derived from it. The members of
// a JSON object are its fields: strings unquoted, numbers and nested values as
// they were written.
func FormFrom(ctx context.Context) (Form, bool) {
	f, ok := ctx.Value(formKey{}).(Form)
	return f, ok
}

// Value answers for the callback's own key before the request's context.
func (c *callback) Value(key any) any {
	if key == (formKey{}) {
		return c.form
	}
	return c.deadlineContext.Value(key)
}

// send writes a reply with status 200 unless the callback was answered before.
func (c *callback) send(contentType string, body []byte, header HeaderMarshaler) error {
	c.answer.Lock()
	defer c.answer.Unlock()
	if c.answered {
		c.log(slog.LevelWarn, "answer dropped", errLate)
		return nil
	}
	if header != nil {
		if err := header.MarshalHeader(c.w.Header()); err != nil {
			return err
		}
	}
	c.answered = true
	c.write(contentType, body)
	c.observe(http.StatusOK, nil)
	return nil
}

var errLate = errors.New("webhook: the function returned after its deadline")

func (c *callback) write(contentType string, body []byte) {
	h := c.w.Header()
	c.header = [2]string{contentType, strconv.Itoa(len(body))}
	h["Content-Type"] = c.header[0:1:1]
	h["Content-Length"] = c.header[1:2:2]
	c.w.WriteHeader(http.StatusOK)
	// A write fails when the sender has gone, and then there is nobody to tell.
	_, _ = c.w.Write(body)
}

// moment says when a failure is answered.
type moment int

const (
	onTime moment = iota
	// atDeadline is when the function has not returned.
	atDeadline
	// beforeReturn is the same while ServeHTTP has not returned either.
	beforeReturn
)

// expire answers at the deadline, in ServeHTTP's place.
func (c *callback) expire() { c.fail(c.deadlineError(), atDeadline) }

// expireEarly answers at the deadline while ServeHTTP still runs.
func (c *callback) expireEarly() { c.fail(c.deadlineError(), beforeReturn) }

func (c *callback) deadlineError() error {
	return fmt.Errorf("webhook: no answer within %v: %w", c.config.timeout, context.DeadlineExceeded)
}

// fail answers a callback whose function gave no answer, with the fallback's
// reply or else with an error. It never panics: it also runs on a timer's
// goroutine, where that would end the process.
func (c *callback) fail(cause error, when moment) {
	c.answer.Lock()
	defer c.answer.Unlock()
	if c.answered {
		if when == onTime {
			c.log(slog.LevelWarn, "answer dropped", fmt.Errorf("%w: %w", errLate, cause))
		}
		return
	}
	c.answered = true
	defer func() {
		if v := recover(); v != nil {
			c.log(slog.LevelError, "answering a failed callback failed", &PanicError{v, debug.Stack()})
			c.w.WriteHeader(http.StatusInternalServerError)
			c.observe(http.StatusInternalServerError, cause)
		}
	}()
	c.log(slog.LevelError, "callback failed", cause)
	if when == beforeReturn {
		// The connection stays taken until the function returns: the sender
		// must not put another callback on it.
		c.w.Header().Set("Connection", "close")
		defer func() { _ = http.NewResponseController(c.w).Flush() }()
	}
	if c.config.fallback != nil && !c.quiet {
		if reply := c.config.fallback(cause); reply != nil {
			body, err := reply.AppendText(nil)
			if header, ok := reply.(HeaderMarshaler); ok && err == nil {
				err = header.MarshalHeader(c.w.Header())
			}
			if err == nil {
				c.write(reply.ContentType(), body)
				c.observe(http.StatusOK, cause)
				return
			}
			c.log(slog.LevelError, "fallback failed", err)
		}
	}
	c.writeError(toError(cause), false)
}

// accept notes what is known once the request was read, and reports whether it
// still waits for an answer.
func (c *callback) accept(payload slog.LogValuer, quiet bool) bool {
	c.answer.Lock()
	defer c.answer.Unlock()
	c.payload, c.quiet = payload, quiet
	return !c.answered
}

// refuse answers a request that never reached the function.
func (c *callback) refuse(e *Error) {
	c.answer.Lock()
	defer c.answer.Unlock()
	if c.answered {
		return
	}
	c.answered = true
	level := slog.LevelWarn
	if e.Status >= 500 {
		level = slog.LevelError
	}
	c.log(level, "callback refused", e)
	if e.Status == http.StatusMethodNotAllowed {
		c.w.Header().Set("Allow", http.MethodPost)
	}
	c.writeError(e, e.Status < 500)
}

// writeError answers with an error's status. Only the engine's own errors may
// tell the sender what is wrong: they name fields and never values.
func (c *callback) writeError(e *Error, tell bool) {
	status := e.status()
	switch {
	case c.config.onError != nil:
		c.config.onError(c.w, c.r, &Error{Status: status, Err: e.Err})
	case tell:
		http.Error(c.w, e.Error(), status)
	case status < 300:
		c.w.WriteHeader(status)
	default:
		http.Error(c.w, http.StatusText(status), status)
	}
	c.observe(status, e)
}

// toError returns the error that answers a function's failure.
func toError(cause error) *Error {
	var e *Error
	switch {
	case errors.As(cause, &e):
		return &Error{Status: e.status(), Err: cause}
	case errors.Is(cause, context.DeadlineExceeded):
		return &Error{Status: http.StatusServiceUnavailable, Err: cause}
	}
	return &Error{Status: http.StatusInternalServerError, Err: cause}
}

func (c *callback) log(level slog.Level, msg string, err error) {
	l := c.config.logger
	if l == nil {
		l = slog.Default()
	}
	ctx := c.parent
	if !l.Enabled(ctx, level) {
		return
	}
	attrs := make([]slog.Attr, 0, 4)
	attrs = append(attrs, slog.String("kind", c.config.kind), slog.String("error", redact.Digits(err.Error())))
	if c.payload != nil {
		attrs = append(attrs, slog.Any("callback", c.payload))
	}
	var p *PanicError
	if errors.As(err, &p) {
		attrs = append(attrs, slog.String("stack", string(p.Stack)))
	}
	l.LogAttrs(ctx, level, "africastalking: "+msg, attrs...)
}

func (c *callback) observe(status int, err error) {
	if c.config.observer == nil {
		return
	}
	defer func() {
		if v := recover(); v != nil {
			c.log(slog.LevelError, "observer failed", &PanicError{v, debug.Stack()})
		}
	}()
	c.config.observer(c, Observation{Kind: c.config.kind, Status: status, Duration: time.Since(c.start), Err: err})
}
