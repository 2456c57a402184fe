// Package inboxtest tests implementations of [inbox.Queue].
//
//	func TestQueue(t *testing.T) {
//		inboxtest.Run(t, func(t *testing.T) inbox.Queue {
//			q, err := myqueue.Open(t.TempDir())
//			if err != nil {
//				t.Fatal(err)
//			}
//			t.Cleanup(func() { q.Close() })
//			return q
//		})
//	}
package inboxtest

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sautigo/africastalking/webhook"
	"github.com/sautigo/africastalking/webhook/inbox"
)

// Option changes how [Run] works.
type Option func(*suite)

// WithBubble says whether each test runs in a bubble of [testing/synctest], in which
// waiting takes no time. That suits a queue in memory; a queue that talks to a server or
// writes files cannot work in one. The default is false: the tests wait on the real
// clock, several at once.
func WithBubble(on bool) Option { return func(s *suite) { s.bubble = on } }

// WithLateness is how long after its time a delivery may be handled, and a change be
// seen. The default is 10 s. A delivery must never be handled before its time.
func WithLateness(d time.Duration) Option { return func(s *suite) { s.late = d } }

// WithReopen sets a function that ends the use of a queue as the end of its process does,
// and returns another on the same data. The default is none: what needs it is skipped.
func WithReopen(reopen func(t *testing.T, q inbox.Queue) inbox.Queue) Option {
	return func(s *suite) { s.reopen = reopen }
}

// WithAnother sets a function that returns a second queue on the same data, to be used
// beside the first as another machine would. The default is none: what needs it is
// skipped.
func WithAnother(another func(t *testing.T, q inbox.Queue) inbox.Queue) Option {
	return func(s *suite) { s.another = another }
}

// WithLimited sets a function that returns a new queue with room for n deliveries, those
// that are done not counted. The default is none: what needs it is skipped.
func WithLimited(limited func(t *testing.T, n int) inbox.Queue) Option {
	return func(s *suite) { s.limited = limited }
}

// WithBreak sets a function after which the queue can write nothing any more, as on a
// full disk or without a connection. The default is none: what needs it is skipped.
func WithBreak(breakOff func(t *testing.T, q inbox.Queue)) Option {
	return func(s *suite) { s.breakOff = breakOff }
}

// WithStored sets a function that returns everything that is stored, for queues that
// remove bodies when their delivery is done. The default is none: that is not tested.
func WithStored(stored func(t *testing.T, q inbox.Queue) []byte) Option {
	return func(s *suite) { s.stored = stored }
}

type suite struct {
	open     func(*testing.T) inbox.Queue
	bubble   bool
	late     time.Duration
	reopen   func(*testing.T, inbox.Queue) inbox.Queue
	another  func(*testing.T, inbox.Queue) inbox.Queue
	limited  func(*testing.T, int) inbox.Queue
	breakOff func(*testing.T, inbox.Queue)
	stored   func(*testing.T, inbox.Queue) []byte
}

// Run tests that the queues which open returns keep the contract of [inbox.Queue].
//
// Open returns a queue that is new and empty, whose data no other queue shares. It is
// called once or twice in each test, with that test's T: to close a queue, use its
// Cleanup, which runs when no method of the queue is running any more.
func Run(t *testing.T, open func(t *testing.T) inbox.Queue, opts ...Option) {
	t.Helper()
	s := &suite{open: open, late: 10 * time.Second}
	for _, o := range opts {
		o(s)
	}
	for _, test := range []struct {
		name    string
		fn      func(*testing.T)
		missing bool // an option that the test needs
	}{
		{name: "HandlesWhatWasPut", fn: s.handlesWhatWasPut},
		{name: "HandlesWhatIsPutMeanwhile", fn: s.handlesWhatIsPutMeanwhile},
		{name: "AnyBody", fn: s.anyBody},
		{name: "NotAliased", fn: s.notAliased},
		{name: "ReceivedInTheFuture", fn: s.receivedInTheFuture},
		{name: "DuplicateOfWaiting", fn: s.duplicateOfWaiting},
		{name: "DuplicateOfRunning", fn: s.duplicateOfRunning},
		{name: "DuplicateOfDone", fn: s.duplicateOfDone},
		{name: "DuplicateOfRetried", fn: s.duplicateOfRetried},
		{name: "WindowIsOver", fn: s.windowIsOver},
		{name: "WindowsPerKey", fn: s.windowsPerKey},
		{name: "WindowIsOverWhileWaiting", fn: s.windowIsOverWhileWaiting},
		{name: "KeysApart", fn: s.keysApart},
		{name: "ThreeTimesAtOnce", fn: s.threeTimesAtOnce},
		{name: "OneWinsPut", fn: s.oneWinsPut},
		{name: "PutWithEndedContext", fn: s.putWithEndedContext},
		{name: "Attempts", fn: s.attempts},
		{name: "RetryAfter", fn: s.retryAfter},
		{name: "Backoff", fn: s.backoff},
		{name: "LastAttempt", fn: s.lastAttempt},
		{name: "DoesNotCount", fn: s.doesNotCount},
		{name: "DeadLetter", fn: s.deadLetter},
		{name: "ReasonIsMasked", fn: s.reasonIsMasked},
		{name: "ParkedFromTheStart", fn: s.parkedFromTheStart},
		{name: "ParkedTwice", fn: s.parkedTwice},
		{name: "DeadIsDeliveredAgain", fn: s.deadIsDeliveredAgain},
		{name: "DeadIsDeliveredAtOnce", fn: s.deadIsDeliveredAtOnce},
		{name: "Requeue", fn: s.requeue},
		{name: "RequeueParked", fn: s.requeueParked},
		{name: "Drop", fn: s.drop},
		{name: "NoSuchDeadLetter", fn: s.noSuchDeadLetter},
		{name: "DeadByKey", fn: s.deadByKey},
		{name: "ShutdownWaits", fn: s.shutdownWaits},
		{name: "ShutdownTakesNoMore", fn: s.shutdownTakesNoMore},
		{name: "RunEndedContext", fn: s.runEndedContext},
		{name: "RunAgain", fn: s.runAgain},
		{name: "ContextValues", fn: s.contextValues},
		{name: "AtMostWorkers", fn: s.atMostWorkers},
		{name: "AllWorkers", fn: s.allWorkers},
		{name: "NewAreNotStarved", fn: s.newAreNotStarved},
		{name: "RetriesAreNotStarved", fn: s.retriesAreNotStarved},
		{name: "Backlog", fn: s.backlog},
		{name: "EndedContexts", fn: s.endedContexts},
		{name: "Durability", fn: s.durability},
		{name: "Full", fn: s.full, missing: s.limited == nil},
		{name: "DeadLettersFill", fn: s.deadLettersFill, missing: s.limited == nil},
		{name: "Reopen", fn: s.reopened, missing: s.reopen == nil},
		{name: "ReopenDeadLetters", fn: s.reopenedDeadLetters, missing: s.reopen == nil},
		{name: "TwoProcesses", fn: s.twoProcesses, missing: s.another == nil},
		{name: "ResultCannotBeNoted", fn: s.resultCannotBeNoted, missing: s.breakOff == nil},
		{name: "BodiesGo", fn: s.bodiesGo, missing: s.stored == nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			switch {
			case test.missing:
				t.Skip("an option that this needs was not given")
			case s.bubble:
				// One after the other: the clocks of bubbles differ.
				synctest.Test(t, test.fn)
			default:
				t.Parallel()
				test.fn(t)
			}
		})
	}
}

// Long enough that nothing is over while a test runs.
const long = time.Hour

// timeout is for calls of Handle.
const timeout = time.Minute

func newKey() string { return "inboxtest-" + rand.Text() }

// newDelivery returns a delivery with a key of its own.
func newDelivery(body string) inbox.Delivery {
	return inbox.Delivery{
		Name: "inboxtest", Key: newKey(), Received: time.Now(), Window: long,
		Callback: webhook.Callback{MediaType: "application/x-www-form-urlencoded", Body: []byte(body)},
	}
}

// plain returns what of a delivery a queue keeps, fit to be compared.
func plain(d inbox.Delivery) string {
	body := string(d.Body)
	if len(body) > 64 {
		body = body[:64] + fmt.Sprintf("… (%d bytes)", len(body))
	}
	return fmt.Sprintf("name %q, key %q, received %s, media type %q, body %q, attempt %d",
		d.Name, d.Key, d.Received.UTC().Truncate(time.Millisecond).Format("15:04:05.000"), d.MediaType, body, d.Attempt)
}

func put(t *testing.T, q inbox.Queue, d inbox.Delivery, duplicate bool) {
	t.Helper()
	got, err := q.Put(t.Context(), d)
	if err != nil {
		t.Fatalf("Put: %v", err)
	}
	if got != duplicate {
		t.Fatalf("Put: got duplicate %v, want %v", got, duplicate)
	}
}

// handler handles deliveries and notes them.
type handler struct {
	mu   sync.Mutex
	seen []inbox.Delivery
	at   []time.Time
	now  map[string]bool // by key
	most int             // at once
	fn   func(ctx context.Context, d inbox.Delivery) error
	t    *testing.T
}

func (h *handler) handle(ctx context.Context, d inbox.Delivery) error {
	h.mu.Lock()
	if h.now[d.Key] {
		h.t.Errorf("a delivery is being handled twice at once")
	}
	h.now[d.Key] = true
	h.most = max(h.most, len(h.now))
	noted := d // fn may change the body
	noted.Body = bytes.Clone(d.Body)
	h.seen = append(h.seen, noted)
	h.at = append(h.at, time.Now())
	h.mu.Unlock()
	defer func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.now, d.Key)
	}()
	if h.fn == nil {
		return nil
	}
	return h.fn(ctx, d)
}

// attempts returns the Attempt of each call for a key.
func (h *handler) attempts(key string) (attempts []int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, d := range h.seen {
		if d.Key == key {
			attempts = append(attempts, d.Attempt)
		}
	}
	return attempts
}

func (h *handler) calls() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.seen)
}

// times returns when each call began.
func (h *handler) times() []time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.at)
}

// start runs a queue until stop is called or the test ends.
func (s *suite) start(t *testing.T, q inbox.Queue, workers int, fn func(context.Context, inbox.Delivery) error) (h *handler, stop func()) {
	t.Helper()
	h = &handler{fn: fn, now: map[string]bool{}, t: t}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() {
		ended <- q.Run(ctx, inbox.Worker{Workers: workers, Timeout: timeout, Handle: h.handle})
	}()
	stop = sync.OnceFunc(func() {
		t.Helper()
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("Run: %v", err)
			}
		case <-time.After(timeout):
			t.Error("Run did not return when its context had ended")
		}
	})
	t.Cleanup(stop)
	return h, stop
}

// newGate returns what calls of Handle wait for, and a function that lets them go on. For
// a test that fails, register it as a Cleanup after start.
func newGate() (release <-chan struct{}, open func()) {
	c := make(chan struct{})
	return c, sync.OnceFunc(func() { close(c) })
}

// until waits for a condition.
func (s *suite) until(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(s.late); !condition(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("after %v: %s", s.late, what)
		}
	}
}

func backlog(t *testing.T, q inbox.Queue) inbox.Backlog {
	t.Helper()
	b, err := q.Backlog(context.WithoutCancel(t.Context()))
	if err != nil {
		t.Fatalf("Backlog: %v", err)
	}
	return b
}

// idle waits until nothing waits any more.
func (s *suite) idle(t *testing.T, q inbox.Queue) {
	t.Helper()
	s.until(t, "deliveries are still waiting", func() bool { return backlog(t, q).Waiting == 0 })
}

func letters(t *testing.T, q inbox.Queue) []inbox.DeadLetter {
	t.Helper()
	dead, err := q.Dead(t.Context(), "", 1000)
	if err != nil {
		t.Fatalf("Dead: %v", err)
	}
	return dead
}

// wantDead waits until a key is a dead letter and returns it.
func (s *suite) wantDead(t *testing.T, q inbox.Queue, key string) (letter inbox.DeadLetter) {
	t.Helper()
	s.until(t, "the delivery is no dead letter", func() bool {
		for _, l := range letters(t, q) {
			if l.Key == key {
				letter = l
				return true
			}
		}
		return false
	})
	return letter
}

func wantAttempts(t *testing.T, h *handler, key string, want ...int) {
	t.Helper()
	if got := h.attempts(key); !slices.Equal(got, want) {
		t.Fatalf("attempts that were made: got %v, want %v", got, want)
	}
}

var errAgain = errors.New("try again")

// soon makes the next attempt come at once.
func soon(context.Context, inbox.Delivery) error { return inbox.RetryAfter(errAgain, 0) }
