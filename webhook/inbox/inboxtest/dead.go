package inboxtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sautigo/africastalking/webhook/inbox"
)

// checkLetter compares a dead letter with the delivery that was put.
func checkLetter(t *testing.T, got inbox.DeadLetter, put inbox.Delivery, reason string, attempts int, after time.Time) {
	t.Helper()
	put.Attempt = attempts
	if plain(got.Delivery) != plain(put) {
		t.Errorf("dead letter: got %s\nwant %s", plain(got.Delivery), plain(put))
	}
	if got.Reason != reason {
		t.Errorf("dead letter: got reason %q, want %q", got.Reason, reason)
	}
	// The clocks of a server and of this process may differ a little.
	if got.Died.Before(after.Add(-time.Minute)) || got.Died.After(time.Now().Add(time.Minute)) {
		t.Errorf("dead letter: it died at %v, want between %v and now", got.Died, after)
	}
}

func (s *suite) deadLetter(t *testing.T) {
	q := s.open(t)
	began := time.Now()
	first, second, good := newDelivery("first"), newDelivery("second"), newDelivery("good")
	for _, d := range []inbox.Delivery{first, second, good} {
		put(t, q, d, false)
	}
	h, stop := s.start(t, q, 2, func(ctx context.Context, d inbox.Delivery) error {
		switch {
		case d.Key == good.Key:
			return nil
		case d.Key == second.Key && d.Attempt == 1:
			return soon(ctx, d)
		}
		return fmt.Errorf("wrapped: %w", inbox.Park(errors.New("of no use")))
	})
	s.idle(t, q)
	stop()
	wantAttempts(t, h, first.Key, 1)
	wantAttempts(t, h, second.Key, 1, 2)
	checkLetter(t, s.wantDead(t, q, first.Key), first, "wrapped: of no use", 1, began)
	checkLetter(t, s.wantDead(t, q, second.Key), second, "wrapped: of no use", 2, began)
	if n := len(letters(t, q)); n != 2 {
		t.Errorf("there are %d dead letters, want 2", n)
	}
	h, stop = s.start(t, q, 2, nil)
	s.idle(t, q)
	stop()
	if h.calls() != 0 {
		t.Error("a dead letter was handled")
	}
}

func (s *suite) reasonIsMasked(t *testing.T) {
	q := s.open(t)
	d := newDelivery("a")
	put(t, q, d, false)
	_, stop := s.start(t, q, 1, func(context.Context, inbox.Delivery) error {
		return inbox.Park(errors.New("no account for +254711000001\nin \xff" + strings.Repeat(" table", 200)))
	})
	letter := s.wantDead(t, q, d.Key)
	stop()
	want := inbox.Next(inbox.Delivery{Attempt: 1}, errors.New("no account for +254711000001\nin \xff"+strings.Repeat(" table", 200))).Reason
	if letter.Reason != want || strings.Contains(letter.Reason, "711000001") {
		t.Errorf("dead letter: got reason %q, want that of inbox.Next, %q", letter.Reason, want)
	}
}

func (s *suite) parkedFromTheStart(t *testing.T) {
	q := s.open(t)
	began := time.Now()
	d := newDelivery("\xff{")
	d.Parked = "cannot be decoded: field id: missing"
	h, stop := s.start(t, q, 2, nil)
	put(t, q, d, false)
	checkLetter(t, s.wantDead(t, q, d.Key), d, d.Parked, 0, began)
	s.idle(t, q)
	stop()
	if h.calls() != 0 {
		t.Error("a delivery that was parked from the start was handled")
	}
}

func (s *suite) parkedTwice(t *testing.T) {
	q := s.open(t)
	d := newDelivery("a")
	d.Parked = "parked"
	put(t, q, d, false)
	put(t, q, d, true)
	s.wantDead(t, q, d.Key)
	h, stop := s.start(t, q, 2, nil)
	s.idle(t, q)
	stop()
	if n := len(letters(t, q)); n != 1 || h.calls() != 0 {
		t.Errorf("%d dead letters and %d calls, want 1 and none", n, h.calls())
	}
}

// deadIsDeliveredAgain also checks a delivery whose window is over.
func (s *suite) deadIsDeliveredAgain(t *testing.T) {
	q := s.open(t)
	recent, old := newDelivery("recent"), newDelivery("old")
	old.Received = old.Received.Add(-2 * long)
	dies := true
	for _, d := range []inbox.Delivery{recent, old} {
		put(t, q, d, false)
	}
	h, stop := s.start(t, q, 1, func(ctx context.Context, d inbox.Delivery) error {
		switch {
		case !dies:
			return nil
		case d.Attempt < 3:
			return soon(ctx, d)
		}
		return inbox.Park(errAgain)
	})
	s.wantDead(t, q, recent.Key)
	s.wantDead(t, q, old.Key)
	stop()
	wantAttempts(t, h, recent.Key, 1, 2, 3)
	dies = false
	h, stop = s.start(t, q, 1, func(ctx context.Context, d inbox.Delivery) error {
		if d.Attempt == 1 {
			return soon(ctx, d)
		}
		return nil
	})
	for _, d := range []inbox.Delivery{recent, old} {
		d.Received = time.Now()
		put(t, q, d, false)
	}
	s.idle(t, q)
	stop()
	wantAttempts(t, h, recent.Key, 1, 2)
	wantAttempts(t, h, old.Key, 1, 2)
	if n := len(letters(t, q)); n != 0 {
		t.Errorf("there are %d dead letters, want none", n)
	}
	put(t, q, recent, true)
}

// deadIsDeliveredAtOnce delivers again and again what dies each time, while its death is
// being noted too: no turn may be lost.
func (s *suite) deadIsDeliveredAtOnce(t *testing.T) {
	q := s.open(t)
	d := newDelivery("a")
	h, _ := s.start(t, q, 4, func(context.Context, inbox.Delivery) error { return inbox.Park(errAgain) })
	turns, deadline := 0, time.Now().Add(s.late)
	for turns < 100 {
		if _, err := q.Put(t.Context(), d); err != nil {
			t.Fatalf("Put: %v", err)
		}
		time.Sleep(time.Microsecond)
		if calls := h.calls(); calls > turns {
			turns, deadline = calls, time.Now().Add(s.late)
		} else if time.Now().After(deadline) {
			t.Fatalf("after %d turns a dead letter that is put again takes no other in %v", turns, s.late)
		}
	}
}

func (s *suite) requeue(t *testing.T) {
	q := s.open(t)
	d := newDelivery("a")
	put(t, q, d, false)
	h, stop := s.start(t, q, 1, func(_ context.Context, d inbox.Delivery) error { return inbox.Park(errAgain) })
	for n := 1; n <= 3; n++ { // and it may die again
		s.until(t, "the delivery is not handled", func() bool { return h.calls() >= n })
		s.wantDead(t, q, d.Key)
		if err := q.Requeue(t.Context(), d.Key); err != nil {
			t.Fatalf("Requeue: %v", err)
		}
	}
	s.until(t, "the delivery is not handled", func() bool { return h.calls() >= 4 })
	s.wantDead(t, q, d.Key)
	stop()
	wantAttempts(t, h, d.Key, 1, 1, 1, 1)

	// All 20 attempts are there again, whatever came before.
	if err := q.Requeue(t.Context(), d.Key); err != nil {
		t.Fatalf("Requeue: %v", err)
	}
	if got := backlog(t, q); got.Waiting != 1 || got.Dead != 0 {
		t.Errorf("after Requeue %d wait and %d are dead, want 1 and 0", got.Waiting, got.Dead)
	}
	put(t, q, d, true)
	h, stop = s.start(t, q, 1, func(ctx context.Context, d inbox.Delivery) error {
		if d.Attempt < 20 {
			return soon(ctx, d)
		}
		return nil
	})
	s.idle(t, q)
	stop()
	if got := h.attempts(d.Key); len(got) != 20 || got[19] != 20 {
		t.Errorf("attempts after Requeue: got %v, want 1 to 20", got)
	}
	h, stop = s.start(t, q, 1, nil)
	put(t, q, d, true)
	s.idle(t, q)
	stop()
	if h.calls() != 0 {
		t.Error("a repeat of what was done after Requeue was handled")
	}
}

func (s *suite) requeueParked(t *testing.T) {
	q := s.open(t)
	d := newDelivery("a")
	d.Parked = "parked"
	put(t, q, d, false)
	s.wantDead(t, q, d.Key)
	h, stop := s.start(t, q, 1, nil)
	if err := q.Requeue(t.Context(), d.Key); err != nil {
		t.Fatalf("Requeue: %v", err)
	}
	s.until(t, "the delivery is not handled", func() bool { return h.calls() >= 1 })
	s.idle(t, q)
	stop()
	wantAttempts(t, h, d.Key, 1)
	if n := len(letters(t, q)); n != 0 {
		t.Errorf("there are %d dead letters, want none", n)
	}
}

func (s *suite) drop(t *testing.T) {
	q := s.open(t)
	d, other := newDelivery("a"), newDelivery("b")
	for _, d := range []inbox.Delivery{d, other} {
		d.Parked = "parked"
		put(t, q, d, false)
	}
	s.wantDead(t, q, d.Key)
	if err := q.Drop(t.Context(), d.Key); err != nil {
		t.Fatalf("Drop: %v", err)
	}
	if err := q.Drop(t.Context(), d.Key); !errors.Is(err, inbox.ErrNotFound) {
		t.Errorf("Drop of what was dropped: got error %v, want inbox.ErrNotFound", err)
	}
	if err := q.Requeue(t.Context(), d.Key); !errors.Is(err, inbox.ErrNotFound) {
		t.Errorf("Requeue of what was dropped: got error %v, want inbox.ErrNotFound", err)
	}
	dead := letters(t, q)
	if len(dead) != 1 || dead[0].Key != other.Key {
		t.Errorf("there are %d dead letters, want the other one", len(dead))
	}
	h, stop := s.start(t, q, 1, nil)
	s.idle(t, q)
	stop()
	if h.calls() != 0 {
		t.Error("what was dropped was handled")
	}
}

func (s *suite) noSuchDeadLetter(t *testing.T) {
	q := s.open(t)
	finished, waiting, running, retried := newDelivery("done"), newDelivery("waiting"), newDelivery("running"), newDelivery("retried")
	put(t, q, finished, false)
	h, stop := s.start(t, q, 2, nil)
	s.idle(t, q)
	stop()
	put(t, q, running, false)
	put(t, q, retried, false)
	release, open := newGate()
	h, stop = s.start(t, q, 2, func(_ context.Context, d inbox.Delivery) error {
		switch {
		case d.Key == running.Key:
			<-release
		case d.Key == retried.Key && d.Attempt == 1:
			return inbox.RetryAfter(errAgain, 2*time.Second)
		}
		return nil
	})
	t.Cleanup(open)
	s.until(t, "the deliveries are not handled", func() bool { return h.calls() >= 2 })
	for what, key := range map[string]string{
		"none": newKey(), "no key": "", "done": finished.Key, "running": running.Key, "retried": retried.Key,
	} {
		for name, fn := range map[string]func(context.Context, string) error{"Requeue": q.Requeue, "Drop": q.Drop} {
			if err := fn(t.Context(), key); !errors.Is(err, inbox.ErrNotFound) {
				t.Errorf("%s of what is no dead letter (%s): got error %v, want inbox.ErrNotFound", name, what, err)
			}
		}
	}
	open()
	s.idle(t, q)
	stop()
	put(t, q, waiting, false)
	for name, fn := range map[string]func(context.Context, string) error{"Requeue": q.Requeue, "Drop": q.Drop} {
		if err := fn(t.Context(), waiting.Key); !errors.Is(err, inbox.ErrNotFound) {
			t.Errorf("%s of what is no dead letter (waiting): got error %v, want inbox.ErrNotFound", name, err)
		}
	}
	if got := backlog(t, q); got.Waiting != 1 || got.Dead != 0 {
		t.Errorf("%d wait and %d are dead, want 1 and 0", got.Waiting, got.Dead)
	}
	wantAttempts(t, h, running.Key, 1)
	wantAttempts(t, h, retried.Key, 1, 2)
}

func (s *suite) deadByKey(t *testing.T) {
	q := s.open(t)
	const letters = 7
	var want []string
	for i := range letters {
		d := newDelivery(fmt.Sprint(i))
		d.Parked = fmt.Sprint("parked ", i)
		put(t, q, d, false)
		want = append(want, d.Key)
	}
	slices.Sort(want)
	s.wantDead(t, q, want[letters-1])
	page := func(after string, n int) (keys []string) {
		t.Helper()
		dead, err := q.Dead(t.Context(), after, n)
		if err != nil {
			t.Fatalf("Dead: %v", err)
		}
		for _, l := range dead {
			keys = append(keys, l.Key)
		}
		return keys
	}
	var got []string
	for after := ""; ; {
		keys := page(after, 3)
		if len(keys) == 0 {
			break
		}
		if len(keys) > 3 || len(got) > letters {
			t.Fatalf("Dead returned %d dead letters of at most 3, after %d", len(keys), len(got))
		}
		got = append(got, keys...)
		after = keys[len(keys)-1]
	}
	if !slices.Equal(got, want) {
		t.Errorf("dead letters in pages of three: got %v, want %v", got, want)
	}
	if got := page(want[2]+"-", 2); !slices.Equal(got, want[3:5]) {
		t.Errorf("dead letters after a key that none has: got %v, want %v", got, want[3:5])
	}
	if got := page(want[letters-1], 10); len(got) != 0 {
		t.Errorf("dead letters after the last one: got %v, want none", got)
	}
}

func (s *suite) reopenedDeadLetters(t *testing.T) {
	q := s.open(t)
	began := time.Now()
	failed, parked, dropped := newDelivery("failed"), newDelivery("parked"), newDelivery("dropped")
	put(t, q, failed, false)
	_, stop := s.start(t, q, 1, func(context.Context, inbox.Delivery) error { return inbox.Park(errAgain) })
	s.wantDead(t, q, failed.Key)
	stop()
	for _, d := range []*inbox.Delivery{&parked, &dropped} {
		d.Parked = "parked"
		put(t, q, *d, false)
	}
	if err := q.Drop(t.Context(), dropped.Key); err != nil {
		t.Fatalf("Drop: %v", err)
	}
	q = s.reopen(t, q)
	checkLetter(t, s.wantDead(t, q, failed.Key), failed, errAgain.Error(), 1, began)
	checkLetter(t, s.wantDead(t, q, parked.Key), parked, "parked", 0, began)
	if n := len(letters(t, q)); n != 2 {
		t.Errorf("there are %d dead letters, want 2", n)
	}
	if err := q.Requeue(t.Context(), failed.Key); err != nil {
		t.Fatalf("Requeue: %v", err)
	}
	q = s.reopen(t, q)
	h, stop := s.start(t, q, 1, nil)
	s.idle(t, q)
	stop()
	wantAttempts(t, h, failed.Key, 1)
	wantAttempts(t, h, parked.Key)
}

func (s *suite) bodiesGo(t *testing.T) {
	q := s.open(t)
	const secret = "text=MySecretAnswer"
	d, dead := newDelivery(secret), newDelivery("text=SecretOfTheDead")
	put(t, q, d, false)
	put(t, q, dead, false)
	if !bytes.Contains(s.stored(t, q), []byte(secret)) {
		t.Fatal("what is stored does not hold a body that waits, so nothing can be said of one that is done")
	}
	_, stop := s.start(t, q, 1, func(_ context.Context, got inbox.Delivery) error {
		if got.Key == dead.Key {
			return inbox.Park(errAgain)
		}
		return nil
	})
	s.idle(t, q)
	stop()
	if bytes.Contains(s.stored(t, q), []byte(secret)) {
		t.Error("the body of a delivery that is done is still stored")
	}
	put(t, q, d, true)
	if err := q.Drop(t.Context(), dead.Key); err != nil {
		t.Fatalf("Drop: %v", err)
	}
	if bytes.Contains(s.stored(t, q), dead.Body) {
		t.Error("the body of a dead letter that was dropped is still stored")
	}
}
