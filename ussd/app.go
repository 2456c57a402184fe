package ussd

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/state"
)

// App is a USSD app: the screen that a session starts with, and what belongs to the
// whole app and not to one of its menus. [App.Serve] answers the hops:
//
//	app := &ussd.App{Start: ussd.Ask(pin).To(menu), Store: store, ServiceCode: "*384*123#"}
//	http.Handle("/ussd", ussd.Handler(app.Serve))
//
// [Menu.Serve], [Flow.Serve] and [Branch.Serve] do for an app without any of this. Do not
// copy an App, and do not change its fields once it serves.
//
// # An answer counts for the screen it was given to
//
// Africa's Talking sends all inputs with each hop, and the app follows them from Start
// on. Menus, lists and questions may have changed since the subscriber typed: by a deploy,
// because a bill was paid, or because menus are made for each subscriber. So each hop
// leaves in its metadata sums of the way to its screen and of what the screen offers. If
// the next hop finds other ones, it acts on nothing: it shows the screen as it is now, or
// the first one if the way has changed, below [Texts].Changed. What was typed for the old
// screen is not used again.
//
// The sums are of labels, keys, static titles and questions, the keys and labels of lists,
// and the text of [Confirm]; not of a [Prompt].TextFunc, a title function, or anything that
// was typed. So a text that varies, such as a balance, belongs into a title function and
// not into a label. Metadata is no proof: who can forge inputs can forge it too. If it is
// lost where it came before, nobody knows what was shown: the first screen is, as changed.
type App struct {
	// Start is shown first: a *[Menu], a *[Flow], a [Branch] or a [ScreenFunc].
	Start Screen
	// Store holds what [Questions.ThenOnce] has done, for 24 hours, and for 15 minutes the
	// sums of hops whose metadata may not come back: the first of each session, the second
	// to know that it does, and all on accounts without metadata, or once it was lost. It
	// holds nothing typed to a question that is Explicit. That is two round trips on the
	// first two hops, three for ThenOnce and none else; without metadata three a hop.
	//
	// If Store is nil, the App keeps the same in the memory of this process. An App that
	// moves money, runs on several machines, or is made for one hop needs a Store.
	Store state.Store
	// ServiceCode is the app's own code, "*384*123#". It is not documented whether the
	// extension of a longer code that was dialled arrives in the text or in the
	// service code. An app that knows its code understands both.
	ServiceCode string
	// Texts are the keys and words of the app. Those of [Menu.SetTexts] come first.
	Texts Texts
	// Limits are how many septets a screen may have on networks where [Limit] does not
	// hold: from 100 to 182, which is as much as USSD can carry.
	Limits map[africastalking.Network]int

	once    sync.Once
	wrong   error       // with the fields
	texts   *Texts      // complete
	records state.Store // Store, or the memory of this process, or nil
	passing bool        // the App lives for one hop
	served  atomic.Bool // it has served a hop
	fixed   bool        // no screen can change while this App lives
}

// Serve answers a hop: it is the function for [Handler]. Inside a screen it returns an
// error, because the inputs of the session belong to the app that the screen is in.
func (a *App) Serve(ctx context.Context, r Request) (Response, error) {
	if ctx.Value(scopeKey{}) != nil {
		return Response{}, errNested
	}
	if a.once.Do(a.prepare); a.wrong != nil {
		return Response{}, a.wrong
	}
	w := walks.Get().(*walk)
	w.app, w.ctx, w.request = a, ctx, r
	w.young = !a.served.Load() && !a.served.Swap(true)
	res, err := w.serve()
	*w = walk{}
	walks.Put(w) // unless a screen panics
	return res, err
}

var walks = sync.Pool{New: func() any { return new(walk) }}

var errNested = errors.New("ussd: Serve was called inside a screen of an app: instead let Handle, Questions.To or a Branch lead to that menu")

func (a *App) prepare() {
	a.texts = &defaultTexts
	if a.Texts != (Texts{}) {
		own := a.Texts
		if problem := own.problem(); problem != "" {
			a.wrong = errors.New("ussd: texts of the app: " + problem)
		}
		a.texts = own.over(&defaultTexts)
	}
	if isNil(a.Start) {
		a.wrong = errors.New("ussd: app without a Start")
	}
	if c := a.ServiceCode; c != "" && (!strings.HasPrefix(c, "*") || !strings.HasSuffix(c, "#")) {
		a.wrong = errors.New("ussd: " + strconv.Quote(c) + " is no service code")
	}
	for _, septets := range a.Limits {
		if septets < minSeptets || septets > maxSeptets {
			a.wrong = errors.New("ussd: limit of " + strconv.Itoa(septets) + " septets")
		}
	}
	a.records = a.Store
	if a.Store == nil && !a.passing {
		a.records = new(state.Memory)
		a.fixed = a.wrong == nil && isFixed(a.Start, map[*Menu]bool{})
	}
}

// isFixed reports whether a screen and all below it are menus and functions, which are the
// same on all hops of this process.
func isFixed(s Screen, seen map[*Menu]bool) bool {
	m, ok := s.(*Menu)
	if !ok {
		_, ok = s.(ScreenFunc)
		return ok
	}
	known := seen[m]
	seen[m] = true
	return known || !slices.ContainsFunc(m.items, func(it *item) bool { return !isFixed(it.screen, seen) })
}

// extension returns what was dialled beyond the app's own service code.
func (a *App) extension(r Request) string {
	own, dialled := strings.TrimSuffix(a.ServiceCode, "#"), strings.TrimSuffix(r.ServiceCode, "#")
	if ext, ok := strings.CutPrefix(dialled, own+"*"); ok && own != "" {
		return ext
	}
	return ""
}

// scope is the context that the functions of an app's screens get.
type scope struct {
	context.Context
	answers []answer // the last one last
}

type scopeKey struct{}

func (s *scope) Value(key any) any {
	if key == (scopeKey{}) {
		return s
	}
	return s.Context.Value(key)
}

// answer is an answer to a question on the path.
type answer struct {
	question Question
	value    any
}

// valueOf returns the answer to q that was given last, and its zero value if there is
// none.
func valueOf[T any](ctx context.Context, q Question) (v T) {
	if s, ok := ctx.Value(scopeKey{}).(*scope); ok {
		for _, a := range s.answers {
			if a.question == q {
				v, _ = a.value.(T)
			}
		}
	}
	return v
}
