package server

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sautigo/africastalking/bench/internal/measure"
)

// The test binary is its own child: as a server, or as one that says nothing.
func TestMain(m *testing.M) {
	switch os.Getenv("BENCH_CHILD") {
	case "server":
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			panic(err)
		}
		fmt.Printf("Some words first.\nListening on http://%v.\n", l.Addr())
		panic(http.Serve(l, http.HandlerFunc(right)))
	case "silent":
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func child(kind string) command {
	return command{args: []string{os.Args[0]}, env: []string{"BENCH_CHILD=" + kind}}
}

func right(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, want) }

func TestLoad(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	for _, tt := range []struct {
		name  string
		serve http.HandlerFunc
		fails string
	}{
		{"right", func(w http.ResponseWriter, r *http.Request) {
			got, err := io.ReadAll(r.Body)
			if err != nil || string(got) != body || r.URL.Path != path || r.Method != http.MethodPost {
				http.Error(w, "not what was sent", http.StatusBadRequest)
				return
			}
			asked.Add(1)
			right(w, r)
		}, ""},
		{"closes each connection", func(w http.ResponseWriter, r *http.Request) { w.Header().Set("Connection", "close"); right(w, r) }, ""},
		{"an error", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusInternalServerError) }, "HTTP/1.1 500"},
		{"another text", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, strings.ToUpper(want)) }, "instead of"},
		{"a longer text", func(w http.ResponseWriter, r *http.Request) { right(w, r); right(w, r) }, "bytes instead of"},
		{"no length", func(w http.ResponseWriter, r *http.Request) {
			w.(http.Flusher).Flush()
			right(w, r)
		}, "without a length"},
		{"hangs up", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "EOF"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := httptest.NewServer(tt.serve)
			defer s.Close()
			n, took, err := load(t.Context(), s.Listener.Addr().String(), newCallback(path, body, want), 3, 50*time.Millisecond)
			if tt.fails != "" {
				if err == nil || !strings.Contains(err.Error(), tt.fails) {
					t.Errorf("got %v, want an error with %q", err, tt.fails)
				}
				return
			}
			if err != nil || n == 0 || took <= 0 {
				t.Errorf("got %d answers in %v, %v", n, took, err)
			}
			// Each connection is tried once before it is counted.
			if tt.name == "right" && int64(n) != asked.Load()-3 {
				t.Errorf("%d answers were counted, %d given", n, asked.Load())
			}
		})
	}
}

func TestAnswerIsReadInPieces(t *testing.T) {
	t.Parallel()
	ours, theirs := net.Pipe()
	defer ours.Close()
	go func() {
		defer theirs.Close()
		for _, piece := range []string{"HTTP/1.1 200 O", "K\r\ncontent-LENGTH:", " 4\r\nX-Other: 1\r", "\n\r\nGO", "OD"} {
			_, _ = io.WriteString(theirs, piece)
		}
	}()
	c := &conn{net: ours, in: bufio.NewReader(ours)}
	if closes, err := c.answer([]byte("GOOD")); closes || err != nil {
		t.Errorf("got %t, %v", closes, err)
	}
}

func TestProcess(t *testing.T) {
	t.Parallel()
	p, err := child("server").start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	n, _, err := load(t.Context(), p.addr, newCallback(path, body, want), 2, 100*time.Millisecond)
	if err != nil || n == 0 {
		t.Errorf("got %d answers, %v", n, err)
	}
	if size, err := p.memory(); runtime.GOOS == "linux" && (err != nil || size < 1<<20) {
		t.Errorf("memory: %v, %v", size, err)
	}
	p.end()
	if p.cmd.ProcessState == nil {
		t.Error("the process was not waited for")
	}
	if _, err := dial(t.Context(), p.addr); err == nil {
		t.Error("the server still listens")
	}
}

func TestProcessEndsWithTheContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	p, err := child("server").start(ctx)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := p.cmd.Wait(); err == nil {
		t.Error("the process has ended by itself")
	}
}

func TestProcessThatSaysNothing(t *testing.T) {
	t.Parallel()
	if _, err := child("silent").start(t.Context()); err == nil || !strings.Contains(err.Error(), "has not said where it listens") {
		t.Errorf("got %v", err)
	}
	if _, err := (command{args: []string{"./there-is-no-such-program"}}).start(t.Context()); err == nil {
		t.Error("a program that is missing was started")
	}
}

func TestReadStat(t *testing.T) {
	t.Parallel()
	file := t.TempDir() + "/stat"
	for _, tt := range []struct {
		text               string
		pid, parent, ticks int
		ok                 bool
	}{
		{"42 (a server) S 7 42 42 0 -1 4194560 100 0 0 0 15 6 0 0 20 0 8 0 100 0 0\n", 42, 7, 21, true},
		{"42 (odd) name) (x) S 7 42 42 0 -1 4194560 100 0 0 0 15 6 0 0 20\n", 42, 7, 21, true},
		{"42 (short) S 7", 0, 0, 0, false},
		{"", 0, 0, 0, false},
	} {
		if err := os.WriteFile(file, []byte(tt.text), 0o600); err != nil {
			t.Fatal(err)
		}
		pid, parent, ticks, ok := readStat(file)
		if pid != tt.pid || parent != tt.parent || ticks != tt.ticks || ok != tt.ok {
			t.Errorf("%q: got %d, %d, %d, %t", tt.text, pid, parent, ticks, ok)
		}
	}
	if _, _, _, ok := readStat(file + ".gone"); ok {
		t.Error("a file that is gone was read")
	}
}

func TestIdleMemory(t *testing.T) {
	t.Parallel()
	one := server{name: "child", command: child("server")}
	if _, err := idleMemory(t.Context(), one, 5); err != nil && !errors.Is(err, errNoMemory) {
		t.Error(err)
	}
}

// What a machine lacks is named.
func TestMissing(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	list, err := servers(t.Context(), measure.Plan{}, t.TempDir(), true)
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range list {
		if one.missing == "" {
			t.Errorf("%s can be started without a program", one.name)
		}
	}
	s, err := Run(t.Context(), measure.Plan{Rounds: 1}, Config{Connections: 1, Time: time.Millisecond, Idle: 1, Others: true})
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Notes) != len(list) || len(s.Tables) != 0 || len(s.Verdicts) != 0 {
		t.Errorf("got %+v", s)
	}
}
