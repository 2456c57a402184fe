package atriver

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/sautigo/africastalking/webhook"
	"github.com/sautigo/africastalking/webhook/inbox"
)

const (
	// maxWriters batches are on the way at once: while one is being committed, the next
	// is sent.
	maxWriters = 2
	// A batch has at most maxBatch deliveries, and hardly more than maxBatchBytes.
	maxBatch      = 256
	maxBatchBytes = 4 << 20
	// storeTimeout limits the time that a batch takes.
	storeTimeout = 10 * time.Second
)

// job is the part of a delivery that is stored.
type job struct {
	Key       string `json:"key" river:"unique"`
	Name      string `json:"name"`
	MediaType string `json:"mediaType"`
	Body      []byte `json:"body,omitempty"`
	Received  int64  `json:"received"` // Unix time in milliseconds
	Until     int64  `json:"until"`    // the end of the window, as Received
}

// Kind implements river.JobArgs.
func (job) Kind() string { return "africastalking" }

func jobOf(d inbox.Delivery) job {
	until := d.Received.Add(d.Window + time.Millisecond - 1)
	return job{
		Key: d.Key, Name: withoutNUL(d.Name), MediaType: withoutNUL(d.MediaType), Body: bytes.Clone(d.Body),
		Received: d.Received.UnixMilli(), Until: until.UnixMilli(),
	}
}

func (j job) delivery(attempt int) inbox.Delivery {
	return inbox.Delivery{
		Name: j.Name, Key: j.Key, Received: time.UnixMilli(j.Received), Attempt: attempt,
		Callback: webhook.Callback{MediaType: j.MediaType, Body: j.Body},
	}
}

// withoutNUL removes the one character that Postgres keeps in no text.
func withoutNUL(text string) string { return strings.ReplaceAll(text, "\x00", "") }

// insertOpts makes a key unique whatever has become of its job. River's default leaves
// out dead ones: a second job beside a dead one would keep that from ever being tried
// again.
var insertOpts = &river.InsertOpts{
	Queue:       queueName,
	MaxAttempts: 1 << 14, // inbox.Next decides
	UniqueOpts:  river.UniqueOpts{ByArgs: true, ByState: rivertype.JobStates()},
}

// put is a call of Put that waits for its batch.
type put struct {
	ctx    context.Context
	job    job
	parked string // why the delivery is dead from the start

	duplicate bool
	err       error
	done      chan struct{}
}

// Put implements [inbox.Queue]. What several calls put at the same time is stored in one
// transaction.
func (q *Queue) Put(ctx context.Context, d inbox.Delivery) (duplicate bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, fmt.Errorf("atriver: storing a callback: %w", err)
	}
	if d.Window > q.retention {
		return false, fmt.Errorf("atriver: storing a callback: its window of %v is longer than the retention of %v; see WithRetention", d.Window, q.retention)
	}
	p := &put{ctx: ctx, job: jobOf(d), parked: d.Parked, done: make(chan struct{})}
	q.mu.Lock()
	q.waiting = append(q.waiting, p)
	start := q.writers < maxWriters
	if start {
		q.writers++
	}
	q.mu.Unlock()
	if start {
		go q.write()
	}
	select {
	case <-p.done:
		duplicate, err = p.duplicate, p.err
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		return false, fmt.Errorf("atriver: storing a callback: %w", explain(err))
	}
	return duplicate, nil
}

// write stores what waits until nothing does.
func (q *Queue) write() {
	for {
		batch := q.take()
		if len(batch) == 0 {
			return
		}
		q.store(batch)
	}
}

// take returns the next batch. If there is none, the writer has ended.
func (q *Queue) take() (batch []*put) {
	q.mu.Lock()
	defer q.mu.Unlock()
	size, n := 0, 0
	for _, p := range q.waiting {
		if len(batch) == maxBatch || size >= maxBatchBytes {
			break
		}
		n++
		if p.ctx.Err() == nil { // its caller still waits
			batch = append(batch, p)
			size += len(p.job.Body)
		}
	}
	clear(q.waiting[:n])
	q.waiting = q.waiting[n:]
	if len(batch) == 0 {
		q.writers--
	}
	return batch
}

// store stores a batch and tells those who wait for it.
func (q *Queue) store(batch []*put) {
	// No statement may meet a key twice, so the first put of a key stands for all. And
	// statements that lock the same rows must do so in the same order.
	slices.SortStableFunc(batch, func(a, b *put) int {
		return cmp.Or(strings.Compare(a.job.Key, b.job.Key), cmp.Compare(len(a.parked), len(b.parked)))
	})
	var firsts []*put
	for _, p := range batch {
		if n := len(firsts); n == 0 || firsts[n-1].job.Key != p.job.Key {
			firsts = append(firsts, p)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), storeTimeout)
	defer cancel()
	if err := q.storeKeys(ctx, firsts); err != nil {
		for _, p := range firsts {
			p.err = cmp.Or(p.err, err)
		}
	}
	first := firsts[0]
	for _, p := range batch {
		switch {
		case p.job.Key != first.job.Key:
			first = p
		case p != first:
			p.duplicate, p.err = true, first.err
		}
		close(p.done)
	}
}

// storeKeys stores puts with keys that differ, and sets err of those that there is no room
// for.
func (q *Queue) storeKeys(ctx context.Context, puts []*put) error {
	if q.quota.stale() {
		var n int
		if err := q.pool.QueryRow(ctx, q.sql.count).Scan(&n); err != nil {
			return err
		}
		q.quota.set(n)
	}
	for tries := 0; len(puts) > 0; {
		err := q.insert(ctx, puts)
		var pgErr *pgconn.PgError
		switch {
		case errors.Is(err, inbox.ErrFull):
			// The others may be duplicates, which take no room.
			puts = slices.DeleteFunc(slices.Clone(puts), func(p *put) bool { return p.err != nil })
		case errors.As(err, &pgErr) && tries < 3 && (pgErr.Code == "40P01" || pgErr.Code == "40001"):
			tries++ // deadlock with River's maintenance, or isolation that is not the default
		default:
			return err
		}
	}
	return nil
}

// insert stores puts in one transaction. If there is not enough room, it stores none, sets
// err of those that there is no room for, and returns [inbox.ErrFull].
func (q *Queue) insert(ctx context.Context, puts []*put) (err error) {
	params := make([]river.InsertManyParams, len(puts))
	for i, p := range puts {
		params[i] = river.InsertManyParams{Args: p.job, InsertOpts: insertOpts}
	}
	room := 0
	defer func() {
		if err != nil {
			q.quota.add(-room)
		}
	}()
	return pgx.BeginFunc(ctx, q.pool, func(tx pgx.Tx) error {
		results, err := q.inserter.InsertManyTx(ctx, tx, params)
		if err != nil {
			return err
		}
		if len(results) != len(puts) {
			return fmt.Errorf("%d results of River for %d jobs", len(results), len(puts))
		}
		var more []*put
		for i, p := range puts {
			fate, err := fateOf(p, results[i])
			if err != nil {
				return err
			}
			p.duplicate = fate == duplicate
			if fate == added || fate == repeated {
				more = append(more, p)
			}
			if fate == repeated || fate == revived || fate == added && p.parked != "" {
				if err := q.reset(ctx, tx, results[i].Job.ID, p); err != nil {
					return err
				}
			}
		}
		room = q.quota.claim(len(more))
		if room == len(more) {
			return nil
		}
		full := fmt.Errorf("%w (%d deliveries)", inbox.ErrFull, q.maxDeliveries)
		for _, p := range more[room:] {
			p.err = full
		}
		return full
	})
}

// putFate is what became of a put.
type putFate int

const (
	added     putFate = iota
	duplicate         // of one that waits, is being handled or was
	repeated          // of one that was handled so long ago that it is no duplicate
	revived           // of a dead letter
)

func fateOf(p *put, r *rivertype.JobInsertResult) (putFate, error) {
	if !r.UniqueSkippedAsDuplicate {
		return added, nil
	}
	switch r.Job.State {
	case rivertype.JobStateCompleted:
		var old job
		if err := json.Unmarshal(r.Job.EncodedArgs, &old); err != nil {
			return 0, fmt.Errorf("reading a delivery: %w", err)
		}
		if time.Now().UnixMilli() >= old.Until {
			return repeated, nil
		}
	case rivertype.JobStateCancelled, rivertype.JobStateDiscarded:
		if p.parked == "" {
			return revived, nil
		}
	}
	return duplicate, nil
}

// reset makes the job with an id one for a put, as if it were new.
func (q *Queue) reset(ctx context.Context, tx pgx.Tx, id int64, p *put) error {
	args, err := json.Marshal(p.job)
	if err != nil {
		return err
	}
	var reason *string
	if p.parked != "" {
		text := attemptError(0, p.parked)
		reason = &text
	}
	_, err = tx.Exec(ctx, q.sql.reset, id, string(args), reason)
	return err
}

// attemptError returns an element of the errors of a job.
func attemptError(attempt int, reason string) string {
	text, _ := json.Marshal(rivertype.AttemptError{At: time.Now(), Attempt: attempt, Error: withoutNUL(reason)})
	return string(text)
}
