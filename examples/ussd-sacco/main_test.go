package main

import (
	"net"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"

	"github.com/sautigo/africastalking/examples/internal/exampletest"
)

// Every line that is printed works when it is pasted, in order, twice: the second time
// as a hop that is delivered again. The answers do not depend on where the state is.
func TestSession(t *testing.T) {
	t.Parallel()
	for name, where := range map[string]func(*testing.T) string{
		"memory": func(*testing.T) string { return "memory" },
		"redis":  startRedis,
		"nats":   startNATS,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := exampletest.Start(t, run, nil, "-store", where(t))
			want := []string{
				"CON Umoja Sacco. Enter your PIN", "CON Hello, Amina\n1. My savings\n2. Borrow\n",
				"CON How much, in shillings? From KES 500.00 to KES 6000.00", "CON For how many months", "CON Borrow KES 4000.00 for 6 months and pay back KES 4240.00?\n1. Yes\n2. No",
				"END You have borrowed KES 4000.00. You owe KES 4240.00.",
			}
			lines := p.Curls()
			if len(lines) != len(want) {
				t.Fatalf("%d lines, want %d", len(lines), len(want))
			}
			for i, line := range lines {
				for range 2 {
					if status, body := exampletest.Do(t, line); status != http.StatusOK || !strings.HasPrefix(body, want[i]) {
						t.Errorf("%s is answered %d %q, want %q", line, status, body, want[i])
					}
				}
			}
			p.Stop()
			if err := <-p.Ended; err != nil {
				t.Error(err)
			}
		})
	}
}

func TestUnknownStore(t *testing.T) {
	t.Parallel()
	if _, _, err := open(t.Context(), "postgres://localhost"); err == nil {
		t.Error("it is taken")
	}
}

func startRedis(t *testing.T) string {
	path, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("no redis-server in PATH; on Debian: apt-get install redis-server")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	_, port, _ := net.SplitHostPort(addr)
	cmd := exec.Command(path, "--bind", "127.0.0.1", "--port", port, "--save", "", "--dir", t.TempDir())
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if c, err := net.Dial("tcp", addr); err == nil {
			c.Close()
			return "redis://" + addr
		}
	}
	t.Fatal("redis-server does not start")
	return ""
}

func startNATS(t *testing.T) string {
	s, err := natsserver.NewServer(&natsserver.Options{Host: "127.0.0.1", Port: natsserver.RANDOM_PORT, JetStream: true, StoreDir: t.TempDir(), NoLog: true, NoSigs: true})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(20 * time.Second) {
		t.Fatal("nats-server does not start")
	}
	return s.ClientURL()
}
