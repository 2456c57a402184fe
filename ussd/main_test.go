package ussd_test

import (
	"os"
	"runtime/debug"
	"testing"
)

// TestMain lets the heap grow: simulated sessions leave nothing behind, and with a heap
// this small the collector takes a third of the processor time.
func TestMain(m *testing.M) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
	m.Run()
}
