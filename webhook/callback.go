package webhook

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"sync"
	"time"

	"github.com/sautigo/africastalking/internal/failure"
	"github.com/sautigo/africastalking/internal/redact"
)

// callback is one callback on its way from the request to the answer. It is the
// context of the function that handles it.
//
// The function and the deadline may both answer. The lock decides which comes first.
// The one that answers holds it while writing, so ServeHTTP never returns in the
// middle of an answer.
type callback struct {
	deadlineContext
	exchange exchange
	w        http.ResponseWriter
	r        *http.Request
	config   *config
	form     Form
	room     [12]span // for the form, if it is small
	header   [2]string

	answer   sync.Mutex
	answered bool
	// inPlace is set if the function runs on ServeHTTP's goroutine.
	inPlace bool
	// accepted is set once the request was read; form and payload are not valid
	// before.
	accepted bool
	// quiet is set if the callback asks for no reply: then a failure is answered
	// without the fallback.
	quiet bool
	// keeps is set if the callback is one to keep for later: then a 200 says that it was
	// kept, and a failure is never answered with one.
	keeps bool

	// before and after are neighbours in the handler's watch.
	before, after *callback
}

type formKey struct{}

// FormFrom returns the fields of the callback that ctx belongs to as Africa's Talking
// sent them, with those that the payload's type has no field for. ctx is the context
// that a handler's function got, or one derived from it. The members of a JSON object
// are its fields: strings unquoted, numbers and nested values as they were written.
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
func (c *callback) send(contentType string, body []byte, header headerMarshaler) error {
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

func (c *callback) trySend(contentType string, body []byte, header headerMarshaler) (sent bool, err error) {
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
	// A write fails when the sender has gone away.
	_, _ = c.w.Write(body)
}

// draft is an answer that an error handler writes.
type draft struct {
	header http.Header
	status int
	body   []byte
}

func (d *draft) Header() http.Header { return d.header }

func (d *draft) WriteHeader(status int) {
	if d.status == 0 && status >= 200 {
		d.status = status
	}
}

func (d *draft) Write(b []byte) (int, error) {
	d.WriteHeader(http.StatusOK)
	d.body = append(d.body, b...)
	return len(b), nil
}

// moment says when a failure is answered.
type moment int

const (
	onTime moment = iota
	// atDeadline: the deadline passed while the function runs aside, and ServeHTTP
	// returns after the answer.
	atDeadline
	// beforeReturn: the deadline passed while the function runs in place, so
	// ServeHTTP goes on after the answer. Flush it and close the connection: the
	// sender must not put another callback on it.
	beforeReturn
	// exiting: the app ends the goroutine.
	exiting
)

func (c *callback) deadlineError() error {
	return fmt.Errorf("webhook: no answer within %v: %w", c.config.timeout, context.DeadlineExceeded)
}

// fail answers a callback whose function gave no answer, with the fallback's reply or
// else with an error. It never panics: it also runs on goroutines where a panic would
// end the process.
func (c *callback) fail(cause error, when moment) {
	c.answer.Lock()
	keeps := c.keeps
	c.answer.Unlock()
	if keeps {
		cause = notKept(cause)
	}
	level := slog.LevelError
	if toError(cause).Status < 300 {
		level = slog.LevelWarn // the app gave the callback up on purpose
	}
	first := c.settle("callback failed", level, cause, when, func() (status int, err error) {
		if c.keeps && toError(cause).Status == http.StatusServiceUnavailable {
			c.w.Header().Set("Retry-After", "5")
		}
		err = apart(func() (err error) {
			_ = safely(func() error { failure.Tell(c.parent, cause); return nil })
			status, err = c.writeFallback(cause)
			return err
		})
		if status == 0 {
			var broken error
			status, broken = c.writeError(toError(cause))
			err = cmp.Or(err, broken)
		}
		return status, err
	})
	if !first && when == onTime {
		c.log(slog.LevelWarn, "answer dropped", fmt.Errorf("%w: %w", errLate, cause))
	}
}

// refuse answers a request that never reached the function.
func (c *callback) refuse(e *Error) {
	level := slog.LevelWarn
	if e.status() >= 500 {
		level = slog.LevelError
	}
	c.settle("callback refused", level, e, onTime, func() (int, error) {
		if e.Status == http.StatusMethodNotAllowed {
			c.w.Header().Set("Allow", http.MethodPost)
		}
		return c.writeError(e)
	})
}

// settle answers a callback that was refused or failed because of cause, and reports
// whether it was first to answer. The sender comes first: settle logs and observes
// after the answer.
func (c *callback) settle(msg string, level slog.Level, cause error, when moment, write func() (int, error)) (first bool) {
	status, broken := c.answerOnce(when, write)
	if status == 0 {
		return false
	}
	c.log(level, msg, cause)
	if broken != nil {
		c.log(slog.LevelError, "answering a "+msg[len("callback "):]+" callback failed", broken)
	}
	c.observe(status, cause)
	return true
}

// answerOnce calls write, which returns the status that it answered with, unless the
// callback was answered before: then the status is zero. If write panics, the answer
// is a 500.
func (c *callback) answerOnce(when moment, write func() (int, error)) (status int, broken error) {
	c.answer.Lock()
	defer c.answer.Unlock()
	if c.answered {
		return 0, nil
	}
	c.answered = true
	// net/http reads a body to its end before it answers, unless the connection
	// closes: it would wait for a sender that has stalled.
	stalled := when == atDeadline && !c.accepted && c.r.ProtoMajor == 1
	if when == beforeReturn || when == exiting && c.inPlace || stalled {
		_ = safely(func() error { c.w.Header().Set("Connection", "close"); return nil })
	}
	broken = safely(func() (err error) { status, err = write(); return err })
	if status == 0 {
		status = http.StatusInternalServerError
		_ = safely(func() error { c.w.WriteHeader(status); return nil })
	}
	if when == beforeReturn {
		_ = safely(http.NewResponseController(c.w).Flush)
	}
	return status, broken
}

func (c *callback) flush() {
	c.answer.Lock()
	defer c.answer.Unlock()
	_ = safely(http.NewResponseController(c.w).Flush)
}

// replier is an error that brings its own reply, or nil.
type replier interface {
	error
	Reply() Reply
}

// writeFallback answers with the fallback's reply. The status is zero if there is none
// that can be sent.
func (c *callback) writeFallback(cause error) (status int, err error) {
	if c.config.fallback == nil || c.quiet || c.keeps {
		return 0, nil
	}
	var reply Reply
	if own := replier(nil); errors.As(cause, &own) {
		reply = own.Reply()
	}
	if reply == nil {
		reply = c.config.fallback(c.known(), cause)
	}
	if reply == nil {
		return 0, nil
	}
	body, err := reply.AppendText(nil)
	if header, ok := reply.(headerMarshaler); ok && err == nil {
		err = header.MarshalHeader(c.w.Header())
	}
	if err != nil {
		return 0, err
	}
	c.write(reply.ContentType(), body)
	return http.StatusOK, nil
}

// apart calls code of the app on a goroutine of its own, which that code may end, and
// returns a panic as an error.
func apart(fn func() error) error {
	err := errExited
	done := make(chan struct{})
	go func() {
		defer close(done)
		err = safely(fn)
	}()
	<-done
	return err
}

// safely calls code of the app, and returns a panic as an error.
func safely(fn func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &PanicError{v, debug.Stack()}
		}
	}()
	return fn()
}

// known returns a pointer to the payload, nil as long as it is not valid.
func (c *callback) known() any {
	if !c.accepted {
		return nil
	}
	return c.exchange.payload()
}

// accept notes that the request was read, and reports whether the callback still waits
// for an answer.
func (c *callback) accept(quiet, keeps bool) bool {
	c.answer.Lock()
	defer c.answer.Unlock()
	c.quiet, c.keeps, c.accepted = quiet, keeps, true
	return !c.answered
}

// writeError answers with an error's status. Only the engine's own refusals tell the
// sender why: they name fields and never values.
func (c *callback) writeError(e *Error) (status int, err error) {
	d := draft{header: c.w.Header()}
	status = e.status()
	switch {
	case c.config.onError != nil:
		err = apart(func() error {
			c.config.onError(&d, c.r, &Error{Status: status, Err: e.Err})
			return nil
		})
		if err != nil {
			d.status, d.body = http.StatusInternalServerError, nil
		}
	case e.own:
		http.Error(&d, e.Error(), status)
	case status >= 300:
		http.Error(&d, http.StatusText(status), status)
	}
	d.WriteHeader(status)
	if c.keeps && status >= 400 && d.status < 400 {
		d.status = status
	}
	if c.inPlace && d.status != http.StatusNoContent && d.status != http.StatusNotModified {
		// net/http ends an answer of unknown length when ServeHTTP returns, which may
		// be long after the deadline.
		d.header.Set("Content-Length", strconv.Itoa(len(d.body)))
	}
	c.w.WriteHeader(d.status)
	_, _ = c.w.Write(d.body)
	return d.status, err
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

// log writes a record. A panic in an error or a logger of the app's goes no further.
func (c *callback) log(level slog.Level, msg string, err error) {
	_ = safely(func() error {
		l := c.config.logger
		if l == nil {
			l = slog.Default()
		}
		ctx := c.parent
		if !l.Enabled(ctx, level) {
			return nil
		}
		attrs := make([]slog.Attr, 0, 4)
		attrs = append(attrs, slog.String("kind", c.config.kind), slog.String("error", redact.Digits(fmt.Sprint(err))))
		c.answer.Lock()
		payload := c.known()
		c.answer.Unlock()
		if p, ok := payload.(slog.LogValuer); ok {
			attrs = append(attrs, slog.Any("callback", p))
		}
		var p *PanicError
		if errors.As(err, &p) {
			attrs = append(attrs, slog.String("stack", string(p.Stack)))
		}
		l.LogAttrs(ctx, level, "africastalking: "+msg, attrs...)
		return nil
	})
}

func (c *callback) observe(status int, err error) {
	if c.config.observer == nil {
		return
	}
	seen := Observation{Kind: c.config.kind, Status: status, Duration: time.Since(c.start), Err: err}
	if err := safely(func() error { c.config.observer(c, seen); return nil }); err != nil {
		c.log(slog.LevelError, "observer failed", err)
	}
}
