package webhook_test

import (
	"bytes"
	"crypto/rand"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sautigo/africastalking/webhook"
)

const (
	secret = "c0ffee5eed0123456789abcdef98765432100a1b"
	spare  = "Zm9vYmFyIHNlY3JldCAyMDI2"
)

var fine = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })

func status(h http.Handler, r *http.Request) int {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code
}

func TestRequireToken(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.Handle("/at/{token}/sms", webhook.RequireToken(webhook.PathToken("token"), secret, spare)(fine))
	mux.Handle("/ussd", webhook.RequireToken(webhook.QueryToken("key"), secret)(fine))
	for target, want := range map[string]int{
		"/at/" + secret + "/sms":                    204,
		"/at/" + spare + "/sms":                     204,
		"/at/" + secret[1:] + "/sms":                404,
		"/at/" + strings.ToUpper(secret) + "/sms":   404,
		"/at/" + secret + "x/sms":                   404,
		"/at/x/sms?token=" + secret:                 404,
		"/ussd?key=" + secret:                       204,
		"/ussd?a=b&key=" + secret:                   204,
		"/ussd?key=" + spare:                        404,
		"/ussd?KEY=" + secret:                       404,
		"/ussd?key=":                                404,
		"/ussd":                                     404,
		"/ussd?key=" + secret[:20] + "&" + secret:   404,
		"/ussd?key=" + secret + "&key=" + "another": 204,
	} {
		if got := status(mux, httptest.NewRequest(http.MethodPost, target, nil)); got != want {
			t.Errorf("%s is answered %d, want %d", strings.ReplaceAll(target, secret, "SECRET"), got, want)
		}
	}
}

// A router that does not set path values is named in the log once, and never what was
// sent. Not parallel: it takes the default logger.
func TestRequireTokenWarns(t *testing.T) {
	before := slog.Default()
	defer slog.SetDefault(before)
	for name, test := range map[string]struct {
		from  func(*http.Request) string
		paths []string
		want  int
	}{
		"router without path values": {webhook.PathToken("token"), []string{"/at/" + secret + "/sms", "/at/" + spare + "/sms"}, 1},
		"no such segment":            {webhook.PathSegment(4), []string{"/at/" + secret + "/sms"}, 1},
		"no parameter":               {webhook.QueryToken("key"), []string{"/sms?token=" + secret}, 1},
		"wrong secret":               {webhook.PathSegment(2), []string{"/at/" + spare + "/sms", "/at/x/sms"}, 0},
		"right secret":               {webhook.PathSegment(2), []string{"/at/" + secret + "/sms"}, 0},
	} {
		var log bytes.Buffer
		slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
		guard := webhook.RequireToken(test.from, secret)
		for _, path := range test.paths {
			for _, h := range []http.Handler{guard(fine), guard(fine)} {
				status(h, httptest.NewRequest(http.MethodPost, path, nil))
			}
		}
		got := log.String()
		if n := strings.Count(got, "level=WARN"); n != test.want || n > 0 && !strings.Contains(got, "PathSegment works in every router") {
			t.Errorf("%s: %d warnings, want %d:\n%s", name, n, test.want, got)
		}
		for _, private := range []string{secret, spare, "/at", "/sms"} {
			if strings.Contains(got, private) {
				t.Errorf("%s: the log has %q", name, private)
			}
		}
	}
}

func TestRequireTokenRefusesWeakSecrets(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		secrets []string
		refused bool
	}{
		"none":                      {nil, true},
		"empty":                     {[]string{""}, true},
		"word":                      {[]string{"changeme"}, true},
		"31 hexadecimal digits":     {[]string{"0123456789abcdef0123456789abcde"}, true},
		"32 hexadecimal digits":     {[]string{"0123456789abcdef0123456789abcdef"}, false},
		"38 digits":                 {[]string{"01234567890123456789012345678901234567"}, true},
		"39 digits":                 {[]string{"012345678901234567890123456789012345678"}, false},
		"21 letters and digits":     {[]string{"abcdefghijklmnopqrstu"}, true},
		"22 letters and digits":     {[]string{"abcdefghijklmnopqrstuv"}, false},
		"one letter over and over":  {[]string{strings.Repeat("a", 100)}, true},
		"a weak one beside another": {[]string{secret, "changeme"}, true},
	} {
		func() {
			defer func() {
				if v := recover(); (v != nil) != test.refused {
					t.Errorf("%s: panic %v, want one: %v", name, v, test.refused)
				}
			}()
			webhook.RequireToken(webhook.PathToken("token"), test.secrets...)
		}()
	}
}

// A secret is worth what its length and letters say, to the bit.
func TestCheckSecret(t *testing.T) {
	t.Parallel()
	for secret, want := range map[string]string{
		"":                                    "webhook: a secret is empty",
		" ":                                   "webhook: a secret is worth less than 128 bits",
		strings.Repeat("0123456789abcdef", 2): "", // 128 bits
		strings.Repeat("0123456789abcdef", 2)[1:]: "webhook: a secret is worth less than 128 bits",
		strings.Repeat("0123456", 20):             "webhook: a secret is worth less than 128 bits", // seven letters
		strings.Repeat("01234567", 20):            "",
		"abcdefghijklmnopqrs-_":                   "webhook: a secret is worth less than 128 bits", // 126 bits
		"abcdefghijklmnopqrst-_":                  "",
	} {
		got := ""
		if err := webhook.CheckSecret(secret); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("CheckSecret(%q) is %q, want %q", secret, got, want)
		}
	}
	// rand.Text is what the examples use.
	for range 1000 {
		if s := rand.Text(); webhook.CheckSecret(s) != nil {
			t.Errorf("CheckSecret refuses %s", s)
		}
	}
}

func TestPathSegment(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		target string
		n      int
		want   string
	}{
		{"/at/abc/ussd", 1, "at"},
		{"/at/abc/ussd", 2, "abc"},
		{"/at/abc/ussd", 3, "ussd"},
		{"/at/abc/ussd", 4, ""},
		{"/at/abc/ussd", math.MaxInt - 1, ""},
		{"/at/abc/ussd/", 4, ""},
		{"/at/abc", 2, "abc"},
		{"/at/abc/", 2, "abc"},
		{"/at//abc", 2, ""},
		{"//at/abc", 2, "at"},
		{"/at/a%2Fb%20c/ussd", 2, "a/b c"},
		{"/at/a%2Fb/ussd", 3, "ussd"},
		{"/at%2Fabc/ussd", 2, "ussd"},
		{"/at/a+b/ussd", 2, "a+b"},
		{"/at/%2e%2e/ussd", 2, ".."},
		{"/at?x=/abc", 2, ""},
		{"/", 1, ""},
	} {
		if got := webhook.PathSegment(test.n)(httptest.NewRequest(http.MethodPost, test.target, nil)); got != test.want {
			t.Errorf("segment %d of %s is %q, want %q", test.n, test.target, got, test.want)
		}
	}
	if got := webhook.PathSegment(1)(&http.Request{URL: &url.URL{Path: "*"}}); got != "*" {
		t.Errorf("a path without a slash gives %q", got)
	}
	for _, n := range []int{0, -1} {
		func() {
			defer func() {
				if v, _ := recover().(string); !strings.HasPrefix(v, "webhook: PathSegment: ") {
					t.Errorf("PathSegment(%d) panics with %q", n, v)
				}
			}()
			webhook.PathSegment(n)
		}()
	}
}

func TestAllowFrom(t *testing.T) {
	t.Parallel()
	prefixes := func(s ...string) (p []netip.Prefix) {
		for _, s := range s {
			p = append(p, netip.MustParsePrefix(s))
		}
		return p
	}
	allowed := prefixes("192.0.2.0/24", "2001:db8::/32", "::ffff:198.51.100.0/120")
	tests := []struct {
		name      string
		peer      string
		forwarded []string
		proxies   []netip.Prefix
		want      int
	}{
		{"inside", "192.0.2.7:1234", nil, nil, 204},
		{"outside", "192.0.3.7:1234", nil, nil, 403},
		{"IPv4 mapped into IPv6", "[::ffff:192.0.2.7]:1234", nil, nil, 204},
		{"prefix that was mapped", "198.51.100.9:1", nil, nil, 204},
		{"IPv6", "[2001:db8::1]:1234", nil, nil, 204},
		{"IPv6 with a zone", "[2001:db8::1%eth0]:1234", nil, nil, 204},
		{"no address", "@", nil, nil, 403},
		{"header of a stranger", "203.0.113.1:1", []string{"192.0.2.7"}, nil, 403},
		{"header beside an allowed peer", "192.0.2.7:1", []string{"203.0.113.1"}, nil, 204},
		{"behind a proxy", "10.0.0.1:1", []string{"192.0.2.7"}, prefixes("10.0.0.0/8"), 204},
		{"behind a proxy, from elsewhere", "10.0.0.1:1", []string{"203.0.113.1"}, prefixes("10.0.0.0/8"), 403},
		{"forged in front of the proxy's", "10.0.0.1:1", []string{"192.0.2.7, 203.0.113.1"}, prefixes("10.0.0.0/8"), 403},
		{"behind two proxies", "10.0.0.1:1", []string{"203.0.113.1", "192.0.2.7, 10.0.0.2"}, prefixes("10.0.0.0/8"), 204},
		{"proxy that names nobody", "10.0.0.1:1", nil, prefixes("10.0.0.0/8"), 403},
		{"proxy that names nonsense", "10.0.0.1:1", []string{"192.0.2.7, unknown"}, prefixes("10.0.0.0/8"), 403},
		{"proxy that names a port", "10.0.0.1:1", []string{"192.0.2.7:99"}, prefixes("10.0.0.0/8"), 204},
	}
	for _, test := range tests {
		h := webhook.AllowFrom(allowed, test.proxies...)(fine)
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		r.RemoteAddr = test.peer
		r.Header["X-Forwarded-For"] = test.forwarded
		if got := status(h, r); got != test.want {
			t.Errorf("%s is answered %d, want %d", test.name, got, test.want)
		}
	}
	for prefix, want := range map[string][2]int{
		"0.0.0.0/0": {204, 403}, "::ffff:0:0/96": {204, 403}, "::ffff:0:0/95": {403, 403}, "::/0": {403, 204},
		"::ffff:203.0.113.0/120": {204, 403}, "::ffff:203.0.113.1/128": {204, 403}, "::ffff:203.0.113.0/128": {403, 403},
	} {
		h := webhook.AllowFrom(prefixes(prefix))(fine)
		for i, peer := range []string{"203.0.113.1:1", "[2001:db9::1]:1"} {
			r := httptest.NewRequest(http.MethodPost, "/", nil)
			r.RemoteAddr = peer
			if got := status(h, r); got != want[i] {
				t.Errorf("%s lets %s through with %d, want %d", prefix, peer, got, want[i])
			}
		}
	}
	for name, build := range map[string]func(){
		"no prefix":      func() { webhook.AllowFrom(nil) },
		"invalid prefix": func() { webhook.AllowFrom([]netip.Prefix{{}}) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s does not panic", name)
				}
			}()
			build()
		}()
	}
}

func TestNewServer(t *testing.T) {
	t.Parallel()
	s := webhook.NewServer("127.0.0.1:9000", fine)
	if s.Addr != "127.0.0.1:9000" || s.Handler == nil || s.ReadHeaderTimeout <= 0 || s.ReadTimeout <= 0 ||
		s.WriteTimeout <= 10*time.Second || s.IdleTimeout <= 0 || s.MaxHeaderBytes <= 0 {
		t.Errorf("server is %+v", s)
	}
}
