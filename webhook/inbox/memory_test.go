package inbox_test

import (
	"testing"

	"github.com/sautigo/africastalking/webhook/inbox"
	"github.com/sautigo/africastalking/webhook/inbox/inboxtest"
)

func TestMemory(t *testing.T) {
	memory := func(*testing.T) inbox.Queue { return inbox.Memory(inbox.AllowLoss) }
	same := func(_ *testing.T, q inbox.Queue) inbox.Queue { return q }
	inboxtest.Run(t, memory, inboxtest.WithBubble(true),
		inboxtest.WithReopen(same), inboxtest.WithAnother(same),
		inboxtest.WithLimited(func(_ *testing.T, n int) inbox.Queue {
			return inbox.Memory(inbox.AllowLoss, inbox.WithMaxDeliveries(n))
		}))
}

// As a queue that takes its time.
func TestMemoryOnTheRealClock(t *testing.T) {
	t.Parallel()
	inboxtest.Run(t, func(*testing.T) inbox.Queue { return inbox.Memory(inbox.AllowLoss) })
}
