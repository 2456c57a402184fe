package ussd_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking/ussd"
)

func FuzzParse(f *testing.F) {
	hop.Fuzz(f, func(r ussd.Request) []string { return []string{r.SessionID, r.PhoneNumber} },
		"ussd_begin_*.form", "ussd_continue*.form", "ussd_no_plus_*.form", "ussd_sdk_*.form")
}

func FuzzParseNotification(f *testing.F) {
	notification.Fuzz(f, func(n ussd.Notification) []string {
		return []string{n.SessionID, n.PhoneNumber, string(n.Status)}
	}, "ussd_end_*.form")
}

// Whatever is typed, the inputs add up to the text again.
func FuzzInputs(f *testing.F) {
	for _, s := range []string{"", "1", "1*2", "1**2", "1*", "*", "\xff*é"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r := ussd.Request{Text: text}
		in := r.Inputs()
		if diff := cmp.Diff(text, strings.Join(in, "*")); diff != "" {
			t.Errorf("inputs joined (-want +got):\n%s", diff)
		}
		switch {
		case r.First() != (len(in) == 0):
			t.Errorf("First() = %v of %q", r.First(), in)
		case r.First() && r.Last() != "", !r.First() && r.Last() != in[len(in)-1]:
			t.Errorf("Last() = %q of %q", r.Last(), in)
		}
	})
}
