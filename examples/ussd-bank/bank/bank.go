// Package bank is a bank's USSD menu: balance, sending money with confirmation and
// PIN, and a statement over pages, in English and Swahili.
package bank

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/state"
	"github.com/sautigo/africastalking/ussd"
	"github.com/sautigo/africastalking/webhook"
)

// ServiceCode is the code that the menu is dialled on.
const ServiceCode = "*384*123#"

// nairobi is the subscribers' time, whatever the machine's is.
var nairobi = time.FixedZone("EAT", 3*60*60)

// Bank is the bank behind the app, which knows a transfer by its ID and carries it out
// once. Its methods are safe for concurrent use.
type Bank interface {
	Balance(phone, pin string) (africastalking.Money, error)
	// Statement returns the last entries, the latest first.
	Statement(phone, pin string) ([]Entry, error)
	// Send moves money. After ErrNoAccount, ErrPIN, ErrFunds, ErrSelf and an error that
	// wraps state.ErrNotDone, none was moved. Any other error, such as a time-out,
	// leaves that open.
	Send(id, from, pin, to string, amount africastalking.Money) (Receipt, error)
}

// NewApp returns the app. The store, which machines may share, keeps which transfers
// were made and what was answered, how often a wrong PIN was typed, and, where hop
// metadata may not come back, what was shown. No PIN is in it, but balances are.
//
// Whatever is dialled, the subscriber reads what is to be confirmed, and types the
// answer and the PIN. A session that drops is not resumed: a menu of a bank begins
// anew.
func NewApp(b Bank, store state.Store) *ussd.App {
	menu := ussd.NewMenu("Mfano Bank. Choose a language / Chagua lugha")
	for _, w := range []*words{&english, &swahili} {
		menu.Handle(w.language, app{b, store, w}.menu())
	}
	return &ussd.App{Start: menu, Store: store, ServiceCode: ServiceCode}
}

// Sorry is what a subscriber reads if there is no screen: it goes into
// webhook.WithFallbackFor.
func Sorry(r ussd.Request, _ error) webhook.Reply {
	if language, _, _ := strings.Cut(r.Text, "*"); language == "2" {
		return ussd.End(swahili.sorry)
	}
	return ussd.End(english.sorry)
}

type app struct {
	bank  Bank
	store state.Store
	words *words
}

func (a app) menu() *ussd.Menu {
	m := ussd.NewMenu(a.words.title)
	m.SetTexts(a.words.texts)
	m.Handle(a.words.balance, a.balance())
	m.Handle(a.words.send, a.send())
	m.Handle(a.words.statement, a.statement())
	return m
}

// balance is read once for the hop: a hop that is delivered again is answered with the
// same balance, though money may have come in since.
func (a app) balance() ussd.Screen {
	pin := a.askPIN()
	return ussd.Ask(pin).ThenOnce(func(ctx context.Context, r ussd.Request) (ussd.Response, error) {
		balance, err := a.bank.Balance(r.PhoneNumber, pin.Value(ctx))
		switch text, known := a.reason(err); {
		case known:
			return ussd.End(text), nil
		case err != nil: // there is nothing in doubt about reading
			return ussd.Response{}, fmt.Errorf("%w: %w", state.ErrNotDone, err)
		}
		return ussd.Endf(a.words.hasBalance, balance), nil
	})
}

func (a app) send() ussd.Screen {
	to := &ussd.Prompt[string]{
		Text:  a.words.askTo,
		Parse: ussd.Reason(a.words.wrongTo, ussd.Phone("254")),
		Check: func(_ context.Context, r ussd.Request, to string) error {
			if to == r.PhoneNumber {
				return errors.New(a.words.toSelf)
			}
			return nil
		},
	}
	// Whether there is enough is said behind the PIN: the balance is private.
	amount := &ussd.Prompt[africastalking.Money]{
		Text:  a.words.askAmount,
		Parse: ussd.Reason(a.words.wrongAmount, ussd.Amount("KES", 10, 150_000)),
	}
	sure := ussd.Confirm(func(ctx context.Context, _ ussd.Request) (string, error) {
		return fmt.Sprintf(a.words.confirm, amount.Value(ctx), to.Value(ctx)), nil
	})
	pin := a.askPIN()
	return ussd.Ask(to, amount, sure, pin).ThenOnce(func(ctx context.Context, r ussd.Request) (ussd.Response, error) {
		receipt, err := a.bank.Send(r.HopID(), r.PhoneNumber, pin.Value(ctx), to.Value(ctx), amount.Value(ctx))
		switch text, known := a.reason(err); {
		case known:
			return ussd.End(text), nil
		case err != nil:
			// What wraps ErrNotDone frees the hop, and the subscriber reads Sorry. After
			// the rest nobody knows: the subscriber is told so, now and on every
			// delivery, and the error is logged.
			return ussd.Response{}, err
		}
		return ussd.Endf(a.words.sent, amount.Value(ctx), to.Value(ctx), receipt.Balance), nil
	})
}

func (a app) statement() ussd.Screen {
	pin := a.askPIN()
	entries := &ussd.List[Entry]{
		Title: a.words.entries,
		Load: func(ctx context.Context, r ussd.Request) ([]Entry, error) {
			list, err := a.bank.Statement(r.PhoneNumber, pin.Value(ctx))
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
		return ussd.Continuef(a.words.entry, e.When.In(nairobi).Format("02-01-2006 15:04"), e.Amount, e.Other), nil
	})
}

// reason returns the words for what the subscriber can do something about.
func (a app) reason(err error) (text string, known bool) {
	switch {
	case errors.Is(err, ErrPIN): // changed since it was asked for
		return a.words.oldPIN, true
	case errors.Is(err, ErrFunds):
		return a.words.noFunds, true
	case errors.Is(err, ErrNoAccount):
		return a.words.noAccount, true
	case errors.Is(err, ErrSelf):
		return a.words.toSelf, true
	}
	return "", false
}
