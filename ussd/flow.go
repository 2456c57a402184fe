package ussd

import "context"

// Question is what a [Flow] asks: a *[Prompt] or a *[List]. The set is closed.
type Question interface {
	// name is what the question is called in drawings.
	name() string
	// problem says why the question cannot be asked; "" if it can.
	problem() string
	// ask returns the text of the question as it stands at a position of the
	// text.
	ask(ctx context.Context, w *walk, at int) (string, error)
	// take reads an answer: its value, or the reason, never empty, that the
	// subscriber is told why it is none.
	take(w *walk, input string) (value any, reason string, err error)
	// frees reports whether a key is no answer, so that it can lead elsewhere.
	frees(key string) bool
	// limit is how many wrong answers end the session; 0 is no limit.
	limit() int
	// explicit reports whether the answer must not come with the dialled code.
	explicit() bool
}

// Flow is a screen that asks questions one after the other and then calls a
// function.
type Flow struct {
	questions []Question
	then      ScreenFunc
}

func (*Flow) screen() string { return "" }

// Ask begins a flow with its questions; Then ends it:
//
//	menu.Handle("Send money", ussd.Ask(to, amount, pin).Then(send))
func Ask(questions ...Question) Questions { return questions }

// Questions are those of a [Flow] that is being put together.
type Questions []Question

// Then returns the flow that asks the questions and then calls fn, as a
// [ScreenFunc] is called. It panics if fn is nil, or a question lacks what it cannot
// do without. Fn reads the answers from the questions:
//
//	func send(ctx context.Context, r ussd.Request) (ussd.Response, error) {
//		n, err := bank.Send(ctx, r.HopID(), to.Value(ctx), amount.Value(ctx))
//		…
//	}
func (q Questions) Then(fn func(context.Context, Request) (Response, error)) *Flow {
	if fn == nil {
		panic("ussd: nil function for a flow")
	}
	for _, question := range q {
		if question == nil {
			panic("ussd: nil question")
		}
		if problem := question.problem(); problem != "" {
			panic("ussd: " + problem)
		}
	}
	return &Flow{questions: q, then: fn}
}

type answersKey struct{}

// answers returns a context with the answers to the questions of f so far.
func (w *walk) answers(f *Flow) context.Context {
	given := make(map[Question]any, len(f.questions))
	for i := range w.path {
		// The same flow may be on the path only once: its frames are in a row
		// at the end.
		if p := &w.path[i]; p.screen == Screen(f) && p.answer != nil && int(p.step) < len(f.questions) {
			given[f.questions[p.step]] = p.answer
		}
	}
	return context.WithValue(w.ctx, answersKey{}, given)
}

// valueOf returns the answer to q, and its zero value if there is none.
func valueOf[T any](ctx context.Context, q Question) T {
	given, _ := ctx.Value(answersKey{}).(map[Question]any)
	v, _ := given[q].(T)
	return v
}
