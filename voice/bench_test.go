package voice_test

import (
	"strconv"
	"testing"
	"time"
	"unicode/utf8"

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

// The floor is what a careful engineer writes for one fixed flow: append into a
// buffer of about the right size, a table for the bytes that need escaping,
// control characters and bad UTF-8 replaced. It checks nothing and knows only
// this one document.

var floorTable = func() (t [256]string) {
	for c := range 0x20 {
		t[c] = "\uFFFD"
	}
	t['\t'], t['\n'], t['\r'] = "&#x9;", "&#xA;", "&#xD;"
	t['&'], t['<'], t['>'], t['"'], t['\''] = "&amp;", "&lt;", "&gt;", "&quot;", "&apos;"
	return t
}()

func floorEscape(b []byte, s string, text bool) []byte {
	last := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			ref := floorTable[c]
			if ref == "" || text && (c == '\t' || c == '\n' || c == '"' || c == '\'') {
				i++
				continue
			}
			b = append(b, s[last:i]...)
			b = append(b, ref...)
			i++
			last = i
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 || r == 0xFFFE || r == 0xFFFF {
			b = append(b, s[last:i]...)
			b = append(b, "\uFFFD"...)
			last = i + n
		}
		i += n
	}
	return append(b, s[last:]...)
}

func (f *flow) floorMenu(b []byte) []byte {
	b = append(b, `<?xml version="1.0" encoding="UTF-8"?><Response><Say voice="woman">`...)
	b = floorEscape(b, f.greeting, true)
	b = append(b, `</Say><GetDigits numDigits="`...)
	b = strconv.AppendInt(b, int64(f.digits), 10)
	b = append(b, `" timeout="`...)
	b = strconv.AppendInt(b, int64(f.wait/time.Second), 10)
	b = append(b, `" finishOnKey="#" callbackUrl="`...)
	b = floorEscape(b, f.callback, false)
	b = append(b, `"><Say>`...)
	b = floorEscape(b, f.menu, true)
	b = append(b, `</Say></GetDigits>`...)
	return b
}

func (f *flow) floorDial(b []byte) []byte {
	b = append(b, `<Dial phoneNumbers="`...)
	b = floorEscape(b, f.number, false)
	b = append(b, `" record="true" ringBackTone="`...)
	b = floorEscape(b, f.tone, false)
	b = append(b, `" ringbackTone="`...)
	b = floorEscape(b, f.tone, false)
	return append(b, `"/>`...)
}

func (f *flow) floorMenuResponse() []byte {
	b := f.floorMenu(make([]byte, 0, 640))
	b = f.floorDial(b)
	return append(b, `</Response>`...)
}

func (f *flow) floorLongResponse() []byte {
	b := f.floorMenu(make([]byte, 0, 1024))
	b = append(b, `<Record finishOnKey="#" maxLength="`...)
	b = strconv.AppendInt(b, int64(f.wait/time.Second), 10)
	b = append(b, `" trimSilence="true" playBeep="true"><Say>`...)
	b = floorEscape(b, f.menu, true)
	b = append(b, `</Say></Record>`...)
	b = f.floorDial(b)
	b = append(b, `<Enqueue holdMusic="`...)
	b = floorEscape(b, f.tone, false)
	b = append(b, `" name="`...)
	b = floorEscape(b, f.queue, false)
	b = append(b, `"/><Redirect>`...)
	b = floorEscape(b, f.next, true)
	return append(b, `</Redirect></Response>`...)
}

func TestFloorIsTheSameDocument(t *testing.T) {
	t.Parallel()
	f := newFlow()
	if got, want := f.menuResponse().String(), string(f.floorMenuResponse()); got != want {
		t.Errorf("menu: got %s\nwant %s", got, want)
	}
	if got, want := f.longResponse().String(), string(f.floorLongResponse()); got != want {
		t.Errorf("six actions: got %s\nwant %s", got, want)
	}
}

func BenchmarkMarshal(b *testing.B) {
	f := newFlow()
	for _, bb := range []struct {
		name  string
		voice func() voice.Response
		floor func() []byte
	}{
		{"menu", f.menuResponse, f.floorMenuResponse},
		{"six", f.longResponse, f.floorLongResponse},
	} {
		b.Run(bb.name+"/voice", func(b *testing.B) {
			b.ReportAllocs()
			buf := make([]byte, 0, 2048)
			for b.Loop() {
				var err error
				if buf, err = bb.voice().AppendText(buf[:0]); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(bb.name+"/floor", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				bb.floor()
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
