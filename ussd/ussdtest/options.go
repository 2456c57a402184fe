package ussdtest

import (
	"net/http"
	"slices"
	"time"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/internal/gateway"
	"github.com/sautigo/africastalking/internal/gateway/session"
	"github.com/sautigo/africastalking/internal/kit"
	"github.com/sautigo/africastalking/ussd"
)

// Defaults of a phone.
const (
	DefaultPhoneNumber = "+254711000001"
	DefaultServiceCode = "*384*123#"
	// DefaultNetwork is Safaricom, and not the sandbox's network, so that an app
	// that treats the sandbox differently is tested as it will run.
	DefaultNetwork = africastalking.SafaricomKenya
	// DefaultDeadline is the time-out of [ussd.Handler] and a moment for its answer
	// to arrive.
	DefaultDeadline = ussd.DefaultTimeout + 250*time.Millisecond
)

// Check is one of the checks that a phone makes on every hop. A check that fails fails
// the test and, but for [Answer], lets the session go on.
type Check string

// The checks of a phone.
const (
	// Answer: the status is 200, the body begins with "CON " or "END ", and it
	// all comes within 10 seconds. Otherwise Africa's Talking ends the session
	// as Failed. With this check lenient, the session still ends, and a test can
	// look at the notification.
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
	// Input: an input is no longer than the network lets a subscriber type, 80
	// characters on most.
	Input Check = "input"
	// Apology: the app does not apologise instead of answering, as it does when its
	// function fails, panics, is late, or returns a screen that cannot be sent. The
	// phone knows an apology by its words: those of [ussd.Apology] and of
	// [WithApology]. In memory, it shows the error that the app has logged, and [Walk]
	// fails on every such error whatever the words are, those of a [ussd.ScreenError]
	// too: a phone's test says what screen it wants, and a walk wants none of these.
	Apology Check = "apology"
	// Redelivery: the app answers a hop that is delivered again with the same
	// bytes; see [Phone.Again] and [WithCopies].
	Redelivery Check = "redelivery"
	// Events: the app acknowledges the notification at the end of a session with
	// status 200, within the time of [WithDeadline].
	Events Check = "events"
)

// Option changes a phone, or how [Walk] walks.
type Option func(*config)

type config struct {
	kit.Options
	app, events    gateway.App
	url            string // of the app, "" in memory
	number, code   string
	network        africastalking.Network
	limit          int
	lenient        []Check
	inServiceCode  bool
	depth, screens int
	inputs         func(screen string) []string
	dialled        bool
	apologies      []string
	walks          bool
}

func newConfig(h http.Handler, url string, opts []Option) config {
	c := config{
		Options: kit.Options{Deadline: DefaultDeadline},
		url:     url,
		number:  DefaultPhoneNumber,
		code:    DefaultServiceCode,
		network: DefaultNetwork,
		depth:   12,
		screens: 1000,

		apologies: []string{ussd.Apology},
	}
	for _, o := range opts {
		o(&c)
	}
	c.app, c.events = c.App(h, url), c.EventsApp()
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
func WithPath(path string) Option { return func(c *config) { c.Path = path } }

// WithTransport sets how a phone of [NewURL] reaches the app: for a httptest.Server
// with TLS, use server.Client().Transport. The default is [http.DefaultTransport].
func WithTransport(t http.RoundTripper) Option { return func(c *config) { c.Transport = t } }

// WithEvents sets the handler of the events URL, such as [ussd.NotificationHandler]
// returns. The method that ends a session returns after the handler has answered the
// notification. The default is none.
func WithEvents(h http.Handler) Option {
	return func(c *config) { c.Events, c.EventsURL = h, "" }
}

// WithEventsURL is [WithEvents] for a running app.
func WithEventsURL(url string) Option {
	return func(c *config) { c.EventsURL, c.Events = url, nil }
}

// WithLimit sets the size of a screen, in septets; outside the GSM alphabet it is
// half of that in UTF-16 code units, 80 at most. The default is the network's:
// 182 on Airtel Kenya, 160 elsewhere.
func WithLimit(septets int) Option { return func(c *config) { c.limit = septets } }

// WithDeadline sets how long an answer may take before the test fails. The default
// is [DefaultDeadline]. After 10 seconds the session has failed in any case: Africa's
// Talking ends it then.
func WithDeadline(d time.Duration) Option { return func(c *config) { c.Deadline = d } }

// WithLenient turns checks off. The default is none.
func WithLenient(checks ...Check) Option {
	return func(c *config) { c.lenient = append(c.lenient, checks...) }
}

// WithApology adds texts that are apologies of the app, in the words of its
// [webhook.WithFallback] for instance: a screen that has one of them fails the test. The
// default is [ussd.Apology] alone. See [Apology]. It panics if a text is empty.
func WithApology(texts ...string) Option {
	if slices.Contains(texts, "") {
		panic("ussdtest: WithApology: the text is empty")
	}
	return func(c *config) { c.apologies = append(c.apologies, texts...) }
}

// WithExtensionInServiceCode, if on, sends a dialled extension in the service code of
// every hop, not in the text. Which of the two Africa's Talking does is not documented,
// and an app should get both right. The default is false.
func WithExtensionInServiceCode(on bool) Option { return func(c *config) { c.inServiceCode = on } }

// WithCopies delivers each hop n times at the same instant. The app must answer all
// copies with the same bytes. The default is 1.
func WithCopies(n int) Option { return func(c *config) { c.Copies = n } }

// WithInputs sets a function that returns the inputs that [Walk] types on a screen,
// besides the keys that the screen shows: good and bad answers to a prompt. The default
// is none.
func WithInputs(f func(screen string) []string) Option { return func(c *config) { c.inputs = f } }

// WithDepth sets how many inputs deep [Walk] goes. The default is 12.
func WithDepth(n int) Option { return func(c *config) { c.depth = n } }

// WithMaxScreens sets after how many visited screens [Walk] stops. The default is
// 1000.
func WithMaxScreens(n int) Option { return func(c *config) { c.screens = n } }

// WithDialled, if on, makes [Walk] also dial the inputs that lead to each screen all at
// once, as an extension of the service code. They must lead to the same screen. The
// default is false: an app may refuse dialled inputs, a PIN for instance.
func WithDialled(on bool) Option { return func(c *config) { c.dialled = on } }
