package atnats_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
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
