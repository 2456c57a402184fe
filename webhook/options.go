package webhook

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"time"
)

// DefaultMaxBytes is the size a callback's body may have unless [WithMaxBytes]
// says otherwise: 64 KiB. The largest sample of a real one is under 1 KiB.
const DefaultMaxBytes = 64 << 10

// Option changes how a handler works. Options are applied in order; of two that
// set the same thing the later one wins.
type Option interface{ apply(*config) }

type optionFunc func(*config)

func (f optionFunc) apply(c *config) { f(c) }

type config struct {
	kind     string // of the payload
	logger   *slog.Logger
	maxBytes int
	timeout  time.Duration
	onError  func(http.ResponseWriter, *http.Request, *Error)
	required []string
	observer func(context.Context, Observation)
	fallback func(error) Reply
	notify   any
}

func newConfig(opts []Option) config {
	c := config{maxBytes: DefaultMaxBytes}
	for _, o := range opts {
		o.apply(&c)
	}
	return c
}

// WithOptions bundles options into one.
func WithOptions(opts ...Option) Option {
	return optionFunc(func(c *config) {
		for _, o := range opts {
			o.apply(c)
		}
	})
}

// WithLogger sets where refused callbacks and failed handlers are logged: the
// former as warnings, the latter as errors. Nothing is logged for a callback
// that went well. The default is [slog.Default], asked for each record; a logger
// on [slog.DiscardHandler] turns logging off.
//
// Payloads are logged through their LogValue method or not at all, and runs of
// seven or more digits in the text of an error are masked.
func WithLogger(l *slog.Logger) Option {
	return optionFunc(func(c *config) { c.logger = l })
}

// WithMaxBytes sets how many bytes a body may have; a larger one is answered
// 413. The default is [DefaultMaxBytes]. It panics unless n is positive.
func WithMaxBytes(n int) Option {
	if n <= 0 {
		panic("webhook: WithMaxBytes: the limit is not positive")
	}
	return optionFunc(func(c *config) { c.maxBytes = n })
}

// WithTimeout sets the deadline for answering a callback, counted from the
// moment the handler gets it. The function's context expires then, and if the
// function has not returned the callback is answered for it: with the reply of
// [WithFallback], or else as an error with status 503. What the function returns
// later is dropped.
//
// Zero means no deadline, which is the default of [Handler] and [ReplyHandler].
// The handlers of this module for callbacks that must be answered in time have
// a default of their own.
func WithTimeout(d time.Duration) Option {
	if d < 0 {
		panic("webhook: WithTimeout: the deadline is negative")
	}
	return optionFunc(func(c *config) { c.timeout = d })
}

// WithErrorHandler sets what writes the answer to a callback that was refused
// (400, 405, 413, 415) or whose function failed (500, or the status of the
// [Error] it returned). The default writes the status, and as the body what is
// wrong with a refused request, naming fields and never values; of a failed
// function it says nothing but the status.
//
// With [WithTimeout] it may be called on another goroutine than the request's,
// while the request's still waits.
func WithErrorHandler(fn func(w http.ResponseWriter, r *http.Request, err *Error)) Option {
	return optionFunc(func(c *config) { c.onError = fn })
}

// WithRequired adds fields, by their names on the wire, that a callback must
// carry with a value; without one it is answered 400 with an error that wraps
// [ErrMissing]. The default is none beyond those that identify the callback.
// Africa's Talking leaves out what it does not have, so require no more than the
// app cannot do without: a callback that is refused is lost in the end.
func WithRequired(fields ...string) Option {
	return optionFunc(func(c *config) { c.required = append(c.required[:len(c.required):len(c.required)], fields...) })
}

// Observation is what became of one callback.
type Observation struct {
	// Kind is the payload's type, such as "ussd.Request". It is fit for a
	// metric's label: an app has as many as it has kinds of callbacks.
	Kind string
	// Status is the HTTP status of the answer.
	Status int
	// Duration is the time from the handler's start until the answer was
	// written.
	Duration time.Duration
	// Err is why the callback was refused or failed, nil if neither. It is not
	// redacted: it may quote what the app's own errors quote.
	Err error
}

// WithObserver sets a function that is called once for each callback, after it
// was answered. The default is none. It is called before the handler returns,
// but for a callback that was answered at its deadline ([WithTimeout]): then it may
// be called on another goroutine, and at any time. A panic in it is logged and goes
// no further.
func WithObserver(fn func(context.Context, Observation)) Option {
	return optionFunc(func(c *config) { c.observer = fn })
}

// WithFallback sets the reply of a [ReplyHandler] whose function returned an
// error, panicked or missed its deadline: it goes out with status 200 in place of
// the error's. If fn returns nil, the error is answered as [Handler] would. The
// default is none; handlers in this module whose answer must be understood by
// Africa's Talking have one. fn must not put the error's text into the reply.
func WithFallback(fn func(err error) Reply) Option {
	return optionFunc(func(c *config) { c.fallback = fn })
}

// WithNotify sends the callbacks for which match reports true to fn, not to the
// handler's own function. They ask for no reply: they are answered as [Handler]
// answers, without a fallback. T must be the handler's payload type; building
// the handler panics if it is not. The default is none.
//
// It serves URLs on which Africa's Talking mixes questions with news, as on
// voice callback URLs.
func WithNotify[T any](match func(T) bool, fn func(context.Context, T) error) Option {
	return optionFunc(func(c *config) { c.notify = notify[T]{match, fn} })
}

type notify[T any] struct {
	match func(T) bool
	fn    func(context.Context, T) error
}

func notifyFor[T any](c config) notify[T] {
	if c.notify == nil {
		return notify[T]{}
	}
	n, ok := c.notify.(notify[T])
	if !ok {
		panic(fmt.Sprintf("webhook: WithNotify is for another payload than %v", reflect.TypeFor[T]()))
	}
	return n
}
