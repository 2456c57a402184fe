package sms

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"
	"time"
	"unicode"

	"github.com/sautigo/africastalking/client"
	"github.com/sautigo/africastalking/state"
	"github.com/sautigo/africastalking/webhook"
)

// twoWayTime is how long fn may take, and after it the sending, although the
// sender of the callback has hung up.
const twoWayTime = time.Minute

// TwoWayHandler returns a handler for the dashboard's "SMS → SMS Callback URLs →
// Incoming Messages" that replies to each message with the text that fn returns, or
// not at all if that text is empty:
//
//	var store state.Memory
//	http.Handle("/sms", sms.TwoWayHandler(client.New(username, key), &store,
//		func(ctx context.Context, m sms.IncomingMessage) (string, error) {
//			return "You wrote: " + m.Text, nil
//		}))
//
// The reply goes to m.From, from the code or number in m.To, and with m.LinkID if the
// message is an on-demand premium one.
//
// Africa's Talking delivers a message again, for up to 12 hours, until it is answered
// 200. TwoWayHandler remembers by m.ID what it did, in the store and on as many
// machines as share that, and answers
//
//   - 200 "GOOD" when there is no reply to send, when the reply was accepted, when
//     it can never be sent (the text or the number is unusable, or Africa's Talking
//     refuses the recipient or the sender), and when it may have been sent: no reply
//     is sent twice;
//   - 500 when fn returned an error or panicked: a further delivery runs fn again;
//   - 500 when the reply surely was not sent but may be later: no connection, a
//     refusal for now, a lack of balance, or an answer outside 2xx that refuses the
//     request as a whole, as for a wrong API key. A further delivery sends the reply
//     that fn returned the first time. It does not run fn;
//   - 500 when the store fails: nothing is sent;
//   - 400 "BAD" to a request that is no complete message.
//
// So fn may have effects: once it returned a reply it does not run again for the
// message, even if the process dies before the reply is sent. If the process dies
// while fn runs, or the store loses the answer of fn, TwoWayHandler cannot know what
// fn did, and does neither run it again nor reply. A webhook.Error of fn chooses
// another status than 500.
//
// No reply is sent to a sender that is a name or a short code (fewer than eight
// digits), or the number that the message was sent to: it would reach no person, and
// could come back for ever. Fn runs for such a message all the same. Machines that
// have an ordinary number are for fn to recognize.
//
// A reply that is given up is logged, and is the error of the observation
// (webhook.WithObserver) beside the status 200. Neither shows a number or a text.
//
// The contexts of fn and of the sending do not end when the sender of the callback
// hangs up, but after a minute each. The store keeps two records a message for 24
// hours, one of them with the text of the reply; with a [state.Memory] a restart
// forgets them.
//
// TwoWayHandler panics if c, store or fn is nil, or if [client.Client.Err] reports
// an error. The options are those of [IncomingMessageHandler].
func TwoWayHandler(c *client.Client, store state.Store, fn func(context.Context, IncomingMessage) (reply string, err error), opts ...webhook.Option) http.Handler {
	switch {
	case c == nil:
		panic("sms: TwoWayHandler: the client is nil")
	case c.Err() != nil:
		panic("sms: TwoWayHandler: " + c.Err().Error())
	case store == nil:
		panic("sms: TwoWayHandler: the store is nil")
	case fn == nil:
		panic("sms: TwoWayHandler: the function is nil")
	}
	t := twoWay{c, store, fn}
	return IncomingMessageHandler(t.receive, opts...)
}

type twoWay struct {
	client *client.Client
	store  state.Store
	fn     func(context.Context, IncomingMessage) (string, error)
}

func (t *twoWay) receive(ctx context.Context, m IncomingMessage) error {
	// The sender of the callback may hang up, which must not leave it half done.
	ctx = context.WithoutCancel(ctx)
	reply, err := once(ctx, t.store, "sms/reply/"+m.ID, func(ctx context.Context) (_ []byte, again bool, err error) {
		defer func() {
			if v := recover(); v != nil {
				again, err = true, &webhook.PanicError{Value: v, Stack: debug.Stack()}
			}
		}()
		text, err := t.fn(ctx, m)
		return []byte(text), err != nil, err // bytes: JSON changes a string that is not UTF-8
	})
	switch {
	case err != nil || len(reply) == 0:
		return err
	case !answerable(m):
		return giveUp(errors.New("the sender is a name, a short code or the number written to"))
	}
	_, err = once(ctx, t.store, "sms/sent/"+m.ID, func(ctx context.Context) (_ struct{}, again bool, err error) {
		result, err := t.client.Send(ctx, client.Message{To: []string{m.From}, From: m.To, LinkID: m.LinkID, Text: string(reply)})
		if again = mayResend(result, err); err != nil && !again {
			err = giveUp(err)
		}
		return struct{}{}, again, err
	})
	return err
}

// once runs do at most once for a key, but for runs that return again, which have
// done nothing. It returns the result of this delivery's run or of an earlier one, but
// only this delivery's error.
func once[T any](ctx context.Context, store state.Store, key string, do func(context.Context) (v T, again bool, err error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, twoWayTime)
	defer cancel()
	var own error
	v, err := state.Once(ctx, store, key, func(ctx context.Context) (v T, err error) {
		var again bool
		if v, again, own = do(ctx); again {
			err = state.ErrNotDone
		}
		return v, err
	})
	switch {
	case own != nil:
		err = own
	case errors.Is(err, state.ErrInDoubt) && !errors.Is(err, context.DeadlineExceeded):
		err = giveUp(err)
	}
	return v, err
}

// giveUp returns the error for a message that is answered as if all were well: Africa's
// Talking need not deliver it again.
func giveUp(err error) error {
	return &webhook.Error{Status: http.StatusOK, Err: fmt.Errorf("sms: reply given up: %w", err)}
}

// mayResend reports whether a message to one recipient surely was not sent, and may be
// before Africa's Talking stops delivering the message that it replies to.
func mayResend(result client.Result, err error) bool {
	if errors.Is(err, client.ErrInvalid) || len(result.Recipients) != 1 {
		return false
	}
	switch r := result.Recipients[0]; r.Outcome {
	case client.NotSent, client.Transient:
		return true
	case client.Refused:
		// The operator can mend a key, a proxy and a balance.
		var status *client.HTTPError
		return errors.As(err, &status) || r.StatusCode == client.StatusInsufficientBalance
	}
	return false
}

// shortestNumber is how many digits a subscriber's number has at least, with its
// country code. No short code is known that has as many.
const shortestNumber = 8

// answerable reports whether a reply to m would reach a person.
func answerable(m IncomingMessage) bool {
	from, to := digits(m.From), digits(m.To)
	if len(from) < shortestNumber || strings.ContainsFunc(m.From, unicode.IsLetter) {
		return false
	}
	// One of them may lack the country code.
	return len(to) < shortestNumber || !strings.HasSuffix(from, to) && !strings.HasSuffix(to, from)
}

// digits returns the digits of a number without the zeros in front, which take the
// place of a country code or come before it.
func digits(number string) string {
	return strings.TrimLeft(strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, number), "0")
}
