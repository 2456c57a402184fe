package atsqlite

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"math"
	"sync"
	"time"

	"github.com/sautigo/africastalking/webhook/inbox"
)

// never is when nothing is due.
const never = math.MaxInt64

// isDead is the due of a dead letter.
const isDead = -1

// keyOf returns what of a key is kept when its delivery is done.
func keyOf(key string) []byte {
	sum := sha256.Sum256([]byte(key))
	return sum[:16]
}

// Put implements [inbox.Queue].
func (s *Store) Put(ctx context.Context, d inbox.Delivery) (duplicate bool, err error) {
	body := append([]byte{}, d.Body...) // the caller may be gone before it is written
	seen := keyOf(d.Key)
	var repeat, full bool // not the results: a caller that gives up returns before this is written
	err = s.commit(ctx, func(b *batch) error {
		repeat, full = false, false
		// The age goes by the monotonic clock, if d has its reading.
		until := b.now + roundUp(d.Window) - roundUp(max(time.Since(d.Received), 0))
		if b.held < int64(s.limit) {
			id := b.lastID + 1
			claimed, err := b.claim.run(seen, until, id)
			if err != nil {
				return err
			}
			if claimed == 1 {
				return b.put(id, d, body)
			}
		}
		row, found, err := b.seen.first(seen)
		if err != nil {
			return err
		}
		if found {
			oldUntil, oldID := row[0].(int64), row[1].(int64)
			stage, held, err := b.stage.first(oldID, d.Key)
			switch {
			case err != nil:
				return err
			case held && stage[0].(int64) == isDead && d.Parked == "":
				if _, err := b.claimAgain.run(until, oldID, seen); err != nil {
					return err
				}
				if _, err := b.revive.run(b.now, oldID); err != nil {
					return err
				}
				b.dead--
				b.again(b.now)
				return nil
			case held, oldUntil > b.now:
				repeat = true
				return nil
			}
		}
		if full = b.held >= int64(s.limit); full {
			return nil
		}
		id := b.lastID + 1
		if _, err := b.claimAgain.run(until, id, seen); err != nil {
			return err
		}
		return b.put(id, d, body)
	})
	if err == nil && full {
		err = inbox.ErrFull
	}
	if err != nil {
		return false, fmt.Errorf("atsqlite: storing a callback: %w", err)
	}
	return repeat, nil
}

// put adds a delivery whose key is in seen.
func (b *batch) put(id int64, d inbox.Delivery, body []byte) error {
	due, died, reason := int64(0), any(nil), any(nil)
	if d.Parked != "" {
		due, died, reason = isDead, time.Now().UnixMilli(), d.Parked
		b.dead++
	}
	if _, err := b.insert.run(id, due, d.Received.UnixMilli(), d.Key, d.Name, d.MediaType, body, died, reason); err != nil {
		return err
	}
	b.lastID = id
	b.held++
	b.puts++
	b.pages += pagesOf(body)
	b.wake = true
	return nil
}

// again lets Run look at what is due at some time.
func (b *batch) again(due int64) {
	b.nextDue = min(b.nextDue, due)
	b.wake = true
}

// Durability implements [inbox.Queue]: [inbox.PowerCut], or [inbox.ProcessCrash] for a
// file in memory (tmpfs), which only Linux can tell.
func (s *Store) Durability() inbox.Durability { return s.durability }

// Backlog implements [inbox.Queue]. It reads everything that waits.
func (s *Store) Backlog(ctx context.Context) (inbox.Backlog, error) {
	s.mu.Lock()
	b := inbox.Backlog{Waiting: int(s.held - s.dead), Dead: int(s.dead)}
	s.mu.Unlock()
	var oldest sql.NullInt64
	if err := s.queries.oldest.QueryRowContext(ctx).Scan(&oldest); err != nil {
		return inbox.Backlog{}, fmt.Errorf("atsqlite: counting what waits: %w", err)
	}
	if oldest.Valid && b.Waiting > 0 {
		b.Oldest = time.UnixMilli(oldest.Int64)
	}
	return b, nil
}

// Dead implements [inbox.DeadLetters].
func (s *Store) Dead(ctx context.Context, after string, n int) ([]inbox.DeadLetter, error) {
	letters, err := s.readDead(ctx, after, max(n, 0))
	if err != nil {
		return nil, fmt.Errorf("atsqlite: reading dead letters: %w", err)
	}
	return letters, nil
}

func (s *Store) readDead(ctx context.Context, after string, n int) (letters []inbox.DeadLetter, err error) {
	rows, err := s.queries.dead.QueryContext(ctx, after, n)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var l inbox.DeadLetter
		var received, died int64
		if err := rows.Scan(&l.Key, &l.Name, &l.MediaType, &l.Body, &received, &l.Attempt, &died, &l.Reason); err != nil {
			return nil, err
		}
		l.Received, l.Died = time.UnixMilli(received), time.UnixMilli(died)
		letters = append(letters, l)
	}
	return letters, rows.Err()
}

// Requeue implements [inbox.DeadLetters].
func (s *Store) Requeue(ctx context.Context, key string) error {
	err := s.changeDead(ctx, func(b *batch) (int64, error) {
		n, err := b.requeue.run(b.now, key)
		b.dead -= n
		b.again(b.now)
		return n, err
	})
	if err != nil {
		return fmt.Errorf("atsqlite: requeuing a dead letter: %w", err)
	}
	return nil
}

// Drop implements [inbox.DeadLetters]. A repeat of what was dropped is no duplicate.
func (s *Store) Drop(ctx context.Context, key string) error {
	err := s.changeDead(ctx, func(b *batch) (int64, error) {
		n, err := b.drop.run(key)
		if err != nil || n == 0 {
			return n, err
		}
		b.dead -= n
		b.held -= n
		_, err = b.forget.run(keyOf(key))
		return n, err
	})
	if err != nil {
		return fmt.Errorf("atsqlite: dropping a dead letter: %w", err)
	}
	return nil
}

func (s *Store) changeDead(ctx context.Context, apply func(*batch) (int64, error)) error {
	var n int64
	err := s.commit(ctx, func(b *batch) (err error) {
		b.pages += 2
		n, err = apply(b)
		return err
	})
	if err == nil && n == 0 {
		err = inbox.ErrNotFound
	}
	return err
}

// Run implements [inbox.Queue]. It returns an error at once if the store can write
// nothing, before it handles anything, and if it is running already.
func (s *Store) Run(ctx context.Context, w inbox.Worker) error {
	if err := s.run(ctx, w); err != nil {
		return fmt.Errorf("atsqlite: running the inbox: %w", err)
	}
	return nil
}

func (s *Store) run(ctx context.Context, w inbox.Worker) error {
	if w.Workers < 1 || w.Handle == nil {
		return errors.New("it has no worker")
	}
	s.mu.Lock()
	if s.running {
		s.mu.Unlock()
		return errors.New("it is running already")
	}
	s.running = true
	s.nextDue = 0 // what a Run before this one has read may not have been handled
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.running = false
		s.mu.Unlock()
	}()
	if ctx.Err() != nil {
		return nil
	}
	// A process that is started again and again with a full disk must not handle the same
	// deliveries each time.
	err := s.commit(context.WithoutCancel(ctx), func(b *batch) error {
		_, err := b.saveClock.run(b.now)
		return err
	})
	if err != nil {
		return err
	}

	r := &run{store: s, worker: w, ctx: context.WithoutCancel(ctx), work: make(chan row), taken: map[int64]bool{}, failed: make(chan struct{})}
	var workers sync.WaitGroup
	for range w.Workers {
		workers.Go(r.handleAll)
	}
	err = r.dispatch(ctx)
	close(r.work)
	workers.Wait()
	return errors.Join(err, r.err)
}

// row is a delivery and where it is.
type row struct {
	inbox.Delivery
	id    int64
	tried bool // found by its due
}

// run is one call of Run.
type run struct {
	store  *Store
	worker inbox.Worker
	ctx    context.Context // of Handle
	work   chan row

	mu     sync.Mutex
	taken  map[int64]bool // those with tried that are handled or are to be
	err    error
	failed chan struct{} // closed when err is set
}

// dispatch hands out deliveries until ctx ends or results cannot be noted. Those that are
// new it finds by their id, which grows; of those that are due again it must know which
// it has handed out. It takes from both in turn, so neither starves the other.
func (r *run) dispatch(ctx context.Context) error {
	var fresh, due []row
	var cursor int64 // the last id that was read, of new ones
	limit := 2*r.worker.Workers + 32
	for {
		err := r.store.why()
		if err != nil {
			return err
		}
		if len(fresh) == 0 {
			if fresh, cursor, err = r.readFresh(cursor, limit); err != nil {
				return err
			}
		}
		next := int64(never)
		if len(due) == 0 {
			if due, next, err = r.readDue(limit); err != nil {
				return err
			}
		}
		if len(fresh)+len(due) == 0 {
			if !r.wait(ctx, next) {
				return nil
			}
			continue
		}
		for _, rows := range []*[]row{&due, &fresh} {
			if len(*rows) == 0 {
				continue
			}
			if ctx.Err() != nil {
				return nil
			}
			select {
			case r.work <- (*rows)[0]:
				*rows = (*rows)[1:]
			case <-ctx.Done():
				return nil
			case <-r.failed:
				return nil // Run returns its error
			case <-r.store.failed:
			}
		}
	}
}

// wait waits until there may be something to do, and returns whether to go on.
func (r *run) wait(ctx context.Context, next int64) bool {
	// The clock of the machine may be set forward, so a timer is not all.
	timer := time.NewTimer(time.Duration(min(max(next-r.store.clock.ms(), 0), 10_000)) * time.Millisecond)
	defer timer.Stop()
	select {
	case <-r.store.wake:
	case <-timer.C:
	case <-r.store.failed:
	case <-r.failed:
		return false
	case <-ctx.Done():
		return false
	}
	return true
}

// why returns the error after which nothing is written any more, if there was one.
func (s *Store) why() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// readFresh reads new deliveries after an id, if there are any, and returns the id up to
// which it has come.
func (r *run) readFresh(cursor int64, limit int) ([]row, int64, error) {
	r.store.mu.Lock()
	last := r.store.lastID
	r.store.mu.Unlock()
	if cursor >= last {
		return nil, cursor, nil
	}
	rows, err := r.read(r.store.queries.fresh, cursor, limit)
	if err != nil {
		return nil, cursor, err
	}
	if len(rows) == limit {
		last = rows[limit-1].id
	} else if len(rows) > 0 {
		last = max(last, rows[len(rows)-1].id)
	}
	return rows, last, nil
}

// readDue reads what is due and not taken yet, and returns when the next one is due.
func (r *run) readDue(limit int) ([]row, int64, error) {
	s := r.store
	now := s.clock.ms()
	s.mu.Lock()
	next := s.nextDue
	if next <= now {
		s.nextDue = never // what comes meanwhile makes it less
	}
	s.mu.Unlock()
	if next > now {
		return nil, next, nil
	}
	// One that ends while rows are read is due in what was read: so what was taken before
	// counts.
	r.mu.Lock()
	before := maps.Clone(r.taken)
	r.mu.Unlock()
	limit += len(before)
	rows, err := r.read(s.queries.due, now, limit)
	if err != nil {
		return nil, 0, err
	}
	next = now
	if len(rows) < limit {
		if err := s.queries.nextDue.QueryRow(now).Scan(&next); err != nil {
			return nil, 0, err
		}
	}
	var found []row
	r.mu.Lock()
	for _, row := range rows {
		if !before[row.id] {
			row.tried = true
			r.taken[row.id] = true
			found = append(found, row)
		}
	}
	r.mu.Unlock()
	s.mu.Lock()
	s.nextDue = min(s.nextDue, next)
	next = s.nextDue
	s.mu.Unlock()
	return found, next, nil
}

func (r *run) read(query *sql.Stmt, from int64, limit int) (found []row, err error) {
	rows, err := query.Query(from, limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var d row
		var received int64
		if err := rows.Scan(&d.id, &d.Key, &d.Name, &d.MediaType, &d.Body, &received, &d.Attempt); err != nil {
			return nil, err
		}
		d.Received = time.UnixMilli(received)
		d.Attempt++
		found = append(found, d)
	}
	return found, rows.Err()
}

// handleAll handles deliveries, one after the other.
func (r *run) handleAll() {
	for d := range r.work {
		select {
		case <-r.failed: // no result can be noted
			continue
		case <-r.store.failed:
			continue
		default:
		}
		due, err := r.handle(d)
		if err != nil {
			r.mu.Lock()
			if r.err == nil {
				r.err = err
				close(r.failed)
			}
			r.mu.Unlock()
			continue // and it stays taken
		}
		if d.tried {
			r.mu.Lock()
			delete(r.taken, d.id)
			r.mu.Unlock()
		}
		if due != never {
			// While it was taken its being due may have been overlooked.
			r.store.mu.Lock()
			r.store.nextDue = min(r.store.nextDue, due)
			r.store.mu.Unlock()
			r.store.signal()
		}
	}
}

// noteTries is how often a result is noted, each time for as long as Open waits for another
// program that holds the file, before the Run ends.
const noteTries = 12

// handle handles a delivery and notes what came of it. It returns when it may be due again.
func (r *run) handle(d row) (due int64, err error) {
	failure := r.worker.Handle(r.ctx, d.Delivery)
	fate := inbox.Fate{}
	if failure != nil {
		fate = inbox.Next(d.Delivery, failure)
	}
	note := func(b *batch) (err error) {
		b.pages++
		due = never
		switch {
		case failure == nil:
			b.held--
			_, err = b.done.run(d.id)
		case fate.Dead:
			b.dead++
			due = b.now // a redelivery, or a person, may let it take its turn again meanwhile
			_, err = b.bury.run(int64(fate.Attempts), time.Now().UnixMilli(), fate.Reason, d.id)
		default:
			due = b.now + roundUp(fate.After)
			_, err = b.retry.run(due, int64(fate.Attempts), d.id)
		}
		return err
	}
	for range noteTries {
		if err = r.store.commit(r.ctx, note); err == nil || r.store.why() != nil {
			break
		}
	}
	return due, err
}
