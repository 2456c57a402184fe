package state

import (
	"bytes"
	"container/heap"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// DefaultMaxRecords is how many records a [Memory] holds unless MaxRecords says
// otherwise: 100,000.
const DefaultMaxRecords = 100_000

// ErrFull is wrapped by the error of a [Memory] that has no room for another record.
var ErrFull = errors.New("state: memory is full")

// Memory is a [Store] in the memory of this process. Its zero value works. It must
// not be copied after its first use.
//
// Another process does not see its records, and a restart forgets them all, and with
// them which payments [Once] has made. Where that matters, use a store that outlives
// the process.
//
// Memory holds at most MaxRecords records, of any size. When it is full it removes
// the records whose time is over. If there is none, a Save that would add a record
// fails with an error that wraps [ErrFull], so that new sessions end politely. Memory
// never drops a record whose time is not over: that could be the one that says that a
// payment was made. Records that are there can always be saved again.
//
// It starts no goroutine. Load never returns a record whose time is over, and each
// Save removes a few of those.
type Memory struct {
	// MaxRecords is how many records, whose time is not over, there can be at once;
	// 0 means [DefaultMaxRecords]. Set it before the first use.
	MaxRecords int

	mu      sync.Mutex
	records map[string]*memoryRecord
	due     dueHeap
	version uint64 // the last one given; shared by all keys, so none ever repeats
}

type memoryRecord struct {
	key     string
	data    []byte // never changed, only replaced
	version uint64
	expires time.Time
	// due is the time that orders the heap. It is never after expires: a Save
	// that makes a record last longer leaves the heap alone, and the record is
	// put in its right place when it comes up.
	due   time.Time
	index int
}

var _ Store = (*Memory)(nil)

// Load implements [Store].
func (m *Memory) Load(ctx context.Context, key string) ([]byte, uint64, error) {
	if err := ctx.Err(); err != nil {
		return nil, 0, fmt.Errorf("state: loading a record: %w", err)
	}
	now := time.Now()
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.live(key, now)
	if r == nil {
		return nil, 0, nil
	}
	return append([]byte{}, r.data...), r.version, nil
}

// Save implements [Store].
func (m *Memory) Save(ctx context.Context, key string, data []byte, version uint64, ttl time.Duration) (uint64, error) {
	if err := ctx.Err(); err != nil {
		return 0, fmt.Errorf("state: saving a record: %w", err)
	}
	if ttl <= 0 {
		return 0, errors.New("state: saving a record: its time to live is not positive")
	}
	now := time.Now()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sweep(now, 2)

	r := m.live(key, now)
	switch {
	case r == nil && version != 0, r != nil && version != r.version:
		return 0, ErrVersion
	case r == nil:
		limit := m.MaxRecords
		if limit <= 0 {
			limit = DefaultMaxRecords
		}
		if len(m.records) >= limit {
			m.sweep(now, len(m.records))
			if len(m.records) >= limit {
				return 0, fmt.Errorf("%w (%d records)", ErrFull, limit)
			}
		}
		expires := now.Add(ttl)
		r = &memoryRecord{key: key, expires: expires, due: expires}
		if m.records == nil {
			m.records = make(map[string]*memoryRecord)
		}
		m.records[key] = r
		heap.Push(&m.due, r)
	default:
		r.expires = now.Add(ttl)
		if r.expires.Before(r.due) {
			r.due = r.expires
			heap.Fix(&m.due, r.index)
		}
	}
	r.data = bytes.Clone(data)
	m.version++
	r.version = m.version
	return r.version, nil
}

// Delete implements [Store].
func (m *Memory) Delete(ctx context.Context, key string, version uint64) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("state: deleting a record: %w", err)
	}
	now := time.Now()
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.live(key, now)
	switch {
	case r == nil && version == 0:
		return nil
	case r == nil, version != r.version:
		return ErrVersion
	}
	m.remove(r)
	return nil
}

// live returns the record under a key, or nil. It removes one whose time is over.
func (m *Memory) live(key string, now time.Time) *memoryRecord {
	r := m.records[key]
	if r == nil || now.Before(r.expires) {
		return r
	}
	m.remove(r)
	return nil
}

func (m *Memory) remove(r *memoryRecord) {
	heap.Remove(&m.due, r.index)
	delete(m.records, r.key)
}

// sweep looks at up to n records that may have expired, and removes those that
// have. Each Save adds at most one and looks at two, so the expired do not pile
// up.
func (m *Memory) sweep(now time.Time, n int) {
	for ; n > 0 && len(m.due) > 0; n-- {
		r := m.due[0]
		switch {
		case now.Before(r.due):
			return
		case now.Before(r.expires):
			r.due = r.expires
			heap.Fix(&m.due, 0)
		default:
			m.remove(r)
		}
	}
}

// dueHeap has the record that is due first on top.
type dueHeap []*memoryRecord

func (h dueHeap) Len() int           { return len(h) }
func (h dueHeap) Less(i, j int) bool { return h[i].due.Before(h[j].due) }
func (h dueHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}
func (h *dueHeap) Push(x any) {
	r := x.(*memoryRecord)
	r.index = len(*h)
	*h = append(*h, r)
}
func (h *dueHeap) Pop() any {
	last := len(*h) - 1
	r := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return r
}
