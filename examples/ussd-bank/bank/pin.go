package bank

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sautigo/africastalking/state"
	"github.com/sautigo/africastalking/ussd"
)

// Three wrong PINs in a row lock a subscriber out for a day, in whichever sessions and
// on whichever machines they were typed.
const (
	maxWrong  = 3
	lockedFor = 24 * time.Hour
)

// guesses are the PINs that a subscriber has typed lately. No PIN is in them.
type guesses struct {
	// Wrong is how many were wrong in a row.
	Wrong int
	// Last are the last ones, so that a hop that is delivered again does not count
	// twice and is answered as it was.
	Last []guess
}

type guess struct {
	Hop string
	// Left is how many more the subscriber had after this one: maxWrong if it was right.
	Left int
}

// tryPIN asks the bank about a PIN and returns how many tries are left: maxWrong if it
// is right, none if the subscriber is locked out.
//
// The count goes up in one step with the decision, so guesses in many sessions at once
// do not get more than three answers.
func (a app) tryPIN(ctx context.Context, r ussd.Request, pin string) (left int, err error) {
	_, err = a.bank.Balance(r.PhoneNumber, pin)
	if err != nil && !errors.Is(err, ErrPIN) {
		return 0, err
	}
	right := err == nil
	errKnown := errors.New("nothing to save")
	err = state.Update(ctx, a.store, "bank/pin/"+r.PhoneNumber, lockedFor, func(g *guesses) error {
		i := slices.IndexFunc(g.Last, func(last guess) bool { return last.Hop == r.HopID() })
		switch {
		case i >= 0 && right == (g.Last[i].Left == maxWrong):
			left = g.Last[i].Left
			return errKnown
		case g.Wrong >= maxWrong:
			left = 0
			return errKnown
		case right:
			g.Wrong, left = 0, maxWrong
		default:
			g.Wrong++
			left = maxWrong - g.Wrong
		}
		g.Last = append(g.Last[max(0, len(g.Last)-7):], guess{r.HopID(), left})
		return nil
	})
	if errors.Is(err, errKnown) {
		err = nil
	}
	return left, err
}

// askPIN returns the question for the PIN, which is the last one before anything is
// shown or moved. A PIN must be typed: it does not count if it was dialled.
func (a app) askPIN() *ussd.Prompt[string] {
	return &ussd.Prompt[string]{
		Text:     a.words.askPIN,
		Parse:    ussd.Reason(a.words.noPIN, ussd.PIN(4)),
		Explicit: true,
		Check: func(ctx context.Context, r ussd.Request, pin string) error {
			left, err := a.tryPIN(ctx, r, pin)
			switch text, known := a.reason(err); {
			case known:
				return ussd.Stop(text)
			case err != nil:
				return fmt.Errorf("bank: checking a PIN: %w", err) // not for the subscriber
			case left == 0:
				return ussd.Stop(a.words.locked)
			case left < maxWrong:
				return fmt.Errorf(a.words.wrongPIN, left)
			}
			return nil
		},
	}
}
