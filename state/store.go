package state

import (
	"context"
	"time"

	"github.com/sautigo/africastalking/internal/record"
)

// Store keeps small records under keys. It is small so that any database can be one;
// package statetest holds the tests that an implementation must pass. A Store is safe
// for concurrent use, by as many machines as share what is behind it.
//
// Every record has a version that changes each time it is saved. The version 0
// stands for no record: nothing was saved under the key, or the record was deleted,
// or its time is over.
type Store interface {
	// Load returns a record and its version; nil and 0 if there is none. The
	// caller owns the bytes.
	Load(ctx context.Context, key string) (data []byte, version uint64, err error)

	// Save writes a record if the stored version is still the given one, and
	// otherwise returns an error that wraps [ErrVersion]. Of several callers
	// with the same version one succeeds. It returns the new version, which is
	// not 0. The record lasts for ttl, which is positive; then it is gone. Save
	// does not retain data.
	Save(ctx context.Context, key string, data []byte, version uint64, ttl time.Duration) (newVersion uint64, err error)

	// Delete removes a record if the stored version is still the given one, and
	// otherwise returns an error that wraps [ErrVersion]. With version 0 and no
	// record it does nothing.
	Delete(ctx context.Context, key string, version uint64) error
}

// ErrVersion is wrapped by the error of a [Store] whose record has another version
// than the caller knows: another caller has changed the record meanwhile.
var ErrVersion = record.ErrVersion
