package send

import (
	"context"
	"errors"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The tests that send are not parallel: they replace the default transport and
// standard output, as the clients use them.

func TestClientsAgree(t *testing.T) {
	for _, n := range []int{1, 3} {
		if err := check(t.Context(), makers(), Numbers(n)); err != nil {
			t.Error(err)
		}
	}
}

func TestCheckFindsDifferences(t *testing.T) {
	to := Numbers(2)
	peer := func(change func(account) account, report func([]recipient) []recipient) []maker {
		return append(makers()[:1:1], maker{"peer", true, func(a account, rt http.RoundTripper) sendFunc {
			send := newByHand(change(a), rt)
			return func(ctx context.Context, to []string, text string) ([]recipient, error) {
				got, err := send(ctx, to, text)
				return report(got), err
			}
		}})
	}
	same := func(a account) account { return a }
	all := func(r []recipient) []recipient { return r }
	for _, tt := range []struct {
		name string
		ms   []maker
		want string
	}{
		{"the same", peer(same, all), ""},
		{"another account", peer(func(account) account { return account{"second", first.key} }, all), "peer sends"},
		{"a recipient is missing", peer(same, func(r []recipient) []recipient { return r[:1] }), "peer reports"},
		{"another outcome", peer(same, func(r []recipient) []recipient { r[0].Accepted = false; return r }), "peer reports"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := check(t.Context(), tt.ms, to)
			if tt.want == "" && err == nil {
				return
			}
			if tt.want == "" || err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error with %q", err, tt.want)
			}
		})
	}
}

func TestIsolateGivesBack(t *testing.T) {
	out, transport := os.Stdout, http.DefaultTransport
	broken := errors.New("broken")
	err := isolate(inMemory{}, func() error {
		if os.Stdout == out || http.DefaultTransport == transport {
			t.Error("nothing was replaced")
		}
		return broken
	})
	if !errors.Is(err, broken) || os.Stdout != out || http.DefaultTransport != transport {
		t.Errorf("got %v, standard output back: %t, transport back: %t", err, os.Stdout == out, http.DefaultTransport == transport)
	}
}

// The library names an outcome for everybody and an error unless all were
// accepted, whatever the answer is; nothing is sent twice or elsewhere.
func TestBehaviour(t *testing.T) {
	table, err := behaviour(t.Context(), 50*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"the reply", byHand, ours, "edwinwalela v0.0.3", "tech-kenya v1.0.8"}, table.Header); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	type cell struct {
		failed bool
		tail   string
	}
	got := map[string]cell{}
	for _, r := range table.Rows {
		if len(r) != len(table.Header) {
			t.Errorf("%q has %d cells", r[0], len(r))
		}
		_, tail, cut := strings.Cut(r[2], "; ")
		if !cut {
			tail = r[2]
		}
		got[r[0]] = cell{strings.HasPrefix(r[2], "error: client: "), tail}
	}
	want := map[string]cell{
		"201 InvalidSenderId":                    {true, "0 of 1 accepted; sent: 0"},
		"401 in plain text":                      {true, "0 of 1 accepted; sent: 0"},
		"409 with recipients":                    {true, "0 of 1 accepted; sent: 0"},
		"201 without statusCode":                 {true, "0 of 1 accepted; sent: 0"},
		"201 with None":                          {true, "0 of 1 accepted; sent: 0"},
		"201 with a partial refusal":             {true, "1 of 2 accepted; sent: 1"},
		"502 in HTML":                            {true, "0 of 1 accepted; sent: 1"},
		"201 in XML":                             {true, "0 of 1 accepted; sent: 1"},
		"201 cut short":                          {true, "0 of 1 accepted; sent: 1"},
		"no answer":                              {true, "0 of 1 accepted; sent: 1"},
		"307 to another host":                    {true, "0 of 1 accepted; sent: 0"},
		"200 and nothing":                        {true, "0 of 1 accepted; sent: 1"},
		"10,000 recipients":                      {false, "10000 of 10000 accepted; sent: 10000; requests: 20"},
		"two accounts at once, 50 messages each": {false, "0 on the wrong account, 0 failed"},
		"a context that is cancelled":            {true, "0 of 1 accepted; sent: 0"},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(cell{})); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestOutcome(t *testing.T) {
	t.Parallel()
	two := []recipient{{Number: "+254711000001", Accepted: true}, {Number: "+254711000002"}}
	for _, tt := range []struct {
		outcome outcome
		want    string
	}{
		{outcome{}, "no error; nobody reported; sent: 0"},
		{outcome{recipients: two}, "no error; 1 of 2 accepted; sent: 0"},
		{outcome{recipients: two, err: errors.New("one\nwas  refused")}, "error: one was refused; 1 of 2 accepted; sent: 0"},
		{outcome{err: errors.New(strings.Repeat("é", 100))}, "error: " + strings.Repeat("é", 60) + "…; nobody reported; sent: 0"},
		{outcome{panicked: "index out of range"}, "panics: index out of range; sent: 0"},
		{outcome{waiting: true}, "still waits; sent: 0"},
	} {
		if got := tt.outcome.String(); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

func TestTry(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	sender := func(context.Context, []string, string) ([]recipient, error) { <-release; return nil, nil }
	o, done := try(t.Context(), sender, nil, "", time.Millisecond)
	if !o.waiting {
		t.Errorf("got %v", o)
	}
	close(release)
	<-done
	o, done = try(t.Context(), func(context.Context, []string, string) ([]recipient, error) { panic("no") }, nil, "", time.Minute)
	<-done
	if o.panicked != "no" {
		t.Errorf("got %v", o)
	}
}
