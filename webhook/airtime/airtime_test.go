package airtime_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/internal/callbacktest"
	"github.com/sautigo/africastalking/webhook"
	"github.com/sautigo/africastalking/webhook/airtime"
)

var (
	yes = callbacktest.Reply("application/json", `{"status":"Validated"}`)
	no  = callbacktest.Reply("application/json", `{"status":"Failed"}`)

	status = callbacktest.Callback[airtime.Status]{
		Handler: airtime.StatusHandler, Parse: airtime.ParseStatus, OK: callbacktest.Reply(callbacktest.Plain, "OK"), Fallback: callbacktest.Answer{}, Refused: "",
		Full:     "requestId=r1&status=Success&phoneNumber=%2B254711000001&description=Sent&value=KES+100.0000&discount=KES+0.6000",
		Identity: []string{"requestId", "status"},
	}
	validation = callbacktest.Callback[airtime.Validation]{
		Handler: func(fn func(context.Context, airtime.Validation) error, opts ...webhook.Option) http.Handler {
			return airtime.ValidationHandler(func(ctx context.Context, v airtime.Validation) (airtime.Decision, error) {
				return airtime.Validated, fn(ctx, v)
			}, opts...)
		},
		Parse: airtime.ParseValidation, OK: yes, Fallback: no, Refused: "",
		Full:     "transactionId=t1&phoneNumber=%2B254711000001&sourceIpAddress=127.12.32.24&currencyCode=KES&amount=500.00",
		Identity: []string{"transactionId", "phoneNumber", "currencyCode", "amount"},
	}
)

func kes(micros int64) africastalking.Money {
	return africastalking.Money{Currency: "KES", Micros: micros}
}

func TestStatusSamples(t *testing.T) {
	t.Parallel()
	status.Run(t, map[string]airtime.Status{
		"airtime_status_2018.json": {RequestID: "ATQid_SampleTxnId123", Outcome: airtime.Success},
		"airtime_status_failed.json": {
			RequestID:   "ATQid_SampleTxnId123",
			Outcome:     airtime.Failure,
			PhoneNumber: "+254700000001",
			Description: "Airtime delivery failed",
			Value:       kes(100_000_000),
			Discount:    kes(0),
		},
		"airtime_status_success.json": {
			RequestID:   "ATQid_SampleTxnId123",
			Outcome:     airtime.Success,
			PhoneNumber: "+254711XXXYYY",
			Description: "Airtime Delivered Successfully",
			Value:       kes(100_000_000),
			Discount:    kes(600_000),
		},
	}, "airtime_status_*.json")
}

func TestValidationSamples(t *testing.T) {
	t.Parallel()
	want := airtime.Validation{
		TransactionID: "SomeTransactionID",
		PhoneNumber:   "+254711XXXYYY",
		CurrencyCode:  "KES",
		Amount:        africastalking.Money{Micros: 500_000_000},
	}
	newer := want
	newer.SourceIPAddress = "127.12.32.24"
	validation.Run(t, map[string]airtime.Validation{
		"airtime_validation.json":      newer,
		"airtime_validation_2020.json": want,
	}, "airtime_validation.json", "airtime_validation_2020.json")
}

func TestDecisionSamples(t *testing.T) {
	t.Parallel()
	bodies := callbacktest.Samples(t, "airtime_validation_response_*.json")
	for name, d := range map[string]airtime.Decision{
		"airtime_validation_response_failed.json":    airtime.Failed,
		"airtime_validation_response_validated.json": airtime.Validated,
	} {
		want := callbacktest.Reply("application/json", strings.TrimSpace(bodies[name]))
		h := airtime.ValidationHandler(func(context.Context, airtime.Validation) (airtime.Decision, error) {
			return d, nil
		}, callbacktest.Quiet())
		if diff := cmp.Diff(want, callbacktest.Do(h, callbacktest.Post("/", callbacktest.FormType, validation.Full))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestDecision(t *testing.T) {
	t.Parallel()
	var zero airtime.Decision
	for d, want := range map[airtime.Decision]string{zero: "Failed", airtime.Validated: "Validated"} {
		if d.String() != want {
			t.Errorf("String() = %q, want %q", d, want)
		}
		b, err := d.AppendText([]byte("> "))
		if want := `> {"status":"` + want + `"}`; err != nil || string(b) != want {
			t.Errorf("AppendText = %s, %v, want %s", b, err, want)
		}
	}
	if zero != airtime.Failed {
		t.Error("the zero value lets airtime be sent")
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	t.Run("Status", func(t *testing.T) { t.Parallel(); status.Refuses(t) })
	t.Run("Validation", func(t *testing.T) { t.Parallel(); validation.Refuses(t) })
}

func TestRefusedJSON(t *testing.T) {
	t.Parallel()
	const rest = `"transactionId":"t1","phoneNumber":"+254711000001","currencyCode":"KES"`
	for _, tt := range []struct {
		name, body, field string
		err               error
	}{
		{"amount missing", `{` + rest + `}`, "amount", webhook.ErrMissing},
		{"amount null", `{` + rest + `,"amount":null}`, "amount", webhook.ErrMissing},
		{"amount empty", `{` + rest + `,"amount":""}`, "amount", webhook.ErrMissing},
		{"amount None", `{` + rest + `,"amount":"None"}`, "amount", webhook.ErrMissing},
		{"amount is a word", `{` + rest + `,"amount":"much"}`, "amount", webhook.ErrMalformed},
		{"amount is true", `{` + rest + `,"amount":true}`, "amount", webhook.ErrMalformed},
		{"amount is negative", `{` + rest + `,"amount":-500}`, "amount", webhook.ErrMalformed},
		{"amount is a list", `{` + rest + `,"amount":[500]}`, "amount", webhook.ErrMissing},
		{"amount is an object", `{` + rest + `,"amount":{"KES":500}}`, "amount", webhook.ErrMissing},
		{"amount too large", `{` + rest + `,"amount":99999999999999999999}`, "amount", webhook.ErrMalformed},
		{"amount too fine", `{` + rest + `,"amount":0.0000001}`, "amount", webhook.ErrMalformed},
		{"amount with thousands", `{` + rest + `,"amount":"1,000.00"}`, "amount", webhook.ErrMalformed},
		{"amount in another currency", `{` + rest + `,"amount":"USD 500.00"}`, "amount", webhook.ErrMalformed},
		{"amount twice", `{` + rest + `,"amount":5,"amount":500}`, "amount", webhook.ErrMalformed},
		{"amount twice, escaped", `{` + rest + `,"amount":5,"\u0061mount":500}`, "amount", webhook.ErrMalformed},
		{"amount in capitals too", `{` + rest + `,"amount":5,"AMOUNT":500}`, "amount", webhook.ErrMalformed},
		{"amount in capitals only", `{` + rest + `,"Amount":5}`, "amount", webhook.ErrMalformed},
		{"currency null", `{"transactionId":"t1","phoneNumber":"+254711000001","currencyCode":null,"amount":5}`, "currencyCode", webhook.ErrMissing},
		{"two objects", `{` + rest + `,"amount":5}{}`, "", webhook.ErrMalformed},
		{"cut short", `{` + rest + `,"amount":5`, "", webhook.ErrMalformed},
		{"nothing", ``, "", webhook.ErrMalformed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := airtime.ParseValidation(callbacktest.Post("/", callbacktest.JSONType, tt.body))
			if diff := cmp.Diff(airtime.Validation{}, got); diff != "" {
				t.Errorf("value beside an error (-want +got):\n%s", diff)
			}
			field := ""
			if fault := new(webhook.FieldError); errors.As(err, &fault) {
				field = fault.Field
			}
			if !errors.Is(err, tt.err) || field != tt.field {
				t.Fatalf("ParseValidation error %v, want field %q, %v", err, tt.field, tt.err)
			}
			h := airtime.ValidationHandler(func(context.Context, airtime.Validation) (airtime.Decision, error) {
				t.Error("the function was called")
				return airtime.Validated, nil
			}, callbacktest.Quiet())
			want := callbacktest.Answer{Status: http.StatusBadRequest, ContentType: callbacktest.Plain, ContentLength: "", Body: err.Error() + "\n"}
			if diff := cmp.Diff(want, callbacktest.Do(h, callbacktest.Post("/", callbacktest.JSONType, tt.body))); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
		})
	}
}

func TestUntidyStatus(t *testing.T) {
	t.Parallel()
	want := airtime.Status{RequestID: "r1", Outcome: airtime.Success}
	for _, tt := range []struct {
		name, contentType, body string
		edit                    func(*airtime.Status)
	}{
		{"form", callbacktest.FormType, "requestId=r1&status=Success", nil},
		{"form, every field", callbacktest.FormType, status.Full, func(s *airtime.Status) {
			s.PhoneNumber, s.Description, s.Value, s.Discount = "+254711000001", "Sent", kes(100_000_000), kes(600_000)
		}},
		{"None", callbacktest.FormType, "requestId=r1&status=Success&phoneNumber=None&description=None&value=None&discount=", nil},
		{"null", callbacktest.JSONType, `{"requestId":"r1","status":"Success","phoneNumber":null,"value":null}`, nil},
		{"amounts that are none", callbacktest.JSONType, `{"requestId":"r1","status":"Success","value":"much","discount":[1]}`, nil},
		{"amounts that are numbers", callbacktest.JSONType, `{"requestId":"r1","status":"Success","value":100.0000,"discount":0}`, func(s *airtime.Status) {
			s.Value = africastalking.Money{Micros: 100_000_000}
		}},
		{"status in another letter case", callbacktest.FormType, "requestId=r1&status=SUCCESS", nil},
		{"unknown status", callbacktest.JSONType, `{"requestId":"r1","status":"Parked"}`, func(s *airtime.Status) { s.Outcome = "Parked" }},
		{"unknown field", callbacktest.JSONType, `{"requestId":"r1","status":"Success","meta":{"a":[1,{"b":null}]}}`, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			want := want
			if tt.edit != nil {
				tt.edit(&want)
			}
			status.Accepts(t, tt.contentType, tt.body, want)
		})
	}
}

func TestUntidyValidation(t *testing.T) {
	t.Parallel()
	want := airtime.Validation{
		TransactionID: "t1", PhoneNumber: "+254711000001", CurrencyCode: "KES",
		Amount: africastalking.Money{Micros: 500_000_000},
	}
	const rest = `"transactionId":"t1","phoneNumber":"+254711000001","currencyCode":"KES"`
	named := want
	named.Amount.Currency = "KES"
	for _, tt := range []struct {
		name, contentType, body string
		want                    airtime.Validation
	}{
		{"form", callbacktest.FormType, callbacktest.Remove(validation.Full, "sourceIpAddress"), want},
		{"number", callbacktest.JSONType, `{` + rest + `,"amount":500}`, want},
		{"decimals", callbacktest.JSONType, `{` + rest + `,"amount":500.0000}`, want},
		{"text", callbacktest.JSONType, `{` + rest + `,"amount":"500.00"}`, want},
		{"text with the currency", callbacktest.JSONType, `{` + rest + `,"amount":"KES 500.00"}`, named},
		{"None", callbacktest.JSONType, `{` + rest + `,"amount":500,"sourceIpAddress":"None"}`, want},
		{"unknown field", callbacktest.JSONType, `{` + rest + `,"amount":500,"metadata":{"amount":1}}`, want},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			validation.Accepts(t, tt.contentType, tt.body, tt.want)
			if diff := cmp.Diff(kes(500_000_000), tt.want.Value()); diff != "" {
				t.Errorf("Value (-want +got):\n%s", diff)
			}
		})
	}
}

func TestValue(t *testing.T) {
	t.Parallel()
	v := airtime.Validation{CurrencyCode: "KES", Amount: africastalking.Money{Micros: 500_000_000}}
	if diff := cmp.Diff(kes(500_000_000), v.Value()); diff != "" {
		t.Errorf("Value (-want +got):\n%s", diff)
	}
}

func TestQueryDoesNotOverride(t *testing.T) {
	t.Parallel()
	got, err := airtime.ParseValidation(callbacktest.Post("/?amount=1&phoneNumber=forged", callbacktest.JSONType,
		`{"transactionId":"t1","phoneNumber":"+254711000001","currencyCode":"KES","amount":500}`))
	if err != nil {
		t.Fatal(err)
	}
	want := airtime.Validation{
		TransactionID: "t1", PhoneNumber: "+254711000001", CurrencyCode: "KES",
		Amount: africastalking.Money{Micros: 500_000_000},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("ParseValidation (-want +got):\n%s", diff)
	}
}

// Without a clear yes no airtime is sent.
func TestFailures(t *testing.T) {
	t.Parallel()
	t.Run("Status", func(t *testing.T) { t.Parallel(); status.Fails(t) })
	t.Run("Validation", func(t *testing.T) { t.Parallel(); validation.Fails(t) })
}

func TestDeadline(t *testing.T) {
	t.Parallel()
	for name, fn := range map[string]func(context.Context, airtime.Validation) (airtime.Decision, error){
		"heeds": func(ctx context.Context, _ airtime.Validation) (airtime.Decision, error) {
			<-ctx.Done()
			return airtime.Validated, ctx.Err()
		},
		"ignores": func(context.Context, airtime.Validation) (airtime.Decision, error) {
			time.Sleep(time.Minute)
			return airtime.Validated, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				h := airtime.ValidationHandler(fn, callbacktest.LogTo(&log))
				// The embedding hides the recorder's Flush, so ServeHTTP must
				// return at the deadline for the answer to be sent.
				w := httptest.NewRecorder()
				start := time.Now()
				h.ServeHTTP(struct{ http.ResponseWriter }{w}, callbacktest.Post("/", callbacktest.FormType, validation.Full))
				if took := time.Since(start); took != airtime.DefaultTimeout {
					t.Errorf("answered after %v, want %v", took, airtime.DefaultTimeout)
				}
				time.Sleep(time.Minute)
				got := callbacktest.Answer{Status: w.Code, ContentType: w.Header().Get("Content-Type"), ContentLength: w.Header().Get("Content-Length"), Body: w.Body.String()}
				if diff := cmp.Diff(no, got); diff != "" {
					t.Errorf("answer (-want +got):\n%s", diff)
				}
				synctest.Wait()
				if n := strings.Count(log.String(), "level=ERROR"); n != 1 || strings.Contains(log.String(), "711000001") {
					t.Errorf("%d errors logged, want 1 and no number:\n%s", n, log.String())
				}
			})
			// With a writer that flushes the late yes must be dropped as well.
			synctest.Test(t, func(t *testing.T) {
				defer time.Sleep(time.Minute)
				if diff := cmp.Diff(no, callbacktest.Do(airtime.ValidationHandler(fn, callbacktest.Quiet()), callbacktest.Post("/", callbacktest.FormType, validation.Full))); diff != "" {
					t.Errorf("answer (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestLogValue(t *testing.T) {
	t.Parallel()
	const number = "+254711000001"
	for _, tt := range []struct {
		value any
		want  string // something that is there, so that the rest means something
	}{
		{airtime.Status{RequestID: "r1", PhoneNumber: number, Description: "sent to " + number}, "callback.requestId=r1"},
		{airtime.Status{RequestID: "r1", Outcome: "Failed for " + number}, "callback.requestId=r1"},
		{airtime.Validation{TransactionID: "t1", PhoneNumber: number}, "callback.transactionId=t1"},
	} {
		got := callbacktest.LogText(tt.value)
		if !strings.Contains(got, tt.want) || strings.Contains(got, "11000001") {
			t.Errorf("%T: log %q lacks %q or has the number", tt.value, got, tt.want)
		}
		_, printed, _ := strings.Cut(tt.want, ".")
		for _, verb := range []string{"%v", "%+v", "%s"} {
			if got := fmt.Sprintf(verb, tt.value); !strings.Contains(got, printed) || strings.Contains(got, "11000001") {
				t.Errorf("%T prints %q by %s, want %q in it and no number", tt.value, got, verb, printed)
			}
		}
	}
}
