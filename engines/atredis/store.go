package atredis

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/sautigo/africastalking/state"
)

// DefaultPrefix is what the names of records in Redis begin with unless
// [WithPrefix] says otherwise.
const DefaultPrefix = "at:state:"

// Option changes a [Store].
type Option func(*Store)

// WithPrefix sets what the names of records in Redis begin with. Stores with the
// same server and prefix share their records: use one prefix for all machines of a
// service, and another for each other service. The default is [DefaultPrefix]. A
// prefix with a hash tag, such as "{bank}:", keeps all records of a cluster on one
// of its nodes, which a Store does not need.
func WithPrefix(prefix string) Option { return func(s *Store) { s.prefix = prefix } }

// WithUncheckedEviction sets whether [New] accepts a server that says neither by
// CONFIG GET nor by INFO whether it drops records when memory runs out. The default
// is false. Pass true once you know that the server's maxmemory-policy is noeviction.
// New refuses a server that says that it drops records in any case.
func WithUncheckedEviction(ok bool) Option { return func(s *Store) { s.unchecked = ok } }

// Store is a [state.Store] in Redis. Make one with [New]. It is safe for concurrent
// use. All stores with one server and prefix, on any number of machines, share their
// records.
type Store struct {
	client    redis.UniversalClient
	prefix    string
	unchecked bool
	// viaScript is whether a GET could go to a replica. A script never does.
	viaScript bool
}

var _ state.Store = (*Store)(nil)

// New returns a store that keeps its records through a client. The client stays the
// caller's: the store does not close it, and the caller may use it for other things.
// Set its ContextTimeoutEnabled, or a command goes on for its own timeouts, with all
// retries, after the deadline of a callback.
//
// New asks the server what it does when memory runs out, so the server must be there.
// It returns an error unless the server refuses writes then (maxmemory-policy
// noeviction) or has no limit (maxmemory 0). All other policies drop records whose
// time is not over, volatile-ttl too: with the record goes the knowledge that a
// payment was made. Of a cluster New asks each master. It looks once, and not at the
// replicas that may take over later: configure them alike.
func New(ctx context.Context, client redis.UniversalClient, opts ...Option) (*Store, error) {
	if client == nil {
		return nil, errors.New("atredis: New needs a client")
	}
	s := &Store{client: client, prefix: DefaultPrefix}
	for _, o := range opts {
		o(s)
	}
	if c, ok := client.(*redis.ClusterClient); ok {
		o := c.Options()
		s.viaScript = o.ReadOnly || o.RouteByLatency || o.RouteRandomly
	}
	if err := s.checkEviction(ctx); err != nil {
		return nil, fmt.Errorf("atredis: %w", err)
	}
	return s, nil
}

// versionLen is the length of the version that a record begins with.
const versionLen = 8

// In the scripts, ARGV[1] is the version that the caller knows: 8 bytes, or none
// for no record.
var (
	loadScript = redis.NewScript(`return redis.call('GET', KEYS[1])`)

	// ARGV[2] is the record, ARGV[3] its time to live in milliseconds. A record
	// that has the new version already was saved by this very call, when it was
	// sent before.
	saveScript = redis.NewScript(`
local have = redis.call('GETRANGE', KEYS[1], 0, 7)
if have == string.sub(ARGV[2], 1, 8) then
	return 1
end
if have ~= ARGV[1] then
	return 0
end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
`)

	deleteScript = redis.NewScript(`
if redis.call('GETRANGE', KEYS[1], 0, 7) ~= ARGV[1] then
	return 0
end
redis.call('DEL', KEYS[1])
return 1
`)
)

// Load implements [state.Store].
func (s *Store) Load(ctx context.Context, key string) ([]byte, uint64, error) {
	record, err := s.get(ctx, s.prefix+key)
	switch {
	case errors.Is(err, redis.Nil):
		return nil, 0, nil
	case err != nil:
		return nil, 0, fmt.Errorf("atredis: loading a record: %w", err)
	case len(record) < versionLen:
		return nil, 0, errors.New("atredis: loading a record: what has its name was not saved by a store")
	}
	return record[versionLen:], binary.BigEndian.Uint64(record), nil
}

func (s *Store) get(ctx context.Context, name string) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if !s.viaScript {
		return s.client.Get(ctx, name).Bytes()
	}
	text, err := loadScript.Run(ctx, s.client, []string{name}).Text()
	return []byte(text), err
}

// Save implements [state.Store].
func (s *Store) Save(ctx context.Context, key string, data []byte, version uint64, ttl time.Duration) (uint64, error) {
	if ttl <= 0 {
		return 0, errors.New("atredis: saving a record: its time to live is not positive")
	}
	record := make([]byte, versionLen, versionLen+len(data))
	next := newVersion(record)
	for next == 0 || next == version {
		next = newVersion(record)
	}
	record = append(record, data...)
	ms := ttl.Milliseconds()
	if time.Duration(ms)*time.Millisecond < ttl {
		ms++
	}
	if err := s.run(ctx, saveScript, key, encode(version), record, ms); err != nil {
		return 0, fmt.Errorf("atredis: saving a record: %w", err)
	}
	return next, nil
}

// Delete implements [state.Store].
func (s *Store) Delete(ctx context.Context, key string, version uint64) error {
	if err := s.run(ctx, deleteScript, key, encode(version)); err != nil {
		return fmt.Errorf("atredis: deleting a record: %w", err)
	}
	return nil
}

// run runs a script that says whether it found the version that was asked for.
func (s *Store) run(ctx context.Context, script *redis.Script, key string, args ...any) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	found, err := script.Run(ctx, s.client, []string{s.prefix + key}, args...).Bool()
	if err == nil && !found {
		err = state.ErrVersion
	}
	return err
}

// newVersion fills in the version of a record.
func newVersion(record []byte) uint64 {
	_, _ = rand.Read(record[:versionLen]) // never fails
	return binary.BigEndian.Uint64(record)
}

// encode returns a version as a record begins with it, nothing for no record.
func encode(version uint64) []byte {
	if version == 0 {
		return []byte{}
	}
	return binary.BigEndian.AppendUint64(nil, version)
}
