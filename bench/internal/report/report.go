// Package report writes what was measured: as Markdown, and as a chart.
package report

import (
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/sautigo/africastalking/bench/internal/measure"
)

// Section is what one topic has found.
type Section struct {
	Title string
	// Intro says what was done, in a sentence or a few.
	Intro    string
	Tables   []Table
	Notes    []string
	Verdicts []Verdict
	Panels   []Panel
}

// Table is a table of text, whose first column is the name of the row.
type Table struct {
	Caption string
	Header  []string
	Rows    [][]string
}

// Verdict says whether a target was reached.
type Verdict struct {
	What, Target, Measured string
	Reached                bool
	// Close is set where the target lies between the quartiles: another run may
	// say otherwise.
	Close bool
}

// AtMost is the verdict on a ratio that has an upper limit: its median decides.
func AtMost(what string, limit float64, got measure.Spread) Verdict {
	return Verdict{what, "at most " + Ratio(limit), Ratios(got), got.Median <= limit, within(limit, got)}
}

// AtLeast is the verdict on a ratio that has a lower limit: its median decides.
func AtLeast(what string, limit float64, got measure.Spread) Verdict {
	return Verdict{what, "at least " + Ratio(limit), Ratios(got), got.Median >= limit, within(limit, got)}
}

func within(limit float64, got measure.Spread) bool { return got.Low <= limit && limit <= got.High }

func (v Verdict) String() string {
	word := "reached"
	if !v.Reached {
		word = "**not reached**"
	}
	if v.Close {
		word += ", within the spread"
	}
	return word
}

// Markdown writes the sections, and after them which targets were reached.
func Markdown(w io.Writer, title, preface string, sections []Section) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s\n", title, preface)
	var verdicts []Verdict
	for _, s := range sections {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n", s.Title, s.Intro)
		for _, t := range s.Tables {
			b.WriteByte('\n')
			t.write(&b)
		}
		for i, note := range s.Notes {
			if i == 0 {
				b.WriteByte('\n')
			}
			fmt.Fprintf(&b, "- %s\n", note)
		}
		verdicts = append(verdicts, s.Verdicts...)
	}
	if len(verdicts) > 0 {
		t := Table{Header: []string{"", "target", "measured", ""}}
		for _, v := range verdicts {
			t.Rows = append(t.Rows, []string{v.What, v.Target, v.Measured, v.String()})
		}
		b.WriteString("\n## Reached, not reached\n\n")
		t.write(&b)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (t Table) write(b *strings.Builder) {
	if t.Caption != "" {
		fmt.Fprintf(b, "%s\n\n", t.Caption)
	}
	row := func(cells []string) {
		for _, c := range cells {
			fmt.Fprintf(b, "| %s ", cell(c))
		}
		b.WriteString("|\n")
	}
	row(t.Header)
	b.WriteString(strings.Repeat("|---", len(t.Header)) + "|\n")
	for _, r := range t.Rows {
		row(r)
	}
}

// cell keeps a text within its cell.
func cell(s string) string {
	return strings.NewReplacer("\n", " ", "\r", "", "|", `\|`, "<", "&lt;").Replace(s)
}

// Compare returns a table of the series beside the one that is named base, and
// the bars of a chart of the same. Those whose names begin with ours are marked.
func Compare(caption string, series []measure.Series, base, ours string) (Table, []Bar) {
	t := Table{Caption: caption, Header: []string{"", "time", "beside " + base, "allocations", "allocated"}}
	var bars []Bar
	baseline := Find(series, base)
	for _, s := range series {
		ratio := measure.Ratios(s.Nanos(), baseline.Nanos())
		shown := Ratios(ratio)
		if s.Name == base {
			shown = Ratio(1)
		}
		t.Rows = append(t.Rows, []string{s.Name, Nanos(measure.Summarize(s.Nanos()).Median), shown,
			fmt.Sprintf("%.0f", s.Allocs()), Size(s.Bytes())})
		bars = append(bars, Bar{Name: s.Name, Value: ratio, Label: Ratio(ratio.Median), Ours: strings.HasPrefix(s.Name, ours)})
	}
	return t, bars
}

// Find returns the series of a name. Without one it panics: names are constants
// of the topics.
func Find(series []measure.Series, name string) measure.Series {
	for _, s := range series {
		if s.Name == name {
			return s
		}
	}
	panic("report: no series " + name)
}

// Ratio writes a ratio as 0.47x, 12.3x or 123x.
func Ratio(r float64) string {
	switch {
	case r < 10:
		return fmt.Sprintf("%.2fx", r)
	case r < 100:
		return fmt.Sprintf("%.1fx", r)
	}
	return fmt.Sprintf("%.0fx", r)
}

// Ratios writes a ratio and its quartiles.
func Ratios(s measure.Spread) string {
	return fmt.Sprintf("%s (%s–%s)", Ratio(s.Median), strings.TrimSuffix(Ratio(s.Low), "x"), strings.TrimSuffix(Ratio(s.High), "x"))
}

// Nanos writes a time that is given in nanoseconds, to three digits.
func Nanos(n float64) string {
	d := time.Duration(n)
	switch {
	case d < time.Microsecond:
		return fmt.Sprintf("%.0f ns", n)
	case d < time.Millisecond:
		return digits(n/1e3) + " µs"
	case d < time.Second:
		return digits(n/1e6) + " ms"
	}
	return digits(n/1e9) + " s"
}

// Size writes a number of bytes, to three digits.
func Size(n float64) string {
	switch {
	case math.Abs(n) < 1<<10:
		return fmt.Sprintf("%.0f B", n)
	case math.Abs(n) < 1<<20:
		return digits(n/(1<<10)) + " KiB"
	}
	return digits(n/(1<<20)) + " MiB"
}

// Count writes a large number with its thousands apart.
func Count(n float64) string {
	s := fmt.Sprintf("%.0f", n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func digits(v float64) string {
	switch {
	case v < 10:
		return fmt.Sprintf("%.2f", v)
	case v < 100:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.0f", v)
}
