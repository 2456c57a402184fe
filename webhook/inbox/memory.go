package inbox

import (
	"bytes"
	"container/heap"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/sautigo/africastalking/state"
	"github.com/sautigo/africastalking/webhook"
)

// Loss is the type of [AllowLoss].
type Loss int

// AllowLoss says that a queue may lose everything that was answered 200.
const AllowLoss Loss = 1

const (
	// DefaultMaxDeliveries is how many deliveries a queue of [Memory] holds unless
	// [WithMaxDeliveries] says otherwise: 10,000.
	DefaultMaxDeliveries = 10_000
	// memoryBytes is the most bytes that the callbacks in a queue of Memory take.
	memoryBytes = 64 << 20
	// memoryDone is how many deliveries that are done Memory knows for each that it may
	// hold.
	memoryDone = 10
)

// MemoryOption changes how a queue of [Memory] works.
type MemoryOption func(*memory)

// WithMaxDeliveries sets how many deliveries a queue of [Memory] holds, dead letters
// included. The default is [DefaultMaxDeliveries]. It panics unless n is positive.
func WithMaxDeliveries(n int) MemoryOption {
	if n <= 0 {
		panic("inbox: WithMaxDeliveries: the number is not positive")
	}
	return func(m *memory) { m.limit = n }
}

// Memory returns a queue in the memory of this process, for tests and for trying things
// out: whatever ends the process loses what was answered 200. It has to be told that
// this is wanted.
//
//	in := inbox.New(inbox.Memory(inbox.AllowLoss))
//
// It is a [state.Store] too, for [Once], with the limits of a [state.Memory]. It refuses
// deliveries when it has as many as [WithMaxDeliveries] says, or 64 MiB of bodies and media types. Of
// those that are done it knows the last ones, ten times as many, so under load a repeat
// may come too late to be a duplicate.
//
// Memory panics for another argument than [AllowLoss].
func Memory(allow Loss, opts ...MemoryOption) Queue {
	if allow != AllowLoss {
		panic("inbox: Memory loses what was acknowledged: allow it, or use another queue")
	}
	m := &memory{limit: DefaultMaxDeliveries, all: map[string]*entry{}, wake: make(chan struct{}, 1)}
	for _, o := range opts {
		o(m)
	}
	return m
}

// memory is a Queue and, by embedding, a state.Store.
type memory struct {
	state.Memory
	limit int
	wake  chan struct{} // holds a token if there may be something for one worker

	mu      sync.Mutex
	all     map[string]*entry
	waiting waitingHeap // without those that are being handled
	running int
	dead    int
	bytes   int
	done    []*entry // in the order in which they were handled
	count   uint64   // of what was put in waiting
}

type entry struct {
	Delivery
	stage  stage
	due    time.Time
	turn   uint64 // orders those that are due at the same time
	died   time.Time
	reason string
}

type stage int

const (
	waiting stage = iota
	running
	dead
	done
)

// Put implements [Queue].
func (m *memory) Put(ctx context.Context, d Delivery) (duplicate bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, fmt.Errorf("inbox: storing a callback: %w", err)
	}
	now := time.Now()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.forget(now)
	if e := m.all[d.Key]; e != nil {
		switch {
		case e.stage == dead && d.Parked == "":
			m.revive(e, now)
			return false, nil
		case e.stage != done, now.Before(e.Received.Add(e.Window)):
			return true, nil
		}
	}
	if n := len(m.waiting) + m.running + m.dead; n >= m.limit || m.bytes+size(d) > memoryBytes {
		return false, fmt.Errorf("%w (%d deliveries, %d bytes)", ErrFull, n, m.bytes)
	}
	d.Body = bytes.Clone(d.Body)
	d.Attempt = 0
	e := &entry{Delivery: d}
	m.all[d.Key] = e
	m.bytes += size(d)
	if d.Parked == "" {
		m.wait(e, now)
		return false, nil
	}
	e.stage, e.died, e.reason = dead, now, d.Parked
	m.dead++
	return false, nil
}

// size returns what counts of a delivery until it is done.
func size(d Delivery) int { return len(d.Body) + len(d.MediaType) }

// wait puts an entry among those that wait.
func (m *memory) wait(e *entry, due time.Time) {
	m.count++
	e.stage, e.due, e.turn = waiting, due, m.count
	heap.Push(&m.waiting, e)
	m.signal()
}

func (m *memory) signal() {
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

func (m *memory) revive(e *entry, now time.Time) {
	m.dead--
	e.Attempt, e.Parked = 0, ""
	m.wait(e, now)
}

// forget removes what is done and whose window is over, as far as it comes first, and
// whatever there is too much of.
func (m *memory) forget(now time.Time) {
	for len(m.done) > 0 {
		e := m.done[0]
		if len(m.done) <= m.limit*memoryDone && now.Before(e.Received.Add(e.Window)) {
			return
		}
		m.done[0] = nil
		m.done = m.done[1:]
		if m.all[e.Key] == e {
			delete(m.all, e.Key)
		}
	}
}

// take returns a delivery that is due, or how long to wait for the next one.
func (m *memory) take() (e *entry, pause time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.waiting) == 0 {
		return nil, time.Hour
	}
	if pause = time.Until(m.waiting[0].due); pause > 0 {
		return nil, pause
	}
	e = heap.Pop(&m.waiting).(*entry)
	e.stage = running
	m.running++
	e.Attempt++
	if len(m.waiting) > 0 {
		m.signal()
	}
	return e, 0
}

// Run implements [Queue].
func (m *memory) Run(ctx context.Context, w Worker) error {
	var wg sync.WaitGroup
	for range w.Workers {
		wg.Go(func() { m.work(ctx, w.Handle) })
	}
	wg.Wait()
	return nil
}

func (m *memory) work(ctx context.Context, handle func(context.Context, Delivery) error) {
	for ctx.Err() == nil {
		e, pause := m.take()
		if e == nil {
			timer := time.NewTimer(pause)
			select {
			case <-ctx.Done():
				m.signal() // the token may have been taken for nothing
			case <-m.wake:
			case <-timer.C:
			}
			timer.Stop()
			continue
		}
		d := e.Delivery // only the one that runs e changes it
		d.Body = bytes.Clone(d.Body)
		m.settle(e, handle(context.WithoutCancel(ctx), d))
	}
}

// settle notes what came of an attempt.
func (m *memory) settle(e *entry, err error) {
	now := time.Now()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.running--
	if err == nil {
		m.finish(e)
		return
	}
	fate := Next(e.Delivery, err)
	e.Attempt = fate.Attempts
	if fate.Dead {
		e.stage, e.died, e.reason = dead, now, fate.Reason
		m.dead++
		return
	}
	m.wait(e, now.Add(fate.After))
}

// finish keeps of a delivery what makes a repeat a duplicate.
func (m *memory) finish(e *entry) {
	e.stage = done
	m.bytes -= size(e.Delivery)
	e.Callback = webhook.Callback{}
	m.done = append(m.done, e)
}

// Durability implements [Queue].
func (m *memory) Durability() Durability { return InMemory }

// Backlog implements [Queue].
func (m *memory) Backlog(ctx context.Context) (Backlog, error) {
	if err := ctx.Err(); err != nil {
		return Backlog{}, fmt.Errorf("inbox: counting deliveries: %w", err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	b := Backlog{Waiting: len(m.waiting) + m.running, Dead: m.dead}
	for _, e := range m.all {
		if (e.stage == waiting || e.stage == running) && (b.Oldest.IsZero() || e.Received.Before(b.Oldest)) {
			b.Oldest = e.Received
		}
	}
	return b, nil
}

// Dead implements [DeadLetters].
func (m *memory) Dead(ctx context.Context, after string, n int) ([]DeadLetter, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("inbox: listing dead letters: %w", err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var letters []DeadLetter
	for _, key := range slices.Sorted(maps.Keys(m.all)) {
		e := m.all[key]
		if e.stage != dead || key <= after {
			continue
		}
		if len(letters) >= n {
			break
		}
		l := DeadLetter{Delivery: e.Delivery, Died: e.died, Reason: e.reason}
		l.Body = bytes.Clone(e.Body)
		letters = append(letters, l)
	}
	return letters, nil
}

// Requeue implements [DeadLetters].
func (m *memory) Requeue(ctx context.Context, key string) error {
	return m.change(ctx, key, func(e *entry) { m.revive(e, time.Now()) })
}

// Drop implements [DeadLetters].
func (m *memory) Drop(ctx context.Context, key string) error {
	return m.change(ctx, key, func(e *entry) {
		m.dead--
		m.finish(e)
	})
}

// change changes a dead letter.
func (m *memory) change(ctx context.Context, key string, fn func(*entry)) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("inbox: changing a dead letter: %w", err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.all[key]
	if e == nil || e.stage != dead {
		return ErrNotFound
	}
	fn(e)
	return nil
}

// waitingHeap has the entry that is due first on top.
type waitingHeap []*entry

func (h waitingHeap) Len() int { return len(h) }
func (h waitingHeap) Less(i, j int) bool {
	if !h[i].due.Equal(h[j].due) {
		return h[i].due.Before(h[j].due)
	}
	return h[i].turn < h[j].turn
}
func (h waitingHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *waitingHeap) Push(x any)   { *h = append(*h, x.(*entry)) }
func (h *waitingHeap) Pop() any {
	last := len(*h) - 1
	e := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return e
}
