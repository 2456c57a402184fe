package inbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/sautigo/africastalking/state"
	"github.com/sautigo/africastalking/webhook"
)

// Inbox keeps the callbacks of handlers in a [Queue] and handles them later. It is safe
// for concurrent use.
type Inbox struct {
	queue  Queue
	config config
	rates  rates

	mu       sync.Mutex
	stored   map[string]*stored
	running  bool // Run is
	handles  bool // Run or Handle was called, and Run has not returned since
	unheard  int  // callbacks that were stored while nothing handled them
	reminder *time.Timer
	nameless map[string]time.Time // when it was logged that there is no handler
}

// stored is what is known of one handler.
type stored struct {
	name     string
	later    webhook.Later
	identity func(payload any) string
	window   time.Duration
}

type config struct {
	logger         *slog.Logger
	observer       func(context.Context, Event)
	processTimeout time.Duration
	putTimeout     time.Duration
	refuse         bool // what cannot be decoded
	acceptOnly     bool
	store          state.Store
}

// Option changes how an [Inbox] works.
type Option func(*config)

// WithLogger sets the logger for what concerns no single handler: a name that no handler
// has, an inbox that nobody runs. What concerns a callback goes to the logger that its
// handler has by [webhook.WithLogger], or else to this one. The default is [slog.Default],
// asked for each record.
func WithLogger(l *slog.Logger) Option { return func(c *config) { c.logger = l } }

// WithProcessTimeout sets how long one attempt to handle a callback may take: then the
// context of its function ends. The default is a minute. A function that does not heed its
// context holds up one of Run's workers. It panics unless d is positive.
//
// It has nothing to do with [webhook.WithTimeout], which limits the answer to the callback
// and so the time for storing it.
func WithProcessTimeout(d time.Duration) Option {
	if d <= 0 {
		panic("inbox: WithProcessTimeout: the time is not positive")
	}
	return func(c *config) { c.processTimeout = d }
}

// WithPutTimeout sets how long storing a callback may take; then the answer is 503. The
// default is three seconds. It panics unless d is positive.
func WithPutTimeout(d time.Duration) Option {
	if d <= 0 {
		panic("inbox: WithPutTimeout: the time is not positive")
	}
	return func(c *config) { c.putTimeout = d }
}

// RefuseMalformed has callbacks that cannot be decoded answered 400, as a handler that does
// not store them does. Africa's Talking then sends some of them again for hours, and drops
// them in the end. The default is to answer 200 and to keep them as dead letters, so that
// nothing is lost when a program does not understand what it gets: mend it, and requeue
// them.
func RefuseMalformed() Option { return func(c *config) { c.refuse = true } }

// AcceptOnly says that this process stores callbacks which others handle, so that it is
// no mistake never to call [Inbox.Run]. Without it the inbox logs an error every minute in
// which callbacks were stored and nothing handled them.
func AcceptOnly() Option { return func(c *config) { c.acceptOnly = true } }

// WithStore sets where [Once] remembers what it did. The default is the queue itself if it
// is a [state.Store], as most are, and otherwise none. It panics if the store is nil.
func WithStore(store state.Store) Option {
	if store == nil {
		panic("inbox: WithStore: the store is nil")
	}
	return func(c *config) { c.store = store }
}

// New returns an inbox on a queue. It starts nothing, and panics if q is nil.
func New(q Queue, opts ...Option) *Inbox {
	if q == nil {
		panic("inbox: New: the queue is nil")
	}
	in := &Inbox{
		queue: q, config: config{processTimeout: time.Minute, putTimeout: 3 * time.Second},
		stored: map[string]*stored{}, nameless: map[string]time.Time{},
	}
	in.config.store, _ = q.(state.Store)
	for _, o := range opts {
		o(&in.config)
	}
	return in
}

// StoredOption changes how [Inbox.Stored] works.
type StoredOption func(*storedConfig)

type storedConfig struct {
	identity func(payload any) string
	payload  reflect.Type // of identity
	window   time.Duration
}

// WithIdentity sets what tells one callback from another, for payloads that are no
// [webhook.Identifier], or that the app knows better. T must be the handler's payload.
// A callback for which identity returns an empty text goes by its fields.
func WithIdentity[T any](identity func(T) string) StoredOption {
	return func(c *storedConfig) {
		c.payload = reflect.TypeFor[T]()
		c.identity = func(payload any) string { return identity(*payload.(*T)) }
	}
}

const (
	longWindow  = 72 * time.Hour
	shortWindow = 15 * time.Minute
)

// WithWindow sets for how long after a callback a repeat is a duplicate. The default is 72
// hours. It is never more than 15 minutes for callbacks without an identity, which go by
// their fields: a second, genuine opt-out looks like the first. It panics unless d is
// positive.
func WithWindow(d time.Duration) StoredOption {
	if d <= 0 {
		panic("inbox: WithWindow: the window is not positive")
	}
	return func(c *storedConfig) { c.window = d }
}

const maxName = 64

// Stored makes a handler keep its callbacks in the inbox, to be handled by [Inbox.Run]. The
// handler answers 200 once a callback is stored, and 503 if it cannot be. Then the function
// of the handler gets it, until it returns nil or the callback is a dead letter.
//
// The name, of letters, digits, "-" and "_", is stored with each callback. If it changes,
// callbacks that wait under the old one are tried again each minute until a handler has
// that name, and are dead letters 72 hours after they arrived. Requeue those only once
// there is such a handler: before that they are dead letters again at once.
//
// Building the handler panics if the name is empty, longer than 64 bytes, or taken; if
// Africa's Talking reads the handler's answer, as for USSD, calls and validations; or if
// [WithIdentity] is for another payload. A voice.Handler with voice.OnEnd keeps the ends of
// calls and answers the rest.
//
// The function runs with the context of Run, not of a request: [webhook.FormFrom] and
// [FromContext] work in it, and [WithProcessTimeout] limits it. A [webhook.Error] with a
// status below 300 counts as done, as it does without an inbox. Every other error, and a
// panic, is tried again: see [Next], [Park] and [RetryAfter].
func (in *Inbox) Stored(name string, opts ...StoredOption) webhook.Option {
	c := storedConfig{window: longWindow}
	for _, o := range opts {
		o(&c)
	}
	return webhook.WithLater(func(l webhook.Later) webhook.Accept {
		isOther := func(r rune) bool {
			return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_'
		}
		switch {
		case name == "" || len(name) > maxName || strings.ContainsFunc(name, isOther):
			panic(fmt.Sprintf("inbox: Stored: name %q is not 1 to %d letters, digits, \"-\" and \"_\"", name, maxName))
		case c.payload != nil && c.payload != l.Payload:
			panic(fmt.Sprintf("inbox: Stored: the identity of %q is for %v, not for %v", name, c.payload, l.Payload))
		}
		s := &stored{name, l, c.identity, c.window}
		in.mu.Lock()
		defer in.mu.Unlock()
		if in.stored[name] != nil {
			panic(fmt.Sprintf("inbox: Stored: two handlers have the name %q", name))
		}
		in.stored[name] = s
		return func(ctx context.Context, kept webhook.Callback, payload any, err error) error {
			return in.accept(ctx, s, kept, payload, err)
		}
	})
}

// accept stores a callback, which could not be decoded if cause is not nil.
func (in *Inbox) accept(ctx context.Context, s *stored, c webhook.Callback, payload any, cause error) error {
	if cause != nil && in.config.refuse {
		return cause
	}
	d := Delivery{Name: s.name, Received: time.Now(), Callback: c}
	d.Key, d.Window = s.keyOf(ctx, c, payload)
	if cause != nil {
		d.Parked = reason(cause)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), in.config.putTimeout)
	defer cancel()
	duplicate, err := in.queue.Put(ctx, d)
	e := Event{Name: d.Name, Key: d.Key, Outcome: Accepted, Duration: time.Since(d.Received)}
	switch {
	case err != nil:
		err = fmt.Errorf("inbox: callback was not stored: %w", err)
		e.Outcome, e.Err = Refused, mask(err)
	case duplicate:
		e.Outcome = Duplicate
	case cause != nil:
		e.Outcome, e.Err = Dead, mask(cause)
		in.log(ctx, s, slog.LevelError, "callback cannot be decoded and is a dead letter", d, nil, cause)
	}
	in.observe(ctx, e)
	if err == nil {
		in.remind()
	}
	return err
}

// remind logs it if nothing has handled what was stored for a minute.
func (in *Inbox) remind() {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.handles || in.config.acceptOnly {
		return
	}
	in.unheard++
	if in.reminder != nil {
		return
	}
	in.reminder = time.AfterFunc(time.Minute, func() {
		in.mu.Lock()
		handles, unheard := in.handles, in.unheard
		in.reminder = nil
		in.mu.Unlock()
		if !handles {
			in.logger(nil).Error("africastalking: callbacks are stored and nothing handles them: call Inbox.Run, or use AcceptOnly",
				slog.Int("stored", unheard))
		}
	})
}

// heard notes that something handles what was stored.
func (in *Inbox) heard() {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.handles, in.unheard = true, 0
	if in.reminder != nil {
		in.reminder.Stop()
		in.reminder = nil
	}
}

// Run handles what was stored, with at most n calls of functions at once, until ctx ends.
// What runs then is finished first, for up to the process timeout. Call it after the
// handlers are built; it may be called again when it has returned. A process may stop its
// server before or after Run: what was answered is stored either way.
//
// It returns nil when ctx has ended, and otherwise an error: if the queue fails, so that
// Run would handle the same callbacks again and again, if n is not positive, if Run runs
// already, or if functions still run although their time and five seconds more are over.
func (in *Inbox) Run(ctx context.Context, n int) error {
	if n <= 0 {
		return fmt.Errorf("inbox: Run with %d workers", n)
	}
	in.mu.Lock()
	runs := in.running
	in.running = true
	in.mu.Unlock()
	if runs {
		return errors.New("inbox: Run runs already")
	}
	in.heard()
	ended := make(chan error, 1)
	go func() {
		err := in.queue.Run(ctx, Worker{Workers: n, Timeout: in.config.processTimeout, Handle: in.Handle})
		in.mu.Lock()
		defer in.mu.Unlock()
		in.running, in.handles = false, false
		ended <- err
	}()
	var err error
	select {
	case err = <-ended:
	case <-ctx.Done():
		timer := time.NewTimer(in.config.processTimeout + 5*time.Second)
		defer timer.Stop()
		select {
		case err = <-ended:
		case <-timer.C:
			in.mu.Lock()
			defer in.mu.Unlock()
			if len(ended) == 0 { // or else another Run may have begun
				in.handles = false
			}
			return fmt.Errorf("inbox: functions still run %v after the context ended", in.config.processTimeout+5*time.Second)
		}
	}
	if err != nil {
		return fmt.Errorf("inbox: queue has failed: %w", err)
	}
	return nil
}

// Handle handles one delivery, for engines that bring their own workers. [Next] says what
// becomes of one for which it returns an error. That error's text is masked as a log is, and
// errors.Is and errors.As find in it what the function returned. Handle does not panic, and
// neither does the error, whatever the function's does.
func (in *Inbox) Handle(ctx context.Context, d Delivery) error {
	start := time.Now()
	in.heard()
	in.mu.Lock()
	s := in.stored[d.Name]
	in.mu.Unlock()
	err := in.handle(ctx, s, d)
	e := Event{Name: d.Name, Key: d.Key, Outcome: Processed, Attempt: d.Attempt, Wait: max(start.Sub(d.Received), 0), Duration: time.Since(start)}
	if err != nil {
		e.Outcome, e.Err = Retried, err
		if Next(d, err).Dead {
			e.Outcome = Dead
		}
	}
	in.observe(ctx, e)
	return err
}

// handle returns an error that is masked.
func (in *Inbox) handle(ctx context.Context, s *stored, d Delivery) error {
	if s == nil {
		err := mask(&namelessError{d.Name})
		in.logNameless(ctx, d, err)
		return err
	}
	limit := in.config.processTimeout
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	late := time.AfterFunc(2*limit, func() {
		in.log(ctx, s, slog.LevelError, "function does not heed its context and holds up a worker", d, nil,
			fmt.Errorf("inbox: function still runs after %v, limit %v", 2*limit, limit))
	})
	defer late.Stop()
	payload, err := s.later.Handle(context.WithValue(ctx, handlingKey{}, &handling{d, in.config.store}), d.Callback)
	if err == nil {
		return nil
	}
	err = mask(err)
	var status *webhook.Error
	switch {
	case errors.Is(err, webhook.ErrUndecodable):
		err = Park(err)
	case errors.As(err, &status) && status != nil && 200 <= status.Status && status.Status < 300:
		in.log(ctx, s, slog.LevelWarn, "stored callback was given up", d, payload, err)
		return nil
	}
	if Next(d, err).Dead {
		in.log(ctx, s, slog.LevelError, "stored callback failed and is a dead letter", d, payload, err)
	} else {
		in.log(ctx, s, slog.LevelWarn, "stored callback failed and will be tried again", d, payload, err)
	}
	return err
}

type handlingKey struct{}

// handling is a delivery that is being handled.
type handling struct {
	delivery Delivery
	store    state.Store
}

// FromContext returns the delivery that is being handled in ctx, which is that of a stored
// callback's function or one derived from it: its Attempt, and its Key, for services that
// take an idempotency key. The same Key comes again after its window if the callback has no
// identity: pass on Received.UnixMilli() with it, which stays the same for all attempts.
func FromContext(ctx context.Context) (Delivery, bool) {
	h, ok := ctx.Value(handlingKey{}).(*handling)
	if !ok {
		return Delivery{}, false
	}
	return h.delivery, true
}

func (in *Inbox) logger(s *stored) *slog.Logger {
	switch {
	case s != nil && s.later.Logger != nil:
		return s.later.Logger
	case in.config.logger != nil:
		return in.config.logger
	}
	return slog.Default()
}

// log writes a record about a delivery. A panic of the app's goes no further.
func (in *Inbox) log(ctx context.Context, s *stored, level slog.Level, msg string, d Delivery, payload any, err error) {
	defer func() { _ = recover() }()
	attrs := []slog.Attr{
		slog.String("kind", s.later.Kind), slog.String("name", d.Name), slog.String("key", d.Key),
		slog.Int("attempt", d.Attempt), slog.String("error", reason(err)),
	}
	if p, ok := payload.(slog.LogValuer); ok {
		attrs = append(attrs, slog.Any("callback", p))
	}
	var panicked *webhook.PanicError
	if errors.As(err, &panicked) {
		attrs = append(attrs, slog.String("stack", string(panicked.Stack)))
	}
	in.logger(s).LogAttrs(ctx, level, "africastalking: "+msg, attrs...)
}

// logNameless says at most once a minute that there is no handler with a name, and of each
// dead letter that comes of it.
func (in *Inbox) logNameless(ctx context.Context, d Delivery, err error) {
	defer func() { _ = recover() }()
	if Next(d, err).Dead {
		in.logger(nil).LogAttrs(ctx, slog.LevelError, "africastalking: stored callback has no handler and is a dead letter",
			slog.String("name", d.Name), slog.String("key", d.Key), slog.Int("attempt", d.Attempt), slog.String("error", reason(err)))
		return
	}
	now := time.Now()
	in.mu.Lock()
	last := in.nameless[d.Name]
	quiet := !last.IsZero() && now.Sub(last) < time.Minute
	if !quiet {
		in.nameless[d.Name] = now
	}
	in.mu.Unlock()
	if quiet {
		return
	}
	in.logger(nil).LogAttrs(ctx, slog.LevelError, "africastalking: stored callbacks wait for a handler",
		slog.String("name", d.Name), slog.String("error", err.Error()))
}

// observe counts an event and tells the observer.
func (in *Inbox) observe(ctx context.Context, e Event) {
	in.rates.count(time.Now(), e.Outcome)
	if in.config.observer == nil {
		return
	}
	defer func() {
		if v := recover(); v != nil {
			defer func() { _ = recover() }()
			in.logger(nil).LogAttrs(ctx, slog.LevelError, "africastalking: observer of the inbox failed",
				slog.String("error", fmt.Sprintf("panic of type %T", v)), slog.String("stack", string(debug.Stack())))
		}
	}()
	in.config.observer(ctx, e)
}
