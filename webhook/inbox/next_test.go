package inbox_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking/webhook/inbox"
)

func TestNext(t *testing.T) {
	t.Parallel()
	failure := errors.New("no")
	for _, test := range []struct {
		name        string
		attempt     int
		err         error
		least, most time.Duration
		dead        bool
	}{
		{"first", 1, failure, time.Second / 2, time.Second, false},
		{"not counted", 0, failure, time.Second / 2, time.Second, false},
		{"below zero", -5, failure, time.Second / 2, time.Second, false},
		{"second", 2, failure, time.Second, 2 * time.Second, false},
		{"tenth", 10, failure, 256 * time.Second, 512 * time.Second, false},
		{"eleventh", 11, failure, 450 * time.Second, 900 * time.Second, false},
		{"last but one", 19, failure, 450 * time.Second, 900 * time.Second, false},
		{"last", 20, failure, 0, 0, true},
		{"after the last", 1 << 40, failure, 0, 0, true},
		{"parked", 1, inbox.Park(failure), 0, 0, true},
		{"parked inside", 1, fmt.Errorf("paying: %w", inbox.Park(failure)), 0, 0, true},
		{"retry after", 7, inbox.RetryAfter(failure, time.Hour), time.Hour, time.Hour, false},
		{"retry after inside", 7, errors.Join(errors.New("a"), inbox.RetryAfter(failure, time.Hour)), time.Hour, time.Hour, false},
		{"retry after, the last", 20, inbox.RetryAfter(failure, time.Hour), 0, 0, true},
		{"retry at once", 1, inbox.RetryAfter(failure, -time.Hour), 0, 0, false},
		{"parked and retry after", 1, inbox.Park(inbox.RetryAfter(failure, time.Hour)), 0, 0, true},
	} {
		for range 20 {
			fate := inbox.Next(inbox.Delivery{Attempt: test.attempt}, test.err)
			if fate.Dead != test.dead || fate.After < test.least || fate.After > test.most || fate.Attempts != max(test.attempt, 1) {
				t.Errorf("%s: got %+v, want dead %v after %v to %v", test.name, fate, test.dead, test.least, test.most)
				break
			}
		}
		if !errors.Is(test.err, failure) {
			t.Errorf("%s: the error is not wrapped", test.name)
		}
	}
	if inbox.Park(nil) != nil || inbox.RetryAfter(nil, time.Hour) != nil {
		t.Error("a wrapper of nil is not nil")
	}
}

type nilError struct{ text string }

func (e *nilError) Error() string { return e.text }

func TestReason(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		err  error
		want string
	}{
		{errors.New("no account for +254711000001"), "no account for +***01"},
		{errors.New("two\nlines\tand \x00\x1b[31m"), "two lines and   [31m"},
		{errors.New("\xff"), "\ufffd"},
		{errors.New(strings.Repeat("é", 300)), strings.Repeat("é", 248) + "…"},
		{(*nilError)(nil), "inbox: error whose text cannot be had"},
	} {
		got := inbox.Next(inbox.Delivery{}, test.err).Reason
		if diff := cmp.Diff(test.want, got); diff != "" || len(got) > 500 || !utf8.ValidString(got) {
			t.Errorf("reason (-want +got):\n%s", diff)
		}
	}
}
