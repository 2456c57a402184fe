package voice

import (
	"context"
	"net/http"
	"time"

	"github.com/sautigo/africastalking/webhook"
)

// DefaultTimeout is how long a function may take to answer unless
// [webhook.WithTimeout] says otherwise: 8 s. Africa's Talking documents no limit.
const DefaultTimeout = 8 * time.Second

// Apology is what a caller hears when the function gave no answer.
const Apology = "Sorry, something went wrong. Please call again later."

// Handler returns a handler for the callback URL of a voice number. It asks fn
// what to do as long as the call is active, and answers with the XML of the
// [Response], status 200 and its length. If fn returns an error, panics, takes
// longer than [DefaultTimeout] or returns a response that cannot be sent, the
// caller hears [Apology] and the call ends; [webhook.WithFallback] changes that.
//
// When the call is over, Africa's Talking posts to the same URL once more, which
// asks for nothing: fn does not see it. [OnEnd] does.
//
// Calls of many people run at once, and a callback may be delivered twice: fn must
// be safe for concurrent use. For the same moment of a call give the same answer.
func Handler(fn func(context.Context, Call) (Response, error), opts ...webhook.Option) http.Handler {
	return webhook.ReplyHandler(fn,
		webhook.WithTimeout(DefaultTimeout),
		webhook.WithFallback(func(error) webhook.Reply { return Respond(Say{Text: Apology}) }),
		OnEnd(func(context.Context, Call) error { return nil }),
		webhook.WithOptions(opts...))
}

// OnEnd returns an option of [Handler] that sends fn the callbacks with
// isActive=0: the call is over, with its duration and cost. They are answered 200
// "OK", and 500 if fn returns an error. The default drops them: an app with an
// events URL may get them there.
func OnEnd(fn func(context.Context, Call) error) webhook.Option {
	return onEnd{webhook.WithOptions(), fn}
}

// onEnd is an option that the engine knows by its methods.
type onEnd struct {
	webhook.Option
	fn func(context.Context, Call) error
}

func (onEnd) IsNotification(c Call) bool                 { return !c.IsActive }
func (o onEnd) Notify(ctx context.Context, c Call) error { return o.fn(ctx, c) }

// EventHandler returns a handler for the events URL of a voice number: calls that
// are over, and call transfers ([Call.Transfer]). It answers 200 "OK", and 500 if
// fn returns an error; the answer asks for nothing.
func EventHandler(fn func(context.Context, Call) error, opts ...webhook.Option) http.Handler {
	return webhook.Handler(fn, opts...)
}

// Parse reads a callback or an event from a request, for handlers of one's own. Its
// errors are those of [webhook.Parse].
func Parse(r *http.Request) (Call, error) { return webhook.Parse[Call](r) }
