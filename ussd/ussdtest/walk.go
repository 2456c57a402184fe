package ussdtest

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sautigo/africastalking/internal/gateway"
	"github.com/sautigo/africastalking/internal/gateway/session"
)

// Tour is where [Walk] has been.
type Tour struct {
	// Visits are the screens in the order in which they were visited: those
	// fewer inputs away first. A screen that several paths lead to is there once
	// for each.
	Visits []Visit
	// Complete is whether everything was visited that could be, within neither
	// [WithDepth] nor [WithMaxScreens] standing in the way.
	Complete bool
}

// Visit is a screen and the way to it.
type Visit struct {
	// Inputs are what was typed to get there.
	Inputs []string
	Screen string
	// Continue is whether the screen waits for an answer.
	Continue bool
	// Pressed are the keys that were pressed from there. None were on a
	// screen that was seen before, that ends the session, or that has no key
	// and for which [WithInputs] has nothing either.
	Pressed []string
	// Seen is whether this screen was visited before.
	Seen bool
}

// Screens returns each screen once, in the order in which they were found.
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

// Unanswered returns the visits to prompts at which the walk has stopped because
// there was nothing to type; see [WithInputs].
func (t Tour) Unanswered() []Visit {
	return slices.DeleteFunc(slices.Clone(t.Visits), func(v Visit) bool {
		return !v.Continue || v.Seen || len(v.Pressed) > 0
	})
}

// String lists the visits, a line for each: what was typed, and how its screen
// begins.
func (t Tour) String() string {
	var b strings.Builder
	for _, v := range t.Visits {
		state := "END"
		if v.Continue {
			state = "CON"
		}
		first, _, _ := strings.Cut(visible(v.Screen), "\n")
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
// single letters; what else to type, [WithInputs] says.
//
// The walk is breadth first, each path in a session of its own that is dropped at
// its end. It does not go on from a screen with a text that it has seen
// before, so it comes out of loops, and may miss what an app does differently
// behind two screens that look alike. It goes on from one that differs in a
// detail, such as a time of day, until [WithDepth] or [WithMaxScreens] stops it.
//
// The app must be one that can bear it: every payment in its menus is made.
func Walk(tb testing.TB, h http.Handler, opts ...Option) Tour {
	tb.Helper()
	c := newConfig(opts)
	c.app = gateway.Handler(h, c.path)
	return walk(tb, c)
}

// WalkURL is [Walk] for the app at a URL.
func WalkURL(tb testing.TB, url string, opts ...Option) Tour {
	tb.Helper()
	c := newConfig(opts)
	c.app = gateway.URL(url, c.transport)
	return walk(tb, c)
}

func walk(tb testing.TB, c config) Tour {
	tb.Helper()
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
			p.errorf("on another visit, the session was over before %q of %q", in, inputs)
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
			d.errorf("dialled at once, %s leads to another screen than one by one (-one by one +at once):\n%s",
				session.JoinCode(c.code, inputs...), indent(diff(visible(p.hop.Screen), visible(d.hop.Screen))))
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
