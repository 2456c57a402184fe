package sms

import (
	"bytes"
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

// twoWayTime is how long fn may take, and after it the sending.
const twoWayTime = time.Minute

// TwoWayHandler returns a handler for the dashboard's "SMS → SMS Callback URLs →
// Incoming Messages" that replies to each message with the text that fn returns, or
// not at all if that text is blank:
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
// # What is answered and sent
//
// Africa's Talking delivers a message again, for up to 12 hours, until it is answered
// 200. TwoWayHandler remembers in the store, by m.ID, what it did, and answers
//
//   - 200 "GOOD" when there is no reply to send and when the reply was accepted;
//   - 200 "GOOD" when the reply may have been sent, because no readable answer came:
//     it is not sent again;
//   - 200 "GOOD" when the reply can never be sent: its text or the number is unusable,
//     or Africa's Talking refuses the recipient or the sender;
//   - 500 when the reply surely was not sent but may be later: no connection, a
//     refusal for now, no balance, or a status outside 2xx that refuses the request
//     as a whole, such as 401 for a wrong API key. A further delivery sends the reply
//     that fn returned the first time;
//   - 500 when fn returned an error or panicked. A further delivery runs fn again. A
//     webhook.Error of fn chooses another status;
//   - 500 when the store fails, and 503 when another delivery of the message has been
//     busy for a minute: nothing is sent;
//   - 400 "BAD" to a request that is no complete message.
//
// So fn may have effects: once it has returned a reply it does not run again for the
// message, on any machine that shares the store. If the process dies while fn runs, or
// the store fails before it has fn's reply, TwoWayHandler cannot know what fn did: it
// neither runs fn again nor replies.
//
// A reply that is given up is logged, and is the error of the observation
// (webhook.WithObserver) beside the status 200, without numbers and texts.
//
// # Who gets no reply
//
// No reply goes to a name, to a short code (a number of fewer than eight digits) or to
// the number that the message was sent to: it would reach no person, and could come
// back for ever. fn runs for such a message all the same. A machine behind an ordinary
// number is not recognized: an fn that replies to every text should not do so twice in
// a row. Opt-outs are up to fn, too; the example shows the words for them.
//
// # What it costs
//
// fn may take a minute, and after it the sending, even when the sender of the callback
// hangs up: their contexts end then. The store keeps two records a message for 24
// hours, one of them with the text of the reply. A [state.Memory] forgets them in a
// restart, and refuses further messages when it is full.
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
	// When the sender of the callback hangs up, the work goes on.
	ctx = context.WithoutCancel(ctx)
	reply, err := once(ctx, t.store, "sms.TwoWayHandler/reply/"+m.ID, func(ctx context.Context) (_ []byte, again bool, err error) {
		defer func() {
			if v := recover(); v != nil {
				again, err = true, &webhook.PanicError{Value: v, Stack: debug.Stack()}
			}
		}()
		text, err := t.fn(ctx, m)
		return []byte(text), err != nil, err // bytes: JSON changes a string that is not UTF-8
	})
	switch {
	case err != nil || len(bytes.TrimSpace(reply)) == 0:
		return err
	case !answerable(m):
		return giveUp(errors.New("the sender is a name, a short code or the number written to"))
	}
	_, err = once(ctx, t.store, "sms.TwoWayHandler/sent/"+m.ID, func(ctx context.Context) (_ struct{}, again bool, err error) {
		result, err := t.client.Send(ctx, client.Message{To: []string{m.From}, From: m.To, LinkID: m.LinkID, Text: string(reply)})
		if again = mayResend(result, err); err != nil && !again {
			err = giveUp(err)
		}
		return struct{}{}, again, err
	})
	return err
}

// once runs do at most once for a key, not counting runs that return true for again:
// they have done nothing. It returns the result of this run or of an earlier one, and
// the error of this run alone.
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

// giveUp returns an error that is logged, and answered with 200: a further delivery of
// the message would not help.
func giveUp(err error) error {
	return &webhook.Error{Status: http.StatusOK, Err: fmt.Errorf("sms: reply given up: %w", err)}
}

// mayResend reports whether a message to one recipient surely was not sent, and can be
// sent while Africa's Talking still delivers the message that it replies to.
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

// shortestNumber is the least number of digits of a subscriber's number with its
// country code. Short codes have three to six.
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
