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
	// accepted is set once the request was read; form and payload are not to be
	// looked at before.
	accepted bool
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
		c.answer.Lock()
		defer c.answer.Unlock()
		if !c.accepted {
			return nil
		}
		return c.form
	}
	return c.deadlineContext.Value(key)
}

// send writes a reply with status 200 unless the callback was answered before.
func (c *callback) send(contentType string, body []byte, header HeaderMarshaler) error {
	sent, err := c.trySend(contentType, body, header)
	switch {
	case err != nil:
		return err
	case !sent:
		c.log(slog.LevelWarn, "answer dropped", errLate)
	default:
		c.observe(http.StatusOK, nil)
	}
	return nil
}

func (c *callback) trySend(contentType string, body []byte, header HeaderMarshaler) (sent bool, err error) {
	c.answer.Lock()
	defer c.answer.Unlock()
	if c.answered {
		return false, nil
	}
	if header != nil {
		if err := header.MarshalHeader(c.w.Header()); err != nil {
			return false, err
		}
	}
	c.answered = true
	c.write(contentType, body)
	return true, nil
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
// reply or else with an error. It never panics: it also runs on goroutines where
// that would end the process.
//
// The sender comes first: only once it has its answer is the failure logged and
// observed.
func (c *callback) fail(cause error, when moment) {
	status, broken, first := c.answerFailure(cause, when)
	if !first {
		if when == onTime {
			c.log(slog.LevelWarn, "answer dropped", lateError{cause})
		}
		return
	}
	c.log(slog.LevelError, "callback failed", cause)
	if broken != nil {
		c.log(slog.LevelError, "answering a failed callback failed", broken)
	}
	c.observe(status, cause)
}

// lateError is errLate with what the function has returned.
type lateError struct{ cause error }

func (e lateError) Error() string   { return errLate.Error() + ": " + e.cause.Error() }
func (e lateError) Unwrap() []error { return []error{errLate, e.cause} }

// answerFailure writes the answer unless the callback was answered before. What
// goes wrong while doing so comes back as broken.
func (c *callback) answerFailure(cause error, when moment) (status int, broken error, first bool) {
	c.answer.Lock()
	defer c.answer.Unlock()
	if c.answered {
		return 0, nil, false
	}
	c.answered = true
	if when == beforeReturn {
		defer func() { _ = safely(func() { _ = http.NewResponseController(c.w).Flush() }) }()
	}
	var unusable error // the fallback's reply
	broken = safely(func() {
		if when == beforeReturn {
			// The connection stays taken until the function returns: the
			// sender must not put another callback on it.
			c.w.Header().Set("Connection", "close")
		}
		if c.config.fallback == nil || c.quiet {
			return
		}
		reply := c.config.fallback(cause)
		if reply == nil {
			return
		}
		body, err := reply.AppendText(nil)
		if header, ok := reply.(HeaderMarshaler); ok && err == nil {
			err = header.MarshalHeader(c.w.Header())
		}
		if err != nil {
			unusable = err
			return
		}
		c.write(reply.ContentType(), body)
		status = http.StatusOK
	})
	if broken == nil {
		broken = unusable
	}
	if status != 0 {
		return status, broken, true
	}
	if err := safely(func() { status = c.writeError(toError(cause), false) }); err != nil {
		broken, status = err, http.StatusInternalServerError
		_ = safely(func() { c.w.WriteHeader(status) })
	}
	return status, broken, true
}

// safely calls what the app has a part in, and returns a panic as an error.
func safely(fn func()) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &PanicError{v, debug.Stack()}
		}
	}()
	fn()
	return nil
}

// accept notes what is known once the request was read, and reports whether it
// still waits for an answer.
func (c *callback) accept(payload slog.LogValuer, quiet bool) bool {
	c.answer.Lock()
	defer c.answer.Unlock()
	c.payload, c.quiet, c.accepted = payload, quiet, true
	return !c.answered
}

// refuse answers a request that never reached the function.
func (c *callback) refuse(e *Error) {
	status, broken, first := c.answerRefusal(e)
	if !first {
		return
	}
	level := slog.LevelWarn
	if e.Status >= 500 {
		level = slog.LevelError
	}
	c.log(level, "callback refused", e)
	if broken != nil {
		c.log(slog.LevelError, "answering a refused callback failed", broken)
	}
	c.observe(status, e)
}

func (c *callback) answerRefusal(e *Error) (status int, broken error, first bool) {
	c.answer.Lock()
	defer c.answer.Unlock()
	if c.answered {
		return 0, nil, false
	}
	c.answered = true
	if e.Status == http.StatusMethodNotAllowed {
		c.w.Header().Set("Allow", http.MethodPost)
	}
	if broken = safely(func() { status = c.writeError(e, e.Status < 500) }); broken != nil {
		status = http.StatusInternalServerError
		_ = safely(func() { c.w.WriteHeader(status) })
	}
	return status, broken, true
}

// writeError answers with an error's status. Only the engine's own errors may
// tell the sender what is wrong: they name fields and never values.
func (c *callback) writeError(e *Error, tell bool) (status int) {
	status = e.status()
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
	return status
}

// toError returns the error that answers a function's failure.
func toError(cause error) *Error {
	var e *Error
	switch {
	case errors.As(cause, &e) && e != nil:
		return &Error{Status: e.status(), Err: cause}
	case errors.Is(cause, context.DeadlineExceeded):
		return &Error{Status: http.StatusServiceUnavailable, Err: cause}
	}
	return &Error{Status: http.StatusInternalServerError, Err: cause}
}

// log writes a record. Neither an error nor a logger of the app's can break
// anything here.
func (c *callback) log(level slog.Level, msg string, err error) {
	_ = safely(func() {
		l := c.config.logger
		if l == nil {
			l = slog.Default()
		}
		ctx := c.parent
		if !l.Enabled(ctx, level) {
			return
		}
		attrs := make([]slog.Attr, 0, 4)
		attrs = append(attrs, slog.String("kind", c.config.kind), slog.String("error", redact.Digits(textOf(err))))
		if p := c.known(); p != nil {
			attrs = append(attrs, slog.Any("callback", p))
		}
		var p *PanicError
		if errors.As(err, &p) {
			attrs = append(attrs, slog.String("stack", string(p.Stack)))
		}
		l.LogAttrs(ctx, level, "africastalking: "+msg, attrs...)
	})
}

// textOf returns an error's text even if that panics, as a nil pointer in an error
// does.
func textOf(err error) (text string) {
	if broken := safely(func() { text = err.Error() }); broken != nil {
		return fmt.Sprintf("error of type %T", err)
	}
	return text
}

// known returns the payload once there is one to log.
func (c *callback) known() slog.LogValuer {
	c.answer.Lock()
	defer c.answer.Unlock()
	return c.payload
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
