package ussd_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking/internal/callbacktest"
	"github.com/sautigo/africastalking/state"
	"github.com/sautigo/africastalking/ussd"
	"github.com/sautigo/africastalking/ussd/ussdtest"
	"github.com/sautigo/africastalking/webhook"
)

const inDoubt = "We could not confirm this. It may have been done: please check before you try again."

// biller has a menu that pays one of its open bills, which goes when it is paid.
type biller struct {
	open []string
	paid []string
	fail error // of the next payment
	keep string
}

func (b *biller) app(store state.Store) *ussd.App {
	which := &ussd.List[string]{Title: "Which", Load: func(context.Context, ussd.Request) ([]string, error) { return b.open, nil },
		Label: func(s string) string { return s }}
	sure := ussd.Confirm(func(ctx context.Context, _ ussd.Request) (string, error) { return "Pay " + which.Value(ctx) + "?", nil })
	secret := &ussd.Prompt[string]{Text: "PIN", Parse: ussd.PIN(4), Explicit: true}
	m := ussd.NewMenu("Bills")
	m.Handle("Pay", ussd.Ask(which, sure, secret).ThenOnce(func(ctx context.Context, r ussd.Request) (ussd.Response, error) {
		if b.fail != nil {
			return ussd.Response{}, b.fail
		}
		v := which.Value(ctx)
		b.paid = append(b.paid, v)
		b.open = slices.DeleteFunc(slices.Clone(b.open), func(o string) bool { return o == v })
		if b.keep != "" {
			return ussd.Continue(b.keep), nil
		}
		return ussd.End("Paid " + v), nil
	}))
	return &ussd.App{Start: m, Store: store}
}

// A payment is made once and says so on every delivery, although what was paid is gone
// from the list by then, on accounts with and without metadata.
func TestThenOnce(t *testing.T) {
	t.Parallel()
	for _, echo := range []bool{true, false} {
		b := &biller{open: []string{"Water", "Power"}}
		app := b.app(new(state.Memory))
		serve := func(ctx context.Context, r ussd.Request) (ussd.Response, error) {
			if !echo {
				r.Hop = ""
			}
			return app.Serve(ctx, r)
		}
		s := dialMenu(t, serve, "1*1*1*1234").sees("Please type this now.\nPay Water?\n1. Yes\n2. No\n0. Back\n00. Home")
		s.send("2").sees("END Cancelled. Nothing was done.")
		s = dialMenu(t, func(ctx context.Context, r ussd.Request) (ussd.Response, error) {
			r.SessionID = "ATUid_2"
			return serve(ctx, r)
		}, "").send("1", "1", "1", "1234").sees("END Paid Water")
		s.hop()
		s.sees("END Paid Water")
		if diff := cmp.Diff([]string{"Water"}, b.paid); diff != "" {
			t.Errorf("echo %v: paid (-want +got):\n%s", echo, diff)
		}
	}
}

// Nothing leads back from a receipt to what was paid; its pages are kept.
func TestReceipt(t *testing.T) {
	t.Parallel()
	for _, echo := range []bool{true, false} {
		b := &biller{open: []string{"Water", "Power"}, keep: "Paid." + strings.Repeat(" Thank you very much.", 10)}
		app := b.app(new(state.Memory))
		s := dialMenu(t, func(ctx context.Context, r ussd.Request) (ussd.Response, error) {
			if !echo {
				r.Hop = ""
			}
			return app.Serve(ctx, r)
		}, "").send("1", "1", "1", "1234")
		first := s.last.Text
		s.send("98")
		second := s.last.Text
		if !strings.HasPrefix(first, "Paid. Thank") || !strings.HasSuffix(second, "Thank you very much.\n0. Back") {
			t.Errorf("pages are %q and %q", first, second)
		}
		s.send("0").sees(first)
		s.send("1", "1234").send("x")
		if !strings.HasPrefix(s.last.Text, "Invalid choice.\nPaid. Thank") {
			t.Errorf("after a wrong choice: %q", s.last.Text)
		}
		if s.send("0"); s.last.Text != "Bills\n1. Pay" {
			t.Errorf("back from the receipt: %q", s.last.Text)
		}
		s.send("1234").sees("Invalid choice.\nBills\n1. Pay").send("1").sees("Which\n1. Power\n0. Back")
		if diff := cmp.Diff([]string{"Water"}, b.paid); diff != "" {
			t.Errorf("paid (-want +got):\n%s", diff)
		}
		s.send("1", "1", "1234", "00").sees("Bills\n1. Pay")
		if diff := cmp.Diff([]string{"Water", "Power"}, b.paid); diff != "" {
			t.Errorf("paid (-want +got):\n%s", diff)
		}
	}
}

// What an error of the function means, on the first delivery and on the second.
func TestThenOnceFails(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	for name, tt := range map[string]struct {
		err          error
		first, again string
		firstErr     error
		againErr     error
	}{
		"refusal":         {ussd.Stop("No money."), "No money.", "No money.", nil, nil},
		"nothing done":    {fmt.Errorf("bank: %w", state.ErrNotDone), "", "Paid Water", state.ErrNotDone, nil},
		"told and undone": {&ussd.ScreenError{Screen: ussd.End("Closed."), Err: state.ErrNotDone}, "Closed.", "Paid Water", state.ErrNotDone, nil},
		"in doubt":        {boom, inDoubt, inDoubt, boom, state.ErrInDoubt},
		"doubt in words":  {&ussd.ScreenError{Screen: ussd.End("Call us."), Err: boom}, "Call us.", "Call us.", boom, state.ErrInDoubt},
	} {
		b := &biller{open: []string{"Water"}}
		serve := b.app(new(state.Memory)).Serve
		s := dialMenu(t, serve, "").send("1", "1", "1")
		s.r.Text, s.r.Hop = s.r.Text+"*1234", s.last.Hop
		for i, want := range []struct {
			text string
			err  error
		}{{tt.first, tt.firstErr}, {tt.again, tt.againErr}, {tt.again, tt.againErr}} {
			b.fail = nil
			if i == 0 {
				b.fail = tt.err
			}
			res, err := serve(t.Context(), s.r)
			if shown := new(ussd.ScreenError); errors.As(err, &shown) {
				res = shown.Screen
			}
			if res.Text != want.text || !errors.Is(err, want.err) {
				t.Errorf("%s, delivery %d: %q and error %v; want %q and %v", name, i, res.Text, err, want.text, want.err)
			}
		}
		if len(b.paid) > 1 {
			t.Errorf("%s: paid %d times", name, len(b.paid))
		}
	}
}

// A function that ends without a screen, or with a panic, leaves it in doubt.
func TestThenOnceWithoutScreen(t *testing.T) {
	t.Parallel()
	for name, fn := range map[string]func() ussd.Response{
		"no screen": func() ussd.Response { return ussd.Response{} },
		"panic":     func() ussd.Response { panic("boom") },
	} {
		runs := 0
		m := ussd.NewMenu("M")
		m.Handle("Pay", ussd.Ask().ThenOnce(func(context.Context, ussd.Request) (ussd.Response, error) { runs++; return fn(), nil }))
		h := ussd.Handler(m.Serve, webhook.WithLogger(slog.New(slog.NewTextHandler(io.Discard, nil))))
		p := ussdtest.New(t, h).Dial("").Send("1")
		p.Again().Ends(inDoubt)
		if runs != 1 {
			t.Errorf("%s: ran %d times", name, runs)
		}
	}
}

// Another hop in the same place, which only a forger sends.
func TestThenOnceConflict(t *testing.T) {
	t.Parallel()
	runs := 0
	amount := &ussd.Prompt[int]{Text: "Amount", Parse: ussd.Int(1, 999)}
	secret := &ussd.Prompt[string]{Text: "PIN", Parse: ussd.PIN(4), Explicit: true}
	pay := ussd.Ask(amount, secret).ThenOnce(func(ctx context.Context, _ ussd.Request) (ussd.Response, error) {
		runs++
		return ussd.Endf("Paid %d", amount.Value(ctx)), nil
	})
	m := ussd.NewMenu("M")
	m.Handle("Pay", pay)
	m.Handle("Give", pay)
	app := &ussd.App{Start: m, Store: new(state.Memory)}
	for _, tt := range []struct{ text, want string }{{"1*500*1234", "Paid 500"}, {"1*500*9999", "Paid 500"}, {"1*501*1234", ""}, {"2*500*1234", ""}} {
		res, err := app.Serve(t.Context(), ussd.Request{SessionID: "s", Text: tt.text, Hop: "x~0"})
		if res.Text != tt.want || errors.Is(err, ussd.ErrConflict) != (tt.want == "") {
			t.Errorf("%s: %q, %v", tt.text, res.Text, err)
		}
	}
	if runs != 1 {
		t.Errorf("ran %d times", runs)
	}
}

// Many copies at once, on two machines: one runs, and all say the same.
func TestThenOnceAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := new(state.Memory)
		var mu sync.Mutex
		runs := 0
		machine := func() *ussd.App {
			return &ussd.App{Store: store, Start: ussd.Ask(ussd.Confirm(func(context.Context, ussd.Request) (string, error) { return "Sure?", nil })).
				ThenOnce(func(context.Context, ussd.Request) (ussd.Response, error) {
					time.Sleep(time.Second)
					mu.Lock()
					defer mu.Unlock()
					runs++
					return ussd.Endf("run %d", runs), nil
				})}
		}
		machines := []*ussd.App{machine(), machine()}
		first, err := machines[0].Serve(t.Context(), ussd.Request{SessionID: "s"})
		if err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		for i := range 20 {
			all.Go(func() {
				res, err := machines[i%2].Serve(t.Context(), ussd.Request{SessionID: "s", Text: "1", Hop: first.Hop})
				if res.Text != "run 1" || err != nil {
					t.Errorf("copy %d: %q, %v", i, res.Text, err)
				}
			})
		}
		all.Wait()
	})
}

// The registration changes what the session starts with. Its copies still say welcome,
// and back from it leads to the menu.
func TestRegisteredOrNot(t *testing.T) {
	t.Parallel()
	for _, echo := range []bool{true, false} {
		names := map[string]string{}
		name := &ussd.Prompt[string]{Text: "Your name", Parse: func(s string) (string, error) { return s, nil }}
		register := ussd.Ask(name).ThenOnce(func(ctx context.Context, r ussd.Request) (ussd.Response, error) {
			names[r.PhoneNumber] = name.Value(ctx)
			return ussd.Continue("Welcome, " + name.Value(ctx)), nil
		})
		menu := ussd.NewMenu("Menu")
		menu.HandleFunc("Who", func(_ context.Context, r ussd.Request) (ussd.Response, error) {
			return ussd.End(names[r.PhoneNumber]), nil
		})
		app := &ussd.App{Start: ussd.Branch(func(_ context.Context, r ussd.Request) (ussd.Screen, error) {
			if names[r.PhoneNumber] == "" {
				return register, nil
			}
			return menu, nil
		})}
		s := dialMenu(t, func(ctx context.Context, r ussd.Request) (ussd.Response, error) {
			if !echo {
				r.Hop = ""
			}
			return app.Serve(ctx, r)
		}, "").sees("Your name").send("Amina").sees("Welcome, Amina\n0. Back")
		s.hop()
		s.sees("Welcome, Amina\n0. Back").send("0").sees("Menu\n1. Who").send("1").sees("END Amina")
	}
}

// The receipt is there on the next hop, or the session is lost: nothing is guessed.
func TestReceiptIsLost(t *testing.T) {
	t.Parallel()
	b := &biller{open: []string{"Water"}, keep: "Paid."}
	s := dialMenu(t, b.app(new(state.Memory)).Serve, "").send("1", "1", "1", "1234").sees("Paid.\n0. Back")
	s.r.Text, s.r.Hop = s.r.Text+"*0", s.last.Hop
	if _, err := b.app(new(state.Memory)).Serve(t.Context(), s.r); !errors.Is(err, ussd.ErrLost) {
		t.Errorf("got error %v", err)
	}
}

// A screen that comes with an error is shown, and the error is logged and observed.
func TestScreenError(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	serve := func(err error) (string, string, error) {
		m := ussd.NewMenu("M")
		m.HandleFunc("Pay", func(context.Context, ussd.Request) (ussd.Response, error) { return ussd.Response{}, err })
		var log bytes.Buffer
		var seen error
		h := ussd.Handler(m.Serve, webhook.WithLogger(slog.New(slog.NewTextHandler(&log, nil))),
			webhook.WithObserver(func(_ context.Context, o webhook.Observation) { seen = o.Err }),
			webhook.WithFallbackFor(func(r ussd.Request, _ error) webhook.Reply { return ussd.End("Pole, " + r.PhoneNumber) }))
		p := ussdtest.New(t, h, ussdtest.WithPhoneNumber("+254711000001")).Dial("")
		log.Reset()
		seen = nil
		return p.Send("1").Screen(), log.String(), seen
	}
	for name, tt := range map[string]struct {
		err    error
		screen string
		logged bool
	}{
		"screen":          {&ussd.ScreenError{Screen: ussd.End("Call us."), Err: boom}, "Call us.", true},
		"screen and keys": {fmt.Errorf("x: %w", &ussd.ScreenError{Screen: ussd.Continue("Call us."), Err: boom}), "Call us.\n0. Back", true},
		"no text":         {&ussd.ScreenError{Err: boom}, "Pole, +254711000001", true},
		"no screen":       {boom, "Pole, +254711000001", true},
		"stop":            {ussd.Stop("Closed."), "Closed.", false},
	} {
		screen, log, seen := serve(tt.err)
		if screen != tt.screen || strings.Contains(log, "boom") != tt.logged || errors.Is(seen, boom) != tt.logged {
			t.Errorf("%s: shows %q, logs %q, observes %v", name, screen, log, seen)
		}
	}
	// Without a menu it is the same.
	h := ussd.Handler(func(context.Context, ussd.Request) (ussd.Response, error) {
		return ussd.Response{}, ussd.Stop("Closed.")
	})
	ussdtest.New(t, h).Dial("").Ends("Closed.")
}

// A copy that waits for the payment, or for what it has done where the menu has changed, says
// in time that it is in doubt. So does a function that heeds its context.
func TestThenOnceWaitsForAnother(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		heeds, renamed bool
		want           []string
	}{
		"copy":                            {false, false, []string{ussd.Apology, inDoubt}},
		"copy to another menu":            {false, true, []string{ussd.Apology, inDoubt}},
		"function that heeds its context": {true, false, []string{inDoubt, inDoubt}},
	} {
		for range 20 { // it was chance
			synctest.Test(t, func(t *testing.T) {
				store := new(state.Memory)
				app := func(label string) *ussd.App {
					m := ussd.NewMenu("M")
					m.Handle(label, ussd.Ask().ThenOnce(func(ctx context.Context, _ ussd.Request) (ussd.Response, error) {
						wait := make(<-chan struct{})
						if tt.heeds {
							wait = ctx.Done()
						}
						select {
						case <-time.After(20 * time.Second):
							return ussd.End("Paid"), nil
						case <-wait:
							return ussd.Response{}, ctx.Err()
						}
					}))
					return &ussd.App{Start: m, Store: store}
				}
				apps := []*ussd.App{app("Pay"), app("Pay")}
				if tt.renamed {
					apps[1] = app("Pay now")
				}
				r := ussd.Request{SessionID: "s", PhoneNumber: "p", NetworkCode: "63902"}
				first, err := apps[0].Serve(t.Context(), r)
				if err != nil {
					t.Fatal(err)
				}
				shown := make([]string, 2)
				var copies sync.WaitGroup
				for i, app := range apps {
					copies.Go(func() {
						time.Sleep(time.Duration(i) * time.Second)
						form := url.Values{"sessionId": {"s"}, "phoneNumber": {"p"}, "serviceCode": {"*1#"}, "text": {"1"}}
						post := callbacktest.Post("/", callbacktest.FormType, form.Encode())
						post.Header.Set(ussd.HopMetadataHeader, first.Hop)
						// All that a gateway waits for, from the first copy on.
						ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second-time.Duration(i)*time.Second)
						defer cancel()
						w := httptest.NewRecorder()
						ussd.Handler(app.Serve, callbacktest.Quiet()).ServeHTTP(w, post.WithContext(ctx))
						shown[i] = strings.TrimPrefix(w.Body.String(), "END ")
					})
				}
				copies.Wait()
				time.Sleep(time.Minute)
				if diff := cmp.Diff(tt.want, shown); diff != "" {
					t.Fatalf("%s: shown (-want +got):\n%s", name, diff)
				}
			})
		}
	}
}

// A copy of a payment hop is answered with the receipt, although what was paid makes its
// last answer one that is refused by now, or the question one that cannot be asked.
func TestReceiptBehindARefusal(t *testing.T) {
	t.Parallel()
	type bank struct {
		balance int
		owed    []string
		paid    int
	}
	amount := func(b *bank, most int) *ussd.Prompt[int] {
		return &ussd.Prompt[int]{Text: "How much?", Parse: ussd.Int(1, most), Tries: 2,
			Check: func(_ context.Context, _ ussd.Request, v int) error {
				if v > b.balance {
					return errors.New("You have too little.")
				}
				return nil
			}}
	}
	owed := func(b *bank, none error) *ussd.List[string] {
		return &ussd.List[string]{Title: "Which?", Label: func(s string) string { return s },
			Load: func(context.Context, ussd.Request) ([]string, error) {
				if len(b.owed) == 0 {
					return nil, none
				}
				return b.owed, nil
			}}
	}
	pay := func(b *bank) func(context.Context, ussd.Request) (ussd.Response, error) {
		return func(context.Context, ussd.Request) (ussd.Response, error) {
			b.paid++
			b.balance, b.owed = b.balance-90, nil
			return ussd.Continue("Paid"), nil
		}
	}
	for name, tt := range map[string]struct {
		before, after func(b *bank) ussd.Screen
		inputs        []string
	}{
		"Check": {func(b *bank) ussd.Screen { return ussd.Ask(amount(b, 500)).ThenOnce(pay(b)) }, nil, []string{"90"}},
		"Check before a branch": {func(b *bank) ussd.Screen {
			return ussd.Ask(amount(b, 500)).To(ussd.Branch(func(context.Context, ussd.Request) (ussd.Screen, error) { return ussd.Ask().ThenOnce(pay(b)), nil }))
		}, nil, []string{"90"}},
		"Check before another question": {func(b *bank) ussd.Screen {
			return ussd.Ask(amount(b, 500), &ussd.Prompt[string]{Text: "PIN", Parse: ussd.PIN(4), Explicit: true}).ThenOnce(pay(b))
		}, nil, []string{"90", "1234"}},
		"Parse": {func(b *bank) ussd.Screen { return ussd.Ask(amount(b, 500)).ThenOnce(pay(b)) },
			func(b *bank) ussd.Screen { return ussd.Ask(amount(b, 50)).ThenOnce(pay(b)) }, []string{"90"}},
		"Load that stops": {func(b *bank) ussd.Screen { return ussd.Ask(owed(b, ussd.Stop("You owe nothing."))).ThenOnce(pay(b)) }, nil, []string{"1"}},
		"Load that stops before another question": {func(b *bank) ussd.Screen {
			return ussd.Ask(owed(b, ussd.Stop("You owe nothing.")), amount(b, 500)).ThenOnce(pay(b))
		}, nil, []string{"1", "90"}},
		"Load without items": {func(b *bank) ussd.Screen { return ussd.Ask(owed(b, nil)).ThenOnce(pay(b)) }, nil, []string{"1"}},
		"Confirm that stops": {func(b *bank) ussd.Screen {
			return ussd.Ask(ussd.Confirm(func(context.Context, ussd.Request) (string, error) {
				if len(b.owed) == 0 {
					return "", ussd.Stop("You owe nothing.")
				}
				return "Pay?", nil
			})).ThenOnce(pay(b))
		}, nil, []string{"1"}},
		"Branch that stops": {func(b *bank) ussd.Screen {
			return ussd.Branch(func(context.Context, ussd.Request) (ussd.Screen, error) {
				if len(b.owed) == 0 {
					return nil, ussd.Stop("You owe nothing.")
				}
				return ussd.Ask(amount(b, 500)).ThenOnce(pay(b)), nil
			})
		}, nil, []string{"90"}},
	} {
		for _, echo := range []bool{true, false} {
			t.Run(fmt.Sprint(name, "/echo=", echo), func(t *testing.T) {
				t.Parallel()
				b := &bank{balance: 100, owed: []string{"Water"}}
				m := func(s ussd.Screen) *ussd.Menu {
					m := ussd.NewMenu("M")
					m.Handle("Pay", s)
					return m
				}
				store := new(state.Memory)
				app := &ussd.App{Start: m(tt.before(b)), Store: store}
				r := ussd.Request{SessionID: "s", PhoneNumber: "p"}
				var res ussd.Response
				for i, in := range append([]string{"", "1"}, tt.inputs...) {
					if i > 0 {
						r.Text = strings.TrimPrefix(r.Text+"*"+in, "*")
					}
					if echo {
						r.Hop = res.Hop
					}
					var err error
					if res, err = app.Serve(t.Context(), r); err != nil {
						t.Fatal(err)
					}
				}
				if tt.after != nil {
					app = &ussd.App{Start: m(tt.after(b)), Store: store}
				}
				again, err := app.Serve(t.Context(), r)
				if res.Text != "Paid\n0. Back" || again != res || err != nil || b.paid != 1 {
					t.Errorf("paid %d times, shown %+v, and to a copy %+v, %v", b.paid, res, again, err)
				}
			})
		}
	}
}

// A menu that is made for each hop forgets what ThenOnce has done: it must not seem to work.
func TestThenOnceInAMenuForEachHop(t *testing.T) {
	t.Parallel()
	for name, serve := range map[string]func(*ussd.Flow) func(context.Context, ussd.Request) (ussd.Response, error){
		"menu": func(f *ussd.Flow) func(context.Context, ussd.Request) (ussd.Response, error) {
			m := ussd.NewMenu("M")
			m.Handle("Pay", f)
			return m.Serve
		},
		"app": func(f *ussd.Flow) func(context.Context, ussd.Request) (ussd.Response, error) {
			return (&ussd.App{Start: f}).Serve
		},
		"flow": func(f *ussd.Flow) func(context.Context, ussd.Request) (ussd.Response, error) { return f.Serve },
		"branch": func(f *ussd.Flow) func(context.Context, ussd.Request) (ussd.Response, error) {
			return ussd.Branch(func(context.Context, ussd.Request) (ussd.Screen, error) { return f, nil }).Serve
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			paid := 0
			pin := &ussd.Prompt[string]{Text: "PIN", Parse: ussd.PIN(4), Explicit: true}
			made := func(ctx context.Context, r ussd.Request) (ussd.Response, error) {
				return serve(ussd.Ask(pin).ThenOnce(func(context.Context, ussd.Request) (ussd.Response, error) {
					paid++
					return ussd.End("Paid"), nil
				}))(ctx, r)
			}
			s := dialMenu(t, made, "")
			inputs := []string{"1234"}
			if name == "menu" {
				inputs = []string{"1", "1234"}
			}
			for _, input := range inputs {
				s.r.Text = strings.TrimPrefix(s.r.Text+"*"+input, "*")
				s.r.Hop = s.last.Hop
				var err error
				if s.last, err = made(t.Context(), s.r); input == "1234" && (err == nil || !strings.Contains(err.Error(), "made") && !strings.Contains(err.Error(), "has a Store")) {
					t.Errorf("the payment of a menu that is made for each hop: %+v, %v", s.last, err)
				}
			}
			if paid != 0 {
				t.Errorf("paid %d times", paid)
			}
		})
	}
}
