package client

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The kinds of error of [Client.Send] and [Result.Err], matched with
// [errors.Is]. One error matches several of them when recipients fared
// differently.
var (
	// ErrInvalid: the message or the client's configuration is unusable.
	// Nothing was written, and sending the same again cannot work: every
	// recipient is [Refused], and the same error matches ErrRefused.
	ErrInvalid = errors.New("client: invalid message or configuration")
	// ErrNotSent: at least one recipient was not sent the message. No request for
	// it left this process whole enough to be acted on: there was no address, no
	// connection or no TLS, the context was done already, or an earlier chunk
	// failed.
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
// by outcome; the [Result] beside it tells the outcome of each.
type SendError struct {
	Accepted, Refused, Transient, Unknown, NotSent int
	// Codes counts the recipients that were not accepted by
	// [Recipient.StatusCode]. It leaves out recipients without a code.
	Codes map[int]int
	// Err is the error that ended the sending early, such as an [*HTTPError] or a
	// [*RefusedError], or how a reply fell short. It is nil when every recipient
	// got an answer with a code.
	Err error
}

// outcomes returns the counts of recipients that were not accepted.
func (e *SendError) outcomes() []outcomeCount {
	return []outcomeCount{{Refused, e.Refused, ErrRefused}, {Transient, e.Transient, ErrTransient},
		{OutcomeUnknown, e.Unknown, ErrOutcomeUnknown}, {NotSent, e.NotSent, ErrNotSent}}
}

type outcomeCount struct {
	Outcome
	n   int
	err error
}

// Error states the counts, their codes and Err. It quotes no number and no text of
// the other side.
func (e *SendError) Error() string {
	var parts []string
	total := e.Accepted
	for _, o := range e.outcomes() {
		total += o.n
		part := strconv.Itoa(o.n) + " " + o.String()
		if codes := e.codes(o.n, o.Outcome); codes != "" {
			part += ": " + codes
		}
		if o.n > 0 {
			parts = append(parts, part)
		}
	}
	s := fmt.Sprintf("client: %d of %d recipients accepted", e.Accepted, total)
	if parts != nil {
		s += " (" + strings.Join(parts, ", ") + ")"
	}
	if e.Err != nil {
		s += ": " + strings.TrimPrefix(e.Err.Error(), "client: ")
	}
	return s
}

// codes lists the codes of n recipients with these outcomes, the most frequent
// first: "406 UserInBlacklist" if all have that code, otherwise
// "3 x 406 UserInBlacklist, 1 x 403 InvalidPhoneNumber and 2 other codes".
func (e *SendError) codes(n int, outcomes ...Outcome) string {
	const most = 3
	codes := slices.DeleteFunc(slices.Collect(maps.Keys(e.Codes)), func(code int) bool { return !slices.Contains(outcomes, outcomeOf(code)) })
	slices.SortFunc(codes, func(a, b int) int { return cmp.Or(e.Codes[b]-e.Codes[a], a-b) })
	if len(codes) == 1 && e.Codes[codes[0]] == n {
		return codeText(codes[0])
	}
	var parts []string
	for _, code := range codes[:min(len(codes), most)] {
		parts = append(parts, strconv.Itoa(e.Codes[code])+" x "+codeText(code))
	}
	s := strings.Join(parts, ", ")
	switch others := len(codes) - most; {
	case others == 1:
		s += " and 1 other code"
	case others > 1:
		s += " and " + strconv.Itoa(others) + " other codes"
	}
	return s
}

// Unwrap returns the kinds of the outcomes counted, then Err.
func (e *SendError) Unwrap() []error {
	var errs []error
	for _, o := range e.outcomes() {
		if o.n > 0 {
			errs = append(errs, o.err)
		}
	}
	if errs == nil && e.Accepted == 0 {
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
// [OutcomeUnknown]: the gateway's HTTP server also answers 503, without a header
// that can be read, when it has waited too long for a message it may yet send.
// A 4xx whose body answers per recipient is read like a 2xx and is no HTTPError.
type HTTPError struct {
	StatusCode int
	// ContentType and Body are the answer's, at most 4 KiB of it. Africa's
	// Talking answers in plain text, proxies in HTML. The client blanks out the
	// API key, but not the numbers and texts that an answer may repeat: Error
	// quotes neither field, and the app should not log them.
	ContentType string
	Body        string
	// Host and Username are those of the request: a sandbox key with a live
	// username, or the reverse, is the usual cause of a 401. Error leaves the
	// username out, which may be an API key by mistake.
	Host, Username string
	// RetryAfter is how long the answer asks to wait; zero when it does not, or
	// not in a form that can be read.
	RetryAfter time.Duration
}

// Error names the status and the host.
func (e *HTTPError) Error() string {
	s := "client: HTTP status " + strings.TrimSpace(strconv.Itoa(e.StatusCode)+" "+http.StatusText(e.StatusCode)) + " from " + e.Host
	switch {
	case e.StatusCode == http.StatusUnauthorized:
		s += ": the username and the API key do not belong together, or not to this host"
	case e.StatusCode >= 300 && e.StatusCode <= 399:
		s += ": redirects are not followed"
	}
	return s
}

// Unwrap returns [ErrAuthentication] for status 401, otherwise nil.
func (e *HTTPError) Unwrap() error {
	if e.StatusCode == http.StatusUnauthorized {
		return ErrAuthentication
	}
	return nil
}

// RefusedError is a 2xx answer that refuses the request as a whole: it lists
// no recipients and gives a reason. It wraps [ErrRefused].
type RefusedError struct {
	// Reason is the reply's word, such as "InvalidSenderId", or its sentence,
	// which may repeat a number or the text.
	Reason string
}

// Error quotes the reason if it is one of the documented words.
func (e *RefusedError) Error() string {
	if word, ok := documented(e.Reason); ok {
		return "client: request refused: " + word
	}
	return "client: request refused for a reason that is not documented"
}

// Unwrap returns [ErrRefused].
func (e *RefusedError) Unwrap() error { return ErrRefused }

// invalidError is an ErrInvalid with its reason.
type invalidError string

func (e invalidError) Error() string { return "client: " + string(e) }

func (e invalidError) Is(target error) bool { return target == ErrInvalid || target == ErrRefused }

// replyError says how a reply falls short.
type replyError string

func (e replyError) Error() string { return "client: " + string(e) }
