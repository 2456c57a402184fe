package atsqlite_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/sautigo/africastalking/internal/killtest"
)

// powerCuts cuts the power of a service that stores reports and handles none.
func powerCuts(t *testing.T, kind string, n int) killtest.CutResult {
	t.Helper()
	disk := killtest.NewDisk(t, 512<<20)
	dir := filepath.Join(disk.Dir, "data")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "at.db")
	return killtest.Cuts{
		Disk: disk,
		Start: func() *killtest.Process {
			return killtest.Start(t, serviceEnv+"="+kind, pathEnv+"="+path, cutEnv+"=1")
		},
		Cuts: n, Path: "/reports", Form: formOf,
		Stored: func() (map[string]int, error) { return stored(path) },
	}.Run(t)
}

// stored reads the ids of the reports that are in a file, past its store, and checks it.
func stored(path string) (map[string]int, error) {
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	var check string
	if err := db.QueryRow("pragma integrity_check").Scan(&check); err != nil || check != "ok" {
		return nil, fmt.Errorf("integrity check: %q, error %v", check, err)
	}
	rows, err := db.Query("select body from inbox")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	ids := map[string]int{}
	for rows.Next() {
		var body string
		if err := rows.Scan(&body); err != nil {
			return nil, err
		}
		r, err := parseReport(body)
		if err != nil {
			return nil, err
		}
		ids[r.ID]++
	}
	return ids, rows.Err()
}

// TestPowerCut is the promise of inbox.PowerCut, with a failing sync at its end: from then
// on nothing is answered 200.
func TestPowerCut(t *testing.T) {
	t.Parallel()
	r := powerCuts(t, "sqlite", *cuts)
	t.Log(r)
	if r.Lost > 0 || r.Late > 0 || len(r.Errors) > 0 || r.Acknowledged == 0 || r.Failed == 0 {
		t.Errorf("of %d acknowledged %d were lost; of those sent after a cut %d were answered 200 and %d were not, want 0, 0 and some; errors %v",
			r.Acknowledged, r.Lost, r.Late, r.Failed, r.Errors)
	}
}

// The audit notices a store that does not sync.
func TestPowerCutNotices(t *testing.T) {
	t.Parallel()
	r := powerCuts(t, "nosync", 1)
	t.Log(r)
	if r.Lost == 0 {
		t.Error("nothing was lost although nothing was synced")
	}
}
