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
