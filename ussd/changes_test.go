package ussd_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/state"
	"github.com/sautigo/africastalking/ussd"
	"github.com/sautigo/africastalking/ussd/ussdtest"
)

const changed = "This has changed. Please check, then choose again.\n"

// changingApp makes random apps. Titles name the way by its labels, and each function
// says by which way it was reached.
type changingApp struct {
	*rand.Rand
	ran string // the way of the function that ran last
}

func (a *changingApp) menu(way string, depth int) *ussd.Menu {
	m := ussd.NewMenu("At " + way)
	labels := []string{"Ant", "Bee", "Cat", "Dog", "Eel", "Fox"}
	a.Shuffle(len(labels), func(i, j int) { labels[i], labels[j] = labels[j], labels[i] })
	for _, l := range labels[:1+a.IntN(4)] {
		m.Handle(l, a.screen(way+"/"+l, depth))
	}
	return m
}

func (a *changingApp) screen(way string, depth int) ussd.Screen {
	run := func(way string) (ussd.Response, error) {
		a.ran = way
		return ussd.End("ran " + way), nil
	}
	switch n := a.IntN(8); {
	case depth > 0 && n < 4:
		return a.menu(way, depth-1)
	case n < 6:
		which := &ussd.List[string]{Title: "At " + way, Label: func(s string) string { return s },
			Load: func(context.Context, ussd.Request) ([]string, error) {
				items := []string{"Gnu", "Hen", "Ibis"}
				if a.IntN(6) == 0 {
					a.Shuffle(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })
				}
				return items, nil
			}}
		sure := ussd.Confirm(func(ctx context.Context, _ ussd.Request) (string, error) {
			return "At " + way + "/" + which.Value(ctx), nil
		})
		return ussd.Ask(which, sure).Then(func(ctx context.Context, _ ussd.Request) (ussd.Response, error) {
			return run(way + "/" + which.Value(ctx) + "/Yes")
		})
	case n == 6:
		return ussd.Branch(func(context.Context, ussd.Request) (ussd.Screen, error) {
			return ussd.ScreenFunc(func(context.Context, ussd.Request) (ussd.Response, error) { return run(way) }), nil
		})
	}
	return ussd.ScreenFunc(func(context.Context, ussd.Request) (ussd.Response, error) { return run(way) })
}

// beside returns the way that a screen offers beside a key.
func beside(screen, key string) string {
	way, label := "", ""
	for line := range strings.SplitSeq(screen, "\n") {
		if at, ok := strings.CutPrefix(line, "At "); ok && way == "" {
			way = at
		}
		if after, ok := strings.CutPrefix(line, key+". "); ok && label == "" {
			label = after
		}
	}
	if way == "" || label == "" {
		return ""
	}
	return way + "/" + label
}

// playChanging plays sessions with apps that are others on some hops, and returns how
// many functions ran, and how many of those did not stand beside the key that was typed,
// on the screen before.
func playChanging(t *testing.T, sessions int, hopOf func(last string) string) (ran, wrong int) {
	t.Helper()
	store := new(state.Memory)
	for seed := range uint64(sessions) {
		a := &changingApp{Rand: rand.New(rand.NewPCG(seed, 1))}
		r := ussd.Request{SessionID: fmt.Sprint("s", seed), PhoneNumber: "+254711000001", NetworkCode: africastalking.SafaricomKenya}
		m := a.menu(".", 2)
		var last ussd.Response
		for i := range 13 {
			if a.IntN(8) == 0 {
				m = a.menu(".", 2)
			}
			in, want := "", ""
			if i > 0 {
				in = []string{"1", "1", "2", "3", "1", "1", "1", "2", "1", "1", "0", "00", "98", "7"}[a.IntN(14)]
				want = beside(last.Text, in)
				r.Text = strings.TrimPrefix(r.Text+"*"+in, "*")
				r.Hop = hopOf(last.Hop)
			}
			a.ran = ""
			res, err := (&ussd.App{Start: m, Store: store}).Serve(t.Context(), r)
			if err != nil {
				t.Fatalf("seed %d, text %q: %v", seed, r.Text, err)
			}
			if len(res.Hop) > 99 {
				t.Fatalf("seed %d, text %q: metadata %q", seed, r.Text, res.Hop)
			}
			if a.ran != "" {
				if ran++; a.ran != want {
					wrong++
				}
			}
			if last = res; !res.Continue {
				break
			}
		}
	}
	return ran, wrong
}

// What runs stood beside the key that was typed, on the screen before, in apps that are
// others on every eighth hop. Without what the hop before has left, the test finds the
// fault that it looks for.
func TestAnswersCountForWhatWasShown(t *testing.T) {
	t.Parallel()
	const sessions = 2000
	for name, tt := range map[string]struct {
		hopOf func(string) string
		right bool
	}{
		"metadata": {func(last string) string { return last }, true},
		"store":    {func(string) string { return "" }, true},
		"without":  {func(string) string { return "x~0" }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ran, wrong := playChanging(t, sessions, tt.hopOf)
			if (wrong == 0) != tt.right || ran < sessions/4 {
				t.Errorf("%d of %d functions ran that were not shown", wrong, ran)
			}
		})
	}
}

// steadyApp does not change, but has all that could be taken for a change.
func steadyApp() ussd.Screen {
	which := &ussd.List[int]{Title: "Which", Label: func(i int) string { return fmt.Sprint("item number ", i) },
		Load: func(context.Context, ussd.Request) ([]int, error) {
			return slices.Collect(func(yield func(int) bool) {
				for i := range 25 {
					if !yield(i) {
						return
					}
				}
			}), nil
		}}
	amount := &ussd.Prompt[africastalking.Money]{Parse: ussd.Amount("KES", 10, 1000), Tries: 9,
		TextFunc: func(ctx context.Context, _ ussd.Request) (string, error) {
			return strings.Repeat("long words ", which.Value(ctx)), nil
		},
		Check: func(_ context.Context, _ ussd.Request, m africastalking.Money) error {
			if m.Micros == 20e6 {
				return errors.New("Not twenty.")
			}
			return nil
		}}
	secret := &ussd.Prompt[string]{Text: "PIN", Parse: ussd.PIN(4), Explicit: true, Tries: 9}
	sure := ussd.Confirm(func(ctx context.Context, _ ussd.Request) (string, error) {
		return "Sure of " + amount.Value(ctx).String() + "?", nil
	})
	sub := ussd.NewMenu("Sub " + strings.Repeat("words ", 40))
	for i := range 12 {
		sub.HandleFunc(fmt.Sprint("leaf ", i), func(context.Context, ussd.Request) (ussd.Response, error) {
			return ussd.Continue(strings.Repeat("text ", 20*i+1)), nil
		})
	}
	hops := 0
	m := ussd.NewMenu("")
	m.SetTitleFunc(func(context.Context, ussd.Request) (string, error) {
		hops++
		return fmt.Sprint("Hello ", hops/2*0), nil
	})
	m.Handle("Sub", sub)
	m.Handle("Pay", ussd.Ask(which, amount, secret).To(ussd.Branch(func(ctx context.Context, _ ussd.Request) (ussd.Screen, error) {
		if amount.Value(ctx).Micros > 100e6 {
			return sub, nil
		}
		return ussd.ScreenFunc(func(ctx context.Context, _ ussd.Request) (ussd.Response, error) {
			return ussd.Continuef("paid %v to %d", amount.Value(ctx), which.Value(ctx)), nil
		}), nil
	})))
	m.Handle("Sure", ussd.Ask(amount, sure).Then(func(context.Context, ussd.Request) (ussd.Response, error) { return ussd.Continue("yes"), nil }))
	m.Handle("Home", m)
	return m
}

// In an app that stays as it is, nobody reads that something has changed, and a copy of a
// hop gets the same, metadata included.
func TestSteadyAppsNeverChange(t *testing.T) {
	t.Parallel()
	for name, hopOf := range map[string]func(string) string{
		"metadata": func(last string) string { return last },
		"store":    func(string) string { return "" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := &ussd.App{Start: steadyApp(), Store: new(state.Memory)}
			for seed := range uint64(400) {
				rng := rand.New(rand.NewPCG(seed, 2))
				r := ussd.Request{SessionID: fmt.Sprint("s", seed), PhoneNumber: "p", NetworkCode: africastalking.SafaricomKenya}
				for range 20 {
					res, err := app.Serve(t.Context(), r)
					again, err2 := app.Serve(t.Context(), r)
					if err != nil || err2 != nil || res != again || strings.HasPrefix(res.Text, changed) {
						t.Fatalf("seed %d, text %q, metadata %q:\n%+v, %v\n%+v, %v", seed, r.Text, r.Hop, res.Text, err, again.Text, err2)
					}
					if !res.Continue {
						break
					}
					in := []string{"1", "2", "3", "0", "00", "98", "98", "7", "000", "50", "500", "1234", "12", "20", "", "99"}[rng.IntN(16)]
					if rng.IntN(10) == 0 {
						in += "*2" // a "*" typed in an answer
					}
					r.Text = strings.TrimPrefix(r.Text+"*"+in, "*")
					r.Hop = hopOf(res.Hop)
				}
			}
		})
	}
}

// Nothing that was typed is in the metadata: it is the same for two PINs and two amounts,
// of one length or not, right or wrong.
func TestNothingTypedIsInMetadata(t *testing.T) {
	t.Parallel()
	play := func(inputs ...string) (hops []string) {
		secret := &ussd.Prompt[string]{Text: "PIN", Parse: ussd.PIN(4), Explicit: true, Tries: 5,
			Check: func(_ context.Context, _ ussd.Request, pin string) error {
				if pin == "1111" || pin == "2222" {
					return errors.New("Wrong PIN.")
				}
				return nil
			}}
		amount := &ussd.Prompt[int]{Text: "Amount", Parse: ussd.Int(1, 9999)}
		m := ussd.NewMenu("")
		m.SetTitleFunc(func(ctx context.Context, _ ussd.Request) (string, error) { return "PIN is " + secret.Value(ctx), nil })
		m.Handle("Go", ussd.Ask(amount, ussd.Confirm(func(context.Context, ussd.Request) (string, error) { return "Sure?", nil })).
			Then(func(context.Context, ussd.Request) (ussd.Response, error) { return ussd.Continue("done"), nil }))
		app := &ussd.App{Start: ussd.Ask(secret).To(m)}
		s := dialMenu(t, app.Serve, "")
		for _, in := range inputs {
			hops = append(hops, s.send(in).last.Hop)
		}
		return hops
	}
	want := play("1111", "1234", "1", "500", "1", "0", "0", "60")
	if diff := cmp.Diff(want, play("2222", "9999", "1", "7", "1", "0", "0", "1234")); diff != "" {
		t.Errorf("metadata (-one +other):\n%s", diff)
	}
}

// What was given to another screen is not taken later either.
func TestVoidStaysVoid(t *testing.T) {
	t.Parallel()
	for name, hopOf := range map[string]func(string) string{
		"metadata":        func(last string) string { return last },
		"store":           func(string) string { return "" },
		"lost on one hop": nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			items := []string{"Airtime", "Loans"}
			amount := &ussd.Prompt[int]{Text: "Amount", Parse: ussd.Int(5, 1000)}
			store := new(state.Memory)
			n := 0
			serve := func(ctx context.Context, r ussd.Request) (ussd.Response, error) {
				if n++; hopOf != nil {
					r.Hop = hopOf(r.Hop)
				} else if strings.Count(r.Text, "*") == 4 {
					r.Hop = ""
				}
				m := ussd.NewMenu("Bank")
				for _, it := range items {
					m.Handle(it, ussd.Ask(amount).Then(func(ctx context.Context, _ ussd.Request) (ussd.Response, error) {
						return ussd.Continue(fmt.Sprint(it, " ", amount.Value(ctx))), nil
					}))
				}
				return (&ussd.App{Start: m, Store: store}).Serve(ctx, r)
			}
			s := dialMenu(t, serve, "").send("1").sees("Amount\n0. Back")
			items = []string{"Loans", "Airtime"}
			s.send("500").sees(changed + "Bank\n1. Loans\n2. Airtime")
			s.send("2").sees("Amount\n0. Back").send("500").sees("Airtime 500\n0. Back\n00. Home").
				send("0").sees("Amount\n0. Back").send("9").sees("Airtime 9\n0. Back\n00. Home")
		})
	}
}

// However often what was shown changes, nothing is acted on before it was shown, and then
// it is.
func TestConfirmThatChanges(t *testing.T) {
	t.Parallel()
	fee := 10
	sure := ussd.Confirm(func(context.Context, ussd.Request) (string, error) { return fmt.Sprint("Fee ", fee), nil })
	m := ussd.NewMenu("M")
	m.Handle("Go", ussd.Ask(sure).Then(func(context.Context, ussd.Request) (ussd.Response, error) { return ussd.Endf("done at %d", fee), nil }))
	s := dialMenu(t, m.Serve, "").send("1").sees("Fee 10\n1. Yes\n2. No\n0. Back")
	for fee = range 12 {
		s.send("1").sees(changed + fmt.Sprintf("Fee %d\n1. Yes\n2. No\n0. Back", fee))
	}
	fee = 11
	s.send("1").sees("END done at 11")
}

// Each kind of change that an app can have between two hops, by a deploy or by itself.
func TestKindsOfChange(t *testing.T) {
	t.Parallel()
	ran := func(name string) ussd.ScreenFunc {
		return func(context.Context, ussd.Request) (ussd.Response, error) { return ussd.End("ran " + name), nil }
	}
	menu := func(title string, keyed ...string) *ussd.Menu {
		m := ussd.NewMenu(title)
		for i := 0; i < len(keyed); i += 2 {
			m.HandleKey(keyed[i], keyed[i+1], ran(keyed[i+1]))
		}
		return m
	}
	below := func(label string, s ussd.Screen) *ussd.Menu {
		m := ussd.NewMenu("Bank")
		m.Handle(label, s)
		return m
	}
	list := func(items ...string) ussd.Screen {
		l := &ussd.List[string]{Title: "Which", Load: func(context.Context, ussd.Request) ([]string, error) { return items, nil },
			Label: func(s string) string { return s }}
		return ussd.Ask(l).Then(func(ctx context.Context, _ ussd.Request) (ussd.Response, error) {
			return ussd.End("ran " + l.Value(ctx)), nil
		})
	}
	keyed := func(items ...string) ussd.Screen {
		l := &ussd.List[string]{Title: "Which", Load: func(context.Context, ussd.Request) ([]string, error) { return items, nil },
			Label: func(s string) string { return "Item" }, Key: func(s string) string { return s }}
		return ussd.Ask(l).Then(func(ctx context.Context, _ ussd.Request) (ussd.Response, error) {
			return ussd.End("ran " + l.Value(ctx)), nil
		})
	}
	ask := func(text, name string) ussd.Screen {
		return ussd.Ask(&ussd.Prompt[string]{Text: text, Parse: ussd.OneOf("1")}).Then(ran(name))
	}
	confirm := func(text string) ussd.Screen {
		return ussd.Ask(ussd.Confirm(func(context.Context, ussd.Request) (string, error) { return text, nil })).Then(ran(text))
	}
	for name, tt := range map[string]struct {
		before, after ussd.Screen
		inputs        []string // the last one is given to what was shown before
		want          string
	}{
		"label":                  {menu("M", "1", "a"), menu("M", "1", "b"), []string{"1"}, changed + "M\n1. b"},
		"item in front":          {menu("M", "1", "a"), menu("M", "1", "b", "2", "a"), []string{"1"}, changed + "M\n1. b\n2. a"},
		"item behind":            {menu("M", "1", "a"), menu("M", "1", "a", "2", "b"), []string{"1"}, changed + "M\n1. a\n2. b"},
		"key":                    {menu("M", "1", "a"), menu("M", "2", "a"), []string{"1"}, changed + "M\n2. a"},
		"title":                  {menu("M", "1", "a"), menu("Pay now", "1", "a"), []string{"1"}, changed + "Pay now\n1. a"},
		"label on the way":       {below("x", menu("M", "1", "a")), below("y", menu("M", "1", "a")), []string{"1", "1"}, changed + "Bank\n1. y"},
		"title on the way":       {below("x", menu("M", "1", "a")), menu("Shop", "1", "x"), []string{"1", "1"}, changed + "Shop\n1. x"},
		"menu to function":       {below("x", menu("M", "1", "a")), below("x", ran("x")), []string{"1", "1"}, changed + "Bank\n1. x"},
		"menu to question":       {menu("M", "1", "a"), ask("M", "z"), []string{"1"}, changed + "M"},
		"question to menu":       {ask("M", "z"), menu("M", "1", "a"), []string{"1"}, changed + "M\n1. a"},
		"question":               {ask("Amount", "a"), ask("PIN", "a"), []string{"1"}, changed + "PIN"},
		"question to list":       {ask("Which", "z"), list("a"), []string{"1"}, changed + "Which\n1. a"},
		"list grows":             {list("a"), list("b", "a"), []string{"1"}, changed + "Which\n1. b\n2. a"},
		"list is empty":          {list("a"), list(), []string{"1"}, changed + "Which\nThere is nothing here."},
		"keys below equal items": {keyed("a", "b"), keyed("b", "a"), []string{"1"}, changed + "Which\n1. Item\n2. Item"},
		"confirmation":           {confirm("Fee 1"), confirm("Fee 2"), []string{"1"}, changed + "Fee 2\n1. Yes\n2. No"},
		"nothing":                {menu("M", "1", "a"), menu("M", "1", "a"), []string{"1"}, "END ran a"},
		"function only":          {below("x", menu("M", "1", "a")), below("x", menu("M", "1", "a")), []string{"1", "1"}, "END ran a"},
	} {
		for _, echo := range []bool{true, false} {
			t.Run(fmt.Sprint(name, "/echo=", echo), func(t *testing.T) {
				t.Parallel()
				store := new(state.Memory)
				now := tt.before
				s := dialMenu(t, func(ctx context.Context, r ussd.Request) (ussd.Response, error) {
					if !echo {
						r.Hop = ""
					}
					return (&ussd.App{Start: now, Store: store}).Serve(ctx, r)
				}, "")
				last := len(tt.inputs) - 1
				s.send(tt.inputs[:last]...)
				now = tt.after
				s.send(tt.inputs[last]).sees(tt.want)
			})
		}
	}
}

// An item of a list is found by its key on later hops, wherever it stands by then, and
// nothing is done to another one when it is gone.
func TestChosenItemMoves(t *testing.T) {
	t.Parallel()
	now := []bill{{"a", "Water"}, {"b", "Power"}}
	m := bills(func() []bill { return now })
	s := dialMenu(t, m.Serve, "").send("1", "2").sees("Pay Power?\n1. Yes\n0. Back\n00. Home")
	now = []bill{{"c", "Rent"}, {"a", "Water"}, {"b", "Power (due)"}}
	s.send("9").sees("Enter 1.\nPay Power (due)?\n1. Yes\n0. Back\n00. Home")
	now = []bill{{"c", "Rent"}}
	s.send("1").sees(changed + "Bills\n1. Pay")
	s.send("1", "1", "1").sees("END Paid Rent")
}

// A resumed session is one more way for a menu to change in between.
func TestResumeAfterAChange(t *testing.T) {
	t.Parallel()
	items := []string{"Airtime", "Loans"}
	serve := ussd.Resume(new(state.Memory), func(ctx context.Context, r ussd.Request) (ussd.Response, error) {
		m, sub := ussd.NewMenu("Bank"), ussd.NewMenu("Sub")
		for _, it := range items {
			sub.HandleFunc(it, func(context.Context, ussd.Request) (ussd.Response, error) { return ussd.End(it), nil })
		}
		m.Handle("Sub", sub)
		return m.Serve(ctx, r)
	})
	p := ussdtest.New(t, ussd.Handler(serve))
	p.Dial("").Send("1").Drop()
	items = []string{"Loans", "Airtime"}
	p.Dial("").Send("1").SeesText("1. Loans")
	p.Send("1").Ends("Loans")
	p.Dial("").Send("1").Drop()
	p.Dial("").Send("1").SeesText("1. Loans")
	items = []string{"Airtime", "Loans"}
	p.Send("1").SeesText("This has changed")
	p.Send("1").Ends("Airtime")
}

// Without metadata, copies of a hop that show two screens leave open which one the
// subscriber reads: an answer counts for neither.
func TestCopiesShowTwoScreens(t *testing.T) {
	t.Parallel()
	ran := ""
	menu := func(items ...string) *ussd.Menu {
		m := ussd.NewMenu("M")
		for _, it := range items {
			m.HandleFunc(it, func(context.Context, ussd.Request) (ussd.Response, error) { ran = it; return ussd.End(it), nil })
		}
		return m
	}
	store := new(state.Memory)
	one, other := &ussd.App{Start: menu("a", "b"), Store: store}, &ussd.App{Start: menu("b", "a"), Store: store}
	r := ussd.Request{SessionID: "s", PhoneNumber: "p"}
	for _, hop := range []struct {
		app        *ussd.App
		text, want string
	}{
		{one, "", "M\n1. a\n2. b"}, {other, "", "M\n1. b\n2. a"}, {one, "", "M\n1. a\n2. b"},
		{one, "1", changed + "M\n1. a\n2. b"}, {one, "1*1", "a"},
	} {
		r.Text = hop.text
		res, err := hop.app.Serve(t.Context(), r)
		if res.Text != hop.want || err != nil {
			t.Errorf("text %q shows %q, %v; want %q", hop.text, res.Text, err, hop.want)
		}
	}
	if ran != "a" {
		t.Errorf("ran %q", ran)
	}
}

// What a subscriber has agreed to holds for the questions behind it: with another text, the
// answers so far count for nothing, and the payment does not run.
func TestConfirmedTextChangesBeforePIN(t *testing.T) {
	t.Parallel()
	for _, screens := range []string{"metadata", "store"} {
		t.Run(screens, func(t *testing.T) {
			t.Parallel()
			amount, paid := 120, 0
			sure := ussd.Confirm(func(context.Context, ussd.Request) (string, error) { return fmt.Sprintf("Pay %d?", amount), nil })
			pin := &ussd.Prompt[string]{Text: "PIN", Parse: ussd.PIN(4), Explicit: true}
			app := &ussd.App{Start: ussd.Ask(sure, pin).ThenOnce(func(context.Context, ussd.Request) (ussd.Response, error) {
				paid += amount
				return ussd.Endf("Paid %d", amount), nil
			})}
			var shown []string
			r := ussd.Request{SessionID: "s", PhoneNumber: "p"}
			for _, text := range []string{"", "1", "1*1234", "1*1234*1", "1*1234*1*1234"} {
				if text == "1*1234" {
					amount = 9000
				}
				r.Text = text
				res, err := app.Serve(t.Context(), r)
				if err != nil {
					t.Fatal(err)
				}
				if r.Hop = res.Hop; screens == "store" {
					r.Hop = ""
				}
				first, _, _ := strings.Cut(strings.TrimPrefix(res.Text, changed), "\n")
				shown = append(shown, first)
			}
			want := []string{"Pay 120?", "PIN", "Pay 9000?", "PIN", "Paid 9000"}
			if diff := cmp.Diff(want, shown); diff != "" || paid != 9000 {
				t.Errorf("paid %d, screens (-want +got):\n%s", paid, diff)
			}
		})
	}
}

// A copy of a payment hop that comes after a deploy is answered with the receipt, although
// an earlier input of the session would end one of the new menu.
func TestReceiptBehindAnInputThatEndsTheNewMenu(t *testing.T) {
	t.Parallel()
	store := new(state.Memory)
	number := func(text string) *ussd.Prompt[int] { return &ussd.Prompt[int]{Text: text, Parse: ussd.Int(1, 500)} }
	pay := ussd.Ask(number("How much?"), number("To whom?")).ThenOnce(func(context.Context, ussd.Request) (ussd.Response, error) {
		return ussd.End("Paid"), nil
	})
	before, after := ussd.NewMenu("M"), ussd.NewMenu("M")
	before.Handle("Pay", pay)
	after.Handle("Pay", ussd.Ask(&ussd.Prompt[string]{Text: "Sure?", Parse: ussd.OneOf("9"), Tries: 1}).To(pay))
	r := ussd.Request{SessionID: "s", PhoneNumber: "p"}
	var res ussd.Response
	for _, text := range []string{"", "1", "1*50", "1*50*7"} {
		r.Text, r.Hop = text, res.Hop
		res, _ = (&ussd.App{Start: before, Store: store}).Serve(t.Context(), r)
	}
	again, err := (&ussd.App{Start: after, Store: store}).Serve(t.Context(), r)
	if again.Text != "Paid" || res.Text != "Paid" || err != nil {
		t.Errorf("got %q and then %q, %v", res.Text, again.Text, err)
	}
}

// lossyHop is a hop to one of the versions of an app.
type lossyHop struct {
	version int
	text    string
	lost    bool // its metadata
	want    string
}

// Where the metadata of a hop is lost, an answer counts only if the store knows for sure
// what the hop before has shown. Otherwise it counts for no screen, and what may have
// been paid is told. In a session that has lost metadata once, the store knows from then on.
func TestLostMetadata(t *testing.T) {
	t.Parallel()
	end := func(text string) ussd.ScreenFunc {
		return func(context.Context, ussd.Request) (ussd.Response, error) { return ussd.End(text), nil }
	}
	menu := func(title string, below ...any) *ussd.Menu {
		m := ussd.NewMenu(title)
		for i := 0; i < len(below); i += 2 {
			m.Handle(below[i].(string), below[i+1].(ussd.Screen))
		}
		return m
	}
	pay := ussd.Ask(&ussd.Prompt[int]{Text: "How much?", Parse: ussd.Int(1, 500)}).ThenOnce(func(context.Context, ussd.Request) (ussd.Response, error) {
		return ussd.Continue("Paid"), nil
	})
	app := func(items ...string) ussd.Screen {
		sub := menu("Sub", items[0], end("ran "+items[0]), items[1], menu("Deep", items[0], end("ran "+items[0]), items[1], end("ran "+items[1])))
		return ussd.Branch(func(context.Context, ussd.Request) (ussd.Screen, error) {
			return menu("M", "Sub", sub, "Pay", pay), nil
		})
	}
	const (
		start = "M\n1. Sub\n2. Pay"
		sub   = "Sub\n1. a\n2. b\n0. Back"
		deep  = "Deep\n1. a\n2. b\n0. Back\n00. Home"
	)
	for name, hops := range map[string][]lossyHop{
		"the hop before began to bring it": {
			{0, "", false, start}, {0, "1", false, sub}, {1, "1*1", true, changed + "Sub\n1. b\n2. a\n0. Back"},
		},
		"the hop before is not kept": {
			{0, "", false, start}, {0, "1", false, sub}, {0, "1*2", false, deep}, {1, "1*2*1", true, changed + start},
		},
		"copies have shown two screens": {
			{0, "", false, start}, {0, "1", false, sub}, {0, "1*2", false, deep}, {1, "1*2", false, changed + "Sub\n1. b\n2. a\n0. Back"},
			{1, "1*2*1", true, changed + start},
		},
		"of copies that show two screens one has lost it": {
			{0, "", false, start}, {0, "1", false, sub}, {0, "1*2", false, deep}, {0, "1*2*0", false, sub}, {0, "1*2*0", true, changed + start},
			{0, "1*2*0*1", true, changed + start},
		},
		"one of many": {
			{0, "", false, start}, {0, "1", false, sub}, {0, "1*2", false, deep}, {0, "1*2*0", true, changed + start},
			{0, "1*2*0*1", false, sub}, {0, "1*2*0*1*2", false, deep}, {0, "1*2*0*1*2*0", true, sub}, {0, "1*2*0*1*2*0*1", true, "ran a"},
		},
		"none comes any more": {
			{0, "", false, start}, {0, "1", false, sub}, {0, "1*2", false, deep}, {0, "1*2*0", true, changed + start},
			{0, "1*2*0*1", true, changed + start}, {0, "1*2*0*1*1", true, sub}, {1, "1*2*0*1*1*1", true, changed + "Sub\n1. b\n2. a\n0. Back"},
		},
		"none has come": {
			{0, "", true, start}, {0, "1", true, sub}, {0, "1*2*1", true, "ran a"},
		},
		"another hop came in place of the one before": {
			{0, "", true, start}, {0, "1", true, sub}, {0, "2", true, "How much?\n0. Back"}, {0, "1*1", true, "ran a"},
		},
		"the hop before is another one": {
			{0, "", true, start}, {0, "1", true, sub}, {0, "2*1", true, changed + start},
		},
		"a star was typed in the first answer": {
			{0, "", true, start}, {0, "1*2", true, deep}, {1, "1*2*1", true, changed + start},
		},
		"what was paid": {
			{0, "", false, start}, {0, "1", false, sub}, {0, "1*0", false, start}, {0, "1*0*2", false, "How much?\n0. Back"},
			{0, "1*0*2*50", false, "Paid\n0. Back"}, {1, "1*0*2*50", true, "Paid\n0. Back"}, {1, "1*0*2*50*0", true, start},
		},
		"metadata of another hop": {
			{0, "", false, start}, {0, "1", false, sub}, {0, "2", false, changed + start},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store, left := new(state.Memory), map[string]string{}
			versions := []ussd.Screen{app("a", "b"), app("b", "a")}
			before := ""
			for i, hop := range hops {
				if i > 0 && hop.text != hops[i-1].text {
					before = left[hops[i-1].text]
				}
				r := ussd.Request{SessionID: "s", PhoneNumber: "p", Text: hop.text, Hop: before}
				if hop.lost {
					r.Hop = ""
				}
				res, err := (&ussd.App{Start: versions[hop.version], Store: store}).Serve(t.Context(), r)
				if res.Text != hop.want || err != nil {
					t.Fatalf("hop %d, text %q, metadata %q: shows %q, %v; want %q", i, hop.text, r.Hop, res.Text, err, hop.want)
				}
				if left[hop.text] == "" { // the copy that comes first is the one on the phone
					left[hop.text] = res.Hop
				}
			}
		})
	}
}

// Without metadata, a copy that comes so late that the hop before it is not kept any more
// is not taken for a code that was dialled, and neither is a hop that does not fit. A copy
// of the first hop is, in a session that is not longer than what is kept.
func TestLateCopyWithoutMetadata(t *testing.T) {
	t.Parallel()
	const start = "M\n1. Run\n2. Other\n3. Pay"
	for dialled, first := range map[string]string{"": start, "2": "other\n0. Back"} {
		ran := 0
		m := ussd.NewMenu("M")
		m.HandleFunc("Run", func(context.Context, ussd.Request) (ussd.Response, error) { ran++; return ussd.Continue("ran"), nil })
		m.HandleFunc("Other", func(context.Context, ussd.Request) (ussd.Response, error) { return ussd.Continue("other"), nil })
		m.Handle("Pay", ussd.Ask(&ussd.Prompt[int]{Text: "How much?", Parse: ussd.Int(1, 500)}).ThenOnce(func(context.Context, ussd.Request) (ussd.Response, error) {
			return ussd.Continue("Paid"), nil
		}))
		app := &ussd.App{Start: m, Store: new(state.Memory)}
		var shown []string
		serve := func(inputs ...string) string {
			text := strings.TrimPrefix(strings.Join(append([]string{dialled}, inputs...), "*"), "*")
			res, err := app.Serve(t.Context(), ussd.Request{SessionID: "s", PhoneNumber: "p", Text: text})
			if err != nil {
				t.Fatal(err)
			}
			shown = append(shown, res.Text)
			return res.Text
		}
		var typed []string
		serve()
		for _, in := range []string{"0", "3", "50", "0", "1", "0"} {
			typed = append(typed, in)
			serve(typed...)
		}
		serve()
		if shown[0] != first || shown[len(shown)-1] != first || ran != 1 {
			t.Errorf("dialled %q: shown %q, ran %d times", dialled, shown, ran)
		}
		for range 20 {
			typed = append(typed, "7")
			serve(typed...)
		}
		for copied, want := range map[string]string{"0*3": changed + start, "0*3*50": "Paid\n0. Back", "0*3*50*0*1": changed + start, "3*1": changed + start} {
			if got := serve(strings.Split(copied, "*")...); got != want {
				t.Errorf("dialled %q: a copy of %q shows %q, want %q", dialled, copied, got, want)
			}
		}
		if ran != 1 {
			t.Errorf("dialled %q: ran %d times", dialled, ran)
		}
	}
}

// A notice takes room on the first page, and the key for more leads to what stands below it:
// all that the screen holds is on one of its pages, and the key is never an answer.
func TestPagesBelowANotice(t *testing.T) {
	t.Parallel()
	parts := func(n int) (parts []string) {
		for i := range n {
			parts = append(parts, fmt.Sprintf("Part <%d>", i))
		}
		return parts
	}
	end := func(context.Context, ussd.Request) (ussd.Response, error) { return ussd.End("Done"), nil }
	for name, tt := range map[string]struct {
		screen func(n int, first string) ussd.Screen
		dialed string   // with the code
		then   []string // typed after the screen has changed
		notice string
	}{
		"menu, changed": {func(n int, first string) ussd.Screen {
			m := ussd.NewMenu("M")
			for _, label := range append([]string{first}, parts(n)...) {
				m.HandleFunc(label, end)
			}
			return m
		}, "", []string{"1"}, changed},
		"menu, invalid": {func(n int, _ string) ussd.Screen {
			m := ussd.NewMenu("M")
			for _, label := range parts(n) {
				m.HandleFunc(label, end)
			}
			return m
		}, "", []string{"zzz"}, "Invalid choice.\n"},
		"list, changed": {func(n int, first string) ussd.Screen {
			return ussd.Ask(&ussd.List[string]{Title: "L", Label: strings.Clone, Load: func(context.Context, ussd.Request) ([]string, error) {
				return append([]string{first}, parts(n)...), nil
			}}).ThenOnce(end)
		}, "", []string{"1"}, changed},
		"confirmation, changed": {func(n int, first string) ussd.Screen {
			return ussd.Ask(ussd.Confirm(func(context.Context, ussd.Request) (string, error) {
				return first + "\n" + strings.Join(parts(n), "\n"), nil
			})).ThenOnce(end)
		}, "", []string{"1"}, changed},
		"confirmation, dialled": {func(n int, _ string) ussd.Screen {
			return ussd.Ask(ussd.Confirm(func(context.Context, ussd.Request) (string, error) {
				return strings.Join(parts(n), "\n"), nil
			})).ThenOnce(end)
		}, "1", nil, "Please type this now.\n"},
		"question, dialled": {func(n int, _ string) ussd.Screen {
			return ussd.Ask(&ussd.Prompt[int]{Text: strings.Join(parts(n), "\n"), Parse: ussd.Int(1, 9999), Explicit: true}).ThenOnce(end)
		}, "500", nil, "Please type this now.\n"},
	} {
		for _, echo := range []bool{true, false} {
			t.Run(fmt.Sprint(name, "/echo=", echo), func(t *testing.T) {
				t.Parallel()
				for n := 5; n <= 40; n++ {
					first := "Old"
					app := &ussd.App{Start: ussd.Branch(func(context.Context, ussd.Request) (ussd.Screen, error) { return tt.screen(n, first), nil })}
					s := dialMenu(t, app.Serve, tt.dialed)
					send := func(input string) {
						if !echo {
							s.last.Hop = ""
						}
						s.send(input)
					}
					first = "New"
					for _, input := range tt.then {
						send(input)
					}
					all, page := s.last.Text, ""
					if !strings.HasPrefix(all, tt.notice) {
						t.Fatalf("%d parts: the screen is %q", n, all)
					}
					for strings.Contains(s.last.Text, "\n98. More") {
						if page = s.last.Text; !s.last.Continue {
							t.Fatalf("%d parts: the key for more has ended the session: %q", n, all)
						}
						send("98")
						if all += "\n" + s.last.Text; s.last.Text == page {
							t.Fatalf("%d parts: no more behind %q", n, page)
						}
					}
					if !s.last.Continue {
						t.Fatalf("%d parts: the key for more has ended the session: %q", n, all)
					}
					for _, part := range parts(n) {
						if !strings.Contains(all, part) {
							t.Fatalf("%d parts: %s is on no page: %q", n, part, all)
						}
					}
				}
			})
		}
	}
}
