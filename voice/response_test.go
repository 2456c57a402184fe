package voice_test

import (
	"bytes"
	"encoding"
	"encoding/xml"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking/voice"
)

var update = flag.Bool("update", false, "write the golden files again")

var (
	_ encoding.TextAppender    = voice.Response{}
	_ encoding.TextUnmarshaler = (*voice.Response)(nil)
	_ slog.LogValuer           = voice.Response{}
)

// Actions and responses are comparable at compile time.
var (
	_ map[voice.Say]bool
	_ map[voice.SSML]bool
	_ map[voice.Play]bool
	_ map[voice.GetDigits]bool
	_ map[voice.Dial]bool
	_ map[voice.Record]bool
	_ map[voice.Enqueue]bool
	_ map[voice.Dequeue]bool
	_ map[voice.Conference]bool
	_ map[voice.Redirect]bool
	_ map[voice.Reject]bool
	_ map[voice.Response]bool
)

const decl = `<?xml version="1.0" encoding="UTF-8"?>`

func allSpeech() voice.Speech {
	return voice.Speech{}.
		Text("Dear <customer> & co, ").
		Break(200*time.Millisecond).
		Emphasis(voice.EmphasisStrong, "pay ").
		Emphasis("", "\"now\" ").
		SayAs(voice.SayAs{As: voice.AsCurrency, Text: "KES 42.01", Language: "en-US"}).
		SayAs(voice.SayAs{As: voice.AsTelephone, Text: "0711 000001", Style: "zero-as-zero"}).
		SayAs(voice.SayAs{As: voice.AsDate, Text: "20251130", Format: "yyyymmdd", Detail: "1"}).
		SayAs(voice.SayAs{As: voice.AsTime, Text: "2:30pm", Format: "hms12"}).
		SayAs(voice.SayAs{As: voice.AsSpellOut, Text: "A&B"}).
		SayAs(voice.SayAs{Text: " plain"}).
		Break(1500 * time.Microsecond)
}

// goldens are actions and the name of the file that holds their document. Each
// list is what [voice.Response.Actions] gives back.
var goldens = map[string][]voice.Action{
	"empty": nil,

	"say":      {voice.Say{Text: "Karibu"}},
	"say_all":  {voice.Say{Text: "Karibu", Voice: voice.EnGBWavenetA, PlayBeep: true}},
	"ssml":     {voice.SSML{Speech: voice.Speech{}.Text("Karibu")}},
	"ssml_all": {voice.SSML{Speech: allSpeech(), Voice: voice.EnUSWavenetC, PlayBeep: true}},
	"ssml_nested": {voice.SSML{Speech: voice.Speech{}.
		Paragraph(voice.Speech{}.
			Sentence(voice.Speech{}.Text("You have ").Sub("KES", "Kenya shillings").Text(" 5 & more.")).
			Sentence(voice.Speech{}.Prosody(voice.Prosody{Rate: "x-slow", Pitch: "+2st", Volume: `"loud"`},
				voice.Speech{}.Text("Press <1>").Break(time.Second).Emphasis(voice.EmphasisStrong, "now")))).
		Prosody(voice.Prosody{}, voice.Speech{}.Text("Bye")).
		Sub(".", "")}},
	"play":       {voice.Play{URL: "https://x.test/a.mp3?v=1&w=2"}},
	"conference": {voice.Conference{}},
	"redirect":   {voice.Redirect{URL: "HTTP://x.test/next?a=1&b=2"}},
	"reject":     {voice.Reject{}},

	"getdigits_say": {voice.GetDigits{Prompt: voice.Say{Text: "Press 1"}}},
	"getdigits_all": {voice.GetDigits{
		Prompt:      voice.Say{Text: "Press 1", Voice: voice.Man, PlayBeep: true},
		NumDigits:   4,
		Timeout:     20 * time.Second,
		FinishOnKey: "#",
		CallbackURL: "https://x.test/cb?a=1&b=2",
	}},
	"getdigits_ssml": {voice.GetDigits{Prompt: voice.SSML{Speech: allSpeech()}, FinishOnKey: "*"}},
	"getdigits_play": {voice.GetDigits{Prompt: voice.Play{URL: "https://x.test/a.mp3"}, FinishOnKey: "0"}},

	"dial": {voice.Dial{PhoneNumbers: "+254711000001"}},
	"dial_all": {voice.Dial{
		PhoneNumbers: "+254711000001,test@ke.sip.africastalking.com,acme.agent1",
		Record:       true,
		Sequential:   true,
		CallerID:     "+254711000000",
		RingBackTone: "https://x.test/r.mp3?a=1&b=2",
		MaxDuration:  2 * time.Minute,
	}},

	"record":      {voice.Record{}},
	"record_attr": {voice.Record{PlayBeep: true}},
	"record_say":  {voice.Record{Prompt: voice.Say{Text: "Name?"}}},
	"record_ssml": {voice.Record{Prompt: voice.SSML{Speech: allSpeech()}}},
	"record_play": {voice.Record{Prompt: voice.Play{URL: "https://x.test/a.mp3"}}},
	"record_all": {voice.Record{
		Prompt:      voice.Say{Text: "Name?"},
		FinishOnKey: "9",
		MaxLength:   10 * time.Second,
		Timeout:     time.Hour,
		TrimSilence: true,
		PlayBeep:    true,
		CallbackURL: "https://x.test/rec",
	}},

	"enqueue":     {voice.Enqueue{}},
	"enqueue_all": {voice.Enqueue{HoldMusic: "http://x.test/wait.wav", Name: "support & sales"}},
	"dequeue":     {voice.Dequeue{PhoneNumber: "+254711000000"}},
	"dequeue_all": {voice.Dequeue{PhoneNumber: "+254711000000", Name: "support"}},

	"hostile": {
		voice.Say{Text: `Tom & Jerry <3 "hi" it's ]]> &amp; </Say>`},
		voice.GetDigits{Prompt: voice.Say{Text: "Press 1 & go"}, CallbackURL: `https://x.test/cb?a=1&b="2"'><`},
		voice.Dial{PhoneNumbers: `"/>&<Reject/>`, CallerID: `a"b`, RingBackTone: "https://x.test/r.mp3?a=1&b=2"},
		voice.Record{Prompt: voice.Say{Text: "tab\t, feed\n, return\r, return feed\r\n."}},
		voice.Enqueue{Name: "q\"1'\t\n\r & <b>"},
		voice.Dequeue{PhoneNumber: "+254711000000", Name: " ọ̀rọ̀ አማርኛ 😀 "},
		voice.SSML{Speech: voice.Speech{}.Text("</speak></Say><Reject/>").Emphasis(`"/><break time="1s`, "<b>").SayAs(voice.SayAs{As: `"x`, Text: "</say-as>", Style: `">`})},
		voice.Redirect{URL: "https://x.test/n?a=1&b=2"},
		voice.Conference{},
		voice.Reject{},
	},
}

func TestGolden(t *testing.T) {
	t.Parallel()
	for name, actions := range goldens {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := voice.Respond(actions...)
			got, err := r.AppendText(nil)
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join("testdata", name+".xml")
			if *update {
				if err := os.WriteFile(file, append(got, '\n'), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(string(readFile(t, file)), string(got)); diff != "" {
				t.Errorf("document (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(actions, r.Actions()); diff != "" {
				t.Errorf("Actions (-want +got):\n%s", diff)
			}
			checkRoundTrip(t, r)
		})
	}
}

func TestGoldenFilesAreUsed(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.xml")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if _, ok := goldens[strings.TrimSuffix(filepath.Base(file), ".xml")]; !ok {
			t.Errorf("%s belongs to no test", file)
		}
	}
}

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.TrimSuffix(text, []byte("\n"))
}

// checkRoundTrip holds a valid response to what is promised of its bytes.
func checkRoundTrip(t *testing.T, r voice.Response) {
	t.Helper()
	text, err := r.AppendText(nil)
	if err != nil {
		t.Fatalf("AppendText: %v", err)
	}
	if !bytes.HasPrefix(text, []byte(decl+"<Response")) {
		t.Errorf("no declaration in %q", text)
	}
	if got := r.String(); got != string(text) {
		t.Errorf("XML is %q, AppendText %q", got, text)
	}
	appended, err := r.AppendText([]byte("before"))
	if err != nil || string(appended) != "before"+string(text) {
		t.Errorf("AppendText is %q, %v behind a text, and %q alone", appended, err, text)
	}
	var back voice.Response
	if err := back.UnmarshalText(text); err != nil {
		t.Fatalf("UnmarshalText of %q: %v", text, err)
	}
	if back != r {
		t.Errorf("UnmarshalText(AppendText) (-want +got):\n%s", cmp.Diff(r.String(), back.String()))
	}
	if again := voice.Respond(r.Actions()...); again != r {
		t.Errorf("Respond(Actions) (-want +got):\n%s", cmp.Diff(r.String(), again.String()))
	}
	d := xml.NewDecoder(bytes.NewReader(text))
	for {
		_, err := d.Token()
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Fatalf("encoding/xml on %q: %v", text, err)
		}
	}
}

func TestEmptyResponse(t *testing.T) {
	t.Parallel()
	var zero voice.Response
	if got, want := zero.String(), decl+"<Response/>"; got != want {
		t.Errorf("zero value is %q, want %q", got, want)
	}
	if voice.Respond() != zero {
		t.Error("Respond() is not the zero value")
	}
	if got := zero.Actions(); got != nil {
		t.Errorf("Actions is %v, want nil", got)
	}
	if err := zero.Check(); err != nil {
		t.Errorf("Check: %v", err)
	}
	checkRoundTrip(t, zero)
}

func TestRespondIsStable(t *testing.T) {
	t.Parallel()
	first := voice.Respond(goldens["hostile"]...)
	for range 20 {
		if got := voice.Respond(goldens["hostile"]...); got != first || !got.Equal(first) {
			t.Fatalf("the same actions gave two documents (-first +got):\n%s", cmp.Diff(first, got))
		}
	}
	if other := voice.Respond(voice.Reject{}); other == first || other.Equal(first) {
		t.Error("different actions are equal")
	}
}

func TestRespondLong(t *testing.T) {
	t.Parallel()
	var actions []voice.Action
	for range 50 {
		actions = append(actions, goldens["hostile"]...)
	}
	r := voice.Respond(actions...)
	if diff := cmp.Diff(actions, r.Actions()); diff != "" {
		t.Errorf("Actions (-want +got):\n%s", diff)
	}
	checkRoundTrip(t, r)
}

func TestDurationsRoundUp(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		d    time.Duration
		want time.Duration
	}{
		{0, 0},
		{1, time.Second},
		{time.Second, time.Second},
		{time.Second + 1, 2 * time.Second},
		{1500 * time.Millisecond, 2 * time.Second},
		{math.MaxInt32 * time.Second, math.MaxInt32 * time.Second},
	} {
		r := voice.Respond(
			voice.GetDigits{Prompt: voice.Say{Text: "a"}, Timeout: tt.d},
			voice.Dial{PhoneNumbers: "a", MaxDuration: tt.d},
			voice.Record{MaxLength: tt.d, Timeout: tt.d},
		)
		want := []voice.Action{
			voice.GetDigits{Prompt: voice.Say{Text: "a"}, Timeout: tt.want},
			voice.Dial{PhoneNumbers: "a", MaxDuration: tt.want},
			voice.Record{MaxLength: tt.want, Timeout: tt.want},
		}
		if diff := cmp.Diff(want, r.Actions()); diff != "" {
			t.Errorf("%v (-want +got):\n%s", tt.d, diff)
		}
	}
}

// foreign gets past the sealed interface.
type foreign struct{ voice.Say }

func TestRespondInvalid(t *testing.T) {
	t.Parallel()
	var nilSay *voice.Say
	const (
		byValue = "nil, a pointer or a foreign type, not an action by value"
		scheme  = "not an http:// or https:// address"
		unseen  = "holds white space or an invisible character"
		number  = "holds a comma, white space or an invisible character"
		key     = "not one of 0 to 9, * and #"
	)
	prompt := voice.Say{Text: "secret"}
	for _, tt := range []struct {
		name   string
		action voice.Action
		want   string
	}{
		{"nil", nil, "action 2: " + byValue},
		{"pointer", &voice.Say{Text: "secret"}, "action 2: " + byValue},
		{"nil pointer", nilSay, "action 2: " + byValue},
		{"foreign", foreign{prompt}, "action 2: " + byValue},

		{"say nothing", voice.Say{}, "action 2 (Say): text: required"},
		{"say white space", voice.Say{Text: " \t\r\n\u00A0"}, "action 2 (Say): text: required"},
		{"ssml nothing", voice.SSML{}, "action 2 (SSML): speech: required"},
		{"ssml blank", voice.SSML{Speech: voice.Speech{}.Text(" \t\n").Prosody(voice.Prosody{}, voice.Speech{}.Text("\r\u00a0"))}, "action 2 (SSML): speech: required"},
		{"ssml nothing added", voice.SSML{Speech: voice.Speech{}.Text("").Break(0).Break(-1).Emphasis("strong", "").SayAs(voice.SayAs{As: voice.AsDate}).SayAs(voice.SayAs{}).Sub("", "a").Prosody(voice.Prosody{Rate: "slow"}, voice.Speech{}).Prosody(voice.Prosody{}, voice.Speech{}).Paragraph(voice.Speech{}).Sentence(voice.Speech{}.Text(""))}, "action 2 (SSML): speech: required"},
		{"ssml too deep", voice.SSML{Speech: nested(29)}, "action 2 (SSML): speech: marks are nested too deep"},
		{"prompt too deep", voice.GetDigits{Prompt: voice.SSML{Speech: nested(1000)}}, "action 2 (GetDigits): prompt (SSML): speech: marks are nested too deep"},
		{"play nothing", voice.Play{}, "action 2 (Play): url: required"},
		{"play path", voice.Play{URL: "/secret.mp3"}, "action 2 (Play): url: " + scheme},
		{"play scheme only", voice.Play{URL: "https://"}, "action 2 (Play): url: " + scheme},
		{"play ftp", voice.Play{URL: "ftp://secret/a.mp3"}, "action 2 (Play): url: " + scheme},
		{"play javascript", voice.Play{URL: "xhttps://secret/a.mp3"}, "action 2 (Play): url: " + scheme},
		{"play space", voice.Play{URL: "https://secret/a b.mp3"}, "action 2 (Play): url: " + unseen},
		{"play line break", voice.Play{URL: "https://secret/a.mp3\n"}, "action 2 (Play): url: " + unseen},
		{"play not utf-8", voice.Play{URL: "https://secret/\xff.mp3"}, "action 2 (Play): url: " + unseen},

		{"digits no prompt", voice.GetDigits{}, "action 2 (GetDigits): prompt: required"},
		{"digits pointer prompt", voice.GetDigits{Prompt: &voice.Play{}}, "action 2 (GetDigits): prompt: " + byValue},
		{"digits foreign prompt", voice.GetDigits{Prompt: foreign{prompt}}, "action 2 (GetDigits): prompt: " + byValue},
		{"digits empty say", voice.GetDigits{Prompt: voice.Say{}}, "action 2 (GetDigits): prompt (Say): text: required"},
		{"digits empty ssml", voice.GetDigits{Prompt: voice.SSML{}}, "action 2 (GetDigits): prompt (SSML): speech: required"},
		{"digits empty play", voice.GetDigits{Prompt: voice.Play{}}, "action 2 (GetDigits): prompt (Play): url: required"},
		{"digits number", voice.GetDigits{Prompt: prompt, NumDigits: -1}, "action 2 (GetDigits): numDigits: negative"},
		{"digits large number", voice.GetDigits{Prompt: prompt, NumDigits: 1 << 31}, "action 2 (GetDigits): numDigits: too large"},
		{"digits timeout", voice.GetDigits{Prompt: prompt, Timeout: -1}, "action 2 (GetDigits): timeout: negative"},
		{"digits long timeout", voice.GetDigits{Prompt: prompt, Timeout: math.MaxInt64}, "action 2 (GetDigits): timeout: too long"},
		{"digits key", voice.GetDigits{Prompt: prompt, FinishOnKey: "12"}, "action 2 (GetDigits): finishOnKey: " + key},
		{"digits key letter", voice.GetDigits{Prompt: prompt, FinishOnKey: "a"}, "action 2 (GetDigits): finishOnKey: " + key},
		{"digits callback", voice.GetDigits{Prompt: prompt, CallbackURL: "secret"}, "action 2 (GetDigits): callbackUrl: " + scheme},

		{"dial nobody", voice.Dial{}, "action 2 (Dial): phoneNumbers: required"},
		{"dial no numbers", voice.Dial{PhoneNumbers: voice.Numbers()}, "action 2 (Dial): phoneNumbers: required"},
		{"dial empty number", voice.Dial{PhoneNumbers: voice.Numbers("")}, "action 2 (Dial): phoneNumbers: required"},
		{"dial empty first", voice.Dial{PhoneNumbers: voice.Numbers("", "+254711000001")}, "action 2 (Dial): phoneNumbers: number 1 is empty"},
		{"dial empty last", voice.Dial{PhoneNumbers: "+254711000001,"}, "action 2 (Dial): phoneNumbers: number 2 is empty"},
		{"dial comma", voice.Dial{PhoneNumbers: voice.Numbers("+254711000001", "+254711000002,+254711000003")}, "action 2 (Dial): phoneNumbers: number 2 " + number},
		{"dial commas", voice.Dial{PhoneNumbers: voice.Numbers(",", ",")}, "action 2 (Dial): phoneNumbers: number 1 " + number},
		{"dial space", voice.Dial{PhoneNumbers: "+254711000001, +254711000002"}, "action 2 (Dial): phoneNumbers: number 2 " + number},
		{"dial no-break space", voice.Dial{PhoneNumbers: "+254711\u00A0000001"}, "action 2 (Dial): phoneNumbers: number 1 " + number},
		{"dial control character", voice.Dial{PhoneNumbers: "+254711\x7F000001"}, "action 2 (Dial): phoneNumbers: number 1 " + number},
		{"dial direction mark", voice.Dial{PhoneNumbers: "\u202A+254711000001\u202C"}, "action 2 (Dial): phoneNumbers: number 1 " + number},
		{"dial caller", voice.Dial{PhoneNumbers: "+254711000001", CallerID: "+254711 000000"}, "action 2 (Dial): callerId: " + number},
		{"dial tone", voice.Dial{PhoneNumbers: "+254711000001", RingBackTone: "secret"}, "action 2 (Dial): ringBackTone: " + scheme},
		{"dial duration", voice.Dial{PhoneNumbers: "+254711000001", MaxDuration: -time.Second}, "action 2 (Dial): maxDuration: negative"},

		{"record key", voice.Record{FinishOnKey: "##"}, "action 2 (Record): finishOnKey: " + key},
		{"record length", voice.Record{MaxLength: -1}, "action 2 (Record): maxLength: negative"},
		{"record timeout", voice.Record{Timeout: -1}, "action 2 (Record): timeout: negative"},
		{"record callback", voice.Record{CallbackURL: "//secret"}, "action 2 (Record): callbackUrl: " + scheme},
		{"record prompt", voice.Record{Prompt: voice.Say{}}, "action 2 (Record): prompt (Say): text: required"},
		{"record pointer prompt", voice.Record{Prompt: nilSay}, "action 2 (Record): prompt: " + byValue},

		{"enqueue music", voice.Enqueue{HoldMusic: "secret"}, "action 2 (Enqueue): holdMusic: " + scheme},
		{"dequeue nobody", voice.Dequeue{Name: "secret"}, "action 2 (Dequeue): phoneNumber: required"},
		{"dequeue two", voice.Dequeue{PhoneNumber: "+254711000001,+254711000002"}, "action 2 (Dequeue): phoneNumber: " + number},
		{"redirect nowhere", voice.Redirect{}, "action 2 (Redirect): url: required"},
		{"redirect path", voice.Redirect{URL: "secret"}, "action 2 (Redirect): url: " + scheme},

		{"too large", voice.Say{Text: strings.Repeat("a", 1<<20)}, "document is over 1 MiB"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := voice.Respond(voice.Say{Text: "secret"}, tt.action, voice.Reject{})
			want := "voice: " + tt.want
			err := r.Err()
			if err == nil || err.Error() != want {
				t.Fatalf("Err is %v, want %s", err, want)
			}
			if b, got := r.AppendText([]byte("before")); got != err || string(b) != "before" {
				t.Errorf("AppendText is %q, %v", b, got)
			}
			if got := r.Check(); got != err {
				t.Errorf("Check is %v", got)
			}
			if r.String() != "" || r.Actions() != nil {
				t.Errorf("an invalid response has the document %q and the actions %v", r.String(), r.Actions())
			}
			if r != voice.Respond(voice.Say{Text: "other"}, tt.action, voice.Reject{}) {
				t.Error("two responses that are invalid for the same reason differ")
			}
			if r == (voice.Response{}) {
				t.Error("an invalid response equals the empty one")
			}
		})
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	say := voice.Say{Text: "a"}
	next := voice.Redirect{URL: "https://x.test"}
	for _, tt := range []struct {
		name    string
		actions []voice.Action
		want    string
	}{
		{"nothing", nil, ""},
		{"all may run", []voice.Action{say, voice.GetDigits{Prompt: say}, voice.Dial{PhoneNumbers: "a"}, voice.Dequeue{PhoneNumber: "a"}, voice.Record{PlayBeep: true}, voice.Record{Prompt: say}, voice.Enqueue{}, voice.Conference{}, say, next}, ""},
		{"redirect", []voice.Action{say, next, say}, "voice: action 3 (Say) never runs after Redirect"},
		{"redirect first of two", []voice.Action{next, next, say}, "voice: action 2 (Redirect) never runs after Redirect"},
		{"bare record", []voice.Action{voice.Record{}, voice.SSML{Speech: voice.Speech{}.Text("a")}}, "voice: action 2 (SSML) never runs after Record"},
		{"bare record last", []voice.Action{say, voice.Record{}}, ""},
		{"reject", []voice.Action{voice.Reject{}}, ""},
		{"reject first", []voice.Action{voice.Reject{}, voice.Conference{}}, "voice: action 2 (Conference) never runs after Reject"},
		{"reject last", []voice.Action{say, voice.Reject{}}, "voice: action 2 (Reject) is not the only action"},
		{"invalid", []voice.Action{voice.Play{}}, "voice: action 1 (Play): url: required"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := ""
			if err := voice.Respond(tt.actions...).Check(); err != nil {
				got = err.Error()
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("Check (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		list voice.NumberList
		want []string
	}{
		{voice.Numbers(), nil},
		{voice.Numbers("+254711000001"), []string{"+254711000001"}},
		{voice.Numbers("+254711000001", "acme.agent1"), []string{"+254711000001", "acme.agent1"}},
		{"a,b", []string{"a", "b"}},
	} {
		if diff := cmp.Diff(tt.want, tt.list.Split()); diff != "" {
			t.Errorf("Split (-want +got):\n%s", diff)
		}
	}
	numbers := []string{"a,b", "c,d"}
	voice.Numbers(numbers...)
	if diff := cmp.Diff([]string{"a,b", "c,d"}, numbers); diff != "" {
		t.Errorf("Numbers changed its arguments (-want +got):\n%s", diff)
	}
}

func TestSpeechIsImmutable(t *testing.T) {
	t.Parallel()
	base := voice.Speech{}.Text("a")
	left, right := base.Text("left"), base.Text("right")
	got := []string{base.String(), left.String(), right.String(), voice.Speech{}.String()}
	want := []string{"<speak>a</speak>", "<speak>aleft</speak>", "<speak>aright</speak>", "<speak></speak>"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !left.Equal(voice.Speech{}.Text("aleft")) || left.Equal(right) {
		t.Error("Equal is not ==")
	}
}

func TestSpeechBreak(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		d    time.Duration
		want string
	}{
		{math.MinInt64, "<speak></speak>"},
		{0, "<speak></speak>"},
		{1, `<speak><break time="1ms"/></speak>`},
		{200 * time.Millisecond, `<speak><break time="200ms"/></speak>`},
		{2 * time.Second, `<speak><break time="2000ms"/></speak>`},
		{math.MaxInt64, `<speak><break time="3600000ms"/></speak>`},
	} {
		if got := (voice.Speech{}).Break(tt.d).String(); got != tt.want {
			t.Errorf("Break(%v) is %s, want %s", tt.d, got, tt.want)
		}
	}
}

// nested returns a speech of n marks in one another.
func nested(n int) voice.Speech {
	s := voice.Speech{}.Text("a")
	for range n {
		s = voice.Speech{}.Text("b").Sentence(s)
	}
	return s
}

// Whatever can be written can be parsed, in every place.
func TestSpeechNesting(t *testing.T) {
	t.Parallel()
	ssml := voice.SSML{Speech: nested(28)}
	checkRoundTrip(t, voice.Respond(ssml, voice.GetDigits{Prompt: ssml}, voice.Record{Prompt: ssml}))
	ssml.Speech = nested(27).Emphasis("", "a").Sentence(nested(27)).SayAs(voice.SayAs{As: "date", Text: "a"})
	checkRoundTrip(t, voice.Respond(ssml, voice.GetDigits{Prompt: ssml}))
	ssml.Speech = voice.Speech{}.Prosody(voice.Prosody{}, nested(28))
	if r := voice.Respond(ssml); r.Err() != nil || r.Actions()[0] != (voice.Action(ssml)) {
		t.Errorf("%v: got %#v", r.Err(), r.Actions())
	}
}

func TestContentType(t *testing.T) {
	t.Parallel()
	if got, want := (voice.Response{}).ContentType(), "application/xml"; got != want {
		t.Errorf("ContentType is %q, want %q", got, want)
	}
}

// Neither logs nor fmt's verbs show what is said, whom a Dial rings, and where the
// app is.
func TestLogHidesWhatIsSaid(t *testing.T) {
	t.Parallel()
	const url = "https://user:secret@x.test/secret?token=secret"
	speech := voice.Speech{}.Text("secret")
	for _, tt := range []struct {
		name  string
		value any
		want  string
	}{
		{"response", voice.Respond(voice.Say{Text: "secret"}, voice.SSML{Speech: speech}, voice.Dial{PhoneNumbers: "+254711000001"}), "[Say SSML Dial]"},
		{"empty", voice.Response{}, "[]"},
		{"all actions", voice.Respond(goldens["hostile"]...), "[Say GetDigits Dial Record Enqueue Dequeue SSML Redirect Conference Reject]"},
		{"prompts", voice.Respond(goldens["getdigits_ssml"][0], voice.Record{}, goldens["record_play"][0], goldens["ssml_nested"][0], voice.Play{URL: url}), "[GetDigits Record Record SSML Play]"},
		{"invalid", voice.Respond(voice.Say{Text: "secret"}, voice.Play{}), "voice: action 2 (Play): url: required"},
		{"say", voice.Say{Text: "secret", Voice: voice.Man, PlayBeep: true}, "[text=(6 bytes) voice=man playBeep=true]"},
		{"say nothing", voice.Say{}, "[]"},
		{"ssml", voice.SSML{Speech: speech}, "[speech=(6 bytes)]"},
		{"speech", speech, "(6 bytes)"},
		{"say-as", voice.SayAs{As: voice.AsDate, Text: "secret"}, "[interpretAs=date text=(6 bytes)]"},
		{"play", voice.Play{URL: url}, "[url=https://x.test/...]"},
		{"play a number", voice.Play{URL: "http://254711000001.test"}, "[url=http://***01.test/...]"},
		{"play nonsense", voice.Play{URL: "secret"}, "[url=(6 bytes)]"},
		{"digits", voice.GetDigits{Prompt: voice.Say{Text: "secret"}, NumDigits: 1, Timeout: time.Second, FinishOnKey: "#", CallbackURL: url},
			"[prompt=[text=(6 bytes)] numDigits=1 timeout=1s finishOnKey=# callbackUrl=https://x.test/...]"},
		{"digits of nothing", voice.GetDigits{}, "[]"},
		{"dial", voice.Dial{PhoneNumbers: "+254711000001,agent@secret.example", Record: true, CallerID: "+254711000002", RingBackTone: url, MaxDuration: time.Minute},
			"[phoneNumbers=***01,***le record=true callerId=+***02 ringBackTone=https://x.test/... maxDuration=1m0s]"},
		{"numbers", voice.Numbers("+254711000001", "+254711000002"), "***01,***02"},
		{"record", voice.Record{Prompt: voice.Play{URL: url}, MaxLength: time.Second, TrimSilence: true, CallbackURL: url},
			"[prompt=[url=https://x.test/...] maxLength=1s trimSilence=true callbackUrl=https://x.test/...]"},
		{"bare record", voice.Record{}, "[]"},
		{"enqueue", voice.Enqueue{HoldMusic: url, Name: "for +254711000001"}, "[holdMusic=https://x.test/... name=for +***01]"},
		{"dequeue", voice.Dequeue{PhoneNumber: "+254711000001", Name: "support"}, "[phoneNumber=+***01 name=support]"},
		{"redirect", voice.Redirect{URL: url}, "[url=https://x.test/...]"},
		{"redirect to a host", voice.Redirect{URL: "https://x.test"}, "[url=https://x.test]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := []string{fmt.Sprintf("%v", tt.value), fmt.Sprintf("%+v", tt.value), fmt.Sprintf("%s", tt.value), tt.value.(slog.LogValuer).LogValue().String()}
			if diff := cmp.Diff([]string{tt.want, tt.want, tt.want, tt.want}, got); diff != "" {
				t.Errorf("%%v, %%+v, %%s and LogValue (-want +got):\n%s", diff)
			}
			var b bytes.Buffer
			for _, h := range []slog.Handler{slog.NewTextHandler(&b, nil), slog.NewJSONHandler(&b, nil)} {
				slog.New(h).Info("answered", "value", tt.value, "group", slog.GroupValue(slog.Any("value", tt.value)))
			}
			fmt.Fprintf(&b, "%v %+v", []any{tt.value}, struct{ V any }{tt.value})
			for _, s := range []string{"secret", "711000001", "711000002"} {
				if bytes.Contains(b.Bytes(), []byte(s)) {
					t.Errorf("%q is in %s", s, &b)
				}
			}
		})
	}
	for _, v := range []any{voice.Say{Text: "secret"}, speech, voice.Respond(voice.Say{Text: "secret"})} {
		if got := fmt.Sprintf("%#v", v); !strings.Contains(got, "secret") {
			t.Errorf("%%#v prints %s", got)
		}
	}
}
