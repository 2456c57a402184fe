package ussd_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
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

type hopFunc = func(context.Context, ussd.Request) (ussd.Response, error)

func hopOf(session, text string) ussd.Request {
	return ussd.Request{SessionID: session, PhoneNumber: "+254711000001", ServiceCode: "*384*123#", Text: text}
}

var errStore = errors.New("store is down")

// faulty is a Store whose n-th call fails: before it reaches the store behind, or
// after, as when the answer is lost.
type faulty struct {
	state.Store
	mu    sync.Mutex
	n     int
	after bool
}

func (f *faulty) fails(call func()) error {
	f.mu.Lock()
	f.n--
	now := f.n == -1
	f.mu.Unlock()
	if !now || f.after {
		call()
	}
	if now {
		return errStore
	}
	return nil
}

func (f *faulty) Load(ctx context.Context, key string) (data []byte, v uint64, err error) {
	if e := f.fails(func() { data, v, err = f.Store.Load(ctx, key) }); e != nil {
		return nil, 0, e
	}
	return data, v, err
}

func (f *faulty) Save(ctx context.Context, key string, data []byte, version uint64, ttl time.Duration) (v uint64, err error) {
	if e := f.fails(func() { v, err = f.Store.Save(ctx, key, data, version, ttl) }); e != nil {
		return 0, e
	}
	return v, err
}

func (f *faulty) Delete(ctx context.Context, key string, version uint64) (err error) {
	if e := f.fails(func() { err = f.Store.Delete(ctx, key, version) }); e != nil {
		return e
	}
	return err
}

// trail remembers what was typed.
type trail struct{ Typed []string }

func (tr *trail) serve(runs *atomic.Int64) func(context.Context, ussd.Request, *trail) (ussd.Response, error) {
	return func(_ context.Context, r ussd.Request, s *trail) (ussd.Response, error) {
		n := runs.Add(1)
		s.Typed = append(s.Typed, r.Typed)
		return ussd.Response{Text: fmt.Sprintf("%d %s %q", n, r.PhoneNumber, s.Typed), Continue: r.Typed != "end", Hop: fmt.Sprint("h", len(s.Typed))}, nil
	}
}

func TestStateful(t *testing.T) {
	t.Parallel()
	var runs atomic.Int64
	store := new(state.Memory)
	fn := ussd.Stateful(store, new(trail).serve(&runs))
	steps := []struct {
		text string
		want ussd.Response
		err  error
	}{
		{text: "", want: ussd.Response{Text: `1 +254711000001 [""]`, Continue: true, Hop: "h1"}},
		{text: "", want: ussd.Response{Text: `1 +254711000001 [""]`, Continue: true, Hop: "h1"}},
		{text: "5", want: ussd.Response{Text: `2 +254711000001 ["" "5"]`, Continue: true, Hop: "h2"}},
		{text: "6", err: ussd.ErrConflict},
		{text: "6*1", err: ussd.ErrConflict},
		{text: "51", err: ussd.ErrConflict},
		{text: "5*a*b", want: ussd.Response{Text: `3 +254711000001 ["" "5" "a*b"]`, Continue: true, Hop: "h3"}},
		{text: "5*a", err: ussd.ErrConflict},
		{text: "5", want: ussd.Response{Text: `2 +254711000001 ["" "5"]`, Continue: true, Hop: "h2"}}, // late
		{text: "5*a*b*", want: ussd.Response{Text: `4 +254711000001 ["" "5" "a*b" ""]`, Continue: true, Hop: "h4"}},
		{text: "5*a*b***", want: ussd.Response{Text: `5 +254711000001 ["" "5" "a*b" "" "*"]`, Continue: true, Hop: "h5"}},
		{text: "5*a*b****end", want: ussd.Response{Text: `6 +254711000001 ["" "5" "a*b" "" "*" "end"]`, Hop: "h6"}},
		{text: "5*a*b****end", want: ussd.Response{Text: `6 +254711000001 ["" "5" "a*b" "" "*" "end"]`, Hop: "h6"}},
		{text: "5*a*b****end*1", err: ussd.ErrConflict},
		{text: "", want: ussd.Response{Text: `1 +254711000001 [""]`, Continue: true, Hop: "h1"}},
	}
	for i, s := range steps {
		r := hopOf("s", s.text)
		if i == 8 {
			r.Hop = "h1"
		}
		got, err := fn(t.Context(), r)
		if !errors.Is(err, s.err) || (err != nil) != (s.err != nil) {
			t.Fatalf("step %d %q: got error %v, want %v", i, s.text, err, s.err)
		}
		if diff := cmp.Diff(s.want, got); diff != "" {
			t.Errorf("step %d %q (-want +got):\n%s", i, s.text, diff)
		}
	}
	// The same session id with another number is another session.
	r := hopOf("s", "5*a")
	r.PhoneNumber = "+254711000002"
	got, err := fn(t.Context(), r)
	if want := (ussd.Response{Text: `7 +254711000002 [""]`, Continue: true, Hop: "h1"}); got != want || err != nil {
		t.Errorf("got %v and error %v, want %v", got, err, want)
	}
	r.SessionID, r.Hop = "another", "h7"
	if _, err := fn(t.Context(), r); !errors.Is(err, ussd.ErrLost) {
		t.Errorf("hop of a session that is lost: got error %v, want ErrLost", err)
	}
}

func TestStatefulKeepsLastHops(t *testing.T) {
	t.Parallel()
	var runs atomic.Int64
	fn := ussd.Stateful(new(state.Memory), new(trail).serve(&runs))
	var texts []string
	var answers []ussd.Response
	for i := range 30 {
		texts = append(texts, strings.TrimPrefix(strings.Repeat("*1", i), "*"))
		resp, err := fn(t.Context(), hopOf("s", texts[i]))
		if err != nil {
			t.Fatal(err)
		}
		answers = append(answers, resp)
		for j := range texts {
			got, err := fn(t.Context(), hopOf("s", texts[j]))
			if old := j <= i-8; old != errors.Is(err, ussd.ErrConflict) || !old && got != answers[j] {
				t.Fatalf("hop %d after hop %d: got %v and error %v", j, i, got, err)
			}
		}
	}
	if got := runs.Load(); got != 30 {
		t.Errorf("ran %d times, want 30", got)
	}
}

// 200 subscribers, who share one session id, at once through the handler; each
// hop in two copies at the same instant, on two machines.
func TestStatefulSubscribersAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := new(state.Memory)
		runs := make([]atomic.Int64, 200)
		var handlers []http.Handler
		for range 2 {
			handlers = append(handlers, ussd.Handler(ussd.Stateful(store, func(_ context.Context, r ussd.Request, s *trail) (ussd.Response, error) {
				var i int
				fmt.Sscanf(r.PhoneNumber, "+254711%d", &i)
				n := runs[i].Add(1)
				time.Sleep(time.Duration(rand.IntN(3000)) * time.Millisecond)
				s.Typed = append(s.Typed, r.Typed)
				return ussd.Continuef("%d %s %q", n, r.PhoneNumber, s.Typed), nil
			})))
		}
		var wg sync.WaitGroup
		for i := range runs {
			wg.Go(func() {
				phone := fmt.Sprintf("+254711%06d", i)
				typed := []string{"", fmt.Sprint(i), fmt.Sprint(i * 7)}
				for j, text := range []string{"", typed[1], typed[1] + "*" + typed[2]} {
					want := fmt.Sprintf("CON %d %s %q", j+1, phone, typed[:j+1])
					var both sync.WaitGroup
					for _, h := range handlers {
						for range 2 {
							both.Go(func() {
								form := url.Values{"sessionId": {"shared"}, "phoneNumber": {phone}, "networkCode": {"63902"}, "serviceCode": {"*384*123#"}, "text": {text}}
								req := httptest.NewRequest("POST", "/", strings.NewReader(form.Encode()))
								req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
								w := httptest.NewRecorder()
								h.ServeHTTP(w, req)
								if got := w.Body.String(); got != want {
									t.Errorf("got %q, want %q", got, want)
								}
							})
						}
					}
					both.Wait()
				}
			})
		}
		wg.Wait()
		for i := range runs {
			if got := runs[i].Load(); got != 3 {
				t.Errorf("subscriber %d: ran %d times, want 3", i, got)
			}
		}
	})
}

func TestStatefulFailure(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	for name, fail := range map[string]func() error{
		"Error":  func() error { return broken },
		"Panic":  func() error { panic(broken) },
		"Encode": func() error { return nil },
	} {
		for _, store := range []state.Store{new(state.Memory), struct{ state.Store }{new(state.Memory)}} {
			t.Run(fmt.Sprintf("%s/%T", name, store), func(t *testing.T) {
				t.Parallel()
				start := time.Now()
				defer func() {
					if d := time.Since(start); d > 20*time.Second {
						t.Errorf("waited for %v", d)
					}
				}()
				type state struct {
					N int
					F any
				}
				var bad atomic.Bool
				fn := ussd.Stateful(store, func(_ context.Context, r ussd.Request, s *state) (ussd.Response, error) {
					s.N++
					if bad.Load() {
						s.F = func() {}
						return ussd.Continue("bad"), fail()
					}
					return ussd.Continuef("N is %d", s.N), nil
				})
				call := func(text string) (resp ussd.Response, err error) {
					defer func() {
						if v := recover(); v != nil {
							err = v.(error)
						}
					}()
					return fn(t.Context(), hopOf("s", text))
				}
				if got, err := call(""); got != ussd.Continue("N is 1").WithHop("~") || err != nil {
					t.Fatal(got, err)
				}
				bad.Store(true)
				for range 2 {
					if got, err := call("1"); err == nil || errors.Is(err, ussd.ErrConflict) {
						t.Fatalf("got %v and error %v, want the function's error", got, err)
					}
				}
				bad.Store(false)
				for _, text := range []string{"2", "1*1"} {
					if got, err := call(text); !errors.Is(err, ussd.ErrConflict) {
						t.Errorf("another input in place of a hop that failed: got %v and error %v, want ErrConflict", got, err)
					}
				}
				if got, err := call("1"); got != ussd.Continue("N is 2").WithHop("~") || err != nil {
					t.Errorf("delivered again: got %v and error %v", got, err)
				}
				if got, err := call("1*1"); got != ussd.Continue("N is 3").WithHop("~") || err != nil {
					t.Errorf("the next hop: got %v and error %v", got, err)
				}
			})
		}
	}
}

// A function that goes on after its context has ended is saved all the same.
func TestStatefulLate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var runs atomic.Int64
		store := new(state.Memory)
		serve := func(context.Context, ussd.Request, *int) (ussd.Response, error) {
			time.Sleep(20 * time.Second)
			return ussd.Endf("paid %d", runs.Add(1)), nil
		}
		a, b := ussd.Stateful(store, serve), ussd.Stateful(store, serve)
		ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second)
		defer cancel()
		go a(ctx, hopOf("s", ""))
		synctest.Wait()
		for _, fn := range []hopFunc{a, b} {
			start := time.Now()
			if got, err := fn(ctx, hopOf("s", "")); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > 8*time.Second {
				t.Errorf("meanwhile: got %v and error %v after %v", got, err, time.Since(start))
			}
		}
		time.Sleep(time.Minute)
		for _, fn := range []hopFunc{a, b} {
			if got, err := fn(t.Context(), hopOf("s", "")); got != ussd.End("paid 1") || err != nil {
				t.Errorf("later: got %v and error %v", got, err)
			}
		}
	})
}

// A hop that is delivered again while the next is being answered, elsewhere.
func TestStatefulKnownHopMeanwhile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := struct{ state.Store }{new(state.Memory)}
		serve := func(_ context.Context, r ussd.Request, _ *int) (ussd.Response, error) {
			time.Sleep(5 * time.Second)
			return ussd.Continuef("%q", r.Text), nil
		}
		a, b := ussd.Stateful(store, serve), ussd.Stateful(store, serve)
		if _, err := a(t.Context(), hopOf("s", "")); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		wg.Go(func() {
			if got, err := a(t.Context(), hopOf("s", "1")); got != ussd.Continue(`"1"`).WithHop("~") || err != nil {
				t.Errorf("the next hop: got %v and error %v", got, err)
			}
		})
		synctest.Wait()
		start := time.Now()
		if got, err := b(t.Context(), hopOf("s", "")); got != ussd.Continue(`""`).WithHop("~") || err != nil || time.Since(start) != 0 {
			t.Errorf("the known hop: got %v and error %v after %v", got, err, time.Since(start))
		}
		wg.Wait()
	})
}

// A machine dies in the middle of a hop: its last Save never arrives.
func TestStatefulLease(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var runs atomic.Int64
		store := new(state.Memory)
		serve := func(_ context.Context, r ussd.Request, s *int) (ussd.Response, error) {
			*s++
			return ussd.Continuef("run %d, hop %d", runs.Add(1), *s), nil
		}
		ok := ussd.Stateful(store, serve)
		if _, err := ok(t.Context(), hopOf("s", "")); err != nil {
			t.Fatal(err)
		}
		ok = ussd.Stateful[int](struct{ state.Store }{store}, serve)
		start := time.Now()
		dying := &faulty{Store: store, n: 2} // Load, Save, Save
		if _, err := ussd.Stateful(dying, serve)(t.Context(), hopOf("s", "1")); !errors.Is(err, errStore) {
			t.Fatalf("the answer is not saved: got error %v", err)
		}
		if got, err := ok(t.Context(), hopOf("s", "")); got != ussd.Continue("run 1, hop 1").WithHop("~") || err != nil || time.Since(start) != 0 {
			t.Errorf("a known hop meanwhile: got %v and error %v", got, err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second)
		defer cancel()
		if got, err := ok(ctx, hopOf("s", "1")); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("meanwhile: got %v and error %v", got, err)
		}
		got, err := ok(t.Context(), hopOf("s", "1"))
		if got != ussd.Continue("run 3, hop 2").WithHop("~") || err != nil {
			t.Errorf("after the lease: got %v and error %v", got, err)
		}
		if d := time.Since(start); d < time.Minute || d > 61*time.Second {
			t.Errorf("the lease ended after %v, want a minute", d)
		}
	})
}

// Whichever call to the store fails, a hop that is delivered until it is answered
// is answered once, the state goes on, and what goes through Once happens once.
func TestStatefulStoreErrors(t *testing.T) {
	t.Parallel()
	for n := range 24 {
		for _, after := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				memory := new(state.Memory)
				store := &faulty{Store: memory, n: n, after: after}
				paid := 0
				fn := ussd.Stateful(store, func(ctx context.Context, r ussd.Request, s *trail) (ussd.Response, error) {
					s.Typed = append(s.Typed, r.Typed)
					if r.Typed == "pay" {
						receipt, err := state.Once(ctx, store, r.HopID(), func(context.Context) (int, error) {
							paid++
							return paid, nil
						})
						if errors.Is(err, state.ErrInDoubt) {
							return ussd.End("in doubt"), nil
						}
						return ussd.Endf("receipt %d %q", receipt, s.Typed), err
					}
					return ussd.Continuef("%q", s.Typed), nil
				})
				for _, hop := range []struct{ text, want string }{{"", `[""]`}, {"1", `["" "1"]`}, {"1*pay", `receipt 1 ["" "1" "pay"]`}} {
					var got ussd.Response
					var err error
					for range 4 {
						if got, err = fn(t.Context(), hopOf("s", hop.text)); err == nil {
							break
						}
						if !errors.Is(err, errStore) {
							t.Fatalf("call %d (after %v), hop %q: got error %v", n, after, hop.text, err)
						}
					}
					// Once cannot know whether a Save that was not confirmed was lost.
					if got.Text != hop.want && got.Text != "in doubt" || err != nil {
						t.Errorf("call %d (after %v), hop %q: got %v and error %v, want %q", n, after, hop.text, got, err, hop.want)
					}
					again, err := fn(t.Context(), hopOf("s", hop.text))
					if errors.Is(err, errStore) {
						again, err = fn(t.Context(), hopOf("s", hop.text))
					}
					if again != got || err != nil {
						t.Errorf("call %d (after %v), hop %q again: got %v and error %v, want %v", n, after, hop.text, again, err, got)
					}
				}
				if paid > 1 {
					t.Errorf("call %d (after %v): paid %d times", n, after, paid)
				}
			})
		}
	}
}

// The record holds nothing of what was typed, and no number.
func TestStatefulPrivacy(t *testing.T) {
	t.Parallel()
	store := &spy{Store: new(state.Memory)}
	fn := ussd.Stateful(store, func(context.Context, ussd.Request, *int) (ussd.Response, error) { return ussd.Continue("ok"), nil })
	for _, text := range []string{"", "1", "1*98765", "1*98765*0"} {
		if _, err := fn(t.Context(), hopOf("session", text)); err != nil {
			t.Fatal(err)
		}
	}
	for _, secret := range []string{"98765", "711000001"} {
		if strings.Contains(store.seen.String(), secret) {
			t.Errorf("the store saw %q", secret)
		}
	}
}

type spy struct {
	state.Store
	seen strings.Builder
}

func (s *spy) Save(ctx context.Context, key string, data []byte, version uint64, ttl time.Duration) (uint64, error) {
	s.seen.WriteString(key)
	s.seen.Write(data)
	return s.Store.Save(ctx, key, data, version, ttl)
}

func FuzzStateful(f *testing.F) {
	f.Add("\n1\n1*2\n1*2*3")
	f.Add("1*2\n1*2**\n*\n\n1*2***")
	f.Add("\n\xff\n\xff*\x00")
	f.Fuzz(func(t *testing.T, texts string) {
		memory := new(state.Memory)
		fn := ussd.Resume(memory, ussd.Stateful(memory, func(_ context.Context, r ussd.Request, s *trail) (ussd.Response, error) {
			s.Typed = append(s.Typed, r.Typed)
			return ussd.Continuef("%q", s.Typed), nil
		}))
		h := ussd.Handler(fn)
		for i, text := range strings.Split(texts, "\n") {
			r := hopOf(fmt.Sprint("s", i/4), text)
			got, err := fn(t.Context(), r)
			if (got.Text == "") != (err != nil) {
				t.Fatalf("got %v and error %v", got, err)
			}
			if again, err2 := fn(t.Context(), r); again != got || (err == nil) != (err2 == nil) {
				t.Fatalf("%q again: got %v and error %v, first %v and %v", text, again, err2, got, err)
			}
			form := url.Values{"sessionId": {r.SessionID}, "phoneNumber": {r.PhoneNumber}, "text": {text}}
			req := httptest.NewRequest("POST", "/", strings.NewReader(form.Encode()))
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			w := httptest.NewRecorder()
			h.ServeHTTP(w, req)
			if b := w.Body.String(); w.Code == 200 && !strings.HasPrefix(b, "CON ") && !strings.HasPrefix(b, "END ") {
				t.Fatalf("answered %q", b)
			}
		}
	})
}

// A function does not run for a session that the store has no place for.
func TestStatefulFullStore(t *testing.T) {
	t.Parallel()
	store := &state.Memory{MaxRecords: 1}
	if _, err := store.Save(t.Context(), "x", nil, 0, time.Hour); err != nil {
		t.Fatal(err)
	}
	runs := 0
	serve := ussd.Stateful(store, func(context.Context, ussd.Request, *struct{}) (ussd.Response, error) {
		runs++
		return ussd.End("Paid"), nil
	})
	for range 3 {
		if _, err := serve(t.Context(), ussd.Request{SessionID: "s", PhoneNumber: "+254711000001"}); !errors.Is(err, state.ErrFull) {
			t.Errorf("error %v, want a full store", err)
		}
	}
	if runs != 0 {
		t.Errorf("ran %d times", runs)
	}
}
