package ussdtest

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/sautigo/africastalking/internal/gateway"
	"github.com/sautigo/africastalking/internal/gateway/session"
	"github.com/sautigo/africastalking/internal/kit"
	"github.com/sautigo/africastalking/ussd"
	"github.com/sautigo/africastalking/webhook"
)

// picture draws the phone: the text that was sent, the screen, its size and the state
// of the session.
func (p *Phone) picture() string {
	if p.s == nil {
		return ""
	}
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
	b.WriteString(frame(kit.Visible(h.Screen), footer))
	if h.Failure != "" {
		fmt.Fprintf(&b, "\nthe app's answer: %s", describe(h.Answer))
	}
	b.WriteString(why(h.Answer))
	return b.String()
}

// describe returns an answer in one line, with the name alone of its hop metadata.
func describe(a gateway.Answer) string {
	if hop := a.Header.Get(session.HopHeader); hop != "" {
		a.Header = a.Header.Clone()
		a.Header.Set(session.HopHeader, ussd.HopName(hop))
	}
	return kit.Describe(a)
}

// why returns the error that the app has logged instead of answering, and its stack if
// it is a panic, on lines of their own, or "".
func why(a gateway.Answer) string {
	if a.Failure == nil {
		return ""
	}
	text := "\nthe app's error: " + a.Failure.Error()
	if panicked := new(webhook.PanicError); errors.As(a.Failure, &panicked) {
		text += fmt.Sprintf(": %v\n%s", panicked.Value, strings.TrimSpace(string(panicked.Stack)))
	}
	return text
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
