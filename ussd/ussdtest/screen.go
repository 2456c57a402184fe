package ussdtest

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sautigo/africastalking/internal/gateway"
)

// picture draws the phone: its screen, what it weighs, and how it came to be.
func (p *Phone) picture() string {
	h := p.hop
	units, limit, gsm := p.c.limits().Measure(h.Screen)
	unit := "septets"
	if !gsm {
		unit = "units (not GSM)"
	}
	state := "END"
	switch {
	case h.Failure != "":
		state = "FAILED"
	case h.Continue && p.s.Over():
		state = "CON, dropped"
	case h.Continue:
		state = "CON"
	}
	footer := fmt.Sprintf("%s  %d/%d %s", state, units, limit, unit)
	if h.Failure != "" {
		footer = state
	}
	var b strings.Builder
	fmt.Fprintf(&b, "text %q, hop %d of %s, %s\n", h.Text, p.hops, p.c.code, p.c.number)
	b.WriteString(frame(visible(h.Screen), footer))
	if h.Failure != "" {
		fmt.Fprintf(&b, "\nthe app's answer: %s", describe(h.Answer))
		if e, ok := h.Answer.Err.(*gateway.PanicError); ok {
			fmt.Fprintf(&b, "\n%s", e.Stack)
		}
	}
	return b.String()
}

// frame draws a box around a text, wrapped as a phone would, above a footer.
func frame(text, footer string) string {
	const most = 40
	lines := wrap(text, most)
	width := utf8.RuneCountInString(footer)
	for _, l := range lines {
		width = max(width, utf8.RuneCountInString(l))
	}
	var b strings.Builder
	row := func(l string) {
		fmt.Fprintf(&b, "│ %s%s │\n", l, strings.Repeat(" ", width-utf8.RuneCountInString(l)))
	}
	bar := strings.Repeat("─", width+2)
	fmt.Fprintf(&b, "┌%s┐\n", bar)
	for _, l := range lines {
		row(l)
	}
	fmt.Fprintf(&b, "├%s┤\n", bar)
	row(footer)
	fmt.Fprintf(&b, "└%s┘", bar)
	return b.String()
}

// wrap breaks lines that are longer than width, at a space if there is one.
func wrap(text string, width int) []string {
	var out []string
	for line := range strings.SplitSeq(text, "\n") {
		for r := []rune(line); ; {
			if len(r) <= width {
				out = append(out, string(r))
				break
			}
			at := width
			for i := width; i > width/2; i-- {
				if r[i] == ' ' {
					at = i
					break
				}
			}
			out = append(out, string(r[:at]))
			if r = r[at:]; len(r) > 0 && r[0] == ' ' {
				r = r[1:]
			}
		}
	}
	return out
}

// visible spells out what would not be seen, or break the picture.
func visible(s string) string {
	var b strings.Builder
	for i, r := range s {
		if r == utf8.RuneError && !strings.HasPrefix(s[i:], "\ufffd") {
			fmt.Fprintf(&b, `\x%02x`, s[i])
		} else if r == '\n' || r == ' ' || unicode.IsGraphic(r) && !unicode.IsSpace(r) {
			b.WriteRune(r)
		} else {
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		}
	}
	return b.String()
}

func indent(s string) string { return "    " + strings.ReplaceAll(s, "\n", "\n    ") }

// diff compares two texts line by line.
func diff(want, got string) string {
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	// longest[i][j] is the length of the longest common part of a[i:] and b[j:].
	longest := make([][]int, len(a)+1)
	for i := range longest {
		longest[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				longest[i][j] = longest[i+1][j+1] + 1
			} else {
				longest[i][j] = max(longest[i+1][j], longest[i][j+1])
			}
		}
	}
	var out []string
	for i, j := 0, 0; i < len(a) || j < len(b); {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			out = append(out, "  "+a[i])
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && longest[i+1][j] >= longest[i][j+1]:
			out = append(out, "- "+a[i])
			i++
		default:
			out = append(out, "+ "+b[j])
			j++
		}
	}
	return strings.Join(out, "\n")
}
