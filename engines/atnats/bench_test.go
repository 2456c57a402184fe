package atnats_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/sautigo/africastalking/engines/atnats"
	"github.com/sautigo/africastalking/webhook/inbox"
)

// A session's record is about this long.
var benchData = bytes.Repeat([]byte("x"), 400)

// Each beside the bare operation of the client: /client is the baseline.

func BenchmarkLoad(b *testing.B) {
	ctx := context.Background()
	js := startServer(b).connect(b)
	store := open(b, js)
	if _, err := store.Save(ctx, "key", benchData, 0, time.Hour); err != nil {
		b.Fatal(err)
	}
	b.Run("store", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, _, err := store.Load(ctx, "key"); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("client", func(b *testing.B) {
		kv := bareBucket(b, js)
		if _, err := kv.Put(ctx, "key", benchData); err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		for b.Loop() {
			if _, err := kv.Get(ctx, "key"); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkSave(b *testing.B) {
	ctx := context.Background()
	js := startServer(b).connect(b)
	store := open(b, js)
	b.Run("store", func(b *testing.B) {
		key := time.Now().String()
		b.ReportAllocs()
		var version uint64
		for b.Loop() {
			var err error
			if version, err = store.Save(ctx, key, benchData, version, time.Hour); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("client", func(b *testing.B) {
		kv := bareBucket(b, js)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := kv.Put(ctx, "key", benchData); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func bareBucket(b *testing.B, js jetstream.JetStream) jetstream.KeyValue {
	b.Helper()
	kv, err := js.CreateKeyValue(context.Background(), jetstream.KeyValueConfig{Bucket: "bare"})
	if err != nil {
		b.Fatal(err)
	}
	return kv
}

// How long it takes from when a callback is received to when it is stored that it is done:
// "go test -run - -bench ReceivedToDone -benchtime 500x".
func BenchmarkReceivedToDone(b *testing.B) {
	for _, rate := range []int{50, 200} {
		b.Run(fmt.Sprintf("%d/s", rate), func(b *testing.B) { receivedToDone(b, time.Second/time.Duration(rate)) })
	}
}

func receivedToDone(b *testing.B, every time.Duration) {
	ctx := context.Background()
	s := startServer(b)
	js := s.connect(b)
	q := openQueue(b, js, atnats.WithMonitor(s.monitor()))
	stop := run(b, q, 8, func(context.Context, inbox.Delivery) error { return nil })
	pace := time.NewTicker(every)
	defer pace.Stop()
	var all []inbox.Delivery
	var puts sync.WaitGroup
	for b.Loop() {
		<-pace.C
		d := newDelivery(fmt.Sprint("bench-", len(all)))
		all = append(all, d)
		puts.Go(func() {
			if _, err := q.Put(ctx, d); err != nil {
				b.Error(err)
			}
		})
	}
	puts.Wait()
	until(b, "deliveries still wait", func() bool { waiting, _ := backlog(b, q); return waiting == 0 })
	if err := stop(); err != nil {
		b.Fatal(err)
	}
	stream, err := js.Stream(ctx, atnats.DefaultStream)
	if err != nil {
		b.Fatal(err)
	}
	took := make([]time.Duration, len(all))
	for i, d := range all {
		m, err := stream.GetLastMsgForSubject(ctx, "*.done."+d.Key+".*")
		if err != nil {
			b.Fatal(err)
		}
		took[i] = m.Time.Sub(d.Received)
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
}

func BenchmarkPut(b *testing.B) {
	s := startServer(b)
	q := openQueue(b, s.connect(b), atnats.WithMonitor(s.monitor()), atnats.WithMaxDeliveries(1<<30))
	var n atomic.Int64
	b.ReportAllocs()
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := q.Put(context.Background(), newDelivery(fmt.Sprint("bench-", n.Add(1)))); err != nil {
				b.Error(err)
			}
		}
	})
}
