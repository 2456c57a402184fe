package voice

import (
	"fmt"
	"log/slog"
	"strconv"
	"strings"
)

const (
	declaration   = `<?xml version="1.0" encoding="UTF-8"?>`
	emptyDocument = declaration + `<Response/>`

	// maxDocument bounds both building and parsing, so that every response that
	// was built can be parsed.
	maxDocument = 1 << 20

	// scratchSize is enough for a menu with a prompt or two. A longer document
	// moves to the heap.
	scratchSize = 1 << 10
)

// Response is the answer to a voice callback: actions that Africa's Talking
// carries out in order. [Respond] builds one, [Response.UnmarshalText] parses one.
//
// The zero Response is valid and has no actions. Responses are compared with ==:
// equal ones are the same bytes on the wire, or invalid for the same reason.
type Response struct {
	doc     string // empty for the empty document
	problem string // why the response is invalid; doc is empty then
	doubt   string // what Check says of a valid one
}

// Respond builds a response from actions, carried out in that order. It does not
// panic: an invalid action, such as a [Play] without a URL, makes the response
// invalid, and [Response.Err] names the action and the attribute. A document over
// 1 MiB is invalid too.
func Respond(actions ...Action) Response {
	if len(actions) == 0 {
		return Response{}
	}
	var scratch [scratchSize]byte
	b := append(scratch[:0], declaration+"<Response>"...)
	end, doubt := "", ""
	for i, a := range actions {
		var problem string
		if b, problem = appendAction(b, a); problem != "" {
			return Response{problem: "voice: " + position(i, a) + ": " + problem}
		}
		switch {
		case doubt != "":
		case end != "":
			doubt = "voice: " + position(i, a) + " never runs after " + end
		case a == Reject{} && i > 0:
			doubt = "voice: " + position(i, a) + " is not the only action"
		default:
			end = ending(a)
		}
	}
	b = append(b, "</Response>"...)
	if len(b) > maxDocument {
		return Response{problem: "voice: document is over 1 MiB"}
	}
	return Response{doc: string(b), doubt: doubt}
}

// ending returns the name of an action that always ends the response, or "".
func ending(a Action) string {
	switch a := a.(type) {
	case Redirect:
		return "Redirect"
	case Reject:
		return "Reject"
	case Record:
		if a == (Record{}) {
			return "Record"
		}
	}
	return ""
}

// position names an action in a message, counting from one: "action 2 (Dial)".
func position(i int, a Action) string {
	s := "action " + strconv.Itoa(i+1)
	if name := actionName(a); name != "" {
		s += " (" + name + ")"
	}
	return s
}

// invalid is an error that is equal to another with the same message.
type invalid string

func (e invalid) Error() string { return string(e) }

// Err returns why the response is invalid, or nil. The message names an action,
// by its number from one, and an attribute, as in "voice: action 2 (Dial):
// phoneNumbers: required"; it never quotes the value.
func (r Response) Err() error {
	if r.problem == "" {
		return nil
	}
	return invalid(r.problem)
}

// Check warns about a valid response with an action that never runs, because
// [Redirect], [Reject] and a bare [Record] always end a response, or with a [Reject]
// that is not alone, which Africa's Talking's Reject page rules out. It returns the
// first such case, and the error of an invalid response. [Handler] logs the warning
// and sends the response.
func (r Response) Check() error {
	switch {
	case r.problem != "":
		return r.Err()
	case r.doubt != "":
		return invalid(r.doubt)
	}
	return nil
}

// Actions returns the actions as they go over the wire: durations are whole seconds,
// and characters that XML cannot carry are replaced. It returns nil if there are none
// or the response is invalid. It parses the document, so it is for tests and tools.
func (r Response) Actions() []Action {
	if r.doc == "" {
		return nil
	}
	// A document of Respond always parses; the fuzz tests hold it to that.
	actions, _ := parse([]byte(r.doc))
	return actions
}

// AppendText appends the XML document to b. It returns b and the error of
// [Response.Err] for an invalid response.
func (r Response) AppendText(b []byte) ([]byte, error) {
	if r.problem != "" {
		return b, r.Err()
	}
	return append(b, r.String()...), nil
}

// String returns the XML document. It is empty for an invalid response, so that an
// error message is never taken for one. Package fmt does not print it: see
// [Response.Format].
func (r Response) String() string {
	switch {
	case r.problem != "":
		return ""
	case r.doc == "":
		return emptyDocument
	}
	return r.doc
}

// ContentType returns the media type of the document, "application/xml". The
// document itself states its encoding.
func (r Response) ContentType() string { return "application/xml" }

// Equal reports whether r and q are the same response, as == does. Packages
// that compare by reflection, such as go-cmp, look for it.
func (r Response) Equal(q Response) bool { return r == q }

// LogValue implements [slog.LogValuer]. It names the actions and leaves out what
// they say and whom they ring. For an invalid response it is the error.
func (r Response) LogValue() slog.Value {
	if r.problem != "" {
		return slog.StringValue(r.problem)
	}
	var names []string
	depth := 0
	// The document is this package's own: no text and no value has < or > in it.
	for tag := range strings.SplitSeq(strings.TrimPrefix(r.doc, declaration+"<Response>"), "<") {
		tag, _, _ = strings.Cut(tag, ">")
		switch name := strings.TrimRight(strings.SplitN(tag, " ", 2)[0], "/"); {
		case tag == "":
			continue
		case tag[0] == '/':
			depth--
			continue
		case depth == 0:
			names = append(names, name)
		case name == "speak" && depth == 1:
			names[len(names)-1] = "SSML"
		}
		if !strings.HasSuffix(tag, "/") {
			depth++
		}
	}
	return slog.StringValue("[" + strings.Join(names, " ") + "]")
}

// Format implements [fmt.Formatter]: it writes what LogValue shows, so that a printed
// response hides what a logged one does. %#v prints everything.
func (r Response) Format(f fmt.State, verb rune) { format(f, verb, r, r.doc+r.problem) }
