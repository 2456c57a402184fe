package killtest

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Note adds a line to a file in one write, which outlives the process.
func Note(file, line string) error {
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteString(line + "\n")
	return err
}

// Notes counts the lines of a file; there are none if the file is not there.
func Notes(file string) (map[string]int, error) {
	data, err := os.ReadFile(file)
	if err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	count := map[string]int{}
	for line := range strings.Lines(string(data)) {
		count[strings.TrimSuffix(line, "\n")]++
	}
	return count, nil
}

// Plan is a service that dies again and again under load.
type Plan struct {
	// Start starts the service, each time over the same data.
	Start func() *Process
	// Deaths is how often it dies: by kill -9, or by SIGTERM if Terminate is set.
	Deaths    int
	Terminate bool
	// Fail is called in place of the death of the service if it is set, such as to kill a
	// server that the service needs. It may start another service, and returns the one that
	// is to be used from then on.
	Fail func(*Process) *Process
	// Every is the mean time between deaths. The default is 500 ms.
	Every time.Duration
	// Clients is how many clients post at once. The default is 8.
	Clients int
	// Path is where they post, and Form the form for an id, which consists of letters,
	// digits, "-" and "_".
	Path string
	Form func(id string) string
	// Effects counts how often the service has handled each id.
	Effects func() (map[string]int, error)
	// Settle is how long the service may go without a new effect, after the last death,
	// before what has none counts as lost. The default is 5 s.
	Settle time.Duration
}

// Result is the audit of a [Plan].
type Result struct {
	Deaths       int
	Acknowledged int // ids that were answered 200
	Lost         int // acknowledged and never handled
	Twice        int // times that an id was handled again
	Unanswered   int // handled, but the client has not seen a 200 yet
	Retries      int // requests that were not answered 200
	Resent       int // requests for what was acknowledged before
	// Drained is how long it took, after the last death, until everything was handled.
	Drained time.Duration
}

// String returns the result in one line.
func (r Result) String() string {
	return fmt.Sprintf("deaths=%d acknowledged=%d lost=%d twice=%d unanswered=%d retries=%d resent=%d drained=%v",
		r.Deaths, r.Acknowledged, r.Lost, r.Twice, r.Unanswered, r.Retries, r.Resent, r.Drained.Round(time.Millisecond))
}

// Run carries out the plan. Each client posts an id until it is answered 200, then the
// next one; one id in twenty it posts once more.
func (p Plan) Run(tb testing.TB) Result {
	tb.Helper()
	if p.Every == 0 {
		p.Every = 500 * time.Millisecond
	}
	if p.Clients == 0 {
		p.Clients = 8
	}
	if p.Settle == 0 {
		p.Settle = 5 * time.Second
	}
	var (
		addr            atomic.Pointer[string]
		mu              sync.Mutex
		acknowledged    = map[string]bool{}
		retries, resent atomic.Int64
		clients         sync.WaitGroup
		stop            = make(chan struct{})
	)
	process := p.Start()
	addr.Store(&process.Addr)
	run := fmt.Sprintf("%x", rand.Uint64())
	for c := range p.Clients {
		clients.Go(func() {
			caller := caller{addr: &addr}
			defer caller.close()
			for i := 0; ; i++ {
				id := fmt.Sprintf("%s-%d-%d", run, c, i)
				for !caller.post(p.Path, p.Form(id)) {
					retries.Add(1)
					select {
					case <-stop:
						return
					case <-time.After(10 * time.Millisecond):
					}
				}
				mu.Lock()
				acknowledged[id] = true
				mu.Unlock()
				if rand.IntN(20) == 0 {
					resent.Add(1)
					caller.post(p.Path, p.Form(id))
				}
				select {
				case <-stop:
					return
				case <-time.After(2 * time.Millisecond):
				}
			}
		})
	}
	for range p.Deaths {
		time.Sleep(p.Every/2 + rand.N(p.Every))
		switch {
		case p.Fail != nil:
			process = p.Fail(process)
		case p.Terminate:
			process.Terminate()
			process = p.Start()
		default:
			process.Kill()
			process = p.Start()
		}
		addr.Store(&process.Addr)
	}
	time.Sleep(p.Every / 2)
	close(stop)
	clients.Wait()

	r := Result{Deaths: p.Deaths, Acknowledged: len(acknowledged), Retries: int(retries.Load()), Resent: int(resent.Load())}
	start := time.Now()
	for last, seen := start, -1; ; time.Sleep(50 * time.Millisecond) {
		effects, err := p.Effects()
		if err != nil {
			tb.Fatal(err)
		}
		r.Lost = 0
		for id := range acknowledged {
			if effects[id] == 0 {
				r.Lost++
			}
		}
		if len(effects) > seen {
			last, seen = time.Now(), len(effects)
		}
		if r.Lost == 0 || time.Since(last) > p.Settle {
			break
		}
	}
	r.Drained = time.Since(start)
	// What is handled again comes after what it repeats.
	process.Terminate()
	effects, err := p.Effects()
	if err != nil {
		tb.Fatal(err)
	}
	for id, n := range effects {
		r.Twice += n - 1
		if !acknowledged[id] {
			r.Unanswered++
		}
	}
	return r
}

// caller posts to wherever the service is.
type caller struct {
	addr *atomic.Pointer[string]
	at   *string
	conn *Conn
}

// post returns whether the answer is 200.
func (c *caller) post(path, form string) bool {
	if at := c.addr.Load(); at != c.at {
		c.close()
		c.at = at
	}
	if c.conn == nil {
		conn, err := Dial(*c.at)
		if err != nil {
			return false
		}
		c.conn = conn
	}
	status, err := c.conn.Post(path, form)
	if err != nil {
		c.close()
	}
	return err == nil && status == 200
}

func (c *caller) close() {
	if c.conn != nil {
		c.conn.Close()
		c.conn = nil
	}
}
