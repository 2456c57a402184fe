package ussdtest

import (
	"bytes"
	"context"
	"fmt"
	"mime"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/sautigo/africastalking/internal/gateway"
	"github.com/sautigo/africastalking/internal/gateway/session"
	"github.com/sautigo/africastalking/internal/gsm7"
	"github.com/sautigo/africastalking/ussd"
)

// Phone is a subscriber's phone. Its methods fail the test it was made for, and go
// on as long as that makes sense.
type Phone struct {
	tb    testing.TB
	c     config
	s     *session.Session
	hop   session.Hop
	hops  int
	log   []string // the transcript
	quiet bool     // checks nothing
}

// New returns a phone in sessions with a handler, such as [ussd.Handler] returns. Each
// hop is served on a goroutine of its own, as by a server: a handler that goes on
// after its answer, or after the 10 seconds, goes on beside the test.
func New(tb testing.TB, h http.Handler, opts ...Option) *Phone {
	c := newConfig(opts)
	c.app = gateway.Handler(h, c.path)
	return newPhone(tb, c)
}

// NewURL returns a phone in sessions with the app at a URL.
func NewURL(tb testing.TB, url string, opts ...Option) *Phone {
	c := newConfig(opts)
	c.app = gateway.URL(url, c.transport)
	return newPhone(tb, c)
}

func newPhone(tb testing.TB, c config) *Phone {
	return &Phone{tb: tb, c: c, log: []string{fmt.Sprintf("phone %s on %s", c.number, c.network)}}
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
		p.fatalf("dialled %s, which is not on the app's code %s: use WithServiceCode", code, p.c.code)
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
		Copies:      p.c.copies,
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

// Send answers the screen. The input is sent as it is, be it empty or with a "*"
// in it. There must be a session that waits for it.
func (p *Phone) Send(input string) *Phone {
	p.tb.Helper()
	if !p.dialled() {
		return p
	}
	if p.s.Over() {
		p.fatalf("sent %q, but the session is over", input)
		return p
	}
	if n, limit := utf8.RuneCountInString(input), p.c.limits().Input; n > limit && p.checks(Input) {
		p.errorf("input is %d characters, and a subscriber of %s can type %d", n, p.c.network, limit)
	}
	p.record("send " + quote(input))
	h, err := p.s.Send(context.Background(), input)
	if err != nil {
		p.fatalf("%v", err)
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
		p.errorf("want the session ended by the app, it %s", p.state())
		return p
	}
	p.contains(texts)
	return p
}

// Again delivers the last hop once more, as a proxy on the way may. It must be
// answered with the same bytes, also after the end of the session.
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
// has no more coverage: the app is notified that it is Incomplete. It is not told
// in any other way. The session must be one that waits for an answer.
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
		p.fatalf("%s: the session is over", how)
		return p
	}
	p.over()
	return p
}

// Screen returns what the phone shows, "" before anything was dialled. Of a
// session that has failed that is the operator's error.
func (p *Phone) Screen() string { return p.hop.Screen }

// Ended reports whether there is no session, or none anymore: the app has ended
// it, it has failed, or it was dropped.
func (p *Phone) Ended() bool { return p.s == nil || p.s.Over() }

// Text returns the text of the last hop: all that was typed in this session,
// joined with "*".
func (p *Phone) Text() string { return p.hop.Text }

// SessionID returns the id of the last session, "" if there was none.
func (p *Phone) SessionID() string {
	if p.s == nil {
		return ""
	}
	return p.s.ID()
}

// Notification returns what the app is notified of, or would be, at the end of the
// session, and false if it has not ended.
func (p *Phone) Notification() (ussd.Notification, bool) {
	p.tb.Helper()
	if p.Ended() && p.s != nil {
		e, _ := p.s.Event()
		c := e.Callback()
		r, err := http.NewRequest(http.MethodPost, "/", bytes.NewReader(c.Body))
		if err == nil {
			r.Header = c.Header
			var n ussd.Notification
			if n, err = ussd.ParseNotification(r); err == nil {
				return n, true
			}
		}
		p.fatalf("notification: %v", err)
	}
	return ussd.Notification{}, false
}

func (p *Phone) dialled() bool {
	p.tb.Helper()
	if p.s == nil {
		p.fatalf("nothing was dialled")
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
				p.errorf("the session has failed: %s (%s)", p.hop.Failure, strings.TrimPrefix(a.Err.Error(), "gateway: "))
			} else {
				p.errorf("the session has failed: %s", p.hop.Failure)
			}
		}
		return
	}
	if p.checks(Deadline) && a.Took > p.c.deadline {
		p.errorf("the answer took %v, deadline %v", a.Took.Round(time.Millisecond), p.c.deadline)
	}
	if t := a.Header.Get("Content-Type"); p.checks(ContentType) && !plain(t) {
		p.errorf("content type is %q, want text/plain in UTF-8", t)
	}
	if err := p.hop.MetadataErr; err != nil && p.checks(HopMetadata) {
		p.errorf("%s", strings.TrimPrefix(err.Error(), "gateway: "))
	}
	units, limit, gsm := p.c.limits().Measure(p.hop.Screen)
	if !gsm && p.checks(Alphabet) {
		p.errorf("screen has what is not in the GSM alphabet: %s", foreign(p.hop.Screen))
	}
	if p.checks(Size) {
		switch {
		case strings.TrimSpace(p.hop.Screen) == "":
			p.errorf("screen is empty")
		case units > limit && gsm:
			p.errorf("screen is %d septets, limit %d", units, limit)
		case units > limit:
			p.errorf("screen is %d units outside the GSM alphabet, limit %d", units, limit)
		}
	}
}

// same checks that a is what the last hop was answered with.
func (p *Phone) same(what string, a gateway.Answer) {
	p.tb.Helper()
	if p.checks(Redelivery) && !a.Same(p.hop.Answer, "Content-Type", session.HopHeader) {
		p.errorf("%s was answered differently: %s", what, describe(a))
	}
}

// over checks and records the end of a session.
func (p *Phone) over() {
	p.tb.Helper()
	p.recordEvent()
	if p.c.events == nil || !p.checks(Events) {
		return
	}
	if a := p.s.EventAnswer(); a.Err != nil || a.Status != http.StatusOK {
		p.errorf("the notification of the session's end was not acknowledged with 200: %s", describe(a))
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
		wrong = append(wrong, "not the screen that was expected (-want +got):\n"+
			indent(diff(visible(want), visible(got))))
	}
	if wrong != nil {
		p.errorf("%s", strings.Join(wrong, "\n"))
	}
}

func (p *Phone) contains(texts []string) {
	p.tb.Helper()
	for _, text := range texts {
		if !strings.Contains(p.hop.Screen, text) {
			p.errorf("screen does not have the text %q", text)
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

func (p *Phone) errorf(format string, args ...any) {
	p.tb.Helper()
	p.tb.Errorf("%s", p.complaint(format, args))
}

func (p *Phone) fatalf(format string, args ...any) {
	p.tb.Helper()
	p.tb.Fatalf("%s", p.complaint(format, args))
}

func (p *Phone) complaint(format string, args []any) string {
	msg := "ussdtest: " + fmt.Sprintf(format, args...)
	if p.s == nil {
		return msg
	}
	return msg + "\n" + indent(p.picture())
}

// plain reports whether a content type is one of a screen.
func plain(contentType string) bool {
	t, params, err := mime.ParseMediaType(contentType)
	if err != nil || t != "text/plain" {
		return false
	}
	switch strings.ToLower(params["charset"]) {
	case "", "utf-8", "us-ascii":
		return true
	}
	return false
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

func describe(a gateway.Answer) string {
	if a.Err != nil {
		return strings.TrimPrefix(a.Err.Error(), "gateway: ")
	}
	body := a.Body
	cut := ""
	if len(body) > 300 {
		body, cut = body[:300], fmt.Sprintf(" and %d bytes more", len(a.Body)-300)
	}
	s := fmt.Sprintf("%d %s, %s, %q%s", a.Status, a.Reason, a.Header.Get("Content-Type"), body, cut)
	if hop := a.Header.Get(session.HopHeader); hop != "" {
		s += fmt.Sprintf(", hop metadata %q", hop)
	}
	return s
}
