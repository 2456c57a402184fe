package send

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sautigo/africastalking/bench/internal/report"
)

// gateway is a server on loopback whose answer can be changed between messages.
type gateway struct {
	*httptest.Server
	serve    atomic.Pointer[func(w http.ResponseWriter, r *http.Request, to []string)]
	requests atomic.Int32
}

func newGateway() *gateway {
	g := &gateway{}
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.requests.Add(1)
		if err := r.ParseForm(); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		(*g.serve.Load())(w, r, strings.Split(r.PostForm.Get("to"), ","))
	}))
	return g
}

// answer sets how messages are answered from now on.
func (g *gateway) answer(serve func(w http.ResponseWriter, r *http.Request, to []string)) {
	g.serve.Store(&serve)
	g.requests.Store(0)
}

func acceptAll(w http.ResponseWriter, _ *http.Request, to []string) {
	write(w, http.StatusCreated, jsonType, AcceptAll(to))
}

// outcome is what a client did.
type outcome struct {
	recipients []recipient
	err        error
	panicked   any
	waiting    bool
}

func (o outcome) String() string {
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

// behaviour returns a table of what each client does with each reply. Where
// nothing answers, the context ends after patience, and twice as long is waited.
func behaviour(ctx context.Context, patience time.Duration) (report.Table, error) {
	g := newGateway()
	defer g.Close()
	rt, err := newLoopback(g.URL)
	if err != nil {
		return report.Table{}, err
	}
	defer rt.next.CloseIdleConnections()
	ms := makers()
	t := report.Table{Caption: "**What each does with replies that clients break on**", Header: []string{"the answer", "the message was"}}
	for _, m := range ms {
		t.Header = append(t.Header, m.name)
	}
	err = isolate(rt, func() error {
		release := make(chan struct{})
		var running []<-chan struct{}
		for _, r := range replies(release) {
			row := []string{r.name, r.fate}
			for _, m := range ms {
				if err := ctx.Err(); err != nil {
					return err
				}
				g.answer(r.serve)
				limited, cancel := context.WithTimeout(ctx, patience)
				o, done := try(limited, m.make(first, rt), Numbers(r.to), "Your order has left the shop.", 2*patience)
				cancel()
				running = append(running, done)
				row = append(row, o.String())
			}
			t.Rows = append(t.Rows, row)
		}
		close(release)
		for _, done := range running {
			<-done
		}
		t.Rows = append(t.Rows, many(ctx, g, rt, ms), two(ctx, g, rt, ms), cancelled(ctx, g, rt, ms))
		return nil
	})
	return t, err
}

// many sends to 10,000.
func many(ctx context.Context, g *gateway, rt http.RoundTripper, ms []maker) []string {
	row := []string{"10,000 recipients", "accepted"}
	for _, m := range ms {
		g.answer(acceptAll)
		o, done := try(ctx, m.make(first, rt), Numbers(10_000), "Your order has left the shop.", time.Minute)
		<-done
		row = append(row, fmt.Sprintf("%v; requests: %d", o, g.requests.Load()))
	}
	return row
}

// two sends for two accounts at once, each message naming its account.
func two(ctx context.Context, g *gateway, rt http.RoundTripper, ms []maker) []string {
	const messages = 50
	row := []string{"two accounts at once, 50 messages each", "accepted"}
	accounts := []account{first, {"second", "atsk_0000000000000000000000000000000000000000000000000000000000000002"}}
	keys := map[string]string{}
	for _, a := range accounts {
		keys[a.username] = a.key
	}
	for _, m := range ms {
		var wrong, failed atomic.Int32
		g.answer(func(w http.ResponseWriter, r *http.Request, to []string) {
			name := r.PostForm.Get("message")
			if r.PostForm.Get("username") != name || r.Header.Get("apiKey") != keys[name] {
				wrong.Add(1)
			}
			acceptAll(w, r, to)
		})
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
		row = append(row, fmt.Sprintf("%d on the wrong account, %d failed", wrong.Load(), failed.Load()))
	}
	return row
}

// cancelled sends with a context that is over.
func cancelled(ctx context.Context, g *gateway, rt http.RoundTripper, ms []maker) []string {
	row := []string{"a context that is cancelled", "not sent, where it can be given"}
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	for _, m := range ms {
		g.answer(acceptAll)
		o, done := try(ctx, m.make(first, rt), Numbers(1), "Your order has left the shop.", time.Minute)
		<-done
		if !m.takesContext {
			row = append(row, "takes none; sends")
			continue
		}
		row = append(row, fmt.Sprintf("%v; requests: %d", o, g.requests.Load()))
	}
	return row
}
