package webhook_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking/webhook"
)

func TestForm(t *testing.T) {
	t.Parallel()
	f, err := webhook.ParseForm([]byte("b=2&a=%2B254+711%2a&b=3&c&&=x&b=%c3%A9"))
	if err != nil {
		t.Fatal(err)
	}
	type field struct{ Key, Value string }
	var all []field
	for k, v := range f.All() {
		all = append(all, field{k, v})
	}
	want := []field{{"b", "2"}, {"a", "+254 711*"}, {"b", "3"}, {"c", ""}, {"", "x"}, {"b", "é"}}
	if diff := cmp.Diff(want, all); diff != "" {
		t.Errorf("All (-want +got):\n%s", diff)
	}
	for range f.All() {
		break
	}
	if f.Len() != 6 {
		t.Errorf("Len is %d", f.Len())
	}
	if f.Get("b") != "2" || f.Get("B") != "" || !f.Has("c") || f.Has("C") || f.Get("c") != "" {
		t.Errorf("Get(b) %q, Get(B) %q, Has(c) %v, Has(C) %v, Get(c) %q", f.Get("b"), f.Get("B"), f.Has("c"), f.Has("C"), f.Get("c"))
	}
	if diff := cmp.Diff([]string{"2", "3", "é"}, f.Values("b")); diff != "" {
		t.Errorf("Values (-want +got):\n%s", diff)
	}
	if f.Values("B") != nil {
		t.Errorf("Values of a key that was not sent is %v", f.Values("B"))
	}
	if !f.Equal(f) || f.Equal(webhook.Form{}) {
		t.Error("Equal is wrong")
	}
}

func TestParseFormLeavesTheBodyAlone(t *testing.T) {
	t.Parallel()
	body := []byte("a=%2B1&b=x+y")
	f, err := webhook.ParseForm(body)
	if err != nil || string(body) != "a=%2B1&b=x+y" {
		t.Errorf("body is %q, error %v", body, err)
	}
	copy(body, "zzzzzzzzzzzz")
	if f.Get("a") != "+1" || f.Get("b") != "x y" {
		t.Errorf("form has changed: %q, %q", f.Get("a"), f.Get("b"))
	}
}

// FuzzParseForm compares with net/url, which splits and unescapes the same way.
func FuzzParseForm(f *testing.F) {
	for _, seed := range []string{
		"", "a=1&b=2", "a=%zz", "%zz=a", "a=%2", "a=1;b=2", "&&&", "a&b=&=c", "a=+%2B", "a=1&a=2",
		strings.Repeat("a=1&", 63) + "a=1", strings.Repeat("a=1&", 64) + "a=1", "a=%C3%A9&é=1", "a==b", "%3D=%26",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := webhook.ParseForm(body)
		if err != nil {
			if got.Len() != 0 || !errors.Is(err, webhook.ErrMalformed) {
				t.Fatalf("%d fields with the error %v", got.Len(), err)
			}
			return
		}
		if strings.Count(string(body), "&") >= 64 {
			t.Fatal("more than 64 fields were taken")
		}
		// net/url refuses semicolons for the sake of query strings; in a body
		// they are text.
		want, err := url.ParseQuery(strings.ReplaceAll(string(body), ";", "%3B"))
		if err != nil {
			t.Fatalf("net/url refuses it: %v", err)
		}
		values := url.Values{}
		for k, v := range got.All() {
			values.Add(k, v)
		}
		if diff := cmp.Diff(want, values); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
	})
}
