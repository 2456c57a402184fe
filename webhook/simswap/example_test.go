package simswap_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/sautigo/africastalking/webhook/simswap"
)

func ExampleHandler() {
	// A result names no phone number, so the app notes whom it has asked about.
	asked := map[string]string{"ATSwpid_1": "+254700000001"}

	h := simswap.Handler(func(ctx context.Context, r simswap.Result) error {
		fmt.Println(asked[r.RequestID], r.Status, r.LastSIMSwapDate.Format(time.DateOnly), r.NeverSwapped())
		return nil
	})

	r := httptest.NewRequest(http.MethodPost, "/sim-swap", strings.NewReader(
		`{"requestId": "ATSwpid_1", "status": "Swapped", "lastSimSwapDate": "21-07-2018"}`))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	fmt.Println(w.Code, w.Body)
	// Output:
	// +254700000001 Swapped 2018-07-21 false
	// 200 OK
}

// In a handler of one's own, Parse does the reading.
func ExampleParse() {
	r := httptest.NewRequest(http.MethodPost, "/sim-swap", strings.NewReader(
		`{"requestId": "ATSwpid_1", "status": "NotSwapped", "lastSimSwapDate": "01-01-1900"}`))
	r.Header.Set("Content-Type", "application/json")

	result, err := simswap.Parse(r)
	fmt.Println(result.RequestID, result.Status, result.NeverSwapped(), err)
	// Output: ATSwpid_1 NotSwapped true <nil>
}
