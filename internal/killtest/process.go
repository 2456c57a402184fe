// Package killtest kills services in the middle of their work, by signal and by power
// cut, and audits what became of what they had acknowledged. It is for the tests of the
// engines of package inbox.
package killtest

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Process is this test program, started again to be a service.
type Process struct {
	// Addr is where the service listens, such as "127.0.0.1:4711".
	Addr string

	tb     testing.TB
	cmd    *exec.Cmd
	stdin  io.Closer
	stderr bytes.Buffer
	done   chan struct{}
	err    error
}

// Start starts this test program again, with more environment variables, of the form
// "NAME=value". Its TestMain must see by them that it is to call [Serve]. What is left
// of the process at the end of the test is killed.
func Start(tb testing.TB, env ...string) *Process {
	tb.Helper()
	exe, err := os.Executable()
	if err != nil {
		tb.Fatal(err)
	}
	p := &Process{tb: tb, cmd: exec.Command(exe, "-test.run=^$"), done: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stderr = &p.stderr
	p.stdin, err = p.cmd.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	go func() {
		_, _ = io.Copy(io.Discard, stdout)
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	tb.Cleanup(p.Kill)
	addr, ok := strings.CutPrefix(strings.TrimSpace(line), listening)
	if !ok {
		p.Kill()
		tb.Fatalf("the service does not start: it prints %q, error %v\n%s", line, err, &p.stderr)
	}
	p.Addr = addr
	return p
}

// Kill is kill -9. It may be called again.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill()
	<-p.done
	p.stdin.Close()
}

// Terminate sends SIGTERM and waits for the service to end. The test fails if it ends
// with an error, or not within a minute.
func (p *Process) Terminate() {
	p.tb.Helper()
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
		if p.err != nil {
			p.tb.Errorf("the service ended on SIGTERM with %v\n%s", p.err, &p.stderr)
		}
	case <-time.After(time.Minute):
		p.tb.Error("the service goes on a minute after SIGTERM")
	}
	p.Kill()
}

const listening = "listening on "

// Serve is the service: it serves h on a loopback port that [Start] learns, and calls
// run beside, until SIGTERM or until the process that started this one is gone. Then it
// ends the context of run, answers the requests that have arrived, and returns when both
// are done. An error of run ends everything, as it must end an app. A nil run is none.
func Serve(h http.Handler, run func(context.Context) error) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel(nil)
	}()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	ran := make(chan error, 1)
	go func() {
		var err error
		if run != nil {
			err = run(ctx)
		}
		if err != nil {
			cancel(err)
		}
		ran <- err
	}()
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(l) }()
	fmt.Println(listening + l.Addr().String())
	<-ctx.Done()
	timeout, cancelTimeout := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancelTimeout()
	_ = server.Shutdown(timeout)
	return <-ran
}
