package webhook

import (
	"encoding"
	"net/http"
)

// Reply is an answer whose body Africa's Talking reads. It is sent with status
// 200.
//
// A Reply may also have a method MarshalHeader(http.Header) error, which sets
// headers; its error counts as the function's own. And it may have a method
// Check() error, for a reply that can be sent although something is wrong with it,
// such as an action that is never reached: the handler logs the error as a warning
// and sends the reply.
type Reply interface {
	// AppendText appends the body. An error counts as the function's own: the
	// reply is not sent.
	encoding.TextAppender
	// ContentType returns the value of the Content-Type header.
	ContentType() string
}

// headerMarshaler is a [Reply] that also sets headers.
type headerMarshaler interface{ MarshalHeader(http.Header) error }

// receipt stands for the reply to callbacks of which only the status counts.
type receipt struct{}

const textPlain = "text/plain; charset=utf-8"
