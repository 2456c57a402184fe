package main

import (
	"testing"

	"github.com/sautigo/africastalking/client/clienttest"
	"github.com/sautigo/africastalking/ussd/ussdtest"
)

func TestMenu(t *testing.T) {
	t.Parallel()
	h, out := newRoutes(clienttest.NewServer(t).Client())
	phone := ussdtest.New(t, h, ussdtest.WithPath("/api/ussd/session"))
	phone.Dial("*384*123#").Sees("What would you want to check\n1. My Account\n2. My phone number")
	phone.Send("1").Sees("Choose account information you want to view\n1. Account number")
	phone.Send("1").Ends("Your account number is ACC1001").Again()
	for code, want := range map[string]string{
		"*384*123*2#":     "Your phone number is +254711000001",
		"*384*123*3#":     "Invalid choice",
		"*384*123*1*2#":   "Invalid choice",
		"*384*123*1*1*1#": "Invalid choice",
	} {
		phone.Dial(code).Ends(want)
	}
	out.Lacks(t, private...)
}
