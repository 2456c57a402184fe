package smstest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/sms"
	"github.com/sautigo/africastalking/sms/smstest"
	"github.com/sautigo/africastalking/webhook"
)

// fake is a test that may fail.
type fake struct {
	testing.TB // nil: the kit calls nothing but what is below
	mu         sync.Mutex
	errors     []string
}

func (f *fake) Helper() {}

func (f *fake) Errorf(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.errors = append(f.errors, fmt.Sprintf(format, args...))
}

// token is a secret in a callback URL.
const token = "3b9f1c2d4e5f60718293a4b5c6d7e8f9"

func quiet() webhook.Option { return webhook.WithLogger(slog.New(slog.DiscardHandler)) }

// The kit returns the payloads that a handler's function gets.
func TestDeliveredIsReceived(t *testing.T) {
	t.Parallel()
	var got []any
	keep := func(v any) error { got = append(got, v); return nil }
	mux := http.NewServeMux()
	mux.Handle("/incoming", sms.IncomingMessageHandler(func(_ context.Context, m sms.IncomingMessage) error { return keep(m) }))
	mux.Handle("/reports", sms.DeliveryReportHandler(func(_ context.Context, r sms.DeliveryReport) error { return keep(r) }))
	mux.Handle("/opt-out", sms.OptOutHandler(func(_ context.Context, o sms.OptOut) error { return keep(o) }))
	mux.Handle("/subscriptions", sms.SubscriptionHandler(func(_ context.Context, s sms.Subscription) error { return keep(s) }))
	at := func(path string) *smstest.App { return smstest.New(t, mux, smstest.WithPath(path+"?key=1")) }

	var want []any
	incoming := at("/incoming")
	want = append(want, incoming.Message(sms.IncomingMessage{}),
		incoming.Message(sms.IncomingMessage{
			ID: "1", Date: time.Date(2026, 1, 2, 3, 4, 5, 6, time.FixedZone("EAT", 3*3600)), From: "MTN", To: "12345",
			Text: "a*b#c+d é &=%\n", LinkID: "0309", NetworkCode: "99999",
			Cost: africastalking.Money{Currency: "RWF", Micros: 50_000_000},
		}),
		incoming.Message(sms.IncomingMessage{LinkID: "0"}),
		incoming.Message(sms.IncomingMessage{Cost: africastalking.Money{Micros: 500_000}}))
	if diff := cmp.Diff(smstest.Answer{Status: 200, Body: "GOOD"}, incoming.Answer()); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
	reports := at("/reports")
	for _, r := range reports.Reports(sms.DeliveryReport{FailureReason: sms.UserInBlackList, RetryCount: 1, RequestID: "r1"}, sms.Submitted, sms.Rejected) {
		want = append(want, r)
	}
	for _, r := range append(reports.Reports(sms.DeliveryReport{}), reports.Reports(sms.DeliveryReport{ID: "2", Status: sms.Expired})...) {
		want = append(want, r)
	}
	want = append(want, at("/opt-out").OptOut(sms.OptOut{}), at("/opt-out").OptOut(sms.OptOut{SenderID: "SHOP", PhoneNumber: "+254711000009"}))
	want = append(want, at("/subscriptions").Subscription(sms.Subscription{}),
		at("/subscriptions").Subscription(sms.Subscription{PhoneNumber: "+254711000009", ShortCode: "12345", Keyword: "NEWS", UpdateType: sms.Deletion}))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("received (-delivered +received):\n%s", diff)
	}
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	app := smstest.New(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	m := app.Message(sms.IncomingMessage{Text: "HELP"})
	want := sms.IncomingMessage{ID: m.ID, Date: m.Date, From: "+254711000001", To: "21512", Text: "HELP", NetworkCode: "63902"}
	if diff := cmp.Diff(want, m); diff != "" || len(m.ID) < 32 || m.Date.IsZero() {
		t.Errorf("message (-want +got):\n%s", diff)
	}
	if other := app.Message(sms.IncomingMessage{}); other.ID == m.ID {
		t.Error("two messages have one ID")
	}
	r := app.Reports(sms.DeliveryReport{ID: "1", FailureReason: sms.UserIsInactive}, sms.Sent, sms.Failed)
	wantReports := []sms.DeliveryReport{
		{ID: "1", Status: sms.Sent, PhoneNumber: "+254711000001", NetworkCode: "63902"},
		{ID: "1", Status: sms.Failed, PhoneNumber: "+254711000001", NetworkCode: "63902", FailureReason: sms.UserIsInactive},
	}
	if diff := cmp.Diff(wantReports, r); diff != "" {
		t.Errorf("reports (-want +got):\n%s", diff)
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	message := sms.IncomingMessage{ID: "1", Date: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Text: "HELP"}
	const posted = "\n    POST /\n    date=2026-01-02+03%3A04%3A05&from=%2B254711000001&id=1&text=HELP&to=21512&networkCode=63902"
	status := func(status int, body string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		})
	}
	again := "smstest: incoming message, delivered again is answered 500, want 200" + posted + "\n    answer: 500 Internal Server Error"
	report := func(copy int) string {
		return fmt.Sprintf("smstest: delivery report Success, copy %d of 2, is answered 500, want 200", copy) +
			"\n    POST /\n    phoneNumber=%2B254711000001&retryCount=0&id=1&status=Success&networkCode=63902" +
			"\n    answer: 500 Internal Server Error"
	}
	for _, tt := range []struct {
		name string
		h    http.Handler
		opts []smstest.Option
		use  func(*smstest.App)
		want []string
	}{
		{
			name: "acknowledged",
			h:    status(200, ""),
			use:  func(a *smstest.App) { a.Message(message); a.Again().Again() },
		},
		{
			name: "not acknowledged",
			h:    status(500, "no\nstore\n"),
			use:  func(a *smstest.App) { a.Message(message) },
			want: []string{"smstest: incoming message is answered 500, want 200" + posted +
				"\n    answer: 500 Internal Server Error\n    no\n    store"},
		},
		{
			name: "created is not OK",
			h:    status(201, ""),
			use:  func(a *smstest.App) { a.Message(message) },
			want: []string{"smstest: incoming message is answered 201, want 200" + posted + "\n    answer: 201 Created"},
		},
		{
			name: "again",
			h:    status(500, ""),
			use:  func(a *smstest.App) { a.Expect(500).Message(message); a.Again().Again() },
			want: []string{again, again},
		},
		{
			name: "nothing to deliver again",
			h:    status(200, ""),
			use:  func(a *smstest.App) { a.Again() },
			want: []string{"smstest: there is nothing to deliver again"},
		},
		{
			name: "refused",
			h:    status(404, ""),
			use:  func(a *smstest.App) { a.Expect(404).Message(message); a.Expect(404).Again() },
		},
		{
			name: "not refused",
			h:    status(200, "GOOD"),
			use:  func(a *smstest.App) { a.Expect(404).Message(message) },
			want: []string{"smstest: incoming message is answered 200, want 404" + posted + "\n    answer: 200 OK\n    GOOD"},
		},
		{
			name: "expected by one only",
			h:    status(404, ""),
			use:  func(a *smstest.App) { a.Expect(404).Message(message); a.OptOut(sms.OptOut{}) },
			want: []string{"smstest: opt-out is answered 404, want 200" +
				"\n    POST /\n    senderId=21512&phoneNumber=%2B254711000001\n    answer: 404 Not Found"},
		},
		{
			name: "copies",
			h:    status(500, ""),
			opts: []smstest.Option{smstest.WithCopies(2)},
			use:  func(a *smstest.App) { a.Reports(sms.DeliveryReport{ID: "1"}) },
			want: []string{report(1), report(2)},
		},
		{
			name: "panic",
			h:    http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("oh") }),
			use:  func(a *smstest.App) { a.Message(message) },
			want: []string{"smstest: incoming message has no answer: the handler panicked: oh" + posted + "\n    goroutine …"},
		},
		{
			name: "secret in the path",
			h:    status(404, "no route for /at/"+token+"/sms"),
			opts: []smstest.Option{smstest.WithPath("/at/" + token + "/sms?key=" + token + "x&lang=sw")},
			use:  func(a *smstest.App) { a.OptOut(sms.OptOut{}) },
			want: []string{"smstest: opt-out is answered 404, want 200" +
				"\n    POST /at/…/sms?key=…&lang=sw\n    senderId=21512&phoneNumber=%2B254711000001" +
				"\n    answer: 404 Not Found\n    no route for /at/…/sms"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := &fake{}
			tt.use(smstest.New(f, tt.h, tt.opts...))
			for i, e := range f.errors {
				if before, _, panicked := strings.Cut(e, "goroutine "); panicked {
					f.errors[i] = before + "goroutine …"
				}
			}
			if diff := cmp.Diff(tt.want, f.errors); diff != "" {
				t.Errorf("failures (-want +got):\n%s", diff)
			}
		})
	}
}

// A failure shows no secret of the URL that the app runs at either.
func TestURLIsMasked(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	f := &fake{}
	smstest.NewURL(f, server.URL+"/at/"+token+"/sms").OptOut(sms.OptOut{})
	want := []string{"smstest: opt-out is answered 404, want 200\n    POST " + server.URL + "/at/…/sms" +
		"\n    senderId=21512&phoneNumber=%2B254711000001\n    answer: 404 Not Found\n    404 page not found"}
	if diff := cmp.Diff(want, f.errors); diff != "" {
		t.Errorf("failures (-want +got):\n%s", diff)
	}
}

func TestDeadline(t *testing.T) {
	t.Parallel()
	for d, opts := range map[time.Duration][]smstest.Option{
		10 * time.Second: nil,
		time.Second:      {smstest.WithDeadline(time.Second)},
	} {
		synctest.Test(t, func(t *testing.T) {
			hang := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
			f := &fake{}
			start := time.Now()
			app := smstest.New(f, hang, opts...)
			app.OptOut(sms.OptOut{})
			if got := time.Since(start); got != d {
				t.Errorf("waited %s, want %s", got, d)
			}
			want := []string{fmt.Sprintf("smstest: opt-out has no answer after %s\n    POST /\n    senderId=21512&phoneNumber=%%2B254711000001", d)}
			if diff := cmp.Diff(want, f.errors); diff != "" {
				t.Errorf("failures (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(smstest.Answer{}, app.Answer()); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
		})
	}
}

// An app that fails first takes the message when it is posted again, and a message
// that arrives twice is one message.
func TestURL(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	seen := map[string]int{}
	server := httptest.NewTLSServer(sms.IncomingMessageHandler(func(_ context.Context, m sms.IncomingMessage) error {
		mu.Lock()
		defer mu.Unlock()
		if seen[m.ID]++; seen[m.ID] == 1 {
			return errors.New("the store is away")
		}
		return nil
	}, quiet()))
	defer server.Close()
	app := smstest.NewURL(t, server.URL+"/sms", smstest.WithTransport(server.Client().Transport))
	app.Expect(http.StatusInternalServerError).Message(sms.IncomingMessage{ID: "1"})
	app.Again().Again()
	if diff := cmp.Diff(map[string]int{"1": 3}, seen); diff != "" {
		t.Errorf("deliveries (-want +got):\n%s", diff)
	}
}

func TestAtOnce(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	seen := map[string]int{}
	app := smstest.New(t, sms.IncomingMessageHandler(func(_ context.Context, m sms.IncomingMessage) error {
		mu.Lock()
		defer mu.Unlock()
		seen[m.ID]++
		return nil
	}), smstest.WithCopies(3))
	want := map[string]int{}
	var wg sync.WaitGroup
	for i := range 100 {
		id := fmt.Sprint(i + 1) // 0 would be none
		want[id] = 3
		wg.Go(func() { app.Message(sms.IncomingMessage{ID: id}) })
	}
	wg.Wait()
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Errorf("deliveries (-want +got):\n%s", diff)
	}
}

// A link id of "0" is posted, and none for the app.
func TestNoLinkID(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"0", "None"} {
		var posted string
		app := smstest.New(t, sms.IncomingMessageHandler(func(ctx context.Context, _ sms.IncomingMessage) error {
			f, _ := webhook.FormFrom(ctx)
			posted = f.Get("linkId")
			return nil
		}))
		if m := app.Message(sms.IncomingMessage{LinkID: id}); posted != id || m.LinkID != "" {
			t.Errorf("posted %q and returned %q, want %q and none", posted, m.LinkID, id)
		}
	}
}

// The sandbox names no network.
func TestWithSandbox(t *testing.T) {
	t.Parallel()
	app := smstest.New(t, sms.IncomingMessageHandler(func(ctx context.Context, _ sms.IncomingMessage) error {
		if f, ok := webhook.FormFrom(ctx); !ok || f.Has("networkCode") {
			t.Errorf("a network was posted")
		}
		return nil
	}), smstest.WithSandbox(true))
	if m := app.Message(sms.IncomingMessage{}); m.NetworkCode != "" {
		t.Errorf("network %q", m.NetworkCode)
	}
	app.Expect(200).Message(sms.IncomingMessage{})
}
