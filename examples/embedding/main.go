// Embedding puts the handlers of callbacks into an app that has routes and
// middleware of its own:
//
//	go run ./examples/embedding
//
// It shows a secret in the path of the callback URLs, an access log that does not
// give it away, basic authentication for what the app keeps to itself, and counters
// of callbacks at /metrics.
//
// CALLBACK_SECRET and ADMIN_PASSWORD are taken from the environment. Those that are
// missing are made up and printed. A secret comes in handy from
//
//	openssl rand -hex 32
package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"

	"github.com/sautigo/africastalking/examples/internal/curl"
	"github.com/sautigo/africastalking/examples/internal/serve"
)

func main() { serve.Main("embedding", run) }

func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) error {
	l, err := serve.Listen(serve.Flags("embedding", stderr), args)
	if err != nil {
		return err
	}
	defer l.Close()
	secret, shownSecret := fromEnv(getenv, "CALLBACK_SECRET")
	password, shownPassword := fromEnv(getenv, "ADMIN_PASSWORD")
	h := newApp(secret, password, slog.New(slog.NewTextHandler(stderr, nil)))
	url := serve.URL(l)
	callbacks := url + "/at/" + shownSecret
	fmt.Fprintf(stdout, "Listening on %s. Callback URLs begin with %s\n\n", url, callbacks)
	fmt.Fprintf(stdout, "# The app's own\ncurl %s/\n", url)
	fmt.Fprintf(stdout, "curl -u admin:%s %s/admin/messages\n", shownPassword, url)
	fmt.Fprintf(stdout, "curl -u admin:%s %s/metrics\n\n", shownPassword, url)
	fmt.Fprintln(stdout, "# Callbacks")
	fmt.Fprintln(stdout, curl.Post(callbacks+"/ussd", curl.Form("sessionId", "ATUid_1", "phoneNumber", "+254711000001",
		"serviceCode", "*384*123#", "text", "")))
	fmt.Fprintln(stdout, curl.Post(callbacks+"/sms/delivery-reports", curl.Form("id", "ATXid_1", "status", "Success",
		"phoneNumber", "+254711000001")))
	fmt.Fprintln(stdout, "\nPaste any of these into another terminal. Ctrl-C stops the server.")
	return serve.Until(ctx, l, h)
}

// fromEnv returns a secret from the environment and how to write it in a shell
// without showing it, or a random one, to be shown.
func fromEnv(getenv func(string) string, name string) (secret, shown string) {
	if secret = getenv(name); secret != "" {
		return secret, `"$` + name + `"`
	}
	secret = rand.Text()
	return secret, secret
}
