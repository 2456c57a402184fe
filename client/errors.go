package client

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// The kinds of error of [Client.Send] and [Result.Err], matched with
// [errors.Is]. One error matches several of them when recipients fared
// differently.
var (
	// ErrInvalid: the message or the client's configuration is unusable.
	// Nothing was written; the same error matches ErrNotSent.
	ErrInvalid = errors.New("client: invalid message or configuration")
	// ErrNotSent: at least one recipient was not sent the message. No request
	// that could be acted on left this process for it: no address, no
	// connection, no TLS, a context that was done already, or an earlier chunk
	// that failed.
	ErrNotSent = errors.New("client: not sent")
	// ErrOutcomeUnknown: at least one recipient may or may not have been
	// accepted: the request may have been written and no readable answer came.
	ErrOutcomeUnknown = errors.New("client: outcome unknown")
	// ErrRefused: at least one recipient was refused.
	ErrRefused = errors.New("client: refused")
	// ErrTransient: at least one recipient was refused for now.
	ErrTransient = errors.New("client: refused for now")
	// ErrAuthentication: the username and the API key do not go together on
	// this host. An [*HTTPError] wraps it.
	ErrAuthentication = errors.New("client: authentication refused")
)

// SendError says that not every recipient was accepted. It counts recipients
// by outcome; what happened to each is in the [Result] beside it.
type SendError struct {
	Accepted, Refused, Transient, Unknown, NotSent int
	// Err is what ended the sending early, such as an [*HTTPError] or a
	// [*RefusedError]; nil when every request got an answer per recipient.
	Err error
}

// Error names counts and the cause, never a number.
func (e *SendError) Error() string {
	var b strings.Builder
	total := e.Accepted + e.Refused + e.Transient + e.Unknown + e.NotSent
	fmt.Fprintf(&b, "client: %d of %d recipients accepted", e.Accepted, total)
	sep := " ("
	for _, part := range []struct {
		n    int
		name string
	}{{e.Refused, "refused"}, {e.Transient, "transient"}, {e.Unknown, "unknown"}, {e.NotSent, "not sent"}} {
		if part.n > 0 {
			b.WriteString(sep + strconv.Itoa(part.n) + " " + part.name)
			sep = ", "
		}
	}
	if sep == ", " {
		b.WriteByte(')')
	}
	if e.Err != nil {
		b.WriteString(": " + strings.TrimPrefix(e.Err.Error(), "client: "))
	}
	return b.String()
}

// Unwrap returns the kinds of the outcomes counted, then Err.
func (e *SendError) Unwrap() []error {
	var errs []error
	for _, kind := range []struct {
		n   int
		err error
	}{{e.Refused, ErrRefused}, {e.Transient, ErrTransient}, {e.Unknown, ErrOutcomeUnknown}, {e.NotSent, ErrNotSent}} {
		if kind.n > 0 {
			errs = append(errs, kind.err)
		}
	}
	if e.Accepted+e.Refused+e.Transient+e.Unknown+e.NotSent == 0 {
		errs = append(errs, ErrNotSent)
	}
	if e.Err != nil {
		errs = append(errs, e.Err)
	}
	return errs
}

// HTTPError is an answer with a status outside 2xx. One with status 401 wraps
// [ErrAuthentication]. The outcome of the request's recipients follows from
// the status: [Refused] for 3xx (redirects are not followed) and 4xx,
// [Transient] for 429 and for 503 with a Retry-After header, and otherwise
// [OutcomeUnknown]: a 503 without that header is also what the gateway's HTTP
// server says when it has waited too long for a message it may yet send.
// A 4xx whose body answers per recipient is read like a 2xx and is no HTTPError.
type HTTPError struct {
	StatusCode  int
	ContentType string
	// Body is the answer's text, at most 4 KiB of it. Africa's Talking
	// answers in plain text, proxies in HTML. The API key is blanked out, but
	// whatever else the answer repeats of the request is not.
	Body string
	// Reason is the first line of a plain-text Body, when it is short and
	// repeats nothing of the request; otherwise empty. It is part of Error.
	Reason string
	// Host and Username are those of the request: a sandbox key with a live
	// username, or the reverse, is the usual cause of a 401.
	Host, Username string
	// RetryAfter is how long the answer asks to wait; zero when it does not.
	RetryAfter time.Duration
}

// Error names the status, the host and the username, never the key.
func (e *HTTPError) Error() string {
	s := "client: HTTP status " + strconv.Itoa(e.StatusCode) + " from " + e.Host + " for username " + strconv.Quote(e.Username)
	if e.Reason != "" {
		s += ": " + e.Reason
	}
	return s
}

// Unwrap returns [ErrAuthentication] for status 401, otherwise nil.
func (e *HTTPError) Unwrap() error {
	if e.StatusCode == 401 {
		return ErrAuthentication
	}
	return nil
}

// RefusedError is a 2xx answer that refuses the request as a whole: it lists
// no recipients and gives a reason. It wraps [ErrRefused].
type RefusedError struct {
	// Reason is the reply's word: "InvalidSenderId". The set is open.
	Reason string
}

// Error quotes the reason if it is a single word.
func (e *RefusedError) Error() string {
	if isWord(e.Reason) {
		return "client: request refused: " + e.Reason
	}
	return "client: request refused"
}

// Unwrap returns [ErrRefused].
func (e *RefusedError) Unwrap() error { return ErrRefused }

func isWord(s string) bool {
	for i := range len(s) {
		if c := s[i] | 0x20; c < 'a' || c > 'z' {
			return false
		}
	}
	return s != "" && len(s) <= 64
}

// invalidError is an ErrInvalid with its reason.
type invalidError string

func invalidf(format string, args ...any) error {
	return invalidError(fmt.Sprintf(format, args...))
}

func (e invalidError) Error() string { return "client: " + string(e) }

func (e invalidError) Is(target error) bool { return target == ErrInvalid || target == ErrNotSent }

// transportError is a request without a usable answer. Its text is kept apart
// from err, which belongs to others and may quote what must not be repeated.
type transportError struct {
	kind error
	text string
	err  error
}

func (e *transportError) Error() string { return e.kind.Error() + ": " + e.text }

func (e *transportError) Unwrap() []error { return []error{e.kind, e.err} }
