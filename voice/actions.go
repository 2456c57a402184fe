package voice

import (
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sautigo/africastalking/internal/voicexml"
)

// Action is one step of a [Response]. The actions are [Say], [SSML], [Play],
// [GetDigits], [Dial], [Record], [Enqueue], [Dequeue], [Conference], [Redirect]
// and [Reject], passed by value; no other type is accepted.
type Action interface {
	action()
}

// Prompt is what a caller hears while [GetDigits] or [Record] waits: [Say],
// [SSML] or [Play], by value.
type Prompt interface {
	Action
	prompt()
}

func (Say) action()        {}
func (SSML) action()       {}
func (Play) action()       {}
func (GetDigits) action()  {}
func (Dial) action()       {}
func (Record) action()     {}
func (Enqueue) action()    {}
func (Dequeue) action()    {}
func (Conference) action() {}
func (Redirect) action()   {}
func (Reject) action()     {}

func (Say) prompt()  {}
func (SSML) prompt() {}
func (Play) prompt() {}

// Voice is who speaks. The set is open: Africa's Talking passes the names of
// Google's text-to-speech voices on and publishes no full list, so any other
// name is sent as it is.
type Voice string

// The voices of Africa's Talking's Say page and of its samples.
const (
	Man           Voice = "man"
	Woman         Voice = "woman" // Africa's Talking's default
	EnUSStandardC Voice = "en-US-Standard-C"
	EnUSWavenetC  Voice = "en-US-Wavenet-C"
	EnGBStandardB Voice = "en-GB-Standard-B"
	EnGBWavenetA  Voice = "en-GB-Wavenet-A"
)

// Say reads a text aloud.
type Say struct {
	// Text is plain text and must hold more than white space. Markup in it is
	// read out, not obeyed; use [SSML] for pauses and emphasis.
	Text string
	// Voice is [Woman] when empty.
	Voice Voice
	// PlayBeep adds a beep.
	PlayBeep bool
}

func (s Say) appendTo(b []byte) ([]byte, string) {
	if strings.TrimSpace(s.Text) == "" {
		return b, "text: required"
	}
	b = appendSayStart(b, s.Voice, s.PlayBeep)
	b = voicexml.AppendText(b, s.Text)
	return append(b, "</Say>"...), ""
}

func appendSayStart(b []byte, v Voice, beep bool) []byte {
	b = append(b, "<Say"...)
	b = appendAttr(b, ` voice="`, string(v))
	b = appendFlag(b, ` playBeep="true"`, beep)
	return append(b, '>')
}

// SSML reads a [Speech] aloud: text with pauses, emphasis and hints about how
// to read numbers and dates. It is sent as a Say element that holds a speak
// element. Which of Google's voices obey which hint is not documented.
type SSML struct {
	// Speech must not be the zero value.
	Speech Speech
	// Voice is [Woman] when empty.
	Voice Voice
	// PlayBeep adds a beep.
	PlayBeep bool
}

func (s SSML) appendTo(b []byte) ([]byte, string) {
	switch {
	case s.Speech == (Speech{}):
		return b, "speech: required"
	case s.Speech.depth > maxNesting:
		return b, "speech: marks are nested too deep"
	}
	b = appendSayStart(b, s.Voice, s.PlayBeep)
	b = s.Speech.appendTo(b)
	return append(b, "</Say>"...), ""
}

// Play plays a sound file.
type Play struct {
	// URL is the http or https address of an mp3 or wav file, required.
	// Africa's Talking fetches it once and keeps it for as long as the HTTP
	// cache headers say, so changed sounds need a new address or such headers.
	URL string
}

func (p Play) appendTo(b []byte) ([]byte, string) {
	if problem := required(p.URL, voicexml.URL); problem != "" {
		return b, "url: " + problem
	}
	b = append(b, "<Play"...)
	b = appendAttr(b, ` url="`, p.URL)
	return append(b, "/>"...), ""
}

// GetDigits speaks or plays a prompt and collects the keys that the caller
// presses. Africa's Talking posts them to the callback URL and goes on with
// that answer. A caller who presses nothing causes no callback at all: the call
// goes on with the next action, or ends when there is none. To be asked in
// either case, put a [Redirect] to yourself behind it.
type GetDigits struct {
	// Prompt is required.
	Prompt Prompt
	// NumDigits ends the input after so many keys; zero sets no such end.
	NumDigits int
	// Timeout is how long to wait for input, rounded up to whole seconds. Zero
	// leaves it to Africa's Talking, which waits for 30 seconds.
	Timeout time.Duration
	// FinishOnKey ends the input: one of 0 to 9, * and #. Empty means no key
	// does. Africa's Talking's older pages say that with neither FinishOnKey nor
	// NumDigits the first key is sent on its own.
	FinishOnKey string
	// CallbackURL gets the digits; empty is the URL of the current callback.
	CallbackURL string
}

func (g GetDigits) appendTo(b []byte) ([]byte, string) {
	numDigits := ""
	switch {
	case g.Prompt == nil:
		return b, "prompt: required"
	case g.NumDigits < 0:
		numDigits = "negative"
	case g.NumDigits > math.MaxInt32:
		numDigits = "too large"
	}
	if problem := first("numDigits", numDigits, "timeout", durationProblem(g.Timeout),
		"finishOnKey", optional(g.FinishOnKey, voicexml.Key), "callbackUrl", optional(g.CallbackURL, voicexml.URL)); problem != "" {
		return b, problem
	}
	b = append(b, "<GetDigits"...)
	b = appendNumber(b, ` numDigits="`, int64(g.NumDigits))
	b = appendSeconds(b, ` timeout="`, g.Timeout)
	b = appendAttr(b, ` finishOnKey="`, g.FinishOnKey)
	b = appendAttr(b, ` callbackUrl="`, g.CallbackURL)
	b = append(b, '>')
	b, problem := appendPrompt(b, g.Prompt)
	return append(b, "</GetDigits>"...), problem
}

// Dial connects the caller to someone else. Once that leg is picked up, the
// actions behind Dial do not run.
//
// Africa's Talking was observed to post further callbacks for the same call
// around a Dial: answering those with a Dial again makes a loop.
type Dial struct {
	// PhoneNumbers is whom to ring, required: phone numbers in international
	// form, SIP addresses or WebRTC client names.
	PhoneNumbers NumberList
	// Record records the conversation; the recording's URL comes with the last
	// callback of the call.
	Record bool
	// Sequential rings one number after the other. Otherwise all ring at once
	// and the first to pick up gets the call.
	Sequential bool
	// CallerID is the Africa's Talking number to show. Empty is the number that
	// was called; set it when the caller is a SIP or WebRTC client.
	CallerID string
	// RingBackTone is the http or https address of the sound that the caller
	// hears while the others ring.
	RingBackTone string
	// MaxDuration limits the conversation, rounded up to whole seconds. Zero
	// sets no limit.
	MaxDuration time.Duration
}

func (d Dial) appendTo(b []byte) ([]byte, string) {
	if problem := first("phoneNumbers", required(string(d.PhoneNumbers), voicexml.NumberList),
		"callerId", optional(d.CallerID, voicexml.Number), "ringBackTone", optional(d.RingBackTone, voicexml.URL),
		"maxDuration", durationProblem(d.MaxDuration)); problem != "" {
		return b, problem
	}
	b = append(b, "<Dial"...)
	b = appendAttr(b, ` phoneNumbers="`, string(d.PhoneNumbers))
	b = appendFlag(b, ` record="true"`, d.Record)
	b = appendFlag(b, ` sequential="true"`, d.Sequential)
	b = appendAttr(b, ` callerId="`, d.CallerID)
	if d.RingBackTone != "" {
		b = append(b, ` ringBackTone="`...)
		start := len(b)
		b = voicexml.AppendValue(b, d.RingBackTone)
		tone := b[start:]
		b = append(b, `" ringbackTone="`...)
		b = append(b, tone...)
		b = append(b, '"')
	}
	b = appendSeconds(b, ` maxDuration="`, d.MaxDuration)
	return append(b, "/>"...), ""
}

// NumberList is whom to ring: one number, or several separated by commas and
// nothing else, as Africa's Talking writes them. A constant can be written
// down as it is; values that come from elsewhere go through [Numbers], which
// does not let one value become two.
type NumberList string

// Numbers makes a list of numbers, SIP addresses or WebRTC client names. One
// that is empty or holds a comma, white space or an invisible character is not
// one number: [Respond] refuses a list that was made with it.
func Numbers(numbers ...string) NumberList {
	for i, n := range numbers {
		if strings.Contains(n, ",") {
			// A control character keeps the value in one piece and is refused
			// later, with its position.
			numbers = slices.Clone(numbers)
			numbers[i] = strings.ReplaceAll(n, ",", "\x00")
		}
	}
	return NumberList(strings.Join(numbers, ","))
}

// Split returns the numbers of the list, nil for an empty list.
func (l NumberList) Split() []string {
	if l == "" {
		return nil
	}
	return strings.Split(string(l), ",")
}

// Record records the caller. It comes in two forms.
//
// The zero Record is the bare form: it records until the caller hangs up, the
// recording's URL comes with the last callback of the call, and no action
// behind it runs.
//
// With any field set, the recording ends by itself; Africa's Talking then posts
// the recording's URL to the callback URL and goes on with that answer.
type Record struct {
	// Prompt is said or played first; nil for none.
	Prompt Prompt
	// FinishOnKey ends the recording: one of 0 to 9, * and #. Empty means no
	// key does.
	FinishOnKey string
	// MaxLength limits the recording, rounded up to whole seconds. Zero sets no
	// limit.
	MaxLength time.Duration
	// Timeout is rounded up to whole seconds. Zero leaves it to Africa's
	// Talking, which waits for 3600 seconds; its pages do not agree whether
	// that is of silence or in all.
	Timeout time.Duration
	// TrimSilence removes silence from the start and the end.
	TrimSilence bool
	// PlayBeep plays a beep.
	PlayBeep bool
	// CallbackURL gets the recording; empty is the URL of the current callback.
	// Africa's Talking's older pages say that it becomes the callback for the
	// rest of the call.
	CallbackURL string
}

func (r Record) appendTo(b []byte) ([]byte, string) {
	if problem := first("finishOnKey", optional(r.FinishOnKey, voicexml.Key), "maxLength", durationProblem(r.MaxLength),
		"timeout", durationProblem(r.Timeout), "callbackUrl", optional(r.CallbackURL, voicexml.URL)); problem != "" {
		return b, problem
	}
	b = append(b, "<Record"...)
	b = appendAttr(b, ` finishOnKey="`, r.FinishOnKey)
	b = appendSeconds(b, ` maxLength="`, r.MaxLength)
	b = appendSeconds(b, ` timeout="`, r.Timeout)
	b = appendFlag(b, ` trimSilence="true"`, r.TrimSilence)
	b = appendFlag(b, ` playBeep="true"`, r.PlayBeep)
	b = appendAttr(b, ` callbackUrl="`, r.CallbackURL)
	if r.Prompt == nil {
		return append(b, "/>"...), ""
	}
	b = append(b, '>')
	b, problem := appendPrompt(b, r.Prompt)
	return append(b, "</Record>"...), problem
}

// Enqueue parks the caller in a queue until somebody takes them out with
// [Dequeue].
type Enqueue struct {
	// HoldMusic is the http or https address of what the caller hears
	// meanwhile, cached as in [Play]. Empty leaves it to Africa's Talking.
	HoldMusic string
	// Name is the queue. Africa's Talking does not say what an empty name is.
	Name string
}

func (e Enqueue) appendTo(b []byte) ([]byte, string) {
	if problem := optional(e.HoldMusic, voicexml.URL); problem != "" {
		return b, "holdMusic: " + problem
	}
	b = append(b, "<Enqueue"...)
	b = appendAttr(b, ` holdMusic="`, e.HoldMusic)
	b = appendAttr(b, ` name="`, e.Name)
	return append(b, "/>"...), ""
}

// Dequeue connects the call to a caller who waits in a queue. With nobody
// waiting, Africa's Talking ends the call; after a conversation the actions
// behind Dequeue do not run.
type Dequeue struct {
	// PhoneNumber is the Africa's Talking number that the waiting callers
	// dialled, required.
	PhoneNumber string
	// Name is the queue, the same as in [Enqueue].
	Name string
}

func (d Dequeue) appendTo(b []byte) ([]byte, string) {
	if problem := required(d.PhoneNumber, voicexml.Number); problem != "" {
		return b, "phoneNumber: " + problem
	}
	b = append(b, "<Dequeue"...)
	b = appendAttr(b, ` phoneNumber="`, d.PhoneNumber)
	b = appendAttr(b, ` name="`, d.Name)
	return append(b, "/>"...), ""
}

// Conference puts the caller into a conference. It has nothing to set.
type Conference struct{}

// Redirect hands the call to another URL: Africa's Talking posts a callback
// there and goes on with that answer. The URL stays the callback for the rest
// of the call. No action behind Redirect runs.
type Redirect struct {
	// URL is an http or https address, required.
	URL string
}

func (r Redirect) appendTo(b []byte) ([]byte, string) {
	if problem := required(r.URL, voicexml.URL); problem != "" {
		return b, "url: " + problem
	}
	b = append(b, "<Redirect>"...)
	b = voicexml.AppendText(b, r.URL)
	return append(b, "</Redirect>"...), ""
}

// Reject refuses the call, at no charge. Africa's Talking's Reject page wants
// it to be the only action, although samples of Africa's Talking end a spoken
// message with it; [Response.Check] warns about that use.
type Reject struct{}

// notAValue is the problem of an action or a prompt that no type switch here
// knows. A type outside this package gets past the sealed interfaces by
// embedding an action.
const notAValue = "nil, a pointer or a foreign type, not an action by value"

// appendAction and appendPrompt switch over concrete types, so that the
// compiler can see that the values behind the interfaces do not escape.
func appendAction(b []byte, a Action) ([]byte, string) {
	switch a := a.(type) {
	case Say:
		return a.appendTo(b)
	case SSML:
		return a.appendTo(b)
	case Play:
		return a.appendTo(b)
	case GetDigits:
		return a.appendTo(b)
	case Dial:
		return a.appendTo(b)
	case Record:
		return a.appendTo(b)
	case Enqueue:
		return a.appendTo(b)
	case Dequeue:
		return a.appendTo(b)
	case Conference:
		return append(b, "<Conference/>"...), ""
	case Redirect:
		return a.appendTo(b)
	case Reject:
		return append(b, "<Reject/>"...), ""
	default:
		return b, notAValue
	}
}

func appendPrompt(b []byte, p Prompt) ([]byte, string) {
	var problem string
	switch p := p.(type) {
	case Say:
		b, problem = p.appendTo(b)
	case SSML:
		b, problem = p.appendTo(b)
	case Play:
		b, problem = p.appendTo(b)
	default:
		return b, "prompt: " + notAValue
	}
	if problem != "" {
		problem = "prompt (" + actionName(p) + "): " + problem
	}
	return b, problem
}

// actionName returns "" for anything that is not an action by value.
func actionName(a Action) string {
	if t := reflect.TypeOf(a); t != nil && t.PkgPath() == reflect.TypeFor[Say]().PkgPath() {
		return t.Name()
	}
	return ""
}

// appendAttr appends an attribute, unless its value is empty. The name comes
// with the characters around it, as in ` url="`.
func appendAttr(b []byte, name, value string) []byte {
	if value == "" {
		return b
	}
	b = append(b, name...)
	b = voicexml.AppendValue(b, value)
	return append(b, '"')
}

func appendFlag(b []byte, attr string, on bool) []byte {
	if !on {
		return b
	}
	return append(b, attr...)
}

func appendNumber(b []byte, name string, n int64) []byte {
	if n == 0 {
		return b
	}
	b = append(b, name...)
	b = strconv.AppendInt(b, n, 10)
	return append(b, '"')
}

func appendSeconds(b []byte, name string, d time.Duration) []byte {
	return appendNumber(b, name, ceil(d, time.Second))
}

// ceil returns how many units d is, rounded up. It does not overflow, as adding
// a unit first would.
func ceil(d, unit time.Duration) int64 {
	n := int64(d / unit)
	if d%unit > 0 {
		n++
	}
	return n
}

func durationProblem(d time.Duration) string {
	switch {
	case d < 0:
		return "negative"
	case d > math.MaxInt32*time.Second:
		return "too long"
	}
	return ""
}

// first returns the first problem of fields and their problems by turns.
func first(problems ...string) string {
	for i := 1; i < len(problems); i += 2 {
		if problems[i] != "" {
			return problems[i-1] + ": " + problems[i]
		}
	}
	return ""
}

// optional and required apply the rule of a value to one that may be empty, and to
// one that may not.
func optional(value string, rule func(string) string) string {
	if value == "" {
		return ""
	}
	return rule(value)
}

func required(value string, rule func(string) string) string {
	if value == "" {
		return "required"
	}
	return rule(value)
}
