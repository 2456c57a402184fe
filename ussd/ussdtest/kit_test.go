package ussdtest_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/sautigo/africastalking/ussd"
	"github.com/sautigo/africastalking/webhook"
)

// fake is a test that may fail.
type fake struct {
	testing.TB // nil: a phone calls nothing but what is below
	errors     []string
	logs       []string
	fatal      bool
}

func (f *fake) Helper() {}

func (f *fake) Logf(format string, args ...any) {
	f.logs = append(f.logs, fmt.Sprintf(format, args...))
}

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

// app is a handler with a function from text to screen.
func app(f func(text string) ussd.Response) http.Handler {
	return ussd.Handler(func(_ context.Context, r ussd.Request) (ussd.Response, error) { return f(r.Text), nil }, quiet())
}

// bank is a small app that has no state.
var bank = app(func(text string) ussd.Response {
	switch text {
	case "":
		return ussd.Continue("1. Balance\n2. Send").WithHop("home")
	case "1":
		return ussd.End("Your balance is KES 5.00.").WithHop("balance")
	case "2":
		return ussd.Continue("To whom?")
	}
	if to, ok := strings.CutPrefix(text, "2*"); ok {
		return ussd.End("Sent to " + to + ".")
	}
	return ussd.End("No such choice.")
})

// raw answers without the library's help.
func raw(status int, contentType, body string, header ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if contentType != "" {
			w.Header().Set("Content-Type", contentType)
		}
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	})
}

const plain = "text/plain; charset=utf-8"

// after answers the first hop with a menu and the rest with h.
func after(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if q, err := ussd.Parse(r); err == nil && q.First() {
			raw(200, plain, "CON 1. On").ServeHTTP(w, r)
			return
		}
		h.ServeHTTP(w, r)
	})
}
