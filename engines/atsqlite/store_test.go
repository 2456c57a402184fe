package atsqlite_test

import (
	"path/filepath"
	"testing"

	"github.com/sautigo/africastalking/engines/atsqlite"
	"github.com/sautigo/africastalking/state"
	"github.com/sautigo/africastalking/state/statetest"
)

func open(tb testing.TB, path string, opts ...atsqlite.Option) *atsqlite.Store {
	tb.Helper()
	s, err := atsqlite.Open(path, opts...)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	return s
}

func newPath(tb testing.TB) string { return filepath.Join(tb.TempDir(), "at.db") }

func TestStore(t *testing.T) {
	t.Parallel()
	s := open(t, newPath(t))
	statetest.Run(t, func(*testing.T) state.Store { return s })
}
