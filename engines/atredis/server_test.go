package atredis_test

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// server is a redis-server of its own, on a loopback port, that keeps all it has
// acknowledged.
type server struct {
	tb   testing.TB
	path string
	dir  string
	addr string
	args []string
	cmd  *exec.Cmd
	done chan struct{}
}

// startServer skips the test if there is no redis-server, unless
// ATREDIS_REQUIRE_SERVER=1.
func startServer(tb testing.TB, args ...string) *server {
	tb.Helper()
	path, err := exec.LookPath("redis-server")
	if err != nil {
		const missing = "no redis-server in PATH; on Debian: apt-get install redis-server"
		if os.Getenv("ATREDIS_REQUIRE_SERVER") == "1" {
			tb.Fatal(missing)
		}
		tb.Skip(missing)
	}
	s := &server{tb: tb, path: path, dir: tb.TempDir(), addr: freeAddr(tb), args: args}
	s.start()
	tb.Cleanup(func() {
		s.stop()
		if tb.Failed() {
			log, _ := os.ReadFile(filepath.Join(s.dir, "log"))
			tb.Logf("redis-server's log:\n%s", log[max(0, len(log)-4000):])
		}
	})
	return s
}

func freeAddr(tb testing.TB) string {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func (s *server) start() {
	s.tb.Helper()
	_, port, _ := net.SplitHostPort(s.addr)
	s.cmd = exec.Command(s.path, append([]string{
		"--bind", "127.0.0.1", "--port", port, "--dir", s.dir, "--logfile", "log",
		"--appendonly", "yes", "--appendfsync", "always", "--save", "",
	}, s.args...)...)
	if err := s.cmd.Start(); err != nil {
		s.tb.Fatal(err)
	}
	done := make(chan struct{})
	s.done = done
	go func() {
		defer close(done)
		_ = s.cmd.Wait()
	}()

	client := redis.NewClient(&redis.Options{Addr: s.addr})
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for {
		// Another server may have taken the port.
		info, err := client.InfoMap(ctx, "server").Result()
		if err == nil && info["Server"]["process_id"] == strconv.Itoa(s.cmd.Process.Pid) {
			return
		}
		if err != nil && strings.Contains(err.Error(), "unknown command") {
			return // a server without INFO, as the test wants it
		}
		select {
		case <-done:
			s.tb.Fatalf("redis-server has ended: %v", s.cmd.ProcessState)
		case <-ctx.Done():
			s.stop()
			s.tb.Fatalf("redis-server does not answer: %v", err)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// stop ends the server at once, as a crash does.
func (s *server) stop() {
	_ = s.cmd.Process.Kill()
	<-s.done
}

func (s *server) connect(tb testing.TB) *redis.Client {
	client := newClient(s.addr)
	tb.Cleanup(func() { client.Close() })
	return client
}

func newClient(addr string) *redis.Client {
	return redis.NewClient(&redis.Options{Addr: addr, ContextTimeoutEnabled: true})
}
