package ussd

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/sautigo/africastalking/webhook"
)

// DefaultTimeout is how long a function may take to answer a hop unless
// [webhook.WithTimeout] says otherwise: 8 s. Africa's Talking gives up after 10.
const DefaultTimeout = 8 * time.Second

// Apology is the text that ends a session whose function gave no screen. It invites to no
// other try, because what the subscriber asked for may have been done.
const Apology = "Sorry, we could not finish this. Please check before you try again."

// Handler returns a handler for the callback URL of a USSD service code. It asks
// fn for the screen that answers a hop and always answers a well-formed request
// with 200: if fn returns an error, panics, takes longer than [DefaultTimeout], or
// returns a screen that cannot be sent, the session ends with [Apology], never
// with the error's text. A [ScreenError] shows its own screen. For another text:
//
//	webhook.WithFallbackFor(func(r ussd.Request, _ error) webhook.Reply { return ussd.End(sorry(r.PhoneNumber)) })
//
// Fn must be safe for concurrent use: a hop may be delivered twice. What fn has done by the
// time of an error or of the deadline stays done: what must happen once goes through
// [Questions.ThenOnce], or through [state.Once] under [Request.HopID].
func Handler(fn func(context.Context, Request) (Response, error), opts ...webhook.Option) http.Handler {
	return webhook.ReplyHandler(func(ctx context.Context, r Request) (Response, error) {
		res, err := fn(ctx, r)
		if err == nil {
			return res, nil
		}
		// Above, stop would be allocated for each hop.
		if stop := (*ScreenError)(nil); errors.As(err, &stop) && stop.Err == nil {
			return stop.Screen, nil
		}
		return res, err
	},
		webhook.WithTimeout(DefaultTimeout),
		webhook.WithFallback(func(error) webhook.Reply { return End(Apology) }),
		webhook.WithOptions(opts...))
}

// Parse reads a hop from a request, for handlers of one's own. Its errors are
// those of [webhook.Parse].
func Parse(r *http.Request) (Request, error) { return webhook.Parse[Request](r) }
