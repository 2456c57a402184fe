package main

import (
	"os"
	"testing"

	"github.com/sautigo/africastalking/internal/consumer"
)

// The module can be installed from a proxy, where its replace directive does not
// count.
func TestConsumer(t *testing.T) {
	t.Parallel()
	const module = "github.com/sautigo/africastalking/bench"
	app := consumer.Publish(t, "..", ".").App(t, nil, module)
	app.Go(t, "build", "-o", os.DevNull, module)
}
