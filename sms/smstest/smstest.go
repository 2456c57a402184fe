package smstest

import (
	"cmp"
	"net/http"
	"testing"
	"time"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/internal/delivery"
	"github.com/sautigo/africastalking/internal/gateway"
	"github.com/sautigo/africastalking/internal/gateway/messaging"
	"github.com/sautigo/africastalking/sms"
)

// Defaults of what is delivered.
const (
	DefaultPhoneNumber = "+254711000001"
	DefaultShortCode   = "21512"
	DefaultNetwork     = africastalking.SafaricomKenya
	DefaultDeadline    = 10 * time.Second
)

// App is an app as Africa's Talking reaches it at one callback URL. Its methods
// deliver a callback, fail the test unless it is acknowledged, and return what was
// delivered: what the app's function gets. They never end the test, and are safe
// for concurrent use.
type App struct {
	d *delivery.App
	// status is what the next callback is to be answered with.
	status int
	// network is that of callbacks that name none.
	network africastalking.Network
}

// Option changes how an app is reached.
type Option func(*config)

type config struct {
	path      string
	transport http.RoundTripper
	deadline  time.Duration
	copies    int
	sandbox   bool
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

// WithCopies delivers each callback n times at the same instant, as proxies and
// load balancers were seen to do. All of the copies must be acknowledged. The
// default is 1.
func WithCopies(n int) Option { return func(c *config) { c.copies = n } }

// WithSandbox, if on, leaves the network out of messages and reports that name none,
// as the sandbox was observed to. The default is false: then it is [DefaultNetwork].
func WithSandbox(on bool) Option { return func(c *config) { c.sandbox = on } }

// New returns the app that h is, in memory. Each callback is served on a goroutine
// of its own, as by a server.
func New(tb testing.TB, h http.Handler, opts ...Option) *App {
	c := newConfig(opts)
	where := c.path
	if where == "" {
		where = "/"
	}
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
	network := africastalking.Network(DefaultNetwork)
	if c.sandbox {
		network = ""
	}
	return &App{status: http.StatusOK, network: network, d: delivery.New(delivery.App{
		Kit: "smstest", TB: tb, App: app, Where: where, Deadline: c.deadline, Copies: c.copies,
	})}
}

// Answer is what an app has answered. Of an answer that did not come, or not whole,
// it is the zero value.
type Answer struct {
	Status int
	Body   string
}

// Expect returns the app with another status that callbacks must be answered with,
// for what it is to refuse or has no way to take:
//
//	app.Expect(http.StatusNotFound).Message(m) // the token is wrong
//
// The app that Expect is called on still expects 200.
func (a *App) Expect(status int) *App { return &App{d: a.d, status: status, network: a.network} }

// Message delivers an incoming message. Fields that are empty get a value: an ID
// that is new, the present, [DefaultPhoneNumber], [DefaultShortCode] and
// [DefaultNetwork]. Text and LinkID stay as they are. Dates are posted in whole
// seconds.
func (a *App) Message(m sms.IncomingMessage) sms.IncomingMessage {
	a.d.TB.Helper()
	m.ID = cmp.Or(m.ID, gateway.NewID("ATXid_"))
	m.From = cmp.Or(m.From, DefaultPhoneNumber)
	m.To = cmp.Or(m.To, DefaultShortCode)
	m.NetworkCode = cmp.Or(m.NetworkCode, a.network)
	if m.Date.IsZero() {
		m.Date = time.Now()
	}
	m.Date = m.Date.UTC().Truncate(time.Second)
	a.d.Post("incoming message", messaging.Message{
		ID: m.ID, Date: m.Date, From: m.From, To: m.To, Text: m.Text, LinkID: m.LinkID, NetworkCode: string(m.NetworkCode),
	}.Callback(), a.status)
	return m
}

// Reports delivers delivery reports on one message, one for each status and in that
// order; without a status, one with r's own, or else [sms.Success]. Fields that are
// empty get a value as in [App.Message]. A FailureReason goes out with
// [sms.Rejected] and [sms.Failed] alone, as is documented.
func (a *App) Reports(r sms.DeliveryReport, statuses ...sms.Status) []sms.DeliveryReport {
	a.d.TB.Helper()
	r.ID = cmp.Or(r.ID, gateway.NewID("ATXid_"))
	r.PhoneNumber = cmp.Or(r.PhoneNumber, DefaultPhoneNumber)
	r.NetworkCode = cmp.Or(r.NetworkCode, a.network)
	if len(statuses) == 0 {
		statuses = []sms.Status{cmp.Or(r.Status, sms.Success)}
	}
	var delivered []sms.DeliveryReport
	for _, status := range statuses {
		report := r
		report.Status = status
		if status != sms.Rejected && status != sms.Failed {
			report.FailureReason = ""
		}
		a.d.Post("delivery report "+string(status), messaging.DeliveryReport{
			ID: report.ID, Status: string(status), PhoneNumber: report.PhoneNumber, NetworkCode: string(report.NetworkCode),
			FailureReason: string(report.FailureReason), RetryCount: report.RetryCount, RequestID: report.RequestID,
		}.Callback(), a.status)
		delivered = append(delivered, report)
	}
	return delivered
}

// OptOut delivers an opt-out. Fields that are empty get [DefaultShortCode] and
// [DefaultPhoneNumber].
func (a *App) OptOut(o sms.OptOut) sms.OptOut {
	a.d.TB.Helper()
	o.SenderID = cmp.Or(o.SenderID, DefaultShortCode)
	o.PhoneNumber = cmp.Or(o.PhoneNumber, DefaultPhoneNumber)
	a.d.Post("opt-out", messaging.OptOut{SenderID: o.SenderID, PhoneNumber: o.PhoneNumber}.Callback(), a.status)
	return o
}

// Subscription delivers a subscription change. Fields that are empty get
// [DefaultPhoneNumber], [DefaultShortCode] and [sms.Addition]; Keyword stays as it
// is.
func (a *App) Subscription(s sms.Subscription) sms.Subscription {
	a.d.TB.Helper()
	s.PhoneNumber = cmp.Or(s.PhoneNumber, DefaultPhoneNumber)
	s.ShortCode = cmp.Or(s.ShortCode, DefaultShortCode)
	s.UpdateType = cmp.Or(s.UpdateType, sms.Addition)
	a.d.Post("subscription "+string(s.UpdateType), messaging.Subscription{
		PhoneNumber: s.PhoneNumber, ShortCode: s.ShortCode, Keyword: s.Keyword, UpdateType: string(s.UpdateType),
	}.Callback(), a.status)
	return s
}

// Again delivers the last callback once more, byte for byte. The app must
// acknowledge it, whether it has done so before or not.
func (a *App) Again() *App {
	a.d.TB.Helper()
	a.d.Again(a.status)
	return a
}

// Answer returns what the app has answered the last callback with, or its first
// copy. Africa's Talking reads the status alone.
func (a *App) Answer() Answer {
	answer := a.d.Answer()
	if answer.Err != nil {
		return Answer{}
	}
	return Answer{Status: answer.Status, Body: string(answer.Body)}
}
