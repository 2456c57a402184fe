package main

import (
	"context"
	"log/slog"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/webhook/airtime"
)

// validate decides whether airtime may be sent that was asked for in the app's
// name. A real app looks for its own order; this one has none, and sets a limit.
func validate(log *slog.Logger) func(context.Context, airtime.Validation) (airtime.Decision, error) {
	limit := africastalking.Amount("KES", 1000)
	return func(ctx context.Context, v airtime.Validation) (airtime.Decision, error) {
		value := v.Value()
		decision := airtime.Decision(value.Currency == limit.Currency && value.Micros <= limit.Micros)
		log.InfoContext(ctx, "airtime validation", "payload", v, "decision", decision.String())
		return decision, nil
	}
}
