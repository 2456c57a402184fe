package atriver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"github.com/sautigo/africastalking/webhook/inbox"
)

const (
	// fetchCooldown is the least time between two fetches of a process, each of as many
	// deliveries as it has free workers. With River's default of a tenth of a second a
	// process with 8 workers would handle 80 deliveries a second.
	fetchCooldown = 5 * time.Millisecond
	// pollEvery is how often a process looks for deliveries whose time has come.
	pollEvery = 100 * time.Millisecond
	// noteFor is for how long a process tries to note a result while the server is away,
	// and noteTimeout limits each try.
	noteFor     = 30 * time.Second
	noteTimeout = 5 * time.Second
	// spareConns is how many connections Run takes beside one for each worker: to listen,
	// to fetch and for two batches of puts.
	spareConns = 4
)

// Run implements [inbox.Queue].
//
// The pool must have four connections more than there are workers. A delivery whose
// process has died is tried again when twice the Timeout of w has passed, or that and a
// minute if it is less; the attempt counts.
func (q *Queue) Run(ctx context.Context, w inbox.Worker) error {
	if conns, need := int(q.pool.Config().MaxConns), w.Workers+spareConns; conns < need {
		return fmt.Errorf("atriver: running: the pool has at most %d connections, and %d workers take %d: set pool_max_conns=%d in its URL", conns, w.Workers, need, need)
	}
	if ctx.Err() != nil {
		return nil
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	rescueAfter := w.Timeout + min(w.Timeout, time.Minute)
	workers := river.NewWorkers()
	river.AddWorker(workers, &worker{q: q, handle: w.Handle, stop: stop})
	client, err := river.NewClient(riverpgxv5.New(q.pool), &river.Config{
		Schema:                      q.schema,
		Queues:                      map[string]river.QueueConfig{queueName: {MaxWorkers: w.Workers}},
		Workers:                     workers,
		Logger:                      q.riverLogger(),
		PollOnly:                    q.pollOnly,
		FetchCooldown:               fetchCooldown,
		FetchPollInterval:           pollEvery,
		CompletedJobRetentionPeriod: q.retention,
		CancelledJobRetentionPeriod: deadRetention,
		DiscardedJobRetentionPeriod: deadRetention,
		// River must end no context before its time, and its rescuer comes after ours: it
		// would put back jobs that are done in that very moment.
		JobTimeout:           rescueAfter,
		RescueStuckJobsAfter: rescueAfter + time.Hour,
	})
	if err != nil {
		return fmt.Errorf("atriver: running: %w", err)
	}
	going := context.WithoutCancel(ctx)
	if err := client.Start(going); err != nil {
		return fmt.Errorf("atriver: running: %w", explain(err))
	}
	var rescuing sync.WaitGroup
	rescuing.Go(func() { q.rescueEvery(ctx, rescueAfter) })
	<-ctx.Done()
	err = client.Stop(going)
	rescuing.Wait()
	var lost *unnotedError
	if errors.As(context.Cause(ctx), &lost) {
		err = lost
	}
	return err
}

// unnotedError ends Run.
type unnotedError struct{ err error }

func (e *unnotedError) Error() string {
	return "atriver: a result could not be noted: " + e.err.Error()
}
func (e *unnotedError) Unwrap() error { return e.err }

// worker hands River's jobs to the inbox.
type worker struct {
	river.WorkerDefaults[job]
	q      *Queue
	handle func(context.Context, inbox.Delivery) error
	stop   context.CancelCauseFunc
}

// Work implements river.Worker. It notes the result before it returns.
func (w *worker) Work(ctx context.Context, j *river.Job[job]) error {
	e := &effect{pool: w.q.pool}
	a := attemptOf(j.ID, j.Attempt, j.Metadata)
	d := j.Args.delivery(a.number())
	err := w.handle(context.WithValue(ctx, effectKey{}, e), d)
	if err := w.q.note(context.WithoutCancel(ctx), a, d, e.end(), err); err != nil {
		w.stop(&unnotedError{explain(err)})
	}
	return settled{}
}

// settled keeps River from noting a result of its own, which it does later, in batches,
// and for whatever attempt is running then. It is what River expects of workers that
// handle several jobs at once: here the result of no job is left to be noted.
type settled struct{}

func (settled) Error() string               { return "the result is noted" }
func (settled) ErrorsByID() map[int64]error { return nil }
func (settled) Jobs() []*rivertype.JobRow   { return nil }

// attempt is one call of Handle.
type attempt struct {
	job int64
	raw int // as River counts
	// died is what River had counted when the delivery was given up last. It goes on from
	// there if a person lets the job be tried again in riverui.
	died int
}

func attemptOf(job int64, raw int, metadata []byte) attempt {
	var m struct {
		Died int `json:"died"`
	}
	_ = json.Unmarshal(metadata, &m) // it is an object, which River reads too
	if m.Died >= raw {
		m.Died = 0
	}
	return attempt{job, raw, m.Died}
}

func (a attempt) number() int { return a.raw - a.died }

// note notes the result of an attempt, in the transaction of its effect if there is one.
func (q *Queue) note(ctx context.Context, a attempt, d inbox.Delivery, tx pgx.Tx, result error) error {
	if tx != nil {
		if result == nil {
			result = q.commit(ctx, a, tx)
			if result == nil {
				return nil
			}
			// The attempt has failed, unless the transaction was committed and the
			// connection broke before the answer came: then the job runs no more.
		}
		timeout, cancel := context.WithTimeout(ctx, noteTimeout)
		_ = tx.Rollback(timeout)
		cancel()
	}
	var fate inbox.Fate
	if result != nil {
		fate = inbox.Next(d, result)
	}
	try := func() error {
		ctx, cancel := context.WithTimeout(ctx, noteTimeout)
		defer cancel()
		if result == nil {
			return q.noteDone(ctx, a, q.pool)
		}
		return q.noteFailed(ctx, a, fate, q.pool)
	}
	start, pause := time.Now(), 50*time.Millisecond
	for {
		err := try()
		if err == nil || !isAway(err) || time.Since(start) > noteFor {
			return err
		}
		time.Sleep(pause)
		pause = min(2*pause, time.Second)
	}
}

// isAway reports whether an error is that of a server that may come back soon.
func isAway(err error) bool {
	var pgErr *pgconn.PgError
	if !errors.As(err, &pgErr) {
		return true
	}
	// A connection failed, a conflict with another transaction, an operator's intervention.
	return slices.Contains([]string{"08", "40", "57"}, pgErr.Code[:2]) || pgErr.Code == tooManyConnections
}

// commit marks a delivery as done in the transaction of its effect. Both are kept, or
// neither.
func (q *Queue) commit(ctx context.Context, a attempt, tx pgx.Tx) error {
	ctx, cancel := context.WithTimeout(ctx, noteTimeout)
	defer cancel()
	tag, err := tx.Exec(ctx, q.sql.done, a.job, a.raw)
	if err == nil && tag.RowsAffected() == 0 {
		err = errors.New("the delivery was handed to another worker, as this one took too long")
	}
	if err == nil {
		err = tx.Commit(ctx)
	}
	if err != nil {
		return fmt.Errorf("atriver: committing an effect: %w", err)
	}
	q.quota.add(-1)
	return nil
}

// execer is a pool or a transaction.
type execer interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
}

func (q *Queue) noteDone(ctx context.Context, a attempt, e execer) error {
	tag, err := e.Exec(ctx, q.sql.done, a.job, a.raw)
	if err == nil {
		q.quota.add(-int(tag.RowsAffected()))
	}
	return err
}

func (q *Queue) noteFailed(ctx context.Context, a attempt, fate inbox.Fate, e execer) error {
	_, err := e.Exec(ctx, q.sql.failed, a.job, a.raw, a.died+fate.Attempts, fate.Dead, fate.After.Seconds(),
		attemptError(fate.Attempts, fate.Reason))
	return err
}

var errDied = errors.New("atriver: the process has died, or the function took too long")

// rescueEvery fails what runs for longer than it can, again and again until ctx ends.
func (q *Queue) rescueEvery(ctx context.Context, after time.Duration) {
	logger := q.riverLogger()
	ticker := time.NewTicker(min(after, 5*time.Second))
	defer ticker.Stop()
	for {
		if err := q.rescue(ctx, after); err != nil && ctx.Err() == nil {
			logger.WarnContext(ctx, "atriver: deliveries of processes that have died cannot be looked for", slog.Any("error", explain(err)))
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

func (q *Queue) rescue(ctx context.Context, after time.Duration) error {
	return pgx.BeginFunc(ctx, q.pool, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, q.sql.stuck, after.Seconds())
		if err != nil {
			return err
		}
		type stuck struct {
			ID       int64
			Attempt  int
			Args     job
			Metadata []byte
		}
		jobs, err := pgx.CollectRows(rows, pgx.RowToStructByPos[stuck])
		if err != nil {
			return err
		}
		for _, j := range jobs {
			a := attemptOf(j.ID, j.Attempt, j.Metadata)
			if err := q.noteFailed(ctx, a, inbox.Next(j.Args.delivery(a.number()), errDied), tx); err != nil {
				return err
			}
		}
		return nil
	})
}
