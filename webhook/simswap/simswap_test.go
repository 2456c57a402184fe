package simswap_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking/internal/callbacktest"
	"github.com/sautigo/africastalking/webhook/simswap"
)

var result = callbacktest.Callback[simswap.Result]{
	Handler: simswap.Handler, Parse: simswap.Parse, OK: callbacktest.Reply(callbacktest.Plain, "OK"), Fallback: callbacktest.Answer{}, Refused: "",
	Full:     "requestId=r1&status=Swapped&lastSimSwapDate=21-07-2018&providerRefId=p1&transactionId=t1",
	Identity: []string{"requestId", "status"},
}

func TestSamples(t *testing.T) {
	t.Parallel()
	result.Run(t, map[string]simswap.Result{
		"simswap_status.json": {
			RequestID:       "ATSwpid_4032b7bfddd5fdca0c401184a84cbb0d",
			Status:          simswap.Swapped,
			LastSIMSwapDate: time.Date(1900, time.January, 1, 0, 0, 0, 0, time.UTC),
			ProviderRefID:   "fe3b-46fd-931c-b2ef3a64da93311064104",
			TransactionID:   "738e202b-ea2f-43e5-b451-a85334e90fb5",
		},
	}, "simswap_*.json")
}

func TestRefused(t *testing.T) {
	t.Parallel()
	result.Refuses(t)
}

func TestHandlerError(t *testing.T) {
	t.Parallel()
	result.Fails(t)
}

func TestUntidy(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, contentType, body string
		edit                    func(*simswap.Result)
	}{
		{"nothing but identity", callbacktest.JSONType, `{"requestId":"r1","status":"NotSwapped"}`, nil},
		{"form", callbacktest.FormType, "requestId=r1&status=NotSwapped", nil},
		{"null", callbacktest.JSONType, `{"requestId":"r1","status":"NotSwapped","lastSimSwapDate":null,"providerRefId":null}`, nil},
		{"None", callbacktest.JSONType, `{"requestId":"r1","status":"NotSwapped","lastSimSwapDate":"None","transactionId":"None"}`, nil},
		{"unreadable date", callbacktest.JSONType, `{"requestId":"r1","status":"NotSwapped","lastSimSwapDate":"2018/07/21"}`, nil},
		{"date is a number", callbacktest.JSONType, `{"requestId":"r1","status":"NotSwapped","lastSimSwapDate":20180721}`, nil},
		{"date in another form", callbacktest.JSONType, `{"requestId":"r1","status":"NotSwapped","lastSimSwapDate":"2018-07-21 10:00:00"}`, func(r *simswap.Result) {
			r.LastSIMSwapDate = time.Date(2018, time.July, 21, 10, 0, 0, 0, time.UTC)
		}},
		{"ids of 0", callbacktest.JSONType, `{"requestId":"r1","status":"NotSwapped","providerRefId":0,"transactionId":"0"}`, nil},
		{"status in another letter case", callbacktest.FormType, "requestId=r1&status=notSWAPPED", nil},
		{"unknown status", callbacktest.JSONType, `{"requestId":"r1","status":"Pending"}`, func(r *simswap.Result) { r.Status = "Pending" }},
		{"unknown field", callbacktest.JSONType, `{"requestId":"r1","status":"NotSwapped","phoneNumber":"+254711000001"}`, nil},
		{"every field", callbacktest.FormType, result.Full, func(r *simswap.Result) {
			*r = simswap.Result{
				RequestID: "r1", Status: simswap.Swapped, LastSIMSwapDate: time.Date(2018, time.July, 21, 0, 0, 0, 0, time.UTC),
				ProviderRefID: "p1", TransactionID: "t1",
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			want := simswap.Result{RequestID: "r1", Status: simswap.NotSwapped}
			if tt.edit != nil {
				tt.edit(&want)
			}
			result.Accepts(t, tt.contentType, tt.body, want)
		})
	}
}

func TestQueryDoesNotOverride(t *testing.T) {
	t.Parallel()
	got, err := simswap.Parse(callbacktest.Post("/?requestId=forged&status=NotSwapped&transactionId=forged", callbacktest.JSONType, `{"requestId":"r1","status":"Swapped"}`))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(simswap.Result{RequestID: "r1", Status: simswap.Swapped}, got); diff != "" {
		t.Errorf("Parse (-want +got):\n%s", diff)
	}
}

func TestNeverSwapped(t *testing.T) {
	t.Parallel()
	nairobi := time.FixedZone("EAT", 3*60*60)
	for date, want := range map[time.Time]bool{
		{}: false,
		time.Date(1900, time.January, 1, 0, 0, 0, 0, time.UTC): true,
		time.Date(1900, time.January, 1, 3, 0, 0, 0, nairobi):  true,
		time.Date(1900, time.January, 1, 0, 0, 0, 0, nairobi):  false,
		time.Date(1900, time.January, 2, 0, 0, 0, 0, time.UTC): false,
		time.Date(2018, time.July, 21, 0, 0, 0, 0, time.UTC):   false,
	} {
		for _, status := range []simswap.Status{simswap.Swapped, simswap.NotSwapped, ""} {
			if got := (simswap.Result{Status: status, LastSIMSwapDate: date}).NeverSwapped(); got != want {
				t.Errorf("NeverSwapped() with %q on %v = %v, want %v", status, date, got, want)
			}
		}
	}
}

func TestLogValue(t *testing.T) {
	t.Parallel()
	got := callbacktest.LogText(simswap.Result{
		RequestID: "r1", Status: simswap.Swapped, ProviderRefID: "p1", TransactionID: "t1",
		LastSIMSwapDate: time.Date(2018, time.July, 21, 0, 0, 0, 0, time.UTC),
	})
	_, got, _ = strings.Cut(got, "msg=test ")
	want := "callback.requestId=r1 callback.status=Swapped callback.lastSimSwapDate=2018-07-21T00:00:00.000Z" +
		" callback.providerRefId=p1 callback.transactionId=t1\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
	if got := callbacktest.LogText(simswap.Result{Status: "Failed for 254711000001"}); strings.Contains(got, "11000001") {
		t.Errorf("log %q has the number", got)
	}
}

func FuzzParse(f *testing.F) {
	result.Fuzz(f, func(r simswap.Result) []string { return []string{r.RequestID, string(r.Status)} }, "simswap_*.json")
}
