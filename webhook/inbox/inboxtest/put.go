package inboxtest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sautigo/africastalking/webhook/inbox"
)

func (s *suite) handlesWhatWasPut(t *testing.T) {
	q := s.open(t)
	var want []string
	for i := range 20 {
		d := newDelivery(fmt.Sprint("id=", i))
		d.Name = fmt.Sprint("name-", i%3)
		d.MediaType = []string{"application/x-www-form-urlencoded", "application/json", ""}[i%3]
		d.Received = d.Received.Add(-time.Duration(i) * 1234567 * time.Microsecond)
		put(t, q, d, false)
		d.Attempt = 1
		want = append(want, plain(d))
	}
	h, stop := s.start(t, q, 3, nil)
	s.idle(t, q)
	stop()
	var got []string
	for _, d := range h.seen {
		got = append(got, plain(d))
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("handled\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func (s *suite) handlesWhatIsPutMeanwhile(t *testing.T) {
	q := s.open(t)
	h, _ := s.start(t, q, 2, nil)
	for range 5 {
		d := newDelivery("a")
		put(t, q, d, false)
		s.until(t, "the delivery is not handled", func() bool { return len(h.attempts(d.Key)) >= 1 })
		s.idle(t, q)
		wantAttempts(t, h, d.Key, 1)
	}
}

func (s *suite) anyBody(t *testing.T) {
	q := s.open(t)
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	large := make([]byte, 64<<10)
	_, _ = rand.Read(large)
	bodies := map[string]string{}
	for _, body := range []string{
		"", "\x00", "a\x00b\x00", string(all), "\xff\xfe", "ẹ́kọ́ 🇰🇪", "{}", "null", " \r\n\t", "+ACK", `a'b"c\`, string(large),
	} {
		d := newDelivery(body)
		put(t, q, d, false)
		bodies[d.Key] = body
	}
	none := newDelivery("")
	none.Body = nil
	put(t, q, none, false)
	bodies[none.Key] = ""
	h, stop := s.start(t, q, 4, func(_ context.Context, d inbox.Delivery) error {
		if d.Attempt == 1 {
			return inbox.Park(errAgain)
		}
		return nil
	})
	s.idle(t, q)
	stop()
	dead := letters(t, q)
	if len(h.seen) != len(bodies) || len(dead) != len(bodies) {
		t.Errorf("%d were handled and %d are dead letters, want %d", len(h.seen), len(dead), len(bodies))
	}
	check := func(d inbox.Delivery, what string) {
		if want := bodies[d.Key]; string(d.Body) != want {
			t.Errorf("%s: body of %d bytes has changed", what, len(want))
		}
	}
	for _, d := range h.seen {
		check(d, "handled")
	}
	for _, l := range dead {
		check(l.Delivery, "dead letter")
	}
}

func (s *suite) notAliased(t *testing.T) {
	q := s.open(t)
	d := newDelivery("as it was put")
	put(t, q, d, false)
	copy(d.Body, "XXXXXXXXXXXXX")
	h, stop := s.start(t, q, 1, func(ctx context.Context, d inbox.Delivery) error {
		if string(d.Body) != "as it was put" {
			t.Errorf("attempt %d: body %q has changed", d.Attempt, d.Body)
		}
		copy(d.Body, "YYYYYYYYYYYYY")
		_ = append(d.Body, "YYYYYYYYYYYYY"...)
		if d.Attempt < 3 {
			return soon(ctx, d)
		}
		return inbox.Park(errAgain)
	})
	dead := s.wantDead(t, q, d.Key)
	stop()
	wantAttempts(t, h, d.Key, 1, 2, 3)
	if string(dead.Body) != "as it was put" {
		t.Errorf("dead letter: body %q has changed", dead.Body)
	}
	copy(dead.Body, "ZZZZZZZZZZZZZ")
	if again := letters(t, q); len(again) != 1 || string(again[0].Body) != "as it was put" {
		t.Errorf("a change to what Dead returned has changed the dead letter")
	}
}

// receivedInTheFuture is what a clock that goes back leaves.
func (s *suite) receivedInTheFuture(t *testing.T) {
	q := s.open(t)
	d := newDelivery("a")
	d.Received = d.Received.Add(long)
	put(t, q, d, false)
	h, _ := s.start(t, q, 1, nil)
	s.idle(t, q)
	wantAttempts(t, h, d.Key, 1)
}

func (s *suite) duplicateOfWaiting(t *testing.T) {
	q := s.open(t)
	d := newDelivery("a")
	put(t, q, d, false)
	for range 3 {
		put(t, q, d, true)
	}
	h, stop := s.start(t, q, 2, nil)
	s.idle(t, q)
	stop()
	wantAttempts(t, h, d.Key, 1)
}

func (s *suite) duplicateOfRunning(t *testing.T) {
	q := s.open(t)
	d := newDelivery("a")
	release, open := newGate()
	h, stop := s.start(t, q, 3, func(context.Context, inbox.Delivery) error { <-release; return nil })
	put(t, q, d, false)
	t.Cleanup(open)
	s.until(t, "the delivery is not handled", func() bool { return h.calls() >= 1 })
	put(t, q, d, true)
	open()
	s.idle(t, q)
	stop()
	wantAttempts(t, h, d.Key, 1)
}

func (s *suite) duplicateOfDone(t *testing.T) {
	q := s.open(t)
	h, stop := s.start(t, q, 2, nil)
	d := newDelivery("a")
	old := newDelivery("b")
	old.Received = old.Received.Add(-71 * time.Hour)
	old.Window = 72 * time.Hour
	for _, d := range []inbox.Delivery{d, old} {
		put(t, q, d, false)
		s.until(t, "the delivery is not handled", func() bool { return len(h.attempts(d.Key)) >= 1 })
		s.idle(t, q)
		d.Received = time.Now()
		put(t, q, d, true)
		d.Body = []byte("another text")
		put(t, q, d, true)
	}
	s.idle(t, q)
	stop()
	wantAttempts(t, h, d.Key, 1)
	wantAttempts(t, h, old.Key, 1)
}

func (s *suite) duplicateOfRetried(t *testing.T) {
	q := s.open(t)
	d := newDelivery("a")
	h, stop := s.start(t, q, 2, func(_ context.Context, d inbox.Delivery) error {
		if d.Attempt == 1 {
			return inbox.RetryAfter(errAgain, 500*time.Millisecond)
		}
		return nil
	})
	put(t, q, d, false)
	s.until(t, "the delivery is not handled", func() bool { return h.calls() >= 1 })
	put(t, q, d, true)
	s.idle(t, q)
	stop()
	wantAttempts(t, h, d.Key, 1, 2)
}

func (s *suite) windowIsOver(t *testing.T) {
	q := s.open(t)
	h, stop := s.start(t, q, 2, nil)
	d := newDelivery("a")
	d.Received = d.Received.Add(-2 * long)
	put(t, q, d, false)
	s.until(t, "the delivery is not handled", func() bool { return h.calls() >= 1 })
	s.idle(t, q)
	d.Received = time.Now()
	d.Body = []byte("b")
	put(t, q, d, false)
	s.until(t, "the delivery is not handled after its window", func() bool { return h.calls() >= 2 })
	s.idle(t, q)
	put(t, q, d, true) // the window of the second
	s.idle(t, q)
	stop()
	wantAttempts(t, h, d.Key, 1, 1)
	if body := h.seen[1].Body; string(body) != "b" {
		t.Errorf("the delivery after the window has body %q, want that of the second", body)
	}
}

func (s *suite) windowsPerKey(t *testing.T) {
	q := s.open(t)
	h, stop := s.start(t, q, 2, nil)
	received := time.Now().Add(-20 * time.Minute)
	for _, test := range []struct {
		window    time.Duration
		duplicate bool
	}{
		{15 * time.Minute, false}, {72 * time.Hour, true}, {19 * time.Minute, false}, {25 * time.Minute, true},
	} {
		d := newDelivery("a")
		d.Received, d.Window = received, test.window
		put(t, q, d, false)
		s.until(t, "the delivery is not handled", func() bool { return len(h.attempts(d.Key)) >= 1 })
		s.idle(t, q)
		d.Received = time.Now()
		put(t, q, d, test.duplicate)
		s.idle(t, q)
	}
	stop()
	if h.calls() != 6 {
		t.Errorf("%d deliveries were handled, want 6", h.calls())
	}
}

// windowIsOverWhileWaiting checks that nothing is handled twice for having waited long.
func (s *suite) windowIsOverWhileWaiting(t *testing.T) {
	q := s.open(t)
	d := newDelivery("a")
	d.Received = d.Received.Add(-2 * long)
	put(t, q, d, false)
	put(t, q, d, true)
	h, stop := s.start(t, q, 2, nil)
	s.idle(t, q)
	stop()
	wantAttempts(t, h, d.Key, 1)
}

func (s *suite) keysApart(t *testing.T) {
	q := s.open(t)
	base := newKey()
	keys := []string{base, base + "-", base + "_", base + "A", base + "a", strings.ToLower(base), base + "0", base[:len(base)-1], base + strings.Repeat("x", 128-len(base))}
	for _, key := range keys {
		d := newDelivery(key)
		d.Key = key
		put(t, q, d, false)
	}
	h, stop := s.start(t, q, 2, nil)
	s.idle(t, q)
	stop()
	for _, key := range keys {
		wantAttempts(t, h, key, 1)
	}
	for _, d := range h.seen {
		if string(d.Body) != d.Key {
			t.Errorf("key %q came with the body of %q", d.Key, d.Body)
		}
	}
}

// threeTimesAtOnce finds a delivery that is claimed from what was read before it ended.
func (s *suite) threeTimesAtOnce(t *testing.T) {
	q := s.open(t)
	const events, copies = 200, 3
	h, stop := s.start(t, q, 8, nil)
	var (
		wg      sync.WaitGroup
		mu      sync.Mutex
		stored  int
		all     []inbox.Delivery
		pending = make(chan inbox.Delivery)
	)
	for range 16 {
		wg.Go(func() {
			for d := range pending {
				duplicate, err := q.Put(t.Context(), d)
				if err != nil {
					t.Errorf("Put: %v", err)
				}
				mu.Lock()
				if !duplicate {
					stored++
				}
				mu.Unlock()
			}
		})
	}
	for i := range events {
		d := newDelivery(fmt.Sprint(i))
		all = append(all, d)
		for range copies {
			pending <- d
		}
	}
	close(pending)
	wg.Wait()
	s.idle(t, q)
	stop()
	if stored != events {
		t.Errorf("Put kept %d deliveries, want %d", stored, events)
	}
	for _, d := range all {
		wantAttempts(t, h, d.Key, 1)
	}
}

func (s *suite) oneWinsPut(t *testing.T) {
	q := s.open(t)
	for range 5 {
		d := newDelivery("a")
		var (
			wg    sync.WaitGroup
			mu    sync.Mutex
			won   int
			start = make(chan struct{})
		)
		for range 12 {
			wg.Go(func() {
				<-start
				duplicate, err := q.Put(t.Context(), d)
				if err != nil {
					t.Errorf("Put: %v", err)
				}
				mu.Lock()
				defer mu.Unlock()
				if !duplicate && err == nil {
					won++
				}
			})
		}
		close(start)
		wg.Wait()
		if won != 1 {
			t.Fatalf("%d of 12 Puts at once kept the delivery, want 1", won)
		}
	}
	if got := backlog(t, q).Waiting; got != 5 {
		t.Errorf("%d deliveries wait, want 5", got)
	}
}

func (s *suite) putWithEndedContext(t *testing.T) {
	q := s.open(t)
	d := newDelivery("a")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := q.Put(ctx, d); err == nil {
		t.Error("Put with a context that has ended: got no error, want one")
	} else if errors.Is(err, inbox.ErrFull) {
		t.Errorf("Put with a context that has ended: got error %v", err)
	}
	// It may have been kept or not, and must be now.
	if _, err := q.Put(t.Context(), d); err != nil {
		t.Fatalf("Put: %v", err)
	}
	h, stop := s.start(t, q, 1, nil)
	s.idle(t, q)
	stop()
	wantAttempts(t, h, d.Key, 1)
}
