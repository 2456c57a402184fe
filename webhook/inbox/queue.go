package inbox

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sautigo/africastalking/webhook"
)

// Delivery is one callback that was stored.
type Delivery struct {
	// Name is the one that [Inbox.Stored] was given.
	Name string
	// Key tells the delivery from all others. It is the same each time that Africa's
	// Talking sends the callback. For a callback without an identity, such as an opt-out,
	// it comes again after the Window, with another callback that has the same fields: as
	// an idempotency key pass on Key and Received.UnixMilli() then. It consists of at most 128 letters, digits, "-" and
	// "_", and shows neither a number nor a text that was sent.
	Key string
	// Received is when the callback arrived. Queues keep it to the millisecond.
	Received time.Time
	// Window is for how long after Received a repeat is a duplicate. It is of no use
	// once the callback was stored, so a queue need not hand it out.
	Window time.Duration
	// Parked is why the callback is a dead letter from the start, empty if it is to be
	// handled. It is of no use once the callback was stored, so a queue need not hand
	// it out.
	Parked string
	// Attempt counts the calls of the function for this delivery, this one included.
	// It begins at 1, and again when a dead letter takes its turn again. An attempt
	// that ended with its process may or may not count. In a [DeadLetter] it is the
	// number of attempts made, 0 if it was parked from the start.
	Attempt int
	webhook.Callback
}

// Queue keeps deliveries until they are handled. Engines implement it; package inboxtest
// tests them. Its methods are safe for concurrent use.
type Queue interface {
	// Put keeps d, which a nil error promises as far as [Durability] goes.
	//
	// It keeps nothing and returns true if there is a delivery with d's Key that is
	// waiting or being handled, or that was handled and was received less than its
	// Window before now. If there is a dead letter with that Key, it takes its turn
	// again, from the first attempt on, unless d is Parked: then d is a duplicate.
	// For a delivery that was dropped either answer will do.
	//
	// A full queue, in which dead letters count as well as what waits, returns an error
	// that wraps [ErrFull]. After an error d may be kept all the same: the callback will
	// be sent again and be a duplicate. Put does not hold on to d.Body.
	Put(ctx context.Context, d Delivery) (duplicate bool, err error)

	// Run calls w.Handle for each delivery, on w.Workers goroutines at most, until ctx
	// ends. Then it waits for the calls that are running, notes what came of them, and
	// returns nil. Run may be called again after it has returned.
	//
	// A delivery is done once Handle has returned nil and that is noted, as safe as
	// Durability says; before that its goroutine takes no other delivery. If Handle
	// returns an error, [Next] says what becomes of the delivery. If a result cannot be
	// noted, Run ends with an error, for going on would handle the same deliveries for
	// ever.
	//
	// No order is promised, but neither new deliveries nor those that are tried again
	// may starve the others. One Key is never with two calls of Handle at once, unless a
	// process has died, or Handle has taken longer than w.Timeout in an engine that then
	// hands the delivery to another machine. Each call gets a body of its own.
	Run(ctx context.Context, w Worker) error

	// Durability says what a nil error of Put outlives. It was found out from the server
	// or the file, and is not what was asked for.
	Durability() Durability

	// Backlog counts what is in the queue.
	Backlog(ctx context.Context) (Backlog, error)

	DeadLetters
}

// Worker is what handles the deliveries of a [Queue].
type Worker struct {
	// Workers is how many calls of Handle may run at once, 1 or more.
	Workers int
	// Timeout is how long a call of Handle should take at most; it is positive. Handle
	// ends its own context then. It is for engines that must know when a process has
	// died: give up on one only some time after this.
	Timeout time.Duration
	// Handle handles a delivery. Its context holds the values of Run's but does not end
	// with it, or what runs could not be finished. Handle does not panic.
	Handle func(context.Context, Delivery) error
}

// DeadLetters are the deliveries that were given up, kept for a person to see. A queue
// never removes one on its own, or only after weeks that its documentation names.
type DeadLetters interface {
	// Dead returns at most n dead letters whose keys come after a key, "" for the first
	// ones, in the order of the keys' bytes.
	Dead(ctx context.Context, after string, n int) ([]DeadLetter, error)
	// Requeue lets a dead letter take its turn again, from the first attempt on. If
	// there is none with that key, the error wraps [ErrNotFound].
	Requeue(ctx context.Context, key string) error
	// Drop removes a dead letter for good. If there is none with that key, the error
	// wraps [ErrNotFound].
	Drop(ctx context.Context, key string) error
}

// DeadLetter is a delivery that was given up.
type DeadLetter struct {
	Delivery
	// Died is when it was given up.
	Died time.Time
	// Reason is the Reason of [Next] for the last error, or what Parked said.
	Reason string
}

// Backlog is what a [Queue] holds at one moment.
type Backlog struct {
	// Waiting is the number of deliveries that are not done: new ones, those that will
	// be tried again and those that are being handled. Dead letters are not among them.
	Waiting int
	// Oldest is when the oldest of those that wait was received, zero if none waits.
	Oldest time.Time
	// Dead is the number of dead letters.
	Dead int
}

var (
	// ErrFull is wrapped by the error of [Queue.Put] for a queue that has no room. The
	// callback is answered 503, and Africa's Talking sends it again later.
	ErrFull = errors.New("inbox: queue is full")
	// ErrNotFound is wrapped by the errors of [DeadLetters] for a key that no dead letter
	// has.
	ErrNotFound = errors.New("inbox: no such dead letter")
)

// Durability says what a nil error of [Queue.Put] outlives. Each value includes those
// before it.
type Durability int

const (
	// InMemory outlives nothing.
	InMemory Durability = iota + 1
	// ProcessCrash outlives the death of the process.
	ProcessCrash
	// PowerCut outlives the loss of power.
	PowerCut
	// Replicated outlives the loss of a machine and its disk.
	Replicated
)

// String returns what is outlived, such as "power cut".
func (d Durability) String() string {
	switch d {
	case InMemory:
		return "nothing"
	case ProcessCrash:
		return "process crash"
	case PowerCut:
		return "power cut"
	case Replicated:
		return "loss of a machine"
	}
	return fmt.Sprintf("Durability(%d)", int(d))
}
