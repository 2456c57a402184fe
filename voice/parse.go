package voice

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
)

// UnmarshalText parses a response that this package or anything else has
// written. It takes any well-formed document with the elements and attributes
// that Africa's Talking documents: in any order of attributes, with or without
// the XML declaration, white space, comments and CDATA, and with either
// spelling of the ring-back tone. Unknown elements and attributes, actions in
// the wrong place, values that [Respond] refuses and documents over 1 MiB are
// errors, which leave r as it was. Errors give a line, never the text.
//
// Marshalling what was parsed gives this package's spelling of the same
// actions.
func (r *Response) UnmarshalText(text []byte) error {
	if len(text) > maxDocument {
		return errors.New("voice: document is over 1 MiB")
	}
	text = bytes.TrimPrefix(text, []byte("\uFEFF"))
	actions, err := parse(bytes.NewReader(text))
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

func parse(r io.Reader) ([]Action, error) {
	p := parser{xml.NewDecoder(r)}
	root, err := p.child("")
	switch {
	case err != nil:
		return nil, err
	case root == nil:
		return nil, p.fail("no Response element")
	case label(root.Name) != "Response":
		return nil, p.fail("the document is not a Response")
	}
	if err := p.attributes(root).done(); err != nil {
		return nil, err
	}
	var actions []Action
	for {
		el, err := p.child("Response")
		if err != nil {
			return nil, err
		}
		if el == nil {
			break
		}
		a, err := p.action(el)
		if err != nil {
			return nil, err
		}
		actions = append(actions, a)
	}
	after, err := p.child("")
	if err != nil {
		return nil, err
	}
	if after != nil {
		return nil, p.fail("an element after the Response")
	}
	return actions, nil
}

// A parser walks a document. How deep it goes is bounded by the grammar:
// Response, GetDigits, Say, speak, emphasis.
type parser struct {
	d *xml.Decoder
}

// fail drops the reason that encoding/xml gives, because that may quote the
// document.
func (p parser) fail(format string, args ...any) error {
	line, _ := p.d.InputPos()
	return fmt.Errorf("voice: line %d: %s", line, fmt.Sprintf(format, args...))
}

// token returns the next start, end or text, and io.EOF after the last.
func (p parser) token() (xml.Token, error) {
	for {
		offset := p.d.InputOffset()
		t, err := p.d.Token()
		if err == io.EOF {
			return nil, err
		}
		if err != nil {
			return nil, p.fail("not well-formed XML (is every & and < in text escaped?)")
		}
		switch t := t.(type) {
		case xml.Comment:
		case xml.Directive:
			return nil, p.fail("a document type declaration")
		case xml.ProcInst:
			if t.Target != "xml" {
				return nil, p.fail("a processing instruction")
			}
			if offset != 0 {
				return nil, p.fail("something before the XML declaration")
			}
		default:
			return t, nil
		}
	}
}

// child returns the next element in the one that is open, and nil at its end.
// The parent is empty for the document itself.
func (p parser) child(parent string) (*xml.StartElement, error) {
	for {
		t, err := p.token()
		if err == io.EOF {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		switch t := t.(type) {
		case xml.StartElement:
			return &t, nil
		case xml.EndElement:
			return nil, nil
		case xml.CharData:
			switch {
			case blank(string(t)):
			case parent == "":
				return nil, p.fail("text outside the Response")
			default:
				return nil, p.fail("text in %s", parent)
			}
		}
	}
}

// text returns what the open element holds, up to its end.
func (p parser) text(parent string) (string, error) {
	var text strings.Builder
	for {
		t, err := p.token()
		if err != nil {
			return "", err
		}
		switch t := t.(type) {
		case xml.StartElement:
			return "", p.fail("%s in %s", element(t.Name), parent)
		case xml.EndElement:
			return text.String(), nil
		case xml.CharData:
			text.Write(t)
		}
	}
}

func (p parser) action(el *xml.StartElement) (Action, error) {
	a := p.attributes(el)
	switch a.element {
	case "Say":
		return p.say(a)
	case "Play":
		return p.play(a)
	case "GetDigits":
		return p.getDigits(a)
	case "Dial":
		return p.dial(a)
	case "Record":
		return p.record(a)
	case "Enqueue":
		v := Enqueue{HoldMusic: a.string("holdMusic"), Name: a.string("name")}
		return v, p.leaf(a)
	case "Dequeue":
		v := Dequeue{PhoneNumber: a.string("phoneNumber"), Name: a.string("name")}
		return v, p.leaf(a)
	case "Conference":
		return Conference{}, p.leaf(a)
	case "Redirect":
		if err := a.done(); err != nil {
			return nil, err
		}
		url, err := p.text("Redirect")
		return Redirect{URL: strings.Trim(url, space)}, err
	case "Reject":
		return Reject{}, p.leaf(a)
	}
	return nil, p.fail("%s in Response", element(el.Name))
}

func (p parser) say(a *attributes) (Prompt, error) {
	voice, beep := Voice(a.string("voice")), a.bool("playBeep")
	if err := a.done(); err != nil {
		return nil, err
	}
	var text strings.Builder
	var speech *Speech
	for {
		t, err := p.token()
		if err != nil {
			return nil, err
		}
		switch t := t.(type) {
		case xml.StartElement:
			if label(t.Name) != "speak" {
				return nil, p.fail("%s in Say", element(t.Name))
			}
			if speech != nil {
				return nil, p.fail("a second speak in Say")
			}
			if err := p.attributes(&t).done(); err != nil {
				return nil, err
			}
			s, err := p.speech()
			if err != nil {
				return nil, err
			}
			speech = &s
		case xml.CharData:
			text.Write(t)
		case xml.EndElement:
			if speech == nil {
				return Say{Text: text.String(), Voice: voice, PlayBeep: beep}, nil
			}
			if !blank(text.String()) {
				return nil, p.fail("text beside speak in Say")
			}
			return SSML{Speech: *speech, Voice: voice, PlayBeep: beep}, nil
		}
	}
}

func (p parser) speech() (Speech, error) {
	var b []byte
	for {
		t, err := p.token()
		if err != nil {
			return Speech{}, err
		}
		switch t := t.(type) {
		case xml.EndElement:
			return Speech{ssml: string(b)}, nil
		case xml.CharData:
			b = appendText(b, string(t))
		case xml.StartElement:
			s, err := p.mark(&t)
			if err != nil {
				return Speech{}, err
			}
			b = append(b, s.ssml...)
		}
	}
}

// mark returns a speech with one SSML element.
func (p parser) mark(el *xml.StartElement) (Speech, error) {
	a := p.attributes(el)
	switch a.element {
	case "break":
		return Speech{}.Break(a.pause("time")), p.leaf(a)
	case "emphasis":
		level := Emphasis(a.string("level"))
		if err := a.done(); err != nil {
			return Speech{}, err
		}
		text, err := p.text("emphasis")
		return Speech{}.Emphasis(level, text), err
	case "say-as":
		v := SayAs{
			As:       InterpretAs(a.string("interpret-as")),
			Language: a.string("language"),
			Format:   a.string("format"),
			Detail:   a.string("detail"),
			Style:    a.string("google:style"),
		}
		if err := a.done(); err != nil {
			return Speech{}, err
		}
		if v.As == "" {
			return Speech{}, p.fail("say-as: interpret-as: required")
		}
		var err error
		v.Text, err = p.text("say-as")
		return Speech{}.SayAs(v), err
	}
	return Speech{}, p.fail("%s in speak", element(el.Name))
}

func (p parser) play(a *attributes) (Prompt, error) {
	v := Play{URL: a.string("url")}
	return v, p.leaf(a)
}

func (p parser) getDigits(a *attributes) (Action, error) {
	v := GetDigits{
		NumDigits:   int(a.number("numDigits")),
		Timeout:     a.seconds("timeout"),
		FinishOnKey: a.string("finishOnKey"),
		CallbackURL: a.string("callbackUrl"),
	}
	var err error
	v.Prompt, err = p.prompt(a)
	return v, err
}

func (p parser) dial(a *attributes) (Action, error) {
	v := Dial{
		PhoneNumbers: NumberList(a.string("phoneNumbers")),
		Record:       a.bool("record"),
		Sequential:   a.bool("sequential"),
		CallerID:     a.string("callerId"),
		RingBackTone: a.string("ringBackTone"),
		MaxDuration:  a.seconds("maxDuration"),
	}
	if tone := a.string("ringbackTone"); tone != "" {
		if v.RingBackTone != "" && v.RingBackTone != tone {
			return nil, p.fail("Dial: ringBackTone and ringbackTone differ")
		}
		v.RingBackTone = tone
	}
	return v, p.leaf(a)
}

func (p parser) record(a *attributes) (Action, error) {
	v := Record{
		FinishOnKey: a.string("finishOnKey"),
		MaxLength:   a.seconds("maxLength"),
		Timeout:     a.seconds("timeout"),
		TrimSilence: a.bool("trimSilence"),
		PlayBeep:    a.bool("playBeep"),
		CallbackURL: a.string("callbackUrl"),
	}
	var err error
	v.Prompt, err = p.prompt(a)
	return v, err
}

// leaf ends an element that holds nothing.
func (p parser) leaf(a *attributes) error {
	if err := a.done(); err != nil {
		return err
	}
	el, err := p.child(a.element)
	if err == nil && el != nil {
		err = p.fail("%s in %s", element(el.Name), a.element)
	}
	return err
}

// prompt ends an element that holds one prompt or none.
func (p parser) prompt(a *attributes) (Prompt, error) {
	if err := a.done(); err != nil {
		return nil, err
	}
	var prompt Prompt
	for {
		el, err := p.child(a.element)
		if err != nil || el == nil {
			return prompt, err
		}
		if prompt != nil {
			return nil, p.fail("%s holds more than one prompt", a.element)
		}
		child := p.attributes(el)
		switch child.element {
		case "Say":
			prompt, err = p.say(child)
		case "Play":
			prompt, err = p.play(child)
		default:
			err = p.fail("%s in %s", element(el.Name), a.element)
		}
		if err != nil {
			return nil, err
		}
	}
}

// attributes are read one by one; whatever is left at the end is an error, as
// is the first value that could not be read.
type attributes struct {
	p       parser
	element string
	left    []xml.Attr
	err     error
}

func (p parser) attributes(el *xml.StartElement) *attributes {
	return &attributes{p: p, element: label(el.Name), left: el.Attr}
}

func (a *attributes) string(name string) string {
	for i, attr := range a.left {
		if label(attr.Name) == name {
			a.left = append(a.left[:i], a.left[i+1:]...)
			return attr.Value
		}
	}
	return ""
}

func (a *attributes) bool(name string) bool {
	switch a.string(name) {
	case "true":
		return true
	case "false", "":
	default:
		a.reject(name, "not true or false")
	}
	return false
}

func (a *attributes) number(name string) int64 {
	s := a.string(name)
	if s == "" {
		return 0
	}
	n, err := strconv.ParseInt(s, 10, 64)
	// Zero is refused because it means "not set" here, which is not what it
	// may mean to Africa's Talking.
	if err != nil || n <= 0 || n > math.MaxInt32 {
		a.reject(name, "not a whole number above zero")
	}
	return n
}

func (a *attributes) seconds(name string) time.Duration {
	return time.Duration(a.number(name)) * time.Second
}

// pause reads a time as CSS and SSML write it: "200ms", "1.5s".
func (a *attributes) pause(name string) time.Duration {
	s := a.string(name)
	number, ok := strings.CutSuffix(s, "ms")
	if !ok {
		number, ok = strings.CutSuffix(s, "s")
	}
	d, err := time.ParseDuration(s)
	if !ok || err != nil || strings.Trim(number, "0123456789.") != "" {
		a.reject(name, "not a time such as 200ms or 2s")
	}
	return d
}

func (a *attributes) reject(name, reason string) {
	if a.err == nil {
		a.err = a.p.fail("%s: %s: %s", a.element, name, reason)
	}
}

func (a *attributes) done() error {
	if a.err == nil && len(a.left) > 0 {
		a.err = a.p.fail("%s: an unknown or repeated attribute%s", a.element, quote(a.left[0].Name))
	}
	return a.err
}

func label(n xml.Name) string {
	if n.Space == "" {
		return n.Local
	}
	return n.Space + ":" + n.Local
}

func element(n xml.Name) string {
	return "unexpected element" + quote(n)
}

// quote shows a name only if it is like those of Africa's Talking: badly
// escaped text can look like an element.
func quote(n xml.Name) string {
	name := label(n)
	if len(name) > 20 {
		return ""
	}
	for _, c := range []byte(name) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '-' {
			return ""
		}
	}
	return ` "` + name + `"`
}

const space = " \t\r\n"

func blank(s string) bool { return strings.Trim(s, space) == "" }
