package client

import (
	"net/http"
	"net/url"
	"time"
)

const (
	defaultTimeout   = 30 * time.Second
	defaultChunkSize = 500
)

// Option changes a client's configuration. [Client.Send] reports an unusable
// option as [ErrInvalid], before anything is written.
type Option func(*config)

type config struct {
	client       *http.Client
	timeout      time.Duration
	chunk        int
	retries      int
	bulk         bool
	stopOnCredit bool
	api, content *url.URL
	custom       bool
	err          error
}

func (c *config) fail(reason string) {
	if c.err == nil {
		c.err = invalidError(reason)
	}
}

// WithHTTPClient sends through hc: its Transport, Jar and Timeout are used as
// they are. hc itself is never changed, and its CheckRedirect is not asked: a
// redirect is refused, as following one would send the key and the message
// elsewhere. The default, also for nil, is a client on [http.DefaultTransport].
//
// A Transport that sends one request several times defeats the promise that a
// message is written at most once.
func WithHTTPClient(hc *http.Client) Option {
	return func(c *config) { c.client = hc }
}

// WithBaseURLs replaces the hosts, for tests and proxies: api receives ordinary
// messages, content premium ones; an empty content means api. Each is a whole
// URL, scheme://host[:port][/path][?query], and is used as it is. A URL without a
// path gets the documented one, "/version1/…". The default depends on the
// username: see [New].
func WithBaseURLs(api, content string) Option {
	return func(c *config) {
		if content == "" {
			content = api
		}
		c.custom = true
		c.api, c.content = c.base(api), c.base(content)
	}
}

func (c *config) base(s string) *url.URL {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.Fragment != "" {
		c.fail("base URL is not of the form http(s)://host[:port][/path][?query]")
		return new(url.URL)
	}
	return u
}

// WithTimeout bounds each request, from looking up the host to the last byte
// of the answer, whether or not the context has a deadline. A message sent in
// chunks makes several requests. The default is 30 seconds.
func WithTimeout(d time.Duration) Option {
	return func(c *config) {
		if d <= 0 {
			c.fail("timeout is not positive")
		}
		c.timeout = d
	}
}

// WithChunkSize sets how many recipients one request carries at most. Africa's
// Talking documents no limit. The default is 500.
func WithChunkSize(n int) Option {
	return func(c *config) {
		if n <= 0 {
			c.fail("chunk size is not positive")
		}
		c.chunk = n
	}
}

// WithRetries allows up to n further requests for each chunk, with growing,
// randomized pauses, and only where no message can be sent twice: when nothing
// was written (no address, no connection, no TLS), when the answer is 429, or
// 503 with Retry-After, and for just those recipients whose code is 500 or 501.
// The client honours a Retry-After of at most a minute. It leaves a longer one to
// the app, in [HTTPError.RetryAfter], and does not retry when it cannot read one.
// It begins no pause that would outlast the context's deadline. The default is 0.
func WithRetries(n int) Option {
	return func(c *config) {
		if n < 0 {
			c.fail("number of retries is negative")
		}
		c.retries = n
	}
}

// WithBulk, if on, sends ordinary messages to the newer JSON endpoint for bulk
// messages instead of the form endpoint. Premium messages always use the form.
// The sandbox has no such endpoint: there, Send reports [ErrInvalid], unless
// [WithBaseURLs] names another host. The default is false.
func WithBulk(on bool) Option {
	return func(c *config) { c.bulk = on }
}

// WithStopOnInsufficientBalance, if on, makes no further request once a
// recipient was refused for lack of balance ([StatusInsufficientBalance]);
// recipients not reached are [NotSent]. The default is false: every chunk is
// tried.
func WithStopOnInsufficientBalance(on bool) Option {
	return func(c *config) { c.stopOnCredit = on }
}
