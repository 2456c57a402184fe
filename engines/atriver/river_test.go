package atriver_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/sautigo/africastalking/webhook/inbox"
)

// riverui does what it does with such a client.
func riverui(t *testing.T, pool *pgxpool.Pool, schema string) (*river.Client[pgx.Tx], int64) {
	t.Helper()
	client, err := river.NewClient(riverpgxv5.New(pool), &river.Config{Schema: schema, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	list, err := client.JobList(t.Context(), river.NewJobListParams())
	if err != nil || len(list.Jobs) != 1 {
		t.Fatalf("jobs: got %v and error %v, want one", list, err)
	}
	return client, list.Jobs[0].ID
}

// A dead letter that a person retries in riverui has all its attempts again.
func TestRetriedInRiverUI(t *testing.T) {
	t.Parallel()
	pool := sharedServer(t).pool(t, 12)
	q, schema := open(t, pool)
	var mu sync.Mutex
	var attempts []int
	worker := inbox.Worker{Workers: 1, Timeout: time.Minute, Handle: func(_ context.Context, d inbox.Delivery) error {
		mu.Lock()
		defer mu.Unlock()
		attempts = append(attempts, d.Attempt)
		err := errors.New("no")
		if len(attempts) == 3 || len(attempts) == 5 {
			return inbox.Park(err)
		}
		return inbox.RetryAfter(err, 0)
	}}
	mustPut(t, q, delivery("a"))
	runUntil(t, q, worker)
	client, id := riverui(t, pool, schema)
	for range 2 {
		if _, err := client.JobRetry(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		runUntil(t, q, worker)
	}
	want := []int{1, 2, 3, 1, 2}
	for i := range 20 {
		want = append(want, i+1)
	}
	if diff := cmp.Diff(want, attempts); diff != "" {
		t.Errorf("attempts (-want +got)\n%s", diff)
	}
	dead, err := q.Dead(t.Context(), "", 10)
	if err != nil || len(dead) != 1 || dead[0].Attempt != 20 {
		t.Errorf("dead letters: got %v and error %v, want one with 20 attempts", dead, err)
	}
	if diff := cmp.Diff([]string{"a cancelled 25 20"}, jobs(t, pool, schema)); diff != "" {
		t.Errorf("jobs with attempts and errors (-want +got)\n%s", diff)
	}
}

// What a person cancels in riverui is a dead letter.
func TestCancelledInRiverUI(t *testing.T) {
	t.Parallel()
	pool := sharedServer(t).pool(t, 12)
	for _, running := range []bool{false, true} {
		q, schema := open(t, pool)
		mustPut(t, q, delivery("a"))
		client, id := riverui(t, pool, schema)
		cancelJob := func() {
			if _, err := client.JobCancel(t.Context(), id); err != nil {
				t.Error(err)
			}
		}
		reason := "cancelled"
		if running {
			reason = "context canceled"
		} else {
			cancelJob()
		}
		runUntil(t, q, inbox.Worker{Workers: 1, Timeout: time.Minute, Handle: func(ctx context.Context, d inbox.Delivery) error {
			cancelJob()
			<-ctx.Done()
			return ctx.Err()
		}})
		dead, err := q.Dead(t.Context(), "", 10)
		if err != nil || len(dead) != 1 || dead[0].Reason != reason {
			t.Fatalf("running %v: dead letters: got %v and error %v, want one with reason %q", running, dead, err, reason)
		}
		if err := q.Requeue(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
		calls := 0
		runUntil(t, q, inbox.Worker{Workers: 1, Timeout: time.Minute, Handle: func(_ context.Context, d inbox.Delivery) error {
			if calls++; d.Attempt < 3 {
				return inbox.RetryAfter(errors.New("no"), 0) // which a job marked as cancelled does not survive
			}
			return nil
		}})
		if calls != 3 {
			t.Errorf("running %v: %d calls after Requeue, want 3", running, calls)
		}
	}
}

// An attempt has one result, whatever else River does: it notes results of its own some
// time after the worker has returned.
func TestOneResultForEachAttempt(t *testing.T) {
	t.Parallel()
	pool := sharedServer(t).pool(t, 12)
	q, schema := open(t, pool)
	var want []string
	for i := range 8 {
		key := fmt.Sprint(i)
		mustPut(t, q, delivery(key))
		want = append(want, key+" completed 19 18")
	}
	runUntil(t, q, inbox.Worker{Workers: 8, Timeout: time.Minute, Handle: func(_ context.Context, d inbox.Delivery) error {
		time.Sleep(30 * time.Millisecond)
		if d.Attempt < 19 {
			return inbox.RetryAfter(errors.New("no"), 0)
		}
		return nil
	}})
	if diff := cmp.Diff(want, jobs(t, pool, schema)); diff != "" {
		t.Errorf("jobs with attempts and errors (-want +got)\n%s", diff)
	}
}

// A delivery that ends its process each time is given up, too.
func TestKillsItsProcess(t *testing.T) {
	t.Parallel()
	pool := sharedServer(t).pool(t, 12)
	q, schema := open(t, pool)
	mustPut(t, q, delivery("a"))
	mustExec(t, pool, `update `+schema+`.river_job set state = 'running', attempt = 20, attempted_at = now() - interval '3 seconds'`)
	runUntil(t, q, inbox.Worker{Workers: 1, Timeout: time.Second, Handle: func(context.Context, inbox.Delivery) error {
		t.Error("the delivery was handled for the 21st time")
		return nil
	}})
	dead, err := q.Dead(t.Context(), "", 10)
	if err != nil || len(dead) != 1 || dead[0].Attempt != 20 || dead[0].Reason != "atriver: the process has died, or the function took too long" {
		t.Errorf("dead letters: got %+v and error %v, want one that says that the process has died", dead, err)
	}
}
