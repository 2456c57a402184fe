package bank

import (
	"context"
	"errors"
	"fmt"

	"github.com/sautigo/africastalking/examples/internal/pinlock"
	"github.com/sautigo/africastalking/ussd"
)

// askPIN returns the question for the PIN, which is the last one before anything is
// shown or moved. A PIN must be typed: it does not count if it was dialled. Three wrong
// ones in a row lock the subscriber out for a day.
func (a app) askPIN() *ussd.Prompt[string] {
	return &ussd.Prompt[string]{
		Text:     a.words.askPIN,
		Parse:    ussd.Reason(a.words.noPIN, ussd.PIN(4)),
		Explicit: true,
		Check: func(ctx context.Context, r ussd.Request, pin string) error {
			_, err := a.bank.Balance(r.PhoneNumber, pin)
			right := err == nil
			if right || errors.Is(err, ErrPIN) {
				var left int
				if left, err = pinlock.Try(ctx, a.store, r, right); err == nil {
					return a.wrongPIN(left)
				}
			}
			if text, known := a.reason(err); known {
				return ussd.Stop(text)
			}
			return fmt.Errorf("bank: checking a PIN: %w", err) // not for the subscriber
		},
	}
}

// wrongPIN says how many tries are left.
func (a app) wrongPIN(left int) error {
	switch left {
	case pinlock.Tries:
		return nil
	case 0:
		return ussd.Stop(a.words.locked)
	default:
		return fmt.Errorf(a.words.wrongPIN, left)
	}
}
