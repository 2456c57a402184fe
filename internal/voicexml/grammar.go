package voicexml

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"slices"
)

// Parse reads an answer. It returns the reason if body is not a well-formed
// document whose root is Response.
func Parse(body []byte) (Document, *Problem) {
	body = bytes.TrimPrefix(body, []byte("\uFEFF"))
	r := &reader{body: body, d: xml.NewDecoder(bytes.NewReader(body))}
	r.d.CharsetReader = func(string, io.Reader) (io.Reader, error) { return nil, errors.New("it is not UTF-8") }
	root, p := r.read()
	if p == nil && root.Name != "Response" {
		p = &Problem{Line: root.Line, Text: "the document is not a Response", Quote: root.Name}
	}
	if p != nil {
		return Document{}, p
	}
	r.check(*root)
	var actions []Element
	for _, e := range root.Content {
		if slices.Contains(grammar["Response"].content, e.Name) {
			actions = append(actions, e)
		}
	}
	r.flow(actions)
	return Document{actions, r.problems}, nil
}

type rule struct {
	attrs   []attr
	content []string
	text    bool
}

type attr struct {
	name     string
	problem  func(value string) string
	required bool
}

var (
	prompts = []string{"Say", "Play"}
	marks   = []string{"break", "emphasis", "say-as", "prosody", "sub", "p", "s"}
)

// grammar is what Africa's Talking documents on its pages of the actions. They spell
// ringBackTone in two ways. The SSML marks are those that integrations were observed
// to send, and of Google's SSML the ones that change how a text is read.
var grammar = map[string]rule{
	"Response": {content: []string{
		"Say", "Play", "GetDigits", "Dial", "Record", "Enqueue", "Dequeue", "Conference", "Redirect", "Reject"}},
	"Say":  {[]attr{{"voice", isAnything, false}, {"playBeep", isFlag, false}}, []string{"speak"}, true},
	"Play": {[]attr{{"url", URL, true}}, nil, false},
	"GetDigits": {[]attr{{"numDigits", isNumber, false}, {"timeout", isNumber, false},
		{"finishOnKey", Key, false}, {"callbackUrl", URL, false}}, prompts, false},
	"Dial": {[]attr{{"phoneNumbers", isNumberList, true}, {"record", isFlag, false}, {"sequential", isFlag, false},
		{"callerId", Number, false}, {"ringBackTone", URL, false}, {"ringbackTone", URL, false},
		{"maxDuration", isNumber, false}}, nil, false},
	"Record": {[]attr{{"finishOnKey", Key, false}, {"maxLength", isNumber, false}, {"timeout", isNumber, false},
		{"trimSilence", isFlag, false}, {"playBeep", isFlag, false}, {"callbackUrl", URL, false}}, prompts, false},
	"Enqueue":    {[]attr{{"holdMusic", URL, false}, {"name", isAnything, false}}, nil, false},
	"Dequeue":    {[]attr{{"phoneNumber", Number, true}, {"name", isAnything, false}}, nil, false},
	"Conference": {},
	"Redirect":   {text: true},
	"Reject":     {},

	"speak":    {nil, marks, true},
	"break":    {[]attr{{"time", isPause, true}}, nil, false},
	"emphasis": {[]attr{{"level", isAnything, false}}, marks, true},
	"say-as": {[]attr{{"interpret-as", isAnything, true}, {"language", isAnything, false}, {"format", isAnything, false},
		{"detail", isAnything, false}, {"google:style", isAnything, false}}, nil, true},
	"prosody": {[]attr{{"rate", isAnything, false}, {"pitch", isAnything, false}, {"volume", isAnything, false}}, marks, true},
	"sub":     {[]attr{{"alias", isAnything, true}}, nil, true},
	"p":       {nil, marks, true},
	"s":       {nil, marks, true},
}

// check holds e to its rule, and what is in e to theirs. An attribute without a
// value counts as not set.
func (r *reader) check(e Element) {
	rule := grammar[e.Name]
	for _, a := range e.Attrs {
		i := slices.IndexFunc(rule.attrs, func(known attr) bool { return known.name == a.Name.Local })
		if i < 0 {
			r.report(e.Line, "", "%s: an unknown or repeated attribute%s", e.Name, quote(a.Name.Local))
		} else if a.Value != "" {
			if problem := rule.attrs[i].problem(a.Value); problem != "" {
				r.report(e.Line, a.Value, "%s: %s: %s", e.Name, a.Name.Local, problem)
			}
		}
	}
	for _, known := range rule.attrs {
		if known.required && e.Attr(known.name) == "" {
			r.report(e.Line, "", "%s: %s: required", e.Name, known.name)
		}
	}
	if a, b := e.Attr("ringBackTone"), e.Attr("ringbackTone"); a != "" && b != "" && a != b {
		r.report(e.Line, "", "%s: ringBackTone and ringbackTone differ", e.Name)
	}
	known := 0
	for _, c := range e.Content {
		switch {
		case c.Name == "" && (rule.text || blank(c.Text)):
		case c.Name == "":
			r.report(c.Line, "", "text in %s", e.Name)
		case !slices.Contains(rule.content, c.Name):
			r.report(c.Line, "", "unexpected element%s in %s", quote(c.Name), e.Name)
		default:
			if known++; known == 2 && (e.Name == "GetDigits" || e.Name == "Record") {
				r.report(c.Line, "", "%s holds more than one prompt", e.Name)
			} else if known == 2 && e.Name == "Say" {
				r.report(c.Line, "", "a second speak in Say")
			}
			r.check(c)
		}
	}
	switch {
	case e.Name == "GetDigits" && known == 0:
		r.report(e.Line, "", "GetDigits: prompt: required")
	case e.Name == "Say" && known > 0 && !blank(e.InnerText()):
		r.report(e.Line, "", "text beside speak in Say")
	case (e.Name == "Say" || e.Name == "speak") && known == 0 && e.Spoken() == "":
		r.report(e.Line, "", "%s: text: required", e.Name)
	case e.Name == "Redirect":
		if to := e.Spoken(); to == "" {
			r.report(e.Line, "", "Redirect: url: required")
		} else if problem := URL(to); problem != "" {
			r.report(e.Line, to, "Redirect: url: %s", problem)
		}
	}
}

// flow reports actions that never run. Africa's Talking documents that Reject must be
// alone, although its samples have it behind a Say.
func (r *reader) flow(actions []Element) {
	end := ""
	for i, e := range actions {
		switch {
		case end != "":
			r.problems = append(r.problems, Problem{Line: e.Line, Text: e.Name + " never runs after " + end, Flow: true})
			return
		case e.Name == "Reject" && i > 0:
			r.problems = append(r.problems, Problem{Line: e.Line, Text: "Reject is not the only action", Flow: true})
			return
		case e.Name == "Redirect" || e.Name == "Reject":
			end = e.Name
		case e.Name == "Record" && e.Bare():
			end = "a Record without attributes"
		}
	}
}
