package sms

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/sautigo/africastalking/internal/redact"
	"github.com/sautigo/africastalking/webhook"
)

// OptOut says that a subscriber wants no more bulk messages from a sender. Both
// fields are always set. It carries neither an ID nor a date, so a second, genuine
// opt-out looks like the first one sent again: do not drop it as a duplicate, but
// handle it so that twice does no harm.
type OptOut struct {
	// SenderID is the short code or the name that the messages came from.
	SenderID    string `schema:"senderId"`
	PhoneNumber string `schema:"phoneNumber"`
}

// OptOutHandler returns a handler for the dashboard's "SMS → SMS Callback URLs →
// Bulk SMS Opt Out". It answers 200 "OK", and 500 if fn returns an error.
func OptOutHandler(fn func(context.Context, OptOut) error, opts ...webhook.Option) http.Handler {
	return webhook.Handler(fn, opts...)
}

// ParseOptOut reads an opt-out from a request, for handlers of one's own. Its
// errors are those of [webhook.Parse].
func ParseOptOut(r *http.Request) (OptOut, error) { return webhook.Parse[OptOut](r) }

// UnmarshalForm implements [webhook.FormUnmarshaler].
func (o *OptOut) UnmarshalForm(f webhook.Form) error {
	r := f.Fields()
	v := OptOut{
		SenderID:    r.RequiredID("senderId"),
		PhoneNumber: r.Required("phoneNumber"),
	}
	if err := r.Err(); err != nil {
		return err
	}
	*o = v
	return nil
}

// LogValue hides the phone number, and a sender that is one.
func (o OptOut) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("senderId", redact.Digits(o.SenderID)),
		slog.String("phoneNumber", redact.Phone(o.PhoneNumber)),
	)
}

// String returns what LogValue shows, so %v, %+v and %s mask what a log would. %#v
// prints everything.
func (o OptOut) String() string { return redact.String(o) }
