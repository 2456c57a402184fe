// Package serve is the server of the examples. It stops when its context ends, but
// finishes the answers that it has begun. It is short on purpose; copy it.
package serve

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/sautigo/africastalking/webhook"
)

// Grace is how long requests in flight may take after the server was told to stop.
// Every example answers faster.
const Grace = 15 * time.Second

// Until serves h on l until ctx ends. Then it takes no more requests, finishes those
// in flight and returns, with an error if that takes longer than [Grace]. It closes l.
func Until(ctx context.Context, l net.Listener, h http.Handler) error {
	server := webhook.NewServer("", h)
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), Grace)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("serve: requests were cut off: %w", err), server.Close())
	}
	return nil
}

// URL returns the address to reach l at from the same machine.
func URL(l net.Listener) string {
	addr, ok := l.Addr().(*net.TCPAddr)
	if ok && addr.IP.IsUnspecified() {
		return fmt.Sprintf("http://localhost:%d", addr.Port)
	}
	return "http://" + l.Addr().String()
}
