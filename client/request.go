package client

import (
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

const (
	contentForm = "application/x-www-form-urlencoded"
	contentJSON = "application/json"
)

// request is one POST, before it is bound to a context.
type request struct {
	endpoint    endpoint
	contentType string
	body        string
}

// encode writes m for the recipients in to.
func (c *Client) encode(m Message, to []*Recipient) request {
	switch {
	case m.premium():
		return request{c.premium, contentForm, c.form(m, to, "0")}
	case c.bulk.url != "":
		return request{c.bulk, contentJSON, c.json(m, to)}
	}
	return request{c.classic, contentForm, c.form(m, to, "1")}
}

func (c *Client) form(m Message, to []*Recipient, bulkMode string) string {
	var b strings.Builder
	b.Grow(128 + len(m.Text)*3/2 + len(to)*18)
	b.WriteString("username=")
	b.WriteString(url.QueryEscape(c.username))
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
	doc := struct {
		Username     string      `json:"username"`
		Message      string      `json:"message"`
		SenderID     string      `json:"senderId,omitempty"`
		PhoneNumbers []string    `json:"phoneNumbers"`
		Enqueue      json.Number `json:"enqueue,omitempty"`
	}{c.username, m.Text, m.From, make([]string, len(to)), json.Number(m.Enqueue.wire())}
	for i, r := range to {
		doc.PhoneNumbers[i] = r.Number
	}
	body, err := json.Marshal(doc)
	if err != nil {
		panic("client: strings do not marshal: " + err.Error())
	}
	return string(body)
}

// payload is the body of one attempt. It knows whether anyone has begun to read
// it, which is the proof that matters: the request states its length, so a
// server that was sent none of the body cannot have acted on it.
//
// It hides its type from net/http on purpose, and the request has no GetBody.
// Without one, no transport can write the message a second time.
type payload struct {
	r     strings.Reader
	state atomic.Int32
}

const (
	payloadFresh = iota
	payloadBegun
	payloadSealed
)

var errSealed = errors.New("client: request was given up")

func newPayload(body string) *payload {
	p := new(payload)
	p.r.Reset(body)
	return p
}

func (p *payload) Read(b []byte) (int, error) {
	if !p.state.CompareAndSwap(payloadFresh, payloadBegun) && p.state.Load() == payloadSealed {
		return 0, errSealed
	}
	return p.r.Read(b)
}

func (p *payload) Close() error { return nil }

// seal forbids a read that has not begun, however late a transport's goroutine
// gets to it, and reports whether none had.
func (p *payload) seal() bool {
	return p.state.CompareAndSwap(payloadFresh, payloadSealed)
}

var _ io.ReadCloser = (*payload)(nil)
