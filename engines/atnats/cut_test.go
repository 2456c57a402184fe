package atnats_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/sautigo/africastalking/engines/atnats"
	"github.com/sautigo/africastalking/internal/killtest"
	"github.com/sautigo/africastalking/sms"
	"github.com/sautigo/africastalking/webhook/inbox"
)

var cuts = flag.Int("cuts", 2, "how often TestPowerCut cuts the power of the disk")

// diskEnv is the folder of a server that runs in the process of an app, which stores
// delivery reports and handles none. With lazyEnv the server syncs from time to time.
const (
	diskEnv = "AT_TEST_DISK"
	lazyEnv = "AT_TEST_LAZY"
)

func serverOn(dir string, lazy bool) (*natsserver.Server, error) {
	s, err := natsserver.NewServer(&natsserver.Options{
		Host: "127.0.0.1", Port: natsserver.RANDOM_PORT, HTTPHost: "127.0.0.1", HTTPPort: natsserver.RANDOM_PORT,
		JetStream: true, StoreDir: dir, SyncAlways: !lazy, NoLog: true, NoSigs: true,
	})
	if err != nil {
		return nil, err
	}
	s.Start()
	if !s.ReadyForConnections(20 * time.Second) {
		return nil, fmt.Errorf("nats-server does not start in %s", dir)
	}
	return s, nil
}

func serveOnDisk(dir string) {
	lazy := os.Getenv(lazyEnv) != ""
	s, err := serverOn(dir, lazy)
	if err != nil {
		panic(err)
	}
	js, _, err := connect(s.ClientURL())
	if err != nil {
		panic(err)
	}
	q, err := atnats.NewQueue(context.Background(), js, atnats.WithMonitor("http://"+s.MonitorAddr().String()), atnats.WithLossAtPowerCut(lazy))
	if err != nil {
		panic(err)
	}
	in := inbox.New(q, inbox.AcceptOnly())
	reports := sms.DeliveryReportHandler(func(context.Context, sms.DeliveryReport) error { return nil }, in.Stored("reports"))
	if err := killtest.Serve(reports, nil); err != nil {
		panic(err)
	}
}

// powerCuts cuts the power of a server and its app.
func powerCuts(t *testing.T, lazy string, n int) killtest.CutResult {
	t.Helper()
	disk := killtest.NewDisk(t, 512<<20)
	dir := filepath.Join(disk.Dir, "nats")
	return killtest.Cuts{
		Disk: disk,
		Start: func() *killtest.Process {
			return killtest.Start(t, diskEnv+"="+dir, lazyEnv+"="+lazy)
		},
		Cuts: n, Path: "/reports", Form: formOf,
		Stored: func() (map[string]int, error) { return stored(dir) },
	}.Run(t)
}

// stored reads the ids of the reports that a server finds in its folder.
func stored(dir string) (map[string]int, error) {
	s, err := serverOn(dir, false)
	if err != nil {
		return nil, err
	}
	defer func() {
		s.Shutdown()
		s.WaitForShutdown()
	}()
	js, closeConn, err := connect(s.ClientURL())
	if err != nil {
		return nil, err
	}
	defer closeConn()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	stream, err := js.Stream(ctx, atnats.DefaultStream)
	if err != nil {
		return nil, err
	}
	state := stream.CachedInfo().State
	ids := map[string]int{}
	for seq := state.FirstSeq; seq <= state.LastSeq && state.Msgs > 0; seq++ {
		m, err := stream.GetMsg(ctx, seq)
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		form, err := url.ParseQuery(string(m.Data))
		if err != nil {
			return nil, err
		}
		ids[form.Get("id")]++
	}
	return ids, nil
}

// TestPowerCut is the promise of inbox.PowerCut, with a failing sync at its end: from then
// on nothing is answered 200.
func TestPowerCut(t *testing.T) {
	t.Parallel()
	r := powerCuts(t, "", *cuts)
	t.Log(r)
	if r.Lost > 0 || r.Late > 0 || len(r.Errors) > 0 || r.Acknowledged == 0 || r.Failed == 0 {
		t.Errorf("of %d acknowledged %d were lost; of those sent after a cut %d were answered 200 and %d were not, want 0, 0 and some; errors %v",
			r.Acknowledged, r.Lost, r.Late, r.Failed, r.Errors)
	}
}

// The audit notices a server that syncs from time to time, as it does by default.
func TestPowerCutNotices(t *testing.T) {
	t.Parallel()
	r := powerCuts(t, "1", 1)
	t.Log(r)
	if r.Lost == 0 {
		t.Error("nothing was lost although nothing was synced")
	}
}
