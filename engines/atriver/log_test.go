package atriver_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sautigo/africastalking/engines/atriver"
	"github.com/sautigo/africastalking/webhook/inbox"
)

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// Without its tables River complains at each poll. The log has that once, and nothing
// below a warning.
func TestLog(t *testing.T) {
	t.Parallel()
	pool := sharedServer(t).pool(t, 12)
	log := new(lockedBuffer)
	logger := slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})).With("app", "bank").WithGroup("inbox")
	q, schema := open(t, pool, atriver.WithLogger(logger))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ran := make(chan error, 1)
	go func() {
		ran <- q.Run(ctx, inbox.Worker{Workers: 1, Timeout: time.Minute, Handle: func(context.Context, inbox.Delivery) error { return nil }})
	}()
	mustPut(t, q, delivery("a"))
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		if b, err := q.Backlog(t.Context()); err != nil || time.Now().After(deadline) {
			t.Fatalf("the delivery is not handled; error %v", err)
		} else if b.Waiting == 0 {
			break
		}
	}
	mustExec(t, pool, `drop schema `+schema+` cascade`)
	const message = "Error fetching jobs"
	for deadline := time.Now().Add(time.Minute); !strings.Contains(log.String(), message); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("there is no %q in the log:\n%s", message, log)
		}
	}
	time.Sleep(500 * time.Millisecond)
	cancel()
	if err := <-ran; err != nil {
		t.Errorf("Run: %v", err)
	}
	text := log.String()
	if n := strings.Count(text, message); n != 1 {
		t.Errorf("%q is in the log %d times, want once", message, n)
	}
	for line := range strings.Lines(text) {
		if strings.Contains(line, "level=INFO") || strings.Contains(line, "level=DEBUG") || !strings.Contains(line, "app=bank") {
			t.Errorf("log has the line %s", line)
		}
	}
}
