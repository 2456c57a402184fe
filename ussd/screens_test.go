package ussd_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/state"
	"github.com/sautigo/africastalking/ussd"
	"github.com/sautigo/africastalking/ussd/ussdtest"
)

// A question leads to a menu, where the answer can be read, and home is the menu.
func TestPINThenMenu(t *testing.T) {
	t.Parallel()
	secret := &ussd.Prompt[string]{Text: "PIN", Parse: ussd.PIN(4), Explicit: true, Tries: 3}
	menu := ussd.NewMenu("")
	menu.SetTitleFunc(func(ctx context.Context, r ussd.Request) (string, error) { return "Hello " + secret.Value(ctx), nil })
	sub := ussd.NewMenu("Sub")
	sub.HandleFunc("Leaf", func(ctx context.Context, _ ussd.Request) (ussd.Response, error) {
		return ussd.Continue("leaf of " + secret.Value(ctx)), nil
	})
	menu.Handle("Sub", sub)
	flow := ussd.Ask(secret).To(menu)
	for _, serve := range []func(context.Context, ussd.Request) (ussd.Response, error){flow.Serve, (&ussd.App{Start: flow, Store: new(state.Memory)}).Serve} {
		dialMenu(t, serve, "").sees("PIN").send("12").sees("Enter your PIN of 4 digits. Tries left: 2\nPIN").
			send("1234").sees("Hello 1234\n1. Sub").send("1").sees("Sub\n1. Leaf\n0. Back").
			send("1").sees("leaf of 1234\n0. Back\n00. Home").send("00").sees("Hello 1234\n1. Sub").
			send("0").sees("Invalid choice.\nHello 1234\n1. Sub").send("1", "1").sees("leaf of 1234\n0. Back\n00. Home")
	}
	dialMenu(t, (&ussd.App{Start: flow}).Serve, "1234*1*1").sees("Please type this now.\nPIN").send("1234").sees("Hello 1234\n1. Sub")
}

// A question that is asked only if an earlier answer wants it, behind questions whose
// answers stay readable.
func TestBranch(t *testing.T) {
	t.Parallel()
	amount := &ussd.Prompt[int]{Text: "Amount", Parse: ussd.Int(1, 999)}
	reason := &ussd.Prompt[string]{Text: "Reason", Parse: ussd.OneOf("rent", "food")}
	done := func(ctx context.Context, _ ussd.Request) (ussd.Response, error) {
		return ussd.Endf("%d %s", amount.Value(ctx), reason.Value(ctx)), nil
	}
	large := ussd.Ask(reason).Then(done)
	flow := ussd.Ask(amount).To(ussd.Branch(func(ctx context.Context, _ ussd.Request) (ussd.Screen, error) {
		switch n := amount.Value(ctx); {
		case n == 13:
			return nil, ussd.Stop("Not that.")
		case n == 14:
			return nil, errors.New("boom")
		case n == 15:
			return nil, nil
		case n > 100:
			return large, nil
		}
		return ussd.ScreenFunc(done), nil
	}))
	m := ussd.NewMenu("M")
	m.Handle("Go", flow)
	dialMenu(t, m.Serve, "").send("1", "50").sees("END 50 ")
	dialMenu(t, m.Serve, "").send("1", "500").sees("Reason\n0. Back\n00. Home").send("0").sees("Amount\n0. Back").
		send("600", "food").sees("END 600 food")
	dialMenu(t, m.Serve, "").send("1", "13").sees("END Not that.")
	for _, in := range []string{"1*14", "1*15"} {
		if _, err := m.Serve(t.Context(), ussd.Request{Text: in}); err == nil {
			t.Errorf("%s: no error", in)
		}
	}
	start := ussd.Branch(func(context.Context, ussd.Request) (ussd.Screen, error) { return m, nil })
	dialMenu(t, start.Serve, "").sees("M\n1. Go").send("1", "50").sees("END 50 ")
	var loop ussd.Branch
	loop = func(context.Context, ussd.Request) (ussd.Screen, error) { return loop, nil }
	if _, err := loop.Serve(t.Context(), ussd.Request{}); err == nil {
		t.Error("a branch to itself: no error")
	}
	closed := ussd.Branch(func(context.Context, ussd.Request) (ussd.Screen, error) { return nil, ussd.Stop("Closed.") })
	dialMenu(t, closed.Serve, "").sees("END Closed.")
}

// Check decides with the context and the request; what it refuses is asked again in
// place, counts, and is not checked again on later hops.
func TestCheck(t *testing.T) {
	t.Parallel()
	checked := map[string]int{}
	ids := map[string]map[string]bool{}
	boom := fmt.Errorf("core bank: %w", errors.New("refused"))
	secret := &ussd.Prompt[string]{Text: "PIN", Parse: ussd.PIN(4), Explicit: true, Tries: 3}
	secret.Check = func(_ context.Context, r ussd.Request, pin string) error {
		checked[pin]++
		if ids[pin] == nil {
			ids[pin] = map[string]bool{}
		}
		ids[pin][r.HopID()] = true
		switch pin {
		case "1234":
			return nil
		case "0000":
			return boom
		case "9999":
			return ussd.Stop("Locked.")
		}
		return errors.New("Wrong PIN.")
	}
	again := &ussd.Prompt[string]{Text: "PIN again", Parse: ussd.PIN(4), Explicit: true}
	again.Check = func(ctx context.Context, _ ussd.Request, pin string) error {
		if pin != secret.Value(ctx) {
			return errors.New("That is another PIN.")
		}
		return nil
	}
	app := &ussd.App{Start: ussd.Ask(secret, again).Then(func(ctx context.Context, _ ussd.Request) (ussd.Response, error) {
		return ussd.End("in with " + again.Value(ctx)), nil
	})}
	dialMenu(t, app.Serve, "").send("1111").sees("Wrong PIN. Tries left: 2\nPIN").send("x").sees("Enter your PIN of 4 digits. Tries left: 1\nPIN").
		send("1234").sees("PIN again\n0. Back").send("4321").sees("That is another PIN.\nPIN again\n0. Back").send("1234").sees("END in with 1234")
	// Each hop is delivered twice; the wrong one is not checked on the hops behind it.
	if checked["1111"] != 2 {
		t.Errorf("the wrong PIN was checked %d times, want 2", checked["1111"])
	}
	for pin, seen := range ids {
		if len(seen) != 1 {
			t.Errorf("%s was checked under %d HopIDs, want 1", pin, len(seen))
		}
	}
	other := func(ctx context.Context, r ussd.Request) (ussd.Response, error) {
		r.SessionID = "ATUid_2"
		return app.Serve(ctx, r)
	}
	dialMenu(t, other, "").send("1111", "2222").sees("Wrong PIN. Tries left: 1\nPIN").send("3333").sees("END Too many tries. Please dial again later.")
	dialMenu(t, other, "").send("9999").sees("END Locked.")
	if res, err := app.Serve(t.Context(), ussd.Request{SessionID: "3", Text: "0000", Hop: "x~0"}); !errors.Is(err, boom) || res.Text != "" {
		t.Errorf("a check that fails: %+v, %v", res, err)
	}
	// Nothing that was dialled is checked: it would count as a wrong try.
	clear(checked)
	dialMenu(t, (&ussd.App{Start: app.Start}).Serve, "5555*6666").sees("Please type this now.\nPIN")
	if len(checked) != 0 {
		t.Errorf("checked what was dialled: %v", checked)
	}
}

// What was accepted and is refused now, such as a PIN that was changed in the session,
// leads to the start, and what was typed behind it is taken for no PIN.
func TestCheckChangesItsMind(t *testing.T) {
	t.Parallel()
	pin, checks := "1234", 0
	secret := &ussd.Prompt[string]{Text: "PIN", Parse: ussd.PIN(4), Explicit: true, Tries: 3}
	secret.Check = func(_ context.Context, _ ussd.Request, p string) error {
		if checks++; p != pin {
			return errors.New("Wrong PIN.")
		}
		return nil
	}
	amount := &ussd.Prompt[int]{Text: "Amount", Parse: ussd.Int(1, 9999)}
	menu := ussd.NewMenu("Menu")
	menu.Handle("Pay", ussd.Ask(amount).Then(func(context.Context, ussd.Request) (ussd.Response, error) { return ussd.End("paid"), nil }))
	s := dialMenu(t, ussd.Ask(secret).To(menu).Serve, "").send("1234", "1").sees("Amount\n0. Back")
	pin, checks = "4321", 0
	s.send("5000").sees(changed + "PIN")
	if checks > 2 {
		t.Errorf("checked %d times", checks)
	}
	s.send("4321").sees("Menu\n1. Pay")
}

// Serve inside a screen is an error that says what to write, and runs nothing.
func TestNestedServe(t *testing.T) {
	t.Parallel()
	ran := false
	inner := ussd.NewMenu("Inner")
	inner.HandleFunc("Withdraw", func(context.Context, ussd.Request) (ussd.Response, error) { ran = true; return ussd.End("x"), nil })
	app := &ussd.App{Start: inner}
	flow := ussd.Ask().To(inner)
	branch := ussd.Branch(func(context.Context, ussd.Request) (ussd.Screen, error) { return inner, nil })
	for name, serve := range map[string]func(context.Context, ussd.Request) (ussd.Response, error){
		"menu": inner.Serve, "app": app.Serve, "flow": flow.Serve, "branch": branch.Serve,
	} {
		outer := ussd.NewMenu("Outer")
		outer.HandleFunc("Go", func(ctx context.Context, r ussd.Request) (ussd.Response, error) {
			ctx, cancel := context.WithTimeout(ctx, time.Minute)
			defer cancel()
			r.Text = ""
			return serve(ctx, r)
		})
		_, err := outer.Serve(t.Context(), ussd.Request{Text: "1*1"})
		if err == nil || !strings.Contains(err.Error(), "Branch") || ran {
			t.Errorf("%s: error %v, ran %v", name, err, ran)
		}
	}
}

// What is wrong with an App is an error on each hop.
func TestAppErrors(t *testing.T) {
	t.Parallel()
	for name, app := range map[string]*ussd.App{
		"no start":   {},
		"nil menu":   {Start: (*ussd.Menu)(nil)},
		"code":       {Start: classic(), ServiceCode: "384"},
		"low limit":  {Start: classic(), Limits: map[africastalking.Network]int{africastalking.SafaricomKenya: 99}},
		"high limit": {Start: classic(), Limits: map[africastalking.Network]int{africastalking.SafaricomKenya: 183}},
		"no key":     {Start: classic(), Texts: ussd.Texts{More: ussd.Key{Key: "#"}}},
		"one key":    {Start: classic(), Texts: ussd.Texts{Back: ussd.Key{Key: "98"}}},
		"long keys":  {Start: classic(), Texts: ussd.Texts{Back: ussd.Key{Label: strings.Repeat("b", 30)}}},
	} {
		for range 2 {
			if res, err := app.Serve(t.Context(), ussd.Request{}); err == nil || !strings.HasPrefix(err.Error(), "ussd: ") || res != (ussd.Response{}) {
				t.Errorf("%s: %+v, %v", name, res, err)
			}
		}
	}
}

// The app's texts, and those of a menu before them.
func TestAppTexts(t *testing.T) {
	t.Parallel()
	sure := ussd.Confirm(func(context.Context, ussd.Request) (string, error) { return "Hakika?", nil })
	sub := ussd.NewMenu("Sub")
	sub.SetTexts(ussd.Texts{Yes: "Ee"})
	sub.Handle("Go", ussd.Ask(sure).Then(phoneNumber))
	m := ussd.NewMenu("M")
	m.Handle("Sub", sub)
	m.Handle("Go", ussd.Ask(sure).Then(phoneNumber))
	app := &ussd.App{Start: m, Texts: ussd.Texts{Yes: "Ndiyo", No: "Hapana", Cancelled: "Basi.", Back: ussd.Key{Label: "Rudi"}}}
	dialMenu(t, app.Serve, "").send("2").sees("Hakika?\n1. Ndiyo\n2. Hapana\n0. Rudi").send("2").sees("END Basi.")
	dialMenu(t, app.Serve, "").send("1", "1").sees("Hakika?\n1. Ee\n2. Hapana\n0. Rudi\n00. Home")
}

// Titles that are made at run time.
func TestTitleFuncs(t *testing.T) {
	t.Parallel()
	n := 0
	which := &ussd.List[string]{Title: "unused", Load: func(context.Context, ussd.Request) ([]string, error) { return []string{"a"}, nil },
		Label: func(s string) string { return s }, TitleFunc: func(context.Context, ussd.Request) (string, error) { n++; return fmt.Sprint("Now ", n), nil }}
	serve := ussd.Ask(which).Then(phoneNumber).Serve
	for want := range 3 {
		res, err := serve(t.Context(), ussd.Request{SessionID: fmt.Sprint(want)})
		if got := fmt.Sprintf("Now %d\n1. a", want+1); res.Text != got || err != nil {
			t.Errorf("got %q, %v", res.Text, err)
		}
	}
	boom := errors.New("boom")
	m := ussd.NewMenu("")
	m.SetTitleFunc(func(context.Context, ussd.Request) (string, error) { return "", boom })
	m.HandleFunc("a", phoneNumber)
	if _, err := m.Serve(t.Context(), ussd.Request{}); err != boom {
		t.Errorf("error %v", err)
	}
}

// Drawings and Walk know all screens.
func TestScreensAreDrawn(t *testing.T) {
	t.Parallel()
	secret := &ussd.Prompt[string]{Text: "PIN", Parse: ussd.PIN(4), Explicit: true}
	sure := ussd.Confirm(func(context.Context, ussd.Request) (string, error) { return "Sure?", nil })
	menu := ussd.NewMenu("Menu")
	menu.Handle("Pay", ussd.Ask(sure).ThenOnce(func(context.Context, ussd.Request) (ussd.Response, error) { return ussd.End("Paid"), nil }))
	menu.Handle("More", ussd.Ask(secret).To(func() ussd.Screen { m := ussd.NewMenu("Inner"); m.HandleFunc("Leaf", phoneNumber); return m }()))
	menu.Handle("Which", ussd.Branch(func(context.Context, ussd.Request) (ussd.Screen, error) { return ussd.ScreenFunc(phoneNumber), nil }))
	app := &ussd.App{Start: ussd.Ask(secret).To(menu)}
	const want = `? PIN Menu
├─ 1. Pay ? …
├─ 2. More ? PIN
│  └─ 1. Leaf
└─ 3. Which ◇
`
	if diff := cmp.Diff(want, app.String()); diff != "" {
		t.Errorf("String (-want +got):\n%s", diff)
	}
	const chart = `flowchart LR
  n0[/"PIN"/]
  n1["Menu"]
  n2[/"…"/]
  n1 -->|"1. Pay"| n2
  n3(["Pay"])
  n2 --> n3
  n4[/"PIN"/]
  n1 -->|"2. More"| n4
  n5["Inner"]
  n6(["Leaf"])
  n5 -->|"1. Leaf"| n6
  n4 --> n5
  n7{"Which"}
  n1 -->|"3. Which"| n7
  n0 --> n1
`
	if diff := cmp.Diff(chart, app.Mermaid()); diff != "" {
		t.Errorf("Mermaid (-want +got):\n%s", diff)
	}
	tour := ussdtest.Walk(t, ussd.Handler(app.Serve), ussdtest.WithInputs(func(screen string) []string {
		if strings.Contains(screen, "PIN") {
			return []string{"1234"}
		}
		return nil
	}))
	if got := len(tour.Screens()); got < 8 || !tour.Complete {
		t.Errorf("the walk saw %d screens:\n%s", got, tour)
	}
}

// Typed at once at a later screen, an explicit answer is none: the subscriber has not
// seen the question.
func TestExplicitTypedAhead(t *testing.T) {
	t.Parallel()
	runs := 0
	m := ussd.NewMenu("M")
	m.Handle("Pay", ussd.Ask(ussd.Confirm(func(context.Context, ussd.Request) (string, error) { return "Pay?", nil })).
		ThenOnce(func(context.Context, ussd.Request) (ussd.Response, error) { runs++; return ussd.End("Paid"), nil }))
	const ask = "Please type this now.\nPay?\n1. Yes\n2. No\n0. Back"
	for _, echo := range []bool{true, false} {
		app := &ussd.App{Start: m, Store: new(state.Memory)}
		s := dialMenu(t, func(ctx context.Context, r ussd.Request) (ussd.Response, error) {
			if !echo {
				r.Hop = ""
			}
			return app.Serve(ctx, r)
		}, "").send("1*1").sees(ask)
		s.send("9*1").sees(ask).send("9").sees("Invalid choice.\nPay?\n1. Yes\n2. No\n0. Back")
		if runs != 0 {
			t.Fatalf("echo %v: ran", echo)
		}
	}
}

// Under Stateful, an answer with a "*" in it is one answer, on this hop and on later ones.
func TestStarsUnderStateful(t *testing.T) {
	t.Parallel()
	for _, echo := range []bool{true, false} {
		text := &ussd.Prompt[string]{Text: "Note", Parse: func(s string) (string, error) { return s, nil }}
		amount := &ussd.Prompt[int]{Text: "Amount", Parse: ussd.Int(1, 99)}
		m := ussd.NewMenu("M")
		m.Handle("Go", ussd.Ask(text, amount).Then(func(ctx context.Context, _ ussd.Request) (ussd.Response, error) {
			return ussd.Continuef("%q %d", text.Value(ctx), amount.Value(ctx)), nil
		}))
		app := &ussd.App{Start: m, Store: new(state.Memory)}
		serve := ussd.Stateful(new(state.Memory), func(ctx context.Context, r ussd.Request, _ *int) (ussd.Response, error) {
			if !echo {
				r.Hop = ""
			}
			return app.Serve(ctx, r)
		})
		dialMenu(t, serve, "").send("1", "a*7").sees("Amount\n0. Back\n00. Home").send("1*2").sees("Enter a number from 1 to 99.\nAmount\n0. Back\n00. Home").
			send("5").sees("\"a*7\" 5\n0. Back\n00. Home").send("0").sees("Amount\n0. Back\n00. Home").send("6").sees("\"a*7\" 6\n0. Back\n00. Home")
		s := dialMenu(t, func(ctx context.Context, r ussd.Request) (ussd.Response, error) {
			r.SessionID = "ATUid_2"
			return serve(ctx, r)
		}, "")
		s.send("1*1").sees("Invalid choice.\nM\n1. Go")
	}
}

// A hop in the middle of a session whose record is lost is ErrLost, whether or not the
// app sets hop metadata.
func TestStatefulLostInTheMiddle(t *testing.T) {
	t.Parallel()
	for name, hop := range map[string]string{"none": "", "own": "home"} {
		fn := func(_ context.Context, r ussd.Request, n *int) (ussd.Response, error) {
			if r.Hop != "" && r.Hop != hop {
				t.Errorf("%s: the app sees the metadata %q", name, r.Hop)
			}
			*n++
			return ussd.Continuef("hop %d", *n).WithHop(hop), nil
		}
		s := dialMenu(t, ussd.Stateful(new(state.Memory), fn), "").send("1")
		s.r.Text, s.r.Hop = s.r.Text+"*2", s.last.Hop
		if _, err := ussd.Stateful(new(state.Memory), fn)(t.Context(), s.r); !errors.Is(err, ussd.ErrLost) {
			t.Errorf("%s: error %v", name, err)
		}
		if got := ussd.HopName(s.last.Hop); got != hop {
			t.Errorf("%s: name %q", name, got)
		}
	}
}

// A screen that comes with an error is an answer to Stateful and to Resume.
func TestStatefulScreenError(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	runs := 0
	serve := ussd.Resume(new(state.Memory), ussd.Stateful(new(state.Memory), func(_ context.Context, r ussd.Request, n *int) (ussd.Response, error) {
		runs++
		*n++
		return ussd.Response{}, &ussd.ScreenError{Screen: ussd.Continuef("hop %d", *n), Err: boom}
	}))
	r := ussd.Request{SessionID: "s", PhoneNumber: "p"}
	for i, text := range []string{"", "", "1", "1", "1*2"} {
		r.Text = text
		res, err := serve(t.Context(), r)
		if shown := new(ussd.ScreenError); errors.As(err, &shown) {
			res = shown.Screen
		}
		want := []string{"hop 1", "hop 1", "hop 2", "hop 2", "hop 3"}[i]
		if res.Text != want || errors.Is(err, boom) != (i%2 == 0) {
			t.Errorf("hop %d: %q, %v", i, res.Text, err)
		}
	}
	if runs != 3 {
		t.Errorf("ran %d times", runs)
	}
}

// Resume passes no explicit answer on, whoever holds the phone then, and goes on behind
// it; what was typed to it is in no store, nor can it be guessed from what is.
func TestResumePassesNoPIN(t *testing.T) {
	t.Parallel()
	play := func(pin, amount string) (data []string, screens []string) {
		store := &records{Store: new(state.Memory), keys: map[string]bool{}}
		secret := &ussd.Prompt[string]{Text: "PIN", Parse: ussd.PIN(4), Explicit: true, Tries: 3,
			Check: func(_ context.Context, _ ussd.Request, p string) error {
				if p == "0000" || p == "9999" {
					return errors.New("Wrong.")
				}
				return nil
			}}
		sum := &ussd.Prompt[int]{Text: "Amount", Parse: ussd.Int(1, 9999)}
		m := ussd.NewMenu("M")
		m.Handle("Go", ussd.Ask(secret, sum, ussd.Confirm(func(context.Context, ussd.Request) (string, error) { return "Sure?", nil })).
			ThenOnce(func(ctx context.Context, _ ussd.Request) (ussd.Response, error) { return ussd.Continue("done"), nil }))
		app := &ussd.App{Start: m, Store: store}
		serve := ussd.Resume(store, ussd.Stateful(store, func(ctx context.Context, r ussd.Request, _ *int) (ussd.Response, error) {
			return app.Serve(ctx, r)
		}))
		var last ussd.Response
		session := func(id string, inputs ...string) {
			r := ussd.Request{SessionID: id, PhoneNumber: "+254711000001", ServiceCode: "*384*123#"}
			for i := -1; i < len(inputs); i++ {
				if i >= 0 {
					r.Text = strings.TrimPrefix(r.Text+"*"+inputs[i], "*")
				}
				for range 2 {
					res, err := serve(t.Context(), r)
					if err != nil {
						t.Fatalf("%s: %v", r.Text, err)
					}
					last = res
				}
				r.Hop = last.Hop
				screens = append(screens, last.Text)
			}
		}
		session("a", "1", pin[:1]+pin[1:], amount)
		session("b", "1#", pin, amount, "1")
		return store.data, screens
	}
	data, screens := play("4321", "500")
	want := []string{
		"M\n1. Go", "PIN\n0. Back", "Amount\n0. Back\n00. Home", "Sure?\n1. Yes\n2. No\n0. Back\n00. Home",
		"You were interrupted.\n1. Continue\n2. Start again", "Please type this now.\nPIN\n0. Back", "Amount\n0. Back\n00. Home",
		"Sure?\n1. Yes\n2. No\n0. Back\n00. Home", "done\n0. Back",
	}
	if diff := cmp.Diff(want, screens); diff != "" {
		t.Errorf("screens (-want +got):\n%s", diff)
	}
	other, _ := play("8765", "500")
	if diff := cmp.Diff(timeless(t, data), timeless(t, other)); diff != "" {
		t.Errorf("the store tells two PINs apart (-one +other):\n%s", diff)
	}
	for _, d := range timeless(t, data) {
		if strings.Contains(d, "4321") || strings.Contains(d, "NDMyMQ") {
			t.Errorf("the store has the PIN: %s", d)
		}
	}
}

// timeless returns records without the times and the random numbers in them.
func timeless(t *testing.T, data []string) []string {
	t.Helper()
	var strip func(v any) any
	strip = func(v any) any {
		switch v := v.(type) {
		case map[string]any:
			for _, key := range []string{"at", "until", "token"} {
				delete(v, key)
			}
			for k := range v {
				v[k] = strip(v[k])
			}
		case []any:
			for i := range v {
				v[i] = strip(v[i])
			}
		}
		return v
	}
	out := make([]string, len(data))
	for i, d := range data {
		var v any
		if err := json.Unmarshal([]byte(d), &v); err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(strip(v))
		if err != nil {
			t.Fatal(err)
		}
		out[i] = string(b)
	}
	return out
}

// Labels from elsewhere stay one line, and no page begins as another item does.
func TestLabelsOfStrangers(t *testing.T) {
	t.Parallel()
	for _, c := range []string{"\n", "\r", "\r\n", "\f", "\v", "\u0085", "\u2028", "\u2029", "\x00", "\x1b", "\n\n"} {
		m := bills(func() []bill { return []bill{{"a", "Water" + c + "2. Landlord"}, {"b", "Rent"}} })
		dialMenu(t, m.Serve, "1").sees("Which bill\n1. Water 2. Landlord\n2. Rent\n0. Back")
	}
	for _, fake := range []string{"3. Landlord", "3) Landlord", "3: Landlord", "3.Landlord", "0. Back", "  3. Landlord"} {
		for n := 60; n < 200; n++ {
			m := bills(func() []bill {
				return []bill{{"a", "Amina"}, {"b", "Fundi " + strings.Repeat("x", n) + " " + fake + " KES 9000"}}
			})
			s := dialMenu(t, m.Serve, "1")
			for strings.Contains(s.last.Text, "98. More") {
				if s.send("98"); strings.HasPrefix(strings.TrimSpace(s.last.Text), strings.TrimSpace(fake)) {
					t.Fatalf("%q after %d letters: page %q", fake, n, s.last.Text)
				}
			}
		}
	}
}

// A body full of the key for more costs next to nothing, and calls nothing.
func TestManyInputs(t *testing.T) {
	t.Parallel()
	calls := 0
	items := make([]string, 1000)
	for i := range items {
		items[i] = fmt.Sprint("Item number ", i)
	}
	list := &ussd.List[string]{Title: "Which", Label: func(s string) string { return s },
		Load: func(context.Context, ussd.Request) ([]string, error) { calls++; return items, nil }}
	prompt := &ussd.Prompt[int]{Parse: ussd.Int(1, 50), TextFunc: func(context.Context, ussd.Request) (string, error) {
		calls++
		return strings.Repeat("word ", 500), nil
	}}
	m := ussd.NewMenu("M")
	m.Handle("List", ussd.Ask(list).Then(phoneNumber))
	m.Handle("Prompt", ussd.Ask(prompt).Then(phoneNumber))
	h := ussd.Handler(m.Serve)
	for _, first := range []string{"1", "2"} {
		for n, most := range map[int]int{199: 1, 200: 0, 21_000: 0} {
			calls = 0
			text := first + strings.Repeat("*98", n)
			form := "sessionId=s&phoneNumber=%2B254711000001&networkCode=63902&serviceCode=%2A384%23&text=" + text
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(form))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if calls > most {
				t.Errorf("%s with %d times 98: %d calls, want at most %d", first, n, calls, most)
			}
			if most == 0 && w.Body.String() != "END Too many tries. Please dial again later." {
				t.Errorf("%s with %d times 98: %q", first, n, w.Body)
			}
		}
	}
}

// Parse is called once in a hop for an input and for a key that a question may take.
func TestParseCalls(t *testing.T) {
	t.Parallel()
	calls := map[string]int{}
	var qs []ussd.Question
	for i := range 5 {
		qs = append(qs, &ussd.Prompt[int]{
			TextFunc: func(context.Context, ussd.Request) (string, error) { return fmt.Sprint("Q", i), nil },
			Parse:    func(s string) (int, error) { calls[fmt.Sprint(i, " ", s)]++; return ussd.Int(1, 9999)(s) },
		})
	}
	serve := ussd.Ask(qs...).Then(phoneNumber).Serve
	r := ussd.Request{SessionID: "s"}
	for _, in := range []string{"", "7", "7*98", "7*98*98", "7*98*98*x", "7*98*98*x*000"} {
		clear(calls)
		r.Text = in
		res, err := serve(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		r.Hop = res.Hop
		for what, n := range calls {
			if n > 1 {
				t.Errorf("%q: Parse was called %d times for %s", in, n, what)
			}
		}
	}
}
