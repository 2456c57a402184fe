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

// Prompt is said or played before [GetDigits] or [Record] waits: [Say], [SSML] or
// [Play], by value.
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

// Voice is the voice that speaks. The set is open: Africa's Talking takes the names of
// Google's text-to-speech voices and publishes no full list, so any other name is
// sent as it is.
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
	// Text is plain text and must hold more than white space. Markup in it is read
	// out; use [SSML] for pauses and emphasis.
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

// SSML reads a [Speech] aloud: text with pauses, emphasis and hints about how to read
// numbers and dates. It is sent as a speak element in a Say element. Africa's Talking
// does not document which voices obey which hints.
type SSML struct {
	// Speech must hold a mark, or more than white space.
	Speech Speech
	// Voice is [Woman] when empty.
	Voice Voice
	// PlayBeep adds a beep.
	PlayBeep bool
}

func (s SSML) appendTo(b []byte) ([]byte, string) {
	switch {
	case s.Speech.blank():
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
	// Africa's Talking fetches it once and caches it as its HTTP headers say, so a
	// sound that changes needs a new address or such headers.
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
// presses. Africa's Talking posts them to the callback URL and carries out the
// answer. If the caller presses nothing, there is no callback: the call goes on with
// the next action, or ends. To get a callback in either case, put a [Redirect] to the
// same URL behind it.
type GetDigits struct {
	// Prompt is required.
	Prompt Prompt
	// NumDigits ends the input after so many keys; zero sets no limit.
	NumDigits int
	// Timeout is how long to wait for input, rounded up to whole seconds. Zero
	// leaves it to Africa's Talking, which waits for 30 seconds.
	Timeout time.Duration
	// FinishOnKey is the key that ends the input: one of 0 to 9, * and #, or empty
	// for none. Africa's Talking's older pages say that with neither FinishOnKey nor
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

// Dial connects the caller to another number. Once that is picked up, the actions
// behind Dial do not run.
//
// Africa's Talking was observed to post further callbacks for the same call around a
// Dial. Answering them with a Dial makes a loop: see [Call.AfterDial].
type Dial struct {
	// PhoneNumbers are the numbers to ring, required: phone numbers in international
	// form, SIP addresses or WebRTC client names.
	PhoneNumbers NumberList
	// Record records the conversation. The last callback of the call has the URL of
	// the recording.
	Record bool
	// Sequential rings one number after the other. Otherwise all ring at once
	// and the first to pick up gets the call.
	Sequential bool
	// CallerID is the Africa's Talking number to show. Empty is the number that
	// was called; set it when the caller is a SIP or WebRTC client.
	CallerID string
	// RingBackTone is the http or https address of the sound that the caller hears
	// while the numbers ring.
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

// NumberList is one number, or several with commas and nothing else between them, as
// Africa's Talking writes them. Write a constant as it is, and use [Numbers] for values
// from elsewhere: there one value cannot become two.
type NumberList string

// Numbers makes a list of numbers, SIP addresses or WebRTC client names. [Respond]
// refuses the list if one of them is empty or holds a comma, white space or an
// invisible character.
func Numbers(numbers ...string) NumberList {
	for i, n := range numbers {
		if strings.Contains(n, ",") {
			// A control character keeps the value in one piece, and Respond refuses
			// it with its position.
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

// Record records the caller, in one of two ways.
//
// The zero Record is the bare form: it records until the caller hangs up, and no
// action behind it runs. The last callback of the call has the URL of the recording.
//
// With any field set, the recording ends by itself. Africa's Talking posts its URL to
// the callback URL and carries out the answer. The caller may hang up first. Then the
// URL may come in the last callback alone, which Africa's Talking does not document:
// keep recordings in [OnEnd], too.
type Record struct {
	// Prompt is said or played first; nil for none.
	Prompt Prompt
	// FinishOnKey is the key that ends the recording: one of 0 to 9, * and #, or
	// empty for none.
	FinishOnKey string
	// MaxLength limits the recording, rounded up to whole seconds. Zero sets no
	// limit.
	MaxLength time.Duration
	// Timeout is rounded up to whole seconds. Zero leaves it to Africa's Talking,
	// which waits for 3600 seconds; its pages differ on whether that limits the
	// silence or the recording.
	Timeout time.Duration
	// TrimSilence removes silence from the start and the end.
	TrimSilence bool
	// PlayBeep plays a beep.
	PlayBeep bool
	// CallbackURL gets the recording; empty is the URL of the current callback.
	// Africa's Talking's older pages say that it stays the callback URL for the rest
	// of the call.
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

// Enqueue parks the caller in a queue until another call takes them out with
// [Dequeue].
type Enqueue struct {
	// HoldMusic is the http or https address of the sound that the caller hears,
	// cached as in [Play]. Empty leaves it to Africa's Talking.
	HoldMusic string
	// Name is the queue. Africa's Talking does not document an empty name.
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

// Dequeue connects the call to a caller who waits in a queue. If the queue is empty,
// Africa's Talking ends the call. After a conversation the actions behind Dequeue do
// not run.
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

// Redirect hands the call to another URL: Africa's Talking posts a callback there and
// carries out the answer. That URL stays the callback URL for the rest of the call. No
// action behind Redirect runs.
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

// Reject refuses the call, at no charge. Africa's Talking's Reject page wants it to be
// the only action, although its samples end a spoken message with it;
// [Response.Check] warns about that use.
type Reject struct{}

// notAValue is the problem of an action that no type switch here knows. A type of
// another package can implement the sealed interfaces by embedding an action.
const notAValue = "nil, a pointer or a foreign type, not an action by value"

// appendAction and appendPrompt switch over concrete types, so that the compiler can
// prove that the values behind the interfaces do not escape to the heap.
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
