package call

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sautigo/africastalking/internal/gateway"
)

// Document is the answer to a callback of a live call.
type Document struct {
	// Actions are the known ones, in order.
	Actions []Element
	// Problems are what goes against the documentation. What Africa's Talking
	// makes of them is not documented: what is unknown or in a wrong place is
	// taken to be passed over.
	Problems []Problem
}

// Problem is what is wrong with a well-formed answer.
type Problem struct {
	Line int
	Text string
	// Flow is set if every action is right, and their order is not.
	Flow bool
}

func (p Problem) String() string { return fmt.Sprintf("line %d: %s", p.Line, p.Text) }

// Element is an element of an answer.
type Element struct {
	Name string
	Line int
	// Index is the position among all elements of the parent, from 0.
	Index    int
	Attrs    []gateway.Field
	Children []Element
	// Text is what the element holds, all of what is below it included, with
	// single spaces for white space.
	Text string
	// Source is the element as it was sent.
	Source string

	own bool // has text of its own
}

// Attr returns the value of an attribute, "" if there is none.
func (e Element) Attr(name string) string {
	for _, a := range e.Attrs {
		if a[0] == name {
			return a[1]
		}
	}
	return ""
}

// number returns the value of an attribute that is a number above zero, and
// otherwise 0.
func (e Element) number(name string) int {
	n, err := strconv.Atoi(e.Attr(name))
	if err != nil || n <= 0 || n > math.MaxInt32 {
		return 0
	}
	return n
}

func (e Element) seconds(name string) time.Duration {
	return time.Duration(e.number(name)) * time.Second
}

// bareRecord reports whether e is a Record that lasts until the caller hangs up.
func (e Element) bareRecord() bool {
	return e.Name == "Record" && len(e.Attrs) == 0 && len(e.Children) == 0
}

// maxDepth is more than any sensible answer has: Response, GetDigits, Say, speak,
// emphasis.
const maxDepth = 32

// Parse reads an answer. An error says why it is not a well-formed
// <Response>.
func Parse(body []byte) (Document, error) {
	p := &parser{body: body}
	root, err := p.tree()
	switch {
	case err != nil:
		return Document{}, err
	case root == nil:
		return Document{}, errors.New("there is no element")
	case root.Name != "Response":
		return Document{}, fmt.Errorf("the element is %s, not Response", root.Name)
	}
	p.check(*root)
	var actions []Element
	for _, e := range root.Children {
		if slices.Contains(grammar["Response"].children, e.Name) {
			actions = append(actions, e)
		}
	}
	p.flow(actions)
	return Document{actions, p.problems}, nil
}

type parser struct {
	body     []byte
	problems []Problem
}

func (p *parser) report(line int, format string, args ...any) {
	p.problems = append(p.problems, Problem{Line: line, Text: fmt.Sprintf(format, args...)})
}

// tree builds the document. It is stricter than encoding/xml, which passes over
// some of what no document may have.
func (p *parser) tree() (*Element, error) {
	d := xml.NewDecoder(bytes.NewReader(p.body))
	d.CharsetReader = func(string, io.Reader) (io.Reader, error) { return nil, errors.New("it is not UTF-8") }
	var root *Element
	var open []*Element
	var begins []int64
	for {
		offset := d.InputOffset()
		line, _ := d.InputPos()
		fail := func(what string) error { return fmt.Errorf("line %d: %s", line, what) }
		t, err := d.Token()
		if err == io.EOF {
			return root, nil
		}
		if err != nil {
			return nil, errors.New(strings.TrimPrefix(err.Error(), "XML syntax error on "))
		}
		switch t := t.(type) {
		case xml.ProcInst:
			switch {
			case t.Target != "xml":
				p.report(line, "a processing instruction")
			case offset != 0:
				return nil, fail("something before the XML declaration")
			}
		case xml.Directive:
			p.report(line, "a document type declaration")
		case xml.CharData:
			if strings.Trim(string(t), xmlSpace) == "" {
				if len(open) > 0 {
					open[len(open)-1].Text += " "
				}
				continue
			}
			if len(open) == 0 {
				return nil, fail("text outside the document's element")
			}
			e := open[len(open)-1]
			e.own = true
			e.Text += string(t)
		case xml.StartElement:
			e := &Element{Name: xmlName(t.Name), Line: line}
			switch {
			case len(open) == 0 && root != nil:
				return nil, fail("a second element outside the first")
			case len(open) == maxDepth:
				return nil, fail("elements are nested too deep")
			}
			for _, a := range t.Attr {
				name := xmlName(a.Name)
				if slices.ContainsFunc(e.Attrs, func(f gateway.Field) bool { return f[0] == name }) {
					return nil, fail(e.Name + " has " + name + " twice")
				}
				e.Attrs = append(e.Attrs, gateway.Field{name, a.Value})
			}
			open, begins = append(open, e), append(begins, offset)
			if root == nil {
				root = e
			}
		case xml.EndElement:
			last := len(open) - 1
			e := open[last]
			text := e.Text
			e.Text = strings.Join(strings.Fields(text), " ")
			e.Source = string(p.body[begins[last]:d.InputOffset()])
			if open, begins = open[:last], begins[:last]; last > 0 {
				if e.Name == "break" {
					text += " "
				}
				parent := open[last-1]
				e.Index = len(parent.Children)
				parent.Children = append(parent.Children, *e)
				parent.Text += text
			}
		}
	}
}

const xmlSpace = " \t\r\n"

func xmlName(n xml.Name) string {
	if n.Space == "" {
		return n.Local
	}
	return n.Space + ":" + n.Local
}

type rule struct {
	attrs    []attribute
	children []string
	text     bool
}

type attribute struct {
	name     string
	check    func(value string) string // says what the value is not
	required bool
}

// grammar is what Africa's Talking documents on its pages of the actions.
// ringBackTone is spelled there in two ways. The SSML elements are those that
// integrations were observed to send.
var grammar = map[string]rule{
	"Response": {children: []string{
		"Say", "Play", "GetDigits", "Dial", "Record", "Enqueue", "Dequeue", "Conference", "Redirect", "Reject"}},
	"Say":  {[]attribute{{"voice", isAnything, false}, {"playBeep", isBool, false}}, []string{"speak"}, true},
	"Play": {[]attribute{{"url", isURL, true}}, nil, false},
	"GetDigits": {[]attribute{{"numDigits", isNumber, false}, {"timeout", isNumber, false},
		{"finishOnKey", isKey, false}, {"callbackUrl", isURL, false}}, []string{"Say", "Play"}, false},
	"Dial": {[]attribute{{"phoneNumbers", isNumbers, true}, {"record", isBool, false}, {"sequential", isBool, false},
		{"callerId", isAnything, false}, {"ringBackTone", isURL, false}, {"ringbackTone", isURL, false},
		{"maxDuration", isNumber, false}}, nil, false},
	"Record": {[]attribute{{"finishOnKey", isKey, false}, {"maxLength", isNumber, false}, {"timeout", isNumber, false},
		{"trimSilence", isBool, false}, {"playBeep", isBool, false}, {"callbackUrl", isURL, false}}, []string{"Say", "Play"}, false},
	"Enqueue":    {[]attribute{{"holdMusic", isURL, false}, {"name", isAnything, false}}, nil, false},
	"Dequeue":    {[]attribute{{"phoneNumber", isAnything, true}, {"name", isAnything, false}}, nil, false},
	"Conference": {},
	"Redirect":   {text: true},
	"Reject":     {},

	"speak":    {nil, []string{"break", "emphasis", "say-as"}, true},
	"break":    {[]attribute{{"time", isPause, true}}, nil, false},
	"emphasis": {[]attribute{{"level", isAnything, false}}, nil, true},
	"say-as": {[]attribute{{"interpret-as", isAnything, true}, {"language", isAnything, false}, {"format", isAnything, false},
		{"detail", isAnything, false}, {"google:style", isAnything, false}}, nil, true},
}

// check holds an element, which has a rule, against it. Its depth is bounded.
func (p *parser) check(e Element) {
	rule := grammar[e.Name]
	for _, a := range e.Attrs {
		i := slices.IndexFunc(rule.attrs, func(r attribute) bool { return r.name == a[0] })
		if i < 0 {
			p.report(e.Line, "%s has no attribute %s", e.Name, a[0])
		} else if problem := rule.attrs[i].check(a[1]); problem != "" && (a[1] != "" || !rule.attrs[i].required) {
			p.report(e.Line, "%s: %s is %q, %s", e.Name, a[0], a[1], problem)
		}
	}
	for _, r := range rule.attrs {
		if r.required && e.Attr(r.name) == "" {
			p.report(e.Line, "%s: %s is required", e.Name, r.name)
		}
	}
	if a, b := e.Attr("ringBackTone"), e.Attr("ringbackTone"); a != "" && b != "" && a != b {
		p.report(e.Line, "%s: ringBackTone and ringbackTone differ", e.Name)
	}
	if e.own && !rule.text {
		p.report(e.Line, "%s holds text", e.Name)
	}
	known := 0
	for _, child := range e.Children {
		if !slices.Contains(rule.children, child.Name) {
			p.report(child.Line, "%s in %s", child.Name, e.Name)
			continue
		}
		known++
		p.check(child)
	}
	switch {
	case e.Name == "GetDigits" && known == 0:
		p.report(e.Line, "GetDigits has no prompt")
	case (e.Name == "GetDigits" || e.Name == "Record") && known > 1:
		p.report(e.Line, "%s has %d prompts, and may have one", e.Name, known)
	case e.Name == "Say" && known > 0 && (e.own || known > 1):
		p.report(e.Line, "Say has something beside speak")
	case (e.Name == "Say" || e.Name == "speak") && known == 0 && e.Text == "":
		p.report(e.Line, "%s has no text", e.Name)
	case e.Name == "Redirect":
		if problem := isURL(e.Text); problem != "" {
			p.report(e.Line, "Redirect leads to %q, %s", e.Text, problem)
		}
	}
}

// flow reports actions that never run. That Reject has to be alone is documented,
// although samples of Africa's Talking have it behind a Say.
func (p *parser) flow(actions []Element) {
	end := ""
	for i, e := range actions {
		switch {
		case end != "":
			p.problems = append(p.problems, Problem{e.Line, e.Name + " never runs after " + end, true})
			return
		case e.Name == "Reject" && i > 0:
			p.problems = append(p.problems, Problem{e.Line, "Reject is not the only action", true})
			return
		case e.Name == "Redirect" || e.Name == "Reject":
			end = e.Name
		case e.bareRecord():
			end = "a Record without attributes"
		}
	}
}

func isAnything(string) string { return "" }

func isBool(s string) string {
	if s == "true" || s == "false" {
		return ""
	}
	return "not true or false"
}

func isNumber(s string) string {
	if n, err := strconv.ParseInt(s, 10, 32); err != nil || n <= 0 {
		return "not a whole number above zero"
	}
	return ""
}

func isKey(s string) string {
	if len(s) == 1 && strings.Contains(phoneKeys, s) {
		return ""
	}
	return "not one of 0 to 9, * and #"
}

// phoneKeys are the keys of a phone.
const phoneKeys = "0123456789*#"

func isURL(s string) string {
	scheme, rest, _ := strings.Cut(s, "://")
	web := strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https")
	if !web || rest == "" || strings.ContainsAny(rest, xmlSpace) {
		return "not an absolute http or https URL"
	}
	return ""
}

func isNumbers(s string) string {
	for number := range strings.SplitSeq(s, ",") {
		if number == "" || strings.ContainsAny(number, xmlSpace) {
			return "not numbers with nothing but commas between them"
		}
	}
	return ""
}

// isPause takes the times that SSML has from CSS: "200ms", "1.5s".
func isPause(s string) string {
	number, ok := strings.CutSuffix(s, "ms")
	if !ok {
		number, ok = strings.CutSuffix(s, "s")
	}
	if _, err := strconv.ParseFloat(number, 64); !ok || err != nil || strings.Trim(number, "0123456789.") != "" {
		return "not a time such as 200ms or 2s"
	}
	return ""
}
