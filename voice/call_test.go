package voice_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/voice"
	"github.com/sautigo/africastalking/webhook"
)

func post(body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/voice", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

type answer struct {
	Status            int
	Type, Length, XML string
}

func do(h http.Handler, r *http.Request) answer {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	res := w.Result()
	return answer{res.StatusCode, res.Header.Get("Content-Type"), res.Header.Get("Content-Length"), w.Body.String()}
}

func document(r voice.Response) answer {
	return answer{200, "application/xml", fmt.Sprint(len(r.String())), r.String()}
}

var (
	discard = webhook.WithLogger(slog.New(slog.DiscardHandler))
	ok      = answer{200, "text/plain; charset=utf-8", "2", "OK"}
)

func at(year int, month time.Month, day, hour, minute, sec int) time.Time {
	return time.Date(year, month, day, hour, minute, sec, 0, time.UTC)
}

var calls = map[string]voice.Call{
	"voice_client_request_id": {
		IsActive: true, SessionID: "ATVId_00000000000000000000000000000004", Direction: voice.Outbound,
		CallerNumber: "+254700000001", DestinationNumber: "+254711000942", CallSessionState: voice.Answered,
		CallerCountryCode: "254", CallerCarrierName: "Safaricom", CallStartTime: at(2025, 2, 13, 8, 35, 15),
		ClientRequestID: "order-42",
	},
	"voice_dequeue_queued_leg": {
		IsActive: true, SessionID: "ATVId_00000000000000000000000000000003", Direction: voice.Inbound,
		CallerNumber: "+254700000001", DestinationNumber: "+254711000942",
		CallerCountryCode: "254", CallerCarrierName: "Safaricom", CallStartTime: at(2025, 2, 13, 8, 35, 15),
		QueueDurationInSeconds: 35, DequeuedToPhoneNumber: "+254700000009",
		DequeuedToSessionID: "ATVId_00000000000000000000000000000005", DequeueTime: at(2025, 2, 13, 8, 36, 20),
	},
	"voice_dtmf": {
		IsActive: true, SessionID: "ATVId_00000000000000000000000000000003", Direction: voice.Inbound,
		CallerNumber: "+254700000001", DestinationNumber: "+254711000942", CallSessionState: voice.Active,
		CallerCountryCode: "254", CallerCarrierName: "Safaricom", CallStartTime: at(2025, 2, 13, 8, 35, 15),
		DTMFDigits: "1234",
	},
	"voice_final_events_bridge_cause": {
		SessionID: "ATVId_00000000000000000000000000000006", Direction: voice.Inbound,
		CallerNumber: "acme.agent1", DestinationNumber: "+254711000942", CallSessionState: voice.Completed,
		CallerCountryCode: "254", CallStartTime: at(2025, 2, 13, 8, 32, 37), ClientDialedNumber: "254700000001",
		CurrencyCode: "KES", Status: voice.StatusAborted, LastBridgeHangupCause: voice.NoAnswer,
		DialDestinationNumber: "+254700000001",
	},
	"voice_inbound_minimal_legacy": {
		IsActive: true, SessionID: "ATVId_00000000000000000000000000000007", Direction: voice.Inbound,
		CallerNumber: "+254700000001", DestinationNumber: "+254711000942",
	},
	"voice_inbound_ringing_captured": {
		IsActive: true, SessionID: "ATVId_8727006c461fa5d03e10c621887746ec", Direction: voice.Inbound,
		CallerNumber: "+254700000001", DestinationNumber: "+254711000942", CallSessionState: voice.Ringing,
		CallerCountryCode: "254", CallerCarrierName: "Safaricom", CallStartTime: at(2025, 2, 13, 8, 35, 15),
	},
	"voice_outbound_busy_final_captured": {
		SessionID: "ATVId_b1782591735cb0a658b2c0da6cdb2abf", Direction: voice.Outbound,
		CallerNumber: "+254700000001", DestinationNumber: "+254711000369", CallSessionState: voice.NotAnswered,
		CallerCountryCode: "254", CurrencyCode: "KES", Status: voice.StatusNotAnswered, HangupCause: voice.UserBusy,
	},
	"voice_record_empty_final": {
		SessionID: "ATVId_00000000000000000000000000000003", Direction: voice.Inbound,
		CallerNumber: "+254700000001", DestinationNumber: "+254711000942", CallSessionState: voice.Completed,
		CallerCountryCode: "254", CallerCarrierName: "Safaricom", CallStartTime: at(2025, 2, 13, 8, 35, 15),
		DurationInSeconds: 1, CurrencyCode: "KES", Status: voice.StatusSuccess,
	},
	"voice_record_partial": {
		IsActive: true, SessionID: "ATVId_00000000000000000000000000000003", Direction: voice.Inbound,
		CallerNumber: "+254700000001", DestinationNumber: "+254711000942", CallSessionState: voice.Active,
		CallerCountryCode: "254", CallerCarrierName: "Safaricom", CallStartTime: at(2025, 2, 13, 8, 35, 15),
		RecordingURL: "http://203.0.113.212:8080/0123456789abcdef0123456789abcdef.mp3",
	},
	"voice_transfer_ended": {
		IsActive: true, SessionID: "ATVId_00000000000000000000000000000009", CallSessionState: voice.TransferCompleted,
		CallTransferredToNumber: "+254700000009", CallTransferState: voice.TransferDone,
	},
	"voice_transfer_failed": {
		IsActive: true, SessionID: "ATVId_00000000000000000000000000000009", CallSessionState: voice.Active,
		CallTransferHangupCause: voice.NoActiveClient,
	},
	"voice_transfer_success": {
		IsActive: true, SessionID: "ATVId_00000000000000000000000000000009", CallSessionState: voice.Transferred,
		CallTransferredToNumber: "+254700000009", CallTransferState: voice.TransferActive,
	},
	"voice_webrtc_outgoing_ringing_captured": {
		IsActive: true, SessionID: "ATVId_7d8b9d8da63fa3d401101720f6c090aa", Direction: voice.Inbound,
		CallerNumber: "acme.agent1", DestinationNumber: "+254711000942", CallSessionState: voice.Ringing,
		CallerCountryCode: "-1", CallStartTime: at(2025, 2, 13, 8, 32, 37), ClientDialedNumber: "254700000001",
	},
}

func TestCalls(t *testing.T) {
	t.Parallel()
	files, err := os.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, file := range files {
		name, isForm := strings.CutSuffix(file.Name(), ".form")
		if !isForm {
			continue
		}
		seen++
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := string(readFile(t, "testdata/"+file.Name()))
			want, known := calls[name]
			if !known {
				t.Fatal("the sample has no value to compare it with")
			}
			got, err := voice.Parse(post(body))
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("Parse: %v (-want +got):\n%s", err, diff)
			}
			var event voice.Call
			h := voice.EventHandler(func(_ context.Context, c voice.Call) error { event = c; return nil })
			if diff := cmp.Diff(ok, do(h, post(body))); diff != "" {
				t.Errorf("answer to an event (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(want, event); diff != "" {
				t.Errorf("event (-want +got):\n%s", diff)
			}

			var asked, ended voice.Call
			menu := voice.Respond(voice.Say{Text: "Hello"})
			h = voice.Handler(func(_ context.Context, c voice.Call) (voice.Response, error) { asked = c; return menu, nil },
				voice.OnEnd(func(_ context.Context, c voice.Call) error { ended = c; return nil }))
			wantAnswer, wantAsked, wantEnded := ok, voice.Call{}, want
			if want.IsActive {
				wantAnswer, wantAsked, wantEnded = document(menu), want, voice.Call{}
			}
			if diff := cmp.Diff(wantAnswer, do(h, post(body))); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]voice.Call{wantAsked, wantEnded}, []voice.Call{asked, ended}); diff != "" {
				t.Errorf("calls that were asked about and that have ended (-want +got):\n%s", diff)
			}
		})
	}
	if seen != len(calls) {
		t.Errorf("%d samples for %d values", seen, len(calls))
	}
}

// A bridged call's last callback as captured, without dialDestinationNumber, and
// with dates that were encoded twice.
func TestCallAfterDial(t *testing.T) {
	t.Parallel()
	got, err := voice.Parse(post("isActive=0&sessionId=ATVId_1&direction=Inbound&callerNumber=%2B256700000001" +
		"&callStartTime=2023-01-18%2B20%3A05%3A20&dialStartTime=2023-01-18%2B20%3A05%3A25&dialDurationInSeconds=6" +
		"&durationInSeconds=39&currencyCode=UGX&amount=147.440&status=Success&recordingUrl=&callerCarrierName=None" +
		"&callTransferState=+CallerHangup&surprise=1"))
	want := voice.Call{
		SessionID: "ATVId_1", Direction: voice.Inbound, CallerNumber: "+256700000001",
		CallStartTime: at(2023, 1, 18, 20, 5, 20), DialStartTime: at(2023, 1, 18, 20, 5, 25), DialDurationInSeconds: 6,
		DurationInSeconds: 39, CurrencyCode: "UGX", Amount: africastalking.Money{Micros: 147_440_000},
		Status: voice.StatusSuccess, CallTransferState: voice.TransferCallerHangup,
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Fatalf("Parse: %v (-want +got):\n%s", err, diff)
	}
	if got.Cost() != (africastalking.Money{Currency: "UGX", Micros: 147_440_000}) {
		t.Errorf("Cost is %v", got.Cost())
	}
	if got.Duration() != 39*time.Second {
		t.Errorf("Duration is %v", got.Duration())
	}
}

// The currency may stand in the amount, beside it, or nowhere.
func TestCallCost(t *testing.T) {
	t.Parallel()
	const rest = "isActive=0&sessionId=ATVId_1&"
	for in, want := range map[string]string{
		"amount=NGN+12.5000":                     "NGN 12.50",
		"amount=NGN%2012.5000":                   "NGN 12.50",
		"amount=NGN%2B12.5000":                   "NGN 12.50",
		"amount=NGN+12.5000&currencyCode=NGN":    "NGN 12.50",
		"amount=NGN+12.5000&currencyCode=":       "NGN 12.50",
		"amount=NGN+12.5000&currencyCode=None":   "NGN 12.50",
		"amount=NGN+12.5000&currencyCode=KES":    "NGN 12.50",
		"amount=12.5000&currencyCode=NGN":        "NGN 12.50",
		"amount=0&currencyCode=NGN":              "NGN 0.00",
		"amount=NGN+0":                           "NGN 0.00",
		"amount=12.5000":                         "12.50",
		"currencyCode=NGN":                       "NGN 0.00",
		"amount=None&currencyCode=None":          "0.00",
		"amount=about+12.5000&currencyCode=NGN":  "NGN 0.00",
		"amount=":                                "0.00",
		"amount=KES+0.0001&currencyCode=ignored": "KES 0.0001",
	} {
		c, err := voice.Parse(post(rest + in))
		if got := c.Cost().String(); err != nil || got != want {
			t.Errorf("%s costs %q, want %q (%v)", in, got, want, err)
		}
	}
	r := post(`{"isActive":0,"sessionId":"ATVId_1","amount":12.5,"currencyCode":"NGN"}`)
	r.Header.Set("Content-Type", "application/json")
	if c, err := voice.Parse(r); err != nil || c.Cost() != (africastalking.Money{Currency: "NGN", Micros: 12_500_000}) {
		t.Errorf("as JSON it costs %v (%v)", c.Cost(), err)
	}
}

// Known values equal their constants in whatever letter case they come, and unknown
// ones pass through.
func TestCallEnumerations(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		body string
		want voice.Call
	}{
		{"direction=INBOUND&callSessionState=ringing", voice.Call{Direction: voice.Inbound, CallSessionState: voice.Ringing}},
		{"direction=outbound&callSessionState=ANSWERED", voice.Call{Direction: voice.Outbound, CallSessionState: voice.Answered}},
		{"direction=inBound&callSessionState=notAnswered&status=notanswered&hangupCause=user_busy",
			voice.Call{Direction: voice.Inbound, CallSessionState: voice.NotAnswered, Status: voice.StatusNotAnswered, HangupCause: voice.UserBusy}},
		{"callSessionState=completed&status=SUCCESS&lastBridgeHangupCause=Normal_Clearing",
			voice.Call{CallSessionState: voice.Completed, Status: voice.StatusSuccess, LastBridgeHangupCause: voice.NormalClearing}},
		{"callSessionState=active&status=aborted&callTransferHangupCause=NOTALLOWED",
			voice.Call{CallSessionState: voice.Active, Status: voice.StatusAborted, CallTransferHangupCause: voice.NotAllowed}},
		{"callSessionState=transferred&callTransferState=+active+", voice.Call{CallSessionState: voice.Transferred, CallTransferState: voice.TransferActive}},
		{"callSessionState=TRANSFERCOMPLETED&callTransferState=completed", voice.Call{CallSessionState: voice.TransferCompleted, CallTransferState: voice.TransferDone}},
		{"callTransferState=%20CALLERhangup", voice.Call{CallTransferState: voice.TransferCallerHangup}},
		{"callTransferState=calleehangup%0A", voice.Call{CallTransferState: voice.TransferCalleeHangup}},
		{"direction=incoming&callSessionState=Bridged&status=failed&hangupCause=no+answer&callTransferState=+Lost",
			voice.Call{Direction: "incoming", CallSessionState: "Bridged", Status: "failed", HangupCause: "no answer", CallTransferState: "Lost"}},
		// Outside ASCII nothing folds.
		{"direction=%C4%B1nbound&callSessionState=RINGING+", voice.Call{Direction: "\u0131nbound", CallSessionState: "RINGING "}},
		{"direction=None&callSessionState=&status=None", voice.Call{}},
	} {
		tt.want.IsActive, tt.want.SessionID = true, "ATVId_1"
		got, err := voice.Parse(post("isActive=1&sessionId=ATVId_1&" + tt.body))
		if diff := cmp.Diff(tt.want, got); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", tt.body, err, diff)
		}
	}
	// Types that apps decode by schema tags or as JSON read the same.
	type event struct {
		Direction voice.Direction        `schema:"direction"`
		State     voice.CallSessionState `schema:"callSessionState"`
		Status    voice.Status           `schema:"status"`
		Cause     voice.HangupCause      `schema:"hangupCause"`
		Transfer  voice.TransferState    `schema:"callTransferState"`
	}
	got, err := webhook.Parse[event](post("direction=inbound&callSessionState=ringing&status=success&hangupCause=no_answer&callTransferState=+active"))
	want := event{voice.Inbound, voice.Ringing, voice.StatusSuccess, voice.NoAnswer, voice.TransferActive}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("by tags: %v (-want +got):\n%s", err, diff)
	}
}

// An id of "0" is none, and the digit 0 is one.
func TestCallIDs(t *testing.T) {
	t.Parallel()
	got, err := voice.Parse(post("isActive=1&sessionId=ATVId_1&clientRequestId=0&dequeuedToSessionId=0&dtmfDigits=0&callerNumber=0"))
	want := voice.Call{IsActive: true, SessionID: "ATVId_1", DTMFDigits: "0", CallerNumber: "0"}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for _, id := range []string{"", "0", "None"} {
		if got, err := voice.Parse(post("isActive=1&sessionId=" + id)); !errors.Is(err, webhook.ErrMissing) {
			t.Errorf("sessionId=%s: %#v, %v", id, got, err)
		}
	}
}

func TestCallQuestions(t *testing.T) {
	t.Parallel()
	type answers struct {
		Person                          string
		FromClient, AfterDial, Transfer bool
	}
	want := map[string]answers{
		"voice_client_request_id":                {Person: "+254700000001"},
		"voice_dequeue_queued_leg":               {Person: "+254700000001"},
		"voice_dtmf":                             {Person: "+254700000001"},
		"voice_final_events_bridge_cause":        {Person: "254700000001", FromClient: true, AfterDial: true},
		"voice_inbound_minimal_legacy":           {Person: "+254700000001"},
		"voice_inbound_ringing_captured":         {Person: "+254700000001"},
		"voice_outbound_busy_final_captured":     {Person: "+254700000001"},
		"voice_record_empty_final":               {Person: "+254700000001"},
		"voice_record_partial":                   {Person: "+254700000001"},
		"voice_transfer_ended":                   {Transfer: true},
		"voice_transfer_failed":                  {Transfer: true},
		"voice_transfer_success":                 {Transfer: true},
		"voice_webrtc_outgoing_ringing_captured": {Person: "254700000001", FromClient: true},
	}
	got := map[string]answers{}
	for name, c := range calls {
		got[name] = answers{c.Person(), c.FromClient(), c.AfterDial(), c.Transfer()}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestCallRefused(t *testing.T) {
	t.Parallel()
	const rest = "&direction=Inbound&callerNumber=%2B254700000001"
	for body, want := range map[string]string{
		"isActive=1" + rest:                               "webhook: field sessionId: missing",
		"sessionId=ATVId_1" + rest:                        "webhook: field isActive: missing",
		"isActive=&sessionId=ATVId_1" + rest:              "webhook: field isActive: missing",
		"isActive=yes&sessionId=ATVId_1" + rest:           "webhook: field isActive: malformed: neither 0 nor 1",
		"isActive=1&sessionId=ATVId_1&SESSIONID=x" + rest: "webhook: field sessionId: malformed: sent in another letter case",
		"isActive=1&isActive=0&sessionId=ATVId_1" + rest:  "webhook: field isActive: malformed: sent twice",
		"isActive=1&sessionId=ATVId_1&amount=%zz":         "webhook: field amount: malformed: bad percent-escape",
	} {
		h := voice.Handler(func(context.Context, voice.Call) (voice.Response, error) { return voice.Response{}, nil }, discard)
		if diff := cmp.Diff(answer{Status: 400, Type: "text/plain; charset=utf-8", XML: want + "\n"}, do(h, post(body))); diff != "" {
			t.Errorf("answer to %q (-want +got):\n%s", body, diff)
		}
		if got, err := voice.Parse(post(body)); got != (voice.Call{}) || err == nil || err.Error() != want {
			t.Errorf("Parse of %q returned %v, %v", body, got, err)
		}
	}
}

func TestHandlerFailsClosed(t *testing.T) {
	t.Parallel()
	sorry := document(voice.Respond(voice.Say{Text: voice.Apology}))
	active := "isActive=1&sessionId=ATVId_1"
	for name, fn := range map[string]func(context.Context, voice.Call) (voice.Response, error){
		"error":            func(context.Context, voice.Call) (voice.Response, error) { return voice.Response{}, errors.New("boom") },
		"panic":            func(context.Context, voice.Call) (voice.Response, error) { panic("boom") },
		"invalid response": func(context.Context, voice.Call) (voice.Response, error) { return voice.Respond(voice.Play{}), nil },
		"deadline": func(context.Context, voice.Call) (voice.Response, error) {
			time.Sleep(time.Hour)
			return voice.Response{}, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				defer time.Sleep(time.Hour) // until the function has returned
				if diff := cmp.Diff(sorry, do(voice.Handler(fn, discard), post(active))); diff != "" {
					t.Errorf("answer (-want +got):\n%s", diff)
				}
			})
		})
	}
	t.Run("failed end", func(t *testing.T) {
		t.Parallel()
		h := voice.Handler(nil, discard, voice.OnEnd(func(context.Context, voice.Call) error { return errors.New("boom") }))
		want := answer{Status: 500, Type: "text/plain; charset=utf-8", XML: "Internal Server Error\n"}
		if diff := cmp.Diff(want, do(h, post("isActive=0&sessionId=ATVId_1"))); diff != "" {
			t.Errorf("answer (-want +got):\n%s", diff)
		}
	})
	t.Run("end that nobody asked for", func(t *testing.T) {
		t.Parallel()
		if diff := cmp.Diff(ok, do(voice.Handler(nil, discard), post("isActive=0&sessionId=ATVId_1"))); diff != "" {
			t.Errorf("answer (-want +got):\n%s", diff)
		}
	})
	t.Run("own fallback", func(t *testing.T) {
		t.Parallel()
		reject := voice.Respond(voice.Reject{})
		h := voice.Handler(func(context.Context, voice.Call) (voice.Response, error) { panic("boom") }, discard,
			webhook.WithFallback(func(error) webhook.Reply { return reject }))
		if diff := cmp.Diff(document(reject), do(h, post(active))); diff != "" {
			t.Errorf("answer (-want +got):\n%s", diff)
		}
	})
}

func TestHandlerWarns(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	h := voice.Handler(func(context.Context, voice.Call) (voice.Response, error) {
		return voice.Respond(voice.Redirect{URL: "https://example.com"}, voice.Say{Text: "Hello"}), nil
	}, webhook.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
	do(h, post("isActive=1&sessionId=ATVId_1&callerNumber=%2B254700000001"))
	if got := log.String(); !strings.Contains(got, "level=WARN") || !strings.Contains(got, "voice: action 2 (Say) never runs after Redirect") ||
		strings.Contains(got, "254700000001") {
		t.Errorf("log is %q", got)
	}
}

func TestCallIsMasked(t *testing.T) {
	t.Parallel()
	full := voice.Call{
		SessionID: "ATVId_1", CallerNumber: "+254700000001", DestinationNumber: "+254711000942", ClientDialedNumber: "0700000001",
		DTMFDigits: "4321", RecordingURL: "http://203.0.113.212:8080/0123456789abcdef.mp3", DialDestinationNumber: "+254700000002",
		DequeuedToPhoneNumber: "+254700000003", CallTransferParam: "+254700000004:20", CallTransferredToNumber: "+254700000004",
		CallSessionState: voice.Ringing, Amount: africastalking.Money{Currency: "KES", Micros: 1_500_000},
		Direction: "0700000001", Status: "busy: 0700000001", HangupCause: "busy: +254700000001",
	}
	const want = "[sessionId=ATVId_1 isActive=false direction=***01 callSessionState=Ringing callerNumber=***01 destinationNumber=+***42 " +
		"dtmfDigits=(4 bytes) status=busy: ***01 hangupCause=busy: +***01 duration=0s cost=KES 1.50]"
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("call", "call", full)
	for _, got := range []string{fmt.Sprintf("%v", full), fmt.Sprintf("%+v", full), fmt.Sprint(full), full.LogValue().String()} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	fmt.Fprintf(&log, "%v %+v", &full, []voice.Call{full})
	for _, secret := range []string{"25470000000", "0700000001", "711000942", "4321", "0123456789abcdef"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("%s is in %s", secret, &log)
		}
	}
	if got := fmt.Sprintf("%#v", full); !strings.Contains(got, "4321") {
		t.Errorf("%%#v prints %s", got)
	}
}

// Two events of one call are the same only if they say the same and the call is over.
func TestCallIdentity(t *testing.T) {
	t.Parallel()
	over := voice.Call{SessionID: "ATVId_254700000001", CallSessionState: voice.Transferred, CallTransferState: voice.TransferActive, CallTransferredToNumber: "+254700000003"}
	seen := map[string]string{}
	for name, change := range map[string]func(*voice.Call){
		"the same":     func(*voice.Call) {},
		"session":      func(c *voice.Call) { c.SessionID = "ATVId_254700000002" },
		"state":        func(c *voice.Call) { c.CallSessionState = "+254700000005" },
		"transfer":     func(c *voice.Call) { c.CallTransferState = voice.TransferDone },
		"number":       func(c *voice.Call) { c.CallTransferredToNumber = "+254700000004" },
		"parameter":    func(c *voice.Call) { c.CallTransferParam = "+254700000003:20" },
		"hangup cause": func(c *voice.Call) { c.CallTransferHangupCause = voice.NoActiveClient },
	} {
		c := over
		change(&c)
		id := c.Identity()
		if other, ok := seen[id]; ok || id == "" || strings.Contains(id, "70000000") {
			t.Errorf("%s: identity is %q, that of %q", name, id, other)
		}
		seen[id] = name
		repeat := c
		repeat.DurationInSeconds++ // a repeat need not repeat it all
		if got := repeat.Identity(); got != id {
			t.Errorf("%s: identity of the repeat is %q, want %q", name, got, id)
		}
		c.IsActive = true
		if got := c.Identity(); got != "" {
			t.Errorf("%s: identity of an active call is %q, want none", name, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	for name := range calls {
		body, err := os.ReadFile("testdata/" + name + ".form")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(body), false)
	}
	f.Add(`{"isActive":"1","sessionId":"ATVId_1","durationInSeconds":39}`, true)
	f.Fuzz(func(t *testing.T, body string, json bool) {
		r := post(body)
		if json {
			r.Header.Set("Content-Type", "application/json")
		}
		got, err := voice.Parse(r)
		if err != nil && got != (voice.Call{}) {
			t.Errorf("a value together with the error %v", err)
		}
		if err == nil && got.SessionID == "" {
			t.Error("a call without a session")
		}
	})
}
