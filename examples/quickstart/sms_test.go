package main

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking/client"
	"github.com/sautigo/africastalking/client/clienttest"
	"github.com/sautigo/africastalking/examples/internal/curl"
)

func TestReplyIsSent(t *testing.T) {
	t.Parallel()
	reply := client.Message{To: []string{"+254711000001"}, From: "21512", Text: "Thank you, we have got your message."}
	premium := reply
	premium.LinkID = "0309"
	for _, test := range []struct {
		name, body string
		want       client.Message
	}{
		{"bulk", message("1"), reply},
		{"premium", message("1") + "&linkId=0309", premium},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			at := clienttest.NewServer(t)
			h, _ := newRoutes(at.Client())
			post(h, "/api/sms/twoway", test.body)
			if diff := cmp.Diff([]client.Message{test.want}, at.Sent()); diff != "" {
				t.Errorf("sent (-want +got):\n%s", diff)
			}
		})
	}
}

// A message that arrives twice is answered once, unless the first reply was
// certainly not sent and may be next time.
func TestMessageArrivesTwice(t *testing.T) {
	t.Parallel()
	next := func(r clienttest.Reply) func(*clienttest.Server) { return func(at *clienttest.Server) { at.Next(r) } }
	refuse := func(code int) func(*clienttest.Server) {
		return func(at *clienttest.Server) { at.Refuse(code, "+254711000001") }
	}
	for _, test := range []struct {
		name     string
		happens  func(*clienttest.Server)
		first    int
		requests int
	}{
		{"accepted", next(clienttest.Accept), 200, 1},
		{"refused for now", refuse(client.StatusInternalServerError), 500, 2},
		{"too many", next(clienttest.TooManyRequests), 500, 2},
		{"no balance", refuse(client.StatusInsufficientBalance), 500, 2},
		{"wrong key", next(clienttest.Unauthorized), 500, 2},
		{"invalid number", refuse(client.StatusInvalidPhoneNumber), 200, 1},
		{"blacklisted", refuse(client.StatusUserInBlacklist), 200, 1},
		{"unreadable answer", next(clienttest.XMLBody), 200, 1},
		{"gateway fails", next(clienttest.HTML502), 200, 1},
		{"cut off", next(clienttest.CutJSON), 200, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			at := clienttest.NewServer(t)
			h, out := newRoutes(at.Client())
			test.happens(at)
			got := []int{post(h, "/api/sms/twoway", message("1")).Code}
			at.Refuse(0, "+254711000001")
			for range 2 {
				got = append(got, post(h, "/api/sms/twoway", message("1")).Code)
			}
			if diff := cmp.Diff([]int{test.first, 200, 200}, got); diff != "" {
				t.Errorf("statuses (-want +got):\n%s", diff)
			}
			if n := len(at.Requests()); n != test.requests {
				t.Errorf("tried %d times, want %d", n, test.requests)
			}
			if n := len(at.Sent()); n > 1 {
				t.Errorf("sent %d times", n)
			}
			post(h, "/api/sms/twoway", message("2"))
			if n := len(at.Requests()); n != test.requests+1 {
				t.Errorf("another message was sent %d replies, want 1", n-test.requests)
			}
			out.Lacks(t, private...)
		})
	}
}

func TestNoRoute(t *testing.T) {
	t.Parallel()
	at := clienttest.NewServer(t)
	down := true
	h, out := newRoutes(before(at, func(*http.Request) error {
		if down {
			return errors.New("no route to +254711000001")
		}
		return nil
	}))
	first := post(h, "/api/sms/twoway", message("1")).Code
	down = false
	second := post(h, "/api/sms/twoway", message("1")).Code
	if got, want := [3]int{first, second, len(at.Sent())}, [3]int{500, 200, 1}; got != want {
		t.Errorf("statuses and messages sent %v, want %v", got, want)
	}
	out.Lacks(t, private...)
}

func TestMessageArrivesAtOnce(t *testing.T) {
	t.Parallel()
	at := clienttest.NewServer(t)
	h, _ := newRoutes(at.Client())
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if w := post(h, "/api/sms/twoway", message("1")); w.Body.String() != "GOOD" {
				t.Errorf("answered %q, want GOOD", w.Body)
			}
		})
	}
	wg.Wait()
	if n := len(at.Sent()); n != 1 {
		t.Errorf("sent %d replies, want 1", n)
	}
}

// The reply is on its way when the sender of the callback hangs up.
func TestReplySurvivesHangUp(t *testing.T) {
	t.Parallel()
	at := clienttest.NewServer(t)
	ctx, hangUp := context.WithCancel(t.Context())
	h, out := newRoutes(before(at, func(r *http.Request) error {
		hangUp()
		if err := r.Context().Err(); err != nil {
			t.Errorf("sending ended: %v", err)
		}
		return nil
	}))
	h.ServeHTTP(httptest.NewRecorder(), request("/api/sms/twoway", message("1")).WithContext(ctx))
	if !strings.Contains(out.String(), "reply sent") || len(at.Sent()) != 1 {
		t.Errorf("sent %d replies, want 1; the log:\n%s", len(at.Sent()), out)
	}
}

func TestNamesGetNoReply(t *testing.T) {
	t.Parallel()
	at := clienttest.NewServer(t)
	h, _ := newRoutes(at.Client())
	w := post(h, "/api/sms/twoway", curl.Form("id", "1", "from", "MTN", "to", "21512", "text", "You have 5 MB left."))
	if w.Body.String() != "GOOD" || len(at.Requests()) > 0 {
		t.Errorf("answered %q and sent %d replies, want GOOD and none", w.Body, len(at.Requests()))
	}
}

func TestIncompleteMessage(t *testing.T) {
	t.Parallel()
	h, out := newRoutes(clienttest.NewServer(t).Client())
	w := post(h, "/api/sms/twoway", curl.Form("from", "+254711000001", "text", "Is it 100% true?"))
	if w.Code != http.StatusBadRequest || w.Body.String() != "BAD" {
		t.Errorf("answered %d %q, want 400 BAD", w.Code, w.Body)
	}
	out.Lacks(t, private...)
}
