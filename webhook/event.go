package webhook

import (
	"encoding/json"
	"log/slog"

	"github.com/sautigo/africastalking/internal/redact"
)

// Event is any callback, untyped: for those that this module has no type for,
// and for a look at what arrives. Handler[Event] takes every media type, and a
// form with repeated keys. An Event owns its memory.
type Event struct {
	// MediaType is the body's, without parameters: "application/json". It is
	// empty if the request named none that can be read. It has at most 100 bytes.
	MediaType string
	// Form holds the fields of a form, and of a JSON object its members.
	Form Form
	// JSON is the body if it is JSON, of whatever shape; otherwise nil.
	JSON json.RawMessage
	// Body is the body, byte for byte, but for a form that middleware has parsed before
	// the handler got it: that is written anew, with its fields in another order.
	Body []byte
}

// LogValue shows the sizes and the media type, in which it hides numbers, and nothing else
// of what was sent.
func (e Event) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("mediaType", redact.Digits(e.MediaType)),
		slog.Int("fields", e.Form.Len()),
		slog.Int("bytes", len(e.Body)),
	)
}

// String returns what LogValue shows, so %v, %+v and %s mask what a log would. %#v
// prints everything.
func (e Event) String() string { return redact.String(e) }
