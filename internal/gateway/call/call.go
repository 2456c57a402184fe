// Package call plays a voice call of Africa's Talking towards an app, from its first
// callback to the notification at its end.
package call

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/sautigo/africastalking/internal/gateway"
	"github.com/sautigo/africastalking/internal/voicexml"
)

// Timeout is how long Africa's Talking waits for an answer. It documents no
// limit; this one is assumed.
const Timeout = 30 * time.Second

// Time-outs of GetDigits and Record that do not set one, as documented.
const (
	KeysTimeout   = 30 * time.Second
	RecordTimeout = 3600 * time.Second
)

// MaxCallbacks is how many callbacks a call makes without its caller doing
// anything, after which the app is taken to send it round in circles. That
// Africa's Talking has such a limit is assumed.
const MaxCallbacks = 50

// Config is the two sides of a call, and the app.
type Config struct {
	// At returns the app at a URL, which an answer may have named.
	At func(url string) (gateway.App, error)
	// URL is the callback URL of the app's number.
	URL string
	// Events is the number's events URL; nil is none. It gets call transfers
	// and the end of the call, which the callback URL gets too: whether both
	// do is not documented.
	Events gateway.App

	// Outbound is set for calls that the app has made.
	Outbound bool
	// CallerNumber is the person's number, in outbound calls too; DestinationNumber
	// is the app's.
	CallerNumber, DestinationNumber string
	CountryCode                     string
	// Carrier is not sent if it is empty.
	Carrier string
	// ClientDialedNumber is the number that a WebRTC or SIP client has dialled.
	ClientDialedNumber string
	ClientRequestID    string
	// SessionID is made up if it is empty.
	SessionID string
	// Start is now if it is zero.
	Start time.Time
	// Timeout is [Timeout] if it is zero.
	Timeout time.Duration
	// RecordingURL is of all recordings; it is made up if it is empty.
	RecordingURL string
	// Currency and Minute are the price of a minute, in millionths. It is
	// charged by the second, which is assumed.
	Currency string
	Minute   int64
	// FinishKey makes dtmfDigits end with the key that has ended the input.
	// Whether they do is not documented, and samples disagree.
	FinishKey bool
}

// State says what a call waits for.
type State string

// The states of a call.
const (
	Keys       State = "waits for keys"
	Records    State = "records the caller"
	Rings      State = "rings"
	Talks      State = "is connected"
	Queues     State = "waits in a queue"
	Dequeues   State = "takes a caller out of a queue"
	Conference State = "is in a conference"
	Over       State = "is over"

	runs State = "" // goes on with the next action
)

// Call is a call from its first callback to the notification at its end. One goroutine
// at a time may use it. Its time is simulated: texts and audio take none, and its methods
// say how long the rest takes. A context that is cancelled while the app is asked ends
// the call: the caller has hung up.
type Call struct {
	v       Config
	url     string // where the last answer came from
	state   State
	action  voicexml.Element // the one that it waits in, or has waited in last
	todo    []voicexml.Element
	from    int // the post whose answer is carried out
	posts   []Post
	events  []Post
	heard   []Sound
	elapsed time.Duration
	asked   int // callbacks since the last act of a person
	failure string
	ending  string

	established bool
	answeredAt  time.Duration

	idle     time.Duration // since the last key, or of silence
	keys     string
	recorded time.Duration
	spoken   bool

	leg      leg
	dial     []gateway.Field // of the last Dial
	queue    []gateway.Field // of who was taken out of a queue
	transfer string          // the callTransferParam
	bridge   string          // the lastBridgeHangupCause
	missed   string          // the hangupCause of a call that was not picked up
	keep     *string         // the recording that the final notification has
}

// leg is a conversation with another person.
type leg struct {
	kind   string // "dial", "queue" or "transfer"
	number string
	start  time.Duration
	limit  time.Duration // 0 is none
}

// Post is a callback and its outcome.
type Post struct {
	// URL is where it was sent.
	URL      string
	Callback gateway.Callback
	Answer   gateway.Answer
	// Final is set for the end of the call, and for events: the answer asks for
	// nothing.
	Final bool
	// Bridge is set while the call is connected. The effect of an answer with
	// actions is not documented then; it is taken to have none.
	Bridge bool
	// XML is the document of the answer.
	XML voicexml.Document
	// Failure says why the answer is unusable. The effect is not documented; the
	// call is taken to end.
	Failure string
}

// Sound is one sound that the caller hears.
type Sound struct {
	// Text is spoken, with single spaces for white space. For SSML it is the text
	// without the marks.
	Text string
	// SSML is the speak element, if there is one.
	SSML  string
	Voice string
	// URL is played.
	URL  string
	Beep bool
	// Post is the position of the callback whose answer it is from.
	Post int
}

// StateError is returned for an act that is not possible in the state of a call.
type StateError struct{ State State }

func (e *StateError) Error() string { return "gateway: the call " + string(e.State) }

// ErrNotRung is returned when a number picks up that the call does not ring.
var ErrNotRung = errors.New("gateway: that number does not ring")

// Start begins a call: one that comes in, or an outbound one that is picked up.
func Start(ctx context.Context, v Config) *Call {
	c := newCall(v)
	state := "Ringing"
	if v.Outbound {
		state = "Answered"
		c.establish()
	}
	c.ask(ctx, v.URL, state)
	c.run(ctx)
	return c
}

// Miss is an outbound call that is not picked up, for a hang-up cause; "" is NO_ANSWER.
// That the app gets the notification of its end alone was observed.
func Miss(ctx context.Context, v Config, cause string) *Call {
	v.Outbound = true
	c := newCall(v)
	c.missed = cmp.Or(cause, "NO_ANSWER")
	c.end(ctx, "was not picked up")
	return c
}

func newCall(v Config) *Call {
	v.SessionID = cmp.Or(v.SessionID, gateway.NewID("ATVId_"))
	v.Timeout = cmp.Or(v.Timeout, Timeout)
	// Observed: plain http at a bare address.
	v.RecordingURL = cmp.Or(v.RecordingURL, "http://203.0.113.212:8080/"+gateway.NewID("")+".mp3")
	if v.Start.IsZero() {
		v.Start = time.Now()
	}
	return &Call{v: v, url: v.URL}
}

// ID returns the call's session id.
func (c *Call) ID() string { return c.v.SessionID }

// State returns the state of the call.
func (c *Call) State() State { return c.state }

// Action returns the action that the call waits in, or did last.
func (c *Call) Action() voicexml.Element { return c.action }

// Posts returns all callbacks so far, those to the events URL left out.
func (c *Call) Posts() []Post { return c.posts }

// Events returns the callbacks to the events URL, whether or not there is one.
func (c *Call) Events() []Post { return c.events }

// Source returns the callback whose answer [Call.Action] is from.
func (c *Call) Source() Post { return c.posts[c.from] }

// Heard returns all sounds so far.
func (c *Call) Heard() []Sound { return c.heard }

// Elapsed returns how long the call has taken so far.
func (c *Call) Elapsed() time.Duration { return c.elapsed }

// Keys returns the keys that were pressed and not sent yet.
func (c *Call) Keys() string { return c.keys }

// Ending says how a call that is over has ended: "was ended by the app", for one.
func (c *Call) Ending() string { return c.ending }

// Failure is the fault of the answer that has ended the call.
func (c *Call) Failure() string { return c.failure }

// Leg returns the number on the other side of a call that is connected.
func (c *Call) Leg() string { return c.leg.number }

// Rings returns the numbers that a Dial rings.
func (c *Call) Rings() []string {
	if c.state != Rings {
		return nil
	}
	return voicexml.SplitNumbers(c.action.Attr("phoneNumbers"))
}

// Press presses keys. It returns the keys that no action has taken: those behind the end
// of the input, and those that do not end a recording.
func (c *Call) Press(ctx context.Context, keys string) (left string, err error) {
	if err := c.require(Keys, Records); err != nil {
		return keys, err
	}
	finish := c.action.Attr("finishOnKey")
	if c.state == Records {
		if finish == "" || !strings.HasPrefix(keys, finish) {
			return keys, nil
		}
		c.endRecording(ctx)
		c.run(ctx)
		return keys[1:], nil
	}
	most := c.action.Number("numDigits")
	if most == 0 && finish == "" {
		most = 1 // as Africa's Talking's older pages say
	}
	for i := range len(keys) {
		c.idle = 0
		key := keys[i : i+1]
		if key != finish {
			c.keys += key
		} else if c.v.FinishKey && c.keys != "" {
			c.keys += key
		}
		if key == finish || len(c.keys) == most {
			c.endKeys(ctx)
			c.run(ctx)
			return keys[i+1:], nil
		}
	}
	return "", nil
}

// Wait lets time pass without an act of a person.
func (c *Call) Wait(ctx context.Context, d time.Duration) error {
	if err := c.require(Keys, Records, Rings, Talks, Queues, Dequeues, Conference); err != nil {
		return err
	}
	for d > 0 && c.state != Over {
		step, ends := c.remaining()
		if !ends || step > d {
			c.pass(d)
			return nil
		}
		d -= step
		c.pass(step)
		c.timeout(ctx)
		c.run(ctx)
	}
	return nil
}

// Silence lets time pass until the next time-out. It returns a [*StateError] if there is
// none.
func (c *Call) Silence(ctx context.Context) error {
	if err := c.require(Keys, Records); err != nil {
		return err
	}
	d, ends := c.remaining()
	if !ends {
		return &StateError{c.state}
	}
	c.pass(d)
	c.timeout(ctx)
	c.run(ctx)
	return nil
}

// Speak lets the caller speak for some time, or until a recording has its length.
func (c *Call) Speak(ctx context.Context, d time.Duration) error {
	if err := c.require(Records); err != nil {
		return err
	}
	c.spoken, c.idle = true, 0
	if most := c.action.Seconds("maxLength"); most > 0 && c.recorded+d >= most {
		c.pass(most - c.recorded)
		c.endRecording(ctx)
		c.run(ctx)
		return nil
	}
	c.pass(d)
	c.idle = 0
	return nil
}

// PickUp connects the call: with a number that it rings, or, in a Dequeue, with the
// number of a caller who waits in the queue.
//
// That the app is asked when a Dial is picked up, and again when the conversation
// is over, is what a public integration relies on.
func (c *Call) PickUp(ctx context.Context, number string) error {
	if err := c.require(Rings, Dequeues); err != nil {
		return err
	}
	rings := c.state == Rings
	if rings && !slices.Contains(c.Rings(), number) {
		return ErrNotRung
	}
	c.establish()
	if !rings {
		c.connect("queue", number, 0)
		return nil
	}
	c.connect("dial", number, c.action.Seconds("maxDuration"))
	c.setDial("0", c.date())
	c.askBridged(ctx, c.dial)
	return nil
}

func (c *Call) connect(kind, number string, limit time.Duration) {
	c.todo, c.state = nil, Talks
	c.leg = leg{kind, number, c.elapsed, limit}
}

// Unanswered ends ringing without an answer, for a hang-up cause, or finds no caller in
// the queue. Documented: the actions behind a Dial run; an empty queue ends the
// call. That there is no callback is assumed.
func (c *Call) Unanswered(ctx context.Context, cause string) error {
	if err := c.require(Rings, Dequeues); err != nil {
		return err
	}
	if c.state == Dequeues {
		c.todo = nil
	} else {
		rung := c.Rings()
		c.leg = leg{kind: "dial", number: rung[len(rung)-1]}
		c.bridge = cause
		c.setDial("0", "None")
	}
	c.state = runs
	c.run(ctx)
	return nil
}

// Dequeued connects the caller with an agent who takes them out of the queue. The fields of the callback
// are those that public integrations read; that the app is asked when the two are
// connected is assumed.
func (c *Call) Dequeued(ctx context.Context, by, session string) error {
	if err := c.require(Queues); err != nil {
		return err
	}
	c.queue = []gateway.Field{
		{"queueDurationInSeconds", seconds(c.idle)},
		{"dequeuedToPhoneNumber", by},
		{"dequeuedToSessionId", cmp.Or(session, gateway.NewID("ATVId_"))},
		{"dequeueTime", c.date()},
	}
	c.connect("queue", by, 0)
	c.askBridged(ctx, c.queue)
	return nil
}

// Transfer connects the caller with another number, as the app has asked for. A
// limit of 0 is none. The fields of the event are documented; that it has a
// sessionId is assumed.
func (c *Call) Transfer(ctx context.Context, number string, limit time.Duration) error {
	if err := c.require(Keys, Records, Talks, Queues, Dequeues, Conference); err != nil {
		return err
	}
	if c.state == Talks && c.leg.kind == "dial" {
		c.noteTalk()
	}
	c.connect("transfer", number, limit)
	c.event(ctx, "Transferred", gateway.Field{"callTransferredToNumber", number}, gateway.Field{"callTransferState", "Active"})
	return nil
}

// FailTransfer refuses a transfer that the app has asked for. The call goes on.
func (c *Call) FailTransfer(ctx context.Context, cause string) error {
	if err := c.require(Keys, Records, Talks, Queues, Dequeues, Conference); err != nil {
		return err
	}
	c.event(ctx, "Active", gateway.Field{"callTransferHangupCause", cause})
	return nil
}

// OtherHangsUp ends the conversation from the other side.
func (c *Call) OtherHangsUp(ctx context.Context) error {
	if err := c.require(Talks); err != nil {
		return err
	}
	c.endLeg(ctx, "CalleeHangup")
	c.run(ctx)
	return nil
}

// HangUp ends the call by the caller. The recording that this ends is in the
// notification, which is documented for a Record without attributes and assumed
// for others.
func (c *Call) HangUp(ctx context.Context) error {
	if err := c.require(Keys, Records, Rings, Talks, Queues, Dequeues, Conference); err != nil {
		return err
	}
	switch c.state {
	case Records:
		c.keepRecording(c.spoken)
	case Rings:
		c.bridge = "ORIGINATOR_CANCEL"
	case Talks:
		switch c.leg.kind {
		case "dial":
			c.noteTalk()
		case "transfer":
			c.notifyTransfer(ctx, "CallerHangup")
		}
	}
	c.end(ctx, "was ended by the caller")
	return nil
}

// Again delivers the last callback once more. Its answer does not change the call.
func (c *Call) Again(ctx context.Context) gateway.Answer {
	p := c.posts[len(c.posts)-1]
	return c.deliver(ctx, p.URL, p.Callback)
}

// require begins an act of a person, for which the call must be in one of the states.
func (c *Call) require(states ...State) error {
	if !slices.Contains(states, c.state) {
		return &StateError{c.state}
	}
	c.asked = 0
	return nil
}
