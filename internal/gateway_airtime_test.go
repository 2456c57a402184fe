package internal_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking/internal/gateway"
	"github.com/sautigo/africastalking/internal/gateway/airtime"
)

func TestAirtimeCallbacks(t *testing.T) {
	t.Parallel()
	for file, c := range map[string]interface{ Callback() gateway.Callback }{
		"airtime_status_success.json": airtime.Status{
			PhoneNumber: "+254711XXXYYY", Description: "Airtime Delivered Successfully", Status: "Success",
			RequestID: "ATQid_SampleTxnId123", Discount: "KES 0.6000", Value: "KES 100.0000",
		},
		"airtime_validation.json": airtime.Validation{
			TransactionID: "SomeTransactionID", PhoneNumber: "+254711XXXYYY", SourceIPAddress: "127.12.32.24", CurrencyCode: "KES", Amount: "500.00",
		},
		"airtime_validation_2020.json": airtime.Validation{
			TransactionID: "SomeTransactionID", PhoneNumber: "+254711XXXYYY", CurrencyCode: "KES", Amount: "500.00",
		},
	} {
		want := gateway.Callback{
			Header: http.Header{"User-Agent": {""}, "Content-Type": {gateway.JSONType}, "Accept-Encoding": {"gzip"}},
			Body:   compact(t, sample(t, "webhook/airtime", file)),
		}
		if diff := cmp.Diff(want, c.Callback()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", file, diff)
		}
	}
	old := airtime.Status{Status: "Success", RequestID: "ATQid_SampleTxnId123"}.Callback()
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

func TestAirtimeDecide(t *testing.T) {
	t.Parallel()
	cut := errors.New("cut")
	inJSON := http.Header{"Content-Type": {"application/json; charset=utf-8"}}
	for _, tt := range []struct {
		name      string
		answer    gateway.Answer
		validated bool
		fails     string
	}{
		{"yes", gateway.Answer{Status: 200, Header: inJSON, Body: sample(t, "webhook/airtime", "airtime_validation_response_validated.json")}, true, ""},
		{"no", gateway.Answer{Status: 200, Header: inJSON, Body: sample(t, "webhook/airtime", "airtime_validation_response_failed.json")}, false, ""},
		{"more fields", gateway.Answer{Status: 200, Header: inJSON, Body: []byte(`{"status":"Validated","x":1}`)}, true, ""},
		{
			name:   "as text",
			answer: gateway.Answer{Status: 200, Header: http.Header{"Content-Type": {"text/html"}}, Body: []byte(`{"status":"Validated"}`)},
			fails:  `gateway: the answer is of type "text/html", not application/json`,
		},
		{"created", gateway.Answer{Status: 201, Body: []byte(`{"status":"Validated"}`)}, false, "gateway: status 201"},
		{"cut", gateway.Answer{Status: 200, Body: []byte(`{"status":"Validated"}`), Err: cut}, false, "cut"},
		{
			name:   "another word",
			answer: gateway.Answer{Status: 200, Body: []byte(`{"status":"validated"}`)},
			fails:  `gateway: the answer's status is "validated"`,
		},
		{"another name", gateway.Answer{Status: 200, Body: []byte(`{"Status":"Validated"}`)}, false, "gateway: the answer has no status"},
		{"no string", gateway.Answer{Status: 200, Body: []byte(`{"status":true}`)}, false, `gateway: the answer's status is "true"`},
		{
			name:   "no object",
			answer: gateway.Answer{Status: 200, Body: []byte(`Validated`)},
			fails:  "gateway: the answer is no JSON object: invalid character 'V' looking for beginning of value",
		},
		{"empty", gateway.Answer{Status: 200}, false, "gateway: the answer is no JSON object: unexpected end of JSON input"},
	} {
		validated, err := airtime.Decide(tt.answer)
		fails := ""
		if err != nil {
			fails = err.Error()
		}
		if validated != tt.validated || fails != tt.fails {
			t.Errorf("%s: got %v and error %q, want %v and %q", tt.name, validated, fails, tt.validated, tt.fails)
		}
	}
}
