package airtime

import (
	"context"
	"log/slog"
	"net/http"
	"strconv"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/internal/enum"
	"github.com/sautigo/africastalking/internal/redact"
	"github.com/sautigo/africastalking/webhook"
)

// Status says what became of one recipient's airtime. RequestID and Outcome are
// always set; older accounts get nothing else.
type Status struct {
	// RequestID is the one in the reply of the call that sent the airtime.
	RequestID   string               `schema:"requestId"`
	Outcome     Outcome              `schema:"status"`
	PhoneNumber string               `schema:"phoneNumber"`
	Description string               `schema:"description"`
	Value       africastalking.Money `schema:"value"`
	Discount    africastalking.Money `schema:"discount"`
}

// Outcome is what became of the airtime. The documented values are final. The set
// is open: unknown values are passed on as they came.
type Outcome string

// The documented values (airtime status notifications).
const (
	Success Outcome = "Success"
	Failure Outcome = "Failed"
)

// UnmarshalText folds the letter case of the documented values.
func (o *Outcome) UnmarshalText(text []byte) error {
	*o = enum.Fold(string(text), Success, Failure)
	return nil
}

// StatusHandler returns a handler for the dashboard's "Airtime → Airtime Callback
// URLs → Status". It answers 200 "OK", and 500 if fn returns an error. It takes
// JSON, as Africa's Talking sends now, and the form of older samples.
func StatusHandler(fn func(context.Context, Status) error, opts ...webhook.Option) http.Handler {
	return webhook.Handler(fn, opts...)
}

// ParseStatus reads a status from a request, for handlers of one's own. Its errors
// are those of [webhook.Parse].
func ParseStatus(r *http.Request) (Status, error) { return webhook.Parse[Status](r) }

// UnmarshalForm implements [webhook.FormUnmarshaler].
func (s *Status) UnmarshalForm(f webhook.Form) error {
	r := f.Fields()
	v := Status{
		RequestID:   r.RequiredID("requestId"),
		Outcome:     enum.Fold(r.Required("status"), Success, Failure),
		PhoneNumber: r.Optional("phoneNumber"),
		Description: r.Optional("description"),
		Value:       r.Money("value"),
		Discount:    r.Money("discount"),
	}
	if err := r.Err(); err != nil {
		return err
	}
	*s = v
	return nil
}

// Identity implements [webhook.Identifier]: airtime has a callback for each outcome.
func (s Status) Identity() string { return strconv.Quote(s.RequestID) + " " + string(s.Outcome) }

// LogValue hides the recipient.
func (s Status) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("requestId", s.RequestID),
		slog.String("status", redact.Digits(string(s.Outcome))),
		slog.String("phoneNumber", redact.Phone(s.PhoneNumber)),
		slog.String("value", s.Value.String()),
	)
}

// String returns what LogValue shows, so %v, %+v and %s mask what a log would. %#v
// prints everything.
func (s Status) String() string { return redact.String(s) }
