package atredis_test

import (
	"bytes"
	"context"
	"testing"
	"time"
)

// A session's record is about this long.
var benchData = bytes.Repeat([]byte("x"), 400)

// Each beside the bare command of the client: /client is the baseline.

func BenchmarkLoad(b *testing.B) {
	client := startServer(b, "--appendfsync", "no").connect(b)
	ctx := context.Background()
	store := open(b, client)
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
		b.ReportAllocs()
		for b.Loop() {
			if _, err := client.Get(ctx, "at:state:key").Bytes(); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkSave(b *testing.B) {
	client := startServer(b, "--appendfsync", "no").connect(b)
	ctx := context.Background()
	store := open(b, client)
	b.Run("store", func(b *testing.B) {
		b.ReportAllocs()
		var version uint64
		key := time.Now().String()
		for b.Loop() {
			var err error
			if version, err = store.Save(ctx, key, benchData, version, time.Hour); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("client", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := client.Set(ctx, "key", benchData, time.Hour).Err(); err != nil {
				b.Fatal(err)
			}
		}
	})
}
