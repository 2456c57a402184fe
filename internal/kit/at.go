// Package kit holds what the test kits share: how they reach an app, and how they
// report a failure.
package kit

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

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
	case err != nil, !strings.EqualFold(u.Scheme, "http") && !strings.EqualFold(u.Scheme, "https"), u.Host == "":
		return nil, errors.New("gateway: the URL to call is not an absolute http or https URL")
	case u.Host != b.Host:
		return nil, fmt.Errorf("gateway: the URL to call is on %s, and the app's callback URL on %s", u.Host, b.Host)
	}
	return u, nil
}
