package webhook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"runtime/debug"
)

// Callback is a callback as it was received: enough to handle it later, in another
// process and by another version of the program. It holds everything that was sent,
// phone numbers and texts included: do not log it.
type Callback struct {
	// MediaType is the body's, without parameters.
	MediaType string
	Body      []byte
}

// Identifier is a payload that says which callback it is: two callbacks of one handler
// with the same Identity are the same one, sent twice. Identity must stay the same from
// version to version of the program. An empty one means that the callback has none.
//
// The payloads of this module that Africa's Talking sends with an ID implement it.
type Identifier interface{ Identity() string }

// ErrUndecodable is wrapped by the errors of [Later] for a callback that cannot be decoded.
var ErrUndecodable = errors.New("webhook: kept callback cannot be decoded")

// WithLater makes a handler keep callbacks instead of handling them. It decodes each as
// always and calls what bind returned. If that returns nil, the handler answers as if the
// function had; if it returns an error, the handler answers 503 with a Retry-After, or
// the status of an [Error] if that is 400 or more. Bind is called once, when the handler
// is built.
//
// What was not kept is never answered 200: the handler does not use [WithFallback] for
// what it is to keep, and if the function of [WithErrorHandler] writes a status below 400
// in place of a higher one, the handler answers the higher one.
//
// Only what asks for no reply can be kept. Building a [ReplyHandler] panics, unless it is
// a voice.Handler with voice.OnEnd: that keeps the ends of calls and answers the rest as
// always. Building also panics for a payload that reads headers, for they are not kept.
//
// Package inbox is made from it.
func WithLater(bind func(Later) Accept) Option {
	return optionFunc(func(c *config) {
		if c.later != nil {
			panic("webhook: WithLater: the handler has this option already")
		}
		c.later = bind
	})
}

// Accept keeps a callback, which it may hold on to. Payload is a pointer to what was
// decoded, and ctx holds the fields for [FormFrom].
//
// A callback that cannot be decoded comes with a nil payload and with the error that it
// would be refused with. Accept returns that error as it is to have it refused.
type Accept func(ctx context.Context, c Callback, payload any, err error) error

// Later is the half of a handler that [WithLater] leaves for later. Its functions are safe
// for concurrent use.
type Later struct {
	// Kind is the payload's type, as in [Observation].
	Kind string
	// Payload is the same as a type.
	Payload reflect.Type
	// Logger is the one of [WithLogger], nil if there is none.
	Logger *slog.Logger
	// Decode returns a pointer to the payload of a callback. If it cannot be decoded, or
	// not any more, the error wraps [ErrUndecodable].
	Decode func(Callback) (payload any, err error)
	// Handle decodes a callback and calls the handler's function, in whose context
	// [FormFrom] works. It logs nothing. A panic comes back as a [*PanicError]. If the
	// callback cannot be decoded, the payload is nil and the error as that of Decode.
	Handle func(ctx context.Context, c Callback) (payload any, err error)
}

// bind makes the handler one that keeps callbacks, if it is to.
func (h *handler) bind() {
	if h.config.later == nil {
		return
	}
	c, notify := h.begin(), h.config.notify
	switch {
	case notify != nil && notify.Drops():
		panic(fmt.Sprintf("webhook: %s has no function for what could be kept for later: Africa's Talking reads the other answers", h.config.kind))
	case notify == nil && c.exchange.replies():
		panic(fmt.Sprintf("webhook: %s cannot be kept for later: Africa's Talking reads the answer", h.config.kind))
	}
	payload := reflect.TypeOf(c.exchange.payload()).Elem()
	if readsHeader(payload) {
		panic(fmt.Sprintf("webhook: %s cannot be kept for later: it reads headers, which are not kept", h.config.kind))
	}
	h.keep = h.config.later(Later{
		Kind: h.config.kind, Payload: payload, Logger: h.config.logger,
		Decode: func(kept Callback) (any, error) {
			c := h.begin()
			defer c.end()
			return h.decodeKept(c, kept)
		},
		Handle: h.handleKept,
	})
}

// keepBroken keeps a callback that cannot be decoded because of e and answers. It reports
// false if the callback is to be refused as always.
func (h *handler) keepBroken(c *callback, kept *Callback, e *Error) bool {
	if kept.Body == nil || e.status() < 400 || h.config.notify != nil {
		return false // it was not read, or the app took it, or it may ask for a reply
	}
	err := h.keep(c, *kept, nil, e)
	if own, ok := err.(*Error); ok && own == e {
		return false
	}
	if err == nil {
		err = c.send(textPlain, []byte(h.config.receipt), nil)
	}
	if err != nil {
		c.fail(err, onTime)
	}
	return true
}

// notKept returns the error for a callback that was not kept.
func notKept(err error) error {
	var chosen *Error
	if errors.As(err, &chosen) && chosen != nil && chosen.status() >= 400 {
		return err
	}
	return &Error{Status: http.StatusServiceUnavailable, Err: err}
}

// decodeKept decodes a callback that was kept, and returns a pointer to its payload.
func (h *handler) decodeKept(c *callback, kept Callback) (payload any, err error) {
	c.parent, c.config = context.Background(), &h.config
	c.form.ends = c.room[:0]
	defer func() {
		if v := recover(); v != nil {
			err = &PanicError{v, debug.Stack()}
		}
		if err != nil {
			payload, err = nil, fmt.Errorf("%w: %w", ErrUndecodable, err)
		}
	}()
	name, kind := parseMediaType(kept.MediaType)
	if !h.decode.takes(kind) {
		return nil, errors.New("its media type is not one that this callback comes in")
	}
	payload = c.exchange.payload()
	return payload, h.decode.payload(http.Header{}, bytes.Clone(kept.Body), name, kind, &h.config, payload, &c.form)
}

func (h *handler) handleKept(ctx context.Context, kept Callback) (payload any, err error) {
	c := h.begin()
	defer c.end()
	if payload, err = h.decodeKept(c, kept); err != nil {
		return nil, err
	}
	c.parent = ctx
	notify := h.config.notify
	if notify != nil && !notify.IsNotification(payload) {
		return nil, fmt.Errorf("%w: it asks for a reply now", ErrUndecodable)
	}
	c.accept(true, false)
	return payload, apart(func() (err error) {
		if notify != nil {
			return notify.Notify(c, payload)
		}
		_, err = c.exchange.call(c)
		return err
	})
}
