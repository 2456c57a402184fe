package killtest

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Cuts is a service whose disk loses power again and again under load.
type Cuts struct {
	Disk *Disk
	// Start starts the service on the disk. It must not handle what it stores.
	Start func() *Process
	// Cuts is how often the power is cut.
	Cuts int
	// Clients is how many clients post at once. The default is 16.
	Clients int
	// Path is where they post, and Form the form for an id, which consists of letters,
	// digits, "-" and "_".
	Path string
	Form func(id string) string
	// Stored returns the ids that are on the disk, after it was restored. An error is for
	// data that cannot be read: all is lost then.
	Stored func() (map[string]int, error)
}

// CutResult is the audit of [Cuts].
type CutResult struct {
	Cuts         int
	Acknowledged int // ids that were answered 200 before a cut
	Lost         int // of these, those that a cut has lost
	Late         int // requests that were sent after a cut and answered 200
	Failed       int // requests that were sent after a cut and not answered 200
	Errors       []error
}

// String returns the result in one line.
func (r CutResult) String() string {
	return fmt.Sprintf("cuts=%d acknowledged=%d lost=%d late=%d failed=%d errors=%d", r.Cuts, r.Acknowledged, r.Lost, r.Late, r.Failed, len(r.Errors))
}

// Run cuts the power. After each cut it waits until each client was refused, kills the
// service, restores the disk and looks for all that was ever acknowledged.
func (c Cuts) Run(tb testing.TB) CutResult {
	tb.Helper()
	if c.Clients == 0 {
		c.Clients = 16
	}
	r := CutResult{Cuts: c.Cuts}
	run := fmt.Sprintf("%x", rand.Uint64())
	lost := map[string]bool{}
	acknowledged := map[string]bool{}
	for cut := range c.Cuts {
		process := c.Start()
		var (
			mu      sync.Mutex
			now     atomic.Int64 // 1 when the power is being cut, 2 when it is gone
			clients sync.WaitGroup
		)
		for n := range c.Clients {
			clients.Go(func() {
				conn, err := Dial(process.Addr)
				if err != nil {
					return
				}
				defer conn.Close()
				for i, after := 0, 0; after < 3; i++ {
					id := fmt.Sprintf("%s-%d-%d-%d", run, cut, n, i)
					sent := now.Load()
					status, err := conn.Post(c.Path, c.Form(id))
					if err != nil {
						return
					}
					mu.Lock()
					switch {
					case sent == 2 && status == 200:
						r.Late++
					case sent == 2:
						r.Failed++
					case status == 200 && now.Load() == 0:
						acknowledged[id] = true
					}
					mu.Unlock()
					if sent == 2 {
						after++
					}
				}
			})
		}
		time.Sleep(200*time.Millisecond + rand.N(600*time.Millisecond))
		// Which answers are on their way is not known: what comes from now on does not count.
		mu.Lock()
		now.Store(1)
		mu.Unlock()
		c.Disk.Cut()
		now.Store(2)
		refused := make(chan struct{})
		go func() {
			clients.Wait()
			close(refused)
		}()
		select {
		case <-refused:
		case <-time.After(10 * time.Second): // it hangs
		}
		process.Kill()
		<-refused
		c.Disk.Restore()
		stored, err := c.Stored()
		if err != nil {
			r.Errors = append(r.Errors, err)
			stored = nil
		}
		for id := range acknowledged {
			if stored[id] == 0 {
				lost[id] = true
			}
		}
	}
	r.Acknowledged, r.Lost = len(acknowledged), len(lost)
	return r
}
