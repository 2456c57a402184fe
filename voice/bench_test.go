package voice_test

import (
	"testing"
	"time"

	"github.com/sautigo/africastalking/voice"
)

// flow is what a program knows at run time; it is not constant, so that no
// action can be prepared by the compiler.
type flow struct {
	greeting, menu, callback, number, tone, next, queue string
	digits                                              int
	wait                                                time.Duration
}

func newFlow() flow {
	return flow{
		greeting: "Welcome to Tom & Jerry's, <3 of Nairobi.",
		menu:     "Press 1 for sales, 2 for support, then the hash key.",
		callback: "https://example.com/voice/menu?session=8727006c&lang=en",
		number:   "+254711000001",
		tone:     "https://example.com/audio/ring.mp3",
		next:     "https://example.com/voice/again?a=1&b=2",
		queue:    "support",
		digits:   1,
		wait:     20 * time.Second,
	}
}

func (f *flow) menuResponse() voice.Response {
	return voice.Respond(
		voice.Say{Text: f.greeting, Voice: voice.Woman},
		voice.GetDigits{
			Prompt:      voice.Say{Text: f.menu},
			NumDigits:   f.digits,
			Timeout:     f.wait,
			FinishOnKey: "#",
			CallbackURL: f.callback,
		},
		voice.Dial{PhoneNumbers: voice.Numbers(f.number), Record: true, RingBackTone: f.tone},
	)
}

func (f *flow) longResponse() voice.Response {
	return voice.Respond(
		voice.Say{Text: f.greeting, Voice: voice.Woman},
		voice.GetDigits{
			Prompt:      voice.Say{Text: f.menu},
			NumDigits:   f.digits,
			Timeout:     f.wait,
			FinishOnKey: "#",
			CallbackURL: f.callback,
		},
		voice.Record{Prompt: voice.Say{Text: f.menu}, FinishOnKey: "#", MaxLength: f.wait, TrimSilence: true, PlayBeep: true},
		voice.Dial{PhoneNumbers: voice.Numbers(f.number), Record: true, RingBackTone: f.tone},
		voice.Enqueue{HoldMusic: f.tone, Name: f.queue},
		voice.Redirect{URL: f.next},
	)
}

func BenchmarkMarshal(b *testing.B) {
	f := newFlow()
	for name, build := range map[string]func() voice.Response{"menu": f.menuResponse, "six": f.longResponse} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			buf := make([]byte, 0, 2048)
			for b.Loop() {
				var err error
				if buf, err = build().AppendText(buf[:0]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkParse(b *testing.B) {
	f := newFlow()
	text := []byte(f.longResponse().String())
	b.ReportAllocs()
	for b.Loop() {
		var r voice.Response
		if err := r.UnmarshalText(text); err != nil {
			b.Fatal(err)
		}
	}
}

// The documents are built from values that are known only at run time, the
// prompts in an interface field among them.
func TestAllocs(t *testing.T) {
	f := newFlow()
	buf := make([]byte, 0, 2048)
	for _, tt := range []struct {
		name string
		fn   func() voice.Response
	}{
		{"menu", f.menuResponse},
		{"six", f.longResponse},
	} {
		got := testing.AllocsPerRun(100, func() {
			buf, _ = tt.fn().AppendText(buf[:0])
		})
		if got > 1 {
			t.Errorf("%s: %v allocations, want at most 1", tt.name, got)
		}
	}
}
