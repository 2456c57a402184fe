package atnats_test

import (
	"context"
	"log"
	"net/http"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/sautigo/africastalking/engines/atnats"
	"github.com/sautigo/africastalking/ussd"
	"github.com/sautigo/africastalking/webhook/inbox"
)

func ExampleNew() {
	conn, err := nats.Connect(nats.DefaultURL, nats.MaxReconnects(-1))
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		log.Fatal(err)
	}
	store, err := atnats.New(context.Background(), js, atnats.WithBucket("bank-ussd"), atnats.WithReplicas(3))
	if err != nil {
		log.Fatal(err)
	}

	type cart struct{ Items []string }
	shop := func(ctx context.Context, r ussd.Request, c *cart) (ussd.Response, error) {
		if r.Typed != "" {
			c.Items = append(c.Items, r.Typed)
		}
		return ussd.Continuef("%d in your cart. Add:", len(c.Items)), nil
	}
	http.Handle("/ussd", ussd.Handler(ussd.Stateful(store, shop)))
}

// The configuration of the server:
//
//	http_port: 8222
//	jetstream: { store_dir: /var/lib/nats, sync_interval: always }
func ExampleNewQueue() {
	conn, err := nats.Connect(nats.DefaultURL, nats.MaxReconnects(-1))
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		log.Fatal(err)
	}
	queue, err := atnats.NewQueue(context.Background(), js, atnats.WithMonitor("http://localhost:8222"))
	if err != nil {
		log.Fatal(err) // such as: its servers may lose what they acknowledged
	}
	log.Println("a 200 outlives:", queue.Durability())
	_ = inbox.New(queue)
}
