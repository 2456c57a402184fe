package smstest

import (
	"cmp"
	"net/http"
	"testing"
	"time"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/internal/gateway"
	"github.com/sautigo/africastalking/internal/gateway/messaging"
	"github.com/sautigo/africastalking/internal/kit"
	"github.com/sautigo/africastalking/sms"
)

// Defaults of a callback and its delivery.
const (
	DefaultPhoneNumber = "+254711000001"
	DefaultShortCode   = "21512"
	DefaultNetwork     = africastalking.SafaricomKenya
	DefaultDeadline    = 10 * time.Second
)

// App is an app as Africa's Talking reaches it at one callback URL. Its methods
// deliver a callback, fail the test unless the app acknowledges it, and return the
// payload that was delivered, as the app's function gets it. They never end the test,
// and are safe for concurrent use.
type App struct {
	d *kit.Delivery
	// status is the one that the next callback must be answered with.
	status int
	// network is that of callbacks that name none.
	network africastalking.Network
}

// Option changes how an app is reached.
type Option func(*config)

type config struct {
	kit.Options
	network africastalking.Network
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

// WithCopies delivers each callback n times at the same instant, as proxies and
// load balancers were seen to do. The app must acknowledge all of the copies. The
// default is 1.
func WithCopies(n int) Option { return func(c *config) { c.Copies = n } }

// WithSandbox, if on, leaves the network out of messages and reports that name none,
// as the sandbox was observed to. The default is false: then it is [DefaultNetwork].
func WithSandbox(on bool) Option {
	return func(c *config) {
		if c.network = DefaultNetwork; on {
			c.network = ""
		}
	}
}

// New returns an App that calls h directly, without a network. Each callback is
// served on a goroutine of its own, as by a server. A handler with routes wants
// [WithPath].
func New(tb testing.TB, h http.Handler, opts ...Option) *App { return newApp(tb, h, "", opts) }

// NewURL returns an App that posts to a callback URL.
func NewURL(tb testing.TB, url string, opts ...Option) *App { return newApp(tb, nil, url, opts) }

func newApp(tb testing.TB, h http.Handler, url string, opts []Option) *App {
	c := config{kit.Options{Deadline: DefaultDeadline}, DefaultNetwork}
	for _, o := range opts {
		o(&c)
	}
	return &App{d: kit.NewDelivery(tb, "smstest", h, url, c.Options), status: http.StatusOK, network: c.network}
}

// Answer is an app's answer. It is the zero value if there is no answer, or not all of
// it.
type Answer struct {
	Status int
	Body   string
}

// Expect returns the app with another status that callbacks must be answered with:
// for callbacks that it must refuse, or cannot take:
//
//	app.Expect(http.StatusNotFound).Message(m) // the token is wrong
//
// The app that Expect is called on still expects 200.
func (a *App) Expect(status int) *App { return &App{d: a.d, status: status, network: a.network} }

// Message delivers an incoming message. Empty fields get a value: a new ID, the
// present, [DefaultPhoneNumber], [DefaultShortCode] and [DefaultNetwork]. Text, LinkID
// and Cost stay as they are. Dates are posted in whole seconds.
//
// A LinkID of "0" is posted, as a short code was observed to get it with messages that
// are not premium. It means none: the message that Message returns, like the one that
// the app's function gets, has an empty one.
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
	posted := messaging.Message{
		ID: m.ID, Date: m.Date, From: m.From, To: m.To, Text: m.Text, LinkID: m.LinkID, NetworkCode: string(m.NetworkCode),
	}
	if m.Cost != (africastalking.Money{}) {
		posted.Cost = m.Cost.String()
	}
	a.d.Post("incoming message", posted.Callback(), a.status)
	if m.LinkID == "0" || m.LinkID == "None" {
		m.LinkID = ""
	}
	return m
}

// Reports delivers delivery reports on one message, one for each status and in that
// order; without a status, one with r's own, or else [sms.Success]. Empty fields get a
// value as in [App.Message]. Reports of the statuses [sms.Rejected] and [sms.Failed]
// alone have the FailureReason, as Africa's Talking documents.
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

// OptOut delivers an opt-out. Empty fields get [DefaultShortCode] and
// [DefaultPhoneNumber].
func (a *App) OptOut(o sms.OptOut) sms.OptOut {
	a.d.TB.Helper()
	o.SenderID = cmp.Or(o.SenderID, DefaultShortCode)
	o.PhoneNumber = cmp.Or(o.PhoneNumber, DefaultPhoneNumber)
	a.d.Post("opt-out", messaging.OptOut{SenderID: o.SenderID, PhoneNumber: o.PhoneNumber}.Callback(), a.status)
	return o
}

// Subscription delivers a subscription change. Empty fields get [DefaultPhoneNumber],
// [DefaultShortCode] and [sms.Addition]; Keyword stays as it is.
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

// Again delivers the last callback once more, byte for byte. The app must acknowledge
// it, whether it acknowledged the first delivery or not.
func (a *App) Again() *App {
	a.d.TB.Helper()
	a.d.Again(a.status)
	return a
}

// Answer returns the app's answer to the last callback, or to its first copy.
// Africa's Talking reads the status alone.
func (a *App) Answer() Answer {
	answer := a.d.Answer()
	if answer.Err != nil {
		return Answer{}
	}
	return Answer{Status: answer.Status, Body: string(answer.Body)}
}
