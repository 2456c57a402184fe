package ussd

import (
	"cmp"
	"context"
	"errors"
	"strings"
)

// Prompt asks the subscriber to type something, and reads it as a T. It is used as
// a pointer: the pointer is what its [Prompt.Value] is found by.
//
//	var amount = &ussd.Prompt[africastalking.Money]{
//		Text:  "Amount to send",
//		Parse: ussd.Amount("KES", 10, 150_000),
//	}
//
// A key that leads back is an answer where Parse takes it. So is the key for more on the
// last page of a question with a Text. A question with a TextFunc, whose pages may be
// others on the next hop, has another key for more if Parse takes "98": "99" or "000".
//
// Prompts are put together before they serve; then they are safe for concurrent use.
type Prompt[T any] struct {
	// Text is the question.
	Text string
	// TextFunc makes the question in place of Text. The answers to earlier questions can
	// be read from ctx. It is called when the question is shown, not when it is
	// answered, and an answer does not depend on its text: what the subscriber says yes
	// to belongs into a [Confirm], and who must not get any further is for Check.
	TextFunc func(ctx context.Context, r Request) (string, error)
	// Parse reads an answer, without the blanks around it. The text of its error
	// is shown to the subscriber. It must give the same result for the same
	// answer whenever it is asked, since answers are read again on every hop.
	Parse func(answer string) (T, error)
	// Check, if it is set, decides on an answer that Parse has read, where that takes
	// more than the answer: whether the PIN is the subscriber's, or the balance suffices.
	// Earlier answers can be read from ctx. r is the request as of the hop with the
	// answer: its HopID is the same whenever the answer is checked.
	//
	// The subscriber reads the text of Check's error above the question, as for Parse.
	// An error that wraps another, such as one of the network, is not for the
	// subscriber: the hop fails with it, or with the screen that it carries ([Stop]).
	//
	// Check runs again on later hops for an answer that it has accepted, because metadata
	// can be forged; if it then refuses, the session goes on from the first screen. For an
	// answer that it has refused it runs again only if that hop is delivered again.
	Check func(ctx context.Context, r Request, v T) error
	// Tries is how many answers Parse and Check may refuse in a session, with whatever is
	// between them, before it ends; zero is no limit. The subscriber reads how many are left.
	Tries int
	// Explicit refuses an answer to a question that the subscriber has not seen, or not
	// in this session: one that came with the dialled code, which stays in the phone's
	// list of calls, with the input before it, or before [Resume] went on. The app shows
	// the question and drops what was dialled behind it.
	Explicit bool
}

// Value returns the answer. ctx is the one that a function below the question got;
// elsewhere, and while there is no answer, Value returns the zero value.
func (p *Prompt[T]) Value(ctx context.Context) T { return valueOf[T](ctx, p) }

func (p *Prompt[T]) traits() traits {
	t := traits{kind: "prompt", name: oneLine(p.Text), varies: p.TextFunc != nil, explicit: p.Explicit, tries: p.Tries}
	if t.varies {
		t.name = "…"
	}
	return t
}

func (p *Prompt[T]) problem() string {
	switch {
	case p == nil:
		return "nil prompt"
	case p.Parse == nil:
		return "prompt without Parse"
	}
	return ""
}

func (p *Prompt[T]) ask(ctx context.Context, w *walk) (string, error) {
	if p.TextFunc == nil {
		return p.Text, nil
	}
	return p.TextFunc(ctx, w.asOf(w.top().end))
}

func (p *Prompt[T]) sum(*walk, *sums) error { return nil } // its name says all

// parse calls Parse once in a hop for an input.
func (p *Prompt[T]) parse(w *walk, input string) (value any, err error) {
	for _, r := range w.parsed {
		if r.question == Question(p) && r.input == input {
			return r.value, r.err
		}
	}
	v, err := p.Parse(input)
	w.parsed = append(w.parsed, parsed{p, input, v, err})
	return v, err
}

func (p *Prompt[T]) take(w *walk, input string) (taken, error) {
	v, err := p.parse(w, strings.TrimSpace(input))
	if err != nil {
		reason, err := refusal(err, w.top().texts.Invalid)
		return taken{reason: reason}, err
	}
	t := taken{value: v}
	if p.Check != nil {
		t.check = func(ctx context.Context, r Request) (reason string, err error) {
			v, _ := v.(T)
			if err = p.Check(ctx, r, v); err == nil {
				return "", nil
			}
			if errors.Unwrap(err) != nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
				return "", err
			}
			return refusal(err, "?")
		}
	}
	return t, nil
}

// refusal returns what the subscriber is told about an error, unless it carries a
// screen.
func refusal(err error, otherwise string) (reason string, fatal error) {
	if screen := new(ScreenError); errors.As(err, &screen) {
		return "", err
	}
	return cmp.Or(strings.TrimSpace(err.Error()), otherwise), nil
}

func (p *Prompt[T]) frees(w *walk, key string) bool {
	_, err := p.parse(w, key)
	return err != nil
}
