package ussdtest

import (
	"net/http"
	"slices"
	"time"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/internal/gateway"
	"github.com/sautigo/africastalking/internal/gateway/session"
	"github.com/sautigo/africastalking/ussd"
)

// Defaults of a phone.
const (
	DefaultPhoneNumber = "+254711000001"
	DefaultServiceCode = "*384*123#"
	// DefaultNetwork is Safaricom, and not the sandbox's network, so that an app
	// that treats the sandbox differently is tested as it will run.
	DefaultNetwork = africastalking.SafaricomKenya
	// DefaultDeadline is that of [ussd.Handler] and a moment for its answer to
	// arrive.
	DefaultDeadline = ussd.DefaultTimeout + 250*time.Millisecond
)

// Check is something that a phone checks on every hop. A check that fails fails
// the test and, but for [Answer], lets the session go on.
type Check string

// The checks of a phone.
const (
	// Answer: the status is 200, the body begins with "CON " or "END ", and it
	// all comes within 10 seconds. Otherwise Africa's Talking ends the session
	// as Failed. This check made lenient, the session still ends, and a test
	// can look at what the app is notified of.
	Answer Check = "answer"
	// Size: the screen is not empty and fits the network's limit; see
	// [WithLimit].
	Size Check = "size"
	// Alphabet: the screen is UTF-8 and keeps to the GSM alphabet. With this
	// check lenient, 80 UTF-16 code units are the limit of a screen that does
	// not.
	Alphabet Check = "alphabet"
	// ContentType: it is text/plain, in UTF-8 if it says so.
	ContentType Check = "content type"
	// Deadline: the answer leaves a margin to the 10 seconds; see
	// [WithDeadline].
	Deadline Check = "deadline"
	// HopMetadata: it is at most 99 characters, without "|".
	HopMetadata Check = "hop metadata"
	// Input: what the test types is no longer than the network lets a
	// subscriber type, 80 characters on most.
	Input Check = "input"
	// Redelivery: a hop that is delivered again is answered with the same bytes;
	// see [Phone.Again] and [WithCopies].
	Redelivery Check = "redelivery"
	// Events: the notification at the end of a session is acknowledged with 200.
	Events Check = "events"
)

// Option changes a phone, or how [Walk] walks.
type Option func(*config)

type config struct {
	app, events    gateway.App
	path           string
	transport      http.RoundTripper
	eventsHandler  http.Handler
	eventsURL      string
	number, code   string
	network        africastalking.Network
	limit          int
	deadline       time.Duration
	lenient        []Check
	inServiceCode  bool
	copies         int
	depth, screens int
	inputs         func(screen string) []string
	dialled        bool
}

func newConfig(opts []Option) config {
	c := config{
		number:   DefaultPhoneNumber,
		code:     DefaultServiceCode,
		network:  DefaultNetwork,
		deadline: DefaultDeadline,
		copies:   1,
		depth:    12,
		screens:  1000,
	}
	for _, o := range opts {
		o(&c)
	}
	switch {
	case c.eventsHandler != nil:
		c.events = gateway.Handler(c.eventsHandler, "")
	case c.eventsURL != "":
		c.events = gateway.URL(c.eventsURL, c.transport)
	}
	return c
}

func (c *config) checks(k Check) bool { return !slices.Contains(c.lenient, k) }

func (c *config) limits() session.Limits {
	l := session.LimitsOf(string(c.network))
	if c.limit > 0 {
		l = l.WithScreen(c.limit)
	}
	return l
}

// WithPhoneNumber sets the phone's number. The default is [DefaultPhoneNumber].
func WithPhoneNumber(number string) Option { return func(c *config) { c.number = number } }

// WithNetwork sets the phone's network, whose limits the screens must keep. The
// default is [DefaultNetwork].
func WithNetwork(n africastalking.Network) Option { return func(c *config) { c.network = n } }

// WithServiceCode sets the code that the app is registered on. The default is
// [DefaultServiceCode].
func WithServiceCode(code string) Option { return func(c *config) { c.code = code } }

// WithPath sets the path, with or without a query, that a handler is called at: the
// one a mux expects. The default is "/". A phone of [NewURL] has it in its URL.
func WithPath(path string) Option { return func(c *config) { c.path = path } }

// WithTransport sets how a phone of [NewURL] reaches the app: that of a
// httptest.Server with TLS is server.Client().Transport. The default is
// [http.DefaultTransport].
func WithTransport(t http.RoundTripper) Option { return func(c *config) { c.transport = t } }

// WithNotifications sets the handler that is notified of the end of a session,
// as [ussd.NotificationHandler] is. It was called by the time that the method
// returns which has ended the session. The default is nobody.
func WithNotifications(h http.Handler) Option {
	return func(c *config) { c.eventsHandler, c.eventsURL = h, "" }
}

// WithNotificationsURL is [WithNotifications] for a running app.
func WithNotificationsURL(url string) Option {
	return func(c *config) { c.eventsURL, c.eventsHandler = url, nil }
}

// WithLimit sets the size of a screen, in septets; outside the GSM alphabet it is
// half of that in UTF-16 code units, 80 at most. The default is the network's:
// 182 on Airtel Kenya, 160 elsewhere.
func WithLimit(septets int) Option { return func(c *config) { c.limit = septets } }

// WithDeadline sets how long an answer may take before the test fails. The default
// is [DefaultDeadline]. It never gets longer than 10 seconds, at which Africa's
// Talking ends the session.
func WithDeadline(d time.Duration) Option { return func(c *config) { c.deadline = d } }

// WithLenient turns checks off. The default is none.
func WithLenient(checks ...Check) Option {
	return func(c *config) { c.lenient = append(c.lenient, checks...) }
}

// WithExtensionInServiceCode has a dialled extension arrive in the service code of
// every hop, not in the text. Which of the two happens is not documented, and an
// app should get both right. The default is false.
func WithExtensionInServiceCode(on bool) Option { return func(c *config) { c.inServiceCode = on } }

// WithCopies delivers each hop n times at the same instant. All copies must be
// answered with the same bytes. The default is 1.
func WithCopies(n int) Option { return func(c *config) { c.copies = max(n, 1) } }

// WithInputs tells [Walk] what to type on a screen, besides the keys that it
// shows: answers to a prompt, good ones and bad ones. The default is nothing.
func WithInputs(f func(screen string) []string) Option { return func(c *config) { c.inputs = f } }

// WithDepth sets how many inputs deep [Walk] goes. The default is 12.
func WithDepth(n int) Option { return func(c *config) { c.depth = n } }

// WithMaxScreens sets after how many visited screens [Walk] stops. The default is
// 1000.
func WithMaxScreens(n int) Option { return func(c *config) { c.screens = n } }

// WithDialled has [Walk] also dial the inputs that lead to each screen all at once,
// as an extension of the service code. It must be the same screen. The default is
// false: an app may refuse what it asks for, a PIN for instance, when it was
// dialled.
func WithDialled(on bool) Option { return func(c *config) { c.dialled = on } }
