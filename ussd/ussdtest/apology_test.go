package ussdtest_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking/state"
	"github.com/sautigo/africastalking/ussd"
	"github.com/sautigo/africastalking/ussd/ussdtest"
	"github.com/sautigo/africastalking/webhook"
)

var errDown = errors.New("the bank is down")

// broken returns an app whose first screen works and whose item "1" is s.
func broken(s ussd.Screen, opts ...webhook.Option) http.Handler {
	m := ussd.NewMenu("Bank")
	m.Handle("Balance", s)
	return ussd.Handler(m.Serve, webhook.WithOptions(opts...), quiet())
}

func fn(f func() (ussd.Response, error)) ussd.ScreenFunc {
	return func(context.Context, ussd.Request) (ussd.Response, error) { return f() }
}

func failing() (ussd.Response, error) { return ussd.Response{}, errDown }

// An app that apologises fails both kits, which show the error that was logged.
func TestApology(t *testing.T) {
	t.Parallel()
	list := &ussd.List[string]{
		Title: "Accounts",
		Load:  func(context.Context, ussd.Request) ([]string, error) { return nil, errDown },
		Label: func(s string) string { return s },
	}
	title := ussd.NewMenu("")
	title.SetTitleFunc(func(context.Context, ussd.Request) (string, error) { return "", errDown })
	title.HandleFunc("x", fn(failing))
	yes := ussd.Confirm(func(context.Context, ussd.Request) (string, error) { return "", errDown })
	for name, tt := range map[string]struct {
		screen ussd.Screen
		want   []string
	}{
		"panic":           {fn(func() (ussd.Response, error) { panic("oops") }), []string{"panic of type string: oops", "apology_test.go:"}},
		"panic of nil":    {fn(func() (ussd.Response, error) { var p *ussd.Response; return *p, nil }), []string{"nil pointer dereference"}},
		"error":           {fn(failing), []string{"app's error: the bank is down"}},
		"load":            {ussd.Ask(list).Then(fn(failing)), []string{"the bank is down"}},
		"title":           {title, []string{"the bank is down"}},
		"confirm":         {ussd.Ask(yes).Then(fn(failing)), []string{"the bank is down"}},
		"branch":          {ussd.Branch(func(context.Context, ussd.Request) (ussd.Screen, error) { return nil, errDown }), []string{"the bank is down"}},
		"branch to none":  {ussd.Branch(func(context.Context, ussd.Request) (ussd.Screen, error) { return nil, nil }), []string{"branch to no screen"}},
		"empty":           {fn(func() (ussd.Response, error) { return ussd.Response{}, nil }), []string{"screen is empty"}},
		"blank":           {fn(func() (ussd.Response, error) { return ussd.End(" \n"), nil }), []string{"screen is empty"}},
		"not done":        {ussd.Ask().ThenOnce(fn(func() (ussd.Response, error) { return ussd.Response{}, state.ErrNotDone })), []string{"nothing was done"}},
		"in its own name": {fn(func() (ussd.Response, error) { return ussd.End(ussd.Apology), nil }), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := append([]string{"the app apologises", `text "1"`}, tt.want...)
			try(func(tb testing.TB) { ussdtest.New(tb, broken(tt.screen)).Dial("").Send("1") }).failsWith(t, false, want...)
			try(func(tb testing.TB) { ussdtest.Walk(tb, broken(tt.screen)) }).failsWith(t, false, want...)
			try(func(tb testing.TB) {
				p := ussdtest.New(tb, broken(tt.screen), ussdtest.WithLenient(ussdtest.Apology)).Dial("").Send("1")
				p.Ends(ussd.Apology)
			}).passes(t)
		})
	}
}

// The app's own words are an apology if a phone is told so. A walk in memory need not be.
func TestApologyInOwnWords(t *testing.T) {
	t.Parallel()
	sorry := webhook.WithFallbackFor(func(ussd.Request, error) webhook.Reply { return ussd.End("Samahani, jaribu baadaye.") })
	try(func(tb testing.TB) { ussdtest.New(tb, broken(fn(failing), sorry)).Dial("").Send("1") }).passes(t)
	try(func(tb testing.TB) {
		ussdtest.New(tb, broken(fn(failing), sorry), ussdtest.WithApology("Samahani")).Dial("").Send("1")
	}).failsWith(t, false, "the app apologises", "Samahani", "the bank is down")
	try(func(tb testing.TB) { ussdtest.Walk(tb, broken(fn(failing), sorry)) }).
		failsWith(t, false, "the app apologises", "Samahani", "the bank is down")
	try(func(tb testing.TB) {
		ussdtest.Walk(tb, broken(fn(failing), sorry), ussdtest.WithLenient(ussdtest.Apology))
	}).passes(t)
	// What the app isolates cannot be looked into, and is known by its words.
	isolated := webhook.Isolate(broken(fn(failing), sorry))
	for _, words := range []string{"Samahani, jaribu baadaye.", "Samahani"} {
		try(func(tb testing.TB) {
			ussdtest.New(tb, isolated, ussdtest.WithApology("Pole", words)).Dial("").Send("1")
		}).failsWith(t, false, "the app apologises", "Samahani")
	}
	try(func(tb testing.TB) { ussdtest.New(tb, isolated, ussdtest.WithApology("Pole")).Dial("").Send("1") }).passes(t)
	try(func(tb testing.TB) {
		ussdtest.New(tb, webhook.Isolate(broken(fn(failing))), ussdtest.WithApology("Samahani")).Dial("").Send("1")
	}).failsWith(t, false, "the app apologises")
}

func TestApologyAtURL(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(broken(fn(failing)))
	t.Cleanup(server.Close)
	f := try(func(tb testing.TB) { ussdtest.NewURL(tb, server.URL).Dial("").Send("1") })
	f.failsWith(t, false, "the app apologises")
	if strings.Contains(f.errors[0], "the app's error") {
		t.Errorf("the message has an error:\n%s", f.errors[0])
	}
	try(func(tb testing.TB) { ussdtest.WalkURL(tb, server.URL) }).failsWith(t, false, "the app apologises")
}

func TestApologyAtDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		slow := broken(fn(func() (ussd.Response, error) { time.Sleep(9 * time.Second); return ussd.End("Late"), nil }))
		try(func(tb testing.TB) { ussdtest.New(tb, slow).Dial("").Send("1") }).
			failsWith(t, false, "the app apologises", "no answer within 8s")
		time.Sleep(time.Minute)
	})
}

// A screen that the app has chosen is what it says: only a walk, which expects nothing,
// takes the error behind it for a fault.
func TestScreenErrorIsNoApologyToAPhone(t *testing.T) {
	t.Parallel()
	call := broken(fn(func() (ussd.Response, error) {
		return ussd.Response{}, &ussd.ScreenError{Screen: ussd.End("Please call us."), Err: errDown}
	}))
	doubt := broken(ussd.Ask().ThenOnce(fn(failing)))
	for _, h := range []http.Handler{call, doubt} {
		try(func(tb testing.TB) { ussdtest.New(tb, h).Dial("").Send("1").Again() }).passes(t)
		try(func(tb testing.TB) { ussdtest.New(tb, h).Dial("").Send("1").Ends("Thanks.") }).
			failsWith(t, false, "not the expected screen", "the bank is down")
		try(func(tb testing.TB) { ussdtest.Walk(tb, h) }).failsWith(t, false, "the app apologises")
	}
	stop := broken(fn(func() (ussd.Response, error) { return ussd.Response{}, ussd.Stop("We are closed.") }))
	try(func(tb testing.TB) {
		ussdtest.New(tb, stop).Dial("").Send("1").Ends("We are closed.").Again()
		ussdtest.Walk(tb, stop)
	}).passes(t)
}

func TestWithApologyPanics(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("it did not panic")
		}
	}()
	ussdtest.WithApology("Sorry", "")
}

// A walk takes what a menu has become behind a question, a branch and a confirmation for
// what it is.
func TestWalkKnowsEveryScreen(t *testing.T) {
	t.Parallel()
	pin := &ussd.Prompt[string]{Text: "PIN?", Parse: ussd.PIN(4), Explicit: true, Tries: 2}
	sure := ussd.Confirm(func(ctx context.Context, _ ussd.Request) (string, error) { return "Close it?", nil })
	menu := ussd.NewMenu("Account")
	menu.Handle("Close", ussd.Ask(sure).ThenOnce(fn(func() (ussd.Response, error) { return ussd.End("Closed."), nil })))
	menu.Handle("More", ussd.Branch(func(ctx context.Context, _ ussd.Request) (ussd.Screen, error) {
		return fn(func() (ussd.Response, error) { return ussd.End("PIN was " + pin.Value(ctx)), nil }), nil
	}))
	app := &ussd.App{Start: ussd.Branch(func(context.Context, ussd.Request) (ussd.Screen, error) { return ussd.Ask(pin).To(menu), nil })}
	got := ussdtest.Walk(t, ussd.Handler(app.Serve), ussdtest.WithInputs(func(screen string) []string {
		if strings.HasSuffix(screen, "PIN?") {
			return []string{"1234", "x"}
		}
		return nil
	})).String()
	want := `"" CON PIN?
"1234" CON Account
"x" CON Enter your PIN of 4 digits. Tries left: 1
"1234*1" CON Close it?
"1234*2" END PIN was 1234
"x*1234" CON Account (seen before)
"x*x" END Too many tries. Please dial again later.
"1234*1*1" END Closed.
"1234*1*2" END Cancelled. Nothing was done.
"1234*1*0" CON Account (seen before)
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("tour (-want +got):\n%s", diff)
	}
}

// What is shown of hop metadata is its name.
func TestTranscriptHasNames(t *testing.T) {
	t.Parallel()
	m := ussd.NewMenu("Bank")
	m.Handle("Balance", ussd.Ask(&ussd.Prompt[string]{Text: "PIN?", Parse: ussd.PIN(4)}).Then(fn(func() (ussd.Response, error) { return ussd.End("KES 5"), nil })))
	p := ussdtest.New(t, ussd.Handler(m.Serve)).Dial("").Send("1").Send("1234")
	want := `phone +254711000001 on 63902
dial *384*123#
CON [Bank]
| Bank
| 1. Balance
send 1
CON [Balance]
| PIN?
| 0. Back
send 1234
END [Balance]
| KES 5
over Success, 3 hops, input "1*1234", metadata "Bank|Balance|Balance"
`
	if diff := cmp.Diff(want, p.Transcript()); diff != "" {
		t.Errorf("transcript (-want +got):\n%s", diff)
	}
	n := 0
	moody := ussd.Handler(func(ctx context.Context, r ussd.Request) (ussd.Response, error) {
		res, err := m.Serve(ctx, r)
		n++
		res.Text += strings.Repeat("!", n)
		return res, err
	})
	f := try(func(tb testing.TB) { ussdtest.New(tb, moody).Dial("").Again() })
	f.failsWith(t, false, "answered differently", `hop metadata "Bank"`)
}
