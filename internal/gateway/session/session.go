// Package session plays a USSD session of Africa's Talking towards an app, from
// dialling to the notification at its end.
package session

import (
	"bytes"
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

// Config says who dials what, and where the app is.
type Config struct {
	App gateway.App
	// Events takes the notification at the end of the session; nil is nobody.
	// It is sent before the call returns that has ended the session.
	Events gateway.App

	PhoneNumber, ServiceCode, NetworkCode string
	// SessionID is made up if it is empty.
	SessionID string
	// Inputs is in the text of the first hop already: a dialled extension. How
	// that arrives is not documented; this is one of two ways that were
	// reported. The other is in ServiceCode.
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

// Session is a USSD session that was dialled. It is used by one goroutine.
type Session struct {
	u        Config
	start    time.Time
	inputs   []string
	hops     []Hop
	metadata []string // of all hops that had some
	echo     string   // of the last hop
	last     []byte   // the last body the app has answered
	event    *Event
	eventAck gateway.Answer
}

// Hop is one callback of a session and what became of it.
type Hop struct {
	// Text is what was sent as text: all inputs so far, joined with "*".
	Text     string
	Callback gateway.Callback
	Answer   gateway.Answer
	// Copies are the answers to the copies of the callback after the first.
	Copies []gateway.Answer
	// Screen is what the subscriber gets to read.
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

// ErrOver is returned when a session is used after its end.
var ErrOver = errors.New("gateway: the session is over")

// Dial begins a session: it sends the first hop.
func Dial(ctx context.Context, u Config) (*Session, Hop) {
	if u.SessionID == "" {
		u.SessionID = gateway.NewID("ATUid_")
	}
	if u.Timeout == 0 {
		u.Timeout = Timeout
	}
	if u.Cost == "" {
		u.Cost = DefaultCost
	}
	s := &Session{u: u, start: time.Now(), inputs: append([]string(nil), u.Inputs...)}
	return s, s.hop(ctx)
}

// ID returns the session's id.
func (s *Session) ID() string { return s.u.SessionID }

// Over reports whether the session has ended.
func (s *Session) Over() bool { return s.event != nil }

// Send answers the screen. Nothing is escaped, as nothing is on the wire: a "*"
// in the input cannot be told from the one between two, and an empty input is an
// empty segment. Nothing that was typed ever leaves the text.
func (s *Session) Send(ctx context.Context, input string) (Hop, error) {
	if s.Over() {
		return Hop{}, ErrOver
	}
	s.inputs = append(s.inputs, input)
	return s.hop(ctx), nil
}

// Again delivers the last hop once more. The session takes no notice of the
// answer.
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
	ctx, cancel := context.WithTimeout(ctx, s.u.Timeout)
	defer cancel()
	return s.u.App.Post(ctx, c)
}

func (s *Session) hop(ctx context.Context) Hop {
	text := strings.Join(s.inputs, "*")
	h := Hop{Text: text, Callback: s.step(text)}
	if s.echo != "" {
		h.Callback.Header.Set(HopHeader, s.echo)
	}
	if n := s.u.Copies - 1; n > 0 {
		h.Copies = make([]gateway.Answer, n)
		var wg sync.WaitGroup
		for i := range h.Copies {
			wg.Go(func() { h.Copies[i] = s.post(ctx, h.Callback) })
		}
		h.Answer = s.post(ctx, h.Callback)
		wg.Wait()
	} else {
		h.Answer = s.post(ctx, h.Callback)
	}
	h.judge(s.u.Timeout)
	if len(h.Answer.Body) > 0 {
		s.last = h.Answer.Body
	}
	if s.echo = h.Metadata; h.Metadata != "" {
		s.metadata = append(s.metadata, h.Metadata)
	}
	s.hops = append(s.hops, h)
	switch {
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
		gateway.Field{"phoneNumber", s.u.PhoneNumber},
		gateway.Field{"serviceCode", s.u.ServiceCode},
		gateway.Field{"text", text},
		gateway.Field{"sessionId", s.u.SessionID},
		gateway.Field{"networkCode", s.u.NetworkCode},
	)
}

// judge makes of the answer what Africa's Talking makes of it.
func (h *Hop) judge(timeout time.Duration) {
	a := h.Answer
	var ok bool
	switch {
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
	if rest, ok := bytes.CutPrefix(body, []byte("CON ")); ok {
		return string(rest), true, true
	}
	rest, ok := bytes.CutPrefix(body, []byte("END "))
	if !ok {
		return "", false, false
	}
	return string(rest), false, true
}

// hopMetadata checks metadata against the documented rules. What Africa's Talking
// does with metadata that breaks them is not documented; it is taken to drop it.
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

// SplitCode splits what was dialled into the service code and the inputs behind
// it: "*384*123*1*2#" on "*384*123#" has "1" and "2". It returns false if what was
// dialled is neither the service code nor an extension of it.
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
