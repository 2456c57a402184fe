package airtimetest_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"testing"

	"github.com/sautigo/africastalking/webhook/airtime"
	"github.com/sautigo/africastalking/webhook/airtime/airtimetest"
)

// printer stands in for the *testing.T of a test.
type printer struct{ testing.TB }

func (printer) Helper()                           {}
func (printer) Errorf(format string, args ...any) { fmt.Printf(format+"\n", args...) }

var t printer

// gate lets airtime through that somebody has ordered.
var gate = airtime.ValidationHandler(func(_ context.Context, v airtime.Validation) (airtime.Decision, error) {
	return airtime.Decision(v.PhoneNumber == "+254711000001"), nil
})

func ExampleNew() {
	app := airtimetest.New(t, gate)
	fmt.Println(app.Validate(airtime.Validation{PhoneNumber: "+254711000001"}))
	fmt.Println(app.Validate(airtime.Validation{PhoneNumber: "+254711000002"}))
	// Output:
	// Validated
	// Failed
}

func ExampleNewURL() {
	server := httptest.NewServer(gate)
	defer server.Close()

	app := airtimetest.NewURL(t, server.URL+"/airtime/validation")
	fmt.Println(app.Validate(airtime.Validation{}))
	// Output: Validated
}
