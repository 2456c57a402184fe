package state_test

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/sautigo/africastalking/state"
)

var errStore = errors.New("store is down")

// faulty is a Store whose n-th call fails: before it reaches the store behind, or
// after, as when the answer is lost.
type faulty struct {
	state.Store
	mu    sync.Mutex
	n     int
	after bool
}

func (f *faulty) fails(call func()) error {
	f.mu.Lock()
	f.n--
	now := f.n == -1
	f.mu.Unlock()
	if !now || f.after {
		call()
	}
	if now {
		return errStore
	}
	return nil
}

func (f *faulty) Load(ctx context.Context, key string) (data []byte, v uint64, err error) {
	if e := f.fails(func() { data, v, err = f.Store.Load(ctx, key) }); e != nil {
		return nil, 0, e
	}
	return data, v, err
}

func (f *faulty) Save(ctx context.Context, key string, data []byte, version uint64, ttl time.Duration) (v uint64, err error) {
	if e := f.fails(func() { v, err = f.Store.Save(ctx, key, data, version, ttl) }); e != nil {
		return 0, e
	}
	return v, err
}

func (f *faulty) Delete(ctx context.Context, key string, version uint64) (err error) {
	if e := f.fails(func() { err = f.Store.Delete(ctx, key, version) }); e != nil {
		return e
	}
	return err
}
