package atriver_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/sautigo/africastalking/engines/atriver"
	"github.com/sautigo/africastalking/webhook"
	"github.com/sautigo/africastalking/webhook/inbox"
)

func delivery(key string) inbox.Delivery {
	return inbox.Delivery{
		Name: "reports", Key: key, Received: time.Now(), Window: time.Hour,
		Callback: webhook.Callback{MediaType: "application/json", Body: []byte(key)},
	}
}

func mustPut(t *testing.T, q inbox.Queue, d inbox.Delivery) {
	t.Helper()
	if duplicate, err := q.Put(t.Context(), d); err != nil || duplicate {
		t.Fatalf("Put: got duplicate %v and error %v", duplicate, err)
	}
}

// runUntil runs a queue until nothing waits.
func runUntil(t *testing.T, q inbox.Queue, w inbox.Worker) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	ran := make(chan error, 1)
	go func() { ran <- q.Run(ctx, w) }()
	for {
		b, err := q.Backlog(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if b.Waiting == 0 {
			break
		}
		if ctx.Err() != nil {
			t.Fatal("deliveries are still waiting")
		}
		time.Sleep(10 * time.Millisecond)
	}
	cancel()
	if err := <-ran; err != nil {
		t.Fatalf("Run: %v", err)
	}
}

// table returns the name of a new table with a column key.
func table(t *testing.T, pool *pgxpool.Pool, more string) string {
	t.Helper()
	name := newSchema() + "_effects"
	if _, err := pool.Exec(t.Context(), `create table `+name+` (key text `+more+`)`); err != nil {
		t.Fatal(err)
	}
	return name
}

func effects(t *testing.T, pool *pgxpool.Pool, table string) []string {
	t.Helper()
	rows, err := pool.Query(t.Context(), `select key from `+table+` order by key`)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// What is written in the transaction is kept if and only if the delivery is done.
func TestTx(t *testing.T) {
	t.Parallel()
	pool := sharedServer(t).pool(t, 12)
	q, _ := open(t, pool)
	effect := table(t, pool, "unique deferrable initially deferred")
	cases := map[string]func(ctx context.Context, d inbox.Delivery, tx pgx.Tx) error{
		"done": func(context.Context, inbox.Delivery, pgx.Tx) error { return nil },
		"fails-first": func(_ context.Context, d inbox.Delivery, _ pgx.Tx) error {
			if d.Attempt == 1 {
				return inbox.RetryAfter(errors.New("bank is away"), 0)
			}
			return nil
		},
		"parked": func(context.Context, inbox.Delivery, pgx.Tx) error { return inbox.Park(errors.New("no use")) },
		"aborted": func(ctx context.Context, d inbox.Delivery, tx pgx.Tx) error {
			if d.Attempt == 1 {
				_, _ = tx.Exec(ctx, "select 1/0") // and goes on as if nothing had happened
			}
			return nil
		},
		"refused-at-commit": func(ctx context.Context, d inbox.Delivery, tx pgx.Tx) error {
			if d.Attempt > 1 {
				return inbox.Park(errors.New("was refused"))
			}
			_, err := tx.Exec(ctx, `insert into `+effect+` values ($1)`, d.Key)
			return err
		},
		"savepoint": func(ctx context.Context, d inbox.Delivery, tx pgx.Tx) error {
			err := pgx.BeginFunc(ctx, tx, func(tx pgx.Tx) error {
				_, err := tx.Exec(ctx, `insert into `+effect+` values ('rolled back')`)
				return errors.Join(err, errors.New("no"))
			})
			if err == nil {
				return inbox.Park(errors.New("the savepoint was kept"))
			}
			return nil
		},
		"connection-lost": func(ctx context.Context, d inbox.Delivery, tx pgx.Tx) error {
			if d.Attempt == 1 {
				return tx.Conn().Close(ctx)
			}
			return nil
		},
	}
	for key := range cases {
		mustPut(t, q, delivery(key))
	}
	var mu sync.Mutex
	calls := map[string]int{}
	runUntil(t, q, inbox.Worker{Workers: 4, Timeout: time.Minute, Handle: func(ctx context.Context, d inbox.Delivery) error {
		mu.Lock()
		calls[d.Key]++
		mu.Unlock()
		tx, err := atriver.Tx(ctx)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `insert into `+effect+` values ($1)`, d.Key); err != nil {
			return err
		}
		return cases[d.Key](ctx, d, tx)
	}})
	if diff := cmp.Diff([]string{"aborted", "connection-lost", "done", "fails-first", "savepoint"}, effects(t, pool, effect)); diff != "" {
		t.Errorf("effects (-want +got)\n%s", diff)
	}
	wantCalls := map[string]int{"done": 1, "fails-first": 2, "parked": 1, "aborted": 2, "refused-at-commit": 2, "savepoint": 1, "connection-lost": 2}
	if diff := cmp.Diff(wantCalls, calls); diff != "" {
		t.Errorf("calls (-want +got)\n%s", diff)
	}
	dead, err := q.Dead(t.Context(), "", 10)
	if err != nil {
		t.Fatal(err)
	}
	var letters []string
	for _, l := range dead {
		letters = append(letters, l.Key+": "+l.Reason)
	}
	if diff := cmp.Diff([]string{"parked: no use", "refused-at-commit: was refused"}, letters); diff != "" {
		t.Errorf("dead letters (-want +got)\n%s", diff)
	}
}

// The transaction is begun once, is not the function's to end, and ends with it.
func TestTxIsBorrowed(t *testing.T) {
	t.Parallel()
	pool := sharedServer(t).pool(t, 12)
	q, _ := open(t, pool)
	effect := table(t, pool, "")
	if _, err := atriver.Tx(t.Context()); err == nil {
		t.Error("Tx outside of a callback: got no error, want one")
	}
	mustPut(t, q, delivery("a"))
	var problems []string
	var after context.Context
	runUntil(t, q, inbox.Worker{Workers: 1, Timeout: time.Minute, Handle: func(ctx context.Context, d inbox.Delivery) error {
		after = ctx
		var wg sync.WaitGroup
		txs := make([]pgx.Tx, 16)
		for i := range txs {
			wg.Go(func() { txs[i], _ = atriver.Tx(ctx) })
		}
		wg.Wait()
		for _, tx := range txs {
			if tx == nil || tx != txs[0] {
				problems = append(problems, "calls at once got several transactions")
			}
		}
		tx := txs[0]
		if _, err := tx.Exec(ctx, `insert into `+effect+` values ('a')`); err != nil {
			return err
		}
		for name, end := range map[string]func(context.Context) error{"Commit": tx.Commit, "Rollback": tx.Rollback} {
			if end(ctx) == nil {
				problems = append(problems, name+" returned no error")
			}
		}
		if n := len(effects(t, pool, effect)); n != 0 {
			problems = append(problems, "Commit has committed")
		}
		return nil
	}})
	for _, p := range problems {
		t.Error(p)
	}
	if got := effects(t, pool, effect); !slices.Equal(got, []string{"a"}) {
		t.Errorf("effects: got %v, want that of a", got)
	}
	if _, err := atriver.Tx(after); err == nil {
		t.Error("Tx after the function has returned: got no error, want one")
	}
}

// A function that takes too long loses its transaction to the one that took over, even if
// it returns while that runs.
func TestTxOfTheSlow(t *testing.T) {
	t.Parallel()
	s := sharedServer(t)
	slow, schema := open(t, s.pool(t, 12))
	pool := s.pool(t, 12)
	fast := openSchema(t, pool, schema)
	effect := table(t, pool, "")
	write := func(ctx context.Context, by string) error {
		tx, err := atriver.Tx(ctx)
		if err == nil {
			_, err = tx.Exec(ctx, fmt.Sprintf(`insert into %s values ('%s')`, effect, by))
		}
		return err
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	taken, release := make(chan struct{}), make(chan struct{})
	ran := make(chan error, 1)
	go func() {
		ran <- slow.Run(ctx, inbox.Worker{Workers: 1, Timeout: time.Second, Handle: func(ctx context.Context, d inbox.Delivery) error {
			err := write(ctx, "slow")
			close(taken)
			<-release
			return err
		}})
	}()
	mustPut(t, slow, delivery("a"))
	<-taken
	runUntil(t, fast, inbox.Worker{Workers: 1, Timeout: time.Second, Handle: func(ctx context.Context, d inbox.Delivery) error {
		if d.Attempt != 2 {
			t.Errorf("attempt of the one that takes over: got %d, want 2", d.Attempt)
		}
		cancel()
		close(release)
		if err := <-ran; err != nil { // the slow one has noted its result
			t.Errorf("Run: %v", err)
		}
		return write(ctx, "fast")
	}})
	if got := effects(t, pool, effect); !slices.Equal(got, []string{"fast"}) {
		t.Errorf("effects: got %v, want that of the fast one", got)
	}
	if b, err := fast.Backlog(t.Context()); err != nil || b != (inbox.Backlog{}) {
		t.Errorf("backlog: got %v and error %v, want none", b, err)
	}
}
