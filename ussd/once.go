package ussd

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// onceTTL is how long a store remembers what [Once] has done.
const onceTTL = 24 * time.Hour

// ErrInDoubt is wrapped by the error of [Once] for a key under which a function was
// started of which no result is known: it failed, or its process died, or it has
// not returned yet. What it has done is for the app to find out, for example by
// asking the payment service about the key.
var ErrInDoubt = errors.New("ussd: outcome is in doubt")

// ErrNotDone is wrapped by the error of a function that [Once] runs to say that
// nothing was done and nothing will be: the function may be run again under the
// same key. A time-out is never that.
var ErrNotDone = errors.New("ussd: nothing was done")

// Once runs fn at most once for a key, for as long as the store remembers it, 24
// hours, on as many machines as share the store. It returns the result of that
// run, to later callers too, and to those that call meanwhile, who wait for it
// until their context ends. For a payment the key is [Request.HopID], which should
// also go to the payment service if that takes an idempotency key:
//
//	receipt, err := ussd.Once(ctx, store, r.HopID(), func(ctx context.Context) (Receipt, error) {
//		return bank.Pay(ctx, r.HopID(), to, amount)
//	})
//
// A hop that does two such things needs a key for each: r.HopID() + "/fee".
//
// # What holds
//
// Fn is started at most once for a key; the key is in the store before that. If
// fn returns no error, callers get its result. Otherwise its own caller gets the
// error as it is, and
//
//   - if the error wraps [ErrNotDone], the key is free again;
//   - with any other error, or a panic, the key stays used: fn may have failed
//     after the payment was made. Later callers get an error that wraps
//     [ErrInDoubt], and fn is not run.
//
// The same goes when the process dies before the result is in the store, or when
// the store refuses the result: fn's own caller, if there still is one, gets the
// result, and later ones get [ErrInDoubt].
//
// # What does not
//
// Once cannot tell whether the function of a process that died has paid, and does
// not guess: at most once is not exactly once. It knows nothing after 24 hours, or
// when the store loses its records, as a [MemoryStore] does in a restart. And it
// knows keys, not payments: the subscriber who dials again and pays again is
// another session with another HopID.
//
// T is stored with encoding/json, and all callers get what that makes of the result,
// so that copies of a hop are answered alike: unexported fields are lost. Keys are
// hashed and never meet those of [Stateful] and [Resume]. A T that cannot be encoded
// at all is an error before fn is run; a result that cannot, such as an infinite
// number, is fn's own caller's, and the others' are in doubt.
func Once[T any](ctx context.Context, store Store, key string, fn func(context.Context) (T, error)) (T, error) {
	var result, zero T
	if key == "" {
		return zero, errors.New("ussd: Once needs a key")
	}
	var unsupported *json.UnsupportedTypeError
	if _, err := json.Marshal(&zero); errors.As(err, &unsupported) {
		return zero, fmt.Errorf("ussd: Once cannot remember the result: %w", err)
	}
	o := once{store: store, key: storeKey("once", digest(key, ""))}
	data, mine, err := o.start(ctx)
	if err != nil {
		return zero, err
	}
	if !mine {
		if err := json.Unmarshal(data, &result); err != nil {
			return zero, fmt.Errorf("%w: the result cannot be read: %w", ErrInDoubt, err)
		}
		return result, nil
	}

	returned := false
	defer func() {
		if !returned {
			o.finish(ctx, onceFailed, nil) // a panic or a Goexit
		}
	}()
	result, err = fn(ctx)
	returned = true
	if err != nil {
		if errors.Is(err, ErrNotDone) {
			o.free(ctx)
		} else {
			o.finish(ctx, onceFailed, nil)
		}
		return result, err
	}
	// If the result cannot be kept the key still says that fn was started.
	data, err = json.Marshal(&result)
	if err != nil {
		o.finish(ctx, onceFailed, nil)
		return result, nil
	}
	o.finish(ctx, onceDone, data)
	var kept T
	if json.Unmarshal(data, &kept) != nil {
		return result, nil
	}
	return kept, nil
}

// A record of Once is a state, and then, once it was started, 16 random bytes that
// tell who, and until when one can hope for a result; or, once it is done, the
// result.
const (
	onceStarted = 's'
	onceFailed  = 'f'
	onceDone    = 'd'
)

type once struct {
	store   Store
	key     string
	version uint64
}

// start claims the key, or returns the encoded result of who has done so.
func (o *once) start(ctx context.Context) (result []byte, mine bool, err error) {
	for poll := (backoff{}); ; {
		data, version, err := o.store.Load(ctx, o.key)
		if err != nil {
			return nil, false, fmt.Errorf("ussd: loading a record of Once: %w", err)
		}
		switch {
		case version == 0:
			if mine, err = o.claim(ctx); mine || err != nil {
				return nil, mine, err
			}
		case len(data) == 25 && data[0] == onceStarted:
			if time.Now().UnixMilli() >= int64(binary.BigEndian.Uint64(data[17:])) {
				return nil, false, fmt.Errorf("%w: it was started and has not ended", ErrInDoubt)
			}
		case len(data) > 0 && data[0] == onceDone:
			return data[1:], false, nil
		case len(data) > 0 && data[0] == onceFailed:
			return nil, false, fmt.Errorf("%w: the first attempt failed", ErrInDoubt)
		default:
			return nil, false, fmt.Errorf("%w: its record cannot be read", ErrInDoubt)
		}
		if err := poll.wait(ctx); err != nil {
			return nil, false, fmt.Errorf("%w: it was started and has not ended: %w", ErrInDoubt, err)
		}
	}
}

func (o *once) claim(ctx context.Context) (mine bool, err error) {
	data := make([]byte, 25)
	data[0] = onceStarted
	_, _ = rand.Read(data[1:17]) // never fails
	binary.BigEndian.PutUint64(data[17:], uint64(leaseEnd(ctx, time.Now()).UnixMilli()))
	o.version, err = o.store.Save(ctx, o.key, data, 0, onceTTL)
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, ErrVersion):
		return false, nil
	}
	// The Save may have arrived all the same. Fn will not run now, so a record
	// of this claim would be a doubt about nothing.
	c, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
	defer cancel()
	if stored, version, err := o.store.Load(c, o.key); err == nil && version != 0 && string(stored) == string(data) {
		_ = o.store.Delete(c, o.key, version)
	}
	return false, fmt.Errorf("ussd: saving a record of Once: %w", err)
}

// finish keeps what became of fn. If that fails, the record goes on saying that
// fn was started.
func (o *once) finish(ctx context.Context, state byte, result []byte) {
	data := append([]byte{state}, result...)
	_, _ = saveAnyway(ctx, o.store, o.key, data, o.version, onceTTL)
}

func (o *once) free(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
	defer cancel()
	_ = o.store.Delete(ctx, o.key, o.version)
}
