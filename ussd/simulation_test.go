package ussd_test

import (
	"flag"
	"hash/fnv"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sautigo/africastalking/ussd"
)

var (
	simSeeds = flag.Int("seeds", 200, "how many seeds TestSimulation plays")
	simFirst = flag.Int("first", 1, "the seed that TestSimulation begins with")
	simSeed  = flag.Uint64("seed", 0, "the only seed that TestSimulation plays; with -v it prints all that happens")
)

// What must not happen.
const (
	anothers   = "a phone sees the screen of another"
	twoAnswers = "a hop is answered in two ways"
	paidTwice  = "paid twice"
	notShown   = "done, but not shown"
	untrue     = "a receipt is not true"
	falseAlarm = "an apology or a change without a reason"
	noEnd      = "no end"
)

// control takes something away that an app must not go without.
type control struct {
	noOnce    bool // payments go through Then
	noCompare bool // the store saves whatever the version is
	noSums    bool // the metadata does not say what was shown
	mixUp     bool // the app takes a session id for a subscriber
	unsteady  bool // a list is another one whenever it is loaded
	untrue    bool // the app says that it has paid when it was refused
	noCalm    bool // the faults never stop
}

// echo returns the metadata that comes back. Metadata of which nothing but the name and
// the number of dialled inputs is left is that of an app whose hops leave no sums: the
// app does not look into its store either, and acts on all inputs as they are.
func (c control) echo(metadata string) string {
	if i := strings.LastIndex(metadata, "~"); i > 0 && c.noSums {
		return ussd.HopName(metadata) + metadata[i:]
	}
	return metadata
}

// simulate plays a seed.
func simulate(t *testing.T, seed uint64, c control) *simulation {
	s := &simulation{seed: seed, control: c, paid: map[string]int{}, byDial: map[string]string{}, atStake: map[*simHop]int{},
		faulty: seed%4 != 0, changing: seed%3 != 0, loss: 0.01}
	if seed%5 == 0 {
		s.loss = 0.05
	}
	synctest.Test(t, func(*testing.T) {
		s.began, s.over = time.Now(), make(chan struct{})
		for id := range 3 {
			s.machines = append(s.machines, newMachine(id, 0))
		}
		for id := range 5 {
			s.phones = append(s.phones, s.newPhone(id))
		}
		s.operate()
		for _, p := range s.phones {
			s.work.Go(p.live)
		}
		s.work.Wait()
		time.Sleep(time.Minute) // for functions that are still running, of which nobody waits for the answer
		close(s.over)
	})
	return s
}

// TestSimulation plays subscribers, Africa's Talking, machines, their store and a bank.
// Each does the worst that it may: machines die, the store loses requests and replies, the
// bank fails or is slow, hops come again up to two minutes later, sessions are dropped,
// and menus change. The test checks that no phone sees the screen of another, no hop is
// answered in two ways, nothing is paid twice, nothing is done that was not shown,
// receipts are true, and every session ends well once the faults stop.
//
//	go test ./ussd -run 'TestSimulation$' -seeds 5000 -v     with its progress
//	go test ./ussd -run 'TestSimulation$' -seed 123 -v       what happens in a seed
func TestSimulation(t *testing.T) {
	t.Parallel()
	if *simSeed != 0 {
		s := simulate(t, *simSeed, control{})
		t.Logf("seed %d\n%s", s.seed, s.trace(-1))
		if report(t, s); !t.Failed() {
			t.Logf("nothing went wrong: %+v", s.counts)
		}
		return
	}
	var sum counts
	began, reported := time.Now(), time.Now()
	for n := range *simSeeds {
		seed := uint64(*simFirst + n)
		s := simulate(t, seed, control{})
		sum.add(s.counts)
		if report(t, s); t.Failed() {
			return
		}
		if time.Since(reported) > 5*time.Second {
			reported = time.Now()
			t.Logf("%d of %d seeds in %v", n+1, *simSeeds, time.Since(began).Round(time.Second))
		}
	}
	t.Logf("%d seeds: %+v", *simSeeds, sum)
	for what, n := range map[string]int{"copies": sum.copies, "apologies": sum.apologies, "doubts": sum.doubts, "changes": sum.changed, "payments": sum.payments,
		"functions": sum.functions, "interrupted sessions": sum.resumed, "dialled inputs": sum.dialled, "deaths in the middle of a hop": sum.deaths} {
		if n < *simSeeds/10 {
			t.Errorf("%d %s in %d seeds: the simulation does not do what it is for", n, what, *simSeeds)
		}
	}
}

// report fails the test if a seed went wrong, and says what has led to it.
func report(t *testing.T, s *simulation) {
	t.Helper()
	if len(s.wrong) == 0 {
		return
	}
	first := s.wrong[0]
	if *simSeed == 0 {
		t.Logf("all of phone %d in seed %d:\n%s", first.who, s.seed, s.trace(first.who))
	}
	for _, w := range s.wrong {
		t.Logf("seed %d, phone %d: %s: %s", s.seed, w.who, w.kind, w.text)
	}
	t.Errorf("%d things went wrong; to replay: go test ./ussd -run 'TestSimulation$' -seed %d -v", len(s.wrong), s.seed)
}

// Each check of the simulation finds the fault that it is for.
func TestSimulationControls(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		control control
		want    string
	}{
		"payment without Once":        {control{noOnce: true}, paidTwice},
		"store that does not compare": {control{noCompare: true}, paidTwice},
		"metadata without sums":       {control{noSums: true}, notShown},
		"subscribers mixed up":        {control{mixUp: true}, anothers},
		"answers that differ":         {control{unsteady: true}, twoAnswers},
		"changes without a reason":    {control{unsteady: true}, falseAlarm},
		"refusals told as payments":   {control{untrue: true}, untrue},
		"faults that never stop":      {control{noCalm: true}, noEnd},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for seed := uint64(1); seed <= 200; seed++ {
				for _, w := range simulate(t, seed, tt.control).wrong {
					if w.kind == tt.want {
						t.Logf("found in seed %d: %s", seed, w.text)
						return
					}
				}
			}
			t.Errorf("no seed found: %s", tt.want)
		})
	}
}

// A seed gives the same run again.
func TestSimulationReplays(t *testing.T) {
	t.Parallel()
	for seed := uint64(1); seed <= 10; seed++ {
		var sums [2]uint64
		for i := range sums {
			h := fnv.New64a()
			io.WriteString(h, simulate(t, seed, control{}).trace(-1))
			sums[i] = h.Sum64()
		}
		if sums[0] != sums[1] {
			t.Errorf("seed %d was not the same when it was played again", seed)
		}
	}
}
