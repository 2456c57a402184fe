package ussd

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/internal/enum"
	"github.com/sautigo/africastalking/internal/redact"
	"github.com/sautigo/africastalking/webhook"
)

// Notification says that a session is over: only so an app learns that a subscriber has hung
// up. SessionID, PhoneNumber and Status are always set. The sandbox's simulator sends none.
type Notification struct {
	// Date is when Africa's Talking sent the notification, in UTC.
	Date        time.Time              `schema:"date"`
	SessionID   string                 `schema:"sessionId"`
	ServiceCode string                 `schema:"serviceCode"`
	NetworkCode africastalking.Network `schema:"networkCode"`
	PhoneNumber string                 `schema:"phoneNumber"`
	Status      Status                 `schema:"status"`
	// Cost is what the session cost the app. It may name no currency.
	Cost             africastalking.Money `schema:"cost"`
	DurationInMillis int                  `schema:"durationInMillis"`
	HopsCount        int                  `schema:"hopsCount"` // how many screens were asked for
	// HopsMetadata is the metadata of all hops, joined with "|".
	HopsMetadata string `schema:"hopsMetadata"`
	// Input is the text of the last hop. It holds every PIN typed in the
	// session: never log it.
	Input string `schema:"input"`
	// LastAppResponse is the last body that the app answered, such as "END …".
	LastAppResponse string `schema:"lastAppResponse"`
	// ErrorMessage says why Africa's Talking refused the app's answer if Status is
	// [Failed].
	ErrorMessage string `schema:"errorMessage"`
}

// Status says how a session ended. The set is open: decoding folds the letter case of
// the documented values, and passes on unknown ones as they came.
type Status string

// The documented values (USSD notifications).
const (
	Success    Status = "Success"    // the app ended the session
	Incomplete Status = "Incomplete" // it was dropped while an answer was expected
	Failed     Status = "Failed"     // the app's answer was bad or late
)

func status(s string) Status { return enum.Fold(s, Success, Incomplete, Failed) }

// UnmarshalText folds the letter case of the documented values.
func (s *Status) UnmarshalText(text []byte) error {
	*s = status(string(text))
	return nil
}

// NotificationHandler returns a handler for the events URL of a USSD service code,
// which must not be the one of [Handler]. It answers 200 "OK", and 500 if fn
// returns an error.
func NotificationHandler(fn func(context.Context, Notification) error, opts ...webhook.Option) http.Handler {
	return webhook.Handler(fn, opts...)
}

// ParseNotification reads a notification from a request, for handlers of one's
// own. Its errors are those of [webhook.Parse].
func ParseNotification(r *http.Request) (Notification, error) {
	return webhook.Parse[Notification](r)
}

// Duration returns how long the session took.
func (n Notification) Duration() time.Duration {
	return time.Duration(n.DurationInMillis) * time.Millisecond
}

// Hops returns the metadata of the hops, in their order; nil if none had some.
func (n Notification) Hops() []string {
	if n.HopsMetadata == "" {
		return nil
	}
	return strings.Split(n.HopsMetadata, "|")
}

// Inputs returns what the subscriber typed, hop by hop, as [Request.Inputs] does.
func (n Notification) Inputs() []string { return inputs(n.Input) }

// UnmarshalForm implements [webhook.FormUnmarshaler].
func (n *Notification) UnmarshalForm(f webhook.Form) error {
	r := f.Fields()
	v := Notification{
		Date:             r.Time("date"),
		SessionID:        r.RequiredID("sessionId"),
		ServiceCode:      r.Optional("serviceCode"),
		NetworkCode:      r.Network("networkCode"),
		PhoneNumber:      r.Required("phoneNumber"),
		Status:           status(r.Required("status")),
		Cost:             r.Money("cost"),
		DurationInMillis: r.Int("durationInMillis"),
		HopsCount:        r.Int("hopsCount"),
		HopsMetadata:     r.Optional("hopsMetadata"),
		Input:            r.Text("input"),
		LastAppResponse:  r.Text("lastAppResponse"),
		ErrorMessage:     r.Optional("errorMessage"),
	}
	if err := r.Err(); err != nil {
		return err
	}
	*n = v
	return nil
}

// Identity implements [webhook.Identifier].
func (n Notification) Identity() string { return n.SessionID }

// LogValue hides the subscriber, the code, the inputs and the screens.
func (n Notification) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("sessionId", n.SessionID),
		slog.String("phoneNumber", redact.Phone(n.PhoneNumber)),
		slog.String("status", redact.Digits(string(n.Status))),
		slog.Int("durationInMillis", n.DurationInMillis),
		slog.Int("hopsCount", n.HopsCount),
		slog.String("cost", n.Cost.String()),
	)
}

// String returns what LogValue shows, so %v, %+v and %s mask what a log would. %#v
// prints everything.
func (n Notification) String() string { return redact.String(n) }
