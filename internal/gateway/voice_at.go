package gateway

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
)

// HandlerAt returns the app that h is for the At of a [Voice]. It is at all URLs on
// the host of the callback URL.
func HandlerAt(h http.Handler, callbackURL string) func(string) (App, error) {
	return func(to string) (App, error) {
		u, err := onHost(to, callbackURL)
		if err != nil {
			return nil, err
		}
		password, hasPassword := u.User.Password()
		return Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r.Host = u.Host
			if hasPassword {
				r.SetBasicAuth(u.User.Username(), password)
			}
			h.ServeHTTP(w, r)
		}), u.RequestURI()), nil
	}
}

// URLAt is [HandlerAt] for an app that is at a URL, as Africa's Talking names it by
// another, its callback URL.
func URLAt(at, callbackURL string, transport http.RoundTripper) func(string) (App, error) {
	return func(to string) (App, error) {
		if to == callbackURL {
			return URL(at, transport), nil
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
		return URL(u.String(), transport), nil
	}
}

// onHost returns a URL that must be on the host of another. Its errors hold the
// hosts and not the rest, which may have a secret in it.
func onHost(to, base string) (*url.URL, error) {
	b, err := url.Parse(base)
	if err != nil {
		return nil, errors.New("gateway: the callback URL is not one")
	}
	if problem := isURL(to); problem != "" && to != base {
		return nil, fmt.Errorf("gateway: the URL to call is %s", problem)
	}
	u, err := url.Parse(to)
	switch {
	case err != nil:
		return nil, errors.New("gateway: the URL to call is not one")
	case u.Host != b.Host:
		return nil, fmt.Errorf("gateway: the URL to call is on %s, and the app's callback URL on %s", u.Host, b.Host)
	}
	return u, nil
}
