// Package send measures clients that send SMS, and shows what each of them does
// with replies that clients break on.
package send

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"time"

	"github.com/sautigo/africastalking/bench/internal/measure"
	"github.com/sautigo/africastalking/bench/internal/report"
	"github.com/sautigo/africastalking/internal/gateway"
	"github.com/sautigo/africastalking/internal/gateway/messaging"
)

const text = "Your order has left the shop."

// Run measures the clients in memory and on loopback, then tries them. Where
// nothing answers, patience is how long their context lets them wait.
func Run(ctx context.Context, p measure.Plan, patience time.Duration) (report.Section, error) {
	s := report.Section{
		Title: "Sending SMS",
		Intro: "One message to one or a hundred recipients, from the call to the report on each of them. " +
			"In memory a transport answers at once; on loopback an HTTP server in the same process does, on connections that are kept. " +
			"What was sent and what is reported was compared first. The bare one checks nothing but the status and has no timeout of its own.",
		Notes: []string{
			"edwinwalela has its own `http.Client` and address: `http.DefaultTransport` is replaced while it is measured.",
			"tech-kenya takes one recipient; several are joined with commas, as the wire has them. It prints each reply to standard output, which leads to " +
				"the null device meanwhile.",
			"The last table was made by running each client against package `clienttest`. Texts are cut.",
		},
	}
	for _, n := range []int{1, 100} {
		to := Numbers(n)
		caption := fmt.Sprintf("In memory, recipients: %d", n)
		p.Logf("send: %s", caption)
		if err := compare(ctx, p, &s, caption, to, inMemory{AcceptAll(to)}); err != nil {
			return s, err
		}
	}
	for _, n := range []int{1, 100} {
		to := Numbers(n)
		caption := fmt.Sprintf("On loopback, recipients: %d", n)
		p.Logf("send: %s", caption)
		if err := onLoopback(ctx, p, &s, caption, to); err != nil {
			return s, err
		}
	}
	p.Logf("send: replies that clients break on")
	table, err := behaviour(ctx, patience)
	s.Tables = append(s.Tables, table)
	return s, err
}

func onLoopback(ctx context.Context, p measure.Plan, s *report.Section, caption string, to []string) error {
	answer := AcceptAll(to)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		messaging.NewReply(http.StatusCreated, gateway.JSONType, []byte(answer)).Write(w)
	}))
	defer server.Close()
	rt, err := newLoopback(server.URL)
	if err != nil {
		return err
	}
	defer rt.next.CloseIdleConnections()
	return compare(ctx, p, s, caption, to, rt)
}

// compare checks the clients on a transport, measures them and adds what it found
// to the section.
func compare(ctx context.Context, p measure.Plan, s *report.Section, caption string, to []string, rt http.RoundTripper) error {
	return isolate(rt, func() error {
		if err := check(ctx, makers(), to); err != nil {
			return err
		}
		var cs []measure.Contender
		for _, m := range makers() {
			send := m.make(first, rt)
			cs = append(cs, measure.Contender{Name: m.name, Run: func(n int) error {
				for range n {
					if _, err := send(ctx, to, text); err != nil {
						return err
					}
				}
				return nil
			}})
		}
		series, err := measure.Interleaved(ctx, p, cs)
		if err != nil {
			return fmt.Errorf("send: %s: %w", caption, err)
		}
		table, bars := report.Compare("**"+caption+"**", series, byHand, ours)
		s.Tables = append(s.Tables, table)
		if _, real := rt.(*toLoopback); real && len(to) == 1 {
			s.Panels = append(s.Panels, report.Panel{Title: "Sending SMS", Better: "to a server on loopback, time beside bare net/http; shorter is better", Bars: bars})
		}
		return nil
	})
}

// request is what matters of a message on its way.
type request struct {
	Username, Key, To, Text string
}

// check compares what the clients send and report with what the first of them does.
func check(ctx context.Context, ms []maker, to []string) error {
	var want request
	var wantReport []recipient
	for i, m := range ms {
		var seen request
		rt := &recorder{answer: AcceptAll(to), saw: func(r request) { seen = r }}
		var got []recipient
		err := isolate(rt, func() (err error) {
			got, err = m.make(first, rt)(ctx, to, text)
			return err
		})
		if err != nil {
			return fmt.Errorf("send: %s: %w", m.name, err)
		}
		if i == 0 {
			want, wantReport = seen, got
		}
		if seen != want {
			return fmt.Errorf("send: %s sends %+v, %s %+v", m.name, seen, ms[0].name, want)
		}
		if !slices.Equal(got, wantReport) || len(got) != len(to) {
			return fmt.Errorf("send: %s reports %+v, %s %+v", m.name, got, ms[0].name, wantReport)
		}
	}
	return nil
}

// recorder answers in memory and shows what it was sent.
type recorder struct {
	answer string
	saw    func(request)
}

func (rec *recorder) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.ParseForm(); err != nil {
		return nil, err
	}
	rec.saw(request{r.PostForm.Get("username"), r.Header.Get("apiKey"), r.PostForm.Get("to"), r.PostForm.Get("message")})
	return Created(rec.answer), nil
}
