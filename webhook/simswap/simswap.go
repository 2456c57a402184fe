// Package simswap handles the results of SIM swap queries, which tell when a
// phone number was last moved to another SIM card.
//
//	http.Handle("/sim-swap", simswap.Handler(
//		func(ctx context.Context, r simswap.Result) error {
//			return store.Complete(ctx, r.RequestID, r.Status)
//		}))
//
// A result carries no phone number: keep the request ID of the query, and compare
// it whole.
package simswap

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/sautigo/africastalking/internal/enum"
	"github.com/sautigo/africastalking/internal/redact"
	"github.com/sautigo/africastalking/webhook"
)

// Result is the answer to one query. RequestID and Status are always set.
type Result struct {
	// RequestID is the one in the reply to the query.
	RequestID string `schema:"requestId"`
	Status    Status `schema:"status"`
	// LastSIMSwapDate is a day, in UTC. Africa's Talking sends 1 January 1900
	// for a SIM card that was never swapped; see [Result.NeverSwapped].
	LastSIMSwapDate time.Time `schema:"lastSimSwapDate"`
	ProviderRefID   string    `schema:"providerRefId"`
	TransactionID   string    `schema:"transactionId"`
}

// Status says whether the SIM card was swapped. The set is open: unknown values
// are passed on as they came.
type Status string

// The documented values (SIM swap notifications).
const (
	Swapped    Status = "Swapped"
	NotSwapped Status = "NotSwapped"
)

// UnmarshalText folds the letter case of the documented values.
func (s *Status) UnmarshalText(text []byte) error {
	*s = enum.Fold(string(text), Swapped, NotSwapped)
	return nil
}

var never = time.Date(1900, time.January, 1, 0, 0, 0, 0, time.UTC)

// NeverSwapped reports whether the date is the one that stands for "never".
// Africa's Talking's own sample pairs it with [Swapped], so conclude neither from
// the other.
func (r Result) NeverSwapped() bool { return r.LastSIMSwapDate.Equal(never) }

// Handler returns a handler for the SIM swap callback URL. It answers 200 "OK",
// and 500 if fn returns an error.
func Handler(fn func(context.Context, Result) error, opts ...webhook.Option) http.Handler {
	return webhook.Handler(fn, opts...)
}

// Parse reads a result from a request, for handlers of one's own. Its errors are
// those of [webhook.Parse].
func Parse(r *http.Request) (Result, error) { return webhook.Parse[Result](r) }

// UnmarshalForm implements [webhook.FormUnmarshaler].
func (r *Result) UnmarshalForm(f webhook.Form) error {
	d := f.Fields()
	v := Result{
		RequestID:       d.RequiredID("requestId"),
		Status:          enum.Fold(d.Required("status"), Swapped, NotSwapped),
		LastSIMSwapDate: d.Time("lastSimSwapDate"),
		ProviderRefID:   d.ID("providerRefId"),
		TransactionID:   d.ID("transactionId"),
	}
	if err := d.Err(); err != nil {
		return err
	}
	*r = v
	return nil
}

// Identity implements [webhook.Identifier].
func (r Result) Identity() string { return r.RequestID }

// LogValue shows all of it: nothing in a result leads to a person.
func (r Result) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("requestId", r.RequestID),
		slog.String("status", redact.Digits(string(r.Status))),
		slog.Time("lastSimSwapDate", r.LastSIMSwapDate),
		slog.String("providerRefId", r.ProviderRefID),
		slog.String("transactionId", r.TransactionID),
	)
}

// String returns what LogValue shows, so %v, %+v and %s mask what a log would. %#v
// prints everything.
func (r Result) String() string { return redact.String(r) }
