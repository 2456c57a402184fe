package atnats

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/sautigo/africastalking/state"
)

const (
	// markerTTL is how long watchers of the bucket can see that a record was deleted.
	markerTTL = time.Minute
	// maxTTL keeps the end of a record's time within what the server can count.
	maxTTL = 100 * 365 * 24 * time.Hour
	// maxTries limits how often a Save of a new record tries again because another
	// record was deleted or has expired meanwhile.
	maxTries = 10
)

// Headers of a message that purges a key, as every client of a bucket sends them.
const (
	operationHeader = "KV-Operation"
	purgeOperation  = "PURGE"
)

// Store is a [state.Store] in a JetStream key-value bucket. Make one with [New]. It
// is safe for concurrent use. All stores over one bucket, on any number of machines,
// share their records.
type Store struct {
	js     jetstream.JetStream
	stream jetstream.Stream
	// subject is what the subject of a record begins with, and pub the same for
	// messages that are sent there.
	subject, pub string
}

var _ state.Store = (*Store)(nil)

// Load implements [state.Store].
func (s *Store) Load(ctx context.Context, key string) ([]byte, uint64, error) {
	data, version, _, err := s.last(ctx, encodeKey(key))
	if err != nil {
		return nil, 0, fmt.Errorf("atnats: loading a record: %w", err)
	}
	return data, version, nil
}

// Save implements [state.Store].
func (s *Store) Save(ctx context.Context, key string, data []byte, version uint64, ttl time.Duration) (uint64, error) {
	if ttl <= 0 {
		return 0, errors.New("atnats: saving a record: its time to live is not positive")
	}
	if ttl = min(ttl, maxTTL); ttl%time.Second != 0 {
		ttl = ttl.Truncate(time.Second) + time.Second // the server drops fractions
	}
	name := encodeKey(key)
	next, err := s.publish(ctx, name, nats.Header{}, data, version, ttl)
	if version == 0 {
		// The mark of a deleted record is a revision too.
		for range maxTries {
			if !errors.Is(err, state.ErrVersion) {
				break
			}
			_, current, marker, lastErr := s.last(ctx, name)
			if lastErr != nil {
				err = lastErr
				break
			}
			if current != 0 {
				break
			}
			next, err = s.publish(ctx, name, nats.Header{}, data, marker, ttl)
		}
	}
	if err != nil {
		return 0, fmt.Errorf("atnats: saving a record: %w", err)
	}
	return next, nil
}

// Delete implements [state.Store].
func (s *Store) Delete(ctx context.Context, key string, version uint64) error {
	name := encodeKey(key)
	if version == 0 {
		_, current, _, err := s.last(ctx, name)
		if err == nil && current != 0 {
			err = state.ErrVersion
		}
		if err != nil {
			return fmt.Errorf("atnats: deleting a record: %w", err)
		}
		return nil
	}
	_, err := s.publish(ctx, name, nats.Header{
		operationHeader:     {purgeOperation},
		jetstream.MsgRollup: {jetstream.MsgRollupSubject},
	}, nil, version, markerTTL)
	if err != nil {
		return fmt.Errorf("atnats: deleting a record: %w", err)
	}
	return nil
}

// last returns a record and its version, or 0 and the revision of the mark that it
// was deleted, 0 if there is none.
func (s *Store) last(ctx context.Context, name string) (data []byte, version, marker uint64, err error) {
	if err := s.ready(ctx); err != nil {
		return nil, 0, 0, err
	}
	m, err := s.stream.GetLastMsgForSubject(ctx, s.subject+name)
	switch {
	case errors.Is(err, jetstream.ErrMsgNotFound):
		return nil, 0, 0, nil
	case err != nil:
		return nil, 0, 0, err
	case m.Header.Get(operationHeader) != "" || m.Header.Get(jetstream.MarkerReasonHeader) != "":
		return nil, 0, m.Sequence, nil
	}
	return m.Data, m.Sequence, 0, nil
}

// publish stores a message if the last revision of its key is the given one.
func (s *Store) publish(ctx context.Context, name string, header nats.Header, data []byte, revision uint64, ttl time.Duration) (uint64, error) {
	if err := s.ready(ctx); err != nil {
		return 0, err
	}
	ack, err := s.js.PublishMsg(ctx, &nats.Msg{Subject: s.pub + name, Header: header, Data: data},
		jetstream.WithExpectLastSequencePerSubject(revision), jetstream.WithMsgTTL(ttl))
	var api *jetstream.APIError
	if errors.As(err, &api) && (api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence ||
		api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequenceConstant) {
		return 0, state.ErrVersion
	}
	if err != nil {
		return 0, err
	}
	return ack.Sequence, nil
}

// ready returns an error if a message would wait in the client's buffer: the client
// would send it after its caller has given up.
func (s *Store) ready(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if !s.js.Conn().IsConnected() {
		return errDisconnected
	}
	return nil
}

var errDisconnected = errors.New("client is not connected")

// encodeKey returns the bucket's key for a key of any bytes.
func encodeKey(key string) string {
	if len(key) <= 128 && plainName(key) {
		return "k." + key
	}
	sum := sha256.Sum256([]byte(key))
	return "h." + hex.EncodeToString(sum[:])
}
