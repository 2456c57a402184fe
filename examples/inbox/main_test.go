package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking/examples/internal/exampletest"
	"github.com/sautigo/africastalking/state"
	"github.com/sautigo/africastalking/state/statetest"
)

// argsEnv makes this test program the service, with these arguments.
const argsEnv = "INBOX_TEST_ARGS"

func TestMain(m *testing.M) {
	if args := os.Getenv(argsEnv); args != "" {
		os.Args = append(os.Args[:1], strings.Split(args, "\n")...)
		go func() { // not longer than the test
			_, _ = io.Copy(io.Discard, os.Stdin)
			os.Exit(1)
		}()
		main()
		return
	}
	code := m.Run()
	stopPostgres()
	os.Exit(code)
}

// queues are the flags for each kind of queue, on servers of their own.
var queues = map[string]func(*testing.T) []string{
	"sqlite": func(t *testing.T) []string {
		return []string{"-queue", filepath.Join(t.TempDir(), "queue.db"), "-db", filepath.Join(t.TempDir(), "app.db")}
	},
	"postgres": func(t *testing.T) []string { return []string{"-queue", newDatabase(t)} },
	"nats": func(t *testing.T) []string {
		url, monitor := startNATS(t)
		return []string{"-queue", url, "-monitor", monitor, "-db", filepath.Join(t.TempDir(), "app.db")}
	},
}

// Every line that is printed works when it is pasted, twice, and has its effect once.
func TestCurls(t *testing.T) {
	t.Parallel()
	for name, flags := range queues {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := exampletest.Start(t, run, nil, flags(t)...)
			lines := p.Curls()
			last := len(lines) - 1
			for range 2 {
				for i, line := range lines[:last] {
					if status, body := exampletest.Do(t, line); status != http.StatusOK {
						t.Errorf("%s\nis answered %d %q, want 200", line, status, body)
					}
					if sms := []string{"Send STOP to get no more", "You will get no more"}; i < len(sms) && p.Stdout != nil {
						if got := <-p.Stdout; !strings.HasPrefix(got, `SMS from "21512" to "***01": "`+sms[i]) {
							t.Errorf("printed %q, want a reply that begins %q", got, sms[i])
						}
					}
				}
				p.Stdout = nil // the program would stop if it printed more
			}
			eventually(t, lines[last], "delivery reports 1\nmessages         2\nreplies          2\nopted out        2\nhandled again    0\n")
			page := strings.Replace(lines[last], "/tables", "/inbox", 1)
			eventually(t, page, "field status: missing")
			open := strings.Join(append(strings.Fields(page)[:1], strings.Fields(page)[3:]...), " ")
			if status, _ := exampletest.Do(t, open); status != http.StatusUnauthorized {
				t.Errorf("the page without a password is answered %d, want 401", status)
			}
			if status, _ := exampletest.Do(t, strings.Replace(lines[0], "/at/", "/at/x", 1)); status == http.StatusOK {
				t.Error("a callback with another secret is answered 200")
			}
			p.Stop()
			if err := <-p.Ended; err != nil {
				t.Error(err)
			}
			p.Stderr.Lacks(t, "711000001", "711000002")
		})
	}
}

// eventually waits until the answer to a command has a text.
func eventually(t *testing.T, line, want string) {
	t.Helper()
	var got string
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if _, got = exampletest.Do(t, line); strings.Contains(got, want) {
			return
		}
	}
	t.Errorf("%s\nis answered %q, want %q", line, got, want)
}

// Who opts out gets nothing until START, whatever the order in which it is handled.
func TestStop(t *testing.T) {
	t.Parallel()
	for name, flags := range queues {
		if name == "nats" { // whose tables are those of sqlite
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tables := open(t, flags(t))
			at := time.Now()
			type wish struct {
				stopped bool
				after   time.Duration
			}
			type result struct{ changed, stopped bool }
			var got []result
			for _, w := range []wish{{true, 1}, {true, 1}, {true, 2}, {false, 4}, {false, 4}, {true, 3}, {true, 5}} {
				changed, err := tables.setStopped(t.Context(), "+254711000001", w.stopped, at.Add(w.after*time.Second))
				if err != nil {
					t.Fatal(err)
				}
				stopped, err := tables.stopped(t.Context(), "+254711000001")
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, result{changed, stopped})
			}
			want := []result{{true, true}, {true, true}, {false, true}, {true, false}, {true, false}, {false, false}, {true, true}}
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(result{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func open(t *testing.T, flags []string) *tables {
	t.Helper()
	file := ""
	if len(flags) > 2 {
		file = flags[len(flags)-1]
	}
	tables, err := openTables(t.Context(), flags[1], file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tables.close)
	return tables
}

// TestKill kills the service in the middle of a flood. What was answered 200 is handled;
// a kill repeats at most what the workers were at, and nothing in Postgres, whose reports
// and the mark that they are done are one transaction.
func TestKill(t *testing.T) {
	t.Parallel()
	for name, flags := range queues {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			kills := 3
			if name != "sqlite" { // whose server must first find out that the process is gone
				kills = 1
			}
			secret := rand.Text() + rand.Text()
			addr, flags := freeAddr(t), flags(t)
			args := strings.Join(append(flags, "-addr", addr, "-slow", "2ms"), "\n")
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			tables := open(t, flags)
			killed := make(chan struct{})
			go func() {
				defer close(killed)
				for i := range kills + 1 {
					cmd := exec.Command(os.Args[0])
					cmd.Env = append(os.Environ(), argsEnv+"="+args, "CALLBACK_SECRET="+secret)
					var stderr bytes.Buffer
					cmd.Stderr = &stderr
					_, err := cmd.StdinPipe()
					if err == nil {
						err = cmd.Start()
					}
					if err != nil {
						t.Error(err)
						cancel()
						return
					}
					if i == kills {
						t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
						return
					}
					works := handles(tables, 40)
					_ = cmd.Process.Kill()
					_ = cmd.Wait()
					if !works {
						t.Errorf("the service handles nothing:\n%s", &stderr)
						cancel()
						return
					}
				}
			}()
			var out strings.Builder
			if err := flood(ctx, tables, "http://"+addr+"/at/"+secret, 150*kills, 400, &out); err != nil {
				t.Error(err)
			}
			<-killed
			n, err := tables.totals(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%s%+v", &out, n)
			if n.again > kills*workers {
				t.Errorf("%d were handled again, want at most %d", n.again, kills*workers)
			}
			if name == "postgres" {
				var again int
				if err := tables.row(t.Context(), "select count(*) from reports where handled > 1").Scan(&again); err != nil || again > 0 {
					t.Errorf("%d reports were handled again, error %v", again, err)
				}
			}
		})
	}
}

// handles waits until n more reports were handled.
func handles(tables *tables, n int) bool {
	before := -1
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(time.Millisecond) {
		totals, err := tables.totals(context.Background())
		switch {
		case err != nil:
			return false
		case before < 0:
			before = totals.reports
		case totals.reports >= before+n:
			return true
		}
	}
	return false
}

func freeAddr(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// lossy are tables that have lost everything.
type lossy struct{ database }

func (lossy) row(context.Context, string, ...any) interface{ Scan(...any) error } { return noRow{} }

type noRow struct{}

func (noRow) Scan(...any) error { return sql.ErrNoRows }

func TestAuditNotices(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		err := audit(t.Context(), &tables{lossy{}}, floods(500), &out)
		const want = "499 of 500 callbacks that were answered 200 are lost"
		if err == nil || err.Error() != want || !strings.Contains(out.String(), "499 are lost") {
			t.Errorf("error %v, want %s; printed %s", err, want, &out)
		}
	})
}

// A flood of a service that is not there, or under another secret, ends.
func TestFloodEnds(t *testing.T) {
	t.Parallel()
	p := exampletest.Start(t, run, nil, queues["sqlite"](t)...)
	err := flood(t.Context(), &tables{lossy{}}, p.URL(t)+"/at/wrong", 100, 1000, p.Stderr)
	if err == nil || !strings.Contains(err.Error(), "is -to right?") {
		t.Errorf("error %v", err)
	}
}

func TestFlags(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "note.txt"), []byte(strings.Repeat("no database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	lazy, monitor := startNATS(t, lazily)
	for _, test := range []struct {
		args, env []string
		want      string
	}{
		{args: []string{"-queue", "mysql://localhost"}, want: `-queue is the name of a file, postgres://… or nats://…, not "mysql"`},
		{args: []string{"-queue", ""}, want: "-queue is the name of a file"},
		{args: []string{"-db", ""}, want: "-db is the name of a file"},
		{args: []string{"-queue", dir + "/x.db", "-db", dir + "/x.db"}, want: "must be different files"},
		{args: []string{"-queue", dir + "/none/x.db"}, want: "no such file or directory"},
		{args: []string{"-db", dir + "/none/x.db"}, want: "no such file or directory"},
		{args: []string{"-db", dir + "/note.txt"}, want: "note.txt: file is not a database"},
		{args: []string{"-queue", dir + "/note.txt"}, want: "no SQLite database"},
		{args: []string{"-queue", "postgres://127.0.0.1:1/x"}, want: "connection refused"},
		{args: []string{"-queue", "nats://127.0.0.1:1"}, want: "nats: no servers available"},
		{args: []string{"-queue", lazy, "-monitor", monitor}, want: "sync_interval: always"},
		{args: []string{"-queue", lazy, "-monitor", "http://127.0.0.1:1"}, want: "monitoring endpoint"},
		{args: []string{"-flood", "-1"}, want: "-flood and -slow cannot be negative"},
		{args: []string{"-rate", "0"}, want: "-rate is from 1 to 10000"},
		{args: []string{"-slow", "1m"}, want: "-slow must be less than 15s"},
		{args: []string{"-to", "http://127.0.0.1:9000/at/x"}, want: "say how much with -flood"},
		{args: []string{"flood"}, want: `"flood" is no flag`},
		{args: []string{"-addr", "nowhere"}, want: "missing port"},
		{env: []string{"AT_USERNAME", "shop"}, want: "AT_API_KEY is not"},
		{env: []string{"CALLBACK_SECRET", "short"}, want: "CALLBACK_SECRET: "},
	} {
		t.Run(fmt.Sprint(test.args, test.env), func(t *testing.T) {
			t.Parallel()
			args := append([]string{"-addr", "127.0.0.1:0", "-queue", filepath.Join(t.TempDir(), "q.db"), "-db", filepath.Join(t.TempDir(), "a.db")}, test.args...)
			env := map[string]string{}
			if test.env != nil {
				env[test.env[0]] = test.env[1]
			}
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			err := run(ctx, args, exampletest.Environ(env), t.Output(), t.Output())
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("the program ends with %v, want %q", err, test.want)
			}
		})
	}
}

func TestRecords(t *testing.T) {
	t.Parallel()
	tables := open(t, queues["postgres"](t))
	statetest.Run(t, func(*testing.T) state.Store { return records(tables.database.(postgres)) })
}

func lazily(o *natsserver.Options) { o.SyncAlways = false }

// startNATS returns the URLs of a server and of its monitoring endpoint.
func startNATS(t *testing.T, change ...func(*natsserver.Options)) (url, monitor string) {
	o := &natsserver.Options{
		Host: "127.0.0.1", Port: natsserver.RANDOM_PORT, HTTPHost: "127.0.0.1", HTTPPort: natsserver.RANDOM_PORT,
		JetStream: true, SyncAlways: true, StoreDir: t.TempDir(), NoLog: true, NoSigs: true,
	}
	for _, c := range change {
		c(o)
	}
	s, err := natsserver.NewServer(o)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(20 * time.Second) {
		t.Fatal("nats-server does not start")
	}
	return s.ClientURL(), "http://" + s.MonitorAddr().String()
}
