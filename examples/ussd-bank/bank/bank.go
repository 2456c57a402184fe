// Package bank is a bank's USSD menu: balance, sending money with confirmation and
// PIN, and a statement over pages, in English and Swahili.
package bank

import (
	"context"
	"errors"
	"fmt"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/state"
	"github.com/sautigo/africastalking/ussd"
)

// ServiceCode is the code that the menu is dialled on.
const ServiceCode = "*384*123#"

// NewApp returns the app. The store, which machines may share, keeps which transfers
// were made and, where hop metadata may not come back, what was shown.
//
// The PIN is the last thing asked before anything is shown or moved, and is not
// taken from a dialled code. A session that drops is not resumed: a menu of a bank
// begins anew.
func NewApp(l *Ledger, store state.Store) *ussd.App {
	menu := ussd.NewMenu("Mfano Bank. Choose a language / Chagua lugha")
	for _, w := range []*words{&english, &swahili} {
		menu.Handle(w.language, app{l, w}.menu())
	}
	return &ussd.App{Start: menu, Store: store, ServiceCode: ServiceCode}
}

type app struct {
	ledger *Ledger
	words  *words
}

func (a app) menu() *ussd.Menu {
	m := ussd.NewMenu(a.words.title)
	m.SetTexts(a.words.texts)
	m.Handle(a.words.balance, a.balance())
	m.Handle(a.words.send, a.send())
	m.Handle(a.words.statement, a.statement())
	return m
}

func (a app) pin() *ussd.Prompt[string] {
	return &ussd.Prompt[string]{
		Text:     a.words.askPIN,
		Parse:    ussd.Reason(a.words.wrongPIN, ussd.PIN(4)),
		Explicit: true,
		Tries:    3,
	}
}

func (a app) balance() ussd.Screen {
	pin := a.pin()
	return ussd.Ask(pin).Then(func(ctx context.Context, r ussd.Request) (ussd.Response, error) {
		balance, err := a.ledger.Balance(r.PhoneNumber, pin.Value(ctx))
		if err != nil {
			return a.refuse(err)
		}
		return ussd.Endf(a.words.hasBalance, balance), nil
	})
}

func (a app) send() ussd.Screen {
	to := &ussd.Prompt[string]{Text: a.words.askTo, Parse: ussd.Reason(a.words.wrongTo, ussd.Phone("254"))}
	amount := &ussd.Prompt[africastalking.Money]{
		Text:  a.words.askAmount,
		Parse: ussd.Reason(a.words.wrongAmount, ussd.Amount("KES", 10, 150_000)),
	}
	sure := ussd.Confirm(func(ctx context.Context, _ ussd.Request) (string, error) {
		return fmt.Sprintf(a.words.confirm, amount.Value(ctx), to.Value(ctx)), nil
	})
	pin := a.pin()
	return ussd.Ask(to, amount, sure, pin).ThenOnce(func(ctx context.Context, r ussd.Request) (ussd.Response, error) {
		receipt, err := a.ledger.Send(r.HopID(), r.PhoneNumber, pin.Value(ctx), to.Value(ctx), amount.Value(ctx))
		if err != nil {
			return a.refuse(err) // what is known is a screen, the rest is in doubt
		}
		return ussd.Endf(a.words.sent, amount.Value(ctx), to.Value(ctx), receipt.Balance), nil
	})
}

func (a app) statement() ussd.Screen {
	pin := a.pin()
	entries := &ussd.List[Entry]{
		Title: a.words.entries,
		Load: func(ctx context.Context, r ussd.Request) ([]Entry, error) {
			list, err := a.ledger.Statement(r.PhoneNumber, pin.Value(ctx))
			if text, known := a.reason(err); known {
				return nil, ussd.Stop(text)
			}
			return list, err
		},
		Label: func(e Entry) string {
			if e.Amount.Micros < 0 {
				return fmt.Sprintf(a.words.out, e.Amount, e.Other)
			}
			return fmt.Sprintf(a.words.in, e.Amount, e.Other)
		},
		Key: func(e Entry) string { return e.ID },
	}
	return ussd.Ask(pin, entries).Then(func(ctx context.Context, r ussd.Request) (ussd.Response, error) {
		e := entries.Value(ctx)
		return ussd.Continuef(a.words.entry, e.When.Format("02-01-2006 15:04"), e.Amount, e.Other), nil
	})
}

// reason returns the words for what the subscriber can do something about.
func (a app) reason(err error) (text string, known bool) {
	switch {
	case errors.Is(err, ErrPIN):
		return a.words.wrongPIN + " " + a.words.again, true
	case errors.Is(err, ErrFunds):
		return a.words.noFunds, true
	case errors.Is(err, ErrNoAccount):
		return a.words.noAccount, true
	case errors.Is(err, ErrSelf):
		return a.words.toSelf, true
	}
	return "", false
}

// refuse ends the session with the reason, or with an apology if it is none that
// the subscriber could do something about.
func (a app) refuse(err error) (ussd.Response, error) {
	if text, known := a.reason(err); known {
		return ussd.End(text), nil
	}
	return ussd.Response{}, err
}
