package client

import (
	"log/slog"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/sautigo/africastalking/internal/redact"
)

// Message is one text for any number of recipients.
//
// To and Text are required. The zero value of every other field leaves that
// field out of the request, so Africa's Talking decides.
//
// A Message whose Premium, Keyword, LinkID or RetryDuration is set is a premium
// message: the subscriber may be charged for it, it goes to the content host
// and it needs From.
type Message struct {
	// To holds the recipients in international form, "+254711000000". Exact
	// duplicates are sent once. The client refuses only numbers that would corrupt
	// the request: an empty one, and those with a comma, white space or a control
	// character. Africa's Talking, which knows the numbering plans best, answers
	// [StatusInvalidPhoneNumber] for each number that it cannot use.
	To []string
	// Text is the message, in valid UTF-8. It is sent as it is; a long one
	// is delivered, and charged, in several parts.
	Text string
	// From is the registered sender: an alphanumeric id or a short code. Leave
	// it empty for the account's default and for shared short codes.
	From string
	// Enqueue asks for the message to be queued, or not to be.
	Enqueue Enqueue
	// RequestID comes back in the delivery report of a premium message. The
	// bulk endpoint ([WithBulk]) has no such field and refuses it.
	RequestID string

	// Premium marks a premium message that has none of the fields below.
	Premium bool
	// Keyword is the premium product's keyword.
	Keyword string
	// LinkID answers an on-demand request; it is the link id of the incoming
	// message. A bad or expired one shows only in the delivery report. The client
	// refuses "0" and "None", which stand for no link id on the wire.
	LinkID string
	// RetryDuration is how long delivery to a premium subscriber is tried
	// again, in whole hours.
	RetryDuration time.Duration
}

// Enqueue chooses whether Africa's Talking queues a message and answers at
// once ([StatusQueued]) or hands it to the carrier first ([StatusSent]). The
// zero value, EnqueueDefault, leaves the choice out of the request: the
// documentation says that it then means yes, observed traffic says no.
type Enqueue int8

// The choices of [Message.Enqueue].
const (
	EnqueueDefault Enqueue = iota
	EnqueueYes
	EnqueueNo
)

// wire returns the digit that is sent; the words true and false are refused.
func (e Enqueue) wire() string {
	switch e {
	case EnqueueYes:
		return "1"
	case EnqueueNo:
		return "0"
	}
	return ""
}

func (m Message) premium() bool {
	return m.Premium || m.Keyword != "" || m.LinkID != "" || m.RetryDuration != 0
}

// check returns the fault that would make the request wrong or ambiguous on the
// wire, or nil.
func (m Message) check() error {
	if len(m.To) == 0 {
		return invalidError("message has no recipients")
	}
	for i, number := range m.To {
		if fault := numberFault(number); fault != "" {
			return invalidError("recipient " + strconv.Itoa(i) + " " + fault)
		}
	}
	switch {
	case m.Text == "":
		return invalidError("message text is empty")
	case !utf8.ValidString(m.Text):
		return invalidError("message text is not valid UTF-8")
	case m.Enqueue < EnqueueDefault || m.Enqueue > EnqueueNo:
		return invalidError("enqueue is none of EnqueueDefault, EnqueueYes and EnqueueNo")
	case m.RetryDuration < 0 || m.RetryDuration%time.Hour != 0:
		return invalidError("retry duration is not a whole number of hours")
	case m.LinkID == "0" || strings.EqualFold(m.LinkID, "None"):
		return invalidError(`link ids "0" and "None" stand for none: leave LinkID empty`)
	case m.premium() && m.From == "":
		return invalidError("a premium message needs From")
	}
	return nil
}

// numberFault says why a number would break the comma-joined field of the
// request, or returns "".
func numberFault(number string) string {
	switch {
	case number == "":
		return "is empty"
	case strings.Contains(number, ","):
		return "contains a comma"
	case strings.ContainsFunc(number, unicode.IsSpace):
		return "contains white space"
	case strings.ContainsFunc(number, unicode.IsControl), !utf8.ValidString(number):
		return "contains a control character"
	}
	return ""
}

// LogValue describes m without its text and its numbers.
func (m Message) LogValue() slog.Value {
	return slog.GroupValue(
		slog.Int("recipients", len(m.To)),
		slog.String("text", redact.Text(m.Text)),
		slog.String("from", redact.Digits(m.From)),
		slog.Bool("premium", m.premium()),
	)
}

// String returns what LogValue shows, so %v, %+v and %s mask what a log would.
// %#v prints everything.
func (m Message) String() string { return redact.String(m) }
