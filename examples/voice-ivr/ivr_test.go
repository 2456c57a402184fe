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
	"github.com/sautigo/africastalking/voice/voicetest"
)

const url = "https://ivr.example.com"

const (
	agent = "+254711000099"
	menu  = "Welcome. For our opening hours, press 1. To leave a message, press 2. To talk to us, press 3."
	hours = "We are open from Monday to Friday, from eight to five."
)

// call is a call to the program, whose log has been quiet about the people.
type call struct {
	*voicetest.Phone
	ivr http.Handler
	log *exampletest.Log
}

func dial(t *testing.T) call {
	t.Helper()
	log := exampletest.NewLog()
	h, err := newIVR(url, agent, slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	p := voicetest.New(t, h, voicetest.WithCallbackURL(url+"/voice"))
	return call{p.Dial().Hears(menu), h, log}
}

// isLogged checks that the log has the end of the call, and nothing private.
func (c call) isLogged(t *testing.T, how string) {
	t.Helper()
	if want := `msg="call ended" session=` + c.SessionID() + " " + how; !strings.Contains(c.log.String(), want) {
		t.Errorf("the log does not have %s:\n%s", want, c.log)
	}
	c.log.Lacks(t, "711000001", "711000099", "203.0.113.212", "ERROR", "WARN")
}

func TestSilence(t *testing.T) {
	t.Parallel()
	c := dial(t)
	c.Silence().Hears(menu)
	c.Silence().Hears(menu)
	c.Silence().Ends("Goodbye.")
	c.isLogged(t, `status=Success duration=30s cost="KES 0.75"`)
}

func TestHours(t *testing.T) {
	t.Parallel()
	c := dial(t)
	for range maxTries - 1 {
		c.Press("1").Hears(hours, menu)
	}
	c.Press("1").Ends(hours, "Goodbye.")
	c.isLogged(t, "status=Success")
}

func TestWrongChoice(t *testing.T) {
	t.Parallel()
	c := dial(t)
	c.Press("9").Hears("There is no such choice.", menu)
	c.Press("1").Hears(hours, menu)
	c.Silence().Ends("Goodbye.")
	c.isLogged(t, "status=Success")
}

func TestMessage(t *testing.T) {
	t.Parallel()
	const prompt = "Please leave your message after the tone, then press the hash key."
	for want, speak := range map[string]func(call) *voicetest.Phone{
		"Thank you for your message. Goodbye.": func(c call) *voicetest.Phone { return c.Record(9 * time.Second) },
		"We have recorded nothing. Goodbye.":   func(c call) *voicetest.Phone { return c.Silence() },
	} {
		c := dial(t)
		c.Press("2").Hears(prompt)
		if diff := cmp.Diff(voice.Record{
			Prompt:      voice.Say{Text: prompt},
			FinishOnKey: "#",
			MaxLength:   2 * time.Minute,
			Timeout:     10 * time.Second,
			TrimSilence: true,
			PlayBeep:    true,
			CallbackURL: url + "/voice/message",
		}, c.Action()); diff != "" {
			t.Errorf("recording (-want +got):\n%s", diff)
		}
		speak(c).Ends(want)
		c.isLogged(t, "status=Success")
	}
}

func TestAgent(t *testing.T) {
	t.Parallel()
	c := dial(t)
	c.Press("3").Hears("Please hold the line.").Rings(agent)
	want := voice.Dial{PhoneNumbers: agent, MaxDuration: 30 * time.Minute}
	if diff := cmp.Diff(want, c.Action()); diff != "" {
		t.Errorf("dialling (-want +got):\n%s", diff)
	}
	c.AnsweredBy(agent).Wait(time.Minute).TheyHangUp().Ends()
	c.isLogged(t, `status=Success duration=1m0s cost="KES 1.50"`)
}

func TestAgentIsBusy(t *testing.T) {
	t.Parallel()
	c := dial(t)
	c.Press("3").Unanswered(voice.UserBusy).Ends("All of us are on the phone. Please call again later.")
	c.isLogged(t, "status=Success")
}

// Should digits come along with a callback around the Dial, it is not dialled again.
func TestDialIsNotRepeated(t *testing.T) {
	t.Parallel()
	c := dial(t)
	r := httptest.NewRequest(http.MethodPost, url+"/voice/choice/1", strings.NewReader(curl.Form("sessionId", c.SessionID(), "isActive", "1",
		"dialDestinationNumber", agent, "dialDurationInSeconds", "6", "dtmfDigits", "3")))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	c.ivr.ServeHTTP(w, r)
	var response voice.Response
	if err := response.UnmarshalText(w.Body.Bytes()); err != nil || len(response.Actions()) > 0 {
		t.Errorf("the answer is %s, %v, want nothing to do", w.Body, err)
	}
}

// A callback that is delivered twice gets the same answer, whichever it is.
func TestRedelivery(t *testing.T) {
	t.Parallel()
	c := dial(t)
	c.Again().Silence().Again().Press("3").Again()
	c.AnsweredBy(agent).Again().TheyHangUp().Again()
	c.isLogged(t, "status=Success")
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
