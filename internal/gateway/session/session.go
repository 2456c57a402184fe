// Package session plays a USSD session of Africa's Talking towards an app, from
// dialling to the notification at its end.
package session

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/sautigo/africastalking/internal/gateway"
)

// HopHeader carries the metadata of a hop: documented as a response header that is
// sent back on the next hop under the same name.
const HopHeader = "At-Ussd-Hop-Metadata"

// Agent is the User-Agent of USSD callbacks, as observed.
const Agent = "at-ussd-api/1.0"

// MaxMetadata is the documented length of [HopHeader], in characters.
const MaxMetadata = 99

// Timeout is how long Africa's Talking waits for the answer to a hop:
// documented as 10 s.
const Timeout = 10 * time.Second

// DefaultCost is what a session costs unless [Config.Cost] says otherwise.
const DefaultCost = "KES 0.10"

// Config is the subscriber, the code that is dialled, and the app.
type Config struct {
	App gateway.App
	// Events takes the notification at the end of the session; nil is none. The
	// method that ends the session returns after Events has answered.
	Events gateway.App

	PhoneNumber, ServiceCode, NetworkCode string
	// SessionID is made up if it is empty.
	SessionID string
	// Inputs is a dialled extension, which is in the text of the first hop. How it
	// arrives is not documented: this is one of two ways that were reported. The
	// other is in ServiceCode.
	Inputs []string
	// Timeout is [Timeout] if it is zero.
	Timeout time.Duration
	// Cost is [DefaultCost] if it is empty.
	Cost string
	// Copies is how often each hop is delivered at the same instant. One copy
	// is what Africa's Talking sends; proxies and load balancers on the way
	// were seen to repeat requests.
	Copies int
}

// Session is a USSD session after it was dialled. One goroutine at a time may use it. A
// context that is cancelled while the app is asked ends the session as Incomplete: the
// subscriber has hung up.
type Session struct {
	c        Config
	start    time.Time
	inputs   []string
	hops     []Hop
	metadata []string // of all hops that had some
	echo     string   // of the last hop
	last     []byte   // the last body the app has answered
	event    *Event
	eventAck gateway.Answer
}

// Hop is one callback of a session and its outcome.
type Hop struct {
	// Text is the text that was sent: all inputs so far, joined with "*".
	Text     string
	Callback gateway.Callback
	Answer   gateway.Answer
	// Copies are the answers to the copies of the callback after the first.
	Copies []gateway.Answer
	// Screen is the text that the subscriber sees.
	Screen string
	// Continue is whether the screen waits for an answer. If not, the session is
	// over.
	Continue bool
	// Failure is the errorMessage if the answer was bad, which ends the session.
	Failure string
	// Metadata is the hop's metadata. It is empty if there was none or, as
	// MetadataErr says, it is not fit to be kept.
	Metadata    string
	MetadataErr error
}

// OperatorError is the screen of a session that has failed: the operator's, and
// generic. Its wording differs between networks.
const OperatorError = "Network technical problem. Please try again later."

// hungUp is the Failure of a hop whose context was cancelled before the answer came: the
// subscriber has hung up.
const hungUp = "The subscriber has hung up"

// ErrOver is returned when a session is used after its end.
var ErrOver = errors.New("gateway: the session is over")

// Dial begins a session: it sends the first hop.
func Dial(ctx context.Context, c Config) (*Session, Hop) {
	c.SessionID = cmp.Or(c.SessionID, gateway.NewID("ATUid_"))
	c.Timeout = cmp.Or(c.Timeout, Timeout)
	c.Cost = cmp.Or(c.Cost, DefaultCost)
	s := &Session{c: c, start: time.Now(), inputs: append([]string(nil), c.Inputs...)}
	return s, s.hop(ctx)
}

// ID returns the session's id.
func (s *Session) ID() string { return s.c.SessionID }

// Over reports whether the session has ended.
func (s *Session) Over() bool { return s.event != nil }

// Send answers the screen. As on the wire, nothing is escaped: a "*" in the input looks
// like one between two inputs, and an empty input is an empty segment. No input ever
// leaves the text.
func (s *Session) Send(ctx context.Context, input string) (Hop, error) {
	if s.Over() {
		return Hop{}, ErrOver
	}
	s.inputs = append(s.inputs, input)
	return s.hop(ctx), nil
}

// Again delivers the last hop once more. Its answer does not change the session.
func (s *Session) Again(ctx context.Context) gateway.Answer {
	return s.post(ctx, s.hops[len(s.hops)-1].Callback)
}

// Drop ends the session from outside while an answer is expected: the subscriber
// hangs up, takes too long, or loses the network, all of which look the same to
// the app.
func (s *Session) Drop(ctx context.Context) error {
	if s.Over() {
		return ErrOver
	}
	s.end(ctx, "Incomplete", "")
	return nil
}

// Event returns the notification at the end of the session, and false while there
// is none.
func (s *Session) Event() (Event, bool) {
	if s.event == nil {
		return Event{}, false
	}
	return *s.event, true
}

// EventAnswer returns what [Config.Events] has answered. Documented as acknowledged
// is status 200.
func (s *Session) EventAnswer() gateway.Answer { return s.eventAck }

func (s *Session) post(ctx context.Context, c gateway.Callback) gateway.Answer {
	ctx, cancel := context.WithTimeout(ctx, s.c.Timeout)
	defer cancel()
	return s.c.App.Post(ctx, c)
}

func (s *Session) hop(ctx context.Context) Hop {
	text := strings.Join(s.inputs, "*")
	h := Hop{Text: text, Callback: s.step(text)}
	if s.echo != "" {
		h.Callback.Header.Set(HopHeader, s.echo)
	}
	h.Copies = make([]gateway.Answer, max(0, s.c.Copies-1))
	var wg sync.WaitGroup
	for i := range h.Copies {
		wg.Go(func() { h.Copies[i] = s.post(ctx, h.Callback) })
	}
	h.Answer = s.post(ctx, h.Callback)
	wg.Wait()
	h.judge(s.c.Timeout)
	if len(h.Answer.Body) > 0 {
		s.last = h.Answer.Body
	}
	if s.echo = h.Metadata; h.Metadata != "" {
		s.metadata = append(s.metadata, h.Metadata)
	}
	s.hops = append(s.hops, h)
	switch {
	case h.Failure == hungUp:
		s.end(context.WithoutCancel(ctx), "Incomplete", "")
	case h.Failure != "":
		s.end(ctx, "Failed", h.Failure)
	case !h.Continue:
		s.end(ctx, "Success", "")
	}
	return h
}

// step is the callback of a hop. The order of the fields is the one observed.
func (s *Session) step(text string) gateway.Callback {
	return gateway.Form(Agent,
		gateway.Field{"phoneNumber", s.c.PhoneNumber},
		gateway.Field{"serviceCode", s.c.ServiceCode},
		gateway.Field{"text", text},
		gateway.Field{"sessionId", s.c.SessionID},
		gateway.Field{"networkCode", s.c.NetworkCode},
	)
}

// judge interprets the answer as Africa's Talking would.
func (h *Hop) judge(timeout time.Duration) {
	a := h.Answer
	var ok bool
	switch {
	case errors.Is(a.Err, context.Canceled):
		h.Failure = hungUp
	// The texts of these are assumed.
	case errors.Is(a.Err, context.DeadlineExceeded):
		h.Failure = fmt.Sprintf("No response received within %v", timeout)
	case errors.Is(a.Err, gateway.ErrTooLarge):
		h.Failure = "Response is too large"
	case a.Err != nil:
		h.Failure = "Could not read a response"
	// Observed: a 415 and a 530. That a redirect is not followed, and that a
	// 201 is no 200, is assumed.
	case a.Status != 200:
		reason := a.Reason
		if reason == "" {
			reason = "<none>"
		}
		h.Failure = fmt.Sprintf("Received unexpected response code: %d %s", a.Status, reason)
	default:
		if h.Screen, h.Continue, ok = ParseScreen(a.Body); !ok {
			h.Failure = "Response should start with a CON or an END" // documented
		}
	}
	if h.Failure != "" {
		h.Screen = OperatorError
		return
	}
	h.Metadata, h.MetadataErr = hopMetadata(a.Header[HopHeader])
}

// ParseScreen splits an answer into its screen and whether it continues the
// session. Documented: it begins with "CON " or "END ", in capitals, with nothing
// before that.
func ParseScreen(body []byte) (screen string, continues, ok bool) {
	if screen, ok = strings.CutPrefix(string(body), "CON "); ok {
		return screen, true, true
	}
	if screen, ok = strings.CutPrefix(string(body), "END "); ok {
		return screen, false, true
	}
	return "", false, false
}

// hopMetadata checks metadata against the documented rules. Africa's Talking does not
// document its handling of other metadata; that it drops it is assumed.
func hopMetadata(values []string) (string, error) {
	if len(values) == 0 {
		return "", nil
	}
	v := values[0]
	switch {
	case len(values) > 1:
		return "", fmt.Errorf("gateway: hop metadata was sent %d times", len(values))
	case strings.Contains(v, "|"):
		return "", errors.New(`gateway: hop metadata has a "|"`)
	case utf8.RuneCountInString(v) > MaxMetadata:
		return "", fmt.Errorf("gateway: hop metadata is %d characters, limit %d", utf8.RuneCountInString(v), MaxMetadata)
	}
	for _, c := range v {
		if c < ' ' || c == 0x7f || c == utf8.RuneError {
			return "", errors.New("gateway: hop metadata has a character that no header can carry")
		}
	}
	return v, nil
}

// SplitCode returns the inputs behind a service code: "*384*123*1*2#" on "*384*123#" has
// "1" and "2". It returns false if dialled is neither the service code nor an extension
// of it.
func SplitCode(dialled, serviceCode string) (inputs []string, ok bool) {
	if dialled == serviceCode {
		return nil, true
	}
	head, ended := strings.CutSuffix(serviceCode, "#")
	rest, begun := strings.CutPrefix(dialled, head+"*")
	rest, closed := strings.CutSuffix(rest, "#")
	if !ended || !begun || !closed {
		return nil, false
	}
	return strings.Split(rest, "*"), true
}

// JoinCode is the reverse of [SplitCode].
func JoinCode(serviceCode string, inputs ...string) string {
	if len(inputs) == 0 {
		return serviceCode
	}
	return strings.TrimSuffix(serviceCode, "#") + "*" + strings.Join(inputs, "*") + "#"
}
