package atnats

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/sautigo/africastalking/webhook"
	"github.com/sautigo/africastalking/webhook/inbox"
)

// DefaultStream is the stream of a [Queue] unless [WithStream] says otherwise.
const DefaultStream = "at-inbox"

// DefaultMaxDeliveries is how many deliveries a [Queue] holds unless [WithMaxDeliveries]
// says otherwise: 100,000.
const DefaultMaxDeliveries = 100_000

// WithStream sets the stream of a [Queue]. Queues over one stream share their deliveries:
// use one stream for all machines of a service, and another for each other service. The
// default is [DefaultStream].
func WithStream(name string) Option { return func(o *options) { o.stream = name } }

// WithMaxDeliveries sets how many deliveries a [Queue] holds, those that wait and dead
// letters together. Those that are being handled may be missed for a moment, and several
// machines may exceed the number by what they accept in a second. The default is
// [DefaultMaxDeliveries]. It panics unless n is positive.
//
// To limit bytes, set MaxBytes of the stream with [WithStreamConfig]: the queue is full
// when nine tenths are used. The rest is for noting what came of the deliveries.
func WithMaxDeliveries(n int) Option {
	if n <= 0 {
		panic("atnats: WithMaxDeliveries: the number is not positive")
	}
	return func(o *options) { o.limit = n }
}

const (
	// ackWait is how long after the last sign of life from a process the server hands its
	// deliveries to another, and aliveEvery how often a process gives one.
	ackWait    = 10 * time.Second
	aliveEvery = 2 * time.Second
	// doneAtLeast is how long the record lasts that a delivery is done, even if its
	// window is over, so that a delivery which the server hands out again is known.
	doneAtLeast = 5 * time.Minute
	// recount is how old a count of the deliveries may be, and recountNearLimit when
	// there is little room.
	recount          = time.Second
	recountNearLimit = 100 * time.Millisecond
	// messageBytes is about what a message takes besides its body.
	messageBytes = 512
)

// The states of a delivery are the second part of its subject.
const (
	waitingState = "wait"
	deadState    = "dead"
	doneState    = "done"
)

// The consumers. Nobody reads from that of the dead letters: it counts them.
const (
	workConsumer = "work"
	deadConsumer = "dead"
)

// recordHeader is the header that holds a record as JSON.
const recordHeader = "At-Delivery"

// record is what a message says of a delivery besides its key and its body.
type record struct {
	Name      string `json:"name,omitempty"`
	MediaType string `json:"mediaType,omitempty"`
	Received  int64  `json:"received"`           // all times are Unix milliseconds
	Window    int64  `json:"window"`             // in milliseconds
	Attempts  int    `json:"attempts,omitempty"` // made so far
	Due       int64  `json:"due,omitempty"`
	Died      int64  `json:"died,omitempty"`
	Reason    string `json:"reason,omitempty"`
	// From is the sequence of the message that this one replaces.
	From uint64 `json:"from,omitempty"`
	// Revives is the sequence of the dead letter that takes its turn again.
	Revives uint64 `json:"revives,omitempty"`
}

// repeats says whether a delivery that is received now is a repeat of one that is done.
func (r record) repeats() bool {
	return time.Now().UnixMilli() < r.Received+r.Window
}

func (r record) delivery(key string, body []byte) inbox.Delivery {
	return inbox.Delivery{
		Name: r.Name, Key: key, Received: time.UnixMilli(r.Received),
		Window:   time.Duration(r.Window) * time.Millisecond,
		Callback: webhook.Callback{MediaType: r.MediaType, Body: body},
	}
}

// entry is the last message of a key: its state. A sequence of 0 means that there is none.
type entry struct {
	record
	seq   uint64
	state string
	body  []byte
}

// Queue is an [inbox.Queue] in a JetStream stream. Make one with [NewQueue]. It is safe for
// concurrent use. All queues over one stream, on any number of machines, share their
// deliveries. It is a [state.Store] too, for what inbox.Once remembers.
type Queue struct {
	*Store
	stream     jetstream.Stream
	name       string
	work       jetstream.Consumer
	durability inbox.Durability
	limit      int
	maxBytes   uint64 // 0 if they are not limited
	room       room

	mu      sync.Mutex
	running map[string]*task // by key, in this process
}

var _ inbox.Queue = (*Queue)(nil)

// room is what is known of how full the queue is.
type room struct {
	sync.Mutex
	counted time.Time
	held    int // deliveries that wait and dead letters, with those that are being put
	putting int
	bytes   uint64 // of the stream, if they are limited, and at least of what was put since
}

// NewQueue returns a queue over a stream, and over a bucket as [New] does for what
// inbox.Once remembers. It creates both if there are none. The connection stays the
// caller's. It must be there when NewQueue is called, and may break and come back later.
//
// It finds out how safe the servers of the stream keep what they acknowledge, which
// [WithMonitor] makes possible. It returns an error if a power cut could lose that,
// unless [WithLossAtPowerCut] allows it.
//
// A stream that was made elsewhere fits if its subjects are its name and ".>", its
// retention is work queue, it keeps one message per subject, in files that are written
// before the server acknowledges, allows message TTLs (allow_msg_ttl) and deletes, rejects
// new messages when it is full, has no limit of age or number, and is no mirror.
func NewQueue(ctx context.Context, js jetstream.JetStream, opts ...Option) (*Queue, error) {
	if js == nil {
		return nil, errors.New("atnats: NewQueue needs a JetStream")
	}
	o := newOptions(opts)
	store, err := newStore(ctx, js, o)
	if err != nil {
		return nil, err
	}
	q := &Queue{Store: store, name: o.stream, limit: o.limit, running: map[string]*task{}}
	if err := q.open(ctx, o); err != nil {
		return nil, fmt.Errorf("atnats: opening stream %q: %w", o.stream, err)
	}
	return q, nil
}

func (q *Queue) open(ctx context.Context, o *options) (err error) {
	if !plainName(o.stream) {
		return jetstream.ErrInvalidStreamName
	}
	q.stream, err = o.open(ctx, q.js, jetstream.StreamConfig{
		Name:              o.stream,
		Subjects:          []string{o.stream + ".>"},
		Retention:         jetstream.WorkQueuePolicy,
		MaxMsgsPerSubject: 1,
		Discard:           jetstream.DiscardNew,
		AllowMsgTTL:       true,
	}, checkQueue)
	if err != nil {
		return err
	}
	info := q.stream.CachedInfo()
	q.maxBytes = uint64(max(info.Config.MaxBytes, 0))
	if q.durability, err = o.durability(ctx, q.js, info); err != nil {
		return err
	}
	consumer := jetstream.ConsumerConfig{
		Durable: workConsumer, FilterSubject: q.subject(waitingState, ">"),
		AckPolicy: jetstream.AckExplicitPolicy, AckWait: ackWait,
		// Those that will be tried again later are not acknowledged either.
		MaxAckPending: -1, MaxWaiting: 4096,
	}
	if q.work, err = q.stream.CreateOrUpdateConsumer(ctx, consumer); err != nil {
		return err
	}
	consumer.Durable, consumer.FilterSubject = deadConsumer, q.subject(deadState, ">")
	_, err = q.stream.CreateOrUpdateConsumer(ctx, consumer)
	return err
}

// checkQueue returns an error if a queue would break its promises over a stream.
func checkQueue(c jetstream.StreamConfig) error {
	switch {
	case !c.AllowMsgTTL:
		return errNoTTL
	case !slices.Equal(c.Subjects, []string{c.Name + ".>"}) || c.SubjectTransform != nil:
		return errors.New("its subjects are not its name and \".>\"")
	case c.Retention != jetstream.WorkQueuePolicy:
		return errors.New("its retention is not work queue")
	case c.MaxAge != 0:
		return errors.New("it limits the age of all deliveries")
	case c.MaxMsgs > 0:
		return errors.New("it limits the number of messages, in which those count that say what is done: use WithMaxDeliveries")
	case c.Discard != jetstream.DiscardNew:
		return errors.New("it drops old deliveries when it is full")
	case c.DiscardNewPerSubject:
		return errors.New("it rejects a message that replaces another")
	case c.MaxMsgsPerSubject != 1:
		return errors.New("it keeps a history")
	case c.DenyDelete || c.Sealed:
		return errors.New("it allows no deletes")
	case c.Mirror != nil || len(c.Sources) > 0:
		return errors.New("it is a mirror or has sources")
	case c.Storage != jetstream.FileStorage:
		return errors.New("it is kept in memory")
	case c.PersistMode == jetstream.AsyncPersistMode:
		return errors.New("it acknowledges what is not written yet (persist_mode)")
	}
	return nil
}

func (q *Queue) subject(state string, more ...string) string {
	return strings.Join(append([]string{q.name, state}, more...), ".")
}

// parseSubject returns the key of a message and when it was received.
func parseSubject(subject string) (state, key string, received int64, err error) {
	part := strings.Split(subject, ".")
	if len(part) != 4 {
		return "", "", 0, fmt.Errorf("the subject %q is that of no delivery", subject)
	}
	received, err = strconv.ParseInt(part[3], 10, 64)
	return part[1], part[2], received, err
}

// parseRecord makes the best of a message that another program may have written.
func parseRecord(header nats.Header) (r record) {
	_ = json.Unmarshal([]byte(header.Get(recordHeader)), &r)
	return r
}

// last returns the state of a key.
func (q *Queue) last(ctx context.Context, key string) (entry, error) {
	if err := q.ready(ctx); err != nil {
		return entry{}, err
	}
	m, err := q.stream.GetLastMsgForSubject(ctx, q.subject("*", key, "*"))
	switch {
	case errors.Is(err, jetstream.ErrMsgNotFound):
		return entry{}, nil
	case err != nil:
		return entry{}, err
	}
	state, _, _, err := parseSubject(m.Subject)
	return entry{record: parseRecord(m.Header), seq: m.Sequence, state: state, body: m.Data}, err
}

// errConflict says that a key has another state than was expected.
var errConflict = errors.New("another process has changed the delivery")

// storeFailed is what the server answers when a limit of the stream is reached, and for
// other reasons.
const storeFailed = 10077

// publish gives a key a new state, if the message of its state is still the one with
// sequence r.From.
func (q *Queue) publish(ctx context.Context, state, key string, r record, body []byte) error {
	if err := q.ready(ctx); err != nil {
		return err
	}
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	opts := []jetstream.PublishOpt{jetstream.WithExpectLastSequenceForSubject(r.From, q.subject("*", key, "*"))}
	if state == doneState {
		left := time.Until(time.UnixMilli(r.Received + r.Window))
		opts = append(opts, jetstream.WithMsgTTL(min(max(left, doneAtLeast), maxTTL).Truncate(time.Second)+time.Second))
	}
	ack, err := q.js.PublishMsg(ctx, &nats.Msg{
		Subject: q.subject(state, key, strconv.FormatInt(r.Received, 10)),
		Header:  nats.Header{recordHeader: {string(data)}},
		Data:    body,
	}, opts...)
	var api *jetstream.APIError
	switch {
	case wrongSequence(err):
		return errConflict
	case errors.As(err, &api) && api.ErrorCode == storeFailed && strings.Contains(api.Description, "maximum"):
		return fmt.Errorf("%w: %w", inbox.ErrFull, err)
	case err == nil && ack.Stream != q.name:
		return fmt.Errorf("stream %q has taken the message", ack.Stream)
	}
	return err
}

// retries calls fn until it does not return errConflict.
func (q *Queue) retries(ctx context.Context, fn func() error) error {
	for pause := time.Millisecond; ; pause *= 2 {
		err := fn()
		if !errors.Is(err, errConflict) || pause > time.Second {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

// Put implements [inbox.Queue].
func (q *Queue) Put(ctx context.Context, d inbox.Delivery) (duplicate bool, err error) {
	if len(d.Key) > 128 || !plainName(d.Key) {
		return false, errors.New("atnats: storing a callback: its key is not made of letters, digits, \"-\" and \"_\"")
	}
	if duplicate, err = q.put(ctx, d); err != nil {
		return false, fmt.Errorf("atnats: storing a callback: %w", err)
	}
	return duplicate, nil
}

func (q *Queue) put(ctx context.Context, d inbox.Delivery) (duplicate bool, err error) {
	hasRoom, err := q.reserve(ctx, len(d.Body))
	if err != nil {
		return false, err
	}
	taken := false
	if hasRoom {
		defer func() { q.release(taken) }()
	}
	now := time.Now().UnixMilli()
	r := record{
		Name: d.Name, MediaType: d.MediaType, Received: d.Received.UnixMilli(), Window: d.Window.Milliseconds(),
	}
	state := waitingState
	if d.Parked != "" {
		state, r.Reason, r.Died = deadState, d.Parked, now
	}
	var last entry
	if !hasRoom {
		if last, err = q.last(ctx, d.Key); err != nil {
			return false, err
		}
	}
	err = q.retries(ctx, func() error {
		var err error
		switch {
		case last.seq == 0, last.state == doneState && !last.repeats():
			if !hasRoom {
				return fmt.Errorf("%w (limit %d deliveries)", inbox.ErrFull, q.limit)
			}
			r.From = last.seq
			err = q.publish(ctx, state, d.Key, r, d.Body)
			taken = err == nil
		case last.state == deadState && d.Parked == "":
			err = q.revive(ctx, d.Key, last)
		default:
			duplicate = true
			return nil
		}
		if errors.Is(err, errConflict) {
			var lastErr error
			if last, lastErr = q.last(ctx, d.Key); lastErr != nil {
				return lastErr
			}
		}
		return err
	})
	return duplicate, err
}

// revive lets a dead letter take its turn again.
func (q *Queue) revive(ctx context.Context, key string, last entry) error {
	r := last.record
	r.Attempts, r.Died, r.Reason = 0, 0, ""
	r.From, r.Revives = last.seq, last.seq
	if err := q.publish(ctx, waitingState, key, r, last.body); err != nil {
		return err
	}
	// If this fails, the worker does it.
	_ = q.remove(ctx, last.seq)
	return nil
}

// remove removes a message. That it is gone already is no error.
func (q *Queue) remove(ctx context.Context, seq uint64) error {
	err := q.stream.DeleteMsg(ctx, seq)
	if errors.Is(err, jetstream.ErrMsgDeleteUnsuccessful) {
		if _, getErr := q.stream.GetMsg(ctx, seq); errors.Is(getErr, jetstream.ErrMsgNotFound) {
			return nil
		}
	}
	return err
}

// reserve returns whether there is room for one more delivery, and keeps it until release
// is called.
func (q *Queue) reserve(ctx context.Context, body int) (bool, error) {
	if err := q.ready(ctx); err != nil {
		return false, err
	}
	room := &q.room
	room.Lock()
	defer room.Unlock()
	age := time.Since(room.counted)
	if age > recount || q.fuller(8) && age > recountNearLimit {
		if err := q.count(ctx); err != nil {
			return false, err
		}
	}
	if room.held >= q.limit || q.maxBytes > 0 && room.bytes > q.maxBytes/10*9 {
		return false, nil
	}
	room.held++
	room.putting++
	room.bytes += uint64(body) + messageBytes
	return true, nil
}

// fuller says whether more than so many tenths of the queue are used.
func (q *Queue) fuller(tenths int) bool {
	return q.room.held > q.limit/10*tenths || q.maxBytes > 0 && q.room.bytes > q.maxBytes/10*uint64(tenths)
}

func (q *Queue) release(taken bool) {
	q.room.Lock()
	defer q.room.Unlock()
	q.room.putting--
	if !taken {
		q.room.held--
	}
}

// leave notes that a delivery is in the queue no more.
func (q *Queue) leave() {
	q.room.Lock()
	defer q.room.Unlock()
	q.room.held--
}

// count asks the server for what the queue holds.
func (q *Queue) count(ctx context.Context) error {
	held := q.room.putting
	for _, name := range []string{workConsumer, deadConsumer} {
		c, err := q.stream.Consumer(ctx, name)
		if err != nil {
			return err
		}
		info := c.CachedInfo()
		held += int(info.NumPending) + info.NumAckPending
	}
	var bytes uint64
	if q.maxBytes > 0 {
		stream, err := q.js.Stream(ctx, q.name)
		if err != nil {
			return err
		}
		bytes = stream.CachedInfo().State.Bytes
	}
	q.room.held, q.room.bytes, q.room.counted = held, bytes, time.Now()
	return nil
}

// list returns the keys that have a message with a state, and when they were received.
func (q *Queue) list(ctx context.Context, state string) (map[string]time.Time, error) {
	if err := q.ready(ctx); err != nil {
		return nil, err
	}
	// Info changes the stream that it is called on, which others use meanwhile.
	stream, err := q.js.Stream(ctx, q.name)
	if err != nil {
		return nil, err
	}
	info, err := stream.Info(ctx, jetstream.WithSubjectFilter(q.subject(state, ">")))
	if err != nil {
		return nil, err
	}
	keys := make(map[string]time.Time, len(info.State.Subjects))
	for subject := range info.State.Subjects {
		_, key, received, err := parseSubject(subject)
		if err != nil {
			return nil, err
		}
		keys[key] = time.UnixMilli(received)
	}
	return keys, nil
}

// Durability implements [inbox.Queue]. It is what NewQueue has found: a server that is
// started again with another configuration is not noticed.
func (q *Queue) Durability() inbox.Durability { return q.durability }

// Backlog implements [inbox.Queue]. The server lists all that waits, so it takes time in
// proportion.
func (q *Queue) Backlog(ctx context.Context) (b inbox.Backlog, err error) {
	waiting, err := q.list(ctx, waitingState)
	if err != nil {
		return b, fmt.Errorf("atnats: counting deliveries: %w", err)
	}
	dead, err := q.list(ctx, deadState)
	if err != nil {
		return b, fmt.Errorf("atnats: counting dead letters: %w", err)
	}
	b.Waiting = len(waiting)
	for _, received := range waiting {
		if b.Oldest.IsZero() || received.Before(b.Oldest) {
			b.Oldest = received
		}
	}
	for key := range dead {
		if _, revived := waiting[key]; !revived {
			b.Dead++
		}
	}
	return b, nil
}

// Dead implements [inbox.DeadLetters]. The server lists the keys of all dead letters for
// each call.
func (q *Queue) Dead(ctx context.Context, after string, n int) ([]inbox.DeadLetter, error) {
	dead, err := q.list(ctx, deadState)
	if err != nil {
		return nil, fmt.Errorf("atnats: listing dead letters: %w", err)
	}
	var keys []string
	for key := range dead {
		if key > after {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	var letters []inbox.DeadLetter
	for _, key := range keys {
		if len(letters) >= n {
			break
		}
		last, err := q.last(ctx, key)
		if err != nil {
			return nil, fmt.Errorf("atnats: reading a dead letter: %w", err)
		}
		if last.state == deadState {
			d := last.delivery(key, last.body)
			d.Attempt = last.Attempts
			letters = append(letters, inbox.DeadLetter{Delivery: d, Died: time.UnixMilli(last.Died), Reason: last.Reason})
		}
	}
	return letters, nil
}

// Requeue implements [inbox.DeadLetters].
func (q *Queue) Requeue(ctx context.Context, key string) error {
	return q.change(ctx, key, "requeueing", q.revive)
}

// Drop implements [inbox.DeadLetters]. The callback is no duplicate if it is sent again.
func (q *Queue) Drop(ctx context.Context, key string) error {
	return q.change(ctx, key, "dropping", func(ctx context.Context, _ string, last entry) error {
		err := q.stream.DeleteMsg(ctx, last.seq)
		if errors.Is(err, jetstream.ErrMsgDeleteUnsuccessful) { // it may be gone already
			return errConflict
		}
		if err == nil {
			q.leave()
		}
		return err
	})
}

// change changes a dead letter.
func (q *Queue) change(ctx context.Context, key, what string, fn func(context.Context, string, entry) error) error {
	if len(key) > 128 || !plainName(key) {
		return inbox.ErrNotFound
	}
	err := q.retries(ctx, func() error {
		last, err := q.last(ctx, key)
		if err != nil {
			return err
		}
		if last.state != deadState {
			return inbox.ErrNotFound
		}
		return fn(ctx, key, last)
	})
	if err != nil {
		return fmt.Errorf("atnats: %s a dead letter: %w", what, err)
	}
	return nil
}

// wrongSequence says whether the server refused a message for what it expects.
func wrongSequence(err error) bool {
	var api *jetstream.APIError
	return errors.As(err, &api) && (api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence ||
		api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequenceConstant)
}
