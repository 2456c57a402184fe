package sms

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/sautigo/africastalking/internal/enum"
	"github.com/sautigo/africastalking/internal/redact"
	"github.com/sautigo/africastalking/webhook"
)

// Subscription says that a subscriber joined or left a premium product (Safaricom
// only). PhoneNumber, ShortCode and UpdateType are always set. It carries neither
// an ID nor a date: joining, leaving and joining again looks like a repeat.
type Subscription struct {
	PhoneNumber string `schema:"phoneNumber"`
	ShortCode   string `schema:"shortCode"`
	// Keyword is the product's, if it has one.
	Keyword    string     `schema:"keyword"`
	UpdateType UpdateType `schema:"updateType"`
}

// UpdateType says what happened to a subscription. Africa's Talking spells the
// known values in two letter cases; both equal the constants here. The set is open:
// unknown values are passed on as they came.
type UpdateType string

// The documented values (premium subscription notifications).
const (
	Addition UpdateType = "addition"
	Deletion UpdateType = "deletion"
)

// UnmarshalText folds the letter case of the known values.
func (u *UpdateType) UnmarshalText(text []byte) error {
	*u = enum.Fold(string(text), Addition, Deletion)
	return nil
}

// SubscriptionHandler returns a handler for the dashboard's "SMS → SMS Callback
// URLs → Subscription Notifications". It answers 200 "OK", and 500 if fn returns
// an error.
func SubscriptionHandler(fn func(context.Context, Subscription) error, opts ...webhook.Option) http.Handler {
	return webhook.Handler(fn, opts...)
}

// ParseSubscription reads a subscription change from a request, for handlers of
// one's own. Its errors are those of [webhook.Parse].
func ParseSubscription(r *http.Request) (Subscription, error) {
	return webhook.Parse[Subscription](r)
}

// UnmarshalForm implements [webhook.FormUnmarshaler].
func (s *Subscription) UnmarshalForm(f webhook.Form) error {
	r := f.Fields()
	v := Subscription{
		PhoneNumber: r.Required("phoneNumber"),
		ShortCode:   r.Required("shortCode"),
		Keyword:     r.Optional("keyword"),
		UpdateType:  enum.Fold(r.Required("updateType"), Addition, Deletion),
	}
	if err := r.Err(); err != nil {
		return err
	}
	*s = v
	return nil
}

// LogValue hides the phone number. The short code and the keyword are the app's own
// and shown, unless they hold a number that is as long as a subscriber's.
func (s Subscription) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("phoneNumber", redact.Phone(s.PhoneNumber)),
		slog.String("shortCode", redact.Digits(s.ShortCode)),
		slog.String("keyword", redact.Digits(s.Keyword)),
		slog.String("updateType", redact.Digits(string(s.UpdateType))),
	)
}

// String returns what LogValue shows, so %v, %+v and %s mask what a log would. %#v
// prints everything.
func (s Subscription) String() string { return redact.String(s) }
