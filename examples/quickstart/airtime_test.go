package main

import (
	"testing"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/client/clienttest"
	"github.com/sautigo/africastalking/webhook/airtime"
	"github.com/sautigo/africastalking/webhook/airtime/airtimetest"
)

func TestValidate(t *testing.T) {
	t.Parallel()
	h, _ := newRoutes(clienttest.NewServer(t).Client())
	app := airtimetest.New(t, h, airtimetest.WithPath("/api/airtime/validation"))
	for amount, want := range map[africastalking.Money]airtime.Decision{
		{Currency: "KES", Micros: 1000_000_000}: airtime.Validated,
		{Currency: "KES", Micros: 1000_010_000}: airtime.Failed,
		{Currency: "UGX", Micros: 10_000_000}:   airtime.Failed,
	} {
		if got := app.Validate(airtime.Validation{Amount: amount}); got != want {
			t.Errorf("%v: decided %q, want %q", amount, got, want)
		}
	}
}
