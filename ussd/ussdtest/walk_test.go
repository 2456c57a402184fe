package ussdtest_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking/ussd"
	"github.com/sautigo/africastalking/ussd/ussdtest"
)

// maze is a menu with a loop ("0" goes back), three levels deep. What is at the
// bottom is up to the test.
func maze(bottom string) func(text string) ussd.Response {
	screens := map[string]string{
		"home":  "Home\n1. Shop\n2. Hours\n99. Exit",
		"shop":  "Shop\n1: Fruit\n0. Back",
		"fruit": "Fruit\n1) Mango 1.50\n00 - Home",
	}
	steps := map[string]string{
		"home 1": "shop", "home 2": "hours", "home 99": "exit",
		"shop 1": "fruit", "shop 0": "home",
		"fruit 1": "bottom", "fruit 00": "home",
	}
	ends := map[string]string{"hours": "We open at\n12:30 and\n7.15", "exit": "Bye", "bottom": bottom}
	return func(text string) ussd.Response {
		at := "home"
		if text != "" {
			for in := range strings.SplitSeq(text, "*") {
				next, ok := steps[at+" "+in]
				if !ok {
					return ussd.End("No " + in + " at " + at)
				}
				at = next
			}
		}
		if s, ok := ends[at]; ok {
			return ussd.End(s)
		}
		return ussd.Continue(screens[at])
	}
}

// All keys that a menu takes are pressed.
func TestWalkPressesLettersAndLongNumbers(t *testing.T) {
	t.Parallel()
	pressed := map[string]bool{}
	m := ussd.NewMenu("Home")
	for _, key := range []string{"a", "B2", "1000", "123456", "7"} {
		m.HandleKey(key, "Item "+key, ussd.ScreenFunc(func(context.Context, ussd.Request) (ussd.Response, error) {
			pressed[key] = true
			return ussd.End("Done"), nil
		}))
	}
	ussdtest.Walk(t, ussd.Handler(m.Serve))
	if diff := cmp.Diff(map[string]bool{"a": true, "B2": true, "1000": true, "123456": true, "7": true}, pressed); diff != "" {
		t.Errorf("pressed (-want +got):\n%s", diff)
	}
}

func TestWalk(t *testing.T) {
	t.Parallel()
	h := app(maze("Mangoes are out."))
	server := httptest.NewServer(h)
	defer server.Close()
	const want = `"" CON Home
"1" CON Shop
"2" END We open at
"99" END Bye
"1*1" CON Fruit
"1*0" CON Home (seen before)
"1*1*1" END Mangoes are out.
"1*1*00" CON Home (seen before)
`
	for name, tour := range map[string]ussdtest.Tour{
		"handler": ussdtest.Walk(t, h),
		"dialled": ussdtest.Walk(t, h, ussdtest.WithDialled(true)),
		"url":     ussdtest.WalkURL(t, server.URL),
	} {
		if diff := cmp.Diff(want, tour.String()); diff != "" || !tour.Complete {
			t.Errorf("%s: complete: %v, tour (-want +got):\n%s", name, tour.Complete, diff)
		}
		if got := len(tour.Screens()); got != 6 {
			t.Errorf("%s: %d different screens, want 6", name, got)
		}
		if got := tour.Visits[0].Pressed; !slices.Equal(got, []string{"1", "2", "99"}) {
			t.Errorf("%s: pressed %q at home", name, got)
		}
	}
}

func TestWalkFindsWhatIsHidden(t *testing.T) {
	t.Parallel()
	try(func(tb testing.TB) { ussdtest.Walk(tb, app(maze(strings.Repeat("mango ", 30)))) }).
		failsWith(t, false, "screen is 180 septets, limit 160", `text "1*1*1", hop 4`, "│ mango mango")
	try(func(tb testing.TB) { ussdtest.Walk(tb, app(maze("It’s ripe"))) }).
		failsWith(t, false, "outside the GSM alphabet: '’'", `text "1*1*1"`)

	var n atomic.Int64
	moody := maze("")
	try(func(tb testing.TB) {
		ussdtest.Walk(tb, app(func(text string) ussd.Response {
			if text == "1*1*1" {
				return ussd.End(fmt.Sprintf("Sold %d times", n.Add(1)))
			}
			return moody(text)
		}))
	}).failsWith(t, false, "delivered again, the hop was answered differently", `text "1*1*1"`)
}

func TestWalkDialled(t *testing.T) {
	t.Parallel()
	// Only the last input counts: right hop by hop, if one remembers.
	var at atomic.Value
	naive := app(func(text string) ussd.Response {
		switch {
		case text == "":
			at.Store("home")
			return ussd.Continue("1. Shop")
		case text == "1":
			return ussd.Continue("Shop\n2. Fruit")
		case text == "1*2" && at.Load() == "home":
			at.Store("")
			return ussd.Continue("Fruit")
		}
		return ussd.End("No such choice.")
	})
	f := try(func(tb testing.TB) {
		ussdtest.Walk(tb, naive, ussdtest.WithDialled(true), ussdtest.WithLenient(ussdtest.Redelivery))
	})
	f.failsWith(t, false, "dialled at once, *384*123*1*2# leads to another screen", "- Fruit", "+ No such choice.", `text "1*2", hop 1`)
}

func TestWalkPrompts(t *testing.T) {
	t.Parallel()
	if got := ussdtest.Walk(t, bank).Unanswered(); len(got) != 1 || got[0].Screen != "To whom?" {
		t.Errorf("unanswered are %+v", got)
	}
	tour := ussdtest.Walk(t, bank, ussdtest.WithInputs(func(screen string) []string {
		if screen == "To whom?" {
			return []string{"Ana", ""}
		}
		return nil
	}))
	const want = `"" CON 1. Balance
"1" END Your balance is KES 5.00.
"2" CON To whom?
"2*Ana" END Sent to Ana.
"2*" END Sent to .
`
	if diff := cmp.Diff(want, tour.String()); diff != "" || len(tour.Unanswered()) != 0 {
		t.Errorf("tour (-want +got):\n%s", diff)
	}
}

func TestWalkIsBounded(t *testing.T) {
	t.Parallel()
	endless := app(func(text string) ussd.Response { return ussd.Continuef("%d\n1. On\n2. On", len(text)+1000) })
	for name, tt := range map[string]struct {
		opt  ussdtest.Option
		want int
	}{
		"depth":   {ussdtest.WithDepth(3), 7},
		"screens": {ussdtest.WithMaxScreens(20), 20},
	} {
		var tour ussdtest.Tour
		f := try(func(tb testing.TB) { tour = ussdtest.Walk(tb, endless, tt.opt) })
		f.passes(t)
		if tour.Complete || len(tour.Visits) != tt.want || len(f.logs) != 1 {
			t.Errorf("%s: complete: %v, %d visits, want %d; logged %q", name, tour.Complete, len(tour.Visits), tt.want, f.logs)
		}
	}
}

func TestWalkOnBadApp(t *testing.T) {
	t.Parallel()
	try(func(tb testing.TB) { ussdtest.Walk(tb, after(raw(500, plain, "oops"))) }).
		failsWith(t, false, "500 Internal Server Error", `text "1"`)
}
