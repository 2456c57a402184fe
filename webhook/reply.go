package webhook

import (
	"encoding"
	"net/http"
)

// Reply is an answer whose body Africa's Talking reads. It is sent with status
// 200.
type Reply interface {
	// AppendText appends the body. An error counts as the handler's own: the
	// reply is not sent.
	encoding.TextAppender
	// ContentType returns the value of the Content-Type header.
	ContentType() string
}

// HeaderMarshaler is a [Reply] that also sets headers. An error counts as the
// handler's own: the reply is not sent.
type HeaderMarshaler interface {
	MarshalHeader(http.Header) error
}

// Checker is a [Reply] that knows when it is doubtful although it can be sent:
// a screen that may not fit, an action that is never reached. What Check returns
// is logged as a warning, and the reply is sent.
type Checker interface {
	Check() error
}

// ack is the reply to callbacks of which only the status counts.
type ack struct{}

func (ack) AppendText(b []byte) ([]byte, error) { return append(b, "OK"...), nil }
func (ack) ContentType() string                 { return textPlain }

const textPlain = "text/plain; charset=utf-8"
