package atriver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/sautigo/africastalking/webhook/inbox"
)

const (
	// DefaultSchema is the schema of a [Queue] unless [WithSchema] says otherwise.
	DefaultSchema = "at_inbox"
	// DefaultMaxDeliveries is how many deliveries a queue holds unless
	// [WithMaxDeliveries] says otherwise: a million, which with callbacks of the usual
	// size is about a gigabyte.
	DefaultMaxDeliveries = 1_000_000
	// DefaultRetention is for how long deliveries that are done are kept unless
	// [WithRetention] says otherwise: 72 hours.
	DefaultRetention = 72 * time.Hour

	// deadRetention is for how long dead letters are kept.
	deadRetention = 90 * 24 * time.Hour
	// queueName is the River queue of all jobs.
	queueName = "africastalking"
)

// Option changes a [Queue], or what [Migrate] prepares for it.
type Option func(*options)

type options struct {
	schema        string
	maxDeliveries int
	retention     time.Duration
	pollOnly      bool
	logger        *slog.Logger
}

func optionsOf(opts []Option) options {
	o := options{schema: DefaultSchema, maxDeliveries: DefaultMaxDeliveries, retention: DefaultRetention}
	for _, opt := range opts {
		opt(&o)
	}
	return o
}

// WithSchema sets the schema of Postgres that holds River's tables. Queues over one
// schema share their deliveries: use one schema for all machines of a service, and
// another for each other service. The name is at most 40 letters, digits and "_". The
// default is [DefaultSchema].
//
// Do not use the schema of an app's own River client: whichever client leads removes and
// rescues the jobs of all, by its own rules.
func WithSchema(name string) Option { return func(o *options) { o.schema = name } }

// WithMaxDeliveries sets how many deliveries the queue holds, dead letters included and
// those that are done not. The default is [DefaultMaxDeliveries]. Each process counts now
// and then, so several processes at once may exceed the number by some thousands. It
// panics unless n is positive.
func WithMaxDeliveries(n int) Option {
	if n <= 0 {
		panic("atriver: WithMaxDeliveries: the number is not positive")
	}
	return func(o *options) { o.maxDeliveries = n }
}

// WithRetention sets for how long deliveries that are done are kept, without their
// bodies. That is the longest window: Put refuses a delivery with a longer one. The
// default is [DefaultRetention]. All processes must be given the same. It panics unless d
// is positive.
func WithRetention(d time.Duration) Option {
	if d <= 0 {
		panic("atriver: WithRetention: the duration is not positive")
	}
	return func(o *options) { o.retention = d }
}

// WithPollOnly says whether Run does without LISTEN, as it must behind PgBouncer in
// transaction mode. A delivery then waits for the next poll, a tenth of a second at most.
// The default is false.
func WithPollOnly(on bool) Option { return func(o *options) { o.pollOnly = on } }

// WithLogger sets where the warnings of River go, each kind at most once in ten seconds.
// The default is [slog.Default]. A nil logger is the default too.
func WithLogger(l *slog.Logger) Option { return func(o *options) { o.logger = l } }

// Queue is an [inbox.Queue] in Postgres. Make one with [New]. It is safe for concurrent
// use. All queues over one schema, on any number of machines, share their deliveries.
type Queue struct {
	options
	pool       *pgxpool.Pool
	inserter   *river.Client[pgx.Tx]
	sql        statements
	durability inbox.Durability
	quota      quota

	mu      sync.Mutex
	waiting []*put
	writers int
}

var _ inbox.Queue = (*Queue)(nil)

// New returns a queue over a database that [Migrate] has prepared. It starts nothing. The
// pool stays the caller's.
//
// New asks the server what it is, which takes 10 s at most. It returns an error if the
// server cannot be reached, is older than Postgres 14 or is a read-only replica, or if
// the schema is not the one that this version of River needs.
func New(pool *pgxpool.Pool, opts ...Option) (*Queue, error) {
	if pool == nil {
		return nil, errors.New("atriver: New needs a pool")
	}
	o := optionsOf(opts)
	if err := checkSchema(o.schema); err != nil {
		return nil, err
	}
	q := &Queue{options: o, pool: pool, sql: statementsFor(o.schema)}
	q.quota.limit = o.maxDeliveries
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	server, err := inspect(ctx, pool, o.schema)
	if err == nil {
		err = server.check(o.schema)
	}
	if err != nil {
		return nil, fmt.Errorf("atriver: opening schema %q: %w", o.schema, explain(err))
	}
	q.durability = server.durability()
	q.inserter, err = river.NewClient(riverpgxv5.New(pool), &river.Config{
		Schema: o.schema, FetchCooldown: fetchCooldown, Logger: q.riverLogger(),
	})
	if err != nil {
		return nil, fmt.Errorf("atriver: %w", err)
	}
	return q, nil
}

// Durability implements [inbox.Queue]. It goes by the server's settings when the queue was
// made: [inbox.PowerCut], or [inbox.Replicated] if the server waits for a standby, or
// [inbox.ProcessCrash] if fsync, full_page_writes or synchronous_commit is off.
func (q *Queue) Durability() inbox.Durability { return q.durability }

// Backlog implements [inbox.Queue].
func (q *Queue) Backlog(ctx context.Context) (inbox.Backlog, error) {
	var (
		b      inbox.Backlog
		oldest *int64
	)
	if err := q.pool.QueryRow(ctx, q.sql.backlog).Scan(&b.Waiting, &oldest, &b.Dead); err != nil {
		return inbox.Backlog{}, fmt.Errorf("atriver: counting deliveries: %w", explain(err))
	}
	if oldest != nil {
		b.Oldest = time.UnixMilli(*oldest)
	}
	return b, nil
}

// statements are the queue's own, beside those of River.
type statements struct {
	backlog, count, reset, done, failed, stuck, dead, requeue, drop string
}

// A job is dead when it is cancelled or discarded. The queue itself cancels; River
// discards.
const isDead = `state in ('cancelled', 'discarded')`

// isOpen is true for what is neither done nor dead.
const isOpen = `state in ('available', 'pending', 'retryable', 'running', 'scheduled')`

// The key as an index has it. Keys are compared by their bytes.
const keyColumn = `(args->>'key') collate "C"`

func statementsFor(schema string) statements {
	name := pgx.Identifier{schema}.Sanitize()
	replacer := strings.NewReplacer(
		"{jobs}", name+".river_job", "{state}", name+".river_job_state", "{queue}", "'"+queueName+"'",
		"{dead}", isDead, "{open}", isOpen, "{key}", keyColumn)
	return statements{
		backlog: replacer.Replace(`
select count(*) filter (where {open}), min((args->>'received')::bigint) filter (where {open}), count(*) filter (where {dead})
from {jobs} where queue = {queue} and ({open} or {dead})`),

		count: replacer.Replace(`select count(*) from {jobs} where queue = {queue} and ({open} or {dead})`),

		// reset makes a job as new: of a delivery that waits, or if $3 is set, of a dead
		// letter that had no attempt.
		reset: replacer.Replace(`
update {jobs} set args = $2, attempt = 0, attempted_at = null, attempted_by = null, metadata = '{}', scheduled_at = now(),
	state = (case when $3::jsonb is null then 'available' else 'cancelled' end)::{state},
	finalized_at = case when $3::jsonb is not null then now() end,
	errors = case when $3::jsonb is not null then array[$3::jsonb] end
where id = $1`),

		// The attempt tells this call of Handle from that of another machine which the
		// delivery was handed to.
		done: replacer.Replace(`
update {jobs} set state = 'completed', finalized_at = now(), args = args - 'body'
where id = $1 and attempt = $2 and state = 'running'`),

		// failed keeps the last twenty errors. What a person cancels in riverui while it
		// runs becomes a dead letter, too.
		failed: replacer.Replace(`
update {jobs} set attempt = $3::smallint, scheduled_at = now() + make_interval(secs => $5),
	state = (case when $4 or metadata ? 'cancel_attempted_at' then 'cancelled' else 'available' end)::{state},
	finalized_at = case when $4 or metadata ? 'cancel_attempted_at' then now() end,
	metadata = case when $4 or metadata ? 'cancel_attempted_at' then metadata || jsonb_build_object('died', $3::smallint) else metadata end,
	errors = array_append(errors[greatest(1, cardinality(errors) - 18):], $6::jsonb)
where id = $1 and attempt = $2 and state = 'running'`),

		stuck: replacer.Replace(`
select id, attempt, args, metadata from {jobs}
where queue = {queue} and state = 'running' and attempted_at < now() - make_interval(secs => $1)
limit 100 for update skip locked`),

		dead: replacer.Replace(`
select args, errors[cardinality(errors)], finalized_at from {jobs}
where queue = {queue} and {dead} and {key} > $1 order by {key} limit $2`),

		requeue: replacer.Replace(`
update {jobs} set state = 'available', attempt = 0, attempted_at = null, finalized_at = null, metadata = '{}', scheduled_at = now()
where queue = {queue} and {dead} and {key} = $1`),

		drop: replacer.Replace(`delete from {jobs} where queue = {queue} and {dead} and {key} = $1`),
	}
}
