package atriver_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/sautigo/africastalking/engines/atriver"
	"github.com/sautigo/africastalking/webhook/inbox"
)

func wantError(t *testing.T, what string, err error, texts ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: got no error, want one", what)
		return
	}
	if !strings.HasPrefix(err.Error(), "atriver: ") {
		t.Errorf("%s: error %q does not begin with the package", what, err)
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("%s: error %q does not say %q", what, err, text)
		}
	}
}

func mustExec(t *testing.T, pool *pgxpool.Pool, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		if _, err := pool.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	s := sharedServer(t)
	pool := s.pool(t, 4)
	_, err := atriver.New(nil)
	wantError(t, "no pool", err, "needs a pool")
	wantError(t, "Migrate without a pool", atriver.Migrate(t.Context(), nil), "needs a pool")
	wantError(t, "Migrate with one connection", atriver.Migrate(t.Context(), s.pool(t, 1)), "two connections")

	_, err = atriver.New(pool, atriver.WithSchema("there_is_none"))
	wantError(t, "not migrated", err, `schema "there_is_none"`, "call Migrate")
	for _, schema := range []string{"", "1st", "a b", `"`, "a.b", "ẹ", strings.Repeat("x", 41)} {
		_, err = atriver.New(pool, atriver.WithSchema(schema))
		wantError(t, "New with schema "+schema, err, "letters, digits and _")
		wantError(t, "Migrate with schema "+schema, atriver.Migrate(t.Context(), pool, atriver.WithSchema(schema)), "letters, digits and _")
	}
	longest := "_Inbox" + strings.Repeat("9", 34)
	if err := atriver.Migrate(t.Context(), pool, atriver.WithSchema(longest)); err != nil {
		t.Error(err)
	}
	mustPut(t, openSchema(t, pool, longest), delivery("a"))

	_, schema := open(t, pool)
	in := func() error {
		_, err := atriver.New(pool, atriver.WithSchema(schema))
		return err
	}
	mustExec(t, pool, `delete from `+schema+`.river_migration where version = (select max(version) from `+schema+`.river_migration)`)
	wantError(t, "old schema", in(), "call Migrate")
	mustExec(t, pool, `insert into `+schema+`.river_migration (line, version) values ('main', 7), ('main', 1000)`)
	wantError(t, "new schema", in(), "River's migration 1000", "later version")
	mustExec(t, pool, `delete from `+schema+`.river_migration where version = 1000`, `drop index `+schema+`.at_dead_letters`)
	wantError(t, "made by another", in(), "at_dead_letters", "call Migrate")
	if err := atriver.Migrate(t.Context(), pool, atriver.WithSchema(schema)); err != nil {
		t.Fatal(err)
	}
	if err := in(); err != nil {
		t.Errorf("migrated again: %v", err)
	}

	readOnly, err := newPool(s.url()+" default_transaction_read_only=on", 4)
	if err != nil {
		t.Fatal(err)
	}
	defer readOnly.Close()
	_, err = atriver.New(readOnly, atriver.WithSchema(schema))
	wantError(t, "read-only", err, "read-only")

	gone, err := newPool("host=/nowhere user=postgres connect_timeout=1", 4)
	if err != nil {
		t.Fatal(err)
	}
	defer gone.Close()
	_, err = atriver.New(gone)
	wantError(t, "no server", err)
}

// Several processes migrate at once when they start at once.
func TestMigrateAtOnce(t *testing.T) {
	t.Parallel()
	s := sharedServer(t)
	schema := newSchema()
	var wg sync.WaitGroup
	for range 4 {
		pool := s.pool(t, 2)
		wg.Go(func() {
			if err := atriver.Migrate(t.Context(), pool, atriver.WithSchema(schema)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	openSchema(t, s.pool(t, 4), schema)
}

func TestDurability(t *testing.T) {
	t.Parallel()
	s := sharedServer(t)
	_, schema := open(t, s.pool(t, 4))
	for setting, want := range map[string]inbox.Durability{
		"":                          inbox.PowerCut,
		" synchronous_commit=off":   inbox.ProcessCrash,
		" synchronous_commit=local": inbox.PowerCut,
	} {
		pool, err := newPool(s.url()+setting, 4)
		if err != nil {
			t.Fatal(err)
		}
		defer pool.Close()
		if got := openSchema(t, pool, schema).Durability(); got != want {
			t.Errorf("with %q: got %v, want %v", setting, got, want)
		}
	}
}

func TestPoolIsTooSmall(t *testing.T) {
	t.Parallel()
	s := sharedServer(t)
	_, schema := open(t, s.pool(t, 4))
	worker := inbox.Worker{Workers: 8, Timeout: time.Minute, Handle: func(context.Context, inbox.Delivery) error { return nil }}
	err := openSchema(t, s.pool(t, 11), schema).Run(t.Context(), worker)
	wantError(t, "11 connections for 8 workers", err, "at most 11 connections", "8 workers take 12", "pool_max_conns=12")

	// With 12 connections, all workers may have a transaction while more is put.
	q := openSchema(t, s.pool(t, 12), schema)
	var wg sync.WaitGroup
	var once sync.Once
	all := make(chan struct{})
	wg.Add(worker.Workers)
	worker.Handle = func(ctx context.Context, d inbox.Delivery) error {
		if d.Body[0] == 'x' {
			return nil
		}
		_, err := atriver.Tx(ctx)
		wg.Done()
		wg.Wait()
		once.Do(func() { close(all) })
		_, putErr := q.Put(ctx, delivery("x"+d.Key))
		return errors.Join(err, putErr)
	}
	for i := range worker.Workers {
		mustPut(t, q, delivery(fmt.Sprint(i)))
	}
	runUntil(t, q, worker)
	select {
	case <-all:
	default:
		t.Error("not all workers had a transaction at once")
	}
	if dead, err := q.Dead(t.Context(), "", 10); err != nil || len(dead) != 0 {
		t.Errorf("dead letters: got %v and error %v, want none", dead, err)
	}
}

func TestWindowIsTooLong(t *testing.T) {
	t.Parallel()
	pool := sharedServer(t).pool(t, 4)
	q, schema := open(t, pool)
	d := delivery("a")
	d.Window = 73 * time.Hour
	_, err := q.Put(t.Context(), d)
	wantError(t, "a window of 73 hours", err, "73h0m0s", "retention of 72h0m0s", "WithRetention")
	mustPut(t, openSchema(t, pool, schema, atriver.WithRetention(73*time.Hour)), d)
}

// The schema goes while the queue is in use.
func TestSchemaIsGone(t *testing.T) {
	t.Parallel()
	pool := sharedServer(t).pool(t, 4)
	q, schema := open(t, pool)
	mustExec(t, pool, `drop schema `+schema+` cascade`)
	_, err := q.Put(t.Context(), delivery("a"))
	wantError(t, "Put", err, "Call Migrate")
	_, err = q.Backlog(t.Context())
	wantError(t, "Backlog", err, "Call Migrate")
	_, err = q.Dead(t.Context(), "", 1)
	wantError(t, "Dead", err, "Call Migrate")
	wantError(t, "Drop", q.Drop(t.Context(), "a"), "Call Migrate")
}

// Texts of strangers cannot keep the deliveries beside them from being stored.
func TestAnyText(t *testing.T) {
	t.Parallel()
	pool := sharedServer(t).pool(t, 12)
	q, _ := open(t, pool)
	d := delivery("a")
	d.Name, d.MediaType, d.Parked = "na\x00me\xff", "text/\x00plain\xff", "cannot\x00be read \xff"
	mustPut(t, q, d)
	dead, err := q.Dead(t.Context(), "", 10)
	if err != nil || len(dead) != 1 {
		t.Fatalf("Dead: got %v and error %v, want one", dead, err)
	}
	if got, want := dead[0].Name+" "+dead[0].MediaType+" "+dead[0].Reason, "name\ufffd text/plain\ufffd cannotbe read \ufffd"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, key := range []string{"a\x00", "\xff"} {
		if err := q.Drop(t.Context(), key); !errors.Is(err, inbox.ErrNotFound) {
			t.Errorf("Drop(%q): got error %v, want inbox.ErrNotFound", key, err)
		}
	}
}

// Of one key, what is to be handled comes before what is dead from the start, whichever
// was first in a batch.
func TestParkedAtOnce(t *testing.T) {
	t.Parallel()
	q, _ := open(t, sharedServer(t).pool(t, 4))
	const keys = 100
	var puts sync.WaitGroup
	for i := range keys {
		for _, reason := range []string{"parked", ""} {
			puts.Go(func() {
				d := delivery(fmt.Sprint(i))
				d.Parked = reason
				if _, err := q.Put(t.Context(), d); err != nil {
					t.Errorf("Put: %v", err)
				}
			})
		}
	}
	puts.Wait()
	if b, err := q.Backlog(t.Context()); err != nil || b.Waiting != keys || b.Dead != 0 {
		t.Errorf("backlog: got %+v and error %v, want %d waiting", b, err, keys)
	}
}

// Dead letters come in the order of the bytes of their keys, whatever the database sorts by.
func TestDeadByBytes(t *testing.T) {
	t.Parallel()
	q, _ := open(t, sharedServer(t).pool(t, 4))
	keys := []string{"b", "B", "a_", "a-", "A0", "_", "-", "Z", "aa", "a", "0"}
	for _, key := range keys {
		d := delivery(key)
		d.Parked = "parked"
		mustPut(t, q, d)
	}
	var got []string
	for after := ""; len(got) <= len(keys); {
		dead, err := q.Dead(t.Context(), after, 2)
		if err != nil {
			t.Fatal(err)
		}
		if len(dead) == 0 {
			break
		}
		for _, l := range dead {
			got = append(got, l.Key)
		}
		after = got[len(got)-1]
	}
	slices.Sort(keys)
	if diff := cmp.Diff(keys, got); diff != "" {
		t.Errorf("keys (-want +got)\n%s", diff)
	}
}

func jobs(t *testing.T, pool *pgxpool.Pool, schema string) []string {
	t.Helper()
	rows, err := pool.Query(t.Context(), fmt.Sprintf(
		`select concat_ws(' ', args->>'key', state, attempt, coalesce(cardinality(errors), 0)) from %s.river_job order by args->>'key'`, pgx.Identifier{schema}.Sanitize()))
	if err != nil {
		t.Fatal(err)
	}
	states, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return states
}
