package inbox

import (
	"errors"
	"math/rand/v2"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/sautigo/africastalking/internal/redact"
)

const (
	// maxAttempts failures make a dead letter. The pauses between them grow from
	// firstPause to lastPause, so they take two to three hours.
	maxAttempts = 20
	firstPause  = time.Second
	lastPause   = 15 * time.Minute
	// A delivery whose name no handler has is tried for namelessFor, with pauses that
	// grow to namelessPause.
	namelessFor   = 72 * time.Hour
	namelessPause = time.Minute
	// maxReason is the most bytes of a reason.
	maxReason = 500
)

// Fate is what becomes of a delivery whose attempt failed.
type Fate struct {
	// Dead says that it becomes a dead letter. Otherwise the next attempt is After from
	// now.
	Dead  bool
	After time.Duration
	// Attempts is how many attempts the delivery has used: Attempt of the next one is
	// one more. It is the Attempt of this one, or one less if this one does not count.
	Attempts int
	// Reason is the text of the error, fit to be stored: numbers are masked as in a log,
	// and it has at most 500 bytes of valid UTF-8 without control characters.
	Reason string
}

// Next says what becomes of a delivery that [Worker.Handle] failed with err. It is for
// engines.
//
// An error of [Park] makes a dead letter, and so does any error of the 20th attempt.
// Otherwise the next attempt is after the time that [RetryAfter] says, or after a second,
// which doubles with each attempt up to 15 minutes, less up to a half that is chosen at
// random. A delivery whose name no handler has is tried again within a minute, for 72
// hours from when it was received, and these attempts do not count: one that is requeued
// later than that needs the handler at once.
//
// Next does not panic, whatever the methods of err do: if they panic, err is one that says
// nothing.
func Next(d Delivery, err error) Fate {
	attempt := max(d.Attempt, 1)
	fate := Fate{Attempts: attempt, Reason: reason(err)}
	err = mask(err)
	var nameless *namelessError
	if errors.As(err, &nameless) {
		age := time.Since(d.Received)
		fate.Attempts--
		fate.Dead = age >= namelessFor
		if !fate.Dead {
			fate.After = min(max(age/4, firstPause), namelessPause)
		}
		return fate
	}
	var park *parkError
	if errors.As(err, &park) || attempt >= maxAttempts {
		fate.Dead = true
		return fate
	}
	var later *laterError
	if errors.As(err, &later) {
		fate.After = later.after
		return fate
	}
	pause := lastPause
	if doublings := attempt - 1; doublings < 10 {
		pause = min(pause, firstPause<<doublings)
	}
	fate.After = pause/2 + rand.N(pause/2+1)
	return fate
}

// Park wraps an error of a stored callback's function to say that trying again is of no
// use: the delivery becomes a dead letter at once. Park of nil is nil.
func Park(err error) error {
	if err == nil {
		return nil
	}
	return &parkError{err}
}

type parkError struct{ err error }

func (e *parkError) Error() string { return e.err.Error() }
func (e *parkError) Unwrap() error { return e.err }

// RetryAfter wraps an error of a stored callback's function to say when to try again, such
// as the Retry-After of a service that was asked. The attempt counts: after 20 the
// delivery becomes a dead letter all the same. RetryAfter of nil is nil; a duration below
// zero is zero.
func RetryAfter(err error, d time.Duration) error {
	if err == nil {
		return nil
	}
	return &laterError{err, max(d, 0)}
}

type laterError struct {
	err   error
	after time.Duration
}

func (e *laterError) Error() string { return e.err.Error() }
func (e *laterError) Unwrap() error { return e.err }

// namelessError is the error for a delivery that no handler is there for.
type namelessError struct{ name string }

func (e *namelessError) Error() string {
	return "inbox: no handler is stored as " + e.name
}

// reason returns the text of an error as it may be stored.
func reason(err error) string {
	// First the blanks: a line that ends in a number does not end the number.
	text := redact.Digits(strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(textOf(err), "\ufffd")))
	if len(text) <= maxReason {
		return text
	}
	end := maxReason - len("…")
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}

// textOf returns an error's text even if that panics, as a nil pointer in an error does.
func textOf(err error) (text string) {
	defer func() {
		if recover() != nil {
			text = "inbox: error whose text cannot be had"
		}
	}()
	return err.Error()
}
