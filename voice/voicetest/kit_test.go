package voicetest_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/sautigo/africastalking/voice"
	"github.com/sautigo/africastalking/voice/voicetest"
	"github.com/sautigo/africastalking/webhook"
)

// fake is a test that may fail.
type fake struct {
	testing.TB // nil: a phone calls nothing but what is below
	errors     []string
	fatal      bool
}

func (f *fake) Helper() {}

func (f *fake) Errorf(format string, args ...any) {
	f.errors = append(f.errors, fmt.Sprintf(format, args...))
}

func (f *fake) Fatalf(format string, args ...any) {
	f.Errorf(format, args...)
	f.fatal = true
	runtime.Goexit()
}

// try runs a test that may fail, in a goroutine that it may end.
func try(test func(tb testing.TB)) *fake {
	f := &fake{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		test(f)
	}()
	<-done
	return f
}

// failsWith fails t unless f has failed once, with all of the texts in its message.
func (f *fake) failsWith(t *testing.T, fatal bool, texts ...string) {
	t.Helper()
	if len(f.errors) != 1 || f.fatal != fatal {
		t.Fatalf("the test failed %d times, fatally: %v, want once and %v:\n%s", len(f.errors), f.fatal, fatal, strings.Join(f.errors, "\n"))
	}
	for _, text := range texts {
		if !strings.Contains(f.errors[0], text) {
			t.Errorf("the message does not have %q:\n%s", text, f.errors[0])
		}
	}
}

func (f *fake) passes(t *testing.T) {
	t.Helper()
	if len(f.errors) > 0 {
		t.Errorf("the test failed:\n%s", strings.Join(f.errors, "\n"))
	}
}

func quiet() webhook.Option { return webhook.WithLogger(slog.New(slog.DiscardHandler)) }

// app is a handler with a function from call to response.
func app(f func(voice.Call) voice.Response) http.Handler {
	return voice.Handler(func(_ context.Context, c voice.Call) (voice.Response, error) { return f(c), nil }, quiet())
}

// answers is an app that always does the same, but for the callbacks around a Dial.
func answers(actions ...voice.Action) http.Handler {
	return app(func(c voice.Call) voice.Response {
		if c.AfterDial() {
			return voice.Response{}
		}
		return voice.Respond(actions...)
	})
}

// ivr is a small app that has no state.
var ivr = func() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/voice", answers(
		voice.GetDigits{
			Prompt:      voice.Say{Text: "For our opening hours, press 1. To talk to us, press 2."},
			NumDigits:   1,
			CallbackURL: "https://ivr.example.com/voice/choice",
		},
		voice.Redirect{URL: "https://ivr.example.com/voice"},
	))
	mux.Handle("/voice/choice", app(func(c voice.Call) voice.Response {
		switch {
		case c.AfterDial():
			return voice.Response{}
		case c.DTMFDigits == "1":
			return voice.Respond(voice.Say{Text: "We are open from eight to five."})
		}
		return voice.Respond(
			voice.Say{Text: "Please hold the line."},
			voice.Dial{PhoneNumbers: "+254711000099", MaxDuration: 30 * time.Minute},
			voice.Say{Text: "All of us are on the phone."})
	}))
	return mux
}()

// base is where ivr is.
var base = voicetest.WithCallbackURL("https://ivr.example.com/voice")

const xmlType = "application/xml"

// raw answers callbacks of live calls without the library's help.
func raw(status int, contentType, body string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if call, err := voice.Parse(r); err == nil && !call.IsActive {
			return
		}
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	})
}

// doc answers with an XML document.
func doc(body string) http.Handler { return raw(200, xmlType, "<Response>"+body+"</Response>") }
