package internal_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/internal/gateway"
	"github.com/sautigo/africastalking/internal/gateway/session"
	"github.com/sautigo/africastalking/ussd"
	"github.com/sautigo/africastalking/webhook"
)

// captured is who dialled what in the captured session.
func captured(app gateway.App) session.Config {
	return session.Config{
		App:         app,
		PhoneNumber: "+254700000001",
		ServiceCode: "*384*44135#",
		NetworkCode: "99999",
		SessionID:   "ATUid_7c898d72eb11f723ed8ea05ef232f279",
	}
}

// request is what an app has received.
type request struct {
	Method, Path, Proto string
	Header              http.Header
	Length              int64
	Body                string
}

// recorder answers with the bodies in turn, then with the last.
type recorder struct {
	mu       sync.Mutex
	requests []request
	answers  []string
}

func (rec *recorder) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	rec.mu.Lock()
	defer rec.mu.Unlock()
	rec.requests = append(rec.requests, request{r.Method, r.URL.RequestURI(), r.Proto, r.Header.Clone(), r.ContentLength, string(body)})
	_, _ = io.WriteString(w, rec.answers[min(len(rec.requests), len(rec.answers))-1])
}

// both runs a test with a handler in memory and behind a server.
func both(t *testing.T, test func(t *testing.T, app func(http.Handler) gateway.App)) {
	t.Run("handler", func(t *testing.T) {
		t.Parallel()
		test(t, func(h http.Handler) gateway.App { return gateway.Handler(h, "/ussd?key=1") })
	})
	t.Run("url", func(t *testing.T) {
		t.Parallel()
		test(t, func(h http.Handler) gateway.App {
			s := httptest.NewServer(h)
			t.Cleanup(s.Close)
			return gateway.URL(s.URL+"/ussd?key=1", s.Client().Transport)
		})
	})
}

func TestFirstHopIsTheCapturedOne(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, app func(http.Handler) gateway.App) {
		want, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(sample(t, "ussd", "ussd_begin_captured_2020.http"))))
		if err != nil {
			t.Fatal(err)
		}
		want.Header.Del("X-Forwarded-For") // of a tunnel
		want.Header.Set("Accept-Encoding", "gzip")
		rec := &recorder{answers: []string{"CON hi"}}
		session.Dial(t.Context(), captured(app(rec)))
		if diff := cmp.Diff([]request{{
			Method: "POST", Path: "/ussd?key=1", Proto: "HTTP/1.1",
			Header: want.Header, Length: want.ContentLength,
			Body: string(sample(t, "ussd", "ussd_begin_captured_2020.form")),
		}}, rec.requests); diff != "" {
			t.Errorf("the first hop (-want +got):\n%s", diff)
		}
	})
}

func TestTextGrows(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		dialled []string
		inputs  []string
		want    []string
	}{
		{"plain", nil, []string{"1", "2", "3"}, []string{"", "1", "1*2", "1*2*3"}},
		{"back and more stay", nil, []string{"1", "0", "98"}, []string{"", "1", "1*0", "1*0*98"}},
		{"empty answer", nil, []string{"1", "", "2"}, []string{"", "1", "1*", "1**2"}},
		{"empty answer first", nil, []string{"", "2"}, []string{"", "", "*2"}},
		{"a typed star", nil, []string{"1", "a*b", "*"}, []string{"", "1", "1*a*b", "1*a*b**"}},
		{"dialled extension", []string{"1", "2"}, []string{"3"}, []string{"1*2", "1*2*3"}},
		{"free text", nil, []string{"José & Ana +1", "#"}, []string{"", "José & Ana +1", "José & Ana +1*#"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			rec := &recorder{answers: []string{"CON hi"}}
			u := captured(gateway.Handler(rec, ""))
			u.Inputs = tt.dialled
			s, h := session.Dial(t.Context(), u)
			got := []string{h.Text}
			for _, in := range tt.inputs {
				h, err := s.Send(t.Context(), in)
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, h.Text)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("text (-want +got):\n%s", diff)
			}
			for i, r := range rec.requests {
				v, err := url.ParseQuery(r.Body)
				if err != nil || v.Get("text") != tt.want[i] {
					t.Errorf("hop %d was sent as %s, want text %q", i+1, r.Body, tt.want[i])
				}
			}
		})
	}
}

func TestSessionCallbacksAreTheSamples(t *testing.T) {
	t.Parallel()
	for file, inputs := range map[string][]string{
		"ussd_continue.form":          {"1", "2", "3"},
		"ussd_continue_freetext.form": {"2", "José & Ana +1", "0", "98"},
	} {
		rec := &recorder{answers: []string{"CON hi"}}
		s, _ := session.Dial(t.Context(), captured(gateway.Handler(rec, "")))
		for _, in := range inputs {
			if _, err := s.Send(t.Context(), in); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(string(sample(t, "ussd", file)), rec.requests[len(inputs)].Body); diff != "" {
			t.Errorf("%s (-want +got):\n%s", file, diff)
		}
	}
	e := session.Event{
		Date:      time.Date(2024, 5, 6, 10, 8, 9, 0, time.FixedZone("EAT", 3*60*60)),
		SessionID: "ATUid_7c898d72eb11f723ed8ea05ef232f279", ServiceCode: "*384*44135#", NetworkCode: "63902", PhoneNumber: "+254700000001",
		Status: "Success", Cost: "KES 0.10", Duration: 12345 * time.Millisecond, HopsCount: 3, Input: "1*1",
		LastAppResponse: "END Your account number is ACC1001",
	}
	if diff := cmp.Diff(string(sample(t, "ussd", "ussd_end_success.form")), string(e.Callback().Body)); diff != "" {
		t.Errorf("success (-want +got):\n%s", diff)
	}
	e.Status, e.Cost, e.HopsCount, e.Input, e.LastAppResponse = "Incomplete", "0.10", 2, "1", "CON Enter your Acc No."
	if diff := cmp.Diff(string(sample(t, "ussd", "ussd_end_incomplete.form")), string(e.Callback().Body)); diff != "" {
		t.Errorf("incomplete (-want +got):\n%s", diff)
	}
}

func TestSessionID(t *testing.T) {
	t.Parallel()
	shape := regexp.MustCompile(`^ATUid_[0-9a-f]{32}$`)
	seen := map[string]bool{}
	for range 100 {
		s, _ := session.Dial(t.Context(), session.Config{App: gateway.Handler(answer("END ok"), "")})
		if !shape.MatchString(s.ID()) || seen[s.ID()] {
			t.Fatalf("id %q is misshapen or not new", s.ID())
		}
		seen[s.ID()] = true
	}
}

func answer(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }
}

func withStatus(code int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	}
}

// outcome is what becomes of an answer.
type outcome struct {
	Screen   string
	Continue bool
	Status   string // of the session
	Error    string
	Last     string
	Notified bool
}

const badStart = "Response should start with a CON or an END"

func failed(message, last string) outcome {
	return outcome{session.OperatorError, false, "Failed", message, last, true}
}

func TestWhatBecomesOfAnAnswer(t *testing.T) {
	t.Parallel()
	zip := func(body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			w.Header().Set("Content-Type", "text/plain")
			z := gzip.NewWriter(w)
			_, _ = io.WriteString(z, body)
			_ = z.Close()
		}
	}
	large := strings.Repeat("x", gateway.MaxAnswer)
	for _, tt := range []struct {
		name string
		app  http.HandlerFunc
		want outcome
	}{
		{"con", answer("CON 1. A\n2. B"), outcome{Screen: "1. A\n2. B", Continue: true}},
		{"con and nothing", answer("CON "), outcome{Continue: true}},
		{"end", answer("END Bye"), outcome{"Bye", false, "Success", "", "END Bye", true}},
		{"end and new line", answer("END Bye\n"), outcome{"Bye\n", false, "Success", "", "END Bye\n", true}},
		{"gzip", zip("END Bye"), outcome{"Bye", false, "Success", "", "END Bye", true}},
		{"gzip that is not", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = io.WriteString(w, "END Bye")
		}, failed("Could not read a response", "END Bye")},
		{"empty", answer(""), failed(badStart, "")},
		{"nothing", func(http.ResponseWriter, *http.Request) {}, failed(badStart, "")},
		{"leading blank", answer(" CON hi"), failed(badStart, " CON hi")},
		{"leading line", answer("\nCON hi"), failed(badStart, "\nCON hi")},
		{"byte order mark", answer("\ufeffCON hi"), failed(badStart, "\ufeffCON hi")},
		{"lower case", answer("con hi"), failed(badStart, "con hi")},
		{"mixed case", answer("End hi"), failed(badStart, "End hi")},
		{"no blank", answer("CONhi"), failed(badStart, "CONhi")},
		{"line instead of blank", answer("END\nhi"), failed(badStart, "END\nhi")},
		{"no prefix", answer("hi"), failed(badStart, "hi")},
		{"only the word", answer("CON"), failed(badStart, "CON")},
		{"json", answer(`{"response":"CON hi"}`), failed(badStart, `{"response":"CON hi"}`)},
		{"html", answer("<p>CON hi</p>"), failed(badStart, "<p>CON hi</p>")},
		{"201", withStatus(201, "CON hi"), failed("Received unexpected response code: 201 Created", "CON hi")},
		{"204", withStatus(204, ""), failed("Received unexpected response code: 204 No Content", "")},
		{"400", withStatus(400, "CON hi"), failed("Received unexpected response code: 400 Bad Request", "CON hi")},
		{"415", withStatus(415, ""), failed("Received unexpected response code: 415 Unsupported Media Type", "")},
		{"500", withStatus(500, "oops"), failed("Received unexpected response code: 500 Internal Server Error", "oops")},
		{"530", withStatus(530, ""), failed("Received unexpected response code: 530 status code 530", "")},
		{"redirect", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusFound)
		}, failed("Received unexpected response code: 302 Found", "")},
		{"redirect that keeps the body", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "/ussd/")
			w.WriteHeader(http.StatusPermanentRedirect)
		}, failed("Received unexpected response code: 308 Permanent Redirect", "")},
		{"too large", answer("CON " + large), failed("Response is too large", "CON "+large[4:])},
		{"too large zipped", zip("CON " + large), failed("Response is too large", "CON "+large[4:])},
		{"cut", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "20")
			_, _ = io.WriteString(w, "CON hi")
		}, failed("Could not read a response", "CON hi")},
		{"aborted", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, failed("Could not read a response", "")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			both(t, func(t *testing.T, app func(http.Handler) gateway.App) {
				rec := &recorder{answers: []string{"OK"}}
				u := captured(app(tt.app))
				u.Events = app(rec)
				s, h := session.Dial(t.Context(), u)
				e, over := s.Event()
				got := outcome{h.Screen, h.Continue, e.Status, e.ErrorMessage, e.LastAppResponse, len(rec.requests) == 1}
				if h.Failure != e.ErrorMessage || over != s.Over() || over == h.Continue {
					t.Errorf("the hop says %q and %v, the session %q and %v", h.Failure, h.Continue, e.ErrorMessage, over)
				}
				want := tt.want
				if tt.name == "redirect" {
					want.Last = got.Last // net/http writes a link for GET only
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("outcome (-want +got):\n%s", diff)
				}
				if _, err := s.Send(t.Context(), "1"); over && !errors.Is(err, session.ErrOver) {
					t.Errorf("Send after the end = %v, want ErrOver", err)
				}
			})
		})
	}
}

func TestNobodyThere(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(answer("END ok"))
	secret := server.URL + "/ussd?key=secret"
	server.Close()
	for _, target := range []string{secret, "http://[::1/secret", "secret://x"} {
		_, h := session.Dial(t.Context(), captured(gateway.URL(target, nil)))
		if h.Failure != "Could not read a response" || h.Answer.Err == nil || strings.Contains(h.Answer.Err.Error(), "key=") {
			t.Errorf("failure is %q, error %v", h.Failure, h.Answer.Err)
		}
	}
}

// A response without a reason phrase was observed to be told as "<none>".
func TestNoReason(t *testing.T) {
	t.Parallel()
	u := captured(gateway.URL("http://app.example", roundTrip(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 530, Status: "530 ", Header: http.Header{}, Body: http.NoBody, Request: r}, nil
	})))
	if _, h := session.Dial(t.Context(), u); h.Failure != "Received unexpected response code: 530 <none>" {
		t.Errorf("failure is %q", h.Failure)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestSessionPanic(t *testing.T) {
	t.Parallel()
	_, h := session.Dial(t.Context(), captured(gateway.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("boom") }), "")))
	var e *gateway.PanicError
	if !errors.As(h.Answer.Err, &e) || e.Value != "boom" || !errors.Is(e, gateway.ErrCut) || !strings.Contains(string(e.Stack), "TestSessionPanic") {
		t.Errorf("error is %#v, want the panic", h.Answer.Err)
	}
	_, h = session.Dial(t.Context(), captured(gateway.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { runtime.Goexit() }), "")))
	if !errors.Is(h.Answer.Err, gateway.ErrCut) {
		t.Errorf("error is %v, want ErrCut", h.Answer.Err)
	}
}

// The subscriber hangs up while the app is asked: the session is Incomplete, and the app
// is notified.
func TestSessionHangUpWhileTheAppIsAsked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		c := captured(gateway.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }), ""))
		events := &recorder{answers: []string{"OK"}}
		c.Events = gateway.Handler(events, "")
		s, h := session.Dial(ctx, c)
		e, over := s.Event()
		if !over || e.Status != "Incomplete" || e.ErrorMessage != "" || h.Continue || len(events.requests) != 1 || s.EventAnswer().Status != 200 {
			t.Errorf("event %+v, %d notifications, answered %+v", e, len(events.requests), s.EventAnswer())
		}
	})
}

func TestHopMetadata(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, app func(http.Handler) gateway.App) {
		var echoed []string
		h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			echoed = append(echoed, strings.Join(r.Header["At-Ussd-Hop-Metadata"], ","))
			if hop := []string{"home", "", "é", strings.Repeat("x", 100), "a|b", "last"}[len(echoed)-1]; hop != "" {
				w.Header().Set("at-ussd-hop-metadata", hop)
			}
			_, _ = io.WriteString(w, "CON hi")
		})
		s, hop := session.Dial(t.Context(), captured(app(h)))
		errs := []bool{hop.MetadataErr != nil}
		for range 5 {
			hop, err := s.Send(t.Context(), "1")
			if err != nil {
				t.Fatal(err)
			}
			errs = append(errs, hop.MetadataErr != nil)
		}
		if err := s.Drop(t.Context()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"", "home", "", "é", "", ""}, echoed); diff != "" {
			t.Errorf("echoed (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]bool{false, false, false, true, true, false}, errs); diff != "" {
			t.Errorf("refused (-want +got):\n%s", diff)
		}
		e, _ := s.Event()
		v, err := url.ParseQuery(string(e.Callback().Body))
		if err != nil || v.Get("hopsMetadata") != "home|é|last" {
			t.Errorf("hopsMetadata is %q, %v", v.Get("hopsMetadata"), err)
		}
	})
}

func TestEventWhole(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var got []ussd.Notification
		app := ussd.Handler(func(_ context.Context, r ussd.Request) (ussd.Response, error) {
			time.Sleep(time.Second)
			switch r.Last() {
			case "":
				return ussd.Continue("Menu").WithHop("menu"), nil
			case "9":
				return ussd.End("Bye").WithHop("bye"), nil
			}
			return ussd.Continue("Again"), nil
		})
		u := captured(gateway.Handler(app, ""))
		u.Events = gateway.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			n, err := ussd.ParseNotification(r)
			if err != nil {
				t.Error(err)
			}
			got = append(got, n)
		}), "/events")
		s, _ := session.Dial(t.Context(), u)
		for _, in := range []string{"1", "9"} {
			time.Sleep(5 * time.Second)
			if _, err := s.Send(t.Context(), in); err != nil {
				t.Fatal(err)
			}
		}
		if a := s.EventAnswer(); a.Status != 200 || a.Err != nil {
			t.Errorf("the event was answered %+v", a)
		}
		want := ussd.Notification{
			Date:      time.Now().UTC(),
			SessionID: u.SessionID, ServiceCode: u.ServiceCode, NetworkCode: "99999", PhoneNumber: u.PhoneNumber,
			Status: ussd.Success, DurationInMillis: 13000, HopsCount: 3,
			HopsMetadata: "menu|bye", Input: "1*9", LastAppResponse: "END Bye",
		}
		if len(got) == 1 {
			if got[0].Cost.String() != "KES 0.10" {
				t.Errorf("cost is %v", got[0].Cost)
			}
			want.Cost = got[0].Cost
		}
		if diff := cmp.Diff([]ussd.Notification{want}, got, cmp.Comparer(func(a, b africastalking.Money) bool { return a == b })); diff != "" {
			t.Errorf("notifications (-want +got):\n%s", diff)
		}
	})
}

func TestOrderOfEventFields(t *testing.T) {
	t.Parallel()
	names := func(e session.Event) string {
		var out []string
		for pair := range strings.SplitSeq(string(e.Callback().Body), "&") {
			name, _, _ := strings.Cut(pair, "=")
			out = append(out, name)
		}
		return strings.Join(out, " ")
	}
	const head = "date sessionId serviceCode networkCode phoneNumber status cost durationInMillis hopsCount "
	for _, tt := range []struct {
		e    session.Event
		want string
	}{
		{session.Event{Status: "Success"}, head + "input lastAppResponse"},
		{session.Event{Status: "Incomplete"}, head + "input lastAppResponse errorMessage"},
		{session.Event{Status: "Failed", HopsMetadata: []string{"a"}}, head + "hopsMetadata input lastAppResponse errorMessage"},
	} {
		if got := names(tt.e); got != tt.want {
			t.Errorf("%s: fields are %s, want %s", tt.e.Status, got, tt.want)
		}
	}
}

func TestSessionDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var gone, promised atomic.Bool
		slow := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, has := r.Context().Deadline()
			promised.Store(has)
			<-r.Context().Done()
			gone.Store(true)
			_, _ = io.WriteString(w, "END too late")
		})
		start := time.Now()
		s, h := session.Dial(t.Context(), captured(gateway.Handler(slow, "")))
		if took := time.Since(start); took != 10*time.Second || h.Answer.Took != took {
			t.Errorf("gave up after %v, and says %v, want 10s", took, h.Answer.Took)
		}
		synctest.Wait()
		if !gone.Load() || promised.Load() {
			t.Errorf("the handler's context ended: %v, had a deadline: %v, want true and false", gone.Load(), promised.Load())
		}
		e, _ := s.Event()
		if e.Status != "Failed" || e.ErrorMessage != "No response received within 10s" || !errors.Is(h.Answer.Err, context.DeadlineExceeded) {
			t.Errorf("event %+v, error %v", e, h.Answer.Err)
		}
	})
}

func TestSessionDeadlineOverURL(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	}))
	defer server.Close()
	u := captured(gateway.URL(server.URL, server.Client().Transport))
	u.Timeout = time.Millisecond
	if _, h := session.Dial(t.Context(), u); !errors.Is(h.Answer.Err, context.DeadlineExceeded) || h.Failure != "No response received within 1ms" {
		t.Errorf("failure %q, error %v", h.Failure, h.Answer.Err)
	}
}

// The library's handler answers at its own deadline while the function still runs,
// by flushing all that it has announced.
func TestAnswerBeforeTheHandlerReturns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		app := ussd.Handler(func(context.Context, ussd.Request) (ussd.Response, error) {
			<-release
			return ussd.End("too late"), nil
		}, webhook.WithLogger(slog.New(slog.DiscardHandler)))
		_, h := session.Dial(t.Context(), captured(gateway.Handler(app, "")))
		if h.Answer.Took != ussd.DefaultTimeout || h.Screen != ussd.Apology {
			t.Errorf("after %v: %q, want the apology after %v", h.Answer.Took, h.Screen, ussd.DefaultTimeout)
		}
		close(release)
	})
}

func TestSessionAgainAndCopies(t *testing.T) {
	t.Parallel()
	rec := &recorder{answers: []string{"CON hi"}}
	u := captured(gateway.Handler(rec, ""))
	u.Copies = 3
	s, h := session.Dial(t.Context(), u)
	if len(h.Copies) != 2 {
		t.Errorf("%d copies were answered, want 2", len(h.Copies))
	}
	a := s.Again(t.Context())
	if !a.Same(h.Answer, "Content-Type") {
		t.Errorf("again: %+v, want %+v", a, h.Answer)
	}
	for _, r := range rec.requests[1:] {
		if diff := cmp.Diff(rec.requests[0], r); diff != "" {
			t.Errorf("a repeated hop differs:\n%s", diff)
		}
	}
	if err := s.Drop(t.Context()); err != nil {
		t.Fatal(err)
	}
	e, _ := s.Event()
	if len(rec.requests) != 4 || e.HopsCount != 1 || e.Status != "Incomplete" {
		t.Errorf("%d requests, event %+v", len(rec.requests), e)
	}
	if err := s.Drop(t.Context()); !errors.Is(err, session.ErrOver) {
		t.Errorf("Drop after the end = %v, want ErrOver", err)
	}
}

func TestSplitCode(t *testing.T) {
	t.Parallel()
	const code = "*384*123#"
	for _, tt := range []struct {
		dialled string
		want    []string
		ok      bool
	}{
		{"*384*123#", nil, true},
		{"*384*123*1#", []string{"1"}, true},
		{"*384*123*1*2#", []string{"1", "2"}, true},
		{"*384*123**2#", []string{"", "2"}, true},
		{"*384*1234#", nil, false},
		{"*384*123*1", nil, false},
		{"*384#", nil, false},
		{"", nil, false},
	} {
		got, ok := session.SplitCode(tt.dialled, code)
		if diff := cmp.Diff(tt.want, got); diff != "" || ok != tt.ok {
			t.Errorf("SplitCode(%q) = %q, %v, want %q, %v", tt.dialled, got, ok, tt.want, tt.ok)
		}
		if tt.ok && session.JoinCode(code, tt.want...) != tt.dialled {
			t.Errorf("JoinCode(%q) = %q, want %q", tt.want, session.JoinCode(code, tt.want...), tt.dialled)
		}
	}
}

func TestSessionLimits(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		network string
		limit   int // 0 keeps the network's
		screen  string
		units   int
		max     int
		gsm     bool
	}{
		{"63902", 0, strings.Repeat("x", 161), 161, 160, true},
		{"63903", 0, strings.Repeat("x", 161), 161, 182, true},
		{"", 0, "{€}", 6, 160, true},
		{"99999", 0, "it’s", 4, 80, false},
		{"63903", 0, "it’s", 4, 80, false},
		{"63902", 182, "😀", 2, 80, false},
		{"63902", 100, "😀", 2, 50, false},
		{"63902", 100, "x", 1, 100, true},
	} {
		l := session.LimitsOf(tt.network)
		if tt.limit > 0 {
			l = l.WithScreen(tt.limit)
		}
		if units, limit, gsm := l.Measure(tt.screen); units != tt.units || limit != tt.max || gsm != tt.gsm {
			t.Errorf("%s, %d: Measure(%q) = %d, %d, %v, want %d, %d, %v", tt.network, tt.limit, tt.screen, units, limit, gsm, tt.units, tt.max, tt.gsm)
		}
	}
}
