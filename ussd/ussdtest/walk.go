package ussdtest

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sautigo/africastalking/internal/gateway/session"
	"github.com/sautigo/africastalking/internal/kit"
)

// Tour is the result of a [Walk].
type Tour struct {
	// Visits are the visited screens, those that need fewer inputs first. A screen
	// has a visit for each path that leads to it.
	Visits []Visit
	// Complete is whether the walk ended before it met the limit of [WithDepth] or
	// [WithMaxScreens].
	Complete bool
}

// Visit is a screen and the way to it.
type Visit struct {
	// Inputs are the inputs that lead to the screen.
	Inputs []string
	Screen string
	// Continue is whether the screen waits for an answer.
	Continue bool
	// Pressed are the inputs that the walk went on with. There are none on a screen
	// that was seen before, that ends the session, or that shows no key and for
	// which [WithInputs] has no input.
	Pressed []string
	// Seen is whether this screen was visited before.
	Seen bool
}

// Screens returns each screen once, in the order in which the walk found them.
func (t Tour) Screens() []string {
	var out []string
	seen := map[string]bool{}
	for _, v := range t.Visits {
		if !seen[v.Screen] {
			seen[v.Screen] = true
			out = append(out, v.Screen)
		}
	}
	return out
}

// Unanswered returns the visits to prompts for which the walk had no input; see
// [WithInputs]. A prompt that shows a key, such as "0. Back", is not among them: the
// walk has pressed that.
func (t Tour) Unanswered() []Visit {
	return slices.DeleteFunc(slices.Clone(t.Visits), func(v Visit) bool {
		return !v.Continue || v.Seen || len(v.Pressed) > 0
	})
}

// String lists the visits, one to a line: the inputs and the first line of the screen.
func (t Tour) String() string {
	var b strings.Builder
	for _, v := range t.Visits {
		state := "END"
		if v.Continue {
			state = "CON"
		}
		first, _, _ := strings.Cut(kit.Visible(v.Screen), "\n")
		note := ""
		if v.Seen {
			note = " (seen before)"
		}
		fmt.Fprintf(&b, "%q %s %s%s\n", strings.Join(v.Inputs, "*"), state, first, note)
	}
	return b.String()
}

// Walk presses every key on every screen of an app and checks each screen as a
// phone does, and that it is the same when it is asked for again. Keys are the
// numbers that lines begin with, such as "1. Balance", "98:More" or "0) Back", and
// single letters; [WithInputs] adds other inputs.
//
// The walk is breadth first, each path in a session of its own that is dropped at its
// end. It does not go on from a screen whose text it has seen before. So it leaves
// loops, but it may miss a difference behind two screens that look alike. Screens that
// differ in a detail, such as a time of day, are different screens, until [WithDepth] or
// [WithMaxScreens] stops the walk.
//
// Use a test backend: Walk selects every item, so every payment is made.
func Walk(tb testing.TB, h http.Handler, opts ...Option) Tour {
	tb.Helper()
	return walk(tb, newConfig(h, "", opts))
}

// WalkURL is [Walk] for the app at a URL.
func WalkURL(tb testing.TB, url string, opts ...Option) Tour {
	tb.Helper()
	return walk(tb, newConfig(nil, url, opts))
}

func walk(tb testing.TB, c config) Tour {
	tb.Helper()
	c.walks = true
	t := Tour{Complete: true}
	seen := map[string]bool{}
	for queue := [][]string{nil}; len(queue) > 0; queue = queue[1:] {
		if len(t.Visits) >= c.screens {
			t.Complete = false
			break
		}
		v, ok := visit(tb, c, queue[0])
		if !ok {
			continue
		}
		if v.Continue {
			v.Seen = seen[v.Screen]
			seen[v.Screen] = true
		}
		if v.Continue && !v.Seen {
			next := keys(v.Screen)
			if c.inputs != nil {
				next = append(next, c.inputs(v.Screen)...)
			}
			if len(v.Inputs) >= c.depth && len(next) > 0 {
				t.Complete, next = false, nil
			}
			v.Pressed = next
			for _, k := range next {
				queue = append(queue, append(slices.Clone(v.Inputs), k))
			}
		}
		t.Visits = append(t.Visits, v)
	}
	if !t.Complete {
		tb.Logf("ussdtest: the walk was stopped after %d screens: see WithDepth and WithMaxScreens", len(t.Visits))
	}
	return t
}

// visit types inputs and checks the screen that they lead to. Those on the way were
// checked before.
func visit(tb testing.TB, c config, inputs []string) (Visit, bool) {
	tb.Helper()
	p := newPhone(tb, c)
	p.quiet = len(inputs) > 0
	p.Dial("")
	for i, in := range inputs {
		if p.Ended() {
			p.quiet = false
			p.r.Errorf("on another visit, the session was over before %q of %q", in, inputs)
			return Visit{}, false
		}
		p.quiet = i < len(inputs)-1
		p.Send(in)
	}
	p.again()
	v := Visit{Inputs: inputs, Screen: p.hop.Screen, Continue: p.hop.Continue && p.hop.Failure == ""}
	if c.dialled && len(inputs) > 0 {
		d := newPhone(tb, c)
		d.quiet = true
		d.Dial(session.JoinCode(c.code, inputs...))
		d.quiet = false
		if d.hop.Screen != p.hop.Screen || d.hop.Continue != p.hop.Continue {
			d.r.Errorf("dialled at once, %s leads to another screen than one by one (-one by one +at once):\n%s",
				session.JoinCode(c.code, inputs...), kit.Indent(diff(p.hop.Screen, d.hop.Screen)))
		}
		if !d.Ended() {
			d.HangUp()
		}
	}
	if !p.Ended() {
		p.HangUp()
	}
	return v, true
}

// A number, or a letter with a number or none, and a full stop, bracket or colon with
// no digit behind it, which would be an amount or a time of day; or a number and a
// dash on its own.
var keyLine = regexp.MustCompile(`(?m)^[ \t]*(\d{1,6}|[A-Za-z]\d{0,5})(?:[.):](?:[^\d\n]|$)|[ \t]+-[ \t])`)

// keys returns the keys that a screen shows, each once.
func keys(screen string) []string {
	var out []string
	for _, m := range keyLine.FindAllStringSubmatch(screen, -1) {
		if !slices.Contains(out, m[1]) {
			out = append(out, m[1])
		}
	}
	return out
}
