package client

import (
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// encode writes m for the recipients in to.
func (c *Client) encode(m Message, to []*Recipient) request {
	limit := int64(replyBase + replyPerRecipient*len(to))
	switch {
	case m.premium():
		return request{c.premium, contentForm, c.form(m, to, "0"), limit}
	case c.bulk != nil:
		return request{c.bulk, contentJSON, c.json(m, to), limit}
	}
	return request{c.classic, contentForm, c.form(m, to, "1"), limit}
}

func (c *Client) form(m Message, to []*Recipient, bulkMode string) string {
	username, _ := c.account()
	numbers := make([]string, len(to))
	for i, r := range to {
		numbers[i] = r.Number
	}
	hours := ""
	if m.RetryDuration > 0 {
		hours = strconv.FormatInt(int64(m.RetryDuration/time.Hour), 10)
	}
	var b strings.Builder
	for _, field := range [...][2]string{
		{"username", username}, {"to", strings.Join(numbers, ",")}, {"message", m.Text}, {"from", m.From}, {"bulkSMSMode", bulkMode},
		{"enqueue", m.Enqueue.wire()}, {"keyword", m.Keyword}, {"linkId", m.LinkID}, {"retryDurationInHours", hours}, {"requestId", m.RequestID},
	} {
		switch {
		case field[1] == "":
			continue
		case b.Len() > 0:
			b.WriteByte('&')
		}
		b.WriteString(field[0] + "=" + url.QueryEscape(field[1]))
	}
	return b.String()
}

func (c *Client) json(m Message, to []*Recipient) string {
	username, _ := c.account()
	doc := struct {
		Username     string      `json:"username"`
		Message      string      `json:"message"`
		SenderID     string      `json:"senderId,omitempty"`
		PhoneNumbers []string    `json:"phoneNumbers"`
		Enqueue      json.Number `json:"enqueue,omitempty"`
	}{username, m.Text, m.From, make([]string, len(to)), json.Number(m.Enqueue.wire())}
	for i, r := range to {
		doc.PhoneNumbers[i] = r.Number
	}
	body, err := json.Marshal(doc)
	if err != nil {
		panic("client: strings do not marshal: " + err.Error())
	}
	return string(body)
}
