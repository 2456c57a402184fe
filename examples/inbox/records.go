package main

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/sautigo/africastalking/state"
)

// recordSchema is that of records. Versions come from a sequence: none ever comes back.
const recordSchema = `
create sequence if not exists record_versions;
create table if not exists records (
	key bytea primary key, version bigint not null default nextval('record_versions'), until timestamptz not null, data bytea not null);
create index if not exists records_until on records (until);`

// records is a [state.Store] in Postgres, for what inbox.Once remembers. The queues in
// SQLite and NATS are stores themselves.
type records struct{ *pgxpool.Pool }

// Load implements [state.Store].
func (r records) Load(ctx context.Context, key string) (data []byte, version uint64, err error) {
	err = r.QueryRow(ctx, "select data, version from records where key = $1 and until > now()", []byte(key)).Scan(&data, &version)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, 0, nil
	}
	return data, version, err
}

// Save implements [state.Store].
func (r records) Save(ctx context.Context, key string, data []byte, version uint64, ttl time.Duration) (newVersion uint64, err error) {
	if ttl <= 0 {
		return 0, errors.New("a record must last for some time")
	}
	// Each new record removes some whose time is over.
	statement := `
		with gone as (delete from records where key in
			(select key from records where until <= now() and key <> $1 limit 3 for update skip locked))
		insert into records (key, until, data) values ($1, now() + $3, $2) on conflict (key) do update
			set version = excluded.version, until = excluded.until, data = excluded.data where records.until <= now() and $4 = 0::bigint
		returning version`
	if version != 0 {
		statement = `update records set version = nextval('record_versions'), until = now() + $3, data = $2
			where key = $1 and version = $4 and until > now() returning version`
	}
	err = r.QueryRow(ctx, statement, []byte(key), append([]byte{}, data...), ttl, int64(version)).Scan(&newVersion)
	if errors.Is(err, pgx.ErrNoRows) {
		err = state.ErrVersion
	}
	return newVersion, err
}

// Delete implements [state.Store].
func (r records) Delete(ctx context.Context, key string, version uint64) error {
	_, now, err := r.Load(ctx, key)
	switch {
	case err != nil:
		return err
	case now != version:
		return state.ErrVersion
	case version == 0:
		return nil
	}
	tag, err := r.Exec(ctx, "delete from records where key = $1 and version = $2", []byte(key), int64(version))
	if err == nil && tag.RowsAffected() == 0 {
		err = state.ErrVersion
	}
	return err
}
