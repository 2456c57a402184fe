package main

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/sautigo/africastalking/client"
	"github.com/sautigo/africastalking/examples/internal/curl"
	"github.com/sautigo/africastalking/examples/internal/exampletest"
)

// private is what the log must not hold.
var private = []string{"711000001", "100% true", "Thank you, we", "atsk_secret"}

// gateway is a client's transport to a made-up Africa's Talking.
type gateway func(*http.Request) (*http.Response, error)

func (g gateway) RoundTrip(r *http.Request) (*http.Response, error) { return g(r) }

// answering returns a gateway that answers with what h writes.
func answering(h http.HandlerFunc) gateway { return transport{h}.RoundTrip }

func reply(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

func accepted(w http.ResponseWriter, r *http.Request) {
	printer(io.Discard).ServeHTTP(w, r)
}

// newRoutes returns the program's handlers with an account behind the gateway.
func newRoutes(g gateway) (http.Handler, *exampletest.Log) {
	out := exampletest.NewLog()
	account := client.New("acme", "atsk_secret", client.WithHTTPClient(&http.Client{Transport: g}))
	return routes(account, slog.New(slog.NewTextHandler(out, nil))), out
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
