// Bank is the bank of examples/ussd-bank with its state in Redis, so that any number
// of these programs can serve one session in turn:
//
//	go run ./examples/bank -redis 127.0.0.1:6379
//
// The accounts stand for the bank's own system and are in memory: in an app they are
// where all the programs reach them.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/engines/atredis"
	"github.com/sautigo/africastalking/examples/ussd-bank/bank"
	"github.com/sautigo/africastalking/ussd"
	"github.com/sautigo/africastalking/webhook"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bank:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("bank", flag.ContinueOnError)
	addr := flags.String("addr", "127.0.0.1:9000", "listen on this address")
	server := flags.String("redis", "127.0.0.1:6379", "the address of Redis")
	if err := flags.Parse(args); err != nil {
		return err
	}
	// A hop has eight seconds: it must not spend them waiting for Redis.
	client := redis.NewClient(&redis.Options{Addr: *server, ContextTimeoutEnabled: true, DialTimeout: time.Second})
	defer client.Close()
	store, err := atredis.New(ctx, client)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", *addr)
	if err != nil {
		return err
	}
	fmt.Printf("Listening on http://%s/ussd\n", l.Addr())

	ledger := bank.NewLedger()
	for _, phone := range []string{"+254711000001", "+254711000002"} {
		ledger.Open(phone, "1234", africastalking.Money{Currency: "KES", Micros: 5_000_000_000})
	}
	mux := http.NewServeMux()
	mux.Handle("/ussd", ussd.Handler(bank.NewApp(ledger, store).Serve))

	s := webhook.NewServer("", mux)
	failed := make(chan error, 1)
	go func() { failed <- s.Serve(l) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 15*time.Second)
	defer cancel()
	return s.Shutdown(ctx)
}
