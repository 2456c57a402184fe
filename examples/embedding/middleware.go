package main

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"time"
)

type requestIDKey struct{}

// requestID returns the ID of the request that ctx belongs to.
func requestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// withRequestID gives each request an ID. One that the sender chose would be text
// of a stranger's in the log.
func withRequestID(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := rand.Text()
		w.Header().Set("X-Request-Id", id)
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), requestIDKey{}, id)))
	})
}

// logAccess logs each request with the pattern that it matched, never with its
// path, which may hold a secret. The mux notes the pattern in the request that it
// gets, so nothing between the two may copy the request.
func logAccess(log *slog.Logger, mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		sw := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		mux.ServeHTTP(sw, r)
		log.InfoContext(r.Context(), "request", "request", requestID(r.Context()), "method", r.Method,
			"pattern", r.Pattern, "status", sw.status, "duration", time.Since(start))
	})
}

// statusWriter remembers the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets the handlers of callbacks find out that what is behind can flush,
// which they use to answer at a deadline.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
