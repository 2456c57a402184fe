package airtime

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/internal/redact"
	"github.com/sautigo/africastalking/webhook"
)

// Validation asks whether a request for airtime that came with the app's
// credentials is the app's own. TransactionID, PhoneNumber, CurrencyCode and
// Amount are always set.
type Validation struct {
	TransactionID string `schema:"transactionId"`
	PhoneNumber   string `schema:"phoneNumber"`
	// SourceIPAddress is where the request for airtime came from. Older accounts
	// do not get it.
	SourceIPAddress string `schema:"sourceIpAddress"`
	// CurrencyCode is the ISO 4217 code of Amount's currency.
	CurrencyCode string `schema:"currencyCode"`
	// Amount names no currency in the documented form, and never another than
	// CurrencyCode; [Validation.Value] always names it.
	Amount africastalking.Money `schema:"amount"`
}

// Value returns the amount in its currency.
func (v Validation) Value() africastalking.Money {
	return africastalking.Money{Currency: v.CurrencyCode, Micros: v.Amount.Micros}
}

// Decision answers a [Validation]. The zero value is [Failed].
type Decision bool

const (
	// Failed blocks the airtime.
	Failed Decision = false
	// Validated lets it be sent.
	Validated Decision = true
)

// String returns "Validated" or "Failed".
func (d Decision) String() string {
	if d == Validated {
		return "Validated"
	}
	return "Failed"
}

// AppendText appends the answer that Africa's Talking reads:
// {"status":"Validated"} or {"status":"Failed"}.
func (d Decision) AppendText(b []byte) ([]byte, error) {
	b = append(b, `{"status":"`...)
	b = append(b, d.String()...)
	return append(b, `"}`...), nil
}

// ContentType returns "application/json".
func (Decision) ContentType() string { return "application/json" }

// DefaultTimeout is how long a function may take to decide unless
// [webhook.WithTimeout] says otherwise: 8 s. Africa's Talking documents no limit.
const DefaultTimeout = 8 * time.Second

// ValidationHandler returns a handler for the dashboard's "Airtime → Airtime
// Callback URLs → Validation". It answers with fn's decision, and [Failed] if fn
// returns an error, panics or takes longer than [DefaultTimeout].
func ValidationHandler(fn func(context.Context, Validation) (Decision, error), opts ...webhook.Option) http.Handler {
	return webhook.ReplyHandler(fn,
		webhook.WithTimeout(DefaultTimeout),
		webhook.WithFallback(func(error) webhook.Reply { return Failed }),
		webhook.WithOptions(opts...))
}

// ParseValidation reads a validation from a request, for handlers of one's own.
// Its errors are those of [webhook.Parse].
func ParseValidation(r *http.Request) (Validation, error) { return webhook.Parse[Validation](r) }

// UnmarshalForm implements [webhook.FormUnmarshaler].
func (v *Validation) UnmarshalForm(f webhook.Form) error {
	r := f.Fields()
	u := Validation{
		TransactionID:   r.RequiredID("transactionId"),
		PhoneNumber:     r.Required("phoneNumber"),
		SourceIPAddress: r.Optional("sourceIpAddress"),
		CurrencyCode:    r.Required("currencyCode"),
		Amount:          r.RequiredMoney("amount"),
	}
	if c := u.Amount.Currency; c != "" && c != u.CurrencyCode {
		r.Refuse("amount", "in another currency than currencyCode")
	}
	if r.Err() == nil {
		*v = u
	}
	return r.Err()
}

// LogValue hides the recipient.
func (v Validation) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("transactionId", v.TransactionID),
		slog.String("phoneNumber", redact.Phone(v.PhoneNumber)),
		slog.String("sourceIpAddress", v.SourceIPAddress),
		slog.String("value", v.Value().String()),
	)
}

// String returns what LogValue shows, so %v, %+v and %s mask what a log would. %#v
// prints everything.
func (v Validation) String() string { return redact.String(v) }
