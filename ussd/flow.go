package ussd

import (
	"context"
	"strings"
)

// Question is what a [Flow] asks: a *[Prompt], a *[List] or a [Confirm]. The set is
// closed.
type Question interface {
	traits() traits
	// problem says why the question cannot be asked; "" if it can.
	problem() string
	// ask returns the text of the question.
	ask(ctx context.Context, w *walk) (string, error)
	// sum adds what an answer to the question stands for now, beside its traits.
	sum(w *walk, s *sums) error
	// take reads an answer.
	take(w *walk, input string) (taken, error)
	// frees reports whether a key is no answer, so that it can lead elsewhere.
	frees(w *walk, key string) bool
}

// traits are what a question is, whoever is asked.
type traits struct {
	kind string // tells questions of different types apart
	name string // for drawings and sums: static text, or "…"
	// varies: the number of pages can change while the question takes the same answers.
	varies bool
	// explicit: the answer must not come with the dialled code.
	explicit bool
	tries    int // how many wrong answers end the session; 0 is no limit
}

// taken is what an answer was read as.
type taken struct {
	value any
	// reason, if it is not empty, is why the answer is none.
	reason string
	// pick is how the item of a list is known on later hops.
	pick string
	// check, if it is set, decides on the answer. r is the request as of its hop.
	check func(ctx context.Context, r Request) (reason string, err error)
}

// Flow is a screen that asks questions one after the other and then leads to another
// screen.
type Flow struct {
	questions []Question
	then      Screen
	app       App // for Serve
}

func (*Flow) screen() string { return "" }

// Serve answers a hop of an app that starts with the flow: it is the function for
// [Handler]. What it keeps between hops lives as long as the flow, so make the flow once
// and not for each hop. See [App] for what needs more than that.
func (f *Flow) Serve(ctx context.Context, r Request) (Response, error) { return f.app.Serve(ctx, r) }

// Ask begins a flow with its questions. To, Then or ThenOnce ends it:
//
//	menu.Handle("Balance", ussd.Ask(pin).Then(balance))
//	menu.Handle("Send money", ussd.Ask(to, amount, sure, pin).ThenOnce(send))
//	app := &ussd.App{Start: ussd.Ask(pin).To(menu)}
func Ask(questions ...Question) Questions { return questions }

// Questions are those of a [Flow] that is being put together.
type Questions []Question

// To returns the flow that asks the questions and then shows a screen. All functions
// below can read the answers: pin.Value(ctx) is the PIN in a menu behind the question,
// too. It panics if the screen is nil, or a question lacks what it cannot do without.
//
// The first menu on the way is the one that "00" leads to, and nothing leads back from
// it to the questions before it.
func (q Questions) To(s Screen) *Flow {
	if isNil(s) {
		panic("ussd: nil screen for a flow")
	}
	for _, question := range q {
		if question == nil {
			panic("ussd: nil question")
		}
		if problem := question.problem(); problem != "" {
			panic("ussd: " + problem)
		}
	}
	f := &Flow{questions: q, then: s}
	f.app.Start = f
	return f
}

// Then returns the flow that asks the questions and then calls fn, as a [ScreenFunc] is
// called. What moves money goes through [Questions.ThenOnce]: when the hop is delivered
// again, Then calls fn again, or, if fn has changed the way that led to it, as by paying
// the bill that was chosen from a list, shows [Texts].Changed although it was done.
func (q Questions) Then(fn func(context.Context, Request) (Response, error)) *Flow {
	return q.To(ScreenFunc(fn))
}

// ThenOnce returns the flow that asks the questions and then calls fn, at most once
// for the hop, however often Africa's Talking delivers it and to whichever machine:
//
//	func send(ctx context.Context, r ussd.Request) (ussd.Response, error) {
//		receipt, err := bank.Send(ctx, r.HopID(), to.Value(ctx), amount.Value(ctx))
//		switch {
//		case errors.Is(err, bank.ErrFunds):
//			return ussd.End("You do not have enough money for that."), nil
//		case err != nil:
//			return ussd.Response{}, err
//		}
//		return ussd.Endf("Sent. Your balance is %v.", receipt.Balance), nil
//	}
//
// # What holds
//
// The screen that fn returns, a refusal or [Stop] included, is kept in [App].Store for 24
// hours and answers all deliveries of the hop, whatever the menu has become. "0" and "00"
// lead home from it, and nothing leads back to the questions.
//
// If fn returns an error that wraps [state.ErrNotDone], the next delivery calls fn again.
// Any other error, a panic, and the death of the machine leave open what was done: the
// subscriber reads [Texts].InDoubt, now and on every delivery, fn does not run again, and
// [Handler] logs the error.
//
// A hop in the same place with other answers, which no phone sends, is an [ErrConflict].
// Explicit answers are not compared, because a PIN could be guessed from what is kept.
//
// # What does not
//
// At most once is not exactly once, and a hop is not a payment: a subscriber who dials and
// answers again is another hop. Pass [Request.HopID] on as the idempotency key. ThenOnce
// knows nothing after 24 hours, or when the store has lost its records, as the memory of a
// process that restarts has.
func (q Questions) ThenOnce(fn func(context.Context, Request) (Response, error)) *Flow {
	return q.To(onceFunc(fn))
}

type onceFunc func(context.Context, Request) (Response, error)

func (onceFunc) screen() string { return "" }

// Branch is a screen that is another one for each subscriber, or depends on the answers
// so far:
//
//	ussd.Branch(func(_ context.Context, r ussd.Request) (ussd.Screen, error) {
//		if known, err := customers.Has(r.PhoneNumber); !known {
//			return register, err
//		}
//		return menu, nil
//	})
//
// The app calls it on every hop whose way leads through it: it reads and changes nothing.
// If it leads elsewhere than it did when the subscriber answered, the answer is not acted
// on; see [App]. Make the questions that it leads to outside of it: a *[Prompt] made inside
// is another one each time, and its Value cannot be found.
type Branch func(context.Context, Request) (Screen, error)

func (Branch) screen() string { return "" }

// Serve answers a hop of an app that starts with the branch: it is the function for
// [Handler]. It keeps nothing between hops: on accounts without metadata no question
// that is Explicit takes an answer, and [Questions.ThenOnce] is an error. For those,
// serve an [App] that starts with the branch.
func (b Branch) Serve(ctx context.Context, r Request) (Response, error) {
	return (&App{Start: b, passing: true}).Serve(ctx, r)
}

// Confirm asks whether to go on, below a text that is made at run time:
//
//	Send KES 500.00 to +254711000002?
//	1. Yes
//	2. No
//
// No ends the session with [Texts].Cancelled. If the text is another one when the
// subscriber answers, because a fee has changed, the question is asked again. The question
// is Explicit: its text was on the subscriber's screen before anything goes on. Confirm
// panics if text is nil.
func Confirm(text func(context.Context, Request) (string, error)) Question {
	if text == nil {
		panic("ussd: nil function for Confirm")
	}
	return &confirm{text}
}

type confirm struct {
	text func(context.Context, Request) (string, error)
}

func (*confirm) traits() traits  { return traits{kind: "confirm", name: "…", explicit: true} }
func (*confirm) problem() string { return "" }

func (*confirm) frees(_ *walk, key string) bool { return key != "1" && key != "2" }

func (c *confirm) ask(ctx context.Context, w *walk) (string, error) {
	text, err := c.text(ctx, w.asOf(w.top().end))
	t := w.top().texts
	return text + "\n1. " + t.Yes + "\n2. " + t.No, err
}

func (c *confirm) sum(w *walk, s *sums) error {
	text, err := w.question()
	s.add(text)
	return err
}

func (c *confirm) take(w *walk, input string) (taken, error) {
	switch t := w.top().texts; clean(input) {
	case "1":
		// On the hops below, another text is another way: the subscriber agreed to this one.
		text, err := w.question()
		return taken{value: true, pick: w.pick(text)}, err
	case "2":
		return taken{}, Stop(t.Cancelled)
	default:
		return taken{reason: t.Invalid}, nil
	}
}

func oneLine(s string) string { return strings.ReplaceAll(s, "\n", " / ") }
