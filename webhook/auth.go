package webhook

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"net/netip"
	"strings"
)

// RequireBasicAuth returns middleware that asks for HTTP basic authentication
// and answers 401 without it. Whether Africa's Talking sends the user and
// password of a callback URL is not documented: it is meant for what stands
// beside the callbacks, such as metrics. It panics if either is empty.
func RequireBasicAuth(user, password string) func(http.Handler) http.Handler {
	if user == "" || password == "" {
		panic("webhook: RequireBasicAuth: user or password is empty")
	}
	wantUser, wantPassword := sha256.Sum256([]byte(user)), sha256.Sum256([]byte(password))
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			u, p, _ := r.BasicAuth()
			gotUser, gotPassword := sha256.Sum256([]byte(u)), sha256.Sum256([]byte(p))
			if subtle.ConstantTimeCompare(gotUser[:], wantUser[:])&
				subtle.ConstantTimeCompare(gotPassword[:], wantPassword[:]) != 1 {
				w.Header().Set("WWW-Authenticate", `Basic realm="callbacks", charset="UTF-8"`)
				http.Error(w, http.StatusText(http.StatusUnauthorized), http.StatusUnauthorized)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// AllowFrom returns middleware that lets a request through only if it comes from
// one of the prefixes, and answers 403 otherwise. Africa's Talking publishes no
// list of its addresses and may change them any day: use this on top of
// [RequireToken], never in its place.
//
// Behind a proxy the peer is the proxy. Name the proxies, and the address is the
// last one in X-Forwarded-For that is not a proxy's; the header of anybody else
// is ignored. AllowFrom panics without a prefix.
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
	for _, p := range prefixes {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}
