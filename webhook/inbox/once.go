package inbox

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/sautigo/africastalking/state"
)

// onceFor is how long Once remembers what it did.
const onceFor = 7 * 24 * time.Hour

// Once runs fn at most once for the delivery that ctx belongs to, however often its
// function is called, and returns the result of that run to later attempts. Effect tells
// the effects of one delivery apart:
//
//	receipt, err := inbox.Once(ctx, "refund", func(ctx context.Context) (string, error) {
//		d, _ := inbox.FromContext(ctx)
//		return bank.Refund(ctx, d.Key, amount) // a callback with an identity
//	})
//
// It is [state.Once] with a key made of the delivery's Key and the effect, and of its
// Received if the callback has no identity, over the store of [WithStore] or the queue's
// own. Without a store, or outside of a stored callback's
// function, it returns an error and does not run fn.
//
// Return its error from the function. If nobody knows whether the effect happened, because
// fn failed or its process died, the error wraps [state.ErrInDoubt] and makes the delivery
// a dead letter: requeueing that does not run fn again. An error of fn that wraps
// [state.ErrNotDone] says that nothing was done: then fn runs again with the next attempt.
//
// Once remembers for 7 days. For a delivery that is older, such as a dead letter that waited
// for too long, it is in doubt and does not run fn.
func Once[T any](ctx context.Context, effect string, fn func(context.Context) (T, error)) (T, error) {
	var zero T
	h, ok := ctx.Value(handlingKey{}).(*handling)
	switch {
	case !ok:
		return zero, errors.New("inbox: Once outside of a stored callback's function")
	case h.store == nil:
		return zero, errors.New("inbox: Once needs a store: the queue is none, so use WithStore")
	case effect == "":
		return zero, errors.New("inbox: Once needs the name of an effect")
	case time.Since(h.delivery.Received) > onceFor-time.Hour:
		return zero, Park(fmt.Errorf("%w: %s: the callback is older than what Once remembers", state.ErrInDoubt, effect))
	}
	key := h.delivery.Key
	if strings.HasSuffix(key, byFields) {
		// A genuine callback after the window has the same Key.
		key += strconv.FormatInt(h.delivery.Received.UnixMilli(), 10)
	}
	var own error
	result, err := state.Once(ctx, lasting{h.store}, key+"/"+effect, func(ctx context.Context) (v T, err error) {
		v, own = fn(ctx)
		own = sound(own)
		return v, own
	})
	switch {
	case own != nil && !errors.Is(own, state.ErrNotDone):
		err = Park(fmt.Errorf("%w: %s: %w", state.ErrInDoubt, effect, own))
	case own == nil && errors.Is(err, state.ErrInDoubt) && ctx.Err() == nil:
		err = Park(fmt.Errorf("inbox: %s: %w", effect, err))
	}
	return result, err
}

// sound returns err, or an error with its text if looking into err panics: then the effect
// is in doubt, and that must be noted.
func sound(err error) (same error) {
	defer func() {
		if recover() != nil {
			same = errors.New(textOf(err))
		}
	}()
	_ = errors.Is(err, state.ErrNotDone)
	return err
}

// lasting is a store whose records last as long as Once must remember.
type lasting struct{ state.Store }

func (l lasting) Save(ctx context.Context, key string, data []byte, version uint64, _ time.Duration) (uint64, error) {
	return l.Store.Save(ctx, key, data, version, onceFor)
}
