package ussd

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/internal/redact"
	"github.com/sautigo/africastalking/webhook"
)

// HopMetadataHeader carries [Request.Hop] and [Response.Hop]. Africa's Talking
// sends back on the next hop what it got on this one, and shows it on its
// dashboard.
const HopMetadataHeader = "At-Ussd-Hop-Metadata"

// Request is one hop of a session: the subscriber has dialled the code or
// answered a screen. SessionID and PhoneNumber are always set.
//
// Africa's Talking signs nothing: every field may be forged unless the callback URL holds a
// secret ([webhook.RequireToken]). Text holds every PIN typed so far: log the Request,
// which masks it, but never the field.
type Request struct {
	// SessionID is the same for all hops of a session. After a dropped session
	// the subscriber dials again and gets another.
	SessionID string `schema:"sessionId"`
	// PhoneNumber is the subscriber's, such as "+254711000001".
	PhoneNumber string                 `schema:"phoneNumber"`
	NetworkCode africastalking.Network `schema:"networkCode"`
	// ServiceCode is the code that was dialled, as it is registered:
	// "*384*123#".
	ServiceCode string `schema:"serviceCode"`
	// Text is everything that was typed in this session, joined with "*": "" on the
	// first hop, or the extension that was dialled, then "1", then "1*2". Nothing is ever
	// taken out of it.
	Text string `schema:"text"`
	// Hop is the [Response.Hop] of the hop before. It comes back in a request that
	// anyone can forge: let it guide the app, but prove nothing.
	Hop string `schema:"-"`
	// Typed is what the subscriber typed on this hop under [Stateful], which can tell a
	// "*" inside an answer from the one between two. Elsewhere it is empty; see
	// [Request.Input].
	Typed string `schema:"-"`
}

// First reports whether nothing was typed yet.
func (r Request) First() bool { return r.Text == "" }

// Inputs returns what the subscriber typed, hop by hop; nil on the first. An empty answer is
// an empty input. A "*" inside an answer splits it in two.
func (r Request) Inputs() []string { return inputs(r.Text) }

func inputs(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, "*")
}

// Last returns the last of [Request.Inputs], or "" if there is none.
func (r Request) Last() string { return r.Text[strings.LastIndexByte(r.Text, '*')+1:] }

// Input returns what the subscriber typed on this hop: [Request.Typed] if it is known,
// and otherwise [Request.Last].
func (r Request) Input() string { return cmp.Or(r.Typed, r.Last()) }

// HopID identifies this hop of this subscriber's session, however often Africa's Talking
// delivers it. It is the key for [state.Once], and the idempotency key for a payment
// service: it shows nothing that was typed, and the phone number only as a part of a hash.
// A request that claims to be of the same session but comes from another number has
// another ID.
//
// Its form is the SessionID, the length of Text and 16 hexadecimal digits, joined with
// "-": "ATUid_0123456789abcdef-3-502ac1e2f3a4b5c6". All IDs of a session begin alike.
// For a short reference, as on a receipt, take its end, not its beginning.
func (r Request) HopID() string {
	// Text only grows, so its length tells the hops of a session apart. A hash of
	// the Text would give a PIN away to anyone who tries all of them.
	n := strconv.Itoa(len(r.Text))
	sum := sha256.Sum256([]byte(r.SessionID + "\x00" + r.PhoneNumber + "\x00" + n))
	return r.SessionID + "-" + n + "-" + hex.EncodeToString(sum[:8])
}

// UnmarshalForm implements [webhook.FormUnmarshaler]. The text must have been
// sent, even if it is empty: without it, hops cannot be told apart.
func (r *Request) UnmarshalForm(f webhook.Form) error {
	d := f.Fields()
	v := Request{
		SessionID:   d.RequiredID("sessionId"),
		PhoneNumber: d.Required("phoneNumber"),
		NetworkCode: d.Network("networkCode"),
		ServiceCode: d.Optional("serviceCode"),
		Text:        d.Present("text"),
	}
	if err := d.Err(); err != nil {
		return err
	}
	*r = v
	return nil
}

// UnmarshalHeader reads the hop metadata. It ignores metadata that [Handler] would
// never have sent.
func (r *Request) UnmarshalHeader(h http.Header) error {
	if hop := h[HopMetadataHeader]; len(hop) == 1 && checkHop(hop[0]) == nil {
		r.Hop = hop[0]
	}
	return nil
}

// LogValue hides the subscriber, the inputs, and the service code, which may have
// been dialled with a PIN behind it.
func (r Request) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("sessionId", r.SessionID),
		slog.String("phoneNumber", redact.Phone(r.PhoneNumber)),
		slog.String("networkCode", redact.Digits(string(r.NetworkCode))),
		slog.Int("inputs", len(r.Inputs())),
	)
}

// String returns what LogValue shows, so %v, %+v and %s mask what a log would. %#v
// prints everything.
func (r Request) String() string { return redact.String(r) }
