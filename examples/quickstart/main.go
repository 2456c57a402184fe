// Quickstart is an app that answers every kind of callback of Africa's Talking,
// with one short handler for each. It needs no account:
//
//	go run ./examples/quickstart
//
// It prints a curl line for each of its routes; paste one into another terminal
// and see what Africa's Talking would get. The reply to an incoming message is
// printed instead of sent.
//
// With an account it sends the reply for real; the username "sandbox" sends it to
// the simulator:
//
//	AT_USERNAME=sandbox AT_API_KEY=… go run ./examples/quickstart
//
// Every event is logged to standard error, without phone numbers and texts.
//
// Nothing here checks who is calling: before you let the internet in, put a secret
// into the paths as examples/embedding does.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/sautigo/africastalking/client"
	"github.com/sautigo/africastalking/examples/internal/curl"
	"github.com/sautigo/africastalking/examples/internal/serve"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the second signal ends the process at once
	err := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("quickstart", flag.ContinueOnError)
	flags.SetOutput(stderr)
	addr := flags.String("addr", "127.0.0.1:9000", "listen on this address")
	if err := flags.Parse(args); err != nil {
		return err
	}
	account, err := newClient(getenv, stdout)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", *addr)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "Listening on %s. ", serve.URL(l))
	if getenv("AT_USERNAME") == "" {
		fmt.Fprint(stdout, "No account: SMS replies are printed here.\n\n")
	} else {
		fmt.Fprintf(stdout, "SMS replies are sent through Africa's Talking: %v.\n\n", account)
	}
	for _, s := range samples() {
		fmt.Fprintf(stdout, "# %s\n%s\n\n", s.title, curl.Post(serve.URL(l)+s.path, s.body))
	}
	fmt.Fprintln(stdout, "Paste any of these into another terminal. Ctrl-C stops the server.")
	return serve.Until(ctx, l, routes(account, slog.New(slog.NewTextHandler(stderr, nil))))
}

// sendTimeout is how long sending a reply may take. The callback waits for it, so
// it must be well under the time that a server gives an answer.
const sendTimeout = 10 * time.Second

// newClient returns a client for the account in the environment, or one whose
// messages are printed to w if there is none.
func newClient(getenv func(string) string, w io.Writer) (*client.Client, error) {
	username, key := getenv("AT_USERNAME"), getenv("AT_API_KEY")
	switch {
	case username != "" && key != "":
		return client.New(username, key, client.WithTimeout(sendTimeout)), nil
	case username != "":
		return nil, errors.New("AT_USERNAME is set but AT_API_KEY is not: set both to send, or none to do without an account")
	case key != "":
		return nil, errors.New("AT_API_KEY is set but AT_USERNAME is not: set both to send, or none to do without an account")
	}
	return client.New("sandbox", "no-key", client.WithHTTPClient(standIn(w))), nil
}
