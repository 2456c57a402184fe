// Sms-autoreply answers incoming SMS by keyword: HELP, BALANCE, STOP and START, in
// upper or lower case. It understands "please stop", UNSUBSCRIBE and ARRET, too.
// After STOP it confirms once and sends that number nothing more until START.
//
//	go run ./examples/sms-autoreply
//
// Without an account it prints the replies, with the numbers masked. With AT_USERNAME
// and AT_API_KEY it sends them; replies to premium messages carry the link ID that
// ties them together.
//
// The opt-outs must survive a restart, so they belong in a database. The example
// keeps them in memory. It does not check who is calling: see examples/embedding.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"

	"github.com/sautigo/africastalking/client"
	"github.com/sautigo/africastalking/examples/internal/account"
	"github.com/sautigo/africastalking/examples/internal/curl"
	"github.com/sautigo/africastalking/examples/internal/serve"
	"github.com/sautigo/africastalking/sms"
	"github.com/sautigo/africastalking/state"
	"github.com/sautigo/africastalking/webhook"
)

func main() { serve.Main("sms-autoreply", run) }

func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) error {
	l, err := serve.Listen(serve.Flags("sms-autoreply", stderr), args)
	if err != nil {
		return err
	}
	defer l.Close()
	client, sentence, err := account.New(getenv, stdout)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "Listening on %s. %s Try these in turn; each is a new message.\n\n", serve.URL(l), sentence)
	for i, text := range []string{"help", "Balance", "Please stop", "help", "start"} {
		body := curl.Form("id", fmt.Sprint("message-", i+1), "from", "+254711000001", "to", "21512", "text", text)
		fmt.Fprintln(stdout, curl.Post(serve.URL(l)+"/sms/incoming", body))
	}
	fmt.Fprintln(stdout, "\nCtrl-C stops the server.")
	return serve.Until(ctx, l, routes(client, slog.New(slog.NewTextHandler(stderr, nil))))
}

func routes(account *client.Client, log *slog.Logger) http.Handler {
	b := &bot{balance: balance, log: log, senders: make(map[string]sender)}
	logger := webhook.WithLogger(log)
	mux := http.NewServeMux()
	mux.Handle("/sms/incoming", sms.TwoWayHandler(account, new(state.Memory), b.reply, logger))
	mux.Handle("/sms/opt-out", sms.OptOutHandler(b.optOut, logger))
	return mux
}
