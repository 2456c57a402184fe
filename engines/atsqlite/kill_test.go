package atsqlite_test

import (
	"flag"
	"path/filepath"
	"testing"
	"time"

	"github.com/sautigo/africastalking/internal/killtest"
)

var (
	kills = flag.Int("kills", 3, "how often TestKill kills the service")
	terms = flag.Int("terms", 3, "how often TestTerminate ends the service by SIGTERM")
	cuts  = flag.Int("cuts", 2, "how often TestPowerCut cuts the power of the disk")
)

const workers = 4

func plan(t *testing.T, kind string, deaths int) killtest.Plan {
	path, notes := newPath(t), filepath.Join(t.TempDir(), "notes")
	return killtest.Plan{
		Start: func() *killtest.Process {
			return killtest.Start(t, serviceEnv+"="+kind, pathEnv+"="+path, notesEnv+"="+notes, workersEnv+"=4", workEnv+"=2ms")
		},
		Deaths: deaths, Path: "/reports", Form: formOf,
		Effects: func() (map[string]int, error) { return killtest.Notes(notes) },
	}
}

// TestKill is the promise: what was answered 200 is handled, whatever kills the process.
// A kill repeats at most what the workers were at.
func TestKill(t *testing.T) {
	t.Parallel()
	r := plan(t, "sqlite", *kills).Run(t)
	t.Log(r)
	if r.Lost > 0 || r.Twice > workers*r.Deaths || r.Acknowledged == 0 {
		t.Errorf("of %d acknowledged %d were lost, and %d were handled again, want 0 and at most %d", r.Acknowledged, r.Lost, r.Twice, workers*r.Deaths)
	}
}

// Without a kill nothing is handled again.
func TestTerminate(t *testing.T) {
	t.Parallel()
	p := plan(t, "sqlite", *terms)
	p.Terminate = true
	r := p.Run(t)
	t.Log(r)
	if r.Lost > 0 || r.Twice > 0 || r.Acknowledged == 0 {
		t.Errorf("of %d acknowledged %d were lost, and %d were handled again, want none", r.Acknowledged, r.Lost, r.Twice)
	}
}

// The audit notices a queue that loses.
func TestKillNotices(t *testing.T) {
	t.Parallel()
	p := plan(t, "memory", 2)
	p.Settle = time.Second
	r := p.Run(t)
	t.Log(r)
	if r.Lost == 0 {
		t.Error("the queue in memory lost nothing")
	}
}
