// Package pinlock locks a subscriber out after three wrong PINs in a row, in whichever
// sessions and on whichever machines they were typed. It is short on purpose; copy it.
package pinlock

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/sautigo/africastalking/state"
	"github.com/sautigo/africastalking/ussd"
)

const (
	// Tries is how many PINs in a row may be wrong.
	Tries = 3
	// For is how long a subscriber is locked out.
	For = 24 * time.Hour
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
	// Left is how many tries there were after this one: all of them if it was right.
	Left int
}

var errKnown = errors.New("pinlock: nothing has changed")

// Try counts the PIN of a hop, which was right or wrong, and returns how many tries are
// left: [Tries] if it was right and counts, and 0 if the subscriber is locked out. It is
// for the Check of a prompt.
//
// The count goes up in one step with the decision, so guesses in many sessions at once
// do not get more than three answers.
func Try(ctx context.Context, store state.Store, r ussd.Request, right bool) (left int, err error) {
	err = state.Update(ctx, store, "pinlock/"+r.PhoneNumber, For, func(g *guesses) error {
		i := slices.IndexFunc(g.Last, func(last guess) bool { return last.Hop == r.HopID() })
		switch {
		case i >= 0 && right == (g.Last[i].Left == Tries):
			left = g.Last[i].Left
			return errKnown
		case g.Wrong >= Tries:
			left = 0
			return errKnown
		case right:
			g.Wrong, left = 0, Tries
		default:
			g.Wrong++
			left = Tries - g.Wrong
		}
		g.Last = append(g.Last[max(0, len(g.Last)-7):], guess{r.HopID(), left})
		return nil
	})
	if errors.Is(err, errKnown) {
		err = nil
	}
	return left, err
}
