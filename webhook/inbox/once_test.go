package inbox_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sautigo/africastalking/internal/callbacktest"
	"github.com/sautigo/africastalking/sms"
	"github.com/sautigo/africastalking/state"
	"github.com/sautigo/africastalking/webhook"
	"github.com/sautigo/africastalking/webhook/inbox"
)

func TestOnce(t *testing.T) {
	t.Parallel()
	failure := errors.New("connection lost")
	for name, test := range map[string]struct {
		pay  func(run int) error
		runs int // of pay
		dead string
	}{
		"paid":                    {func(int) error { return nil }, 1, ""},
		"failed":                  {func(int) error { return failure }, 1, "state: outcome is in doubt: refund: connection lost"},
		"not done, then paid":     {func(run int) error { return [...]error{state.ErrNotDone, nil}[run-1] }, 2, ""},
		"not done, then failed":   {func(run int) error { return [...]error{fmt.Errorf("busy: %w", state.ErrNotDone), failure}[run-1] }, 2, "state: outcome is in doubt: refund: connection lost"},
		"not done, again shortly": {func(run int) error { return [...]error{inbox.RetryAfter(state.ErrNotDone, time.Hour), nil}[run-1] }, 2, ""},
		"panicked":                {func(int) error { panic(failure) }, 1, "inbox: refund: state: outcome is in doubt: the first attempt failed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				q := inbox.Memory(inbox.AllowLoss)
				in := inbox.New(q)
				runs, attempts := 0, 0
				h := webhook.Handler(func(ctx context.Context, _ webhook.Event) error {
					attempts++
					receipt, err := inbox.Once(ctx, "refund", func(context.Context) (string, error) {
						runs++
						return "receipt", test.pay(runs)
					})
					if err == nil && receipt != "receipt" {
						t.Errorf("Once: got %q", receipt)
					}
					if err == nil && attempts < 4 {
						err = errors.New("something else fails after it")
					}
					return err
				}, in.Stored("events"), callbacktest.Quiet())
				post(h, form, "a=1")
				run := func() {
					ctx, cancel := context.WithTimeout(t.Context(), 5*time.Hour)
					defer cancel()
					if err := in.Run(ctx, 2); err != nil {
						t.Error(err)
					}
				}
				run()
				dead, _ := q.Dead(t.Context(), "", 10)
				if (len(dead) > 0) != (test.dead != "") || len(dead) > 0 && dead[0].Reason != test.dead {
					t.Errorf("dead letters %+v, want %q", dead, test.dead)
				}
				// Somebody requeues it after the weekend.
				time.Sleep(70 * time.Hour)
				for _, l := range dead {
					if err := q.Requeue(t.Context(), l.Key); err != nil {
						t.Error(err)
					}
				}
				run()
				if runs != test.runs {
					t.Errorf("the effect ran %d times, want %d", runs, test.runs)
				}
			})
		})
	}
}

// After a week nothing is known of what was done, so nothing is done.
func TestOnceIsOld(t *testing.T) {
	t.Parallel()
	in := inbox.New(inbox.Memory(inbox.AllowLoss))
	runs := 0
	webhook.Handler(func(ctx context.Context, _ webhook.Event) error {
		_, err := inbox.Once(ctx, "refund", func(context.Context) (int, error) { runs++; return 0, nil })
		return err
	}, in.Stored("events"), callbacktest.Quiet())
	for age, want := range map[time.Duration]bool{0: true, 6 * 24 * time.Hour: true, 7 * 24 * time.Hour: false, 1000 * time.Hour: false} {
		runs = 0
		d := inbox.Delivery{Name: "events", Key: fmt.Sprint("events-", age), Received: time.Now().Add(-age), Attempt: 1, Callback: webhook.Callback{MediaType: form, Body: []byte("a=1")}}
		err := in.Handle(t.Context(), d)
		if ran := runs == 1; ran != want || ran == errors.Is(err, state.ErrInDoubt) || err != nil && !inbox.Next(d, err).Dead {
			t.Errorf("after %v: ran %v with error %v, want %v", age, ran, err, want)
		}
	}
}

func TestOnceNeeds(t *testing.T) {
	t.Parallel()
	once := func(ctx context.Context, effect string) error {
		_, err := inbox.Once(ctx, effect, func(context.Context) (int, error) {
			t.Error("the function ran")
			return 0, nil
		})
		return err
	}
	handle := func(effect string, opts ...inbox.Option) error {
		in := inbox.New(&tape{}, opts...)
		webhook.Handler(func(ctx context.Context, _ webhook.Event) error { return once(ctx, effect) }, in.Stored("events"), callbacktest.Quiet())
		return in.Handle(t.Context(), inbox.Delivery{Name: "events", Key: "k", Received: time.Now(), Attempt: 1, Callback: webhook.Callback{MediaType: form, Body: []byte("a=1")}})
	}
	for want, err := range map[string]error{
		"outside of a stored callback's function": once(t.Context(), "refund"),
		"needs a store":               handle("refund"),
		"needs the name of an effect": handle("", inbox.WithStore(new(state.Memory))),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want %q", err, want)
		}
	}
}

// Two effects of one delivery, and one effect of two deliveries, are apart.
func TestOnceKeys(t *testing.T) {
	t.Parallel()
	in := inbox.New(&tape{}, inbox.WithStore(new(state.Memory)))
	runs := map[string]int{}
	webhook.Handler(func(ctx context.Context, e webhook.Event) error {
		for _, effect := range []string{"a", "b"} {
			if _, err := inbox.Once(ctx, effect, func(context.Context) (int, error) { runs[string(e.Body)+effect]++; return 0, nil }); err != nil {
				return err
			}
		}
		return nil
	}, in.Stored("events"))
	for _, key := range []string{"1", "2", "1", "2"} {
		d := inbox.Delivery{Name: "events", Key: key, Received: time.Now(), Attempt: 1, Callback: webhook.Callback{MediaType: form, Body: []byte(key)}}
		if err := in.Handle(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{"1a", "1b", "2a", "2b"} {
		if runs[want] != 1 {
			t.Errorf("effect %s ran %d times, want once", want, runs[want])
		}
	}
}

// Callbacks without an identity are told apart by their fields only within the window, so
// each that comes later has effects of its own, once for all its attempts.
func TestOnceAfterTheWindow(t *testing.T) {
	t.Parallel()
	const optOut = "senderId=1234&phoneNumber=%2B254711000001"
	for name, test := range map[string]struct {
		build  func(fn func(context.Context) error, o webhook.Option) http.Handler
		opts   []inbox.StoredOption
		body   string
		effect int
	}{
		"no identity": {func(fn func(context.Context) error, o webhook.Option) http.Handler {
			return sms.OptOutHandler(func(ctx context.Context, _ sms.OptOut) error { return fn(ctx) }, o)
		}, nil, optOut, 3},
		"an empty identity": {func(fn func(context.Context) error, o webhook.Option) http.Handler {
			return sms.OptOutHandler(func(ctx context.Context, _ sms.OptOut) error { return fn(ctx) }, o)
		}, []inbox.StoredOption{inbox.WithIdentity(func(sms.OptOut) string { return "" })}, optOut, 3},
		"no fields": {func(fn func(context.Context) error, o webhook.Option) http.Handler {
			return webhook.Handler(func(ctx context.Context, _ webhook.Event) error { return fn(ctx) }, o)
		}, nil, "", 3},
		"an identity": {func(fn func(context.Context) error, o webhook.Option) http.Handler {
			return sms.DeliveryReportHandler(func(ctx context.Context, _ sms.DeliveryReport) error { return fn(ctx) }, o)
		}, []inbox.StoredOption{inbox.WithWindow(time.Hour)}, report, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				in := inbox.New(inbox.Memory(inbox.AllowLoss))
				effects, attempts := 0, 0
				h := test.build(func(ctx context.Context) error {
					attempts++
					if _, err := inbox.Once(ctx, "reply", func(context.Context) (int, error) { effects++; return 0, nil }); err != nil {
						return err
					}
					if attempts%3 != 0 {
						return errors.New("something else fails after it")
					}
					return nil
				}, webhook.WithOptions(in.Stored("name", test.opts...), callbacktest.Quiet()))
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				go func() { _ = in.Run(ctx, 1) }()
				for range 3 {
					for range 2 { // the second is a repeat
						post(h, form, test.body)
						time.Sleep(time.Minute)
					}
					time.Sleep(24 * time.Hour)
				}
				if effects != test.effect || attempts != 9 {
					t.Errorf("%d effects in %d attempts, want %d in 9", effects, attempts, test.effect)
				}
			})
		})
	}
}

// A callback with an identity that comes after its window is still the same one, whatever
// its Key looks like.
func TestOnceGoesByIdentity(t *testing.T) {
	t.Parallel()
	q := &tape{}
	in := inbox.New(q, inbox.AcceptOnly(), inbox.WithStore(new(state.Memory)))
	effects := 0
	h := sms.DeliveryReportHandler(func(ctx context.Context, _ sms.DeliveryReport) error {
		_, err := inbox.Once(ctx, "refund", func(context.Context) (int, error) { effects++; return 0, nil })
		return err
	}, in.Stored("reports"))
	for i := range 100 {
		post(h, form, fmt.Sprintf("id=ATXid_%d&status=Success", i))
		d := q.all[i]
		for range 2 {
			d.Received = d.Received.Add(-time.Hour)
			if err := in.Handle(t.Context(), d); err != nil {
				t.Fatal(err)
			}
		}
	}
	if effects != 100 {
		t.Errorf("%d effects of 100 reports", effects)
	}
}
