package main

import (
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"sync"

	"github.com/sautigo/africastalking/sms"
	"github.com/sautigo/africastalking/webhook"
)

// newApp returns the whole app: its own routes, the callbacks beside them, and the
// middleware around both.
func newApp(secret, password string, log *slog.Logger) http.Handler {
	messages := &messages{status: make(map[string]sms.Status)}
	counters := &counters{callbacks: make(map[outcome]total)}
	admin := requirePassword("admin", password)
	guard := webhook.RequireToken(webhook.PathSegment(2), secret)

	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", home)
	mux.Handle("GET /admin/messages", admin(messages))
	mux.Handle("GET /metrics", admin(counters))
	mux.Handle("/at/{token}/", guard(callbacks(messages, counters, log)))
	return withRequestID(logAccess(log, mux))
}

func home(w http.ResponseWriter, _ *http.Request) {
	io.WriteString(w, "The shop is open.\n")
}

// messages knows how far the messages have come that the app has sent. It stands
// for a table in the app's database.
type messages struct {
	mu     sync.Mutex
	status map[string]sms.Status
}

// set takes a message's status from a report. Reports come in any order and more
// than once, so nothing follows a final one.
func (m *messages) set(id string, status sms.Status) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.status[id].Final() {
		m.status[id] = status
	}
}

// ServeHTTP lists the messages for the people who run the app.
func (m *messages) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	m.mu.Lock()
	status := maps.Clone(m.status)
	m.mu.Unlock()
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	for _, id := range slices.Sorted(maps.Keys(status)) {
		fmt.Fprintln(w, id, status[id])
	}
}
