package airtime_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/webhook"
	"github.com/sautigo/africastalking/webhook/airtime"
)

// send plays Africa's Talking: it posts a callback and prints the answer.
func send(h http.Handler, body string) {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	fmt.Println(w.Code, w.Body)
}

func ExampleStatusHandler() {
	h := airtime.StatusHandler(func(ctx context.Context, s airtime.Status) error {
		if s.Outcome == airtime.Success {
			fmt.Println(s.RequestID, "delivered", s.Value)
		} else {
			fmt.Println(s.RequestID, "not delivered:", s.Description)
		}
		return nil
	})
	send(h, `{"requestId": "ATQid_1", "status": "Success", "phoneNumber": "+254700000001", "value": "KES 100.0000"}`)
	// Output:
	// ATQid_1 delivered KES 100.00
	// 200 OK
}

func ExampleValidationHandler() {
	// What the app has asked Africa's Talking to send.
	pending := map[string]africastalking.Money{
		"+254700000001": {Currency: "KES", Micros: 500_000_000},
	}
	h := airtime.ValidationHandler(func(ctx context.Context, v airtime.Validation) (airtime.Decision, error) {
		want, ok := pending[v.PhoneNumber]
		return airtime.Decision(ok && v.Value() == want), nil
	})
	send(h, `{"transactionId": "1", "phoneNumber": "+254700000001", "currencyCode": "KES", "amount": 500.00}`)
	send(h, `{"transactionId": "2", "phoneNumber": "+254700000002", "currencyCode": "KES", "amount": 500.00}`)
	// Output:
	// 200 {"status":"Validated"}
	// 200 {"status":"Failed"}
}

// In a handler of one's own, Parse does the reading.
func ExampleParseStatus() {
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := airtime.ParseStatus(r)
		if e := new(webhook.Error); errors.As(err, &e) {
			http.Error(w, e.Error(), e.Status)
			return
		}
		fmt.Fprint(w, s.Outcome)
	})
	send(h, `{"requestId": "ATQid_1", "status": "Failed"}`)
	send(h, `{"status": "Failed"}`)
	// Output:
	// 200 Failed
	// 400 webhook: field requestId: missing
}

func ExampleParseValidation() {
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v, err := airtime.ParseValidation(r)
		if e := new(webhook.Error); errors.As(err, &e) {
			http.Error(w, e.Error(), e.Status)
			return
		}
		decision := airtime.Failed
		if v.Value() == (africastalking.Money{Currency: "KES", Micros: 500_000_000}) {
			decision = airtime.Validated
		}
		body, _ := decision.AppendText(nil) // never fails
		w.Header().Set("Content-Type", decision.ContentType())
		w.Write(body)
	})
	send(h, `{"transactionId": "1", "phoneNumber": "+254700000001", "currencyCode": "KES", "amount": 500.00}`)
	// Output: 200 {"status":"Validated"}
}
