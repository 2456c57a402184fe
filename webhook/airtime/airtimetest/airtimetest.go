// Package airtimetest delivers the airtime callbacks of Africa's Talking to an app, in
// plain go test, without network or account:
//
//	func TestUnknownRequestsAreBlocked(t *testing.T) {
//		app := airtimetest.New(t, routes(), airtimetest.WithPath("/airtime/validation"))
//		if app.Validate(airtime.Validation{}) != airtime.Failed {
//			t.Error("the app lets airtime be sent that it has not requested")
//		}
//	}
//
// There is an [App] for each callback URL. A failure shows the callback and the
// answer, with secrets in the callback URL masked. The names of the fields and their
// order are documented. How long Africa's Talking waits for an answer is not; the
// default here is 10 seconds, as for USSD.
package airtimetest

import (
	"cmp"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/internal/gateway"
	wire "github.com/sautigo/africastalking/internal/gateway/airtime"
	"github.com/sautigo/africastalking/internal/kit"
	"github.com/sautigo/africastalking/webhook/airtime"
)

// Defaults of a callback and its delivery.
const (
	DefaultPhoneNumber  = "+254711000001"
	DefaultCurrencyCode = "KES"
	DefaultDeadline     = 10 * time.Second
)

// DefaultAmount is 100 of a currency's main unit, in Micros.
const DefaultAmount = 100_000_000

// App is an app as Africa's Talking reaches it at one callback URL. Its methods never
// end the test, and are safe for concurrent use.
type App struct {
	d      *kit.Delivery
	c      config
	status int
}

// Option changes how an app is reached, or which of Africa's Talking's ways of posting
// a status is used.
type Option func(*config)

type config struct {
	kit.Options
	form, short bool
}

// WithPath sets the path, with or without a query, that a handler is called at: the
// one a mux expects. The default is "/". An app of [NewURL] has it in its URL.
func WithPath(path string) Option { return func(c *config) { c.Path = path } }

// WithTransport sets how an app of [NewURL] is reached: for a httptest.Server with
// TLS, use server.Client().Transport. The default is [http.DefaultTransport].
func WithTransport(t http.RoundTripper) Option { return func(c *config) { c.Transport = t } }

// WithDeadline sets how long an answer may take before the test fails. The default
// is [DefaultDeadline].
func WithDeadline(d time.Duration) Option { return func(c *config) { c.Deadline = d } }

// WithForm, if on, posts statuses as a form, as an old sample of Africa's Talking
// reads them. The default is false: JSON.
func WithForm(on bool) Option { return func(c *config) { c.form = on } }

// WithShortStatus, if on, posts statuses of two fields, RequestID and Outcome, as is
// documented for older accounts. The default is false.
func WithShortStatus(on bool) Option { return func(c *config) { c.short = on } }

// New returns an App that calls h directly, without a network. Each callback is served
// on a goroutine of its own, as by a server; it may live in a testing/synctest bubble.
// A handler with routes wants [WithPath].
func New(tb testing.TB, h http.Handler, opts ...Option) *App { return newApp(tb, h, "", opts) }

// NewURL returns an App that posts to a callback URL.
func NewURL(tb testing.TB, url string, opts ...Option) *App { return newApp(tb, nil, url, opts) }

func newApp(tb testing.TB, h http.Handler, url string, opts []Option) *App {
	c := config{Options: kit.Options{Deadline: DefaultDeadline}}
	for _, o := range opts {
		o(&c)
	}
	return &App{d: kit.NewDelivery(tb, "airtimetest", h, url, c.Options), c: c, status: http.StatusOK}
}

// Expect returns the app with another status that callbacks must be answered with, for
// callbacks that it must refuse. The app that Expect is called on still expects 200.
func (a *App) Expect(status int) *App { return &App{a.d, a.c, status} }

// Validate asks whether airtime may be sent and returns the decision. The test
// fails unless the answer is one of the two that Africa's Talking documents, with
// status 200; of any other the decision is [airtime.Failed], as is assumed of
// Africa's Talking. With [App.Expect] only the status counts.
//
// Fields that are empty get a value: a TransactionID that is new,
// [DefaultPhoneNumber], [DefaultCurrencyCode] and [DefaultAmount].
func (a *App) Validate(v airtime.Validation) airtime.Decision {
	a.d.TB.Helper()
	v.TransactionID = cmp.Or(v.TransactionID, gateway.NewID("ATQid_"))
	v.PhoneNumber = cmp.Or(v.PhoneNumber, DefaultPhoneNumber)
	v.CurrencyCode = cmp.Or(v.CurrencyCode, v.Amount.Currency, DefaultCurrencyCode)
	v.Amount = africastalking.Money{Micros: cmp.Or(v.Amount.Micros, DefaultAmount)}
	c := wire.Validation{
		TransactionID: v.TransactionID, PhoneNumber: v.PhoneNumber, SourceIPAddress: v.SourceIPAddress,
		CurrencyCode: v.CurrencyCode, Amount: json.Number(v.Amount.String()),
	}.Callback()
	answer := a.d.Post("validation", c, a.status)
	if answer.Err != nil || answer.Status != http.StatusOK || a.status != http.StatusOK {
		return airtime.Failed
	}
	validated, err := wire.Decide(answer)
	if err != nil {
		a.d.Fail(c, answer, "validation has no decision: %s", kit.Reason(err))
	}
	return airtime.Decision(validated)
}

// Status delivers the status of an airtime transfer, fails the test unless the app
// acknowledges it, and returns the status that was delivered, as the app's function
// gets it. Empty fields get a value: a new RequestID, [airtime.Success],
// [DefaultPhoneNumber], a Value of [DefaultAmount] and a Discount of 0.
func (a *App) Status(s airtime.Status) airtime.Status {
	a.d.TB.Helper()
	s.RequestID = cmp.Or(s.RequestID, gateway.NewID("ATQid_"))
	s.Outcome = cmp.Or(s.Outcome, airtime.Success)
	posted := wire.Status{Status: string(s.Outcome), RequestID: s.RequestID}
	if a.c.short {
		s = airtime.Status{RequestID: s.RequestID, Outcome: s.Outcome}
	} else {
		s.PhoneNumber = cmp.Or(s.PhoneNumber, DefaultPhoneNumber)
		s.Value = cmp.Or(s.Value, africastalking.Money{Currency: DefaultCurrencyCode, Micros: DefaultAmount})
		s.Discount = cmp.Or(s.Discount, africastalking.Money{Currency: s.Value.Currency})
		posted.PhoneNumber, posted.Description = s.PhoneNumber, s.Description
		posted.Discount, posted.Value = fourDecimals(s.Discount), fourDecimals(s.Value)
	}
	c := posted.Callback()
	if a.c.form {
		c = posted.FormCallback()
	}
	a.d.Post("status "+string(s.Outcome), c, a.status)
	return s
}

// fourDecimals writes an amount as Africa's Talking's sample does: "KES 0.6000".
func fourDecimals(m africastalking.Money) string {
	s := m.String()
	_, decimals, _ := strings.Cut(s, ".")
	return s + strings.Repeat("0", max(0, 4-len(decimals)))
}

// Again delivers the last callback once more, byte for byte. The app must
// acknowledge it.
func (a *App) Again() *App {
	a.d.TB.Helper()
	a.d.Again(a.status)
	return a
}
