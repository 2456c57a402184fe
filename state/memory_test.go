package state_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sautigo/africastalking/state"
	"github.com/sautigo/africastalking/state/statetest"
)

func TestMemoryStore(t *testing.T) {
	var store state.Memory
	statetest.Run(t, func(*testing.T) state.Store { return &store }, statetest.WithBubble(true))
}

// As a store of which nothing is known but its methods.
func TestStore(t *testing.T) {
	var store state.Memory
	statetest.Run(t, func(*testing.T) state.Store { return struct{ state.Store }{&store} }, statetest.WithBubble(true))
}

func TestMemoryStoreFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		store := &state.Memory{MaxRecords: 10}
		versions := map[string]uint64{}
		for i := range 10 {
			key := fmt.Sprint(i)
			v, err := store.Save(ctx, key, nil, 0, time.Duration(i+1)*time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			versions[key] = v
		}
		if _, err := store.Save(ctx, "another", nil, 0, time.Hour); !errors.Is(err, state.ErrFull) {
			t.Fatalf("Save into a full store: got error %v, want ErrFull", err)
		}
		// What is there goes on, and lasts longer.
		v, err := store.Save(ctx, "0", nil, versions["0"], time.Hour)
		if err != nil {
			t.Fatalf("Save of a record that is there: %v", err)
		}
		// When the time of one is over, its place is free.
		time.Sleep(2 * time.Minute)
		if _, err := store.Save(ctx, "another", nil, 0, time.Hour); err != nil {
			t.Fatalf("Save after a record expired: %v", err)
		}
		if _, err := store.Save(ctx, "one more", nil, 0, time.Hour); !errors.Is(err, state.ErrFull) {
			t.Fatalf("Save into a full store: got error %v, want ErrFull", err)
		}
		if _, got, _ := store.Load(ctx, "0"); got != v {
			t.Errorf("a record that was made to last longer: got version %d, want %d", got, v)
		}
		if err := store.Delete(ctx, "0", v); err != nil {
			t.Fatal(err)
		}
		if _, err := store.Save(ctx, "one more", nil, 0, time.Hour); err != nil {
			t.Fatalf("Save after a record was deleted: %v", err)
		}
	})
}

func BenchmarkMemoryStore(b *testing.B) {
	ctx := b.Context()
	var store state.Memory
	data := make([]byte, 256)
	for i := range 50_000 {
		if _, err := store.Save(ctx, fmt.Sprint("other ", i), data, 0, time.Hour); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		_, v, _ := store.Load(ctx, "key")
		if _, err := store.Save(ctx, "key", data, v, time.Minute); err != nil {
			b.Fatal(err)
		}
	}
}
