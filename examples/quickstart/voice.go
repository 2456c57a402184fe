package main

import (
	"context"
	"log/slog"

	"github.com/sautigo/africastalking/voice"
)

// instruct tells a live call what to do; examples/voice-ivr does more.
func instruct(log *slog.Logger) func(context.Context, voice.Call) (voice.Response, error) {
	return func(ctx context.Context, call voice.Call) (voice.Response, error) {
		log.InfoContext(ctx, "call", "payload", call)
		return voice.Respond(
			voice.Say{Text: "Welcome, and thank you for calling."},
			voice.Say{Text: "Goodbye."},
		), nil
	}
}
