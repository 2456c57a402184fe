// Bench measures this library beside what one writes by hand and beside its peers,
// in one process and one run, and says which of its targets were reached. It is
// started in its own folder:
//
//	go run . >results.md
//
// It writes Markdown to standard output, a chart to chart.svg and what it is doing
// to standard error, and takes some minutes. It fails if contenders do not give
// the same results, and never because of a time.
package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/sautigo/africastalking/bench/internal/callback"
	"github.com/sautigo/africastalking/bench/internal/growth"
	"github.com/sautigo/africastalking/bench/internal/measure"
	"github.com/sautigo/africastalking/bench/internal/report"
	"github.com/sautigo/africastalking/bench/internal/send"
	"github.com/sautigo/africastalking/bench/internal/server"
	"github.com/sautigo/africastalking/bench/internal/voicexml"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// topic is a part of the whole that can be run alone.
type topic struct {
	name string
	run  func(context.Context, measure.Plan) (report.Section, error)
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	plan := measure.Plan{Log: func(format string, args ...any) { fmt.Fprintf(stderr, format+"\n", args...) }}
	var load server.Config
	flags.IntVar(&plan.Rounds, "rounds", 25, "samples of each contender")
	flags.DurationVar(&plan.Time, "time", 20*time.Millisecond, "how long a sample takes")
	flags.DurationVar(&load.Time, "load", 250*time.Millisecond, "how long a server is loaded in a sample")
	flags.IntVar(&load.Connections, "connections", 32, "connections that load a server")
	flags.IntVar(&load.Idle, "idle", 2000, "idle connections whose memory is measured")
	flags.BoolVar(&load.Others, "others", true, "measure the servers in other languages too, where the machine has them; npm fetches packages")
	patience := flags.Duration("patience", time.Second, "how long a client may wait where nothing answers")
	only := flags.String("only", "", "topics to run, with commas between them: callback, voice, send, server, growth (default all)")
	svg := flags.String("svg", "chart.svg", "write the chart to this file; nothing if empty")
	markdown := flags.String("markdown", "", "write the tables to this file too")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if plan.Rounds < 1 || plan.Time <= 0 || load.Time <= 0 || load.Connections < 1 || load.Idle < 1 || *patience <= 0 {
		return errors.New("rounds, times and connections must be positive")
	}
	topics, err := chosen(*only, []topic{
		{"callback", callback.Run},
		{"voice", voicexml.Run},
		{"send", func(ctx context.Context, p measure.Plan) (report.Section, error) { return send.Run(ctx, p, *patience) }},
		{"server", func(ctx context.Context, p measure.Plan) (report.Section, error) { return server.Run(ctx, p, load) }},
		{"growth", growth.Run},
	})
	if err != nil {
		return err
	}
	var sections []report.Section
	var panels []report.Panel
	for _, t := range topics {
		s, err := t.run(ctx, plan)
		if err != nil {
			return err
		}
		sections = append(sections, s)
		panels = append(panels, s.Panels...)
	}
	var doc bytes.Buffer
	if err := report.Markdown(&doc, "The library beside its peers", preface(plan), sections); err != nil {
		return err
	}
	if _, err := stdout.Write(doc.Bytes()); err != nil {
		return err
	}
	if *markdown != "" {
		if err := os.WriteFile(*markdown, doc.Bytes(), 0o644); err != nil {
			return err
		}
	}
	if *svg == "" {
		return nil
	}
	var chart bytes.Buffer
	if err := report.SVG(&chart, "This library beside its peers", machine()+". Medians and quartiles.", panels); err != nil {
		return err
	}
	return os.WriteFile(*svg, chart.Bytes(), 0o644)
}

// chosen returns the topics that are named, in their own order; all if none is.
func chosen(names string, all []topic) ([]topic, error) {
	if names == "" {
		return all, nil
	}
	wanted := strings.Split(names, ",")
	for _, name := range wanted {
		if !slices.ContainsFunc(all, func(t topic) bool { return t.name == name }) {
			return nil, fmt.Errorf("there is no topic %q", name)
		}
	}
	return slices.DeleteFunc(all, func(t topic) bool { return !slices.Contains(wanted, t.name) }), nil
}

func preface(p measure.Plan) string {
	return fmt.Sprintf("%s. %d rounds, %v a sample, one contender after the other and each round beginning with another one. "+
		"A ratio is the median of the rounds' ratios, with their quartiles behind it. Ratios hold from machine to machine better than times.",
		machine(), p.Rounds, p.Time)
}

func machine() string {
	cores := "cores"
	if runtime.NumCPU() == 1 {
		cores = "core"
	}
	return fmt.Sprintf("%s, %s/%s, %d %s%s", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), cores, processor())
}

// processor names the processor where the machine says so.
func processor() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return ""
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if name, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(name) == "model name" {
			return ", " + strings.TrimSpace(value)
		}
	}
	return ""
}
