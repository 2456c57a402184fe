package voicetest

import (
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/sautigo/africastalking/internal/gateway/call"
	"github.com/sautigo/africastalking/internal/kit"
	"github.com/sautigo/africastalking/internal/voicexml"
)

// urls are the URLs whose secrets no failure and no transcript shows.
func (p *Phone) urls() []string {
	urls := []string{p.c.callbackURL, p.c.EventsURL}
	if p.call != nil {
		for _, post := range p.call.Posts() {
			urls = append(urls, post.URL)
			for _, m := range named.FindAllSubmatch(post.Answer.Body, -1) {
				urls = append(urls, string(m[1])+string(m[2]))
			}
		}
	}
	return urls
}

// named finds the URLs of the app that an answer names, well-formed or not.
var named = regexp.MustCompile(`callbackUrl\s*=\s*["']([^"'<]*)|<Redirect>([^<]*)`)

// state describes the state of the call, and how it can end.
func (p *Phone) state() string {
	a := p.call.Action()
	s := string(p.call.State())
	switch p.call.State() {
	case call.Over:
		s = p.call.Ending()
	case call.Keys:
		if keys := p.call.Keys(); keys != "" {
			s += ", after " + keys
		}
		if n := a.Attr("numDigits"); n != "" {
			s += ", " + n + " at most"
		}
		s += ending(a)
	case call.Records:
		s += ending(a)
	case call.Rings:
		s += " " + strings.Join(p.call.Rings(), ", ")
	case call.Talks:
		s += " with " + p.call.Leg()
	case call.Queues, call.Dequeues:
		s += fmt.Sprintf(" named %q", a.Attr("name"))
	}
	return s
}

func ending(a voicexml.Element) string {
	if key := a.Attr("finishOnKey"); key != "" {
		return ", which " + key + " ends"
	}
	return ""
}

// picture describes the call: its state, the sounds since the last act, and the last
// answer.
func (p *Phone) picture() string {
	if p.call == nil {
		return ""
	}
	var b strings.Builder
	v := p.c.v
	fmt.Fprintf(&b, "the call of %s to %s %s, at %v\n", v.CallerNumber, v.DestinationNumber, p.state(), p.call.Elapsed())
	fmt.Fprintf(&b, "heard since %q:\n", p.act)
	heard := p.Heard()
	if len(heard) == 0 {
		b.WriteString("    nothing\n")
	}
	for _, s := range heard {
		fmt.Fprintf(&b, "    %s\n", describeSound(s))
	}
	posts := p.call.Posts()
	last := len(posts) - 1
	for last > 0 && posts[last].Final {
		last--
	}
	post := posts[last]
	fmt.Fprintf(&b, "the answer of %s to %s:\n", post.URL, summary(post))
	if post.Answer.Err != nil {
		fmt.Fprintf(&b, "    none: %s", kit.Reason(post.Answer.Err))
	} else {
		b.WriteString(kit.Indent(spread(string(post.Answer.Body))))
	}
	return b.String()
}

func describeSound(s Sound) string {
	text := "play " + s.URL
	switch {
	case s == Sound{Beep: true}:
		return "beep"
	case s.URL == "":
		text = "say " + kit.Line(s.Text)
	}
	if s.Beep {
		text += ", beep"
	}
	return text
}

// spread puts each element of a document on a line of its own.
func spread(doc string) string {
	doc = kit.Shorten(doc, 2000)
	if doc == "" {
		return "nothing"
	}
	var lines []string
	for line := range strings.SplitSeq(strings.ReplaceAll(doc, "><", ">\n<"), "\n") {
		lines = append(lines, kit.Line(line))
	}
	return strings.Join(lines, "\n")
}

// summary describes a callback by its state and the input that it carries.
func summary(post call.Post) string {
	form, err := url.ParseQuery(string(post.Callback.Body))
	if err != nil {
		return err.Error()
	}
	s := form.Get("callSessionState")
	for _, name := range []string{"dtmfDigits", "recordingUrl", "dialDestinationNumber", "dialDurationInSeconds", "dequeuedToPhoneNumber"} {
		if !form.Has(name) || post.Final {
			continue
		}
		value := form.Get(name)
		if name == "recordingUrl" && value != "" {
			value = "…" // differs from run to run
		}
		s += fmt.Sprintf(" %s=%s", name, value)
	}
	return s
}

// Transcript returns the phone's acts, the callbacks and the sounds, to keep in a golden
// file or to print:
//
//	phone +254711000001 on +254711000942
//	dial
//	> https://ivr.example.com/voice Ringing
//	| For our opening hours, press 1.
//	press 1
//	> https://ivr.example.com/voice/choice Active dtmfDigits=1
//	| We are open from eight to five.
//	over: Completed Success, 0s, KES 0
//
// It leaves out session ids, dates and the places of recordings, which differ from run to
// run, and masks secrets in URLs.
func (p *Phone) Transcript() string {
	return kit.Mask(strings.Join(p.log, "\n"), p.urls()...) + "\n"
}

func (p *Phone) record(lines ...string) { p.log = append(p.log, lines...) }

// recordPosts records the callbacks and sounds since the last time, in their order.
func (p *Phone) recordPosts() {
	posts, heard := p.call.Posts(), p.call.Heard()
	next := p.checked
	callbacks := func(until int) {
		for ; next <= until; next++ {
			if !posts[next].Final {
				p.record("> " + posts[next].URL + " " + summary(posts[next]))
			}
			if f := posts[next].Failure; f != "" {
				p.record("FAILED " + f)
			}
		}
	}
	for ; p.sounds < len(heard); p.sounds++ {
		s := heard[p.sounds]
		callbacks(s.Post)
		p.record("| " + transcribe(soundOf(s)))
	}
	callbacks(len(posts) - 1)
	if p.Ended() {
		p.recordEnd(posts[len(posts)-1])
	}
}

func transcribe(s Sound) string {
	line := kit.Line(s.String())
	switch {
	case s.Beep && line == "":
		return "(beep)"
	case s.Beep:
		return line + " (beep)"
	}
	return line
}

func (p *Phone) recordEnd(post call.Post) {
	form, err := url.ParseQuery(string(post.Callback.Body))
	if err != nil {
		p.record(err.Error())
		return
	}
	n, err := strconv.Atoi(form.Get("durationInSeconds"))
	if err != nil {
		p.record(err.Error())
		return
	}
	s := fmt.Sprintf("over: %s %s, %v, %s %s", form.Get("callSessionState"), form.Get("status"),
		time.Duration(n)*time.Second, form.Get("currencyCode"), form.Get("amount"))
	for _, name := range []string{"hangupCause", "lastBridgeHangupCause"} {
		if v := form.Get(name); v != "" {
			s += ", " + v
		}
	}
	if form.Get("recordingUrl") != "" {
		s += ", recorded"
	}
	p.record(s)
}
