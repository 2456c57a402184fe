package client

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// reply is an answer's content, before match assigns it to recipients.
type reply struct {
	summary Summary
	entries []Recipient
}

// decodeReply reads the body of an answer. It insists on JSON, on SMSMessageData
// and on fields that occur once; fields of the wrong type count as absent. The
// error is a [*RefusedError], whose reply is complete, or a replyError, which
// leaves the outcome unknown.
func decodeReply(body []byte) (reply, error) {
	var doc struct{ SMSMessageData member[wireReply] }
	if len(bytes.TrimSpace(body)) == 0 {
		return reply{}, replyError("empty reply")
	}
	if err := json.Unmarshal(body, &doc); err != nil {
		return reply{}, replyError("unreadable reply")
	}
	data := &doc.SMSMessageData.v
	r := reply{summary: parseSummary(data.Message.s)}
	r.entries = make([]Recipient, 0, len(data.Recipients.v))
	twice := doc.SMSMessageData.n > 1 || data.Message.n > 1 || data.Recipients.n > 1
	for i := range data.Recipients.v {
		w := &data.Recipients.v[i]
		twice = twice || w.twice()
		r.entries = append(r.entries, w.recipient())
	}
	switch {
	case doc.SMSMessageData.n == 0:
		return reply{}, replyError("unreadable reply: no SMSMessageData")
	case twice:
		return reply{}, replyError("unreadable reply: a field occurs twice")
	case len(r.entries) > 0:
		return r, nil
	case data.Recipients.v == nil || !refuses(r.summary):
		return reply{}, replyError("the reply names no recipients and no refusal")
	}
	return r, &RefusedError{Reason: r.summary.Text}
}

// refuses reports whether the summary of a reply without recipients says that
// no message was sent.
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
// Text alone keeps the rest.
func parseSummary(line string) Summary {
	s := Summary{Text: line}
	rest, ok := strings.CutPrefix(line, "Sent to ")
	if !ok {
		return s
	}
	ratio, rest, _ := strings.Cut(rest, " ")
	sent, total, _ := strings.Cut(ratio, "/")
	n, ok1 := count(sent)
	m, ok2 := count(total)
	if ok1 && ok2 {
		s.Sent, s.Total = n, m
	}
	rest, parts, _ := strings.Cut(rest, "Message parts: ")
	s.Parts, _ = count(parts)
	if _, cost, ok := strings.Cut(rest, "Total Cost: "); ok {
		_ = s.Cost.UnmarshalText([]byte(strings.TrimSpace(cost))) // Text keeps an unreadable one
	}
	return s
}

// count reads a count, such as one of recipients or parts. Six digits are more
// than any request has, and less than a phone number.
func count(s string) (n int, ok bool) {
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 || n > 999_999 {
		return 0, false
	}
	return n, true
}

type wireReply struct {
	Message    text
	Recipients member[[]wireRecipient]
}

type wireRecipient struct {
	Number       text `json:"number"`
	Status       text `json:"status"`
	StatusCode   text `json:"statusCode"`
	MessageID    text `json:"messageId"`
	Cost         text `json:"cost"`
	MessageParts text `json:"messageParts"`
}

func (w *wireRecipient) twice() bool {
	return max(w.Number.n, w.Status.n, w.StatusCode.n, w.MessageID.n, w.Cost.n, w.MessageParts.n) > 1
}

func (w *wireRecipient) recipient() Recipient {
	r := Recipient{Status: w.Status.s, CostText: w.Cost.s}
	if w.Number.s != "None" {
		r.Number = w.Number.s
	}
	r.MessageParts, _ = count(w.MessageParts.s)
	if w.MessageID.s != "None" {
		r.MessageID = w.MessageID.s
	}
	_ = r.Cost.UnmarshalText([]byte(r.CostText)) // CostText keeps an unreadable one
	code, err := strconv.Atoi(w.StatusCode.s)
	switch {
	case err == nil:
		r.StatusCode, r.Outcome = code, outcomeOf(code)
	case w.StatusCode.s == "" && w.MessageID.s == "None" && w.Status.s != "Success":
		// Replies without codes were observed in 2016, for failures.
		r.Outcome = Refused
	}
	return r
}

// member is a field of a JSON object. It counts how often the field occurs,
// because encoding/json mixes two lists of one name.
type member[T any] struct {
	v T
	n int
}

func (m *member[T]) UnmarshalJSON(b []byte) error {
	m.n++
	_ = json.Unmarshal(b, &m.v) // the wrong type counts as absent
	return nil
}

// text is a JSON string, or any other JSON value as it is written; null is "".
// It counts as member does.
type text struct {
	s string
	n int
}

func (t *text) UnmarshalJSON(b []byte) error {
	t.n++
	switch {
	case b[0] != '"':
		t.s = string(b)
		if t.s == "null" {
			t.s = ""
		}
	case bytes.IndexByte(b, '\\') < 0:
		t.s = strings.ToValidUTF8(string(b[1:len(b)-1]), "\uFFFD")
	default:
		return json.Unmarshal(b, &t.s)
	}
	return nil
}

// match writes the entries of a reply over the recipients asked about, by
// number, and returns the entries that belong to none of them. The order of
// entries means nothing, but an only entry without a number belongs to an only
// recipient. A recipient without an entry, or with entries that disagree, is left
// with OutcomeUnknown.
func match(asked []*Recipient, entries []Recipient) (unmatched []Recipient) {
	if len(asked) == 1 && len(entries) == 1 && entries[0].Number == "" {
		entries[0].Number = asked[0].Number
	}
	found := make(map[string][]Recipient, len(asked)) // by the number asked for
	for _, r := range asked {
		found[r.Number] = nil
	}
	var strays []Recipient
	for _, e := range entries {
		if es, ok := found[e.Number]; ok {
			found[e.Number] = append(es, e)
		} else {
			strays = append(strays, e)
		}
	}
	// An entry in another spelling belongs to the recipient with the same digits
	// and no entry yet, unless there are two.
	owners := make(map[string][]string)
	for _, r := range asked {
		if digits := dialled(r.Number); len(strays) > 0 && digits != "" && found[r.Number] == nil {
			owners[digits] = append(owners[digits], r.Number)
		}
	}
	for _, e := range strays {
		if owner := owners[dialled(e.Number)]; len(owner) == 1 {
			found[owner[0]] = append(found[owner[0]], e)
		} else {
			unmatched = append(unmatched, e)
		}
	}
	for _, r := range asked {
		es, number := found[r.Number], r.Number
		*r = Recipient{Number: number}
		switch {
		case len(es) == 0:
		case slices.ContainsFunc(es, func(e Recipient) bool { return e.Outcome != es[0].Outcome }):
			unmatched = append(unmatched, es...)
		default:
			*r = es[0]
			r.Number = number
			unmatched = append(unmatched, es[1:]...)
		}
	}
	return unmatched
}

// dialled returns the digits of an international number without its prefix,
// so that "+254…", "254…" and "00254…" are equal.
func dialled(number string) string {
	digits := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, number)
	return strings.TrimPrefix(digits, "00")
}
