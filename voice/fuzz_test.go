package voice_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking/voice"
)

// build makes a list of actions out of two strings, a number and 64 flags:
// sixteen choose the actions, the others what is in them.
func build(text, name string, n int64, flags uint64) []voice.Action {
	flag := func(i int) bool { return flags>>i&1 != 0 }
	maybe := func(i int, s string) string {
		if flag(i) {
			return s
		}
		return ""
	}
	// Most fuzzed strings are no URL and no key; half of the time they are made
	// into one, so that both sides are reached.
	url := text
	key := name
	if flag(16) {
		url = "https://x.test/" + text
	}
	if flag(17) {
		key = string("0123456789*#"[uint64(n)%12])
	}
	d := time.Duration(n)
	if flag(18) {
		d = time.Duration(uint32(n)) * time.Millisecond
	}
	speech := voice.Speech{}.
		Text(maybe(19, text)).
		Break(d).
		Emphasis(voice.Emphasis(maybe(20, name)), text).
		SayAs(voice.SayAs{
			As:       voice.InterpretAs(name),
			Text:     text,
			Language: maybe(21, name),
			Format:   maybe(22, text),
			Detail:   maybe(23, name),
			Style:    maybe(24, text),
		}).
		Sub(text, maybe(44, name)).
		Text(name)
	for range flags >> 45 & 3 {
		speech = voice.Speech{}.Text(text).Sentence(speech).
			Prosody(voice.Prosody{Rate: maybe(47, text), Pitch: maybe(48, name), Volume: maybe(49, text)}, speech).
			Paragraph(speech)
	}
	say := voice.Say{Text: text, Voice: voice.Voice(maybe(25, name)), PlayBeep: flag(26)}
	ssml := voice.SSML{Speech: speech, Voice: voice.Voice(maybe(27, name)), PlayBeep: flag(28)}
	play := voice.Play{URL: url}
	prompts := []voice.Prompt{say, ssml, play, nil}
	prompt := prompts[flags>>29&3]

	var actions []voice.Action
	for i, a := range []voice.Action{
		say,
		ssml,
		play,
		voice.GetDigits{Prompt: prompt, NumDigits: int(n), Timeout: d, FinishOnKey: maybe(31, key), CallbackURL: maybe(32, url)},
		voice.Dial{
			PhoneNumbers: voice.Numbers(name, text),
			Record:       flag(33),
			Sequential:   flag(34),
			CallerID:     maybe(35, name),
			RingBackTone: maybe(36, url),
			MaxDuration:  d,
		},
		voice.Dial{PhoneNumbers: voice.NumberList(name)},
		voice.Record{
			Prompt:      prompt,
			FinishOnKey: maybe(37, key),
			MaxLength:   d,
			Timeout:     d,
			TrimSilence: flag(38),
			PlayBeep:    flag(39),
			CallbackURL: maybe(40, url),
		},
		voice.Record{},
		voice.Enqueue{HoldMusic: maybe(41, url), Name: maybe(42, name)},
		voice.Dequeue{PhoneNumber: text, Name: maybe(43, name)},
		voice.Conference{},
		voice.Redirect{URL: url},
		voice.Reject{},
		&say,
	} {
		if flag(i) {
			actions = append(actions, a)
		}
	}
	return actions
}

func FuzzRoundTrip(f *testing.F) {
	const all = 1<<64 - 1
	const valid = uint64(all) &^ (1<<13 | 1<<29 | 1<<30) // no pointer, a Say as the prompt
	f.Add("Karibu", "support", int64(30_500), valid)
	f.Add("a", "b", int64(1), valid|1<<29)
	f.Add("a", "b", int64(1), valid|1<<30)
	f.Add(`Tom & Jerry <3 "hi" it's ]]>`, "q\"1'\t\n\r", int64(-1), uint64(all))
	f.Add("\x00\xff\uFFFE😀", "\uFFFD\u2028", int64(1500), uint64(1<<0|1<<1|1<<8|1<<16|1<<18|1<<42))
	f.Add("", "", int64(0), uint64(0))
	if err := voice.Respond(build("Karibu", "support", 30_500, valid)...).Err(); err != nil {
		f.Fatalf("the seed that has every valid action is invalid: %v", err)
	}
	f.Fuzz(func(t *testing.T, text, name string, n int64, flags uint64) {
		actions := build(text, name, n, flags)
		r := voice.Respond(actions...)
		if r != voice.Respond(actions...) {
			t.Fatal("the same actions gave two responses")
		}
		if r.Err() != nil {
			if b, err := r.AppendText(nil); err == nil || b != nil {
				t.Fatalf("invalid (%v), but AppendText is %q, %v", r.Err(), b, err)
			}
			return
		}
		checkRoundTrip(t, r)
		if got := r.Actions(); len(got) != len(actions) {
			t.Fatalf("%d actions came back of %d: %s", len(got), len(actions), r)
		}
		checkCarried(t, text)
	})
}

func FuzzUnmarshal(f *testing.F) {
	for _, pattern := range []string{"testdata/*.xml", "testdata/samples/*.xml"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(text)
		}
	}
	f.Add([]byte("<Response><Say><![CDATA[a]]><!-- b --></Say></Response>"))
	f.Add([]byte("<!DOCTYPE a><Response/>"))
	f.Fuzz(func(t *testing.T, text []byte) {
		var r voice.Response
		if err := r.UnmarshalText(text); err != nil {
			if r != (voice.Response{}) {
				t.Fatalf("an error and the response %s", r)
			}
			return
		}
		first, err := r.AppendText(nil)
		if err != nil {
			t.Fatalf("accepted, but AppendText: %v", err)
		}
		checkRoundTrip(t, r)
		var again voice.Response
		if err := again.UnmarshalText(first); err != nil {
			t.Fatal(err)
		}
		second, err := again.AppendText(nil)
		if err != nil || !bytes.Equal(first, second) {
			t.Fatalf("%v (-first +second):\n%s", err, cmp.Diff(string(first), string(second)))
		}
	})
}
