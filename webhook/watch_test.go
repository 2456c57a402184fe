package webhook_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking/webhook"
)

// afterTestClock moves a bubble's clock to where it cannot be told from a real one,
// so that one timer watches all callbacks of a handler.
func afterTestClock(t *testing.T, f func(t *testing.T)) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(30 * 365 * 24 * time.Hour)
		f(t)
	})
}

// Callbacks that come and go at all times are answered when they are done, or at
// their own deadline.
func TestWatch(t *testing.T) {
	t.Parallel()
	afterTestClock(t, func(t *testing.T) {
		const timeout = 8 * time.Second
		h := webhook.ReplyHandler(func(ctx context.Context, o order) (text, error) {
			d, err := time.ParseDuration(o.ID)
			time.Sleep(d)
			return text(o.ID), err
		}, discard, sorry, webhook.WithTimeout(timeout))
		var all sync.WaitGroup
		for i := range 400 {
			takes := []time.Duration{0, time.Second, timeout - time.Millisecond, timeout + time.Millisecond, time.Minute}[i%5]
			time.Sleep(time.Duration(i%7) * 100 * time.Millisecond)
			all.Go(func() {
				start := time.Now()
				w := &timed{ResponseRecorder: httptest.NewRecorder()}
				h.ServeHTTP(w, post(formType, "orderId="+takes.String()))
				want, at := replied(takes.String()), takes
				if takes > timeout {
					want, at = replied("sorry"), timeout
				}
				if diff := cmp.Diff(want, answerOf(w.Result())); diff != "" {
					t.Errorf("answer (-want +got):\n%s", diff)
				}
				if got := w.at.Sub(start); got != at {
					t.Errorf("%v was answered after %v, want %v", takes, got, at)
				}
			})
		}
		all.Wait()
		// The handler is idle for long, and then watches again.
		time.Sleep(time.Hour)
		start := time.Now()
		w := &timed{ResponseRecorder: httptest.NewRecorder()}
		h.ServeHTTP(w, post(formType, "orderId=1m"))
		if got := w.at.Sub(start); got != timeout {
			t.Errorf("after a pause, answered after %v", got)
		}
	})
}

// timed notes when it was written to.
type timed struct {
	*httptest.ResponseRecorder
	at time.Time
}

func (w *timed) Write(b []byte) (int, error) {
	w.at = time.Now()
	return w.ResponseRecorder.Write(b)
}

// A sender that does not read holds up nobody else's deadline.
func TestWatchBlockedWriter(t *testing.T) {
	t.Parallel()
	afterTestClock(t, func(t *testing.T) {
		h := webhook.ReplyHandler(func(context.Context, order) (text, error) { time.Sleep(2 * time.Hour); return "late", nil },
			discard, sorry, webhook.WithTimeout(8*time.Second))
		go h.ServeHTTP(&stuck{ResponseRecorder: httptest.NewRecorder()}, post(formType, "orderId=1"))
		synctest.Wait()
		start := time.Now()
		w := &timed{ResponseRecorder: httptest.NewRecorder()}
		h.ServeHTTP(w, post(formType, "orderId=2"))
		if got := w.at.Sub(start); got != 8*time.Second {
			t.Errorf("answered after %v", got)
		}
		time.Sleep(3 * time.Hour)
	})
}

type stuck struct{ *httptest.ResponseRecorder }

func (w *stuck) Write(b []byte) (int, error) {
	time.Sleep(time.Hour)
	return w.ResponseRecorder.Write(b)
}

// One handler may serve in several tests, each with a clock of its own.
func TestHandlerInSeveralBubbles(t *testing.T) {
	t.Parallel()
	h := webhook.ReplyHandler(func(ctx context.Context, _ order) (text, error) {
		<-ctx.Done()
		time.Sleep(time.Nanosecond)
		return "late", nil
	},
		discard, sorry, webhook.WithTimeout(8*time.Second))
	for range 3 {
		synctest.Test(t, func(t *testing.T) {
			if diff := cmp.Diff(replied("sorry"), do(h, post(formType, "orderId=7"))); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
		})
	}
}

// The sender has its answer at the deadline, however long the observer takes, and an
// observer may ask for the form at any time.
func TestSlowObserver(t *testing.T) {
	t.Parallel()
	afterTestClock(t, func(t *testing.T) {
		h := webhook.ReplyHandler(func(context.Context, order) (text, error) { time.Sleep(time.Minute); return "late", nil },
			discard, sorry, webhook.WithTimeout(8*time.Second), webhook.WithObserver(func(ctx context.Context, _ webhook.Observation) {
				webhook.FormFrom(ctx)
				time.Sleep(time.Hour)
			}))
		start := time.Now()
		w := &flushed{ResponseRecorder: httptest.NewRecorder()}
		h.ServeHTTP(w, post(formType, "orderId=7"))
		if got := w.at.Sub(start); got != 8*time.Second {
			t.Errorf("flushed after %v", got)
		}
		time.Sleep(2 * time.Hour)
	})
}

type flushed struct {
	*httptest.ResponseRecorder
	at time.Time
}

func (w *flushed) Flush() { w.at = time.Now() }

var _ http.Flusher = (*flushed)(nil)
