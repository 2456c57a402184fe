package atnats

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/sautigo/africastalking/webhook/inbox"
)

const (
	// pullFor is how long a request for a delivery waits at the server.
	pullFor = 10 * time.Second
	// noteFor is how long Run tries to note what came of a delivery, while a server
	// starts again or another takes over.
	noteFor = 15 * time.Second
	// tryFor is how long one request takes at most.
	tryFor = 4 * time.Second
)

// task is a delivery that is being handled.
type task struct {
	m    jetstream.Msg
	seq  uint64
	done chan struct{} // closed when its result is noted
}

// Run implements [inbox.Queue]. When a result cannot be noted it tries again for 15 s. It
// makes no use of w.Timeout: as long as Handle runs, the process tells the server so every
// two seconds, and when it has not for ten, the server hands the delivery to another.
func (q *Queue) Run(ctx context.Context, w inbox.Worker) error {
	taking, stop := context.WithCancel(ctx)
	defer stop()
	beating, stopBeating := context.WithCancel(context.WithoutCancel(ctx))
	var workers, heart sync.WaitGroup
	heart.Go(func() { q.keepAlive(beating) })
	failed := make(chan error, w.Workers)
	for range w.Workers {
		workers.Go(func() {
			if err := q.worker(taking, w.Handle); err != nil {
				failed <- err
				stop()
			}
		})
	}
	workers.Wait()
	stopBeating()
	heart.Wait()
	select {
	case err := <-failed:
		return fmt.Errorf("atnats: handling callbacks: %w", err)
	default:
		return nil
	}
}

// keepAlive tells the server again and again what this process is handling.
func (q *Queue) keepAlive(ctx context.Context) {
	tick := time.NewTicker(aliveEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		q.mu.Lock()
		for _, t := range q.running {
			_ = t.m.InProgress() // the next one may arrive
		}
		q.mu.Unlock()
	}
}

// worker handles one delivery after the other until ctx ends. It asks for the next one when
// it is free, so that none waits here while another process could handle it.
func (q *Queue) worker(ctx context.Context, handle func(context.Context, inbox.Delivery) error) error {
	messages, err := q.work.Messages(jetstream.PullMaxMessages(1), jetstream.PullExpiry(pullFor),
		jetstream.WithMessagesErrOnMissingHeartbeat(false))
	if err != nil {
		return err
	}
	defer giveBack(messages)
	for ctx.Err() == nil {
		m, err := messages.Next(jetstream.NextContext(ctx))
		switch {
		case ctx.Err() != nil:
			if err == nil {
				_ = m.Nak()
			}
			return nil
		case err != nil:
			return err
		}
		if err := q.deliver(context.WithoutCancel(ctx), m, handle); err != nil {
			return err
		}
	}
	return nil
}

// giveBack stops the messages and lets others have those that were on their way.
func giveBack(messages jetstream.MessagesContext) {
	messages.Drain()
	ctx, cancel := context.WithTimeout(context.Background(), tryFor)
	defer cancel()
	for {
		m, err := messages.Next(jetstream.NextContext(ctx))
		if err != nil {
			return
		}
		_ = m.Nak()
	}
}

// deliver handles a delivery if it is time, and notes what came of it.
func (q *Queue) deliver(ctx context.Context, m jetstream.Msg, handle func(context.Context, inbox.Delivery) error) error {
	meta, err := m.Metadata()
	if err != nil {
		return err
	}
	_, key, _, err := parseSubject(m.Subject())
	if err != nil {
		_ = m.Term() // another program has published it
		return nil
	}
	r := parseRecord(m.Headers())
	if pause := time.Until(time.UnixMilli(r.Due)); pause > 0 {
		_ = m.NakWithDelay(pause)
		return nil
	}
	t := &task{m: m, seq: meta.Sequence.Stream, done: make(chan struct{})}
	if !q.begin(key, t) {
		_ = m.NakWithDelay(aliveEvery)
		return nil
	}
	defer q.end(key, t)

	// The server hands out again what it does not know to be done.
	last, err := q.lastSoon(ctx, key)
	if err != nil {
		_ = m.NakWithDelay(time.Second)
		time.Sleep(100 * time.Millisecond)
		return nil
	}
	if last.seq != t.seq {
		q.acknowledge(ctx, m)
		return nil
	}
	d := r.delivery(key, m.Data())
	d.Attempt = r.Attempts + 1
	err = handle(ctx, d)
	state, next, body := doneState, record{Received: r.Received, Window: r.Window, From: t.seq}, []byte(nil)
	if err != nil {
		fate := inbox.Next(d, err)
		next, body = r, last.body
		next.From, next.Attempts = t.seq, fate.Attempts
		now := time.Now()
		if state = waitingState; fate.Dead {
			state, next.Due, next.Died, next.Reason, next.Revives = deadState, 0, now.UnixMilli(), fate.Reason, 0
		} else {
			next.Due = now.Add(fate.After).UnixMilli() + 1
		}
	}
	if err := q.note(ctx, state, key, r.Revives, next, body); err != nil {
		return fmt.Errorf("noting what came of a delivery: %w", err)
	}
	q.end(key, t)
	q.acknowledge(ctx, m)
	if state == doneState {
		q.leave()
	}
	return nil
}

// note publishes the new state of a delivery, however often it takes.
func (q *Queue) note(ctx context.Context, state, key string, revives uint64, r record, body []byte) error {
	ctx, cancel := context.WithTimeout(ctx, noteFor)
	defer cancel()
	for {
		err := q.tryNote(ctx, state, key, revives, r, body)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (q *Queue) tryNote(ctx context.Context, state, key string, revives uint64, r record, body []byte) error {
	ctx, cancel := context.WithTimeout(ctx, tryFor)
	defer cancel()
	if revives != 0 && state != waitingState {
		if err := q.remove(ctx, revives); err != nil {
			return err
		}
	}
	err := q.publish(ctx, state, key, r, body)
	if !errors.Is(err, errConflict) {
		return err
	}
	last, lastErr := q.last(ctx, key)
	if lastErr != nil {
		return lastErr
	}
	if last.seq == r.From {
		return err
	}
	// An earlier try was stored and its answer lost, or another process has handled the
	// delivery as well.
	return nil
}

// acknowledge lets the server forget a message. If that fails, it comes again and is known.
func (q *Queue) acknowledge(ctx context.Context, m jetstream.Msg) {
	ctx, cancel := context.WithTimeout(ctx, tryFor)
	defer cancel()
	_ = m.DoubleAck(ctx)
}

func (q *Queue) lastSoon(ctx context.Context, key string) (entry, error) {
	ctx, cancel := context.WithTimeout(ctx, tryFor)
	defer cancel()
	return q.last(ctx, key)
}

// begin returns false if this process handles the same message already: the server has not
// heard from it in time. If it handles the message that this one replaces, begin waits for
// the end.
func (q *Queue) begin(key string, t *task) bool {
	for {
		q.mu.Lock()
		other := q.running[key]
		if other == nil {
			q.running[key] = t
			q.mu.Unlock()
			return true
		}
		q.mu.Unlock()
		if other.seq >= t.seq {
			return false
		}
		<-other.done
	}
}

// end may be called again.
func (q *Queue) end(key string, t *task) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.running[key] == t {
		delete(q.running, key)
		close(t.done)
	}
}
