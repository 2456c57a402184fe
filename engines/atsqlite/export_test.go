package atsqlite

import (
	"context"
	"fmt"
)

// WithoutSync makes a store that acknowledges before the disk has anything: the control of
// the power cuts.
func WithoutSync() Option { return func(c *config) { c.synchronous = "off" } }

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
