package report_test

import (
	"bytes"
	"encoding/xml"
	"flag"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking/bench/internal/measure"
	"github.com/sautigo/africastalking/bench/internal/report"
)

var update = flag.Bool("update", false, "write the goldens")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got)\n%s", name, diff)
	}
}

func series(name string, allocs float64, nanos ...float64) measure.Series {
	s := measure.Series{Name: name}
	for _, n := range nanos {
		s.Samples = append(s.Samples, measure.Sample{Nanos: n, Allocs: allocs, Bytes: 512 * allocs})
	}
	return s
}

func sections() []report.Section {
	all := []measure.Series{
		series("by hand", 25, 1000, 2000, 1100, 1050),
		series("this library", 3.9, 430, 900, 470, 451),
		series("a peer", 66, 2500, 5100, 2700, 2600),
	}
	table, bars := report.Compare("**A callback**", all, "by hand", "this library")
	return []report.Section{
		{
			Title: "Callbacks", Intro: "What was done.",
			Tables: []report.Table{table},
			Notes:  []string{"One thing.", "Another."},
			Verdicts: []report.Verdict{
				report.AtMost("Callback", 0.5, measure.Ratios(all[1].Nanos(), all[0].Nanos())),
				report.AtLeast("Faster than a peer", 6, measure.Ratios(all[2].Nanos(), all[1].Nanos())),
				{What: "Allocations", Target: "at most 2", Measured: "3"},
			},
			Panels: []report.Panel{{Title: "A callback", Better: "shorter is better", Bars: bars}},
		},
		{
			Title: "Replies", Intro: "Texts of others.",
			Tables: []report.Table{{Header: []string{"the answer", "a peer"}, Rows: [][]string{{"502, HTML", "error: <h1>Bad\nGateway</h1> | \\"}}}},
			Panels: []report.Panel{{Title: "Servers & <others>", Better: "longer is better", Bars: []report.Bar{
				{Name: "a \"server\"", Label: "60,901", Value: measure.Spread{Median: 60901, Low: 59000, High: 62000}},
				{Name: "nothing", Label: "0"},
			}}},
		},
	}
}

func TestMarkdown(t *testing.T) {
	t.Parallel()
	var got bytes.Buffer
	if err := report.Markdown(&got, "Side by side", "On this machine.", sections()); err != nil {
		t.Fatal(err)
	}
	golden(t, "report.md", got.Bytes())
}

func TestMarkdownWithoutTargets(t *testing.T) {
	t.Parallel()
	var got bytes.Buffer
	err := report.Markdown(&got, "Side by side", "On this machine.", []report.Section{{Title: "Nothing", Intro: "It was skipped."}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("# Side by side\n\nOn this machine.\n\n## Nothing\n\nIt was skipped.\n", got.String()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestSVG(t *testing.T) {
	t.Parallel()
	var panels []report.Panel
	for _, s := range sections() {
		panels = append(panels, s.Panels...)
	}
	var got bytes.Buffer
	if err := report.SVG(&got, "Side by side", "On this machine.", panels); err != nil {
		t.Fatal(err)
	}
	golden(t, "chart.svg", got.Bytes())
	for d := xml.NewDecoder(&got); ; {
		if _, err := d.Token(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatalf("the chart is no XML: %v", err)
		}
	}
}

func TestFigures(t *testing.T) {
	t.Parallel()
	got := []string{
		report.Ratio(0.468), report.Ratio(12.34), report.Ratio(123.4),
		report.Ratios(measure.Spread{Median: 0.468, Low: 0.4, High: 10.26}),
		report.Nanos(12.3), report.Nanos(1234), report.Nanos(45_600_000), report.Nanos(2e9),
		report.Size(512), report.Size(2150), report.Size(122 << 20), report.Size(-2048),
		report.Count(7), report.Count(999), report.Count(1000), report.Count(1234567),
	}
	want := []string{
		"0.47x", "12.3x", "123x",
		"0.47x (0.40–10.3)",
		"12 ns", "1.23 µs", "45.6 ms", "2.00 s",
		"512 B", "2.10 KiB", "122 MiB", "-2.00 KiB",
		"7", "999", "1,000", "1,234,567",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestVerdicts(t *testing.T) {
	t.Parallel()
	got := []string{
		report.AtMost("", 1, measure.Spread{Median: 1, Low: 0.9, High: 1.1}).String(),
		report.AtMost("", 1, measure.Spread{Median: 0.8, Low: 0.7, High: 0.9}).String(),
		report.AtMost("", 1, measure.Spread{Median: 1.01, Low: 0.99, High: 1.1}).String(),
		report.AtLeast("", 8, measure.Spread{Median: 9, Low: 8.5, High: 10}).String(),
		report.AtLeast("", 8, measure.Spread{Median: 7, Low: 6.5, High: 7.5}).String(),
		report.AtLeast("", 8, measure.Spread{Median: 7.9, Low: 7.5, High: 8.1}).String(),
		report.AtLeast("", 8, measure.Summarize(nil)).String(),
	}
	want := []string{"reached, within the spread", "reached", "**not reached**, within the spread", "reached", "**not reached**", "**not reached**, within the spread", "**not reached**"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
