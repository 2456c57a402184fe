package client

import (
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/internal/redact"
)

// The documented codes of [Recipient.StatusCode]. The set is open.
const (
	StatusProcessed             = 100
	StatusSent                  = 101
	StatusQueued                = 102
	StatusRiskHold              = 401
	StatusInvalidSenderID       = 402
	StatusInvalidPhoneNumber    = 403
	StatusUnsupportedNumberType = 404
	StatusInsufficientBalance   = 405
	StatusUserInBlacklist       = 406
	StatusCouldNotRoute         = 407
	StatusDoNotDisturb          = 409
	StatusInternalServerError   = 500
	StatusGatewayError          = 501
	StatusRejectedByGateway     = 502
)

// statuses holds the documented word of each code, and its outcome.
var statuses = map[int]struct {
	word    string
	outcome Outcome
}{
	StatusProcessed:             {"Processed", Accepted},
	StatusSent:                  {"Sent", Accepted},
	StatusQueued:                {"Queued", Accepted},
	StatusRiskHold:              {"RiskHold", Refused},
	StatusInvalidSenderID:       {"InvalidSenderId", Refused},
	StatusInvalidPhoneNumber:    {"InvalidPhoneNumber", Refused},
	StatusUnsupportedNumberType: {"UnsupportedNumberType", Refused},
	StatusInsufficientBalance:   {"InsufficientBalance", Refused},
	StatusUserInBlacklist:       {"UserInBlacklist", Refused},
	StatusCouldNotRoute:         {"CouldNotRoute", Refused},
	StatusDoNotDisturb:          {"DoNotDisturbRejection", Refused},
	StatusInternalServerError:   {"InternalServerError", Transient},
	StatusGatewayError:          {"GatewayError", Transient},
	StatusRejectedByGateway:     {"RejectedByGateway", Refused},
}

// outcomeOf returns OutcomeUnknown for a code that is not documented.
func outcomeOf(code int) Outcome { return statuses[code].outcome }

// isCode reports whether a code has three digits. Another number in its place may
// be a subscriber's.
func isCode(code int) bool { return code >= 100 && code <= 999 }

// codeText returns a code and its documented word: "406 UserInBlacklist".
func codeText(code int) string {
	if !isCode(code) {
		return "an odd code"
	}
	return strings.TrimSpace(strconv.Itoa(code) + " " + statuses[code].word)
}

// documented returns the word for a code that s is, in whatever letter case.
func documented(s string) (word string, ok bool) {
	for _, status := range statuses {
		if strings.EqualFold(s, status.word) {
			return status.word, true
		}
	}
	return "", false
}

// Outcome is the client's knowledge about the message to one recipient.
type Outcome uint8

const (
	// OutcomeUnknown, the zero value: the message may or may not have been
	// accepted and charged. No readable answer came, or the answer has no code or
	// an unfamiliar one for this number. Sending again may send twice.
	OutcomeUnknown Outcome = iota
	// Accepted: Africa's Talking took the message. Delivery is reported later,
	// by callback.
	Accepted
	// Refused: not accepted, by Africa's Talking or, with [ErrInvalid], by this
	// package. Asking again will not help until something changes: the message,
	// the number, the sender, the balance, the account.
	Refused
	// Transient: not accepted for now; safe to send again later.
	Transient
	// NotSent: the message never reached Africa's Talking. Safe to send again.
	NotSent
)

var outcomes = [...]string{OutcomeUnknown: "unknown", Accepted: "accepted", Refused: "refused", Transient: "transient", NotSent: "not sent"}

// String returns the outcome in lower case: "accepted", "not sent".
func (o Outcome) String() string {
	if int(o) < len(outcomes) {
		return outcomes[o]
	}
	return "Outcome(" + strconv.Itoa(int(o)) + ")"
}

// MarshalText returns the same word as [Outcome.String].
func (o Outcome) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// Recipient is the answer about one number. Recipients are comparable.
type Recipient struct {
	// Number is as [Message.To] spelt it.
	Number  string
	Outcome Outcome
	// StatusCode is one of the Status constants, a code that is newer than
	// them, or 0 when the reply holds none.
	StatusCode int
	// Status is the reply's text for StatusCode. Branch on the code: texts vary.
	Status string
	// MessageID is the id by which delivery reports name the message; empty when
	// it was not accepted.
	MessageID string
	// Cost is the price that the account pays for this recipient. It may be in
	// another currency than the total of the same reply.
	Cost africastalking.Money
	// CostText is the cost as the reply wrote it. It differs from Cost in more
	// than form only where it cannot be read as an amount; Cost is then zero.
	CostText string
	// MessageParts counts the parts the text was split into; 0 when the reply
	// does not say, as in the sandbox and for a refusal.
	MessageParts int
}

// LogValue describes r with all but the last two digits of the number masked.
// The status is the documented word for the code, not the reply's text.
func (r Recipient) LogValue() slog.Value {
	code := r.StatusCode
	if !isCode(code) {
		code = 0
	}
	return slog.GroupValue(
		slog.String("number", redact.Phone(r.Number)),
		slog.String("outcome", r.Outcome.String()),
		slog.Int("statusCode", code),
		slog.String("status", statuses[code].word),
		slog.String("messageId", r.MessageID),
		slog.String("cost", r.Cost.String()),
		slog.Int("messageParts", r.MessageParts),
	)
}

// String returns what LogValue shows, so %v, %+v and %s mask what a log would.
// %#v prints everything.
func (r Recipient) String() string { return redact.String(r) }

// Summary is the line in which a reply sums up its request.
type Summary struct {
	// Text is the line as it came: "Sent to 1/2 Total Cost: KES 0.8000", or
	// the reason of a refusal, "InvalidSenderId".
	Text string
	// Sent of Total recipients were accepted; both are 0 when Text does not say.
	Sent, Total int
	// Cost is the total that Text states, often in the account's currency
	// where each recipient's cost is in the network's; zero when it states none.
	Cost africastalking.Money
	// Parts is the count of message parts in Text, which only the sandbox has
	// been seen to state; otherwise 0.
	Parts int
}

// LogValue leaves out Text, unless it is a documented word: it may repeat a number
// or the message.
func (s Summary) LogValue() slog.Value {
	text, ok := documented(s.Text)
	if !ok {
		text = redact.Text(s.Text)
	}
	return slog.GroupValue(
		slog.String("text", text),
		slog.Int("sent", s.Sent),
		slog.Int("total", s.Total),
		slog.String("cost", s.Cost.String()),
		slog.Int("parts", s.Parts),
	)
}

// String returns what LogValue shows, so %v, %+v and %s mask what a log would.
// %#v prints everything.
func (s Summary) String() string { return redact.String(s) }

// Result holds all that is known about a [Message] after [Client.Send].
type Result struct {
	// Recipients has one entry for each distinct number of [Message.To], in
	// that order, whatever happened.
	Recipients []Recipient
	// Summaries has one entry for each reply that could be read, in the order
	// of the requests: more than one for a message sent in chunks or retried.
	Summaries []Summary
	// Unmatched keeps the entries of replies that belong to no recipient, or
	// contradict each other about one. Their Number is the reply's spelling. The
	// recipient of such an entry is OutcomeUnknown.
	Unmatched []Recipient
}

// Err returns nil only when every recipient was accepted, and otherwise a
// [*SendError] that counts the outcomes and matches the error of each kind
// among them: [ErrRefused], [ErrTransient], [ErrOutcomeUnknown], [ErrNotSent].
// A Result without recipients sent nothing and is an error.
//
// Never answer an error by sending the whole message again: some recipients
// may have it. See [Result.Resendable].
func (r Result) Err() error { return r.err(nil) }

func (r Result) err(cause error) error {
	e := r.count()
	if e.Accepted == len(r.Recipients) && e.Accepted > 0 {
		return nil
	}
	e.Err = cause
	return e
}

func (r Result) count() *SendError {
	e := new(SendError)
	counts := [...]*int{OutcomeUnknown: &e.Unknown, Accepted: &e.Accepted, Refused: &e.Refused, Transient: &e.Transient, NotSent: &e.NotSent}
	for i := range r.Recipients {
		rcpt := &r.Recipients[i]
		if int(rcpt.Outcome) >= len(counts) {
			e.Unknown++
		} else {
			*counts[rcpt.Outcome]++
		}
		if rcpt.Outcome != Accepted && rcpt.StatusCode != 0 {
			if e.Codes == nil {
				e.Codes = make(map[int]int)
			}
			e.Codes[rcpt.StatusCode]++
		}
	}
	return e
}

// gap returns how a reply left an outcome without a code to show for it, provided
// that every request got a reply; otherwise nil.
func (r Result) gap() error {
	for _, rcpt := range r.Recipients {
		same := func(entry Recipient) bool {
			return entry.Number == "" || dialled(entry.Number) == dialled(rcpt.Number)
		}
		switch {
		case rcpt.Outcome == Accepted || rcpt.StatusCode != 0:
		case rcpt != Recipient{Number: rcpt.Number}:
			return replyError("the reply states no code")
		case len(r.Unmatched) == 0:
			return replyError("the reply leaves out recipients")
		case slices.ContainsFunc(r.Unmatched, same):
			return replyError("the reply is ambiguous")
		default:
			return replyError("the reply names other numbers")
		}
	}
	return nil
}

// Filter returns the recipients with any of the outcomes, in order.
func (r Result) Filter(outcomes ...Outcome) []Recipient {
	var out []Recipient
	for _, rcpt := range r.Recipients {
		if slices.Contains(outcomes, rcpt.Outcome) {
			out = append(out, rcpt)
		}
	}
	return out
}

// Resendable returns the numbers, in order, that did not get the message and
// may be sent it again as it is: those that are [NotSent] or [Transient]. It
// leaves out [OutcomeUnknown], which may be sent twice, and [Refused], which
// would be refused again. It is therefore empty after an [ErrInvalid].
func (r Result) Resendable() []string {
	var out []string
	for _, rcpt := range r.Filter(NotSent, Transient) {
		out = append(out, rcpt.Number)
	}
	return out
}

// TotalCost adds up the totals of [Result.Summaries], one amount for each
// currency, in order of appearance. It is empty when no reply stated a total,
// and knows nothing of recipients whose outcome is unknown.
func (r Result) TotalCost() []africastalking.Money {
	var totals []africastalking.Money
next:
	for _, s := range r.Summaries {
		if s.Cost.IsZero() {
			continue
		}
		for i, total := range totals {
			if sum, ok := total.Add(s.Cost); ok {
				totals[i] = sum
				continue next
			}
		}
		totals = append(totals, s.Cost)
	}
	return totals
}

// LogValue counts the outcomes and the codes of the recipients that were not
// accepted, and leaves out the recipients themselves. The reason is the word of the
// reply that refused a request as a whole: see [RefusedError].
func (r Result) LogValue() slog.Value {
	e := r.count()
	attrs := []slog.Attr{slog.Int("recipients", len(r.Recipients))}
	for _, count := range []slog.Attr{
		slog.Int("accepted", e.Accepted), slog.Int("refused", e.Refused), slog.Int("transient", e.Transient),
		slog.Int("notSent", e.NotSent), slog.Int("unknown", e.Unknown), slog.Int("unmatched", len(r.Unmatched)),
	} {
		if count.Value.Int64() > 0 {
			attrs = append(attrs, count)
		}
	}
	if codes := e.codes(len(r.Recipients)-e.Accepted, Refused, Transient, OutcomeUnknown); codes != "" {
		attrs = append(attrs, slog.String("codes", codes))
	}
	if n := len(r.Summaries); n > 0 && e.Refused > 0 {
		if word, ok := documented(r.Summaries[n-1].Text); ok {
			attrs = append(attrs, slog.String("reason", word))
		}
	}
	if totals := r.TotalCost(); len(totals) > 0 {
		attrs = append(attrs, slog.String("totalCost", strings.Trim(fmt.Sprint(totals), "[]")))
	}
	return slog.GroupValue(attrs...)
}

// String returns what LogValue shows, so %v, %+v and %s mask what a log would.
// %#v prints everything.
func (r Result) String() string { return redact.String(r) }
