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

// NewMenu returns the menu. The store, which machines may share, keeps what lists
// have shown and which payments were made.
//
// The PIN is the last thing asked before anything is shown or moved, and is not
// taken from a dialled code. A session that drops is not resumed: a menu of a bank
// begins anew.
func NewMenu(l *Ledger, store state.Store) *ussd.Menu {
	menu := ussd.NewMenu("Mfano Bank. Choose a language / Chagua lugha")
	menu.SetServiceCode(ServiceCode)
	menu.Remember(store)
	for _, w := range []*words{&english, &swahili} {
		menu.Handle(w.language, app{l, store, w}.menu())
	}
	return menu
}

type app struct {
	ledger *Ledger
	store  state.Store
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
	sure := &ussd.Prompt[string]{
		TextFunc: func(ctx context.Context, _ ussd.Request) (string, error) {
			return fmt.Sprintf(a.words.confirm+"\n1. %s", amount.Value(ctx), to.Value(ctx), a.words.yes), nil
		},
		Parse: ussd.Reason(a.words.wrongYes, ussd.OneOf("1")),
	}
	pin := a.pin()
	return ussd.Ask(to, amount, sure, pin).Then(func(ctx context.Context, r ussd.Request) (ussd.Response, error) {
		asked := transfer{To: to.Value(ctx), Amount: amount.Value(ctx)}
		if _, err := a.ledger.Balance(r.PhoneNumber, pin.Value(ctx)); err != nil {
			return a.refuse(err)
		}
		// The hop's ID makes a transfer of it that happens once, here and at
		// the bank, however often the hop is delivered. A refusal counts: who
		// has been told no must not be debited when money has come in since.
		done, err := state.Once(ctx, a.store, r.HopID(), func(context.Context) (transfer, error) {
			receipt, err := a.ledger.Send(r.HopID(), r.PhoneNumber, pin.Value(ctx), asked.To, asked.Amount)
			if text, known := a.reason(err); known {
				return transfer{asked.To, asked.Amount, receipt, text}, nil
			}
			return transfer{asked.To, asked.Amount, receipt, ""}, err
		})
		switch {
		case err != nil:
			return ussd.Response{}, err
		case done.To != asked.To || done.Amount != asked.Amount:
			return ussd.Response{}, errConflict
		case done.Refused != "":
			return ussd.End(done.Refused), nil
		}
		return ussd.Endf(a.words.sent, done.Amount, done.To, done.Receipt.Balance), nil
	})
}

// transfer is one that was asked for, and what has become of it.
type transfer struct {
	To      string
	Amount  africastalking.Money
	Receipt Receipt
	Refused string // what the subscriber was told, if it was not carried out
}

// errConflict is for a hop that comes in place of one that was answered. A phone
// sends no such hop.
var errConflict = errors.New("bank: another transfer was made with this hop")

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
