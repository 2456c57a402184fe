package ussdtest_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/ussd"
	"github.com/sautigo/africastalking/ussd/ussdtest"
)

func TestSession(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(bank)
	defer server.Close()
	for name, p := range map[string]*ussdtest.Phone{
		"handler": ussdtest.New(t, bank),
		"url":     ussdtest.NewURL(t, server.URL+"/ussd"),
	} {
		if p.Screen() != "" || !p.Ended() || p.SessionID() != "" {
			t.Errorf("%s: before: %q, %v, %q", name, p.Screen(), p.Ended(), p.SessionID())
		}
		p.Dial("").Sees("1. Balance", "2. Send").SeesText("Balance", "Send").Again()
		first := p.SessionID()
		p.Send("2").Sees("To whom?")
		if p.Ended() || p.Text() != "2" {
			t.Errorf("%s: ended: %v, text %q", name, p.Ended(), p.Text())
		}
		p.Send("José").Ends("Sent to José.").EndsText("José").Again().SeesText("Sent")
		if !p.Ended() || p.Screen() != "Sent to José." || p.SessionID() != first {
			t.Errorf("%s: ended: %v, screen %q", name, p.Ended(), p.Screen())
		}
		p.Dial("*384*123#").Send("1").Ends("Your balance is KES 5.00.")
		if p.SessionID() == first {
			t.Errorf("%s: the second session has the id of the first", name)
		}
	}
}

// Each app breaks one rule, and the phone says which, with screen and text.
func TestStrict(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("1234567890", 16) + "x"
	for _, tt := range []struct {
		name    string
		app     http.Handler
		opts    []ussdtest.Option
		want    []string
		lenient ussdtest.Check
	}{
		{"status", raw(500, plain, "oops"), nil,
			[]string{"Received unexpected response code: 500 Internal Server Error", `"oops"`, "FAILED"}, ussdtest.Answer},
		{"created", raw(201, plain, "END ok"), nil, []string{"201 Created", `"END ok"`}, ussdtest.Answer},
		{"prefix", raw(200, plain, " END ok"), nil, []string{"should start with a CON or an END", `" END ok"`}, ussdtest.Answer},
		{"json", raw(200, "application/json", `{"a":1}`), nil, []string{"should start with", `"{\"a\":1}"`}, ussdtest.Answer},
		{"nothing", raw(200, plain, ""), nil, []string{"should start with"}, ussdtest.Answer},
		{"panic", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("boom") }), nil,
			[]string{"Could not read a response", "panicked: boom", "phone_test.go"}, ussdtest.Answer},
		{"redirect", http.RedirectHandler("/", http.StatusSeeOther), nil, []string{"303 See Other"}, ussdtest.Answer},
		{"septets", raw(200, plain, "END "+long), nil, []string{"screen is 161 septets, limit 160", "161/160 septets"}, ussdtest.Size},
		{"septets of two", raw(200, plain, "END "+strings.Repeat("€", 81)), nil, []string{"screen is 162 septets, limit 160"}, ussdtest.Size},
		{"septets on airtel", raw(200, plain, "END "+long+long), []ussdtest.Option{ussdtest.WithNetwork(africastalking.AirtelKenya)},
			[]string{"screen is 322 septets, limit 182"}, ussdtest.Size},
		{
			name:    "own limit",
			app:     raw(200, plain, "END 12345678901"),
			opts:    []ussdtest.Option{ussdtest.WithLimit(10)},
			want:    []string{"11 septets, limit 10"},
			lenient: ussdtest.Size,
		},
		{"units", raw(200, plain, "END "+strings.Repeat("é", 80)+"ç"), []ussdtest.Option{ussdtest.WithLenient(ussdtest.Alphabet)},
			[]string{"screen is 81 units outside the GSM alphabet, limit 80"}, ussdtest.Size},
		{"empty screen", raw(200, plain, "CON "), nil, []string{"screen is empty"}, ussdtest.Size},
		{
			name:    "smart quote",
			app:     raw(200, plain, "END Hello\nit’s"),
			want:    []string{`outside the GSM alphabet: '’' (U+2019) in line 2`, "it’s"},
			lenient: ussdtest.Alphabet,
		},
		{"tab", raw(200, plain, "END a\tb"), nil, []string{`'\t' (U+0009) in line 1`, `a\tb`}, ussdtest.Alphabet},
		{"no utf-8", raw(200, plain, "END caf\xe9"), nil, []string{"bytes that are not UTF-8", `caf\xe9`}, ussdtest.Alphabet},
		{
			name:    "html",
			app:     raw(200, "text/html; charset=utf-8", "END ok"),
			want:    []string{`content type is "text/html; charset=utf-8"`},
			lenient: ussdtest.ContentType,
		},
		{"charset", raw(200, "text/plain; charset=iso-8859-1", "END ok"), nil, []string{"content type is"}, ussdtest.ContentType},
		{"long metadata", raw(200, plain, "END ok", "at-ussd-hop-metadata", strings.Repeat("x", 100)), nil,
			[]string{"hop metadata is 100 characters, limit 99"}, ussdtest.HopMetadata},
		{
			name:    "bar in metadata",
			app:     raw(200, plain, "END ok", "at-ussd-hop-metadata", "a|b"),
			want:    []string{`hop metadata has a "|"`},
			lenient: ussdtest.HopMetadata,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := try(func(tb testing.TB) { ussdtest.New(tb, after(tt.app), tt.opts...).Dial("").Send("1") })
			f.failsWith(t, false, append(tt.want, `text "1", hop 2 of *384*123#, +254711000001`, "┌──", "│ ")...)
			try(func(tb testing.TB) {
				ussdtest.New(tb, after(tt.app), append(tt.opts, ussdtest.WithLenient(tt.lenient))...).Dial("").Send("1")
			}).passes(t)
		})
	}
}

func TestDeadline(t *testing.T) {
	t.Parallel()
	slow := func(d time.Duration) http.Handler {
		return after(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			select {
			case <-time.After(d):
			case <-r.Context().Done():
			}
			raw(200, plain, "END ok").ServeHTTP(w, r)
		}))
	}
	for _, tt := range []struct {
		name string
		took time.Duration
		opts []ussdtest.Option
		want []string // "" passes
	}{
		{"in time", 8 * time.Second, nil, nil},
		{"close", 9 * time.Second, nil, []string{"the answer took 9s, deadline 8.25s", "│ ok "}},
		{"close, lenient", 9 * time.Second, []ussdtest.Option{ussdtest.WithLenient(ussdtest.Deadline)}, nil},
		{"own", 2 * time.Second, []ussdtest.Option{ussdtest.WithDeadline(time.Second)}, []string{"the answer took 2s, deadline 1s"}},
		{"over", 11 * time.Second, nil, []string{"No response received within 10s", "FAILED"}},
		{"over own", 11 * time.Second, []ussdtest.Option{ussdtest.WithDeadline(time.Minute)}, []string{"No response received within 10s"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := try(func(tb testing.TB) { ussdtest.New(tb, slow(tt.took), tt.opts...).Dial("").Send("1") })
				if tt.want == nil {
					f.passes(t)
					return
				}
				f.failsWith(t, false, append(tt.want, `text "1"`)...)
			})
		})
	}
}

// The library's own handler answers a function that hangs in time.
func TestApologyIsInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := ussd.Handler(func(ctx context.Context, _ ussd.Request) (ussd.Response, error) {
			<-ctx.Done()
			return ussd.Response{}, ctx.Err()
		}, quiet())
		ussdtest.New(t, h, ussdtest.WithLenient(ussdtest.Apology)).Dial("").Ends(ussd.Apology)
	})
}

func TestExpectations(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		fatal bool
		test  func(p *ussdtest.Phone)
		want  []string
	}{
		{"other screen", false, func(p *ussdtest.Phone) { p.Dial("").Sees("1. Balance", "2. Pay") },
			[]string{"-want +got", "  1. Balance\n", "- 2. Pay\n", "+ 2. Send\n", "│ 1. Balance ", "CON  18/160 septets"}},
		{"part of a screen", false, func(p *ussdtest.Phone) { p.Dial("").Sees("1. Balance") }, []string{"+ 2. Send"}},
		{"invisible difference", false, func(p *ussdtest.Phone) { p.Dial("").Sees("1. Balance", "2.\u00a0Send") }, []string{`- 2.\u00a0Send`}},
		{"missing text", false, func(p *ussdtest.Phone) { p.Dial("").SeesText("Balance", "Pay") }, []string{`does not have the text "Pay"`}},
		{"end seen", false, func(p *ussdtest.Phone) { p.Dial("").Send("1").Sees("Your balance is KES 5.00.") },
			[]string{"want the session waiting for an answer, it was ended by the app", `text "1"`, "END"}},
		{"no end", false, func(p *ussdtest.Phone) { p.Dial("").Ends("1. Balance", "2. Send") },
			[]string{"want the session ended by the app, it waits for an answer"}},
		{"no end, part", false, func(p *ussdtest.Phone) { p.Dial("").EndsText("Balance") },
			[]string{"want the session ended by the app, it waits for an answer"}},
		{"other end, part", false, func(p *ussdtest.Phone) { p.Dial("").Send("1").EndsText("USD") }, []string{`does not have the text "USD"`}},
		{
			name: "dropped seen",
			test: func(p *ussdtest.Phone) { p.Dial("").Drop().Sees("1. Balance", "2. Send") },
			want: []string{"it was dropped", "CON, dropped"},
		},
		{"send after end", true, func(p *ussdtest.Phone) { p.Dial("").Send("1").Send("2") },
			[]string{`sent "2", but the session is over`, `text "1"`, "│ Your balance is KES 5.00. "}},
		{"send after drop", true, func(p *ussdtest.Phone) { p.Dial("").Drop().Send("2") }, []string{`sent "2", but the session is over`}},
		{"drop after end", true, func(p *ussdtest.Phone) { p.Dial("").Send("1").Drop() }, []string{"drop: the session is over"}},
		{"hang up after end", true, func(p *ussdtest.Phone) { p.Dial("").Send("1").HangUp() }, []string{"hangup: the session is over"}},
		{"nothing dialled", true, func(p *ussdtest.Phone) { p.Send("1") }, []string{"nothing was dialled"}},
		{"nothing dialled, sees", true, func(p *ussdtest.Phone) { p.Sees("1") }, []string{"nothing was dialled"}},
		{"nothing dialled, again", true, func(p *ussdtest.Phone) { p.Again() }, []string{"nothing was dialled"}},
		{"other code", true, func(p *ussdtest.Phone) { p.Dial("*999#") }, []string{"dialled *999#", "*384*123#"}},
		{"long input", false, func(p *ussdtest.Phone) { p.Dial("").Send("2").Send(strings.Repeat("é", 81)) },
			[]string{"input is 81 characters, and a subscriber of 63902 can type 80", "To whom?"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			try(func(tb testing.TB) { tt.test(ussdtest.New(tb, bank)) }).failsWith(t, tt.fatal, tt.want...)
		})
	}
}

func TestDialWithExtension(t *testing.T) {
	t.Parallel()
	var got []ussd.Request
	h := ussd.Handler(func(_ context.Context, r ussd.Request) (ussd.Response, error) {
		got = append(got, ussd.Request{ServiceCode: r.ServiceCode, Text: r.Text})
		return ussd.Continue("hi"), nil
	})
	ussdtest.New(t, h).Dial("*384*123*1*2#").Send("3")
	ussdtest.New(t, h, ussdtest.WithExtensionInServiceCode(true)).Dial("*384*123*1*2#").Send("3")
	ussdtest.New(t, h, ussdtest.WithServiceCode("*483#")).Dial("*483*1#")
	want := []ussd.Request{
		{ServiceCode: "*384*123#", Text: "1*2"}, {ServiceCode: "*384*123#", Text: "1*2*3"},
		{ServiceCode: "*384*123*1*2#"}, {ServiceCode: "*384*123*1*2#", Text: "3"},
		{ServiceCode: "*483#", Text: "1"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	var got ussd.Request
	mux := http.NewServeMux()
	mux.Handle("POST /at/ussd", ussd.Handler(func(_ context.Context, r ussd.Request) (ussd.Response, error) {
		got = r
		return ussd.End("hi"), nil
	}))
	p := ussdtest.New(t, mux, ussdtest.WithPath("/at/ussd?key=1"), ussdtest.WithPhoneNumber("+255711000002"),
		ussdtest.WithNetwork(africastalking.VodacomTanzania), ussdtest.WithServiceCode("*149*1#"))
	p.Dial("*149*1#").Ends("hi")
	want := ussd.Request{SessionID: p.SessionID(), PhoneNumber: "+255711000002", NetworkCode: "64004", ServiceCode: "*149*1#"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
}

func TestAgain(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(w http.ResponseWriter, n int64) string{
		"screen": func(_ http.ResponseWriter, n int64) string { return fmt.Sprintf("CON Visit %d", n) },
		"metadata": func(w http.ResponseWriter, n int64) string {
			w.Header().Set("at-ussd-hop-metadata", strconv.FormatInt(n, 10))
			return "CON Visit"
		},
		"status": func(w http.ResponseWriter, n int64) string {
			w.WriteHeader(int(199 + n))
			return "CON Visit"
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			build := func() http.Handler {
				var n atomic.Int64
				return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Content-Type", plain)
					_, _ = io.WriteString(w, change(w, n.Add(1)))
				})
			}
			try(func(tb testing.TB) { ussdtest.New(tb, build()).Dial("").Again() }).
				failsWith(t, false, "delivered again, the hop was answered differently", `text ""`, "│ Visit")
			f := try(func(tb testing.TB) { ussdtest.New(tb, build(), ussdtest.WithCopies(2)).Dial("") })
			if len(f.errors) == 0 || !strings.Contains(strings.Join(f.errors, ""), "delivered twice at once, the hop was answered differently") {
				t.Errorf("copies with different answers pass: %q", f.errors)
			}
			try(func(tb testing.TB) {
				ussdtest.New(tb, build(), ussdtest.WithLenient(ussdtest.Redelivery)).Dial("").Again()
			}).passes(t)
		})
	}
	ussdtest.New(t, bank, ussdtest.WithCopies(5)).Dial("").Again().Send("1").Again().Ends("Your balance is KES 5.00.")
}

func TestNotifications(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var got []ussd.Notification
	events := ussd.NotificationHandler(func(_ context.Context, n ussd.Notification) error {
		mu.Lock()
		defer mu.Unlock()
		got = append(got, n)
		return nil
	})
	server := httptest.NewServer(events)
	defer server.Close()
	for name, o := range map[string]ussdtest.Option{
		"handler": ussdtest.WithEvents(events),
		"url":     ussdtest.WithEventsURL(server.URL),
	} {
		got = nil
		p := ussdtest.New(t, bank, o)
		if _, ok := p.Notification(); ok {
			t.Error("a notification before anything was dialled")
		}
		p.Dial("").Send("1")
		success, _ := p.Notification()
		p.Dial("").Send("2").Drop()
		p.Dial("").HangUp()
		p.Dial("") // and another session, which ends the one before
		if _, ok := p.Notification(); ok {
			t.Error("a notification before the end")
		}
		p.Dial("").Send("9").Ends("No such choice.")
		var short []string
		for _, n := range got {
			short = append(short, fmt.Sprintf("%s %d %q %q %q", n.Status, n.HopsCount, n.Input, n.HopsMetadata, n.LastAppResponse))
		}
		want := []string{
			`Success 2 "1" "home|balance" "END Your balance is KES 5.00."`,
			`Incomplete 2 "2" "home" "CON To whom?"`,
			`Incomplete 1 "" "home" "CON 1. Balance\n2. Send"`,
			`Incomplete 1 "" "home" "CON 1. Balance\n2. Send"`,
			`Success 2 "9" "home" "END No such choice."`,
		}
		if diff := cmp.Diff(want, short); diff != "" {
			t.Errorf("%s: notifications (-want +got):\n%s", name, diff)
		}
		if got[0] != success || success.Cost.String() != "KES 0.10" {
			t.Errorf("%s: the app got %+v, the phone says %+v", name, got[0], success)
		}
	}
}

func TestNotificationOfFailure(t *testing.T) {
	t.Parallel()
	p := ussdtest.New(t, after(raw(415, plain, "sorry")), ussdtest.WithLenient(ussdtest.Answer)).Dial("").Send("1")
	n, ok := p.Notification()
	if !ok || n.Status != ussd.Failed || n.ErrorMessage != "Received unexpected response code: 415 Unsupported Media Type" || n.LastAppResponse != "sorry" {
		t.Errorf("notification is %+v, %v", n, ok)
	}
}

func TestNotificationMustBeAcknowledged(t *testing.T) {
	t.Parallel()
	broken := ussdtest.WithEvents(raw(500, plain, "oops"))
	try(func(tb testing.TB) { ussdtest.New(tb, bank, broken).Dial("").Send("1") }).
		failsWith(t, false, "not acknowledged with 200: 500 Internal Server Error", `text "1"`)
	try(func(tb testing.TB) {
		ussdtest.New(tb, bank, broken, ussdtest.WithLenient(ussdtest.Events)).Dial("").Send("1")
	}).passes(t)
}

func TestNotificationInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for took, want := range map[time.Duration]string{
			2 * time.Second:                   "",
			2*time.Second + time.Millisecond:  "the notification of the session's end was acknowledged after 2.001s, deadline 2s",
			10*time.Second - time.Millisecond: "the notification of the session's end was acknowledged after 9.999s, deadline 2s",
			10*time.Second + time.Millisecond: "the notification of the session's end was not acknowledged with 200: context deadline exceeded",
		} {
			slow := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				select {
				case <-time.After(took):
				case <-r.Context().Done():
				}
			})
			f := try(func(tb testing.TB) {
				ussdtest.New(tb, bank, ussdtest.WithEvents(slow), ussdtest.WithDeadline(2*time.Second)).Dial("").Send("1")
			})
			if want == "" {
				f.passes(t)
				continue
			}
			f.failsWith(t, false, want)
		}
	})
}

// No failure shows a secret of the app's URLs.
func TestSecretsAreMasked(t *testing.T) {
	t.Parallel()
	const token = "3b9f1c2d4e5f60718293a4b5c6d7e8f9"
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.Error(w, "no route for "+r.URL.Path, 404) })
	server := httptest.NewServer(h)
	defer server.Close()
	for name, dial := range map[string]func(testing.TB){
		"path": func(tb testing.TB) { ussdtest.New(tb, h, ussdtest.WithPath("/at/"+token+"/ussd")).Dial("") },
		"url":  func(tb testing.TB) { ussdtest.NewURL(tb, server.URL+"/at/"+token+"/ussd").Dial("") },
		"events URL": func(tb testing.TB) {
			ussdtest.New(tb, bank, ussdtest.WithEventsURL(server.URL+"/at/"+token)).Dial("").Drop()
		},
		"nobody there": func(tb testing.TB) {
			ussdtest.NewURL(tb, "http://127.0.0.1:1/at/"+token+"/ussd").Dial("")
		},
	} {
		f := try(dial)
		if len(f.errors) != 1 || strings.Contains(f.errors[0], token) {
			t.Errorf("%s: %q", name, f.errors)
		}
	}
	p := ussdtest.New(t, h, ussdtest.WithPath("/at/"+token+"/ussd"), ussdtest.WithLenient(ussdtest.Answer)).Dial("")
	if got := p.Transcript(); !strings.Contains(got, `| "no route for /at/…/ussd\n"`) {
		t.Errorf("transcript:\n%s", got)
	}
}

func TestManyPhones(t *testing.T) {
	t.Parallel()
	h := ussd.Handler(func(_ context.Context, r ussd.Request) (ussd.Response, error) {
		if r.First() {
			return ussd.Continue("1. My number"), nil
		}
		return ussd.End(r.PhoneNumber + " " + r.SessionID), nil
	})
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			number := fmt.Sprintf("+2547110%05d", i)
			p := ussdtest.New(t, h, ussdtest.WithPhoneNumber(number), ussdtest.WithCopies(2))
			for range 3 {
				p.Dial("").Sees("1. My number").Again().Send("1")
				p.Ends(number + " " + p.SessionID()).Again()
			}
		})
	}
	wg.Wait()
}

func TestLongLinesAreWrapped(t *testing.T) {
	t.Parallel()
	f := try(func(tb testing.TB) {
		ussdtest.New(tb, raw(200, plain, "END "+strings.Repeat("word ", 12)+strings.Repeat("x", 50))).Dial("").Ends("")
	})
	f.failsWith(t, false, strings.Join([]string{
		"    ┌──────────────────────────────────────────┐",
		"    │ word word word word word word word word  │",
		"    │ word word word word xxxxxxxxxxxxxxxxxxxx │",
		"    │ xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx           │",
		"    ├──────────────────────────────────────────┤",
		"    │ END  110/160 septets                     │",
		"    └──────────────────────────────────────────┘"}, "\n"))
}

// Whatever an app answers, the phone fails the test or shows it, and does not panic.
func FuzzAnswer(f *testing.F) {
	for _, body := range []string{"CON 1. A", "END \xff\n\t", "", "END ’\u200b", "CON " + strings.Repeat("long ", 50)} {
		f.Add(200, plain, body, "home", "1")
	}
	f.Add(500, "x/;", "oops", "a|b", "\" ")
	f.Fuzz(func(t *testing.T, status int, contentType, body, hop, input string) {
		status = 200 + max(status, -status)%300
		h := after(raw(max(status, 200), contentType, body, "at-ussd-hop-metadata", hop))
		var p *ussdtest.Phone
		fake := try(func(tb testing.TB) {
			p = ussdtest.New(tb, h).Dial("").Sees("1. On")
			p.Send(input + "x").Sees(body)
		})
		if n, ok := p.Notification(); ok && n.Input != input+"x" && utf8.ValidString(input) {
			t.Errorf("input is %q, want %q", n.Input, input+"x")
		}
		if wellFormed := strings.HasPrefix(body, "CON ") || strings.HasPrefix(body, "END "); len(fake.errors) == 0 && !wellFormed {
			t.Errorf("%q passes", body)
		}
		replay := 0
		for line := range strings.Lines(p.Transcript()) {
			if strings.HasPrefix(line, "send ") {
				replay++
			}
		}
		if replay != 1 {
			t.Errorf("transcript has %d inputs, want 1:\n%s", replay, p.Transcript())
		}
	})
}
