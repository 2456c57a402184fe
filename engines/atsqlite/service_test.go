package atsqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sautigo/africastalking/engines/atsqlite"
	"github.com/sautigo/africastalking/internal/killtest"
	"github.com/sautigo/africastalking/sms"
	"github.com/sautigo/africastalking/webhook/inbox"
)

// A service is a process of this test program: with serviceEnv set to the kind of its
// inbox it serves delivery reports instead of testing.
const (
	serviceEnv = "AT_TEST_SERVICE"
	pathEnv    = "AT_TEST_PATH"
	notesEnv   = "AT_TEST_NOTES"   // a file for a line for each report that is handled
	workersEnv = "AT_TEST_WORKERS" // 0 handles nothing
	workEnv    = "AT_TEST_WORK"    // how long it takes to handle one
	cutEnv     = "AT_TEST_CUT"     // if set, the log goes to the database often
)

func TestMain(m *testing.M) {
	if kind := os.Getenv(serviceEnv); kind != "" {
		if err := service(kind); err != nil {
			fmt.Fprintln(os.Stderr, "error:", err)
			os.Exit(1)
		}
		return
	}
	if path := os.Getenv(strangerEnv); path != "" {
		stranger(path)
		return
	}
	os.Exit(m.Run())
}

func service(kind string) error {
	work, _ := time.ParseDuration(os.Getenv(workEnv))
	var workers int
	_, _ = fmt.Sscan(os.Getenv(workersEnv), &workers)
	notes, path := os.Getenv(notesEnv), os.Getenv(pathEnv)
	var times delays
	handle := func(ctx context.Context, r sms.DeliveryReport) error {
		time.Sleep(work)
		if d, ok := inbox.FromContext(ctx); ok {
			times.add(time.Since(d.Received))
		}
		if notes == "" {
			return nil
		}
		return killtest.Note(notes, r.ID)
	}

	var queue inbox.Queue
	var handler http.Handler
	switch kind {
	case "none":
		handler = sms.DeliveryReportHandler(handle)
	case "each":
		db, err := sql.Open("sqlite", "file:"+path+"?_pragma=journal_mode(wal)&_pragma=synchronous(full)&_pragma=busy_timeout(20000)&_txlock=immediate")
		if err != nil {
			return err
		}
		defer db.Close()
		handler = sms.DeliveryReportHandler(each(db))
	case "memory":
		queue = inbox.Memory(inbox.AllowLoss, inbox.WithMaxDeliveries(1_000_000))
	case "sqlite", "nosync":
		var opts []atsqlite.Option
		if kind == "nosync" {
			opts = append(opts, atsqlite.WithoutSync())
		}
		if os.Getenv(cutEnv) != "" {
			opts = append(opts, atsqlite.WithMaxPages(100))
		}
		store, err := atsqlite.Open(path, opts...)
		if err != nil {
			return err
		}
		defer store.Close()
		queue = store
	default:
		return errors.New("no such service")
	}
	run := func(ctx context.Context) error { <-ctx.Done(); return nil }
	if queue != nil {
		times.queue = queue
		in := inbox.New(queue)
		handler = sms.DeliveryReportHandler(handle, in.Stored("reports"))
		if workers > 0 {
			run = func(ctx context.Context) error { return in.Run(ctx, workers) }
		}
	}
	mux := http.NewServeMux()
	mux.Handle("/reports", handler)
	mux.Handle("/stats", &times)
	return killtest.Serve(mux, run)
}

// each stores a callback in a transaction of its own, as one writes it without this
// package.
func each(db *sql.DB) func(context.Context, sms.DeliveryReport) error {
	db.SetMaxOpenConns(1)
	if _, err := db.Exec(`create table if not exists reports (id integer primary key, key text not null unique, received integer not null, body text not null)`); err != nil {
		panic(err)
	}
	return func(ctx context.Context, r sms.DeliveryReport) error {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback()
		if _, err := tx.Exec(`insert into reports (key, received, body) values (?, ?, ?) on conflict do nothing`,
			r.ID+string(r.Status), time.Now().UnixMilli(), formOf(r.ID)); err != nil {
			return err
		}
		return tx.Commit()
	}
}

func formOf(id string) string {
	return url.Values{
		"id": {id}, "status": {"Success"}, "phoneNumber": {"+254711000001"}, "networkCode": {"63902"}, "retryCount": {"0"},
	}.Encode()
}

func parseReport(body string) (sms.DeliveryReport, error) {
	r, err := http.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	if err != nil {
		return sms.DeliveryReport{}, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return sms.ParseDeliveryReport(r)
}

// delays are how long it took from when reports were received until they were handled.
type delays struct {
	queue inbox.Queue // nil if there is none
	mu    sync.Mutex
	all   []time.Duration
}

func (d *delays) add(delay time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.all = append(d.all, delay)
}

// ServeHTTP says the median and the 99th percentile since the request before, how many
// there were, how large the heap is, how many deliveries wait, and what processor time the
// process has used.
func (d *delays) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	all := d.all
	d.all = nil
	d.mu.Unlock()
	handled := len(all)
	slices.Sort(all)
	if handled == 0 {
		all = []time.Duration{0}
	}
	var b inbox.Backlog
	if d.queue != nil {
		b, _ = d.queue.Backlog(r.Context())
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	fmt.Fprintln(w, int64(all[len(all)/2]), int64(all[len(all)*99/100]), handled, m.HeapInuse, b.Waiting, u.Utime.Nano()+u.Stime.Nano())
}
