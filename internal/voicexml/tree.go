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
	d        *xml.Decoder
	problems []Problem
	// google holds the namespaces that the document binds the prefix google to.
	google []string
}

func (r *reader) report(line int, quote, format string, args ...any) {
	r.problems = append(r.problems, Problem{Line: line, Quote: quote, Text: fmt.Sprintf(format, args...)})
}

// read returns the root. It refuses what encoding/xml lets pass although no
// well-formed document has it.
func (r *reader) read() (root *Element, _ *Problem) {
	for {
		t, line, offset, p := r.next()
		switch t := t.(type) {
		case nil:
			if p == nil && root == nil {
				p = &Problem{Line: line, Text: "no Response element"}
			}
			return root, p
		case xml.CharData:
			if !blank(string(t)) {
				return nil, &Problem{Line: line, Text: "text outside the Response"}
			}
		case xml.StartElement:
			if root != nil {
				return nil, &Problem{Line: line, Text: "an element after the Response"}
			}
			e, p := r.element(t, line, offset, 1)
			if p != nil {
				return nil, p
			}
			root = &e
		}
	}
}

// next returns the next text or tag and where it starts, or nil at the end.
func (r *reader) next() (t xml.Token, line int, offset int64, _ *Problem) {
	for {
		line, _ = r.d.InputPos()
		offset = r.d.InputOffset()
		t, err := r.d.Token()
		if err == io.EOF {
			return nil, line, offset, nil
		}
		if err != nil {
			p := &Problem{Line: line, Text: "not well-formed XML (is every & and < in text escaped?)", Quote: err.Error()}
			if syntax := new(xml.SyntaxError); errors.As(err, &syntax) {
				p.Line, p.Quote = syntax.Line, syntax.Msg
			}
			return nil, line, offset, p
		}
		switch t := t.(type) {
		case xml.Comment:
		case xml.Directive:
			r.report(line, "", "a document type declaration")
		case xml.ProcInst:
			if t.Target != "xml" {
				r.report(line, "", "a processing instruction")
			} else if offset != 0 {
				return nil, line, offset, &Problem{Line: line, Text: "something before the XML declaration"}
			}
		default:
			return t, line, offset, nil
		}
	}
}

// element reads an element up to its end. Depth counts the elements that are open.
func (r *reader) element(t xml.StartElement, line int, offset int64, depth int) (e Element, _ *Problem) {
	switch {
	case depth > MaxDepth:
		return e, &Problem{Line: line, Text: "elements are nested too deep"}
	case len(t.Attr) > maxAttrs:
		return e, &Problem{Line: line, Text: "too many attributes"}
	}
	for _, a := range t.Attr {
		if a.Name == (xml.Name{Space: "xmlns", Local: "google"}) {
			r.google = append(r.google, a.Value)
		}
	}
	e = Element{Name: r.name(t.Name), Line: line}
	for _, a := range t.Attr {
		a.Name = xml.Name{Local: r.name(a.Name)}
		if slices.ContainsFunc(e.Attrs, func(b xml.Attr) bool { return a.Name == b.Name }) {
			return e, &Problem{Line: line, Text: e.Name + ": an unknown or repeated attribute" + quote(a.Name.Local)}
		}
		e.Attrs = append(e.Attrs, a)
	}
	// A document may bind the prefix of google:style, or leave it unbound.
	e.Attrs = slices.DeleteFunc(e.Attrs, func(a xml.Attr) bool { return a.Name.Local == "xmlns:google" })
	for elements := 0; ; {
		t, line, start, p := r.next()
		switch t := t.(type) {
		case nil:
			return e, p
		case xml.CharData:
			leading := t[:len(t)-len(bytes.TrimLeft(t, space))]
			e.Content = append(e.Content, Element{Line: line + bytes.Count(leading, []byte("\n")), Text: string(t)})
		case xml.StartElement:
			child, p := r.element(t, line, start, depth+1)
			if p != nil {
				return e, p
			}
			child.Index = elements
			elements++
			e.Content = append(e.Content, child)
		case xml.EndElement:
			e.Source = string(r.body[offset:r.d.InputOffset()])
			return e, nil
		}
	}
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
