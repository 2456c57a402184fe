package atredis_test

import (
	"context"
	"log"
	"net/http"

	"github.com/redis/go-redis/v9"

	"github.com/sautigo/africastalking/engines/atredis"
	"github.com/sautigo/africastalking/ussd"
)

// The example is not run: it needs a server.
func ExampleNew() {
	client := redis.NewUniversalClient(&redis.UniversalOptions{
		Addrs:                 []string{"localhost:6379"},
		ContextTimeoutEnabled: true,
	})
	defer client.Close()
	store, err := atredis.New(context.Background(), client, atredis.WithPrefix("shop:"))
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
	// Any number of machines can serve this handler.
	http.Handle("/ussd", ussd.Handler(ussd.Stateful(store, shop)))
}
