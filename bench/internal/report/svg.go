package report

import (
	"fmt"
	"html"
	"io"
	"math"
	"strings"

	"github.com/sautigo/africastalking/bench/internal/measure"
)

// Panel is one group of bars on a scale of its own, which begins at 0.
type Panel struct {
	Title string
	// Better says which bars are good: "shorter is better".
	Better string
	Bars   []Bar
}

// Bar is a figure with its spread. Label is the figure in words.
type Bar struct {
	Name, Label string
	Value       measure.Spread
	// Ours marks this library's bar.
	Ours bool
}

// The chart's measures, in pixels.
const (
	width     = 880
	nameEnd   = 330
	barStart  = 340
	barEnd    = 780
	margin    = 24
	barHeight = 14
	barStep   = 24
	panelGap  = 30
	titleStep = 26
)

// Colours are set by class, so that a reader's dark page gets its own.
const style = `text{font:13px system-ui,-apple-system,"Segoe UI",Helvetica,Arial,sans-serif;fill:#1f2328}
.page{fill:#ffffff}.title{font-weight:600}.note{fill:#59636e}.name{text-anchor:end}
.bar{fill:#9aa4af}.ours{fill:#0969da}.axis{stroke:#d1d9e0}.spread{stroke:#1f2328;stroke-width:1.5}
@media(prefers-color-scheme:dark){text{fill:#f0f6fc}.page{fill:#0d1117}.note{fill:#9198a1}
.bar{fill:#656c76}.ours{fill:#4493f8}.axis{stroke:#3d444d}.spread{stroke:#f0f6fc}}`

// SVG writes a chart of the panels, one below the other.
func SVG(w io.Writer, title, note string, panels []Panel) error {
	height := margin + 2*titleStep
	for _, p := range panels {
		height += titleStep + barStep*len(p.Bars) + panelGap
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" aria-label="%s">`+"\n",
		width, height, html.EscapeString(title))
	fmt.Fprintf(&b, "<style>%s</style>\n", style)
	fmt.Fprintf(&b, `<rect class="page" width="%d" height="%d"/>`+"\n", width, height)
	text := func(class string, x, y int, s string) {
		fmt.Fprintf(&b, `<text class="%s" x="%d" y="%d">%s</text>`+"\n", class, x, y, html.EscapeString(s))
	}
	y := margin + 8
	text("title", margin, y, title)
	y += titleStep - 4
	text("note", margin, y, note)
	y += titleStep + 8
	for _, p := range panels {
		fmt.Fprintf(&b, `<text x="%d" y="%d"><tspan class="title">%s</tspan> <tspan class="note" dx="8">%s</tspan></text>`+"\n",
			margin, y, html.EscapeString(p.Title), html.EscapeString(p.Better))
		y += 12
		fmt.Fprintf(&b, `<path class="axis" d="M%d %dV%d"/>`+"\n", barStart, y, y+barStep*len(p.Bars))
		scale := scaleOf(p.Bars)
		for _, bar := range p.Bars {
			bar.write(&b, y+(barStep-barHeight)/2, scale, text)
			y += barStep
		}
		y += titleStep - 12 + panelGap
	}
	b.WriteString("</svg>\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// scaleOf returns how many pixels 1 is, so that the longest bar fits.
func scaleOf(bars []Bar) float64 {
	longest := 0.0
	for _, bar := range bars {
		longest = math.Max(longest, math.Max(bar.Value.Median, bar.Value.High))
	}
	if longest == 0 {
		return 0
	}
	return (barEnd - barStart) / longest
}

func (bar Bar) write(b *strings.Builder, y int, scale float64, text func(class string, x, y int, s string)) {
	class := "bar"
	if bar.Ours {
		class = "ours"
	}
	text("name", nameEnd, y+barHeight-3, bar.Name)
	fmt.Fprintf(b, `<rect class="%s" x="%d" y="%d" width="%.1f" height="%d" rx="2"/>`+"\n",
		class, barStart, y, bar.Value.Median*scale, barHeight)
	low, high := barStart+bar.Value.Low*scale, barStart+bar.Value.High*scale
	fmt.Fprintf(b, `<path class="spread" d="M%.1f %dH%.1f"/>`+"\n", low, y+barHeight/2, high)
	text("note", int(math.Max(high, barStart+bar.Value.Median*scale))+8, y+barHeight-3, bar.Label)
}
