package state

import (
	"context"
	"errors"
	"time"

	"github.com/sautigo/africastalking/internal/record"
)

// Update changes the value that a store holds under a key, such as how often a
// subscriber has typed a wrong PIN today:
//
//	err := state.Update(ctx, store, "pin/"+r.PhoneNumber, 24*time.Hour, func(tries *int) error {
//		if *tries == 3 {
//			return errLocked
//		}
//		*tries++
//		return nil
//	})
//
// It loads the value, which is the zero value if there is none, calls change with it
// and saves what change has made of it, for ttl from now on. If another caller has
// saved the value meanwhile, Update begins anew with what that caller left, until ctx
// ends. So no change is lost, on as many machines as share the store. If change
// returns an error, Update saves nothing and returns that error as it is.
//
// Update may call change several times, each time with the value as it is by then:
// change must have no other effect. What must happen once goes through [Once].
//
// An error of the store leaves open whether the value was saved. Values are stored
// with encoding/json: unexported fields are lost. Keys are hashed, so the store shows
// no phone number, and never meet those of [Once] and of package ussd.
func Update[T any](ctx context.Context, store Store, key string, ttl time.Duration, change func(v *T) error) error {
	if key == "" {
		return errors.New("state: Update needs a key")
	}
	_, err := record.Update(ctx, store, record.Key("update", key), ttl, func(v *T) (bool, error) {
		err := change(v)
		return err == nil, err
	})
	return err
}
