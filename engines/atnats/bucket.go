package atnats

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
)

// DefaultBucket is the bucket of a [Store] unless [WithBucket] says otherwise.
const DefaultBucket = "at-state"

// Option changes a [Store] or a [Queue], or the streams that [New] and [NewQueue] create
// for them.
type Option func(*options)

type options struct {
	bucket   string
	replicas int
	config   func(*jetstream.StreamConfig)

	// What follows is for a Queue.
	stream   string
	limit    int
	monitors []string
	lossy    bool
}

func newOptions(opts []Option) *options {
	o := &options{bucket: DefaultBucket, replicas: 1, stream: DefaultStream, limit: DefaultMaxDeliveries}
	for _, opt := range opts {
		opt(o)
	}
	return o
}

// WithBucket sets the bucket. Stores over one bucket share their records: use one
// bucket for all machines of a service, and another for each other service. The
// default is [DefaultBucket].
func WithBucket(name string) Option { return func(o *options) { o.bucket = name } }

// WithReplicas sets on how many servers of a cluster [New] and [NewQueue] keep what they
// create. The default is 1.
func WithReplicas(n int) Option { return func(o *options) { o.replicas = n } }

// WithStreamConfig sets a function that changes the configuration with which [New]
// creates a bucket, such as its Placement or MaxBytes. [NewQueue] calls it for its bucket
// and again for its stream, which have different Names. Both refuse a configuration that
// does not fit. The default is nil.
func WithStreamConfig(f func(*jetstream.StreamConfig)) Option {
	return func(o *options) { o.config = f }
}

// New returns a store over a bucket. It creates the bucket if there is none. Otherwise
// it leaves the bucket as it is, and returns an error if records could go before their
// time. The connection stays the caller's. It must be there when New is called, and
// may break and come back later.
//
// A bucket that was made elsewhere fits if its stream
//
//   - allows message TTLs (allow_msg_ttl) and rollups,
//   - has no age limit (max_age) and rejects new messages when it is full, so that no
//     record goes before its time,
//   - keeps one message per subject, and is no mirror,
//   - is not read from followers (allow_direct), if it has replicas: those may answer
//     with an old record.
//
// The buckets that jetstream.CreateKeyValue makes allow no message TTLs, unless they
// have a LimitMarkerTTL, and are read from followers.
func New(ctx context.Context, js jetstream.JetStream, opts ...Option) (*Store, error) {
	if js == nil {
		return nil, errors.New("atnats: New needs a JetStream")
	}
	return newStore(ctx, js, newOptions(opts))
}

func newStore(ctx context.Context, js jetstream.JetStream, o *options) (*Store, error) {
	stream, err := o.openBucket(ctx, js)
	if err != nil {
		return nil, fmt.Errorf("atnats: opening bucket %q: %w", o.bucket, err)
	}
	s := &Store{js: js, stream: stream, subject: o.subject()}
	s.pub = s.subject
	switch api := js.Options(); {
	case api.Domain != "":
		s.pub = "$JS." + api.Domain + ".API." + s.subject
	case api.APIPrefix != "":
		s.pub = withDot(api.APIPrefix) + s.subject
	}
	return s, nil
}

func (o *options) openBucket(ctx context.Context, js jetstream.JetStream) (jetstream.Stream, error) {
	if !plainName(o.bucket) {
		return nil, jetstream.ErrInvalidBucketName
	}
	return o.open(ctx, js, jetstream.StreamConfig{
		Name:              "KV_" + o.bucket,
		Subjects:          []string{o.subject() + ">"},
		MaxMsgsPerSubject: 1,
		Discard:           jetstream.DiscardNew,
		AllowRollup:       true,
		DenyDelete:        true,
		AllowMsgTTL:       true,
	}, check)
}

// open returns the stream with the config's name. It creates the stream if there is none.
func (o *options) open(ctx context.Context, js jetstream.JetStream, config jetstream.StreamConfig, check func(jetstream.StreamConfig) error) (jetstream.Stream, error) {
	stream, err := js.Stream(ctx, config.Name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		config.Storage = jetstream.FileStorage
		config.Replicas = o.replicas
		if o.config != nil {
			o.config(&config)
		}
		if err := check(config); err != nil {
			return nil, err
		}
		stream, err = js.CreateStream(ctx, config)
		if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) { // another machine was faster
			stream, err = js.Stream(ctx, config.Name)
		}
	}
	if err != nil {
		return nil, err
	}
	// A server that does not know of message TTLs creates the stream without.
	return stream, check(stream.CachedInfo().Config)
}

func (o *options) subject() string { return "$KV." + o.bucket + "." }

var errNoTTL = errors.New("its stream does not allow message TTLs, for which the server must be 2.11 or later")

// check returns an error if a store would break its promises over a stream.
func check(c jetstream.StreamConfig) error {
	switch {
	case !c.AllowMsgTTL:
		return errNoTTL
	case !c.AllowRollup:
		return errors.New("its stream does not allow rollups")
	case c.MaxAge != 0:
		return errors.New("its stream limits the age of all records")
	case c.Discard != jetstream.DiscardNew:
		return errors.New("its stream drops old records when it is full")
	case c.MaxMsgsPerSubject != 1:
		return errors.New("its stream keeps a history")
	case c.Mirror != nil:
		return errors.New("its stream is a mirror")
	case c.AllowDirect && c.Replicas > 1:
		return errors.New("its stream has replicas and is read from followers (allow_direct)")
	}
	return nil
}

// plainName says whether a name consists of letters, digits, "-" and "_".
func plainName(name string) bool {
	for _, c := range []byte(name) {
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_') {
			return false
		}
	}
	return name != ""
}

func withDot(prefix string) string {
	if prefix[len(prefix)-1] == '.' {
		return prefix
	}
	return prefix + "."
}
