// Package airtimetest delivers to an app what Africa's Talking posts about airtime,
// in plain go test, without network or account:
//
//	func TestUnknownRequestsAreBlocked(t *testing.T) {
//		app := airtimetest.New(t, routes(), airtimetest.WithPath("/airtime/validation"))
//		if app.Validate(airtime.Validation{}) != airtime.Failed {
//			t.Error("airtime that nobody has asked for is sent")
//		}
//	}
//
// There is an [App] for each callback URL. The field names and their order are
// documented. How long Africa's Talking waits for an answer is not; 10 seconds, as
// for USSD, are the default here.
package airtimetest

import (
	"cmp"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/internal/delivery"
	"github.com/sautigo/africastalking/internal/gateway"
	wire "github.com/sautigo/africastalking/internal/gateway/airtime"
	"github.com/sautigo/africastalking/webhook/airtime"
)

// Defaults of what is delivered.
const (
	DefaultPhoneNumber  = "+254711000001"
	DefaultCurrencyCode = "KES"
	DefaultDeadline     = 10 * time.Second
)

// DefaultAmount is 100 of a currency's main unit, in Micros.
const DefaultAmount = 100_000_000

// App is an app as Africa's Talking reaches it at one callback URL. Its methods fail
// the test as they say, never end it, and are safe for concurrent use.
type App struct {
	d      *delivery.App
	status int
}

// Option changes how an app is reached.
type Option func(*config)

type config struct {
	path      string
	transport http.RoundTripper
	deadline  time.Duration
}

// WithPath sets the path, with or without a query, that a handler is called at: the
// one a mux expects. The default is "/". An app of [NewURL] has it in its URL.
func WithPath(path string) Option { return func(c *config) { c.path = path } }

// WithTransport sets how an app of [NewURL] is reached: that of a httptest.Server
// with TLS is server.Client().Transport. The default is [http.DefaultTransport].
func WithTransport(t http.RoundTripper) Option { return func(c *config) { c.transport = t } }

// WithDeadline sets how long an answer may take before the test fails. The default
// is [DefaultDeadline].
func WithDeadline(d time.Duration) Option { return func(c *config) { c.deadline = d } }

// New returns the app that h is, in memory. Each callback is served on a goroutine
// of its own, as by a server; it may live in a testing/synctest bubble.
func New(tb testing.TB, h http.Handler, opts ...Option) *App {
	c := newConfig(opts)
	where := cmp.Or(c.path, "/")
	return c.app(tb, gateway.Handler(h, where), where)
}

// NewURL returns the app whose callback URL is url.
func NewURL(tb testing.TB, url string, opts ...Option) *App {
	c := newConfig(opts)
	return c.app(tb, gateway.URL(url, c.transport), url)
}

func newConfig(opts []Option) config {
	c := config{deadline: DefaultDeadline}
	for _, o := range opts {
		o(&c)
	}
	return c
}

func (c config) app(tb testing.TB, app gateway.App, where string) *App {
	return &App{status: http.StatusOK, d: delivery.New(delivery.App{
		Kit: "airtimetest", TB: tb, App: app, Where: where, Deadline: c.deadline,
	})}
}

// Expect returns the app with another status that callbacks must be answered with,
// for what it is to refuse. The app that Expect is called on still expects 200.
func (a *App) Expect(status int) *App { return &App{d: a.d, status: status} }

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
		a.d.Fail(c, answer, "validation has no decision: %s", strings.TrimPrefix(err.Error(), "gateway: "))
	}
	return airtime.Decision(validated)
}

// Status delivers what became of airtime, fails the test unless it is acknowledged,
// and returns what was delivered: what the app's function gets. Fields that are
// empty get a value: a RequestID that is new, [airtime.Success],
// [DefaultPhoneNumber] and a Value of [DefaultAmount].
func (a *App) Status(s airtime.Status) airtime.Status {
	a.d.TB.Helper()
	s.RequestID = cmp.Or(s.RequestID, gateway.NewID("ATQid_"))
	s.Outcome = cmp.Or(s.Outcome, airtime.Success)
	s.PhoneNumber = cmp.Or(s.PhoneNumber, DefaultPhoneNumber)
	s.Value = cmp.Or(s.Value, africastalking.Money{Currency: DefaultCurrencyCode, Micros: DefaultAmount})
	s.Discount = cmp.Or(s.Discount, africastalking.Money{Currency: s.Value.Currency})
	a.d.Post("status "+string(s.Outcome), wire.Status{
		PhoneNumber: s.PhoneNumber, Description: s.Description, Status: string(s.Outcome), RequestID: s.RequestID,
		Discount: s.Discount.String(), Value: s.Value.String(),
	}.Callback(), a.status)
	return s
}

// Again delivers the last callback once more, byte for byte. The app must
// acknowledge it.
func (a *App) Again() *App {
	a.d.TB.Helper()
	a.d.Again(a.status)
	return a
}
