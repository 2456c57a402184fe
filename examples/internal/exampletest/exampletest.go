// Package exampletest runs the examples as their users do.
package exampletest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// Process is a run of an example.
type Process struct {
	// Intro is what the program printed before it was ready.
	Intro string
	// Stdout gets what the program prints after that, one write at a time. The
	// program waits until the test has received each.
	Stdout <-chan string
	// Stderr is the program's log.
	Stderr *Log
	// Stop tells the program to stop. Ended gets the error that the program returns.
	Stop  context.CancelFunc
	Ended <-chan error
}

// Run is the main function of the examples.
type Run func(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) error

// Start runs an example on a free port, with these variables for an environment, and
// returns once the program has printed how to stop it. The end of the test stops it.
func Start(t testing.TB, run Run, vars map[string]string, args ...string) *Process {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	stdout, ended := make(chan string), make(chan error, 1)
	p := &Process{Stdout: stdout, Stderr: NewLog(), Stop: stop, Ended: ended}
	go func() {
		ended <- run(ctx, append([]string{"-addr", "127.0.0.1:0"}, args...), Environ(vars), terminal(stdout), p.Stderr)
	}()
	t.Cleanup(stop)
	for !strings.Contains(p.Intro, "Ctrl-C") {
		select {
		case s := <-stdout:
			p.Intro += s
		case err := <-ended:
			t.Fatalf("the program ended: %v\n%s", err, p.Stderr)
		}
	}
	return p
}

// Environ returns an environment that holds these variables and no others.
func Environ(vars map[string]string) func(string) string {
	return func(name string) string { return vars[name] }
}

// URL returns the address that the program says it listens on.
func (p *Process) URL(t testing.TB) string {
	t.Helper()
	_, rest, _ := strings.Cut(p.Intro, "Listening on ")
	url, _, ok := strings.Cut(rest, ". ")
	if !ok {
		t.Fatalf("no address in %q", p.Intro)
	}
	return url
}

// Curls returns the commands that the program printed.
func (p *Process) Curls() []string {
	var lines []string
	for line := range strings.Lines(p.Intro) {
		if strings.HasPrefix(line, "curl ") {
			lines = append(lines, strings.TrimSuffix(line, "\n"))
		}
	}
	return lines
}

type terminal chan<- string

func (t terminal) Write(b []byte) (int, error) {
	t <- string(b)
	return len(b), nil
}

// Log is a log to write to and to read at any time.
type Log struct {
	// Written is closed when there is something in the log.
	Written chan struct{}

	mu    sync.Mutex
	b     bytes.Buffer
	first sync.Once
}

// NewLog returns an empty log.
func NewLog() *Log { return &Log{Written: make(chan struct{})} }

func (l *Log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.first.Do(func() { close(l.Written) })
	return l.b.Write(b)
}

// String returns what was logged so far.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// Lacks fails the test if one of the texts was logged.
func (l *Log) Lacks(t testing.TB, private ...string) {
	t.Helper()
	for _, s := range private {
		if strings.Contains(l.String(), s) {
			t.Errorf("the log holds %q:\n%s", s, l)
		}
	}
}

// Do sends the request of a printed curl command, as a shell and curl would, and
// returns the status and the body of the answer.
func Do(t testing.TB, line string) (int, string) {
	t.Helper()
	req, err := parse(line)
	if err != nil {
		t.Fatalf("%v: %s", err, line)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func parse(line string) (*http.Request, error) {
	args, err := words(line)
	if err != nil {
		return nil, err
	}
	method, header := http.MethodGet, make(http.Header)
	var url, body, user string
	for i := 1; i < len(args); i++ {
		option := args[i]
		if !strings.HasPrefix(option, "-") {
			url = option
			continue
		}
		if i++; i == len(args) {
			return nil, fmt.Errorf("%s has no value", option)
		}
		switch option {
		case "-w":
		case "-u":
			user = args[i]
		case "-H":
			name, value, _ := strings.Cut(args[i], ": ")
			header.Set(name, value)
		case "-d":
			method, body = http.MethodPost, args[i]
			if header.Get("Content-Type") == "" {
				header.Set("Content-Type", "application/x-www-form-urlencoded")
			}
		default:
			return nil, fmt.Errorf("unknown option %s", option)
		}
	}
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header = header
	if name, password, ok := strings.Cut(user, ":"); ok {
		req.SetBasicAuth(name, password)
	}
	return req, nil
}

func words(line string) ([]string, error) {
	var words []string
	for rest := line; rest != ""; {
		var word string
		if quoted, ok := strings.CutPrefix(rest, "'"); ok {
			if word, rest, ok = strings.Cut(quoted, "'"); !ok {
				return nil, errors.New("a quote is left open")
			}
			rest = strings.TrimPrefix(rest, " ")
		} else {
			word, rest, _ = strings.Cut(rest, " ")
			if strings.ContainsAny(word, `&*?$#;|<>()\"'{}[]!~`) {
				return nil, fmt.Errorf("a shell would not take %q as it is", word)
			}
		}
		words = append(words, word)
	}
	return words, nil
}
