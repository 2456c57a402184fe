package webhook

import (
	"context"
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
	fallback func(payload any, err error) Reply
	notify   notifier
	later    func(Later) Accept
	receipt  string
}

func newConfig(opts []Option) config {
	c := config{maxBytes: DefaultMaxBytes, receipt: "OK"}
	c.set(opts)
	return c
}

func (c *config) set(opts []Option) {
	for _, o := range opts {
		o.apply(c)
		if n, ok := o.(notifier); ok {
			c.notify = n
		}
	}
}

// WithOptions bundles options into one.
func WithOptions(opts ...Option) Option {
	return optionFunc(func(c *config) { c.set(opts) })
}

// WithLogger sets the logger. The handler logs a callback that it refuses as a
// warning, and one whose function fails as an error, or as a warning if the function
// returns an [Error] with a status below 300; it logs nothing for a callback that went
// well. The default is [slog.Default], asked for each record; a logger on
// [slog.DiscardHandler] turns logging off.
//
// The handler logs a payload through its LogValue method or not at all. In the text of
// an error it masks numbers of seven or more digits, also with blanks, dashes, dots,
// slashes or brackets in them, and nothing else: what the app's own errors quote is
// the app's.
func WithLogger(l *slog.Logger) Option {
	return optionFunc(func(c *config) { c.logger = l })
}

// WithMaxBytes sets how many bytes a body may have; a larger one is answered
// 413. The default is [DefaultMaxBytes]. It panics unless n is from 1 to 1 GiB.
func WithMaxBytes(n int) Option {
	if n <= 0 || n > 1<<30 {
		panic("webhook: WithMaxBytes: the limit is not one from 1 byte to 1 GiB")
	}
	return optionFunc(func(c *config) { c.maxBytes = n })
}

// WithTimeout sets the deadline for answering a callback, counted from the moment the
// handler gets it. Then the function's context expires, and if the function has not
// returned, the handler answers without it: with the reply of [WithFallback], or else
// as an error with status 503. It drops what the function returns later.
//
// The sender has the whole answer at the deadline, also behind middleware that
// compresses answers or holds them back, and when the sender itself is slow to send
// the body. There, and under HTTP/2, the function runs on a goroutine of its own. On
// net/http's own HTTP/1 writer it does not need one, nor on the writer of another
// server that sends a whole answer at a flush and says so by a method SendsAtFlush().
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

// WithErrorHandler sets the function that writes the answer to a callback that the
// handler refuses (400, 405, 413, 415) or whose function failed (500, or the status of
// the [Error] it returned). The default writes the status. Below it, it tells the
// sender why the handler itself refused the request, naming fields and never values.
// The text of any other error, such as one of an UnmarshalForm of the app's, it does
// not tell: err holds both kinds.
//
// The handler calls fn on another goroutine than the request's, which waits, and sends
// what fn wrote when fn returns: the status of err if fn wrote nothing, and a 500 if fn
// panics.
func WithErrorHandler(fn func(w http.ResponseWriter, r *http.Request, err *Error)) Option {
	return optionFunc(func(c *config) { c.onError = fn })
}

// WithRequired adds fields, by their names on the wire, that a callback must
// carry with a value; without one it is answered 400 with an error that wraps
// [ErrMissing]. The default is none beyond those that identify the callback.
// Africa's Talking leaves out what it does not have, so require no more than the
// app cannot do without: a refused callback is lost in the end.
func WithRequired(fields ...string) Option {
	return optionFunc(func(c *config) { c.required = append(c.required[:len(c.required):len(c.required)], fields...) })
}

// WithReceipt sets the body of the 200 for callbacks of which only the status counts. The
// default is "OK".
func WithReceipt(text string) Option {
	return optionFunc(func(c *config) { c.receipt = text })
}

// Observation says how one callback was answered.
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

// WithObserver sets a function that the handler calls once for each callback, after
// the answer. The default is none. The call comes before the handler returns, but for
// a callback that was answered at its deadline ([WithTimeout]): then it may come on
// another goroutine, and at any time. The handler logs a panic in fn, which goes no
// further.
func WithObserver(fn func(context.Context, Observation)) Option {
	return optionFunc(func(c *config) { c.observer = fn })
}

// WithFallback sets the reply of a [ReplyHandler] whose function returned an
// error, panicked or missed its deadline: it goes out with status 200 in place of an
// error. If fn returns nil, the handler answers the error as [Handler] would. The
// default is none; handlers in this module whose answer Africa's Talking must
// understand have one. fn must not put the error's text into the reply.
//
// An error with a method Reply() [Reply], such as a ussd.ScreenError, brings its own: fn is
// not called for it.
func WithFallback(fn func(err error) Reply) Option {
	return optionFunc(func(c *config) { c.fallback = func(_ any, err error) Reply { return fn(err) } })
}

// WithFallbackFor is [WithFallback] for a reply that depends on the callback, such as on
// the subscriber's language. T is the payload's type; fn gets its zero value for a
// callback whose deadline passed before the handler had read it.
func WithFallbackFor[T any](fn func(payload T, err error) Reply) Option {
	return optionFunc(func(c *config) {
		c.fallback = func(payload any, err error) Reply {
			p, ok := payload.(*T)
			if !ok {
				p = new(T)
			}
			return fn(*p, err)
		}
	})
}

// notifier is an Option that handles the callbacks that ask for no reply, in place of
// the handler's own function, on URLs where Africa's Talking mixes questions with
// news. The handler answers them as [Handler] does, without a fallback. Package voice
// has one, which embeds an Option.
type notifier interface {
	Option
	// Payload returns the type of the callbacks. The other methods get a pointer to one.
	Payload() reflect.Type
	IsNotification(payload any) bool
	Notify(ctx context.Context, payload any) error
	// Drops reports whether Notify does nothing.
	Drops() bool
}
