package atnats_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sautigo/africastalking/engines/atnats"
	"github.com/sautigo/africastalking/internal/killtest"
	"github.com/sautigo/africastalking/sms"
	"github.com/sautigo/africastalking/webhook/inbox"
)

// inboxEnv is the addresses of a NATS server, with a blank between them, for an app that
// notes in the file effectsEnv what it handles.
const (
	inboxEnv   = "AT_TEST_INBOX"
	effectsEnv = "AT_TEST_EFFECTS"
)

const workers = 4

// serveInbox is the app: it stores delivery reports and handles them, so many at once as
// there are workers.
func serveInbox(where string) {
	address, monitor, _ := strings.Cut(where, " ")
	js, closeConn, err := connect(address)
	if err != nil {
		panic(err)
	}
	defer closeConn()
	q, err := atnats.NewQueue(context.Background(), js, atnats.WithMonitor(monitor))
	if err != nil {
		panic(err)
	}
	effects := os.Getenv(effectsEnv)
	in := inbox.New(q)
	reports := sms.DeliveryReportHandler(func(_ context.Context, r sms.DeliveryReport) error {
		time.Sleep(2 * time.Millisecond)
		if rand.IntN(50) == 0 {
			return inbox.RetryAfter(errors.New("try again"), 10*time.Millisecond)
		}
		return killtest.Note(effects, r.ID)
	}, in.Stored("reports"))
	if err := killtest.Serve(reports, func(ctx context.Context) error { return in.Run(ctx, workers) }); err != nil {
		panic(err)
	}
}

func formOf(id string) string {
	return url.Values{
		"id": {id}, "status": {"Success"}, "phoneNumber": {"+254711000001"}, "networkCode": {"63902"}, "retryCount": {"0"},
	}.Encode()
}

// plan is that of an app over a server.
func plan(t *testing.T, address, monitor string) killtest.Plan {
	effects := filepath.Join(t.TempDir(), "effects")
	return killtest.Plan{
		Start: func() *killtest.Process {
			return killtest.Start(t, inboxEnv+"="+address+" "+monitor, effectsEnv+"="+effects)
		},
		Deaths:  *kills,
		Form:    formOf,
		Path:    "/",
		Effects: func() (map[string]int, error) { return killtest.Notes(effects) },
		Settle:  25 * time.Second, // the server waits for the dead for ten
	}
}

func audit(t *testing.T, r killtest.Result, twice int) {
	t.Helper()
	t.Log(r)
	if r.Lost > 0 || r.Twice > twice || r.Acknowledged == 0 {
		t.Errorf("%d of %d acknowledged were lost, and %d were handled twice, want none and at most %d", r.Lost, r.Acknowledged, r.Twice, twice)
	}
}

func TestQueueKilled(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	p := plan(t, s.url(), s.monitor())
	audit(t, p.Run(t), workers*p.Deaths)
}

func TestQueueTerminated(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	p := plan(t, s.url(), s.monitor())
	p.Terminate = true
	audit(t, p.Run(t), 0)
}

// The server dies, and comes back after half a second.
func TestQueueServerKilled(t *testing.T) {
	t.Parallel()
	s := startProcess(t)
	p := plan(t, s.url(), s.monitor())
	p.Every = 2 * time.Second
	p.Fail = func(app *killtest.Process) *killtest.Process {
		s.crash()
		time.Sleep(500 * time.Millisecond)
		s.start()
		return app
	}
	audit(t, p.Run(t), workers*p.Deaths)
}

// Two processes share the work, and one of them is killed every two seconds.
func TestQueueTwoProcesses(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	p := plan(t, s.url(), s.monitor())
	p.Every = 2 * time.Second
	p.Start()
	audit(t, p.Run(t), workers*p.Deaths)
}
