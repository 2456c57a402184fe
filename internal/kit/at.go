// Package kit holds what the test kits have in common.
package kit

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/sautigo/africastalking/internal/gateway"
)

// HandlerAt returns the app that h is for the At of a [call.Config]. It is at all URLs on
// the host of the callback URL.
func HandlerAt(h http.Handler, callbackURL string) func(string) (gateway.App, error) {
	return func(to string) (gateway.App, error) {
		u, err := onHost(to, callbackURL)
		if err != nil {
			return nil, err
		}
		password, hasPassword := u.User.Password()
		return gateway.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r.Host = u.Host
			if hasPassword {
				r.SetBasicAuth(u.User.Username(), password)
			}
			h.ServeHTTP(w, r)
		}), u.RequestURI()), nil
	}
}

// URLAt is [HandlerAt] for an app that is started at another URL than its callback
// URL.
func URLAt(at, callbackURL string, transport http.RoundTripper) func(string) (gateway.App, error) {
	return func(to string) (gateway.App, error) {
		if to == callbackURL {
			return gateway.URL(at, transport), nil
		}
		u, err := onHost(to, callbackURL)
		if err != nil {
			return nil, err
		}
		host, err := url.Parse(at)
		if err != nil {
			return nil, errors.New("gateway: the URL is not one")
		}
		u.Scheme, u.Host = host.Scheme, host.Host
		return gateway.URL(u.String(), transport), nil
	}
}

// onHost returns a URL that must be on the host of another. Its errors hold the
// hosts and not the rest, which may have a secret in it.
func onHost(to, base string) (*url.URL, error) {
	b, err := url.Parse(base)
	if err != nil {
		return nil, errors.New("gateway: the callback URL is not one")
	}
	u, err := url.Parse(to)
	switch {
	case to != base && !isWeb(to):
		return nil, errors.New("gateway: the URL to call is not an absolute http or https URL")
	case err != nil:
		return nil, errors.New("gateway: the URL to call is not one")
	case u.Host != b.Host:
		return nil, fmt.Errorf("gateway: the URL to call is on %s, and the app's callback URL on %s", u.Host, b.Host)
	}
	return u, nil
}

func isWeb(s string) bool {
	scheme, rest, _ := strings.Cut(s, "://")
	return (strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https")) && rest != "" && !strings.ContainsAny(rest, " \t\r\n")
}
