package ussdtest

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/sautigo/africastalking/internal/kit"
	"github.com/sautigo/africastalking/ussd"
)

// A flag named "update" would collide with the one that many tests define, so updating
// looks theirs up instead.
var updateFlag = flag.Bool("ussdtest.update", false, "write the transcripts of USSD sessions to testdata")

func updating() bool {
	if *updateFlag {
		return true
	}
	if f := flag.Lookup("update"); f != nil {
		on, err := strconv.ParseBool(f.Value.String())
		return err == nil && on
	}
	return false
}

// Golden compares the transcript of a phone with testdata/name.txt, and fails the test
// if they differ. The flag -ussdtest.update writes the file instead, and so
// does a flag -update that the test defines itself:
//
//	var _ = flag.Bool("update", false, "write golden files")
//
// A transcript has the codes that were dialled, the inputs, each screen, and the end of
// each session:
//
//	phone +254711000001 on 63902
//	dial *384*123#
//	CON [home]
//	| 1. Balance
//	send 1
//	END
//	| Your balance is KES 5.00.
//	over Success, 2 hops, input "1", metadata "home"
//
// It masks secrets in the app's URLs, but neither PINs nor balances, so test with
// invented ones. It leaves out
// session ids, dates and durations, which differ from run to run, and of hop metadata
// shows the name ([ussd.HopName]).
func Golden(tb testing.TB, name string, p *Phone) {
	tb.Helper()
	file := goldenFile(name)
	got := p.Transcript()
	if updating() {
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			tb.Fatalf("ussdtest: %v", err)
			return
		}
		if err := os.WriteFile(file, []byte(got), 0o666); err != nil {
			tb.Fatalf("ussdtest: %v", err)
		}
		return
	}
	want, ok := readGolden(tb, file)
	if ok && want != got {
		tb.Errorf("ussdtest: the session is not the one in %s (-want +got); if it should be this way, test with -ussdtest.update\n%s",
			file, kit.Indent(diff(strings.TrimSuffix(want, "\n"), strings.TrimSuffix(got, "\n"))))
	}
}

// Replay plays the commands in testdata/name.txt on the phone and compares the outcome
// with the file, as [Golden] does. In a new file, write the commands only, and fill in
// the rest with -ussdtest.update:
//
//	dial *384*123#
//	send 1
//
// The commands are "dial", "send", "again", "drop" and "hangup". An input that is empty, or
// begins or ends with a space, is quoted as in Go. A session that ends before its
// inputs do fails the test.
func Replay(tb testing.TB, name string, p *Phone) {
	tb.Helper()
	script, ok := readGolden(tb, goldenFile(name))
	if !ok {
		return
	}
	for line := range strings.Lines(script) {
		verb, arg, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		if strings.HasPrefix(arg, `"`) && (verb == "dial" || verb == "send") {
			s, err := strconv.Unquote(arg)
			if err != nil {
				tb.Fatalf("ussdtest: %s: %s is not a quoted input", goldenFile(name), arg)
				return
			}
			arg = s
		}
		switch verb {
		case "dial":
			p.Dial(arg)
		case "send", "drop", "hangup":
			if p.s != nil && p.s.Over() {
				tb.Errorf("ussdtest: %s: the session is over before %q", goldenFile(name), strings.TrimSpace(line))
				Golden(tb, name, p)
				return
			}
			switch verb {
			case "send":
				p.Send(arg)
			case "drop":
				p.Drop()
			case "hangup":
				p.HangUp()
			}
		case "again":
			p.Again()
		}
	}
	Golden(tb, name, p)
}

// Transcript returns all that happened on the phone, as [Golden] writes it.
func (p *Phone) Transcript() string {
	return kit.Mask(strings.Join(p.log, "\n"), p.r.URLs()...) + "\n"
}

func goldenFile(name string) string {
	return filepath.Join("testdata", filepath.FromSlash(name)+".txt")
}

func readGolden(tb testing.TB, file string) (string, bool) {
	tb.Helper()
	b, err := os.ReadFile(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		tb.Fatalf("ussdtest: there is no %s; test with -ussdtest.update to write it", file)
		return "", false
	case err != nil:
		tb.Fatalf("ussdtest: %v", err)
		return "", false
	}
	return strings.ReplaceAll(string(b), "\r\n", "\n"), true
}

func (p *Phone) record(lines ...string) { p.log = append(p.log, lines...) }

func (p *Phone) recordHop() {
	h := p.hop
	if h.Failure != "" {
		p.record("FAILED " + h.Failure)
		if h.Answer.Err == nil {
			p.record("| " + strconv.Quote(string(h.Answer.Body)))
		}
		return
	}
	head := "END"
	if h.Continue {
		head = "CON"
	}
	if name := ussd.HopName(h.Metadata); name != "" {
		head += " [" + name + "]"
	}
	p.record(head)
	for line := range strings.SplitSeq(kit.Visible(strings.ReplaceAll(h.Screen, `\`, `\\`)), "\n") {
		switch text, blank := strings.CutSuffix(line, " "); {
		case line == "":
			p.record("|")
		case blank:
			p.record("| " + text + `\x20`) // a blank that editors would take away
		default:
			p.record("| " + line)
		}
	}
}

func (p *Phone) recordEvent() {
	e, _ := p.s.Event()
	s := fmt.Sprintf("over %s, %d hops, input %q", e.Status, e.HopsCount, e.Input)
	if e.HopsCount == 1 {
		s = strings.Replace(s, "1 hops", "1 hop", 1)
	}
	var names []string
	for _, metadata := range e.HopsMetadata {
		if name := ussd.HopName(metadata); name != "" {
			names = append(names, name)
		}
	}
	if len(names) > 0 {
		s += fmt.Sprintf(", metadata %q", strings.Join(names, "|"))
	}
	p.record(s)
}

// quote quotes an input if it could not be read back from a line otherwise.
func quote(s string) string {
	plain := s != "" && strings.TrimSpace(s) == s && s[0] != '"'
	for _, r := range s {
		plain = plain && unicode.IsPrint(r)
	}
	if plain {
		return s
	}
	return strconv.Quote(s)
}
