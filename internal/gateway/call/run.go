package call

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/sautigo/africastalking/internal/gateway"
	"github.com/sautigo/africastalking/internal/voicexml"
)

// run carries out actions until the call waits for the caller or another person.
func (c *Call) run(ctx context.Context) {
	for c.state == runs {
		if len(c.todo) == 0 {
			c.end(ctx, "was ended by the app")
			return
		}
		c.action, c.todo = c.todo[0], c.todo[1:]
		a := c.action
		switch a.Name {
		case "Say", "Play":
			c.hear(a)
		case "GetDigits":
			c.prompt(a)
			c.establish()
			c.state, c.keys, c.idle = Keys, "", 0
		case "Record":
			c.prompt(a)
			if a.Flag("playBeep") {
				c.sound(Sound{Beep: true})
			}
			c.establish()
			c.state, c.idle, c.recorded, c.spoken = Records, 0, 0, false
		case "Dial":
			c.play(cmp.Or(a.Attr("ringBackTone"), a.Attr("ringbackTone")))
			c.state = Rings
		case "Enqueue":
			c.play(a.Attr("holdMusic"))
			c.establish()
			c.state, c.idle = Queues, 0
		case "Dequeue":
			c.state = Dequeues
		case "Conference":
			c.establish()
			c.state = Conference
		case "Redirect":
			c.ask(ctx, a.Spoken(), "Active")
		case "Reject":
			if !c.established {
				c.missed = "CALL_REJECTED"
			}
			c.end(ctx, "was rejected by the app")
		}
	}
}

func (c *Call) prompt(a voicexml.Element) {
	if child := a.Child("Say", "Play"); child != nil {
		c.hear(*child)
	}
}

func (c *Call) hear(a voicexml.Element) {
	if a.Name == "Play" {
		c.play(a.Attr("url"))
		return
	}
	s := Sound{Text: a.Spoken(), Voice: a.Attr("voice"), Beep: a.Flag("playBeep")}
	if speak := a.Child("speak"); speak != nil {
		s.SSML = speak.Source
	}
	c.establish()
	c.sound(s)
}

func (c *Call) play(url string) {
	if url != "" {
		c.establish()
		c.sound(Sound{URL: url})
	}
}

func (c *Call) sound(s Sound) {
	s.Post = len(c.posts) - 1
	c.heard = append(c.heard, s)
}

// establish starts the time that the caller is charged for. That it starts with the
// first sound or connection is assumed.
func (c *Call) establish() {
	if !c.established {
		c.established, c.answeredAt = true, c.elapsed
	}
}

func (c *Call) pass(d time.Duration) {
	d = min(d, maxCall-c.elapsed)
	c.elapsed += d
	c.idle += d
	if c.state == Records {
		c.recorded += d
	}
}

// maxCall keeps sums of durations from overflowing.
const maxCall time.Duration = 1 << 62

// remaining returns how long it takes until something ends by itself, if it does.
// That the time-out of a Record is of silence is assumed: the pages do not agree.
func (c *Call) remaining() (time.Duration, bool) {
	switch c.state {
	case Keys:
		return cmp.Or(c.action.Seconds("timeout"), KeysTimeout) - c.idle, true
	case Records:
		if c.action.Bare() {
			return 0, false
		}
		left := cmp.Or(c.action.Seconds("timeout"), RecordTimeout) - c.idle
		if most := c.action.Seconds("maxLength"); most > 0 {
			left = min(left, most-c.recorded)
		}
		return left, true
	case Talks:
		return c.leg.start + c.leg.limit - c.elapsed, c.leg.limit > 0
	}
	return 0, false
}

// timeout ends the action or the conversation that has no time left.
func (c *Call) timeout(ctx context.Context) {
	switch c.state {
	case Keys:
		c.endKeys(ctx)
	case Records:
		c.endRecording(ctx)
	case Talks:
		c.endLeg(ctx, "Completed")
	}
}

// endKeys ends a GetDigits. Documented: without input there is no callback, and the
// next action runs. That a key which ends the input is none by itself is assumed,
// as is that keys which nothing has ended are sent when the time is over.
func (c *Call) endKeys(ctx context.Context) {
	c.state = runs
	if keys := c.keys; keys != "" {
		c.keys = ""
		c.ask(ctx, c.callbackURL(), "Active", gateway.Field{"dtmfDigits", keys})
	}
}

// endRecording ends a Record with attributes. That the recording of a caller who has
// said nothing is none, silence trimmed or not, is assumed.
func (c *Call) endRecording(ctx context.Context) {
	c.state = runs
	c.ask(ctx, c.callbackURL(), "Active", gateway.Field{"recordingUrl", c.recording(c.spoken)})
}

// callbackURL returns the URL that gets the keys or the recording of an action.
func (c *Call) callbackURL() string { return cmp.Or(c.action.Attr("callbackUrl"), c.url) }

// endLeg ends a conversation by time or by the other side. That a conversation out
// of a queue, or after a transfer, ends the call is assumed.
func (c *Call) endLeg(ctx context.Context, transferState string) {
	c.state = runs
	switch c.leg.kind {
	case "dial":
		c.noteTalk()
		c.ask(ctx, c.url, "Active", c.dial...)
	case "transfer":
		c.notifyTransfer(ctx, transferState)
	}
}

// noteTalk notes the length of a conversation. That its cause is NORMAL_CLEARING is assumed.
func (c *Call) noteTalk() {
	c.bridge = "NORMAL_CLEARING"
	c.dial[1][1] = seconds(c.elapsed - c.leg.start)
	if c.action.Flag("record") {
		c.keepRecording(true)
	}
}

func (c *Call) setDial(duration, start string) {
	c.dial = []gateway.Field{
		{"dialDestinationNumber", c.leg.number},
		{"dialDurationInSeconds", duration},
		{"dialStartTime", start},
	}
}

func (c *Call) notifyTransfer(ctx context.Context, state string) {
	var fields []gateway.Field
	if state == "Completed" {
		fields = append(fields, gateway.Field{"callTransferredToNumber", c.leg.number})
	}
	c.event(ctx, "TransferCompleted", append(fields, gateway.Field{"callTransferState", state})...)
	c.transfer = c.leg.number + ":" + seconds(c.elapsed-c.leg.start)
}

func (c *Call) keepRecording(spoken bool) {
	recording := c.recording(spoken)
	c.keep = &recording
}

func (c *Call) recording(spoken bool) string {
	if spoken {
		return c.v.RecordingURL
	}
	return ""
}

// ask sends a callback and takes its answer as the next actions.
func (c *Call) ask(ctx context.Context, url, state string, more ...gateway.Field) {
	if c.asked++; c.asked > MaxCallbacks {
		c.fail(ctx, fmt.Sprintf("There were %d callbacks, and the caller has done nothing", MaxCallbacks))
		return
	}
	p := c.post(ctx, Post{URL: url, Callback: c.active(state, more...)})
	switch {
	case errors.Is(p.Answer.Err, context.Canceled): // while the app was asked
		c.end(context.WithoutCancel(ctx), "was ended by the caller")
		return
	case p.Failure != "":
		c.fail(ctx, p.Failure)
		return
	}
	// The URL stays the callback for the rest of the call: documented for
	// Redirect, on older pages for Record, and assumed for GetDigits.
	c.url, c.todo, c.from = url, p.XML.Actions, len(c.posts)-1
}

// askBridged sends a callback while the call is connected.
func (c *Call) askBridged(ctx context.Context, fields []gateway.Field) {
	c.post(ctx, Post{URL: c.url, Callback: c.active("Active", fields...), Bridge: true})
}

// post sends a callback and keeps it with its answer.
func (c *Call) post(ctx context.Context, p Post) Post {
	p.Answer = c.deliver(ctx, p.URL, p.Callback)
	p.judge(c.v.Timeout)
	c.posts = append(c.posts, p)
	return p
}

func (c *Call) fail(ctx context.Context, failure string) {
	c.failure = failure
	c.end(ctx, "has failed")
}

// end ends the call and notifies the app.
func (c *Call) end(ctx context.Context, how string) {
	c.state, c.ending, c.todo = Over, how, nil
	c.notify(ctx, c.post(ctx, Post{URL: c.url, Callback: c.final(), Final: true}).Callback)
}

func (c *Call) event(ctx context.Context, state string, fields ...gateway.Field) {
	fields = append([]gateway.Field{{"sessionId", c.v.SessionID}, {"callSessionState", state}, {"isActive", "1"}}, fields...)
	c.notify(ctx, gateway.Form(Agent, fields...))
}

func (c *Call) notify(ctx context.Context, callback gateway.Callback) {
	p := Post{Callback: callback, Final: true}
	if c.v.Events != nil {
		p.Answer = c.send(ctx, c.v.Events, callback)
	}
	c.events = append(c.events, p)
}

func (c *Call) deliver(ctx context.Context, url string, callback gateway.Callback) gateway.Answer {
	app, err := c.v.At(url)
	if err != nil {
		return gateway.Answer{Err: err}
	}
	return c.send(ctx, app, callback)
}

func (c *Call) send(ctx context.Context, app gateway.App, callback gateway.Callback) gateway.Answer {
	ctx, cancel := context.WithTimeout(ctx, c.v.Timeout)
	defer cancel()
	return app.Post(ctx, callback)
}

// judge interprets an answer as Africa's Talking would. That it takes a 201 was
// observed: its .NET sample answers so. The rest is assumed.
func (p *Post) judge(timeout time.Duration) {
	a := p.Answer
	switch {
	case errors.Is(a.Err, context.DeadlineExceeded):
		p.Failure = fmt.Sprintf("No response received within %v", timeout)
	case errors.Is(a.Err, gateway.ErrTooLarge):
		p.Failure = "Response is too large"
	case a.Err != nil:
		p.Failure = "Could not read a response: " + strings.TrimPrefix(a.Err.Error(), "gateway: ")
	case a.Status != http.StatusOK && a.Status != http.StatusCreated:
		p.Failure = strings.TrimSpace(fmt.Sprintf("Received unexpected response code: %d %s", a.Status, a.Reason))
	case !p.Final:
		var malformed *voicexml.Problem
		if p.XML, malformed = voicexml.Parse(a.Body); malformed != nil {
			p.Failure = "Response is not the XML of a voice call: " + malformed.String()
		}
	}
}
