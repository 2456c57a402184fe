package voicetest

import (
	"net/http"
	"slices"
	"time"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/internal/gateway/call"
	"github.com/sautigo/africastalking/internal/kit"
	"github.com/sautigo/africastalking/voice"
)

// Defaults of a phone.
const (
	DefaultPhoneNumber = "+254711000001"
	DefaultAppNumber   = "+254711000942"
	// DefaultCallbackURL is that of a phone of [New].
	DefaultCallbackURL = "https://app.example/"
	// DefaultDeadline is the time-out of [voice.Handler] and a moment for its answer
	// to arrive.
	DefaultDeadline = voice.DefaultTimeout + 250*time.Millisecond
)

// Check is one of the checks that a phone makes on every callback. A check that fails
// fails the test and, but for [Answer], lets the call go on.
type Check string

// The checks of a phone.
const (
	// Answer: the status is 200, the body is well-formed XML with a Response in
	// it, and it all comes within 30 seconds; the URL that was asked is the
	// app's; and the call is not sent round in circles. With this check lenient,
	// the call still ends, though not for a 201, and a test can look at the
	// notification.
	Answer Check = "answer"
	// Document: elements, attributes, their values and nesting are as documented,
	// and no text to say is empty. With this check lenient, the phone skips the
	// wrong parts.
	Document Check = "document"
	// Order: no action follows one that is always the last, and a Reject is alone.
	Order Check = "order"
	// ContentType: it is one that is known to work, application/xml, text/xml or
	// text/plain, in UTF-8 if it says so.
	ContentType Check = "content type"
	// ContentLength: the answer has one. Africa's Talking was observed to repeat
	// callbacks that were answered without. net/http adds it to answers of up to
	// 2 KiB.
	ContentLength Check = "content length"
	// Deadline: the answer comes in time; see [WithDeadline].
	Deadline Check = "deadline"
	// Connected: the app answers a callback while the caller is connected with
	// an empty response. The effect of another response is not documented, and an
	// app that overlooks this callback often answers with its menu.
	Connected Check = "connected"
	// Redelivery: the app answers a callback that is delivered again with the
	// same bytes; see [Phone.Again].
	Redelivery Check = "redelivery"
	// Events: the app acknowledges the notification at the end of a call, and the
	// call's events, with status 200, within the time of [WithDeadline].
	Events Check = "events"
)

// Option changes a phone.
type Option func(*config)

type config struct {
	kit.Options
	callbackURL string
	lenient     []Check
	v           call.Config
}

func newConfig(callbackURL string, opts []Option) config {
	c := config{
		Options:     kit.Options{Deadline: DefaultDeadline},
		callbackURL: callbackURL,
		v: call.Config{
			CallerNumber:      DefaultPhoneNumber,
			DestinationNumber: DefaultAppNumber,
			CountryCode:       "254",
			Carrier:           "Safaricom",
			Currency:          "KES",
			Minute:            1_500_000,
		},
	}
	for _, o := range opts {
		o(&c)
	}
	c.v.URL, c.v.Events = c.callbackURL, c.EventsApp()
	return c
}

func (c *config) checks(k Check) bool { return !slices.Contains(c.lenient, k) }

// WithCallbackURL sets the callback URL of the app's number as the dashboard has it,
// such as "https://ivr.example.com/voice?key=…". The call begins there, and all URLs
// that the app names have to be on its host: a phone of [New] finds the handler at
// their paths, and a phone of [NewURL] finds them on the host of the app that was
// started. The defaults are [DefaultCallbackURL] and the URL given to [NewURL].
func WithCallbackURL(url string) Option { return func(c *config) { c.callbackURL = url } }

// WithTransport sets how a phone of [NewURL] reaches the app: for a httptest.Server
// with TLS, use server.Client().Transport. The default is [http.DefaultTransport].
func WithTransport(t http.RoundTripper) Option { return func(c *config) { c.Transport = t } }

// WithEvents sets the handler of the number's events URL, such as [voice.EventHandler]
// returns. It gets the events of a call transfer and the notification at the end of a
// call, which the callback URL gets too: Africa's Talking does not document which of the
// two gets it, so an app should bear both. The default is none.
func WithEvents(h http.Handler) Option {
	return func(c *config) { c.Events, c.EventsURL = h, "" }
}

// WithEventsURL is [WithEvents] for a running app.
func WithEventsURL(url string) Option {
	return func(c *config) { c.EventsURL, c.Events = url, nil }
}

// WithPhoneNumber sets the phone's number. The default is [DefaultPhoneNumber].
func WithPhoneNumber(number string) Option { return func(c *config) { c.v.CallerNumber = number } }

// WithAppNumber sets the app's number. The default is [DefaultAppNumber].
func WithAppNumber(number string) Option { return func(c *config) { c.v.DestinationNumber = number } }

// WithCarrier sets the dialling code of the phone's country and the name of its
// network. The default is "254" and "Safaricom".
func WithCarrier(countryCode, name string) Option {
	return func(c *config) { c.v.CountryCode, c.v.Carrier = countryCode, name }
}

// WithClient makes the phone a WebRTC client with a name, such as "acme.agent1", that
// dials a number: see [voice.Call.FromClient]. The default is none.
func WithClient(name, dialledNumber string) Option {
	return func(c *config) {
		c.v.CallerNumber, c.v.ClientDialedNumber = name, dialledNumber
		c.v.CountryCode, c.v.Carrier = "-1", "None" // as observed
	}
}

// WithClientRequestID sets the id that the app gave to the call that it made. The
// default is none.
func WithClientRequestID(id string) Option { return func(c *config) { c.v.ClientRequestID = id } }

// WithPrice sets what a minute of a call costs. It is charged by the second. The
// default is KES 1.50, which is made up.
func WithPrice(minute africastalking.Money) Option {
	return func(c *config) { c.v.Currency, c.v.Minute = minute.Currency, minute.Micros }
}

// WithRecordingURL sets where recordings are. The default is a URL of the shape that
// was observed, at an address that leads nowhere.
func WithRecordingURL(url string) Option { return func(c *config) { c.v.RecordingURL = url } }

// WithFinishKeyInDigits, if on, makes the digits end with the key that ended the input.
// Whether they do is not documented, and an app should get both right. The default is
// false.
func WithFinishKeyInDigits(on bool) Option { return func(c *config) { c.v.FinishKey = on } }

// WithDeadline sets how long an answer may take before the test fails. The default is
// [DefaultDeadline]. After 30 seconds the call ends at any rate, as Africa's Talking
// documents no limit.
func WithDeadline(d time.Duration) Option { return func(c *config) { c.Deadline = d } }

// WithLenient turns checks off. The default is none.
func WithLenient(checks ...Check) Option {
	return func(c *config) { c.lenient = append(c.lenient, checks...) }
}
