package atriver

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// logEvery is how often one message of River is logged: without a server each fetch fails,
// ten times a second.
const logEvery = 10 * time.Second

func (q *Queue) riverLogger() *slog.Logger {
	l := q.logger
	if l == nil {
		l = slog.Default()
	}
	return slog.New(&limitedHandler{Handler: l.Handler(), last: &lastLogged{at: map[string]time.Time{}}})
}

// limitedHandler logs warnings and errors, each message at most once in logEvery.
type limitedHandler struct {
	slog.Handler
	last *lastLogged
}

type lastLogged struct {
	mu sync.Mutex
	at map[string]time.Time // by message; River has a few dozen
}

// Enabled implements [slog.Handler].
func (h *limitedHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && h.Handler.Enabled(ctx, level)
}

// Handle implements [slog.Handler].
func (h *limitedHandler) Handle(ctx context.Context, r slog.Record) error {
	h.last.mu.Lock()
	again := r.Time.Sub(h.last.at[r.Message]) < logEvery
	if !again {
		h.last.at[r.Message] = r.Time
	}
	h.last.mu.Unlock()
	if again {
		return nil
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs implements [slog.Handler].
func (h *limitedHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &limitedHandler{h.Handler.WithAttrs(attrs), h.last}
}

// WithGroup implements [slog.Handler].
func (h *limitedHandler) WithGroup(name string) slog.Handler {
	return &limitedHandler{h.Handler.WithGroup(name), h.last}
}
