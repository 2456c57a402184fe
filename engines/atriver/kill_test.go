package atriver_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sautigo/africastalking/engines/atriver"
	"github.com/sautigo/africastalking/internal/killtest"
	"github.com/sautigo/africastalking/sms"
	"github.com/sautigo/africastalking/webhook"
	"github.com/sautigo/africastalking/webhook/inbox"
)

// kills is how often each TestKilled kills the app: "go test -run TestKilled -kills 40 -v".
var kills = flag.Int("kills", 3, "how often the tests kill an app under load")

// appEnv is the URL of a server, for an app that handles what is posted to it in the
// schema schemaEnv. It notes the effects in the file effectsEnv, or if there is none in
// the table effects of the schema, in the transaction of Tx. With hastyEnv it answers 200
// before the callback is stored.
const (
	appEnv     = "AT_TEST_APP"
	schemaEnv  = "AT_TEST_SCHEMA"
	effectsEnv = "AT_TEST_EFFECTS"
	hastyEnv   = "AT_TEST_HASTY"
)

const appWorkers = 4

func serveApp(url string) {
	pool, err := newPool(url, appWorkers+4)
	if err != nil {
		panic(err)
	}
	defer pool.Close()
	schema, file := os.Getenv(schemaEnv), os.Getenv(effectsEnv)
	q, err := atriver.New(pool, atriver.WithSchema(schema), atriver.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		panic(err)
	}
	var queue inbox.Queue = q
	if os.Getenv(hastyEnv) != "" {
		queue = hasty{q}
	}
	insert := `insert into ` + pgx.Identifier{schema, "effects"}.Sanitize() + ` values ($1)`
	save := func(ctx context.Context, r sms.DeliveryReport) error {
		again := rand.IntN(50) == 0
		time.Sleep(2 * time.Millisecond)
		if file == "" {
			tx, err := atriver.Tx(ctx)
			if err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, insert, r.ID); err != nil {
				return err
			}
		}
		switch {
		case again: // and the effect must go
			return inbox.RetryAfter(errors.New("try again"), 10*time.Millisecond)
		case file != "":
			return killtest.Note(file, r.ID)
		}
		return nil
	}
	in := inbox.New(queue, inbox.WithProcessTimeout(time.Second))
	quiet := webhook.WithLogger(slog.New(slog.DiscardHandler))
	reports := sms.DeliveryReportHandler(save, in.Stored("reports"), quiet)
	err = killtest.Serve(reports, func(ctx context.Context) error { return in.Run(ctx, appWorkers) })
	if err != nil {
		panic(err)
	}
}

// hasty acknowledges before it stores.
type hasty struct{ inbox.Queue }

func (h hasty) Put(ctx context.Context, d inbox.Delivery) (bool, error) {
	time.AfterFunc(50*time.Millisecond, func() { _, _ = h.Queue.Put(context.WithoutCancel(ctx), d) })
	return false, nil
}

func formOf(id string) string {
	return url.Values{
		"id": {id}, "status": {"Success"}, "phoneNumber": {"+254711000001"}, "networkCode": {"63902"}, "retryCount": {"0"},
	}.Encode()
}

// plan is that of an app in a schema of its own. With tx its effects are in the database.
func plan(t *testing.T, s *postgres, tx bool, env ...string) killtest.Plan {
	t.Helper()
	pool := s.pool(t, 4)
	_, schema := open(t, pool)
	name := pgx.Identifier{schema, "effects"}.Sanitize()
	mustExec(t, pool, `create table `+name+` (id text)`)
	file := ""
	if !tx {
		file = filepath.Join(t.TempDir(), "effects")
	}
	return killtest.Plan{
		Start: func() *killtest.Process {
			return killtest.Start(t, append(env, appEnv+"="+s.url(), schemaEnv+"="+schema, effectsEnv+"="+file)...)
		},
		Deaths: *kills,
		Every:  time.Second,
		Form:   formOf,
		Path:   "/",
		Effects: func() (map[string]int, error) {
			if !tx {
				return killtest.Notes(file)
			}
			rows, err := pool.Query(context.Background(), `select id, count(*) from `+name+` group by id`)
			if err != nil {
				return nil, err
			}
			count := map[string]int{}
			var id string
			var n int
			_, err = pgx.ForEachRow(rows, []any{&id, &n}, func() error {
				count[id] = n
				return nil
			})
			return count, err
		},
		Settle: 20 * time.Second, // the others wait for the dead for two, and look each two
	}
}

func audit(t *testing.T, r killtest.Result, twice int) {
	t.Helper()
	t.Log(r)
	if r.Lost > 0 || r.Twice > twice || r.Acknowledged == 0 {
		t.Errorf("%d of %d acknowledged were lost, and %d were handled twice, want none and at most %d", r.Lost, r.Acknowledged, r.Twice, twice)
	}
}

func TestKilled(t *testing.T) {
	t.Parallel()
	p := plan(t, sharedServer(t), false)
	audit(t, p.Run(t), appWorkers*p.Deaths)
}

// With its effects in the transaction, nothing happens twice.
func TestKilledTx(t *testing.T) {
	t.Parallel()
	p := plan(t, sharedServer(t), true)
	audit(t, p.Run(t), 0)
}

// The audit notices an app that answers before it has stored.
func TestKilledNotices(t *testing.T) {
	t.Parallel()
	p := plan(t, sharedServer(t), true, hastyEnv+"=1")
	p.Deaths, p.Settle = 3, 8*time.Second
	if r := p.Run(t); r.Lost == 0 {
		t.Errorf("nothing was noticed: %v", r)
	}
}

func TestTerminated(t *testing.T) {
	t.Parallel()
	for _, tx := range []bool{false, true} {
		t.Run(fmt.Sprintf("tx=%v", tx), func(t *testing.T) {
			p := plan(t, sharedServer(t), tx)
			p.Terminate = true
			audit(t, p.Run(t), 0)
		})
	}
}

// Two processes share the work, and one of them is killed every two seconds.
func TestKilledOfTwo(t *testing.T) {
	t.Parallel()
	p := plan(t, sharedServer(t), true)
	p.Every = 2 * time.Second
	other := p.Start()
	audit(t, p.Run(t), 0)
	other.Terminate()
}

// The server dies, and comes back at once.
func TestServerKilled(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	p := plan(t, s, true)
	p.Every = 2 * time.Second
	p.Fail = func(app *killtest.Process) *killtest.Process {
		s.stop()
		s.start(t)
		return app
	}
	audit(t, p.Run(t), 0)
}
