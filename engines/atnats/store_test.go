package atnats_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/sautigo/africastalking/engines/atnats"
	"github.com/sautigo/africastalking/state"
	"github.com/sautigo/africastalking/state/statetest"
	"github.com/sautigo/africastalking/ussd"
	"github.com/sautigo/africastalking/ussd/ussdtest"
)

func open(t testing.TB, js jetstream.JetStream, opts ...atnats.Option) *atnats.Store {
	t.Helper()
	store, err := atnats.New(context.Background(), js, opts...)
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

// A bucket made as others make theirs, with marks of what has expired.
func TestStoreInBucketWithMarkers(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	_, err := s.connect(t).CreateKeyValue(t.Context(), jetstream.KeyValueConfig{
		Bucket: "sessions", LimitMarkerTTL: time.Minute,
	})
	if err != nil {
		t.Fatal(err)
	}
	statetest.Run(t, func(t *testing.T) state.Store { return open(t, s.connect(t), atnats.WithBucket("sessions")) })
}

// What the store keeps is a bucket for others too.
func TestBucket(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	js := startServer(t).connect(t)
	store := open(t, js)
	version, err := store.Save(ctx, "session-1f", []byte("a"), 0, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	kv, err := js.KeyValue(ctx, atnats.DefaultBucket)
	if err != nil {
		t.Fatal(err)
	}
	entry, err := kv.Get(ctx, "k.session-1f")
	if err != nil {
		t.Fatal(err)
	}
	if string(entry.Value()) != "a" || entry.Revision() != version {
		t.Errorf("the bucket has %q with revision %d, want %q with %d", entry.Value(), entry.Revision(), "a", version)
	}
	if err := store.Delete(ctx, "session-1f", version); err != nil {
		t.Fatal(err)
	}
	if _, err := kv.Get(ctx, "k.session-1f"); !errors.Is(err, jetstream.ErrKeyNotFound) {
		t.Errorf("after a Delete: got error %v, want %v", err, jetstream.ErrKeyNotFound)
	}
	if version, err = store.Save(ctx, "session-1f", []byte("b"), 0, time.Minute); err != nil {
		t.Fatal(err)
	}
	if err := kv.Delete(ctx, "k.session-1f"); err != nil {
		t.Fatal(err)
	}
	if _, v, err := store.Load(ctx, "session-1f"); v != 0 || err != nil {
		t.Errorf("after somebody else deleted it: got version %d and error %v, want none", v, err)
	}
	if _, err := store.Save(ctx, "session-1f", nil, version, time.Minute); !errors.Is(err, state.ErrVersion) {
		t.Errorf("after somebody else deleted it: got error %v, want state.ErrVersion", err)
	}
	if _, err := store.Save(ctx, "session-1f", nil, 0, time.Minute); err != nil {
		t.Error(err)
	}
}

// Nothing of a record is left when its time is over.
func TestNothingIsLeft(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	js := startServer(t).connect(t)
	store := open(t, js)
	for _, key := range []string{"a", "b", "c/d"} {
		if _, err := store.Save(ctx, key, []byte("a"), 0, 300*time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
	stream, err := js.Stream(ctx, "KV_"+atnats.DefaultBucket)
	if err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		info, err := stream.Info(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if info.State.Msgs == 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%d messages are left", info.State.Msgs)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	js := startServer(t).connect(t)
	for name, config := range map[string]jetstream.KeyValueConfig{
		"does not allow message TTLs": {Bucket: "plain"},
		"limits the age":              {Bucket: "age", TTL: time.Hour, LimitMarkerTTL: time.Minute},
		"keeps a history":             {Bucket: "history", History: 5, LimitMarkerTTL: time.Minute},
	} {
		if _, err := js.CreateKeyValue(ctx, config); err != nil {
			t.Fatal(err)
		}
		store, err := atnats.New(ctx, js, atnats.WithBucket(config.Bucket))
		if store != nil || err == nil || !strings.HasPrefix(err.Error(), "atnats: ") || !strings.Contains(err.Error(), name) {
			t.Errorf("New over a bucket whose stream %s: got error %v", name, err)
		}
	}
	for name, change := range map[string]func(*jetstream.StreamConfig){
		"drops old records": func(c *jetstream.StreamConfig) { c.Discard = jetstream.DiscardOld },
		"rollups":           func(c *jetstream.StreamConfig) { c.AllowRollup = false },
		"followers":         func(c *jetstream.StreamConfig) { c.AllowDirect, c.Replicas = true, 3 },
	} {
		if _, err := atnats.New(ctx, js, atnats.WithStreamConfig(change)); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("New with a configuration that is refused: got error %v, want one about %s", err, name)
		}
	}
	for _, bucket := range []string{"", "a.b", "a b", "é", ">"} {
		if _, err := atnats.New(ctx, js, atnats.WithBucket(bucket)); !errors.Is(err, jetstream.ErrInvalidBucketName) {
			t.Errorf("New with bucket %q: got error %v, want %v", bucket, err, jetstream.ErrInvalidBucketName)
		}
	}
	if _, err := atnats.New(ctx, nil); err == nil {
		t.Error("New without a JetStream: got no error")
	}
}

// A server that cannot be reached is an error at once, and nothing is saved later.
func TestDisconnected(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s := startServer(t)
	js := s.connect(t)
	store := open(t, js)
	version, err := store.Save(ctx, "key", []byte("a"), 0, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	s.stop()
	for js.Conn().IsConnected() {
		time.Sleep(5 * time.Millisecond)
	}
	began := time.Now()
	if _, _, err := store.Load(ctx, "key"); err == nil || errors.Is(err, state.ErrVersion) {
		t.Errorf("Load without a server: got error %v", err)
	}
	if _, err := store.Save(ctx, "key", []byte("b"), version, time.Minute); err == nil || errors.Is(err, state.ErrVersion) {
		t.Errorf("Save without a server: got error %v", err)
	}
	if err := store.Delete(ctx, "key", version); err == nil || errors.Is(err, state.ErrVersion) {
		t.Errorf("Delete without a server: got error %v", err)
	}
	if after := time.Since(began); after > time.Second {
		t.Errorf("the errors took %v", after)
	}
	s.start()
	for !js.Conn().IsConnected() {
		time.Sleep(5 * time.Millisecond)
	}
	if data, v, err := store.Load(ctx, "key"); string(data) != "a" || v != version || err != nil {
		t.Errorf("after a restart: got %q, version %d and error %v, want %q and version %d", data, v, err, "a", version)
	}
}

func machineStore(url string) (state.Store, func(), error) {
	js, closeConn, err := connect(url)
	if err != nil {
		return nil, nil, err
	}
	store, err := atnats.New(context.Background(), js)
	return store, closeConn, err
}

// Two processes serve one session; each hop is delivered to both of them at once.
func TestTwoProcesses(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	runs := filepath.Join(t.TempDir(), "runs")
	p := ussdtest.New(t, inTurn(t, startMachine(t, s.url(), runs), startMachine(t, s.url(), runs)))
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
	s := startProcess(t)
	runs := filepath.Join(t.TempDir(), "runs")
	machines := []string{startMachine(t, s.url(), runs), startMachine(t, s.url(), runs)}
	const session = "ATUid_restart"
	texts := []string{"", "maize", "maize*beans", "maize*beans*0"}
	want := []string{"CON Add:", "CON maize\nAdd:", "CON maize, beans\nAdd:", "END Bought: maize, beans"}
	for i, text := range texts {
		if i > 0 {
			s.crash()
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
