package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking/client/clienttest"
	"github.com/sautigo/africastalking/examples/internal/exampletest"
)

// answers is what the printed curl lines get, in their order.
var answers = []struct{ path, body string }{
	{"/api/sms/twoway", "GOOD"},
	{"/api/sms/delivery-reports", "OK"},
	{"/api/sms/opt-out", "OK"},
	{"/api/sms/subscription", "OK"},
	{"/api/ussd/session", "CON What would you want to check\n1. My Account\n2. My phone number"},
	{"/api/ussd/session", "END Your account number is ACC1001"},
	{"/api/ussd/status", "OK"},
	{"/api/voice/instruct", `<?xml version="1.0" encoding="UTF-8"?><Response>` +
		`<Say>Welcome, and thank you for calling.</Say><Say>Goodbye.</Say></Response>`},
	{"/api/voice/events", "OK"},
	{"/api/airtime/validation", `{"status":"Validated"}`},
	{"/api/airtime/status", "OK"},
	{"/api/sim-swap/status", "OK"},
	{"/webhook", "OK"},
}

const printedReply = `SMS from "21512" to "***01": "Thank you, we have got your message."` + "\n"

func TestCurlLines(t *testing.T) {
	t.Parallel()
	p := exampletest.Start(t, run, nil)
	base := p.URL(t)
	lines := p.Curls()
	if len(lines) != len(answers) {
		t.Fatalf("%d curl lines are printed, want %d:\n%s", len(lines), len(answers), p.Intro)
	}
	printed := make(chan string, 1)
	go func() { printed <- <-p.Stdout }()
	for i, line := range lines {
		if !strings.HasSuffix(line, " "+base+answers[i].path) {
			t.Errorf("line %d does not post to %s%s: %s", i, base, answers[i].path, line)
		}
		status, body := exampletest.Do(t, line)
		if status != http.StatusOK || body != answers[i].body {
			t.Errorf("%s\nis answered %d %q, want 200 %q", line, status, body, answers[i].body)
		}
	}
	if got := <-printed; got != printedReply {
		t.Errorf("printed %q, want %q", got, printedReply)
	}

	p.Stop()
	if err := <-p.Ended; err != nil {
		t.Errorf("the program ended with %v", err)
	}
	p.Stderr.Lacks(t, private...)
	if got := strings.Count(p.Stderr.String(), "level=INFO"); got != len(lines) {
		t.Errorf("%d lines are logged, want one for each of %d callbacks:\n%s", got, len(lines), p.Stderr)
	}
	if strings.Contains(p.Stderr.String(), "level=WARN") || strings.Contains(p.Stderr.String(), "level=ERROR") {
		t.Errorf("something went wrong:\n%s", p.Stderr)
	}
}

func TestCurlLinesInShell(t *testing.T) {
	t.Parallel()
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Skip(err)
	}
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip(err)
	}
	p := exampletest.Start(t, run, nil)
	printed := make(chan string, 1)
	go func() { printed <- <-p.Stdout }()
	for i, line := range p.Curls() {
		cmd := exec.Command(shell, "-c", line)
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "CURL_HOME=" + t.TempDir()}
		got, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s\n%v", line, err)
		}
		if want := answers[i].body + "\n"; string(got) != want {
			t.Errorf("%s\nprints %q, want %q", line, got, want)
		}
	}
	if got := <-printed; got != printedReply {
		t.Errorf("printed %q, want %q", got, printedReply)
	}
}

func TestOnlyPost(t *testing.T) {
	t.Parallel()
	h, _ := newRoutes(clienttest.NewServer(t).Client())
	for _, a := range answers {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, a.path, nil))
		if got, want := [2]string{w.Result().Status, w.Header().Get("Allow")}, [2]string{"405 Method Not Allowed", "POST"}; got != want {
			t.Errorf("GET %s is answered %q, want %q", a.path, got, want)
		}
	}
}

// The reply cannot be printed until the test takes it from the program's output,
// which holds the request until after the program was told to stop.
func TestShutdownFinishesRequest(t *testing.T) {
	t.Parallel()
	p := exampletest.Start(t, run, nil)
	answer := make(chan string, 1)
	go func() {
		resp, err := http.Post(p.URL(t)+"/api/sms/twoway", "application/x-www-form-urlencoded", strings.NewReader(message("1")))
		if err != nil {
			answer <- err.Error()
			return
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		answer <- string(body)
	}()
	<-p.Stderr.Written
	p.Stop()
	if got := <-p.Stdout; got != printedReply {
		t.Errorf("printed %q, want %q", got, printedReply)
	}
	if got := <-answer; got != "GOOD" {
		t.Errorf("the request in flight is answered %q, want GOOD", got)
	}
	if err := <-p.Ended; err != nil {
		t.Errorf("the program ended with %v", err)
	}
}

func TestAccount(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		vars map[string]string
		want string
	}{
		{"none", nil, "No account: SMS replies are printed here."},
		{"both", map[string]string{"AT_USERNAME": "acme", "AT_API_KEY": "atsk_secret"},
			"SMS replies are sent through Africa's Talking: client(host=api.africastalking.com)."},
		{"sandbox", map[string]string{"AT_USERNAME": "sandbox", "AT_API_KEY": "atsk_secret"},
			"SMS replies are sent through Africa's Talking: client(host=api.sandbox.africastalking.com)."},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := exampletest.Start(t, run, test.vars)
			if !strings.Contains(p.Intro, test.want) {
				t.Errorf("the program prints\n%s\nwant %q in it", p.Intro, test.want)
			}
			if strings.Contains(p.Intro+p.Stderr.String(), "atsk_secret") {
				t.Error("the program prints the API key")
			}
		})
	}
}

func TestRunRefuses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		vars map[string]string
		args []string
		want string
	}{
		{"no key", map[string]string{"AT_USERNAME": "acme"}, nil,
			"AT_USERNAME is set but AT_API_KEY is not: set both to send, or none to do without an account"},
		{"no username", map[string]string{"AT_API_KEY": "atsk_secret"}, nil,
			"AT_API_KEY is set but AT_USERNAME is not: set both to send, or none to do without an account"},
		{"bad address", nil, []string{"-addr", "127.0.0.1:none"}, "listen tcp: lookup tcp/none: unknown port"},
		{"bad flag", nil, []string{"-port", "9000"}, "flag provided but not defined: -port"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			err := run(t.Context(), test.args, exampletest.Environ(test.vars), io.Discard, io.Discard)
			if err == nil {
				t.Fatal("the program runs")
			}
			if diff := cmp.Diff(test.want, err.Error()); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}
