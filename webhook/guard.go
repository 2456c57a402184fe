package webhook

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// minSecretBits is what a secret in a callback URL must be worth: the URL alone tells
// Africa's Talking from anybody else.
const minSecretBits = 128

// RequireToken returns middleware that lets a request through only if from finds
// one of the secrets in it, and answers 404 otherwise. On the routers that answer a
// path without a route with [http.NotFound], as net/http's, chi and gorilla/mux do, a
// prober cannot tell a wrong secret from a wrong path. Comparing takes the same time
// for every request.
//
// Africa's Talking signs nothing, so a secret in the callback URL is the way to
// know its requests; use https, or the secret is public. Two secrets allow
// rotation: add the new one, change the dashboard, remove the old one. A good secret
// comes from
//
//	openssl rand -hex 32
//
// from is [PathSegment], which works in every router, [PathToken], [QueryToken], or a
// function of the app's. The first time that from finds nothing, RequireToken logs a
// warning to [slog.Default]: a router that does not set what from reads makes every
// request look like a stranger's.
//
// RequireToken panics without a secret, and if [CheckSecret] refuses one.
func RequireToken(from func(*http.Request) string, secrets ...string) func(http.Handler) http.Handler {
	if len(secrets) == 0 {
		panic("webhook: RequireToken: no secret")
	}
	sums := make([][sha256.Size]byte, len(secrets))
	for i, s := range secrets {
		if err := CheckSecret(s); err != nil {
			panic(err.Error())
		}
		sums[i] = sha256.Sum256([]byte(s))
	}
	var warning sync.Once
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			token := from(r)
			if token == "" {
				warning.Do(func() {
					slog.WarnContext(r.Context(), "africastalking: RequireToken: no secret where the source looks; "+
						"does this router set r.PathValue? PathSegment works in every router")
				})
			}
			got := sha256.Sum256([]byte(token))
			match := 0
			for i := range sums {
				match |= subtle.ConstantTimeCompare(got[:], sums[i][:])
			}
			if match != 1 {
				http.NotFound(w, r)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// CheckSecret returns an error if a secret is empty or worth less than 128 bits, for
// programs that would rather say so than panic. 32 hexadecimal digits or 22 letters
// and digits are enough, provided they are random: CheckSecret looks at the length
// and at which characters there are, and takes passwordpassword123456 for 22 random
// ones. The error never quotes the secret.
func CheckSecret(secret string) error {
	switch {
	case secret == "":
		return errors.New("webhook: a secret is empty")
	case secretBits(secret) < minSecretBits:
		return errors.New("webhook: a secret is worth less than 128 bits")
	}
	return nil
}

// PathSegment returns a source for [RequireToken] that reads the n-th segment of the
// path, counted from 1: PathSegment(2) for "/at/{token}/ussd". It needs nothing from
// the router, so it works in all of them. It counts in the path that the middleware
// sees, which [http.StripPrefix] shortens. PathSegment panics unless n is positive.
func PathSegment(n int) func(*http.Request) string {
	if n <= 0 {
		panic("webhook: PathSegment: segments are counted from 1")
	}
	return func(r *http.Request) string {
		// The path is escaped here, as a segment may hold a slash.
		segments := strings.SplitN(strings.TrimPrefix(r.URL.EscapedPath(), "/"), "/", n+1)
		if len(segments) < n {
			return ""
		}
		token, _ := url.PathUnescape(segments[n-1])
		return token
	}
}

// PathToken returns a source for [RequireToken] that reads a wildcard of the pattern
// that the handler is mounted under: PathToken("token") for "/at/{token}/ussd". It
// asks [http.Request.PathValue], which net/http's mux sets and many other routers do
// not; [PathSegment] works in all.
func PathToken(wildcard string) func(*http.Request) string {
	return func(r *http.Request) string { return r.PathValue(wildcard) }
}

// QueryToken returns a source for [RequireToken] that reads a query parameter:
// QueryToken("key") for "/at/ussd?key=…". Paths and queries both end up in access
// logs: keep those private.
func QueryToken(parameter string) func(*http.Request) string {
	return func(r *http.Request) string { return r.URL.Query().Get(parameter) }
}

// secretBits estimates what a secret is worth at most: its length, times the bits of
// a letter of the smallest alphabet that has all of its letters. A secret of few
// different letters is worth nothing: no random one looks like that.
func secretBits(s string) float64 {
	const (
		minDistinct = 8
		digits      = "0123456789"
		hex         = digits + "abcdefABCDEF"
		letters     = hex + "ghijklmnopqrstuvwxyzGHIJKLMNOPQRSTUVWXYZ"
	)
	distinct := map[byte]bool{}
	for i := range len(s) {
		distinct[s[i]] = true
	}
	if len(distinct) < minDistinct {
		return 0
	}
	size := 64.0
	switch {
	case strings.Trim(s, digits) == "":
		size = 10
	case strings.Trim(s, hex) == "":
		size = 16
	case strings.Trim(s, letters) == "":
		size = 62
	}
	return float64(len(s)) * math.Log2(size)
}

// AllowFrom returns middleware that lets a request through only if it comes from
// one of the prefixes, and answers 403 otherwise. Africa's Talking publishes no
// list of its addresses and may change them any day: use this on top of
// [RequireToken], never in its place.
//
// An IPv6 prefix such as ::/0 holds IPv6 addresses alone. An IPv4 address counts as
// IPv4 in both its forms, so 0.0.0.0/0 and ::ffff:0:0/96 both mean all of IPv4.
//
// Behind a proxy the peer is the proxy. Name the proxies, and AllowFrom takes the
// last address in X-Forwarded-For that is not a proxy's. It ignores that header from
// a peer that is not a proxy. AllowFrom panics without a prefix.
func AllowFrom(prefixes []netip.Prefix, trustedProxies ...netip.Prefix) func(http.Handler) http.Handler {
	if len(prefixes) == 0 {
		panic("webhook: AllowFrom: no prefix")
	}
	prefixes, trustedProxies = unmapped(prefixes), unmapped(trustedProxies)
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if addr, ok := sender(r, trustedProxies); !ok || !contains(prefixes, addr) {
				http.Error(w, http.StatusText(http.StatusForbidden), http.StatusForbidden)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// unmapped copies prefixes and writes those of IPv4 addresses that are mapped
// into IPv6 as IPv4.
func unmapped(prefixes []netip.Prefix) []netip.Prefix {
	out := make([]netip.Prefix, 0, len(prefixes))
	for _, p := range prefixes {
		if !p.IsValid() {
			panic("webhook: AllowFrom: invalid prefix")
		}
		if p.Addr().Is4In6() && p.Bits() >= 96 {
			p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
		}
		out = append(out, p)
	}
	return out
}

// sender returns the address a request comes from: the peer's, or, as long as
// that is a proxy's, the one that the proxy says it got the request from.
func sender(r *http.Request, proxies []netip.Prefix) (netip.Addr, bool) {
	addr, ok := parseAddr(r.RemoteAddr)
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; ok && i >= 0 && contains(proxies, addr); i-- {
		addr, ok = parseAddr(strings.TrimSpace(hops[i]))
	}
	return addr, ok
}

// parseAddr reads an address with or without a port.
func parseAddr(s string) (netip.Addr, bool) {
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return ap.Addr().Unmap().WithZone(""), true
	}
	a, err := netip.ParseAddr(strings.Trim(s, "[]"))
	return a.Unmap().WithZone(""), err == nil
}

func contains(prefixes []netip.Prefix, addr netip.Addr) bool {
	return slices.ContainsFunc(prefixes, func(p netip.Prefix) bool { return p.Contains(addr) })
}
