package atsqlite_test

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking/engines/atsqlite"
	"github.com/sautigo/africastalking/webhook/inbox"
)

// What cannot be opened is left as it was, and the error says why.
func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	if err := os.Mkdir(file("folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file("text"), []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(file("nothing"), file("dangling")); err != nil {
		t.Fatal(err)
	}
	raw(t, file("app.db"), "create table users (id integer)")
	raw(t, file("numbered.db"), "pragma application_id = 77")
	for _, name := range []string{"newer.db", "foreign.db"} {
		if err := open(t, file(name)).Close(); err != nil {
			t.Fatal(err)
		}
	}
	raw(t, file("newer.db"), "pragma user_version = 2")
	raw(t, file("foreign.db"), "pragma application_id = 77")
	for _, test := range []struct{ path, want string }{
		{"", "it has no name"},
		{":memory:", "it is no name of a file; for a queue in memory there is inbox.Memory"},
		{"file:at.db", "it is no name of a file; for a queue in memory there is inbox.Memory"},
		{file("folder"), "it is a folder"},
		{file("missing/at.db"), "making the file that locks it: no such file or directory"},
		{file("text/at.db"), "making the file that locks it: not a directory"},
		{file("dangling"), "no such file or directory"},
		{file("text"), "it is no SQLite database"},
		{file("app.db"), "it is a database of another program"},
		{file("numbered.db"), "it is a database of another program"},
		{file("foreign.db"), "it is a database of another program"},
		{file("newer.db"), "it was made by a later version: its schema is 2, and this program knows 1"},
	} {
		before := digest(t, test.path)
		s, err := atsqlite.Open(test.path)
		if err == nil {
			t.Errorf("%s: got no error", test.path)
			s.Close()
			continue
		}
		if want := "atsqlite: opening " + test.path + ": " + test.want; err.Error() != want {
			t.Errorf("got error %q, want %q", err, want)
		}
		if diff := cmp.Diff(before, digest(t, test.path)); diff != "" {
			t.Errorf("%s has changed (-before +after):\n%s", test.path, diff)
		}
	}
}

func digest(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return string(data)
}

// stranger is set for a process that opens a file as a user who owns nothing, or in spite
// of a lock, and prints the error.
const strangerEnv = "AT_TEST_STRANGER"

func stranger(path string) {
	s, err := atsqlite.Open(path, atsqlite.WithLockWait(0))
	if err != nil {
		os.Stdout.WriteString(err.Error())
		return
	}
	s.Close()
}

// openElsewhere opens a file in another process, as the user nobody if asked to, and returns the error.
func openElsewhere(t *testing.T, path string, nobody bool) string {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if nobody {
		// A copy that nobody may run.
		program := filepath.Join(filepath.Dir(path), "program")
		data, err := os.ReadFile(exe)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(program, data, 0o755); err != nil {
			t.Fatal(err)
		}
		defer os.Remove(program)
		exe = program
	}
	cmd := exec.Command(exe, "-test.run=^$")
	cmd.Dir = "/"
	cmd.Env = append(os.Environ(), strangerEnv+"="+path)
	if nobody {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("opening a file in another process: %v", err)
	}
	return string(out)
}

// TestPermissions opens files that cannot be written to. Root may write to all, so as root
// the test does it as nobody.
func TestPermissions(t *testing.T) {
	t.Parallel()
	root := os.Getuid() == 0
	dir := t.TempDir()
	if root {
		for d := dir; d != "/" && d != os.TempDir(); d = filepath.Dir(d) {
			if err := os.Chmod(d, 0o755); err != nil {
				t.Fatal(err)
			}
		}
	}
	mkdir := func(name string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.Mkdir(path, 0o755); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.Chmod(path, 0o755) })
		if name != "closed" {
			if err := open(t, filepath.Join(path, "at.db")).Close(); err != nil {
				t.Fatal(err)
			}
			for name, mode := range map[string]os.FileMode{"at.db": 0o444, "at.db-lock": 0o666} {
				if err := os.Chmod(filepath.Join(path, name), mode); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return filepath.Join(path, "at.db")
	}
	for _, test := range []struct{ path, want string }{
		{mkdir("closed", 0o555), "making the file that locks it: permission denied"},
		{mkdir("readonly", 0o777), "permission denied"},
	} {
		if want, got := "atsqlite: opening "+test.path+": "+test.want, openElsewhere(t, test.path, root); got != want {
			t.Errorf("got error %q, want %q", got, want)
		}
	}
}

// TestMode checks that nobody else can read what waits, in a file that was there too.
func TestMode(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	raw(t, path, "pragma user_version = 0", "vacuum")
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	s := open(t, path)
	if _, err := s.Put(t.Context(), delivery("a")); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(path + "*")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]fs.FileMode{}
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		got[strings.TrimPrefix(file, path)] = info.Mode()
	}
	want := map[string]fs.FileMode{"": 0o600, "-lock": 0o600, "-wal": 0o600, "-shm": 0o600}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("modes (-want +got):\n%s", diff)
	}
}

// One process has the file open, and the next one waits for it.
func TestOneProcess(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	first := open(t, path)
	want := "atsqlite: opening " + path + ": file is in use by another process"
	if got := openElsewhere(t, path, false); got != want {
		t.Errorf("in another process: got error %q, want %q", got, want)
	}
	if _, err := atsqlite.Open(path, atsqlite.WithLockWait(0)); !errors.Is(err, atsqlite.ErrInUse) || err.Error() != want {
		t.Errorf("in this process: got error %v, want %q", err, want)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(t.TempDir(), "folder")
	if err := os.Symlink(filepath.Dir(path), folder); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{link, filepath.Join(folder, filepath.Base(path))} {
		if _, err := atsqlite.Open(name, atsqlite.WithLockWait(0)); !errors.Is(err, atsqlite.ErrInUse) {
			t.Errorf("by another name: got error %v, want ErrInUse", err)
		}
	}
	// What was tried does not take the lock away from the first.
	if got := openElsewhere(t, path, false); got != want {
		t.Errorf("in another process, later: got error %q, want %q", got, want)
	}
	opened := make(chan error, 1)
	go func() {
		s, err := atsqlite.Open(path)
		if err == nil {
			err = s.Close()
		}
		opened <- err
	}()
	select {
	case err := <-opened:
		t.Errorf("Open did not wait: %v", err)
	case <-time.After(300 * time.Millisecond):
	}
	if _, err := first.Put(t.Context(), delivery("a")); err != nil {
		t.Errorf("the first store cannot write any more: %v", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-opened; err != nil {
		t.Errorf("Open after the first store was closed: %v", err)
	}
	if got := openElsewhere(t, path, false); got != "" {
		t.Errorf("in another process, at last: %s", got)
	}
}

// Names that mean something in a URI or to SQLite are names like others.
func TestNames(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"a b", "100%41", "what?mode=memory", "#1", "é", "'quoted'", "a&b=c;d", "-"} {
		s := open(t, filepath.Join(dir, name))
		if _, err := s.Put(t.Context(), delivery("a")); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := s.Close(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: there is no such file: %v", name, err)
		}
	}
}

func TestDurability(t *testing.T) {
	t.Parallel()
	s := open(t, newPath(t))
	memory := "/dev/shm"
	if _, err := os.Stat(memory); err != nil || runtime.GOOS != "linux" {
		memory = ""
	}
	want := inbox.PowerCut
	if memory != "" && strings.HasPrefix(os.TempDir(), memory) {
		want = inbox.ProcessCrash
	}
	if got := s.Durability(); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := open(t, newPath(t), atsqlite.WithoutSync()).Durability(); got != inbox.ProcessCrash {
		t.Errorf("without syncing: got %v", got)
	}
	if memory == "" {
		t.Skip("there is no file system in memory here")
	}
	dir, err := os.MkdirTemp(memory, "")
	if err != nil {
		t.Skip(err)
	}
	defer os.RemoveAll(dir)
	inMemory := open(t, filepath.Join(dir, "at.db"))
	defer inMemory.Close()
	if got := inMemory.Durability(); got != inbox.ProcessCrash {
		t.Errorf("in memory: got %v", got)
	}
}

// WithMaxDeliveries refuses what makes no sense.
func TestOptions(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, -1} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("WithMaxDeliveries(%d) does not panic", n)
				}
			}()
			atsqlite.WithMaxDeliveries(n)
		}()
	}
}
