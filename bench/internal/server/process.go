package server

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is a server that runs as a child of this one.
type process struct {
	addr string
	cmd  *exec.Cmd
	stop context.CancelFunc
}

var listening = regexp.MustCompile(`http://(127\.0\.0\.1:\d+)`)

// command says how to start a server. It writes its address to one of its streams;
// the other is dropped.
type command struct {
	dir      string
	env      []string
	args     []string
	onStderr bool
}

// start starts a server and waits until it has written its address.
func (c command) start(ctx context.Context) (*process, error) {
	ctx, cancel := context.WithCancel(ctx)
	cmd := exec.CommandContext(ctx, c.args[0], c.args[1:]...)
	cmd.Dir = c.dir
	cmd.Env = append(os.Environ(), c.env...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	pipe := cmd.StdoutPipe
	if c.onStderr {
		pipe = cmd.StderrPipe
	}
	p := &process{cmd: cmd, stop: cancel}
	out, err := pipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		cancel()
		return nil, err
	}
	found := make(chan string, 1)
	go func() {
		defer close(found)
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if m := listening.FindStringSubmatch(lines.Text()); m != nil {
				found <- m[1]
				break
			}
		}
		_, _ = io.Copy(io.Discard, out)
	}()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case addr, ok := <-found:
		if ok {
			p.addr = addr
			return p, nil
		}
	case <-timer.C:
	}
	p.end()
	return nil, fmt.Errorf("%s has not said where it listens", c.args[0])
}

// end asks the process to end, by its id, and waits for it; after five seconds it
// is killed.
func (p *process) end() {
	p.stop()
	_ = p.cmd.Wait()
}

var errNoMemory = errors.New("this machine has no /proc to read memory from")

// memory returns how many bytes of the process are in memory.
func (p *process) memory() (float64, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", p.cmd.Process.Pid))
	if err != nil {
		return 0, errNoMemory
	}
	fields := strings.Fields(string(stat))
	if len(fields) < 2 {
		return 0, errNoMemory
	}
	pages, err := strconv.Atoi(fields[1])
	if err != nil {
		return 0, errNoMemory
	}
	return float64(pages * os.Getpagesize()), nil
}

// tick is the unit of processor time in /proc, on all platforms that Go knows.
const tick = 10 * time.Millisecond

// processorTime returns the time that the process and those it has started have
// spent on a processor; 0 where there is no /proc.
func (p *process) processorTime() time.Duration {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	ticks, children := map[int]int{}, map[int][]int{}
	for _, name := range stats {
		pid, parent, spent, ok := readStat(name)
		if ok {
			ticks[pid] = spent
			children[parent] = append(children[parent], pid)
		}
	}
	var sum func(pid int) int
	sum = func(pid int) int {
		total := ticks[pid]
		for _, child := range children[pid] {
			total += sum(child)
		}
		return total
	}
	return time.Duration(sum(p.cmd.Process.Pid)) * tick
}

// readStat reads what proc(5) says of a process. Its name is in brackets and may
// hold anything; the fields behind it are counted.
func readStat(name string) (pid, parent, ticks int, ok bool) {
	b, err := os.ReadFile(name)
	if err != nil {
		return 0, 0, 0, false
	}
	head, rest, _ := strings.Cut(string(b), " ")
	fields := strings.Fields(rest[strings.LastIndexByte(rest, ')')+1:])
	if len(fields) < 13 {
		return 0, 0, 0, false
	}
	numbers := make([]int, 4)
	for i, s := range []string{head, fields[1], fields[11], fields[12]} {
		if numbers[i], err = strconv.Atoi(s); err != nil {
			return 0, 0, 0, false
		}
	}
	return numbers[0], numbers[1], numbers[2] + numbers[3], true
}
