package voicetest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sautigo/africastalking/internal/gateway"
	"github.com/sautigo/africastalking/internal/gateway/call"
	"github.com/sautigo/africastalking/internal/kit"
	"github.com/sautigo/africastalking/voice"
)

// Phone is a caller's phone. Its methods fail the test that the phone was made for, and
// end the test only if it cannot go on.
type Phone struct {
	tb      testing.TB
	r       kit.Reporter
	c       config
	call    *call.Call
	act     string // the last one
	since   int    // sounds before it
	sounds  int    // in the transcript
	checked int    // callbacks
	events  int    // checked
	log     []string
}

// New returns a phone in calls with a handler, such as [voice.Handler] returns. Each
// callback is served on a goroutine of its own, as by a server. A handler with routes
// wants [WithCallbackURL].
func New(tb testing.TB, h http.Handler, opts ...Option) *Phone {
	tb.Helper()
	c := newConfig(DefaultCallbackURL, opts)
	c.v.At = kit.At(c.callbackURL, c.callbackURL, gateway.InMemory(h))
	return newPhone(tb, c)
}

// NewURL returns a phone in calls with the app at a URL.
func NewURL(tb testing.TB, url string, opts ...Option) *Phone {
	tb.Helper()
	c := newConfig(url, opts)
	c.v.At = kit.At(url, c.callbackURL, c.Transport)
	return newPhone(tb, c)
}

func newPhone(tb testing.TB, c config) *Phone {
	tb.Helper()
	p := &Phone{tb: tb, c: c, log: []string{fmt.Sprintf("phone %s on %s", c.v.CallerNumber, c.v.DestinationNumber)}}
	p.r = kit.Reporter{TB: tb, Kit: "voicetest", Picture: p.picture, URLs: p.urls}
	if u, err := url.Parse(c.callbackURL); err != nil || u.Host == "" {
		p.r.Fatalf("the callback URL %q is not absolute", c.callbackURL)
	}
	return p
}

// Dial calls the app's number. If the phone is in a call, it hangs up first.
func (p *Phone) Dial() *Phone {
	p.tb.Helper()
	p.start("dial", false, func(v call.Config) *call.Call {
		return call.Start(context.Background(), v)
	})
	return p
}

// PickUp takes a call that the app has made. Making it is up to the test; the phone asks
// the app for instructions as in any other call. If the phone is in a call, it hangs up first.
func (p *Phone) PickUp() *Phone {
	p.tb.Helper()
	p.start("pick up", true, func(v call.Config) *call.Call {
		return call.Start(context.Background(), v)
	})
	return p
}

// Miss does not take a call that the app has made, for a cause such as
// [voice.UserBusy]; "" is [voice.NoAnswer]. The notification that the call is over is
// all that the app gets. If the phone is in a call, it hangs up first.
func (p *Phone) Miss(cause voice.HangupCause) *Phone {
	p.tb.Helper()
	p.start("miss", true, func(v call.Config) *call.Call {
		return call.Miss(context.Background(), v, string(cause))
	})
	return p
}

func (p *Phone) start(act string, outbound bool, begin func(call.Config) *call.Call) {
	p.tb.Helper()
	if p.call != nil && !p.Ended() {
		p.HangUp()
	}
	v := p.c.v
	v.Outbound = outbound
	p.act, p.since, p.sounds, p.checked, p.events = act, 0, 0, 0, 0
	p.record(act)
	p.call = begin(v)
	p.took()
}

// Press presses keys, 0 to 9, * and #, while a GetDigits waits for them. Digits go to
// the app once the input has ended: with its last key, with its finish key, or after
// a [Phone.Silence]. A GetDigits that sets neither takes one key, as Africa's
// Talking's older pages say. While a Record goes on, Press presses its finish key.
//
// A key that no action takes fails the test.
func (p *Phone) Press(keys string) *Phone {
	p.tb.Helper()
	act := "press " + keys
	if keys == "" || strings.Trim(keys, "0123456789*#") != "" {
		p.r.Fatalf("cannot press %q: a phone has the keys 0 to 9, * and #", keys)
		return p
	}
	var left string
	recording := p.call != nil && p.call.State() == call.Records
	p.do(act, func(ctx context.Context) (err error) {
		left, err = p.call.Press(ctx, keys)
		return err
	})
	switch {
	case left == "":
	case recording && left == keys:
		p.r.Fatalf("nothing takes the key %s: the recording is not ended by it", left[:1])
	default:
		p.r.Fatalf("nothing takes the keys %s: the input had ended before", left)
	}
	return p
}

// Silence does nothing until something times out: the input of a GetDigits, which
// makes no callback if nothing was pressed, or a Record.
func (p *Phone) Silence() *Phone {
	p.tb.Helper()
	return p.do("silence", func(ctx context.Context) error { return p.call.Silence(ctx) })
}

// Wait does nothing for some time, in which things may time out.
func (p *Phone) Wait(d time.Duration) *Phone {
	p.tb.Helper()
	if !p.lasts("wait", d) {
		return p
	}
	return p.do("wait "+d.String(), func(ctx context.Context) error { return p.call.Wait(ctx, d) })
}

// Speak speaks for some time while a Record goes on. It ends the recording only if
// that has its greatest length: then comes the finish key, or [Phone.Silence], or
// [Phone.HangUp].
func (p *Phone) Speak(d time.Duration) *Phone {
	p.tb.Helper()
	if !p.lasts("speak", d) {
		return p
	}
	return p.do("speak "+d.String(), func(ctx context.Context) error { return p.call.Speak(ctx, d) })
}

// Record is [Phone.Speak] and then the end that the app has asked for: the greatest
// length, or else the finish key, or else silence. A bare Record, which has no end of
// its own, ends as the caller hangs up.
func (p *Phone) Record(d time.Duration) *Phone {
	p.tb.Helper()
	if !p.lasts("record", d) {
		return p
	}
	return p.do("record "+d.String(), func(ctx context.Context) error {
		posts := len(p.call.Posts())
		if err := p.call.Speak(ctx, d); err != nil || len(p.call.Posts()) > posts {
			return err
		}
		a := p.call.Action()
		if finish := a.Attr("finishOnKey"); finish != "" {
			_, err := p.call.Press(ctx, finish)
			return err
		}
		if a.Bare() {
			return p.call.HangUp(ctx)
		}
		return p.call.Silence(ctx)
	})
}

// AnsweredBy simulates that one of the numbers that a Dial rings picks up; with a
// sequential Dial, none before it has. In an agent's call that waits in a Dequeue, it is
// the number of the caller who comes out of the queue.
func (p *Phone) AnsweredBy(number string) *Phone {
	p.tb.Helper()
	return p.do("answered by "+number, func(ctx context.Context) error { return p.call.PickUp(ctx, number) })
}

// Unanswered simulates that no number that a Dial rings picks up, for a cause such as
// [voice.NoAnswer] or [voice.UserBusy].
func (p *Phone) Unanswered(cause voice.HangupCause) *Phone {
	p.tb.Helper()
	return p.do("unanswered "+string(cause), func(ctx context.Context) error {
		if s := p.call.State(); s != call.Rings {
			return &call.StateError{State: s}
		}
		return p.call.Unanswered(ctx, string(cause))
	})
}

// QueueEmpty simulates a Dequeue on an empty queue.
func (p *Phone) QueueEmpty() *Phone {
	p.tb.Helper()
	return p.do("queue empty", func(ctx context.Context) error {
		if s := p.call.State(); s != call.Dequeues {
			return &call.StateError{State: s}
		}
		return p.call.Unanswered(ctx, "")
	})
}

// DequeuedBy simulates that an agent with this number takes the phone out of the queue
// that it waits in.
func (p *Phone) DequeuedBy(number string) *Phone {
	p.tb.Helper()
	return p.do("dequeued by "+number, func(ctx context.Context) error { return p.call.Dequeued(ctx, number, "") })
}

// Transfer connects the phone with a number as after a call transfer that the app has
// asked for, for limit at most if that is not 0. [WithEvents] gets the events.
func (p *Phone) Transfer(number string, limit time.Duration) *Phone {
	p.tb.Helper()
	if limit < 0 {
		p.r.Fatalf("cannot transfer for %v", limit)
		return p
	}
	return p.do("transfer "+number, func(ctx context.Context) error { return p.call.Transfer(ctx, number, limit) })
}

// FailTransfer fails a call transfer that the app has asked for, for a cause such as
// [voice.NoActiveClient]. The call goes on, and [WithEvents] gets the event.
func (p *Phone) FailTransfer(cause voice.HangupCause) *Phone {
	p.tb.Helper()
	return p.do("fail transfer "+string(cause), func(ctx context.Context) error {
		return p.call.FailTransfer(ctx, string(cause))
	})
}

// TheyHangUp simulates that the other side of the conversation hangs up.
func (p *Phone) TheyHangUp() *Phone {
	p.tb.Helper()
	return p.do("they hang up", func(ctx context.Context) error { return p.call.OtherHangsUp(ctx) })
}

// HangUp ends the call. The notification is all that the app gets.
func (p *Phone) HangUp() *Phone {
	p.tb.Helper()
	return p.do("hang up", func(ctx context.Context) error { return p.call.HangUp(ctx) })
}

// Again delivers the last callback once more, as Africa's Talking may. The app must give
// the same answer byte for byte, also after the end of the call.
func (p *Phone) Again() *Phone {
	p.tb.Helper()
	if !p.dialled("again") {
		return p
	}
	p.record("again")
	posts := p.call.Posts()
	last := posts[len(posts)-1]
	if a := p.call.Again(context.Background()); p.c.checks(Redelivery) && !a.Same(last.Answer, "Content-Type") {
		p.r.Errorf("delivered again, the callback was answered differently: %s", kit.Describe(a))
	}
	return p
}

// SessionID returns the id of the last call, "" if there was none.
func (p *Phone) SessionID() string {
	if p.call == nil {
		return ""
	}
	return p.call.ID()
}

// Ended reports whether the phone is in no call.
func (p *Phone) Ended() bool { return p.call == nil || p.call.State() == call.Over }

// Duration returns how long the call has taken so far, in its own time. What the
// caller is charged for begins with the first sound or connection.
func (p *Phone) Duration() time.Duration {
	if p.call == nil {
		return 0
	}
	return p.call.Elapsed()
}

// Action returns the action that the call waits in, as a value to compare: a
// [voice.GetDigits], [voice.Record], [voice.Dial], [voice.Enqueue], [voice.Dequeue] or
// [voice.Conference]. It is nil if there is no such action, as when the call is over,
// and if the answer is not one that [voice.Response] can parse.
func (p *Phone) Action() voice.Action {
	if p.Ended() {
		return nil
	}
	var r voice.Response
	if err := r.UnmarshalText(p.call.Source().Answer.Body); err != nil {
		return nil
	}
	return r.Actions()[p.call.Action().Index]
}

// Callbacks returns all callbacks of this call to the callback URL, as [voice.Parse]
// reads them.
func (p *Phone) Callbacks() []voice.Call {
	p.tb.Helper()
	if p.call == nil {
		return nil
	}
	var calls []voice.Call
	for _, post := range p.call.Posts() {
		calls = append(calls, p.parse(post))
	}
	return calls
}

// Notification returns the notification at the end of the call, and false if the call
// has not ended.
func (p *Phone) Notification() (voice.Call, bool) {
	p.tb.Helper()
	if p.call == nil || !p.Ended() {
		return voice.Call{}, false
	}
	posts := p.call.Posts()
	return p.parse(posts[len(posts)-1]), true
}

func (p *Phone) parse(post call.Post) voice.Call {
	p.tb.Helper()
	call, err := kit.Parse(post.Callback, voice.Parse)
	if err != nil {
		p.r.Fatalf("callback: %v", err)
	}
	return call
}

func (p *Phone) dialled(act string) bool {
	p.tb.Helper()
	if p.call == nil {
		p.r.Fatalf("cannot do %q: nothing was dialled", act)
		return false
	}
	return true
}

func (p *Phone) lasts(act string, d time.Duration) bool {
	p.tb.Helper()
	if d <= 0 {
		p.r.Fatalf("cannot %s for %v", act, d)
		return false
	}
	return true
}

// do has the phone do something, and the call go on.
func (p *Phone) do(act string, f func(context.Context) error) *Phone {
	p.tb.Helper()
	if !p.dialled(act) {
		return p
	}
	since := len(p.call.Heard())
	state := p.state()
	err := f(context.Background())
	switch {
	case errors.Is(err, call.ErrNotRung):
		p.r.Fatalf("cannot do %q: it rings %s", act, strings.Join(p.call.Rings(), ", "))
		return p
	case err != nil:
		p.r.Fatalf("cannot do %q: the call %s", act, state)
		return p
	}
	p.act, p.since = act, since
	p.record(act)
	p.took()
	return p
}

// took checks what the call has done.
func (p *Phone) took() {
	p.tb.Helper()
	p.recordPosts()
	posts := p.call.Posts()
	for ; p.checked < len(posts); p.checked++ {
		p.check(posts[p.checked])
	}
	events := p.call.Events()
	for ; p.events < len(events); p.events++ {
		if problem := p.c.Acknowledged(events[p.events].Answer); problem != "" && p.c.v.Events != nil && p.c.checks(Events) {
			p.r.Errorf("an event %s", problem)
		}
	}
	if f := p.call.Failure(); f != "" && p.c.checks(Answer) {
		p.r.Errorf("the call has failed: %s%s", f, kit.Stack(posts[len(posts)-2].Answer))
	}
}

// check checks the answer to a callback.
func (p *Phone) check(post call.Post) {
	p.tb.Helper()
	a := post.Answer
	if post.Final {
		// An app that has failed is not told a second time.
		failed := p.call.Failure() != "" && p.c.checks(Answer)
		if problem := p.c.Acknowledged(a); problem != "" && p.c.checks(Events) && !failed {
			p.r.Errorf("the end of the call %s", problem)
		}
		return
	}
	if post.Failure != "" {
		if post.Bridge && p.c.checks(Answer) {
			p.r.Errorf("connected with %s, the call is answered badly: %s%s", p.call.Leg(), post.Failure, kit.Stack(a))
		}
		return
	}
	if a.Status != http.StatusOK && p.c.checks(Answer) {
		p.r.Errorf("the status is %d, want 200", a.Status)
	}
	if p.c.checks(Deadline) && a.Took > p.c.Deadline {
		p.r.Errorf("the answer took %v, deadline %v", a.Took.Round(time.Millisecond), p.c.Deadline)
	}
	if t := a.Header.Get("Content-Type"); p.c.checks(ContentType) && !kit.IsText(t, "application/xml", "text/xml", "text/plain") {
		p.r.Errorf("content type is %q, want application/xml in UTF-8", t)
	}
	if p.c.checks(ContentLength) && a.Header.Get("Content-Length") == "" {
		p.r.Errorf("the answer of %d bytes has no Content-Length", len(a.Body))
	}
	for _, problem := range post.XML.Problems {
		switch {
		case problem.Flow && p.c.checks(Order), !problem.Flow && p.c.checks(Document):
			p.r.Errorf("the answer is not as documented, %s", problem)
		}
	}
	if post.Bridge && len(post.XML.Actions) > 0 && p.c.checks(Connected) {
		p.r.Errorf("connected with %s, the call is told to %s; want an empty response", p.call.Leg(), post.XML.Actions[0].Name)
	}
}
