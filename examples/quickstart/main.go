// Quickstart is an app that answers every kind of callback of Africa's Talking,
// with one short handler for each. It needs no account:
//
//	go run ./examples/quickstart
//
// It prints a curl line for each of its routes; paste one into another terminal
// and see the answer that Africa's Talking would get. Instead of sending the reply to
// an incoming message it prints the reply, with the number masked.
//
// With an account it sends the reply; the username "sandbox" sends it to the
// simulator:
//
//	AT_USERNAME=sandbox AT_API_KEY=… go run ./examples/quickstart
//
// Every event is logged to standard error, without phone numbers and texts.
//
// No handler checks that Africa's Talking is calling: before you let the internet in,
// put a secret into the paths as examples/embedding does. Replies are remembered in
// memory, so a restart forgets them: an app that must not reply again after one takes
// a store that outlives it, such as one of the modules in engines.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"

	"github.com/sautigo/africastalking/examples/internal/account"
	"github.com/sautigo/africastalking/examples/internal/curl"
	"github.com/sautigo/africastalking/examples/internal/serve"
)

func main() { serve.Main("quickstart", run) }

func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) error {
	l, err := serve.Listen(serve.Flags("quickstart", stderr), args)
	if err != nil {
		return err
	}
	defer l.Close()
	client, sentence, err := account.New(getenv, stdout)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "Listening on %s. %s\n\n", serve.URL(l), sentence)
	for _, s := range samples() {
		fmt.Fprintf(stdout, "# %s\n%s\n\n", s.title, curl.Post(serve.URL(l)+s.path, s.body))
	}
	fmt.Fprintln(stdout, "Paste any of these into another terminal. Ctrl-C stops the server.")
	return serve.Until(ctx, l, routes(client, slog.New(slog.NewTextHandler(stderr, nil))))
}
