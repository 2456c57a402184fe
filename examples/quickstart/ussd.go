package main

import (
	"context"
	"log/slog"

	"github.com/sautigo/africastalking/ussd"
)

// menu answers a USSD session. Each request carries all that was typed in the
// session, so the screens need no state.
func menu(log *slog.Logger) func(context.Context, ussd.Request) (ussd.Response, error) {
	return func(ctx context.Context, r ussd.Request) (ussd.Response, error) {
		log.InfoContext(ctx, "USSD request", "payload", r)
		switch r.Text {
		case "":
			return ussd.Continue("What would you want to check\n1. My Account\n2. My phone number"), nil
		case "1":
			return ussd.Continue("Choose account information you want to view\n1. Account number"), nil
		case "1*1":
			return ussd.End("Your account number is ACC1001"), nil
		case "2":
			return ussd.End("Your phone number is " + r.PhoneNumber), nil
		}
		return ussd.End("Invalid choice"), nil
	}
}
