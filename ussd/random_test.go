package ussd_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/state"
	"github.com/sautigo/africastalking/ussd"
)

// randomApp is a menu of all that there is, with keys and words of any kind, and
// where its items are.
type randomApp struct {
	*rand.Rand
	menu *ussd.Menu
	// items are the labels below a path, "" or "1" and so on.
	items map[string][]string
	n     int
}

func (a *randomApp) pick(choices ...string) string { return choices[a.IntN(len(choices))] }

func (a *randomApp) words(most int) string {
	a.n++
	var b strings.Builder
	fmt.Fprintf(&b, "<%d>", a.n) // so that each can be found
	for range a.IntN(most + 1) {
		b.WriteString(" " + a.pick("a", "word", "longer words", "antidisestablishmentarianism", "é€", "98", "1.", "0. Back"))
	}
	return b.String()
}

func (a *randomApp) texts() ussd.Texts {
	keys := []string{"0", "00", "98", "9", "99", "7", "b", "m"}
	a.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
	label := func() string { return a.pick("", "Rudi", "Go on", "Zaidi") }
	return ussd.Texts{
		Back: ussd.Key{Key: keys[0], Label: label()}, Home: ussd.Key{Key: keys[1], Label: label()}, More: ussd.Key{Key: keys[2], Label: label()},
		Invalid: a.pick("", "Chaguo si sahihi.", "No."),
	}
}

func (a *randomApp) flow() *ussd.Flow {
	list := &ussd.List[string]{Title: a.words(5), Label: func(s string) string { return s }}
	items := make([]string, a.IntN(25))
	for i := range items {
		items[i] = a.words(4)
	}
	list.Load = func(context.Context, ussd.Request) ([]string, error) { return items, nil }
	number := &ussd.Prompt[int]{Text: a.words(30), Parse: ussd.Int(1, 500), Tries: a.IntN(5)}
	name := &ussd.Prompt[string]{Text: a.words(5), Parse: ussd.Match("[a-z]{2,}", a.words(20))}
	questions := []ussd.Question{list, number, name}
	a.Shuffle(len(questions), func(i, j int) { questions[i], questions[j] = questions[j], questions[i] })
	text := a.words(40)
	end := a.IntN(2) == 0
	return ussd.Ask(questions[:1+a.IntN(3)]...).Then(func(ctx context.Context, r ussd.Request) (ussd.Response, error) {
		said := fmt.Sprintf("%s %d %s %s", list.Value(ctx), number.Value(ctx), name.Value(ctx), text)
		if end {
			return ussd.End(said), nil
		}
		return ussd.Continue(said), nil
	})
}

func (a *randomApp) build(path string, depth int) *ussd.Menu {
	m := ussd.NewMenu(a.words(20))
	if a.IntN(3) == 0 {
		m.SetTexts(a.texts())
	}
	taken := map[string]bool{}
	for range 1 + a.IntN(20) {
		label := a.words(6)
		var s ussd.Screen
		switch {
		case depth > 0 && a.IntN(5) == 0:
			s = a.build(path, depth-1)
		case a.IntN(3) == 0:
			s = a.flow()
		default:
			text := a.words(60)
			s = ussd.ScreenFunc(func(context.Context, ussd.Request) (ussd.Response, error) { return ussd.End(text), nil })
		}
		if key := a.pick("98", "97", "0", "00", "50", "x"); a.IntN(8) == 0 && !taken[key] {
			taken[key] = true
			m.HandleKey(key, label, s)
		} else {
			m.Handle(label, s)
		}
		if depth == 2 {
			a.items[path] = append(a.items[path], label)
		}
	}
	return m
}

var lastKey = regexp.MustCompile(`(?m)^(\w+)\. `)

// Whatever the menu is and whatever is typed: no screen is over its limit, a hop
// that is delivered again gets the same, the inputs at once lead where they lead one
// by one, and no item is out of reach.
func TestRandomApps(t *testing.T) {
	t.Parallel()
	for seed := range uint64(24) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			a := &randomApp{Rand: rand.New(rand.NewPCG(seed, 1)), items: map[string][]string{}}
			a.menu = a.build("", 2)
			limit := []int{100, 160, 182}[a.IntN(3)]
			app := &ussd.App{Start: a.menu, Limits: map[africastalking.Network]int{africastalking.SafaricomKenya: limit}}
			if a.IntN(2) == 0 {
				app.Store = new(state.Memory)
			}
			serve := func(session, text, hop string) ussd.Response {
				r := ussd.Request{SessionID: session, PhoneNumber: "+254711000001", NetworkCode: africastalking.SafaricomKenya, Text: text, Hop: hop}
				first, err := app.Serve(t.Context(), r)
				if err != nil {
					t.Fatalf("%q: %v", text, err)
				}
				if again, err := app.Serve(t.Context(), r); err != nil || again != first {
					t.Fatalf("%q delivered again: %+v, %v; at first %+v", text, again, err, first)
				}
				n, gsm := ussd.Len(first.Text)
				if most := map[bool]int{true: limit, false: min(80, limit/2)}[gsm]; n > most || strings.TrimSpace(first.Text) == "" {
					t.Fatalf("%q shows %d units, limit %d: %q", text, n, most, first.Text)
				}
				return first
			}
			for i := range 40 {
				session := fmt.Sprint("s", i)
				screen := serve(session, "", "")
				var inputs []string
				for range 12 {
					if !screen.Continue {
						break
					}
					input := a.pick("0", "00", "98", "1", "2", "ab", "junk", "", "b", "m", "9", "99")
					if keys := lastKey.FindAllStringSubmatch(screen.Text, -1); len(keys) > 0 && a.IntN(3) > 0 {
						input = keys[a.IntN(len(keys))][1]
					}
					inputs = append(inputs, input)
					screen = serve(session, strings.Join(inputs, "*"), screen.Hop)
				}
				if text := strings.Join(inputs, "*"); text != "" {
					if at := serve(session+" at once", text, ""); at.Text != screen.Text || at.Continue != screen.Continue {
						t.Fatalf("%q at once shows\n%s\none by one\n%s", text, at.Text, screen.Text)
					}
				}
			}
			// Page through the first screen by the last key that is no item's.
			text, all := "", ""
			screen := serve("pages", "", "")
			for range 60 {
				all += screen.Text + "\n"
				more := ""
				for _, m := range regexp.MustCompile(`(?m)^(\w+)\. (?:More|Rudi|Go on|Zaidi)$`).FindAllStringSubmatch(screen.Text, -1) {
					more = m[1]
					break // more comes first
				}
				if more == "" {
					break
				}
				text = strings.TrimPrefix(text+"*"+more, "*")
				next := serve("pages", text, screen.Hop)
				if strings.Contains(all, next.Text) {
					break // back from the last page
				}
				screen = next
			}
			squeezed := strings.Join(strings.Fields(all), " ")
			for _, label := range a.items[""] {
				if name, _, _ := strings.Cut(label, ">"); !strings.Contains(squeezed, name+">") {
					t.Errorf("item %s> is on no page:\n%s", name, all)
				}
			}
		})
	}
}

// Any text against any menu is answered, within the limit.
func FuzzRandomApps(f *testing.F) {
	for seed, text := range []string{"", "1", "2*98*98", "98*1**", "#", "0*00*98", "1*1*1*ab*7", strings.Repeat("9*", 100), "18446744073709551617", "\xff*é"} {
		f.Add(uint64(seed), text, "")
	}
	f.Fuzz(func(t *testing.T, seed uint64, text, hop string) {
		a := &randomApp{Rand: rand.New(rand.NewPCG(seed, 1)), items: map[string][]string{}}
		a.menu = a.build("", 2)
		res, err := a.menu.Serve(t.Context(), ussd.Request{SessionID: "s", PhoneNumber: "+254711000001", Text: text, Hop: hop})
		if err != nil {
			t.Fatal(err)
		}
		body, err := res.AppendText(nil)
		if err != nil || !strings.HasPrefix(string(body), "CON ") && !strings.HasPrefix(string(body), "END ") {
			t.Fatalf("%q: %v", body, err)
		}
		if units, gsm := ussd.Len(res.Text); gsm && units > 160 || !gsm && units > 80 {
			t.Fatalf("%q is %d units", res.Text, units)
		}
	})
}
