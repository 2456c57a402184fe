package kit

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

// Options are what every kit lets a test choose.
type Options struct {
	// Path is the one that a handler is called at.
	Path string
	// Transport reaches an app at a URL.
	Transport http.RoundTripper
	// Deadline is how long an answer may take.
	Deadline time.Duration
	// Copies is how often each callback is delivered at the same instant.
	Copies int
	// Events takes notifications in memory, or else EventsURL does.
	Events    http.Handler
	EventsURL string
}

// App returns the app that h is or, if h is nil, the app at url.
func (o Options) App(h http.Handler, url string) gateway.App {
	if h != nil {
		return gateway.Handler(h, o.Path)
	}
	return gateway.URL(url, o.Transport)
}

// EventsApp returns the app that takes notifications, or nil.
func (o Options) EventsApp() gateway.App {
	switch {
	case o.Events != nil:
		return gateway.Handler(o.Events, "")
	case o.EventsURL != "":
		return gateway.URL(o.EventsURL, o.Transport)
	}
	return nil
}

// Acknowledged returns why a notification was not acknowledged in time, or "".
// Documented as acknowledged is status 200.
func (o Options) Acknowledged(a gateway.Answer) (problem string) {
	switch {
	case a.Err != nil || a.Status != http.StatusOK:
		return "was not acknowledged with 200: " + Describe(a)
	case a.Took > o.Deadline:
		return fmt.Sprintf("was acknowledged after %v, deadline %v", a.Took.Round(time.Millisecond), o.Deadline)
	}
	return ""
}

// Delivery delivers callbacks that have no dialogue, and fails the test unless the
// app acknowledges them. It is safe for concurrent use.
type Delivery struct {
	TB    testing.TB
	kit   string
	o     Options
	app   gateway.App
	where string

	mu       sync.Mutex
	what     string // of the last callback
	callback gateway.Callback
	answer   gateway.Answer
}

// NewDelivery returns the delivery of a kit to the app that h is or, if h is nil, to
// the app at url.
func NewDelivery(tb testing.TB, kit string, h http.Handler, url string, o Options) *Delivery {
	if h != nil {
		url = "/" + strings.TrimPrefix(o.Path, "/")
	}
	o.Copies = max(o.Copies, 1)
	return &Delivery{TB: tb, kit: kit, o: o, app: o.App(h, url), where: url}
}

// Post delivers a callback and fails the test unless each copy is answered with the
// status in time.
func (d *Delivery) Post(what string, c gateway.Callback, status int) gateway.Answer {
	d.TB.Helper()
	answers := make([]gateway.Answer, d.o.Copies)
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), d.o.Deadline)
			defer cancel()
			answers[i] = d.app.Post(ctx, c)
		})
	}
	wg.Wait()
	for i, answer := range answers {
		if d.o.Copies > 1 {
			d.check(fmt.Sprintf("%s, copy %d of %d,", what, i+1, d.o.Copies), c, answer, status)
		} else {
			d.check(what, c, answer, status)
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.what, d.callback, d.answer = what, c, answers[0]
	return answers[0]
}

// Again delivers the last callback once more.
func (d *Delivery) Again(status int) {
	d.TB.Helper()
	d.mu.Lock()
	what, c := d.what, d.callback
	d.mu.Unlock()
	if what == "" {
		d.TB.Errorf("%s: there is nothing to deliver again", d.kit)
		return
	}
	d.Post(strings.TrimSuffix(what, ", delivered again")+", delivered again", c, status)
}

// Answer returns the answer to the last callback.
func (d *Delivery) Answer() gateway.Answer {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.answer
}

func (d *Delivery) check(what string, c gateway.Callback, a gateway.Answer, status int) {
	d.TB.Helper()
	switch {
	case a.Err == context.DeadlineExceeded:
		d.Fail(c, a, "%s has no answer after %s", what, d.o.Deadline)
	case a.Err != nil:
		d.Fail(c, a, "%s has no answer: %s", what, Reason(a.Err))
	case a.Status != status:
		d.Fail(c, a, "%s is answered %d, want %d", what, a.Status, status)
	}
}

// Fail fails the test and shows a callback and its answer.
func (d *Delivery) Fail(c gateway.Callback, a gateway.Answer, format string, args ...any) {
	d.TB.Helper()
	picture := fmt.Sprintf("POST %s\n%s", d.where, c.Body)
	if a.Status != 0 {
		picture += fmt.Sprintf("\nanswer: %d %s", a.Status, http.StatusText(a.Status))
		if body := strings.TrimSpace(string(a.Body)); body != "" {
			picture += "\n" + Visible(Shorten(body, 2000))
		}
	}
	Reporter{
		TB: d.TB, Kit: d.kit,
		Picture: func() string { return picture + Stack(a) },
		URLs:    func() []string { return []string{d.where} },
	}.Errorf(format, args...)
}
