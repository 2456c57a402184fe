// Package delivery delivers callbacks in tests, and fails those whose app does not
// acknowledge them. It is what the test kits of callbacks without a dialogue have
// in common.
package delivery

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sautigo/africastalking/internal/gateway"
)

// App is an app that gets callbacks. It is safe for concurrent use.
type App struct {
	// Kit begins each failure: the name of the test kit.
	Kit string
	TB  testing.TB
	App gateway.App
	// Where is shown with a failure, such as the path.
	Where    string
	Deadline time.Duration
	// Copies is how often each callback is delivered at the same instant.
	Copies int
	last   *last
}

type last struct {
	mu       sync.Mutex
	what     string
	callback gateway.Callback
	answer   gateway.Answer
}

// New returns a with nothing delivered yet.
func New(a App) *App {
	a.last = new(last)
	a.Copies = max(a.Copies, 1)
	return &a
}

// Post delivers a callback and fails the test unless each copy is answered with the
// status in time.
func (a *App) Post(what string, c gateway.Callback, status int) gateway.Answer {
	a.TB.Helper()
	answers := make([]gateway.Answer, a.Copies)
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), a.Deadline)
			defer cancel()
			answers[i] = a.App.Post(ctx, c)
		})
	}
	wg.Wait()
	for i, answer := range answers {
		if a.Copies > 1 {
			a.check(fmt.Sprintf("%s, copy %d of %d,", what, i+1, a.Copies), c, answer, status)
		} else {
			a.check(what, c, answer, status)
		}
	}
	a.last.mu.Lock()
	defer a.last.mu.Unlock()
	a.last.what, a.last.callback, a.last.answer = what, c, answers[0]
	return answers[0]
}

// Again delivers the last callback once more.
func (a *App) Again(status int) gateway.Answer {
	a.TB.Helper()
	a.last.mu.Lock()
	what, c := a.last.what, a.last.callback
	a.last.mu.Unlock()
	if what == "" {
		a.TB.Errorf("%s: there is nothing to deliver again", a.Kit)
		return gateway.Answer{}
	}
	return a.Post(strings.TrimSuffix(what, ", delivered again")+", delivered again", c, status)
}

// Answer returns the answer to the last callback.
func (a *App) Answer() gateway.Answer {
	a.last.mu.Lock()
	defer a.last.mu.Unlock()
	return a.last.answer
}

func (a *App) check(what string, c gateway.Callback, answer gateway.Answer, status int) {
	a.TB.Helper()
	switch {
	case answer.Err == context.DeadlineExceeded:
		a.Fail(c, answer, "%s has no answer after %s", what, a.Deadline)
	case answer.Err != nil:
		a.Fail(c, answer, "%s has no answer: %v", what, answer.Err)
	case answer.Status != status:
		a.Fail(c, answer, "%s is answered %d, want %d", what, answer.Status, status)
	}
}

// Fail fails the test and shows a callback and its answer.
func (a *App) Fail(c gateway.Callback, answer gateway.Answer, format string, args ...any) {
	a.TB.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "%s: "+format, append([]any{a.Kit}, args...)...)
	fmt.Fprintf(&b, "\n    POST %s\n    %s", a.Where, c.Body)
	if answer.Status != 0 {
		fmt.Fprintf(&b, "\n    answer: %d %s", answer.Status, http.StatusText(answer.Status))
		if body := strings.TrimSpace(string(answer.Body)); body != "" {
			fmt.Fprintf(&b, "\n    %s", strings.ReplaceAll(body, "\n", "\n    "))
		}
	}
	a.TB.Errorf("%s", b.String())
}
