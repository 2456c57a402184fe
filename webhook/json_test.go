package webhook_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking/webhook"
)

// FuzzJSON compares the fields of a JSON object with what encoding/json's decoder
// finds in it.
func FuzzJSON(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"a":1}`, ` { "a" : "x" , "b":[1,{"c":"]}"}], "d":null } `, `{"a":"\"\\\u00e9","é":true}`,
		`{"a":1,"a":2}`, `{"a":{"b":{"c":[]}},"d":-1.5e3}`, `{"\u0061":"\ud800"}`, `{"a":1}x`, `[1]`, `{`, `"a"`, `{"a":"` + "\xff" + `"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		e, err := webhook.Parse[webhook.Event](post(jsonType, string(body)))
		if err != nil {
			if !errors.Is(err, webhook.ErrMalformed) {
				t.Fatal(err)
			}
			return
		}
		if e.Form.Len() == 0 {
			return
		}
		type field struct{ Key, Value string }
		var got, want []field
		for k, v := range e.Form.All() {
			got = append(got, field{k, v})
		}
		dec := json.NewDecoder(bytes.NewReader(body))
		if _, err := dec.Token(); err != nil {
			t.Fatal(err)
		}
		for dec.More() {
			key, err := dec.Token()
			if err != nil {
				t.Fatal(err)
			}
			var raw json.RawMessage
			if err := dec.Decode(&raw); err != nil {
				t.Fatal(err)
			}
			value := string(raw)
			if raw[0] == '"' || value == "null" {
				value = ""
				if err := json.Unmarshal(raw, &value); err != nil {
					t.Fatal(err)
				}
			}
			want = append(want, field{key.(string), value})
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
	})
}

// A list of itself builds, and an attacker's nesting costs no more than encoding/json does.
func TestListOfItself(t *testing.T) {
	t.Parallel()
	type list []list
	h := webhook.Handler(func(context.Context, list) error { return nil }, discard)
	if diff := cmp.Diff(plain(200, "OK"), do(h, post(jsonType, "[[],[[]]]"))); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
	deep := strings.Repeat("[", 9_000) + "1" + strings.Repeat("]", 9_000)
	if got := do(h, post(jsonType, deep)); got.Status != 400 {
		t.Errorf("answer to a number that is no list: %+v", got)
	}
}
