package inboxtest_test

import (
	"testing"

	"github.com/sautigo/africastalking/webhook/inbox"
	"github.com/sautigo/africastalking/webhook/inbox/inboxtest"
)

// TestQueue is what goes into the tests of a queue. One that talks to a server connects
// here, and leaves WithBubble out.
func TestQueue(t *testing.T) {
	inboxtest.Run(t, func(*testing.T) inbox.Queue { return inbox.Memory(inbox.AllowLoss) }, inboxtest.WithBubble(true))
}

func ExampleRun() {
	_ = func(t *testing.T) {
		open := func(*testing.T) inbox.Queue { return inbox.Memory(inbox.AllowLoss) }
		inboxtest.Run(t, open, inboxtest.WithBubble(true))
	}
	// Output:
}
