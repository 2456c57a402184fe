package atsqlite_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking/engines/atsqlite"
	"github.com/sautigo/africastalking/internal/killtest"
	"github.com/sautigo/africastalking/sms"
	"github.com/sautigo/africastalking/state"
	"github.com/sautigo/africastalking/state/statetest"
	"github.com/sautigo/africastalking/webhook"
	"github.com/sautigo/africastalking/webhook/inbox"
)

func open(tb testing.TB, path string, opts ...atsqlite.Option) *atsqlite.Store {
	tb.Helper()
	s, err := atsqlite.Open(path, opts...)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	return s
}

func newPath(tb testing.TB) string { return filepath.Join(tb.TempDir(), "at.db") }

func TestStore(t *testing.T) {
	t.Parallel()
	s := open(t, newPath(t))
	statetest.Run(t, func(*testing.T) state.Store { return s })
}

// run handles deliveries until n calls have returned, and the end of Run's.
func run(t *testing.T, s *atsqlite.Store, workers, n int, handle func(context.Context, inbox.Delivery) error) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var calls atomic.Int64
	err := s.Run(ctx, inbox.Worker{Workers: workers, Timeout: time.Minute, Handle: func(ctx context.Context, d inbox.Delivery) error {
		defer func() {
			if calls.Add(1) == int64(n) {
				cancel()
			}
		}()
		return handle(ctx, d)
	}})
	if got := int(calls.Load()); got < n && err == nil {
		t.Errorf("%d deliveries were handled, want %d", got, n)
	}
	return err
}

func handled(context.Context, inbox.Delivery) error { return nil }

// A restart finds records, deliveries and dead letters as they were.
func TestReopen(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	s := open(t, path)
	version, err := s.Save(t.Context(), "key", []byte("data"), 0, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("Close again: %v", err)
	}
	for what, err := range map[string]error{
		"Put":     second(s.Put(t.Context(), delivery("a"))),
		"Save":    second(s.Save(t.Context(), "key", nil, 0, time.Hour)),
		"Run":     s.Run(t.Context(), inbox.Worker{Workers: 1, Timeout: time.Minute, Handle: handled}),
		"Requeue": s.Requeue(t.Context(), "key"),
		"Backlog": second(s.Backlog(t.Context())),
	} {
		if err == nil {
			t.Errorf("%s of a store that is closed: got no error", what)
		}
	}
	if files, _ := filepath.Glob(path + "-*"); !cmp.Equal(files, []string{path + "-lock"}) {
		t.Errorf("after Close there are %q", files)
	}
	data, got, err := open(t, path).Load(t.Context(), "key")
	if string(data) != "data" || got != version || err != nil {
		t.Errorf("got %q, version %d and error %v, want %q and version %d", data, got, err, "data", version)
	}
}

func second[T any](_ T, err error) error { return err }

// The clock of the machine goes back by an hour from one process to the next: retries are
// on time, and windows neither end early nor last longer.
func TestClockGoesBack(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	s := open(t, path)
	forward := s.MoveClock(time.Hour)
	short, done := delivery("short"), delivery("done")
	short.Window = 2 * time.Second
	for _, d := range []inbox.Delivery{short, done} {
		if _, err := s.Put(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	if err := run(t, s, 1, 2, handled); err != nil {
		t.Fatal(err)
	}
	retried := delivery("retried")
	if _, err := s.Put(t.Context(), retried); err != nil {
		t.Fatal(err)
	}
	if err := run(t, s, 1, 1, func(context.Context, inbox.Delivery) error { return inbox.RetryAfter(errAgain, time.Second) }); err != nil {
		t.Fatal(err)
	}
	check := func(what string) {
		t.Helper()
		if duplicate, err := s.Put(t.Context(), done); !duplicate || err != nil {
			t.Errorf("%s, within the window: got duplicate %v and error %v", what, duplicate, err)
		}
	}
	check("before")
	s.MoveClock(0) // back, while the process runs
	check("in the process")
	if now := s.Now(); now < forward {
		t.Errorf("the clock went back by %d ms", forward-now)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, path)
	check("in the next process")
	began := time.Now()
	if err := run(t, s, 1, 1, handled); err != nil {
		t.Fatal(err)
	}
	if passed := time.Since(began); passed > 30*time.Second {
		t.Errorf("a retry after a second came after %v", passed)
	}
	time.Sleep(2 * time.Second)
	if duplicate, err := s.Put(t.Context(), short); duplicate || err != nil {
		t.Errorf("after the window: got duplicate %v and error %v", duplicate, err)
	}
}

var errAgain = errors.New("try again")

// What is over goes as other things are written.
func TestSweep(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	s := open(t, path)
	// Of each there are some that are over, one that is not, and a delivery that waits
	// although its window is over.
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				d := delivery("a")
				d.Received, d.Parked = d.Received.Add(-2*time.Hour), "parked"
				if _, err := s.Put(t.Context(), d); err != nil {
					t.Error(err)
				}
				if err := s.Drop(t.Context(), d.Key); err != nil {
					t.Error(err)
				}
				if _, err := s.Save(t.Context(), d.Key, []byte("a"), 0, time.Millisecond); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	waiting := delivery("waiting")
	waiting.Received = waiting.Received.Add(-2 * time.Hour)
	if _, err := s.Put(t.Context(), waiting); err != nil {
		t.Fatal(err)
	}
	version, err := s.Save(t.Context(), "lasting", []byte("a"), 0, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	const more = 700
	for range 7 {
		wg.Go(func() {
			for range more / 7 {
				if _, err := s.Put(t.Context(), delivery("b")); err != nil {
					t.Error(err)
				}
				if _, err := s.Save(t.Context(), delivery("").Key, []byte("b"), 0, time.Hour); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	seen, records := count(t, path, "select count(*) from seen"), count(t, path, "select count(*) from record")
	if seen != more+1 || records > more+1+100 || records < more+1 {
		t.Errorf("there are %d keys and %d records, want %d and few more", seen, records, more+1)
	}
	if _, v, err := s.Load(t.Context(), "lasting"); v != version || err != nil {
		t.Errorf("a record that lasts: got version %d and error %v", v, err)
	}
	if duplicate, err := s.Put(t.Context(), waiting); !duplicate || err != nil {
		t.Errorf("a delivery that waits: got duplicate %v and error %v", duplicate, err)
	}
}

// Callers that give up while what they want is being written leave nothing half done, and
// others do not notice.
func TestGivingUp(t *testing.T) {
	t.Parallel()
	s := open(t, newPath(t))
	const each = 60
	var wg sync.WaitGroup
	all := make([][]inbox.Delivery, 8)
	for i := range all {
		wg.Go(func() {
			for j := range each {
				d := delivery(fmt.Sprint(i, "/", j))
				body := bytes.Clone(d.Body)
				ctx, cancel := context.WithCancel(t.Context())
				if j%2 == 0 {
					time.AfterFunc(time.Duration(j)*10*time.Microsecond, cancel)
				}
				_, err := s.Put(ctx, d)
				copy(d.Body, "XXXXXXXX") // it is the caller's again
				cancel()
				if err != nil && !errors.Is(err, context.Canceled) {
					t.Errorf("Put: %v", err)
				}
				d.Body = body
				if _, err := s.Put(t.Context(), d); err != nil { // it is sent again
					t.Errorf("Put again: %v", err)
				}
				all[i] = append(all[i], d)
			}
		})
	}
	wg.Wait()
	want := map[string]string{}
	for _, some := range all {
		for _, d := range some {
			want[d.Key] = string(d.Body)
		}
	}
	got := map[string]string{}
	var mu sync.Mutex
	err := run(t, s, 4, len(want), func(_ context.Context, d inbox.Delivery) error {
		mu.Lock()
		defer mu.Unlock()
		if _, again := got[d.Key]; again {
			t.Error("a delivery was handled twice")
		}
		got[d.Key] = string(d.Body)
		return nil
	})
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("handled (-want +got):\n%s\nerror %v", diff, err)
	}
}

// One change that cannot be made does not fail those that share its transaction.
func TestOneAtFault(t *testing.T) {
	t.Parallel()
	s := open(t, newPath(t))
	var wg sync.WaitGroup
	var refused atomic.Int64
	for i := range 8 {
		wg.Go(func() {
			for range 20 {
				if i == 0 {
					if s.Fault(t.Context()) != nil {
						refused.Add(1)
					}
					continue
				}
				if _, err := s.Put(t.Context(), delivery("a")); err != nil {
					t.Errorf("Put beside a change that cannot be made: %v", err)
				}
			}
		})
	}
	wg.Wait()
	if refused.Load() != 20 {
		t.Errorf("%d of 20 changes that cannot be made were refused", refused.Load())
	}
	if b, err := s.Backlog(t.Context()); b.Waiting != 140 || err != nil {
		t.Errorf("%d deliveries wait, error %v, want 140", b.Waiting, err)
	}
}

// While another program writes to the file, callbacks are refused and nothing is handled;
// then all goes on.
func TestBusy(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	s := open(t, path, atsqlite.WithBusyWait(300*time.Millisecond))
	if _, err := s.Put(t.Context(), delivery("waiting")); err != nil {
		t.Fatal(err)
	}
	release := hold(t, path)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := s.Put(ctx, delivery("a")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Put while another program writes: got error %v, want that of the context", err)
	}
	if _, err := s.Put(t.Context(), delivery("b")); err == nil {
		t.Error("Put while another program writes for long: got no error")
	}
	err := s.Run(t.Context(), inbox.Worker{Workers: 1, Timeout: time.Minute, Handle: func(context.Context, inbox.Delivery) error {
		t.Error("a delivery was handled whose result cannot be noted")
		return nil
	}})
	if err == nil {
		t.Error("Run while another program writes for long: got no error")
	}
	release()
	if _, err := s.Put(t.Context(), delivery("c")); err != nil {
		t.Errorf("Put when the other program has ended: %v", err)
	}
}

// app is an app that posts to itself.
type app struct {
	handler http.Handler
	posts   int
	kept    []string // the ids that were answered 200
}

func (a *app) post(body string) int {
	a.posts++
	id := fmt.Sprintf("ATXid_%d", a.posts)
	r := httptest.NewRequest(http.MethodPost, "/reports", strings.NewReader(formOf(id)+"&filler="+body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	a.handler.ServeHTTP(w, r)
	if w.Code == http.StatusOK {
		a.kept = append(a.kept, id)
	}
	return w.Code
}

func newApp(q inbox.Queue) (*app, *inbox.Inbox) {
	in := inbox.New(q)
	return &app{handler: sms.DeliveryReportHandler(func(context.Context, sms.DeliveryReport) error { return nil }, in.Stored("reports"), webhook.WithLogger(slog.New(slog.DiscardHandler)))}, in
}

// fill posts until nothing is kept any more, and checks that it stays so.
func (a *app) fill(t *testing.T) {
	t.Helper()
	body := strings.Repeat("x", 20_000)
	for i := 0; ; i++ {
		code := a.post(body)
		if code == http.StatusServiceUnavailable {
			break
		}
		if code != http.StatusOK || i > 10_000 {
			t.Fatalf("the answer to callback %d is %d", i, code)
		}
	}
	for range 100 {
		if code := a.post(""); code != http.StatusServiceUnavailable {
			t.Errorf("a callback after the disk was full is answered %d, want 503", code)
		}
	}
}

// audit opens a file again and handles what is in it.
func (a *app) audit(t *testing.T, path string) {
	t.Helper()
	s := open(t, path)
	got := map[string]int{}
	b, err := s.Backlog(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	err = run(t, s, 1, b.Waiting, func(_ context.Context, d inbox.Delivery) error {
		r, err := parseReport(string(d.Body))
		got[r.ID]++
		return err
	})
	if err != nil {
		t.Error(err)
	}
	for _, id := range a.kept {
		if got[id] != 1 {
			t.Errorf("%s was answered 200 and is handled %d times", id, got[id])
		}
	}
	if len(a.kept) == 0 || b.Waiting < len(a.kept) {
		t.Errorf("%d callbacks were answered 200, and %d wait", len(a.kept), b.Waiting)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// The disk is full: callbacks are refused from then on, even when there is room again, and
// a Run handles nothing whose result it could not note.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	disk := killtest.NewDisk(t, 40<<20)
	path := filepath.Join(disk.Dir, "at.db")
	filler := filepath.Join(disk.Dir, "filler")
	if err := os.WriteFile(filler, make([]byte, 20<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := atsqlite.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	a, in := newApp(s)
	a.fill(t)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := in.Run(ctx, 2); err == nil {
		t.Error("Run with a full disk returned no error")
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	if code := a.post(""); code != http.StatusServiceUnavailable {
		t.Errorf("a callback when there is room again is answered %d, want 503 until the restart", code)
	}
	if err := s.Close(); err == nil {
		t.Error("Close says nothing of the error")
	}
	s.Abandon()
	a.audit(t, path)
}

// The same where no disk can be made.
func TestFileFull(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	s, err := atsqlite.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.LimitPages(500); err != nil {
		t.Fatal(err)
	}
	a, in := newApp(s)
	a.fill(t)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := in.Run(ctx, 2); err == nil {
		t.Error("Run with a full file returned no error")
	}
	if err := s.Close(); err == nil {
		t.Error("Close says nothing of the error")
	}
	a.audit(t, path)
}

// A function that is stopped: callbacks are kept up to the limit and refused after it.
func TestFunctionStopped(t *testing.T) {
	t.Parallel()
	s := open(t, newPath(t), atsqlite.WithMaxDeliveries(200))
	a, _ := newApp(s)
	for i := range 250 {
		want := http.StatusOK
		if i >= 200 {
			want = http.StatusServiceUnavailable
		}
		if code := a.post(""); code != want {
			t.Fatalf("callback %d is answered %d, want %d", i, code, want)
		}
	}
}

// A second Run while one runs is a mistake, and said so.
func TestRunTwice(t *testing.T) {
	t.Parallel()
	s := open(t, newPath(t))
	if _, err := s.Put(t.Context(), delivery("a")); err != nil {
		t.Fatal(err)
	}
	err := run(t, s, 1, 1, func(context.Context, inbox.Delivery) error {
		err := s.Run(t.Context(), inbox.Worker{Workers: 1, Timeout: time.Minute, Handle: handled})
		if err == nil || err.Error() != "atsqlite: running the inbox: it is running already" {
			t.Errorf("Run while one runs: got error %v", err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if err := s.Run(t.Context(), inbox.Worker{Timeout: time.Minute, Handle: handled}); err == nil {
		t.Error("Run without workers: got no error")
	}
}

// Idle workers wait for nothing but work: poison that is tried again and again, good ones
// beside it.
func TestPoisonBesideGood(t *testing.T) {
	t.Parallel()
	s := open(t, newPath(t))
	const poison, good = 20, 300
	for i := range poison + good {
		d := delivery("good")
		if i < poison {
			d.Body = []byte("poison")
		}
		if _, err := s.Put(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	err := run(t, s, 4, good+20*poison, func(_ context.Context, d inbox.Delivery) error {
		if string(d.Body) == "poison" {
			return inbox.RetryAfter(errAgain, time.Millisecond)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	b, err := s.Backlog(t.Context())
	if want := (inbox.Backlog{Dead: poison}); !cmp.Equal(b, want) || err != nil {
		t.Errorf("got backlog %+v and error %v, want %+v", b, err, want)
	}
}

// A delivery that is due again, and ends while others that are due are read, is not taken
// from what was read before it ended.
func TestRetriedOnce(t *testing.T) {
	t.Parallel()
	s := open(t, newPath(t), atsqlite.WithMaxDeliveries(1000))
	const deliveries, attempts = 600, 4
	var puts sync.WaitGroup
	for range 10 {
		puts.Go(func() {
			for range deliveries / 10 {
				if _, err := s.Put(t.Context(), delivery("a")); err != nil {
					t.Error(err)
				}
			}
		})
	}
	puts.Wait()
	var mu sync.Mutex
	calls := map[string]int{}
	err := run(t, s, 32, deliveries*attempts, func(_ context.Context, d inbox.Delivery) error {
		mu.Lock()
		calls[fmt.Sprint(d.Key, " ", d.Attempt)]++
		mu.Unlock()
		if d.Attempt < attempts {
			return inbox.RetryAfter(errAgain, 0)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	again := 0
	for _, n := range calls {
		again += n - 1
	}
	if again > 0 || len(calls) != deliveries*attempts {
		t.Errorf("%d attempts were made, %d of them again, want %d", len(calls), again, deliveries*attempts)
	}
}

// What one Run has read and not handled is handled by the next.
func TestRunAgain(t *testing.T) {
	t.Parallel()
	s := open(t, newPath(t))
	const deliveries = 20
	for range deliveries {
		if _, err := s.Put(t.Context(), delivery("a")); err != nil {
			t.Fatal(err)
		}
	}
	handle := func(_ context.Context, d inbox.Delivery) error {
		if d.Attempt == 1 {
			return inbox.RetryAfter(errAgain, 200*time.Millisecond)
		}
		time.Sleep(30 * time.Millisecond) // so that the others are due when the next is read
		return nil
	}
	for _, n := range []int{deliveries + 4, deliveries - 5} { // one may have been taken when the first ended
		if err := run(t, s, 1, n, handle); err != nil {
			t.Fatal(err)
		}
	}
}

// The log does not grow for ever.
func TestLog(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	s := open(t, path, atsqlite.WithMaxPages(50))
	for range 300 {
		if _, err := s.Put(t.Context(), delivery(strings.Repeat("x", 2000))); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	if pages := info.Size() / 4096; pages > 200 {
		t.Errorf("there are %d pages in the log, want about 50", pages)
	}
}
