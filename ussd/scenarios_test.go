package ussd_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking/ussd"
	"github.com/sautigo/africastalking/ussd/ussdtest"
)

// Shapes of menus that other projects' tests ask for and that need more than a Menu or
// a List says by itself. Each hop is delivered three times, two of them at once, and
// once more without hop metadata.

// one returns a question that takes any answer, and leads to the screen that next
// returns for it: a menu made by hand. If next returns nil, the answer is invalid.
func one(text string, next func(answer string) ussd.Screen) *ussd.Flow {
	q := &ussd.Prompt[string]{Text: text, Parse: func(s string) (string, error) {
		if next(s) == nil {
			return "", errors.New("Invalid choice.")
		}
		return s, nil
	}}
	return ussd.Ask(q).To(ussd.Branch(func(ctx context.Context, _ ussd.Request) (ussd.Screen, error) {
		return next(q.Value(ctx)), nil
	}))
}

func says(text string) ussd.Screen {
	return ussd.ScreenFunc(func(context.Context, ussd.Request) (ussd.Response, error) { return ussd.End(text), nil })
}

func anything(s string) (string, error) { return s, nil }

// pages returns a flow over n items of a list at a time, and one more that leads on. It
// goes on for as many pages as there are questions for.
func pages(n int, items []string) ussd.Screen {
	var page func(from int) ussd.Screen
	page = func(from int) ussd.Screen {
		end := min(from+n, len(items))
		shown := slices.Clone(items[from:end])
		var next ussd.Screen
		if end < len(items) {
			shown, next = append(shown, "Next"), page(end)
		}
		list := &ussd.List[string]{
			Title: fmt.Sprintf("Page %d", from/n+1),
			Load:  func(context.Context, ussd.Request) ([]string, error) { return shown, nil },
			Label: func(s string) string { return s },
		}
		return ussd.Ask(list).To(ussd.Branch(func(ctx context.Context, _ ussd.Request) (ussd.Screen, error) {
			if v := list.Value(ctx); v != "Next" {
				return says("You chose " + v), nil
			}
			return next, nil
		}))
	}
	return page(0)
}

// scenario is an app, and what a subscriber sees of it: the texts are the inputs and,
// behind them, the screens.
type scenario struct {
	app  ussd.App
	want []string
}

func scenarios() map[string]*scenario {
	fruit := []string{"Mango", "Banana", "Orange", "Lemon", "Papaya", "Guava", "Melon"}

	name := &ussd.Prompt[string]{Text: "Enter your name", Parse: ussd.Match(`\pL+`, "Use letters only.")}
	named := ussd.NewMenu("")
	named.SetTitleFunc(func(ctx context.Context, _ ussd.Request) (string, error) {
		return "Welcome " + name.Value(ctx) + "!", nil
	})
	named.Handle("Balance", says("KES 5"))

	pin := &ussd.Prompt[string]{Text: "Enter your PIN", Parse: ussd.PIN(4), Explicit: true, Tries: 3,
		Check: func(_ context.Context, _ ussd.Request, pin string) error {
			if pin != "5555" {
				return errors.New("Wrong PIN.")
			}
			return nil
		}}
	john := ussd.NewMenu("")
	john.SetTitleFunc(func(context.Context, ussd.Request) (string, error) { return "Welcome John!", nil })
	john.Handle("Option 1", says("One"))

	catchAll := one("1. Balance\n2. Airtime\nOr type a meter number", func(answer string) ussd.Screen {
		switch answer {
		case "1":
			return says("KES 5")
		case "2":
			return says("Airtime")
		}
		return says("Meter " + answer)
	})

	home := ussd.NewMenu("Home")
	again := &ussd.Prompt[string]{Text: "Type your city", Parse: anything}
	home.Handle("City", ussd.Ask(again).To(ussd.Branch(func(ctx context.Context, _ ussd.Request) (ussd.Screen, error) {
		if again.Value(ctx) == "none" {
			return home, nil // a function that shows the start again
		}
		return says("You live in " + again.Value(ctx)), nil
	})))

	hidden := ussd.NewMenu("Shop")
	hidden.Handle("Fruit", one("Fruit\n1. Mango", func(answer string) ussd.Screen {
		switch answer {
		case "1":
			return says("A mango")
		case "7": // leads home, and is not shown
			return hidden
		}
		return nil
	}))

	marks := one("Shop\n1) Fruit\na] Bread", func(answer string) ussd.Screen {
		return map[string]ussd.Screen{"1": says("Fruit it is"), "a": says("Bread it is")}[answer]
	})

	below := one("Shop\n1. Fruit\n2. Bread\nOpen from 8 to 17.", func(answer string) ussd.Screen {
		return map[string]ussd.Screen{"1": says("Fruit it is"), "2": says("Bread it is")}[answer]
	})

	type item struct {
		name string
		next ussd.Screen
	}
	other := &ussd.Prompt[string]{Text: "Which fruit?", Parse: anything}
	behind := &ussd.List[item]{
		Title: "Fruit",
		Load: func(context.Context, ussd.Request) ([]item, error) {
			return []item{{"Mango", nil}, {"Lemon", nil}, {"Another", ussd.Ask(other).Then(func(ctx context.Context, _ ussd.Request) (ussd.Response, error) {
				return ussd.End("We look for " + other.Value(ctx)), nil
			})}}, nil
		},
		Label: func(i item) string { return i.name },
	}

	bank := &ussd.Prompt[string]{Text: "Account number", Parse: ussd.Match(`\d{10}`, "Enter 10 digits.")}
	mobile := &ussd.Prompt[string]{Text: "Phone number", Parse: ussd.Phone("254")}
	how := &ussd.List[string]{
		Title: "Pay by",
		Load:  func(context.Context, ussd.Request) ([]string, error) { return []string{"Bank", "Mobile"}, nil },
		Label: func(s string) string { return s },
	}
	paid := ussd.Branch(func(ctx context.Context, _ ussd.Request) (ussd.Screen, error) {
		return says("Paid by " + how.Value(ctx) + " " + bank.Value(ctx) + mobile.Value(ctx)), nil
	})

	first := &ussd.Prompt[string]{Text: "Your name?", Parse: anything}
	on := &ussd.Prompt[string]{Parse: anything, TextFunc: func(ctx context.Context, _ ussd.Request) (string, error) {
		return "Thank you, " + first.Value(ctx) + ". Type anything to begin again", nil
	}}
	var loop ussd.Screen
	loop = ussd.Ask(first, on).To(ussd.Branch(func(context.Context, ussd.Request) (ussd.Screen, error) { return loop, nil }))

	return map[string]*scenario{
		"a question as the first screen, and then a menu": {ussd.App{Start: ussd.Ask(name).To(named)}, []string{
			"", "Enter your name", "7", "Use letters only.\nEnter your name", "Jane", "Welcome Jane!\n1. Balance", "1", "KES 5"}},
		"PIN, then a menu with the name; tries left": {ussd.App{Start: ussd.Ask(pin).To(john)}, []string{
			"", "Enter your PIN", "1111", "Wrong PIN. Tries left: 2\nEnter your PIN", "2222", "Wrong PIN. Tries left: 1\nEnter your PIN",
			"5555", "Welcome John!\n1. Option 1", "1", "One"}},
		"tries are over": {ussd.App{Start: ussd.Ask(pin).To(john)}, []string{
			"", "Enter your PIN", "1111", "Wrong PIN. Tries left: 2\nEnter your PIN", "x", "Enter your PIN of 4 digits. Tries left: 1\nEnter your PIN",
			"3333", "Too many tries. Please dial again later."}},
		"a default item":         {ussd.App{Start: catchAll}, []string{"", "1. Balance\n2. Airtime\nOr type a meter number", "14", "Meter 14"}},
		"the items before it":    {ussd.App{Start: catchAll}, []string{"", "1. Balance\n2. Airtime\nOr type a meter number", "2", "Airtime"}},
		"show the start again":   {ussd.App{Start: home}, []string{"", "Home\n1. City", "1", "Type your city", "none", "Home\n1. City\n0. Back\n00. Home", "1", "Type your city", "Nakuru", "You live in Nakuru"}},
		"one item a page":        {ussd.App{Start: pages(1, fruit)}, []string{"", "Page 1\n1. Mango\n2. Next", "2", "Page 2\n1. Banana\n2. Next\n0. Back", "2", "Page 3\n1. Orange\n2. Next\n0. Back\n00. Home", "1", "You chose Orange"}},
		"three items a page":     {ussd.App{Start: pages(3, fruit)}, []string{"", "Page 1\n1. Mango\n2. Banana\n3. Orange\n4. Next", "4", "Page 2\n1. Lemon\n2. Papaya\n3. Guava\n4. Next\n0. Back", "0", "Page 1\n1. Mango\n2. Banana\n3. Orange\n4. Next", "2", "You chose Banana"}},
		"three, and a short one": {ussd.App{Start: pages(3, fruit)}, []string{"", "Page 1\n1. Mango\n2. Banana\n3. Orange\n4. Next", "4", "Page 2\n1. Lemon\n2. Papaya\n3. Guava\n4. Next\n0. Back", "4", "Page 3\n1. Melon\n0. Back\n00. Home", "1", "You chose Melon"}},
		"hidden navigation": {ussd.App{Start: hidden}, []string{
			"", "Shop\n1. Fruit", "1", "Fruit\n1. Mango\n0. Back", "7", "Shop\n1. Fruit\n0. Back\n00. Home", "1", "Fruit\n1. Mango\n0. Back\n00. Home", "1", "A mango"}},
		"other marks":      {ussd.App{Start: marks}, []string{"", "Shop\n1) Fruit\na] Bread", "b", "Invalid choice.\nShop\n1) Fruit\na] Bread", "a", "Bread it is"}},
		"text below items": {ussd.App{Start: below}, []string{"", "Shop\n1. Fruit\n2. Bread\nOpen from 8 to 17.", "2", "Bread it is"}},
		"another item behind a list's": {ussd.App{Start: ussd.Ask(behind).To(ussd.Branch(func(ctx context.Context, _ ussd.Request) (ussd.Screen, error) {
			if i := behind.Value(ctx); i.next == nil {
				return says("One " + i.name), nil
			}
			return behind.Value(ctx).next, nil
		}))}, []string{"", "Fruit\n1. Mango\n2. Lemon\n3. Another", "3", "Which fruit?", "Kiwi", "We look for Kiwi"}},
		"the next question depends on the answer: bank": {ussd.App{Start: ussd.Ask(how).To(ussd.Branch(func(ctx context.Context, _ ussd.Request) (ussd.Screen, error) {
			if how.Value(ctx) == "Bank" {
				return ussd.Ask(bank).To(paid), nil
			}
			return ussd.Ask(mobile).To(paid), nil
		}))}, []string{"", "Pay by\n1. Bank\n2. Mobile", "1", "Account number\n0. Back", "0", "Pay by\n1. Bank\n2. Mobile", "2", "Phone number\n0. Back", "0711000002", "Paid by Mobile +254711000002"}},
		"a session that begins again": {ussd.App{Start: loop}, []string{
			"", "Your name?", "Ann", "Thank you, Ann. Type anything to begin again", "x", "Your name?", "Ben", "Thank you, Ben. Type anything to begin again", "", "Your name?"}},
	}
}

func TestScenarios(t *testing.T) {
	t.Parallel()
	for name, s := range scenarios() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := ussdtest.New(t, ussd.Handler(s.app.Serve), ussdtest.WithCopies(2))
			bare := ussd.Request{SessionID: "bare", PhoneNumber: "+254711000001"}
			var seen, without []string
			for i := 0; i < len(s.want); i += 2 {
				input := s.want[i]
				if i == 0 {
					p.Dial("")
				} else {
					p.Send(input)
					bare.Text = strings.TrimPrefix(bare.Text+"*"+input, "*")
				}
				p.Again()
				seen = append(seen, input, p.Screen())
				res, err := s.app.Serve(t.Context(), bare)
				if err != nil {
					var own *ussd.ScreenError
					if !errors.As(err, &own) || own.Err != nil {
						t.Fatal(err)
					}
					res = own.Screen
				}
				without = append(without, input, res.Text)
			}
			if diff := cmp.Diff(s.want, seen); diff != "" {
				t.Errorf("a phone sees (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(s.want, without); diff != "" {
				t.Errorf("without hop metadata (-want +got):\n%s", diff)
			}
		})
	}
}

// Other people's menus are shapes that a walk knows as well.
func TestScenariosAreWalked(t *testing.T) {
	t.Parallel()
	for name, s := range scenarios() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ussdtest.Walk(t, ussd.Handler(s.app.Serve), ussdtest.WithDepth(5), ussdtest.WithMaxScreens(200), ussdtest.WithInputs(func(string) []string {
				return []string{"Ann", "5555", "0711000002", "none"}
			}))
		})
	}
}
