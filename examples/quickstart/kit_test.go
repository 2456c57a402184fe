package main

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/sautigo/africastalking/client"
	"github.com/sautigo/africastalking/client/clienttest"
	"github.com/sautigo/africastalking/examples/internal/curl"
	"github.com/sautigo/africastalking/examples/internal/exampletest"
)

// private is what the log must not hold.
var private = []string{"711000001", "100% true", "Thank you, we", clienttest.APIKey}

// newRoutes returns the program's handlers.
func newRoutes(account *client.Client) (http.Handler, *exampletest.Log) {
	out := exampletest.NewLog()
	return routes(account, slog.New(slog.NewTextHandler(out, nil))), out
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// before returns a client whose requests first go to f, and to the server unless
// that returns an error.
func before(at *clienttest.Server, f func(*http.Request) error) *client.Client {
	return at.Client(client.WithHTTPClient(&http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		if err := f(r); err != nil {
			return nil, err
		}
		return at.Transport().RoundTrip(r)
	})}))
}

func post(h http.Handler, path, body string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, request(path, body))
	return w
}

func request(path, body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if strings.HasPrefix(body, "{") {
		r.Header.Set("Content-Type", "application/json")
	}
	return r
}

func message(id string) string {
	return curl.Form("id", id, "date", "2025-11-30 08:15:42", "from", "+254711000001", "to", "21512", "text", "Is it 100% true?")
}
