package atnats_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/sautigo/africastalking/engines/atnats"
	"github.com/sautigo/africastalking/webhook"
	"github.com/sautigo/africastalking/webhook/inbox"
	"github.com/sautigo/africastalking/webhook/inbox/inboxtest"
)

func openQueue(t testing.TB, js jetstream.JetStream, opts ...atnats.Option) *atnats.Queue {
	t.Helper()
	q, err := atnats.NewQueue(context.Background(), js, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// queues gives out queues over streams of one server.
type queues struct {
	s       *server
	n       atomic.Int64
	mu      sync.Mutex
	streams map[inbox.Queue]string
}

func (qs *queues) open(t *testing.T, stream string, opts ...atnats.Option) inbox.Queue {
	t.Helper()
	if stream == "" {
		stream = fmt.Sprintf("inbox-%d", qs.n.Add(1))
	}
	q := openQueue(t, qs.s.connect(t), append(opts, atnats.WithStream(stream), atnats.WithMonitor(qs.s.monitor()))...)
	qs.mu.Lock()
	defer qs.mu.Unlock()
	qs.streams[q] = stream
	return q
}

func (qs *queues) streamOf(q inbox.Queue) string {
	qs.mu.Lock()
	defer qs.mu.Unlock()
	return qs.streams[q]
}

func TestQueue(t *testing.T) {
	t.Parallel()
	qs := &queues{s: startServer(t), streams: map[inbox.Queue]string{}}
	same := func(t *testing.T, q inbox.Queue) inbox.Queue { return qs.open(t, qs.streamOf(q)) }
	inboxtest.Run(t, func(t *testing.T) inbox.Queue { return qs.open(t, "") },
		inboxtest.WithLateness(25*time.Second),
		inboxtest.WithReopen(same), inboxtest.WithAnother(same),
		inboxtest.WithLimited(func(t *testing.T, n int) inbox.Queue {
			return qs.open(t, "", atnats.WithMaxDeliveries(n))
		}),
		inboxtest.WithBreak(func(t *testing.T, q inbox.Queue) {
			js := qs.s.connect(t)
			if err := js.DeleteStream(context.Background(), qs.streamOf(q)); err != nil {
				t.Error(err)
			}
		}))
}

func newDelivery(key string) inbox.Delivery {
	return inbox.Delivery{
		Name: "reports", Key: key, Received: time.Now(), Window: time.Hour,
		Callback: webhook.Callback{MediaType: "application/x-www-form-urlencoded", Body: []byte("id=" + key)},
	}
}

func put(t testing.TB, q inbox.Queue, d inbox.Delivery, duplicate bool) {
	t.Helper()
	if got, err := q.Put(context.Background(), d); got != duplicate || err != nil {
		t.Fatalf("Put: got duplicate %v and error %v, want %v", got, err, duplicate)
	}
}

// run runs a queue until the returned function is called, which returns its error.
func run(t testing.TB, q inbox.Queue, workers int, handle func(context.Context, inbox.Delivery) error) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- q.Run(ctx, inbox.Worker{Workers: workers, Timeout: time.Minute, Handle: handle}) }()
	stop = sync.OnceValue(func() error {
		cancel()
		return <-ended
	})
	t.Cleanup(func() { _ = stop() })
	return stop
}

func until(t testing.TB, what string, condition func() bool) {
	t.Helper()
	for end := time.Now().Add(40 * time.Second); !condition(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(what)
		}
	}
}

func backlog(t testing.TB, q inbox.Queue) (waiting, dead int) {
	t.Helper()
	b, err := q.Backlog(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return b.Waiting, b.Dead
}

// subjects returns the subjects of all messages of a stream.
func subjects(t testing.TB, js jetstream.JetStream, stream string) []string {
	t.Helper()
	ctx := context.Background()
	s, err := js.Stream(ctx, stream)
	if err != nil {
		t.Fatal(err)
	}
	info, err := s.Info(ctx, jetstream.WithSubjectFilter(">"))
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for subject := range info.State.Subjects {
		state, _, _ := strings.Cut(strings.TrimPrefix(subject, stream+"."), ".")
		all = append(all, state)
	}
	slices.Sort(all)
	return all
}

// events is how often TestQueueThreeTimesAtOnce sends each event.
var events = flag.Int("events", 300, "how many events TestQueueThreeTimesAtOnce sends three times")

// Two processes receive each event three times at once.
func TestQueueThreeTimesAtOnce(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	a := openQueue(t, s.connect(t), atnats.WithMonitor(s.monitor()))
	b := openQueue(t, s.connect(t), atnats.WithMonitor(s.monitor()))
	var mu sync.Mutex
	handled := map[string]int{}
	handle := func(_ context.Context, d inbox.Delivery) error {
		mu.Lock()
		defer mu.Unlock()
		handled[d.Key]++
		return nil
	}
	stopA, stopB := run(t, a, 4, handle), run(t, b, 4, handle)
	began := time.Now()
	var stored atomic.Int64
	var senders sync.WaitGroup
	next := make(chan int)
	for range 16 {
		senders.Go(func() {
			for i := range next {
				var copies sync.WaitGroup
				for _, q := range []inbox.Queue{a, b, a} {
					copies.Go(func() {
						duplicate, err := q.Put(context.Background(), newDelivery(fmt.Sprint("event-", i)))
						if err != nil {
							t.Error(err)
						} else if !duplicate {
							stored.Add(1)
						}
					})
				}
				copies.Wait()
			}
		})
	}
	for i := range *events {
		next <- i
	}
	close(next)
	senders.Wait()
	for end := time.Now().Add(time.Minute + time.Duration(*events)*20*time.Millisecond); ; time.Sleep(50 * time.Millisecond) {
		if waiting, _ := backlog(t, a); waiting == 0 {
			break
		} else if time.Now().After(end) {
			t.Fatalf("%d still wait", waiting)
		}
	}
	if err := errors.Join(stopA(), stopB()); err != nil {
		t.Error(err)
	}
	for key, n := range handled {
		if n != 1 {
			t.Errorf("%s was handled %d times", key, n)
		}
	}
	if len(handled) != *events || int(stored.Load()) != *events {
		t.Errorf("%d events were handled and %d stored, want %d", len(handled), stored.Load(), *events)
	}
	t.Logf("%d events, %d requests, %d handled, in %v", *events, 3**events, len(handled), time.Since(began).Round(time.Millisecond))
}

// What was handled is known after the server has started again, which it would not be to
// JetStream's own window.
func TestQueueServerStartsAgain(t *testing.T) {
	t.Parallel()
	s := startProcess(t)
	js, closeConn, err := connect(s.url())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(closeConn)
	q := openQueue(t, js, atnats.WithMonitor(s.monitor()))
	done, parked, waits := newDelivery("done"), newDelivery("parked"), newDelivery("waits")
	put(t, q, done, false)
	stop := run(t, q, 1, func(context.Context, inbox.Delivery) error { return nil })
	until(t, "the delivery is not handled", func() bool { waiting, _ := backlog(t, q); return waiting == 0 })
	if err := stop(); err != nil {
		t.Error(err)
	}
	parked.Parked = "parked"
	put(t, q, parked, false)
	put(t, q, waits, false)
	s.crash()
	until(t, "the client is connected", func() bool { return !js.Conn().IsConnected() })
	began := time.Now()
	if _, err := q.Put(t.Context(), newDelivery("new")); err == nil || errors.Is(err, inbox.ErrFull) {
		t.Errorf("Put without a server: got error %v", err)
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("Put without a server took %v", took)
	}
	s.start()
	until(t, "the client is not connected", js.Conn().IsConnected)
	put(t, q, done, true)
	put(t, q, parked, true)
	put(t, q, waits, true)
	if waiting, dead := backlog(t, q); waiting != 1 || dead != 1 {
		t.Errorf("%d wait and %d are dead, want 1 and 1", waiting, dead)
	}
}

// A function that takes longer than the server waits for a sign of life is not run twice.
func TestQueueSlowFunction(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	q := openQueue(t, s.connect(t), atnats.WithMonitor(s.monitor()))
	other := openQueue(t, s.connect(t), atnats.WithMonitor(s.monitor()))
	var calls atomic.Int64
	slow := func(context.Context, inbox.Delivery) error {
		calls.Add(1)
		time.Sleep(14 * time.Second)
		return nil
	}
	put(t, q, newDelivery("slow"), false)
	run(t, q, 2, slow)
	run(t, other, 2, slow)
	until(t, "the delivery is not handled", func() bool { waiting, _ := backlog(t, q); return waiting == 0 })
	if n := calls.Load(); n != 1 {
		t.Errorf("the function ran %d times", n)
	}
}

// A process that ends hands back what was on its way to it, so nothing waits until the
// server takes the process for dead.
func TestQueueHandsBack(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	q := openQueue(t, s.connect(t), atnats.WithMonitor(s.monitor()))
	handle := func(context.Context, inbox.Delivery) error { return nil }
	for i := range 30 {
		stop := run(t, q, 8, handle)
		var puts sync.WaitGroup
		for j := range 8 {
			puts.Go(func() {
				time.Sleep(rand.N(20 * time.Millisecond))
				put(t, q, newDelivery(fmt.Sprint("a-", i, "-", j)), false)
			})
		}
		time.Sleep(rand.N(30 * time.Millisecond))
		if err := stop(); err != nil {
			t.Error(err)
		}
		puts.Wait()
		began := time.Now()
		stop = run(t, q, 8, handle)
		until(t, "deliveries still wait", func() bool { waiting, _ := backlog(t, q); return waiting == 0 })
		if took := time.Since(began); took > 9*time.Second {
			t.Fatalf("what was left was handled after %v", took)
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
	}
}

// The process died after it noted that the delivery is done, and before the server knew
// that it need not hand it out again.
func TestQueueAcknowledgmentIsLost(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	js := s.connect(t)
	q := openQueue(t, js, atnats.WithMonitor(s.monitor()))
	d := newDelivery("a")
	put(t, q, d, false)
	header := nats.Header{"At-Delivery": {fmt.Sprintf(`{"received":%d,"window":3600000,"from":1}`, d.Received.UnixMilli())}}
	if _, err := js.PublishMsg(t.Context(), &nats.Msg{Subject: "at-inbox.done.a.1", Header: header}); err != nil {
		t.Fatal(err)
	}
	put(t, q, d, true)
	run(t, q, 1, func(context.Context, inbox.Delivery) error {
		t.Error("a delivery that is done was handled")
		return nil
	})
	until(t, "the message is still there", func() bool { waiting, _ := backlog(t, q); return waiting == 0 })
	put(t, q, d, true)
}

// What says that a delivery is done lasts as long as its window, and as long as the server
// may hand it out again.
func TestQueueDoneLasts(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	js := s.connect(t)
	q := openQueue(t, js, atnats.WithMonitor(s.monitor()))
	run(t, q, 1, func(context.Context, inbox.Delivery) error { return nil })
	for key, test := range map[string]struct{ age, window, atLeast, atMost time.Duration }{
		"new":   {0, 72 * time.Hour, 72*time.Hour - time.Minute, 72*time.Hour + time.Second},
		"old":   {10 * time.Minute, 15 * time.Minute, 5 * time.Minute, 5*time.Minute + time.Second},
		"over":  {time.Hour, 15 * time.Minute, 5 * time.Minute, 5*time.Minute + time.Second},
		"short": {0, time.Second, 5 * time.Minute, 5*time.Minute + time.Second},
	} {
		d := newDelivery(key)
		d.Received, d.Window = d.Received.Add(-test.age), test.window
		put(t, q, d, false)
		until(t, "the delivery is not handled", func() bool { waiting, _ := backlog(t, q); return waiting == 0 })
		stream, err := js.Stream(t.Context(), atnats.DefaultStream)
		if err != nil {
			t.Fatal(err)
		}
		m, err := stream.GetLastMsgForSubject(t.Context(), "at-inbox.done."+key+".*")
		if err != nil {
			t.Fatal(err)
		}
		lasts, err := time.ParseDuration(m.Header.Get("Nats-TTL"))
		if err != nil || lasts < test.atLeast || lasts > test.atMost || len(m.Data) != 0 {
			t.Errorf("%s: what says that it is done lasts %v (error %v) with a body of %d bytes, want %v and none", key, lasts, err, len(m.Data), test.atLeast)
		}
	}
}

// The process died after it let a dead letter take its turn again, and before it removed
// the dead letter.
func TestQueueDeadLetterIsLeft(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	js := s.connect(t)
	q := openQueue(t, js, atnats.WithMonitor(s.monitor()))
	d := newDelivery("a")
	d.Parked = "parked"
	put(t, q, d, false)
	header := nats.Header{"At-Delivery": {fmt.Sprintf(`{"name":"reports","received":%d,"window":3600000,"from":1,"revives":1}`, d.Received.UnixMilli())}}
	if _, err := js.PublishMsg(t.Context(), &nats.Msg{Subject: fmt.Sprint("at-inbox.wait.a.", d.Received.UnixMilli()), Header: header}); err != nil {
		t.Fatal(err)
	}
	if waiting, dead := backlog(t, q); waiting != 1 || dead != 0 {
		t.Errorf("%d wait and %d are dead, want 1 and 0", waiting, dead)
	}
	if letters, err := q.Dead(t.Context(), "", 10); len(letters) != 0 || err != nil {
		t.Errorf("%d dead letters and error %v, want none", len(letters), err)
	}
	for what, change := range map[string]func(context.Context, string) error{"Requeue": q.Requeue, "Drop": q.Drop} {
		if err := change(t.Context(), d.Key); !errors.Is(err, inbox.ErrNotFound) {
			t.Errorf("%s: got error %v, want inbox.ErrNotFound", what, err)
		}
	}
	run(t, q, 1, func(context.Context, inbox.Delivery) error { return nil })
	until(t, "the delivery is not handled", func() bool { waiting, _ := backlog(t, q); return waiting == 0 })
	if got, want := subjects(t, js, "at-inbox"), []string{"done"}; !slices.Equal(got, want) {
		t.Errorf("the stream has messages that say %v, want %v", got, want)
	}
}

// While the function fails, callbacks are answered 200 until the queue is full, then 503.
func TestQueueOfWhatFails(t *testing.T) {
	t.Parallel()
	const room = 200
	s := startServer(t)
	q := openQueue(t, s.connect(t), atnats.WithMonitor(s.monitor()), atnats.WithMaxDeliveries(room))
	var broken atomic.Bool
	broken.Store(true)
	run(t, q, workers, func(context.Context, inbox.Delivery) error {
		if broken.Load() {
			return inbox.RetryAfter(errors.New("stopped"), 2*time.Second)
		}
		return nil
	})
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := q.Put(r.Context(), newDelivery(r.FormValue("id"))); errors.Is(err, inbox.ErrFull) {
			w.WriteHeader(http.StatusServiceUnavailable)
		} else if err != nil {
			t.Error(err)
		}
	})
	post := func(id int) int {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, fmt.Sprint("/?id=", id), nil))
		return w.Code
	}
	count := map[int]int{}
	for i := range room {
		count[post(i)]++
	}
	heap := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before := heap()
	for i := range 20 * room {
		count[post(room+i)]++
	}
	if over := count[200] - room; over < 0 || over > workers || count[200]+count[503] != 21*room {
		t.Errorf("the answers are %v, want %d times 200 or a little more, and the others 503", count, room)
	}
	t.Logf("answers %v; the heap of the server and the app grew by %d KiB while all was refused", count, (heap()-before)>>10)
	broken.Store(false)
	until(t, "deliveries still wait", func() bool { waiting, _ := backlog(t, q); return waiting == 0 })
	if status := post(-1); status != http.StatusOK {
		t.Errorf("after all was handled the answer is %d", status)
	}
}

// MaxBytes leaves room to note what came of the deliveries.
func TestQueueMaxBytes(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	q := openQueue(t, s.connect(t), atnats.WithMonitor(s.monitor()), atnats.WithStreamConfig(func(c *jetstream.StreamConfig) {
		if c.Name == atnats.DefaultStream {
			c.MaxBytes = 128 << 10
		}
	}))
	n := 0
	full := func(body int) bool {
		n++
		d := newDelivery(fmt.Sprint("a-", n))
		d.Body = make([]byte, body)
		_, err := q.Put(t.Context(), d)
		if err != nil && !errors.Is(err, inbox.ErrFull) {
			t.Fatal(err)
		}
		return err != nil
	}
	for !full(1000) {
	}
	for body := 1000; body >= 0; body-- { // to the last byte
		full(body)
	}
	stop := run(t, q, 4, func(_ context.Context, d inbox.Delivery) error {
		if d.Key[len(d.Key)-1]%2 == 0 {
			return inbox.Park(errors.New("parked"))
		}
		return nil
	})
	until(t, "deliveries still wait", func() bool { waiting, _ := backlog(t, q); return waiting == 0 })
	if err := stop(); err != nil {
		t.Error(err)
	}
	until(t, "the queue stays full", func() bool { return !full(0) })
}

func TestNewQueueRefuses(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s := startServer(t)
	js := s.connect(t)
	refuses := func(want string, opts ...atnats.Option) {
		t.Helper()
		q, err := atnats.NewQueue(ctx, js, opts...)
		if q != nil || err == nil || !strings.HasPrefix(err.Error(), "atnats: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want one that says %q", err, want)
		}
	}
	for want, change := range map[string]func(*jetstream.StreamConfig){
		"message TTLs":            func(c *jetstream.StreamConfig) { c.AllowMsgTTL = false },
		"subjects":                func(c *jetstream.StreamConfig) { c.Subjects = append(c.Subjects, "more.>") },
		"retention":               func(c *jetstream.StreamConfig) { c.Retention = jetstream.LimitsPolicy },
		"limits the age":          func(c *jetstream.StreamConfig) { c.MaxAge = time.Hour },
		"limits the number":       func(c *jetstream.StreamConfig) { c.MaxMsgs = 100 },
		"drops old":               func(c *jetstream.StreamConfig) { c.Discard = jetstream.DiscardOld },
		"replaces another":        func(c *jetstream.StreamConfig) { c.DiscardNewPerSubject = true },
		"keeps a history":         func(c *jetstream.StreamConfig) { c.MaxMsgsPerSubject = 2 },
		"deletes":                 func(c *jetstream.StreamConfig) { c.DenyDelete = true },
		"mirror":                  func(c *jetstream.StreamConfig) { c.Mirror = &jetstream.StreamSource{Name: "other"} },
		"kept in memory":          func(c *jetstream.StreamConfig) { c.Storage = jetstream.MemoryStorage },
		"what is not written yet": func(c *jetstream.StreamConfig) { c.PersistMode = jetstream.AsyncPersistMode },
	} {
		refuses(want, atnats.WithMonitor(s.monitor()), atnats.WithStream("refused"), atnats.WithStreamConfig(func(c *jetstream.StreamConfig) {
			if c.Name == "refused" {
				change(c)
			}
		}))
	}
	if _, err := js.Stream(ctx, "refused"); !errors.Is(err, jetstream.ErrStreamNotFound) {
		t.Errorf("the stream that was refused: got error %v, want none to be there", err)
	}
	refuses("invalid stream name", atnats.WithStream("a.b"))
	refuses("invalid bucket name", atnats.WithBucket("a.b"))
	refuses("WithLossAtPowerCut")
	another := startServer(t)
	refuses("no monitoring endpoint is that of server", atnats.WithMonitor(another.monitor()))
	refuses("monitoring endpoint", atnats.WithMonitor("http://127.0.0.1:1"))
	refuses("status 404", atnats.WithMonitor(s.monitor()+"/nowhere"))
	if _, err := atnats.NewQueue(ctx, nil); err == nil {
		t.Error("NewQueue without a JetStream: got no error")
	}
}

// A server that syncs from time to time is refused, unless that is allowed.
func TestQueueDurability(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	js := s.connect(t)
	if got := openQueue(t, js, atnats.WithMonitor(s.monitor())).Durability(); got != inbox.PowerCut {
		t.Errorf("a server that syncs always outlives %v, want %v", got, inbox.PowerCut)
	}
	s.stop()
	s.opts.SyncAlways = false
	s.start()
	until(t, "the client is not connected", js.Conn().IsConnected)
	_, err := atnats.NewQueue(t.Context(), js, atnats.WithMonitor(s.monitor()))
	if err == nil || !strings.Contains(err.Error(), "syncs from time to time") {
		t.Errorf("NewQueue on a server that syncs from time to time: got error %v", err)
	}
	if got := openQueue(t, js, atnats.WithLossAtPowerCut(true)).Durability(); got != inbox.ProcessCrash {
		t.Errorf("a server that syncs from time to time outlives %v, want %v", got, inbox.ProcessCrash)
	}
}
