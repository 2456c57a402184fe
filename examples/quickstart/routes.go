package main

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/sautigo/africastalking/client"
	"github.com/sautigo/africastalking/sms"
	"github.com/sautigo/africastalking/state"
	"github.com/sautigo/africastalking/ussd"
	"github.com/sautigo/africastalking/voice"
	"github.com/sautigo/africastalking/webhook"
	"github.com/sautigo/africastalking/webhook/airtime"
	"github.com/sautigo/africastalking/webhook/simswap"
)

// routes mounts a handler for each kind of callback. The patterns name no method:
// the handlers refuse all but POST themselves.
func routes(account *client.Client, log *slog.Logger) http.Handler {
	logger := webhook.WithLogger(log)

	mux := http.NewServeMux()
	mux.Handle("/api/sms/twoway", sms.TwoWayHandler(account, new(state.Memory), thank(log), logger))
	mux.Handle("/api/sms/delivery-reports", sms.DeliveryReportHandler(note[sms.DeliveryReport](log, "delivery report"), logger))
	mux.Handle("/api/sms/opt-out", sms.OptOutHandler(note[sms.OptOut](log, "opt-out"), logger))
	mux.Handle("/api/sms/subscription", sms.SubscriptionHandler(note[sms.Subscription](log, "subscription"), logger))

	mux.Handle("/api/ussd/session", ussd.Handler(menu(log), logger))
	mux.Handle("/api/ussd/status", ussd.NotificationHandler(note[ussd.Notification](log, "end of session"), logger))

	mux.Handle("/api/voice/instruct", voice.Handler(instruct(log), logger, voice.OnEnd(note[voice.Call](log, "end of call"))))
	mux.Handle("/api/voice/events", voice.EventHandler(note[voice.Call](log, "call event"), logger))

	mux.Handle("/api/airtime/validation", airtime.ValidationHandler(validate(log), logger))
	mux.Handle("/api/airtime/status", airtime.StatusHandler(note[airtime.Status](log, "airtime status"), logger))

	mux.Handle("/api/sim-swap/status", simswap.Handler(note[simswap.Result](log, "SIM swap result"), logger))

	mux.Handle("/webhook", webhook.Handler(note[webhook.Event](log, "callback"), logger))
	return mux
}

// note returns a function for a handler that logs a callback, where an app would
// store it. The payloads hide phone numbers and texts from logs themselves.
func note[T slog.LogValuer](log *slog.Logger, kind string) func(context.Context, T) error {
	return func(ctx context.Context, v T) error {
		log.InfoContext(ctx, kind, "payload", v)
		return nil
	}
}
