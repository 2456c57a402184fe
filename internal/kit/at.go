// Package kit holds what the test kits share: how they reach an app, and how they
// report a failure.
package kit

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/sautigo/africastalking/internal/gateway"
)

// At returns the At of a call.Config for an app that runs at a URL and knows itself
// by callbackURL, the URL in the dashboard. URLs that the app names must be on the
// host of callbackURL, and are reached on the host of at.
func At(at, callbackURL string, transport http.RoundTripper) func(string) (gateway.App, error) {
	return func(to string) (gateway.App, error) {
		if to == callbackURL {
			return gateway.URL(at, transport), nil
		}
		host, err1 := url.Parse(at)
		own, err2 := url.Parse(callbackURL)
		u, err3 := url.Parse(to)
		// The errors hold hosts alone: the rest may have a secret in it.
		switch {
		case err1 != nil || err2 != nil:
			return nil, errors.New("gateway: the callback URL is not one")
		case err3 != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
			return nil, errors.New("gateway: the URL to call is not an absolute http or https URL")
		case u.Host != own.Host:
			return nil, fmt.Errorf("gateway: the URL to call is on %s, and the app's callback URL on %s", u.Host, own.Host)
		}
		u.Scheme, u.Host = host.Scheme, host.Host
		return gateway.URL(u.String(), transport), nil
	}
}

// Parse reads a callback with a parser of the package under test.
func Parse[T any](c gateway.Callback, parse func(*http.Request) (T, error)) (T, error) {
	r, err := http.NewRequest(http.MethodPost, "/", bytes.NewReader(c.Body))
	if err != nil {
		panic(err) // the method and the URL are right
	}
	r.Header = c.Header
	return parse(r)
}
