package state

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/sautigo/africastalking/internal/record"
)

// ErrInDoubt is wrapped by the error of [Once] for a key under which a function was
// started of which no result is known: it failed, or its process died, or it has not
// returned yet. The app must find out what the function has done, for example by
// asking the payment service about the key.
var ErrInDoubt = errors.New("state: outcome is in doubt")

// ErrNotDone is wrapped by the error of a function that [Once] runs to say that it
// has done nothing and will do nothing: Once may run it again under the same key. A
// time-out is never that.
var ErrNotDone = errors.New("state: nothing was done")

// Once runs fn at most once for a key, for as long as the store remembers the key, 24
// hours, on as many machines as share the store. It returns the result of that run,
// to later callers too, and to those that call meanwhile, who wait for it until their
// context ends.
//
//	receipt, err := state.Once(ctx, store, "pay/"+r.HopID(), func(ctx context.Context) (Receipt, error) {
//		return bank.Pay(ctx, r.HopID(), to, amount)
//	})
//
// The key names the effect and the callback that asks for it: the HopID of a USSD
// request for a payment, the ID of an SMS for the reply to it, the session ID of a
// voice call for a ticket. Africa's Talking may deliver each of them again. Two
// effects of one callback need two keys, hence the "pay/". Pass the same identifier
// on to the payment service if that takes an idempotency key.
//
// # What holds
//
// Once starts fn at most once for a key; the key is in the store before that. If fn
// returns no error, callers get its result. Otherwise fn's own caller gets the error
// as it is, and
//
//   - if the error wraps [ErrNotDone], the key is free again;
//   - with any other error, or a panic, the key stays used: fn may have failed
//     after the payment was made. Later callers get an error that wraps
//     [ErrInDoubt], and fn does not run.
//
// The same goes when the process dies before the result is in the store, or when
// the store refuses the result: fn's own caller, if there still is one, gets the
// result, and later ones get [ErrInDoubt].
//
// # What does not
//
// Once cannot tell whether the function of a process that died has paid, and does
// not guess: at most once is not exactly once. It knows nothing after 24 hours, or
// when the store loses its records, as a [Memory] does in a restart. And it
// knows keys, not payments: the subscriber who dials again and pays again is
// another session with another HopID.
//
// T is stored with encoding/json, and all callers get the stored result, so that
// copies of a callback are answered alike: unexported fields are lost. Keys are
// hashed and never meet those of [Update] and of package ussd. If T cannot be encoded
// at all, Once returns an error before it runs fn; a result that cannot be encoded,
// such as an infinite number, goes to fn's own caller, and the others are in doubt.
func Once[T any](ctx context.Context, store Store, key string, fn func(context.Context) (T, error)) (T, error) {
	var result, zero T
	if key == "" {
		return zero, errors.New("state: Once needs a key")
	}
	var unsupported *json.UnsupportedTypeError
	if _, err := json.Marshal(&zero); errors.As(err, &unsupported) {
		return zero, fmt.Errorf("state: Once cannot remember the result: %w", err)
	}
	o := once{store: store, key: record.Key("once", key)}
	kept, mine, err := o.start(ctx)
	if err != nil {
		return zero, err
	}
	if !mine {
		if json.Unmarshal(kept, &result) != nil {
			return zero, fmt.Errorf("%w: the result that is stored is no %T", ErrInDoubt, zero)
		}
		return result, nil
	}

	returned := false
	defer func() {
		if !returned {
			o.finish(ctx, record.Outcome{State: record.Failed}) // a panic or a Goexit
		}
	}()
	result, err = fn(ctx)
	returned = true
	switch {
	case errors.Is(err, ErrNotDone):
		ctx, cancel := record.Detach(ctx)
		defer cancel()
		_ = o.store.Delete(ctx, o.key, o.version)
		return result, err
	case err != nil:
		o.finish(ctx, record.Outcome{State: record.Failed})
		return result, err
	}
	data, err := json.Marshal(&result)
	if err != nil {
		o.finish(ctx, record.Outcome{State: record.Failed})
		return result, nil
	}
	o.finish(ctx, record.Outcome{State: record.Done, Result: data})
	var same T
	if json.Unmarshal(data, &same) != nil {
		return result, nil
	}
	return same, nil
}

// once is one call of Once.
type once struct {
	store   Store
	key     string
	version uint64
}

// start claims the key, or returns the encoded result of the caller that did.
func (o *once) start(ctx context.Context) (result json.RawMessage, mine bool, err error) {
	token := rand.Text()
	waited := false
	o.version, err = record.Update(ctx, o.store, o.key, record.OnceTTL, func(v *record.Outcome) (bool, error) {
		mine, waited = false, false
		switch v.State {
		case "":
			*v = record.Outcome{State: record.Started, Token: token, Until: record.LeaseEnd(ctx)}
			mine = true
			return true, nil
		case record.Started:
			if mine = v.Token == token; mine {
				return false, nil // the store had saved the claim that it refused
			}
			if waited = time.Now().UnixMilli() < v.Until; waited {
				return false, record.ErrWait
			}
			return false, fmt.Errorf("%w: it was started and has not ended", ErrInDoubt)
		case record.Done:
			result = v.Result
			return false, nil
		}
		return false, fmt.Errorf("%w: the first attempt failed", ErrInDoubt)
	})
	if err == nil {
		return result, mine, nil
	}
	if mine {
		o.withdraw(ctx, token)
	}
	switch {
	case errors.Is(err, record.ErrUnreadable):
		err = fmt.Errorf("%w: its record cannot be read", ErrInDoubt)
	case waited, errors.Is(err, record.ErrWait):
		err = fmt.Errorf("%w: it was started and has not ended: %w", ErrInDoubt, err)
	}
	return nil, false, err
}

// withdraw removes a claim whose Save failed: it may have arrived all the same, and
// fn will not run now, so the claim would be a doubt about nothing.
func (o *once) withdraw(ctx context.Context, token string) {
	ctx, cancel := record.Detach(ctx)
	defer cancel()
	data, version, err := o.store.Load(ctx, o.key)
	var v record.Outcome
	if err == nil && json.Unmarshal(data, &v) == nil && v.Token == token {
		_ = o.store.Delete(ctx, o.key, version)
	}
}

// finish stores the outcome of fn. If that fails, the record still says that fn was
// started.
func (o *once) finish(ctx context.Context, v record.Outcome) {
	_ = record.Commit(ctx, o.store, o.key, v, o.version, record.OnceTTL)
}
