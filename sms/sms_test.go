package sms_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/internal/callbacktest"
	"github.com/sautigo/africastalking/sms"
	"github.com/sautigo/africastalking/webhook"
)

var (
	incoming = callbacktest.Callback[sms.IncomingMessage]{
		Handler: sms.IncomingMessageHandler, Parse: sms.ParseIncomingMessage, OK: callbacktest.Reply(callbacktest.Plain, "GOOD"), Fallback: callbacktest.Answer{}, Refused: "BAD",
		Full:     "id=i1&date=2024-02-01+10%3A11%3A12&from=%2B254711000001&to=21512&text=Hi&linkId=7&cost=RWF+50.00&networkCode=63902",
		Identity: []string{"id", "from", "to"},
	}
	report = callbacktest.Callback[sms.DeliveryReport]{
		Handler: sms.DeliveryReportHandler, Parse: sms.ParseDeliveryReport, OK: callbacktest.Reply(callbacktest.Plain, "OK"), Fallback: callbacktest.Answer{}, Refused: "",
		Full:     "id=i1&status=Failed&phoneNumber=%2B254711000001&networkCode=63902&failureReason=DeliveryFailure&retryCount=2&requestId=r1",
		Identity: []string{"id", "status"},
	}
	optOut = callbacktest.Callback[sms.OptOut]{
		Handler: sms.OptOutHandler, Parse: sms.ParseOptOut, OK: callbacktest.Reply(callbacktest.Plain, "OK"), Fallback: callbacktest.Answer{}, Refused: "",
		Full:     "senderId=SAUTI&phoneNumber=%2B254711000001",
		Identity: []string{"senderId", "phoneNumber"},
	}
	subscription = callbacktest.Callback[sms.Subscription]{
		Handler: sms.SubscriptionHandler, Parse: sms.ParseSubscription, OK: callbacktest.Reply(callbacktest.Plain, "OK"), Fallback: callbacktest.Answer{}, Refused: "",
		Full:     "phoneNumber=%2B254711000001&shortCode=12345&keyword=NEWS&updateType=Deletion",
		Identity: []string{"phoneNumber", "shortCode", "updateType"},
	}
)

func TestIncomingMessageSamples(t *testing.T) {
	t.Parallel()
	incoming.Run(t, map[string]sms.IncomingMessage{
		"sms_incoming_2017_iso.form": {
			ID:     "ec9adc86-51d5-4bc8-8eb0-d8ab0bb53dc3",
			Date:   time.Date(2017, time.May, 3, 6, 4, 45, 0, time.UTC),
			From:   "+254791541111",
			To:     "21512",
			Text:   "Msg",
			LinkID: "03090445075804249226",
		},
		"sms_incoming_captured_2019.form": {
			ID:          "7f33b0d8-2b0d-4f71-aad7-0d8e0f871519",
			Date:        time.Date(2019, time.November, 25, 9, 8, 53, 0, time.UTC),
			From:        "+254700000425",
			To:          "40153",
			Text:        "Level 0",
			NetworkCode: africastalking.SafaricomKenya,
		},
		"sms_incoming_cost.form": {
			ID:          "ATXid_1234567890abcdef",
			Date:        time.Date(2024, time.January, 15, 10, 30, 0, 0, time.UTC),
			From:        "+250700000456",
			To:          "20880",
			Text:        "STATUS",
			Cost:        africastalking.Amount("RWF", 50),
			NetworkCode: africastalking.MTNRwanda,
		},
		"sms_incoming_empty_linkid.form": {
			ID:          "5ee5a1c8-3f0e-4a53-9c5b-0d6f0a4f6b1e",
			Date:        time.Date(2024, time.February, 1, 10, 11, 12, 0, time.UTC),
			From:        "+254700000001",
			To:          "12345",
			Text:        "Hello & welcome, 100% + more *#",
			NetworkCode: africastalking.SafaricomKenya,
		},
		"sms_incoming_sandbox_no_networkcode.form": {
			ID:   "5ee5a1c8-3f0e-4a53-9c5b-0d6f0a4f6b1e",
			Date: time.Date(2022, time.April, 27, 8, 0, 0, 0, time.UTC),
			From: "+254700000001",
			To:   "12345",
			Text: "keyword hello",
		},
	}, "sms_incoming_*.form")
}

func TestDeliveryReportSamples(t *testing.T) {
	t.Parallel()
	of := func(s sms.Status, why sms.FailureReason) sms.DeliveryReport {
		return sms.DeliveryReport{
			ID:            "ATXid_dda018a640edfcc5d2ce455de3e4a6e7",
			Status:        s,
			PhoneNumber:   "+254700000001",
			NetworkCode:   africastalking.SafaricomKenya,
			FailureReason: why,
		}
	}
	report.Run(t, map[string]sms.DeliveryReport{
		"sms_delivery_buffered.form":           of(sms.Buffered, ""),
		"sms_delivery_rejected_blacklist.form": of(sms.Rejected, sms.UserInBlackList),
		"sms_delivery_sent.form":               of(sms.Sent, ""),
		"sms_delivery_submitted.form":          of(sms.Submitted, ""),
		"sms_delivery_success.form":            of(sms.Success, ""),
		"sms_delivery_success_min.form": {
			ID:     "ATXid_dda018a640edfcc5d2ce455de3e4a6e7",
			Status: sms.Success,
		},
	}, "sms_delivery_*.form")
}

func TestOptOutSamples(t *testing.T) {
	t.Parallel()
	optOut.Run(t, map[string]sms.OptOut{
		"sms_optout_shortcode.form": {SenderID: "220225", PhoneNumber: "+254700000001"},
	}, "sms_optout_*.form")
}

func TestSubscriptionSamples(t *testing.T) {
	t.Parallel()
	subscription.Run(t, map[string]sms.Subscription{
		"sms_subscription_addition_prose.form": {
			PhoneNumber: "+254700000001",
			ShortCode:   "12345",
			Keyword:     "NEWS",
			UpdateType:  sms.Addition,
		},
	}, "sms_subscription_*.form")
}

// TestUntidy holds what Africa's Talking sends, or may come to send, and what
// must not cost the callback.
func TestUntidy(t *testing.T) {
	t.Parallel()
	message := sms.IncomingMessage{ID: "1", From: "+254711000001", To: "21512", Text: "Hi"}
	const messageBody = "id=1&from=%2B254711000001&to=21512&text=Hi"
	t.Run("IncomingMessage", func(t *testing.T) {
		t.Parallel()
		for _, tt := range []struct {
			name, body string
			edit       func(*sms.IncomingMessage)
		}{
			{"unknown field", messageBody + "&new%5B%5D=%00", nil},
			{"every field", incoming.Full, func(m *sms.IncomingMessage) {
				*m = sms.IncomingMessage{
					ID: "i1", Date: time.Date(2024, time.February, 1, 10, 11, 12, 0, time.UTC), From: "+254711000001", To: "21512", Text: "Hi",
					LinkID: "7", Cost: africastalking.Amount("RWF", 50), NetworkCode: africastalking.SafaricomKenya,
				}
			}},
			{"link ID 0", messageBody + "&linkId=0", nil},
			{"link ID of zeros", messageBody + "&linkId=00", func(m *sms.IncomingMessage) { m.LinkID = "00" }},
			{"text 0", "id=1&from=%2B254711000001&to=21512&text=0", func(m *sms.IncomingMessage) { m.Text = "0" }},
			{"cost", messageBody + "&cost=KES+1", func(m *sms.IncomingMessage) { m.Cost = africastalking.Amount("KES", 1) }},
			{"cost without a currency", messageBody + "&cost=0.8000", func(m *sms.IncomingMessage) { m.Cost = africastalking.Cents("", 80) }},
			{"cost 0", messageBody + "&cost=0", nil},
			{"cost None", messageBody + "&cost=None", nil},
			{"no cost", messageBody + "&cost=", nil},
			{"unreadable cost", messageBody + "&cost=free", nil},
			{"no date", messageBody, nil},
			{"empty date", messageBody + "&date=", nil},
			{"date None", messageBody + "&date=None", nil},
			{"unreadable date", messageBody + "&date=yesterday", nil},
			{"twice encoded date", messageBody + "&date=2021-10-13%2B19%3A10%3A16", func(m *sms.IncomingMessage) {
				m.Date = time.Date(2021, time.October, 13, 19, 10, 16, 0, time.UTC)
			}},
			{"date with a zone", messageBody + "&date=2017-05-03T09%3A04%3A45%2B03%3A00", func(m *sms.IncomingMessage) {
				m.Date = time.Date(2017, time.May, 3, 6, 4, 45, 0, time.UTC)
			}},
			{"everything None", messageBody + "&date=None&linkId=None&networkCode=None&cost=None", nil},
			{"unknown network", messageBody + "&networkCode=12345", func(m *sms.IncomingMessage) { m.NetworkCode = "12345" }},
			{"empty text", "id=1&from=%2B254711000001&to=21512&text=", func(m *sms.IncomingMessage) { m.Text = "" }},
			{"no text", "id=1&from=%2B254711000001&to=21512", func(m *sms.IncomingMessage) { m.Text = "" }},
			{"text None", "id=1&from=%2B254711000001&to=21512&text=None", func(m *sms.IncomingMessage) { m.Text = "None" }},
			{"spaces around the text", "id=1&from=%2B254711000001&to=21512&text=+Hi%0A", func(m *sms.IncomingMessage) { m.Text = " Hi\n" }},
			{"name for a number", "id=1&from=MTN&to=21512&text=Hi", func(m *sms.IncomingMessage) { m.From = "MTN" }},
			{"plus not encoded", "id=1&from=+254711000001&to=21512&text=Hi", func(m *sms.IncomingMessage) { m.From = "+254711000001" }},
		} {
			t.Run(tt.name, func(t *testing.T) {
				t.Parallel()
				want := message
				if tt.edit != nil {
					tt.edit(&want)
				}
				incoming.Accepts(t, callbacktest.FormType, tt.body, want)
			})
		}
	})
	t.Run("DeliveryReport", func(t *testing.T) {
		t.Parallel()
		for _, tt := range []struct {
			name, body string
			want       sms.DeliveryReport
		}{
			{"every field", report.Full, sms.DeliveryReport{
				ID: "i1", Status: sms.Failed, PhoneNumber: "+254711000001", NetworkCode: africastalking.SafaricomKenya,
				FailureReason: sms.DeliveryFailure, RetryCount: 2, RequestID: "r1",
			}},
			{"unknown status", "id=1&status=Teleported", sms.DeliveryReport{ID: "1", Status: "Teleported"}},
			{"other letter case", "id=1&status=success", sms.DeliveryReport{ID: "1", Status: sms.Success}},
			{"reason as in the reply to a send", "id=1&status=REJECTED&failureReason=UserInBlacklist", sms.DeliveryReport{
				ID: "1", Status: sms.Rejected, FailureReason: sms.UserInBlackList,
			}},
			{"request ID 0", "id=1&status=Sent&requestId=0", sms.DeliveryReport{ID: "1", Status: sms.Sent}},
			{"unknown reason", "id=1&status=Failed&failureReason=Gremlins", sms.DeliveryReport{ID: "1", Status: sms.Failed, FailureReason: "Gremlins"}},
			{"None for reason and count", "id=1&status=Success&failureReason=None&retryCount=None&phoneNumber=None", sms.DeliveryReport{ID: "1", Status: sms.Success}},
			{"count is no number", "id=1&status=Success&retryCount=many", sms.DeliveryReport{ID: "1", Status: sms.Success}},
			{"unknown field", "id=1&status=Success&new=1", sms.DeliveryReport{ID: "1", Status: sms.Success}},
		} {
			t.Run(tt.name, func(t *testing.T) {
				t.Parallel()
				report.Accepts(t, callbacktest.FormType, tt.body, tt.want)
			})
		}
	})
	t.Run("OptOut", func(t *testing.T) {
		t.Parallel()
		optOut.Accepts(t, callbacktest.FormType, "senderId=SAUTI&phoneNumber=%2B254711000001&new=1", sms.OptOut{SenderID: "SAUTI", PhoneNumber: "+254711000001"})
	})
	t.Run("Subscription", func(t *testing.T) {
		t.Parallel()
		for wire, want := range map[string]sms.UpdateType{
			"addition": sms.Addition, "Addition": sms.Addition, "ADDITION": sms.Addition,
			"deletion": sms.Deletion, "Deletion": sms.Deletion,
			"Renewal": "Renewal", "additions": "additions",
		} {
			t.Run(wire, func(t *testing.T) {
				t.Parallel()
				subscription.Accepts(t, callbacktest.FormType, "phoneNumber=%2B254711000001&shortCode=12345&keyword=None&new=1&updateType="+wire,
					sms.Subscription{PhoneNumber: "+254711000001", ShortCode: "12345", UpdateType: want})
			})
		}
	})
}

func TestRefused(t *testing.T) {
	t.Parallel()
	t.Run("IncomingMessage", func(t *testing.T) { t.Parallel(); incoming.Refuses(t) })
	t.Run("DeliveryReport", func(t *testing.T) { t.Parallel(); report.Refuses(t) })
	t.Run("OptOut", func(t *testing.T) { t.Parallel(); optOut.Refuses(t) })
	t.Run("Subscription", func(t *testing.T) { t.Parallel(); subscription.Refuses(t) })
}

func TestQueryDoesNotOverride(t *testing.T) {
	t.Parallel()
	const forged = "/?id=forged&from=forged&to=forged&text=forged&linkId=forged&status=forged"
	got, err := sms.ParseIncomingMessage(callbacktest.Post(forged, callbacktest.FormType, "id=1&from=%2B254711000001&to=21512"))
	if err != nil {
		t.Fatal(err)
	}
	want := sms.IncomingMessage{ID: "1", From: "+254711000001", To: "21512"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("ParseIncomingMessage (-want +got):\n%s", diff)
	}
}

// Middleware that has parsed the form must not open the door to the query.
func TestQueryAfterParseForm(t *testing.T) {
	t.Parallel()
	r := callbacktest.Post("/?linkId=forged&id=forged", callbacktest.FormType, "id=1&from=%2B254711000001&to=21512")
	if err := r.ParseForm(); err != nil {
		t.Fatal(err)
	}
	got, err := sms.ParseIncomingMessage(r)
	if err != nil {
		t.Fatal(err)
	}
	want := sms.IncomingMessage{ID: "1", From: "+254711000001", To: "21512"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("ParseIncomingMessage (-want +got):\n%s", diff)
	}
}

func TestRequireLinkID(t *testing.T) {
	t.Parallel()
	called := 0
	h := sms.IncomingMessageHandler(func(context.Context, sms.IncomingMessage) error {
		called++
		return nil
	}, callbacktest.Quiet(), webhook.WithRequired("linkId"))
	const body = "id=1&from=%2B254711000001&to=21512&text=Hi"
	bad := callbacktest.Answer{Status: http.StatusBadRequest, ContentType: callbacktest.Plain, ContentLength: "3", Body: "BAD"}
	for body, want := range map[string]callbacktest.Answer{
		body:                   bad,
		body + "&linkId=":      bad,
		body + "&linkId=None":  bad,
		body + "&linkId=0":     bad,
		body + "&LINKID=7":     bad,
		body + "&linkId=12345": {Status: http.StatusOK, ContentType: callbacktest.Plain, ContentLength: "4", Body: "GOOD"},
	} {
		if diff := cmp.Diff(want, callbacktest.Do(h, callbacktest.Post("/?linkId=7", callbacktest.FormType, body))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", body, diff)
		}
	}
	if called != 1 {
		t.Errorf("the function was called %d times, want 1", called)
	}
}

func TestHandlerError(t *testing.T) {
	t.Parallel()
	t.Run("IncomingMessage", func(t *testing.T) { t.Parallel(); incoming.Fails(t) })
	t.Run("DeliveryReport", func(t *testing.T) { t.Parallel(); report.Fails(t) })
	t.Run("OptOut", func(t *testing.T) { t.Parallel(); optOut.Fails(t) })
	t.Run("Subscription", func(t *testing.T) { t.Parallel(); subscription.Fails(t) })
}

// The media type decides how a body is read, not the kind of callback.
func TestJSON(t *testing.T) {
	t.Parallel()
	got, err := sms.ParseIncomingMessage(callbacktest.Post("/", "application/json; charset=utf-8",
		`{"id":"i1","from":"+254711000001","to":21512,"text":"1 & 2","date":"2024-02-01 10:11:12","linkId":null,"extra":{"a":[1]}}`))
	if err != nil {
		t.Fatal(err)
	}
	want := sms.IncomingMessage{
		ID: "i1", From: "+254711000001", To: "21512", Text: "1 & 2",
		Date: time.Date(2024, time.February, 1, 10, 11, 12, 0, time.UTC),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("ParseIncomingMessage (-want +got):\n%s", diff)
	}
}

// A message that can never be handled is best taken: a 4xx brings it back for
// hours.
func TestIncomingMessageChosenStatus(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]callbacktest.Answer{
		400: {Status: 400, ContentType: callbacktest.Plain, ContentLength: "3", Body: "BAD"},
		409: {Status: 409, ContentType: callbacktest.Plain, ContentLength: "", Body: "Conflict\n"},
		202: {Status: 202, ContentType: callbacktest.Plain, ContentLength: "", Body: "Accepted\n"},
	} {
		h := sms.IncomingMessageHandler(func(context.Context, sms.IncomingMessage) error {
			return &webhook.Error{Status: status, Err: errors.New("no such keyword")}
		}, callbacktest.Quiet())
		if diff := cmp.Diff(want, callbacktest.Do(h, callbacktest.Post("/", callbacktest.FormType, incoming.Full))); diff != "" {
			t.Errorf("%d (-want +got):\n%s", status, diff)
		}
	}
}

func TestIncomingMessageErrorHandler(t *testing.T) {
	t.Parallel()
	h := sms.IncomingMessageHandler(func(context.Context, sms.IncomingMessage) error { return nil }, callbacktest.Quiet(),
		webhook.WithErrorHandler(func(w http.ResponseWriter, _ *http.Request, err *webhook.Error) {
			http.Error(w, "own words", err.Status)
		}))
	want := callbacktest.Answer{Status: http.StatusBadRequest, ContentType: callbacktest.Plain, ContentLength: "", Body: "own words\n"}
	if diff := cmp.Diff(want, callbacktest.Do(h, callbacktest.Post("/", callbacktest.FormType, "id=1"))); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
}

var (
	statuses = []sms.Status{
		sms.Sent, sms.Submitted, sms.Buffered, sms.Rejected, sms.Success, sms.Failed, sms.Expired, sms.AbsentSubscriber,
	}
	reasons = []sms.FailureReason{
		sms.InsufficientCredit, sms.InvalidLinkID, sms.UserIsInactive, sms.UserInBlackList, sms.UserAccountSuspended,
		sms.NotNetworkSubscriber, sms.UserNotSubscribedToProduct, sms.UserDoesNotExist, sms.DeliveryFailure,
	}
	updateTypes = []sms.UpdateType{sms.Addition, sms.Deletion}
)

// spellings returns a value in the letter cases that Africa's Talking may write.
func spellings(s string) []string {
	return []string{s, strings.ToLower(s), strings.ToUpper(s), strings.ToUpper(s[:1]) + strings.ToLower(s[1:])}
}

func TestLetterCase(t *testing.T) {
	t.Parallel()
	check := func(body string, got, want any, err error) {
		t.Helper()
		if got != want || err != nil {
			t.Errorf("%s is read as %v, %v, want %v", body, got, err, want)
		}
	}
	post := func(body string) *http.Request { return callbacktest.Post("/", callbacktest.FormType, body) }
	for _, want := range statuses {
		for _, s := range spellings(string(want)) {
			body := "id=1&status=" + s
			got, err := sms.ParseDeliveryReport(post(body))
			check(body, got.Status, want, err)
			check(body, sms.Status(s).Final(), want.Final(), nil)
			var text sms.Status
			err = text.UnmarshalText([]byte(s))
			check(s, text, want, err)
		}
	}
	for _, want := range reasons {
		for _, s := range spellings(string(want)) {
			body := "id=1&status=Failed&failureReason=" + s
			got, err := sms.ParseDeliveryReport(post(body))
			check(body, got.FailureReason, want, err)
			var text sms.FailureReason
			err = text.UnmarshalText([]byte(s))
			check(s, text, want, err)
		}
	}
	for _, want := range updateTypes {
		for _, s := range spellings(string(want)) {
			body := "phoneNumber=%2B254711000001&shortCode=12345&updateType=" + s
			got, err := sms.ParseSubscription(post(body))
			check(body, got.UpdateType, want, err)
		}
	}
	for _, unknown := range []string{"Teleported", "success!", "sen\u017f", " Success"} { // the last but one has a long s
		status, reason, update := sms.Success, sms.DeliveryFailure, sms.Addition
		err := errors.Join(status.UnmarshalText([]byte(unknown)), reason.UnmarshalText([]byte(unknown)), update.UnmarshalText([]byte(unknown)))
		check(unknown, string(status), unknown, err)
		check(unknown, string(reason), unknown, err)
		check(unknown, string(update), unknown, err)
	}
}

func TestStatusFinal(t *testing.T) {
	t.Parallel()
	for status, want := range map[sms.Status]bool{
		sms.Sent:             false,
		sms.Submitted:        false,
		sms.Buffered:         false,
		sms.AbsentSubscriber: false,
		sms.Rejected:         true,
		sms.Success:          true,
		sms.Failed:           true,
		sms.Expired:          true,
		"":                   false,
		"success":            true,
		"Teleported":         false,
	} {
		if got := status.Final(); got != want {
			t.Errorf("%q.Final() = %v, want %v", status, got, want)
		}
	}
}

func TestStatusSupersedes(t *testing.T) {
	t.Parallel()
	// Each status of a line supersedes all of the lines above, and none of its own.
	lines := [][]sms.Status{
		{""},
		{sms.Sent, "sent"},
		{sms.Submitted},
		{sms.Buffered},
		{sms.AbsentSubscriber, "ABSENTSUBSCRIBER"},
		{"Teleported", "Queued", "\xff"},
		{sms.Rejected, sms.Failed, sms.Expired, "failed"},
		{sms.Success, "SUCCESS"},
	}
	for i, line := range lines {
		for j, other := range lines {
			for _, a := range line {
				for _, b := range other {
					if got, want := a.Supersedes(b), i > j; got != want {
						t.Errorf("%q.Supersedes(%q) = %v, want %v", a, b, got, want)
					}
				}
			}
		}
	}
}

// TestStatusOrder keeps a status as the documentation says, in every order of three
// reports, and finds the same one.
func TestStatusOrder(t *testing.T) {
	t.Parallel()
	all := append([]sms.Status{"", "success", "Teleported", "Queued"}, statuses...)
	keep := func(reports ...sms.Status) (kept sms.Status) {
		for _, s := range reports {
			if s.Supersedes(kept) {
				kept = s
			}
		}
		return kept
	}
	for _, a := range all {
		if a.Supersedes(a) {
			t.Errorf("%q supersedes itself", a)
		}
		for _, b := range all {
			if a.Supersedes(b) && b.Supersedes(a) {
				t.Errorf("%q and %q supersede each other", a, b)
			}
			if a.Final() && !b.Final() && !a.Supersedes(b) {
				t.Errorf("%q, which is final, does not supersede %q", a, b)
			}
			for _, c := range all {
				if a.Supersedes(b) && b.Supersedes(c) && !a.Supersedes(c) {
					t.Errorf("%q supersedes %q, and that %q, but the first not the last", a, b, c)
				}
				// Of several that count the same the first stays, so compare what counts.
				got := keep(a, b, c)
				for _, other := range []sms.Status{keep(a, c, b), keep(b, a, c), keep(b, c, a), keep(c, a, b), keep(c, b, a), keep(c, c, b, a, a)} {
					if got.Supersedes(other) || other.Supersedes(got) {
						t.Errorf("%q, %q and %q leave %q in one order and %q in another", a, b, c, got, other)
					}
				}
			}
		}
	}
}

func TestUpdateTypeUnmarshalText(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]sms.UpdateType{
		"addition": sms.Addition, "Addition": sms.Addition,
		"deletion": sms.Deletion, "DELETION": sms.Deletion,
		"Renewal": "Renewal", "": "",
	} {
		got := sms.UpdateType("old")
		if err := got.UnmarshalText([]byte(in)); err != nil || got != want {
			t.Errorf("UnmarshalText(%q) = %q, %v, want %q", in, got, err, want)
		}
	}
}

// TestShown takes every payload through a log and the verbs that print what a log
// shows. A name may be read, a number not, wherever it stands.
func TestShown(t *testing.T) {
	t.Parallel()
	const number, text, link = "+254711000001", "my PIN is 4321", "03090445075804249226"
	for _, tt := range []struct {
		value any
		want  string
	}{
		{
			sms.IncomingMessage{
				ID: "i1", From: number, To: "21512", Text: text, LinkID: link,
				Cost: africastalking.Amount("KES", 1), NetworkCode: "63902",
			},
			`[id=i1 from=***01 to=21512 text=(14 bytes) networkCode=63902]`,
		},
		{
			sms.IncomingMessage{ID: "i1", From: "MTN", To: number, Text: text, NetworkCode: number},
			`[id=i1 from=*** to=+***01 text=(14 bytes) networkCode=+***01]`,
		},
		{
			sms.IncomingMessage{ID: "i1", From: "+254 711 000 001", To: "0711-000-001"},
			`[id=i1 from=***01 to=***01 text= networkCode=]`,
		},
		{
			sms.DeliveryReport{ID: "i1", Status: sms.Failed, PhoneNumber: number, NetworkCode: "63902", FailureReason: sms.UserInBlackList, RequestID: link},
			`[id=i1 status=Failed phoneNumber=***01 networkCode=63902 failureReason=UserInBlackList]`,
		},
		{
			sms.DeliveryReport{ID: "i1", Status: "Lost " + number, PhoneNumber: number, FailureReason: "no route to " + number},
			`[id=i1 status=Lost +***01 phoneNumber=***01 networkCode= failureReason=no route to +***01]`,
		},
		{sms.OptOut{SenderID: "SAUTI", PhoneNumber: number}, `[senderId=SAUTI phoneNumber=***01]`},
		{sms.OptOut{SenderID: "220225", PhoneNumber: number}, `[senderId=220225 phoneNumber=***01]`},
		{sms.OptOut{SenderID: number, PhoneNumber: number}, `[senderId=+***01 phoneNumber=***01]`},
		{
			sms.Subscription{PhoneNumber: number, ShortCode: "12345", Keyword: "NEWS", UpdateType: sms.Addition},
			`[phoneNumber=***01 shortCode=12345 keyword=NEWS updateType=addition]`,
		},
		{
			sms.Subscription{PhoneNumber: number, ShortCode: number, Keyword: number, UpdateType: number},
			`[phoneNumber=***01 shortCode=+***01 keyword=+***01 updateType=+***01]`,
		},
	} {
		for _, verb := range []string{"%v", "%+v", "%s"} {
			if diff := cmp.Diff(tt.want, fmt.Sprintf(verb, tt.value)); diff != "" {
				t.Errorf("%T, %s (-want +got):\n%s", tt.value, verb, diff)
			}
		}
		for how, shown := range map[string]string{
			"in a log": callbacktest.LogText(tt.value),
			"quoted":   fmt.Sprintf("%q", tt.value),
			"nested":   fmt.Sprintf("%v %+v", []any{tt.value}, struct{ Payload any }{tt.value}),
		} {
			if !strings.Contains(shown, "***") {
				t.Errorf("%T %s: %s has nothing hidden", tt.value, how, shown)
			}
			for _, secret := range []string{"711000001", "11000001", "711 000", "711-000", "PIN", "4321", link} {
				if strings.Contains(shown, secret) {
					t.Errorf("%T %s: %s has %q", tt.value, how, shown, secret)
				}
			}
		}
		if plain := fmt.Sprintf("%#v", tt.value); !strings.Contains(plain, "711") {
			t.Errorf("%T: %%#v prints %s, not everything", tt.value, plain)
		}
	}
}
