package ussd_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/internal/callbacktest"
	"github.com/sautigo/africastalking/ussd"
	"github.com/sautigo/africastalking/webhook"
)

var (
	sorry = callbacktest.Reply(callbacktest.Plain, "END "+ussd.Apology)

	hop = callbacktest.Callback[ussd.Request]{
		Handler: func(fn func(context.Context, ussd.Request) error, opts ...webhook.Option) http.Handler {
			return ussd.Handler(func(ctx context.Context, r ussd.Request) (ussd.Response, error) {
				return ussd.Continue("1. Pay\n2. Stop"), fn(ctx, r)
			}, opts...)
		},
		Parse: ussd.Parse, OK: callbacktest.Reply(callbacktest.Plain, "CON 1. Pay\n2. Stop"), Fallback: sorry, Refused: "",
		Full:     "sessionId=s1&phoneNumber=%2B254711000001&networkCode=63902&serviceCode=%2A384%2A123%23&text=1%2A4321",
		Identity: []string{"sessionId", "phoneNumber"},
	}
	notification = callbacktest.Callback[ussd.Notification]{
		Handler: ussd.NotificationHandler, Parse: ussd.ParseNotification, OK: callbacktest.Reply(callbacktest.Plain, "OK"), Fallback: callbacktest.Answer{}, Refused: "",
		Full: "date=2024-05-06+07%3A08%3A09&sessionId=s1&serviceCode=%2A384%2A123%23&networkCode=63902" +
			"&phoneNumber=%2B254711000001&status=Failed&cost=KES+0.10&durationInMillis=1500&hopsCount=2" +
			"&hopsMetadata=home%7Cpin&input=1%2A4321&lastAppResponse=CON+PIN%3F&errorMessage=Bad+answer",
		Identity: []string{"sessionId", "phoneNumber", "status"},
	}
)

func TestRequestSamples(t *testing.T) {
	t.Parallel()
	of := func(session, service, text string) ussd.Request {
		return ussd.Request{
			SessionID:   session,
			PhoneNumber: "+254700000001",
			NetworkCode: africastalking.AthenaSandbox,
			ServiceCode: service,
			Text:        text,
		}
	}
	const session = "ATUid_7c898d72eb11f723ed8ea05ef232f279"
	hop.Run(t, map[string]ussd.Request{
		"ussd_begin_captured_2020.form": of(session, "*384*44135#", ""),
		"ussd_begin_captured_3.form":    of("ATUid_1c1e09269ff2b366033529d495e083e5", "*384*11469#", ""),
		"ussd_continue.form":            of(session, "*384*44135#", "1*2*3"),
		"ussd_continue_freetext.form":   of(session, "*384*44135#", "2*José & Ana +1*0*98"),
		"ussd_no_plus_msisdn.form": {
			SessionID:   "ATUid_00000000000000000000000000000001",
			PhoneNumber: "256700000001",
			NetworkCode: africastalking.MTNUganda,
			ServiceCode: "*284*123#",
		},
		"ussd_sdk_no_networkcode.form": {
			SessionID:   "ATUid_00000000000000000000000000000002",
			PhoneNumber: "+254700000001",
			ServiceCode: "*384*1#",
		},
	}, "ussd_begin_*.form", "ussd_continue*.form", "ussd_no_plus_*.form", "ussd_sdk_*.form")
}

func TestNotificationSamples(t *testing.T) {
	t.Parallel()
	base := ussd.Notification{
		Date:             time.Date(2024, time.May, 6, 7, 8, 9, 0, time.UTC),
		SessionID:        "ATUid_7c898d72eb11f723ed8ea05ef232f279",
		ServiceCode:      "*384*44135#",
		NetworkCode:      africastalking.SafaricomKenya,
		PhoneNumber:      "+254700000001",
		DurationInMillis: 12345,
	}
	success := base
	success.Status = ussd.Success
	success.Cost = africastalking.Money{Currency: "KES", Micros: 100_000}
	success.HopsCount = 3
	success.Input = "1*1"
	success.LastAppResponse = "END Your account number is ACC1001"
	incomplete := base
	incomplete.Status = ussd.Incomplete
	incomplete.Cost = africastalking.Money{Micros: 100_000}
	incomplete.HopsCount = 2
	incomplete.Input = "1"
	incomplete.LastAppResponse = "CON Enter your Acc No."
	notification.Run(t, map[string]ussd.Notification{
		"ussd_end_success.form":    success,
		"ussd_end_incomplete.form": incomplete,
	}, "ussd_end_*.form")
}

func TestCapturedRequest(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("testdata/ussd_begin_captured_2020.http")
	if err != nil {
		t.Fatal(err)
	}
	request := func() *http.Request {
		r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(raw)))
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	want := ussd.Request{
		SessionID:   "ATUid_7c898d72eb11f723ed8ea05ef232f279",
		PhoneNumber: "+254700000001",
		NetworkCode: africastalking.AthenaSandbox,
		ServiceCode: "*384*44135#",
	}
	got, err := ussd.Parse(request())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Parse (-want +got):\n%s", diff)
	}
	h := ussd.Handler(func(_ context.Context, r ussd.Request) (ussd.Response, error) {
		if diff := cmp.Diff(want, r); diff != "" {
			t.Errorf("handled (-want +got):\n%s", diff)
		}
		return ussd.End("Karibu"), nil
	}, callbacktest.Quiet())
	if diff := cmp.Diff(callbacktest.Reply(callbacktest.Plain, "END Karibu"), callbacktest.Do(h, request())); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	t.Run("Request", func(t *testing.T) { t.Parallel(); hop.Refuses(t) })
	t.Run("Notification", func(t *testing.T) { t.Parallel(); notification.Refuses(t) })
}

// A hop without a text is not a first hop: it is none.
func TestTextMustBeSent(t *testing.T) {
	t.Parallel()
	const body = "sessionId=s1&phoneNumber=%2B254711000001"
	for _, tt := range []struct {
		name, target, body string
		want               error
	}{
		{"missing", "/", body, webhook.ErrMissing},
		{"in the query", "/?text=1", body, webhook.ErrMissing},
		{"in another letter case", "/", body + "&Text=1", webhook.ErrMalformed},
		{"twice", "/", body + "&text=1&text=2", webhook.ErrMalformed},
		{"twice the same", "/", body + "&text=1&text=1", webhook.ErrMalformed},
	} {
		got, err := ussd.Parse(callbacktest.Post(tt.target, callbacktest.FormType, tt.body))
		var fault *webhook.FieldError
		if !errors.Is(err, tt.want) || !errors.As(err, &fault) || fault.Field != "text" || got != (ussd.Request{}) {
			t.Errorf("%s: Parse = %+v, %v, want nothing and %v of text", tt.name, got, err, tt.want)
		}
	}
}

func TestUntidyRequest(t *testing.T) {
	t.Parallel()
	base := ussd.Request{SessionID: "s1", PhoneNumber: "+254711000001"}
	const body = "sessionId=s1&phoneNumber=%2B254711000001"
	for _, tt := range []struct {
		name, body string
		edit       func(*ussd.Request)
	}{
		{"nothing but identity", body + "&text=", nil},
		{"None", body + "&text=&networkCode=None&serviceCode=None", nil},
		{"unknown field", body + "&text=&at_new=1&%5B%5D=", nil},
		{"unknown network", body + "&text=&networkCode=00000", func(r *ussd.Request) { r.NetworkCode = "00000" }},
		{"typed None", body + "&text=None", func(r *ussd.Request) { r.Text = "None" }},
		{"deep dial", body + "&text=3%2A1", func(r *ussd.Request) { r.Text = "3*1" }},
		{"extension in the code", body + "&text=&serviceCode=%2A384%2A123%2A1%23", func(r *ussd.Request) { r.ServiceCode = "*384*123*1#" }},
		{"stars not escaped", body + "&text=1*2", func(r *ussd.Request) { r.Text = "1*2" }},
		{"spaces", body + "&text=+1+", func(r *ussd.Request) { r.Text = " 1 " }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			want := base
			if tt.edit != nil {
				tt.edit(&want)
			}
			hop.Accepts(t, callbacktest.FormType, tt.body, want)
		})
	}
	t.Run("JSON", func(t *testing.T) {
		t.Parallel()
		hop.Accepts(t, callbacktest.JSONType, `{"sessionId":"s1","phoneNumber":"+254711000001","text":"","networkCode":null}`, base)
	})
}

func TestUntidyNotification(t *testing.T) {
	t.Parallel()
	base := ussd.Notification{SessionID: "s1", PhoneNumber: "+254711000001", Status: ussd.Success}
	const body = "sessionId=s1&phoneNumber=%2B254711000001&status=Success"
	for _, tt := range []struct {
		name, body string
		edit       func(*ussd.Notification)
	}{
		{"nothing but identity", body, nil},
		{"None", body + "&date=None&cost=None&durationInMillis=None&hopsCount=None&hopsMetadata=None&errorMessage=None&networkCode=None", nil},
		{"unreadable", body + "&date=today&cost=much&durationInMillis=1.5&hopsCount=a", nil},
		{"twice encoded date", body + "&date=2021-10-13%2B19%3A10%3A16", func(n *ussd.Notification) {
			n.Date = time.Date(2021, time.October, 13, 19, 10, 16, 0, time.UTC)
		}},
		{"typed None", body + "&input=None&lastAppResponse=None", func(n *ussd.Notification) {
			n.Input, n.LastAppResponse = "None", "None"
		}},
		{"cost 0", body + "&cost=0", nil},
		{"unknown field", body + "&new=1", nil},
		{"status in capitals", callbacktest.Set(body, "status", "INCOMPLETE"), func(n *ussd.Notification) { n.Status = ussd.Incomplete }},
		{"status in small letters", callbacktest.Set(body, "status", "success"), nil},
		{"unknown status", callbacktest.Set(body, "status", "Hijacked"), func(n *ussd.Notification) { n.Status = "Hijacked" }},
		{"every field", notification.Full, func(n *ussd.Notification) {
			*n = ussd.Notification{
				Date:             time.Date(2024, time.May, 6, 7, 8, 9, 0, time.UTC),
				SessionID:        "s1",
				ServiceCode:      "*384*123#",
				NetworkCode:      africastalking.SafaricomKenya,
				PhoneNumber:      "+254711000001",
				Status:           ussd.Failed,
				Cost:             africastalking.Money{Currency: "KES", Micros: 100_000},
				DurationInMillis: 1500,
				HopsCount:        2,
				HopsMetadata:     "home|pin",
				Input:            "1*4321",
				LastAppResponse:  "CON PIN?",
				ErrorMessage:     "Bad answer",
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			want := base
			if tt.edit != nil {
				tt.edit(&want)
			}
			notification.Accepts(t, callbacktest.FormType, tt.body, want)
		})
	}
}

func TestQueryDoesNotOverride(t *testing.T) {
	t.Parallel()
	for _, parsed := range []bool{false, true} {
		r := callbacktest.Post("/?sessionId=forged&phoneNumber=forged&text=forged&serviceCode=forged", callbacktest.FormType, "sessionId=s1&phoneNumber=%2B254711000001&text=1")
		if parsed {
			if err := r.ParseForm(); err != nil {
				t.Fatal(err)
			}
		}
		got, err := ussd.Parse(r)
		if err != nil {
			t.Fatal(err)
		}
		want := ussd.Request{SessionID: "s1", PhoneNumber: "+254711000001", Text: "1"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("parsed before: %v (-want +got):\n%s", parsed, diff)
		}
	}
}

func TestInputs(t *testing.T) {
	t.Parallel()
	type view struct {
		Inputs []string
		First  bool
		Last   string
	}
	for text, want := range map[string]view{
		"":        {nil, true, ""},
		"1":       {[]string{"1"}, false, "1"},
		"1*2":     {[]string{"1", "2"}, false, "2"},
		"1**2":    {[]string{"1", "", "2"}, false, "2"},
		"1*":      {[]string{"1", ""}, false, ""},
		"*1":      {[]string{"", "1"}, false, "1"},
		"*":       {[]string{"", ""}, false, ""},
		"**":      {[]string{"", "", ""}, false, ""},
		"1*José":  {[]string{"1", "José"}, false, "José"},
		"1* 2 ":   {[]string{"1", " 2 "}, false, " 2 "},
		"0*98*00": {[]string{"0", "98", "00"}, false, "00"},
	} {
		r := ussd.Request{Text: text}
		if diff := cmp.Diff(want, view{r.Inputs(), r.First(), r.Last()}); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
		if diff := cmp.Diff(want.Inputs, ussd.Notification{Input: text}.Inputs()); diff != "" {
			t.Errorf("Notification %q (-want +got):\n%s", text, diff)
		}
	}
}

func TestNotificationMethods(t *testing.T) {
	t.Parallel()
	type view struct {
		Duration time.Duration
		Hops     []string
	}
	for _, tt := range []struct {
		n    ussd.Notification
		want view
	}{
		{ussd.Notification{}, view{}},
		{ussd.Notification{DurationInMillis: 12345, HopsMetadata: "home"}, view{12345 * time.Millisecond, []string{"home"}}},
		{ussd.Notification{DurationInMillis: 1, HopsMetadata: "home|pin|done"}, view{time.Millisecond, []string{"home", "pin", "done"}}},
	} {
		if diff := cmp.Diff(tt.want, view{tt.n.Duration(), tt.n.Hops()}); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", tt.n, diff)
		}
	}
}

// screen returns a handler that answers every hop with r.
func screen(r ussd.Response, opts ...webhook.Option) http.Handler {
	return ussd.Handler(func(context.Context, ussd.Request) (ussd.Response, error) { return r, nil }, opts...)
}

func TestFailures(t *testing.T) {
	t.Parallel()
	t.Run("Request", func(t *testing.T) { t.Parallel(); hop.Fails(t) })
	t.Run("Notification", func(t *testing.T) { t.Parallel(); notification.Fails(t) })

	for name, fn := range map[string]func(context.Context, ussd.Request) (ussd.Response, error){
		"screen and error": func(context.Context, ussd.Request) (ussd.Response, error) {
			return ussd.Continue("Balance: 5"), errors.New("secret")
		},
		"empty screen":         func(context.Context, ussd.Request) (ussd.Response, error) { return ussd.Response{}, nil },
		"empty screen, waits":  func(context.Context, ussd.Request) (ussd.Response, error) { return ussd.Continue(""), nil },
		"panic":                func(context.Context, ussd.Request) (ussd.Response, error) { panic("secret") },
		"runtime error":        func(_ context.Context, r ussd.Request) (ussd.Response, error) { return ussd.End(r.Inputs()[9]), nil },
		"http.ErrAbortHandler": func(context.Context, ussd.Request) (ussd.Response, error) { panic(http.ErrAbortHandler) },
		"Goexit": func(context.Context, ussd.Request) (ussd.Response, error) {
			runtime.Goexit()
			return ussd.End("x"), nil
		},
		"bad hop": func(context.Context, ussd.Request) (ussd.Response, error) { return ussd.End("x").WithHop("a|b"), nil },
		"chosen status": func(context.Context, ussd.Request) (ussd.Response, error) {
			return ussd.End("x"), &webhook.Error{Status: 404}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, tt := range []struct {
				name string
				opt  webhook.Option
				want callbacktest.Answer
			}{
				{"apology", webhook.WithOptions(), sorry},
				{"own fallback", webhook.WithFallback(func(error) webhook.Reply { return ussd.End("Samahani, jaribu tena.") }), callbacktest.Reply(callbacktest.Plain, "END Samahani, jaribu tena.")},
				{"fallback that waits", webhook.WithFallback(func(error) webhook.Reply { return ussd.Continue("0. Back") }), callbacktest.Reply(callbacktest.Plain, "CON 0. Back")},
			} {
				var log bytes.Buffer
				var got callbacktest.Answer
				// On a goroutine of its own, for Goexit ends it.
				var wg sync.WaitGroup
				wg.Go(func() {
					w := httptest.NewRecorder()
					defer func() {
						got = callbacktest.Answer{Status: w.Code, ContentType: w.Header().Get("Content-Type"), ContentLength: w.Header().Get("Content-Length"), Body: w.Body.String()}
					}()
					ussd.Handler(fn, callbacktest.LogTo(&log), tt.opt).ServeHTTP(w, callbacktest.Post("/", callbacktest.FormType, hop.Full))
				})
				wg.Wait()
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("%s (-want +got):\n%s", tt.name, diff)
				}
				if n := strings.Count(log.String(), "level=ERROR"); n != 1 {
					t.Errorf("%s: %d errors logged, want 1:\n%s", tt.name, n, log.String())
				}
				if text := withoutIDs(&log); strings.Contains(text, "4321") || strings.Contains(text, "711000001") {
					t.Errorf("%s: the log has the input or the number:\n%s", tt.name, log.String())
				}
			}
		})
	}
}

// withoutIDs returns a log without the goroutine numbers and addresses of its stacks,
// which can have any digits.
func withoutIDs(log *bytes.Buffer) string {
	return regexp.MustCompile(`goroutine \d+|0x[0-9a-f]+`).ReplaceAllString(log.String(), "")
}

// live is a writer that can be looked at while the handler has it.
type live struct {
	http.ResponseWriter
	mu  sync.Mutex
	got callbacktest.Answer
}

func (l *live) WriteHeader(status int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	h := l.Header()
	l.got.Status, l.got.ContentType, l.got.ContentLength = status, h.Get("Content-Type"), h.Get("Content-Length")
}

func (l *live) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.got.Body += string(p)
	return len(p), nil
}

func (l *live) answer() callbacktest.Answer {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.got
}

// flushing is a live writer that sends before ServeHTTP returns.
type flushing struct{ *live }

func (flushing) Flush() {}

func TestDeadline(t *testing.T) {
	t.Parallel()
	heeds := func(ctx context.Context, _ ussd.Request) (ussd.Response, error) {
		<-ctx.Done()
		return ussd.Continue("too late"), ctx.Err()
	}
	ignores := func(context.Context, ussd.Request) (ussd.Response, error) {
		time.Sleep(time.Minute)
		return ussd.Continue("too late"), nil
	}
	panics := func(context.Context, ussd.Request) (ussd.Response, error) {
		time.Sleep(time.Minute)
		panic("too late")
	}
	for _, tt := range []struct {
		name     string
		fn       func(context.Context, ussd.Request) (ussd.Response, error)
		opts     webhook.Option
		deadline time.Duration
		want     callbacktest.Answer
	}{
		{"heeds", heeds, webhook.WithOptions(), 8 * time.Second, sorry},
		{"ignores", ignores, webhook.WithOptions(), 8 * time.Second, sorry},
		{"panics late", panics, webhook.WithOptions(), 8 * time.Second, sorry},
		{"shorter", ignores, webhook.WithTimeout(time.Second), time.Second, sorry},
		{"own fallback", ignores, webhook.WithFallback(func(error) webhook.Reply { return ussd.End("Samahani") }), 8 * time.Second, callbacktest.Reply(callbacktest.Plain, "END Samahani")},
	} {
		for _, flushes := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/flushes=%v", tt.name, flushes), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					var log bytes.Buffer
					h := ussd.Handler(tt.fn, callbacktest.LogTo(&log), tt.opts)
					rec := &live{ResponseWriter: httptest.NewRecorder()}
					var w http.ResponseWriter = rec
					if flushes {
						w = flushing{rec}
					}
					returned := make(chan struct{})
					go func() {
						defer close(returned)
						h.ServeHTTP(w, callbacktest.Post("/", callbacktest.FormType, hop.Full))
					}()

					time.Sleep(tt.deadline - time.Nanosecond)
					synctest.Wait()
					if diff := cmp.Diff(callbacktest.Answer{}, rec.answer()); diff != "" {
						t.Errorf("before the deadline (-want +got):\n%s", diff)
					}
					time.Sleep(time.Nanosecond)
					synctest.Wait()
					if diff := cmp.Diff(tt.want, rec.answer()); diff != "" {
						t.Errorf("at the deadline (-want +got):\n%s", diff)
					}
					// Without a Flush only a return sends what was written.
					if !flushes {
						select {
						case <-returned:
						default:
							t.Error("ServeHTTP still runs after the deadline")
						}
					}
					time.Sleep(2 * time.Minute)
					synctest.Wait()
					if diff := cmp.Diff(tt.want, rec.answer()); diff != "" {
						t.Errorf("after the function returned (-want +got):\n%s", diff)
					}
					if n := strings.Count(log.String(), "level=ERROR"); n != 1 || strings.Contains(withoutIDs(&log), "4321") {
						t.Errorf("%d errors logged, want 1 and no input:\n%s", n, log.String())
					}
				})
			})
		}
	}
}

// An answer that is merely slow is an answer.
func TestBeforeDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := ussd.Handler(func(ctx context.Context, _ ussd.Request) (ussd.Response, error) {
			deadline, ok := ctx.Deadline()
			if left := time.Until(deadline); !ok || left != ussd.DefaultTimeout {
				t.Errorf("%v left for an answer, want %v", left, ussd.DefaultTimeout)
			}
			time.Sleep(ussd.DefaultTimeout - time.Millisecond)
			return ussd.End("Done"), ctx.Err()
		}, callbacktest.Quiet())
		if diff := cmp.Diff(callbacktest.Reply(callbacktest.Plain, "END Done"), callbacktest.Do(h, callbacktest.Post("/", callbacktest.FormType, hop.Full))); diff != "" {
			t.Errorf("answer (-want +got):\n%s", diff)
		}
	})
}

// All of many subscribers are in the function at once before the first gets an
// answer.
func TestManySubscribers(t *testing.T) {
	t.Parallel()
	const n = 200
	var inside, done sync.WaitGroup
	inside.Add(n)
	h := ussd.Handler(func(_ context.Context, r ussd.Request) (ussd.Response, error) {
		inside.Done()
		inside.Wait()
		return ussd.Continue(r.PhoneNumber + " " + r.Text).WithHop(r.SessionID), nil
	}, callbacktest.Quiet(), webhook.WithTimeout(time.Minute))
	for i := range n {
		done.Go(func() {
			number, session := fmt.Sprintf("+2547110%05d", i), fmt.Sprintf("s%d", i)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, callbacktest.Post("/", callbacktest.FormType, fmt.Sprintf("sessionId=%s&phoneNumber=%%2B%s&text=%d%%2A9", session, number[1:], i)))
			if want := fmt.Sprintf("CON %s %d*9", number, i); w.Body.String() != want {
				t.Errorf("answer %q, want %q", w.Body, want)
			}
			if got := w.Header().Get(ussd.HopMetadataHeader); got != session {
				t.Errorf("hop %q, want %q", got, session)
			}
		})
	}
	done.Wait()
}

func TestRepeatedHop(t *testing.T) {
	t.Parallel()
	h := ussd.Handler(func(_ context.Context, r ussd.Request) (ussd.Response, error) {
		return ussd.Continue("You typed " + r.Last()), nil
	}, callbacktest.Quiet())
	first := callbacktest.Do(h, callbacktest.Post("/", callbacktest.FormType, hop.Full))
	if diff := cmp.Diff(first, callbacktest.Do(h, callbacktest.Post("/", callbacktest.FormType, hop.Full))); diff != "" {
		t.Errorf("second delivery (-first +second):\n%s", diff)
	}
}

func TestHop(t *testing.T) {
	t.Parallel()
	longest := strings.Repeat("a", 99)
	for _, tt := range []struct {
		name, header, hop string // sent
		in                string // that the function sees
	}{
		{"canonical", "At-Ussd-Hop-Metadata", "home", "home"},
		{"lower case", "at-ussd-hop-metadata", "home", "home"},
		{"capitals", "AT-USSD-HOP-METADATA", "home", "home"},
		{"longest", "at-ussd-hop-metadata", longest, longest},
		{"none", "X-Other", "home", ""},
		{"too long", "at-ussd-hop-metadata", longest + "a", ""},
		{"bar", "at-ussd-hop-metadata", "home|pin", ""},
		{"empty", "at-ussd-hop-metadata", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := httptest.NewServer(ussd.Handler(func(_ context.Context, r ussd.Request) (ussd.Response, error) {
				if r.Hop != tt.in {
					t.Errorf("Hop = %q, want %q", r.Hop, tt.in)
				}
				return ussd.Continue("Next").WithHop("pin"), nil
			}, callbacktest.Quiet()))
			defer s.Close()
			r, err := http.NewRequest(http.MethodPost, s.URL, strings.NewReader(hop.Full))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", callbacktest.FormType)
			r.Header[tt.header] = []string{tt.hop}
			res, err := s.Client().Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = res.Body.Close() }()
			if diff := cmp.Diff([]string{"pin"}, res.Header["At-Ussd-Hop-Metadata"]); diff != "" {
				t.Errorf("header (-want +got):\n%s", diff)
			}
			if res.ContentLength != int64(len("CON Next")) {
				t.Errorf("Content-Length = %d", res.ContentLength)
			}
		})
	}
}

func TestHopThatCannotBeOurs(t *testing.T) {
	t.Parallel()
	for name, values := range map[string][]string{
		"two":       {"home", "pin"},
		"line feed": {"home\npin"},
		"delete":    {"home\x7f"},
	} {
		r := callbacktest.Post("/", callbacktest.FormType, hop.Full)
		r.Header[ussd.HopMetadataHeader] = values
		got, err := ussd.Parse(r)
		if err != nil || got.Hop != "" {
			t.Errorf("%s: Hop = %q, %v, want none", name, got.Hop, err)
		}
	}
}

func TestHopOut(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, hop, log string }{
		{"longest", strings.Repeat("a", 99), ""},
		{"none", "", ""},
		{"too long", strings.Repeat("a", 100), "ussd: hop metadata is 100 characters, limit 99"},
		{"bar", "home|pin", "ussd: hop metadata has a"},
		{"line feed", "home\npin", "ussd: hop metadata has a"},
		{"another header", "home\r\nSet-Cookie: a=b", "ussd: hop metadata has a"},
		{"tab", "home\tpin", "ussd: hop metadata has a"},
		{"delete", "home\x7f", "ussd: hop metadata has a"},
		{"next line", "home\u0085pin", "ussd: hop metadata has a"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			w := httptest.NewRecorder()
			screen(ussd.Continue("Next").WithHop(tt.hop), callbacktest.LogTo(&log)).ServeHTTP(w, callbacktest.Post("/", callbacktest.FormType, hop.Full))
			body, header := "CON Next", tt.hop
			if tt.log != "" {
				body, header = "END "+ussd.Apology, ""
			}
			if w.Code != http.StatusOK || w.Body.String() != body {
				t.Errorf("answer %d %q, want 200 %q", w.Code, w.Body, body)
			}
			if got := w.Header().Get(ussd.HopMetadataHeader); got != header {
				t.Errorf("header %q, want %q", got, header)
			}
			if tt.log == "" && log.Len() > 0 || !strings.Contains(log.String(), tt.log) {
				t.Errorf("log %q, want %q", log.String(), tt.log)
			}
		})
	}
}

func TestResponse(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		got  ussd.Response
		want ussd.Response
		wire string
	}{
		{"Continue", ussd.Continue("1. Pay\n2. Stop"), ussd.Response{Text: "1. Pay\n2. Stop", Continue: true}, "CON 1. Pay\n2. Stop"},
		{"Continuef", ussd.Continuef("Pay %d?", 5), ussd.Response{Text: "Pay 5?", Continue: true}, "CON Pay 5?"},
		{"End", ussd.End("Asante"), ussd.Response{Text: "Asante"}, "END Asante"},
		{"Endf", ussd.Endf("Paid %s.", "KES 5"), ussd.Response{Text: "Paid KES 5."}, "END Paid KES 5."},
		{"percent", ussd.End("100%"), ussd.Response{Text: "100%"}, "END 100%"},
		{"WithHop", ussd.End("Asante").WithHop("done"), ussd.Response{Text: "Asante", Hop: "done"}, "END Asante"},
		{"literal", ussd.Response{Text: "Asante"}, ussd.Response{Text: "Asante"}, "END Asante"},
		{"not in GSM", ussd.End("Asante \U0001f600"), ussd.Response{Text: "Asante \U0001f600"}, "END Asante \U0001f600"},
		{"says CON", ussd.End("CON x"), ussd.Response{Text: "CON x"}, "END CON x"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, tt.got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			b, err := tt.got.AppendText([]byte("> "))
			if err != nil || string(b) != "> "+tt.wire {
				t.Errorf("AppendText = %q, %v, want %q", b, err, tt.wire)
			}
			if diff := cmp.Diff(callbacktest.Reply(callbacktest.Plain, tt.wire), callbacktest.Do(screen(tt.got, callbacktest.Quiet()), callbacktest.Post("/", callbacktest.FormType, hop.Full))); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("zero value", func(t *testing.T) {
		t.Parallel()
		b, err := ussd.Response{}.AppendText([]byte("> "))
		if err == nil || err.Error() != "ussd: screen is empty" || string(b) != "> " {
			t.Errorf("AppendText = %q, %v", b, err)
		}
	})
}

func TestCheckAndLen(t *testing.T) {
	t.Parallel()
	const outside = "ussd: screen has characters outside the GSM alphabet"
	n := strings.Repeat
	for _, tt := range []struct {
		name, text string
		units      int
		gsm        bool
		check      string
	}{
		{"empty", "", 0, true, ""},
		{"160", n("a", 160), 160, true, ""},
		{"161", n("a", 161), 161, true, "ussd: screen is 161 septets, limit 160"},
		{"182", n("a", 182), 182, true, "ussd: screen is 182 septets, limit 160"},
		{"160 accented", n("é", 160), 160, true, ""},
		{"80 braces", n("{", 80), 160, true, ""},
		{"80 braces and one", n("{", 80) + "a", 161, true, "ussd: screen is 161 septets, limit 160"},
		{"159 and a euro", n("a", 159) + "€", 161, true, "ussd: screen is 161 septets, limit 160"},
		{"80 of UCS-2", n("ê", 80), 80, false, outside},
		{"81 of UCS-2", n("ê", 81), 81, false, outside + " and is 81 units, limit 80"},
		{"40 emoji", n("\U0001f600", 40), 80, false, outside},
		{"41 emoji", n("\U0001f600", 41), 82, false, outside + " and is 82 units, limit 80"},
		{"smart quote", "It\u2019s done", 9, false, outside},
		{"smart quote in a long screen", n("a", 80) + "\u2019", 81, false, outside + " and is 81 units, limit 80"},
		{"no-break space", "KES\u00a05", 5, false, outside},
		{"tab", "a\tb", 3, false, outside},
		{"lines", "1. Pay\n2. Stop", 14, true, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if units, gsm := ussd.Len(tt.text); units != tt.units || gsm != tt.gsm {
				t.Errorf("Len = %d, %v, want %d, %v", units, gsm, tt.units, tt.gsm)
			}
			got := ""
			if err := ussd.Continue(tt.text).Check(); err != nil {
				got = err.Error()
			}
			if got != tt.check {
				t.Errorf("Check = %q, want %q", got, tt.check)
			}
			if tt.text == "" {
				return
			}
			var log bytes.Buffer
			want := callbacktest.Reply(callbacktest.Plain, "CON "+tt.text)
			if diff := cmp.Diff(want, callbacktest.Do(screen(ussd.Continue(tt.text), callbacktest.LogTo(&log)), callbacktest.Post("/", callbacktest.FormType, hop.Full))); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
			if warned := strings.Contains(log.String(), "level=WARN"); warned != (tt.check != "") || !strings.Contains(log.String(), tt.check) {
				t.Errorf("log %q, want a warning %q", log.String(), tt.check)
			}
			if strings.Contains(log.String(), "711000001") || strings.Contains(log.String(), "aaa") {
				t.Errorf("the log has the number or the screen: %s", log.String())
			}
		})
	}
}

func TestLogValue(t *testing.T) {
	t.Parallel()
	const number, text = "+254711000001", "2*Wanjiku*4321"
	for _, tt := range []struct {
		value any
		want  string // something that is there, so that the rest means something
	}{
		{ussd.Request{SessionID: "s1", PhoneNumber: number, ServiceCode: "*384*1#", Text: text}, "callback.inputs=3"},
		{ussd.Response{Text: "Wanjiku, your PIN 4321 is new. " + number, Hop: "done"}, "callback.hop=done"},
		{ussd.Notification{
			SessionID: "s1", PhoneNumber: number, Status: ussd.Failed, Input: text,
			LastAppResponse: "END Wanjiku, your PIN is 4321", ErrorMessage: number + " said 4321", HopsMetadata: "home",
		}, "callback.status=Failed"},
		{ussd.Request{SessionID: "s1", NetworkCode: number, Text: text}, "callback.networkCode=+***01"},
		{ussd.Notification{SessionID: "s1", Status: number, Input: text}, "callback.status=+***01"},
	} {
		log := callbacktest.LogText(tt.value)
		if !strings.Contains(log, tt.want) {
			t.Errorf("%T: log %q lacks %q", tt.value, log, tt.want)
		}
		shown := []string{log}
		for _, v := range []any{tt.value, []any{tt.value}, struct{ V any }{tt.value}, map[string]any{"v": tt.value}} {
			for _, format := range []string{"%v", "%+v", "%s"} {
				shown = append(shown, fmt.Sprintf(format, v))
			}
		}
		shown = append(shown, fmt.Errorf("hop: %v", tt.value).Error())
		for _, got := range shown {
			for _, secret := range []string{"711000001", "11000001", "PIN", "4321", "Wanjiku"} {
				if strings.Contains(got, secret) {
					t.Errorf("%T: %q has %q", tt.value, got, secret)
				}
			}
			for key := range strings.FieldsSeq(got) {
				if name, _, ok := strings.Cut(key, "="); ok && strings.ContainsAny(name, "_-") {
					t.Errorf("%T: key %q is not camelCase", tt.value, name)
				}
			}
		}
		if got := fmt.Sprintf("%#v", tt.value); !strings.Contains(got, "4321") {
			t.Errorf("%T: %%#v prints %s, which hides something", tt.value, got)
		}
	}
}

func TestStatusInJSON(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]ussd.Status{
		"Success": ussd.Success, "success": ussd.Success, "INCOMPLETE": ussd.Incomplete, "failed": ussd.Failed,
		"Hijacked": "Hijacked", "": "", "ſuccess": "ſuccess",
	} {
		var got ussd.Status
		if err := json.Unmarshal([]byte(strconv.Quote(in)), &got); err != nil || got != want {
			t.Errorf("%q: got %q and error %v, want %q", in, got, err, want)
		}
	}
}

func TestNoSessionID(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"", "0", "None"} {
		for name, parse := range map[string]func(*http.Request) error{
			"Request":      func(r *http.Request) error { _, err := ussd.Parse(r); return err },
			"Notification": func(r *http.Request) error { _, err := ussd.ParseNotification(r); return err },
		} {
			body := "phoneNumber=%2B254711000001&text=1&status=Success&sessionId=" + id
			if err := parse(callbacktest.Post("/", callbacktest.FormType, body)); !errors.Is(err, webhook.ErrMissing) {
				t.Errorf("%s with sessionId %q: got error %v, want webhook.ErrMissing", name, id, err)
			}
			body = `{"phoneNumber":"+254711000001","text":"1","status":"Success","sessionId":` + strconv.Quote(id) + `}`
			if err := parse(callbacktest.Post("/", callbacktest.JSONType, body)); !errors.Is(err, webhook.ErrMissing) {
				t.Errorf("%s in JSON with sessionId %q: got error %v, want webhook.ErrMissing", name, id, err)
			}
		}
	}
}

// The form that the documentation of HopID states.
func TestHopIDForm(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`^ATUid_0123456789abcdef-\d+-[0-9a-f]{16}$`)
	ends := map[string]bool{}
	for _, text := range []string{"", "1", "1*2", "1*2*1234"} {
		id := ussd.Request{SessionID: "ATUid_0123456789abcdef", PhoneNumber: "+254711000001", Text: text}.HopID()
		if !form.MatchString(id) || !strings.Contains(id, "-"+strconv.Itoa(len(text))+"-") {
			t.Errorf("text %q: got %q", text, id)
		}
		ends[id[len(id)-8:]] = true
	}
	if len(ends) != 4 {
		t.Errorf("4 hops have %d ends of their IDs", len(ends))
	}
}

// The payloads can be keys of a map, and copies of them equal.
var (
	_ = map[ussd.Request]ussd.Response{}
	_ = map[ussd.Response]ussd.Notification{}
	_ = map[ussd.Notification]bool{}
)
