package atredis_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/sautigo/africastalking/engines/atredis"
	"github.com/sautigo/africastalking/state"
	"github.com/sautigo/africastalking/state/statetest"
	"github.com/sautigo/africastalking/ussd"
	"github.com/sautigo/africastalking/ussd/ussdtest"
)

func open(t testing.TB, client redis.UniversalClient, opts ...atredis.Option) *atredis.Store {
	t.Helper()
	store, err := atredis.New(context.Background(), client, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func TestStore(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	statetest.Run(t, func(t *testing.T) state.Store { return open(t, s.connect(t)) })
}

// A cluster of one node refuses what a larger one does: commands on keys of
// several slots.
func TestStoreInCluster(t *testing.T) {
	t.Parallel()
	s := startServer(t, "--cluster-enabled", "yes")
	ctx := t.Context()
	node := s.connect(t)
	if err := node.ClusterAddSlotsRange(ctx, 0, 16383).Err(); err != nil {
		t.Fatal(err)
	}
	for {
		info, err := node.ClusterInfo(ctx).Result()
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(info, "cluster_state:ok") {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	for name, readOnly := range map[string]bool{"Masters": false, "Replicas": true} {
		t.Run(name, func(t *testing.T) {
			statetest.Run(t, func(t *testing.T) state.Store {
				client := redis.NewClusterClient(&redis.ClusterOptions{
					Addrs: []string{s.addr}, ReadOnly: readOnly, ContextTimeoutEnabled: true,
				})
				t.Cleanup(func() { client.Close() })
				return open(t, client)
			})
		})
	}
}

func TestPrefix(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	client := startServer(t).connect(t)
	if _, err := open(t, client).Save(ctx, "key", []byte("a"), 0, time.Minute); err != nil {
		t.Fatal(err)
	}
	other := open(t, client, atredis.WithPrefix("other:"))
	if _, err := other.Save(ctx, "key", []byte("b"), 0, 90*time.Second); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]struct {
		data string
		ttl  time.Duration
	}{"at:state:key": {"a", time.Minute}, "other:key": {"b", 90 * time.Second}} {
		got, err := client.Get(ctx, name).Result()
		if err != nil || len(got) != 9 || got[8:] != want.data {
			t.Errorf("%s: got %q and error %v, want 8 bytes and %q", name, got, err, want.data)
		}
		if ttl := client.PTTL(ctx, name).Val(); ttl > want.ttl || ttl < want.ttl-20*time.Second {
			t.Errorf("%s: lasts for %v, want %v", name, ttl, want.ttl)
		}
	}
}

// What others put under a store's names is neither read nor written over.
func TestForeign(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	client := startServer(t).connect(t)
	if err := client.Set(ctx, "at:state:short", "foreign", 0).Err(); err != nil {
		t.Fatal(err)
	}
	if err := client.HSet(ctx, "at:state:hash", "a", "b").Err(); err != nil {
		t.Fatal(err)
	}
	store := open(t, client)
	for _, key := range []string{"short", "hash"} {
		if data, version, err := store.Load(ctx, key); err == nil || data != nil || version != 0 {
			t.Errorf("Load of %s: got %q, version %d and error %v, want an error alone", key, data, version, err)
		}
		if v, err := store.Save(ctx, key, []byte("a"), 0, time.Minute); err == nil {
			t.Errorf("Save of %s: got version %d, want an error", key, v)
		}
	}
}

// A command that go-redis sends again, since the connection broke before its answer
// came, succeeds once.
func TestAnswerLost(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s := startServer(t)
	var net lossy
	client := redis.NewClient(&redis.Options{Addr: s.addr, ContextTimeoutEnabled: true, Dialer: net.dial})
	defer client.Close()
	store := open(t, client)
	version, err := store.Save(ctx, "key", []byte("0"), 0, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		want := strings.Repeat("x", i)
		net.lose.Store(true)
		version, err = store.Save(ctx, "key", []byte(want), version, time.Minute)
		if err != nil {
			t.Fatalf("Save whose answer is lost: %v", err)
		}
		data, v, err := store.Load(ctx, "key")
		if string(data) != want || v != version || err != nil {
			t.Fatalf("got %q, version %d and error %v, want %q and version %d", data, v, err, want, version)
		}
	}
	if err := store.Delete(ctx, "absent", 0); err != nil { // has the server load the script
		t.Fatal(err)
	}
	// A Delete that was sent twice cannot know that it was the first.
	net.lose.Store(true)
	if err := store.Delete(ctx, "key", version); !errors.Is(err, state.ErrVersion) {
		t.Errorf("Delete whose answer is lost: got error %v, want state.ErrVersion", err)
	}
	if _, v, err := store.Load(ctx, "key"); v != 0 || err != nil {
		t.Errorf("after a Delete: got version %d and error %v, want none", v, err)
	}
	if got := net.lost.Load(); got != 21 {
		t.Errorf("%d answers were lost, want 21", got)
	}
}

func machineStore(addr string) (state.Store, func(), error) {
	client := newClient(addr)
	store, err := atredis.New(context.Background(), client)
	return store, func() { client.Close() }, err
}

// Two processes serve one session; each hop is delivered to both of them at once.
func TestTwoProcesses(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	runs := filepath.Join(t.TempDir(), "runs")
	p := ussdtest.New(t, inTurn(t, startMachine(t, s.addr, runs), startMachine(t, s.addr, runs)))
	p.Dial("").Sees("Add:").Again()
	p.Send("maize").Sees("maize", "Add:").Again()
	p.Send("1*2").Sees("maize, 1*2", "Add:").Again()
	p.Send("beans").Sees("maize, 1*2, beans", "Add:")
	p.Send("0").Ends("Bought: maize, 1*2, beans").Again()
	ranOnce(t, runs, p.SessionID(), "", "maize", "maize*1*2", "maize*1*2*beans", "maize*1*2*beans*0")
}

// The server crashes and comes back in the middle of a session.
func TestRestart(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	runs := filepath.Join(t.TempDir(), "runs")
	machines := []string{startMachine(t, s.addr, runs), startMachine(t, s.addr, runs)}
	const session = "ATUid_restart"
	texts := []string{"", "maize", "maize*beans", "maize*beans*0"}
	want := []string{"CON Add:", "CON maize\nAdd:", "CON maize, beans\nAdd:", "END Bought: maize, beans"}
	for i, text := range texts {
		if i > 0 {
			s.stop()
			for _, m := range machines {
				if got, want := post(t, m, hop(session, text)), "END "+ussd.Apology; got != want {
					t.Errorf("hop %q without a server: got %q, want %q", text, got, want)
				}
			}
			s.start()
		}
		for range 2 {
			for _, m := range machines {
				if got := postUntilServed(t, m, hop(session, text)); got != want[i] {
					t.Fatalf("hop %q: got %q, want %q", text, got, want[i])
				}
			}
		}
	}
	ranOnce(t, runs, session, texts...)
}

// postUntilServed delivers a hop again as long as the server cannot be reached.
func postUntilServed(t *testing.T, address, form string) string {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		got := post(t, address, form)
		if got != "END "+ussd.Apology || time.Now().After(end) {
			return got
		}
	}
}
