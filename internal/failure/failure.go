// Package failure lets a test kit that calls a handler in memory know why a callback
// failed. The answer does not say it: the sender must not read the error's text.
package failure

import (
	"context"
	"sync"
)

type key struct{}

type watch struct {
	mu  sync.Mutex
	err error
}

// Watch returns a context for the request of one callback, and a function that returns
// the first error that Tell was given for it, nil if there was none.
func Watch(ctx context.Context) (context.Context, func() error) {
	w := &watch{}
	return context.WithValue(ctx, key{}, w), func() error {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.err
	}
}

// Tell says why the callback that ctx belongs to has failed. Call it before the answer
// is written: the watcher looks as soon as it has that. Without a watcher Tell does
// nothing.
func Tell(ctx context.Context, err error) {
	w, ok := ctx.Value(key{}).(*watch)
	if !ok {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		w.err = err
	}
}
