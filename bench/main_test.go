package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The whole command, as short as can be, without other languages. None of its
// times is looked at.
func TestRun(t *testing.T) {
	dir := t.TempDir()
	svg, markdown := filepath.Join(dir, "chart.svg"), filepath.Join(dir, "results.md")
	var out, progress bytes.Buffer
	err := run(t.Context(), []string{"-rounds", "1", "-time", "1us", "-load", "20ms", "-connections", "2", "-idle", "5",
		"-patience", "50ms", "-others=false", "-svg", svg, "-markdown", markdown}, &out, &progress)
	if err != nil {
		t.Fatalf("%v\n%s", err, progress.String())
	}
	for _, heading := range []string{"## Callback to reply", "## Voice XML", "## Sending SMS", "## A whole server under load",
		"## Cost as the work grows", "## Reached, not reached"} {
		if !strings.Contains(out.String(), "\n"+heading+"\n") {
			t.Errorf("there is no %q", heading)
		}
	}
	for _, wrong := range []string{"NaN", "Inf", "%!"} {
		if strings.Contains(out.String(), wrong) {
			t.Errorf("the tables hold %s:\n%s", wrong, out.String())
		}
	}
	written, err := os.ReadFile(markdown)
	if err != nil || string(written) != out.String() {
		t.Errorf("the file and standard output differ, %v", err)
	}
	if chart, err := os.ReadFile(svg); err != nil || !bytes.HasPrefix(chart, []byte("<svg ")) || bytes.Contains(chart, []byte("NaN")) {
		t.Errorf("the chart is %.80s, %v", chart, err)
	}
}

func TestOnly(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := run(t.Context(), []string{"-rounds", "1", "-time", "1us", "-svg", "", "-only", "voice"}, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(out.String(), "\n## "); got != 2 || !strings.Contains(out.String(), "\n## Voice XML\n") {
		t.Errorf("got\n%s", out.String())
	}
}

func TestWrongFlags(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"-only", "weather"},
		{"-rounds", "0"},
		{"-time", "-1s"},
		{"-connections", "0"},
		{"-patience", "0s"},
		{"-nonsense"},
	} {
		if err := run(t.Context(), args, io.Discard, io.Discard); err == nil {
			t.Errorf("%q is taken", args)
		}
	}
}
