package inbox_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking/internal/callbacktest"
	"github.com/sautigo/africastalking/sms"
	"github.com/sautigo/africastalking/ussd"
	"github.com/sautigo/africastalking/voice"
	"github.com/sautigo/africastalking/webhook"
	"github.com/sautigo/africastalking/webhook/airtime"
	"github.com/sautigo/africastalking/webhook/inbox"
	"github.com/sautigo/africastalking/webhook/simswap"
)

// tape is a queue that a test plays by hand.
type tape struct {
	inbox.Queue // nil: what a test does not use
	mu          sync.Mutex
	all         []inbox.Delivery
	err         error
	stuck       bool
}

func (q *tape) Put(ctx context.Context, d inbox.Delivery) (bool, error) {
	if q.stuck {
		<-ctx.Done()
		return false, ctx.Err()
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.err != nil {
		return false, q.err
	}
	if slices.ContainsFunc(q.all, func(other inbox.Delivery) bool { return other.Key == d.Key }) {
		return true, nil
	}
	q.all = append(q.all, d)
	return false, nil
}

const (
	form   = callbacktest.FormType
	report = "id=ATXid_1&status=Success&phoneNumber=%2B254711000001&networkCode=63902"
)

func post(h http.Handler, mediaType, body string) string {
	got := callbacktest.Do(h, callbacktest.Post("/", mediaType, body))
	return fmt.Sprintf("%d %s", got.Status, got.Body)
}

func ignore[T any](context.Context, T) error { return nil }

// Only what asks for no reply can be stored.
func TestStoredPanics(t *testing.T) {
	t.Parallel()
	reports := func(o webhook.Option) { sms.DeliveryReportHandler(ignore[sms.DeliveryReport], o) }
	for name, build := range map[string]func(in *inbox.Inbox){
		"USSD": func(in *inbox.Inbox) {
			ussd.Handler(func(context.Context, ussd.Request) (ussd.Response, error) { return ussd.End(""), nil }, in.Stored("a"))
		},
		"calls": func(in *inbox.Inbox) {
			voice.Handler(func(context.Context, voice.Call) (voice.Response, error) { return voice.Respond(), nil }, in.Stored("a"))
		},
		"validations": func(in *inbox.Inbox) {
			airtime.ValidationHandler(func(context.Context, airtime.Validation) (airtime.Decision, error) { return airtime.Failed, nil }, in.Stored("a"))
		},
		"no name":             func(in *inbox.Inbox) { reports(in.Stored("")) },
		"a name with a blank": func(in *inbox.Inbox) { reports(in.Stored("delivery reports")) },
		"a name with a dot":   func(in *inbox.Inbox) { reports(in.Stored("a.b")) },
		"a long name":         func(in *inbox.Inbox) { reports(in.Stored(strings.Repeat("a", 65))) },
		"a name twice":        func(in *inbox.Inbox) { reports(in.Stored("a")); reports(in.Stored("a")) },
		"two names":           func(in *inbox.Inbox) { reports(webhook.WithOptions(in.Stored("a"), in.Stored("b"))) },
		"an identity of another type": func(in *inbox.Inbox) {
			reports(in.Stored("a", inbox.WithIdentity(func(sms.OptOut) string { return "" })))
		},
		"no window":          func(*inbox.Inbox) { inbox.WithWindow(0) },
		"no process timeout": func(*inbox.Inbox) { inbox.WithProcessTimeout(0) },
		"no put timeout":     func(*inbox.Inbox) { inbox.WithPutTimeout(-1) },
		"no store":           func(*inbox.Inbox) { inbox.WithStore(nil) },
		"no queue":           func(*inbox.Inbox) { inbox.New(nil) },
		"no loss":            func(*inbox.Inbox) { inbox.Memory(0) },
		"no room":            func(*inbox.Inbox) { inbox.WithMaxDeliveries(0) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			defer func() {
				if v, ok := recover().(string); !ok || !strings.HasPrefix(v, "inbox: ") && !strings.HasPrefix(v, "webhook: ") {
					t.Errorf("panicked with %v", v)
				}
			}()
			build(inbox.New(&tape{}))
		})
	}
	// A name is taken by a handler, not by the option.
	in := inbox.New(&tape{})
	in.Stored("a")
	reports(in.Stored("a"))
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		q    *tape
		opts []inbox.Option
		body string
		want string // the answers of two handlers
		kept int
	}{
		{"stored", &tape{}, nil, report, "200 OK", 1},
		{"incomplete", &tape{}, nil, "id=1", "200 OK", 1},
		{"incomplete and refused", &tape{}, []inbox.Option{inbox.RefuseMalformed()}, "id=1", "400 webhook: field status: missing\n", 0},
		{"full", &tape{err: fmt.Errorf("engine: %w", inbox.ErrFull)}, nil, report, "503 Service Unavailable\n", 0},
		{"full of what is incomplete", &tape{err: inbox.ErrFull}, nil, "id=1", "503 Service Unavailable\n", 0},
		{"broken", &tape{err: errors.New("disk I/O error")}, nil, report, "503 Service Unavailable\n", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			in := inbox.New(test.q, append(test.opts, inbox.AcceptOnly())...)
			h := sms.DeliveryReportHandler(func(context.Context, sms.DeliveryReport) error {
				t.Error("the function was called")
				return nil
			}, in.Stored("reports"), callbacktest.Quiet())
			for range 3 {
				if got := post(h, form, test.body); got != test.want {
					t.Errorf("answer %q, want %q", got, test.want)
				}
			}
			if len(test.q.all) != test.kept {
				t.Errorf("%d are stored, want %d", len(test.q.all), test.kept)
			}
		})
	}
	h := sms.IncomingMessageHandler(ignore[sms.IncomingMessage], inbox.New(&tape{}, inbox.AcceptOnly()).Stored("messages"), callbacktest.Quiet())
	if got := post(h, form, "id=1&from=%2B254711000001&to=123&text=hi"); got != "200 GOOD" {
		t.Errorf("answer to a message %q, want GOOD", got)
	}
	r := httptest.NewRecorder()
	h = sms.DeliveryReportHandler(ignore[sms.DeliveryReport], inbox.New(&tape{err: inbox.ErrFull}).Stored("reports"), callbacktest.Quiet())
	h.ServeHTTP(r, callbacktest.Post("/", form, report))
	if r.Header().Get("Retry-After") == "" {
		t.Error("a 503 without a Retry-After")
	}
}

// Storing is not cut short when the sender hangs up, and ends after its own time.
func TestPutTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := sms.DeliveryReportHandler(ignore[sms.DeliveryReport], inbox.New(&tape{stuck: true}).Stored("reports"), callbacktest.Quiet())
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		start := time.Now()
		got := callbacktest.Do(h, callbacktest.Post("/", form, report).WithContext(ctx))
		if took := time.Since(start); got.Status != 503 || took != 3*time.Second {
			t.Errorf("status %d after %v, want 503 after 3s", got.Status, took)
		}
	})
}

// keys returns the keys under which a handler's callbacks are stored.
func keys(build func(o webhook.Option) http.Handler, mediaType string, bodies []string, opts ...inbox.StoredOption) (keys []string, windows []time.Duration) {
	q := &tape{}
	h := build(inbox.New(q, inbox.AcceptOnly()).Stored("name", opts...))
	for _, body := range bodies {
		before := len(q.all)
		post(h, mediaType, body)
		if len(q.all) == before {
			keys, windows = append(keys, "repeat"), append(windows, 0)
			continue
		}
		keys, windows = append(keys, q.all[before].Key), append(windows, q.all[before].Window)
	}
	return keys, windows
}

func TestKeys(t *testing.T) {
	t.Parallel()
	handler := func(name string) func(o webhook.Option) http.Handler {
		return func(o webhook.Option) http.Handler {
			o = webhook.WithOptions(o, callbacktest.Quiet())
			switch name {
			case "reports":
				return sms.DeliveryReportHandler(ignore[sms.DeliveryReport], o)
			case "messages":
				return sms.IncomingMessageHandler(ignore[sms.IncomingMessage], o)
			case "opt-outs":
				return sms.OptOutHandler(ignore[sms.OptOut], o)
			case "subscriptions":
				return sms.SubscriptionHandler(ignore[sms.Subscription], o)
			case "sessions":
				return ussd.NotificationHandler(ignore[ussd.Notification], o)
			case "airtime":
				return airtime.StatusHandler(ignore[airtime.Status], o)
			case "simswap":
				return simswap.Handler(ignore[simswap.Result], o)
			case "calls":
				return voice.EventHandler(ignore[voice.Call], o)
			}
			return webhook.Handler(ignore[webhook.Event], o)
		}
	}
	const long, short = 72 * time.Hour, 15 * time.Minute
	for _, test := range []struct {
		name      string
		mediaType string
		window    time.Duration
		first     string
		same      []string
		others    []string
	}{
		{"reports", form, long, report,
			[]string{"status=Success&id=ATXid_1&phoneNumber=%2B254711000002", "id=ATXid_1&status=success", "id=ATXid%5F1&status=Success"},
			[]string{"id=ATXid_1&status=Sent", "id=ATXid_2&status=Success", "id=ATXid_1+S&status=uccess", "id=ATXid_1+%22&status=Success", "id=ATXid_1%22+Success&status=x"}},
		{"messages", form, long, "id=1&from=%2B254711000001&to=123&text=hi", []string{"id=1&from=%2B254711000001&to=123&text=ho"}, []string{"id=2&from=%2B254711000001&to=123&text=hi"}},
		{"opt-outs", form, short, "senderId=ACME&phoneNumber=%2B254711000001", []string{"phoneNumber=%2B254711000001&senderId=ACME", "phoneNumber=%2b254711000001&senderId=ACME"},
			[]string{"senderId=ACME&phoneNumber=%2B254711000002", "senderId=ACM&phoneNumber=E%2B254711000001", "senderId=ACME&phoneNumber=%2B254711000001&date=1"}},
		{"subscriptions", form, short, "phoneNumber=%2B254711000001&shortCode=22&updateType=addition", []string{"shortCode=22&phoneNumber=%2B254711000001&updateType=addition"}, []string{"phoneNumber=%2B254711000001&shortCode=22&updateType=deletion"}},
		{"sessions", form, long, "sessionId=ATUid_1&phoneNumber=%2B254711000001&serviceCode=*1%23&status=Success", []string{"sessionId=ATUid_1&phoneNumber=%2B254711000001&serviceCode=*1%23&status=Failed"}, []string{"sessionId=ATUid_2&phoneNumber=%2B254711000001&serviceCode=*1%23&status=Success"}},
		{"airtime", callbacktest.JSONType, long, `{"requestId":"r1","status":"Success"}`, []string{`{"status":"Success","requestId":"r1","phoneNumber":"+254711000001"}`}, []string{`{"requestId":"r1","status":"Failed"}`, `{"requestId":"r2","status":"Success"}`}},
		{"simswap", callbacktest.JSONType, long, `{"requestId":"r1","status":"Swapped"}`, []string{`{"requestId":"r1","status":"Swapped","transactionId":"t"}`}, []string{`{"requestId":"r2","status":"Swapped"}`}},
		{"calls", form, long, "isActive=0&sessionId=s1&callSessionState=Completed", []string{"isActive=0&sessionId=s1&callSessionState=Completed&durationInSeconds=3"},
			[]string{"isActive=1&sessionId=s1&callSessionState=Completed", "isActive=0&sessionId=s2&callSessionState=Completed", "isActive=0&sessionId=s1", "isActive=0&sessionId=s1&callSessionState=Completed&callTransferState=Active"}},
		{"events", form, short, "b=2&a=1&a=3", []string{"a=1&b=2&a=3", "a=1&a=3&b=2"}, []string{"a=3&a=1&b=2", "a=1&b=2", "a=1&a=3&b=2&b=", "a=1%26a=3&b=2"}},
		{"JSON events", callbacktest.JSONType, short, `{"b":[1,2],"a":"x"}`, []string{`{"a":"x","b":[1,2]}`, ` {"a" : "x", "b":[1,2]}`}, []string{`{"a":"x","b":[2,1]}`, `[1]`}},
		{"opaque events", "text/plain", short, "hello", []string{"hello"}, []string{"hello ", ""}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			bodies := slices.Concat([]string{test.first}, test.same, test.others)
			got, windows := keys(handler(test.name), test.mediaType, bodies)
			for i, key := range got {
				if repeat := 0 < i && i <= len(test.same); (key == "repeat") != repeat {
					t.Errorf("%s: key %s, want a repeat: %v", bodies[i], key, repeat)
				}
			}
			if windows[0] != test.window {
				t.Errorf("window %v, want %v", windows[0], test.window)
			}
			if !regexp.MustCompile(`^name-[0-9a-f]{40}$`).MatchString(got[0]) {
				t.Errorf("key %q shows more than a name and a hash", got[0])
			}
		})
	}

	// Each handler has keys of its own.
	q := &tape{}
	in := inbox.New(q, inbox.AcceptOnly())
	for _, name := range []string{"a", "b"} {
		post(sms.DeliveryReportHandler(ignore[sms.DeliveryReport], in.Stored(name)), form, report)
	}
	if len(q.all) != 2 {
		t.Errorf("%d of the callbacks of two handlers are stored, want 2", len(q.all))
	}
}

func TestIdentityAndWindow(t *testing.T) {
	t.Parallel()
	reports := func(o webhook.Option) http.Handler {
		return sms.DeliveryReportHandler(ignore[sms.DeliveryReport], o)
	}
	events := func(o webhook.Option) http.Handler { return webhook.Handler(ignore[webhook.Event], o) }
	byPhone := inbox.WithIdentity(func(r sms.DeliveryReport) string { return r.PhoneNumber })
	never := inbox.WithIdentity(func(sms.DeliveryReport) string { return "" })
	transfers := func(o webhook.Option) http.Handler { return voice.EventHandler(ignore[voice.Call], o) }
	const transfer = "isActive=1&sessionId=s&callSessionState=Transferred&callTransferState=Active&callTransferredToNumber=%2B25471100000"
	const other = "id=2&status=Sent&phoneNumber=%2B254711000001"
	for _, test := range []struct {
		name    string
		build   func(webhook.Option) http.Handler
		opts    []inbox.StoredOption
		bodies  []string
		windows []time.Duration // 0: a repeat
	}{
		{"identity", reports, []inbox.StoredOption{byPhone}, []string{report, other, "id=3&status=Sent&phoneNumber=%2B254711000009"}, []time.Duration{72 * time.Hour, 0, 72 * time.Hour}},
		{"no identity", reports, []inbox.StoredOption{never}, []string{report, other, report}, []time.Duration{15 * time.Minute, 15 * time.Minute, 0}},
		{"transfers of a call", transfers, nil, []string{transfer + "1", transfer + "2", transfer + "1"}, []time.Duration{15 * time.Minute, 15 * time.Minute, 0}},
		{"window", reports, []inbox.StoredOption{inbox.WithWindow(time.Hour)}, []string{report}, []time.Duration{time.Hour}},
		{"long window without identity", events, []inbox.StoredOption{inbox.WithWindow(time.Hour)}, []string{"a=1"}, []time.Duration{15 * time.Minute}},
		{"short window without identity", events, []inbox.StoredOption{inbox.WithWindow(time.Minute)}, []string{"a=1"}, []time.Duration{time.Minute}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, windows := keys(test.build, form, test.bodies, test.opts...)
			if diff := cmp.Diff(test.windows, windows); diff != "" {
				t.Errorf("windows (-want +got):\n%s", diff)
			}
		})
	}
}

// What can be decoded is never the repeat of what cannot: a later version of a program
// understands more.
func TestBrokenHasOtherKeys(t *testing.T) {
	t.Parallel()
	for _, c := range []webhook.Callback{{MediaType: form, Body: []byte("b=1")}, {MediaType: "text/plain", Body: []byte("hello")}} {
		q := &tape{}
		for _, opts := range [][]webhook.Option{{webhook.WithRequired("a")}, nil} {
			in := inbox.New(q, inbox.AcceptOnly())
			post(webhook.Handler(ignore[webhook.Event], append(opts, in.Stored("events"), callbacktest.Quiet())...), c.MediaType, string(c.Body))
		}
		var parked []string
		for _, d := range q.all {
			parked = append(parked, d.Parked)
		}
		if diff := cmp.Diff([]string{"webhook: field a: missing", ""}, parked); diff != "" {
			t.Errorf("%s: parked (-want +got):\n%s", c.MediaType, diff)
		}
	}
}

// quoting is a payload whose errors quote what was sent.
type quoting struct{}

func (*quoting) UnmarshalForm(f webhook.Form) error {
	return errors.New("no account for " + f.Get("phoneNumber"))
}

func TestParkedIsMasked(t *testing.T) {
	t.Parallel()
	q := &tape{}
	var log bytes.Buffer
	h := webhook.Handler(ignore[quoting], inbox.New(q, inbox.AcceptOnly()).Stored("accounts"), callbacktest.LogTo(&log))
	post(h, form, "phoneNumber=%2B254711000001")
	if len(q.all) != 1 || q.all[0].Parked != "no account for +***01" || !strings.Contains(log.String(), "is a dead letter") || strings.Contains(log.String(), "711000001") {
		t.Errorf("stored %d, parked %q, log %q", len(q.all), q.all[0].Parked, log.String())
	}
}

type outcome struct {
	Outcome inbox.Outcome
	Attempt int
	Err     string
}

func TestHandle(t *testing.T) {
	t.Parallel()
	failure := errors.New("no message for +254711000001")
	for _, test := range []struct {
		name string
		fn   func(context.Context, sms.DeliveryReport) error
		want outcome
		is   error
		dead bool
		log  string
	}{
		{"done", ignore[sms.DeliveryReport], outcome{inbox.Processed, 2, ""}, nil, false, ""},
		{"fails", func(context.Context, sms.DeliveryReport) error { return failure }, outcome{inbox.Retried, 2, "no message for +***01"}, failure, false,
			"will be tried again"},
		{"parks", func(context.Context, sms.DeliveryReport) error { return inbox.Park(failure) }, outcome{inbox.Dead, 2, "no message for +***01"}, failure, true,
			"is a dead letter"},
		{"panics", func(context.Context, sms.DeliveryReport) error { panic(failure) }, outcome{inbox.Retried, 2, "webhook: panic of type *errors.errorString"}, failure, false,
			"stack="},
		{"is given up", func(context.Context, sms.DeliveryReport) error { return &webhook.Error{Status: 202, Err: failure} }, outcome{inbox.Processed, 2, ""}, nil, false,
			"was given up"},
		{"has a status", func(context.Context, sms.DeliveryReport) error { return &webhook.Error{Status: 404, Err: failure} }, outcome{inbox.Retried, 2, "no message for +***01"}, failure, false,
			"will be tried again"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var got []outcome
			in := inbox.New(&tape{}, inbox.WithObserver(func(_ context.Context, e inbox.Event) {
				o := outcome{e.Outcome, e.Attempt, ""}
				if e.Err != nil {
					o.Err = e.Err.Error()
				}
				got = append(got, o)
			}))
			var log bytes.Buffer
			sms.DeliveryReportHandler(test.fn, in.Stored("reports"), callbacktest.LogTo(&log))
			d := inbox.Delivery{Name: "reports", Key: "reports-1", Received: time.Now(), Attempt: 2, Callback: webhook.Callback{MediaType: form, Body: []byte(report)}}
			err := in.Handle(t.Context(), d)
			if !errors.Is(err, test.is) || err != nil && strings.Contains(err.Error(), "711000001") {
				t.Errorf("Handle: got error %v, want %v, masked", err, test.is)
			}
			if diff := cmp.Diff([]outcome{test.want}, got); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
			if err != nil && inbox.Next(d, err).Dead != test.dead {
				t.Errorf("dead %v, want %v", !test.dead, test.dead)
			}
			text := log.String()
			if !strings.Contains(text, test.log) || strings.Contains(text, "711000001") || (text == "") != (test.log == "") {
				t.Errorf("log %q, want %q in it and no number", text, test.log)
			}
			if test.log != "" && (!strings.Contains(text, "name=reports key=reports-1 attempt=2") || !strings.Contains(text, "callback.id=ATXid_1")) {
				t.Errorf("log %q does not say which callback it is", text)
			}
		})
	}
}

// The function sees what it would have seen without an inbox, and which delivery it is.
func TestFunctionSees(t *testing.T) {
	t.Parallel()
	q := &tape{}
	in := inbox.New(q)
	type seen struct {
		Report  sms.DeliveryReport
		Extra   string
		Name    string
		Attempt int
		Limit   time.Duration
	}
	var got seen
	h := sms.DeliveryReportHandler(func(ctx context.Context, r sms.DeliveryReport) error {
		f, _ := webhook.FormFrom(ctx)
		d, _ := inbox.FromContext(ctx)
		end, _ := ctx.Deadline()
		got = seen{r, f.Get("extra"), d.Name, d.Attempt, time.Until(end).Round(time.Second)}
		return nil
	}, in.Stored("reports"), webhook.WithTimeout(time.Second))
	post(h, form, report+"&extra=e")
	d := q.all[0]
	d.Attempt = 3
	if err := in.Handle(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	want := seen{sms.DeliveryReport{ID: "ATXid_1", Status: sms.Success, PhoneNumber: "+254711000001", NetworkCode: "63902"}, "e", "reports", 3, time.Minute}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the function saw (-want +got):\n%s", diff)
	}
	if _, ok := inbox.FromContext(t.Context()); ok {
		t.Error("FromContext outside of a function found a delivery")
	}
}

// A deploy changes what a handler decodes, or takes a handler away.
func TestDeploys(t *testing.T) {
	t.Parallel()
	type payment struct {
		Reference string `schema:"reference,required"`
	}
	synctest.Test(t, func(t *testing.T) {
		q := inbox.Memory(inbox.AllowLoss)
		quiet := inbox.WithLogger(slog.New(slog.DiscardHandler))
		v1 := inbox.New(q, inbox.AcceptOnly())
		post(webhook.Handler(ignore[webhook.Event], v1.Stored("payments")), form, "ref=1")
		run := func(in *inbox.Inbox, d time.Duration) {
			ctx, cancel := context.WithTimeout(t.Context(), d)
			defer cancel()
			if err := in.Run(ctx, 2); err != nil {
				t.Errorf("Run: %v", err)
			}
		}
		// No handler has the name, for a day.
		run(inbox.New(q, quiet), 24*time.Hour)
		if b, _ := q.Backlog(t.Context()); b.Waiting != 1 {
			t.Fatalf("backlog %+v, want one that waits", b)
		}
		// Another type has, which cannot be decoded from it.
		v2 := inbox.New(q, quiet)
		webhook.Handler(ignore[payment], v2.Stored("payments"), callbacktest.Quiet())
		run(v2, 2*time.Minute)
		dead, _ := q.Dead(t.Context(), "", 10)
		if len(dead) != 1 || dead[0].Attempt != 1 || string(dead[0].Body) != "ref=1" || !strings.Contains(dead[0].Reason, "field reference: missing") {
			t.Fatalf("dead letters: %d, %+v", len(dead), dead)
		}
		// It is mended, and the dead letter requeued.
		var got []string
		v3 := inbox.New(q, quiet)
		webhook.Handler(func(_ context.Context, e webhook.Event) error { got = append(got, e.Form.Get("ref")); return nil }, v3.Stored("payments"))
		if err := q.Requeue(t.Context(), dead[0].Key); err != nil {
			t.Fatal(err)
		}
		run(v3, time.Minute)
		if !slices.Equal(got, []string{"1"}) {
			t.Errorf("handled %v", got)
		}
	})
}

// A name that no handler has is tried for 72 hours.
func TestNobodyForDays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := inbox.Memory(inbox.AllowLoss)
		var log bytes.Buffer
		post(webhook.Handler(ignore[webhook.Event], inbox.New(q, inbox.AcceptOnly()).Stored("gone")), form, "a=1")
		died := time.Duration(0)
		start := time.Now()
		attempts := 0
		in := inbox.New(q, inbox.WithLogger(slog.New(slog.NewTextHandler(&log, nil))), inbox.WithObserver(func(_ context.Context, e inbox.Event) {
			if attempts++; e.Outcome == inbox.Dead {
				died = time.Since(start)
			}
		}))
		ctx, cancel := context.WithTimeout(t.Context(), 80*time.Hour)
		defer cancel()
		if err := in.Run(ctx, 1); err != nil {
			t.Error(err)
		}
		if died < 72*time.Hour || died > 72*time.Hour+time.Minute || attempts < 72*60 {
			t.Errorf("given up after %v and %d attempts, want 72 hours and one a minute", died, attempts)
		}
		if lines := strings.Count(log.String(), "\n"); lines < 60 || lines > attempts {
			t.Errorf("%d lines of log for %d attempts", lines, attempts)
		}
		deaths := func() int {
			return strings.Count(log.String(), `level=ERROR msg="africastalking: stored callback has no handler and is a dead letter" name=gone key=gone-`)
		}
		if got := deaths(); got != 1 {
			t.Errorf("%d deaths were logged, want 1", got)
		}
		// Each death is, however soon after another.
		for _, key := range []string{"gone-1", "gone-2"} {
			_ = in.Handle(t.Context(), inbox.Delivery{Name: "gone", Key: key, Received: start, Attempt: 1})
		}
		if got := deaths(); got != 3 {
			t.Errorf("%d deaths were logged, want 3", got)
		}
	})
}

func TestForgottenRun(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		opts []inbox.Option
		run  bool
		want int
	}{
		"forgotten":   {nil, false, 2},
		"accept only": {[]inbox.Option{inbox.AcceptOnly()}, false, 0},
		"run":         {nil, true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				q := inbox.Memory(inbox.AllowLoss)
				in := inbox.New(q, append(test.opts, inbox.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))...)
				h := webhook.Handler(ignore[webhook.Event], in.Stored("events"))
				post(h, form, "a=1")
				post(h, form, "a=2")
				if test.run {
					time.Sleep(59 * time.Second)
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					go func() { _ = in.Run(ctx, 1) }()
				}
				time.Sleep(2 * time.Minute)
				post(h, form, "a=3")
				time.Sleep(2 * time.Minute)
				synctest.Wait()
				if got := strings.Count(log.String(), "nothing handles them"); got != test.want {
					t.Errorf("it was logged %d times, want %d:\n%s", got, test.want, log.String())
				}
			})
		})
	}
}

// A Run that has returned handles nothing, until it is called again.
func TestRunHasReturned(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fail  error // of the queue
		hangs bool  // the function does, beyond all limits
	}{
		"context ended":  {nil, false},
		"queue failed":   {errors.New("disk"), false},
		"function hangs": {nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				q := &failing{Queue: inbox.Memory(inbox.AllowLoss), err: test.fail}
				in := inbox.New(q, inbox.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
				release := make(chan struct{})
				h := webhook.Handler(func(context.Context, webhook.Event) error {
					if test.hangs {
						<-release
					}
					return nil
				}, in.Stored("events"), callbacktest.Quiet())
				want := 0
				check := func(when string) {
					t.Helper()
					time.Sleep(2 * time.Minute)
					synctest.Wait()
					if got := strings.Count(log.String(), "nothing handles them"); got != want {
						t.Fatalf("%s: it was logged %d times, want %d:\n%s", when, got, want, log.String())
					}
				}
				run := func() {
					ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
					defer cancel()
					go func() {
						time.Sleep(time.Second)
						post(h, form, "a=1")
					}()
					if err := in.Run(ctx, 1); (err != nil) != (test.fail != nil || test.hangs) {
						t.Fatalf("Run: %v", err)
					}
				}
				for i := range 2 {
					run()
					check("nothing was stored")
					post(h, form, fmt.Sprint("b=", i))
					post(h, form, fmt.Sprint("c=", i))
					want++
					check("stored")
					if !strings.HasSuffix(log.String(), "stored=2\n") {
						t.Fatalf("log %q, want a count of 2", log.String())
					}
					post(h, form, fmt.Sprint("d=", i))
					want++
					check("stored again")
					close(release)
					if test.hangs {
						return // and does not wait for it to be called again
					}
					release = make(chan struct{})
				}
			})
		})
	}
}

// failing is a queue whose Run returns an error in the end.
type failing struct {
	inbox.Queue
	err error
}

func (q *failing) Run(ctx context.Context, w inbox.Worker) error {
	return errors.Join(q.Queue.Run(ctx, w), q.err)
}

func TestRunErrors(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in := inbox.New(inbox.Memory(inbox.AllowLoss))
		if err := in.Run(t.Context(), 0); err == nil {
			t.Error("Run with no workers: got no error")
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- in.Run(ctx, 1) }()
		synctest.Wait()
		if err := in.Run(t.Context(), 1); err == nil {
			t.Error("Run while Run runs: got no error")
		}
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
		ctx, cancel = context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := in.Run(ctx, 1); err != nil {
			t.Errorf("Run again: %v", err)
		}
	})
}

// Run waits for functions, and not for ever for one that does not heed its context.
func TestRunEnds(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		takes time.Duration
		heeds bool
		after time.Duration
		fails bool
	}{
		"quick":      {10 * time.Second, false, 10 * time.Second, false},
		"heeds":      {time.Hour, true, time.Minute, false},
		"heeds none": {time.Hour, false, time.Minute + 6*time.Second, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				in := inbox.New(inbox.Memory(inbox.AllowLoss))
				h := webhook.Handler(func(ctx context.Context, _ webhook.Event) error {
					if test.heeds {
						<-ctx.Done()
						return ctx.Err()
					}
					time.Sleep(test.takes)
					return nil
				}, in.Stored("events"), callbacktest.LogTo(&log))
				post(h, form, "a=1")
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				start := time.Now()
				err := in.Run(ctx, 1)
				if took := time.Since(start); took != test.after || (err != nil) != test.fails {
					t.Errorf("Run returned after %v with error %v, want %v and an error: %v", took, err, test.after, test.fails)
				}
				time.Sleep(2 * time.Hour)
				synctest.Wait()
				if late := strings.Contains(log.String(), "does not heed its context"); late != test.fails {
					t.Errorf("log:\n%s", log.String())
				}
			})
		})
	}
}

func TestObserverPanics(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	in := inbox.New(&tape{}, inbox.AcceptOnly(), inbox.WithLogger(slog.New(slog.NewTextHandler(&log, nil))),
		inbox.WithObserver(func(context.Context, inbox.Event) { panic("+254711000001") }))
	h := webhook.Handler(ignore[webhook.Event], in.Stored("events"))
	if got := post(h, form, "a=1"); got != "200 OK" || !strings.Contains(log.String(), "observer of the inbox failed") || strings.Contains(log.String(), "711000001") {
		t.Errorf("answer %q, log %q", got, log.String())
	}
}

func TestEndsOfCalls(t *testing.T) {
	t.Parallel()
	q := &tape{}
	in := inbox.New(q, inbox.AcceptOnly())
	ended := 0
	h := voice.Handler(func(context.Context, voice.Call) (voice.Response, error) { return voice.Respond(voice.Reject{}), nil },
		voice.OnEnd(func(context.Context, voice.Call) error { ended++; return nil }), in.Stored("ends"), callbacktest.Quiet())
	for body, want := range map[string]string{
		"isActive=1&sessionId=s":                     "Reject",
		"isActive=0&sessionId=s&durationInSeconds=3": "200 OK",
		"isActive=1": "400 ",
	} {
		if got := post(h, form, body); !strings.Contains(got, want) {
			t.Errorf("%s: answer %q, want %q in it", body, got, want)
		}
	}
	if len(q.all) != 1 || ended != 0 {
		t.Fatalf("%d are stored and %d were handled, want 1 and none", len(q.all), ended)
	}
	if err := in.Handle(t.Context(), q.all[0]); err != nil || ended != 1 {
		t.Errorf("Handle: error %v, handled %d", err, ended)
	}
}

// Under a flood that nothing handles, the memory stays and the answers say so.
func TestFlood(t *testing.T) {
	t.Parallel()
	in := inbox.New(inbox.Memory(inbox.AllowLoss, inbox.WithMaxDeliveries(100)), inbox.AcceptOnly())
	h := webhook.Handler(ignore[webhook.Event], in.Stored("events"), callbacktest.Quiet())
	answers := map[string]int{}
	for i := range 1000 {
		answers[post(h, form, fmt.Sprint("a=", i))]++
	}
	want := map[string]int{"200 OK": 100, "503 Service Unavailable\n": 900}
	if diff := cmp.Diff(want, answers); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
}
