// Ussd-sacco is a savings cooperative on USSD: those who are no members register,
// members type their PIN and get a menu in their own language. The app is in package
// sacco beside it; its tests dial it with a phone.
//
//	go run .
//
// It prints curl lines that walk through a session. State is in memory; -store
// redis://127.0.0.1:6379 or -store nats://127.0.0.1:4222 keeps it there, so that any
// number of these programs can serve one session in turn. The members stand for the
// cooperative's own system and are in memory: in an app they are where all the programs
// reach them.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/redis/go-redis/v9"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/engines/atnats"
	"github.com/sautigo/africastalking/engines/atredis"
	"github.com/sautigo/africastalking/examples/internal/curl"
	"github.com/sautigo/africastalking/examples/internal/serve"
	"github.com/sautigo/africastalking/examples/ussd-sacco/sacco"
	"github.com/sautigo/africastalking/state"
	"github.com/sautigo/africastalking/ussd"
	"github.com/sautigo/africastalking/webhook"
)

func main() { serve.Main("ussd-sacco", run) }

// hops are what Africa's Talking sends while a member borrows.
func hops() []string {
	return []string{"", "1234", "1234*2", "1234*2*4000", "1234*2*4000*6", "1234*2*4000*6*1"}
}

func run(ctx context.Context, args []string, _ func(string) string, stdout, stderr io.Writer) error {
	flags := serve.Flags("ussd-sacco", stderr)
	where := flags.String("store", "memory", "keep state here: memory, redis://host:port or nats://host:port")
	l, err := serve.Listen(flags, args)
	if err != nil {
		return err
	}
	defer l.Close()
	store, closeStore, err := open(ctx, *where)
	if err != nil {
		return err
	}
	defer closeStore()

	book := sacco.NewBook()
	if _, err := book.Register("+254711000001", "Amina", "1234", "English"); err != nil {
		return err
	}
	book.Save("+254711000001", africastalking.Money{Currency: "KES", Micros: 2_000_000_000})
	app := sacco.New(book, store)
	mux := http.NewServeMux()
	mux.Handle("/ussd", ussd.Handler(app.Serve, webhook.WithFallbackFor(app.Sorry)))

	url := serve.URL(l)
	fmt.Fprintf(stdout, "Listening on %s. The callback URL is %s/ussd. A session, hop by hop:\n\n", url, url)
	// With state that outlives this program, a session must be another one each time.
	session := fmt.Sprintf("ATUid_%d", time.Now().UnixNano())
	for _, text := range hops() {
		fmt.Fprintf(stdout, "%s\n", curl.Post(url+"/ussd", curl.Form(
			"phoneNumber", "+254711000001", "serviceCode", sacco.ServiceCode, "text", text, "sessionId", session, "networkCode", "63902")))
	}
	fmt.Fprintln(stdout, "\nPaste any of these into another terminal. Ctrl-C stops the server.")
	return serve.Until(ctx, l, mux)
}

// open opens the store at a URL.
func open(ctx context.Context, url string) (state.Store, func(), error) {
	switch {
	case url == "memory":
		return new(state.Memory), func() {}, nil
	case strings.HasPrefix(url, "redis://"), strings.HasPrefix(url, "rediss://"):
		opts, err := redis.ParseURL(url)
		if err != nil {
			return nil, nil, err
		}
		// A hop has eight seconds: it must not spend them waiting for Redis.
		opts.ContextTimeoutEnabled, opts.DialTimeout = true, time.Second
		client := redis.NewClient(opts)
		store, err := atredis.New(ctx, client, atredis.WithPrefix("sacco:"))
		if err != nil {
			return nil, nil, errors.Join(err, client.Close())
		}
		return store, func() { _ = client.Close() }, nil
	case strings.HasPrefix(url, "nats://"), strings.HasPrefix(url, "tls://"):
		conn, err := nats.Connect(url, nats.MaxReconnects(-1))
		if err != nil {
			return nil, nil, err
		}
		js, err := jetstream.New(conn)
		if err != nil {
			conn.Close()
			return nil, nil, err
		}
		store, err := atnats.New(ctx, js, atnats.WithBucket("sacco"))
		if err != nil {
			conn.Close()
			return nil, nil, err
		}
		return store, conn.Close, nil
	}
	return nil, nil, errors.New("-store is memory, redis://host:port or nats://host:port")
}
