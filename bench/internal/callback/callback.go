// Package callback measures callbacks from the request to the reply: this library
// beside the same written by hand, and beside decoders that one would take.
package callback

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/sautigo/africastalking/bench/internal/measure"
	"github.com/sautigo/africastalking/bench/internal/report"
	"github.com/sautigo/africastalking/sms"
	"github.com/sautigo/africastalking/ussd"
	"github.com/sautigo/africastalking/voice"
)

// Names of contenders.
const (
	ours   = "this library"
	byHand = "by hand"
)

// Targets of the library.
const (
	maxRatio  = 0.5
	maxAllocs = 8
)

// contender is one way to answer a kind of callback.
type contender struct {
	name    string
	handler http.Handler
	// read returns what was read of the request, to be compared.
	read func(*http.Request) (any, error)
}

// kind is one kind of callback and those who answer it, the baseline first.
type kind struct {
	name, body string
	contenders []contender
	// tableOnly keeps the kind out of the chart.
	tableOnly bool
}

func libraryMessage() http.Handler {
	return sms.IncomingMessageHandler(func(context.Context, sms.IncomingMessage) error { return nil })
}

// LibraryHop answers a USSD hop with the subscriber's number, with this library.
func LibraryHop() http.Handler {
	return ussd.Handler(func(_ context.Context, r ussd.Request) (ussd.Response, error) {
		return ussd.Continue("Your number is " + r.PhoneNumber), nil
	})
}

// HopByHand is the same as [LibraryHop], written by hand.
func HopByHand() http.Handler { return answer(readHop, writeNumber) }

func libraryCall() http.Handler {
	return voice.Handler(func(_ context.Context, c voice.Call) (voice.Response, error) {
		return voice.Respond(voice.Say{Text: "You called " + c.DestinationNumber}), nil
	})
}

// kinds makes everything new, so that no run knows the sessions of another.
func kinds() []kind {
	hops := func() []contender {
		stored := phadaStored()
		return append(contenders(LibraryHop(), ussd.Parse, hopOf, readHop, writeNumber),
			contender{"phada v0.2.0, parser", answer(phadaRead, writeNumber), untyped(phadaRead)},
			contender{"phada v0.2.0, parser and store", answer(stored, writeNumber), untyped(stored)})
	}
	return []kind{
		{"USSD, first hop", FirstHop, hops(), true},
		{"USSD, later hop", LaterHop, hops(), false},
		{"SMS, incoming message", incoming, contenders(libraryMessage(), sms.ParseIncomingMessage, messageOf, readMessage, writeGood), false},
		{"Voice, call and its XML", ringing, contenders(libraryCall(), voice.Parse, callOf, readCall, writeCalled), false},
	}
}

func contenders[L, T any](library http.Handler, parse func(*http.Request) (L, error), as func(L) T,
	read func(*http.Request) (T, error), write func(http.ResponseWriter, T)) []contender {
	return []contender{
		{byHand, answer(read, write), untyped(read)},
		{ours, library, func(r *http.Request) (any, error) { v, err := parse(r); return as(v), err }},
		{"gorilla/schema v1.4.1", answer(gorillaRead[T], write), untyped(gorillaRead[T])},
		{"go-playground/form v4.2.1", answer(playgroundRead[T], write), untyped(playgroundRead[T])},
	}
}

func untyped[T any](read func(*http.Request) (T, error)) func(*http.Request) (any, error) {
	return func(r *http.Request) (any, error) { v, err := read(r); return v, err }
}

// Run checks that all contenders read and answer the same, then measures them.
func Run(ctx context.Context, p measure.Plan) (report.Section, error) {
	s := report.Section{
		Title: "Callback to reply",
		Intro: "From the request to the reply, on a writer that throws it away. By hand is `ParseForm`, `PostForm.Get` and the reply: no deadline, no limit, no checks; " +
			"the decoders are made once and their reply is written by hand too. This library has its deadline, its limits and its checks on. " +
			"Replies and values were compared first: all are the same.",
		Notes: []string{"phada reads the session, the number and the text of a hop, and nothing else."},
	}
	for _, k := range kinds() {
		p.Logf("callback: %s", k.name)
		if err := k.check(); err != nil {
			return s, err
		}
		var cs []measure.Contender
		for _, c := range k.contenders {
			cs = append(cs, measure.Contender{Name: c.name, Run: Repeat(c.handler, k.body)})
		}
		series, err := measure.Interleaved(ctx, p, cs)
		if err != nil {
			return s, fmt.Errorf("callback: %s: %w", k.name, err)
		}
		table, bars := report.Compare("**"+k.name+"**", series, byHand, ours)
		s.Tables = append(s.Tables, table)
		if !k.tableOnly {
			s.Panels = append(s.Panels, report.Panel{Title: k.name, Better: "callback to reply, time beside by hand; shorter is better", Bars: bars})
		}
		library := report.Find(series, ours)
		s.Verdicts = append(s.Verdicts,
			report.AtMost("Callback to reply, "+k.name, maxRatio, measure.Ratios(library.Nanos(), report.Find(series, byHand).Nanos())),
			report.Verdict{What: "Allocations, " + k.name, Target: fmt.Sprintf("at most %d", maxAllocs),
				Measured: fmt.Sprintf("%.0f", library.Allocs()), Reached: library.Allocs() <= maxAllocs})
	}
	return s, nil
}

// reply is all that Africa's Talking gets to see of an answer.
type reply struct {
	Status            int
	ContentType, Body string
}

func replyOf(h http.Handler, body string) reply {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, post(body))
	return reply{w.Code, w.Header().Get("Content-Type"), w.Body.String()}
}

func post(body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/callback", io.NopCloser(strings.NewReader(body)))
	r.Header.Set("Content-Type", formType)
	r.ContentLength = int64(len(body))
	return r
}

// check compares replies and values with those of the baseline.
func (k kind) check() error {
	baseline := k.contenders[0]
	want := replyOf(baseline.handler, k.body)
	wantValue, err := baseline.read(post(k.body))
	if err != nil {
		return fmt.Errorf("callback: %s: %s: %w", k.name, baseline.name, err)
	}
	for _, c := range k.contenders {
		// A store answers a hop that it knows; the second answer is measured.
		for range 2 {
			if got := replyOf(c.handler, k.body); got != want {
				return fmt.Errorf("callback: %s: %s replies %+v, %s %+v", k.name, c.name, got, baseline.name, want)
			}
		}
		value, err := c.read(post(k.body))
		if err != nil {
			return fmt.Errorf("callback: %s: %s: %w", k.name, c.name, err)
		}
		if got, want := known(c, value), known(c, wantValue); got != want {
			return fmt.Errorf("callback: %s: %s reads %+v, %s %+v", k.name, c.name, got, baseline.name, want)
		}
	}
	return nil
}

// known leaves out of a value what the contender does not read.
func known(c contender, value any) any {
	if h, ok := value.(hop); ok && strings.HasPrefix(c.name, "phada") {
		h.NetworkCode, h.ServiceCode = "", ""
		return h
	}
	return value
}
