// Routers mounts the same handlers in net/http, chi, gorilla/mux, gin, echo and
// fiber, each with its middleware and a secret in the path:
//
//	go run . -router chi
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/sautigo/africastalking/examples/internal/serve"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "routers:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	names := strings.Join(slices.Sorted(maps.Keys(routers)), ", ")
	flags := flag.NewFlagSet("routers", flag.ContinueOnError)
	flags.SetOutput(stderr)
	addr := flags.String("addr", "127.0.0.1:9000", "listen on this address")
	name := flags.String("router", "net/http", names)
	if err := flags.Parse(args); err != nil {
		return err
	}
	router, known := routers[*name]
	if !known {
		return fmt.Errorf("there is no router %q: use one of %s", *name, names)
	}
	secret := os.Getenv("CALLBACK_SECRET")
	if secret == "" {
		secret = rand.Text()
	}
	l, err := net.Listen("tcp", *addr)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "Listening on %s/at/%s/ussd, …/sms and …/voice\n", serve.URL(l), secret)
	return router(newApp(), secret, slog.New(slog.NewTextHandler(stderr, nil)))(ctx, l)
}
