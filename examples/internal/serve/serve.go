// Package serve is the frame of the examples: their flags and their server, which stops
// when its context ends, but finishes the answers that it has begun. It is short on
// purpose; copy it.
package serve

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/sautigo/africastalking/webhook"
)

// Grace is how long requests in flight may take after the server was told to stop.
// Every example answers faster.
const Grace = 15 * time.Second

// Main runs an example until it ends by itself or is interrupted. A second interrupt
// ends the process at once.
func Main(name string, run func(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	err := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		os.Exit(1)
	}
}

// Flags returns the flags of an example: -addr, and those that it adds.
func Flags(name string, stderr io.Writer) *flag.FlagSet {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.String("addr", "127.0.0.1:9000", "listen on this address")
	return flags
}

// Listen parses args and listens on -addr.
func Listen(flags *flag.FlagSet, args []string) (net.Listener, error) {
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	return net.Listen("tcp", flags.Lookup("addr").Value.String())
}

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
