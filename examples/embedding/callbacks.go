package main

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/sautigo/africastalking/sms"
	"github.com/sautigo/africastalking/ussd"
	"github.com/sautigo/africastalking/webhook"
)

// callbacks returns the handlers of what Africa's Talking posts. The patterns
// repeat the prefix they are mounted under, so that the path stays whole.
func callbacks(messages *messages, counters *counters, log *slog.Logger) http.Handler {
	options := webhook.WithOptions(webhook.WithLogger(log), webhook.WithObserver(counters.observe))

	mux := http.NewServeMux()
	mux.Handle("/at/{token}/ussd", ussd.Handler(func(ctx context.Context, r ussd.Request) (ussd.Response, error) {
		// The context is the request's: what the middleware put there is there.
		log.InfoContext(ctx, "USSD request", "request", requestID(ctx), "payload", r)
		if r.First() {
			return ussd.Continue("Welcome to the shop\n1. Opening hours"), nil
		}
		return ussd.End("We are open from eight to five."), nil
	}, options))

	mux.Handle("/at/{token}/sms/delivery-reports", sms.DeliveryReportHandler(func(_ context.Context, d sms.DeliveryReport) error {
		messages.set(d.ID, d.Status)
		return nil
	}, options))
	return mux
}
