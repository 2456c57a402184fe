package inbox_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sautigo/africastalking/webhook"
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

// Large bodies fill a queue in memory before their number does, and make room when done.
func TestMemoryBytes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]webhook.Callback{
		"bodies":      {Body: make([]byte, 64<<10)},
		"media types": {MediaType: strings.Repeat("a", 64<<10)},
		"both":        {MediaType: strings.Repeat("a", 100), Body: make([]byte, 64<<10-100)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fillMemory(t, c)
		})
	}
}

func fillMemory(t *testing.T, c webhook.Callback) {
	q := inbox.Memory(inbox.AllowLoss)
	put := func(i int) error {
		_, err := q.Put(t.Context(), inbox.Delivery{Name: "a", Key: fmt.Sprint("a-", i), Received: time.Now(), Window: time.Hour, Callback: c})
		return err
	}
	stored := 0
	for put(stored) == nil {
		stored++
	}
	if err := put(stored); stored != 1024 || !errors.Is(err, inbox.ErrFull) {
		t.Errorf("%d callbacks of 64 KiB were stored, then error %v, want 1024 and ErrFull", stored, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := 0
	err := q.Run(ctx, inbox.Worker{Workers: 1, Timeout: time.Minute, Handle: func(context.Context, inbox.Delivery) error {
		if done++; done == 10 {
			cancel()
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		if err := put(stored + 1 + i); err != nil {
			t.Errorf("Put after a delivery is done: %v", err)
		}
	}
}

// The memory of repeats has an end, however long their window is.
func TestMemoryForgetsRepeats(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const limit = 10
		q := inbox.Memory(inbox.AllowLoss, inbox.WithMaxDeliveries(limit))
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go func() {
			_ = q.Run(ctx, inbox.Worker{Workers: 1, Timeout: time.Minute, Handle: func(context.Context, inbox.Delivery) error { return nil }})
		}()
		put := func(i int) bool {
			duplicate, err := q.Put(t.Context(), inbox.Delivery{Name: "a", Key: fmt.Sprint("a-", i), Received: time.Now(), Window: 1000 * time.Hour})
			if err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			return duplicate
		}
		for i := range 20 * limit {
			if put(i) {
				t.Fatalf("delivery %d is a duplicate", i)
			}
		}
		for i, want := range map[int]bool{0: false, 20*limit - 1: true, 12 * limit: true} {
			if got := put(i); got != want {
				t.Errorf("repeat of delivery %d: duplicate %v, want %v", i, got, want)
			}
		}
	})
}
