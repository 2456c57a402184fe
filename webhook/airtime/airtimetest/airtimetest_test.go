package airtimetest_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/webhook/airtime"
	"github.com/sautigo/africastalking/webhook/airtime/airtimetest"
)

// fake is a test that may fail.
type fake struct {
	testing.TB // nil: the kit calls nothing but what is below
	mu         sync.Mutex
	errors     []string
}

func (f *fake) Helper() {}

func (f *fake) Errorf(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.errors = append(f.errors, fmt.Sprintf(format, args...))
}

func kes(micros int64) africastalking.Money {
	return africastalking.Money{Currency: "KES", Micros: micros}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	var got []airtime.Validation
	server := httptest.NewTLSServer(airtime.ValidationHandler(func(_ context.Context, v airtime.Validation) (airtime.Decision, error) {
		got = append(got, v)
		return airtime.Decision(v.Value() == kes(100_000_000)), nil
	}))
	defer server.Close()
	app := airtimetest.NewURL(t, server.URL, airtimetest.WithTransport(server.Client().Transport))
	decisions := []airtime.Decision{
		app.Validate(airtime.Validation{TransactionID: "1"}),
		app.Validate(airtime.Validation{TransactionID: "2", PhoneNumber: "+254711000009", SourceIPAddress: "192.0.2.1", Amount: africastalking.Money{Currency: "UGX", Micros: 1_500_000}}),
	}
	if diff := cmp.Diff([]airtime.Decision{airtime.Validated, airtime.Failed}, decisions); diff != "" {
		t.Errorf("decisions (-want +got):\n%s", diff)
	}
	want := []airtime.Validation{
		{TransactionID: "1", PhoneNumber: "+254711000001", CurrencyCode: "KES", Amount: africastalking.Money{Micros: 100_000_000}},
		{TransactionID: "2", PhoneNumber: "+254711000009", SourceIPAddress: "192.0.2.1", CurrencyCode: "UGX", Amount: africastalking.Money{Micros: 1_500_000}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("received (-want +got):\n%s", diff)
	}
}

func TestStatus(t *testing.T) {
	t.Parallel()
	var got []airtime.Status
	app := airtimetest.New(t, airtime.StatusHandler(func(_ context.Context, s airtime.Status) error {
		got = append(got, s)
		return nil
	}))
	want := []airtime.Status{
		app.Status(airtime.Status{}),
		app.Status(airtime.Status{
			RequestID: "1", Outcome: airtime.Failure, PhoneNumber: "+254711000009", Description: "No <airtime> & more",
			Value: kes(5_250_000), Discount: kes(60_000),
		}),
	}
	app.Again()
	if diff := cmp.Diff(append(want, want[1]), got); diff != "" {
		t.Errorf("received (-delivered +received):\n%s", diff)
	}
	if diff := cmp.Diff(airtime.Status{
		RequestID: want[0].RequestID, Outcome: airtime.Success, PhoneNumber: "+254711000001", Value: kes(100_000_000), Discount: kes(0),
	}, want[0]); diff != "" || len(want[0].RequestID) < 32 {
		t.Errorf("defaults (-want +got):\n%s", diff)
	}
}

// Whichever way a status is posted, the app gets the status that the kit returns.
func TestWaysOfPostingAStatus(t *testing.T) {
	t.Parallel()
	full := airtime.Status{
		RequestID: "1", Outcome: airtime.Failure, PhoneNumber: "+254711000009", Description: "No <airtime> & more",
		Value: kes(5_250_000), Discount: kes(60_000),
	}
	short := airtime.Status{RequestID: "1", Outcome: airtime.Failure}
	for _, tt := range []struct {
		name        string
		opts        []airtimetest.Option
		want        airtime.Status
		contentType string
		body        string
	}{
		{
			name:        "JSON",
			want:        full,
			contentType: "application/json",
			body: `{"phoneNumber":"+254711000009","description":"No \u003cairtime\u003e \u0026 more","status":"Failed",` +
				`"requestId":"1","discount":"KES 0.0600","value":"KES 5.2500"}`,
		},
		{
			name:        "short JSON",
			opts:        []airtimetest.Option{airtimetest.WithShortStatus(true)},
			want:        short,
			contentType: "application/json",
			body:        `{"status":"Failed","requestId":"1"}`,
		},
		{
			name:        "form",
			opts:        []airtimetest.Option{airtimetest.WithForm(true)},
			want:        full,
			contentType: "application/x-www-form-urlencoded; charset=UTF-8",
			body: "phoneNumber=%2B254711000009&description=No+%3Cairtime%3E+%26+more&status=Failed&requestId=1" +
				"&discount=KES+0.0600&value=KES+5.2500",
		},
		{
			name:        "short form",
			opts:        []airtimetest.Option{airtimetest.WithShortStatus(true), airtimetest.WithForm(true)},
			want:        short,
			contentType: "application/x-www-form-urlencoded; charset=UTF-8",
			body:        "status=Failed&requestId=1",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got airtime.Status
			var contentType, body string
			h := airtime.StatusHandler(func(_ context.Context, s airtime.Status) error { got = s; return nil })
			app := airtimetest.New(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				b, _ := io.ReadAll(r.Body)
				contentType, body = r.Header.Get("Content-Type"), string(b)
				r.Body = io.NopCloser(bytes.NewReader(b))
				h.ServeHTTP(w, r)
			}), tt.opts...)
			returned := app.Status(full)
			if diff := cmp.Diff(tt.want, returned); diff != "" {
				t.Errorf("returned (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(returned, got); diff != "" {
				t.Errorf("received (-delivered +received):\n%s", diff)
			}
			if diff := cmp.Diff([]string{tt.contentType, tt.body}, []string{contentType, body}); diff != "" {
				t.Errorf("posted (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	answer := func(status int, body string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		})
	}
	validation := airtime.Validation{TransactionID: "1"}
	const posted = "\n    POST /gate\n    {\"transactionId\":\"1\",\"phoneNumber\":\"+254711000001\",\"currencyCode\":\"KES\",\"amount\":100.00}"
	for _, tt := range []struct {
		name   string
		h      http.Handler
		status int
		want   []string
	}{
		{
			name:   "not acknowledged",
			h:      answer(500, `{"status":"Validated"}`),
			status: 200,
			want:   []string{"airtimetest: validation is answered 500, want 200" + posted + "\n    answer: 500 Internal Server Error\n    {\"status\":\"Validated\"}"},
		},
		{
			name:   "no decision",
			h:      answer(200, `OK`),
			status: 200,
			want:   []string{"airtimetest: validation has no decision: the answer is no JSON object: invalid character 'O' looking for beginning of value" + posted + "\n    answer: 200 OK\n    OK"},
		},
		{
			name:   "another word",
			h:      answer(200, `{"status":"Success"}`),
			status: 200,
			want:   []string{`airtimetest: validation has no decision: the answer's status is "Success"` + posted + "\n    answer: 200 OK\n    {\"status\":\"Success\"}"},
		},
		{"refused", answer(404, `{"status":"Validated"}`), 404, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := &fake{}
			if d := airtimetest.New(f, tt.h, airtimetest.WithPath("/gate")).Expect(tt.status).Validate(validation); d != airtime.Failed {
				t.Errorf("decision %s, want Failed", d)
			}
			if diff := cmp.Diff(tt.want, f.errors); diff != "" {
				t.Errorf("failures (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{}
		hang := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		start := time.Now()
		d := airtimetest.New(f, hang, airtimetest.WithDeadline(time.Second)).Validate(airtime.Validation{TransactionID: "1"})
		if d != airtime.Failed || len(f.errors) != 1 || time.Since(start) != time.Second {
			t.Errorf("decided %s after %s with failures %q, want Failed after 1s and one failure", d, time.Since(start), f.errors)
		}
	})
}
