package voicetest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sautigo/africastalking/internal/gateway/call"
	"github.com/sautigo/africastalking/internal/kit"
	"github.com/sautigo/africastalking/voice"
)

// Sound is one sound that the caller hears. It is comparable.
type Sound struct {
	// Text was said, with single spaces for white space. For SSML it is the text
	// without the marks.
	Text string
	// SSML is the speak element as it was sent, if it was one.
	SSML string
	// Voice is empty for Africa's Talking's own choice.
	Voice voice.Voice
	// URL was played: of a Play, as the tone of a Dial that rings, or as the music
	// of a queue.
	URL string
	// Beep is set if there was a beep. The sound of a Record's beep has nothing
	// else.
	Beep bool
}

// String returns the text that was said or the URL that was played, as [Phone.Hears]
// takes it: a text that begins like a URL has "say " before it. It is empty for a beep.
func (s Sound) String() string {
	switch {
	case s.URL != "":
		return s.URL
	case strings.HasPrefix(s.Text, "http://"), strings.HasPrefix(s.Text, "https://"):
		return "say " + s.Text
	}
	return s.Text
}

// Heard returns the sounds since the phone's last act, such as dialling or pressing a
// key.
func (p *Phone) Heard() []Sound {
	if p.call == nil {
		return nil
	}
	var out []Sound
	for _, s := range p.call.Heard()[p.since:] {
		out = append(out, soundOf(s))
	}
	return out
}

func soundOf(s call.Sound) Sound {
	return Sound{Text: s.Text, SSML: s.SSML, Voice: voice.Voice(s.Voice), URL: s.URL, Beep: s.Beep}
}

// Hears fails the test unless exactly these sounds were heard, in this order, since the
// phone's last act. A text was said, with any white space, and a URL was played. Beeps do
// not count; see [Phone.Heard].
func (p *Phone) Hears(sounds ...string) *Phone {
	p.tb.Helper()
	if p.dialled("hear") {
		p.expect(sounds)
	}
	return p
}

// HearsText fails the test unless each of the texts is in one of the sounds since the
// phone's last act.
func (p *Phone) HearsText(texts ...string) *Phone {
	p.tb.Helper()
	if !p.dialled("hear") {
		return p
	}
	heard := p.lines()
	for _, text := range texts {
		if !slices.ContainsFunc(heard, func(s string) bool { return strings.Contains(s, text) }) {
			p.r.Errorf("nothing that was heard has the text %q", text)
		}
	}
	return p
}

// Ends fails the test unless exactly these sounds were heard, as in [Phone.Hears], and
// then the call has ended because no action was left: not for a failure, a Reject, or
// because the phone hung up.
func (p *Phone) Ends(sounds ...string) *Phone {
	p.tb.Helper()
	if p.dialled("end") {
		p.is("over by itself", p.Ended() && p.call.Ending() == "was ended by the app")
		p.expect(sounds)
	}
	return p
}

// Rejected fails the test unless the app has rejected the call.
func (p *Phone) Rejected() *Phone {
	p.tb.Helper()
	if p.dialled("be rejected") {
		p.is("rejected by the app", p.Ended() && p.call.Ending() == "was rejected by the app")
	}
	return p
}

// Rings fails the test unless the app dials these numbers, in this order, and waits for
// one to pick up.
func (p *Phone) Rings(numbers ...string) *Phone {
	p.tb.Helper()
	if p.dialled("ring") {
		p.is("ringing "+strings.Join(numbers, ", "), slices.Equal(p.call.Rings(), numbers))
	}
	return p
}

// InQueue fails the test unless the phone waits in the queue with this name.
func (p *Phone) InQueue(name string) *Phone {
	p.tb.Helper()
	if p.dialled("be in a queue") {
		p.is(fmt.Sprintf("waiting in the queue %q", name), p.call.State() == call.Queues && p.call.Action().Attr("name") == name)
	}
	return p
}

// InConference fails the test unless the phone is in a conference.
func (p *Phone) InConference() *Phone {
	p.tb.Helper()
	if p.dialled("be in a conference") {
		p.is("in a conference", p.call.State() == call.Conference)
	}
	return p
}

func (p *Phone) is(want string, ok bool) {
	p.tb.Helper()
	if !ok {
		p.r.Errorf("want the call %s; it %s", want, p.state())
	}
}

// lines are the sounds since the last act, without beeps.
func (p *Phone) lines() []string {
	var out []string
	for _, s := range p.Heard() {
		if line := s.String(); line != "" {
			out = append(out, line)
		}
	}
	return out
}

func (p *Phone) expect(sounds []string) {
	p.tb.Helper()
	var want []string
	for _, s := range sounds {
		want = append(want, strings.Join(strings.Fields(s), " "))
	}
	if got := p.lines(); !slices.Equal(want, got) {
		p.r.Errorf("not the expected sounds (-want +got):\n%s", kit.Indent(kit.Diff(want, got)))
	}
}
