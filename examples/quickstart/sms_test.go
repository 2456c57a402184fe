package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking/examples/internal/curl"
)

func TestReplyIsSent(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, body, want string }{
		{"bulk", message("1"), "bulkSMSMode=1"},
		{"premium", message("1") + "&linkId=0309", "bulkSMSMode=0 linkId=0309"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := map[string]string{}
			h, _ := newRoutes(answering(func(w http.ResponseWriter, r *http.Request) {
				_ = r.ParseForm()
				for name := range r.PostForm {
					got[name] = r.PostForm.Get(name)
				}
				accepted(w, r)
			}))
			post(h, "/api/sms/twoway", test.body)
			want := map[string]string{
				"username": "acme", "to": "+254711000001", "from": "21512", "message": "Thank you, we have got your message.",
			}
			for pair := range strings.FieldsSeq(test.want) {
				name, value, _ := strings.Cut(pair, "=")
				want[name] = value
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("sent (-want +got):\n%s", diff)
			}
		})
	}
}

// A message that arrives twice is answered once, unless the first reply was
// certainly not sent and may be next time.
func TestMessageArrivesTwice(t *testing.T) {
	t.Parallel()
	const refused = `{"SMSMessageData":{"Message":"Sent to 0/1 Total Cost: 0","Recipients":[` +
		`{"statusCode":CODE,"number":"+254711000001","status":"Refused","cost":"0","messageId":"None"}]}}`
	code := func(c string) gateway { return answering(reply(201, strings.Replace(refused, "CODE", c, 1))) }
	for _, test := range []struct {
		name    string
		gateway gateway
		first   int
		sends   int32
	}{
		{"accepted", answering(accepted), 200, 1},
		{"not sent", func(*http.Request) (*http.Response, error) { return nil, errors.New("no route to +254711000001") }, 500, 2},
		{"refused for now", code("500"), 500, 2},
		{"no balance", code("405"), 500, 2},
		{"wrong key", answering(reply(401, "The supplied authentication is invalid")), 500, 2},
		{"invalid number", code("403"), 200, 1},
		{"blacklisted", code("406"), 200, 1},
		{"unreadable answer", answering(reply(201, "<html>")), 200, 1},
		{"gateway fails", answering(reply(502, "")), 200, 1},
		{"cut off", func(r *http.Request) (*http.Response, error) {
			_, _ = io.Copy(io.Discard, r.Body)
			return nil, io.ErrUnexpectedEOF
		}, 200, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var sends atomic.Int32
			h, out := newRoutes(func(r *http.Request) (*http.Response, error) {
				if sends.Add(1) == 1 {
					return test.gateway(r)
				}
				return answering(accepted)(r)
			})
			got := []int{
				post(h, "/api/sms/twoway", message("1")).Code,
				post(h, "/api/sms/twoway", message("1")).Code,
				post(h, "/api/sms/twoway", message("1")).Code,
			}
			if diff := cmp.Diff([]int{test.first, 200, 200}, got); diff != "" {
				t.Errorf("statuses (-want +got):\n%s", diff)
			}
			if sends.Load() != test.sends {
				t.Errorf("sent %d times, want %d", sends.Load(), test.sends)
			}
			post(h, "/api/sms/twoway", message("2"))
			if sends.Load() != test.sends+1 {
				t.Errorf("another message was sent %d replies, want 1", sends.Load()-test.sends)
			}
			out.Lacks(t, private...)
		})
	}
}

func TestMessageArrivesAtOnce(t *testing.T) {
	t.Parallel()
	var sends atomic.Int32
	h, _ := newRoutes(answering(func(w http.ResponseWriter, r *http.Request) {
		sends.Add(1)
		accepted(w, r)
	}))
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if w := post(h, "/api/sms/twoway", message("1")); w.Body.String() != "GOOD" {
				t.Errorf("answered %q, want GOOD", w.Body)
			}
		})
	}
	wg.Wait()
	if sends.Load() != 1 {
		t.Errorf("sent %d replies, want 1", sends.Load())
	}
}

// The reply is on its way when the sender of the callback hangs up.
func TestReplySurvivesHangUp(t *testing.T) {
	t.Parallel()
	ctx, hangUp := context.WithCancel(t.Context())
	h, out := newRoutes(answering(func(w http.ResponseWriter, r *http.Request) {
		hangUp()
		if err := r.Context().Err(); err != nil {
			t.Errorf("sending ended: %v", err)
		}
		accepted(w, r)
	}))
	h.ServeHTTP(httptest.NewRecorder(), request("/api/sms/twoway", message("1")).WithContext(ctx))
	if !strings.Contains(out.String(), "reply sent") {
		t.Errorf("the log has no reply:\n%s", out)
	}
}

func TestNamesGetNoReply(t *testing.T) {
	t.Parallel()
	h, _ := newRoutes(func(*http.Request) (*http.Response, error) {
		t.Error("a reply was sent")
		return nil, errors.New("not sent")
	})
	w := post(h, "/api/sms/twoway", curl.Form("id", "1", "from", "MTN", "to", "21512", "text", "You have 5 MB left."))
	if w.Body.String() != "GOOD" {
		t.Errorf("answered %q, want GOOD", w.Body)
	}
}

func TestIncompleteMessage(t *testing.T) {
	t.Parallel()
	h, out := newRoutes(answering(accepted))
	w := post(h, "/api/sms/twoway", curl.Form("from", "+254711000001", "text", "Is it 100% true?"))
	if w.Code != http.StatusBadRequest || w.Body.String() != "BAD" {
		t.Errorf("answered %d %q, want 400 BAD", w.Code, w.Body)
	}
	out.Lacks(t, private...)
}
