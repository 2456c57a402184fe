package sessiontest_test

import (
	"testing"
	"time"

	"github.com/sautigo/africastalking/ussd"
	"github.com/sautigo/africastalking/ussd/sessiontest"
)

// TestStore is what goes into the tests of a store. One that talks to a server
// connects here, and leaves WithBubble out.
func TestStore(t *testing.T) {
	var store ussd.MemoryStore
	sessiontest.Run(t, func(*testing.T) ussd.Store { return &store }, sessiontest.WithBubble(true))
}

func ExampleRun() {
	_ = func(t *testing.T) {
		var store ussd.MemoryStore
		sessiontest.Run(t, func(*testing.T) ussd.Store { return &store }, sessiontest.WithBubble(true))
	}
	// Output:
}

func ExampleWithBubble() {
	_ = func(t *testing.T) {
		var store ussd.MemoryStore
		sessiontest.Run(t, func(*testing.T) ussd.Store { return &store }, sessiontest.WithBubble(true))
	}
	// Output:
}

func ExampleWithLateness() {
	_ = func(t *testing.T, connect func(*testing.T) ussd.Store) {
		// This server looks for expired records every ten seconds.
		sessiontest.Run(t, connect, sessiontest.WithLateness(10*time.Second))
	}
	// Output:
}
