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
	var b strings.Builder
	b.Grow(128 + len(m.Text)*3/2 + len(to)*18)
	b.WriteString("username=")
	b.WriteString(url.QueryEscape(username))
	b.WriteString("&to=")
	for i, r := range to {
		if i > 0 {
			b.WriteString("%2C")
		}
		b.WriteString(url.QueryEscape(r.Number))
	}
	field := func(name, value string) {
		if value != "" {
			b.WriteByte('&')
			b.WriteString(name)
			b.WriteByte('=')
			b.WriteString(url.QueryEscape(value))
		}
	}
	field("message", m.Text)
	field("from", m.From)
	field("bulkSMSMode", bulkMode)
	field("enqueue", m.Enqueue.wire())
	field("keyword", m.Keyword)
	field("linkId", m.LinkID)
	if m.RetryDuration > 0 {
		field("retryDurationInHours", strconv.FormatInt(int64(m.RetryDuration/time.Hour), 10))
	}
	field("requestId", m.RequestID)
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
