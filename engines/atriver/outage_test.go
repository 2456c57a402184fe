package atriver_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/sautigo/africastalking/engines/atriver"
	"github.com/sautigo/africastalking/webhook/inbox"
)

// A server that comes back is used again, and a result that could not be noted meanwhile
// is noted then.
func TestServerComesBack(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	q, _ := open(t, s.pool(t, 12))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	entered, release := make(chan struct{}, 10), make(chan struct{})
	var calls atomic.Int64
	ran := make(chan error, 1)
	go func() {
		ran <- q.Run(ctx, inbox.Worker{Workers: 2, Timeout: time.Minute, Handle: func(context.Context, inbox.Delivery) error {
			calls.Add(1)
			entered <- struct{}{}
			<-release
			return nil
		}})
	}()
	mustPut(t, q, delivery("during"))
	<-entered
	s.stop()
	impatient, stop := context.WithTimeout(t.Context(), 3*time.Second)
	defer stop()
	if _, err := q.Put(impatient, delivery("refused")); err == nil {
		t.Error("Put without a server: got no error, want one")
	}
	close(release)
	s.start(t)
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if b, err := q.Backlog(t.Context()); err == nil && b.Waiting == 0 {
			break
		} else if len(ran) > 0 {
			t.Fatalf("Run: %v", <-ran)
		} else if time.Now().After(deadline) {
			t.Fatalf("a minute later: backlog %v, error %v", b, err)
		}
	}
	mustPut(t, q, delivery("after"))
	<-entered
	cancel()
	if err := <-ran; err != nil {
		t.Errorf("Run: %v", err)
	}
	if n := calls.Load(); n != 2 {
		t.Errorf("%d calls, want 2", n)
	}
}

// Without a server Run ends: at once when it is idle and told to, and with an error if a
// result cannot be noted.
func TestServerStaysAway(t *testing.T) {
	t.Parallel()
	for _, busy := range []bool{false, true} {
		t.Run(fmt.Sprintf("busy=%v", busy), func(t *testing.T) {
			t.Parallel()
			s := startServer(t)
			q, _ := open(t, s.pool(t, 12))
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			entered, release := make(chan struct{}), make(chan struct{})
			ran := make(chan error, 1)
			go func() {
				ran <- q.Run(ctx, inbox.Worker{Workers: 2, Timeout: time.Minute, Handle: func(context.Context, inbox.Delivery) error {
					close(entered)
					<-release
					return nil
				}})
			}()
			if busy {
				mustPut(t, q, delivery("a"))
				<-entered
			} else {
				time.Sleep(300 * time.Millisecond)
			}
			s.stop()
			if busy {
				close(release)
			} else {
				cancel()
			}
			select {
			case err := <-ran:
				if busy {
					wantError(t, "Run without a server", err, "could not be noted")
				} else if err != nil {
					t.Errorf("Run: %v", err)
				}
			case <-time.After(2 * time.Minute):
				t.Error("Run goes on")
			}
		})
	}
}

// startPgBouncer starts a pooler in transaction mode before a server and returns its URL.
// It skips the test if there is none.
func startPgBouncer(t *testing.T, s *postgres) string {
	t.Helper()
	path, err := exec.LookPath("pgbouncer")
	if err != nil {
		t.Skip("no pgbouncer in PATH; on Debian: apt-get install pgbouncer")
	}
	dir, err := os.MkdirTemp("", "atriver")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	config := filepath.Join(dir, "pgbouncer.ini")
	text := "[databases]\npostgres = host=" + s.dir + " user=postgres\n" +
		"[pgbouncer]\npool_mode = transaction\nauth_type = any\nlisten_port = 6432\nunix_socket_dir = " + dir +
		"\nignore_startup_parameters = extra_float_digits\ndefault_pool_size = 4\n"
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, "-q", config)
	if s.cred != nil {
		if err := os.Chown(dir, int(s.cred.Uid), int(s.cred.Gid)); err != nil {
			t.Fatal(err)
		}
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.cred}
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	url := "host=" + dir + " port=6432 user=postgres dbname=postgres sslmode=disable"
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if _, err := os.Stat(filepath.Join(dir, ".s.PGSQL.6432")); err == nil {
			return url
		} else if time.Now().After(deadline) {
			t.Fatal("pgbouncer does not start")
		}
	}
}

func TestBehindPgBouncer(t *testing.T) {
	t.Parallel()
	url := startPgBouncer(t, sharedServer(t))
	connect := func(more string) *pgxpool.Pool {
		pool, err := newPool(url+more, 12)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(pool.Close)
		return pool
	}
	pool := connect(" default_query_exec_mode=exec")
	q, schema := open(t, pool, atriver.WithPollOnly(true))
	effect := table(t, pool, "")
	for i := range 50 {
		mustPut(t, q, delivery(fmt.Sprint(i)))
	}
	parked := delivery("parked")
	parked.Parked = "parked"
	mustPut(t, q, parked)
	runUntil(t, q, inbox.Worker{Workers: 8, Timeout: time.Minute, Handle: func(ctx context.Context, d inbox.Delivery) error {
		tx, err := atriver.Tx(ctx)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `insert into `+effect+` values ($1)`, d.Key); err != nil {
			return err
		}
		if d.Attempt == 1 && d.Key == "7" {
			return inbox.RetryAfter(errors.New("no"), 0)
		}
		return nil
	}})
	if got := effects(t, pool, effect); len(got) != 50 {
		t.Errorf("%d effects, want 50", len(got))
	}
	if dead, err := q.Dead(t.Context(), "", 10); err != nil || len(dead) != 1 || dead[0].Reason != "parked" {
		t.Errorf("dead letters: got %v and error %v, want one", dead, err)
	}

	// With the default mode, the error says what to do.
	for i := range 200 {
		q, err := atriver.New(connect(""), atriver.WithSchema(schema))
		if err == nil {
			_, err = q.Put(t.Context(), delivery(fmt.Sprint("wrong", i)))
		}
		if err != nil {
			if !strings.Contains(err.Error(), "default_query_exec_mode=exec") {
				t.Errorf("without default_query_exec_mode: error %v does not name it", err)
			}
			return
		}
	}
	t.Error("without default_query_exec_mode: no error came")
}
