package voice

import (
	"context"
	"net/http"
	"reflect"
	"time"

	"github.com/sautigo/africastalking/webhook"
)

// DefaultTimeout is how long a function may take to answer, unless
// [webhook.WithTimeout] sets another limit. Africa's Talking documents none.
const DefaultTimeout = 8 * time.Second

// Apology is said to a caller when the function fails or is late.
const Apology = "Sorry, something went wrong. Please call again later."

// Handler returns a handler for the callback URL of a voice number. It calls fn
// while the call is active, and answers with the XML of the [Response], status 200
// and its length. If fn returns an error, panics, takes longer than [DefaultTimeout]
// or returns an invalid response, the caller hears [Apology] and the call ends;
// [webhook.WithFallback] changes that.
//
// When the call is over, Africa's Talking posts to the same URL once more and ignores
// the answer. That callback goes to the function of [OnEnd] instead of fn.
//
// Calls of many people run at once, so fn must be safe for concurrent use. A callback
// may be delivered twice: give the same answer for the same moment of a call.
func Handler(fn func(context.Context, Call) (Response, error), opts ...webhook.Option) http.Handler {
	return webhook.ReplyHandler(fn,
		webhook.WithTimeout(DefaultTimeout),
		webhook.WithFallback(func(error) webhook.Reply { return Respond(Say{Text: Apology}) }),
		OnEnd(nil),
		webhook.WithOptions(opts...))
}

// OnEnd returns an option of [Handler] that sends fn the callbacks with
// isActive=0: the call is over, with its duration and cost. The handler answers 200
// "OK", and 500 if fn returns an error. Without OnEnd, or if fn is nil, the handler drops
// them: an app with an events URL may get them there.
//
// The callback may come to another URL than the call began at, once a [GetDigits], a
// [Record] or a [Redirect] has named one: Africa's Talking does not document it. Give
// OnEnd to the handlers of all these URLs.
func OnEnd(fn func(context.Context, Call) error) webhook.Option {
	return onEnd{webhook.WithOptions(), fn}
}

// onEnd is an option that the engine knows by its methods.
type onEnd struct {
	webhook.Option
	fn func(context.Context, Call) error
}

func (onEnd) Payload() reflect.Type           { return reflect.TypeFor[Call]() }
func (onEnd) IsNotification(payload any) bool { return !payload.(*Call).IsActive }

func (o onEnd) Drops() bool { return o.fn == nil }

func (o onEnd) Notify(ctx context.Context, payload any) error {
	if o.fn == nil {
		return nil
	}
	return o.fn(ctx, *payload.(*Call))
}

// EventHandler returns a handler for the events URL of a voice number: calls that
// are over, and call transfers ([Call.Transfer]). It answers 200 "OK", and 500 if
// fn returns an error.
func EventHandler(fn func(context.Context, Call) error, opts ...webhook.Option) http.Handler {
	return webhook.Handler(fn, opts...)
}

// Parse reads a callback or an event from a request, for apps that write their own
// handler. Its errors are those of [webhook.Parse].
func Parse(r *http.Request) (Call, error) { return webhook.Parse[Call](r) }
