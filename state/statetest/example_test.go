package statetest_test

import (
	"testing"
	"time"

	"github.com/sautigo/africastalking/state"
	"github.com/sautigo/africastalking/state/statetest"
)

// TestStore is what goes into the tests of a store. One that talks to a server
// connects here, and leaves WithBubble out.
func TestStore(t *testing.T) {
	var store state.Memory
	statetest.Run(t, func(*testing.T) state.Store { return &store }, statetest.WithBubble(true))
}

func ExampleRun() {
	_ = func(t *testing.T) {
		var store state.Memory
		statetest.Run(t, func(*testing.T) state.Store { return &store }, statetest.WithBubble(true))
	}
	// Output:
}

func ExampleWithBubble() {
	_ = func(t *testing.T) {
		var store state.Memory
		statetest.Run(t, func(*testing.T) state.Store { return &store }, statetest.WithBubble(true))
	}
	// Output:
}

func ExampleWithLateness() {
	_ = func(t *testing.T, connect func(*testing.T) state.Store) {
		// This server looks for expired records every ten seconds.
		statetest.Run(t, connect, statetest.WithLateness(10*time.Second))
	}
	// Output:
}
