package atriver_test

import (
	"context"
	"log"
	"net/http"
	"os"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/sautigo/africastalking/engines/atriver"
	"github.com/sautigo/africastalking/webhook"
	"github.com/sautigo/africastalking/webhook/inbox"
)

func ExampleNew() {
	ctx := context.Background()
	pool, err := pgxpool.New(ctx, os.Getenv("DATABASE_URL")) // ...?pool_max_conns=20
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()
	if err := atriver.Migrate(ctx, pool, atriver.WithSchema("bank_inbox")); err != nil {
		log.Fatal(err)
	}
	queue, err := atriver.New(pool, atriver.WithSchema("bank_inbox"))
	if err != nil {
		log.Fatal(err)
	}
	if queue.Durability() < inbox.PowerCut {
		log.Print("this server may lose callbacks that were answered 200")
	}
	_ = inbox.New(queue)
}

func ExampleTx() {
	// The effect of a callback that is kept exactly once.
	count := func(ctx context.Context, e webhook.Event) error {
		tx, err := atriver.Tx(ctx)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, "update counts set events = events + 1")
		return err
	}
	http.Handle("/events", webhook.Handler(count)) // with the option Stored of an inbox
}
