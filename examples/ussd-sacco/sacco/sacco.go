// Package sacco is the USSD app of a savings cooperative: those who are no members
// register, members type their PIN and get a menu in their own language, with a loan up
// to a limit and a statement over pages.
package sacco

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/examples/internal/pinlock"
	"github.com/sautigo/africastalking/state"
	"github.com/sautigo/africastalking/ussd"
	"github.com/sautigo/africastalking/webhook"
)

// ServiceCode is the code that the app is dialled on.
const ServiceCode = "*384*456#"

// nairobi is the subscribers' time, whatever the machine's is.
var nairobi = time.FixedZone("EAT", 3*60*60)

// Sacco is the app.
type Sacco struct {
	book  *Book
	store state.Store
	apps  map[string]*ussd.App // by language
}

// New returns the app. The store, which machines may share, keeps what was registered
// and lent, and what was answered then, how often a wrong PIN was typed, and what was
// shown. No PIN is in it.
func New(book *Book, store state.Store) *Sacco {
	s := &Sacco{book, store, map[string]*ussd.App{}}
	welcome := ussd.NewMenu("Umoja Sacco. Choose a language / Chagua lugha")
	for _, w := range languages {
		welcome.Handle(w.language, s.welcome(w))
	}
	for _, w := range languages {
		member := s.member(w)
		s.apps[w.language] = &ussd.App{
			Start: ussd.Branch(func(_ context.Context, r ussd.Request) (ussd.Screen, error) {
				if _, ok := book.Member(r.PhoneNumber); !ok {
					return welcome, nil
				}
				return member, nil
			}),
			Store:       store,
			ServiceCode: ServiceCode,
			Texts:       w.texts,
		}
	}
	return s
}

// Serve answers a hop in the language of the subscriber. It chooses between apps and not
// between menus, so that the question for the PIN, which is above all menus, has the
// language too.
func (s *Sacco) Serve(ctx context.Context, r ussd.Request) (ussd.Response, error) {
	return s.apps[s.words(r).language].Serve(ctx, r)
}

// Sorry is what a subscriber reads if there is no screen: it goes into
// webhook.WithFallbackFor.
func (s *Sacco) Sorry(r ussd.Request, _ error) webhook.Reply { return ussd.End(s.words(r).sorry) }

func (s *Sacco) words(r ussd.Request) *words {
	m, _ := s.book.Member(r.PhoneNumber)
	for _, w := range languages {
		if w.language == m.Language {
			return w
		}
	}
	return languages[0]
}

// welcome is the menu of those who are no members.
func (s *Sacco) welcome(w *words) *ussd.Menu {
	m := ussd.NewMenu(w.welcome)
	m.SetTexts(w.texts)
	m.Handle(w.join, s.register(w))
	m.HandleFunc(w.about, func(context.Context, ussd.Request) (ussd.Response, error) {
		return ussd.Continue(w.aboutUs), nil
	})
	return m
}

func (s *Sacco) register(w *words) ussd.Screen {
	name := &ussd.Prompt[string]{Text: w.askName, Parse: ussd.Match(`\pL[\pL' ]{1,29}`, w.noName)}
	pin := &ussd.Prompt[string]{Text: w.newPIN, Parse: ussd.Reason(w.noPIN, ussd.PIN(4)), Explicit: true}
	again := &ussd.Prompt[string]{
		Text: w.pinAgain, Parse: ussd.Reason(w.noPIN, ussd.PIN(4)), Explicit: true,
		Check: func(ctx context.Context, _ ussd.Request, second string) error {
			if second != pin.Value(ctx) {
				return errors.New(w.notSame)
			}
			return nil
		},
	}
	// Its answer is kept: the Branch leads elsewhere as soon as it has run.
	return ussd.Ask(name, pin, again).ThenOnce(func(ctx context.Context, r ussd.Request) (ussd.Response, error) {
		m, err := s.book.Register(r.PhoneNumber, name.Value(ctx), pin.Value(ctx), w.language)
		if errors.Is(err, ErrKnown) {
			return ussd.Endf(w.known, m.Number), nil
		}
		return ussd.Endf(w.registered, m.Name, m.Number), err
	})
}

// member is what a member gets: first the question for the PIN, then the menu.
func (s *Sacco) member(w *words) ussd.Screen {
	pin := &ussd.Prompt[string]{
		Text:     w.askPIN,
		Parse:    ussd.Reason(w.noPIN, ussd.PIN(4)),
		Explicit: true,
		Check: func(ctx context.Context, r ussd.Request, pin string) error {
			left, err := pinlock.Try(ctx, s.store, r, s.book.PINIs(r.PhoneNumber, pin))
			switch {
			case err != nil:
				return fmt.Errorf("sacco: checking a PIN: %w", err) // not for the subscriber
			case left == 0:
				return ussd.Stop(w.locked)
			case left < pinlock.Tries:
				return fmt.Errorf(w.wrongPIN, left)
			}
			return nil
		},
	}
	menu := ussd.NewMenu("")
	menu.SetTitleFunc(func(_ context.Context, r ussd.Request) (string, error) {
		m, _ := s.book.Member(r.PhoneNumber)
		return fmt.Sprintf(w.hello, m.Name), nil
	})
	menu.Handle(w.savings, s.savings(w))
	menu.Handle(w.borrow, s.borrow(w))
	menu.Handle(w.statement, s.statement(w))
	menu.Handle(w.change, s.change(w))
	return ussd.Ask(pin).To(menu)
}

// savings is read once for the hop: a hop that is delivered again is answered with what
// was said first.
func (s *Sacco) savings(w *words) ussd.Screen {
	return ussd.Ask().ThenOnce(func(_ context.Context, r ussd.Request) (ussd.Response, error) {
		m, _ := s.book.Member(r.PhoneNumber)
		return ussd.Endf(w.hasSavings, m.Savings, m.Loan), nil
	})
}

// borrow asks for a loan if there is room for one.
func (s *Sacco) borrow(w *words) ussd.Screen {
	limit := func(r ussd.Request) africastalking.Money {
		m, _ := s.book.Member(r.PhoneNumber)
		return m.Limit()
	}
	amount := &ussd.Prompt[africastalking.Money]{
		TextFunc: func(_ context.Context, r ussd.Request) (string, error) {
			return fmt.Sprintf(w.askLoan, minLoan, limit(r)), nil
		},
		Parse: ussd.Reason(w.noAmount, ussd.Amount("KES", 1, 10_000_000)),
		Check: func(_ context.Context, r ussd.Request, amount africastalking.Money) error {
			if most := limit(r); amount.Micros > most.Micros || amount.Micros < minLoan.Micros {
				return fmt.Errorf(w.overLimit, minLoan, most)
			}
			return nil
		},
	}
	months := &ussd.Prompt[int]{Text: w.askMonths, Parse: ussd.Reason(w.noMonths, ussd.Int(1, 12))}
	sure := ussd.Confirm(func(ctx context.Context, _ ussd.Request) (string, error) {
		return fmt.Sprintf(w.confirm, amount.Value(ctx), months.Value(ctx), Owed(amount.Value(ctx), months.Value(ctx))), nil
	})
	loan := ussd.Ask(amount, months, sure).ThenOnce(func(ctx context.Context, r ussd.Request) (ussd.Response, error) {
		m, err := s.book.Lend(r.HopID(), r.PhoneNumber, amount.Value(ctx), months.Value(ctx))
		if errors.Is(err, ErrLimit) { // another session has borrowed meanwhile
			return ussd.Endf(w.overLimit, minLoan, m.Limit()), nil
		}
		return ussd.Endf(w.lent, amount.Value(ctx), m.Loan), err
	})
	none := ussd.ScreenFunc(func(context.Context, ussd.Request) (ussd.Response, error) {
		return ussd.Continuef(w.noLoan, minLoan), nil
	})
	return ussd.Branch(func(_ context.Context, r ussd.Request) (ussd.Screen, error) {
		if limit(r).Micros < minLoan.Micros {
			return none, nil
		}
		return loan, nil
	})
}

func (s *Sacco) statement(w *words) ussd.Screen {
	entries := &ussd.List[Entry]{
		Title: w.entries,
		Load: func(_ context.Context, r ussd.Request) ([]Entry, error) {
			return s.book.Statement(r.PhoneNumber), nil
		},
		Label: func(e Entry) string { return e.When.In(nairobi).Format("02-01 ") + e.Amount.String() },
		Key:   func(e Entry) string { return e.ID },
	}
	return ussd.Ask(entries).Then(func(ctx context.Context, _ ussd.Request) (ussd.Response, error) {
		e := entries.Value(ctx)
		return ussd.Continuef("%s\n%s\n%v", e.When.In(nairobi).Format("02-01-2006 15:04"), w.kinds[e.Kind], e.Amount), nil
	})
}

// change sets the language. The way changes with it, so the answer is kept.
func (s *Sacco) change(w *words) ussd.Screen {
	choice := &ussd.List[*words]{
		Title: w.askLanguage,
		Load:  func(context.Context, ussd.Request) ([]*words, error) { return languages, nil },
		Label: func(w *words) string { return w.language },
	}
	return ussd.Ask(choice).ThenOnce(func(ctx context.Context, r ussd.Request) (ussd.Response, error) {
		s.book.SetLanguage(r.PhoneNumber, choice.Value(ctx).language)
		return ussd.End(choice.Value(ctx).changed), nil
	})
}
