package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	_ "modernc.org/sqlite"

	"github.com/sautigo/africastalking/engines/atriver"
	"github.com/sautigo/africastalking/sms"
)

// schema has handled count how often a callback had its effect: more than once if a
// process died between the effect and the note in the queue that it is done.
const schema = `
create table if not exists reports (id text, status text, handled bigint not null, primary key (id, status));
create table if not exists messages (id text primary key, handled bigint not null, reply text not null);
create table if not exists opt_outs (number text primary key, stopped boolean not null, since bigint not null);`

// tables are the app's own.
type tables struct{ database }

type database interface {
	// exec runs a statement, and effect one that is the effect of a callback: in Postgres
	// it is kept if and only if the callback is done.
	exec(ctx context.Context, statement string, args ...any) error
	effect(ctx context.Context, statement string, args ...any) error
	row(ctx context.Context, query string, args ...any) interface{ Scan(...any) error }
	close()
}

// openTables opens the tables, beside a queue in Postgres or else in a file.
func openTables(ctx context.Context, queue, file string) (*tables, error) {
	scheme, _, isURL := strings.Cut(queue, "://")
	switch {
	case scheme == "postgres", scheme == "postgresql":
		pool, err := openPool(ctx, queue)
		if err != nil {
			return nil, err
		}
		// Of two programs that start at once, one creates the tables.
		_, err = pool.Exec(ctx, "begin; select pg_advisory_xact_lock(4711);"+schema+recordSchema+"commit")
		if err != nil {
			pool.Close()
			return nil, err
		}
		return &tables{postgres{pool}}, nil
	case isURL && scheme != "nats" && scheme != "tls", queue == "":
		return nil, fmt.Errorf("-queue is the name of a file, postgres://… or nats://…, not %q", scheme)
	case file == "":
		return nil, errors.New("-db is the name of a file")
	case filepath.Clean(file) == filepath.Clean(queue):
		return nil, errors.New("-db and -queue must be different files")
	}
	// Made here, for nobody else to read: it holds phone numbers.
	f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	f.Close()
	path, err := filepath.Abs(file)
	if err != nil {
		return nil, err
	}
	name := url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: "_pragma=busy_timeout(10000)&_pragma=journal_mode(wal)&_pragma=synchronous(full)"}
	db, err := sql.Open("sqlite", name.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1) // SQLite has one writer
	if _, err := db.ExecContext(ctx, schema); err != nil {
		return nil, errors.Join(fmt.Errorf("-db %s: %w", file, err), db.Close())
	}
	return &tables{sqlite{db}}, nil
}

func (t *tables) saveReport(ctx context.Context, r sms.DeliveryReport) error {
	return t.effect(ctx, "insert into reports values ($1, $2, 1) on conflict (id, status) do update set handled = reports.handled + 1", r.ID, string(r.Status))
}

// A message is not kept by effect: a transaction would be open while the reply is sent.
func (t *tables) saveMessage(ctx context.Context, m sms.IncomingMessage) error {
	return t.exec(ctx, "insert into messages values ($1, 1, '') on conflict (id) do update set handled = messages.handled + 1", m.ID)
}

func (t *tables) saveReply(ctx context.Context, message, reply string) error {
	return t.exec(ctx, "update messages set reply = $2 where id = $1", message, reply)
}

// setStopped notes what a subscriber has wished at a time, and says whether that is a
// change: the wish may come late, or again.
func (t *tables) setStopped(ctx context.Context, number string, stopped bool, at time.Time) (changed bool, err error) {
	since := at.UnixMilli()
	err = t.exec(ctx, `insert into opt_outs values ($1, $2, $3) on conflict (number) do update
		set stopped = excluded.stopped, since = excluded.since
		where opt_outs.since < excluded.since and opt_outs.stopped <> excluded.stopped`, number, stopped, since)
	if err != nil {
		return false, err
	}
	// The attempt before this one may have noted it.
	var n int
	err = t.row(ctx, "select count(*) from opt_outs where number = $1 and stopped = $2 and since = $3", number, stopped, since).Scan(&n)
	return n > 0, err
}

func (t *tables) stopped(ctx context.Context, number string) (bool, error) {
	var n int
	err := t.row(ctx, "select count(*) from opt_outs where number = $1 and stopped", number).Scan(&n)
	return n > 0, err
}

// handled returns how often a callback of the flood had its effect.
func (t *tables) handled(ctx context.Context, c callback) (n int, err error) {
	query := "select handled from " + c.table + " where id = $1"
	if c.table == "opt_outs" {
		query = "select 1 from opt_outs where number = $1"
	}
	if err = t.row(ctx, query, c.id).Scan(&n); errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return n, err
}

type totals struct{ reports, messages, replies, stopped, again int }

func (t *tables) totals(ctx context.Context) (n totals, err error) {
	err = t.row(ctx, `select (select count(*) from reports), (select count(*) from messages),
		(select count(*) from messages where reply <> ''), (select count(*) from opt_outs where stopped),
		(select cast(coalesce(sum(handled - 1), 0) as bigint) from reports) + (select cast(coalesce(sum(handled - 1), 0) as bigint) from messages)`).
		Scan(&n.reports, &n.messages, &n.replies, &n.stopped, &n.again)
	return n, err
}

type sqlite struct{ *sql.DB }

func (d sqlite) exec(ctx context.Context, statement string, args ...any) error {
	_, err := d.ExecContext(ctx, statement, args...)
	return err
}

func (d sqlite) effect(ctx context.Context, statement string, args ...any) error {
	return d.exec(ctx, statement, args...)
}

func (d sqlite) row(ctx context.Context, query string, args ...any) interface{ Scan(...any) error } {
	return d.QueryRowContext(ctx, query, args...)
}

func (d sqlite) close() { _ = d.Close() }

type postgres struct{ *pgxpool.Pool }

// poolSize holds what the queue takes, and what the functions and the page do beside.
const poolSize = 2*workers + 8

// openPool connects to Postgres.
func openPool(ctx context.Context, url string) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	config.MaxConns = max(config.MaxConns, poolSize)
	return pgxpool.NewWithConfig(ctx, config)
}

func (d postgres) exec(ctx context.Context, statement string, args ...any) error {
	_, err := d.Exec(ctx, statement, args...)
	return err
}

func (d postgres) effect(ctx context.Context, statement string, args ...any) error {
	tx, err := atriver.Tx(ctx)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, statement, args...)
	return err
}

func (d postgres) row(ctx context.Context, query string, args ...any) interface{ Scan(...any) error } {
	return d.QueryRow(ctx, query, args...)
}

func (d postgres) close() { d.Close() }
