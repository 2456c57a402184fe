package client

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"github.com/sautigo/africastalking"
)

// reply is what an answer says, before it is matched with the numbers asked for.
type reply struct {
	summary Summary
	entries []Recipient
}

var (
	errUnreadable  = errors.New("reply is not the JSON expected")
	errNoData      = errors.New("reply has no SMSMessageData")
	errNoOutcome   = errors.New("reply names no recipients and no refusal")
	errReplyTooBig = errors.New("reply is too large")
)

// decodeReply reads the body of an answer. It insists on the JSON and on
// SMSMessageData, and on nothing else: fields of the wrong type count as
// absent. The error is a [*RefusedError], whose reply is complete, or says why
// the outcome is unknown.
func decodeReply(body []byte) (reply, error) {
	var doc struct {
		SMSMessageData *struct {
			Message    text
			Recipients []wireRecipient
		}
	}
	var wrongType *json.UnmarshalTypeError
	err := json.Unmarshal(body, &doc)
	if err != nil && !errors.As(err, &wrongType) {
		return reply{}, errUnreadable
	}
	data := doc.SMSMessageData
	if data == nil {
		return reply{}, errNoData
	}
	r := reply{summary: parseSummary(string(data.Message))}
	if len(data.Recipients) > 0 {
		r.entries = make([]Recipient, 0, len(data.Recipients))
		for i := range data.Recipients {
			r.entries = append(r.entries, data.Recipients[i].recipient())
		}
		return r, nil
	}
	if data.Recipients == nil || !refuses(r.summary) {
		return reply{}, errNoOutcome
	}
	return r, &RefusedError{Reason: r.summary.Text}
}

// refuses reports whether the summary of a reply without recipients says that
// nobody was messaged.
func refuses(s Summary) bool {
	switch {
	case s.Text == "":
		return false
	case strings.HasPrefix(s.Text, "Sent to "):
		return s.Sent == 0 && s.Total > 0
	}
	switch s.Text {
	case "Success", "Processed", "Sent", "Queued":
		return false
	}
	return true
}

// parseSummary reads "Sent to <n>/<m>[ Total Cost: <cost>][ Message parts: <n>]".
// Whatever it does not recognise stays in Text alone.
func parseSummary(line string) Summary {
	s := Summary{Text: line}
	rest, ok := strings.CutPrefix(line, "Sent to ")
	if !ok {
		return s
	}
	ratio, rest, _ := strings.Cut(rest, " ")
	sent, total, _ := strings.Cut(ratio, "/")
	n, err1 := strconv.Atoi(sent)
	m, err2 := strconv.Atoi(total)
	if err1 == nil && err2 == nil && n >= 0 && m >= 0 {
		s.Sent, s.Total = n, m
	}
	rest, parts, _ := strings.Cut(rest, "Message parts: ")
	s.Parts = count(parts)
	if _, cost, ok := strings.Cut(rest, "Total Cost: "); ok {
		s.Cost, _ = parseCost(strings.TrimSpace(cost))
	}
	return s
}

func parseCost(s string) (africastalking.Money, error) {
	if s == "" || s == "None" {
		return africastalking.Money{}, nil
	}
	return africastalking.ParseMoney(s)
}

// count reads a number of parts; what is not one is none.
func count(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

type wireRecipient struct {
	Number       text `json:"number"`
	Status       text `json:"status"`
	StatusCode   text `json:"statusCode"`
	MessageID    text `json:"messageId"`
	Cost         text `json:"cost"`
	MessageParts text `json:"messageParts"`
}

func (w *wireRecipient) recipient() Recipient {
	r := Recipient{
		Number:       string(w.Number),
		Status:       string(w.Status),
		CostText:     string(w.Cost),
		MessageParts: count(string(w.MessageParts)),
	}
	if w.MessageID != "None" {
		r.MessageID = string(w.MessageID)
	}
	// An unreadable cost stays readable in CostText.
	r.Cost, _ = parseCost(r.CostText)
	code, err := strconv.Atoi(string(w.StatusCode))
	switch {
	case err == nil:
		r.StatusCode, r.Outcome = code, outcomeOf(code)
	case w.StatusCode == "" && w.MessageID == "None" && w.Status != "Success":
		// Replies without codes were observed in 2016, for failures.
		r.Outcome = Refused
	}
	return r
}

func outcomeOf(code int) Outcome {
	switch code {
	case StatusProcessed, StatusSent, StatusQueued:
		return Accepted
	case StatusRiskHold, StatusInvalidSenderID, StatusInvalidPhoneNumber,
		StatusUnsupportedNumberType, StatusInsufficientBalance, StatusUserInBlacklist,
		StatusCouldNotRoute, StatusDoNotDisturb, StatusRejectedByGateway:
		return Refused
	case StatusInternalServerError, StatusGatewayError:
		return Transient
	}
	return OutcomeUnknown
}

// text is a JSON string, or any other JSON value as it is written; null is "".
type text string

func (t *text) UnmarshalJSON(b []byte) error {
	switch {
	case len(b) > 0 && b[0] == '"':
		if inner := b[1 : len(b)-1]; bytes.IndexByte(inner, '\\') < 0 {
			*t = text(bytes.ToValidUTF8(inner, []byte("\uFFFD")))
			return nil
		}
		var s string
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
		*t = text(s)
	case string(b) == "null":
		*t = ""
	default:
		*t = text(b)
	}
	return nil
}

// match writes the entries of a reply over the recipients asked about, by
// number, and returns the entries that belong to none of them. The order of
// entries means nothing. A recipient without an entry, or with entries that
// disagree, is left with OutcomeUnknown.
func match(asked []*Recipient, entries []Recipient) (unmatched []Recipient) {
	byNumber := make(map[string]*answer, len(asked))
	answers := make([]answer, len(asked))
	for i, r := range asked {
		answers[i].asked = r
		byNumber[r.Number] = &answers[i]
	}
	var strays []Recipient
	for _, e := range entries {
		if a := byNumber[e.Number]; a != nil {
			a.entries = append(a.entries, e)
		} else {
			strays = append(strays, e)
		}
	}
	if len(strays) > 0 {
		unmatched = matchDigits(answers, strays)
	}
	for i := range answers {
		unmatched = append(unmatched, answers[i].settle()...)
	}
	return unmatched
}

// matchDigits gives the entries whose spelling was not asked for to the one
// recipient with the same digits that has no entry yet. Where two could own an
// entry, neither gets it.
func matchDigits(answers []answer, strays []Recipient) (unmatched []Recipient) {
	byDigits := make(map[string]*answer)
	shared := &answer{}
	for i := range answers {
		a := &answers[i]
		if len(a.entries) > 0 {
			continue
		}
		key := dialled(a.asked.Number)
		if byDigits[key] != nil {
			a = shared
		}
		byDigits[key] = a
	}
	for _, e := range strays {
		key := dialled(e.Number)
		if a := byDigits[key]; key != "" && a != nil && a != shared {
			a.entries = append(a.entries, e)
		} else {
			unmatched = append(unmatched, e)
		}
	}
	return unmatched
}

// dialled returns the digits of an international number without its prefix,
// so that "+254…", "254…" and "00254…" are equal.
func dialled(number string) string {
	return strings.TrimPrefix(digitsOf(number), "00")
}

// answer collects the entries of a reply about one number.
type answer struct {
	asked   *Recipient
	entries []Recipient
}

// settle writes the entry over the recipient, and returns those it did not use.
func (a *answer) settle() (unused []Recipient) {
	number := a.asked.Number
	*a.asked = Recipient{Number: number}
	if len(a.entries) == 0 {
		return nil
	}
	for _, e := range a.entries[1:] {
		if e.Outcome != a.entries[0].Outcome {
			return a.entries
		}
	}
	*a.asked = a.entries[0]
	a.asked.Number = number
	return a.entries[1:]
}
