package ussd

import (
	"context"
	"encoding/base64"
	"errors"
	"time"
)

// Store keeps small records under keys, for [Stateful], [Resume], [Once] and
// [Menu.Remember]. It is small so that any database can be one; package
// sessiontest holds the tests that an implementation must pass. A Store is safe
// for concurrent use, by as many machines as share what is behind it.
//
// Every record has a version that changes each time it is saved. The version 0
// stands for no record: none was saved, it was deleted, or its time is over.
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
	// otherwise returns an error that wraps [ErrVersion]. Deleting what is not
	// there with version 0 does nothing.
	Delete(ctx context.Context, key string, version uint64) error
}

// ErrVersion is wrapped by the error of a [Store] whose record has another version
// than the caller knows: somebody else was faster.
var ErrVersion = errors.New("ussd: record has another version")

// exactText is a string that JSON keeps as it is: it would replace what is not
// UTF-8.
type exactText string

func (t exactText) MarshalText() ([]byte, error) {
	return base64.StdEncoding.AppendEncode(nil, []byte(t)), nil
}

func (t *exactText) UnmarshalText(b []byte) error {
	p, err := base64.StdEncoding.AppendDecode(nil, b)
	*t = exactText(p)
	return err
}
