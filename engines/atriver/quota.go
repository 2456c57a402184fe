package atriver

import (
	"sync"
	"time"
)

const (
	// countEvery is how old a count may be while there is room, so that other processes
	// are seen. It costs a look at all that waits.
	countEvery = 5 * time.Second
	// countWhenFull is the same while there is no room.
	countWhenFull = time.Second
)

// quota is the number of deliveries as far as it is known: a count, and since then what
// this process has added and removed.
type quota struct {
	limit int

	mu      sync.Mutex
	used    int
	counted time.Time
}

// stale reports whether the deliveries should be counted. Others are not told so
// meanwhile.
func (q *quota) stale() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	limit := countEvery
	if q.used >= q.limit {
		limit = countWhenFull
	}
	if time.Since(q.counted) < limit {
		return false
	}
	q.counted = time.Now()
	return true
}

func (q *quota) set(n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.used, q.counted = n, time.Now()
}

func (q *quota) add(n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.used = max(q.used+n, 0)
}

// claim takes room for n deliveries and returns how much of it there was.
func (q *quota) claim(n int) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	n = max(min(n, q.limit-q.used), 0)
	q.used += n
	return n
}
