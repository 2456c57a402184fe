package ussd_test

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sautigo/africastalking/state"
	"github.com/sautigo/africastalking/ussd"
)

// records keeps what a store is given.
type records struct {
	state.Store
	keys map[string]bool
	data []string
}

func (s *records) Save(ctx context.Context, key string, data []byte, version uint64, ttl time.Duration) (uint64, error) {
	s.keys[key] = true
	s.data = append(s.data, string(data))
	return s.Store.Save(ctx, key, data, version, ttl)
}

// All features keep their records in one store, with one session and number: none
// meets another, keys show nothing, and records are JSON.
func TestOneKeySpace(t *testing.T) {
	t.Parallel()
	store := &records{Store: new(state.Memory), keys: map[string]bool{}}
	list := &ussd.List[string]{
		Title: "Pay to",
		Load:  func(context.Context, ussd.Request) ([]string, error) { return []string{"Amina", "Juma"}, nil },
		Label: func(s string) string { return s },
	}
	pin := &ussd.Prompt[string]{Text: "PIN:", Parse: ussd.PIN(4), Explicit: true}
	menu := ussd.NewMenu("Bank")
	app := &ussd.App{Start: menu, Store: store}
	menu.Handle("Pay", ussd.Ask(list, pin).Then(func(ctx context.Context, r ussd.Request) (ussd.Response, error) {
		receipt, err := state.Once(ctx, store, r.HopID(), func(context.Context) (string, error) { return list.Value(ctx), nil })
		if err != nil {
			return ussd.Response{}, err
		}
		return ussd.Endf("Paid %s", receipt), state.Update(ctx, store, r.PhoneNumber, time.Hour, func(n *int) error { *n++; return nil })
	}))
	serve := ussd.Resume(store, ussd.Stateful(store, func(ctx context.Context, r ussd.Request, n *int) (ussd.Response, error) {
		*n++
		return app.Serve(ctx, r)
	}))
	var got ussd.Response
	hop := func(session, text string) {
		t.Helper()
		for range 2 {
			resp, err := serve(t.Context(), hopOf(session, text))
			if err != nil {
				t.Fatalf("hop %q: %v", text, err)
			}
			got = resp
		}
	}
	hop("session", "")
	hop("session", "1")
	hop("session", "1*2")
	// The network drops the session, and the subscriber goes on.
	hop("another", "")
	hop("another", "1")
	hop("another", "1*4321")
	if got != (ussd.Response{Text: "Paid Juma", Hop: got.Hop}) {
		t.Errorf("got %#v", got)
	}

	kinds := map[string]int{}
	form := regexp.MustCompile(`^([a-z]+)-[0-9a-f]{40}$`)
	for key := range store.keys {
		m := form.FindStringSubmatch(key)
		if m == nil {
			t.Errorf("the key %q shows something", key)
			continue
		}
		kinds[m[1]]++
	}
	want := map[string]int{"session": 1, "resume": 1, "asked": 1, "hops": 1, "once": 1, "update": 1}
	if fmt.Sprint(kinds) != fmt.Sprint(want) {
		t.Errorf("records by kind: got %v, want %v", kinds, want)
	}
	for _, data := range store.data {
		if !json.Valid([]byte(data)) {
			t.Errorf("record %q is not JSON", data)
		}
		if strings.Contains(data, "4321") || strings.Contains(data, "711000001") {
			t.Errorf("record %q shows the PIN or the number", data)
		}
	}
}

// A state that has become another type by a deploy: hops that were answered are
// answered again, and the next fails without quoting what was stored.
func TestStatefulOtherType(t *testing.T) {
	t.Parallel()
	store := new(state.Memory)
	before := ussd.Stateful(store, func(_ context.Context, _ ussd.Request, s *string) (ussd.Response, error) {
		*s = "Wanjiku"
		return ussd.Continue("Hello"), nil
	})
	after := ussd.Stateful(store, func(context.Context, ussd.Request, *int) (ussd.Response, error) {
		t.Error("ran")
		return ussd.End(""), nil
	})
	if _, err := before(t.Context(), hopOf("s", "")); err != nil {
		t.Fatal(err)
	}
	if got, err := after(t.Context(), hopOf("s", "")); got != ussd.Continue("Hello").WithHop("~") || err != nil {
		t.Errorf("a known hop: got %v and error %v", got, err)
	}
	if _, err := after(t.Context(), hopOf("s", "1")); err == nil || strings.Contains(err.Error(), "Wanjiku") {
		t.Errorf("the next hop: got error %v", err)
	}
	// The old program can still answer.
	if got, err := before(t.Context(), hopOf("s", "1")); got != ussd.Continue("Hello").WithHop("~") || err != nil {
		t.Errorf("the next hop, before: got %v and error %v", got, err)
	}
}

// Screens, metadata and states of any bytes come back as they were.
func TestStatefulKeepsBytes(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"\xff\xfe", "a\x00b", "<é & \"\u2028\">", strings.Repeat("x", 10_000)} {
		fn := ussd.Stateful(new(state.Memory), func(_ context.Context, _ ussd.Request, s *[]byte) (ussd.Response, error) {
			if *s != nil && string(*s) != text {
				t.Errorf("state: got %q, want %q", *s, text)
			}
			*s = []byte(text)
			return ussd.Response{Text: text, Hop: text, Continue: true}, nil
		})
		for _, in := range []string{"", "", text, text, text + "*" + text} {
			if got, err := fn(t.Context(), hopOf("s", in)); got.Text != text || got.Hop != text || err != nil {
				t.Errorf("%q: got %#v and error %v", in, got, err)
			}
		}
	}
}
