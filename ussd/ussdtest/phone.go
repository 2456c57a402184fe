package ussdtest

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/sautigo/africastalking/internal/gateway"
	"github.com/sautigo/africastalking/internal/gateway/session"
	"github.com/sautigo/africastalking/internal/gsm7"
	"github.com/sautigo/africastalking/internal/kit"
	"github.com/sautigo/africastalking/ussd"
)

// Phone is a subscriber's phone. Its methods fail the test that the phone was made for,
// and end the test only if it cannot go on.
type Phone struct {
	tb    testing.TB
	r     kit.Reporter
	c     config
	s     *session.Session
	hop   session.Hop
	hops  int
	log   []string // the transcript
	quiet bool     // checks nothing
}

// New returns a phone in sessions with a handler, such as [ussd.Handler] returns. Each
// hop is served on a goroutine of its own, as by a server: a handler that goes on
// after its answer, or after the 10 seconds, goes on beside the test. A handler with
// routes wants [WithPath].
func New(tb testing.TB, h http.Handler, opts ...Option) *Phone {
	return newPhone(tb, newConfig(h, "", opts))
}

// NewURL returns a phone in sessions with the app at a URL.
func NewURL(tb testing.TB, url string, opts ...Option) *Phone {
	return newPhone(tb, newConfig(nil, url, opts))
}

func newPhone(tb testing.TB, c config) *Phone {
	p := &Phone{tb: tb, c: c, log: []string{fmt.Sprintf("phone %s on %s", c.number, c.network)}}
	p.r = kit.Reporter{
		TB: tb, Kit: "ussdtest", Picture: p.picture,
		URLs: func() []string { return []string{c.url, c.Path, c.EventsURL} },
	}
	return p
}

// Dial begins a session. The code is the service code, for which "" stands too, or
// an extension of it: "*384*123*1*2#" dials "*384*123#" and answers "1" and "2" at
// once. How an extension arrives is a matter of [WithExtensionInServiceCode].
//
// If the phone is in a session, it hangs up first.
func (p *Phone) Dial(code string) *Phone {
	p.tb.Helper()
	if code == "" {
		code = p.c.code
	}
	inputs, ok := session.SplitCode(code, p.c.code)
	if !ok {
		p.r.Fatalf("dialled %s, which is not on the app's code %s: use WithServiceCode", code, p.c.code)
		return p
	}
	if p.s != nil && !p.s.Over() {
		p.HangUp()
	}
	u := session.Config{
		App:         p.c.app,
		Events:      p.c.events,
		PhoneNumber: p.c.number,
		ServiceCode: p.c.code,
		NetworkCode: string(p.c.network),
		Inputs:      inputs,
		Copies:      p.c.Copies,
	}
	if p.c.inServiceCode {
		u.ServiceCode, u.Inputs = code, nil
	}
	p.hops = 0
	p.record("dial " + quote(code))
	s, h := session.Dial(context.Background(), u)
	p.s = s
	p.took(h)
	return p
}

// Send answers the screen. The input is sent as it is, even if it is empty or has a
// "*". The session must wait for an answer.
func (p *Phone) Send(input string) *Phone {
	p.tb.Helper()
	if !p.dialled() {
		return p
	}
	if p.s.Over() {
		p.r.Fatalf("sent %q, but the session is over", input)
		return p
	}
	if n, limit := utf8.RuneCountInString(input), p.c.limits().Input; n > limit && p.checks(Input) {
		p.r.Errorf("input is %d characters, and a subscriber of %s can type %d", n, p.c.network, limit)
	}
	p.record("send " + quote(input))
	h, err := p.s.Send(context.Background(), input)
	if err != nil {
		p.r.Fatalf("%v", err)
		return p
	}
	p.took(h)
	return p
}

// Sees fails the test unless the phone shows these lines and nothing else, and
// waits for an answer.
func (p *Phone) Sees(lines ...string) *Phone {
	p.tb.Helper()
	if p.dialled() {
		p.expect(true, strings.Join(lines, "\n"))
	}
	return p
}

// SeesText fails the test unless all of the texts are on the screen. Whether the
// session has ended does not matter.
func (p *Phone) SeesText(texts ...string) *Phone {
	p.tb.Helper()
	if p.dialled() {
		p.contains(texts)
	}
	return p
}

// Ends fails the test unless the app has ended the session with these lines and
// nothing else.
func (p *Phone) Ends(lines ...string) *Phone {
	p.tb.Helper()
	if p.dialled() {
		p.expect(false, strings.Join(lines, "\n"))
	}
	return p
}

// EndsText fails the test unless the app has ended the session with a screen that
// has all of the texts.
func (p *Phone) EndsText(texts ...string) *Phone {
	p.tb.Helper()
	if !p.dialled() {
		return p
	}
	if p.hop.Continue || p.hop.Failure != "" {
		p.r.Errorf("want the session ended by the app, it %s", p.state())
		return p
	}
	p.contains(texts)
	return p
}

// Again delivers the last hop once more, as a proxy on the way may. The app must give
// the same answer byte for byte, also after the end of the session.
func (p *Phone) Again() *Phone {
	p.tb.Helper()
	if !p.dialled() {
		return p
	}
	p.record("again")
	p.again()
	return p
}

func (p *Phone) again() {
	p.tb.Helper()
	p.same("delivered again, the hop", p.s.Again(context.Background()))
}

// Drop drops the session, as the network does when a subscriber takes too long or
// leaves its coverage. The notification at the end, with the status Incomplete, is all
// that the app gets. The session must wait for an answer.
func (p *Phone) Drop() *Phone {
	p.tb.Helper()
	return p.drop("drop")
}

// HangUp is [Phone.Drop] by the subscriber. The app sees no difference.
func (p *Phone) HangUp() *Phone {
	p.tb.Helper()
	return p.drop("hangup")
}

func (p *Phone) drop(how string) *Phone {
	p.tb.Helper()
	if !p.dialled() {
		return p
	}
	p.record(how)
	if err := p.s.Drop(context.Background()); err != nil {
		p.r.Fatalf("%s: the session is over", how)
		return p
	}
	p.over()
	return p
}

// Screen returns the phone's screen, "" before the first Dial. A session that has
// failed shows the operator's error.
func (p *Phone) Screen() string { return p.hop.Screen }

// Ended reports whether the phone is in no session: nothing was dialled, the app has
// ended the session, the session has failed, or it was dropped.
func (p *Phone) Ended() bool { return p.s == nil || p.s.Over() }

// Text returns the text of the last hop: all inputs of this session, joined with
// "*".
func (p *Phone) Text() string { return p.hop.Text }

// SessionID returns the id of the last session, "" if there was none.
func (p *Phone) SessionID() string {
	if p.s == nil {
		return ""
	}
	return p.s.ID()
}

// Notification returns the notification at the end of the session, whether or not
// there is a handler for it, and false if the session has not ended.
func (p *Phone) Notification() (ussd.Notification, bool) {
	p.tb.Helper()
	if p.s == nil || !p.Ended() {
		return ussd.Notification{}, false
	}
	e, _ := p.s.Event()
	n, err := kit.Parse(e.Callback(), ussd.ParseNotification)
	if err != nil {
		p.r.Fatalf("notification: %v", err)
	}
	return n, err == nil
}

func (p *Phone) dialled() bool {
	p.tb.Helper()
	if p.s == nil {
		p.r.Fatalf("nothing was dialled")
		return false
	}
	return true
}

func (p *Phone) checks(k Check) bool { return !p.quiet && p.c.checks(k) }

// took takes the answer to a hop.
func (p *Phone) took(h session.Hop) {
	p.tb.Helper()
	p.hop = h
	p.hops++
	p.recordHop()
	p.check()
	for _, a := range h.Copies {
		p.same("delivered twice at once, the hop", a)
	}
	if p.s.Over() {
		p.over()
	}
}

// check checks the last hop.
func (p *Phone) check() {
	p.tb.Helper()
	a := p.hop.Answer
	if p.hop.Failure != "" {
		if p.checks(Answer) {
			if a.Err != nil {
				p.r.Errorf("the session has failed: %s (%s)", p.hop.Failure, kit.Reason(a.Err))
			} else {
				p.r.Errorf("the session has failed: %s", p.hop.Failure)
			}
		}
		return
	}
	if p.checks(Deadline) && a.Took > p.c.Deadline {
		p.r.Errorf("the answer took %v, deadline %v", a.Took.Round(time.Millisecond), p.c.Deadline)
	}
	if t := a.Header.Get("Content-Type"); p.checks(ContentType) && !kit.IsText(t, "text/plain") {
		p.r.Errorf("content type is %q, want text/plain in UTF-8", t)
	}
	if err := p.hop.MetadataErr; err != nil && p.checks(HopMetadata) {
		p.r.Errorf("%s", kit.Reason(err))
	}
	if p.checks(Apology) && p.apologises() {
		p.r.Errorf("the app apologises: it has no screen for this hop")
	}
	units, limit, gsm := p.c.limits().Measure(p.hop.Screen)
	if !gsm && p.checks(Alphabet) {
		p.r.Errorf("screen has characters outside the GSM alphabet: %s", foreign(p.hop.Screen))
	}
	if p.checks(Size) {
		switch {
		case strings.TrimSpace(p.hop.Screen) == "":
			p.r.Errorf("screen is empty")
		case units > limit && gsm:
			p.r.Errorf("screen is %d septets, limit %d", units, limit)
		case units > limit:
			p.r.Errorf("screen is %d units outside the GSM alphabet, limit %d", units, limit)
		}
	}
}

// apologises reports whether the last hop was answered with an apology.
func (p *Phone) apologises() bool {
	for _, text := range p.c.apologies {
		if strings.Contains(p.hop.Screen, text) {
			return true
		}
	}
	return p.c.walks && p.hop.Answer.Failure != nil
}

// same checks that a is what the last hop was answered with.
func (p *Phone) same(what string, a gateway.Answer) {
	p.tb.Helper()
	const metadata = session.HopHeader
	was := p.hop.Answer
	switch {
	case !p.checks(Redelivery) || a.Same(was, "Content-Type", metadata):
	case a.Same(was, "Content-Type"):
		p.r.Errorf("%s was answered differently: its hop metadata is %q, and was %q", what, a.Header.Get(metadata), was.Header.Get(metadata))
	default:
		p.r.Errorf("%s was answered differently: %s%s", what, describe(a), why(a))
	}
}

// over checks and records the end of a session.
func (p *Phone) over() {
	p.tb.Helper()
	p.recordEvent()
	if p.c.events == nil || !p.checks(Events) {
		return
	}
	if problem := p.c.Acknowledged(p.s.EventAnswer()); problem != "" {
		p.r.Errorf("the notification of the session's end %s", problem)
	}
}

// expect checks the screen and whether it waits for an answer.
func (p *Phone) expect(continues bool, want string) {
	p.tb.Helper()
	var wrong []string
	if p.hop.Failure != "" || p.hop.Continue != continues || continues && p.s.Over() {
		w := "ended by the app"
		if continues {
			w = "waiting for an answer"
		}
		wrong = append(wrong, fmt.Sprintf("want the session %s, it %s", w, p.state()))
	}
	if got := p.hop.Screen; got != want {
		wrong = append(wrong, "not the expected screen (-want +got):\n"+
			kit.Indent(diff(want, got)))
	}
	if wrong != nil {
		p.r.Errorf("%s", strings.Join(wrong, "\n"))
	}
}

func (p *Phone) contains(texts []string) {
	p.tb.Helper()
	for _, text := range texts {
		if !strings.Contains(p.hop.Screen, text) {
			p.r.Errorf("screen does not have the text %q", text)
		}
	}
}

// state says how the session is.
func (p *Phone) state() string {
	switch {
	case p.hop.Failure != "":
		return "has failed: " + p.hop.Failure
	case !p.hop.Continue:
		return "was ended by the app"
	case p.s.Over():
		return "was dropped"
	}
	return "waits for an answer"
}

// foreign lists the characters that are not in the GSM alphabet, each once.
func foreign(s string) string {
	if !utf8.ValidString(s) {
		return "bytes that are not UTF-8"
	}
	var out []string
	seen := map[rune]bool{}
	line := 1
	for _, r := range s {
		if r == '\n' {
			line++
		}
		if gsm7.Septets(r) == 0 && !seen[r] {
			seen[r] = true
			out = append(out, fmt.Sprintf("%q (%U) in line %d", r, r, line))
		}
	}
	return strings.Join(out, ", ")
}

func diff(want, got string) string {
	return kit.Diff(strings.Split(want, "\n"), strings.Split(got, "\n"))
}
