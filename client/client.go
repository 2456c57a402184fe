package client

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	sandboxUsername = "sandbox"

	// Keys are observed to begin with this.
	keyPrefix = "atsk_"

	hostAPI     = "api.africastalking.com"
	hostContent = "content.africastalking.com"
	hostSandbox = "api.sandbox.africastalking.com"

	pathMessaging = "/version1/messaging"
	pathBulk      = "/version1/messaging/bulk"
)

// Client sends messages for one account. [New] makes it. A Client never changes
// and is safe for concurrent use; two clients share nothing but the transport
// they are given. Printing or logging a Client shows neither the API key nor the
// username, for a key is often given as the username by mistake.
type Client struct {
	// account is a function, so that code which prints or walks a Client finds
	// neither value.
	account func() (username, key string)
	http    *http.Client

	// bulk is nil without WithBulk.
	classic, premium, bulk *url.URL

	timeout      time.Duration
	chunk        int
	retries      int
	stopOnCredit bool
	err          error
}

// New returns a client for the account. The username "sandbox", exactly, talks
// to the sandbox, and needs a key generated there; any other talks to
// api.africastalking.com and, for premium messages, content.africastalking.com.
//
// New never fails. [Client.Err] and [Client.Send] report an unusable username,
// key or option.
func New(username, apiKey string, opts ...Option) *Client {
	sandbox := username == sandboxUsername
	cfg := config{timeout: defaultTimeout, chunk: defaultChunkSize, api: live(hostAPI), content: live(hostContent)}
	if sandbox {
		cfg.api, cfg.content = live(hostSandbox), live(hostSandbox)
	}
	cfg.checkAccount(username, apiKey)
	for _, opt := range opts {
		if opt != nil {
			opt(&cfg)
		}
	}
	if cfg.bulk && sandbox && !cfg.custom {
		cfg.fail("the sandbox has no bulk endpoint")
	}
	c := &Client{
		account:      func() (string, string) { return username, apiKey },
		http:         withoutRedirects(cfg.client),
		classic:      endpoint(cfg.api, pathMessaging),
		premium:      endpoint(cfg.content, pathMessaging),
		timeout:      cfg.timeout,
		chunk:        cfg.chunk,
		retries:      cfg.retries,
		stopOnCredit: cfg.stopOnCredit,
		err:          cfg.err,
	}
	if cfg.bulk {
		c.bulk = endpoint(cfg.api, pathBulk)
	}
	return c
}

func live(host string) *url.URL { return &url.URL{Scheme: "https", Host: host} }

// endpoint returns base, with the documented path if base has no path.
func endpoint(base *url.URL, path string) *url.URL {
	u := *base
	if u.Path == "" || u.Path == "/" {
		u.Path = path
	}
	return &u
}

// Err returns the reason why the username, the key or the options are unusable,
// or nil. A Client that [New] did not make is unusable, too. [Client.Send] returns
// the same error; call Err to find it when the program starts.
func (c *Client) Err() error {
	if c.account == nil {
		return invalidError("client was not made by New")
	}
	return c.err
}

func (c *config) checkAccount(username, apiKey string) {
	switch {
	case username == "":
		c.fail("username is empty")
	case strings.HasPrefix(username, keyPrefix):
		c.fail("username is an API key")
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
	return !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}

func withoutRedirects(hc *http.Client) *http.Client {
	var own http.Client
	if hc != nil {
		own = *hc
	}
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &own
}

// String names the host of ordinary messages.
func (c Client) String() string { return "client(host=" + c.host() + ")" }

// Format writes [Client.String] for every verb.
func (c Client) Format(f fmt.State, _ rune) { io.WriteString(f, c.String()) }

// LogValue names the host of ordinary messages.
func (c Client) LogValue() slog.Value { return slog.GroupValue(slog.String("host", c.host())) }

func (c Client) host() string {
	if c.classic == nil {
		return ""
	}
	return c.classic.Host
}
