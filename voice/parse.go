package voice

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sautigo/africastalking/internal/voicexml"
)

// UnmarshalText parses a response that this package or any other program has
// written. It takes every well-formed document with the elements and attributes
// that Africa's Talking documents, and the marks of [Speech]: attributes in any
// order, either spelling of the ring-back tone, white space around the numbers of a
// Dial, a declaration of the prefix google, and the XML declaration, comments and
// CDATA or none of them. An attribute without a value counts as not set.
//
// Unknown elements and attributes, actions in the wrong place, values that
// [Respond] refuses and documents over 1 MiB are errors, which leave r as it was.
// The errors name a line and never quote the document.
//
// A response that was parsed is written in this package's spelling, with the same
// actions.
func (r *Response) UnmarshalText(text []byte) error {
	if len(text) > maxDocument {
		return errors.New("voice: document is over 1 MiB")
	}
	actions, err := parse(text)
	if err != nil {
		return err
	}
	parsed := Respond(actions...)
	if err := parsed.Err(); err != nil {
		return err
	}
	*r = parsed
	return nil
}

func parse(text []byte) ([]Action, error) {
	doc, malformed := voicexml.Parse(text)
	if malformed != nil {
		return nil, unquoted(*malformed)
	}
	for _, p := range doc.Problems {
		if !p.Flow {
			return nil, unquoted(p)
		}
	}
	var actions []Action
	for _, e := range doc.Actions {
		actions = append(actions, action(e))
	}
	return actions, nil
}

// unquoted is a problem without the part of the document that it is about.
func unquoted(p voicexml.Problem) error { return fmt.Errorf("voice: line %d: %s", p.Line, p.Text) }

// action returns the action for an element without problems.
func action(e voicexml.Element) Action {
	switch e.Name {
	case "GetDigits":
		return GetDigits{
			Prompt:      prompt(e.Child("Say", "Play")),
			NumDigits:   e.Number("numDigits"),
			Timeout:     e.Seconds("timeout"),
			FinishOnKey: e.Attr("finishOnKey"),
			CallbackURL: e.Attr("callbackUrl"),
		}
	case "Dial":
		d := Dial{
			PhoneNumbers: Numbers(voicexml.SplitNumbers(e.Attr("phoneNumbers"))...),
			Record:       e.Flag("record"),
			Sequential:   e.Flag("sequential"),
			CallerID:     e.Attr("callerId"),
			RingBackTone: e.Attr("ringBackTone"),
			MaxDuration:  e.Seconds("maxDuration"),
		}
		if d.RingBackTone == "" {
			d.RingBackTone = e.Attr("ringbackTone")
		}
		// Africa's Talking's PHP SDK writes this when no number is set.
		if d.CallerID == "false" {
			d.CallerID = ""
		}
		return d
	case "Record":
		r := Record{
			Prompt:      prompt(e.Child("Say", "Play")),
			FinishOnKey: e.Attr("finishOnKey"),
			MaxLength:   e.Seconds("maxLength"),
			Timeout:     e.Seconds("timeout"),
			TrimSilence: e.Flag("trimSilence"),
			PlayBeep:    e.Flag("playBeep"),
			CallbackURL: e.Attr("callbackUrl"),
		}
		// Only an element without attributes is the bare form.
		if (r == Record{}) && !e.Bare() {
			r.Timeout = defaultRecordTimeout
		}
		return r
	case "Enqueue":
		return Enqueue{HoldMusic: e.Attr("holdMusic"), Name: e.Attr("name")}
	case "Dequeue":
		return Dequeue{PhoneNumber: e.Attr("phoneNumber"), Name: e.Attr("name")}
	case "Conference":
		return Conference{}
	case "Redirect":
		return Redirect{URL: strings.TrimSpace(e.InnerText())}
	case "Reject":
		return Reject{}
	}
	return prompt(&e)
}

// defaultRecordTimeout is the documented one.
const defaultRecordTimeout = time.Hour

func prompt(e *voicexml.Element) Prompt {
	if e == nil {
		return nil
	}
	if e.Name == "Play" {
		return Play{URL: e.Attr("url")}
	}
	voice, beep := Voice(e.Attr("voice")), e.Flag("playBeep")
	if speak := e.Child("speak"); speak != nil {
		return SSML{Speech: speech(*speak), Voice: voice, PlayBeep: beep}
	}
	return Say{Text: e.InnerText(), Voice: voice, PlayBeep: beep}
}

// speech returns the text and the marks in e.
func speech(e voicexml.Element) Speech {
	var s Speech
	var b []byte
	for _, c := range e.Content {
		m := mark(c)
		b = append(b, m.ssml...)
		s.depth = max(s.depth, m.depth)
	}
	s.ssml = string(b)
	return s
}

func mark(e voicexml.Element) Speech {
	switch e.Name {
	case "break":
		d, _ := time.ParseDuration(e.Attr("time"))
		return Speech{}.Break(d)
	case "emphasis":
		return Speech{}.emphasis(Emphasis(e.Attr("level")), speech(e))
	case "say-as":
		return Speech{}.SayAs(SayAs{
			As:       InterpretAs(e.Attr("interpret-as")),
			Text:     e.InnerText(),
			Language: e.Attr("language"),
			Format:   e.Attr("format"),
			Detail:   e.Attr("detail"),
			Style:    e.Attr("google:style"),
		})
	case "prosody":
		return Speech{}.Prosody(Prosody{Rate: e.Attr("rate"), Pitch: e.Attr("pitch"), Volume: e.Attr("volume")}, speech(e))
	case "sub":
		return Speech{}.Sub(e.InnerText(), e.Attr("alias"))
	case "p":
		return Speech{}.Paragraph(speech(e))
	case "s":
		return Speech{}.Sentence(speech(e))
	}
	return Speech{}.Text(e.Text)
}
