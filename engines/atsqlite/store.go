package atsqlite

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	sqlite3 "modernc.org/sqlite/lib"

	"github.com/sautigo/africastalking/state"
	"github.com/sautigo/africastalking/webhook/inbox"
)

const (
	// maxBatch limits how long those in a transaction wait for each other.
	maxBatch = 512
	// checkpointPages is how many pages may be in the log, about, before they go to the
	// database: 16 MB. A tenth of a Put's processor time went into doing it four times as
	// often.
	checkpointPages = 4096
	// saveClock is how far the clock in the file may be behind.
	saveClock = time.Second
)

var errClosed = errors.New("store is closed")

// Store is an [inbox.Queue] and a [state.Store] in a SQLite file. Make one with [Open]. It
// is safe for concurrent use.
type Store struct {
	limit      int
	durability inbox.Durability
	clock      *clock
	lock       *conn
	readers    *sql.DB
	queries    *queries

	// Of the goroutine that writes alone, of which there is at most one.
	writer     *conn
	statements *statements
	pages      int // in the log since the last checkpoint, about
	maxPages   int
	savedClock int64 // as it is in the file
	sweeps     [2]sweep

	mu      sync.Mutex
	waiting []*change
	writing bool
	err     error         // why nothing is written any more
	failed  chan struct{} // closed when err is set
	idle    chan struct{} // holds a token after the last write of a store that has failed
	closed  bool

	running bool // Run
	wake    chan struct{}
	// What is in the file; the writer alone changes it, after each commit.
	held, dead int64 // deliveries, and dead letters among them
	lastID     int64
	nextDue    int64 // no retry is due before that
}

var (
	_ inbox.Queue = (*Store)(nil)
	_ state.Store = (*Store)(nil)
)

// change is a part of a transaction.
type change struct {
	// apply may be called again, in another transaction, when the first is undone.
	apply func(*batch) error
	done  chan error
	gone  bool // its caller has given up
}

// batch is a transaction and what it changes in memory if it is committed.
type batch struct {
	*statements
	now, savedClock int64
	held, dead      int64
	lastID          int64
	nextDue         int64
	pages           int
	puts, saves     int
	wake            bool
}

// commit applies a change in a transaction that it shares with the changes that wait
// beside it, and returns once that is synced. If ctx ends first it returns an error, and
// the change may be made all the same.
func (s *Store) commit(ctx context.Context, apply func(*batch) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c := &change{apply: apply, done: make(chan error, 1)}
	s.mu.Lock()
	if s.err != nil {
		defer s.mu.Unlock()
		return s.err
	}
	s.waiting = append(s.waiting, c)
	if !s.writing {
		s.writing = true
		go s.write()
	}
	s.mu.Unlock()
	select {
	case err := <-c.done:
		return err
	case <-ctx.Done():
		s.mu.Lock()
		defer s.mu.Unlock()
		c.gone = true
		select {
		case err := <-c.done:
			return err
		default:
			return ctx.Err()
		}
	}
}

// write commits until nothing waits.
func (s *Store) write() {
	for {
		var batch []*change
		s.mu.Lock()
		rest := s.waiting
		for len(rest) > 0 && len(batch) < maxBatch {
			if !rest[0].gone {
				batch = append(batch, rest[0])
			}
			rest = rest[1:]
		}
		s.waiting = rest
		if len(batch) == 0 {
			s.waiting, s.writing = nil, false
			if s.err != nil {
				s.idle <- struct{}{}
			}
			s.mu.Unlock()
			return
		}
		s.mu.Unlock()

		err := s.transact(batch)
		if err != nil && len(batch) > 1 && s.why() == nil {
			for _, c := range batch { // one may be at fault for all
				s.mu.Lock()
				gone := c.gone
				s.mu.Unlock()
				if !gone {
					c.done <- s.transact([]*change{c})
				}
			}
			continue
		}
		for _, c := range batch {
			c.done <- err
		}
		if err == nil && s.pages >= s.maxPages {
			s.checkpoint()
		}
		if len(batch) > 1 {
			// Those who are about to store something shall share the next sync.
			runtime.Gosched()
		}
	}
}

// transact commits changes in one transaction.
func (s *Store) transact(changes []*change) error {
	if err := s.why(); err != nil {
		return err
	}
	b := &batch{
		statements: s.statements, now: s.clock.ms(),
		held: s.held, dead: s.dead, lastID: s.lastID, nextDue: never, savedClock: s.savedClock,
	}
	err := s.fill(b, changes)
	if err == nil {
		_, err = s.statements.commit.run()
	}
	if err != nil {
		_, _ = s.statements.rollback.run() // SQLite may have done it already
		if fatal(err) {
			err = s.fail(fmt.Errorf("nothing is written any more after an error of the disk or the file: %w", err))
		}
		return err
	}
	s.pages += b.pages
	s.savedClock = b.savedClock
	s.mu.Lock()
	s.held, s.dead, s.lastID = b.held, b.dead, b.lastID
	s.nextDue = min(s.nextDue, b.nextDue)
	s.mu.Unlock()
	if b.wake {
		s.signal()
	}
	return nil
}

func (s *Store) fill(b *batch, changes []*change) error {
	if _, err := b.begin.run(); err != nil {
		return err
	}
	for _, c := range changes {
		if err := c.apply(b); err != nil {
			return err
		}
	}
	for i, written := range []int{b.puts, b.saves} {
		if err := s.sweeps[i].after(written, b); err != nil {
			return err
		}
	}
	if b.now-b.savedClock >= saveClock.Milliseconds() {
		b.savedClock = b.now
		if _, err := b.saveClock.run(b.now); err != nil {
			return err
		}
	}
	return nil
}

// fatal reports whether an error leaves open what is in the file, or says that nothing
// can be written to it. The others are those of one change, or of a moment.
func fatal(err error) bool {
	switch code(err) & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_NOMEM:
		return false
	}
	return true
}

// fail stops everything for good. It returns the error that did.
func (s *Store) fail(err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = err
		close(s.failed)
	}
	return s.err
}

// checkpoint moves what is in the log to the database. If readers are in its way, it does
// what it can.
func (s *Store) checkpoint() {
	if _, _, err := s.statements.checkpoint.first(); err != nil {
		_ = s.fail(fmt.Errorf("nothing is written any more after an error of the disk or the file: %w", err))
	}
	s.pages = 0
}

// signal tells Run to look again.
func (s *Store) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Close closes the file. Close the store after [Store.Run] has returned and the server
// has been shut down; what comes later fails. It returns the error, if any, after which
// the store wrote nothing any more.
func (s *Store) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	failed, writing := s.err, s.writing
	if s.err == nil {
		s.err = errClosed
		close(s.failed)
	}
	s.mu.Unlock()
	if writing {
		<-s.idle
	}
	if failed != nil {
		// SQLite would move the log to the database when the last connection closes, as
		// if the disk could be relied on. So they stay open until the process ends.
		_ = s.lock.Close()
		return fmt.Errorf("atsqlite: closing: %w", failed)
	}
	_, _, err := s.statements.empty.first()
	if err := errors.Join(err, s.release()); err != nil {
		return fmt.Errorf("atsqlite: closing: %w", err)
	}
	return nil
}

func (s *Store) release() error {
	var errs []error
	if s.queries != nil {
		errs = append(errs, s.queries.close())
	}
	if s.readers != nil {
		errs = append(errs, s.readers.Close())
	}
	for _, c := range []*conn{s.writer, s.lock} {
		if c != nil {
			errs = append(errs, c.Close())
		}
	}
	return errors.Join(errs...)
}

// Load implements [state.Store].
func (s *Store) Load(ctx context.Context, key string) ([]byte, uint64, error) {
	var data []byte
	var version int64
	err := s.queries.load.QueryRowContext(ctx, []byte(key), s.clock.ms()).Scan(&data, &version)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, 0, nil
	case err != nil:
		return nil, 0, fmt.Errorf("atsqlite: loading a record: %w", err)
	case data == nil:
		data = []byte{}
	}
	return data, uint64(version), nil
}

// Save implements [state.Store].
func (s *Store) Save(ctx context.Context, key string, data []byte, version uint64, ttl time.Duration) (uint64, error) {
	if ttl <= 0 {
		return 0, errors.New("atsqlite: saving a record: its time to live is not positive")
	}
	data = append([]byte{}, data...) // the caller may be gone before it is written
	next := newVersion(version)
	saved := int64(0)
	err := s.commit(ctx, func(b *batch) (err error) {
		until := b.now + roundUp(ttl)
		if version == 0 {
			saved, err = b.createRecord.run([]byte(key), int64(next), until, data, b.now)
		} else {
			saved, err = b.updateRecord.run(int64(next), until, data, []byte(key), int64(version), b.now)
		}
		b.saves++
		b.pages += pagesOf(data)
		return err
	})
	if err == nil && saved == 0 {
		err = state.ErrVersion
	}
	if err != nil {
		return 0, fmt.Errorf("atsqlite: saving a record: %w", err)
	}
	return next, nil
}

// Delete implements [state.Store].
func (s *Store) Delete(ctx context.Context, key string, version uint64) error {
	var deleted int64
	var err error
	if version == 0 {
		var current uint64
		if _, current, err = s.Load(ctx, key); err == nil && current == 0 {
			deleted = 1 // there is nothing to delete
		}
	} else {
		err = s.commit(ctx, func(b *batch) (err error) {
			b.pages++
			deleted, err = b.deleteRecord.run([]byte(key), int64(version), b.now)
			return err
		})
	}
	if err == nil && deleted == 0 {
		err = state.ErrVersion
	}
	if err != nil {
		return fmt.Errorf("atsqlite: deleting a record: %w", err)
	}
	return nil
}

// newVersion returns a version that was never given out before.
func newVersion(old uint64) uint64 {
	for {
		var b [8]byte
		_, _ = rand.Read(b[:]) // never fails
		if v := binary.BigEndian.Uint64(b[:]); v != 0 && v != old {
			return v
		}
	}
}

// pagesOf estimates how many pages are written for something with this data: its own, and
// one of an index.
func pagesOf(data []byte) int { return 2 + len(data)/4096 }

// sweep removes what is over from a table, some of it after each lot of writes, in the
// order of keys: an index on the times would cost more than all else.
type sweep struct {
	next, remove func(*statements) *stmt
	written      int
	key          []byte // up to which it has come
}

const (
	// sweepEach writes are followed by a look at sweepRows rows. So of what is in a
	// table a third may be over, while it grows as before.
	sweepEach = 64
	sweepRows = 4 * sweepEach
)

func (w *sweep) after(written int, b *batch) error {
	if w.written += written; w.written < sweepEach {
		return nil
	}
	w.written = 0
	last := bytes.Repeat([]byte{0xff}, 64) // after every key
	row, found, err := w.next(b.statements).first(w.key)
	if err != nil {
		return err
	}
	if found {
		last = row[0].([]byte)
	}
	if _, err := w.remove(b.statements).run(w.key, last, b.now); err != nil {
		return err
	}
	if w.key = last; !found {
		w.key = []byte{}
	}
	return nil
}
