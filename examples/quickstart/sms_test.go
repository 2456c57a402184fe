package main

import (
	"net/http"
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
	for _, test := range []struct {
		reply    clienttest.Reply
		first    int
		requests int
	}{
		{clienttest.Accept, 200, 1},
		{clienttest.TooManyRequests, 500, 2},
		{clienttest.CutJSON, 200, 1},
	} {
		t.Run(string(test.reply), func(t *testing.T) {
			t.Parallel()
			at := clienttest.NewServer(t)
			h, out := newRoutes(at.Client())
			at.Next(test.reply)
			var got []int
			for range 3 {
				got = append(got, post(h, "/api/sms/twoway", message("1")).Code)
			}
			if diff := cmp.Diff([]int{test.first, 200, 200}, got); diff != "" {
				t.Errorf("statuses (-want +got):\n%s", diff)
			}
			if n := len(at.Requests()); n != test.requests || len(at.Sent()) != 1 {
				t.Errorf("tried %d times and sent %d times, want %d and 1", n, len(at.Sent()), test.requests)
			}
			out.Lacks(t, private...)
		})
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
