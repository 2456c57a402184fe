// Sms-autoreply answers incoming SMS by keyword: HELP, BALANCE, STOP and START, in
// upper or lower case. STOP is remembered: it is confirmed once, and that number
// gets nothing more until it sends START.
//
//	go run ./examples/sms-autoreply
//
// Without an account the replies are printed. With AT_USERNAME and AT_API_KEY they
// are sent; replies to premium messages carry the link ID that ties them together.
//
// What must survive a restart, the opt-outs above all, belongs in a database. Here
// it is kept in memory. Nothing checks who is calling: see examples/embedding.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/sautigo/africastalking/client"
	"github.com/sautigo/africastalking/examples/internal/curl"
	"github.com/sautigo/africastalking/examples/internal/once"
	"github.com/sautigo/africastalking/examples/internal/serve"
	"github.com/sautigo/africastalking/sms"
	"github.com/sautigo/africastalking/webhook"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the second signal ends the process at once
	err := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "sms-autoreply:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("sms-autoreply", flag.ContinueOnError)
	flags.SetOutput(stderr)
	addr := flags.String("addr", "127.0.0.1:9000", "listen on this address")
	if err := flags.Parse(args); err != nil {
		return err
	}
	username, key := getenv("AT_USERNAME"), getenv("AT_API_KEY")
	if (username == "") != (key == "") {
		return errors.New("set both AT_USERNAME and AT_API_KEY to send, or none to do without an account")
	}
	send, how := printTo(stdout), "printed here"
	if username != "" {
		send, how = client.New(username, key, client.WithTimeout(10*time.Second)).Send, "sent through Africa's Talking"
	}
	l, err := net.Listen("tcp", *addr)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "Listening on %s. Replies are %s. Try these in turn; each is a new message.\n\n", serve.URL(l), how)
	for i, text := range []string{"help", "Balance", "STOP", "help", "start"} {
		body := curl.Form("id", fmt.Sprint("message-", i+1), "from", "+254711000001", "to", "21512", "text", text)
		fmt.Fprintln(stdout, curl.Post(serve.URL(l)+"/sms/incoming", body))
	}
	fmt.Fprintln(stdout, "\nCtrl-C stops the server.")
	return serve.Until(ctx, l, routes(send, slog.New(slog.NewTextHandler(stderr, nil))))
}

// rememberedMessages is how many message IDs are kept to know a message that
// comes again. Africa's Talking sends one again for up to 12 hours.
const rememberedMessages = 10_000

func routes(send sendFunc, log *slog.Logger) http.Handler {
	b := &bot{send: send, balance: balance, log: log, handled: once.NewKeys(rememberedMessages), optOuts: newOptOuts()}
	logger := webhook.WithLogger(log)
	mux := http.NewServeMux()
	mux.Handle("/sms/incoming", sms.IncomingMessageHandler(b.receive, logger))
	mux.Handle("/sms/opt-out", sms.OptOutHandler(b.optOut, logger))
	return mux
}
