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

	"github.com/sautigo/africastalking/examples/internal/curl"
	"github.com/sautigo/africastalking/examples/internal/serve"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "routers:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) error {
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
	secret, shown := getenv("CALLBACK_SECRET"), `"$CALLBACK_SECRET"`
	if secret == "" {
		secret = rand.Text()
		shown = secret
	}
	l, err := net.Listen("tcp", *addr)
	if err != nil {
		return err
	}
	callbacks := serve.URL(l) + "/at/" + shown
	fmt.Fprintf(stdout, "Listening on %s. Callback URLs begin with %s\n\n", serve.URL(l), callbacks)
	fmt.Fprintln(stdout, curl.Post(callbacks+"/ussd", curl.Form("sessionId", "ATUid_1", "phoneNumber", "+254711000001",
		"serviceCode", "*384*123#", "text", "1")))
	fmt.Fprintln(stdout, curl.Post(callbacks+"/sms", curl.Form("id", "1", "from", "+254711000001", "to", "21512", "text", "HELP")))
	fmt.Fprintln(stdout, curl.Post(callbacks+"/voice", curl.Form("isActive", "1", "sessionId", "ATVId_1",
		"direction", "Inbound", "callerNumber", "+254711000001", "destinationNumber", "+254711000002")))
	fmt.Fprintln(stdout, "\nPaste any of these into another terminal. Ctrl-C stops the server.")
	return router(newApp(), secret, slog.New(slog.NewTextHandler(stderr, nil)))(ctx, l)
}
