package inbox_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking/internal/callbacktest"
	"github.com/sautigo/africastalking/state"
	"github.com/sautigo/africastalking/webhook"
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

// hostile is an error whose methods panic.
type hostile struct{}

func (hostile) Error() string { panic("Error") }
func (hostile) Is(error) bool { panic("Is") }
func (hostile) As(any) bool   { panic("As") }

type hostileTree struct{ error }

func (hostileTree) Unwrap() []error { panic("Unwrap") }

// An error that cannot be examined ends nothing but its attempt, neither in an engine nor in
// Next.
func TestHostileErrors(t *testing.T) {
	t.Parallel()
	const unsaid = "inbox: error whose text cannot be had"
	var null *fs.PathError
	for name, test := range map[string]struct {
		err    error
		reason string
		dead   bool
		after  time.Duration // 0: a pause of about a second
	}{
		"null":                {null, unsaid, false, 0},
		"null of ours":        {(*webhook.Error)(nil), unsaid, false, 0},
		"panics":              {hostile{}, unsaid, false, 0},
		"panics inside":       {hostileTree{errors.New("disk")}, "disk", false, 0},
		"wrapped":             {fmt.Errorf("saving: %w", hostileTree{errors.New("disk")}), "saving: disk", false, 0},
		"joined":              {errors.Join(errors.New("disk"), hostileTree{errors.New("full")}), "disk full", false, 0},
		"parked":              {inbox.Park(null), unsaid, true, 0},
		"parked, panics":      {inbox.Park(hostile{}), unsaid, true, 0},
		"later":               {inbox.RetryAfter(null, time.Hour), unsaid, false, time.Hour},
		"given a status":      {&webhook.Error{Status: 500, Err: null}, unsaid, false, 0},
		"undecodable, panics": {fmt.Errorf("%w: %w", webhook.ErrUndecodable, hostileTree{errors.New("disk")}), "webhook: kept callback cannot be decoded: disk", true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check := func(fate inbox.Fate, reason string) {
				t.Helper()
				pause := fate.After == test.after
				if test.after == 0 && !test.dead {
					pause = time.Second/2 <= fate.After && fate.After <= time.Second
				}
				fate.After = 0
				if diff := cmp.Diff(inbox.Fate{Dead: test.dead, Attempts: 1, Reason: reason}, fate); diff != "" || !pause {
					t.Errorf("after another pause than wanted: %v, fate (-want +got):\n%s", !pause, diff)
				}
			}
			if name != "undecodable, panics" { // only Handle knows these
				check(inbox.Next(inbox.Delivery{Attempt: 1}, test.err), test.reason)
			}
			var seen error
			var log bytes.Buffer
			in := inbox.New(&tape{}, inbox.WithObserver(func(_ context.Context, e inbox.Event) { seen = e.Err }))
			webhook.Handler(func(context.Context, webhook.Event) error { return test.err }, in.Stored("events"), callbacktest.LogTo(&log))
			d := inbox.Delivery{Name: "events", Key: "k", Received: time.Now(), Attempt: 1, Callback: webhook.Callback{MediaType: form, Body: []byte("a=1")}}
			err := in.Handle(t.Context(), d)
			check(inbox.Next(d, err), test.reason)
			for _, err := range []error{err, seen} {
				var path *net.OpError
				if errors.Is(err, fs.ErrExist) || errors.As(err, &path) || err.Error() != test.reason {
					t.Errorf("error %q finds what is not in it", err)
				}
			}
			if !strings.Contains(log.String(), "stored callback failed") {
				t.Errorf("log %q", log.String())
			}
			panics := inbox.New(&tape{})
			webhook.Handler(func(context.Context, webhook.Event) error { panic(test.err) }, panics.Stored("events"), callbacktest.Quiet())
			if inbox.Next(d, panics.Handle(t.Context(), d)).Reason == "" {
				t.Error("a panic has no reason")
			}
			queue := inbox.New(inbox.Memory(inbox.AllowLoss))
			var once error
			ran := 0
			webhook.Handler(func(ctx context.Context, _ webhook.Event) error {
				_, once = inbox.Once(ctx, "refund", func(context.Context) (int, error) { ran++; return 0, test.err })
				return once
			}, queue.Stored("events"), callbacktest.Quiet())
			for range 2 {
				if err := queue.Handle(t.Context(), d); !errors.Is(err, state.ErrInDoubt) || !inbox.Next(d, err).Dead || ran != 1 {
					t.Errorf("Once ran %d times: %v", ran, err)
				}
			}
		})
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
		{errors.New("call +254711\n000001"), "call +***01"},
		{errors.New("call 0711\r\n00\n0001"), "call ***01"},
		{errors.New("0711\x00000\x7f001"), "***01"},
		{errors.New("0711\u0085000\u2028001\u2029"), "***01 "},
		{errors.Join(errors.New("+254711"), errors.New("000001")), "+***01"},
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
