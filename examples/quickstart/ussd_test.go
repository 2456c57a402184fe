package main

import (
	"testing"

	"github.com/sautigo/africastalking/client/clienttest"
	"github.com/sautigo/africastalking/examples/internal/curl"
)

func TestMenu(t *testing.T) {
	t.Parallel()
	h, out := newRoutes(clienttest.NewServer(t).Client())
	for text, want := range map[string]string{
		"":      "CON What would you want to check\n1. My Account\n2. My phone number",
		"1":     "CON Choose account information you want to view\n1. Account number",
		"1*1":   "END Your account number is ACC1001",
		"2":     "END Your phone number is +254711000001",
		"3":     "END Invalid choice",
		"1*2":   "END Invalid choice",
		"1*1*1": "END Invalid choice",
		"*":     "END Invalid choice",
	} {
		w := post(h, "/api/ussd/session", curl.Form("sessionId", "ATUid_1", "phoneNumber", "+254711000001", "text", text))
		if got := w.Body.String(); got != want {
			t.Errorf("after %q comes %q, want %q", text, got, want)
		}
	}
	out.Lacks(t, private...)
}
