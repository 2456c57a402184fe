package internal_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking/internal/gateway"
	"github.com/sautigo/africastalking/internal/gateway/call"
	"github.com/sautigo/africastalking/internal/kit"
)

// captured2025 is who calls whom in the captured call that comes in.
func captured2025() call.Config {
	return call.Config{
		URL:               "https://ivr.example.com/voice",
		CallerNumber:      "+254700000001",
		DestinationNumber: "+254711000942",
		CountryCode:       "254",
		Carrier:           "Safaricom",
		SessionID:         "ATVId_00000000000000000000000000000003",
		Start:             time.Date(2025, 2, 13, 8, 35, 15, 0, time.UTC),
		RecordingURL:      "http://203.0.113.212:8080/0123456789abcdef0123456789abcdef.mp3",
		Currency:          "KES",
	}
}

func webRTC() call.Config {
	v := captured2025()
	v.CallerNumber, v.ClientDialedNumber = "acme.agent1", "254700000001"
	v.CountryCode, v.Carrier = "-1", "None"
	v.Start = time.Date(2025, 2, 13, 8, 32, 37, 0, time.UTC)
	return v
}

// site answers at each path with the actions it has, and else with nothing.
type site map[string]string

func (s site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.WriteString(w, "<Response>"+s[r.URL.Path]+"</Response>")
}

// around answers a callback around a Dial or a queue with nothing.
func around(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		form, _ := url.ParseQuery(string(body))
		if form.Has("dialDestinationNumber") || form.Has("dequeuedToPhoneNumber") {
			site{}.ServeHTTP(w, r)
			return
		}
		h.ServeHTTP(w, r)
	})
}

func startCall(t *testing.T, v call.Config, h http.Handler) *call.Call {
	t.Helper()
	v.At = kit.At(v.URL, v.URL, gateway.InMemory(h))
	return call.Start(t.Context(), v)
}

// keep keeps the bodies of requests and answers each with the same.
func keep(bodies *[]string, answer string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		*bodies = append(*bodies, string(body))
		_, _ = io.WriteString(w, answer)
	})
}

// act checks the outcome of what somebody does in a call.
func act(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func press(t *testing.T, c *call.Call, keys string) {
	t.Helper()
	left, err := c.Press(t.Context(), keys)
	if err != nil || left != "" {
		t.Fatalf("Press(%q) = %q, %v", keys, left, err)
	}
}

func last(posts []call.Post) string { return string(posts[len(posts)-1].Callback.Body) }

const menu = `<GetDigits numDigits="4"><Say>Your PIN?</Say></GetDigits>`

// Every callback that was captured, or put together, comes about in a call.
func TestCallCallbacksAreTheSamples(t *testing.T) {
	t.Parallel()
	sessions := map[string]string{
		"voice_inbound_ringing_captured.form":         "ATVId_8727006c461fa5d03e10c621887746ec",
		"voice_webrtc_outgoing_ringing_captured.form": "ATVId_7d8b9d8da63fa3d401101720f6c090aa",
		"voice_outbound_busy_final_captured.form":     "ATVId_b1782591735cb0a658b2c0da6cdb2abf",
		"voice_client_request_id.form":                "ATVId_00000000000000000000000000000004",
		"voice_final_events_bridge_cause.form":        "ATVId_00000000000000000000000000000006",
	}
	const transferred = "ATVId_00000000000000000000000000000009"
	for _, tt := range []struct {
		file string
		v    func(*call.Config)
		app  site
		call func(t *testing.T, c *call.Call) string
		// order is whether that of the fields is known, and more what we send
		// beside those of the sample.
		order bool
		more  []string
	}{
		{"voice_inbound_ringing_captured.form", nil, nil,
			func(_ *testing.T, c *call.Call) string { return string(c.Posts()[0].Callback.Body) }, true, nil},
		{"voice_webrtc_outgoing_ringing_captured.form", func(v *call.Config) { *v = webRTC() }, nil,
			func(_ *testing.T, c *call.Call) string { return string(c.Posts()[0].Callback.Body) }, true, nil},
		{"voice_final_events_bridge_cause.form", func(v *call.Config) { *v = webRTC(); v.CountryCode = "254" },
			site{"/voice": `<Dial phoneNumbers="+254700000001"/>`},
			func(t *testing.T, c *call.Call) string {
				act(t, c.Unanswered(t.Context(), "NO_ANSWER"))
				return last(c.Posts())
			}, true, nil},
		{"voice_record_empty_final.form", nil, site{"/voice": "<Record/>"},
			func(t *testing.T, c *call.Call) string {
				act(t, c.Wait(t.Context(), time.Second))
				act(t, c.HangUp(t.Context()))
				return last(c.Posts())
			}, true, nil},
		{"voice_dtmf.form", nil, site{"/voice": menu},
			func(t *testing.T, c *call.Call) string {
				press(t, c, "1234")
				return string(c.Posts()[1].Callback.Body)
			}, false, nil},
		{"voice_record_partial.form", nil, site{"/voice": `<Record finishOnKey="#"/>`},
			func(t *testing.T, c *call.Call) string {
				act(t, c.Speak(t.Context(), time.Second))
				press(t, c, "#")
				return string(c.Posts()[1].Callback.Body)
			}, false, nil},
		{"voice_client_request_id.form", func(v *call.Config) { v.Outbound, v.ClientRequestID = true, "order-42" }, nil,
			func(_ *testing.T, c *call.Call) string { return string(c.Posts()[0].Callback.Body) }, false, nil},
		{"voice_dequeue_queued_leg.form", nil, site{"/voice": menu + `<Enqueue name="support"/>`},
			func(t *testing.T, c *call.Call) string {
				act(t, c.Silence(t.Context()))
				act(t, c.Wait(t.Context(), 35*time.Second))
				act(t, c.Dequeued(t.Context(), "+254700000009", "ATVId_00000000000000000000000000000005"))
				return last(c.Posts())
			}, false, []string{"callSessionState=Active"}},
		{"voice_transfer_success.form", func(v *call.Config) { v.SessionID = transferred }, site{"/voice": menu},
			func(t *testing.T, c *call.Call) string {
				act(t, c.Transfer(t.Context(), "+254700000009", 0))
				return last(c.Events())
			}, true, nil},
		{"voice_transfer_ended.form", func(v *call.Config) { v.SessionID = transferred }, site{"/voice": menu},
			func(t *testing.T, c *call.Call) string {
				act(t, c.Transfer(t.Context(), "+254700000009", 20*time.Second))
				act(t, c.Wait(t.Context(), 20*time.Second))
				return string(c.Events()[1].Callback.Body)
			}, true, nil},
		{"voice_transfer_failed.form", func(v *call.Config) { v.SessionID = transferred }, site{"/voice": menu},
			func(t *testing.T, c *call.Call) string {
				act(t, c.FailTransfer(t.Context(), "NoActiveClient"))
				return last(c.Events())
			}, true, nil},
		{"voice_outbound_busy_final_captured.form", func(v *call.Config) { v.Carrier, v.DestinationNumber = "", "+254711000369" }, nil,
			func(t *testing.T, c *call.Call) string {
				v := captured2025()
				v.Carrier, v.DestinationNumber, v.SessionID = "", "+254711000369", c.ID()
				v.At = kit.At(v.URL, v.URL, gateway.InMemory(site{}))
				missed := call.Miss(t.Context(), v, "USER_BUSY")
				if n := len(missed.Posts()); n != 1 {
					t.Errorf("a missed call made %d callbacks, want 1", n)
				}
				return last(missed.Posts())
			}, true, nil},
	} {
		t.Run(tt.file, func(t *testing.T) {
			t.Parallel()
			want := string(sample(t, "voice", tt.file))
			v := captured2025()
			if tt.v != nil {
				tt.v(&v)
			}
			if id := sessions[tt.file]; id != "" {
				v.SessionID = id
			}
			got := tt.call(t, startCall(t, v, around(tt.app)))
			if tt.order {
				if got != want {
					t.Errorf("the callback is\n%s\nwant\n%s", got, want)
				}
				return
			}
			fields := append(strings.Split(want, "&"), tt.more...)
			slices.Sort(fields)
			sent := strings.Split(got, "&")
			slices.Sort(sent)
			if diff := cmp.Diff(fields, sent); diff != "" {
				t.Errorf("fields (-want +got):\n%s", diff)
			}
		})
	}
}

// All of a request is as it was observed, whether the app is a handler or a server.
func TestCallRequest(t *testing.T) {
	t.Parallel()
	type request struct {
		Host, URI, User string
		Header          http.Header
		Length          int64
		Body            string
	}
	var mu sync.Mutex
	var got []request
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		user, _, _ := r.BasicAuth()
		r.Header.Del("Authorization")
		mu.Lock()
		defer mu.Unlock()
		got = append(got, request{r.Host, r.URL.RequestURI(), user, r.Header.Clone(), r.ContentLength, string(body)})
		_, _ = io.WriteString(w, `<Response><Redirect>https://at:secret@ivr.example.com/next?a=1&amp;b=2</Redirect></Response>`)
		if len(got) == 2 {
			panic(http.ErrAbortHandler)
		}
	})
	server := httptest.NewServer(h)
	defer server.Close()
	v := captured2025()
	v.SessionID = "ATVId_8727006c461fa5d03e10c621887746ec"
	for name, at := range map[string]func(string) (gateway.App, error){
		"ivr.example.com":                         kit.At(v.URL, v.URL, gateway.InMemory(h)),
		strings.TrimPrefix(server.URL, "http://"): kit.At(server.URL+"/voice", v.URL, nil),
	} {
		mu.Lock()
		got = nil
		mu.Unlock()
		v.At = at
		call.Start(t.Context(), v)
		first := string(sample(t, "voice", "voice_inbound_ringing_captured.form"))
		next := strings.Replace(first, "=Ringing", "=Active", 1)
		header := func(body string) http.Header {
			return http.Header{
				"User-Agent":      {"at-voice-api/1.0"},
				"Content-Type":    {"application/x-www-form-urlencoded; charset=UTF-8"},
				"Accept-Encoding": {"gzip"},
				"Content-Length":  {fmt.Sprint(len(body))},
			}
		}
		want := []request{
			{name, "/voice", "", header(first), int64(len(first)), first},
			{name, "/next?a=1&b=2", "at", header(next), int64(len(next)), next},
		}
		mu.Lock()
		if diff := cmp.Diff(want, got[:2]); diff != "" {
			t.Errorf("%s: requests (-want +got):\n%s", name, diff)
		}
		mu.Unlock()
	}
}

// trace tells a call: callbacks with what is particular to them, and sounds.
func trace(c *call.Call) []string {
	var out []string
	heard := c.Heard()
	for i, p := range c.Posts() {
		form, _ := url.ParseQuery(string(p.Callback.Body))
		u, _ := url.Parse(p.URL)
		line := "> " + u.RequestURI() + " " + form.Get("callSessionState")
		for _, name := range []string{"status", "durationInSeconds", "amount", "hangupCause", "lastBridgeHangupCause", "dtmfDigits", "recordingUrl",
			"dialDestinationNumber", "dialDurationInSeconds", "dialStartTime", "queueDurationInSeconds", "dequeuedToPhoneNumber",
			"dequeueTime", "callTransferParam"} {
			if form.Has(name) {
				line += " " + strings.ReplaceAll(form.Get(name), "http://203.0.113.212:8080/0123456789abcdef0123456789abcdef.mp3", "mp3")
			}
		}
		out = append(out, line)
		if p.Failure != "" {
			out = append(out, "! "+p.Failure)
		}
		for _, s := range heard {
			if s.Post == i {
				out = append(out, "| "+strings.Join(strings.Fields(strings.Join([]string{s.Text, s.URL, s.Voice, s.SSML, map[bool]string{true: "beep"}[s.Beep]}, " ")), " "))
			}
		}
	}
	return append(out, string(c.State())+" "+c.Ending())
}

// Africa's Talking's way with each action.
func TestCallActions(t *testing.T) {
	t.Parallel()
	const (
		ringing = "> /voice Ringing"
		byApp   = "is over was ended by the app"
		done    = "> /voice Completed Success 0 0.000"
	)
	for _, tt := range []struct {
		name string
		app  site
		act  func(t *testing.T, c *call.Call)
		want []string
	}{
		{"nothing to do", site{"/voice": ""}, nil, []string{ringing, "> /voice Completed Aborted 0 0", byApp}},
		{"say and play", site{"/voice": `<Say voice="man" playBeep="true"> Hi
			&amp; welcome</Say><Play url="https://x.test/a.mp3"/>`}, nil,
			[]string{ringing, "| Hi & welcome man beep", "| https://x.test/a.mp3", done, byApp}},
		{"ssml", site{"/voice": `<Say><speak>Breathe.<break time="200ms"/>Ex<emphasis>hale</emphasis> now</speak></Say>`}, nil,
			[]string{ringing, `| Breathe. Exhale now <speak>Breathe.<break time="200ms"/>Ex<emphasis>hale</emphasis> now</speak>`, done, byApp}},
		{"reject", site{"/voice": `<Reject/>`}, nil,
			[]string{ringing, "> /voice NotAnswered NotAnswered 0 0 CALL_REJECTED", "is over was rejected by the app"}},
		{
			name: "redirect",
			app:  site{"/voice": `<Say>One</Say><Redirect> https://ivr.example.com/next?a=1&amp;b=2 </Redirect><Say>Never</Say>`, "/next": "<Say>Two</Say>"},
			want: []string{
				ringing,
				"| One",
				"> /next?a=1&b=2 Active",
				"| Two",
				"> /next?a=1&b=2 Completed Success 0 0.000",
				byApp,
			},
		},
		{"redirect elsewhere", site{"/voice": `<Redirect>https://other.example/next?key=secret</Redirect>`}, nil,
			[]string{ringing, "> /next?key=secret Active",
				"! Could not read a response: the URL to call is on other.example, and the app's callback URL on ivr.example.com",
				"> /voice Completed Aborted 0 0", "is over has failed"}},
		{
			name: "digits by number",
			app:  site{"/voice": `<GetDigits numDigits="2" callbackUrl="https://ivr.example.com/pin"><Play url="https://x.test/a.mp3"/></GetDigits>`, "/pin": menu},
			act:  func(t *testing.T, c *call.Call) { press(t, c, "1"); press(t, c, "*") },
			want: []string{ringing, "| https://x.test/a.mp3", "> /pin Active 1*", "| Your PIN?", "waits for keys "},
		},
		{"digits by finish key", site{"/voice": `<GetDigits finishOnKey="#"><Say>Hi</Say></GetDigits>`},
			func(t *testing.T, c *call.Call) {
				press(t, c, "123#")
				press(t, c, "4#")
				act(t, c.HangUp(t.Context()))
			},
			[]string{ringing, "| Hi", "> /voice Active 123", "| Hi", "> /voice Active 4", "| Hi", done, "is over was ended by the caller"}},
		{"digits by nothing", site{"/voice": `<GetDigits><Say>Hi</Say></GetDigits>`},
			func(t *testing.T, c *call.Call) { press(t, c, "5") },
			[]string{ringing, "| Hi", "> /voice Active 5", "| Hi", "waits for keys "}},
		{"digits by time", site{"/voice": `<GetDigits numDigits="3" timeout="10"><Say>Hi</Say></GetDigits>`},
			func(t *testing.T, c *call.Call) {
				press(t, c, "1")
				act(t, c.Wait(t.Context(), 9*time.Second))
				press(t, c, "2")
				act(t, c.Wait(t.Context(), 9*time.Second))
				press(t, c, "3")
				press(t, c, "4")
				act(t, c.Wait(t.Context(), 10*time.Second))
			},
			[]string{ringing, "| Hi", "> /voice Active 123", "| Hi", "> /voice Active 4", "| Hi", "waits for keys "}},
		{"no digits", site{"/voice": `<GetDigits timeout="10"><Say>Hi</Say></GetDigits><GetDigits><Say>Ho</Say></GetDigits><Say>Bye</Say>`},
			func(t *testing.T, c *call.Call) {
				act(t, c.Silence(t.Context()))
				act(t, c.Silence(t.Context()))
			},
			[]string{ringing, "| Hi", "| Ho", "| Bye", "> /voice Completed Success 40 0.000", byApp}},
		{
			name: "no digits, in one wait",
			app:  site{"/voice": `<GetDigits timeout="10"><Say>Hi</Say></GetDigits><GetDigits><Say>Ho</Say></GetDigits><Say>Bye</Say>`},
			act:  func(t *testing.T, c *call.Call) { act(t, c.Wait(t.Context(), time.Hour)) },
			want: []string{ringing, "| Hi", "| Ho", "| Bye", "> /voice Completed Success 40 0.000", byApp},
		},
		{"finish key alone", site{"/voice": `<GetDigits finishOnKey="#"><Say>Hi</Say></GetDigits><Say>Bye</Say>`},
			func(t *testing.T, c *call.Call) { press(t, c, "#") },
			[]string{ringing, "| Hi", "| Bye", done, byApp}},
		{
			name: "record by finish key",
			app: site{
				"/voice": `<Record finishOnKey="#" playBeep="true" callbackUrl="https://ivr.example.com/rec"><Say>Speak</Say></Record><Say>Never</Say>`, "/rec": "<Say>Thanks</Say>"},
			act: func(t *testing.T, c *call.Call) { act(t, c.Speak(t.Context(), 4*time.Second)); press(t, c, "#") },
			want: []string{
				ringing,
				"| Speak",
				"| beep",
				"> /rec Active mp3",
				"| Thanks",
				"> /rec Completed Success 4 0.000",
				byApp,
			},
		},
		{"record by length", site{"/voice": `<Record maxLength="10" callbackUrl="https://ivr.example.com/rec"/>`},
			func(t *testing.T, c *call.Call) {
				act(t, c.Speak(t.Context(), 4*time.Second))
				act(t, c.Wait(t.Context(), 2*time.Second))
				act(t, c.Speak(t.Context(), time.Minute))
			},
			[]string{ringing, "> /rec Active mp3", "> /rec Completed Success 10 0.000", byApp}},
		{"record by silence", site{"/voice": `<Record timeout="5" callbackUrl="https://ivr.example.com/rec"/>`},
			func(t *testing.T, c *call.Call) {
				act(t, c.Speak(t.Context(), 7*time.Second))
				act(t, c.Silence(t.Context()))
			},
			[]string{ringing, "> /rec Active mp3", "> /rec Completed Success 12 0.000", byApp}},
		{"record nothing", site{"/voice": `<Record trimSilence="true" callbackUrl="https://ivr.example.com/rec"/>`},
			func(t *testing.T, c *call.Call) { act(t, c.Silence(t.Context())) },
			[]string{ringing, "> /rec Active ", "> /rec Completed Success 3600 0.000", byApp}},
		{"record until hang-up", site{"/voice": `<Record/>`},
			func(t *testing.T, c *call.Call) {
				act(t, c.Speak(t.Context(), 3*time.Second))
				act(t, c.Wait(t.Context(), 2*time.Hour))
				act(t, c.HangUp(t.Context()))
			},
			[]string{ringing, "> /voice Completed Success 7203 0.000 mp3", "is over was ended by the caller"}},
		{"hang up while recording", site{"/voice": `<Record finishOnKey="#"/>`},
			func(t *testing.T, c *call.Call) {
				act(t, c.Speak(t.Context(), 3*time.Second))
				act(t, c.HangUp(t.Context()))
			},
			[]string{ringing, "> /voice Completed Success 3 0.000 mp3", "is over was ended by the caller"}},
		{
			name: "dial",
			app:  site{"/voice": `<Dial phoneNumbers="+254711000001, +254711000002 " ringbackTone="https://x.test/r.mp3" record="true"/><Say>Never</Say>`},
			act: func(t *testing.T, c *call.Call) {
				act(t, c.Wait(t.Context(), 5*time.Second))
				act(t, c.PickUp(t.Context(), "+254711000002"))
				act(t, c.Wait(t.Context(), time.Minute))
				act(t, c.OtherHangsUp(t.Context()))
			},
			want: []string{ringing, "| https://x.test/r.mp3",
				"> /voice Active +254711000002 0 2025-02-13 08:35:20",
				"> /voice Active +254711000002 60 2025-02-13 08:35:20",
				"> /voice Completed Success 65 0.000 NORMAL_CLEARING mp3 +254711000002 60 2025-02-13 08:35:20", byApp},
		},
		{"dial, charged from the answer", site{"/voice": `<Dial phoneNumbers="+254711000001" maxDuration="30"/>`},
			func(t *testing.T, c *call.Call) {
				act(t, c.Wait(t.Context(), 5*time.Second))
				act(t, c.PickUp(t.Context(), "+254711000001"))
				act(t, c.Wait(t.Context(), time.Hour))
			},
			[]string{ringing,
				"> /voice Active +254711000001 0 2025-02-13 08:35:20",
				"> /voice Active +254711000001 30 2025-02-13 08:35:20",
				"> /voice Completed Success 30 0.000 NORMAL_CLEARING +254711000001 30 2025-02-13 08:35:20", byApp}},
		{"dial, nobody", site{"/voice": `<Dial phoneNumbers="+254711000001,+254711000002" sequential="true"/><Say>Sorry</Say>`},
			func(t *testing.T, c *call.Call) { act(t, c.Unanswered(t.Context(), "USER_BUSY")) },
			[]string{ringing, "| Sorry", "> /voice Completed Success 0 0.000 USER_BUSY +254711000002 0 None", byApp}},
		{"dial, caller gives up", site{"/voice": `<Say>Wait</Say><Dial phoneNumbers="+254711000001"/>`},
			func(t *testing.T, c *call.Call) { act(t, c.HangUp(t.Context())) },
			[]string{ringing, "| Wait", "> /voice Completed Success 0 0.000 ORIGINATOR_CANCEL", "is over was ended by the caller"}},
		{"dial, caller hangs up", site{"/voice": `<Dial phoneNumbers="+254711000001"/>`},
			func(t *testing.T, c *call.Call) {
				act(t, c.PickUp(t.Context(), "+254711000001"))
				act(t, c.Wait(t.Context(), 6*time.Second))
				act(t, c.HangUp(t.Context()))
			},
			[]string{ringing, "> /voice Active +254711000001 0 2025-02-13 08:35:15",
				"> /voice Completed Success 6 0.000 NORMAL_CLEARING +254711000001 6 2025-02-13 08:35:15", "is over was ended by the caller"}},
		{"queue", site{"/voice": `<Enqueue holdMusic="https://x.test/h.mp3" name="support"/><Say>Never</Say>`},
			func(t *testing.T, c *call.Call) {
				act(t, c.Wait(t.Context(), 35*time.Second))
				act(t, c.Dequeued(t.Context(), "+254711000009", ""))
				act(t, c.Wait(t.Context(), 10*time.Second))
				act(t, c.OtherHangsUp(t.Context()))
			},
			[]string{ringing, "| https://x.test/h.mp3", "> /voice Active 35 +254711000009 2025-02-13 08:35:50",
				"> /voice Completed Success 45 0.000 35 +254711000009 2025-02-13 08:35:50", byApp}},
		{"dequeue", site{"/voice": `<Dequeue phoneNumber="+254711000942" name="support"/><Say>Never</Say>`},
			func(t *testing.T, c *call.Call) {
				act(t, c.PickUp(t.Context(), "+254711000001"))
				act(t, c.Wait(t.Context(), 10*time.Second))
				act(t, c.OtherHangsUp(t.Context()))
			},
			[]string{ringing, "> /voice Completed Success 10 0.000", byApp}},
		{"dequeue nobody", site{"/voice": `<Dequeue phoneNumber="+254711000942"/><Say>Never</Say>`},
			func(t *testing.T, c *call.Call) { act(t, c.Unanswered(t.Context(), "")) },
			[]string{ringing, "> /voice Completed Aborted 0 0", byApp}},
		{"conference", site{"/voice": `<Conference/>`},
			func(t *testing.T, c *call.Call) {
				act(t, c.Wait(t.Context(), time.Minute))
				act(t, c.HangUp(t.Context()))
			},
			[]string{ringing, "> /voice Completed Success 60 0.000", "is over was ended by the caller"}},
		{
			name: "transfer out of a dial",
			app:  site{"/voice": `<Dial phoneNumbers="+254711000001"/>`},
			act: func(t *testing.T, c *call.Call) {
				act(t, c.PickUp(t.Context(), "+254711000001"))
				act(t, c.Wait(t.Context(), 6*time.Second))
				act(t, c.Transfer(t.Context(), "+254711000003", 0))
				act(t, c.Wait(t.Context(), 20*time.Second))
				act(t, c.HangUp(t.Context()))
			},
			want: []string{ringing, "> /voice Active +254711000001 0 2025-02-13 08:35:15",
				"> /voice Completed Success 26 0.000 NORMAL_CLEARING +254711000001 6 2025-02-13 08:35:15 +254711000003:20", "is over was ended by the caller"},
		},
		{
			name: "not XML",
			app:  site{"/voice": `<Say>Tom & Jerry</Say>`},
			want: []string{ringing, "! Response is not the XML of a voice call: line 1: not well-formed XML (is every & and < in text escaped?): invalid character entity & (no semicolon)",
				"> /voice Completed Aborted 0 0", "is over has failed"},
		},
		{"unknown and misplaced", site{"/voice": `<Hangup/><GetDigits><Dial/><Say>Hi</Say><Say>Ho</Say></GetDigits><Say>Bye</Say>`},
			func(t *testing.T, c *call.Call) { act(t, c.Silence(t.Context())) },
			[]string{ringing, "| Hi", "| Bye", "> /voice Completed Success 30 0.000", byApp}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := startCall(t, captured2025(), around(tt.app))
			if tt.act != nil {
				tt.act(t, c)
			}
			if diff := cmp.Diff(tt.want, trace(c)); diff != "" {
				t.Errorf("call (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCallEvents(t *testing.T) {
	t.Parallel()
	const head = "sessionId=ATVId_00000000000000000000000000000003&callSessionState="
	for _, tt := range []struct {
		name string
		act  func(t *testing.T, c *call.Call)
		want []string // without the notification of the end
	}{
		{"caller", func(t *testing.T, c *call.Call) { act(t, c.HangUp(t.Context())) }, []string{
			head + "TransferCompleted&isActive=1&callTransferState=CallerHangup"}},
		{"callee", func(t *testing.T, c *call.Call) { act(t, c.OtherHangsUp(t.Context())) }, []string{
			head + "TransferCompleted&isActive=1&callTransferState=CalleeHangup"}},
		{"time", func(t *testing.T, c *call.Call) { act(t, c.Wait(t.Context(), 20*time.Second)) }, []string{
			head + "TransferCompleted&isActive=1&callTransferredToNumber=%2B254711000003&callTransferState=Completed"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			v := captured2025()
			v.Events = gateway.Handler(keep(&got, "OK"), "/events")
			c := startCall(t, v, site{"/voice": menu})
			act(t, c.FailTransfer(t.Context(), "NotAllowed"))
			act(t, c.Transfer(t.Context(), "+254711000003", 20*time.Second))
			tt.act(t, c)
			want := append([]string{
				head + "Active&isActive=1&callTransferHangupCause=NotAllowed",
				head + "Transferred&isActive=1&callTransferredToNumber=%2B254711000003&callTransferState=Active",
			}, append(tt.want, last(c.Posts()))...)
			for i, body := range got {
				if string(c.Events()[i].Callback.Body) != body {
					t.Errorf("event %d is not the one that was sent", i)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		})
	}
}

// What cannot happen in a state is an error and changes nothing.
func TestCallStates(t *testing.T) {
	t.Parallel()
	acts := map[string]func(context.Context, *call.Call) error{
		"press":   func(ctx context.Context, c *call.Call) error { _, err := c.Press(ctx, "1"); return err },
		"silence": func(ctx context.Context, c *call.Call) error { return c.Silence(ctx) },
		"wait":    func(ctx context.Context, c *call.Call) error { return c.Wait(ctx, time.Second) },
		"speak":   func(ctx context.Context, c *call.Call) error { return c.Speak(ctx, time.Second) },
		"pick up": func(ctx context.Context, c *call.Call) error { return c.PickUp(ctx, "+254711000001") },
		"refuse":  func(ctx context.Context, c *call.Call) error { return c.Unanswered(ctx, "NO_ANSWER") },
		"dequeue": func(ctx context.Context, c *call.Call) error { return c.Dequeued(ctx, "+254711000001", "") },
		"other":   func(ctx context.Context, c *call.Call) error { return c.OtherHangsUp(ctx) },
		"transfer": func(ctx context.Context, c *call.Call) error {
			return c.Transfer(ctx, "+254711000001", 0)
		},
		"no transfer": func(ctx context.Context, c *call.Call) error { return c.FailTransfer(ctx, "NotAllowed") },
		"hang up":     func(ctx context.Context, c *call.Call) error { return c.HangUp(ctx) },
	}
	anywhere := []string{"hang up", "no transfer", "transfer", "wait"}
	for _, tt := range []struct {
		state call.State
		app   string
		to    func(t *testing.T, c *call.Call)
		can   []string
	}{
		{call.Keys, menu, nil, append([]string{"press", "silence"}, anywhere...)},
		{call.Records, `<Record finishOnKey="1"/>`, nil, append([]string{"press", "silence", "speak"}, anywhere...)},
		{call.Records, `<Record/>`, nil, append([]string{"press", "speak"}, anywhere...)},
		{call.Rings, `<Dial phoneNumbers="+254711000001"/>`, nil, []string{"hang up", "pick up", "refuse", "wait"}},
		{call.Talks, `<Dequeue phoneNumber="+254711000942"/>`,
			func(t *testing.T, c *call.Call) { act(t, c.PickUp(t.Context(), "+254711000001")) }, append([]string{"other"}, anywhere...)},
		{call.Queues, `<Enqueue/>`, nil, append([]string{"dequeue"}, anywhere...)},
		{call.Dequeues, `<Dequeue phoneNumber="+254711000942"/>`, nil, append([]string{"pick up", "refuse"}, anywhere...)},
		{call.Conference, `<Conference/>`, nil, anywhere},
		{call.Over, ``, nil, nil},
	} {
		for name, do := range acts {
			c := startCall(t, captured2025(), site{"/voice": tt.app})
			if tt.to != nil {
				tt.to(t, c)
			}
			if c.State() != tt.state {
				t.Fatalf("%s: the state is %q, want %q", tt.app, c.State(), tt.state)
			}
			before := trace(c)
			err := do(t.Context(), c)
			if can := slices.Contains(tt.can, name); can != (err == nil) {
				t.Errorf("%s, %s: %v", tt.app, name, err)
			}
			if err == nil {
				continue
			}
			if state := new(call.StateError); !errors.As(err, &state) || state.State != tt.state {
				t.Errorf("%s, %s: error %v, want one with the state", tt.app, name, err)
			}
			if diff := cmp.Diff(before, trace(c)); diff != "" {
				t.Errorf("%s, %s: the call has changed:\n%s", tt.app, name, diff)
			}
		}
	}
	c := startCall(t, captured2025(), site{"/voice": `<Dial phoneNumbers="+254711000001"/>`})
	if err := c.PickUp(t.Context(), "+254711000002"); !errors.Is(err, call.ErrNotRung) || c.State() != call.Rings {
		t.Errorf("PickUp of another number: %v, %s", err, c.State())
	}
}

func TestKeysLeft(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ app, keys, left string }{
		{menu, "123456", "56"},
		{`<GetDigits numDigits="1" finishOnKey="#"><Say>Hi</Say></GetDigits>`, "1#", "#"},
		{`<GetDigits finishOnKey="#"><Say>Hi</Say></GetDigits>`, "#1", "1"},
		{`<GetDigits><Say>Hi</Say></GetDigits>`, "12", "2"},
		{`<Record finishOnKey="#"/>`, "1", "1"},
		{`<Record finishOnKey="#"/>`, "#1", "1"},
		{`<Record/>`, "#", "#"},
	} {
		c := startCall(t, captured2025(), site{"/voice": tt.app})
		if left, err := c.Press(t.Context(), tt.keys); left != tt.left || err != nil {
			t.Errorf("%s: Press(%s) = %q, %v, want %q", tt.app, tt.keys, left, err, tt.left)
		}
	}
}

func TestFinishKeyInDigits(t *testing.T) {
	t.Parallel()
	v := captured2025()
	v.FinishKey = true
	c := startCall(t, v, site{"/voice": `<GetDigits finishOnKey="#"><Say>Hi</Say></GetDigits>`})
	press(t, c, "12#")
	press(t, c, "#")
	if n := len(c.Posts()); n != 3 || !c.Posts()[2].Final {
		t.Errorf("%d callbacks, want one for the digits and none for the key alone", n)
	}
	if got := string(c.Posts()[1].Callback.Body); !strings.HasSuffix(got, "&dtmfDigits=12%23") {
		t.Errorf("the callback is %s, want digits 12#", got)
	}
}

func TestCallCost(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		minute int64
		wait   time.Duration
		want   string
	}{
		{1_500_000, time.Minute, "1.500"},
		{1_500_000, time.Second, "0.025"},
		{1_000_000, 39 * time.Second, "0.650"},
		{1_000, time.Second, "0.001"}, // rounded up
		{226_830_769, 39 * time.Second, "147.440"},
	} {
		v := captured2025()
		v.Minute = tt.minute
		c := startCall(t, v, site{"/voice": "<Conference/>"})
		act(t, c.Wait(t.Context(), tt.wait))
		act(t, c.HangUp(t.Context()))
		form, err := url.ParseQuery(last(c.Posts()))
		if err != nil || form.Get("amount") != tt.want {
			t.Errorf("%v at %d cost %s, want %s", tt.wait, tt.minute, form.Get("amount"), tt.want)
		}
	}
}

// The sum of all durations stays one.
func TestLongCall(t *testing.T) {
	t.Parallel()
	c := startCall(t, captured2025(), site{"/voice": "<Conference/>"})
	for range 3 {
		act(t, c.Wait(t.Context(), 1<<62))
	}
	act(t, c.HangUp(t.Context()))
	if got := last(c.Posts()); !strings.Contains(got, "&durationInSeconds=4611686018&") {
		t.Errorf("the end of the call is %s", got)
	}
}

func TestAnswersThatAreNone(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		app  http.HandlerFunc
		want string // "" goes on
	}{
		{"created", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(201)
			_, _ = io.WriteString(w, "<Response/>")
		}, ""},
		{"no content", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }, "Received unexpected response code: 204 No Content"},
		{"redirect", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/other", http.StatusTemporaryRedirect)
		},
			"Received unexpected response code: 307 Temporary Redirect"},
		{"empty", func(http.ResponseWriter, *http.Request) {}, "Response is not the XML of a voice call: line 1: no Response element"},
		{"panic", func(http.ResponseWriter, *http.Request) { panic("oops") }, "Could not read a response: the handler panicked: oops"},
		{"slow", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "No response received within 30s"},
		{"large", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, strings.Repeat(" ", gateway.MaxAnswer+1))
		}, "Response is too large"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := startCall(t, captured2025(), tt.app)
				if c.State() != call.Over || c.Failure() != tt.want {
					t.Errorf("the call %s, failure %q, want %q", c.State(), c.Failure(), tt.want)
				}
				if posts := c.Posts(); len(posts) != 2 || !posts[1].Final || posts[1].URL != "https://ivr.example.com/voice" {
					t.Errorf("the app is not notified of the end: %+v", posts)
				}
			})
		})
	}
}

// A call that goes round in circles ends.
func TestCallLoop(t *testing.T) {
	t.Parallel()
	const self = "<Redirect>https://ivr.example.com/voice</Redirect>"
	c := startCall(t, captured2025(), site{"/voice": self})
	if c.Failure() != "There were 50 callbacks, and the caller has done nothing" || len(c.Posts()) != 51 {
		t.Errorf("%d callbacks, %q", len(c.Posts()), c.Failure())
	}
	c = startCall(t, captured2025(), site{"/voice": menu + self})
	for range 60 {
		act(t, c.Silence(t.Context()))
	}
	act(t, c.Wait(t.Context(), 24*time.Hour))
	if c.Failure() == "" {
		t.Error("a phone off the hook is asked for a day")
	}
}

// The caller hangs up while the app is asked: the call is over, and the app is notified.
func TestCallHangUpWhileTheAppIsAsked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		h := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if body, _ := io.ReadAll(r.Body); !strings.Contains(string(body), "isActive=0") {
				<-r.Context().Done()
			}
		})
		v := captured2025()
		v.At = kit.At(v.URL, v.URL, gateway.InMemory(h))
		c := call.Start(ctx, v)
		posts := c.Posts()
		if c.State() != call.Over || c.Ending() != "was ended by the caller" || c.Failure() != "" || len(posts) != 2 || posts[1].Answer.Status != 200 {
			t.Errorf("the call %s, failure %q, posts %+v", c.Ending(), c.Failure(), posts)
		}
	})
}

func TestCallAgain(t *testing.T) {
	t.Parallel()
	var got []string
	c := startCall(t, captured2025(), keep(&got, "<Response>"+menu+"</Response>"))
	press(t, c, "1234")
	a := c.Again(t.Context())
	act(t, c.HangUp(t.Context()))
	c.Again(t.Context())
	posts := c.Posts()
	if !a.Same(posts[1].Answer, "Content-Type") || len(posts) != 3 {
		t.Errorf("again: %+v, want %+v", a, posts[1].Answer)
	}
	first, second, end := string(posts[0].Callback.Body), string(posts[1].Callback.Body), string(posts[2].Callback.Body)
	if diff := cmp.Diff([]string{first, second, second, end, end}, got); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

func TestCallDefaults(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v := call.Config{URL: "https://ivr.example.com/voice"}
		c := startCall(t, v, site{"/voice": `<Record finishOnKey="#"/>`})
		act(t, c.Speak(t.Context(), time.Second))
		press(t, c, "#")
		form, err := url.ParseQuery(string(c.Posts()[1].Callback.Body))
		if err != nil {
			t.Fatal(err)
		}
		if id := form.Get("sessionId"); id != c.ID() || !strings.HasPrefix(id, "ATVId_") || len(id) != 38 {
			t.Errorf("sessionId is %q", id)
		}
		if start := form.Get("callStartTime"); start != time.Now().UTC().Format(time.DateTime) {
			t.Errorf("callStartTime is %q", start)
		}
		if u := form.Get("recordingUrl"); !strings.HasPrefix(u, "http://203.0.113.212:8080/") || !strings.HasSuffix(u, ".mp3") {
			t.Errorf("recordingUrl is %q", u)
		}
	})
	v := captured2025()
	v.At = kit.At(v.URL, v.URL, gateway.InMemory(site{}))
	if form, _ := url.ParseQuery(last(call.Miss(t.Context(), v, "").Posts())); form.Get("hangupCause") != "NO_ANSWER" {
		t.Errorf("a missed call has the cause %q", form.Get("hangupCause"))
	}
}

// Whatever an app answers and somebody does, a call goes on or ends.
func FuzzVoiceCall(f *testing.F) {
	for _, app := range []string{
		menu + "<Say>Bye</Say>", `<Record finishOnKey="1" maxLength="5"/>`, `<Dial phoneNumbers="a,b" maxDuration="1"/><Say>No</Say>`,
		`<Enqueue name="a"/>`, `<Dequeue phoneNumber="a"/>`, `<Conference/>`, `<Redirect>https://ivr.example.com/voice</Redirect>`, `<Reject/>`,
		`<GetDigits timeout="2147483647"/><Redirect>https://ivr.example.com/voice</Redirect>`, "<Response>",
	} {
		f.Add("<Response>"+app+"</Response>", []byte("0123456789abcdefghij"))
	}
	f.Fuzz(func(t *testing.T, body string, acts []byte) {
		v := captured2025()
		v.Minute = 1_500_000
		h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) })
		c := startCall(t, v, h)
		ctx := t.Context()
		for _, a := range acts[:min(len(acts), 40)] {
			if c.State() == call.Over {
				break
			}
			var err error
			switch d := time.Duration(a) * time.Second; a % 11 {
			case 0:
				_, err = c.Press(ctx, "1")
			case 1:
				err = c.Silence(ctx)
			case 2:
				err = c.Wait(ctx, d)
			case 3:
				err = c.Speak(ctx, d)
			case 4:
				for _, number := range append(c.Rings(), "a") {
					if err = c.PickUp(ctx, number); err == nil {
						break
					}
				}
			case 5:
				err = c.Unanswered(ctx, "NO_ANSWER")
			case 6:
				err = c.Dequeued(ctx, "+254711000009", "")
			case 7:
				err = c.OtherHangsUp(ctx)
			case 8:
				err = c.Transfer(ctx, "+254711000003", d)
			case 9:
				err = c.FailTransfer(ctx, "NotAllowed")
			case 10:
				c.Again(ctx)
			}
			if state := new(call.StateError); err != nil && !errors.As(err, &state) && !errors.Is(err, call.ErrNotRung) {
				t.Fatal(err)
			}
		}
		if c.State() != call.Over {
			act(t, c.HangUp(ctx))
		}
		posts := c.Posts()
		for i, p := range posts {
			form, err := url.ParseQuery(string(p.Callback.Body))
			if err != nil || form.Get("sessionId") != v.SessionID || p.Final != (i == len(posts)-1) || p.Final != (form.Get("isActive") == "0") {
				t.Errorf("callback %d of %d is %s", i+1, len(posts), p.Callback.Body)
			}
		}
		if form, _ := url.ParseQuery(last(posts)); strings.Contains(form.Get("durationInSeconds")+form.Get("amount"), "-") {
			t.Errorf("the call took %s and cost %s", form.Get("durationInSeconds"), form.Get("amount"))
		}
	})
}
