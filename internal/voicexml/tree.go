package voicexml

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// MaxDepth is how deep elements may be nested. A prompt in SSML takes four levels
// before its first mark: Response, GetDigits, Say, speak.
const MaxDepth = 32

// maxAttrs is more than any element has.
const maxAttrs = 32

// Document is a well-formed answer.
type Document struct {
	// Actions are the actions that Africa's Talking documents, in order.
	Actions []Element
	// Problems are the differences from the documentation. It does not say what
	// Africa's Talking does about them.
	Problems []Problem
}

// Problem is something wrong with an answer.
type Problem struct {
	Line int
	// Text names elements and attributes, and quotes nothing else: an answer holds
	// phone numbers and texts.
	Text string
	// Quote is the part of the answer that is wrong, or the reason that the XML
	// parser gives, which may hold such a part.
	Quote string
	// Flow is set if each action is correct by itself but their order is not.
	Flow bool
}

// String includes the quote, so it is for tests and never for a log.
func (p Problem) String() string {
	s := fmt.Sprintf("line %d: %s", p.Line, p.Text)
	if p.Quote != "" {
		s += ": " + p.Quote
	}
	return s
}

// Element is an element of an answer, or a piece of text in one.
type Element struct {
	// Name is empty for text.
	Name string
	Line int
	// Index is the position among the elements of the parent, from 0.
	Index int
	Attrs []xml.Attr
	// Content is the elements and the text between the tags.
	Content []Element
	// Text is what a piece of text says.
	Text string
	// Source is the element as the app wrote it.
	Source string
}

// Attr returns the value of an attribute, or "".
func (e Element) Attr(name string) string {
	for _, a := range e.Attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// Flag reports whether an attribute is true.
func (e Element) Flag(name string) bool { return e.Attr(name) == "true" }

// Number returns an attribute that is a number above zero, and otherwise 0.
func (e Element) Number(name string) int {
	if s := e.Attr(name); isNumber(s) == "" {
		n, _ := strconv.Atoi(s)
		return n
	}
	return 0
}

// Seconds returns an attribute that is a number of seconds.
func (e Element) Seconds(name string) time.Duration {
	return time.Duration(e.Number(name)) * time.Second
}

// Child returns the first of the elements with one of the names, or nil.
func (e Element) Child(names ...string) *Element {
	for i, c := range e.Content {
		if c.Name != "" && slices.Contains(names, c.Name) {
			return &e.Content[i]
		}
	}
	return nil
}

// Bare reports whether e has neither attributes nor elements in it. A bare Record
// lasts until the caller hangs up.
func (e Element) Bare() bool {
	return len(e.Attrs) == 0 && !slices.ContainsFunc(e.Content, func(c Element) bool { return c.Name != "" })
}

// InnerText returns the text between the tags.
func (e Element) InnerText() string {
	var b strings.Builder
	for _, c := range e.Content {
		b.WriteString(c.Text)
	}
	return b.String()
}

// Spoken returns what a caller hears of e, with single spaces for white space and
// for pauses.
func (e Element) Spoken() string {
	var b strings.Builder
	e.speak(&b)
	return strings.Join(strings.Fields(b.String()), " ")
}

func (e Element) speak(b *strings.Builder) {
	apart := e.Name == "break" || e.Name == "p" || e.Name == "s"
	if apart {
		b.WriteByte(' ')
	}
	if alias := e.Attr("alias"); alias != "" && e.Name == "sub" {
		b.WriteString(alias)
	} else {
		b.WriteString(e.Text)
		for _, c := range e.Content {
			c.speak(b)
		}
	}
	if apart {
		b.WriteByte(' ')
	}
}

// reader builds the tree of a document.
type reader struct {
	body     []byte
	problems []Problem
	// google holds the namespaces that the document binds the prefix google to.
	google []string
	root   *Element
	open   []*Element
	begins []int64 // where the open elements start in the body
}

func (r *reader) report(line int, quote, format string, args ...any) {
	r.problems = append(r.problems, Problem{Line: line, Quote: quote, Text: fmt.Sprintf(format, args...)})
}

// read builds the tree. It refuses what encoding/xml lets pass although no
// well-formed document has it.
func (r *reader) read() *Problem {
	d := xml.NewDecoder(bytes.NewReader(r.body))
	d.CharsetReader = func(string, io.Reader) (io.Reader, error) { return nil, errors.New("it is not UTF-8") }
	for {
		start := d.InputOffset()
		line, _ := d.InputPos()
		fail := func(text string) *Problem { return &Problem{Line: line, Text: text} }
		t, err := d.Token()
		if err == io.EOF {
			if r.root == nil {
				return fail("no Response element")
			}
			return nil
		}
		if err != nil {
			p := &Problem{Line: line, Text: "not well-formed XML (is every & and < in text escaped?)", Quote: err.Error()}
			if syntax := new(xml.SyntaxError); errors.As(err, &syntax) {
				p.Line, p.Quote = syntax.Line, syntax.Msg
			}
			return p
		}
		switch t := t.(type) {
		case xml.ProcInst:
			switch {
			case t.Target != "xml":
				r.report(line, "", "a processing instruction")
			case start != 0:
				return fail("something before the XML declaration")
			}
		case xml.Directive:
			r.report(line, "", "a document type declaration")
		case xml.CharData:
			if len(r.open) > 0 {
				r.add(Element{Line: line + leadingLines(t), Text: string(t)})
			} else if !blank(string(t)) {
				return fail("text outside the Response")
			}
		case xml.StartElement:
			if p := r.start(t, line, start); p != "" {
				return fail(p)
			}
		case xml.EndElement:
			r.end(d.InputOffset())
		}
	}
}

func (r *reader) start(t xml.StartElement, line int, offset int64) (problem string) {
	switch {
	case len(r.open) == 0 && r.root != nil:
		return "an element after the Response"
	case len(r.open) == MaxDepth:
		return "elements are nested too deep"
	case len(t.Attr) > maxAttrs:
		return "too many attributes"
	}
	for _, a := range t.Attr {
		if a.Name == (xml.Name{Space: "xmlns", Local: "google"}) {
			r.google = append(r.google, a.Value)
		}
	}
	e := &Element{Name: r.name(t.Name), Line: line}
	for _, a := range t.Attr {
		a.Name = xml.Name{Local: r.name(a.Name)}
		if slices.ContainsFunc(e.Attrs, func(b xml.Attr) bool { return a.Name == b.Name }) {
			return e.Name + ": an unknown or repeated attribute" + quote(a.Name.Local)
		}
		e.Attrs = append(e.Attrs, a)
	}
	// A document may bind the prefix of google:style, or leave it unbound.
	e.Attrs = slices.DeleteFunc(e.Attrs, func(a xml.Attr) bool { return a.Name.Local == "xmlns:google" })
	r.open, r.begins = append(r.open, e), append(r.begins, offset)
	return ""
}

func (r *reader) end(offset int64) {
	last := len(r.open) - 1
	e := r.open[last]
	e.Source = string(r.body[r.begins[last]:offset])
	if r.open, r.begins = r.open[:last], r.begins[:last]; last > 0 {
		r.add(*e)
	} else {
		r.root = e
	}
}

// add appends to the content of the element that is open.
func (r *reader) add(e Element) {
	parent := r.open[len(r.open)-1]
	for _, c := range slices.Backward(parent.Content) {
		if c.Name != "" {
			e.Index = c.Index + 1
			break
		}
	}
	parent.Content = append(parent.Content, e)
}

func (r *reader) name(n xml.Name) string {
	switch {
	case n.Space == "":
		return n.Local
	case slices.Contains(r.google, n.Space):
		return "google:" + n.Local
	}
	return n.Space + ":" + n.Local
}

// quote returns a name in quotes, with a blank before it, if it is like those of
// Africa's Talking, and otherwise "": a badly escaped text can look like an element.
func quote(name string) string {
	if len(name) > 20 || strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-") != "" {
		return ""
	}
	return ` "` + name + `"`
}

const space = " \t\r\n"

func blank(s string) bool { return strings.Trim(s, space) == "" }

// leadingLines counts the line breaks in front of a text.
func leadingLines(text []byte) int {
	return bytes.Count(text[:len(text)-len(bytes.TrimLeft(text, space))], []byte("\n"))
}
