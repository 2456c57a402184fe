package main

import (
	"context"
	"log/slog"

	"github.com/sautigo/africastalking/sms"
)

// thank replies to an incoming message. It runs once for a message, however often
// Africa's Talking delivers that.
func thank(log *slog.Logger) func(context.Context, sms.IncomingMessage) (string, error) {
	return func(ctx context.Context, m sms.IncomingMessage) (string, error) {
		log.InfoContext(ctx, "incoming message", "payload", m)
		return "Thank you, we have got your message.", nil
	}
}
