package atriver_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/sautigo/africastalking/engines/atriver"
	"github.com/sautigo/africastalking/webhook/inbox"
	"github.com/sautigo/africastalking/webhook/inbox/inboxtest"
)

// opened is a queue whose place is known.
type opened struct {
	*atriver.Queue
	pool   *pgxpool.Pool
	schema string
}

func TestQueue(t *testing.T) {
	t.Parallel()
	s := sharedServer(t)
	limited := func(t *testing.T, opts ...atriver.Option) inbox.Queue {
		pool := s.pool(t, 12)
		q, schema := open(t, pool, opts...)
		return opened{q, pool, schema}
	}
	// Each has a pool of its own, as another process would.
	another := func(t *testing.T, q inbox.Queue) inbox.Queue {
		o := q.(opened)
		pool := s.pool(t, 12)
		return opened{openSchema(t, pool, o.schema), pool, o.schema}
	}
	inboxtest.Run(t, func(t *testing.T) inbox.Queue { return limited(t) },
		inboxtest.WithReopen(another), inboxtest.WithAnother(another),
		inboxtest.WithLimited(func(t *testing.T, n int) inbox.Queue { return limited(t, atriver.WithMaxDeliveries(n)) }),
		inboxtest.WithBreak(func(t *testing.T, q inbox.Queue) { q.(opened).breakOff(t) }),
		inboxtest.WithStored(func(t *testing.T, q inbox.Queue) []byte { return q.(opened).stored(t) }))
}

// breakOff makes the tables refuse every change.
func (o opened) breakOff(t *testing.T) {
	name := pgx.Identifier{o.schema}.Sanitize()
	for _, statement := range []string{
		`create function ` + name + `.refuse() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$`,
		`create trigger refuse before insert or update or delete on ` + name + `.river_job execute function ` + name + `.refuse()`,
	} {
		if _, err := o.pool.Exec(context.Background(), statement); err != nil {
			t.Error(err)
		}
	}
}

// stored returns all that the jobs hold, and each body as it was put.
func (o opened) stored(t *testing.T) (all []byte) {
	t.Helper()
	rows, err := o.pool.Query(t.Context(), fmt.Sprintf(`select j::text, coalesce(args->>'body', '') from %s.river_job j`, pgx.Identifier{o.schema}.Sanitize()))
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var job, body string
		if err := rows.Scan(&job, &body); err != nil {
			t.Fatal(err)
		}
		plain, err := base64.StdEncoding.DecodeString(body)
		if err != nil {
			t.Fatal(err)
		}
		all = append(append(all, job...), plain...)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}
