package webhook_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking/webhook"
)

var sorry = webhook.WithFallback(func(error) webhook.Reply { return text("sorry") })

func replied(body string) answer {
	a := plain(200, body)
	a.Header.Set("Content-Type", "text/x-reply")
	return a
}

// At the deadline the callback is answered, whatever the function does, and what
// the function returns later is dropped.
func TestDeadline(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		fn   func(context.Context, order) (text, error)
		opt  webhook.Option
		want answer
		err  error
	}{
		{"in time", func(context.Context, order) (text, error) { time.Sleep(8*time.Second - 1); return "hello", nil },
			sorry, replied("hello"), nil},
		{"late", func(context.Context, order) (text, error) { time.Sleep(9 * time.Second); return "hello", nil },
			sorry, replied("sorry"), context.DeadlineExceeded},
		{"late error", func(context.Context, order) (text, error) { time.Sleep(9 * time.Second); return "", errors.New("boom") },
			sorry, replied("sorry"), context.DeadlineExceeded},
		{"late panic", func(context.Context, order) (text, error) { time.Sleep(9 * time.Second); panic("boom") },
			sorry, replied("sorry"), context.DeadlineExceeded},
		{"waits for the context", func(ctx context.Context, _ order) (text, error) { <-ctx.Done(); return "", ctx.Err() },
			sorry, replied("sorry"), context.DeadlineExceeded},
		{"waits for a derived context", func(ctx context.Context, _ order) (text, error) {
			ctx, cancel := context.WithTimeout(ctx, time.Hour)
			defer cancel()
			<-ctx.Done()
			return "", ctx.Err()
		}, sorry, replied("sorry"), context.DeadlineExceeded},
		{"no fallback", func(ctx context.Context, _ order) (text, error) { <-ctx.Done(); return "", ctx.Err() },
			webhook.WithOptions(), refused(503, "Service Unavailable"), context.DeadlineExceeded},
	}
	for _, test := range tests {
		for name, wrap := range map[string]func(http.Handler) http.Handler{"in place": inPlace, "aside": asItIs, "holding back": withoutFlush} {
			t.Run(test.name+"/"+name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					var seen []webhook.Observation
					var mu sync.Mutex
					h := wrap(webhook.ReplyHandler(test.fn, discard, webhook.WithTimeout(8*time.Second), test.opt,
						webhook.WithObserver(func(_ context.Context, o webhook.Observation) {
							mu.Lock()
							defer mu.Unlock()
							seen = append(seen, o)
						})))
					got := do(h, post(formType, "orderId=7"))
					synctest.Wait()
					time.Sleep(time.Hour)
					want := test.want
					if name == "in place" {
						want = sized(want)
					}
					if diff := cmp.Diff(want, got); diff != "" {
						t.Errorf("answer (-want +got):\n%s", diff)
					}
					mu.Lock()
					defer mu.Unlock()
					if len(seen) != 1 || seen[0].Status != test.want.Status || !errors.Is(seen[0].Err, test.err) ||
						seen[0].Duration < 8*time.Second-1 || seen[0].Duration > 8*time.Second {
						t.Errorf("observed %+v, want one of status %d after 8s with %v", seen, test.want.Status, test.err)
					}
				})
			})
		}
	}
}

// A body that trickles in does not hold the answer up either.
func TestDeadlineWhileReading(t *testing.T) {
	t.Parallel()
	for name, wrap := range map[string]func(http.Handler) http.Handler{"in place": inPlace, "aside": asItIs} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				body, trickle := io.Pipe()
				defer trickle.Close()
				r := httptest.NewRequest(http.MethodPost, "/", body)
				r.Header.Set("Content-Type", formType)
				h := wrap(webhook.ReplyHandler(func(context.Context, order) (text, error) {
					t.Error("the function was called for a callback that was answered")
					return "hello", nil
				}, discard, sorry, webhook.WithTimeout(8*time.Second)))
				go func() {
					time.Sleep(time.Minute)
					_, _ = io.WriteString(trickle, "orderId=7")
					_ = trickle.Close()
				}()
				if diff := cmp.Diff(replied("sorry"), do(h, r)); diff != "" {
					t.Errorf("answer (-want +got):\n%s", diff)
				}
				time.Sleep(2 * time.Minute)
			})
		})
	}
}

func TestContext(t *testing.T) {
	t.Parallel()
	t.Run("deadline", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			check := func(parent context.Context, timeout time.Duration, want time.Time) {
				t.Helper()
				var got time.Time
				h := webhook.Handler(func(ctx context.Context, _ order) error { got, _ = ctx.Deadline(); return ctx.Err() },
					webhook.WithTimeout(timeout))
				if a := do(h, post(formType, "orderId=7").WithContext(parent)); a.Status != 200 || !got.Equal(want) {
					t.Errorf("deadline %v, status %d, want %v, 200", got, a.Status, want)
				}
			}
			soon, cancel := context.WithDeadline(t.Context(), start.Add(time.Second))
			defer cancel()
			check(t.Context(), 0, time.Time{})
			check(t.Context(), time.Minute, start.Add(time.Minute))
			check(soon, 0, start.Add(time.Second))
			check(soon, time.Minute, start.Add(time.Second))
		})
	})
	t.Run("sender goes away", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			for _, timeout := range []time.Duration{0, time.Hour} {
				parent, cancel := context.WithCancelCause(t.Context())
				gone := errors.New("gone")
				var err, cause error
				h := webhook.Handler(func(ctx context.Context, _ order) error {
					cancel(gone)
					<-ctx.Done()
					err, cause = ctx.Err(), context.Cause(ctx)
					return err
				}, discard, webhook.WithTimeout(timeout))
				if a := do(h, post(formType, "orderId=7").WithContext(parent)); a.Status != 500 || err != context.Canceled || cause != gone {
					t.Errorf("status %d, error %v, cause %v", a.Status, err, cause)
				}
			}
		})
	})
	t.Run("ends with the answer", func(t *testing.T) {
		t.Parallel()
		for _, used := range []bool{false, true} {
			var kept context.Context
			h := webhook.Handler(func(ctx context.Context, _ order) error {
				kept = ctx
				if used && ctx.Err() != nil {
					return ctx.Err()
				}
				return nil
			}, webhook.WithTimeout(time.Hour))
			do(h, post(formType, "orderId=7"))
			<-kept.Done()
			if kept.Err() != context.Canceled {
				t.Errorf("error after the answer is %v", kept.Err())
			}
			if err := context.WithoutCancel(kept).Err(); err != nil {
				t.Errorf("error without cancel is %v", err)
			}
		}
	})
	t.Run("values of the request", func(t *testing.T) {
		t.Parallel()
		type key struct{}
		var before, after any
		h := webhook.Handler(func(ctx context.Context, _ order) error {
			before = ctx.Value(key{})
			_ = ctx.Err()
			after = ctx.Value(key{})
			return nil
		}, webhook.WithTimeout(time.Hour))
		do(h, post(formType, "orderId=7").WithContext(context.WithValue(context.Background(), key{}, "v")))
		if before != "v" || after != "v" {
			t.Errorf("values %v and %v, want v", before, after)
		}
	})
}

// The sender has the whole answer while the function still runs, on a real
// connection and behind middleware that holds back; the connection is not used
// again.
func TestDeadlineOnConnection(t *testing.T) {
	t.Parallel()
	for name, wrap := range map[string]func(http.Handler) http.Handler{"flushing": asItIs, "holding back": withoutFlush} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			release := make(chan struct{})
			server := httptest.NewServer(wrap(webhook.ReplyHandler(func(context.Context, order) (text, error) {
				<-release
				return "hello", nil
			}, discard, sorry, webhook.WithTimeout(200*time.Millisecond))))
			defer server.Close()
			defer close(release)
			conn, err := net.Dial("tcp", server.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if _, err := io.WriteString(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: "+formType+
				"\r\nContent-Length: 9\r\n\r\norderId=7"); err != nil {
				t.Fatal(err)
			}
			res, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			if res.Close != (name == "flushing") {
				t.Errorf("connection closes: %v", res.Close)
			}
			if diff := cmp.Diff(replied("sorry"), answerOf(res)); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
		})
	}
}

// Under HTTP/2 a stream ends when ServeHTTP returns, so it must.
func TestDeadlineHTTP2(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	server := httptest.NewUnstartedServer(webhook.ReplyHandler(func(context.Context, order) (text, error) {
		<-release
		return "hello", nil
	}, discard, sorry, webhook.WithTimeout(10*time.Millisecond)))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	defer close(release)
	res, err := server.Client().Post(server.URL, formType, strings.NewReader("orderId=7"))
	if err != nil {
		t.Fatal(err)
	}
	if res.ProtoMajor != 2 {
		t.Fatalf("protocol is %s", res.Proto)
	}
	if diff := cmp.Diff(replied("sorry"), answerOf(res)); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
}

// The deadline and the function may come at the same instant, any number of
// times; the answer is one of the two and whole.
func TestDeadlineRace(t *testing.T) {
	t.Parallel()
	for _, wrap := range []func(http.Handler) http.Handler{asItIs, withoutFlush} {
		server := httptest.NewServer(wrap(webhook.ReplyHandler(func(ctx context.Context, _ order) (text, error) {
			<-ctx.Done()
			return "hello", nil
		}, discard, sorry, webhook.WithTimeout(time.Millisecond))))
		var senders sync.WaitGroup
		for range 20 {
			senders.Go(func() {
				for range 20 {
					res, err := server.Client().Post(server.URL, formType, strings.NewReader("orderId=7"))
					if err != nil {
						t.Error(err)
						return
					}
					if got := answerOf(res); !cmp.Equal(got, replied("sorry")) && !cmp.Equal(got, replied("hello")) {
						t.Errorf("answer is %+v", got)
					}
				}
			})
		}
		senders.Wait()
		server.Close()
	}
}

// Callbacks that come and go at all times are answered when they are done, or at
// their own deadline.
func TestWatch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const timeout = 8 * time.Second
		h := inPlace(webhook.ReplyHandler(func(ctx context.Context, o order) (text, error) {
			d, err := time.ParseDuration(o.ID)
			time.Sleep(d)
			return text(o.ID), err
		}, discard, sorry, webhook.WithTimeout(timeout)))
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
	synctest.Test(t, func(t *testing.T) {
		h := inPlace(webhook.ReplyHandler(func(context.Context, order) (text, error) { time.Sleep(2 * time.Hour); return "late", nil },
			discard, sorry, webhook.WithTimeout(8*time.Second)))
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

// One handler may serve in several tests, each with a clock and a server of its own,
// one after the other and at once.
func TestHandlerInSeveralBubbles(t *testing.T) {
	t.Parallel()
	h := webhook.ReplyHandler(func(ctx context.Context, o order) (text, error) {
		if o.ID == "quick" {
			return "hello", nil
		}
		<-ctx.Done()
		time.Sleep(time.Nanosecond)
		return "late", nil
	}, discard, sorry, webhook.WithTimeout(8*time.Second))
	for _, wrap := range []func(http.Handler) http.Handler{asItIs, inPlace} {
		for _, parallel := range []bool{false, true} {
			for range 3 {
				t.Run("", func(t *testing.T) {
					if parallel {
						t.Parallel()
					}
					synctest.Test(t, func(t *testing.T) {
						h := wrap(h)
						for range 3 {
							if diff := cmp.Diff(replied("sorry"), do(h, post(formType, "orderId=7"))); diff != "" {
								t.Errorf("answer (-want +got):\n%s", diff)
							}
						}
						time.Sleep(time.Second) // until the late functions have returned
						// The test ends while a timer is set for this callback's deadline.
						if diff := cmp.Diff(replied("hello"), do(h, post(formType, "orderId=quick"))); diff != "" {
							t.Errorf("answer (-want +got):\n%s", diff)
						}
					})
				})
			}
		}
	}
}

// The sender has its answer at the deadline, however long the observer takes, and an
// observer may ask for the form at any time.
func TestSlowObserver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := inPlace(webhook.ReplyHandler(func(context.Context, order) (text, error) { time.Sleep(time.Minute); return "late", nil },
			discard, sorry, webhook.WithTimeout(8*time.Second), webhook.WithObserver(func(ctx context.Context, _ webhook.Observation) {
				webhook.FormFrom(ctx)
				time.Sleep(time.Hour)
			})))
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
