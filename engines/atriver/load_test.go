package atriver_test

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking/engines/atriver"
	"github.com/sautigo/africastalking/sms"
	"github.com/sautigo/africastalking/webhook"
	"github.com/sautigo/africastalking/webhook/inbox"
)

var (
	// events is how many events TestThreeTimes sends, each three times at once:
	// "go test -run TestThreeTimes -events 20000 -v".
	events = flag.Int("events", 500, "how many events TestThreeTimes sends")
	// latency is for how long TestLatency puts deliveries:
	// "go test -run TestLatency -latency 10s -v".
	latency = flag.Duration("latency", 0, "for how long TestLatency puts deliveries")
)

// Two processes take the same events at the same time, and handle them meanwhile.
func TestThreeTimes(t *testing.T) {
	t.Parallel()
	s := sharedServer(t)
	a, schema := open(t, s.pool(t, 12))
	b := openSchema(t, s.pool(t, 12), schema)
	var handled sync.Map
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ran := make(chan error, 2)
	for _, q := range []inbox.Queue{a, b} {
		go func() {
			ran <- q.Run(ctx, inbox.Worker{Workers: 8, Timeout: time.Minute, Handle: func(_ context.Context, d inbox.Delivery) error {
				n, _ := handled.LoadOrStore(d.Key, new(atomic.Int64))
				n.(*atomic.Int64).Add(1)
				return nil
			}})
		}()
	}
	var stored, duplicates, next atomic.Int64
	var clients sync.WaitGroup
	for range 32 {
		clients.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= *events {
					return
				}
				var copies sync.WaitGroup
				for _, q := range []inbox.Queue{a, b, a} {
					copies.Go(func() {
						switch duplicate, err := q.Put(t.Context(), delivery(fmt.Sprint(i))); {
						case err != nil:
							t.Errorf("Put: %v", err)
						case duplicate:
							duplicates.Add(1)
						default:
							stored.Add(1)
						}
					})
				}
				copies.Wait()
			}
		})
	}
	clients.Wait()
	for {
		backlog, err := a.Backlog(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if backlog.Waiting == 0 {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	cancel()
	for range 2 {
		if err := <-ran; err != nil {
			t.Errorf("Run: %v", err)
		}
	}
	keys, twice := 0, 0
	handled.Range(func(_, n any) bool {
		keys++
		twice += int(n.(*atomic.Int64).Load()) - 1
		return true
	})
	t.Logf("%d events, each sent three times at once: %d stored, %d duplicates, %d handled, %d of them again", *events, stored.Load(), duplicates.Load(), keys, twice)
	if int(stored.Load()) != *events || int(duplicates.Load()) != 2**events || keys != *events || twice != 0 {
		t.Error("not each event was handled once")
	}
}

// A function that hangs fills the queue. From then on callbacks are refused, and no memory
// is spent on them.
func TestStoppedFunction(t *testing.T) {
	t.Parallel()
	const limit = 300
	pool := sharedServer(t).pool(t, 12)
	q, _ := open(t, pool, atriver.WithMaxDeliveries(limit))
	in := inbox.New(q)
	release := make(chan struct{})
	quiet := webhook.WithLogger(slog.New(slog.DiscardHandler))
	reports := sms.DeliveryReportHandler(func(context.Context, sms.DeliveryReport) error {
		<-release
		return nil
	}, in.Stored("reports"), quiet)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ran := make(chan error, 1)
	go func() { ran <- in.Run(ctx, 4) }()
	var next atomic.Int64
	post := func() int {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(formOf(fmt.Sprint(next.Add(1)))))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		reports.ServeHTTP(w, r)
		return w.Code
	}
	postAll := func(n int) map[int]int {
		var mu sync.Mutex
		statuses := map[int]int{}
		var clients sync.WaitGroup
		for range 16 {
			clients.Go(func() {
				for range n / 16 {
					status := post()
					mu.Lock()
					statuses[status]++
					mu.Unlock()
				}
			})
		}
		clients.Wait()
		return statuses
	}
	first := postAll(640)
	if diff := cmp.Diff(map[int]int{200: limit, 503: 640 - limit}, first); diff != "" {
		t.Errorf("statuses (-want +got)\n%s", diff)
	}
	before := heap()
	second := postAll(1600)
	if diff := cmp.Diff(map[int]int{503: 1600}, second); diff != "" {
		t.Errorf("statuses of a full queue (-want +got)\n%s", diff)
	}
	grown := heap() - before
	t.Logf("room for %d: first %v, then %v; the heap grew by %d KB", limit, first, second, grown>>10)
	if grown > 4<<20 {
		t.Errorf("the heap grew by %d bytes while the queue was full", grown)
	}
	if b, err := q.Backlog(t.Context()); err != nil || b.Waiting != limit {
		t.Errorf("backlog: got %v and error %v, want %d waiting", b, err, limit)
	}
	close(release)
	for deadline := time.Now().Add(time.Minute); post() != http.StatusOK; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the queue is still full")
		}
	}
	cancel()
	if err := <-ran; err != nil {
		t.Errorf("Run: %v", err)
	}
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestLatency measures the time from Put to done at 200 deliveries a second.
func TestLatency(t *testing.T) {
	if *latency == 0 {
		t.Skip("times depend on the machine; ask for it with -latency 10s")
	}
	pool := sharedServer(t).pool(t, 12)
	q, schema := open(t, pool)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ran := make(chan error, 1)
	go func() {
		ran <- q.Run(ctx, inbox.Worker{Workers: 8, Timeout: time.Minute, Handle: func(context.Context, inbox.Delivery) error { return nil }})
	}()
	var puts sync.WaitGroup
	ticker := time.NewTicker(5 * time.Millisecond)
	for i := range int(*latency / (5 * time.Millisecond)) {
		<-ticker.C
		puts.Go(func() { mustPut(t, q, delivery(fmt.Sprint(i))) })
	}
	puts.Wait()
	for {
		if b, err := q.Backlog(t.Context()); err != nil {
			t.Fatal(err)
		} else if b.Waiting == 0 {
			break
		}
	}
	cancel()
	if err := <-ran; err != nil {
		t.Fatal(err)
	}
	var times []time.Duration
	rows, err := pool.Query(t.Context(), `select (extract(epoch from finalized_at) * 1000 - (args->>'received')::bigint)::float8 from `+schema+`.river_job`)
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		var ms float64
		if err := rows.Scan(&ms); err != nil {
			t.Fatal(err)
		}
		times = append(times, time.Duration(ms*float64(time.Millisecond)))
	}
	slices.Sort(times)
	p50, p99 := times[len(times)/2], times[len(times)*99/100]
	t.Logf("%d deliveries from received to done: p50 %v, p99 %v", len(times), p50.Round(100*time.Microsecond), p99.Round(100*time.Microsecond))
	if p50 > 60*time.Millisecond {
		t.Errorf("p50 is %v, want at most 60ms", p50)
	}
}
