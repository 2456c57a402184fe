package atredis_test

import (
	"testing"

	"github.com/sautigo/africastalking/internal/consumer"
)

const program = `package main

import (
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/sautigo/africastalking/engines/atredis"
	"github.com/sautigo/africastalking/state"
)

func main() {
	client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1"})
	defer client.Close()
	var store state.Store = atredis.New(client)
	fmt.Printf("%T\n", store)
}
`

func TestConsumer(t *testing.T) {
	t.Parallel()
	const module = "github.com/sautigo/africastalking/engines/atredis"
	app := consumer.Publish(t, "../..", ".").App(t, map[string]string{"main.go": program}, module)
	app.Go(t, "vet", "./...")
	if got, want := app.Go(t, "run", "."), "*atredis.Store\n"; got != want {
		t.Errorf("output: got %q, want %q", got, want)
	}
}
