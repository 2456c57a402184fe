package inbox_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http/httptest"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sautigo/africastalking/internal/callbacktest"
	"github.com/sautigo/africastalking/state"
	"github.com/sautigo/africastalking/webhook"
	"github.com/sautigo/africastalking/webhook/inbox"
)

var (
	simSeeds = flag.Int("seeds", 60, "how many seeds TestSimulation plays")
	simSeed  = flag.Uint64("seed", 0, "the only seed that TestSimulation plays")
)

// A simulation plays Africa's Talking, which sends each callback until it is answered 200
// and some of them again, to machines that die at any moment over a disk that fails. What
// happens follows from the seed, up to the order in which goroutines of one moment run.
type simulation struct {
	disk  inbox.Queue // a queue in memory stands for what outlives the machines
	fault simFault

	mu     sync.Mutex
	random *rand.Rand
	calm   bool // there are no more faults
	deaths int
	acked  map[string]bool
	cut    map[string]int // deaths by the callback that was being handled
	done   map[string]int // effects by callback
	paid   map[string]int // effects of Once by callback
	counts map[string]int // what happened
}

// simFault is what is wrong with the queue, for the controls.
type simFault int

const (
	simSound simFault = iota
	simAcksFirst
	simRunsTwice
	simForgetsResults
)

// chance is true in one of n cases, if there are faults.
func (s *simulation) chance(n int, what string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.calm || s.random.IntN(n) != 0 {
		return false
	}
	s.counts[what]++
	return true
}

// pause returns a time up to a limit.
func (s *simulation) pause(limit time.Duration) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Duration(s.random.Int64N(int64(limit)))
}

var errDied = errors.New("the machine has died")

// machine is a process: its connection to the disk, its inbox and its handlers.
type machine struct {
	inbox.Queue
	*simulation
	died  chan struct{}
	death func()
}

// boot starts a machine.
func (s *simulation) boot() *machine {
	m := &machine{Queue: s.disk, simulation: s, died: make(chan struct{})}
	m.death = sync.OnceFunc(func() { close(m.died) })
	return m
}

func (m *machine) isDead() bool {
	select {
	case <-m.died:
		return true
	default:
		return false
	}
}

// work takes time, and ends the goroutine if the machine dies meanwhile.
func (m *machine) work(limit time.Duration) {
	select {
	case <-time.After(m.pause(limit)):
	case <-m.died:
	}
	if m.isDead() {
		runtime.Goexit()
	}
}

func (m *machine) Put(ctx context.Context, d inbox.Delivery) (bool, error) {
	if m.chance(12, "Puts that fail") {
		return false, errors.New("disk: no answer")
	}
	if m.fault == simAcksFirst && !m.calm {
		go func() {
			select {
			case <-time.After(2 * time.Second):
				_, _ = m.disk.Put(context.WithoutCancel(ctx), d)
			case <-m.died:
			}
		}()
		return false, nil
	}
	select {
	case <-time.After(m.pause(50 * time.Millisecond)):
	case <-m.died:
		return false, errDied
	}
	duplicate, err := m.disk.Put(ctx, d)
	if err == nil && m.chance(12, "Puts whose answer is lost") {
		return false, errors.New("disk: no answer")
	}
	return duplicate, err
}

// Run loses what a machine that dies has not noted: another machine gets it again.
func (m *machine) Run(ctx context.Context, w inbox.Worker) error {
	handle := w.Handle
	w.Handle = func(ctx context.Context, d inbox.Delivery) error {
		again := inbox.RetryAfter(errDied, m.pause(time.Second))
		result := make(chan error, 1)
		go func() {
			result <- handle(ctx, d)
			if m.fault == simRunsTwice && m.chance(10, "deliveries that run twice") {
				_ = handle(ctx, d)
			}
		}()
		select {
		case <-m.died:
			m.note(m.cut, idOf(d))
			return again
		case err := <-result:
			if m.isDead() || m.chance(40, "results that are not noted") {
				m.kill()
				m.note(m.cut, idOf(d))
				return again
			}
			if err == nil && m.fault == simForgetsResults && m.chance(10, "results that are forgotten") {
				return again
			}
			return err
		}
	}
	return m.disk.Run(ctx, w)
}

func idOf(d inbox.Delivery) string {
	f, _ := webhook.ParseForm(d.Body)
	return f.Get("id")
}

func (m *machine) kill() {
	if m.isDead() {
		return
	}
	m.death()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.deaths++
}

// The records of Once are on the same disk.
func (m *machine) Load(ctx context.Context, key string) ([]byte, uint64, error) {
	if m.isDead() {
		return nil, 0, errDied
	}
	return m.disk.(state.Store).Load(ctx, key)
}

func (m *machine) Save(ctx context.Context, key string, data []byte, version uint64, ttl time.Duration) (uint64, error) {
	if m.isDead() {
		return 0, errDied
	}
	return m.disk.(state.Store).Save(ctx, key, data, version, ttl)
}

func (m *machine) Delete(ctx context.Context, key string, version uint64) error {
	if m.isDead() {
		return errDied
	}
	return m.disk.(state.Store).Delete(ctx, key, version)
}

// serve handles what a callback asks for.
func (m *machine) serve(ctx context.Context, e webhook.Event) error {
	id := e.Form.Get("id")
	m.work(300 * time.Millisecond)
	switch {
	case m.chance(8, "functions that fail"):
		return errors.New("the ledger is busy")
	case m.chance(12, "functions that ask for time"):
		return inbox.RetryAfter(errors.New("the ledger is busy"), m.pause(time.Minute))
	case m.chance(30, "functions that panic"):
		panic("ledger")
	}
	if id[0] == 'p' {
		_, err := inbox.Once(ctx, "pay", func(context.Context) (int, error) {
			m.work(2 * time.Second)
			m.note(m.paid, id)
			m.work(2 * time.Second)
			return 0, nil
		})
		return err
	}
	m.note(m.done, id)
	m.work(100 * time.Millisecond)
	return nil
}

func (m *machine) note(effects map[string]int, id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	effects[id]++
}

// play returns what the audit found.
func (s *simulation) play(t *testing.T) (faults []string) {
	const callbacks, machines, workers = 40, 2, 3
	quiet := slog.New(slog.DiscardHandler)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	var mu sync.Mutex
	var serving [machines]func(body string) int // the answers of the machines that are up

	for i := range machines {
		wg.Go(func() { // machine i, and those that take its place
			for ctx.Err() == nil {
				m := s.boot()
				in := inbox.New(m, inbox.WithLogger(quiet))
				h := webhook.Handler(m.serve, in.Stored("events", inbox.WithIdentity(func(e webhook.Event) string { return e.Form.Get("id") })), webhook.WithLogger(quiet))
				mu.Lock()
				serving[i] = func(body string) int {
					answer := make(chan int, 1)
					go func() {
						w := httptest.NewRecorder()
						h.ServeHTTP(w, callbacktest.Post("/", form, body))
						answer <- w.Code
					}()
					select {
					case status := <-answer:
						return status
					case <-m.died:
						return 0
					}
				}
				mu.Unlock()
				running, stop := context.WithCancel(ctx)
				ended := make(chan error, 1)
				go func() { ended <- in.Run(running, workers) }()
				select {
				case <-m.died:
				case <-ctx.Done():
				case <-time.After(2*time.Second + s.pause(20*time.Second)):
					if s.chance(2, "machines that are killed") {
						m.kill()
					} // or they are asked to end
				}
				mu.Lock()
				serving[i] = nil
				mu.Unlock()
				stop()
				if err := <-ended; err != nil {
					t.Errorf("Run: %v", err)
				}
				m.death()
				time.Sleep(s.pause(2 * time.Second))
			}
		})
	}

	var senders sync.WaitGroup
	for n := range callbacks {
		senders.Go(func() {
			id := fmt.Sprint("n", n)
			if n%4 == 0 {
				id = fmt.Sprint("p", n) // a payment
			}
			body := "id=" + id
			time.Sleep(s.pause(time.Minute))
			for acked := false; !acked || s.chance(3, "callbacks sent again"); time.Sleep(s.pause(5 * time.Second)) {
				var copies sync.WaitGroup
				for range 1 + int(s.pause(2)) { // one or two at once
					copies.Go(func() {
						mu.Lock()
						serve := serving[s.pause(machines)]
						mu.Unlock()
						if serve == nil || serve(body) != 200 {
							return
						}
						s.mu.Lock()
						defer s.mu.Unlock()
						s.acked[id], acked = true, true
					})
				}
				copies.Wait()
			}
		})
	}
	senders.Wait()
	time.Sleep(s.pause(time.Minute))

	// The faults end, and the queue must become empty.
	s.mu.Lock()
	s.calm = true
	s.mu.Unlock()
	const bound = time.Hour
	calm := time.Now()
	for {
		b, err := s.disk.Backlog(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if b.Waiting == 0 {
			break
		}
		if time.Since(calm) > bound {
			faults = append(faults, fmt.Sprintf("%d deliveries still wait after %v without faults", b.Waiting, bound))
			break
		}
		time.Sleep(time.Second)
	}
	cancel()
	wg.Wait()
	synctest.Wait()
	return append(faults, s.audit(t)...)
}

// audit compares what was acknowledged with what happened.
func (s *simulation) audit(t *testing.T) (faults []string) {
	dead, err := s.disk.Dead(t.Context(), "", 1000)
	if err != nil {
		t.Fatal(err)
	}
	doubtful := map[string]bool{} // a person sees these
	for _, l := range dead {
		doubtful[idOf(l.Delivery)] = true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts["payments in doubt"] += len(doubtful)
	for _, id := range slices.Sorted(maps.Keys(s.acked)) {
		pays := id[0] == 'p'
		switch {
		case pays && s.paid[id] > 1:
			faults = append(faults, fmt.Sprintf("callback %s was paid %d times", id, s.paid[id]))
		case pays && s.paid[id] == 0 && !doubtful[id]:
			faults = append(faults, fmt.Sprintf("callback %s was acknowledged and is lost", id))
		case !pays && s.done[id] == 0:
			faults = append(faults, fmt.Sprintf("callback %s was acknowledged and is lost", id))
		case !pays && s.done[id] > 1+s.cut[id]:
			faults = append(faults, fmt.Sprintf("callback %s was handled %d times, and %d times a machine died with it", id, s.done[id], s.cut[id]))
		case !pays && doubtful[id]:
			faults = append(faults, fmt.Sprintf("callback %s is a dead letter", id))
		}
	}
	return faults
}

// simulate plays one seed.
func simulate(t *testing.T, seed uint64, fault simFault) (faults []string, counts map[string]int) {
	synctest.Test(t, func(t *testing.T) {
		s := &simulation{
			disk: inbox.Memory(inbox.AllowLoss), fault: fault, random: rand.New(rand.NewPCG(seed, 0)),
			acked: map[string]bool{}, cut: map[string]int{}, done: map[string]int{}, paid: map[string]int{}, counts: map[string]int{},
		}
		faults = s.play(t)
		s.counts["deaths"] += s.deaths
		for _, n := range s.done {
			if n > 1 {
				s.counts["effects that were repeated"]++
			}
		}
		counts = s.counts
	})
	return faults, counts
}

// TestSimulation plays seeds. A seed that fails is played again with
//
//	go test ./webhook/inbox -run 'TestSimulation$' -seed 17
func TestSimulation(t *testing.T) {
	seeds := slices.Collect(func(yield func(uint64) bool) {
		for seed := range uint64(*simSeeds) {
			if !yield(seed + 1) {
				return
			}
		}
	})
	if *simSeed != 0 {
		seeds = []uint64{*simSeed}
	}
	sum := map[string]int{}
	for _, seed := range seeds {
		faults, counts := simulate(t, seed, simSound)
		for _, fault := range faults {
			t.Errorf("seed %d: %s", seed, fault)
		}
		for what, n := range counts {
			sum[what] += n
		}
		if t.Failed() {
			return
		}
	}
	t.Log(sum)
	if *simSeed != 0 {
		return
	}
	for _, what := range []string{
		"Puts that fail", "Puts whose answer is lost", "results that are not noted", "functions that fail", "functions that ask for time",
		"functions that panic", "machines that are killed", "callbacks sent again", "payments in doubt", "effects that were repeated",
	} {
		if sum[what] == 0 {
			t.Errorf("there were no %s: the simulation does not do what it is for", what)
		}
	}
}

// Queues that are wrong are found.
func TestSimulationControls(t *testing.T) {
	for name, fault := range map[string]simFault{
		"acknowledges before it stores": simAcksFirst,
		"runs deliveries twice":         simRunsTwice,
		"forgets results":               simForgetsResults,
	} {
		found := 0
		for seed := range uint64(20) {
			faults, _ := simulate(t, seed+1, fault)
			found += len(faults)
		}
		if found == 0 {
			t.Errorf("a queue that %s was not found in 20 seeds", name)
		}
	}
}
