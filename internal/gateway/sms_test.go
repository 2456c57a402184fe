package gateway_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking/internal/gateway"
)

const (
	smsSamples     = "../../sms/testdata/"
	airtimeSamples = "../../webhook/airtime/testdata/"
)

func sampleFile(t *testing.T, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestSMSCallbacks(t *testing.T) {
	t.Parallel()
	report := gateway.DeliveryReport{ID: "ATXid_dda018a640edfcc5d2ce455de3e4a6e7", PhoneNumber: "+254700000001", NetworkCode: "63902"}
	with := func(status, reason string) gateway.DeliveryReport {
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
		"sms_incoming_sandbox_no_networkcode.form": gateway.Message{
			ID: "5ee5a1c8-3f0e-4a53-9c5b-0d6f0a4f6b1e", Date: time.Date(2022, 4, 27, 8, 0, 0, 0, time.UTC),
			From: "+254700000001", To: "12345", Text: "keyword hello",
		},
		"sms_optout_shortcode.form": gateway.OptOut{SenderID: "220225", PhoneNumber: "+254700000001"},
		"sms_subscription_addition_prose.form": gateway.Subscription{
			PhoneNumber: "+254700000001", ShortCode: "12345", Keyword: "NEWS", UpdateType: "addition",
		},
	} {
		want := gateway.Callback{
			Header: http.Header{"User-Agent": {""}, "Content-Type": {gateway.FormType}, "Accept-Encoding": {"gzip"}},
			Body:   sampleFile(t, smsSamples+file),
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
		{"on demand", gateway.Message{ID: "1", Date: date, From: "+254711000001", To: "21512", Text: "a*b#c+d é", LinkID: "0309", NetworkCode: "63902"},
			"date=2026-01-02+03%3A04%3A05&from=%2B254711000001&id=1&linkId=0309&text=a%2Ab%23c%2Bd+%C3%A9&to=21512&networkCode=63902"},
		{"premium report", gateway.DeliveryReport{ID: "1", Status: "Failed", PhoneNumber: "+254711000001", FailureReason: "InsufficientCredit", RetryCount: 2, RequestID: "r1"},
			"phoneNumber=%2B254711000001&failureReason=InsufficientCredit&retryCount=2&id=1&status=Failed&requestId=r1"},
		{"no keyword", gateway.Subscription{PhoneNumber: "+254711000001", ShortCode: "21512", UpdateType: "Deletion"},
			"phoneNumber=%2B254711000001&shortCode=21512&updateType=Deletion"},
	} {
		if diff := cmp.Diff(tt.want, string(tt.c.Callback().Body)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestAirtimeCallbacks(t *testing.T) {
	t.Parallel()
	for file, c := range map[string]interface{ Callback() gateway.Callback }{
		"airtime_status_success.json": gateway.AirtimeStatus{
			PhoneNumber: "+254711XXXYYY", Description: "Airtime Delivered Successfully", Status: "Success",
			RequestID: "ATQid_SampleTxnId123", Discount: "KES 0.6000", Value: "KES 100.0000",
		},
		"airtime_validation.json": gateway.AirtimeValidation{
			TransactionID: "SomeTransactionID", PhoneNumber: "+254711XXXYYY", SourceIPAddress: "127.12.32.24", CurrencyCode: "KES", Amount: "500.00",
		},
		"airtime_validation_2020.json": gateway.AirtimeValidation{
			TransactionID: "SomeTransactionID", PhoneNumber: "+254711XXXYYY", CurrencyCode: "KES", Amount: "500.00",
		},
	} {
		want := gateway.Callback{
			Header: http.Header{"User-Agent": {""}, "Content-Type": {gateway.JSONType}, "Accept-Encoding": {"gzip"}},
			Body:   compact(t, sampleFile(t, airtimeSamples+file)),
		}
		if diff := cmp.Diff(want, c.Callback()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", file, diff)
		}
	}
	old := gateway.AirtimeStatus{Status: "Success", RequestID: "ATQid_SampleTxnId123"}.Callback()
	if diff := cmp.Diff(`{"status":"Success","requestId":"ATQid_SampleTxnId123"}`, string(old.Body)); diff != "" {
		t.Errorf("older accounts (-want +got):\n%s", diff)
	}
}

// compact takes the white space of a printed sample away.
func compact(t *testing.T, sample []byte) []byte {
	t.Helper()
	var raw json.RawMessage
	if err := json.Unmarshal(sample, &raw); err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(raw)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestAirtimeDecision(t *testing.T) {
	t.Parallel()
	cut := errors.New("cut")
	inJSON := http.Header{"Content-Type": {"application/json; charset=utf-8"}}
	for _, tt := range []struct {
		name      string
		answer    gateway.Answer
		validated bool
		fails     string
	}{
		{"yes", gateway.Answer{Status: 200, Header: inJSON, Body: sampleFile(t, airtimeSamples+"airtime_validation_response_validated.json")}, true, ""},
		{"no", gateway.Answer{Status: 200, Header: inJSON, Body: sampleFile(t, airtimeSamples+"airtime_validation_response_failed.json")}, false, ""},
		{"more fields", gateway.Answer{Status: 200, Header: inJSON, Body: []byte(`{"status":"Validated","x":1}`)}, true, ""},
		{"as text", gateway.Answer{Status: 200, Header: http.Header{"Content-Type": {"text/html"}}, Body: []byte(`{"status":"Validated"}`)}, false, `gateway: the answer is of type "text/html", not application/json`},
		{"created", gateway.Answer{Status: 201, Body: []byte(`{"status":"Validated"}`)}, false, "gateway: status 201"},
		{"cut", gateway.Answer{Status: 200, Body: []byte(`{"status":"Validated"}`), Err: cut}, false, "cut"},
		{"another word", gateway.Answer{Status: 200, Body: []byte(`{"status":"validated"}`)}, false, `gateway: the answer's status is "validated"`},
		{"another name", gateway.Answer{Status: 200, Body: []byte(`{"Status":"Validated"}`)}, false, "gateway: the answer has no status"},
		{"no string", gateway.Answer{Status: 200, Body: []byte(`{"status":true}`)}, false, `gateway: the answer's status is "true"`},
		{"no object", gateway.Answer{Status: 200, Body: []byte(`Validated`)}, false, "gateway: the answer is no JSON object: invalid character 'V' looking for beginning of value"},
		{"empty", gateway.Answer{Status: 200}, false, "gateway: the answer is no JSON object: unexpected end of JSON input"},
	} {
		validated, err := gateway.AirtimeDecision(tt.answer)
		fails := ""
		if err != nil {
			fails = err.Error()
		}
		if validated != tt.validated || fails != tt.fails {
			t.Errorf("%s: got %v and error %q, want %v and %q", tt.name, validated, fails, tt.validated, tt.fails)
		}
	}
}

// A callback without a known User-Agent has none on the wire.
func TestNoUserAgent(t *testing.T) {
	t.Parallel()
	var got http.Header
	app := gateway.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.Header.Clone() }), "")
	app.Post(t.Context(), gateway.OptOut{SenderID: "220225", PhoneNumber: "+254700000001"}.Callback())
	want := http.Header{"Content-Type": {gateway.FormType}, "Accept-Encoding": {"gzip"}, "Content-Length": {"43"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("header (-want +got):\n%s", diff)
	}
}
