package main

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking/examples/internal/curl"
	"github.com/sautigo/africastalking/examples/internal/exampletest"
	"github.com/sautigo/africastalking/voice"
)

const url = "https://ivr.example.com"

// call is a call to the program, as Africa's Talking conducts it.
type call struct {
	t    *testing.T
	ivr  http.Handler
	log  *exampletest.Log
	at   string // the callback URL
	next []voice.Action
}

func dial(t *testing.T) *call {
	t.Helper()
	log := exampletest.NewLog()
	h, err := newIVR(url, "+254711000099", slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	c := &call{t: t, ivr: h, log: log, at: url + "/voice"}
	c.ask("callSessionState", "Ringing")
	return c
}

// post sends a callback to where the call is and returns the body of the answer.
func (c *call) post(pairs ...string) string {
	c.t.Helper()
	body := curl.Form(append([]string{"sessionId", "ATVId_1", "callerNumber", "+254711000001", "destinationNumber", "+254711000942"}, pairs...)...)
	r := httptest.NewRequest(http.MethodPost, c.at, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	c.ivr.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		c.t.Fatalf("%s answers %d %s", c.at, w.Code, w.Body)
	}
	return w.Body.String()
}

// ask sends a callback of the live call and takes its answer for what comes next.
func (c *call) ask(pairs ...string) {
	c.t.Helper()
	var response voice.Response
	if err := response.UnmarshalText([]byte(c.post(append(pairs, "isActive", "1")...))); err != nil {
		c.t.Fatal(err)
	}
	if err := response.Check(); err != nil {
		c.t.Errorf("%s: %v", c.at, err)
	}
	c.next = response.Actions()
}

// take returns the next action, which is a T.
func take[T voice.Action](c *call) T {
	c.t.Helper()
	if len(c.next) == 0 {
		c.t.Fatalf("nothing happens, want a %T", *new(T))
	}
	action, ok := c.next[0].(T)
	if !ok {
		c.t.Fatalf("%T happens, want a %T", c.next[0], action)
	}
	c.next = c.next[1:]
	return action
}

func (c *call) hears(want string) {
	c.t.Helper()
	if got := take[voice.Say](c).Text; got != want {
		c.t.Errorf("the caller hears %q, want %q", got, want)
	}
}

// hearsMenu passes over the menu, as if nothing was pressed.
func (c *call) hearsMenu() voice.GetDigits {
	c.t.Helper()
	menu := take[voice.GetDigits](c)
	if prompt, ok := menu.Prompt.(voice.Say); !ok || !strings.HasPrefix(prompt.Text, "Welcome.") {
		c.t.Errorf("the caller hears %#v, want the menu", menu.Prompt)
	}
	return menu
}

func (c *call) presses(digit string) {
	c.t.Helper()
	c.at = c.hearsMenu().CallbackURL
	c.ask("dtmfDigits", digit)
}

func (c *call) isRedirected() {
	c.t.Helper()
	c.at = take[voice.Redirect](c).URL
	c.ask()
}

func (c *call) isOver() {
	c.t.Helper()
	if len(c.next) > 0 {
		c.t.Errorf("the call goes on with %T, want its end", c.next[0])
	}
	if got := c.post("isActive", "0", "durationInSeconds", "39", "currencyCode", "KES", "amount", "1.25"); got != "OK" {
		c.t.Errorf("the end of the call is answered %q, want OK", got)
	}
	if !strings.Contains(c.log.String(), `msg="call ended" session=ATVId_1 status="" duration=39s cost="KES 1.25"`) {
		c.t.Errorf("the log does not have the cost:\n%s", c.log)
	}
	c.log.Lacks(c.t, "711000001", "711000099", "203.0.113.212", "ERROR", "WARN")
}

func TestSilence(t *testing.T) {
	t.Parallel()
	c := dial(t)
	c.hearsMenu()
	c.isRedirected()
	c.hearsMenu()
	c.isRedirected()
	c.hearsMenu()
	c.hears("Goodbye.")
	c.isOver()
}

func TestHours(t *testing.T) {
	t.Parallel()
	c := dial(t)
	for range maxTries - 1 {
		c.presses("1")
		c.hears("We are open from Monday to Friday, from eight to five.")
		c.isRedirected()
	}
	c.presses("1")
	c.hears("We are open from Monday to Friday, from eight to five.")
	c.hears("Goodbye.")
	c.isOver()
}

func TestWrongChoice(t *testing.T) {
	t.Parallel()
	c := dial(t)
	c.presses("9")
	c.hears("There is no such choice.")
	c.isRedirected()
	c.presses("1")
	c.hears("We are open from Monday to Friday, from eight to five.")
	c.isRedirected()
	c.hearsMenu()
	c.hears("Goodbye.")
	c.isOver()
}

func TestMessage(t *testing.T) {
	t.Parallel()
	for recording, want := range map[string]string{
		"http://203.0.113.212:8080/0123456789abcdef0123456789abcdef.mp3": "Thank you for your message. Goodbye.",
		"": "We have recorded nothing. Goodbye.",
	} {
		c := dial(t)
		c.presses("2")
		record := take[voice.Record](c)
		if diff := cmp.Diff(voice.Record{
			Prompt:      voice.Say{Text: "Please leave your message after the tone, then press the hash key."},
			FinishOnKey: "#",
			MaxLength:   2 * time.Minute,
			Timeout:     10 * time.Second,
			TrimSilence: true,
			PlayBeep:    true,
			CallbackURL: url + "/voice/message",
		}, record); diff != "" {
			t.Errorf("recording (-want +got):\n%s", diff)
		}
		c.at = record.CallbackURL
		c.ask("recordingUrl", recording)
		c.hears(want)
		c.isOver()
	}
}

func TestAgent(t *testing.T) {
	t.Parallel()
	c := dial(t)
	c.presses("3")
	c.hears("Please hold the line.")
	want := voice.Dial{PhoneNumbers: "+254711000099", MaxDuration: 30 * time.Minute}
	if diff := cmp.Diff(want, take[voice.Dial](c)); diff != "" {
		t.Errorf("dialling (-want +got):\n%s", diff)
	}
	c.hears("All of us are on the phone. Please call again later.")

	for _, around := range [][]string{
		{"dialDestinationNumber", "+254711000099", "dialDurationInSeconds", "0"},
		{"dialDestinationNumber", "+254711000099", "dialDurationInSeconds", "6", "dtmfDigits", "3"},
	} {
		c.ask(around...)
		if len(c.next) > 0 {
			t.Errorf("a callback around the Dial is answered with %T, want nothing", c.next[0])
		}
	}
	c.isOver()
}

func TestNewIVRRefuses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, url, agent string }{
		{"no scheme", "ivr.example.com", "+254711000099"},
		{"two agents in one", url, "+254711000098,+254711000099"},
		{"no agent", url, ""},
	} {
		if _, err := newIVR(test.url, test.agent, slog.New(slog.DiscardHandler)); err == nil {
			t.Errorf("%s: got no error", test.name)
		}
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	p := exampletest.Start(t, run, nil)
	want := []string{
		"<GetDigits ", "<GetDigits ", "<Record ", "Thank you for your message.", "<Dial ", "<Response/>", "OK",
	}
	lines := p.Curls()
	if len(lines) != len(want) {
		t.Fatalf("%d curl lines are printed, want %d", len(lines), len(want))
	}
	for i, line := range lines {
		if status, body := exampletest.Do(t, line); status != http.StatusOK || !strings.Contains(body, want[i]) {
			t.Errorf("%s\nis answered %d %q, want 200 with %q", line, status, body, want[i])
		}
	}
	p.Stop()
	if err := <-p.Ended; err != nil {
		t.Errorf("the program ended with %v", err)
	}
}

func TestRunRefusesURL(t *testing.T) {
	t.Parallel()
	err := run(context.Background(), []string{"-addr", "127.0.0.1:0", "-url", "ivr.example.com"}, nil, io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), `url "ivr.example.com"`) {
		t.Errorf("the program ends with %v, want an error about the URL", err)
	}
}
