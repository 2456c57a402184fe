package ussd_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/sautigo/africastalking/internal/callbacktest"
	"github.com/sautigo/africastalking/ussd"
)

// Phones, the gateway between them and the machines, and what holds for all that they
// see. A phone knows only what it has on its screen.

// phone is a subscriber, who dials again and again.
type phone struct {
	*simulation
	*rand.Rand
	id     int
	number string
	dials  int
	// before are the ways that the sessions of each service were offered, or has run for a
	// code that was dialled with inputs: Resume may go on with one.
	before map[string]map[string]bool

	// What the app knows about the subscriber, under simulation.mu.
	joined  bool
	bills   []debt
	items   []string
	changes []time.Duration // when any of it changed
	drawn   int             // how many bills there were
}

func (s *simulation) newPhone(id int) *phone {
	p := &phone{simulation: s, Rand: s.random(fmt.Sprint("phone ", id)), id: id, number: fmt.Sprintf("+25471100000%d", id),
		before: map[string]map[string]bool{}, items: []string{"Gnu", "Hen", "Ibis"}}
	if id%2 == 0 { // more than there is room for on a screen
		for i := range 9 {
			p.items = append(p.items, fmt.Sprint("The-long-name-of-item-", i))
		}
	}
	p.joined = p.IntN(4) > 0
	for range 2 {
		p.newBill(p.Rand)
	}
	return p
}

func (p *phone) newBill(r *rand.Rand) {
	p.drawn++
	p.bills = slices.Insert(p.bills, 0, debt{fmt.Sprint("bill ", p.drawn), []string{"Water", "Power", "Rent"}[r.IntN(3)], 10 * (1 + r.IntN(30))})
}

// changeBills is something that happens outside of the app.
func (p *phone) changeBills(with uint64) {
	r := rand.New(rand.NewPCG(with, 1))
	p.mu.Lock()
	p.changes = append(p.changes, p.now())
	p.bills, p.items = slices.Clone(p.bills), slices.Clone(p.items)
	switch n := r.IntN(4); {
	case n == 0 && len(p.bills) < 4 || len(p.bills) == 0:
		p.newBill(r)
	case n == 1:
		p.bills = p.bills[1:]
	case n == 2:
		r.Shuffle(len(p.items), func(i, j int) { p.items[i], p.items[j] = p.items[j], p.items[i] })
	default:
		p.bills[r.IntN(len(p.bills))].Amount += 10
	}
	bills := p.bills
	p.mu.Unlock()
	p.log(p.id, "the bills change: %v", bills)
}

// settle is what a payment changes.
func (p *phone) settle(b debt) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.changes = append(p.changes, p.now())
	p.joined = p.joined || b.Name == "Join"
	p.bills = slices.DeleteFunc(slices.Clone(p.bills), func(o debt) bool { return o.ID == b.ID })
}

func (p *phone) hasJoined() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.joined
}

func (p *phone) owed() []debt {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.bills
}

func (p *phone) names() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.control.unsteady {
		p.loads++
		return append([]string{fmt.Sprint("Item-", p.loads)}, p.items...)
	}
	return p.items
}

// simHop is what a phone has sent: the gateway may deliver it several times.
type simHop struct {
	code, session, text, metadata string
	// ways are those of the functions that may run, and agreed is the payment that may
	// be made: what stood on the screen beside what was typed.
	ways   map[string]bool
	agreed string
	// dialled is set if functions run that no screen has offered, as the dialled code
	// asks for.
	dialled bool
	began   time.Duration // the session
	answers []answer      // under simulation.mu
}

// answer is what a delivery of a hop was answered with.
type answer struct {
	body, metadata string
	version        int
	start, end     time.Duration
}

func (a answer) neutral() bool {
	return strings.HasSuffix(a.body, ussd.Apology) || strings.HasSuffix(a.body, inDoubt)
}

const interrupted = "You were interrupted."

// ran notes that a function runs.
func (d *delivery) ran(way string) {
	d.count(&d.counts.functions)
	if d.hop.dialled {
		d.mu.Lock()
		d.phone.before[d.hop.code][way] = true
		d.mu.Unlock()
	}
	if !d.hop.dialled && !d.hop.ways[way] {
		d.violate(d.phone.id, notShown, "%v: ran %s, offered were %q", d, way, slices.Sorted(maps.Keys(d.hop.ways)))
	}
}

// deliver takes a copy of a hop to a machine. It reports false if no answer comes back.
func (p *phone) deliver(h *simHop, n int) (answer, bool) {
	d := &delivery{simulation: p.simulation, phone: p, hop: h, copy: n, loaded: map[string]bool{},
		draws: p.random(fmt.Sprint(p.id, " ", h.session, " ", h.text, " ", n))}
	p.mu.Lock()
	d.machine = p.machines[d.draws.IntN(len(p.machines))]
	d.version = d.machine.version
	p.counts.hops++
	if n > 0 {
		p.counts.copies++
	}
	p.mu.Unlock()
	d.start = p.now()
	form := url.Values{"sessionId": {h.session}, "phoneNumber": {p.number}, "serviceCode": {h.code}, "networkCode": {"63902"}, "text": {h.text}}
	r := callbacktest.Post("/", callbacktest.FormType, form.Encode())
	if h.metadata != "" {
		r.Header.Set(ussd.HopMetadataHeader, h.metadata)
	}
	w := httptest.NewRecorder()
	p.handler(d.machine, d.version, h.code).ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), deliveryKey{}, d)))
	a := answer{w.Body.String(), w.Header().Get(ussd.HopMetadataHeader), d.version, d.start, p.now()}
	if p.dead(d.machine) {
		p.log(p.id, "%v: died before it replied", d)
		p.count(&p.counts.deaths)
		return answer{}, false
	}
	p.log(p.id, "%v, version %d, metadata %q: %d %q, metadata %q", d, d.version, h.metadata, w.Code, a.body, a.metadata)
	p.judge(d, a, w.Code)
	return a, true
}

var (
	simNumber  = regexp.MustCompile(`\+254\d+`)
	simReceipt = regexp.MustCompile(`(Paid|Refused) .*ref ([0-9a-f]+)`)
)

// judge checks an answer by itself, and beside the others that the hop has had.
func (p *phone) judge(d *delivery, a answer, status int) {
	for _, number := range simNumber.FindAllString(a.body, -1) {
		if number != p.number {
			p.violate(p.id, anothers, "%v: a screen for %s", d, number)
		}
	}
	if took := a.end - a.start; took > ussd.DefaultTimeout+100*time.Millisecond || status != http.StatusOK {
		p.violate(p.id, noEnd, "%v: status %d after %v", d, status, took)
	}
	if a.neutral() {
		return
	}
	said := simReceipt.FindStringSubmatch(a.body)
	p.mu.Lock()
	others := d.hop.answers
	d.hop.answers = append(d.hop.answers, a)
	if said != nil {
		times := 0
		for key, n := range p.paid {
			if strings.HasSuffix(key, said[2]) {
				times += n
			}
		}
		if (times == 0) == (said[1] == "Paid") {
			defer p.violate(p.id, untrue, "%v: says %q", d, a.body)
		}
	}
	p.mu.Unlock()
	for _, o := range others {
		// What is done is told, whatever has changed.
		done := d.hop.agreed != "" && simReceipt.MatchString(o.body) && o.end < a.start
		changed := p.changed(d.hop, o, a)
		if o.body == a.body && (changed || o.metadata == a.metadata) || o.body != a.body && changed && !done {
			continue
		}
		p.violate(p.id, twoAnswers, "%v: %q, metadata %q, and before that %q, metadata %q", d, a.body, a.metadata, o.body, o.metadata)
		return
	}
}

// changed reports whether the menus may have been different for two answers. Where
// metadata does not come back, an answer depends also on what copies of the hop before
// have left in the store, so it counts if they have changed since the session began, or the
// one that it goes on with.
func (p *phone) changed(h *simHop, a, b answer) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	from, to := min(a.start, b.start), max(a.end, b.end)
	if h.metadata == "" {
		from = h.began
	}
	return a.version != b.version || h.metadata == "" && p.deployed >= from ||
		slices.ContainsFunc(p.changes, func(at time.Duration) bool { return from <= at && at <= to })
}

// send sends a hop, and returns the first answer that comes.
func (p *phone) send(h *simHop, calm bool) (answer, bool) {
	copies := []time.Duration{between(p.Rand, 1e6, 30e6)}
	if !calm {
		often := 6
		if h.agreed != "" {
			often = 2
		}
		for _, by := range []time.Duration{60 * time.Millisecond, 9 * time.Second, simLatest} {
			if at := between(p.Rand, 1e6, by); p.IntN(often) == 0 {
				copies = append(copies, at)
			}
		}
	}
	first := make(chan answer, len(copies))
	for n, at := range copies {
		p.work.Go(func() {
			time.Sleep(at)
			if a, ok := p.deliver(h, n); ok {
				first <- a
			}
		})
	}
	timer := time.NewTimer(simGiveUp)
	defer timer.Stop()
	select {
	case a := <-first:
		return a, true
	case <-timer.C:
		return answer{}, false
	}
}

// view is what is on a phone's screen.
type view struct {
	answer
	at        string            // the way, if the screen names it
	items     map[string]string // label by key
	ran       string            // the way of the function whose screen it is
	statement string            // what is asked to say yes to
	pin, ends bool
}

var (
	simAt        = regexp.MustCompile(`(?m)^(?:CON )?At (\S+)$`)
	simRan       = regexp.MustCompile(`(?m)^(?:CON )?Ran (\S+)$`)
	simItem      = regexp.MustCompile(`(?m)^(?:CON )?(\w+)\. (.+)$`)
	simStatement = regexp.MustCompile(`Pay \d+ to \w+ for \+\d+\?`)
)

func firstMatch(re *regexp.Regexp, s string) string {
	if m := re.FindStringSubmatch(s); m != nil {
		return m[1]
	}
	return ""
}

// read returns what is on the screen now. A later page of a menu belongs to the first.
func (v view) read(a answer, typed string) view {
	n := view{answer: a, at: firstMatch(simAt, a.body), items: map[string]string{}, ran: firstMatch(simRan, a.body),
		statement: simStatement.FindString(a.body), pin: strings.Contains(a.body, "Enter your PIN"), ends: !strings.HasPrefix(a.body, "CON ")}
	if n.at == "" && n.ran == "" && n.statement == "" && !n.pin && (clean(typed) == "98" || clean(typed) == "0") {
		n.at = v.at
		maps.Copy(n.items, v.items)
	}
	for _, m := range simItem.FindAllStringSubmatch(a.body, -1) {
		n.items[m[1]] = m[2]
	}
	return n
}

func clean(typed string) string { return strings.TrimSuffix(strings.TrimSpace(typed), "#") }

func (v view) interrupted() bool { return strings.Contains(v.body, interrupted) }

// offered returns the ways of the functions that may run when something is typed.
func (v view) offered(typed string) map[string]bool {
	ways := map[string]bool{}
	if label := v.items[clean(typed)]; label != "" && v.at != "" {
		ways[v.at+"/"+label] = true
	}
	if strings.Contains(v.body, "Type 5") {
		ways[v.at+"/typed"] = true
	}
	if v.ran != "" {
		ways[v.ran] = true
	}
	return ways
}

// live is all that a phone does: sessions while there are faults, one that must reach its
// end, and then, when nothing of the faults is left, one in which nothing may go wrong.
func (p *phone) live() {
	for range 3 {
		time.Sleep(between(p.Rand, 0, 15*time.Second))
		if p.now() < simStorm {
			p.session(false)
		}
	}
	time.Sleep(simCalm - p.now() + between(p.Rand, 0, 15*time.Second))
	first := p.session(true)
	if !first && !p.session(true) {
		p.violate(p.id, noEnd, "two sessions ended with an apology, when all was well")
	}
}

// talk is a session as a phone has it.
type talk struct {
	*phone
	hop  *simHop // the last one
	calm bool
	echo int // percent of the hops whose metadata comes back
	// echoed is set if metadata has come back before, and is lost on the last hop: the app
	// need not know what was shown.
	echoed, lost bool
	view         view
	// typed led to the view, and agreed is what the subscriber has said yes to on the way
	// there. resumed is set if Resume has asked.
	typed, agreed string
	resumed       bool
}

// dial begins a session with a service.
func (p *phone) dial(calm bool) *talk {
	p.dials++
	p.count(&p.counts.sessions)
	// All phones have the same session ids.
	h := &simHop{code: simCodes[p.IntN(len(simCodes))], session: fmt.Sprint("ATUid_", p.dials), began: p.now()}
	if !calm && h.code != writtenCode && p.IntN(10) == 0 {
		h.text, h.dialled = []string{"1", "2", "1*1", "1*1*1", "2*1*1*1234"}[p.IntN(5)], true
		p.count(&p.counts.dialled)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.before[h.code] == nil {
		p.before[h.code] = map[string]bool{}
	}
	return &talk{phone: p, hop: h, calm: calm, echo: []int{0, 100, 100, 80}[p.IntN(4)]}
}

// session is one session of a phone. It reports whether it ended without an apology.
func (p *phone) session(calm bool) bool {
	t := p.dial(calm)
	for left := 40; ; t.answer() {
		a, ok := p.send(t.hop, calm)
		if !ok {
			p.log(p.id, "%s: no answer", t.hop.session)
			break
		}
		t.see(a)
		if !calm && p.now() < simStorm && p.IntN(15) == 0 {
			p.log(p.id, "%s: dropped", t.hop.session)
			break
		}
		if t.view.ends || t.forward() && t.view.leaf() {
			break
		}
		if left--; t.forward() && left < 0 {
			p.violate(p.id, noEnd, "%s: 40 hops and no end, at %q", t.hop.session, t.view.body)
			break
		}
	}
	return !t.view.neutral()
}

// forward reports whether the phone types only what leads on.
func (t *talk) forward() bool { return t.calm || t.now() > simStorm }

// answer types something to the screen: the next hop.
func (t *talk) answer() {
	if t.forward() {
		time.Sleep(between(t.Rand, 1e9, 2e9))
	} else {
		time.Sleep(between(t.Rand, 1e9, 8e9))
	}
	v, last := t.view, t.hop
	t.typed = t.choose(v, t.forward())
	h := &simHop{code: last.code, session: last.session, began: last.began, text: last.text + "*" + t.typed, ways: v.offered(t.typed)}
	if last.text == "" {
		h.text = t.typed
	}
	if t.IntN(100) < t.echo || t.control.noSums {
		h.metadata = t.control.echo(v.metadata)
	}
	t.lost = t.echoed && h.metadata == ""
	t.echoed = t.echoed || h.metadata != ""
	switch {
	case v.statement != "" && clean(t.typed) == "1":
		t.agreed = v.statement
	case !v.pin:
		t.agreed = ""
	}
	h.agreed = t.agreed
	t.mu.Lock()
	defer t.mu.Unlock()
	if v.interrupted() {
		maps.Copy(h.ways, t.before[h.code])
		h.began = 0 // or whenever the session began that is gone on with
	}
	maps.Copy(t.before[h.code], h.ways)
	t.hop = h
}

// see takes the first answer to the last hop, and checks what it may be only for a reason.
func (t *talk) see(a answer) {
	last := t.view.answer
	changed := strings.Contains(a.body, strings.TrimSpace(changed))
	switch {
	case strings.HasSuffix(a.body, ussd.Apology):
		t.count(&t.counts.apologies)
	case a.neutral():
		t.count(&t.counts.doubts)
	case changed:
		t.count(&t.counts.changed)
	case strings.Contains(a.body, interrupted):
		t.count(&t.counts.resumed)
	}
	// A session that is resumed can end in a conflict with the hop that was dropped.
	if took := a.end - a.start; t.calm && (a.neutral() && !t.resumed || took > 2*time.Second) {
		t.violate(t.id, noEnd, "%s %q: %q after %v, when all was well", t.hop.session, t.hop.text, a.body, took)
	}
	if a.neutral() && !t.faulty {
		t.violate(t.id, falseAlarm, "%s %q: %q without a fault", t.hop.session, t.hop.text, a.body)
	}
	if changed && !t.changing && !t.resumed && !t.lost && !t.changed(t.hop, last, a) {
		t.violate(t.id, falseAlarm, "%s %q: %q, but nothing has", t.hop.session, t.hop.text, a.body)
	}
	t.view = t.view.read(a, t.typed)
	t.resumed = t.resumed || t.view.interrupted()
}

// leaf reports whether nothing leads on from a screen but back.
func (v view) leaf() bool {
	for key := range v.items {
		if key != "0" && key != "00" {
			return false
		}
	}
	return !v.pin && !strings.Contains(v.body, "Type 5") && !strings.Contains(v.body, "How much")
}

// choose returns what is typed to a screen: most often what leads on, and, unless the
// phone only goes forward, sometimes what leads back or nowhere.
func (p *phone) choose(v view, forward bool) string {
	often := forward || p.IntN(8) > 0
	switch {
	case often && v.pin:
		return "1234"
	case often && strings.Contains(v.body, "Type 5"):
		return "5"
	case often && strings.Contains(v.body, "How much"):
		return fmt.Sprint(10 * (1 + p.IntN(30)))
	case often && (v.statement != "" || v.interrupted()):
		return "1"
	case !often:
		return []string{"0", "00", "98", "x", "77", "0000", "", "2", " 1", "1#"}[p.IntN(10)]
	}
	keys := slices.Sorted(maps.Keys(v.items))
	for _, key := range keys {
		if v.items[key] == "Bills" && p.IntN(2) == 0 {
			return key
		}
	}
	keys = slices.DeleteFunc(keys, func(key string) bool { return key == "0" || key == "00" })
	if len(keys) == 0 {
		return []string{"0", "00"}[p.IntN(2)]
	}
	return keys[p.IntN(len(keys))]
}
