package ussd

import (
	"cmp"
	"context"
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
// An answer that Parse refuses shows the question again, below the text of the
// error. A key that leads back does so where Parse refuses it, and is an answer where
// Parse takes it. The key for more is one only on the last page of the question.
//
// Prompts are put together before they serve; then they are safe for concurrent
// use.
type Prompt[T any] struct {
	// Text is the question.
	Text string
	// TextFunc makes the question where Text alone cannot; then Text is not
	// used. The answers to earlier questions can be read from ctx. It is called
	// when the question is shown, not when it is answered: who must not get any
	// further is to be refused by the flow's function too.
	TextFunc func(ctx context.Context, r Request) (string, error)
	// Parse reads an answer, without the blanks around it. The text of its error
	// is shown to the subscriber. It must give the same result for the same
	// answer whenever it is asked, since answers are read again on every hop.
	Parse func(answer string) (T, error)
	// Tries is how many answers Parse may refuse in a session, with whatever is
	// between them, before the session ends. Zero is no limit.
	Tries int
	// Explicit refuses an answer that came with the dialled code: those stay in
	// the phone's list of calls, where a PIN has no place. It goes by hop
	// metadata, which Africa's Talking documents to come back with the next
	// hop. On an account where it does not, an explicit question takes no answer
	// at all, unless the menu has a store ([Menu.Remember]).
	Explicit bool
}

// Value returns the answer. ctx is the one that the flow's function got, or the
// TextFunc of a later question; elsewhere, and while there is no answer, it is the
// zero value.
func (p *Prompt[T]) Value(ctx context.Context) T { return valueOf[T](ctx, p) }

func (p *Prompt[T]) name() string {
	if p.TextFunc != nil {
		return "…"
	}
	return oneLine(p.Text)
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

func (p *Prompt[T]) ask(ctx context.Context, w *walk, _ int) (string, error) {
	if p.TextFunc == nil {
		return p.Text, nil
	}
	r := w.request
	r.Text, r.Typed = r.Text[:w.top().end], ""
	return p.TextFunc(ctx, r)
}

func (p *Prompt[T]) take(w *walk, input string) (any, string, error) {
	v, err := p.Parse(strings.TrimSpace(input))
	if err != nil {
		return nil, cmp.Or(strings.TrimSpace(err.Error()), w.top().texts.Invalid), nil
	}
	return v, "", nil
}

func (p *Prompt[T]) frees(key string) bool {
	_, err := p.Parse(key)
	return err != nil
}

func (p *Prompt[T]) limit() int     { return p.Tries }
func (p *Prompt[T]) explicit() bool { return p.Explicit }
