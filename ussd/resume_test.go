package ussd_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking/state"
	"github.com/sautigo/africastalking/ussd"
)

const question = "You were interrupted.\n1. Continue\n2. Start again"

// echo shows what it gets.
func echo(_ context.Context, r ussd.Request) (ussd.Response, error) {
	id := r.HopID()
	resp := ussd.Continuef("%s %q", id[:strings.LastIndexByte(id, '-')], r.Text)
	resp.Continue = r.Last() != "end"
	if r.Last() == "fail" {
		return resp, errors.New("broken")
	}
	return resp, nil
}

func TestResume(t *testing.T) {
	t.Parallel()
	type hop struct{ session, text, want string }
	for _, test := range []struct {
		name string
		hops []hop
	}{
		{"Continue", []hop{
			{"a", "", `a-0 ""`}, {"a", "1", `a-1 "1"`}, {"a", "1*2", `a-3 "1*2"`},
			{"b", "", question}, {"b", "1", `a-3 "1*2"`}, {"b", "1*5", `a-5 "1*2*5"`}, {"b", "1*5*", `a-6 "1*2*5*"`}, {"b", "1*5**x*y", `a-10 "1*2*5**x*y"`},
		}},
		{"StartAgain", []hop{
			{"a", "1*2", `a-3 "1*2"`},
			{"b", "", question}, {"b", "2", `b-0 ""`}, {"b", "2*1", `b-1 "1"`}, {"b", "2*1*1", `b-3 "1*1"`},
		}},
		{"ForgottenWhenStartedAgain", []hop{
			{"a", "1", `a-1 "1"`}, {"b", "", question}, {"b", "2", `b-0 ""`}, {"c", "", `c-0 ""`},
		}},
		{"AsksAgain", []hop{
			{"a", "1", `a-1 "1"`},
			{"b", "", question}, {"b", "3", "Please choose 1 or 2.\n" + question}, {"b", "3*", "Please choose 1 or 2.\n" + question}, {"b", "3**1", `a-1 "1"`}, {"b", "3**1*7", `a-3 "1*7"`},
		}},
		{"DroppedTwice", []hop{
			{"a", "", `a-0 ""`}, {"a", "1", `a-1 "1"`},
			{"b", "", question}, {"b", "1", `a-1 "1"`}, {"b", "1*2", `a-3 "1*2"`},
			{"c", "", question}, {"c", "1", `a-3 "1*2"`}, {"c", "1*3", `a-5 "1*2*3"`},
			{"d", "", question}, // dropped at the question
			{"e", "", question}, {"e", "1", `a-5 "1*2*3"`},
		}},
		{"StartedAgainAndDropped", []hop{
			{"a", "1", `a-1 "1"`}, {"b", "", question}, {"b", "2", `b-0 ""`}, {"b", "2*4", `b-1 "4"`},
			{"c", "", question}, {"c", "1", `b-1 "4"`}, {"c", "1*5", `b-3 "4*5"`},
		}},
		{"Ended", []hop{
			{"a", "1", `a-1 "1"`}, {"a", "1*end", `a-5 "1*end"`}, {"b", "", `b-0 ""`},
		}},
		{"EndedAfterResume", []hop{
			{"a", "1", `a-1 "1"`}, {"b", "", question}, {"b", "1", `a-1 "1"`}, {"b", "1*end", `a-5 "1*end"`}, {"c", "", `c-0 ""`},
		}},
		{"EndedThenOldHopAgain", []hop{
			{"a", "1", `a-1 "1"`}, {"a", "1*end", `a-5 "1*end"`}, {"a", "1", `a-1 "1"`}, {"b", "", `b-0 ""`},
		}},
		{"OldHopAgain", []hop{
			{"a", "1", `a-1 "1"`}, {"a", "1*2", `a-3 "1*2"`}, {"a", "1", `a-1 "1"`}, {"b", "", question}, {"b", "1", `a-3 "1*2"`},
		}},
		{"OldSessionAgain", []hop{
			{"a", "1", `a-1 "1"`}, {"b", "5", `b-1 "5"`}, {"a", "1", `a-1 "1"`}, {"c", "", question}, {"c", "1", `b-1 "5"`},
		}},
		{"Failed", []hop{
			{"a", "1", `a-1 "1"`}, {"a", "1*fail", "broken"}, {"b", "", `b-0 ""`},
		}},
		{"NothingTyped", []hop{{"a", "", `a-0 ""`}, {"b", "", `b-0 ""`}}},
		{"Extension", []hop{{"a", "1", `a-1 "1"`}, {"b", "2*3", `b-3 "2*3"`}, {"c", "", question}, {"c", "1", `b-3 "2*3"`}}},
		{"PlainStaysPlain", []hop{
			// The answer of an old session arrives after the new one began.
			{"a", "", `a-0 ""`}, {"b", "", `b-0 ""`}, {"a", "1", `a-1 "1"`}, {"b", "", `b-0 ""`}, {"b", "1", `b-1 "1"`},
		}},
		{"NotText", []hop{{"a\xff", "\xfe", "a\xff-1 \"\\xfe\""}, {"b", "", question}, {"b", "1", "a\xff-1 \"\\xfe\""}, {"b", "1*\xff", "a\xff-3 \"\\xfe*\\xff\""}}},
	} {
		for _, times := range []int{1, 3} {
			t.Run(fmt.Sprint(test.name, times), func(t *testing.T) {
				t.Parallel()
				store := new(state.Memory)
				machines := []hopFunc{ussd.Resume(store, echo), ussd.Resume(store, echo)}
				for i, h := range test.hops {
					for j := range times {
						got, err := machines[(i+j)%2](t.Context(), hopOf(h.session, h.text))
						if err != nil {
							got = ussd.Response{Text: err.Error()}
						}
						if diff := cmp.Diff(h.want, got.Text); diff != "" {
							t.Fatalf("hop %d %q %q, time %d (-want +got):\n%s", i, h.session, h.text, j, diff)
						}
					}
				}
			})
		}
	}
}

func TestResumeOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fn := ussd.Resume(new(state.Memory), echo, ussd.WithResumeTexts(func(ussd.Request) ussd.ResumeTexts {
			return ussd.ResumeTexts{Interrupted: "Ulikatizwa.", Continue: "Endelea", StartAgain: "Anza upya", Choose: "Chagua 1 au 2."}
		}))
		see := func(r ussd.Request, want string) {
			t.Helper()
			if got, err := fn(t.Context(), r); got.Text != want || err != nil {
				t.Errorf("%s %q: got %q and error %v, want %q", r.SessionID, r.Text, got.Text, err, want)
			}
		}
		see(hopOf("a", "1"), `a-1 "1"`)
		other := hopOf("b", "")
		other.PhoneNumber = "+254711000002"
		see(other, `b-0 ""`)
		other = hopOf("c", "")
		other.ServiceCode = "*384*124#"
		see(other, `c-0 ""`)
		see(hopOf("d", ""), "Ulikatizwa.\n1. Endelea\n2. Anza upya")
		see(hopOf("d", "x"), "Chagua 1 au 2.\nUlikatizwa.\n1. Endelea\n2. Anza upya")
		time.Sleep(ussd.DefaultResume)
		see(hopOf("e", ""), `e-0 ""`)
		lost := hopOf("f", "1")
		lost.Hop = "resume"
		if _, err := fn(t.Context(), lost); !errors.Is(err, ussd.ErrLost) {
			t.Errorf("answer to a question nobody knows of: got error %v, want ErrLost", err)
		}
	})
}

// Over Stateful nothing runs twice, whatever is dropped and delivered again.
func TestResumeStateful(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := new(state.Memory)
		var runs atomic.Int64
		var machines []hopFunc
		for range 2 {
			machines = append(machines, ussd.Resume(store, ussd.Stateful(store, new(trail).serve(&runs))))
		}
		for i, h := range []struct {
			session, text, want string
			pause               time.Duration
		}{
			{"a", "", `1 +254711000001 [""]`, 0},
			{"a", "1", `2 +254711000001 ["" "1"]`, 0},
			{"b", "", question, 9 * time.Minute},
			{"b", "1", `2 +254711000001 ["" "1"]`, 2 * time.Minute},
			{"b", "1*x*y", `3 +254711000001 ["" "1" "x*y"]`, time.Minute},
			{"c", "", question, 9 * time.Minute},
			{"c", "1", `3 +254711000001 ["" "1" "x*y"]`, time.Minute},
			{"d", "", question, 9 * time.Minute},
			{"d", "1", `3 +254711000001 ["" "1" "x*y"]`, 2 * time.Minute},
			{"d", "1*end", `4 +254711000001 ["" "1" "x*y" "end"]`, 2 * time.Minute},
			{"e", "", `5 +254711000001 [""]`, 0},
		} {
			time.Sleep(h.pause)
			var wg sync.WaitGroup
			for _, m := range machines {
				for range 2 {
					wg.Go(func() {
						if got, err := m(t.Context(), hopOf(h.session, h.text)); got.Text != h.want || err != nil {
							t.Errorf("hop %d: got %q and error %v, want %q", i, got.Text, err, h.want)
						}
					})
				}
			}
			wg.Wait()
		}
		if got := runs.Load(); got != 5 {
			t.Errorf("ran %d times, want 5", got)
		}
	})
}

// A session that Stateful has forgotten is not taken for a dialled extension.
func TestResumeLost(t *testing.T) {
	t.Parallel()
	var runs atomic.Int64
	store := new(state.Memory)
	serve := func(state state.Store) hopFunc {
		return ussd.Resume(store, ussd.Stateful(state, new(trail).serve(&runs)))
	}
	if _, err := serve(store)(t.Context(), hopOf("a", "1")); err != nil {
		t.Fatal(err)
	}
	fn := serve(new(state.Memory))
	if got, err := fn(t.Context(), hopOf("b", "")); got.Text != question || err != nil {
		t.Fatal(got, err)
	}
	if got, err := fn(t.Context(), hopOf("b", "1")); !errors.Is(err, ussd.ErrLost) {
		t.Errorf("got %v and error %v, want ErrLost", got, err)
	}
	if got := runs.Load(); got != 1 {
		t.Errorf("ran %d times, want 1", got)
	}
}

// Whichever call to the store fails, no hop is taken for another.
func TestResumeStoreErrors(t *testing.T) {
	t.Parallel()
	for n := range 20 {
		for _, after := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				store := &faulty{Store: new(state.Memory), n: n, after: after}
				fn := ussd.Resume(store, echo)
				for _, h := range []struct{ session, text, want, or string }{
					{"a", "", `a-0 ""`, ""}, {"a", "1", `a-1 "1"`, ""}, {"a", "1*2", `a-3 "1*2"`, ""},
					{"b", "", question, `b-0 ""`}, {"b", "1", `a-3 "1*2"`, `a-1 "1"`}, {"b", "1*4", `a-5 "1*2*4"`, `a-3 "1*4"`},
				} {
					got, err := fn(t.Context(), hopOf(h.session, h.text))
					if err != nil {
						got, err = fn(t.Context(), hopOf(h.session, h.text))
					}
					if got.Text == h.or && h.text == "" {
						return // nothing was remembered, and nothing asked
					}
					if err != nil || got.Text != h.want && got.Text != h.or {
						t.Errorf("call %d (after %v), %s %q: got %q and error %v, want %q", n, after, h.session, h.text, got.Text, err, h.want)
					}
				}
			})
		}
	}
}

// A hop that failed, and was answered when it was delivered again, does not keep the
// session from being resumed; one that failed for good does.
func TestResumeAfterFailedCopy(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		fails int // the call that fails
		texts []string
		want  string
	}{
		"answered since":        {2, []string{"", "1", "1"}, "You were interrupted.\n1. Continue\n2. Start again"},
		"gone on since":         {2, []string{"", "1", "1", "1*2", "1*2*3"}, "You were interrupted.\n1. Continue\n2. Start again"},
		"a copy of an answered": {3, []string{"", "1", "1"}, "You were interrupted.\n1. Continue\n2. Start again"},
		"failed for good":       {3, []string{"", "1", "1*2"}, "ok "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			calls := 0
			serve := ussd.Resume(new(state.Memory), func(_ context.Context, r ussd.Request) (ussd.Response, error) {
				if calls++; calls == tt.fails {
					return ussd.Response{}, errors.New("chaos")
				}
				return ussd.Continue("ok " + r.Text), nil
			})
			hop := func(session, text string) string {
				r, _ := serve(t.Context(), ussd.Request{SessionID: session, PhoneNumber: "+254711000001", ServiceCode: "*384*123#", Text: text})
				return r.Text
			}
			for _, text := range tt.texts {
				hop("s1", text)
			}
			if got := hop("s2", ""); got != tt.want {
				t.Errorf("after the drop comes %q, want %q", got, tt.want)
			}
		})
	}
}

// What was never shown is not offered.
func TestResumeEmptyScreen(t *testing.T) {
	t.Parallel()
	serve := ussd.Resume(new(state.Memory), func(_ context.Context, r ussd.Request) (ussd.Response, error) {
		return ussd.Continue(strings.Repeat("x", 1-len(r.Text))), nil
	})
	r := ussd.Request{SessionID: "s1", PhoneNumber: "+254711000001"}
	for _, text := range []string{"", "1"} {
		r.Text = text
		if _, err := serve(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	r.SessionID, r.Text = "s2", ""
	if got, _ := serve(t.Context(), r); got.Text != "x" {
		t.Errorf("after the drop comes %q", got.Text)
	}
}

// A hop of a resumed session that is delivered again after its record is forgotten
// does nothing a second time.
func TestResumedHopMuchLater(t *testing.T) {
	t.Parallel()
	for name, later := range map[string]func(hop func(session, text string) (string, error)){
		"other sessions since": func(hop func(session, text string) (string, error)) {
			for i := range 8 {
				_, _ = hop(fmt.Sprint("other", i), "")
			}
		},
		"time has passed":    func(func(string, string) (string, error)) { time.Sleep(16 * time.Minute) },
		"a day has passed":   func(func(string, string) (string, error)) { time.Sleep(23*time.Hour + 59*time.Minute) },
		"nothing in between": func(func(string, string) (string, error)) {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				store := new(state.Memory)
				paid := 0
				serve := ussd.Resume(store, func(ctx context.Context, r ussd.Request) (ussd.Response, error) {
					if r.Last() != "9" {
						return ussd.Continue("ok"), nil
					}
					_, err := state.Once(ctx, store, r.HopID(), func(context.Context) (int, error) { paid++; return paid, nil })
					return ussd.End("Paid"), err
				})
				hop := func(session, text string) (string, error) {
					r, err := serve(t.Context(), ussd.Request{SessionID: session, PhoneNumber: "+254711000001", ServiceCode: "*384*123#", Text: text})
					return r.Text, err
				}
				for _, h := range [][2]string{{"s1", ""}, {"s1", "3"}, {"s2", ""}, {"s2", "1"}, {"s2", "1*9"}} {
					if _, err := hop(h[0], h[1]); err != nil {
						t.Fatal(err)
					}
				}
				later(hop)
				text, err := hop("s2", "1*9")
				if paid != 1 || err != nil && !errors.Is(err, ussd.ErrLost) || err == nil && text != "Paid" {
					t.Errorf("paid %d times; the hop is answered %q, %v", paid, text, err)
				}
			})
		})
	}
}

// A session that is resumed goes on with the screen that it was at, if the way to it is
// still there, and otherwise begins anew. The last hop does nothing a second time, with
// what was typed on it or with what stands for that in the record.
func TestResumeAtTheScreenBefore(t *testing.T) {
	t.Parallel()
	type step struct {
		version    int
		text, want string
	}
	for name, tt := range map[string]struct {
		before, after []step // the drop; "Continue" is the first input of after
		// kept is what Stateful has kept for the hop, if it asks the app again only if there
		// was something secret in it.
		kept string
		ran  []string
	}{
		"what was dialled leads elsewhere by now": {
			[]step{{0, "1", "Really?\n0. Back"}},
			[]step{{1, "1", changed + "M\n1. Run\n2. Name"}, {1, "1*2", "Your name?\n0. Back"}},
			"Really?\n0. Back", nil,
		},
		"what was dialled leads there": {
			[]step{{0, "1", "Really?\n0. Back"}},
			[]step{{0, "1", "Really?\n0. Back"}, {0, "1*yes", "END Join yes"}},
			"", []string{"Join yes"},
		},
		"what was typed was not acted on": {
			[]step{{0, "", "M\n1. Join\n2. Name"}, {0, "2", "Your name?\n0. Back"}, {2, "2*Amina", changed + "N\n2. Name"}},
			[]step{{0, "1", changed + "M\n1. Join\n2. Name"}, {0, "1*2", "Your name?\n0. Back"}, {0, "1*2*Amina", "END Name Amina"}},
			"", []string{"Name Amina"},
		},
		"menus above the screen have changed": {
			[]step{{0, "", "M\n1. Join\n2. Name"}, {0, "2", "Your name?\n0. Back"}},
			[]step{{2, "1", changed + "N\n2. Name"}, {2, "1*2", "Your name?\n0. Back"}},
			"Your name?\n0. Back", nil,
		},
	} {
		for _, around := range []string{"App", "Stateful"} {
			for _, echo := range []bool{true, false} {
				t.Run(fmt.Sprint(name, "/", around, "/echo=", echo), func(t *testing.T) {
					t.Parallel()
					var ran []string
					version, store := 0, new(state.Memory)
					ask := func(name, text string) ussd.Screen {
						answer := &ussd.Prompt[string]{Text: text, Parse: ussd.Match("[A-Za-z?]+", "Letters.")}
						return ussd.Ask(answer).ThenOnce(func(ctx context.Context, _ ussd.Request) (ussd.Response, error) {
							ran = append(ran, name+" "+answer.Value(ctx))
							return ussd.End(ran[len(ran)-1]), nil
						})
					}
					var versions []*ussd.App
					for _, items := range [][]string{{"M", "1", "Join", "2", "Name"}, {"M", "1", "Run", "2", "Name"}, {"N", "2", "Name"}} {
						m := ussd.NewMenu(items[0])
						for i := 1; i < len(items); i += 2 {
							s := ask(items[i+1], map[string]string{"Join": "Really?", "Name": "Your name?"}[items[i+1]])
							if items[i+1] == "Run" {
								s = ussd.ScreenFunc(func(context.Context, ussd.Request) (ussd.Response, error) {
									ran = append(ran, "Run")
									return ussd.End("Run"), nil
								})
							}
							m.HandleKey(items[i], items[i+1], s)
						}
						versions = append(versions, &ussd.App{Start: m, Store: store})
					}
					serve := func(ctx context.Context, r ussd.Request) (ussd.Response, error) {
						return versions[version].Serve(ctx, r)
					}
					if around == "Stateful" {
						app := serve
						serve = ussd.Stateful(store, func(ctx context.Context, r ussd.Request, _ *struct{}) (ussd.Response, error) { return app(ctx, r) })
					}
					serve = ussd.Resume(store, serve)
					hop, now := "", ""
					play := func(session string, steps []step) {
						for _, s := range steps {
							version = s.version
							r := ussd.Request{SessionID: session, PhoneNumber: "p", Text: s.text, Hop: hop}
							for range 2 {
								res, err := serve(t.Context(), r)
								if now = res.Text; !res.Continue {
									now = "END " + now
								}
								if now != s.want || err != nil {
									t.Fatalf("%s, text %q: shows %q, %v; want %q", session, s.text, now, err, s.want)
								}
								if hop = res.Hop; !echo {
									hop = ""
								}
							}
						}
					}
					play("one", tt.before)
					hop = ""
					play("two", []step{{version, "", question}})
					after, want := slices.Clone(tt.after), tt.ran
					if around == "Stateful" && tt.kept != "" {
						after[0].want, after[1].want = tt.kept, after[0].want
					}
					if !echo && name != "what was dialled leads there" {
						// The hop has two screens in the store, and an answer counts for neither.
						after, want = after[:1], nil
					}
					play("two", after)
					if diff := cmp.Diff(want, ran); diff != "" {
						t.Errorf("ran (-want +got):\n%s", diff)
					}
				})
			}
		}
	}
}

// Copies of the hops of a session that was gone on with are answered in one way, whatever the
// menus are by then.
func TestCopiesOfResumedHops(t *testing.T) {
	t.Parallel()
	store, version := new(state.Memory), 0
	var versions []*ussd.App
	for _, item := range []string{"a", "b"} {
		m, sub := ussd.NewMenu("M"), ussd.NewMenu("Sub")
		sub.HandleFunc(item, phoneNumber)
		m.Handle("Go "+item, sub)
		versions = append(versions, &ussd.App{Start: m, Store: store})
	}
	serve := ussd.Resume(store, ussd.Stateful(store, func(ctx context.Context, r ussd.Request, _ *struct{}) (ussd.Response, error) {
		return versions[version].Serve(ctx, r)
	}))
	const sub, start = "Sub\n1. a\n0. Back", changed + "M\n1. Go b"
	hops := map[string]string{}
	for i, s := range []struct {
		version                   int
		session, text, last, want string
	}{
		{0, "one", "", "", "M\n1. Go a"}, {0, "one", "1", "", sub},
		{0, "two", "", "", question}, {0, "two", "1", "", sub}, {1, "two", "1*1", "1", start},
		{0, "two", "1*1", "1", start}, {0, "two", "1", "", sub}, {1, "two", "1*1*1", "1*1", "Sub\n1. b\n0. Back"},
	} {
		version = s.version
		res, err := serve(t.Context(), ussd.Request{SessionID: s.session, PhoneNumber: "p", Text: s.text, Hop: hops[s.last]})
		if res.Text != s.want || err != nil {
			t.Errorf("hop %d, session %s, text %q shows %q, %v; want %q", i, s.session, s.text, res.Text, err, s.want)
		}
		hops[s.text] = res.Hop
	}
}

// A session that is gone on with leaves what the store knows of the hops before, for their
// late copies.
func TestLateCopyOfTheSessionBefore(t *testing.T) {
	t.Parallel()
	store, version := new(state.Memory), 0
	var versions []*ussd.App
	pay := ussd.Ask(&ussd.Prompt[int]{Text: "How much?", Parse: ussd.Int(1, 500)}).ThenOnce(func(context.Context, ussd.Request) (ussd.Response, error) {
		return ussd.Continue("Paid"), nil
	})
	for _, first := range []ussd.Screen{pay, ussd.ScreenFunc(phoneNumber)} {
		m, sub := ussd.NewMenu("M"), ussd.NewMenu("Sub")
		sub.HandleFunc("x", phoneNumber)
		m.Handle("Pay", first)
		m.Handle("Sub", sub)
		versions = append(versions, &ussd.App{Start: m, Store: store})
	}
	serve := ussd.Resume(store, func(ctx context.Context, r ussd.Request) (ussd.Response, error) {
		return versions[version].Serve(ctx, r)
	})
	const start, sub = "M\n1. Pay\n2. Sub", "Sub\n1. x\n0. Back"
	for i, s := range []struct {
		version             int
		session, text, want string
	}{
		{0, "one", "", start}, {0, "one", "1", "How much?\n0. Back"}, {0, "one", "1*50", "Paid\n0. Back"},
		{0, "one", "1*50*0", start}, {0, "one", "1*50*0*2", sub},
		{0, "two", "", question}, {0, "two", "1", sub}, {0, "two", "1*0", start}, {0, "two", "1*0*2", sub},
		{1, "one", "1*50", "Paid\n0. Back"}, {1, "one", "1*50*0*2", sub},
	} {
		version = s.version
		res, err := serve(t.Context(), ussd.Request{SessionID: s.session, PhoneNumber: "p", Text: s.text})
		if res.Text != s.want || err != nil {
			t.Errorf("hop %d, session %s, text %q shows %q, %v; want %q", i, s.session, s.text, res.Text, err, s.want)
		}
	}
}

// What cannot be gone on with is not offered for ever.
func TestResumeThatFails(t *testing.T) {
	t.Parallel()
	fails := false
	serve := ussd.Resume(new(state.Memory), func(_ context.Context, r ussd.Request) (ussd.Response, error) {
		if fails && r.Text != "" {
			return ussd.Response{}, ussd.ErrConflict
		}
		return ussd.Continue("at " + r.Text), nil
	})
	var shown []string
	for _, hop := range []struct {
		session, text string
		fails         bool
	}{
		{"one", "", false}, {"one", "1", false}, {"two", "", true}, {"two", "1", true}, {"two", "1", false},
		{"three", "", false}, {"three", "1", false}, {"four", "", true}, {"four", "1", true}, {"five", "", true},
	} {
		fails = hop.fails
		res, err := serve(t.Context(), ussd.Request{SessionID: hop.session, PhoneNumber: "p", Text: hop.text})
		if err != nil {
			res.Text = err.Error()
		}
		shown = append(shown, res.Text)
	}
	const failed = "ussd: hop does not follow the one before"
	want := []string{"at ", "at 1", question, failed, "at 1", "at ", "at 1", question, failed, "at "}
	if diff := cmp.Diff(want, shown); diff != "" {
		t.Errorf("shown (-want +got):\n%s", diff)
	}
}
