package atredis_test

import (
	"context"
	"fmt"
	"net/http"

	"github.com/redis/go-redis/v9"

	"github.com/sautigo/africastalking/engines/atredis"
	"github.com/sautigo/africastalking/ussd"
)

func ExampleNew() {
	client := redis.NewUniversalClient(&redis.UniversalOptions{
		Addrs:                 []string{"localhost:6379"},
		ContextTimeoutEnabled: true,
	})
	defer client.Close()
	store := atredis.New(client, atredis.WithPrefix("bank:ussd:"))

	type cart struct{ Items []string }
	shop := func(ctx context.Context, r ussd.Request, c *cart) (ussd.Response, error) {
		if r.Typed != "" {
			c.Items = append(c.Items, r.Typed)
		}
		return ussd.Continuef("%d in your cart. Add:", len(c.Items)), nil
	}
	mux := http.NewServeMux()
	mux.Handle("/ussd", ussd.Handler(ussd.Stateful(store, shop)))
	fmt.Println("any number of machines can serve this mux")
	// Output: any number of machines can serve this mux
}
