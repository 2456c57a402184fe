package main

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/sautigo/africastalking/client"
	"github.com/sautigo/africastalking/examples/internal/once"
	"github.com/sautigo/africastalking/sms"
	"github.com/sautigo/africastalking/ussd"
	"github.com/sautigo/africastalking/voice"
	"github.com/sautigo/africastalking/webhook"
	"github.com/sautigo/africastalking/webhook/airtime"
	"github.com/sautigo/africastalking/webhook/simswap"
)

// rememberedMessages is how many message IDs are kept to know a message that
// comes again. Africa's Talking sends one again for up to 12 hours.
const rememberedMessages = 10_000

// routes mounts a handler for each kind of callback. The patterns name no method:
// the handlers refuse all but POST themselves.
func routes(account *client.Client, log *slog.Logger) http.Handler {
	messages := &inbox{account: account, log: log, replied: once.NewKeys(rememberedMessages)}
	logger := webhook.WithLogger(log)

	mux := http.NewServeMux()
	mux.Handle("/api/sms/twoway", sms.IncomingMessageHandler(messages.receive, logger))
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

// note returns a handler's function that logs what arrives, where an app would
// store it. The payloads leave phone numbers and texts out of logs themselves.
func note[T slog.LogValuer](log *slog.Logger, what string) func(context.Context, T) error {
	return func(ctx context.Context, v T) error {
		log.InfoContext(ctx, what, "payload", v)
		return nil
	}
}
