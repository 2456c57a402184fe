package main

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The lines that the two READMEs show for each router are those of routers.go, which
// the other tests run with the right, a wrong and no secret.
func TestREADME(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("routers.go")
	if err != nil {
		t.Fatal(err)
	}
	functions := map[string]string{
		"net/http": "netHTTP", "chi": "withChi", "gorilla/mux": "withGorilla", "gin": "withGin", "echo": "withEcho", "fiber": "withFiber",
	}
	want := map[string]string{}
	for router, name := range functions {
		_, body, _ := strings.Cut(string(source), "\nfunc "+name+"(")
		body, _, _ = strings.Cut(body, "\n}\n")
		if !strings.Contains(body, "guard := webhook.RequireToken(webhook.PathSegment(2), secret)\n") {
			t.Errorf("%s has another guard than the others", name)
		}
		for line := range strings.Lines(body) {
			if strings.Contains(line, "guard(a.ussd)") {
				want[router] = strings.ReplaceAll(strings.TrimSpace(line), "a.ussd", "h")
			}
		}
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(routers)), slices.Sorted(maps.Keys(want))); diff != "" {
		t.Errorf("routers (-want +got):\n%s", diff)
	}
	for _, file := range []string{"README.md", "../../README.md"} {
		text, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) && strings.HasPrefix(file, "../") {
			continue // the module is there alone
		}
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, linesOf(string(text))); diff != "" {
			t.Errorf("%s (-routers.go +README):\n%s", file, diff)
		}
	}
}

var (
	row  = regexp.MustCompile(`(?m)^\| *([^|]*)\|.*$`)
	name = regexp.MustCompile(`^\[?([a-z/]+)`)
	code = regexp.MustCompile("`([^`]*guard\\(h\\)[^`]*)`")
)

// linesOf returns the lines of a README's table of routers, by router. A row may be for
// several: "chi, gorilla/mux".
func linesOf(text string) map[string]string {
	lines := map[string]string{}
	for _, match := range row.FindAllStringSubmatch(text, -1) {
		line := code.FindStringSubmatch(match[0])
		if line == nil {
			continue
		}
		for router := range strings.SplitSeq(match[1], ", ") {
			if name := name.FindStringSubmatch(router); name != nil {
				lines[name[1]] = line[1]
			}
		}
	}
	return lines
}
