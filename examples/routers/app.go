package main

import (
	"context"
	"net/http"

	"github.com/sautigo/africastalking/sms"
	"github.com/sautigo/africastalking/ussd"
	"github.com/sautigo/africastalking/voice"
	"github.com/sautigo/africastalking/webhook"
)

// app is what every router mounts. It knows of none.
type app struct {
	ussd, sms, voice http.Handler
}

func newApp(opts ...webhook.Option) *app {
	menu := ussd.NewMenu("Welcome.")
	menu.HandleFunc("My number", func(_ context.Context, r ussd.Request) (ussd.Response, error) {
		return ussd.End("Your number is " + r.PhoneNumber), nil
	})
	return &app{
		ussd: ussd.Handler(menu.Serve, opts...),
		sms: sms.IncomingMessageHandler(func(context.Context, sms.IncomingMessage) error {
			return nil // where an app keeps the message
		}, opts...),
		voice: voice.Handler(func(_ context.Context, c voice.Call) (voice.Response, error) {
			return voice.Respond(voice.Say{Text: "Your number is " + c.CallerNumber}), nil
		}, opts...),
	}
}
