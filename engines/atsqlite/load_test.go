package atsqlite_test

import (
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sautigo/africastalking/internal/killtest"
)

var (
	events = flag.Int("events", 300, "how many events TestThreeTimes sends")
	speed  = flag.Duration("speed", 0, "how long TestSpeed loads each service in each of five rounds; 0 skips it")
	soak   = flag.Duration("soak", 0, "how long TestSoak takes; 0 skips it")
	rate   = flag.Int("rate", 1000, "callbacks a second of TestSoak")
)

func start(t *testing.T, kind, path string, workers int, more ...string) *killtest.Process {
	return killtest.Start(t, append(more, serviceEnv+"="+kind, pathEnv+"="+path, fmt.Sprintf("%s=%d", workersEnv, workers))...)
}

func dial(t *testing.T, addr string) *killtest.Conn {
	t.Helper()
	c, err := killtest.Dial(addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// TestThreeTimes sends each event three times at once. All are answered 200, and each event
// is handled once: "go test -run TestThreeTimes -events 20000 -v".
func TestThreeTimes(t *testing.T) {
	t.Parallel()
	const groups, copies = 8, 3
	notes := filepath.Join(t.TempDir(), "notes")
	p := start(t, "sqlite", newPath(t), 8, notesEnv+"="+notes)
	began := time.Now()
	var next, refused atomic.Int64
	var all sync.WaitGroup
	for range groups {
		var conns [copies]*killtest.Conn
		for i := range conns {
			conns[i] = dial(t, p.Addr)
		}
		all.Go(func() {
			for {
				n := next.Add(1)
				if n > int64(*events) {
					return
				}
				var group sync.WaitGroup
				for _, c := range conns {
					group.Go(func() {
						if status, err := c.Post("/reports", formOf(fmt.Sprint("event-", n))); status != http.StatusOK || err != nil {
							refused.Add(1)
						}
					})
				}
				group.Wait()
			}
		})
	}
	all.Wait()
	sent := time.Since(began)
	var got map[string]int
	for deadline := time.Now().Add(time.Minute); len(got) < *events && time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		var err error
		if got, err = killtest.Notes(notes); err != nil {
			t.Fatal(err)
		}
	}
	p.Terminate()
	got, err := killtest.Notes(notes)
	if err != nil {
		t.Fatal(err)
	}
	again := 0
	for _, n := range got {
		again += n - 1
	}
	t.Logf("events=%d requests=%d refused=%d handled=%d again=%d in %v", *events, copies**events, refused.Load(), len(got), again, sent.Round(time.Millisecond))
	if refused.Load() > 0 || len(got) != *events || again > 0 {
		t.Errorf("of %d events %d were handled, %d times too often; %d requests were refused", *events, len(got), again, refused.Load())
	}
}

// load is what clients saw who posted for some time, one callback after the other.
type load struct {
	answered  int
	refused   int
	perSecond float64
	p50, p99  time.Duration
	cpu       time.Duration // of the service for each callback
}

// measure loads a service of a kind and ends it.
func measure(t *testing.T, kind string, clients, workers int, d time.Duration) load {
	t.Helper()
	p := start(t, kind, newPath(t), workers)
	run := rand.Uint64()
	var mu sync.Mutex
	var times []time.Duration
	var l load
	var all sync.WaitGroup
	before := statsOf(t, p)
	began := time.Now()
	for c := range clients {
		conn := dial(t, p.Addr)
		all.Go(func() {
			var own []time.Duration
			refused := 0
			for i := 0; time.Since(began) < d; i++ {
				sent := time.Now()
				status, err := conn.Post("/reports", formOf(fmt.Sprintf("%x-%d-%d", run, c, i)))
				if err != nil || status != http.StatusOK {
					refused++
					continue
				}
				own = append(own, time.Since(sent))
			}
			mu.Lock()
			defer mu.Unlock()
			times = append(times, own...)
			l.refused += refused
		})
	}
	all.Wait()
	took, after := time.Since(began), statsOf(t, p)
	p.Terminate()
	slices.Sort(times)
	if l.answered = len(times); l.answered == 0 {
		t.Fatalf("%s answered nothing", kind)
	}
	l.perSecond = float64(l.answered) / took.Seconds()
	l.p50, l.p99 = times[len(times)/2], times[len(times)*99/100]
	l.cpu = (after.cpu - before.cpu) / time.Duration(l.answered)
	return l
}

// handledAfter returns the median and the 99th percentile of the time from when a report
// was received until it was handled, at 200 a second.
func handledAfter(t *testing.T, d time.Duration) (p50, p99 time.Duration) {
	t.Helper()
	p := start(t, "sqlite", newPath(t), 8)
	const conns, perSecond = 8, 200
	var all sync.WaitGroup
	began := time.Now()
	for c := range conns {
		conn := dial(t, p.Addr)
		all.Go(func() {
			for i := c; time.Since(began) < d; i += conns {
				time.Sleep(time.Until(began.Add(time.Duration(i) * time.Second / perSecond)))
				if status, err := conn.Post("/reports", formOf(fmt.Sprint("paced-", i))); status != http.StatusOK || err != nil {
					t.Errorf("status %d, error %v", status, err)
					return
				}
			}
		})
	}
	all.Wait()
	s := statsOf(t, p)
	p.Terminate()
	return s.p50, s.p99
}

// stats is what a service says of itself.
type stats struct {
	p50, p99 time.Duration
	handled  int
	heap     int
	waiting  int
	cpu      time.Duration
}

func statsOf(t *testing.T, p *killtest.Process) (s stats) {
	t.Helper()
	resp, err := http.Get("http://" + p.Addr + "/stats")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var p50, p99, cpu int64
	if _, err := fmt.Sscan(string(body), &p50, &p99, &s.handled, &s.heap, &s.waiting, &cpu); err != nil {
		t.Fatalf("%q: %v", body, err)
	}
	s.p50, s.p99, s.cpu = time.Duration(p50), time.Duration(p99), time.Duration(cpu)
	return s
}

func median[T int | float64 | time.Duration](values []T) T {
	slices.Sort(values)
	return values[len(values)/2]
}

// TestSpeed sets the store beside a handler that keeps nothing, and one that commits each
// callback in a transaction of its own, in one run: "go test -run TestSpeed -speed 2s -v".
func TestSpeed(t *testing.T) {
	if *speed == 0 {
		t.Skip("loads the machine: give -speed 2s")
	}
	const rounds = 5
	type service struct {
		name, kind       string
		clients, workers int
	}
	services := []service{
		{"no inbox, 64 clients", "none", 64, 0},
		{"the store, 64 clients", "sqlite", 64, 0},
		{"the store, 1 client", "sqlite", 1, 0},
		{"a transaction each, 64 clients", "each", 64, 0},
		{"the store, 64 clients, 8 workers", "sqlite", 64, 8},
	}
	all := map[string][]load{}
	for range rounds {
		for _, s := range services {
			all[s.name] = append(all[s.name], measure(t, s.kind, s.clients, s.workers, *speed))
		}
	}
	of := func(name string, value func(load) float64) float64 {
		var values []float64
		for _, l := range all[name] {
			values = append(values, value(l))
		}
		return median(values)
	}
	for _, s := range services {
		refused := 0
		for _, l := range all[s.name] {
			refused += l.refused
		}
		t.Logf("%-34s %8.0f/s  p50 %6.1f ms  p99 %6.1f ms  processor %4.0f µs a callback  refused %d", s.name,
			of(s.name, func(l load) float64 { return l.perSecond }),
			of(s.name, func(l load) float64 { return float64(l.p50) / 1e6 }),
			of(s.name, func(l load) float64 { return float64(l.p99) / 1e6 }),
			of(s.name, func(l load) float64 { return float64(l.cpu) / 1e3 }), refused)
	}
	// A ratio is of services that were measured one after the other.
	ratio := func(a, b string, value func(load) float64) float64 {
		var values []float64
		for i := range rounds {
			values = append(values, value(all[a][i])/value(all[b][i]))
		}
		return median(values)
	}
	perSecond := func(l load) float64 { return l.perSecond }
	cpu := func(l load) float64 { return float64(l.cpu) }
	const store = "the store, 64 clients"
	t.Logf("callbacks a second: %.2f of no inbox", ratio(store, "no inbox, 64 clients", perSecond))
	for _, gate := range []struct {
		what     string
		got      float64
		atLeast  float64
		atMost   float64
		baseline string
	}{
		{what: "callbacks a second", got: ratio(store, "a transaction each, 64 clients", perSecond), atLeast: 4, baseline: "a transaction each"},
		{what: "callbacks a second", got: ratio(store, "the store, 1 client", perSecond), atLeast: 5, baseline: "one client"},
		{what: "processor time a callback", got: ratio(store, "no inbox, 64 clients", cpu), atMost: 3, baseline: "no inbox"},
	} {
		t.Logf("%s: %.2f times those of %s", gate.what, gate.got, gate.baseline)
		if gate.got < gate.atLeast || gate.atMost > 0 && gate.got > gate.atMost {
			t.Errorf("%s: %.2f times those of %s, want at least %v and at most %v", gate.what, gate.got, gate.baseline, gate.atLeast, gate.atMost)
		}
	}
	p50, p99 := handledAfter(t, 2**speed)
	t.Logf("received to handled, at 200/s: p50 %.1f ms, p99 %.1f ms", float64(p50)/1e6, float64(p99)/1e6)
	if p50 > 5*time.Millisecond {
		t.Errorf("received to handled: p50 %v, want at most 5ms", p50)
	}
}

// TestSoak is a steady load: 200 only, and neither memory nor the backlog grows:
// "go test -run TestSoak -soak 10m -v -timeout 0".
func TestSoak(t *testing.T) {
	if *soak == 0 {
		t.Skip("takes long: give -soak 10m")
	}
	path := newPath(t)
	p := start(t, "sqlite", path, 16)
	const conns = 32
	var all sync.WaitGroup
	var answered, refused atomic.Int64
	began := time.Now()
	for c := range conns {
		conn := dial(t, p.Addr)
		all.Go(func() {
			for i := c; time.Since(began) < *soak; i += conns {
				time.Sleep(time.Until(began.Add(time.Duration(i) * time.Second / time.Duration(*rate))))
				if status, err := conn.Post("/reports", formOf(fmt.Sprint("soak-", i))); status != http.StatusOK || err != nil {
					refused.Add(1)
					if err != nil {
						return
					}
					continue
				}
				answered.Add(1)
			}
		})
	}
	done := make(chan struct{})
	go func() {
		all.Wait()
		close(done)
	}()
	var heaps []int
	handled := 0
	report := func() stats {
		s := statsOf(t, p)
		handled += s.handled
		size := int64(0)
		for _, name := range []string{path, path + "-wal"} {
			if info, err := os.Stat(name); err == nil {
				size += info.Size()
			}
		}
		t.Logf("after %v: answered %d, refused %d, handled %d, waiting %d, heap %d MB, files %d MB, p50 %v, p99 %v", time.Since(began).Round(time.Second),
			answered.Load(), refused.Load(), handled, s.waiting, s.heap>>20, size>>20, s.p50.Round(100*time.Microsecond), s.p99.Round(100*time.Microsecond))
		return s
	}
	for running := true; running; {
		select {
		case <-done:
			running = false
		case <-time.After(*soak / 12):
		}
		heaps = append(heaps, report().heap)
	}
	for deadline := time.Now().Add(10 * time.Second); statsOf(t, p).waiting > 0 && time.Now().Before(deadline); {
		time.Sleep(100 * time.Millisecond)
	}
	s := report()
	p.Terminate()
	if first, last := median(heaps[:len(heaps)/3+1]), median(heaps[len(heaps)*2/3:]); last > 2*first+(16<<20) {
		t.Errorf("the heap grew from %d to %d bytes", first, last)
	}
	if refused.Load() > 0 || s.waiting > 0 {
		t.Errorf("%d callbacks were refused, and %d wait at the end", refused.Load(), s.waiting)
	}
}
