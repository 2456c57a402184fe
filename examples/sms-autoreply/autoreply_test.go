package main

import (
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking/client"
	"github.com/sautigo/africastalking/client/clienttest"
	"github.com/sautigo/africastalking/examples/internal/exampletest"
	"github.com/sautigo/africastalking/sms"
	"github.com/sautigo/africastalking/sms/smstest"
)

// app is the program's handlers with an account at a made-up Africa's Talking.
type app struct {
	http.Handler
	log *exampletest.Log
	at  *clienttest.Server
}

// newApp returns an app whose first messages are answered with replies, and the
// others accepted.
func newApp(t *testing.T, replies ...clienttest.Reply) *app {
	a := &app{log: exampletest.NewLog(), at: clienttest.NewServer(t)}
	a.at.Next(replies...)
	a.Handler = routes(a.at.Client(), slog.New(slog.NewTextHandler(a.log, nil)))
	return a
}

// texts returns those of the messages that were tried.
func (a *app) texts() []string {
	var texts []string
	for _, r := range a.at.Requests() {
		texts = append(texts, r.Message.Text)
	}
	return texts
}

// box returns the program as it is reached at a callback URL.
func (a *app) box(t *testing.T, path string) *smstest.App {
	return smstest.New(t, a, smstest.WithPath(path))
}

const (
	stopped     = "You will get no more messages from us. Send START if you change your mind."
	welcome     = "Welcome back. " + help
	unknown     = "Sorry, we do not know that word. " + help
	balanceText = "Your balance is KES 1250.50."
)

func TestConversations(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		replies  []clienttest.Reply
		messages []string // id:text, with =500 if it is to come again
		want     []string
	}{
		{"help", nil, []string{"1:HELP", "2:help", "3: Help. Please"}, []string{help, help, help}},
		{"balance", nil, []string{"1:balance"}, []string{balanceText}},
		{"unknown", nil, []string{"1:Hello", "2:HELP", "3:", "4:help", "5:???"}, []string{unknown, help, unknown, help, unknown}},
		{"a machine that always answers", nil, []string{"1:I am driving", "2:I am driving", "3:I am driving", "4:balance", "5:I am driving"},
			[]string{unknown, balanceText, unknown}},
		{"stop politely", nil, []string{"1:Please stop", "2:HELP", "3:Start please", "4:S’il vous plaît arrêtez", "5:HELP"},
			[]string{stopped, welcome, stopped}},
		{"not stop", nil, []string{"1:Please don't stop", "2:HELP"}, []string{unknown, help}},
		{"stop", nil, []string{"1:Stop", "2:STOP", "3:HELP", "4:balance", "5:what?"}, []string{stopped}},
		{"stop and start", nil, []string{"1:STOP", "2:START", "3:HELP", "4:STOP", "5:HELP"},
			[]string{stopped, welcome, help, stopped}},
		{"arrives twice", nil, []string{"1:HELP", "1:HELP"}, []string{help}},
		{"old start arrives again", nil, []string{"1:START", "2:STOP", "1:START", "3:HELP"},
			[]string{welcome, stopped}},
		{"help not sent", []clienttest.Reply{clienttest.TooManyRequests}, []string{"1:HELP=500", "1:HELP", "1:HELP"}, []string{help, help}},
		{"help unknown", []clienttest.Reply{clienttest.CutJSON}, []string{"1:HELP", "1:HELP"}, []string{help}},
		{"help refused", []clienttest.Reply{clienttest.InvalidSenderID}, []string{"1:HELP", "1:HELP"}, []string{help}},
		{"confirmation not sent", []clienttest.Reply{clienttest.Unavailable},
			[]string{"1:STOP=500", "2:HELP", "1:STOP", "3:STOP"}, []string{stopped, stopped}},
		{"confirmation unknown", []clienttest.Reply{clienttest.CutJSON}, []string{"1:STOP", "2:STOP"}, []string{stopped}},
		{"welcome not sent", []clienttest.Reply{clienttest.TooManyRequests}, []string{"1:START=500", "1:START", "2:HELP"}, []string{welcome, welcome, help}},
		{"opted out, then unknown", nil, []string{"1:STOP", "2:Hello", "3:Hello", "4:START", "5:Hello"}, []string{stopped, welcome, unknown}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t, test.replies...)
			incoming := a.box(t, "/sms/incoming")
			for _, m := range test.messages {
				id, text, _ := strings.Cut(m, ":")
				text, refused := strings.CutSuffix(text, "=500")
				status := http.StatusOK
				if refused {
					status = http.StatusInternalServerError
				}
				incoming.Expect(status).Message(sms.IncomingMessage{ID: id, Text: text})
			}
			if diff := cmp.Diff(test.want, a.texts()); diff != "" {
				t.Errorf("replies (-want +got):\n%s", diff)
			}
			a.log.Lacks(t, "711000001", "no more messages")
		})
	}
}

func TestReplyMessage(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	a.box(t, "/sms/incoming").Message(sms.IncomingMessage{Text: "HELP", LinkID: "0309"})
	want := []client.Message{{To: []string{"+254711000001"}, Text: help, From: "21512", LinkID: "0309"}}
	if diff := cmp.Diff(want, a.at.Sent()); diff != "" {
		t.Errorf("sent (-want +got):\n%s", diff)
	}
}

func TestOptOutCallback(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	a.box(t, "/sms/opt-out").OptOut(sms.OptOut{}) // from the number and code of the messages
	incoming := a.box(t, "/sms/incoming")
	incoming.Message(sms.IncomingMessage{Text: "HELP"})
	incoming.Message(sms.IncomingMessage{Text: "STOP"})
	incoming.Message(sms.IncomingMessage{Text: "START"})
	if diff := cmp.Diff([]string{welcome}, a.texts()); diff != "" {
		t.Errorf("replies (-want +got):\n%s", diff)
	}
}

func TestStopAtOnce(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	incoming := a.box(t, "/sms/incoming")
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() { incoming.Message(sms.IncomingMessage{Text: "STOP"}) })
	}
	wg.Wait()
	if diff := cmp.Diff([]string{stopped}, a.texts()); diff != "" {
		t.Errorf("replies (-want +got):\n%s", diff)
	}
}

// Neither names nor short codes get replies, the bot's own code least of all.
func TestNoReplyLoops(t *testing.T) {
	t.Parallel()
	for _, from := range []string{"MTN", "40404", smstest.DefaultShortCode, "+" + smstest.DefaultShortCode} {
		a := newApp(t)
		a.box(t, "/sms/incoming").Message(sms.IncomingMessage{From: from, Text: "HELP"})
		if n := len(a.at.Requests()); n > 0 {
			t.Errorf("sent %d replies to %s, want none", n, from)
		}
	}
}

func TestCommand(t *testing.T) {
	t.Parallel()
	for want, texts := range map[string][]string{
		stop: {
			"STOP", "stop", " Stop. Thank you", "stop!", "Stop\u00a0please", "STOPALL", "stop all", "UNSUBSCRIBE", "unsubscribe me", "Please stop",
			"PLS STOP!!!", "Kindly, stop", "I want to stop", "Can you please stop sending me this?", "\"STOP\"", "Stop 1",
			"cancel", "Please cancel", "END", "quit, thanks", "opt out", "Opt-out please", "optout",
			"ARRET", "Arrêt", "ARRÊT", "Arre\u0302t", "arrêter svp", "S'il vous plaît, arrêtez", "Je veux me désabonner",
			"Tafadhali acha", "simamisha", "Parar por favor",
		},
		start:     {"START", "start", "Please start", "unstop", "Anza"},
		"HELP":    {"help", " Help. Please", "Hello, help"},
		"BALANCE": {"Balance?", "1. balance", "Balance, please"},
		"":        {"", "???", "12345", "😀", "please"},
		"DON'T":   {"don't stop", "Please don’t stop"},
		"DO":      {"Do not stop"},
		"WHERE":   {"Where is the bus stop?"},
		"END":     {"End of month balance"},
		"CANCEL":  {"cancel my order"},
		"STOPPED": {"stopped"},
		"NE":      {"Ne m'arrêtez pas"},
	} {
		for _, text := range texts {
			if got := command(text); got != want {
				t.Errorf("command(%q) = %q, want %q", text, got, want)
			}
		}
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	p := exampletest.Start(t, run, nil)
	want := []string{help, balanceText, stopped, welcome}
	printed := make(chan string, len(want))
	go func() {
		for range want {
			printed <- <-p.Stdout
		}
	}()
	for _, line := range p.Curls() {
		if status, body := exampletest.Do(t, line); status != http.StatusOK || body != "GOOD" {
			t.Errorf("%s\nis answered %d %q, want 200 GOOD", line, status, body)
		}
	}
	for _, text := range want {
		if got, want := <-printed, fmt.Sprintf("SMS from %q to %q: %q\n", "21512", "***01", text); got != want {
			t.Errorf("printed %q, want %q", got, want)
		}
	}
	p.Stop()
	if err := <-p.Ended; err != nil {
		t.Errorf("the program ended with %v", err)
	}
	p.Stderr.Lacks(t, "711000001")
}

func TestRunNeedsWholeAccount(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"AT_USERNAME", "AT_API_KEY"} {
		err := run(t.Context(), nil, exampletest.Environ(map[string]string{name: "x"}), nil, nil)
		if err == nil || !strings.Contains(err.Error(), "set both to send") {
			t.Errorf("with only %s the program ends with %v", name, err)
		}
	}
}
