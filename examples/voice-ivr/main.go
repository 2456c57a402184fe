// Voice-ivr answers calls with a menu: opening hours, a message to leave, an agent
// to talk to.
//
//	go run ./examples/voice-ivr
//
// It prints curl lines that walk through a call. For real calls, give it the address
// under which Africa's Talking reaches it, such as a tunnel's, as the menu leads from
// one of its URLs to the next, and somebody to ring:
//
//	go run ./examples/voice-ivr -url https://ivr.example.com -agent +254…
//
// All state of a call is in the URLs, so that a callback which comes twice gets the
// same answer. Nothing checks who is calling: see examples/embedding.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/sautigo/africastalking/examples/internal/curl"
	"github.com/sautigo/africastalking/examples/internal/serve"
)

func main() { serve.Main("voice-ivr", run) }

func run(ctx context.Context, args []string, _ func(string) string, stdout, stderr io.Writer) error {
	flags := serve.Flags("voice-ivr", stderr)
	url := flags.String("url", "", "the address as Africa's Talking reaches it (default the one listened on)")
	agent := flags.String("agent", "acme.agent1", "ring this number, SIP address or WebRTC client")
	l, err := serve.Listen(flags, args)
	if err != nil {
		return err
	}
	defer l.Close()
	local := serve.URL(l)
	base := strings.TrimSuffix(*url, "/")
	if base == "" {
		base = local
	}
	h, err := newIVR(base, *agent, slog.New(slog.NewTextHandler(stderr, nil)))
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "Listening on %s. The callback URL is %s/voice\n\n", local, base)
	for _, s := range steps() {
		fmt.Fprintf(stdout, "# %s\n%s\n\n", s.title, curl.Post(local+s.path, s.body))
	}
	fmt.Fprintln(stdout, "Paste any of these into another terminal. Ctrl-C stops the server.")
	return serve.Until(ctx, l, h)
}

// step is a callback in the course of a call.
type step struct {
	title, path, body string
}

func steps() []step {
	call := func(isActive string, more ...string) string {
		return curl.Form(append([]string{"isActive", isActive, "sessionId", "ATVId_8727006c461fa5d03e10c621887746ec", "direction", "Inbound",
			"callerNumber", "+254711000001", "destinationNumber", "+254711000942"}, more...)...)
	}
	return []step{
		{"A call comes in", "/voice", call("1", "callSessionState", "Ringing")},
		{"Nothing was pressed", "/voice/menu/2", call("1")},
		{"2 was pressed: leave a message", "/voice/choice/2", call("1", "dtmfDigits", "2")},
		{"The message was recorded", "/voice/message", call("1", "recordingUrl", "http://203.0.113.212:8080/0123456789abcdef0123456789abcdef.mp3")},
		{"3 was pressed: talk to an agent", "/voice/choice/1", call("1", "dtmfDigits", "3")},
		{"The agent has answered", "/voice/choice/1", call("1", "dialDestinationNumber", "acme.agent1", "dialDurationInSeconds", "0")},
		{"The call is over", "/voice/choice/1", call("0", "callSessionState", "Completed", "status", "Success",
			"durationInSeconds", "39", "currencyCode", "KES", "amount", "1.25")},
	}
}
