package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/sautigo/africastalking/voice"
	"github.com/sautigo/africastalking/webhook"
)

// maxTries is how often a caller hears the menu. A phone that lies off the hook
// must not listen to it all night.
const maxTries = 3

// ivr answers calls. Its methods return what to do next; they keep nothing.
type ivr struct {
	url   string
	agent voice.NumberList
	log   *slog.Logger
}

// newIVR returns the handlers of all callbacks. The URL is where they are reached;
// the agent is rung for those who want to talk to somebody.
func newIVR(url, agent string, log *slog.Logger) (http.Handler, error) {
	v := &ivr{url: url, agent: voice.Numbers(agent), log: log}
	// A mistake in either should not wait for the first caller to show.
	if err := voice.Respond(voice.Redirect{URL: url}).Err(); err != nil {
		return nil, fmt.Errorf("url %q: %w", url, err)
	}
	if err := voice.Respond(voice.Dial{PhoneNumbers: v.agent}).Err(); err != nil {
		return nil, fmt.Errorf("agent: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("/voice", v.handler(v.menu(1)))
	for try := 1; try <= maxTries; try++ {
		mux.Handle(fmt.Sprintf("/voice/menu/%d", try), v.handler(v.menu(try)))
		mux.Handle(fmt.Sprintf("/voice/choice/%d", try), v.handler(v.choice(try)))
	}
	mux.Handle("/voice/message", v.handler(v.message))
	return mux, nil
}

type answer func(context.Context, voice.Call) voice.Response

// handler serves one of the URLs. Whichever was the last of a call also gets the
// callbacks that are nobody's answer.
func (v *ivr) handler(next answer) http.Handler {
	return voice.Handler(func(ctx context.Context, call voice.Call) (voice.Response, error) {
		v.log.InfoContext(ctx, "call", "payload", call)
		if call.AfterDial() {
			// The caller is talking or has talked to the agent: dialling once more
			// would never end.
			return voice.Respond(), nil
		}
		return next(ctx, call), nil
	}, voice.OnEnd(v.end), webhook.WithLogger(v.log))
}

// menu asks what the caller wants. Pressing nothing makes no callback, so the
// Redirect asks for one.
func (v *ivr) menu(try int) answer {
	response := voice.Respond(
		voice.GetDigits{
			Prompt: voice.Say{Text: "Welcome. For our opening hours, press 1. " +
				"To leave a message, press 2. To talk to us, press 3."},
			NumDigits:   1,
			Timeout:     10 * time.Second,
			CallbackURL: fmt.Sprintf("%s/voice/choice/%d", v.url, try),
		},
		v.again(try),
	)
	return func(context.Context, voice.Call) voice.Response { return response }
}

// again leads back to the menu, until the caller has heard it often enough.
func (v *ivr) again(try int) voice.Action {
	if try == maxTries {
		return voice.Say{Text: "Goodbye."}
	}
	return voice.Redirect{URL: fmt.Sprintf("%s/voice/menu/%d", v.url, try+1)}
}

// choice does what the caller has chosen from the menu.
func (v *ivr) choice(try int) answer {
	return func(_ context.Context, call voice.Call) voice.Response {
		switch call.DTMFDigits {
		case "1":
			return voice.Respond(
				voice.Say{Text: "We are open from Monday to Friday, from eight to five."},
				v.again(try),
			)
		case "2":
			return voice.Respond(
				voice.Record{
					Prompt:      voice.Say{Text: "Please leave your message after the tone, then press the hash key."},
					FinishOnKey: "#",
					MaxLength:   2 * time.Minute,
					Timeout:     10 * time.Second,
					TrimSilence: true,
					PlayBeep:    true,
					CallbackURL: v.url + "/voice/message",
				},
				voice.Say{Text: "We have recorded nothing. Goodbye."},
			)
		case "3":
			return voice.Respond(
				voice.Say{Text: "Please hold the line."},
				voice.Dial{PhoneNumbers: v.agent, MaxDuration: 30 * time.Minute},
				// Heard only if nobody picks up.
				voice.Say{Text: "All of us are on the phone. Please call again later."},
			)
		}
		return voice.Respond(voice.Say{Text: "There is no such choice."}, v.again(try))
	}
}

// message thanks for a recording. An app that fetches it checks first that the
// URL leads where recordings come from: anybody can post one.
func (v *ivr) message(ctx context.Context, call voice.Call) voice.Response {
	if call.RecordingURL == "" {
		return voice.Respond(voice.Say{Text: "We have recorded nothing. Goodbye."})
	}
	v.log.InfoContext(ctx, "message recorded", "session", call.SessionID)
	return voice.Respond(voice.Say{Text: "Thank you for your message. Goodbye."})
}

func (v *ivr) end(ctx context.Context, call voice.Call) error {
	v.log.InfoContext(ctx, "call ended", "session", call.SessionID, "status", call.Status,
		"duration", call.Duration(), "cost", call.Cost().String())
	return nil
}
