package voicexml

import (
	"encoding/xml"
	"strconv"
	"time"
	"unicode/utf8"

	plivo "github.com/plivo/plivo-go/v7/xml"
	"github.com/twilio/twilio-go/twiml"

	"github.com/sautigo/africastalking/voice"
)

// flow is what a program knows at run time of a greeting, a menu and a dial.
type flow struct {
	greeting, menu, callback, number, tone string
	digits                                 int
	wait                                   time.Duration
	// rich adds what only Africa's Talking's vocabulary has on a dial: a
	// recording and a ring-back tone.
	rich bool
}

func newFlow(rich bool) *flow {
	return &flow{
		greeting: "Welcome to Tom & Jerry's, <3 of Nairobi.",
		menu:     "Press 1 for sales, 2 for support, then the hash key.",
		callback: "https://example.com/voice/menu?session=8727006c&lang=en",
		number:   "+254711000001",
		tone:     "https://example.com/audio/ring.mp3",
		digits:   1,
		wait:     20 * time.Second,
		rich:     rich,
	}
}

// library is the document with this library.
func (f *flow) library() voice.Response {
	dial := voice.Dial{PhoneNumbers: voice.Numbers(f.number)}
	if f.rich {
		dial.Record, dial.RingBackTone = true, f.tone
	}
	return voice.Respond(
		voice.Say{Text: f.greeting, Voice: voice.Woman},
		voice.GetDigits{
			Prompt:      voice.Say{Text: f.menu},
			NumDigits:   f.digits,
			Timeout:     f.wait,
			FinishOnKey: "#",
			CallbackURL: f.callback,
		},
		dial,
	)
}

// appended is what a careful engineer writes for this one document: append with a
// table for the bytes that need escaping, control characters and bad UTF-8
// replaced. It checks nothing.
func (f *flow) appended(b []byte) []byte {
	b = append(b, `<?xml version="1.0" encoding="UTF-8"?><Response><Say voice="woman">`...)
	b = escape(b, f.greeting, true)
	b = append(b, `</Say><GetDigits numDigits="`...)
	b = strconv.AppendInt(b, int64(f.digits), 10)
	b = append(b, `" timeout="`...)
	b = strconv.AppendInt(b, int64(f.wait/time.Second), 10)
	b = append(b, `" finishOnKey="#" callbackUrl="`...)
	b = escape(b, f.callback, false)
	b = append(b, `"><Say>`...)
	b = escape(b, f.menu, true)
	b = append(b, `</Say></GetDigits><Dial phoneNumbers="`...)
	b = escape(b, f.number, false)
	if f.rich {
		b = append(b, `" record="true" ringBackTone="`...)
		b = escape(b, f.tone, false)
		b = append(b, `" ringbackTone="`...)
		b = escape(b, f.tone, false)
	}
	return append(b, `"/></Response>`...)
}

var escapes = func() (t [256]string) {
	for c := range 0x20 {
		t[c] = "\uFFFD"
	}
	t['\t'], t['\n'], t['\r'] = "&#x9;", "&#xA;", "&#xD;"
	t['&'], t['<'], t['>'], t['"'], t['\''] = "&amp;", "&lt;", "&gt;", "&quot;", "&apos;"
	return t
}()

func escape(b []byte, s string, text bool) []byte {
	last := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			ref := escapes[c]
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

// The document as types for encoding/xml.

type xmlSay struct {
	XMLName xml.Name `xml:"Say"`
	Voice   string   `xml:"voice,attr,omitempty"`
	Text    string   `xml:",chardata"`
}

type xmlGetDigits struct {
	XMLName     xml.Name `xml:"GetDigits"`
	NumDigits   int      `xml:"numDigits,attr,omitempty"`
	Timeout     int      `xml:"timeout,attr,omitempty"`
	FinishOnKey string   `xml:"finishOnKey,attr,omitempty"`
	CallbackURL string   `xml:"callbackUrl,attr,omitempty"`
	Prompt      xmlSay
}

type xmlDial struct {
	XMLName      xml.Name `xml:"Dial"`
	PhoneNumbers string   `xml:"phoneNumbers,attr"`
	Record       bool     `xml:"record,attr,omitempty"`
	RingBackTone string   `xml:"ringBackTone,attr,omitempty"`
	RingbackTone string   `xml:"ringbackTone,attr,omitempty"`
}

type xmlResponse struct {
	XMLName xml.Name `xml:"Response"`
	Actions []any
}

func (f *flow) encoded() ([]byte, error) {
	dial := xmlDial{PhoneNumbers: f.number}
	if f.rich {
		dial.Record, dial.RingBackTone, dial.RingbackTone = true, f.tone, f.tone
	}
	b, err := xml.Marshal(xmlResponse{Actions: []any{
		xmlSay{Voice: "woman", Text: f.greeting},
		xmlGetDigits{NumDigits: f.digits, Timeout: int(f.wait / time.Second), FinishOnKey: "#", CallbackURL: f.callback, Prompt: xmlSay{Text: f.menu}},
		dial,
	}})
	return append([]byte(xml.Header), b...), err
}

func (f *flow) twilio() (string, error) {
	return twiml.Voice([]twiml.Element{
		twiml.VoiceSay{Message: f.greeting, Voice: "woman"},
		twiml.VoiceGather{
			NumDigits:     strconv.Itoa(f.digits),
			Timeout:       strconv.Itoa(int(f.wait / time.Second)),
			FinishOnKey:   "#",
			Action:        f.callback,
			InnerElements: []twiml.Element{twiml.VoiceSay{Message: f.menu}},
		},
		twiml.VoiceDial{InnerElements: []twiml.Element{twiml.VoiceNumber{PhoneNumber: f.number}}},
	})
}

func (f *flow) plivo() string {
	return plivo.ResponseElement{Contents: []any{
		plivo.SpeakElement{}.AddSpeak(f.greeting).SetLanguageVoice("en-US", "WOMAN"),
		plivo.GetDigitsElement{}.SetNumDigits(f.digits).SetTimeout(int(f.wait / time.Second)).SetFinishOnKey("#").SetAction(f.callback).
			SetContents([]any{plivo.SpeakElement{}.AddSpeak(f.menu)}),
		plivo.DialElement{}.SetContents([]any{plivo.NumberElement{}.SetContents(f.number)}),
	}}.String()
}
