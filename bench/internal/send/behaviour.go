package send

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sautigo/africastalking/bench/internal/report"
	"github.com/sautigo/africastalking/client/clienttest"
)

// outcome is what a client did.
type outcome struct {
	recipients []recipient
	err        error
	panicked   any
	waiting    bool
	// sent is for how many recipients the message was really taken, each time.
	sent int
}

func (o outcome) String() string { return fmt.Sprintf("%s; sent: %d", o.report(), o.sent) }

// report is what the client's caller gets to know.
func (o outcome) report() string {
	switch {
	case o.waiting:
		return "still waits"
	case o.panicked != nil:
		return "panics: " + short(fmt.Sprint(o.panicked))
	}
	n := 0
	for _, r := range o.recipients {
		if r.Accepted {
			n++
		}
	}
	reported := fmt.Sprintf("%d of %d accepted", n, len(o.recipients))
	if len(o.recipients) == 0 {
		reported = "nobody reported"
	}
	if o.err != nil {
		return "error: " + short(o.err.Error()) + "; " + reported
	}
	return "no error; " + reported
}

// short keeps a text to one line of a table.
func short(s string) string {
	const limit = 60
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > limit {
		return string(r[:limit]) + "…"
	}
	return s
}

// try sends a message and waits for the outcome as long as patience. The channel
// is closed once the client has returned.
func try(ctx context.Context, send sendFunc, to []string, text string, patience time.Duration) (outcome, <-chan struct{}) {
	done := make(chan struct{})
	var o outcome
	go func() {
		defer close(done)
		defer func() { o.panicked = recover() }()
		o.recipients, o.err = send(ctx, to, text)
	}()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-done:
		return o, done
	case <-timer.C:
		return outcome{waiting: true}, done
	}
}

// lifetime is what a kit takes for its test: it ends when told to.
type lifetime struct {
	testing.TB
	cleanups []func()
}

func (l *lifetime) Helper()          {}
func (l *lifetime) Cleanup(f func()) { l.cleanups = append(l.cleanups, f) }

func (l *lifetime) end() {
	for _, f := range slices.Backward(l.cleanups) {
		f()
	}
	l.cleanups = nil
}

// stand is where clients are tried: a new Africa's Talking for each.
type stand struct {
	lifetime
	at atomic.Pointer[clienttest.Server]
}

func (s *stand) open() *clienttest.Server {
	at := clienttest.NewServer(s, clienttest.WithAccount(first.username, first.key))
	s.at.Store(at)
	return at
}

// RoundTrip leads to the newest server, for clients that use the default transport.
func (s *stand) RoundTrip(r *http.Request) (*http.Response, error) {
	return s.at.Load().Transport().RoundTrip(r)
}

func sent(at *clienttest.Server) int {
	n := 0
	for _, m := range at.Sent() {
		n += len(m.To)
	}
	return n
}

// behaviour returns a table of what each client does with each reply. Where
// nothing answers, the context ends after patience, and twice as long is waited.
func behaviour(ctx context.Context, patience time.Duration) (report.Table, error) {
	s := &stand{}
	defer s.end()
	ms := makers()
	t := report.Table{
		Caption: "**What each does with replies that clients break on**, and to how many the message was really sent",
		Header:  []string{"the reply"},
	}
	for _, m := range ms {
		t.Header = append(t.Header, m.name)
	}
	err := isolate(s, func() error {
		var running []<-chan struct{}
		for _, reply := range clienttest.Breaks() {
			row := []string{string(reply)}
			to := Numbers(1)
			if reply == clienttest.PartialRefusal {
				to = Numbers(2)
			}
			for _, m := range ms {
				if err := ctx.Err(); err != nil {
					return err
				}
				at := s.open()
				at.Next(reply)
				limited, cancel := context.WithTimeout(ctx, patience)
				o, done := try(limited, m.make(first, at.Transport()), to, text, 2*patience)
				cancel()
				o.sent = sent(at)
				running = append(running, done)
				row = append(row, o.String())
			}
			t.Rows = append(t.Rows, row)
		}
		s.end() // lets those go that still wait
		for _, done := range running {
			<-done
		}
		t.Rows = append(t.Rows, many(ctx, s, ms), two(ctx, ms), cancelled(ctx, s, ms))
		return nil
	})
	return t, err
}

// many sends to 10,000.
func many(ctx context.Context, s *stand, ms []maker) []string {
	row := []string{"10,000 recipients"}
	for _, m := range ms {
		at := s.open()
		o, done := try(ctx, m.make(first, at.Transport()), Numbers(10_000), text, time.Minute)
		<-done
		o.sent = sent(at)
		row = append(row, fmt.Sprintf("%v; requests: %d", o, len(at.Requests())))
	}
	return row
}

// two sends for two accounts at once, each message naming its account.
func two(ctx context.Context, ms []maker) []string {
	const messages = 50
	row := []string{"two accounts at once, 50 messages each"}
	accounts := []account{first, {"second", "atsk_0000000000000000000000000000000000000000000000000000000000000002"}}
	keys := map[string]string{}
	for _, a := range accounts {
		keys[a.username] = a.key
	}
	for _, m := range ms {
		var wrong, failed atomic.Int32
		rt := &recorder{answer: AcceptAll(Numbers(1)), saw: func(r request) {
			if r.Username != r.Text || r.Key != keys[r.Text] {
				wrong.Add(1)
			}
		}}
		_ = isolate(rt, func() error {
			var senders sync.WaitGroup
			for _, a := range accounts {
				send := m.make(a, rt)
				senders.Go(func() {
					for range messages {
						o, done := try(ctx, send, Numbers(1), a.username, time.Minute)
						<-done
						if o.err != nil || o.panicked != nil {
							failed.Add(1)
						}
					}
				})
			}
			senders.Wait()
			return nil
		})
		row = append(row, fmt.Sprintf("%d on the wrong account, %d failed", wrong.Load(), failed.Load()))
	}
	return row
}

// cancelled sends with a context that is over.
func cancelled(ctx context.Context, s *stand, ms []maker) []string {
	row := []string{"a context that is cancelled"}
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	for _, m := range ms {
		at := s.open()
		o, done := try(ctx, m.make(first, at.Transport()), Numbers(1), text, time.Minute)
		<-done
		o.sent = sent(at)
		if !m.takesContext {
			row = append(row, fmt.Sprintf("takes none; sent: %d", o.sent))
			continue
		}
		row = append(row, o.String())
	}
	return row
}
