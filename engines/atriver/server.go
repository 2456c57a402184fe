package atriver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"github.com/sautigo/africastalking/webhook/inbox"
)

// minServer is the oldest server, as server_version_num has it.
const minServer = 140000

// deadIndex is the name of the index of dead letters by key, which is not River's.
const deadIndex = "at_dead_letters"

// Migrate creates the schema, unless it is there, and brings its tables up to what this
// version of River needs. Several processes may call it at once, and each time that they
// start; then it changes nothing. Of the options it heeds [WithSchema].
//
// The pool must have two connections or more, and its user the right to create a schema in
// the database, or to create tables in the schema if that is there.
func Migrate(ctx context.Context, pool *pgxpool.Pool, opts ...Option) error {
	if pool == nil {
		return errors.New("atriver: Migrate needs a pool")
	}
	schema := optionsOf(opts).schema
	if err := checkSchema(schema); err != nil {
		return err
	}
	if pool.Config().MaxConns < 2 {
		return errors.New("atriver: Migrate needs a pool of two connections")
	}
	// River migrates in transactions of its own. The lock is held in another, and goes
	// with it.
	err := pgx.BeginFunc(ctx, pool, func(lock pgx.Tx) error {
		if _, err := lock.Exec(ctx, `select pg_advisory_xact_lock(hashtext('atriver'), hashtext($1))`, schema); err != nil {
			return err
		}
		return migrate(ctx, pool, schema)
	})
	if err != nil {
		return fmt.Errorf("atriver: migrating schema %q: %w", schema, explain(err))
	}
	return nil
}

// checkSchema returns an error for a name that River would refuse, which it does after some
// of its work. The schema is a part of the names of its channels.
func checkSchema(name string) error {
	const most = 40
	valid := name != "" && len(name) <= most && !('0' <= name[0] && name[0] <= '9')
	for _, c := range []byte(name) {
		valid = valid && ('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_')
	}
	if !valid {
		return fmt.Errorf("atriver: the name of a schema is at most %d letters, digits and _, and begins with no digit: %q", most, name)
	}
	return nil
}

func migrate(ctx context.Context, pool *pgxpool.Pool, schema string) error {
	name := pgx.Identifier{schema}.Sanitize()
	var exists bool
	if err := pool.QueryRow(ctx, `select exists (select from pg_namespace where nspname = $1)`, schema).Scan(&exists); err != nil {
		return err
	}
	if !exists {
		if _, err := pool.Exec(ctx, `create schema `+name); err != nil {
			return err
		}
	}
	m, err := migrator(pool, schema)
	if err != nil {
		return err
	}
	if _, err := m.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return err
	}
	_, err = pool.Exec(ctx, `create index if not exists `+deadIndex+` on `+name+`.river_job (`+keyColumn+`) where `+isDead)
	return err
}

func migrator(pool *pgxpool.Pool, schema string) (*rivermigrate.Migrator[pgx.Tx], error) {
	return rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Schema: schema, Logger: slog.New(slog.DiscardHandler)})
}

// server is what New asks a server.
type server struct {
	version    int // as in server_version_num
	replica    bool
	readOnly   bool
	fsync      bool
	fullPages  bool
	commit     string // synchronous_commit
	standbys   bool   // there is a standby that commits wait for
	migrated   int    // River's version of the schema, 0 if there is none
	migratable int    // the one that is needed
	index      bool
}

func inspect(ctx context.Context, pool *pgxpool.Pool, schema string) (s server, err error) {
	name := pgx.Identifier{schema}.Sanitize()
	var tables bool
	err = pool.QueryRow(ctx, `
select current_setting('server_version_num')::int, pg_is_in_recovery(), current_setting('transaction_read_only')::bool,
	current_setting('fsync')::bool, current_setting('full_page_writes')::bool, current_setting('synchronous_commit'),
	current_setting('synchronous_standby_names') <> '', to_regclass($1) is not null, to_regclass($2) is not null`,
		name+".river_migration", name+"."+deadIndex).Scan(&s.version, &s.replica, &s.readOnly,
		&s.fsync, &s.fullPages, &s.commit, &s.standbys, &tables, &s.index)
	if err != nil {
		return server{}, err
	}
	m, err := migrator(pool, schema)
	if err != nil {
		return server{}, err
	}
	for _, version := range m.AllVersions() {
		s.migratable = max(s.migratable, version.Version)
	}
	if tables {
		err = pool.QueryRow(ctx, `select coalesce(max(version), 0) from `+name+`.river_migration`).Scan(&s.migrated)
	}
	return s, err
}

// check returns an error if a queue cannot work over the server.
func (s server) check(schema string) error {
	switch {
	case s.version < minServer:
		return fmt.Errorf("the server is Postgres %d, and must be 14 or later", s.version/10000)
	case s.replica:
		return errors.New("the server is a read-only replica: connect to the primary, as with target_session_attrs=read-write in the URL")
	case s.readOnly:
		return errors.New("the database is read-only (default_transaction_read_only)")
	case s.migrated == 0:
		return errNotMigrated
	case s.migrated < s.migratable:
		return fmt.Errorf("its tables are those of River's migration %d, and this program needs %d: call Migrate", s.migrated, s.migratable)
	case s.migrated > s.migratable:
		return fmt.Errorf("its tables are those of River's migration %d, and this program knows %d: it needs a later version of River", s.migrated, s.migratable)
	case !s.index:
		return fmt.Errorf("it has no index %s, so it was made by another program: call Migrate", deadIndex)
	}
	return nil
}

// durability says what the server's settings promise of a commit.
func (s server) durability() inbox.Durability {
	switch {
	case !s.fsync, !s.fullPages, s.commit == "off":
		return inbox.ProcessCrash
	case s.standbys && (s.commit == "on" || s.commit == "remote_apply"):
		return inbox.Replicated
	}
	return inbox.PowerCut
}

var errNotMigrated = errors.New("it has no tables: call Migrate")

const tooManyConnections = "53300"

// explain adds to an error of the server what can be done about it.
func explain(err error) error {
	var pgErr *pgconn.PgError
	if !errors.As(err, &pgErr) {
		return err
	}
	hint := ""
	switch pgErr.Code {
	case "42P01", "3F000": // undefined_table, invalid_schema_name
		hint = "is the schema migrated? Call Migrate"
	case "25006": // read_only_sql_transaction
		hint = "the server is a read-only replica: connect to the primary, as with target_session_attrs=read-write in the URL"
	case "26000", "42P05", "08P01": // a prepared statement that is not there, or is already
		hint = "behind PgBouncer in transaction mode, set default_query_exec_mode=exec in the pool's URL and use WithPollOnly"
	case tooManyConnections:
		hint = "each process takes as many connections as its pool has: see pool_max_conns"
	default:
		return err
	}
	return fmt.Errorf("%s: %w", hint, err)
}
