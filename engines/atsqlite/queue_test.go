package atsqlite_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/sautigo/africastalking/engines/atsqlite"
	"github.com/sautigo/africastalking/webhook"
	"github.com/sautigo/africastalking/webhook/inbox"
	"github.com/sautigo/africastalking/webhook/inbox/inboxtest"
)

// paths remembers where the stores of a test are.
type paths struct {
	mu sync.Mutex
	of map[inbox.Queue]string
}

func (p *paths) open(t *testing.T, path string, opts ...atsqlite.Option) inbox.Queue {
	s, err := atsqlite.Open(path, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	p.mu.Lock()
	defer p.mu.Unlock()
	p.of[s] = path
	return s
}

func (p *paths) path(q inbox.Queue) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.of[q]
}

func TestQueue(t *testing.T) {
	t.Parallel()
	p := paths{of: map[inbox.Queue]string{}}
	inboxtest.Run(t, func(t *testing.T) inbox.Queue { return p.open(t, newPath(t)) },
		inboxtest.WithReopen(func(t *testing.T, q inbox.Queue) inbox.Queue {
			if err := q.(*atsqlite.Store).Close(); err != nil {
				t.Fatal(err)
			}
			return p.open(t, p.path(q))
		}),
		inboxtest.WithLimited(func(t *testing.T, n int) inbox.Queue {
			return p.open(t, newPath(t), atsqlite.WithMaxDeliveries(n))
		}),
		inboxtest.WithBreak(func(_ *testing.T, q inbox.Queue) { q.(*atsqlite.Store).Break() }),
		inboxtest.WithStored(func(t *testing.T, q inbox.Queue) []byte { return contents(t, p.path(q)) }),
	)
}

// delivery returns a delivery with a key of its own.
func delivery(body string) inbox.Delivery {
	return inbox.Delivery{
		Name: "reports", Key: "reports-" + rand.Text(), Received: time.Now(), Window: time.Hour,
		Callback: webhook.Callback{MediaType: "application/x-www-form-urlencoded", Body: []byte(body)},
	}
}

// contents returns all that is in the file, once the log is emptied.
func contents(t *testing.T, path string) []byte {
	t.Helper()
	raw(t, path, "pragma wal_checkpoint(truncate)")
	files, err := filepath.Glob(path + "*")
	if err != nil {
		t.Fatal(err)
	}
	var all []byte
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, data...)
	}
	return all
}

// raw runs statements on a file, past its store.
func raw(tb testing.TB, path string, statements ...string) {
	tb.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(5000)")
	if err != nil {
		tb.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	for _, s := range statements {
		if _, err := db.ExecContext(context.Background(), s); err != nil {
			tb.Fatalf("%s: %v", s, err)
		}
	}
}

// hold writes to a file, past its store, until it is released.
func hold(t *testing.T, path string) (release func()) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_txlock=immediate&_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	release = sync.OnceFunc(func() {
		_ = tx.Rollback()
		_ = db.Close()
	})
	t.Cleanup(release)
	return release
}

// count reads a number from a file, past its store.
func count(t *testing.T, path, query string) (n int) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRow(query).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// After an error of the disk nothing is acknowledged, not in the same batch either.
func TestFailureInABatch(t *testing.T) {
	t.Parallel()
	s, err := atsqlite.Open(newPath(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Abandon)
	if err := s.FailInBatch(); err == nil {
		t.Error("a change was made after the store had failed")
	}
	if _, err := s.Put(t.Context(), delivery("a")); err == nil {
		t.Error("a delivery was kept after the store had failed")
	}
}

// Another program that holds the file for longer than a statement waits delays a result,
// and does not end the Run.
func TestResultWhileHeld(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	s := open(t, path, atsqlite.WithBusyWait(100*time.Millisecond))
	if _, err := s.Put(t.Context(), delivery("a")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	held := make(chan func(), 1)
	ended := make(chan error, 1)
	go func() {
		ended <- s.Run(ctx, inbox.Worker{Workers: 1, Timeout: time.Minute, Handle: func(context.Context, inbox.Delivery) error {
			held <- hold(t, path)
			return nil
		}})
	}()
	release := <-held
	for range 2 { // each waits for as long as a result does
		if _, err := s.Put(t.Context(), delivery("b")); err == nil {
			t.Error("the file is not held")
		}
	}
	release()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		b, err := s.Backlog(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if b.Waiting == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the result was never noted: %+v", b)
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("Run: %v", err)
	}
}
