package internal_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking/internal/gateway"
	"github.com/sautigo/africastalking/internal/gateway/messaging"
)

func TestSMSCallbacks(t *testing.T) {
	t.Parallel()
	report := messaging.DeliveryReport{ID: "ATXid_dda018a640edfcc5d2ce455de3e4a6e7", PhoneNumber: "+254700000001", NetworkCode: "63902"}
	with := func(status, reason string) messaging.DeliveryReport {
		r := report
		r.Status, r.FailureReason = status, reason
		return r
	}
	for file, c := range map[string]interface{ Callback() gateway.Callback }{
		"sms_delivery_buffered.form":           with("Buffered", ""),
		"sms_delivery_rejected_blacklist.form": with("Rejected", "UserInBlackList"),
		"sms_delivery_sent.form":               with("Sent", ""),
		"sms_delivery_submitted.form":          with("Submitted", ""),
		"sms_delivery_success.form":            with("Success", ""),
		"sms_incoming_sandbox_no_networkcode.form": messaging.Message{
			ID: "5ee5a1c8-3f0e-4a53-9c5b-0d6f0a4f6b1e", Date: time.Date(2022, 4, 27, 8, 0, 0, 0, time.UTC),
			From: "+254700000001", To: "12345", Text: "keyword hello",
		},
		"sms_optout_shortcode.form": messaging.OptOut{SenderID: "220225", PhoneNumber: "+254700000001"},
		"sms_subscription_addition_prose.form": messaging.Subscription{
			PhoneNumber: "+254700000001", ShortCode: "12345", Keyword: "NEWS", UpdateType: "addition",
		},
	} {
		want := gateway.Callback{
			Header: http.Header{"User-Agent": {""}, "Content-Type": {gateway.FormType}, "Accept-Encoding": {"gzip"}},
			Body:   sample(t, "sms", file),
		}
		if diff := cmp.Diff(want, c.Callback()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", file, diff)
		}
	}
}

func TestSMSOptionalFields(t *testing.T) {
	t.Parallel()
	date := time.Date(2026, 1, 2, 6, 4, 5, 0, time.FixedZone("EAT", 3*3600))
	for _, tt := range []struct {
		name string
		c    interface{ Callback() gateway.Callback }
		want string
	}{
		{
			name: "on demand",
			c:    messaging.Message{ID: "1", Date: date, From: "+254711000001", To: "21512", Text: "a*b#c+d é", LinkID: "0309", NetworkCode: "63902"},
			want: "date=2026-01-02+03%3A04%3A05&from=%2B254711000001&id=1&linkId=0309&text=a%2Ab%23c%2Bd+%C3%A9&to=21512&networkCode=63902",
		},
		{"cost", messaging.Message{ID: "1", Date: date, From: "+250788000001", To: "40153", Text: "x", LinkID: "0", Cost: "None"},
			"date=2026-01-02+03%3A04%3A05&from=%2B250788000001&id=1&linkId=0&text=x&to=40153&cost=None"},
		{
			name: "premium report",
			c:    messaging.DeliveryReport{ID: "1", Status: "Failed", PhoneNumber: "+254711000001", FailureReason: "InsufficientCredit", RetryCount: 2, RequestID: "r1"},
			want: "phoneNumber=%2B254711000001&failureReason=InsufficientCredit&retryCount=2&id=1&status=Failed&requestId=r1",
		},
		{"no keyword", messaging.Subscription{PhoneNumber: "+254711000001", ShortCode: "21512", UpdateType: "Deletion"},
			"phoneNumber=%2B254711000001&shortCode=21512&updateType=Deletion"},
	} {
		if diff := cmp.Diff(tt.want, string(tt.c.Callback().Body)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

// A callback without a known User-Agent has none on the wire.
func TestNoUserAgent(t *testing.T) {
	t.Parallel()
	var got http.Header
	app := gateway.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.Header.Clone() }), "")
	app.Post(t.Context(), messaging.OptOut{SenderID: "220225", PhoneNumber: "+254700000001"}.Callback())
	want := http.Header{"Content-Type": {gateway.FormType}, "Accept-Encoding": {"gzip"}, "Content-Length": {"43"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("header (-want +got):\n%s", diff)
	}
}
