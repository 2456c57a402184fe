package client

import (
	"log/slog"
	"slices"
	"strconv"

	"github.com/sautigo/africastalking"
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

// Outcome is what is known about the message to one recipient.
type Outcome uint8

const (
	// OutcomeUnknown, the zero value: the message may or may not have been
	// accepted and charged. No readable answer came, or it holds no word or an
	// unfamiliar one about this number. Sending again may send twice.
	OutcomeUnknown Outcome = iota
	// Accepted: Africa's Talking took the message. Delivery is reported later,
	// by callback.
	Accepted
	// Refused: not accepted, and asking again will not help until something
	// changes: the number, the sender, the balance, the account.
	Refused
	// Transient: not accepted for now; safe to send again later.
	Transient
	// NotSent: the message never reached Africa's Talking. Safe to send again.
	NotSent
)

// String returns the outcome in lower case: "accepted", "not sent".
func (o Outcome) String() string {
	switch o {
	case OutcomeUnknown:
		return "unknown"
	case Accepted:
		return "accepted"
	case Refused:
		return "refused"
	case Transient:
		return "transient"
	case NotSent:
		return "not sent"
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
	// MessageID is what delivery reports name the message by; empty when it
	// was not accepted.
	MessageID string
	// Cost is what the account pays for this recipient. It may be in another
	// currency than the total of the same reply.
	Cost africastalking.Money
	// CostText is the cost as the reply wrote it. It differs from Cost in more
	// than form only where it cannot be read as an amount; Cost is then zero.
	CostText string
	// MessageParts counts the parts the text was split into; 0 when the reply
	// does not say, as in the sandbox and for what was not accepted.
	MessageParts int
}

// LogValue describes r with all but the last two digits of the number masked.
func (r Recipient) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("number", maskNumber(r.Number)),
		slog.String("outcome", r.Outcome.String()),
		slog.Int("status_code", r.StatusCode),
		slog.String("status", mask(r.Status)),
		slog.String("message_id", r.MessageID),
		slog.String("cost", r.Cost.String()),
		slog.Int("message_parts", r.MessageParts),
	)
}

func maskNumber(number string) string {
	if len(number) <= 4 {
		return "***"
	}
	return "***" + number[len(number)-2:]
}

// Summary is the line a reply says about its request as a whole.
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

// Result is all that is known about a [Message] after [Client.Send].
type Result struct {
	// Recipients has one entry for each distinct number of [Message.To], in
	// that order, whatever happened.
	Recipients []Recipient
	// Summaries has one entry for each reply that could be read, in the order
	// of the requests: more than one for a message sent in chunks or retried.
	Summaries []Summary
	// Unmatched keeps the entries of replies that belong to no number asked
	// for, or contradict each other about one; those carry the reply's spelling
	// in Number. The numbers asked for are then OutcomeUnknown.
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
	e := SendError{Err: cause}
	for i := range r.Recipients {
		switch r.Recipients[i].Outcome {
		case Accepted:
			e.Accepted++
		case Refused:
			e.Refused++
		case Transient:
			e.Transient++
		case NotSent:
			e.NotSent++
		default:
			e.Unknown++
		}
	}
	if e.Accepted == len(r.Recipients) && e.Accepted > 0 {
		return nil
	}
	return &e
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
// would be refused again. After an [ErrInvalid] it names everybody, for nobody was
// sent anything; but the message must be mended first.
func (r Result) Resendable() []string {
	var out []string
	for _, rcpt := range r.Recipients {
		if rcpt.Outcome == NotSent || rcpt.Outcome == Transient {
			out = append(out, rcpt.Number)
		}
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

// LogValue counts the outcomes and leaves the recipients out.
func (r Result) LogValue() slog.Value {
	counts := [NotSent + 1]int{}
	for i := range r.Recipients {
		if o := r.Recipients[i].Outcome; o <= NotSent {
			counts[o]++
		}
	}
	attrs := []slog.Attr{slog.Int("recipients", len(r.Recipients))}
	for _, o := range []Outcome{Accepted, Refused, Transient, NotSent, OutcomeUnknown} {
		if counts[o] > 0 {
			attrs = append(attrs, slog.Int(o.logKey(), counts[o]))
		}
	}
	for _, total := range r.TotalCost() {
		attrs = append(attrs, slog.String("total_cost", total.String()))
	}
	return slog.GroupValue(attrs...)
}

func (o Outcome) logKey() string {
	if o == NotSent {
		return "not_sent"
	}
	return o.String()
}
