// Package record holds what the features over a state.Store share: their key space,
// and the one loop that loads a record, changes it and saves it.
package record

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"time"
)

const (
	// OnceTTL is how long state.Once remembers a key.
	OnceTTL = 24 * time.Hour
	// A lease ends leaseSlack after its holder's context, or leaseDefault after its
	// start if that context has no deadline, and lasts for leaseMax at most.
	leaseSlack   = 30 * time.Second
	leaseDefault = time.Minute
	leaseMax     = 15 * time.Minute
	// lastWords is the time for a Save that is tried although the context has ended.
	lastWords = 5 * time.Second
	// The pause before a record is loaded again grows from the first to the last of
	// these, give or take a half: machines that collide must not collide again.
	firstPause = 5 * time.Millisecond
	lastPause  = 250 * time.Millisecond
)

// ErrVersion is state.ErrVersion.
var ErrVersion = errors.New("state: record has another version")

// ErrUnreadable is wrapped by the error for a record that is not the JSON of its
// type. No error quotes a record.
var ErrUnreadable = errors.New("state: record cannot be read")

// ErrWait is returned by the function of [Update] while another caller holds a lease
// on the record, and wrapped by the error of an Update that waited in vain.
var ErrWait = errors.New("state: record is held by another caller")

// Store is the part of a state.Store that changes need.
type Store interface {
	Load(ctx context.Context, key string) (data []byte, version uint64, err error)
	Save(ctx context.Context, key string, data []byte, version uint64, ttl time.Duration) (newVersion uint64, err error)
}

// Key returns the key of a record: the kind, which is a constant of letters and "-",
// and a hash of the parts. Records of two kinds, or of other parts, never meet, and
// no key shows a phone number.
func Key(kind string, parts ...string) string {
	var buf [128]byte
	b := buf[:0]
	for _, p := range parts {
		b = binary.AppendUvarint(b, uint64(len(p)))
		b = append(b, p...)
	}
	sum := sha256.Sum256(b)
	return kind + "-" + hex.EncodeToString(sum[:20])
}

// Update loads a record, which is encoded with encoding/json, calls change with it, or
// with the zero value if there is none, and saves it if change says so. When another
// caller saved it meanwhile, or change returns [ErrWait], Update begins anew after a
// pause, until ctx ends. It returns the version that the record has then, and errors of
// change and of the store as they are.
func Update[T any](ctx context.Context, s Store, key string, ttl time.Duration, change func(v *T) (save bool, err error)) (version uint64, err error) {
	for pause := firstPause; ; pause = min(pause*3/2, lastPause) {
		version, again, err := update(ctx, s, key, ttl, change)
		if !again {
			return version, err
		}
		timer := time.NewTimer(pause/2 + rand.N(pause))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return 0, fmt.Errorf("%w: %w", ErrWait, ctx.Err())
		}
	}
}

// update is one attempt. An ErrVersion or ErrWait inside of an error of change may
// come from another record, so the attempt is not made again.
func update[T any](ctx context.Context, s Store, key string, ttl time.Duration, change func(v *T) (save bool, err error)) (version uint64, again bool, err error) {
	data, version, err := s.Load(ctx, key)
	if err != nil {
		return 0, false, err
	}
	v := new(T)
	if version != 0 && json.Unmarshal(data, v) != nil {
		return 0, false, fmt.Errorf("%w as %v", ErrUnreadable, reflect.TypeFor[T]())
	}
	save, err := change(v)
	if err != nil || !save {
		return version, err == ErrWait, err
	}
	if data, err = json.Marshal(v); err != nil {
		return version, false, fmt.Errorf("state: record cannot be encoded: %w", err)
	}
	version, err = s.Save(ctx, key, data, version, ttl)
	return version, errors.Is(err, ErrVersion), err
}

// Commit saves what has happened already over the version that its caller claimed.
// If ctx has ended, or ends meanwhile, Commit tries again without it.
func Commit(ctx context.Context, s Store, key string, v any, version uint64, ttl time.Duration) error {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("state: record cannot be encoded: %w", err)
	}
	if ctx.Err() == nil {
		_, err := s.Save(ctx, key, data, version, ttl)
		if err == nil || errors.Is(err, ErrVersion) || ctx.Err() == nil {
			return err
		}
	}
	ctx, cancel := Detach(ctx)
	defer cancel()
	_, err = s.Save(ctx, key, data, version, ttl)
	return err
}

// Detach returns a context for what must be tried although ctx has ended.
func Detach(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), lastWords)
}

// Outcome is the record of a key of state.Once.
type Outcome struct {
	State string `json:"state"`
	// Token tells whose claim it is, and Until, in milliseconds since 1970, how long
	// others wait for its result.
	Token  string          `json:"token,omitempty"`
	Until  int64           `json:"until,omitempty"`
	Result json.RawMessage `json:"result,omitempty"`
}

// The states of an Outcome.
const (
	Started = "started"
	Failed  = "failed"
	Done    = "done"
)

// LeaseEnd returns when what is claimed now may be claimed by another caller, in
// milliseconds since 1970.
func LeaseEnd(ctx context.Context) int64 {
	now := time.Now()
	end := now.Add(leaseDefault)
	if deadline, ok := ctx.Deadline(); ok {
		end = deadline.Add(leaseSlack)
	}
	if limit := now.Add(leaseMax); end.After(limit) {
		end = limit
	}
	return end.UnixMilli()
}
