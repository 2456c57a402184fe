package inboxtest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sautigo/africastalking/webhook/inbox"
	"github.com/sautigo/africastalking/webhook/inbox/inboxtest"
)

// queue is a queue in memory that can have a fault.
type queue struct {
	inbox.Queue
	key      func(string) string
	put      func(ctx context.Context, d inbox.Delivery) (bool, error)
	run      func(ctx context.Context, w inbox.Worker) error
	handle   func(ctx context.Context, d inbox.Delivery, handle handle) error
	dead     func([]inbox.DeadLetter) []inbox.DeadLetter
	requeue  func(ctx context.Context, key string) error
	drop     func(ctx context.Context, key string) error
	backlog  func(inbox.Backlog) inbox.Backlog
	page     func(ctx context.Context, after string, n int) ([]inbox.DeadLetter, error)
	lasting  inbox.Durability
	own      bool // not shared with another process
	goesOn   bool // when nothing can be written
	forgets  func(q *queue)
	unwiped  bool // bodies stay
	limitOwn func(n int) inbox.Queue

	mu     sync.Mutex
	names  map[string]string // keys as they were put
	notes  map[string]int    // of a fault, by key
	bodies map[string][]byte
	broken bool
}

type handle = func(context.Context, inbox.Delivery) error

var errBroken = errors.New("nothing can be written")

func (q *queue) note(key string, n int) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.notes[key] += n
	return q.notes[key]
}

func (q *queue) isBroken() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.broken
}

func (q *queue) Put(ctx context.Context, d inbox.Delivery) (bool, error) {
	if q.isBroken() {
		return false, errBroken
	}
	if q.key != nil {
		key := q.key(d.Key)
		q.mu.Lock()
		if q.names[key] == "" {
			q.names[key] = d.Key
		}
		q.mu.Unlock()
		d.Key = key
	}
	q.mu.Lock()
	if q.bodies[d.Key] == nil {
		q.bodies[d.Key] = d.Body
	}
	q.mu.Unlock()
	if q.put != nil {
		return q.put(ctx, d)
	}
	return q.Queue.Put(ctx, d)
}

func (q *queue) Run(ctx context.Context, w inbox.Worker) error {
	handle := w.Handle
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w.Handle = func(ctx context.Context, d inbox.Delivery) (err error) {
		if q.key != nil {
			q.mu.Lock()
			d.Key = q.names[d.Key]
			q.mu.Unlock()
		}
		if q.handle != nil {
			err = q.handle(ctx, d, handle)
		} else {
			err = handle(ctx, d)
		}
		if q.isBroken() {
			if q.goesOn {
				return inbox.RetryAfter(errBroken, 0)
			}
			cancel()
		}
		return err
	}
	run := q.run
	if run == nil {
		run = q.Queue.Run
	}
	err := run(ctx, w)
	if q.isBroken() && !q.goesOn {
		return errBroken
	}
	return err
}

func (q *queue) Dead(ctx context.Context, after string, n int) ([]inbox.DeadLetter, error) {
	page := q.page
	if page == nil {
		page = q.Queue.Dead
	}
	letters, err := page(ctx, after, n)
	if q.dead != nil {
		letters = q.dead(letters)
	}
	return letters, err
}

func (q *queue) Requeue(ctx context.Context, key string) error {
	if q.requeue != nil {
		return q.requeue(ctx, key)
	}
	return q.Queue.Requeue(ctx, key)
}

func (q *queue) Drop(ctx context.Context, key string) error {
	if q.drop != nil {
		return q.drop(ctx, key)
	}
	return q.Queue.Drop(ctx, key)
}

func (q *queue) Backlog(ctx context.Context) (inbox.Backlog, error) {
	b, err := q.Queue.Backlog(ctx)
	if q.backlog != nil && err == nil {
		b = q.backlog(b)
	}
	return b, err
}

func (q *queue) Durability() inbox.Durability {
	if q.lasting != 0 {
		return q.lasting
	}
	return q.Queue.Durability()
}

// stored returns the bodies that wait or are dead, and with a fault all of them.
func (q *queue) stored(t *testing.T) []byte {
	dead, err := q.Queue.Dead(t.Context(), "", 100)
	if err != nil {
		t.Fatal(err)
	}
	waiting, err := q.Queue.Backlog(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	for _, l := range dead {
		b.Write(l.Body)
	}
	if waiting.Waiting > 0 || q.unwiped {
		q.mu.Lock()
		defer q.mu.Unlock()
		for _, body := range q.bodies {
			b.Write(body)
		}
	}
	return b.Bytes()
}

func isDead(q *queue, key string) bool {
	dead, err := q.Queue.Dead(context.Background(), "", 1000)
	return err == nil && slices.ContainsFunc(dead, func(l inbox.DeadLetter) bool { return l.Key == key })
}

// changed returns a fault that changes deliveries before they are put.
func changed(change func(d *inbox.Delivery)) func(*queue) {
	return func(q *queue) {
		q.put = func(ctx context.Context, d inbox.Delivery) (bool, error) {
			change(&d)
			return q.Queue.Put(ctx, d)
		}
	}
}

// handed returns a fault that changes deliveries before they are handled.
func handed(change func(q *queue, d *inbox.Delivery)) func(*queue) {
	return func(q *queue) {
		q.handle = func(ctx context.Context, d inbox.Delivery, handle handle) error {
			change(q, &d)
			return handle(ctx, d)
		}
	}
}

// failing returns a fault that changes the errors of attempts.
func failing(change func(q *queue, d inbox.Delivery, err error) error) func(*queue) {
	return func(q *queue) {
		q.handle = func(ctx context.Context, d inbox.Delivery, handle handle) error {
			err := handle(ctx, d)
			if err != nil {
				err = change(q, d, err)
			}
			return err
		}
	}
}

// later puts a delivery off without an attempt.
func (q *queue) later(ctx context.Context, d inbox.Delivery) error {
	return inbox.New(q).Handle(ctx, d)
}

// broken are queues with one fault each. Run must find every one.
var broken = map[string]func(*queue){
	"Put acknowledges and stores nothing": func(q *queue) {
		q.put = func(context.Context, inbox.Delivery) (bool, error) { return false, nil }
	},
	"Put loses one in eight": func(q *queue) {
		q.put = func(ctx context.Context, d inbox.Delivery) (bool, error) {
			if q.note("", 1)%8 == 0 {
				return false, nil
			}
			return q.Queue.Put(ctx, d)
		}
	},
	"Put stores repeats": func(q *queue) {
		n := 0
		q.key = func(key string) string {
			q.mu.Lock()
			defer q.mu.Unlock()
			n++
			return fmt.Sprint(key, n)
		}
	},
	"Put never says duplicate": func(q *queue) {
		q.put = func(ctx context.Context, d inbox.Delivery) (bool, error) {
			_, err := q.Queue.Put(ctx, d)
			return false, err
		}
	},
	"Put says duplicate to all": func(q *queue) {
		q.put = func(ctx context.Context, d inbox.Delivery) (bool, error) {
			_, err := q.Queue.Put(ctx, d)
			return true, err
		}
	},
	"Put looks and stores in two steps": func(q *queue) {
		seen := map[string]int{}
		q.key = func(key string) string {
			q.mu.Lock()
			defer q.mu.Unlock()
			if seen[key] == 0 { // another may ask before it is noted
				q.mu.Unlock()
				time.Sleep(time.Millisecond)
				q.mu.Lock()
				seen[key]++
				return fmt.Sprint(key, seen[key])
			}
			return fmt.Sprint(key, 1)
		}
	},
	"Put ignores the context": func(q *queue) {
		q.put = func(ctx context.Context, d inbox.Delivery) (bool, error) {
			return q.Queue.Put(context.WithoutCancel(ctx), d)
		}
	},
	"Put takes an ended context for a full queue": func(q *queue) {
		q.put = func(ctx context.Context, d inbox.Delivery) (bool, error) {
			if ctx.Err() != nil {
				return false, inbox.ErrFull
			}
			return q.Queue.Put(ctx, d)
		}
	},
	"Put holds on to the body": handed(func(q *queue, d *inbox.Delivery) {
		q.mu.Lock()
		defer q.mu.Unlock()
		if body := q.bodies[d.Key]; len(body) == len(d.Body) {
			d.Body = body
		}
	}),
	"attempts share a body": func(q *queue) {
		shared := map[string][]byte{}
		q.handle = func(ctx context.Context, d inbox.Delivery, handle handle) error {
			q.mu.Lock()
			if shared[d.Key] == nil {
				shared[d.Key] = d.Body
			}
			d.Body = shared[d.Key]
			q.mu.Unlock()
			return handle(ctx, d)
		}
	},
	"Dead shares its bodies": func(q *queue) {
		shared := map[string][]byte{}
		q.dead = func(letters []inbox.DeadLetter) []inbox.DeadLetter {
			q.mu.Lock()
			defer q.mu.Unlock()
			for i, l := range letters {
				if shared[l.Key] == nil {
					shared[l.Key] = l.Body
				}
				letters[i].Body = shared[l.Key]
			}
			return letters
		}
	},
	"windows never end":        changed(func(d *inbox.Delivery) { d.Window = 1000 * time.Hour }),
	"windows have ended":       changed(func(d *inbox.Delivery) { d.Window = 0 }),
	"windows last for an hour": changed(func(d *inbox.Delivery) { d.Window = time.Hour }),
	"all have the same window": changed(func(d *inbox.Delivery) { d.Window = 72 * time.Hour }),
	"windows begin when stored": func(q *queue) {
		q.put = func(ctx context.Context, d inbox.Delivery) (bool, error) {
			d.Window += time.Since(d.Received)
			return q.Queue.Put(ctx, d)
		}
	},
	"the window goes by the repeat": func(q *queue) {
		windows := map[string]inbox.Delivery{}
		q.put = func(ctx context.Context, d inbox.Delivery) (bool, error) {
			q.mu.Lock()
			first, known := windows[d.Key]
			windows[d.Key] = d
			q.mu.Unlock()
			if known && time.Since(first.Received) > 2*time.Hour {
				return false, nil
			}
			return q.Queue.Put(ctx, d)
		}
	},
	"what waits past its window is stored twice": func(q *queue) {
		q.key = nil
		q.put = func(ctx context.Context, d inbox.Delivery) (bool, error) {
			duplicate, err := q.Queue.Put(ctx, d)
			if duplicate && time.Since(d.Received) > d.Window && !isDead(q, d.Key) {
				return false, err
			}
			return duplicate, err
		}
	},
	"what was received in the future waits for it": func(q *queue) {
		q.handle = func(ctx context.Context, d inbox.Delivery, handle handle) error {
			if time.Now().Before(d.Received) {
				return q.later(ctx, d)
			}
			return handle(ctx, d)
		}
	},
	"keys in small letters":    func(q *queue) { q.key = strings.ToLower },
	"keys are cut":             func(q *queue) { q.key = func(key string) string { return key[:min(len(key), 36)] } },
	"bodies end at zero bytes": changed(func(d *inbox.Delivery) { d.Body, _, _ = bytes.Cut(d.Body, []byte{0}) }),
	"bodies are valid UTF-8":   changed(func(d *inbox.Delivery) { d.Body = bytes.ToValidUTF8(d.Body, []byte("?")) }),
	"bodies are at most 32 KiB": changed(func(d *inbox.Delivery) {
		d.Body = d.Body[:min(len(d.Body), 32<<10)]
	}),
	"bodies are trimmed":     changed(func(d *inbox.Delivery) { d.Body = bytes.TrimSpace(d.Body) }),
	"media types are lost":   changed(func(d *inbox.Delivery) { d.MediaType = "application/x-www-form-urlencoded" }),
	"names are lost":         changed(func(d *inbox.Delivery) { d.Name = "name-0" }),
	"Received is in seconds": changed(func(d *inbox.Delivery) { d.Received = d.Received.Truncate(time.Second) }),
	"Received is now":        handed(func(_ *queue, d *inbox.Delivery) { d.Received = time.Now().Add(time.Second) }),
	"attempts count from 0":  handed(func(_ *queue, d *inbox.Delivery) { d.Attempt-- }),
	"attempts are not counted": handed(func(_ *queue, d *inbox.Delivery) {
		d.Attempt = 1
	}),
	"what failed is done": failing(func(*queue, inbox.Delivery, error) error { return nil }),
	"what failed is dead": failing(func(_ *queue, _ inbox.Delivery, err error) error { return inbox.Park(err) }),
	"what failed is lost": func(q *queue) {
		q.handle = func(ctx context.Context, d inbox.Delivery, handle handle) error {
			if d.Attempt > 1 {
				return nil
			}
			return handle(ctx, d)
		}
	},
	"RetryAfter is ignored": failing(func(_ *queue, d inbox.Delivery, err error) error {
		if fate := inbox.Next(d, err); fate.Dead || fate.After > time.Minute || fate.Attempts < d.Attempt {
			return err
		}
		return inbox.RetryAfter(err, 0)
	}),
	"RetryAfter waits for a tick": failing(func(_ *queue, d inbox.Delivery, err error) error {
		if fate := inbox.Next(d, err); !fate.Dead && fate.Attempts == d.Attempt {
			return inbox.RetryAfter(err, fate.After.Truncate(time.Minute)+time.Minute)
		}
		return err
	}),
	"there is no backoff": failing(func(_ *queue, d inbox.Delivery, err error) error {
		if fate := inbox.Next(d, err); !fate.Dead && fate.Attempts == d.Attempt && fate.After >= 500*time.Millisecond && fate.After <= time.Second {
			return inbox.RetryAfter(err, 0)
		}
		return err
	}),
	"Park is tried again": failing(func(_ *queue, d inbox.Delivery, err error) error {
		if fate := inbox.Next(d, err); fate.Dead && d.Attempt < 20 {
			return inbox.RetryAfter(errors.New(err.Error()), 0)
		}
		return err
	}),
	"an attempt too few": failing(func(_ *queue, d inbox.Delivery, err error) error {
		if d.Attempt == 19 {
			return inbox.Park(err)
		}
		return err
	}),
	"an attempt too many": func(q *queue) {
		q.handle = func(ctx context.Context, d inbox.Delivery, handle handle) error {
			err := handle(ctx, d)
			if d.Attempt == 20 && err != nil {
				d.Attempt++
				err = handle(ctx, d)
			}
			return err
		}
	},
	"attempts for nobody count": failing(func(_ *queue, d inbox.Delivery, err error) error {
		if inbox.Next(d, err).Attempts < d.Attempt {
			return inbox.RetryAfter(errors.New(err.Error()), 0)
		}
		return err
	}),
	"reasons are not masked": func(q *queue) {
		reasons := map[string]string{}
		failing(func(q *queue, d inbox.Delivery, err error) error {
			q.mu.Lock()
			defer q.mu.Unlock()
			reasons[d.Key] = err.Error()
			return err
		})(q)
		q.dead = func(letters []inbox.DeadLetter) []inbox.DeadLetter {
			q.mu.Lock()
			defer q.mu.Unlock()
			for i, l := range letters {
				if reasons[l.Key] != "" {
					letters[i].Reason = reasons[l.Key]
				}
			}
			return letters
		}
	},
	"reasons are lost": func(q *queue) {
		q.dead = func(letters []inbox.DeadLetter) []inbox.DeadLetter {
			for i := range letters {
				letters[i].Reason = ""
			}
			return letters
		}
	},
	"dead letters have no body": func(q *queue) {
		q.dead = func(letters []inbox.DeadLetter) []inbox.DeadLetter {
			for i := range letters {
				letters[i].Body = nil
			}
			return letters
		}
	},
	"dead letters have no time": func(q *queue) {
		q.dead = func(letters []inbox.DeadLetter) []inbox.DeadLetter {
			for i := range letters {
				letters[i].Died = time.Time{}
			}
			return letters
		}
	},
	"dead letters have no attempts": func(q *queue) {
		q.dead = func(letters []inbox.DeadLetter) []inbox.DeadLetter {
			for i := range letters {
				letters[i].Attempt = 0
			}
			return letters
		}
	},
	"dead letters are not kept": func(q *queue) {
		q.dead = func([]inbox.DeadLetter) []inbox.DeadLetter { return nil }
	},
	"what is parked is handled": changed(func(d *inbox.Delivery) { d.Parked = "" }),
	"what is parked is lost": func(q *queue) {
		q.put = func(ctx context.Context, d inbox.Delivery) (bool, error) {
			if d.Parked != "" {
				return false, nil
			}
			return q.Queue.Put(ctx, d)
		}
	},
	"what is parked again is handled": func(q *queue) {
		q.put = func(ctx context.Context, d inbox.Delivery) (bool, error) {
			if isDead(q, d.Key) {
				d.Parked = ""
			}
			return q.Queue.Put(ctx, d)
		}
	},
	"what is parked again is no duplicate": func(q *queue) {
		q.put = func(ctx context.Context, d inbox.Delivery) (bool, error) {
			duplicate, err := q.Queue.Put(ctx, d)
			return duplicate && d.Parked == "", err
		}
	},
	"a dead letter loses a turn now and then": func(q *queue) {
		q.put = func(ctx context.Context, d inbox.Delivery) (bool, error) {
			if isDead(q, d.Key) && q.note(d.Key, 1) == 20 {
				q.note(d.Key, -1)
				return false, nil
			}
			return q.Queue.Put(ctx, d)
		}
	},
	"a dead letter stays dead": func(q *queue) {
		q.put = func(ctx context.Context, d inbox.Delivery) (bool, error) {
			if isDead(q, d.Key) {
				return true, nil
			}
			return q.Queue.Put(ctx, d)
		}
	},
	"a dead letter that comes again is lost": func(q *queue) {
		q.put = func(ctx context.Context, d inbox.Delivery) (bool, error) {
			if isDead(q, d.Key) && d.Parked == "" {
				return false, q.Queue.Drop(ctx, d.Key)
			}
			return q.Queue.Put(ctx, d)
		}
	},
	"what takes its turn again counts on": func(q *queue) {
		q.handle = func(ctx context.Context, d inbox.Delivery, handle handle) error {
			d.Attempt = q.note(d.Key, 1)
			return handle(ctx, d)
		}
	},
	"Requeue does nothing":     func(q *queue) { q.requeue = func(context.Context, string) error { return nil } },
	"Requeue drops":            func(q *queue) { q.requeue = q.Queue.Drop },
	"Requeue takes any key":    func(q *queue) { q.requeue = withoutNotFound(q.Queue.Requeue) },
	"Requeue ignores contexts": func(q *queue) { q.requeue = withoutContext(q.Queue.Requeue) },
	"Drop does nothing":        func(q *queue) { q.drop = func(context.Context, string) error { return nil } },
	"Drop requeues":            func(q *queue) { q.drop = q.Queue.Requeue },
	"Drop takes any key":       func(q *queue) { q.drop = withoutNotFound(q.Queue.Drop) },
	"Drop ignores contexts":    func(q *queue) { q.drop = withoutContext(q.Queue.Drop) },
	"Dead begins anew": func(q *queue) {
		q.page = func(ctx context.Context, _ string, n int) ([]inbox.DeadLetter, error) {
			return q.Queue.Dead(ctx, "", n)
		}
	},
	"Dead returns the last one again": func(q *queue) {
		q.page = func(ctx context.Context, after string, n int) ([]inbox.DeadLetter, error) {
			letters, err := q.Queue.Dead(ctx, "", 1000)
			letters = slices.DeleteFunc(letters, func(l inbox.DeadLetter) bool { return l.Key < after })
			return letters[:min(n, len(letters))], err
		}
	},
	"Dead returns all": func(q *queue) {
		q.page = func(ctx context.Context, after string, _ int) ([]inbox.DeadLetter, error) {
			return q.Queue.Dead(ctx, after, 1000)
		}
	},
	"Dead is in another order": func(q *queue) {
		q.dead = func(letters []inbox.DeadLetter) []inbox.DeadLetter {
			slices.Reverse(letters)
			return letters
		}
	},
	"Dead ignores contexts": func(q *queue) {
		q.page = func(ctx context.Context, after string, n int) ([]inbox.DeadLetter, error) {
			return q.Queue.Dead(context.WithoutCancel(ctx), after, n)
		}
	},
	"Run does not wait": func(q *queue) {
		q.run = func(ctx context.Context, w inbox.Worker) error {
			go func() { _ = q.Queue.Run(ctx, w) }()
			<-ctx.Done()
			return nil
		}
	},
	"Run returns an error when it ends": func(q *queue) {
		q.run = func(ctx context.Context, w inbox.Worker) error {
			return errors.Join(q.Queue.Run(ctx, w), ctx.Err())
		}
	},
	"Run ends Handle's context": func(q *queue) {
		q.run = func(ctx context.Context, w inbox.Worker) error {
			handle := w.Handle
			w.Handle = func(_ context.Context, d inbox.Delivery) error { return handle(ctx, d) }
			return q.Queue.Run(ctx, w)
		}
	},
	"Run loses the context's values": func(q *queue) {
		q.handle = func(_ context.Context, d inbox.Delivery, handle handle) error {
			return handle(context.Background(), d)
		}
	},
	"Run empties the queue before it ends": func(q *queue) {
		q.run = func(ctx context.Context, w inbox.Worker) error {
			longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
			defer cancel()
			context.AfterFunc(ctx, func() { time.Sleep(time.Second); cancel() })
			return q.Queue.Run(longer, w)
		}
	},
	"Run can be called once": func(q *queue) {
		q.run = func(ctx context.Context, w inbox.Worker) error {
			if q.note("run", 1) > 1 {
				<-ctx.Done()
				return nil
			}
			return q.Queue.Run(ctx, w)
		}
	},
	"Run takes more workers": func(q *queue) {
		q.run = func(ctx context.Context, w inbox.Worker) error { w.Workers++; return q.Queue.Run(ctx, w) }
	},
	"Run takes one worker": func(q *queue) {
		q.run = func(ctx context.Context, w inbox.Worker) error { w.Workers = 1; return q.Queue.Run(ctx, w) }
	},
	"results at the end are lost": func(q *queue) {
		q.run = func(ctx context.Context, w inbox.Worker) error {
			handle := w.Handle
			w.Handle = func(hctx context.Context, d inbox.Delivery) error {
				err := handle(hctx, d)
				if ctx.Err() != nil {
					return inbox.RetryAfter(errBroken, 0)
				}
				return err
			}
			return q.Queue.Run(ctx, w)
		}
	},
	"one in twenty is handled twice": func(q *queue) {
		q.handle = func(ctx context.Context, d inbox.Delivery, handle handle) error {
			err := handle(ctx, d)
			if err == nil && q.note("", 1)%20 == 0 {
				err = handle(ctx, d)
			}
			return err
		}
	},
	"one in twenty is handled twice at once": func(q *queue) {
		q.handle = func(ctx context.Context, d inbox.Delivery, handle handle) error {
			if q.note("", 1)%20 == 0 {
				done := make(chan error)
				go func() { done <- handle(ctx, d) }()
				defer func() { <-done }()
			}
			return handle(ctx, d)
		}
	},
	"retries come first": func(q *queue) {
		q.handle = func(ctx context.Context, d inbox.Delivery, handle handle) error {
			for {
				err := handle(ctx, d)
				if err == nil || inbox.Next(d, err).Dead || inbox.Next(d, err).After > 0 {
					return err
				}
				d.Attempt++
			}
		}
	},
	"new deliveries come first": func(q *queue) {
		q.handle = func(ctx context.Context, d inbox.Delivery, handle handle) error {
			if b, _ := q.Queue.Backlog(ctx); d.Attempt > 1 && b.Waiting > 1 {
				return q.later(ctx, d)
			}
			return handle(ctx, d)
		}
	},
	"Backlog counts the dead": func(q *queue) {
		q.backlog = func(b inbox.Backlog) inbox.Backlog { b.Waiting += b.Dead; return b }
	},
	"Backlog does not count the dead": func(q *queue) {
		q.backlog = func(b inbox.Backlog) inbox.Backlog { b.Dead = 0; return b }
	},
	"Backlog is empty": func(q *queue) {
		q.backlog = func(inbox.Backlog) inbox.Backlog { return inbox.Backlog{} }
	},
	"Backlog says now": func(q *queue) {
		q.backlog = func(b inbox.Backlog) inbox.Backlog { b.Oldest = time.Now(); return b }
	},
	"Backlog has no time": func(q *queue) {
		q.backlog = func(b inbox.Backlog) inbox.Backlog { b.Oldest = time.Time{}; return b }
	},
	"Durability is not said": func(q *queue) { q.lasting = inbox.Durability(17) },
	"it is never full": func(q *queue) {
		q.limitOwn = func(int) inbox.Queue { return inbox.Memory(inbox.AllowLoss) }
	},
	"full is another error": func(q *queue) {
		q.put = func(ctx context.Context, d inbox.Delivery) (bool, error) {
			duplicate, err := q.Queue.Put(ctx, d)
			if err != nil {
				err = errors.New(err.Error())
			}
			return duplicate, err
		}
	},
	"a full queue knows no duplicates": func(q *queue) {
		q.put = func(ctx context.Context, d inbox.Delivery) (bool, error) {
			probe := d
			probe.Key, probe.Parked = fmt.Sprint("probe-", q.note("probe", 1)), "probe"
			if _, err := q.Queue.Put(ctx, probe); err != nil {
				return false, err
			}
			if err := q.Queue.Drop(ctx, probe.Key); err != nil {
				return false, err
			}
			return q.Queue.Put(ctx, d)
		}
	},
	"what is done takes room": func(q *queue) {
		q.put = func(ctx context.Context, d inbox.Delivery) (bool, error) {
			duplicate, err := q.Queue.Put(ctx, d)
			if !duplicate && err == nil && q.note("room", 1) > 15 && q.limited() {
				return false, inbox.ErrFull
			}
			return duplicate, err
		}
	},
	"dead letters take no room": func(q *queue) {
		q.limitOwn = func(n int) inbox.Queue { return inbox.Memory(inbox.AllowLoss, inbox.WithMaxDeliveries(2*n)) }
	},
	"each machine has its own": func(q *queue) { q.own = true },
	"a restart loses all": func(q *queue) {
		q.forgets = func(q *queue) { q.Queue = inbox.Memory(inbox.AllowLoss) }
	},
	"a restart counts attempts anew": func(q *queue) {
		q.forgets = func(q *queue) {
			q.handle = func(ctx context.Context, d inbox.Delivery, handle handle) error {
				d.Attempt = 1
				return handle(ctx, d)
			}
		}
	},
	"a restart loses the dead": func(q *queue) {
		q.forgets = func(q *queue) {
			dead, _ := q.Queue.Dead(context.Background(), "", 100)
			for _, l := range dead {
				_ = q.Queue.Drop(context.Background(), l.Key)
			}
		}
	},
	"a restart loses what was done": func(q *queue) {
		q.forgets = func(q *queue) {
			n := q.note("restarts", 1)
			q.key = func(key string) string { return key + strings.Repeat("-", n) }
		}
	},
	"Run goes on when nothing can be noted": func(q *queue) { q.goesOn = true },
	"bodies stay when done":                 func(q *queue) { q.unwiped = true },
}

func withoutNotFound(fn func(context.Context, string) error) func(context.Context, string) error {
	return func(ctx context.Context, key string) error {
		if err := fn(ctx, key); !errors.Is(err, inbox.ErrNotFound) {
			return err
		}
		return nil
	}
}

func withoutContext(fn func(context.Context, string) error) func(context.Context, string) error {
	return func(ctx context.Context, key string) error { return fn(context.WithoutCancel(ctx), key) }
}

// limited reports whether the queue is one of WithLimited.
func (q *queue) limited() bool { return q.lasting == inbox.ProcessCrash }

const brokenEnv = "INBOXTEST_BROKEN"

// TestBroken runs the tests over each broken queue until one fails, in the process that
// TestRunFindsFaults starts.
func TestBroken(t *testing.T) {
	if os.Getenv(brokenEnv) == "" {
		t.Skip("for TestRunFindsFaults")
	}
	for name, fault := range broken {
		t.Run(name, func(t *testing.T) { runBroken(t, fault) })
	}
}

func TestWithoutFault(t *testing.T) {
	t.Parallel()
	runBroken(t, nil)
}

func runBroken(t *testing.T, fault func(*queue)) {
	t.Helper()
	open := func(limit int) *queue {
		q := &queue{
			Queue: inbox.Memory(inbox.AllowLoss), names: map[string]string{}, notes: map[string]int{}, bodies: map[string][]byte{},
		}
		if limit > 0 {
			q.Queue = inbox.Memory(inbox.AllowLoss, inbox.WithMaxDeliveries(limit))
			q.lasting = inbox.ProcessCrash
		}
		if fault != nil {
			fault(q)
		}
		if limit > 0 && q.limitOwn != nil {
			q.Queue = q.limitOwn(limit)
		}
		return q
	}
	inboxtest.Run(t, func(test *testing.T) inbox.Queue {
		if t.Failed() {
			test.SkipNow()
		}
		return open(0)
	},
		inboxtest.WithBubble(true),
		inboxtest.WithLimited(func(_ *testing.T, n int) inbox.Queue { return open(n) }),
		inboxtest.WithAnother(func(_ *testing.T, q inbox.Queue) inbox.Queue {
			if q.(*queue).own {
				return open(0)
			}
			return q
		}),
		inboxtest.WithReopen(func(_ *testing.T, q inbox.Queue) inbox.Queue {
			if forgets := q.(*queue).forgets; forgets != nil {
				forgets(q.(*queue))
			}
			return q
		}),
		inboxtest.WithBreak(func(_ *testing.T, q inbox.Queue) {
			broken := q.(*queue)
			broken.mu.Lock()
			defer broken.mu.Unlock()
			broken.broken = true
		}),
		inboxtest.WithStored(func(t *testing.T, q inbox.Queue) []byte { return q.(*queue).stored(t) }),
	)
}

func TestRunFindsFaults(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestBroken$", "-test.timeout=1m")
	cmd.Env = append(os.Environ(), brokenEnv+"=1")
	out, err := cmd.CombinedOutput()
	if exit := new(exec.ExitError); !errors.As(err, &exit) || strings.Contains(string(out), "panic:") {
		t.Fatalf("%v\n%s", err, out)
	}
	for name := range broken {
		if !strings.Contains(string(out), "--- FAIL: TestBroken/"+strings.ReplaceAll(name, " ", "_")+" ") {
			t.Errorf("the fault was not found: %s", name)
		}
	}
}
