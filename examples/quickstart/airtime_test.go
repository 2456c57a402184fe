package main

import (
	"fmt"
	"testing"

	"github.com/sautigo/africastalking/client/clienttest"
)

func TestValidate(t *testing.T) {
	t.Parallel()
	h, _ := newRoutes(clienttest.NewServer(t).Client())
	for _, test := range []struct{ currency, amount, want string }{
		{"KES", "1000.00", "Validated"},
		{"KES", "1000.01", "Failed"},
		{"UGX", "10", "Failed"},
	} {
		w := post(h, "/api/airtime/validation", fmt.Sprintf(
			`{"transactionId":"1","phoneNumber":"+254711000001","currencyCode":%q,"amount":%s}`, test.currency, test.amount))
		if got, want := w.Body.String(), `{"status":"`+test.want+`"}`; got != want {
			t.Errorf("%s %s is answered %d %s, want %s", test.currency, test.amount, w.Code, got, want)
		}
	}
}
