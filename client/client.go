package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"mime"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

const (
	sandboxUsername = "sandbox"

	// Keys are observed to begin with this. A username is printed, so a key
	// given in its place must not be kept as one.
	keyPrefix = "atsk_"

	hostAPI     = "https://api.africastalking.com"
	hostContent = "https://content.africastalking.com"
	hostSandbox = "https://api.sandbox.africastalking.com"

	userAgent = "sautigo-africastalking (+https://github.com/sautigo/africastalking)"

	// A recipient takes about 150 bytes of a reply.
	replyBase         = 1 << 20
	replyPerRecipient = 1 << 10
	maxErrorBody      = 4 << 10

	pauseBase     = 500 * time.Millisecond
	pauseMax      = 30 * time.Second
	retryAfterMax = time.Minute
)

// Client sends messages for one account. It is made by [New], never changes,
// and is safe for concurrent use; clients share nothing but the transport they
// are given. Printing or logging one never shows the API key.
type Client struct {
	username string
	// key is a function so that nothing which prints or walks a value finds it.
	key  func() string
	http *http.Client

	classic, premium, bulk endpoint

	timeout      time.Duration
	chunk        int
	retries      int
	stopOnCredit bool
	err          error
}

type endpoint struct{ url, host string }

func newEndpoint(base, path string) endpoint {
	u, err := url.Parse(base)
	if err != nil || base == "" {
		return endpoint{}
	}
	return endpoint{url: base + path, host: u.Host}
}

// New returns a client for the account. The username "sandbox", exactly, talks
// to the sandbox, and needs a key generated there; any other talks to
// api.africastalking.com and, for premium messages, content.africastalking.com.
//
// New never fails. An unusable username, key or option is reported by
// [Client.Err] and [Client.Send].
func New(username, apiKey string, opts ...Option) *Client {
	cfg := config{
		timeout: defaultTimeout,
		chunk:   defaultChunkSize,
		api:     hostAPI,
		content: hostContent,
	}
	if username == sandboxUsername {
		cfg.api, cfg.content = hostSandbox, hostSandbox
	}
	if strings.HasPrefix(username, keyPrefix) {
		cfg.fail("username is an API key")
		username = ""
	}
	cfg.checkAccount(username, apiKey)
	for _, opt := range opts {
		if opt != nil {
			opt(&cfg)
		}
	}
	if cfg.bulk && username == sandboxUsername && !cfg.custom {
		cfg.fail("the sandbox has no bulk endpoint")
	}
	c := &Client{
		username:     username,
		key:          func() string { return apiKey },
		http:         withoutRedirects(cfg.client),
		classic:      newEndpoint(cfg.api, "/version1/messaging"),
		premium:      newEndpoint(cfg.content, "/version1/messaging"),
		timeout:      cfg.timeout,
		chunk:        cfg.chunk,
		retries:      cfg.retries,
		stopOnCredit: cfg.stopOnCredit,
		err:          cfg.err,
	}
	if cfg.bulk {
		c.bulk = newEndpoint(cfg.api, "/version1/messaging/bulk")
	}
	return c
}

// Err returns what is unusable about the username, the key or the options, nil if
// nothing is. [Client.Send] returns the same error; a program that would rather
// fail when it starts asks here.
func (c *Client) Err() error { return c.err }

func (c *config) checkAccount(username, apiKey string) {
	switch {
	case username == "":
		c.fail("username is empty")
	case !isVisible(username):
		c.fail("username contains white space or a character that is not ASCII")
	case apiKey == "":
		c.fail("API key is empty")
	case !isVisible(apiKey):
		c.fail("API key contains white space or a character that is not ASCII")
	}
}

// isVisible reports whether s is printable ASCII without spaces: a key read
// from a file often ends in a newline.
func isVisible(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

func withoutRedirects(hc *http.Client) *http.Client {
	var own http.Client
	if hc != nil {
		own = *hc
	}
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &own
}

// Send sends m, in as many requests as the chunk size makes of it, one after
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
// Never answer an error by sending m again: whoever was accepted would get it,
// and be charged for, twice. Send to [Result.Resendable] instead.
func (c *Client) Send(ctx context.Context, m Message) (Result, error) {
	res := Result{Recipients: distinct(m.To)}
	if err := c.check(m); err != nil {
		return res, err
	}
	cause := c.send(ctx, m, &res)
	return res, res.err(cause)
}

func distinct(numbers []string) []Recipient {
	seen := make(map[string]struct{}, len(numbers))
	out := make([]Recipient, 0, len(numbers))
	for _, number := range numbers {
		if _, ok := seen[number]; !ok {
			seen[number] = struct{}{}
			out = append(out, Recipient{Number: number, Outcome: NotSent})
		}
	}
	return out
}

func (c *Client) check(m Message) error {
	switch {
	case c.key == nil:
		return invalidError("client was not made by New")
	case c.err != nil:
		return c.err
	}
	if err := m.check(); err != nil {
		return err
	}
	if c.bulk.url != "" && !m.premium() && m.RequestID != "" {
		return invalidError("the bulk endpoint has no request id")
	}
	return nil
}

// errNoCredit ends a sending under [WithStopOnInsufficientBalance].
var errNoCredit = errors.New("client: stopped for lack of balance")

// send sends every chunk and returns what ended it early, if anything did.
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
	for _, r := range chunk {
		if r.StatusCode == StatusInsufficientBalance {
			return true
		}
	}
	return false
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
			todo = transient(todo)
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

func transient(rs []*Recipient) []*Recipient {
	var out []*Recipient
	for _, r := range rs {
		if r.Outcome == Transient {
			out = append(out, r)
		}
	}
	return out
}

// pause waits before the attempt after the given one and reports whether it is
// worth making.
func pause(ctx context.Context, attempt int, retryAfter time.Duration) bool {
	if retryAfter > retryAfterMax {
		return false
	}
	d := pauseMax
	if attempt < 6 {
		d = pauseBase << attempt
	}
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
	if err := ctx.Err(); err != nil {
		return reply{}, &failure{outcome: NotSent, err: &transportError{ErrNotSent, err.Error(), err}}
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()

	// A transport that reads the body before it dials leaves only the trace to
	// tell whether there was a connection to write to.
	var dialling, connected atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { dialling.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { connected.Store(true) },
	})
	r := c.encode(m, to)
	body := newPayload(r.body)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.endpoint.url, body)
	if err != nil {
		return reply{}, &failure{outcome: NotSent, err: c.transportError(ErrNotSent, err, m, to)}
	}
	req.ContentLength = int64(len(r.body))
	req.Header = http.Header{
		"Apikey":       {c.key()},
		"Accept":       {contentJSON},
		"Content-Type": {r.contentType},
		"User-Agent":   {userAgent},
	}
	resp, err := c.http.Do(req)
	if err != nil {
		if body.seal() || dialling.Load() && !connected.Load() {
			return reply{}, &failure{outcome: NotSent, err: c.transportError(ErrNotSent, err, m, to), retry: true}
		}
		return reply{}, &failure{err: c.transportError(ErrOutcomeUnknown, err, m, to)}
	}
	defer resp.Body.Close()

	limit := int64(replyBase + replyPerRecipient*len(to))
	answer, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err == nil && int64(len(answer)) > limit {
		err = errReplyTooBig
	}
	if !isSuccess(resp.StatusCode) {
		return c.failed(r, resp, answer, m, to)
	}
	if err != nil {
		return reply{}, &failure{err: c.transportError(ErrOutcomeUnknown, err, m, to)}
	}
	rep, err := decodeReply(answer)
	if errors.Is(err, ErrRefused) {
		return rep, &failure{outcome: Refused, err: err}
	}
	if err != nil {
		return rep, &failure{err: c.transportError(ErrOutcomeUnknown, err, m, to)}
	}
	return rep, nil
}

func isSuccess(status int) bool { return status >= 200 && status <= 299 }

// failed reads an answer outside 2xx.
func (c *Client) failed(r request, resp *http.Response, body []byte, m Message, to []*Recipient) (reply, *failure) {
	// The documentation calls a do-not-disturb refusal "HTTP 409" above a body
	// with an answer per recipient. Where there is one, it is the truth.
	if resp.StatusCode >= 400 && resp.StatusCode <= 499 {
		if rep, err := decodeReply(body); err == nil {
			return rep, nil
		}
	}
	e := &HTTPError{
		StatusCode:  resp.StatusCode,
		ContentType: resp.Header.Get("Content-Type"),
		Host:        r.endpoint.host,
		Username:    c.username,
		RetryAfter:  retryAfter(resp.Header.Get("Retry-After")),
	}
	e.Body = strings.ToValidUTF8(strings.ReplaceAll(string(body), c.key(), "[key]"), "\uFFFD")
	e.Body = strings.ToValidUTF8(e.Body[:min(len(e.Body), maxErrorBody)], "")
	if mt, _, err := mime.ParseMediaType(e.ContentType); err == nil && mt == "text/plain" {
		line, _, _ := strings.Cut(strings.TrimSpace(e.Body), "\n")
		line = strings.TrimSpace(line)
		if len(line) <= 200 && isText(line) && !c.repeats(e.Body, m, to) {
			e.Reason = line
		}
	}
	f := &failure{outcome: Refused, err: e, retryAfter: e.RetryAfter}
	switch status := resp.StatusCode; {
	case status == http.StatusTooManyRequests,
		status == http.StatusServiceUnavailable && resp.Header.Get("Retry-After") != "":
		f.outcome, f.retry = Transient, true
	case status < 300 || status >= 500 || status == http.StatusRequestTimeout:
		f.outcome = OutcomeUnknown
	}
	return reply{}, f
}

func isText(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// retryAfter reads the header, in seconds or as a date; zero if it is neither.
func retryAfter(h string) time.Duration {
	if n, err := strconv.ParseUint(h, 10, 31); err == nil {
		return time.Duration(n) * time.Second
	}
	if t, err := http.ParseTime(h); err == nil {
		return max(0, time.Until(t))
	}
	return 0
}

// transportError describes err, without the URL, which adds nothing, and
// without text that repeats anything of the request.
func (c *Client) transportError(kind, err error, m Message, to []*Recipient) error {
	var outer *url.Error
	if errors.As(err, &outer) {
		err = outer.Err
	}
	s := err.Error()
	if c.repeats(s, m, to) {
		s = "transport error"
	}
	return &transportError{kind, s, err}
}

// repeats reports whether s holds the key, the text or a number of the request.
// Shorter texts and numbers than four characters occur in anything.
func (c *Client) repeats(s string, m Message, to []*Recipient) bool {
	const short = 4
	if strings.Contains(s, c.key()) || len(m.Text) >= short && strings.Contains(s, m.Text) {
		return true
	}
	for _, r := range to {
		if digits := dialled(r.Number); len(digits) >= short && strings.Contains(s, digits) {
			return true
		}
	}
	return false
}

// String names the username and the host.
func (c Client) String() string {
	return "client(username=" + c.username + " host=" + c.classic.host + ")"
}

// GoString is the same as [Client.String].
func (c Client) GoString() string { return c.String() }

// Format writes [Client.String] for every verb.
func (c Client) Format(f fmt.State, _ rune) { io.WriteString(f, c.String()) }

// LogValue names the username and the host.
func (c Client) LogValue() slog.Value {
	return slog.GroupValue(slog.String("username", c.username), slog.String("host", c.classic.host))
}
