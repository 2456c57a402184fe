package atnats_test

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// server is a NATS server of its own, on a loopback port, that keeps its files when
// it is restarted.
type server struct {
	tb   testing.TB
	opts natsserver.Options
	s    *natsserver.Server
}

func startServer(tb testing.TB) *server {
	tb.Helper()
	s := &server{tb: tb, opts: natsserver.Options{
		Host: "127.0.0.1", Port: natsserver.RANDOM_PORT, HTTPHost: "127.0.0.1", HTTPPort: natsserver.RANDOM_PORT,
		JetStream: true, StoreDir: tb.TempDir(), SyncAlways: true, NoLog: true, NoSigs: true,
	}}
	s.start()
	s.opts.Port = s.s.Addr().(*net.TCPAddr).Port // the same after a restart
	tb.Cleanup(s.stop)
	return s
}

func (s *server) start() {
	s.tb.Helper()
	opts := s.opts // the server changes it
	server, err := natsserver.NewServer(&opts)
	if err != nil {
		s.tb.Fatal(err)
	}
	server.Start()
	s.s = server
	if !server.ReadyForConnections(20 * time.Second) {
		s.stop()
		s.tb.Fatal("nats-server does not start")
	}
}

func (s *server) stop() {
	s.s.Shutdown()
	s.s.WaitForShutdown()
}

func (s *server) url() string { return s.s.ClientURL() }

func (s *server) monitor() string { return "http://" + s.s.MonitorAddr().String() }

func (s *server) connect(tb testing.TB) jetstream.JetStream {
	tb.Helper()
	js, closeConn, err := connect(s.url())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(closeConn)
	return js
}

func connect(url string) (jetstream.JetStream, func(), error) {
	conn, err := nats.Connect(url, nats.MaxReconnects(-1), nats.ReconnectWait(50*time.Millisecond))
	if err != nil {
		return nil, nil, err
	}
	js, err := jetstream.New(conn)
	return js, conn.Close, err
}

// process is a NATS server in a process of its own, this test program with
// serverEnv set to its ports and its directory, which can crash.
type process struct {
	tb                testing.TB
	dir               string
	port, monitorPort int
	cmd               *exec.Cmd
}

const serverEnv = "AT_TEST_SERVER"

func startProcess(tb testing.TB) *process {
	tb.Helper()
	p := &process{tb: tb, dir: tb.TempDir(), port: freePort(tb), monitorPort: freePort(tb)}
	p.start()
	tb.Cleanup(p.crash)
	return p
}

func freePort(tb testing.TB) int {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func (p *process) start() {
	p.tb.Helper()
	exe, err := os.Executable()
	if err != nil {
		p.tb.Fatal(err)
	}
	p.cmd = exec.Command(exe, "-test.run=^$")
	p.cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d:%d:%s", serverEnv, p.port, p.monitorPort, p.dir))
	p.cmd.Stderr = os.Stderr
	// Open until the test ends, however that is; then the server does.
	in, err := p.cmd.StdinPipe()
	if err != nil {
		p.tb.Fatal(err)
	}
	p.tb.Cleanup(func() { in.Close() })
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		p.tb.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		p.tb.Fatal(err)
	}
	if _, err := io.ReadFull(out, make([]byte, len("ready\n"))); err != nil {
		p.crash()
		p.tb.Fatalf("nats-server does not start: %v", err)
	}
}

func (p *process) crash() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

func (p *process) url() string { return fmt.Sprintf("nats://127.0.0.1:%d", p.port) }

func (p *process) monitor() string { return fmt.Sprintf("http://127.0.0.1:%d", p.monitorPort) }

func serveNATS(where string) {
	parts := strings.SplitN(where, ":", 3)
	opts := &natsserver.Options{
		Host: "127.0.0.1", HTTPHost: "127.0.0.1", JetStream: true, StoreDir: parts[2], SyncAlways: true, NoLog: true, NoSigs: true,
	}
	var err error
	if opts.Port, err = strconv.Atoi(parts[0]); err != nil {
		panic(err)
	}
	if opts.HTTPPort, err = strconv.Atoi(parts[1]); err != nil {
		panic(err)
	}
	s, err := natsserver.NewServer(opts)
	if err != nil {
		panic(err)
	}
	s.Start()
	if !s.ReadyForConnections(20 * time.Second) {
		panic("not ready")
	}
	fmt.Println("ready")
	_, _ = io.Copy(io.Discard, os.Stdin)
}
