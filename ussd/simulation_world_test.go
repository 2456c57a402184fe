package ussd_test

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/sautigo/africastalking/state"
)

// The parts of the simulation that are not ussd's: time, machines, a store behind a
// network, a bank, and the log of what happened. Whatever answers callbacks can be
// simulated in this world: it needs a handler in machine.service.

// A seed decides everything that is random. Each draw belongs to one phone or to one
// delivery, never to the order in which goroutines run, so a seed gives the same run
// again.

const (
	simStorm = 60 * time.Second // faults and changes happen before that
	simCalm  = simStorm + 3*time.Minute
	// simGiveUp is when the gateway stops waiting for an answer.
	simGiveUp = 10 * time.Second
	// simLatest is how late a copy of a hop may come.
	simLatest = 2 * time.Minute
)

// simulation is one run.
type simulation struct {
	seed    uint64
	control control
	// faulty seeds have faults of the store, the bank and machines, and changing ones
	// have deploys and bills that come, go and change.
	faulty, changing bool
	loss             float64

	began    time.Time
	over     chan struct{}
	store    state.Memory
	machines []*machine
	phones   []*phone
	work     sync.WaitGroup

	mu       sync.Mutex
	events   []event
	wrong    []violation
	paid     map[string]int // by HopID
	counts   counts
	byDial   map[string]string // for the control that mixes subscribers up
	loads    int               // how often a list was loaded
	deployed time.Duration     // when a version was deployed last
	atStake  map[*simHop]int   // payments by the hop that the phone sent
}

// counts is how often what the simulation is for happened.
type counts struct{ sessions, resumed, dialled, hops, copies, deaths, apologies, doubts, changed, payments, functions int }

func (c *counts) all() []*int {
	return []*int{&c.sessions, &c.resumed, &c.dialled, &c.hops, &c.copies, &c.deaths, &c.apologies, &c.doubts, &c.changed, &c.payments, &c.functions}
}

func (c *counts) add(d counts) {
	more := d.all()
	for i, n := range c.all() {
		*n += *more[i]
	}
}

func (s *simulation) count(n *int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*n++
}

// event is a line of the log. It is formatted only if it is printed.
type event struct {
	at     time.Duration
	who    int // the phone; -1 for all
	format string
	args   []any
}

// violation is what must not happen, and to which phone it did.
type violation struct {
	kind, text string
	who        int
}

func (s *simulation) now() time.Duration { return time.Since(s.began) }

func (s *simulation) log(who int, format string, args ...any) {
	at := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = append(s.events, event{at, who, format, args})
}

func (s *simulation) violate(who int, kind, format string, args ...any) {
	s.log(who, "VIOLATION "+kind+": "+format, args...)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wrong = append(s.wrong, violation{kind, fmt.Sprintf(format, args...), who})
}

// trace returns the log of a phone, and of what happened to all.
func (s *simulation) trace(who int) string {
	var b strings.Builder
	for _, e := range s.events {
		if who < 0 || e.who < 0 || e.who == who {
			fmt.Fprintf(&b, "%13v phone %d: %s\n", e.at, e.who, fmt.Sprintf(e.format, e.args...))
		}
	}
	return b.String()
}

// random returns the source of what one thing draws.
func (s *simulation) random(name string) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(name))
	return rand.New(rand.NewPCG(s.seed, h.Sum64()))
}

// between returns a time that nothing else in the simulation is likely to have.
func between(r *rand.Rand, from, to time.Duration) time.Duration {
	return from + time.Duration(r.Int64N(int64(to-from)))
}

// machine is a process that answers callbacks. It serves the version that was deployed
// last. One that has died does nothing any more, and another takes its place.
type machine struct {
	id      int
	version int
	died    bool
	// services are the handlers of a version, by service code.
	services map[int]map[string]http.Handler
}

func newMachine(id, version int) *machine {
	return &machine{id: id, version: version, services: map[int]map[string]http.Handler{}}
}

func (s *simulation) dead(m *machine) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return m.died
}

// operate deploys versions to one machine after the other, and kills machines.
func (s *simulation) operate() {
	r := s.random("operator")
	type act struct {
		at time.Duration
		do func()
	}
	var acts []act
	if s.changing {
		deploys := 1 + r.IntN(4)
		for n := range deploys {
			share := simStorm / time.Duration(deploys)
			at, version := time.Duration(n)*share+between(r, 0, share/3), r.IntN(4)
			for id := range s.machines {
				at += between(r, 0, 3*time.Second)
				acts = append(acts, act{at, func() { s.deploy(id, version) }})
			}
		}
		for range 4 * len(s.phones) {
			p, with := s.phones[r.IntN(len(s.phones))], r.Uint64()
			acts = append(acts, act{between(r, 0, simStorm), func() { p.changeBills(with) }})
		}
	}
	if s.faulty {
		for range r.IntN(3) {
			at, id := between(r, 0, simStorm), r.IntN(len(s.machines))
			acts = append(acts, act{at, func() { s.kill(nil, id) }})
		}
	}
	for _, a := range acts {
		s.work.Go(func() {
			time.Sleep(a.at - s.now())
			a.do()
		})
	}
}

func (s *simulation) deploy(id, version int) {
	s.log(-1, "machine %d: version %d is deployed", id, version)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.machines[id].version, s.deployed = version, s.now()
}

// kill ends the machine with an id, if it is still that one, and starts another in its
// place.
func (s *simulation) kill(m *machine, id int) {
	s.mu.Lock()
	if m == nil {
		m = s.machines[id]
	}
	kills := s.machines[id] == m
	if kills {
		m.died = true
		s.machines[id] = newMachine(id, m.version)
	}
	s.mu.Unlock()
	if kills {
		s.log(-1, "machine %d dies", id)
	}
}

// delivery is a callback on its way: one copy of a hop, at one machine.
type delivery struct {
	*simulation
	machine *machine
	phone   *phone
	hop     *simHop
	copy    int
	version int
	start   time.Duration

	// Only the function that answers the callback uses these.
	draws  *rand.Rand
	loaded map[string]bool
	last   time.Time // when the store last replied
}

type deliveryKey struct{}

func (d *delivery) String() string {
	return fmt.Sprintf("%s %s %q copy %d at machine %d", d.hop.code, d.hop.session, d.hop.text, d.copy, d.machine.id)
}

func deliveryOf(ctx context.Context) *delivery { return ctx.Value(deliveryKey{}).(*delivery) }

var errDied = errors.New("the machine has died")

// alive returns at once on a machine that is alive. On another one it returns when the
// simulation is over.
func (d *delivery) alive() error {
	if !d.dead(d.machine) {
		return nil
	}
	<-d.over
	return errDied
}

// storm reports whether faults happen now.
func (d *delivery) storm() bool { return d.faulty && (d.now() < simStorm || d.control.noCalm) }

// network is the store that the machines share, as they reach it.
type network struct{ *simulation }

var errNetwork = errors.New("the store did not reply")

func (n network) Load(ctx context.Context, key string) (data []byte, version uint64, err error) {
	var got struct {
		data    []byte
		version uint64
		err     error
	}
	d := deliveryOf(ctx)
	// Who finds a record in use loads it again after a pause that no seed decides. The
	// network makes up for that: together they take as long as the longest pause.
	if d.loaded[key] && time.Now().After(d.last) {
		time.Sleep(time.Until(d.last.Add(400 * time.Millisecond)))
	}
	d.loaded[key] = true
	if err := n.call(ctx, d, func(ctx context.Context) { got.data, got.version, got.err = n.store.Load(ctx, key) }); err != nil {
		return nil, 0, err
	}
	return got.data, got.version, got.err
}

func (n network) Save(ctx context.Context, key string, data []byte, version uint64, ttl time.Duration) (uint64, error) {
	var got struct {
		version uint64
		err     error
	}
	if err := n.call(ctx, deliveryOf(ctx), func(ctx context.Context) {
		if n.control.noCompare {
			_, version, _ = n.store.Load(ctx, key)
		}
		got.version, got.err = n.store.Save(ctx, key, data, version, ttl)
	}); err != nil {
		return 0, err
	}
	return got.version, got.err
}

func (n network) Delete(ctx context.Context, key string, version uint64) error {
	var got struct{ err error }
	if err := n.call(ctx, deliveryOf(ctx), func(ctx context.Context) { got.err = n.store.Delete(ctx, key, version) }); err != nil {
		return err
	}
	return got.err
}

// call carries a request to the store and the reply back. Either can be lost, and a
// request can be so late that its sender does not wait for it any more: then it is
// executed all the same.
func (n network) call(ctx context.Context, d *delivery, do func(context.Context)) error {
	defer func() { d.last = time.Now() }()
	if err := errors.Join(d.alive(), ctx.Err()); err != nil {
		return err
	}
	there, back, fate := between(d.draws, 1e5, 15e6), between(d.draws, 1e5, 15e6), d.draws.Float64()
	if !d.storm() {
		fate = 1
	}
	switch {
	case fate < n.loss:
		n.log(d.phone.id, "%v: a request to the store is lost", d)
		return errors.Join(errNetwork, sleep(ctx, between(d.draws, 5e8, 1e9)))
	case fate < 1.5*n.loss:
		n.log(d.phone.id, "%v: a request to the store is late", d)
		late := between(d.draws, 1e8, 15e9)
		sent := time.Now()
		if err := sleep(ctx, late); err != nil {
			n.work.Go(func() {
				time.Sleep(late - time.Since(sent))
				do(context.WithoutCancel(ctx))
			})
			return err
		}
	default:
		time.Sleep(there)
	}
	do(context.WithoutCancel(ctx))
	if d.storm() && fate > 1-n.loss/5 {
		n.kill(d.machine, d.machine.id)
	}
	if fate < 2.5*n.loss && fate >= 1.5*n.loss {
		n.log(d.phone.id, "%v: a reply of the store is lost", d)
		return errors.Join(errNetwork, sleep(ctx, between(d.draws, 5e8, 1e9)))
	}
	time.Sleep(back)
	return d.alive()
}

// sleep returns after a while, or with an error when ctx ends before: a moment later, so
// that it is no matter of chance whether the handler answers first, at its deadline.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		time.Sleep(time.Millisecond)
		return ctx.Err()
	}
}

// What the bank does with a payment.
type fate int

const (
	bankPays fate = iota
	bankPaysAndFails
	bankPaysAndPanics
	bankFails // the machine cannot know that nothing was paid
	bankPanics
	bankWasNotReached // state.ErrNotDone
	bankRefuses
)

var errBank = errors.New("the bank failed")

// ask asks the bank for a payment under an idempotency key that this bank does not heed.
func (d *delivery) ask(key, statement string) fate {
	outcome, takes := bankPays, between(d.draws, 50e6, 300e6)
	if draw, slow, long := d.draws.IntN(15), d.draws.IntN(8), between(d.draws, 2e9, 15e9); d.storm() {
		if draw <= int(bankRefuses) {
			outcome = fate(draw)
		}
		if slow == 0 {
			takes = long
		}
	}
	time.Sleep(takes / 2)
	if outcome <= bankPaysAndPanics {
		d.book(key, statement)
	}
	if d.storm() && d.draws.IntN(15) == 0 {
		d.kill(d.machine, d.machine.id)
	}
	time.Sleep(takes / 2)
	d.log(d.phone.id, "%v: the bank was asked: %s: outcome %d after %v", d, statement, outcome, takes)
	return outcome
}

// book notes a payment. It is one that the subscriber has said yes to, and the only one
// for the hop.
func (d *delivery) book(key, statement string) {
	d.mu.Lock()
	d.paid[key]++
	d.atStake[d.hop]++
	twice := max(d.paid[key], d.atStake[d.hop])
	d.counts.payments++
	d.mu.Unlock()
	if twice > 1 {
		d.violate(d.phone.id, paidTwice, "%s: %d times for text %q", statement, twice, d.hop.text)
	}
	if d.hop.agreed != statement {
		d.violate(d.phone.id, notShown, "paid %q, but the subscriber has said yes to %q", statement, d.hop.agreed)
	}
}
