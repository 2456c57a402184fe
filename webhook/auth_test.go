package webhook_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
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

func TestRequireBasicAuth(t *testing.T) {
	t.Parallel()
	h := webhook.RequireBasicAuth("amina", "s3cret")(fine)
	for name, test := range map[string]struct {
		user, password string
		want           int
	}{
		"right":          {"amina", "s3cret", 204},
		"wrong password": {"amina", "secret", 401},
		"wrong user":     {"kim", "s3cret", 401},
		"empty":          {"", "", 401},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.SetBasicAuth(test.user, test.password)
		if got := status(h, r); got != test.want {
			t.Errorf("%s is answered %d, want %d", name, got, test.want)
		}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if w.Code != 401 || w.Header().Get("WWW-Authenticate") == "" {
		t.Errorf("nobody is answered %d with %v", w.Code, w.Header())
	}
	for _, pair := range [][2]string{{"", "x"}, {"x", ""}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("RequireBasicAuth(%q, %q) does not panic", pair[0], pair[1])
				}
			}()
			webhook.RequireBasicAuth(pair[0], pair[1])
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
