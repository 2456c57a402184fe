package ussd_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/ussd"
)

// flowOf is a menu with one item, which asks the questions.
func flowOf(questions ...ussd.Question) *ussd.Menu {
	m := ussd.NewMenu("Home")
	m.Handle("Go", ussd.Ask(questions...).Then(func(context.Context, ussd.Request) (ussd.Response, error) { return ussd.End("Done"), nil }))
	return m
}

// A refusal without words is a refusal.
func TestRefusalWithoutWords(t *testing.T) {
	t.Parallel()
	m := flowOf(&ussd.Prompt[string]{Text: "PIN", Parse: ussd.Match(`\d{4}`, "")})
	dialMenu(t, m.Serve, "1").send("x").sees("Invalid choice.\nPIN\n0. Back").send("1234").sees("END Done")
}

// Wrong answers count for as long as the session lasts, whatever is between them.
func TestTriesCountInASession(t *testing.T) {
	t.Parallel()
	m := flowOf(
		&ussd.Prompt[string]{Text: "Name", Parse: ussd.Match(`[a-z]+`, "Letters.")},
		&ussd.Prompt[string]{Text: "PIN", Parse: ussd.PIN(4), Tries: 3},
	)
	dialMenu(t, m.Serve, "1").send("bob", "1", "00", "1", "bob", "2", "0", "eve", "3").sees("END Too many tries. Please dial again later.")
}

// The key for more turns the pages of a question, and is an answer on the last.
func TestMoreIsAnAnswerOnTheLastPage(t *testing.T) {
	t.Parallel()
	long := strings.TrimSpace(strings.Repeat("How much do you want to send? ", 7))
	m := flowOf(&ussd.Prompt[int]{Text: long, Parse: ussd.Int(10, 150_000)})
	s := dialMenu(t, m.Serve, "1")
	if !strings.HasSuffix(s.last.Text, "\n98. More\n0. Back") {
		t.Fatalf("the first page is %q", s.last.Text)
	}
	s.send("98")
	if strings.Contains(s.last.Text, "98. More") || !strings.HasSuffix(s.last.Text, "\n0. Back") {
		t.Errorf("the second page is %q", s.last.Text)
	}
	s.send("98").sees("END Done")
	dialMenu(t, m.Serve, "1*98*98").sees("END Done")

	// A long reason does not hide the question.
	m = flowOf(&ussd.Prompt[int]{Text: "How much do you want to send?", Parse: ussd.Reason(strings.Repeat("Too little. ", 12), ussd.Int(10, 150_000))})
	s = dialMenu(t, m.Serve, "1").send("5", "98")
	if !strings.Contains(s.last.Text, "to send?") {
		t.Errorf("after the reason comes %q", s.last.Text)
	}
}

// The key for more where there is none is a wrong choice, and what is typed next
// means what the screen says.
func TestMoreWhereThereIsNone(t *testing.T) {
	t.Parallel()
	question := flowOf(&ussd.Prompt[string]{Text: "PIN?", Parse: ussd.Reason("Four digits.", ussd.PIN(4))})
	dialMenu(t, question.Serve, "1").send("98").sees("Four digits.\nPIN?\n0. Back").send("0").sees("Home\n1. Go")

	m := ussd.NewMenu("Home")
	m.HandleFunc("Read", func(context.Context, ussd.Request) (ussd.Response, error) {
		return ussd.Continue(strings.TrimSpace(strings.Repeat("word ", 50))), nil
	})
	s := dialMenu(t, m.Serve, "1").send("98")
	last := s.last.Text
	s.send("98").sees("Invalid choice.\n" + last).send("98").sees("Invalid choice.\n" + last)
}

// No item is out of reach because its number is a key that the menu uses.
func TestKeyForMoreIsTaken(t *testing.T) {
	t.Parallel()
	many := func(m *ussd.Menu) *ussd.Menu {
		for i := range 20 {
			m.HandleFunc(fmt.Sprintf("Item <%d> of many", i), func(context.Context, ussd.Request) (ussd.Response, error) {
				return ussd.Endf("It is <%d>", i), nil
			})
		}
		return m
	}
	help := many(ussd.NewMenu("Items"))
	help.HandleKey("98", "Help", ussd.ScreenFunc(phoneNumber))
	help.HandleKey("99", "About", ussd.ScreenFunc(phoneNumber))
	other := ussd.NewMenu("Home")
	other.SetTexts(ussd.Texts{More: ussd.Key{Key: "9"}, Back: ussd.Key{Key: "8"}})
	other.Handle("All", many(ussd.NewMenu("Items")))
	for _, tt := range []struct {
		menu  *ussd.Menu
		start string
		more  string
	}{{help, "", "97"}, {other, "1", "98"}} {
		s := dialMenu(t, tt.menu.Serve, tt.start)
		var all strings.Builder
		for range 10 {
			all.WriteString(s.last.Text)
			if !strings.Contains(s.last.Text, "\n"+tt.more+". More") {
				break
			}
			s.send(tt.more)
		}
		for i := range 20 {
			if !strings.Contains(all.String(), fmt.Sprintf("Item <%d> of many", i)) {
				t.Errorf("item %d is on no page: %q", i, all.String())
			}
		}
		dialMenu(t, tt.menu.Serve, strings.TrimPrefix(tt.start+"*9", "*")).sees("END It is <8>")
	}
}

// Texts of several menus that are too long together leave room for the screen.
func TestTextsOfSeveralMenus(t *testing.T) {
	t.Parallel()
	for _, letter := range []string{"b", "ሀ"} {
		label := strings.Repeat(letter, 18)
		root, middle, leaf := ussd.NewMenu("Root"), ussd.NewMenu("Middle"), ussd.NewMenu("T\n\n"+strings.Repeat(letter+" ", 60))
		root.SetTexts(ussd.Texts{Back: ussd.Key{Label: label}})
		middle.SetTexts(ussd.Texts{Home: ussd.Key{Label: label}})
		leaf.SetTexts(ussd.Texts{More: ussd.Key{Label: label}})
		leaf.HandleFunc("Number", phoneNumber)
		middle.Handle("Leaf", leaf)
		root.Handle("Middle", middle)
		app := &ussd.App{Start: root, Limits: map[africastalking.Network]int{africastalking.SafaricomKenya: 100}}
		text := "1*1"
		for range 12 {
			r, err := app.Serve(t.Context(), ussd.Request{NetworkCode: africastalking.SafaricomKenya, Text: text})
			if err != nil {
				t.Fatal(err)
			}
			n, gsm := ussd.Len(r.Text)
			if limit := map[bool]int{true: 100, false: 50}[gsm]; n > limit {
				t.Errorf("%q has %d units, limit %d", r.Text, n, limit)
			}
			text += "*98"
		}
	}
}

// The keys at the foot are folded as all else.
func TestFootIsFolded(t *testing.T) {
	t.Parallel()
	m := flowOf(&ussd.Prompt[string]{Text: "Name\u2002?", Parse: ussd.Match(`[a-z]+`, "no")})
	m.SetTexts(ussd.Texts{Back: ussd.Key{Label: "Go ‘back’"}})
	dialMenu(t, m.Serve, "1").sees("Name ?\n0. Go 'back'")
}

// A text that ends in blanks has no blank page.
func TestBlanksAtTheEnd(t *testing.T) {
	t.Parallel()
	for _, text := range []string{strings.Repeat("a", 151) + strings.Repeat(" ", 20), strings.TrimSpace(strings.Repeat("word ", 30)) + strings.Repeat("\n", 12)} {
		m := ussd.NewMenu("Home")
		m.HandleFunc("Read", func(context.Context, ussd.Request) (ussd.Response, error) { return ussd.End(text), nil })
		dialMenu(t, m.Serve, "1").sees("END " + strings.TrimSpace(text))
	}
}

// A wrong choice on a page of a text that ends the session has its reason shown.
func TestWrongChoiceOnPagesOfTheEnd(t *testing.T) {
	t.Parallel()
	m := ussd.NewMenu("Home")
	m.HandleFunc("Read", func(context.Context, ussd.Request) (ussd.Response, error) {
		return ussd.End(strings.TrimSpace(strings.Repeat("word ", 50))), nil
	})
	s := dialMenu(t, m.Serve, "1").send("5")
	if !strings.HasPrefix(s.last.Text, "Invalid choice.\nword ") || !s.last.Continue {
		t.Errorf("after a wrong choice comes %+v", s.last)
	}
	if s.send("98"); s.last.Continue {
		t.Errorf("the last page is %+v", s.last)
	}
}

// A key that a menu has for one thing is not inherited for another.
func TestKeysOfSeveralMenus(t *testing.T) {
	t.Parallel()
	root, middle, leaf := ussd.NewMenu("Root"), ussd.NewMenu("Middle"), ussd.NewMenu("Leaf")
	root.SetTexts(ussd.Texts{Back: ussd.Key{Key: "9"}})
	middle.SetTexts(ussd.Texts{Home: ussd.Key{Key: "9"}})
	leaf.HandleFunc("Number", phoneNumber)
	middle.Handle("Leaf", leaf)
	root.Handle("Middle", middle)
	dialMenu(t, root.Serve, "1*1").sees("Leaf\n1. Number\n0. Back\n9. Home").send("9").sees("Root\n1. Middle")
	dialMenu(t, root.Serve, "1*1").send("0").sees("Middle\n1. Leaf\n0. Back")
}

// No page is blank, however long the words of the keys are.
func TestNoBlankPageBelowLongKeys(t *testing.T) {
	t.Parallel()
	for n := 40; n < 120; n++ {
		root, middle := ussd.NewMenu("Root"), ussd.NewMenu("Middle")
		root.SetTexts(ussd.Texts{Back: ussd.Key{Label: strings.Repeat("b", 14)}})
		middle.SetTexts(ussd.Texts{More: ussd.Key{Label: strings.Repeat("m", 14)}, Home: ussd.Key{Label: "Home56"}})
		middle.HandleFunc("Read", func(context.Context, ussd.Request) (ussd.Response, error) {
			return ussd.Continue(strings.Repeat("w", n)), nil
		})
		root.Handle("Middle", middle)
		app := &ussd.App{Start: root, Limits: map[africastalking.Network]int{africastalking.SafaricomKenya: 100}}
		s := dialMenu(t, app.Serve, "1*1")
		seen := strings.Count(s.last.Text, "w")
		if seen < n {
			s.send("98")
			if more := strings.Count(s.last.Text, "w"); more == 0 || seen+more != n {
				t.Errorf("%d letters: the second page is %q", n, s.last.Text)
			}
		}
	}
}
