// Package once does things once for each callback, however often the callback
// arrives.
package once

import (
	"context"
	"crypto/sha256"
	"sync"
)

// Keys runs a function once for each key, as far as one process can know: it
// forgets everything when the process ends, knows nothing of other processes, and
// remembers only the keys that were done last. An app that must not repeat itself
// after a restart keeps its keys in a database.
type Keys struct {
	mu   sync.Mutex
	max  int
	runs map[sum]*run
	done []sum // oldest first
}

// sum stands for a key: keys come in from outside, and may be as long as the
// sender likes.
type sum [sha256.Size]byte

type run struct {
	end chan struct{}
	err error
}

// NewKeys returns Keys that remember the last max keys.
func NewKeys(max int) *Keys {
	return &Keys{max: max, runs: make(map[sum]*run)}
}

// Do calls fn unless that was done for the key before. While fn runs for a key,
// others with the same key wait for it and share its error. If fn returns an
// error the key counts as new, and the next caller tries again.
func (k *Keys) Do(ctx context.Context, key string, fn func() error) error {
	id := sum(sha256.Sum256([]byte(key)))
	k.mu.Lock()
	if r, ok := k.runs[id]; ok {
		k.mu.Unlock()
		select {
		case <-r.end:
			return r.err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	r := &run{end: make(chan struct{})}
	k.runs[id] = r
	k.mu.Unlock()

	// Deferred, so that a panic counts as done: nobody knows how far fn came.
	defer k.finish(id, r)
	r.err = fn()
	return r.err
}

func (k *Keys) finish(id sum, r *run) {
	k.mu.Lock()
	defer k.mu.Unlock()
	defer close(r.end)
	if r.err != nil {
		delete(k.runs, id)
		return
	}
	k.done = append(k.done, id)
	if len(k.done) > k.max {
		delete(k.runs, k.done[0])
		k.done = k.done[1:]
	}
}
