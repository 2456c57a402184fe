package ussd_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"

	"github.com/sautigo/africastalking/internal/callbacktest"
	"github.com/sautigo/africastalking/state"
	"github.com/sautigo/africastalking/ussd"
)

// The app that is simulated. Each screen names its way, "At ./Ant/Bee", so that its
// reader knows which function stands beside which key, and the function names the way on
// which it was reached.

// The services that an app can be behind, by service code.
const (
	plainCode    = "*384*1#" // App
	resumeCode   = "*384*2#" // Resume, App
	statefulCode = "*384*3#" // Stateful, App
	bothCode     = "*384*4#" // Resume, Stateful, App
	writtenCode  = "*384*5#" // Resume, Stateful, without menus
)

var simCodes = []string{plainCode, resumeCode, statefulCode, bothCode, writtenCode}

// handler returns what answers a service code on a machine now.
func (s *simulation) handler(m *machine, version int, code string) http.Handler {
	s.mu.Lock()
	defer s.mu.Unlock()
	if m.services[version] == nil {
		m.services[version] = s.deployment(version)
	}
	return m.services[version][code]
}

func (s *simulation) deployment(version int) map[string]http.Handler {
	type serve = func(context.Context, ussd.Request) (ussd.Response, error)
	store := network{s}
	kept := func(fn serve) serve {
		return ussd.Stateful(store, func(ctx context.Context, r ussd.Request, _ *struct{}) (ussd.Response, error) { return fn(ctx, r) })
	}
	app := (&ussd.App{Start: (&simulatedApp{simulation: s, version: version}).start(), Store: store}).Serve
	if version%2 == 1 {
		// One that is made for each subscriber, on each hop.
		app = func(ctx context.Context, r ussd.Request) (ussd.Response, error) {
			a := &simulatedApp{simulation: s, version: version, own: r.PhoneNumber}
			return (&ussd.App{Start: a.start(), Store: store}).Serve(ctx, r)
		}
	}
	services := map[string]http.Handler{}
	for code, fn := range map[string]serve{
		plainCode:    app,
		resumeCode:   ussd.Resume(store, app),
		statefulCode: kept(app),
		bothCode:     ussd.Resume(store, kept(app)),
		writtenCode:  ussd.Resume(store, ussd.Stateful(store, s.written)),
	} {
		services[code] = ussd.Handler(fn, callbacktest.Quiet())
	}
	return services
}

// simulatedApp makes the menus of a version.
type simulatedApp struct {
	*simulation
	*rand.Rand
	version int
	own     string // the subscriber, if the menus are his own
}

// start offers the menus to those who have joined, which costs 5.
func (a *simulatedApp) start() ussd.Screen {
	a.Rand = a.random(fmt.Sprint("menus ", a.version, a.own))
	join := ussd.NewMenu("At Welcome")
	sure := ussd.Confirm(func(_ context.Context, r ussd.Request) (string, error) { return statement(5, "Join", r), nil })
	join.Handle("Join", a.flow(func(ctx context.Context, r ussd.Request) (ussd.Response, error) {
		return a.pay(ctx, r, debt{Name: "Join", Amount: 5})
	}, sure))
	menu := a.menu(".", 2)
	return ussd.Branch(func(_ context.Context, r ussd.Request) (ussd.Screen, error) {
		if a.phone(r).hasJoined() {
			return menu, nil
		}
		return join, nil
	})
}

func (s *simulation) phone(r ussd.Request) *phone {
	return s.phones[int(r.PhoneNumber[len(r.PhoneNumber)-1]-'0')]
}

// flow is the payment that is tested, and in one control the one that nobody must write.
func (a *simulatedApp) flow(pay func(context.Context, ussd.Request) (ussd.Response, error), q ...ussd.Question) ussd.Screen {
	if a.control.noOnce {
		return ussd.Ask(q...).Then(pay)
	}
	return ussd.Ask(q...).ThenOnce(pay)
}

func (a *simulatedApp) menu(way string, depth int) *ussd.Menu {
	m := ussd.NewMenu("At " + way)
	if a.IntN(2) == 0 {
		m.SetTitleFunc(func(ctx context.Context, r ussd.Request) (string, error) {
			return "For " + a.owner(ctx, r) + "\nAt " + way, nil
		})
	}
	labels := []string{"Ant", "Bee", "Cat", "Dog", "Eel", "Fox"}
	a.Shuffle(len(labels), func(i, j int) { labels[i], labels[j] = labels[j], labels[i] })
	bills := a.IntN(3)
	for i, l := range labels[:2+a.IntN(3)] {
		if i == bills {
			m.Handle("Bills", a.bills(way+"/Bills"))
		}
		m.Handle(l, a.screen(way+"/"+l, depth))
	}
	return m
}

// owner is who a title is for.
func (a *simulatedApp) owner(_ context.Context, r ussd.Request) string {
	if !a.control.mixUp {
		return r.PhoneNumber
	}
	// The fault of an app that takes a session id for a subscriber.
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.byDial[r.SessionID] == "" {
		a.byDial[r.SessionID] = r.PhoneNumber
	}
	return a.byDial[r.SessionID]
}

func (a *simulatedApp) screen(way string, depth int) ussd.Screen {
	switch n := a.IntN(9); {
	case depth > 0 && n < 4:
		return a.menu(way, depth-1)
	case n == 4:
		return a.list(way)
	case n == 5:
		typed := &ussd.Prompt[string]{Text: "At " + way + "\nType 5", Parse: ussd.OneOf("5"), Tries: a.IntN(4)}
		return ussd.Ask(typed).Then(a.function(way+"/typed", true))
	case n == 6:
		return ussd.Branch(func(context.Context, ussd.Request) (ussd.Screen, error) { return a.function(way, true), nil })
	case n == 7:
		return a.function(way, false)
	}
	return a.function(way, true)
}

// list asks for an item that is loaded at run time, and then whether to go on.
func (a *simulatedApp) list(way string) ussd.Screen {
	which := &ussd.List[string]{Title: "At " + way, Label: func(s string) string { return s },
		Load: func(ctx context.Context, r ussd.Request) ([]string, error) { return a.phone(r).names(), nil }}
	sure := ussd.Confirm(func(ctx context.Context, _ ussd.Request) (string, error) {
		return "At " + way + "/" + which.Value(ctx), nil
	})
	return ussd.Ask(which, sure).Then(func(ctx context.Context, r ussd.Request) (ussd.Response, error) {
		return a.function(way+"/"+which.Value(ctx)+"/Yes", true)(ctx, r)
	})
}

// function is a screen at the end of a way, which ends the session or not.
func (a *simulatedApp) function(way string, end bool) ussd.ScreenFunc {
	return func(ctx context.Context, r ussd.Request) (ussd.Response, error) {
		d := deliveryOf(ctx)
		if err := d.alive(); err != nil {
			return ussd.Response{}, err
		}
		d.ran(way)
		return ussd.Response{Text: "Ran " + way + "\nfor " + r.PhoneNumber, Continue: !end}, nil
	}
}

// debt is an item of a list that is loaded at run time. It may get another amount, and
// goes when it is paid.
type debt struct {
	ID, Name string
	Amount   int
}

func statement(amount int, name string, r ussd.Request) string {
	return fmt.Sprintf("Pay %d to %s for %s?", amount, name, r.PhoneNumber)
}

// bills asks which bill to pay. Versions ask for the PIN before or behind the
// confirmation, and name the amount in the list or not.
func (a *simulatedApp) bills(way string) ussd.Screen {
	which := &ussd.List[debt]{Title: "At " + way,
		Load:  func(_ context.Context, r ussd.Request) ([]debt, error) { return a.phone(r).owed(), nil },
		Label: func(b debt) string { return fmt.Sprint(b.Name, "-", b.Amount) },
		Key:   func(b debt) string { return b.ID }}
	if a.IntN(2) == 0 {
		which.Label = func(b debt) string { return b.Name }
	}
	sure := ussd.Confirm(func(ctx context.Context, r ussd.Request) (string, error) {
		return statement(which.Value(ctx).Amount, which.Value(ctx).Name, r), nil
	})
	pin := &ussd.Prompt[string]{Text: "Enter your PIN", Parse: ussd.PIN(4), Explicit: true, Tries: 3,
		Check: func(_ context.Context, _ ussd.Request, pin string) error {
			if pin != "1234" {
				return errors.New("That PIN is wrong.")
			}
			return nil
		}}
	questions := [][]ussd.Question{{which, sure, pin}, {which, pin, sure}, {pin, which, sure}}[a.IntN(3)]
	return a.flow(func(ctx context.Context, r ussd.Request) (ussd.Response, error) {
		return a.pay(ctx, r, which.Value(ctx))
	}, questions...)
}

// pay is the function of a payment.
func (s *simulation) pay(ctx context.Context, r ussd.Request, b debt) (ussd.Response, error) {
	d := deliveryOf(ctx)
	if err := d.alive(); err != nil {
		return ussd.Response{}, err
	}
	fate := d.ask(r.HopID(), statement(b.Amount, b.Name, r))
	if fate <= bankPaysAndPanics {
		d.phone.settle(b)
	}
	if err := d.alive(); err != nil {
		return ussd.Response{}, err // after the money has moved
	}
	ref := r.HopID()[strings.LastIndex(r.HopID(), "-")+1:]
	if fate == bankRefuses && s.control.untrue {
		fate = bankPays
	}
	switch fate {
	case bankPaysAndPanics, bankPanics:
		panic("the bank's client panics")
	case bankPaysAndFails, bankFails:
		return ussd.Response{}, errBank
	case bankWasNotReached:
		return ussd.Response{}, fmt.Errorf("%w: %w", state.ErrNotDone, errBank)
	case bankRefuses:
		return ussd.End("Refused for " + r.PhoneNumber + " ref " + ref), nil
	}
	return ussd.Response{Text: fmt.Sprintf("Paid %d to %s for %s ref %s", b.Amount, b.Name, r.PhoneNumber, ref), Continue: b.Amount%20 == 0}, nil
}

// asked is the state of the service without menus.
type asked struct{ Amount int }

// written is a service without menus, on Stateful and Once.
func (s *simulation) written(ctx context.Context, r ussd.Request, a *asked) (ussd.Response, error) {
	if err := deliveryOf(ctx).alive(); err != nil {
		return ussd.Response{}, err
	}
	switch {
	case a.Amount > 0 && r.Typed == "1":
		pay := func(ctx context.Context) (ussd.Response, error) {
			return s.pay(ctx, r, debt{Name: "Anyone", Amount: a.Amount})
		}
		if s.control.noOnce {
			return pay(ctx)
		}
		return state.Once(ctx, network{s}, "pay/"+r.HopID(), pay)
	case a.Amount > 0 && r.Typed == "2":
		return ussd.End("Nothing was done for " + r.PhoneNumber), nil
	case a.Amount == 0 && r.Typed != "":
		a.Amount, _ = strconv.Atoi(r.Typed)
	}
	if a.Amount == 0 {
		return ussd.Continue("How much, " + r.PhoneNumber + "?"), nil
	}
	return ussd.Continue(statement(a.Amount, "Anyone", r) + "\n1. Yes\n2. No"), nil
}
