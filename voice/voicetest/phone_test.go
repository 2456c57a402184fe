package voicetest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/voice"
	"github.com/sautigo/africastalking/voice/voicetest"
)

const (
	menuText = "For our opening hours, press 1. To talk to us, press 2."
	agent    = "+254711000099"
)

func TestCall(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(ivr)
	defer server.Close()
	for name, p := range map[string]*voicetest.Phone{
		"handler": voicetest.New(t, ivr, base),
		"url":     voicetest.NewURL(t, server.URL+"/voice", base),
	} {
		if p.SessionID() != "" || !p.Ended() || p.Duration() != 0 || p.Heard() != nil || p.Action() != nil || p.Callbacks() != nil {
			t.Errorf("%s: there is something before the call", name)
		}
		if _, ok := p.Notification(); ok {
			t.Errorf("%s: a notification before the call", name)
		}
		p.Dial().Hears(menuText).HearsText("press 1", "press 2").Again()
		first := p.SessionID()
		if _, ok := p.Notification(); ok || p.Ended() {
			t.Errorf("%s: the call is over before its end", name)
		}
		p.Wait(29 * time.Second).Hears() // nothing yet
		p.Silence().Hears(menuText)
		p.Press("1").Ends("We are open from\n eight to five.").Again()
		if !p.Ended() || p.SessionID() != first || p.Duration() != 30*time.Second {
			t.Errorf("%s: ended %v, duration %v", name, p.Ended(), p.Duration())
		}
		if diff := cmp.Diff([]voicetest.Sound{{Text: "We are open from eight to five."}}, p.Heard()); diff != "" {
			t.Errorf("%s: heard (-want +got):\n%s", name, diff)
		}

		got := p.Callbacks()
		end, ok := p.Notification()
		if len(got) != 4 || !ok || end != got[3] {
			t.Fatalf("%s: %d callbacks, notification %+v", name, len(got), end)
		}
		start := got[0].CallStartTime
		if age := time.Since(start); age < -time.Second || age > time.Minute {
			t.Errorf("%s: the call began at %v", name, start)
		}
		call := voice.Call{
			IsActive: true, SessionID: first, Direction: voice.Inbound, CallerNumber: voicetest.DefaultPhoneNumber,
			DestinationNumber: voicetest.DefaultAppNumber, CallSessionState: voice.Ringing, CallerCountryCode: "254",
			CallerCarrierName: "Safaricom", CallStartTime: start,
		}
		active := call
		active.CallSessionState = voice.Active
		digits := active
		digits.DTMFDigits = "1"
		over := call
		over.IsActive, over.CallSessionState, over.Status = false, voice.Completed, voice.StatusSuccess
		over.DurationInSeconds, over.CurrencyCode, over.Amount = 30, "KES", africastalking.Money{Micros: 750_000}
		if diff := cmp.Diff([]voice.Call{call, active, digits, over}, got); diff != "" {
			t.Errorf("%s: callbacks (-want +got):\n%s", name, diff)
		}

		p.Dial().Press("1").Ends("We are open from eight to five.")
		if p.SessionID() == first {
			t.Errorf("%s: the second call has the id of the first", name)
		}
	}
}

func TestDialLegs(t *testing.T) {
	t.Parallel()
	p := voicetest.New(t, ivr, base)
	p.Dial().Press("2").Hears("Please hold the line.").Rings(agent)
	if diff := cmp.Diff(voice.Dial{PhoneNumbers: agent, MaxDuration: 30 * time.Minute}, p.Action()); diff != "" {
		t.Errorf("action (-want +got):\n%s", diff)
	}
	p.Wait(7 * time.Second).AnsweredBy(agent).Hears()
	p.Wait(10 * time.Minute).Wait(time.Hour).Ends()
	end, _ := p.Notification()
	if end.DialDestinationNumber != agent || end.DialDurationInSeconds != 1800 || end.LastBridgeHangupCause != voice.NormalClearing ||
		end.DialStartTime != end.CallStartTime.Add(7*time.Second) || end.DurationInSeconds != 1807 {
		t.Errorf("notification %+v", end)
	}
	calls := p.Callbacks()
	for i, seconds := range []int{0, 1800} {
		if c := calls[len(calls)-3+i]; !c.IsActive || !c.AfterDial() || c.DialDurationInSeconds != seconds {
			t.Errorf("callback around the Dial: %+v", c)
		}
	}

	p.Dial().Press("2").Unanswered(voice.UserBusy).Ends("All of us are on the phone.")
	if end, _ := p.Notification(); end.LastBridgeHangupCause != voice.UserBusy {
		t.Errorf("notification %+v", end)
	}
	p.Dial().Press("2").AnsweredBy(agent).Wait(time.Minute).HangUp()
	if end, _ := p.Notification(); end.DialDurationInSeconds != 60 || len(p.Callbacks()) != 4 {
		t.Errorf("notification %+v", end)
	}
}

func TestRecording(t *testing.T) {
	t.Parallel()
	const where = "http://127.0.0.1/1.mp3"
	message := func(r voice.Record) http.Handler {
		return app(func(c voice.Call) voice.Response {
			if c.RecordingURL != "" {
				return voice.Respond(voice.Say{Text: "Thanks for " + c.RecordingURL})
			}
			if c.CallSessionState == voice.Ringing {
				return voice.Respond(r)
			}
			return voice.Respond(voice.Say{Text: "Nothing"})
		})
	}
	prompt := voice.Say{Text: "Speak"}
	for _, tt := range []struct {
		name     string
		record   voice.Record
		act      func(p *voicetest.Phone)
		duration time.Duration
	}{
		{"finish key", voice.Record{Prompt: prompt, FinishOnKey: "#"}, func(p *voicetest.Phone) { p.Record(5 * time.Second) }, 5 * time.Second},
		{
			name:     "finish key, by hand",
			record:   voice.Record{Prompt: prompt, FinishOnKey: "#"},
			act:      func(p *voicetest.Phone) { p.Speak(5 * time.Second).Press("#") },
			duration: 5 * time.Second,
		},
		{
			name:     "silence",
			record:   voice.Record{Prompt: prompt, Timeout: 3 * time.Second},
			act:      func(p *voicetest.Phone) { p.Record(5 * time.Second) },
			duration: 8 * time.Second,
		},
		{
			name:     "length",
			record:   voice.Record{Prompt: prompt, FinishOnKey: "#", MaxLength: 4 * time.Second},
			act:      func(p *voicetest.Phone) { p.Record(5 * time.Second) },
			duration: 4 * time.Second,
		},
	} {
		p := voicetest.New(t, message(tt.record), voicetest.WithRecordingURL(where)).Dial().Hears("Speak")
		if diff := cmp.Diff(tt.record, p.Action()); diff != "" {
			t.Errorf("%s: action (-want +got):\n%s", tt.name, diff)
		}
		tt.act(p)
		p.Ends("Thanks for " + where)
		if p.Duration() != tt.duration {
			t.Errorf("%s: the call took %v, want %v", tt.name, p.Duration(), tt.duration)
		}
	}
	p := voicetest.New(t, message(voice.Record{Prompt: prompt, FinishOnKey: "#"}), voicetest.WithRecordingURL(where))
	p.Dial().Silence().Ends("Nothing")
	p.Dial().Press("#").Ends("Nothing")
	p.Dial().Speak(time.Second).HangUp()
	if end, _ := p.Notification(); end.RecordingURL != where || len(p.Callbacks()) != 2 {
		t.Errorf("hung up while recording: %+v", end)
	}
	p = voicetest.New(t, message(voice.Record{})).Dial().Record(time.Minute)
	if end, _ := p.Notification(); end.RecordingURL == "" || end.DurationInSeconds != 60 {
		t.Errorf("bare Record: %+v", end)
	}
}

func TestHeard(t *testing.T) {
	t.Parallel()
	speech := voice.Speech{}.Text("Breathe.").Break(time.Second).Text("Exhale.")
	p := voicetest.New(t, answers(
		voice.SSML{Speech: speech, Voice: voice.EnUSWavenetC},
		voice.Say{Text: "https://x.test/a.mp3", Voice: voice.Man, PlayBeep: true},
		voice.Play{URL: "https://x.test/a.mp3"},
		voice.Record{PlayBeep: true},
	)).Dial()
	p.Hears("Breathe. Exhale.", "say https://x.test/a.mp3", "https://x.test/a.mp3")
	want := []voicetest.Sound{
		{Text: "Breathe. Exhale.", SSML: speech.String(), Voice: voice.EnUSWavenetC},
		{Text: "https://x.test/a.mp3", Voice: voice.Man, Beep: true},
		{URL: "https://x.test/a.mp3"},
		{Beep: true},
	}
	if diff := cmp.Diff(want, p.Heard()); diff != "" {
		t.Errorf("heard (-want +got):\n%s", diff)
	}
	if want := "| Breathe. Exhale.\n| say https://x.test/a.mp3 (beep)\n| https://x.test/a.mp3\n| (beep)\n"; !strings.HasSuffix(p.Transcript(), want) {
		t.Errorf("transcript:\n%s\nwant at its end:\n%s", p.Transcript(), want)
	}
}

func TestQueues(t *testing.T) {
	t.Parallel()
	caller := voicetest.New(t, app(func(c voice.Call) voice.Response {
		if c.DequeuedToPhoneNumber != "" {
			return voice.Response{}
		}
		return voice.Respond(voice.Say{Text: "Please wait."}, voice.Enqueue{Name: "support", HoldMusic: "https://x.test/h.mp3"})
	}))
	caller.Dial().Hears("Please wait.", "https://x.test/h.mp3").InQueue("support")
	caller.Wait(35 * time.Second).DequeuedBy(agent).Wait(time.Minute).TheyHangUp().Ends()
	end, _ := caller.Notification()
	calls := caller.Callbacks()
	taken := calls[1]
	if len(calls) != 3 || taken.QueueDurationInSeconds != 35 || taken.DequeuedToPhoneNumber != agent || taken.DequeuedToSessionID == "" ||
		taken.DequeueTime != end.CallStartTime.Add(35*time.Second) || end.DurationInSeconds != 95 {
		t.Errorf("taken out of the queue: %+v, then %+v", taken, end)
	}
	desk := voicetest.New(t, answers(voice.Dequeue{PhoneNumber: voicetest.DefaultAppNumber, Name: "support"}), voicetest.WithPhoneNumber(agent))
	desk.Dial().AnsweredBy(voicetest.DefaultPhoneNumber).TheyHangUp().Ends()
	desk.Dial().QueueEmpty().Ends()

	room := voicetest.New(t, answers(voice.Conference{})).Dial().InConference().Wait(time.Minute).HangUp()
	if end, _ := room.Notification(); end.DurationInSeconds != 60 {
		t.Errorf("conference: %+v", end)
	}
	voicetest.New(t, answers(voice.Reject{})).Dial().Rejected().Hears()
}

func TestOutbound(t *testing.T) {
	t.Parallel()
	p := voicetest.New(t, answers(voice.Say{Text: "Your parcel is here."}), voicetest.WithClientRequestID("order-42"))
	p.PickUp().Ends("Your parcel is here.")
	calls := p.Callbacks()
	if c := calls[0]; len(calls) != 2 || c.Direction != voice.Outbound || c.CallSessionState != voice.Answered || c.ClientRequestID != "order-42" ||
		c.CallerNumber != voicetest.DefaultPhoneNumber || c.DestinationNumber != voicetest.DefaultAppNumber {
		t.Errorf("picked up: %+v", calls)
	}
	p.Miss(voice.UserBusy).Hears()
	end, _ := p.Notification()
	if len(p.Callbacks()) != 1 || end.CallSessionState != voice.NotAnswered || end.HangupCause != voice.UserBusy || end.Status != voice.StatusNotAnswered {
		t.Errorf("missed: %+v", end)
	}
	p.Miss("")
	if end, _ := p.Notification(); end.HangupCause != voice.NoAnswer {
		t.Errorf("missed: %+v", end)
	}
	if want := "phone +254711000001 on +254711000942\npick up\n> https://app.example/ Answered\n| Your parcel is here.\n" +
		"over: Completed Success, 0s, KES 0.000\nmiss\nover: NotAnswered NotAnswered, 0s, KES 0, USER_BUSY\n" +
		"miss\nover: NotAnswered NotAnswered, 0s, KES 0, NO_ANSWER\n"; p.Transcript() != want {
		t.Errorf("transcript:\n%s\nwant:\n%s", p.Transcript(), want)
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	var host, target string
	h := answers(voice.GetDigits{Prompt: voice.Say{Text: "PIN?"}, FinishOnKey: "#", CallbackURL: "https://ivr.example.com/pin?a=1"})
	p := voicetest.New(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, target = r.Host, r.RequestURI
		h.ServeHTTP(w, r)
	}), voicetest.WithCallbackURL("https://ivr.example.com/voice?key=1"), voicetest.WithPhoneNumber("+256711000002"), voicetest.WithAppNumber("+256711000942"),
		voicetest.WithCarrier("256", "MTN"), voicetest.WithPrice(africastalking.Money{Currency: "UGX", Micros: 60_000_000}),
		voicetest.WithFinishKeyInDigits(true))
	p.Dial()
	if host != "ivr.example.com" || target != "/voice?key=1" {
		t.Errorf("the callback is at %s%s", host, target)
	}
	p.Wait(3 * time.Second).Press("12#")
	if target != "/pin?a=1" {
		t.Errorf("the digits are at %s", target)
	}
	p.HangUp()
	calls := p.Callbacks()
	end := calls[len(calls)-1]
	if calls[1].DTMFDigits != "12#" || end.Cost().String() != "UGX 3.00" || end.CallerNumber != "+256711000002" ||
		end.DestinationNumber != "+256711000942" || end.CallerCountryCode != "256" || end.CallerCarrierName != "MTN" {
		t.Errorf("callbacks %+v", calls)
	}
	c := voicetest.New(t, h, voicetest.WithClient("acme.agent1", "254711000002"),
		voicetest.WithCallbackURL("https://ivr.example.com/")).Dial().Callbacks()[0]
	if !c.FromClient() || c.Person() != "254711000002" || c.CallerNumber != "acme.agent1" || c.CallerCountryCode != "-1" {
		t.Errorf("a client's call: %+v", c)
	}
}

// The app is started at another path than the one that Africa's Talking is told.
func TestMovedApp(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.Handle("/tunnel/in", answers(voice.Redirect{URL: "https://ivr.example.com/next?a=1"}))
	mux.Handle("/next", answers(voice.Say{Text: "Next"}))
	server := httptest.NewServer(mux)
	defer server.Close()
	voicetest.NewURL(t, server.URL+"/tunnel/in", base).Dial().Ends("Next")
	try(func(tb testing.TB) { voicetest.NewURL(tb, server.URL+"/tunnel/in").Dial() }).
		failsWith(t, false, "the URL to call is on ivr.example.com, and the app's callback URL on 127.0.0.1")
}

func TestTLS(t *testing.T) {
	t.Parallel()
	// An app that knows its own address.
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		doc("<Redirect>https://"+r.Host+"/next</Redirect>").ServeHTTP(w, r)
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // of the handshakes
	server.StartTLS()
	defer server.Close()
	transport := voicetest.WithTransport(server.Client().Transport)
	f := try(func(tb testing.TB) { voicetest.NewURL(tb, server.URL+"/voice", transport).Dial() })
	f.failsWith(t, false, "There were 50 callbacks, and the caller has done nothing", server.URL+"/next")
	try(func(tb testing.TB) { voicetest.NewURL(tb, server.URL).Dial() }).failsWith(t, false, "certificate")
}

// Each app breaks one rule, and the phone says which, with the XML.
func TestStrict(t *testing.T) {
	t.Parallel()
	const hi = "<Response><Say>Hi</Say></Response>"
	connected := func(after http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			r.Body = io.NopCloser(strings.NewReader(string(body)))
			if strings.Contains(string(body), "dialDurationInSeconds=0") && strings.Contains(string(body), "isActive=1") {
				after.ServeHTTP(w, r)
				return
			}
			doc(`<Dial phoneNumbers="`+agent+`"/>`).ServeHTTP(w, r)
		})
	}
	pickUp := func(p *voicetest.Phone) { p.AnsweredBy(agent) }
	for _, tt := range []struct {
		name    string
		app     http.Handler
		act     func(p *voicetest.Phone)
		want    []string
		lenient voicetest.Check
	}{
		{
			name: "status",
			app:  raw(500, xmlType, hi),
			want: []string{
				"the call has failed: Received unexpected response code: 500",
				"the call of +254711000001 to +254711000942 has failed",
				"<Say>Hi</Say>",
			},
			lenient: voicetest.Answer,
		},
		{"created", raw(201, xmlType, hi), nil, []string{"the status is 201, want 200"}, voicetest.Answer},
		{
			name:    "bad XML",
			app:     doc("<Say>Tom & Jerry</Say>"),
			want:    []string{"line 1: not well-formed XML", "invalid character entity &", "<Say>Tom & Jerry</Say>"},
			lenient: voicetest.Answer,
		},
		{"no XML", raw(200, xmlType, ""), nil, []string{"no Response element", "nothing"}, voicetest.Answer},
		{
			name:    "panic",
			app:     http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("oops") }),
			want:    []string{"the handler panicked: oops", "phone_test.go"},
			lenient: voicetest.Answer,
		},
		{
			name: "other host",
			app:  doc("<Redirect>https://other.example/a</Redirect>"),
			want: []string{
				"the URL to call is on other.example, and the app's callback URL on app.example",
				"the answer of https://other.example/a to Active:\n        none:",
			},
			lenient: voicetest.Answer,
		},
		{
			name:    "circles",
			app:     doc("<Redirect>https://app.example/</Redirect>"),
			want:    []string{"There were 50 callbacks, and the caller has done nothing"},
			lenient: voicetest.Answer,
		},
		{
			name:    "unknown element",
			app:     doc("<Say>Hi</Say><Hangup/>"),
			want:    []string{`not as documented, line 1: unexpected element "Hangup" in Response`},
			lenient: voicetest.Document,
		},
		{
			name:    "silent prompt",
			app:     doc("<GetDigits><Say> </Say></GetDigits>"),
			want:    []string{"line 1: Say: text: required", "waits for keys"},
			lenient: voicetest.Document,
		},
		{"dead end", doc("<Reject/><Say>Hi</Say>"), nil, []string{"line 1: Say never runs after Reject"}, voicetest.Order},
		{"html", raw(200, "text/html; charset=utf-8", hi), nil, []string{`content type is "text/html; charset=utf-8"`}, voicetest.ContentType},
		{"charset", raw(200, "application/xml; charset=iso-8859-1", hi), nil, []string{"content type is"}, voicetest.ContentType},
		{
			name:    "length",
			app:     doc("<Say>" + strings.Repeat("long ", 500) + "</Say>"),
			want:    []string{"the answer of 2532 bytes has no Content-Length", "(532 bytes more)"},
			lenient: voicetest.ContentLength,
		},
		{
			name:    "menu while connected",
			app:     connected(doc("<Say>Welcome</Say>")),
			act:     pickUp,
			want:    []string{"connected with " + agent + ", the call is told to Say", "is connected with " + agent},
			lenient: voicetest.Connected,
		},
		{
			name:    "bad while connected",
			app:     connected(raw(500, xmlType, "")),
			act:     pickUp,
			want:    []string{"connected with " + agent + ", the call is answered badly: Received unexpected response code: 500"},
			lenient: voicetest.Answer,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			run := func(tb testing.TB, opts ...voicetest.Option) {
				p := voicetest.New(tb, tt.app, opts...).Dial()
				if tt.act != nil {
					tt.act(p)
				}
			}
			try(func(tb testing.TB) { run(tb) }).failsWith(t, false, append(tt.want, "the answer of https://")...)
			if tt.name == "panic" {
				return // at the end of the call, too
			}
			try(func(tb testing.TB) { run(tb, voicetest.WithLenient(tt.lenient)) }).passes(t)
		})
	}
}

func TestDeadline(t *testing.T) {
	t.Parallel()
	slow := func(d time.Duration) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if call, err := voice.Parse(r); err == nil && call.IsActive {
				select {
				case <-time.After(d):
				case <-r.Context().Done():
				}
			}
			w.Header().Set("Content-Type", xmlType)
			_, _ = io.WriteString(w, "<Response/>")
		})
	}
	for _, tt := range []struct {
		name string
		took time.Duration
		opts []voicetest.Option
		want string // "" passes
	}{
		{"in time", 8 * time.Second, nil, ""},
		{"late", 9 * time.Second, nil, "the answer took 9s, deadline 8.25s"},
		{"late, lenient", 9 * time.Second, []voicetest.Option{voicetest.WithLenient(voicetest.Deadline)}, ""},
		{"own", 2 * time.Second, []voicetest.Option{voicetest.WithDeadline(time.Second)}, "the answer took 2s, deadline 1s"},
		{"too late", 31 * time.Second, []voicetest.Option{voicetest.WithDeadline(time.Minute)}, "No response received within 30s"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := try(func(tb testing.TB) { voicetest.New(tb, slow(tt.took), tt.opts...).Dial() })
				if tt.want == "" {
					f.passes(t)
					return
				}
				f.failsWith(t, false, tt.want)
			})
		})
	}
}

// The library's own handler answers a function that hangs in time.
func TestApologyIsInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := voice.Handler(func(ctx context.Context, _ voice.Call) (voice.Response, error) {
			<-ctx.Done()
			return voice.Response{}, ctx.Err()
		}, quiet())
		voicetest.New(t, h).Dial().Ends(voice.Apology)
	})
}

func TestExpectations(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		fatal bool
		test  func(p *voicetest.Phone)
		want  []string
	}{
		{
			name: "other text",
			test: func(p *voicetest.Phone) { p.Dial().Press("1").Hears("We are closed.") },
			want: []string{"-want +got", "- We are closed.\n", "+ We are open from eight to five.\n", `heard since "press 1"`, "say We are open", "was ended by the app, at 0s",
				"the answer of https://ivr.example.com/voice/choice to Active dtmfDigits=1", "\n        <Say>We are open"},
		},
		{
			name: "less",
			test: func(p *voicetest.Phone) { p.Dial().Hears(menuText, "Bye") },
			want: []string{"  " + menuText + "\n    - Bye\n", "waits for keys, 1 at most"},
		},
		{"more", false, func(p *voicetest.Phone) { p.Dial().Hears() }, []string{"+ " + menuText}},
		{"invisible difference", false, func(p *voicetest.Phone) { p.Dial().Hears(menuText + "\u200b") }, []string{`press 2.\u200b`}},
		{
			name: "heard before",
			test: func(p *voicetest.Phone) { p.Dial().Press("2").Hears(menuText, "Please hold the line.") },
			want: []string{"- " + menuText},
		},
		{
			name: "missing text",
			test: func(p *voicetest.Phone) { p.Dial().HearsText("press 1", "press 3") },
			want: []string{`nothing that was heard has the text "press 3"`},
		},
		{"no end", false, func(p *voicetest.Phone) { p.Dial().Ends(menuText) }, []string{"want the call over by itself; it waits for keys"}},
		{"no end, hung up", false, func(p *voicetest.Phone) { p.Dial().HangUp().Ends() }, []string{"it was ended by the caller"}},
		{
			name: "not rejected",
			test: func(p *voicetest.Phone) { p.Dial().Rejected() },
			want: []string{"want the call rejected by the app; it waits for keys"},
		},
		{"not ringing", false, func(p *voicetest.Phone) { p.Dial().Rings(agent) }, []string{"want the call ringing " + agent + "; it waits"}},
		{"ringing others", false, func(p *voicetest.Phone) { p.Dial().Press("2").Rings("+254711000098", agent) },
			[]string{"want the call ringing +254711000098, " + agent + "; it rings " + agent}},
		{
			name: "no queue",
			test: func(p *voicetest.Phone) { p.Dial().InQueue("a") },
			want: []string{`want the call waiting in the queue "a"; it waits for keys`},
		},
		{
			name: "no conference",
			test: func(p *voicetest.Phone) { p.Dial().InConference() },
			want: []string{"want the call in a conference; it waits for keys"},
		},

		{"press after end", true, func(p *voicetest.Phone) { p.Dial().Press("1").Press("2") },
			[]string{`cannot do "press 2": the call was ended by the app`, "say We are open"}},
		{"press nothing", true, func(p *voicetest.Phone) { p.Dial().Press("") }, []string{`cannot press ""`}},
		{
			name:  "press a letter",
			fatal: true,
			test:  func(p *voicetest.Phone) { p.Dial().Press("1a") },
			want:  []string{`cannot press "1a": a phone has the keys 0 to 9, * and #`},
		},
		{
			name:  "press too much",
			fatal: true,
			test:  func(p *voicetest.Phone) { p.Dial().Press("1#") },
			want:  []string{"nothing takes the keys #: the input had ended before"},
		},
		{
			name:  "press while ringing",
			fatal: true,
			test:  func(p *voicetest.Phone) { p.Dial().Press("2").Press("1") },
			want:  []string{`cannot do "press 1": the call rings ` + agent},
		},
		{
			name:  "silence while ringing",
			fatal: true,
			test:  func(p *voicetest.Phone) { p.Dial().Press("2").Silence() },
			want:  []string{`cannot do "silence": the call rings`},
		},
		{
			name:  "speak to a menu",
			fatal: true,
			test:  func(p *voicetest.Phone) { p.Dial().Speak(time.Second) },
			want:  []string{`cannot do "speak 1s": the call waits for keys`},
		},
		{
			name:  "record for a menu",
			fatal: true,
			test:  func(p *voicetest.Phone) { p.Dial().Record(time.Second) },
			want:  []string{`cannot do "record 1s": the call waits for keys`},
		},
		{"speak for no time", true, func(p *voicetest.Phone) { p.Dial().Speak(0) }, []string{"cannot speak for 0s"}},
		{"record for no time", true, func(p *voicetest.Phone) { p.Dial().Record(0) }, []string{"cannot record for 0s"}},
		{"wait for no time", true, func(p *voicetest.Phone) { p.Dial().Wait(-1) }, []string{"cannot wait for -1ns"}},
		{
			name:  "wait after end",
			fatal: true,
			test:  func(p *voicetest.Phone) { p.Dial().HangUp().Wait(1) },
			want:  []string{`cannot do "wait 1ns": the call was ended by the caller`},
		},
		{"answer of another", true, func(p *voicetest.Phone) { p.Dial().Press("2").AnsweredBy("+254711000098") },
			[]string{`cannot do "answered by +254711000098": it rings ` + agent}},
		{
			name:  "nobody rings",
			fatal: true,
			test:  func(p *voicetest.Phone) { p.Dial().Unanswered(voice.NoAnswer) },
			want:  []string{`cannot do "unanswered NO_ANSWER": the call waits`},
		},
		{"no queue to be empty", true, func(p *voicetest.Phone) { p.Dial().Press("2").QueueEmpty() }, []string{"the call rings"}},
		{"no queue to leave", true, func(p *voicetest.Phone) { p.Dial().DequeuedBy(agent) }, []string{"the call waits for keys"}},
		{
			name:  "nobody to hang up",
			fatal: true,
			test:  func(p *voicetest.Phone) { p.Dial().TheyHangUp() },
			want:  []string{`cannot do "they hang up": the call waits for keys`},
		},
		{"transfer while ringing", true, func(p *voicetest.Phone) { p.Dial().Press("2").Transfer(agent, 0) }, []string{"the call rings"}},
		{"transfer for less than no time", true, func(p *voicetest.Phone) { p.Dial().Transfer(agent, -1) }, []string{"cannot transfer for -1ns"}},
		{
			name:  "failed transfer after end",
			fatal: true,
			test:  func(p *voicetest.Phone) { p.Dial().HangUp().FailTransfer(voice.NotAllowed) },
			want:  []string{"was ended by the caller"},
		},
		{
			name:  "hang up twice",
			fatal: true,
			test:  func(p *voicetest.Phone) { p.Dial().HangUp().HangUp() },
			want:  []string{`cannot do "hang up": the call was ended by the caller`},
		},
		{"nothing dialled", true, func(p *voicetest.Phone) { p.Press("1") }, []string{`cannot do "press 1": nothing was dialled`}},
		{"nothing dialled, hears", true, func(p *voicetest.Phone) { p.Hears() }, []string{`cannot do "hear": nothing was dialled`}},
		{"nothing dialled, again", true, func(p *voicetest.Phone) { p.Again() }, []string{"nothing was dialled"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			try(func(tb testing.TB) { tt.test(voicetest.New(tb, ivr, base)) }).failsWith(t, tt.fatal, tt.want...)
		})
	}
	try(func(tb testing.TB) {
		voicetest.New(tb, answers(voice.Record{FinishOnKey: "#"})).Dial().Press("1")
	}).failsWith(t, true, "nothing takes the key 1: the recording is not ended by it", "records the caller, which # ends")
	try(func(tb testing.TB) { voicetest.New(tb, ivr, voicetest.WithCallbackURL("/voice")) }).
		failsWith(t, true, `the callback URL "/voice" is not absolute`)
	try(func(tb testing.TB) {
		voicetest.New(tb, answers(voice.GetDigits{Prompt: voice.Say{Text: "PIN?"}, FinishOnKey: "#"})).Dial().Press("12").Ends()
	}).failsWith(t, false, "want the call over by itself; it waits for keys, after 12, which # ends")
}

func TestAgain(t *testing.T) {
	t.Parallel()
	var n atomic.Int64
	h := app(func(voice.Call) voice.Response {
		return voice.Respond(voice.Say{Text: fmt.Sprint("Visit ", n.Add(1))}, voice.Conference{})
	})
	try(func(tb testing.TB) { voicetest.New(tb, h).Dial().Again() }).
		failsWith(t, false, "delivered again, the callback was answered differently: 200 OK, application/xml", "say Visit 1", "Visit 2")
	try(func(tb testing.TB) { voicetest.New(tb, h, voicetest.WithLenient(voicetest.Redelivery)).Dial().Again() }).passes(t)
}

func TestNotifications(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var ends, events []voice.Call
	keep := func(calls *[]voice.Call) func(context.Context, voice.Call) error {
		return func(_ context.Context, c voice.Call) error {
			mu.Lock()
			defer mu.Unlock()
			*calls = append(*calls, c)
			return nil
		}
	}
	h := voice.Handler(func(context.Context, voice.Call) (voice.Response, error) {
		return voice.Respond(voice.Conference{}), nil
	}, voice.OnEnd(keep(&ends)), quiet())
	handler := voice.EventHandler(keep(&events), quiet())
	server := httptest.NewServer(handler)
	defer server.Close()
	for name, o := range map[string]voicetest.Option{
		"handler": voicetest.WithEvents(handler),
		"url":     voicetest.WithEventsURL(server.URL),
	} {
		ends, events = nil, nil
		p := voicetest.New(t, h, o).Dial().FailTransfer(voice.NoActiveClient).Transfer(agent, time.Minute)
		p.Wait(20 * time.Second).TheyHangUp().Ends()
		p.Dial()
		p.Dial().HangUp() // which hangs up the call before
		id := events[0].SessionID
		want := []voice.Call{
			{IsActive: true, SessionID: id, CallSessionState: voice.Active, CallTransferHangupCause: voice.NoActiveClient},
			{IsActive: true, SessionID: id, CallSessionState: voice.Transferred, CallTransferredToNumber: agent, CallTransferState: voice.TransferActive},
			{IsActive: true, SessionID: id, CallSessionState: voice.TransferCompleted, CallTransferState: voice.TransferCalleeHangup},
			ends[0], ends[1], ends[2],
		}
		if diff := cmp.Diff(want, events); diff != "" {
			t.Errorf("%s: events (-want +got):\n%s", name, diff)
		}
		if len(ends) != 3 || ends[0].CallTransferParam != agent+":20" || ends[0].SessionID == ends[1].SessionID {
			t.Errorf("%s: ends %+v", name, ends)
		}
	}
}

func TestNotificationsMustBeAcknowledged(t *testing.T) {
	t.Parallel()
	refuse := func(context.Context, voice.Call) error { return errors.New("no") }
	h := voice.Handler(func(context.Context, voice.Call) (voice.Response, error) { return voice.Respond(), nil }, voice.OnEnd(refuse), quiet())
	try(func(tb testing.TB) { voicetest.New(tb, h).Dial() }).
		failsWith(t, false, "the end of the call was not acknowledged with 200: 500 Internal Server Error")
	try(func(tb testing.TB) {
		voicetest.New(tb, answers(), voicetest.WithEvents(voice.EventHandler(refuse, quiet()))).Dial()
	}).failsWith(t, false, "an event was not acknowledged with 200: 500 Internal Server Error")
	try(func(tb testing.TB) {
		voicetest.New(tb, h, voicetest.WithEvents(h), voicetest.WithLenient(voicetest.Events)).Dial()
	}).passes(t)
}

// slowEnd is an app that takes its time for the end of a call.
func slowEnd(took time.Duration) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if call, err := voice.Parse(r); err == nil && !call.IsActive {
			select {
			case <-time.After(took):
			case <-r.Context().Done():
			}
			return
		}
		w.Header().Set("Content-Type", xmlType)
		_, _ = io.WriteString(w, "<Response/>")
	})
}

func TestNotificationsInTime(t *testing.T) {
	t.Parallel()
	deadline := voicetest.WithDeadline(2 * time.Second)
	for _, tt := range []struct {
		name string
		dial func(testing.TB)
		want string
	}{
		{
			name: "in time",
			dial: func(tb testing.TB) {
				voicetest.New(tb, slowEnd(2*time.Second), deadline, voicetest.WithEvents(slowEnd(2*time.Second))).Dial()
			},
		},
		{
			name: "end",
			dial: func(tb testing.TB) { voicetest.New(tb, slowEnd(2001*time.Millisecond), deadline).Dial() },
			want: "the end of the call was acknowledged after 2.001s, deadline 2s",
		},
		{
			name: "end after the default deadline",
			dial: func(tb testing.TB) { voicetest.New(tb, slowEnd(voicetest.DefaultDeadline+time.Millisecond)).Dial() },
			want: "the end of the call was acknowledged after",
		},
		{
			name: "events",
			dial: func(tb testing.TB) {
				voicetest.New(tb, slowEnd(0), deadline, voicetest.WithEvents(slowEnd(3*time.Second))).Dial()
			},
			want: "an event was acknowledged after 3s, deadline 2s",
		},
		{
			name: "missed call",
			dial: func(tb testing.TB) { voicetest.New(tb, slowEnd(3*time.Second), deadline).Miss(voice.UserBusy) },
			want: "the end of the call was acknowledged after 3s, deadline 2s",
		},
		{
			name: "never",
			dial: func(tb testing.TB) { voicetest.New(tb, slowEnd(time.Hour), deadline).Dial() },
			want: "the end of the call was not acknowledged with 200: context deadline exceeded",
		},
		{
			name: "lenient",
			dial: func(tb testing.TB) {
				voicetest.New(tb, slowEnd(3*time.Second), deadline, voicetest.WithLenient(voicetest.Events)).Dial()
			},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := try(tt.dial)
				if tt.want == "" {
					f.passes(t)
					return
				}
				f.failsWith(t, false, tt.want)
			})
		})
	}
}

// Neither a failure nor a transcript shows a secret of the app's URLs: not that of the
// callback URL, not one that the app has named, also where the answer names it.
func TestSecretsAreMasked(t *testing.T) {
	t.Parallel()
	const (
		token  = "3b9f1c2d4e5f60718293a4b5c6d7e8f9"
		other  = "kQ7xVb2MnR9sTw4YzA1cDe"
		base   = "https://ivr.example.com/at/" + token + "/voice"
		next   = "https://ivr.example.com/at/" + other + "/next"
		prompt = `<GetDigits numDigits="1" callbackUrl="` + next + `"><Say>Press 1.</Say></GetDigits>`
	)
	mux := http.NewServeMux()
	mux.Handle("/at/"+token+"/voice", doc(prompt+"<Nonsense/>"))
	mux.Handle("/at/"+other+"/next", raw(500, xmlType, "no route for /at/"+other+"/next"))
	server := httptest.NewServer(mux)
	defer server.Close()
	for name, phone := range map[string]func(testing.TB) *voicetest.Phone{
		"handler": func(tb testing.TB) *voicetest.Phone { return voicetest.New(tb, mux, voicetest.WithCallbackURL(base)) },
		"url": func(tb testing.TB) *voicetest.Phone {
			return voicetest.NewURL(tb, server.URL+"/at/"+token+"/voice", voicetest.WithCallbackURL(base))
		},
	} {
		var p *voicetest.Phone
		f := try(func(tb testing.TB) {
			p = phone(tb).Dial().Hears("Something else")
			p.Press("1")
		})
		shown := append(f.errors, p.Transcript())
		for _, s := range shown {
			if strings.Contains(s, token) || strings.Contains(s, other) {
				t.Errorf("%s: a secret in:\n%s", name, s)
			}
		}
		if len(f.errors) != 3 || !strings.Contains(p.Transcript(), "> https://ivr.example.com/at/…/voice Ringing") {
			t.Errorf("%s: %d failures, and the transcript:\n%s", name, len(f.errors), p.Transcript())
		}
	}
	for _, answer := range []string{
		"<Response><Redirect>" + next + "?key=1</Redirect><Oops</Response>",
		"<Response><Record callbackUrl = '" + next + "'></Response>",
	} {
		f := try(func(tb testing.TB) { voicetest.New(tb, raw(200, xmlType, answer)).Dial() })
		if len(f.errors) != 1 || strings.Contains(f.errors[0], other) || !strings.Contains(f.errors[0], "/at/…/next") {
			t.Errorf("%s: %q", answer, f.errors)
		}
	}
	lost := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "no route for "+r.URL.Path, http.StatusNotFound)
	}))
	defer lost.Close()
	try(func(tb testing.TB) {
		voicetest.New(tb, answers(), voicetest.WithEventsURL(lost.URL+"/at/"+other+"/events")).Dial()
	}).failsWith(t, false, "an event was not acknowledged with 200: 404 Not Found", "no route for /at/…/events")
	bad := try(func(tb testing.TB) { voicetest.New(tb, mux, voicetest.WithCallbackURL("/at/"+token+"/voice")) })
	bad.failsWith(t, true, `the callback URL "/at/…/voice" is not absolute`)
}

func TestActionThatCannotBeParsed(t *testing.T) {
	t.Parallel()
	p := voicetest.New(t, doc(`<Hangup/><GetDigits><Say>Hi</Say></GetDigits>`), voicetest.WithLenient(voicetest.Document)).Dial()
	if a := p.Hears("Hi").Action(); a != nil {
		t.Errorf("action %#v", a)
	}
}

func TestManyPhones(t *testing.T) {
	t.Parallel()
	h := app(func(c voice.Call) voice.Response {
		if c.DTMFDigits == "" {
			return voice.Respond(voice.GetDigits{Prompt: voice.Say{Text: "1 for your number"}, NumDigits: 1})
		}
		return voice.Respond(voice.Say{Text: c.CallerNumber + " " + c.SessionID})
	})
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			number := fmt.Sprintf("+2547110%05d", i)
			p := voicetest.New(t, h, voicetest.WithPhoneNumber(number))
			for range 3 {
				p.Dial().Hears("1 for your number").Again().Press("1")
				p.Ends(number + " " + p.SessionID()).Again()
			}
		})
	}
	wg.Wait()
}

// Whatever an app answers, the phone fails the test or goes on, and does not panic.
func FuzzAnswer(f *testing.F) {
	for _, body := range []string{
		"<Response><Say>Hi</Say></Response>", "<Response><GetDigits/></Response>", "<Response><Say>\u200b</Say><Record/></Response>",
		`<Response><Dial phoneNumbers="a,,b"/></Response>`, "<Response>", "\xff", "",
	} {
		f.Add(200, xmlType, body)
	}
	f.Add(500, "x/;", "oops")
	f.Fuzz(func(t *testing.T, status int, contentType, body string) {
		status = 200 + max(status, -status)%300
		h := raw(max(status, 200), contentType, body)
		var p *voicetest.Phone
		fake := try(func(tb testing.TB) {
			p = voicetest.New(tb, h).Dial()
			p.HearsText("Hi")
			_, _ = p.Action(), p.Again()
			if !p.Ended() {
				p.HangUp()
			}
		})
		var r voice.Response
		if len(fake.errors) == 0 && r.UnmarshalText([]byte(body)) != nil {
			t.Errorf("%q passes", body)
		}
		if !p.Ended() || !strings.Contains(p.Transcript(), "\nover: ") {
			t.Errorf("the call is not over:\n%s", p.Transcript())
		}
	})
}

// An answer that is flushed before its end goes out without its length.
func TestFlushedAnswer(t *testing.T) {
	t.Parallel()
	f := &fake{}
	voicetest.New(f, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/xml")
		fmt.Fprint(w, "<Response><Say>Hello</Say></Response>")
		w.(http.Flusher).Flush()
	})).Dial()
	if len(f.errors) == 0 || !strings.Contains(f.errors[0], "has no Content-Length") {
		t.Errorf("got %q", f.errors)
	}
}

// A call that was picked up and is rejected then has taken its time.
func TestRejectedLate(t *testing.T) {
	t.Parallel()
	var end voice.Call
	h := voice.Handler(func(_ context.Context, c voice.Call) (voice.Response, error) {
		if c.DTMFDigits == "" {
			return voice.Respond(voice.GetDigits{Prompt: voice.Say{Text: "Press 1."}, NumDigits: 1}), nil
		}
		return voice.Respond(voice.Reject{}), nil
	}, voice.OnEnd(func(_ context.Context, c voice.Call) error { end = c; return nil }))
	p := voicetest.New(t, h).Dial()
	p.Wait(20 * time.Second).Press("1").Rejected()
	if end.Duration() != 20*time.Second {
		t.Errorf("the app is told of %v, want 20s: %+v", end.Duration(), end)
	}
}
