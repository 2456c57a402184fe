package atriver_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/sautigo/africastalking/engines/atriver"
)

// postgres is a server of its own, which listens on a socket in a folder of its own.
type postgres struct {
	bin  string
	dir  string
	cred *syscall.Credential // root may not run it

	cmd   *exec.Cmd
	stdin io.Closer
}

// postgresEnv makes this test program the keeper of the server that it names: it ends the
// server when its standard input ends, however the test does.
const postgresEnv = "AT_TEST_POSTGRES"

// shared is the server of all tests that do not stop theirs.
var shared struct {
	sync.Mutex
	server *postgres
}

func sharedServer(tb testing.TB) *postgres {
	tb.Helper()
	shared.Lock()
	defer shared.Unlock()
	if shared.server == nil {
		shared.server = newServer(tb)
		shared.server.start(tb)
	}
	return shared.server
}

func stopShared() {
	if s := shared.server; s != nil {
		s.stop()
		os.RemoveAll(s.dir)
	}
}

// startServer starts a server for one test.
func startServer(tb testing.TB, settings ...string) *postgres {
	tb.Helper()
	s := newServer(tb)
	tb.Cleanup(func() {
		s.stop()
		if tb.Failed() {
			log, _ := os.ReadFile(s.logFile())
			tb.Logf("the log of Postgres:\n%s", log[max(0, len(log)-4000):])
		}
		os.RemoveAll(s.dir)
	})
	s.start(tb, settings...)
	return s
}

// newServer skips the test if there is no Postgres, unless ATRIVER_REQUIRE_SERVER=1.
func newServer(tb testing.TB) *postgres {
	tb.Helper()
	s := &postgres{bin: binaries()}
	if s.bin == "" {
		const missing = "no Postgres on this machine; on Debian: apt-get install postgresql"
		if os.Getenv("ATRIVER_REQUIRE_SERVER") == "1" {
			tb.Fatal(missing)
		}
		tb.Skip(missing)
	}
	dir, err := os.MkdirTemp("", "atriver")
	if err != nil {
		tb.Fatal(err)
	}
	s.dir = dir
	if os.Getuid() == 0 {
		s.cred = unprivileged(tb)
		if err := os.Chown(dir, int(s.cred.Uid), int(s.cred.Gid)); err != nil {
			tb.Fatal(err)
		}
	}
	initdb := exec.Command(filepath.Join(s.bin, "initdb"), "-D", s.data(), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--locale-provider=icu", "--icu-locale=en", "--no-sync")
	initdb.Dir = dir
	initdb.SysProcAttr = &syscall.SysProcAttr{Credential: s.cred}
	if out, err := initdb.CombinedOutput(); err != nil {
		tb.Fatalf("initdb: %v\n%s", err, out)
	}
	return s
}

// binaries returns the folder of initdb and postgres, "" if there is none.
func binaries() string {
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path)
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) == 0 {
		return ""
	}
	return filepath.Dir(slices.Max(found))
}

func unprivileged(tb testing.TB) *syscall.Credential {
	for _, name := range []string{"postgres", "nobody"} {
		if u, err := user.Lookup(name); err == nil {
			uid, _ := strconv.ParseUint(u.Uid, 10, 32)
			gid, _ := strconv.ParseUint(u.Gid, 10, 32)
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		}
	}
	tb.Fatal("Postgres does not run as root, and there is neither a user postgres nor a nobody")
	return nil
}

func (s *postgres) data() string    { return filepath.Join(s.dir, "data") }
func (s *postgres) logFile() string { return filepath.Join(s.dir, "log") }

// start starts the server with settings of the form "name=value".
func (s *postgres) start(tb testing.TB, settings ...string) {
	tb.Helper()
	args := []string{filepath.Join(s.bin, "postgres"), "-D", s.data(), "-k", s.dir, "-c", "listen_addresses=", "-c", "max_connections=300"}
	for _, setting := range settings {
		args = append(args, "-c", setting)
	}
	exe, err := os.Executable()
	if err != nil {
		tb.Fatal(err)
	}
	// The keeper runs as root, if this process does: the program may lie where others
	// cannot read it.
	cmd := exec.Command(exe, "-test.run=^$")
	cmd.Env = append(os.Environ(), postgresEnv+"="+strings.Join(args, "\n"), "AT_TEST_LOG="+s.logFile())
	if s.cred != nil {
		cmd.Env = append(cmd.Env, fmt.Sprintf("AT_TEST_UID=%d:%d", s.cred.Uid, s.cred.Gid))
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	s.cmd, s.stdin = cmd, stdin
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, s.url())
		if err == nil {
			conn.Close(ctx)
			return
		}
		if ctx.Err() != nil {
			s.stop()
			log, _ := os.ReadFile(s.logFile())
			tb.Fatalf("Postgres does not answer: %v\n%s\n%s", err, &stderr, log)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// stop ends the server at once, as a crash does. It may be called again.
func (s *postgres) stop() {
	if s.cmd != nil {
		s.stdin.Close()
		_ = s.cmd.Wait()
		s.cmd = nil
	}
}

// keepPostgres runs a server until standard input ends.
func keepPostgres(args []string) {
	log, err := os.OpenFile(os.Getenv("AT_TEST_LOG"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Dir = "/"
	if uid, gid, ok := strings.Cut(os.Getenv("AT_TEST_UID"), ":"); ok {
		u, _ := strconv.ParseUint(uid, 10, 32)
		g, _ := strconv.ParseUint(gid, 10, 32)
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(u), Gid: uint32(g)}}
	}
	if err := cmd.Start(); err != nil {
		panic(err)
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		_ = cmd.Process.Signal(syscall.SIGQUIT) // immediate shutdown
	}()
	_ = cmd.Wait()
}

func (s *postgres) url() string {
	return "host=" + s.dir + " user=postgres dbname=postgres sslmode=disable"
}

// pool returns a pool of n connections.
func (s *postgres) pool(tb testing.TB, n int) *pgxpool.Pool {
	tb.Helper()
	pool, err := newPool(s.url(), n)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(pool.Close)
	return pool
}

func newPool(url string, n int) (*pgxpool.Pool, error) {
	return pgxpool.New(context.Background(), fmt.Sprintf("%s pool_max_conns=%d", url, n))
}

var schemas atomic.Int64

// newSchema returns the name of a schema that no other test uses.
func newSchema() string { return fmt.Sprintf("inbox_%d", schemas.Add(1)) }

// open returns a queue in a schema of its own.
func open(tb testing.TB, pool *pgxpool.Pool, opts ...atriver.Option) (*atriver.Queue, string) {
	tb.Helper()
	schema := newSchema()
	if err := atriver.Migrate(context.Background(), pool, atriver.WithSchema(schema)); err != nil {
		tb.Fatal(err)
	}
	return openSchema(tb, pool, schema, opts...), schema
}

func openSchema(tb testing.TB, pool *pgxpool.Pool, schema string, opts ...atriver.Option) *atriver.Queue {
	tb.Helper()
	quiet := atriver.WithLogger(slog.New(slog.DiscardHandler))
	q, err := atriver.New(pool, append([]atriver.Option{atriver.WithSchema(schema), quiet}, opts...)...)
	if err != nil {
		tb.Fatal(err)
	}
	return q
}

func TestMain(m *testing.M) {
	if args := os.Getenv(postgresEnv); args != "" {
		keepPostgres(strings.Split(args, "\n"))
		return
	}
	if url := os.Getenv(appEnv); url != "" {
		serveApp(url)
		return
	}
	code := m.Run()
	stopShared()
	os.Exit(code)
}
