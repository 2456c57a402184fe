package killtest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// Disk is an ext4 file system in a file, whose power can be cut.
type Disk struct {
	// Dir is where it is mounted.
	Dir string

	tb    testing.TB
	image string
}

// NewDisk makes a disk. It skips the test, and says why, where that is not possible: it
// takes root, loop devices, mkfs.ext4 and mount.
func NewDisk(tb testing.TB, bytes int64) *Disk {
	tb.Helper()
	base := tb.TempDir()
	d := &Disk{Dir: filepath.Join(base, "disk"), tb: tb, image: filepath.Join(base, "image")}
	f, err := os.Create(d.image)
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	if err := f.Truncate(bytes); err != nil {
		tb.Fatal(err)
	}
	if err := os.Mkdir(d.Dir, 0o755); err != nil {
		tb.Fatal(err)
	}
	for _, command := range [][]string{{"mkfs.ext4", "-q", "-F", d.image}, {"mount", "-o", "loop", d.image, d.Dir}} {
		if err := run(command...); err != nil {
			tb.Skipf("this machine does not let the test make a disk of its own, which takes root, loop devices, mkfs.ext4 and mount: %v", err)
		}
	}
	tb.Cleanup(func() {
		if err := d.unmount(); err != nil {
			tb.Error(err)
		}
	})
	if err := os.Chmod(d.Dir, 0o777); err != nil {
		tb.Fatal(err)
	}
	if err := run("sync", "-f", d.Dir); err != nil {
		tb.Fatal(err)
	}
	return d
}

// Cut stops the file system at once: what has not reached the disk yet, its own journal
// included, is gone, and every later call on its files fails.
func (d *Disk) Cut() {
	d.tb.Helper()
	f, err := os.Open(d.Dir)
	if err != nil {
		d.tb.Fatal(err)
	}
	defer f.Close()
	const shutdown = 0x8004587d // EXT4_IOC_SHUTDOWN
	noLogFlush := uint32(2)     // EXT4_GOING_FLAGS_NOLOGFLUSH
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), shutdown, uintptr(unsafe.Pointer(&noLogFlush))); errno != 0 {
		d.tb.Fatalf("cutting the power: %v", errno)
	}
}

// Restore mounts the disk again after a [Disk.Cut]. No process may use it any more.
func (d *Disk) Restore() {
	d.tb.Helper()
	if err := d.unmount(); err != nil {
		d.tb.Fatal(err)
	}
	if err := run("mount", "-o", "loop", d.image, d.Dir); err != nil {
		d.tb.Fatal(err)
	}
}

// unmount waits for what the kernel still does for processes that were killed.
func (d *Disk) unmount() (err error) {
	for range 100 {
		if err = run("umount", d.Dir); err == nil {
			return nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return err
}

func run(command ...string) error {
	out, err := exec.Command(command[0], command[1:]...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", command[0], err, strings.TrimSpace(string(out)))
	}
	return nil
}
