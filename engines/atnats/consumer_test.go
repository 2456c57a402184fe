package atnats_test

import (
	"testing"

	"github.com/sautigo/africastalking/internal/consumer"
)

const program = `package main

import (
	"fmt"

	"github.com/sautigo/africastalking/engines/atnats"
	"github.com/sautigo/africastalking/state"
)

func main() {
	var store state.Store = new(atnats.Store)
	fmt.Printf("%T\n", store)
}
`

func TestConsumer(t *testing.T) {
	t.Parallel()
	const module = "github.com/sautigo/africastalking/engines/atnats"
	app := consumer.Publish(t, "../..", ".").App(t, map[string]string{"main.go": program}, module)
	app.Go(t, "vet", "./...")
	if got, want := app.Go(t, "run", "."), "*atnats.Store\n"; got != want {
		t.Errorf("output: got %q, want %q", got, want)
	}
}
