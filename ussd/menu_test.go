package ussd_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/ussd"
	"github.com/sautigo/africastalking/ussd/ussdtest"
)

// session plays the hops of one session to a function.
type session struct {
	t     *testing.T
	serve func(context.Context, ussd.Request) (ussd.Response, error)
	r     ussd.Request
	last  ussd.Response
}

func dialMenu(t *testing.T, serve func(context.Context, ussd.Request) (ussd.Response, error), text string) *session {
	t.Helper()
	s := &session{t: t, serve: serve, r: ussd.Request{
		SessionID: "ATUid_1" + text, PhoneNumber: "+254711000001", ServiceCode: "*384*123#", NetworkCode: africastalking.SafaricomKenya, Text: text,
	}}
	s.hop()
	return s
}

func (s *session) hop() {
	s.t.Helper()
	res, err := s.serve(s.t.Context(), s.r)
	if err != nil {
		s.t.Fatalf("text %q: %v", s.r.Text, err)
	}
	again, err := s.serve(s.t.Context(), s.r)
	if err != nil || again != res {
		s.t.Fatalf("text %q delivered again: %+v, %v, at first %+v", s.r.Text, again, err, res)
	}
	if err := res.Check(); err != nil && s.r.NetworkCode != africastalking.AirtelKenya {
		s.t.Fatalf("text %q: %v: %q", s.r.Text, err, res.Text)
	}
	s.last = res
}

func (s *session) send(inputs ...string) *session {
	s.t.Helper()
	for _, input := range inputs {
		if !s.last.Continue {
			s.t.Fatalf("input %q after the end %q", input, s.last.Text)
		}
		if s.r.Text != "" {
			s.r.Text += "*"
		}
		s.r.Text += input
		s.r.Hop = s.last.Hop
		s.hop()
	}
	return s
}

func (s *session) sees(want string) *session {
	s.t.Helper()
	got := s.last.Text
	if !s.last.Continue {
		got = "END " + got
	}
	if got != want {
		s.t.Errorf("text %q shows\n%s\nwant\n%s", s.r.Text, got, want)
	}
	return s
}

func phoneNumber(_ context.Context, r ussd.Request) (ussd.Response, error) {
	return ussd.End("Your phone number is " + r.PhoneNumber), nil
}

// classic is the first menu of Africa's Talking's tutorials.
func classic() *ussd.Menu {
	account := ussd.NewMenu("Choose account information you want to view")
	account.HandleFunc("Account number", func(context.Context, ussd.Request) (ussd.Response, error) {
		return ussd.End("Your account number is ACC1001"), nil
	})
	menu := ussd.NewMenu("What would you want to check")
	menu.Handle("My Account", account)
	menu.HandleFunc("My phone number", phoneNumber)
	return menu
}

const (
	classicRoot    = "What would you want to check\n1. My Account\n2. My phone number"
	classicAccount = "Choose account information you want to view\n1. Account number\n0. Back"
)

func TestMenu(t *testing.T) {
	t.Parallel()
	serve := classic().Serve
	dialMenu(t, serve, "").sees(classicRoot).send("1").sees(classicAccount).send("1").sees("END Your account number is ACC1001")
	dialMenu(t, serve, "").send("2").sees("END Your phone number is +254711000001")
	dialMenu(t, serve, "1*1").sees("END Your account number is ACC1001")
	dialMenu(t, serve, "1").sees(classicAccount).send("0").sees(classicRoot).send("2").sees("END Your phone number is +254711000001")
	dialMenu(t, serve, "").send("7").sees("Invalid choice.\n" + classicRoot).send("1").sees(classicAccount).
		send("x").sees("Invalid choice.\n" + classicAccount).send("00").sees(classicRoot).send("0").sees("Invalid choice.\n" + classicRoot)
}

// What is not documented to arrive still has an answer.
func TestMenuOddInputs(t *testing.T) {
	t.Parallel()
	invalid := "Invalid choice.\n" + classicRoot
	for text, want := range map[string]string{
		" 1 ":                              classicAccount,
		"1#":                               classicAccount,
		"1*1#":                             "END Your account number is ACC1001",
		"#":                                invalid,
		"*":                                invalid,
		"**":                               invalid,
		"1*":                               "Invalid choice.\n" + classicAccount,
		"*1":                               classicAccount,
		"1**1":                             "END Your account number is ACC1001",
		"\U0001F4B8":                       invalid,
		"18446744073709551617":             invalid,
		"01":                               invalid,
		"1*98":                             "Invalid choice.\n" + classicAccount,
		"98":                               invalid,
		strings.Repeat("9*", 199) + "1":    classicAccount,
		strings.Repeat("1*0*", 99) + "2":   "END Your phone number is +254711000001",
		strings.Repeat("9*", 20_000) + "1": "END Too many tries. Please dial again later.",
	} {
		dialMenu(t, classic().Serve, text).sees(want)
	}
	s := dialMenu(t, classic().Serve, "")
	s.r.NetworkCode = "12345"
	s.send("1").sees(classicAccount)
}

func TestMenuServiceCode(t *testing.T) {
	t.Parallel()
	app := &ussd.App{Start: classic(), ServiceCode: "*384*123#"}
	s := dialMenu(t, app.Serve, "")
	s.r.ServiceCode = "*384*123*1#"
	s.hop()
	s.sees(classicAccount).send("1").sees("END Your account number is ACC1001")
}

func TestMenuKeysAndTexts(t *testing.T) {
	t.Parallel()
	sub := ussd.NewMenu("Akaunti")
	sub.HandleFunc("Salio", func(context.Context, ussd.Request) (ussd.Response, error) { return ussd.Continue("KES 5.00"), nil })
	m := ussd.NewMenu("Karibu")
	m.SetTexts(ussd.Texts{Back: ussd.Key{Key: "9", Label: "Rudi"}, Home: ussd.Key{Key: "99", Label: "Mwanzo"}, Invalid: "Chaguo si sahihi."})
	m.Handle("Akaunti", sub)
	m.HandleKey("5", "Msaada", ussd.ScreenFunc(phoneNumber))
	m.HandleFunc("Namba", phoneNumber)
	dialMenu(t, m.Serve, "").sees("Karibu\n1. Akaunti\n5. Msaada\n2. Namba").send("1").sees("Akaunti\n1. Salio\n9. Rudi").
		send("1").sees("KES 5.00\n9. Rudi\n99. Mwanzo").send("7").sees("Chaguo si sahihi.\nKES 5.00\n9. Rudi\n99. Mwanzo").
		send("99").sees("Karibu\n1. Akaunti\n5. Msaada\n2. Namba").send("1", "1", "9").sees("Akaunti\n1. Salio\n9. Rudi")
}

func TestMenuPanics(t *testing.T) {
	t.Parallel()
	for name, build := range map[string]func(m *ussd.Menu){
		"empty label":      func(m *ussd.Menu) { m.Handle("", ussd.NewMenu("")) },
		"label of 2 lines": func(m *ussd.Menu) { m.Handle("a\nb", ussd.NewMenu("")) },
		"taken label":      func(m *ussd.Menu) { m.Handle("a", ussd.NewMenu("")); m.Handle("a", ussd.NewMenu("")) },
		"taken key":        func(m *ussd.Menu) { m.Handle("a", ussd.NewMenu("")); m.HandleKey("1", "b", ussd.NewMenu("")) },
		"key with *":       func(m *ussd.Menu) { m.HandleKey("*1", "a", ussd.NewMenu("")) },
		"empty key":        func(m *ussd.Menu) { m.HandleKey("", "a", ussd.NewMenu("")) },
		"nil screen":       func(m *ussd.Menu) { m.Handle("a", nil) },
		"nil function":     func(m *ussd.Menu) { m.HandleFunc("a", nil) },
		"nil menu":         func(m *ussd.Menu) { m.Handle("a", (*ussd.Menu)(nil)) },
		"nil flow":         func(m *ussd.Menu) { m.Handle("a", (*ussd.Flow)(nil)) },
		"nil prompt":       func(m *ussd.Menu) { ussd.Ask((*ussd.Prompt[int])(nil)).Then(phoneNumber) },
		"no parser":        func(m *ussd.Menu) { ussd.Ask(&ussd.Prompt[int]{}).Then(phoneNumber) },
		"no loader":        func(m *ussd.Menu) { ussd.Ask(&ussd.List[int]{}).Then(phoneNumber) },
		"key not typed":    func(m *ussd.Menu) { m.SetTexts(ussd.Texts{More: ussd.Key{Key: "#"}}) },
		"one key for two":  func(m *ussd.Menu) { m.SetTexts(ussd.Texts{Back: ussd.Key{Key: "98"}}) },
		"no dialling code": func(m *ussd.Menu) { ussd.Phone("+254") },
		"long keys":        func(m *ussd.Menu) { m.SetTexts(ussd.Texts{Back: ussd.Key{Label: strings.Repeat("b", 30)}}) },
	} {
		func() {
			defer func() {
				if v, _ := recover().(string); !strings.HasPrefix(v, "ussd: ") {
					t.Errorf("%s: panic %q", name, v)
				}
			}()
			build(ussd.NewMenu("x"))
		}()
	}
}

func TestMenuHop(t *testing.T) {
	t.Parallel()
	m := classic()
	m.HandleFunc("Named|é", func(context.Context, ussd.Request) (ussd.Response, error) {
		return ussd.Continue("x").WithHop(strings.Repeat("n", 200)), nil
	})
	names := regexp.MustCompile(`^(.*)~[\w-]{12}\.\d+~(\d+)$`)
	for text, want := range map[string][2]string{
		"": {"What would you want to check", "0"}, "1": {"My Account", "1"}, "1*1": {"Account number", "2"}, "3": {strings.Repeat("n", 82), "1"},
	} {
		got := dialMenu(t, m.Serve, text).last.Hop
		parts := names.FindStringSubmatch(got)
		if len(parts) != 3 || [2]string(parts[1:]) != want || len(got) > 99 || ussd.HopName(got) != want[0] {
			t.Errorf("hop of %q is %q, want the name %q and %s dialled", text, got, want[0], want[1])
		}
	}
}

func TestMenuErrors(t *testing.T) {
	t.Parallel()
	m := ussd.NewMenu("x")
	boom := errors.New("boom")
	m.HandleFunc("fails", func(context.Context, ussd.Request) (ussd.Response, error) { return ussd.Response{}, boom })
	if res, err := m.Serve(t.Context(), ussd.Request{Text: "1"}); err != boom || res != (ussd.Response{}) {
		t.Errorf("%+v, %v", res, err)
	}
}

var (
	to     = &ussd.Prompt[string]{Text: "Send to", Parse: ussd.Phone("254"), Tries: 3}
	amount = &ussd.Prompt[africastalking.Money]{Text: "Amount", Parse: ussd.Amount("KES", 10, 150_000)}
	note   = &ussd.Prompt[string]{
		TextFunc: func(ctx context.Context, r ussd.Request) (string, error) {
			return fmt.Sprintf("Note for %s to %s", amount.Value(ctx), to.Value(ctx)), nil
		},
		Parse: func(s string) (string, error) { return s, nil },
	}
	pin = &ussd.Prompt[string]{Text: "PIN", Parse: ussd.PIN(4), Explicit: true, Tries: 3}
)

func bank(sent func(ussd.Request)) *ussd.Menu {
	m := ussd.NewMenu("Bank")
	m.Handle("Send", ussd.Ask(to, amount, note, pin).Then(func(ctx context.Context, r ussd.Request) (ussd.Response, error) {
		if sent != nil {
			sent(r)
		}
		return ussd.Endf("Sent %s to %s (%s), PIN %s", amount.Value(ctx), to.Value(ctx), note.Value(ctx), pin.Value(ctx)), nil
	}))
	return m
}

func TestFlow(t *testing.T) {
	t.Parallel()
	serve := bank(nil).Serve
	dialMenu(t, serve, "").send("1").sees("Send to\n0. Back").
		send("0711 000 002").sees("Amount\n0. Back\n00. Home").
		send("5").sees("Enter an amount from 10 to 150000.\nAmount\n0. Back\n00. Home").
		send("99.50").sees("Note for KES 99.50 to +254711000002").
		send("0").sees("PIN\n0. Back\n00. Home").
		send("12").sees("Enter your PIN of 4 digits. Tries left: 2\nPIN\n0. Back\n00. Home").
		send("0000").sees("END Sent KES 99.50 to +254711000002 (0), PIN 0000")
	// Back asks again, and the answer given then counts.
	dialMenu(t, serve, "").send("1", "0711000002", "0").sees("Send to\n0. Back").send("0711000003", "50", "n", "0").
		sees("Note for KES 50.00 to +254711000003").send("m", "1234").sees("END Sent KES 50.00 to +254711000003 (m), PIN 1234")
	// Too many tries end the session, and stay what they are.
	dialMenu(t, serve, "").send("1", "a", "b").sees("Enter a phone number. Tries left: 1\nSend to\n0. Back").send("c").sees("END Too many tries. Please dial again later.")
}

func TestExplicit(t *testing.T) {
	t.Parallel()
	serve := func(ctx context.Context, r ussd.Request) (ussd.Response, error) { return bank(nil).Serve(ctx, r) }
	const ask = "Please type this now.\nPIN\n0. Back\n00. Home"
	dialMenu(t, serve, "1*0711000002*50*n*1234").sees(ask).send("1234").sees("END Sent KES 50.00 to +254711000002 (n), PIN 1234")
	dialMenu(t, serve, "1*0711000002*50*n*1234*1234").sees(ask).send("12").sees("Enter your PIN of 4 digits. Tries left: 2\nPIN\n0. Back\n00. Home").
		send("4321").sees("END Sent KES 50.00 to +254711000002 (n), PIN 4321")
	dialMenu(t, serve, "1*0711000002*50").send("n", "1234").sees("END Sent KES 50.00 to +254711000002 (n), PIN 1234")
}

// A function that runs again for the same hop knows it by its ID.
func TestHopIDIsStable(t *testing.T) {
	t.Parallel()
	ids := map[string]int{}
	m := ussd.NewMenu("x")
	m.HandleFunc("long", func(_ context.Context, r ussd.Request) (ussd.Response, error) {
		ids[r.HopID()[:10]+" "+r.Text]++
		return ussd.End(strings.Repeat("a word and ", 40)), nil
	})
	s := dialMenu(t, m.Serve, "").send("5", "1", "98", "98")
	if s.last.Continue {
		t.Errorf("the last page waits for an answer: %q", s.last.Text)
	}
	if diff := cmp.Diff(map[string]int{"ATUid_1-3- 5*1": 6}, ids); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestParsers(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		parse func(string) (any, error)
		takes map[string]string
		not   []string
	}{
		{"Int", wrap(ussd.Int(1, 20)), map[string]string{"1": "1", "20": "20", "007": "7", "5#": "5"}, []string{"", "0", "21", "x", "1.0", "18446744073709551617", "-1", "+5"}},
		{"PIN", wrap(ussd.PIN(4)), map[string]string{"0000": "0000", "1234#": "1234"}, []string{"", "123", "12345", "12a4", " 1234"}},
		{"Match", wrap(ussd.Match(`ACC\d+|X`, "no")), map[string]string{"ACC1": "ACC1", "X": "X"}, []string{"acc1", "ACC1Y", "YX"}},
		{"OneOf", wrap(ussd.OneOf("Yes", "No")), map[string]string{"yes": "Yes", "NO": "No", "no#": "No"}, []string{"y", ""}},
		{"Date", wrap(ussd.Date()), map[string]string{"31122026": "2026-12-31 00:00:00 +0000 UTC", "1/2/2026": "2026-02-01 00:00:00 +0000 UTC", "29-02-2024": "2024-02-29 00:00:00 +0000 UTC"},
			[]string{"", "31022026", "2026-12-31", "29022026"}},
	} {
		for in, want := range test.takes {
			if got, err := test.parse(in); err != nil || fmt.Sprint(got) != want {
				t.Errorf("%s reads %q as %v, %v, want %s", test.name, in, got, err, want)
			}
		}
		for _, in := range test.not {
			if got, err := test.parse(in); err == nil || err.Error() == "" {
				t.Errorf("%s reads %q as %v", test.name, in, got)
			}
		}
	}
	if _, err := ussd.Reason("Weka nambari.", ussd.Int(1, 2))("x"); err == nil || err.Error() != "Weka nambari." {
		t.Errorf("Reason gives %v", err)
	}
}

func wrap[T any](parse func(string) (T, error)) func(string) (any, error) {
	return func(s string) (any, error) { return parse(s) }
}

func TestFold(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"plain": "plain",
		"\u201cDon\u2019t\u201d \u2013 5\u00a0%\u2026": `"Don't" - 5 %...`,
		"caf\u00e9 \u20ac": "caf\u00e9 \u20ac",
		"`x`\t":            "'x' ",
	} {
		if got := ussd.Fold(in); got != want {
			t.Errorf("Fold(%q) is %q, want %q", in, got, want)
		}
	}
}

// randomMenu has labels of any length and alphabet, and long texts at its ends.
func randomMenu(rng *rand.Rand, depth int, words *[]string) *ussd.Menu {
	text := func(max int) string {
		var b strings.Builder
		for range 1 + rng.IntN(max) {
			alphabet := []string{"a", "bc", "d e", "{", "€", "é"}
			if rng.IntN(8) == 0 {
				alphabet = append(alphabet, "ገ", "\U0001F600", "’")
			}
			for range 1 + rng.IntN(12) {
				b.WriteString(alphabet[rng.IntN(len(alphabet))])
			}
			word := fmt.Sprintf("w%dz", len(*words))
			*words = append(*words, word)
			b.WriteString(" " + word + " ")
		}
		return strings.TrimSpace(b.String())
	}
	m := ussd.NewMenu(text(4))
	for range 1 + rng.IntN(30) {
		if depth > 0 && rng.IntN(6) == 0 {
			m.Handle(text(6), randomMenu(rng, depth-1, words))
			continue
		}
		end := text(60)
		m.HandleFunc(text(20), func(context.Context, ussd.Request) (ussd.Response, error) {
			return ussd.Response{Text: end, Continue: len(end)%2 == 0}, nil
		})
	}
	return m
}

var choice = regexp.MustCompile(`(?m)^(\d+)\. `)

// No page of any menu is over its limit, and no item is missing.
func TestPagesOfRandomMenus(t *testing.T) {
	t.Parallel()
	for seed := range uint64(36) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(seed, 1))
			var words []string
			m := randomMenu(rng, 1, &words)
			network, limit := africastalking.SafaricomKenya, 160
			switch seed % 3 {
			case 1:
				network, limit = africastalking.AirtelKenya, 182
			case 2:
				limit = 100
			}
			app := &ussd.App{Start: m, Limits: map[africastalking.Network]int{network: limit}}
			seen := map[string]bool{}
			var visit func(path string)
			visit = func(path string) {
				var whole strings.Builder
				for page := path; ; page = join(page, "98") {
					r := ussd.Request{SessionID: "s", PhoneNumber: "p", NetworkCode: network, Text: page}
					res, err := app.Serve(t.Context(), r)
					if err != nil {
						t.Fatal(err)
					}
					units, gsm := ussd.Len(res.Text)
					if gsm && units > limit || !gsm && units > min(80, limit/2) {
						t.Fatalf("%q is %d units, limit %d: %q", page, units, limit, res.Text)
					}
					whole.WriteString(res.Text + "\n")
					if !res.Continue || !strings.Contains(res.Text, "\n98. More") {
						break
					}
				}
				for _, w := range regexp.MustCompile(`w\d+z`).FindAllString(whole.String(), -1) {
					seen[w] = true
				}
				if strings.Count(path, "*") > 2 {
					return
				}
				for _, c := range choice.FindAllStringSubmatch(whole.String(), -1) {
					if c[1] != "98" && !strings.HasPrefix(c[1], "0") {
						visit(join(path, c[1]))
					}
				}
			}
			visit("")
			for _, w := range words {
				if !seen[w] {
					t.Errorf("%s is on no page", w)
				}
			}
		})
	}
}

func join(text, input string) string {
	if text == "" {
		return input
	}
	return text + "*" + input
}

// Every path dialled at once leads where it leads hop by hop.
func TestDialledAtOnce(t *testing.T) {
	t.Parallel()
	serve := bank(nil).Serve
	inputs := []string{"0", "00", "98", "1", "x", "0711000002", "50", "", "n"}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		s := dialMenu(t, serve, "")
		for range 1 + rng.IntN(7) {
			if !s.last.Continue {
				break
			}
			s.send(inputs[rng.IntN(len(inputs))])
		}
		if s.r.Text == "" {
			// A first answer that is empty looks like no answer.
			continue
		}
		at := dialMenu(t, serve, s.r.Text)
		if at.last.Text != s.last.Text || at.last.Continue != s.last.Continue {
			t.Fatalf("%q hop by hop:\n%s\nat once:\n%s", s.r.Text, s.last.Text, at.last.Text)
		}
	}
}

func FuzzMenu(f *testing.F) {
	for _, seed := range []string{"", "1", "1*1", "2*98*98", "1**", "#", "0*00*98", strings.Repeat("9*", 100), "3*0711000002*50*x*1234"} {
		f.Add(seed, "")
	}
	f.Add("1*1", "x~1")
	f.Fuzz(func(t *testing.T, text, hop string) {
		m := classic()
		m.Handle("Send", bank(nil))
		m.HandleFunc("Long", func(context.Context, ussd.Request) (ussd.Response, error) {
			return ussd.Continue(strings.Repeat("word ", 100)), nil
		})
		res, err := m.Serve(t.Context(), ussd.Request{SessionID: "s", PhoneNumber: "+254711000001", Text: text, Hop: hop})
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

// A text that ends the session from where no response can be returned is paged
// like any other.
func TestStop(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("many words ", 30)
	which := &ussd.List[string]{
		Load:  func(context.Context, ussd.Request) ([]string, error) { return nil, ussd.Stop(long) },
		Label: func(s string) string { return s },
	}
	ask := &ussd.Prompt[string]{
		TextFunc: func(context.Context, ussd.Request) (string, error) {
			return "", fmt.Errorf("why: %w", ussd.Stop("Closed today."))
		},
		Parse: ussd.OneOf("x"),
	}
	m := ussd.NewMenu("x")
	m.Handle("list", ussd.Ask(which).Then(phoneNumber))
	m.Handle("prompt", ussd.Ask(ask).Then(phoneNumber))
	dialMenu(t, m.Serve, "").send("2").sees("END Closed today.")
	for _, start := range []string{"1", "1*1"} {
		s := dialMenu(t, m.Serve, start)
		got := ""
		for s.last.Continue {
			got += strings.TrimSuffix(s.last.Text, "\n98. More") + " "
			s.send("98")
		}
		if got += s.last.Text; got != strings.TrimSpace(long) {
			t.Errorf("%s shows %q", start, got)
		}
	}
	if err := ussd.Stop(long); strings.Contains(err.Error(), "words") {
		t.Errorf("error is %v", err)
	}
}

// 200 subscribers are inside the same function at the same time, and each is
// answered with what is its own.
func TestMenuManyAtOnce(t *testing.T) {
	t.Parallel()
	const subscribers = 200
	var inside sync.WaitGroup
	inside.Add(subscribers)
	m := bank(func(ussd.Request) {
		inside.Done()
		inside.Wait()
	})
	h := ussd.Handler(m.Serve)
	var all sync.WaitGroup
	for i := range subscribers {
		all.Go(func() {
			phone := ussdtest.New(t, h, ussdtest.WithPhoneNumber(fmt.Sprintf("+254722000%03d", i)))
			phone.Dial("*384*123#").Send("1").Send(fmt.Sprintf("0711000%03d", i)).Send(fmt.Sprint(100 + i)).Send("n").Send("1234").
				Ends(fmt.Sprintf("Sent KES %d.00 to +254711000%03d (n), PIN 1234", 100+i, i))
		})
	}
	all.Wait()
}

// Nobody gets at what another subscriber's hop has done, by claiming to be in the
// same session for instance.
func TestHopIDIsTheSubscribers(t *testing.T) {
	t.Parallel()
	seen := map[string]ussd.Request{}
	for _, r := range []ussd.Request{
		{SessionID: "a", PhoneNumber: "+254711000001", Text: "1"},
		{SessionID: "a", PhoneNumber: "+254711000002", Text: "1"},
		{SessionID: "a", PhoneNumber: "+254711000001", Text: "1*1234"},
		{SessionID: "b", PhoneNumber: "+254711000001", Text: "1"},
	} {
		id := r.HopID()
		if other, taken := seen[id]; taken || strings.Contains(id, "1234") || strings.Contains(id, "711") {
			t.Errorf("%+v has ID %s, as %+v", r, id, other)
		}
		seen[id] = r
	}
}
