// Package server measures whole servers under load: this library's quickstart,
// the same by hand, and the frameworks that others answer callbacks with. Each is
// a process of its own.
package server

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/sautigo/africastalking/bench/internal/measure"
	"github.com/sautigo/africastalking/bench/internal/report"
)

// Config says how much load there is.
type Config struct {
	// Connections is how many callbacks are on their way at once.
	Connections int
	// Time is how long a sample takes.
	Time time.Duration
	// Idle is how many connections are left open to measure their memory.
	Idle int
	// Others adds the servers in other languages.
	Others bool
}

// Targets of the library.
const (
	minByHand = 1
	minOthers = 8
	maxMemory = 1
)

// memoryRounds is how often the memory is measured at most: each time with new
// processes.
const memoryRounds = 5

const (
	path = "/api/ussd/session"
	body = "phoneNumber=%2B254711000001&serviceCode=%2A384%2A44135%23&text=1&sessionId=ATUid_00000000000000000000000000000001&networkCode=99999"
	want = "CON Choose account information you want to view\n1. Account number"
)

// Run starts all servers that the machine can run and measures them.
func Run(ctx context.Context, p measure.Plan, c Config) (report.Section, error) {
	s := report.Section{
		Title: "A whole server under load",
		Intro: fmt.Sprintf("Each server is a process that answers one hop of the quickstart's USSD menu, on loopback, to %d connections that are kept. "+
			"The load comes from this process, over plain sockets, and shares the machine's cores with the server that is asked; the others wait. Every answer is checked. "+
			"The quickstart logs a line for each request, which is dropped, so it is set beside a server by hand that logs the same, and the library without that line beside one by hand without it; "+
			"Express and Flask log nothing. Requests a second include what the load takes of the cores; the processor time is the server's alone.",
			c.Connections),
	}
	dir, err := os.MkdirTemp("", "africastalking-bench-")
	if err != nil {
		return s, err
	}
	defer os.RemoveAll(dir)
	all, err := servers(ctx, p, dir, c.Others)
	if err != nil {
		return s, err
	}
	var present []server
	for _, one := range all {
		if one.missing != "" {
			s.Notes = append(s.Notes, fmt.Sprintf("Skipped: %s: %s.", one.name, one.missing))
			p.Logf("servers: %s is skipped: %s", one.name, one.missing)
			continue
		}
		present = append(present, one)
	}
	if len(present) == 0 {
		return s, nil
	}
	if err := throughput(ctx, p, c, &s, present); err != nil {
		return s, fmt.Errorf("servers: %w", err)
	}
	err = idle(ctx, p, c, &s, present)
	if errors.Is(err, errNoMemory) {
		s.Notes = append(s.Notes, fmt.Sprintf("Skipped: memory: %v.", err))
		return s, nil
	}
	if err != nil {
		return s, fmt.Errorf("servers: memory: %w", err)
	}
	return s, nil
}

// figures are what was measured of a server, round by round.
type figures struct {
	rates []float64 // requests a second
	nanos []float64 // processor time of a request
}

// throughput loads the servers in turn, all of which run all the time.
func throughput(ctx context.Context, p measure.Plan, c Config, s *report.Section, list []server) error {
	cb := newCallback(path, body, want)
	processes := make([]*process, 0, len(list))
	defer func() {
		for _, child := range processes {
			child.end()
		}
	}()
	measured := make(map[string]*figures, len(list))
	for _, one := range list {
		p.Logf("servers: starting %s", one.name)
		child, err := one.command.start(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", one.name, err)
		}
		processes = append(processes, child)
		measured[one.name] = &figures{}
		if _, _, err := load(ctx, child.addr, cb, c.Connections, c.Time); err != nil {
			return fmt.Errorf("%s: %w", one.name, err)
		}
	}
	p.Logf("servers: %d rounds", p.Rounds)
	err := measure.Rounds(ctx, p.Rounds, len(list), func(i int) error {
		spent := processes[i].processorTime()
		n, took, err := load(ctx, processes[i].addr, cb, c.Connections, c.Time)
		if err != nil {
			return fmt.Errorf("%s: %w", list[i].name, err)
		}
		spent = processes[i].processorTime() - spent
		f := measured[list[i].name]
		f.rates = append(f.rates, float64(n)/took.Seconds())
		f.nanos = append(f.nanos, float64(spent)/float64(n))
		return nil
	})
	if err != nil {
		return err
	}
	compare(s, list, measured)
	return nil
}

// compare adds to the section what was measured.
func compare(s *report.Section, list []server, measured map[string]*figures) {
	t := report.Table{Caption: "**Requests a second**, and the processor time that the server spends on each",
		Header: []string{"", "a second", "beside " + byHandBare, "processor time", "beside " + byHandBare}}
	panel := report.Panel{Title: "A whole server", Better: "requests a second; longer is better"}
	baseline := measured[byHandBare]
	for _, one := range list {
		f := measured[one.name]
		rate := measure.Summarize(f.rates)
		row := []string{one.name, report.Count(rate.Median), "", "", ""}
		if positive(f.nanos) {
			row[3] = report.Nanos(measure.Summarize(f.nanos).Median)
		}
		if baseline != nil {
			row[2] = report.Ratios(measure.Ratios(f.rates, baseline.rates))
			if positive(f.nanos) && positive(baseline.nanos) {
				row[4] = report.Ratios(measure.Ratios(f.nanos, baseline.nanos))
			}
		}
		t.Rows = append(t.Rows, row)
		panel.Bars = append(panel.Bars, report.Bar{Name: one.name, Value: rate, Label: report.Count(rate.Median), Ours: strings.HasPrefix(one.name, oursBare)})
	}
	s.Tables = append(s.Tables, t)
	s.Panels = append(s.Panels, panel)
	if baseline == nil {
		return
	}
	logged, bare := measured[ours], measured[oursBare]
	s.Verdicts = append(s.Verdicts,
		report.AtLeast("Requests a second, quickstart beside net/http by hand, a log line each", minByHand, measure.Ratios(logged.rates, measured[byHand].rates)),
		report.AtLeast("Requests a second, library beside net/http by hand", minByHand, measure.Ratios(bare.rates, baseline.rates)))
	for _, one := range list {
		if one.other {
			f := measured[one.name]
			s.Verdicts = append(s.Verdicts,
				report.AtLeast("Requests a second, quickstart with its log line beside "+one.name, minOthers, measure.Ratios(logged.rates, f.rates)),
				report.AtLeast("Requests a second, library beside "+one.name, minOthers, measure.Ratios(bare.rates, f.rates)))
			if positive(f.nanos) && positive(bare.nanos) {
				// What the load takes of the cores is not in it.
				s.Verdicts = append(s.Verdicts,
					report.AtLeast("Requests for the same processor time, library beside "+one.name, minOthers, measure.Ratios(f.nanos, bare.nanos)))
			}
		}
	}
}

// positive reports whether a figure could be told in every round: processor time
// and memory come in steps, and may not be told at all.
func positive(figures []float64) bool { return slices.Min(figures) > 0 }

// idle measures the memory that a connection takes which has made one request and
// waits.
func idle(ctx context.Context, p measure.Plan, c Config, s *report.Section, list []server) error {
	var of []server
	for _, one := range list {
		if !one.other {
			of = append(of, one)
		}
	}
	if len(of) == 0 {
		return nil
	}
	p.Logf("servers: memory of %d idle connections", c.Idle)
	sizes := make(map[string][]float64, len(of))
	err := measure.Rounds(ctx, min(p.Rounds, memoryRounds), len(of), func(i int) error {
		size, err := idleMemory(ctx, of[i], c.Idle)
		sizes[of[i].name] = append(sizes[of[i].name], size)
		return err
	})
	if err != nil {
		return err
	}
	for _, one := range of {
		if !positive(sizes[one.name]) {
			s.Notes = append(s.Notes, fmt.Sprintf("Skipped: memory: %d connections are too few to tell.", c.Idle))
			return nil
		}
	}
	t := report.Table{
		Caption: fmt.Sprintf("**Memory of an idle connection**: how much a new process grows in memory when %d connections have made one request each and stay open, "+
			"after as many requests on one connection", c.Idle),
		Header: []string{"", "a connection", "beside " + byHandBare},
	}
	for _, one := range of {
		mine := sizes[one.name]
		t.Rows = append(t.Rows, []string{one.name, report.Size(measure.Summarize(mine).Median), report.Ratios(measure.Ratios(mine, sizes[byHandBare]))})
	}
	s.Tables = append(s.Tables, t)
	s.Verdicts = append(s.Verdicts,
		report.AtMost("Memory of an idle connection, quickstart beside by hand, a log line each", maxMemory, measure.Ratios(sizes[ours], sizes[byHand])),
		report.AtMost("Memory of an idle connection, library beside by hand, no log lines", maxMemory, measure.Ratios(sizes[oursBare], sizes[byHandBare])))
	return nil
}

func idleMemory(ctx context.Context, one server, n int) (float64, error) {
	child, err := one.command.start(ctx)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", one.name, err)
	}
	defer child.end()
	cb := newCallback(path, body, want)
	conns := make([]*conn, 0, n+1)
	defer func() {
		for _, c := range conns {
			c.close()
		}
	}()
	post := func() error {
		c, err := dial(ctx, child.addr)
		if err != nil {
			return err
		}
		conns = append(conns, c)
		return c.post(ctx, cb)
	}
	if err := post(); err != nil {
		return 0, err
	}
	for range n {
		if err := conns[0].post(ctx, cb); err != nil {
			return 0, err
		}
	}
	before, err := child.memory()
	if err != nil {
		return 0, err
	}
	for range n {
		if err := post(); err != nil {
			return 0, err
		}
	}
	after, err := child.memory()
	return (after - before) / float64(n), err
}
