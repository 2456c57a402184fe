package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sautigo/africastalking/examples/internal/exampletest"
	"github.com/sautigo/africastalking/sms"
	"github.com/sautigo/africastalking/sms/smstest"
	"github.com/sautigo/africastalking/ussd"
	"github.com/sautigo/africastalking/ussd/ussdtest"
	"github.com/sautigo/africastalking/voice/voicetest"
	"github.com/sautigo/africastalking/webhook"
)

var quiet = webhook.WithLogger(slog.New(slog.DiscardHandler))

const secret = "q7Wn2vXc9LkT4bRz8MhY1sDf6GjP3aEu"

// syncBuffer is a buffer for logs.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// start serves an app on loopback until the test ends, and returns its URL.
func start(t *testing.T, router string, a *app, log io.Writer) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- routers[router](a, secret, slog.New(slog.NewTextHandler(log, nil)))(ctx, l) }()
	t.Cleanup(func() {
		// Connections that are kept open would be waited for.
		http.DefaultTransport.(*http.Transport).CloseIdleConnections()
		stop()
		if err := <-done; err != nil {
			t.Errorf("%s ends with %v", router, err)
		}
	})
	return "http://" + l.Addr().String() + "/at/"
}

// each runs a test for every router.
func each(t *testing.T, test func(t *testing.T, router string)) {
	t.Parallel()
	for router := range routers {
		t.Run(router, func(t *testing.T) {
			t.Parallel()
			test(t, router)
		})
	}
}

func TestCallbacks(t *testing.T) {
	each(t, func(t *testing.T, router string) {
		var log syncBuffer
		at := start(t, router, newApp(), &log) + secret
		p := ussdtest.NewURL(t, at+"/ussd")
		p.Dial("*384*123#").Sees("Welcome.", "1. My number")
		p.Send("1").Ends("Your number is +254711000001").Again()
		smstest.NewURL(t, at+"/sms").Message(sms.IncomingMessage{Text: "HELP"})
		voicetest.NewURL(t, at+"/voice").Dial().Ends("Your number is +254711000001")

		for _, path := range []string{"/ussd", "/sms", "/voice"} {
			if !strings.Contains(log.String(), path) {
				t.Errorf("the access log lacks %s:\n%s", path, log.String())
			}
		}
		if strings.Contains(log.String(), secret) {
			t.Errorf("the access log has the secret:\n%s", log.String())
		}
	})
}

func TestStrangers(t *testing.T) {
	each(t, func(t *testing.T, router string) {
		url := start(t, router, newApp(quiet), io.Discard)
		for _, token := range []string{strings.ToUpper(secret), secret[1:], secret + "%20", "x"} {
			smstest.NewURL(t, url+token+"/sms").Expect(http.StatusNotFound).Message(sms.IncomingMessage{})
		}
		// Without a secret some routers redirect to the path without the empty segment.
		client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		for _, path := range []string{"/sms", "sms", "%2F/sms"} {
			resp, err := client.Post(url+path, "application/x-www-form-urlencoded", strings.NewReader("id=1&from=2&to=3&text=4"))
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode < 300 || resp.StatusCode >= 500 {
				t.Errorf("without a secret %s is answered %s", path, resp.Status)
			}
		}
		smstest.NewURL(t, url+secret+"/other").Expect(http.StatusNotFound).Message(sms.IncomingMessage{})
		// A callback of another kind has none of the fields.
		smstest.NewURL(t, url+secret+"/sms").Expect(http.StatusBadRequest).OptOut(sms.OptOut{})

		resp, err := http.Get(url + secret + "/sms")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusMethodNotAllowed || resp.Header.Get("Allow") != http.MethodPost {
			t.Errorf("a GET is answered %d, Allow %q; want 405 and POST", resp.StatusCode, resp.Header.Get("Allow"))
		}
	})
}

func TestManyAtOnce(t *testing.T) {
	each(t, func(t *testing.T, router string) {
		at := start(t, router, newApp(), io.Discard) + secret
		var wg sync.WaitGroup
		for i := range 100 {
			number := fmt.Sprintf("+2547110001%02d", i)
			wg.Go(func() {
				switch i % 4 {
				default:
					p := ussdtest.NewURL(t, at+"/ussd", ussdtest.WithPhoneNumber(number))
					p.Dial("*384*123#").Send("1").Ends("Your number is " + number)
				case 2:
					smstest.NewURL(t, at+"/sms").Message(sms.IncomingMessage{From: number})
				case 3:
					voicetest.NewURL(t, at+"/voice", voicetest.WithPhoneNumber(number)).Dial().Ends("Your number is " + number)
				}
			})
		}
		wg.Wait()
	})
}

// An answer at the deadline is there, whole, while the function is still busy; and
// what the function then reads is still its own, whatever the server does meanwhile.
func TestDeadline(t *testing.T) {
	each(t, func(t *testing.T, router string) {
		release := make(chan struct{})
		late := make(chan string, 1)
		a := newApp()
		a.ussd = ussd.Handler(func(ctx context.Context, r ussd.Request) (ussd.Response, error) {
			if r.First() {
				return ussd.Continue("Go on").WithHop("hop of " + r.PhoneNumber), nil
			}
			if r.PhoneNumber != ussdtest.DefaultPhoneNumber {
				return ussd.End("Done"), nil
			}
			<-release
			_, _ = webhook.FormFrom(ctx)
			late <- r.PhoneNumber + " " + r.Hop
			return ussd.End("Too late"), nil
		}, webhook.WithTimeout(100*time.Millisecond), quiet)
		at := start(t, router, a, io.Discard) + secret
		ussdtest.NewURL(t, at+"/ussd", ussdtest.WithLenient(ussdtest.Apology)).Dial("").Send("1").Ends(ussd.Apology)

		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				number := fmt.Sprintf("+2547110002%02d", i)
				ussdtest.NewURL(t, at+"/ussd", ussdtest.WithPhoneNumber(number)).Dial("").Send("1").Ends("Done")
			})
		}
		wg.Wait()
		close(release)
		if got, want := <-late, ussdtest.DefaultPhoneNumber+" hop of "+ussdtest.DefaultPhoneNumber; got != want {
			t.Errorf("the late function reads %q, want %q", got, want)
		}
	})
}

func TestRun(t *testing.T) {
	t.Parallel()
	p := exampletest.Start(t, run, nil, "-router", "gin")
	lines, wants := p.Curls(), []string{"END Your number is +254711000001", "GOOD", "<Say>Your number is +254711000001</Say>"}
	if len(lines) != len(wants) {
		t.Fatalf("%d curl lines are printed, want %d:\n%s", len(lines), len(wants), p.Intro)
	}
	for i, want := range wants {
		if status, body := exampletest.Do(t, lines[i]); status != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s\nis answered %d %q, want 200 with %q", lines[i], status, body, want)
		}
	}
	p.Stop()
	if err := <-p.Ended; err != nil {
		t.Errorf("run returns %v", err)
	}
}

func TestRunTakesSecretFromEnvironment(t *testing.T) {
	t.Parallel()
	p := exampletest.Start(t, run, map[string]string{"CALLBACK_SECRET": secret})
	if strings.Contains(p.Intro, secret) || !strings.Contains(p.Intro, `/at/"$CALLBACK_SECRET"/ussd`) {
		t.Errorf("the program shows the secret, or does not say where it goes:\n%s", p.Intro)
	}
	ussdtest.NewURL(t, p.URL(t)+"/at/"+secret+"/ussd").Dial("").Send("1").Ends("Your number is +254711000001")
}

func TestRunRefuses(t *testing.T) {
	t.Parallel()
	none := exampletest.Environ(nil)
	if err := run(t.Context(), []string{"-router", "other"}, none, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), "chi, echo, fiber, gin, gorilla/mux, net/http") {
		t.Errorf("an unknown router gives %v", err)
	}
	if err := run(t.Context(), []string{"-h"}, none, io.Discard, io.Discard); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("-h gives %v", err)
	}
}
