// Routers mounts the same handlers in net/http, chi, gorilla/mux, gin, echo and
// fiber, each with its middleware and a secret in the path:
//
//	go run . -router chi
package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"github.com/sautigo/africastalking/examples/internal/curl"
	"github.com/sautigo/africastalking/examples/internal/serve"
)

func main() { serve.Main("routers", run) }

func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) error {
	names := strings.Join(slices.Sorted(maps.Keys(routers)), ", ")
	flags := serve.Flags("routers", stderr)
	name := flags.String("router", "net/http", names)
	l, err := serve.Listen(flags, args)
	if err != nil {
		return err
	}
	defer l.Close()
	router, known := routers[*name]
	if !known {
		return fmt.Errorf("there is no router %q: use one of %s", *name, names)
	}
	secret, shown := getenv("CALLBACK_SECRET"), `"$CALLBACK_SECRET"`
	if secret == "" {
		secret = rand.Text()
		shown = secret
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
