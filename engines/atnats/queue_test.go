package atnats_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/sautigo/africastalking/engines/atnats"
	"github.com/sautigo/africastalking/webhook/inbox"
	"github.com/sautigo/africastalking/webhook/inbox/inboxtest"
)

func openQueue(t testing.TB, js jetstream.JetStream, opts ...atnats.Option) *atnats.Queue {
	t.Helper()
	q, err := atnats.NewQueue(context.Background(), js, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// queues gives out queues over streams of one server.
type queues struct {
	s       *server
	n       atomic.Int64
	mu      sync.Mutex
	streams map[inbox.Queue]string
}

func (qs *queues) open(t *testing.T, stream string, opts ...atnats.Option) inbox.Queue {
	t.Helper()
	if stream == "" {
		stream = fmt.Sprintf("inbox-%d", qs.n.Add(1))
	}
	q := openQueue(t, qs.s.connect(t), append(opts, atnats.WithStream(stream), atnats.WithMonitor(qs.s.monitor()))...)
	qs.mu.Lock()
	defer qs.mu.Unlock()
	qs.streams[q] = stream
	return q
}

func (qs *queues) streamOf(q inbox.Queue) string {
	qs.mu.Lock()
	defer qs.mu.Unlock()
	return qs.streams[q]
}

func TestQueue(t *testing.T) {
	t.Parallel()
	qs := &queues{s: startServer(t), streams: map[inbox.Queue]string{}}
	same := func(t *testing.T, q inbox.Queue) inbox.Queue { return qs.open(t, qs.streamOf(q)) }
	inboxtest.Run(t, func(t *testing.T) inbox.Queue { return qs.open(t, "") },
		inboxtest.WithLateness(25*time.Second),
		inboxtest.WithReopen(same), inboxtest.WithAnother(same),
		inboxtest.WithLimited(func(t *testing.T, n int) inbox.Queue {
			return qs.open(t, "", atnats.WithMaxDeliveries(n))
		}),
		inboxtest.WithBreak(func(t *testing.T, q inbox.Queue) {
			js := qs.s.connect(t)
			if err := js.DeleteStream(context.Background(), qs.streamOf(q)); err != nil {
				t.Error(err)
			}
		}))
}
