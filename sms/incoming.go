package sms

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/internal/redact"
	"github.com/sautigo/africastalking/webhook"
)

// IncomingMessage is a message that a subscriber sent to one of the app's short
// codes or numbers. ID, From and To are always set.
type IncomingMessage struct {
	// ID identifies the message: the same ID again is the same message again.
	// Its form is not fixed.
	ID string `schema:"id"`
	// Date is when the message was sent, in UTC. It is zero if it was missing or
	// in an unknown form.
	Date time.Time `schema:"date"`
	// From is the sender: a phone number such as "+254711000001", rarely a
	// name such as "MTN" or a short code.
	From string `schema:"from"`
	// To is the short code or number that the message was sent to.
	To string `schema:"to"`
	// Text is the whole text, the keyword included. It may be empty.
	Text string `schema:"text"`
	// LinkID ties the reply to an on-demand premium message; pass it on when
	// replying. Other messages have none: Africa's Talking then leaves linkId out,
	// or writes nothing, None or 0 (the last two observed on a live short code).
	// An app that cannot do without takes webhook.WithRequired("linkId").
	LinkID string `schema:"linkId"`
	// Cost is what the message cost, such as RWF 50.00. Africa's Talking
	// documents the form without saying who pays, and was observed to write None;
	// then, and where it is missing, Cost is zero.
	Cost africastalking.Money `schema:"cost"`
	// NetworkCode is the sender's network. The sandbox leaves it out.
	NetworkCode africastalking.Network `schema:"networkCode"`
}

// IncomingMessageHandler returns a handler for the dashboard's "SMS → SMS
// Callback URLs → Incoming Messages". It answers 200 "GOOD", and "BAD" with 400
// to a request that is no complete message.
//
// Africa's Talking sends a message again until it is answered 200, for up to 12
// hours (help centre, article 742510), so fn may see an ID twice, and an error
// of fn, answered 500, is a request to try again. Africa's Talking does not read the
// answer's body: [TwoWayHandler] replies to the sender.
func IncomingMessageHandler(fn func(context.Context, IncomingMessage) error, opts ...webhook.Option) http.Handler {
	return webhook.Handler(fn, webhook.WithReceipt("GOOD"), webhook.WithErrorHandler(answerError), webhook.WithOptions(opts...))
}

// ParseIncomingMessage reads an incoming message from a request, for handlers of
// one's own. Its errors are those of [webhook.Parse].
func ParseIncomingMessage(r *http.Request) (IncomingMessage, error) {
	return webhook.Parse[IncomingMessage](r)
}

// answerError answers the statuses for which Africa's Talking has a word with that.
func answerError(w http.ResponseWriter, _ *http.Request, err *webhook.Error) {
	word := map[int]string{http.StatusOK: "GOOD", http.StatusBadRequest: "BAD"}[err.Status]
	if word == "" {
		http.Error(w, http.StatusText(err.Status), err.Status)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(word)))
	w.WriteHeader(err.Status)
	_, _ = io.WriteString(w, word)
}

// UnmarshalForm implements [webhook.FormUnmarshaler].
func (m *IncomingMessage) UnmarshalForm(f webhook.Form) error {
	r := f.Fields()
	v := IncomingMessage{
		ID:          r.RequiredID("id"),
		Date:        r.Time("date"),
		From:        r.Required("from"),
		To:          r.Required("to"),
		Text:        r.Text("text"),
		LinkID:      r.ID("linkId"),
		Cost:        r.Money("cost"),
		NetworkCode: r.Network("networkCode"),
	}
	if err := r.Err(); err != nil {
		return err
	}
	*m = v
	return nil
}

// Identity implements [webhook.Identifier].
func (m IncomingMessage) Identity() string { return m.ID }

// LogValue hides the sender, the text, the link ID, and a recipient that is not a
// short code.
func (m IncomingMessage) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("id", m.ID),
		slog.String("from", redact.Phone(m.From)),
		slog.String("to", redact.Digits(m.To)),
		slog.String("text", redact.Text(m.Text)),
		slog.String("networkCode", redact.Digits(string(m.NetworkCode))),
	)
}

// String returns what LogValue shows, so %v, %+v and %s mask what a log would. %#v
// prints everything.
func (m IncomingMessage) String() string { return redact.String(m) }
