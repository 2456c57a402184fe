package internal_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"

	"github.com/sautigo/africastalking/examples/internal/serve"
)

// closing tells when the server has stopped taking connections.
type closing struct {
	net.Listener
	once   sync.Once
	closed chan struct{}
}

func (l *closing) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

func listen(t *testing.T) *closing {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return &closing{Listener: l, closed: make(chan struct{})}
}

func TestServeUntilFinishesRequests(t *testing.T) {
	t.Parallel()
	l := listen(t)
	ctx, stop := context.WithCancel(t.Context())
	started, release := make(chan struct{}), make(chan struct{})
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(started)
		<-release
		if err := r.Context().Err(); err != nil {
			t.Errorf("the request's context ended with the server's: %v", err)
		}
		io.WriteString(w, "finished")
	})
	done := make(chan error, 1)
	go func() { done <- serve.Until(ctx, l, h) }()

	answer := make(chan string, 1)
	go func() {
		resp, err := http.Get(serve.URL(l))
		if err != nil {
			answer <- err.Error()
			return
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		answer <- string(body)
	}()

	<-started
	stop()
	<-l.closed
	close(release)
	if got := <-answer; got != "finished" {
		t.Errorf("the request in flight got %q, want %q", got, "finished")
	}
	if err := <-done; err != nil {
		t.Errorf("Until returned %v, want nil", err)
	}
}

func TestServeUntilReportsFailure(t *testing.T) {
	t.Parallel()
	l := listen(t)
	l.Close()
	err := serve.Until(t.Context(), l, http.NotFoundHandler())
	if !errors.Is(err, net.ErrClosed) {
		t.Errorf("Until on a closed listener returned %v, want %v", err, net.ErrClosed)
	}
}

type addressed struct {
	net.Listener
	addr net.Addr
}

func (l addressed) Addr() net.Addr { return l.addr }

func TestServeURL(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]string{
		"127.0.0.1:9000": "http://127.0.0.1:9000",
		"[::1]:9000":     "http://[::1]:9000",
		"0.0.0.0:9000":   "http://localhost:9000",
		"[::]:9000":      "http://localhost:9000",
	} {
		tcp, err := net.ResolveTCPAddr("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		if got := serve.URL(addressed{addr: tcp}); got != want {
			t.Errorf("URL(%s) = %s, want %s", addr, got, want)
		}
	}
}
