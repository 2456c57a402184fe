package client

import (
	"cmp"
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	// A recipient takes about 150 bytes of a reply.
	replyBase         = 1 << 20
	replyPerRecipient = 1 << 10
	maxErrorBody      = 4 << 10

	pauseBase     = 500 * time.Millisecond
	pauseMax      = 30 * time.Second
	retryAfterMax = time.Minute
)

// Send sends m. It makes as many requests as the chunk size asks for, one after
// the other.
//
// The Result is complete whatever happens: it reports every recipient, also
// beside an error. The error is nil only when every recipient was accepted. It
// is a [*SendError], except that a message or configuration which cannot be
// sent at all gives a plain [ErrInvalid].
//
// The first request that fails as a whole ends the sending, and the recipients
// after it are [NotSent]; refusals of single recipients do not. When ctx ends,
// so does the sending.
//
// Never answer an error by sending m again: the recipients that were accepted
// would get the message, and the account would pay for it, twice. Send to
// [Result.Resendable] instead.
func (c *Client) Send(ctx context.Context, m Message) (Result, error) {
	if err := c.check(m); err != nil {
		return Result{Recipients: distinct(m.To, Refused)}, err
	}
	res := Result{Recipients: distinct(m.To, NotSent)}
	cause := c.send(ctx, m, &res)
	if cause == nil {
		cause = res.gap()
	}
	return res, res.err(cause)
}

func distinct(numbers []string, o Outcome) []Recipient {
	seen := make(map[string]struct{}, len(numbers))
	out := make([]Recipient, 0, len(numbers))
	for _, number := range numbers {
		if _, ok := seen[number]; !ok {
			seen[number] = struct{}{}
			out = append(out, Recipient{Number: number, Outcome: o})
		}
	}
	return out
}

func (c *Client) check(m Message) error {
	if err := cmp.Or(c.Err(), m.check()); err != nil {
		return err
	}
	if c.bulk != nil && !m.premium() && m.RequestID != "" {
		return invalidError("the bulk endpoint has no request id")
	}
	return nil
}

// errNoCredit ends a sending under [WithStopOnInsufficientBalance].
var errNoCredit = errors.New("client: stopped for lack of balance")

// send sends every chunk and returns the error that ended the sending early, or
// nil.
func (c *Client) send(ctx context.Context, m Message, res *Result) error {
	todo := make([]*Recipient, len(res.Recipients))
	for i := range res.Recipients {
		todo[i] = &res.Recipients[i]
	}
	for len(todo) > 0 {
		n := min(c.chunk, len(todo))
		chunk := todo[:n]
		todo = todo[n:]
		if err := c.sendChunk(ctx, m, chunk, res); err != nil {
			return err
		}
		if c.stopOnCredit && len(todo) > 0 && lacksCredit(chunk) {
			return errNoCredit
		}
	}
	return nil
}

func lacksCredit(chunk []*Recipient) bool {
	return slices.ContainsFunc(chunk, func(r *Recipient) bool { return r.StatusCode == StatusInsufficientBalance })
}

// sendChunk makes one request, and those that [WithRetries] allows. It returns
// an error when the last of them failed as a whole.
func (c *Client) sendChunk(ctx context.Context, m Message, todo []*Recipient, res *Result) error {
	for attempt := 0; ; attempt++ {
		rep, fail := c.post(ctx, m, todo)
		if rep.summary.Text != "" || len(rep.entries) > 0 {
			res.Summaries = append(res.Summaries, rep.summary)
		}
		var retryAfter time.Duration
		var err error
		if fail == nil {
			res.Unmatched = append(res.Unmatched, match(todo, rep.entries)...)
			if c.stopOnCredit && lacksCredit(todo) {
				return nil
			}
			todo = slices.DeleteFunc(slices.Clone(todo), func(r *Recipient) bool { return r.Outcome != Transient })
		} else {
			fail.mark(todo)
			err, retryAfter = fail.err, fail.retryAfter
			if !fail.retry {
				return err
			}
		}
		if len(todo) == 0 || attempt >= c.retries || !pause(ctx, attempt, retryAfter) {
			return err
		}
	}
}

// pause waits before the attempt after the given one and reports whether to make
// it.
func pause(ctx context.Context, attempt int, retryAfter time.Duration) bool {
	if retryAfter > retryAfterMax {
		return false
	}
	d := min(pauseBase<<min(attempt, 16), pauseMax)
	// Half of the pause is random, so that many clients do not return together.
	d = max(d/2+rand.N(d/2), retryAfter)
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= d {
		return false
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// failure is a request that got no answer per recipient.
type failure struct {
	outcome    Outcome
	err        error
	retry      bool
	retryAfter time.Duration
}

// mark gives the recipients of the failed request its outcome. A request that
// was not sent, or was put off, takes nothing from an earlier answer.
func (f *failure) mark(todo []*Recipient) {
	for _, r := range todo {
		if f.outcome != NotSent && f.outcome != r.Outcome {
			*r = Recipient{Number: r.Number, Outcome: f.outcome}
		}
	}
}

// post makes one request and reads its answer. A reply with a summary may come
// together with a failure.
func (c *Client) post(ctx context.Context, m Message, to []*Recipient) (reply, *failure) {
	r := c.encode(m, to)
	a, broken := c.exchange(ctx, r)
	switch {
	case broken == nil:
	case broken.kind == ErrNotSent:
		return reply{}, &failure{outcome: NotSent, err: broken, retry: true}
	default:
		return reply{}, &failure{err: broken}
	}
	rep, err := decodeReply(a.body)
	switch {
	case a.status >= 200 && a.status <= 299:
	case a.status >= 400 && a.status <= 499 && err == nil:
		// The documentation calls a do-not-disturb refusal "HTTP 409" above a body
		// with an answer per recipient, which counts more than the status.
	default:
		return reply{}, c.httpFailure(r, a)
	}
	switch {
	case errors.Is(err, ErrRefused):
		return rep, &failure{outcome: Refused, err: err}
	case err != nil:
		return rep, &failure{err: r.failed(ErrOutcomeUnknown, a.status, err, "")}
	}
	return rep, nil
}

// httpFailure reads an answer outside 2xx, as [HTTPError] documents.
func (c *Client) httpFailure(r request, a response) *failure {
	asked := a.header.Get("Retry-After")
	wait, ok := retryAfter(asked)
	e := &HTTPError{
		StatusCode:  a.status,
		ContentType: a.header.Get("Content-Type"),
		Body:        c.withoutKey(a.body),
		Host:        r.url.Host,
		RetryAfter:  wait,
	}
	e.Username, _ = c.account()
	f := &failure{outcome: Refused, err: e, retryAfter: wait}
	switch {
	case a.status == http.StatusTooManyRequests:
		f.outcome, f.retry = Transient, ok || asked == ""
	case a.status == http.StatusServiceUnavailable && ok:
		f.outcome, f.retry = Transient, true
	case a.status < 300 || a.status >= 500 || a.status == http.StatusRequestTimeout:
		f.outcome = OutcomeUnknown
	}
	return f
}

// withoutKey returns the beginning of an answer as text, without the API key.
func (c *Client) withoutKey(body []byte) string {
	_, key := c.account()
	s := strings.ToValidUTF8(strings.ReplaceAll(string(body), key, "[key]"), "\uFFFD")
	return strings.ToValidUTF8(s[:min(len(s), maxErrorBody)], "")
}

// retryAfter reads a Retry-After header, in seconds or as a date, and reports
// whether it is either.
func retryAfter(h string) (wait time.Duration, ok bool) {
	if t, err := http.ParseTime(h); err == nil {
		return max(0, time.Until(t)), true
	}
	n, err := strconv.ParseUint(h, 10, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0, false
	}
	return time.Duration(min(n, uint64(math.MaxInt64/time.Second))) * time.Second, true
}
