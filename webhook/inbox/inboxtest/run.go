package inboxtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sautigo/africastalking/webhook/inbox"
)

func (s *suite) attempts(t *testing.T) {
	q := s.open(t)
	once, thrice := newDelivery("a"), newDelivery("b")
	put(t, q, once, false)
	put(t, q, thrice, false)
	h, stop := s.start(t, q, 2, func(ctx context.Context, d inbox.Delivery) error {
		if d.Key == thrice.Key && d.Attempt < 3 {
			return soon(ctx, d)
		}
		return nil
	})
	s.idle(t, q)
	stop()
	wantAttempts(t, h, once.Key, 1)
	wantAttempts(t, h, thrice.Key, 1, 2, 3)
	put(t, q, thrice, true) // it is done as any other
}

// early is by how much a server that rounds may be wrong.
const early = 20 * time.Millisecond

func (s *suite) retryAfter(t *testing.T) {
	q := s.open(t)
	pauses := []time.Duration{0, 10 * time.Millisecond, 300 * time.Millisecond, 1500 * time.Millisecond}
	d, waits := newDelivery("a"), newDelivery("waits")
	h, stop := s.start(t, q, 2, func(_ context.Context, got inbox.Delivery) error {
		switch {
		case got.Key == waits.Key:
			return inbox.RetryAfter(errAgain, long) // this must not hold up the other
		case got.Attempt >= 1 && got.Attempt <= len(pauses):
			return inbox.RetryAfter(errAgain, pauses[got.Attempt-1])
		}
		return nil
	})
	put(t, q, waits, false)
	s.until(t, "the delivery is not handled", func() bool { return h.calls() >= 1 })
	put(t, q, d, false)
	s.until(t, "the attempts are not made", func() bool { return len(h.attempts(d.Key)) >= len(pauses)+1 })
	stop()
	wantAttempts(t, h, d.Key, 1, 2, 3, 4, 5)
	var times []time.Time
	for i, at := range h.times() {
		if h.seen[i].Key == d.Key {
			times = append(times, at)
		}
	}
	for i, pause := range pauses {
		if got := times[i+1].Sub(times[i]); got < pause-early {
			t.Errorf("RetryAfter of %v: the next attempt was after %v", pause, got)
		}
	}
}

func (s *suite) backoff(t *testing.T) {
	q := s.open(t)
	d := newDelivery("a")
	put(t, q, d, false)
	h, stop := s.start(t, q, 2, func(_ context.Context, d inbox.Delivery) error {
		if d.Attempt == 1 {
			return errAgain
		}
		return nil
	})
	s.idle(t, q)
	stop()
	wantAttempts(t, h, d.Key, 1, 2)
	times := h.times()
	if pause := times[1].Sub(times[0]); pause < 500*time.Millisecond-early {
		t.Errorf("the second attempt was after %v, want at least half a second", pause)
	}
}

func (s *suite) lastAttempt(t *testing.T) {
	q := s.open(t)
	d := newDelivery("a")
	put(t, q, d, false)
	h, stop := s.start(t, q, 2, soon)
	s.until(t, "the delivery has not been tried 20 times", func() bool { return h.calls() >= 20 })
	letter := s.wantDead(t, q, d.Key)
	stop()
	var want []int
	for i := range 20 {
		want = append(want, i+1)
	}
	wantAttempts(t, h, d.Key, want...)
	if letter.Attempt != 20 || letter.Reason != errAgain.Error() {
		t.Errorf("dead letter: got attempt %d and reason %q, want 20 and %q", letter.Attempt, letter.Reason, errAgain)
	}
}

// doesNotCount checks that an attempt for which no handler is there is not one.
func (s *suite) doesNotCount(t *testing.T) {
	q := s.open(t)
	nameless := inbox.New(q)
	h, stop := s.start(t, q, 1, func(ctx context.Context, d inbox.Delivery) error {
		switch {
		case d.Name == "another" && d.Attempt == 1:
			return soon(ctx, d)
		case d.Name == "another" && d.Attempt == 2:
			return nameless.Handle(ctx, d) // it has a handler no more
		}
		return inbox.Park(errAgain)
	})
	d := newDelivery("a")
	d.Name = "another"
	put(t, q, d, false)
	s.until(t, "the delivery is not handled three times", func() bool { return h.calls() >= 3 })
	stop()
	wantAttempts(t, h, d.Key, 1, 2, 2)
	h, stop = s.start(t, q, 1, nil)
	s.idle(t, q)
	stop()
}

func (s *suite) shutdownWaits(t *testing.T) {
	q := s.open(t)
	first, second := newDelivery("a"), newDelivery("b")
	put(t, q, first, false)
	put(t, q, second, false)
	release, open := newGate()
	var ended atomic.Bool
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	defer cancel()
	h := &handler{now: map[string]bool{}, t: t, fn: func(ctx context.Context, d inbox.Delivery) error {
		<-release
		ended.Store(ended.Load() || ctx.Err() != nil)
		if d.Key == second.Key {
			return inbox.Park(errAgain)
		}
		return nil
	}}
	returned := make(chan error, 1)
	go func() {
		returned <- q.Run(ctx, inbox.Worker{Workers: 2, Timeout: timeout, Handle: h.handle})
	}()
	t.Cleanup(open)
	s.until(t, "the deliveries are not handled", func() bool { return h.calls() >= 2 })
	cancel()
	select {
	case err := <-returned:
		t.Errorf("Run returned while deliveries were being handled, with error %v", err)
		open()
		return
	case <-time.After(300 * time.Millisecond):
	}
	open()
	select {
	case err := <-returned:
		if err != nil {
			t.Errorf("Run: %v", err)
		}
	case <-time.After(timeout):
		t.Fatal("Run did not return when what ran had ended")
	}
	if ended.Load() {
		t.Error("the context of Handle ended with that of Run")
	}
	// Both results are noted.
	if got := backlog(t, q); got.Waiting != 0 || got.Dead != 1 {
		t.Errorf("after Run %d deliveries wait and %d are dead, want 0 and 1", got.Waiting, got.Dead)
	}
	put(t, q, first, true)
	h, stop := s.start(t, q, 2, nil)
	s.idle(t, q)
	stop()
	if h.calls() != 0 {
		t.Errorf("%d deliveries whose results were noted were handled again", h.calls())
	}
}

func (s *suite) shutdownTakesNoMore(t *testing.T) {
	q := s.open(t)
	const deliveries = 20
	for range deliveries {
		put(t, q, newDelivery("a"), false)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), s.late)
	defer cancel()
	var calls atomic.Int64
	handle := func(context.Context, inbox.Delivery) error {
		if calls.Add(1) == 2 {
			cancel()
		}
		time.Sleep(20 * time.Millisecond)
		return nil
	}
	if err := q.Run(ctx, inbox.Worker{Workers: 2, Timeout: timeout, Handle: handle}); err != nil {
		t.Fatalf("Run: %v", err)
	}
	// Two that had been taken may still have come.
	if n := calls.Load(); n > 4 {
		t.Errorf("%d deliveries were handled although the context ended with the second", n)
	}
	h, stop := s.start(t, q, 4, nil)
	s.idle(t, q)
	stop()
	if got := int(calls.Load()) + h.calls(); got != deliveries {
		t.Errorf("%d deliveries were handled in both runs, want %d", got, deliveries)
	}
	for _, d := range h.seen {
		if d.Attempt != 1 {
			t.Errorf("a delivery that was not handled before has attempt %d", d.Attempt)
		}
	}
}

func (s *suite) runEndedContext(t *testing.T) {
	q := s.open(t)
	put(t, q, newDelivery("a"), false)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := q.Run(ctx, inbox.Worker{Workers: 1, Timeout: timeout, Handle: func(context.Context, inbox.Delivery) error { return nil }}); err != nil {
		t.Errorf("Run with a context that has ended: %v", err)
	}
	h, stop := s.start(t, q, 1, nil)
	s.idle(t, q)
	stop()
	if h.calls() > 1 {
		t.Errorf("the delivery was handled %d times", h.calls())
	}
}

func (s *suite) runAgain(t *testing.T) {
	q := s.open(t)
	for range 3 {
		d := newDelivery("a")
		h, stop := s.start(t, q, 2, nil)
		put(t, q, d, false)
		s.idle(t, q)
		stop()
		wantAttempts(t, h, d.Key, 1)
		put(t, q, d, true)
	}
}

type valueKey struct{}

func (s *suite) contextValues(t *testing.T) {
	q := s.open(t)
	put(t, q, newDelivery("a"), false)
	ctx, cancel := context.WithTimeout(context.WithValue(context.WithoutCancel(t.Context()), valueKey{}, "value"), s.late)
	defer cancel()
	var got any
	err := q.Run(ctx, inbox.Worker{Workers: 1, Timeout: timeout, Handle: func(ctx context.Context, _ inbox.Delivery) error {
		got = ctx.Value(valueKey{})
		cancel()
		return nil
	}})
	if err != nil {
		t.Errorf("Run: %v", err)
	}
	if got != "value" {
		t.Errorf("the context of Handle has the value %v, want that of Run's", got)
	}
}

func (s *suite) atMostWorkers(t *testing.T) {
	for _, workers := range []int{1, 3} {
		q := s.open(t)
		for range 10 * workers {
			put(t, q, newDelivery("a"), false)
		}
		h, stop := s.start(t, q, workers, func(context.Context, inbox.Delivery) error {
			time.Sleep(2 * time.Millisecond)
			return nil
		})
		s.idle(t, q)
		stop()
		if h.most > workers {
			t.Errorf("%d were handled at once, want at most %d", h.most, workers)
		}
	}
}

// allWorkers checks that a delivery that takes long holds up no other.
func (s *suite) allWorkers(t *testing.T) {
	q := s.open(t)
	const workers = 5
	release, open := newGate()
	h, stop := s.start(t, q, workers, func(context.Context, inbox.Delivery) error { <-release; return nil })
	for range workers {
		put(t, q, newDelivery("a"), false)
	}
	t.Cleanup(open)
	s.until(t, "not all deliveries are being handled at once", func() bool { return h.calls() >= workers })
	open()
	s.idle(t, q)
	stop()
}

// newAreNotStarved by deliveries that fail at once and are tried again at once.
func (s *suite) newAreNotStarved(t *testing.T) {
	q := s.open(t)
	fresh := newDelivery("fresh")
	const poison = 30
	for range poison {
		put(t, q, newDelivery("poison"), false)
	}
	var over atomic.Bool
	h, stop := s.start(t, q, 1, func(ctx context.Context, d inbox.Delivery) error {
		if string(d.Body) == "fresh" {
			over.Store(true)
		}
		if over.Load() {
			return nil
		}
		time.Sleep(2 * time.Millisecond)
		return soon(ctx, d)
	})
	s.until(t, "nothing is handled", func() bool { return h.calls() >= poison })
	put(t, q, fresh, false)
	before := h.calls()
	s.until(t, "a new delivery is not handled while others fail", over.Load)
	stop()
	at := slices.IndexFunc(h.seen, func(d inbox.Delivery) bool { return d.Key == fresh.Key })
	// What was due before it may come first, and what an engine has fetched already.
	if late := at - before; late > 6*poison {
		t.Errorf("%d attempts of others came before a new delivery", late)
	}
}

// retriesAreNotStarved by new deliveries that keep coming.
func (s *suite) retriesAreNotStarved(t *testing.T) {
	q := s.open(t)
	retried := newDelivery("retried")
	put(t, q, retried, false)
	var over atomic.Bool
	var handled atomic.Int64
	h, stop := s.start(t, q, 1, func(ctx context.Context, d inbox.Delivery) error {
		if d.Key == retried.Key && d.Attempt == 1 {
			return inbox.RetryAfter(errAgain, 10*time.Millisecond)
		}
		if d.Key == retried.Key {
			over.Store(true)
		}
		if !over.Load() {
			time.Sleep(time.Millisecond)
		}
		handled.Add(1)
		return nil
	})
	s.until(t, "nothing is handled", func() bool { return h.calls() >= 1 })
	var wg sync.WaitGroup
	t.Cleanup(wg.Wait)
	wg.Go(func() {
		for i := 0; !over.Load() && t.Context().Err() == nil; i++ {
			for int64(i)-handled.Load() > 50 && !over.Load() && t.Context().Err() == nil {
				time.Sleep(time.Millisecond)
			}
			if _, err := q.Put(t.Context(), newDelivery(fmt.Sprint(i))); err != nil && t.Context().Err() == nil {
				t.Errorf("Put: %v", err)
				return
			}
		}
	})
	s.until(t, "a delivery is not tried again while new ones come", over.Load)
	wg.Wait()
	s.idle(t, q)
	stop()
}

func (s *suite) twoProcesses(t *testing.T) {
	a := s.open(t)
	b := s.another(t, a)
	d := newDelivery("a")
	put(t, a, d, false)
	put(t, b, d, true)

	const events = 60
	ha, stopA := s.start(t, a, 3, nil)
	hb, stopB := s.start(t, b, 3, nil)
	var wg sync.WaitGroup
	var stored atomic.Int64
	var all []inbox.Delivery
	for i := range events {
		d := newDelivery(fmt.Sprint(i))
		all = append(all, d)
		for _, q := range []inbox.Queue{a, b, a, b} {
			wg.Go(func() {
				duplicate, err := q.Put(t.Context(), d)
				if err != nil {
					t.Errorf("Put: %v", err)
				} else if !duplicate {
					stored.Add(1)
				}
			})
		}
	}
	wg.Wait()
	s.idle(t, a)
	s.idle(t, b)
	if n := stored.Load(); n != events {
		t.Errorf("Put kept %d deliveries, want %d", n, events)
	}
	for _, d := range append(all, d) {
		if got := append(ha.attempts(d.Key), hb.attempts(d.Key)...); !slices.Equal(got, []int{1}) {
			t.Errorf("attempts in both processes: got %v, want [1]", got)
		}
	}
	// What one leaves, the other takes.
	stopA()
	last := newDelivery("last")
	put(t, a, last, false)
	s.until(t, "the other process does not handle the delivery", func() bool { return len(hb.attempts(last.Key)) == 1 })
	stopB()
}

func (s *suite) reopened(t *testing.T) {
	q := s.open(t)
	done, failed, fresh := newDelivery("done"), newDelivery("failed"), newDelivery("fresh")
	put(t, q, done, false)
	put(t, q, failed, false)
	h, stop := s.start(t, q, 2, func(_ context.Context, d inbox.Delivery) error {
		if d.Key == failed.Key {
			return inbox.RetryAfter(errAgain, 2*time.Second)
		}
		return nil
	})
	s.until(t, "the deliveries are not handled", func() bool { return h.calls() >= 2 })
	stop()
	put(t, q, fresh, false)
	want := backlog(t, q)
	q = s.reopen(t, q)
	if got := backlog(t, q); got.Waiting != want.Waiting || !got.Oldest.Equal(want.Oldest) || want.Waiting != 2 {
		t.Errorf("backlog: got %v, want %v with 2 waiting", got, want)
	}
	put(t, q, done, true)
	put(t, q, failed, true)
	put(t, q, fresh, true)
	h, stop = s.start(t, q, 2, nil)
	s.idle(t, q)
	stop()
	wantAttempts(t, h, done.Key)
	wantAttempts(t, h, failed.Key, 2)
	wantAttempts(t, h, fresh.Key, 1)
	fresh.Attempt = 1
	for _, d := range h.seen {
		if d.Key == fresh.Key && plain(d) != plain(fresh) {
			t.Errorf("after reopening: got %s\nwant %s", plain(d), plain(fresh))
		}
	}
	q = s.reopen(t, q)
	for _, d := range []inbox.Delivery{done, failed, fresh} {
		put(t, q, d, true)
	}
}

// resultCannotBeNoted checks that Run does not go on with what it cannot note.
func (s *suite) resultCannotBeNoted(t *testing.T) {
	q := s.open(t)
	for range 3 {
		put(t, q, newDelivery("a"), false)
	}
	var calls atomic.Int64
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	defer cancel()
	var once sync.Once
	ended := make(chan error, 1)
	go func() {
		ended <- q.Run(ctx, inbox.Worker{Workers: 1, Timeout: timeout, Handle: func(context.Context, inbox.Delivery) error {
			calls.Add(1)
			once.Do(func() { s.breakOff(t, q) })
			return nil
		}})
	}()
	select {
	case err := <-ended:
		if err == nil {
			t.Error("Run returned no error although a result could not be noted")
		}
	case <-time.After(s.late):
		t.Errorf("Run went on for %v although a result could not be noted", s.late)
		cancel()
		<-ended
	}
	// What had been taken already may have been handled too.
	if n := calls.Load(); n > 3 {
		t.Errorf("%d deliveries were handled although no result could be noted", n)
	}
	if _, err := q.Put(t.Context(), newDelivery("b")); err == nil {
		t.Error("Put into a broken queue: got no error, want one")
	}
}

func (s *suite) endedContexts(t *testing.T) {
	q := s.open(t)
	d := newDelivery("a")
	d.Parked = "parked"
	put(t, q, d, false)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := q.Backlog(ctx); err == nil {
		t.Error("Backlog with a context that has ended: got no error, want one")
	}
	if _, err := q.Dead(ctx, "", 10); err == nil {
		t.Error("Dead with a context that has ended: got no error, want one")
	}
	for what, fn := range map[string]func(context.Context, string) error{"Requeue": q.Requeue, "Drop": q.Drop} {
		if err := fn(ctx, d.Key); err == nil {
			t.Errorf("%s with a context that has ended: got no error, want one", what)
		} else if errors.Is(err, inbox.ErrNotFound) {
			t.Errorf("%s with a context that has ended: got error %v, want another", what, err)
		}
	}
	if n := len(letters(t, q)); n != 1 {
		t.Errorf("there are %d dead letters, want 1", n)
	}
}

func (s *suite) durability(t *testing.T) {
	q := s.open(t)
	if d := q.Durability(); d < inbox.InMemory || d > inbox.Replicated {
		t.Errorf("Durability: got %v", d)
	}
}

func (s *suite) backlog(t *testing.T) {
	q := s.open(t)
	check := func(what string, want inbox.Backlog) {
		t.Helper()
		want.Oldest = want.Oldest.Truncate(time.Millisecond).UTC()
		got := backlog(t, q)
		got.Oldest = got.Oldest.Truncate(time.Millisecond).UTC()
		if got != want {
			t.Errorf("%s: backlog %+v, want %+v", what, got, want)
		}
	}
	check("new", inbox.Backlog{})
	now := time.Now()
	old, young, parked := newDelivery("old"), newDelivery("young"), newDelivery("parked")
	old.Received, young.Received, parked.Received = now.Add(-10*time.Minute), now.Add(-time.Minute), now.Add(-20*time.Minute)
	parked.Parked = "parked"
	put(t, q, young, false)
	check("one", inbox.Backlog{Waiting: 1, Oldest: young.Received})
	put(t, q, old, false)
	put(t, q, old, true)
	put(t, q, parked, false)
	check("three", inbox.Backlog{Waiting: 2, Oldest: old.Received, Dead: 1})

	release, open := newGate()
	h, stop := s.start(t, q, 2, func(_ context.Context, d inbox.Delivery) error {
		if d.Key == old.Key {
			<-release
			return nil
		}
		return inbox.RetryAfter(errAgain, long)
	})
	t.Cleanup(open)
	s.until(t, "the deliveries are not handled", func() bool { return h.calls() >= 2 })
	check("running and failed", inbox.Backlog{Waiting: 2, Oldest: old.Received, Dead: 1})
	open()
	s.until(t, "the backlog counts what is done", func() bool { return backlog(t, q).Waiting == 1 })
	stop()
	check("done", inbox.Backlog{Waiting: 1, Oldest: young.Received, Dead: 1})
	if err := q.Drop(t.Context(), parked.Key); err != nil {
		t.Fatalf("Drop: %v", err)
	}
	check("dropped", inbox.Backlog{Waiting: 1, Oldest: young.Received})
}

func (s *suite) full(t *testing.T) {
	const room = 5
	q := s.limited(t, room)
	var all []inbox.Delivery
	for range room {
		d := newDelivery("a")
		all = append(all, d)
		put(t, q, d, false)
	}
	for range 3 {
		if _, err := q.Put(t.Context(), newDelivery("b")); !errors.Is(err, inbox.ErrFull) {
			t.Fatalf("Put into a full queue: got error %v, want inbox.ErrFull", err)
		}
	}
	put(t, q, all[0], true)
	if got := backlog(t, q).Waiting; got != room {
		t.Errorf("%d deliveries wait, want %d", got, room)
	}
	h, stop := s.start(t, q, 2, nil)
	s.idle(t, q)
	for _, d := range all {
		wantAttempts(t, h, d.Key, 1)
	}
	for range 3 * room { // those that are done take no room
		s.idle(t, q)
		put(t, q, newDelivery("c"), false)
	}
	s.idle(t, q)
	stop()
	if got, want := h.calls(), 4*room; got != want {
		t.Errorf("%d deliveries were handled, want %d", got, want)
	}
}

func (s *suite) deadLettersFill(t *testing.T) {
	const room = 4
	q := s.limited(t, room)
	var all []inbox.Delivery
	for range room {
		d := newDelivery("a")
		d.Parked = "parked"
		all = append(all, d)
		put(t, q, d, false)
	}
	for _, parked := range []string{"", "parked"} {
		d := newDelivery("b")
		d.Parked = parked
		if _, err := q.Put(t.Context(), d); !errors.Is(err, inbox.ErrFull) {
			t.Fatalf("Put into a queue full of dead letters: got error %v, want inbox.ErrFull", err)
		}
	}
	if err := q.Drop(t.Context(), all[0].Key); err != nil {
		t.Fatalf("Drop: %v", err)
	}
	put(t, q, newDelivery("c"), false)
	if _, err := q.Put(t.Context(), newDelivery("d")); !errors.Is(err, inbox.ErrFull) {
		t.Fatalf("Put into a queue that is full again: got error %v, want inbox.ErrFull", err)
	}
	// A dead letter that is delivered again takes no more room.
	again := all[1]
	again.Parked = ""
	put(t, q, again, false)
}
