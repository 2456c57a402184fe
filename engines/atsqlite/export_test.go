package atsqlite

import (
	"context"
	"fmt"
	"time"
)

// WithoutSync makes a store that acknowledges before the disk has anything: the control of
// the power cuts.
func WithoutSync() Option { return func(c *config) { c.synchronous = "off" } }

// WithBusyWait sets how long a statement waits for another program.
func WithBusyWait(d time.Duration) Option { return func(c *config) { c.busyWait = d } }

// WithMaxPages sets after how many pages the log goes to the database.
func WithMaxPages(n int) Option { return func(c *config) { c.maxPages = n } }

// LimitPages lets the file grow to n pages, as a full disk does.
func (s *Store) LimitPages(n int) error {
	return s.commit(context.Background(), func(*batch) error {
		return s.writer.exec(fmt.Sprintf("pragma max_page_count = %d", n))
	})
}

// Break makes every write fail from now on.
func (s *Store) Break() {
	_ = s.commit(context.Background(), func(*batch) error { return s.writer.exec("pragma query_only = on") })
}

// MoveClock sets the machine's clock to an offset from the time that it is, and returns
// what the store's clock says.
func (s *Store) MoveClock(offset time.Duration) int64 {
	s.clock.mu.Lock()
	s.clock.wall = func() time.Time { return time.Now().Add(offset) }
	s.clock.mu.Unlock()
	return s.Now()
}

// Now is the store's clock.
func (s *Store) Now() int64 { return s.clock.ms() }

// Fault makes a change that cannot be made.
func (s *Store) Fault(ctx context.Context) error {
	return s.commit(ctx, func(*batch) error {
		return s.writer.exec("insert into record values (x'00', 1, 1, zeroblob(2000000000))")
	})
}

// Abandon closes what a store that has failed leaves open, as the end of its process does.
func (s *Store) Abandon() { _ = s.release() }

// FailInBatch makes three changes together: one that cannot be made, one after which the
// store has failed for good, and one that is right. It returns the error of the last.
func (s *Store) FailInBatch() error {
	exec := func(statement string) *change {
		return &change{done: make(chan error, 1), apply: func(*batch) error { return s.writer.exec(statement) }}
	}
	last := exec("insert into record values (x'01', 1, 1, x'00')")
	s.mu.Lock()
	s.waiting = append(s.waiting, exec("insert into record values (x'00', 1, 1, zeroblob(2000000000))"), exec("select nonsense"), last)
	s.writing = true
	s.mu.Unlock()
	s.write()
	return <-last.done
}
