//go:build !linux

package killtest

import "testing"

// Disk is an ext4 file system in a file, whose power can be cut. There is none here.
type Disk struct{ Dir string }

// NewDisk skips the test.
func NewDisk(tb testing.TB, _ int64) *Disk {
	tb.Helper()
	tb.Skip("a disk whose power can be cut needs Linux")
	return nil
}

// Cut does nothing.
func (*Disk) Cut() {}

// Restore does nothing.
func (*Disk) Restore() {}
