package voicexml

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// step is what a document tells a caller's line to do, in words that belong to
// none of the vocabularies.
type step struct {
	Does   string // say, digits or dial
	Text   string
	Voice  string
	Digits string
	Wait   string
	Key    string
	Then   string // where the digits are sent
	Prompt []step
	Number []string
	Record bool
	Tone   string
}

// meaning reads a document in any of the vocabularies. What it does not know is
// an error, so that two documents are not called equal for what was left out.
func meaning(doc string) ([]step, error) {
	d := xml.NewDecoder(strings.NewReader(doc))
	for {
		token, err := d.Token()
		if err != nil {
			return nil, err
		}
		if start, ok := token.(xml.StartElement); ok {
			if start.Name.Local != "Response" {
				return nil, fmt.Errorf("the document is a %s", start.Name.Local)
			}
			steps, text, err := children(d)
			if err == nil && text != "" {
				err = errors.New("text outside of an action")
			}
			if err == nil {
				err = trailing(d)
			}
			return steps, err
		}
	}
}

func trailing(d *xml.Decoder) error {
	for {
		token, err := d.Token()
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		}
		if _, ok := token.(xml.CharData); !ok {
			return fmt.Errorf("a %T behind the document", token)
		}
	}
}

// children reads up to the end of the element that was begun.
func children(d *xml.Decoder) ([]step, string, error) {
	var steps []step
	var text strings.Builder
	for {
		token, err := d.Token()
		if err != nil {
			return nil, "", err
		}
		switch t := token.(type) {
		case xml.StartElement:
			s, err := action(d, t)
			if err != nil {
				return nil, "", err
			}
			steps = append(steps, s)
		case xml.CharData:
			text.Write(t)
		case xml.EndElement:
			return steps, text.String(), nil
		}
	}
}

func action(d *xml.Decoder, start xml.StartElement) (step, error) {
	inner, text, err := children(d)
	if err != nil {
		return step{}, err
	}
	s := step{Text: text}
	switch name := start.Name.Local; name {
	case "Say", "Speak":
		s.Does = "say"
	case "GetDigits", "Gather":
		s.Does, s.Prompt = "digits", inner
	case "Dial":
		s.Does = "dial"
		for _, n := range inner {
			s.Number = append(s.Number, n.Number...)
		}
	case "Number":
		s.Text, s.Number = "", []string{text}
	default:
		return step{}, fmt.Errorf("an unknown action %s", name)
	}
	for _, a := range start.Attr {
		switch a.Name.Local {
		case "voice":
			s.Voice = strings.ToLower(a.Value)
		case "language":
			// Plivo's voices cannot be named without one.
		case "numDigits":
			s.Digits = a.Value
		case "timeout":
			s.Wait = a.Value
		case "finishOnKey":
			s.Key = a.Value
		case "callbackUrl", "action":
			s.Then = a.Value
		case "phoneNumbers":
			s.Number = strings.Split(a.Value, ",")
		case "record":
			s.Record = a.Value == "true"
		case "ringBackTone", "ringbackTone":
			s.Tone = a.Value
		default:
			return step{}, fmt.Errorf("an unknown attribute %s of %s", a.Name.Local, start.Name.Local)
		}
	}
	return s, nil
}
