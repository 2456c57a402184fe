package state_test

import (
	"errors"
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sautigo/africastalking/state"
	"github.com/sautigo/africastalking/state/statetest"
)

func TestMemory(t *testing.T) {
	var store state.Memory
	statetest.Run(t, func(*testing.T) state.Store { return &store }, statetest.WithBubble(true))
}

// As a store of which nothing is known but its methods.
func TestStore(t *testing.T) {
	var store state.Memory
	statetest.Run(t, func(*testing.T) state.Store { return struct{ state.Store }{&store} }, statetest.WithBubble(true))
}

func TestMemoryFull(t *testing.T) {
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

// Whatever order the ends of records were set in, what is over makes room.
func TestMemoryMakesRoom(t *testing.T) {
	t.Parallel()
	type save struct {
		key string
		ttl time.Duration
	}
	for name, test := range map[string]struct {
		max   int
		saves []save // one after the other; a key's second is over its first
		wait  time.Duration
	}{
		"shortened": {1, []save{{"a", time.Hour}, {"a", time.Minute}}, 2 * time.Minute},
		"behind what was renewed": {4, []save{
			{"a", time.Minute}, {"b", time.Minute}, {"c", time.Minute}, {"d", 2 * time.Minute},
			{"a", time.Hour}, {"b", time.Hour}, {"c", time.Hour},
		}, 3 * time.Minute},
		"all": {3, []save{{"a", time.Hour}, {"b", time.Minute}, {"c", time.Second}}, 2 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				store := &state.Memory{MaxRecords: test.max}
				versions := map[string]uint64{}
				for _, s := range test.saves {
					v, err := store.Save(t.Context(), s.key, nil, versions[s.key], s.ttl)
					if err != nil {
						t.Fatal(err)
					}
					versions[s.key] = v
				}
				if _, err := store.Save(t.Context(), "new", nil, 0, time.Hour); !errors.Is(err, state.ErrFull) {
					t.Fatalf("Save into a full store: got error %v, want ErrFull", err)
				}
				time.Sleep(test.wait)
				if _, err := store.Save(t.Context(), "new", nil, 0, time.Hour); err != nil {
					t.Errorf("Save after a record's time is over: %v", err)
				}
			})
		})
	}
}

// Records whose time is over go while others come, long before the store is full.
func TestMemoryForgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const records, size = 64, 1 << 20
		store := new(state.Memory)
		for i := range records {
			if _, err := store.Save(t.Context(), fmt.Sprint(i), make([]byte, size), 0, time.Minute); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
		}
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		if m.HeapAlloc > records*size/2 {
			t.Errorf("%d MiB are held", m.HeapAlloc>>20)
		}
		runtime.KeepAlive(store)
	})
}

func BenchmarkMemory(b *testing.B) {
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
