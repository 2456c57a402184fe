package ussdtest_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking/ussd"
	"github.com/sautigo/africastalking/ussd/ussdtest"
)

// A flag of the same name as most have, which must not collide.
var _ = flag.Bool("update", false, "write golden files")

func setFlag(t *testing.T, name, value string) {
	t.Helper()
	f := flag.Lookup(name)
	old := f.Value.String()
	if err := flag.Set(name, value); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = flag.Set(name, old) })
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

const transcript = `phone +254711000001 on 63902
dial *384*123#
CON [home]
| 1. Balance
| 2. Send
send 2
CON
| To whom?
again
send " Ana"
END
| Sent to  Ana.
over Success, 3 hops, input "2* Ana", metadata "home"
dial *384*123*2#
CON
| To whom?
drop
over Incomplete, 1 hop, input "2"
dial *384*123#
CON [home]
| 1. Balance
| 2. Send
hangup
over Incomplete, 1 hop, input "", metadata "home"
`

func play(tb testing.TB) *ussdtest.Phone {
	return ussdtest.New(tb, bank).
		Dial("").Send("2").Again().Send(" Ana").
		Dial("*384*123*2#").Drop().
		Dial("").HangUp()
}

func TestTranscript(t *testing.T) {
	t.Parallel()
	if diff := cmp.Diff(transcript, play(t).Transcript()); diff != "" {
		t.Errorf("transcript (-want +got):\n%s", diff)
	}
}

func TestTranscriptOfFailure(t *testing.T) {
	t.Parallel()
	p := ussdtest.New(t, after(raw(500, plain, "oops\n")), ussdtest.WithLenient(ussdtest.Answer)).Dial("").Send("1")
	want := `phone +254711000001 on 63902
dial *384*123#
CON
| 1. On
send 1
FAILED Received unexpected response code: 500 Internal Server Error
| "oops\n"
over Failed, 2 hops, input "1"
`
	if diff := cmp.Diff(want, p.Transcript()); diff != "" {
		t.Errorf("transcript (-want +got):\n%s", diff)
	}
}

func TestGolden(t *testing.T) {
	for _, name := range []string{"update", "ussdtest.update"} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			file := filepath.Join("testdata", "bank", "send.txt")

			golden := func(tb testing.TB) { ussdtest.Golden(tb, "bank/send", play(tb)) }
			try(golden).failsWith(t, true, "there is no "+file, "-ussdtest.update")

			setFlag(t, name, "true")
			try(golden).passes(t)
			setFlag(t, name, "false")
			if diff := cmp.Diff(transcript, readFile(t, file)); diff != "" {
				t.Errorf("file (-want +got):\n%s", diff)
			}
			try(golden).passes(t)

			changed := strings.Replace(transcript, "To whom?", "Who?", 1)
			if err := os.WriteFile(file, []byte(strings.ReplaceAll(changed, "\n", "\r\n")), 0o666); err != nil {
				t.Fatal(err)
			}
			try(golden).failsWith(t, false, "not the one in "+file, "\n    - | Who?\n    + | To whom?\n", "-ussdtest.update")
		})
	}
}

func TestReplay(t *testing.T) {
	t.Chdir(t.TempDir())
	replay := func(tb testing.TB) { ussdtest.Replay(tb, "send", ussdtest.New(tb, bank)) }
	try(replay).failsWith(t, true, "there is no")
	write := func(s string) {
		t.Helper()
		if err := os.MkdirAll("testdata", 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile("testdata/send.txt", []byte(s), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	// What to do is enough to begin with.
	write("dial *384*123#\nsend 2\nagain\nsend \" Ana\"\ndial *384*123*2#\ndrop\ndial *384*123#\nhangup\n")
	try(replay).failsWith(t, false, "+ CON [home]")
	setFlag(t, "ussdtest.update", "true")
	try(replay).passes(t)
	setFlag(t, "ussdtest.update", "false")
	if diff := cmp.Diff(transcript, readFile(t, "testdata/send.txt")); diff != "" {
		t.Errorf("file (-want +got):\n%s", diff)
	}
	try(replay).passes(t)

	write("dial *384*123#\nsend 1\nsend 2\n")
	f := try(replay)
	if len(f.errors) != 2 || f.fatal || !strings.Contains(f.errors[0], `over before "send 2"`) || !strings.Contains(f.errors[1], "- send 2") {
		t.Errorf("errors are %q", f.errors)
	}
	write("dial *384*123#\nsend \"\n")
	try(replay).failsWith(t, true, "not a quoted input")
}

// Screens that differ have transcripts that differ.
func TestTranscriptIsExact(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, screen := range []string{"x", "x ", "x  ", "x\n", "a\tb", `a\tb`, `x\x20`} {
		p := ussdtest.New(t, app(func(string) ussd.Response { return ussd.End(screen) }), ussdtest.WithLenient(ussdtest.Alphabet)).Dial("")
		if other, ok := seen[p.Transcript()]; ok {
			t.Errorf("%q and %q are both\n%s", other, screen, p.Transcript())
		}
		seen[p.Transcript()] = screen
	}
}
