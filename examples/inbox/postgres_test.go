package main

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// server is the Postgres of all tests, in a folder of its own.
var server struct {
	sync.Once
	dir       string
	cmd       *exec.Cmd
	missing   string
	err       error
	databases atomic.Int32
}

// newDatabase returns the URL of a database of the test's own. It skips the test if there
// is no Postgres, unless ATRIVER_REQUIRE_SERVER=1.
func newDatabase(t *testing.T) string {
	t.Helper()
	server.Do(startPostgres)
	switch {
	case server.err != nil:
		t.Fatal(server.err)
	case server.missing != "" && os.Getenv("ATRIVER_REQUIRE_SERVER") != "1":
		t.Skip(server.missing)
	case server.missing != "":
		t.Fatal(server.missing)
	}
	url := func(name string) string { return "postgres:///" + name + "?user=postgres&host=" + server.dir }
	var conn *pgx.Conn
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		var err error
		if conn, err = pgx.Connect(t.Context(), url("postgres")); err == nil {
			break
		}
		if time.Now().After(end) {
			t.Fatal(err)
		}
	}
	defer conn.Close(t.Context())
	name := fmt.Sprintf("app%d", server.databases.Add(1))
	if _, err := conn.Exec(t.Context(), "create database "+name); err != nil {
		t.Fatal(err)
	}
	return url(name)
}

func startPostgres() {
	bin := ""
	if path, err := exec.LookPath("initdb"); err == nil {
		bin = filepath.Dir(path)
	} else if found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb"); len(found) > 0 {
		bin = filepath.Dir(slices.Max(found))
	} else {
		server.missing = "no Postgres on this machine; on Debian: apt-get install postgresql"
		return
	}
	if server.dir, server.err = os.MkdirTemp("", "inbox"); server.err != nil {
		return
	}
	attr := &syscall.SysProcAttr{}
	if os.Getuid() == 0 { // who may not run it
		nobody, err := user.Lookup("nobody")
		if err != nil {
			server.err = err
			return
		}
		uid, _ := strconv.Atoi(nobody.Uid)
		gid, _ := strconv.Atoi(nobody.Gid)
		attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		if server.err = os.Chown(server.dir, uid, gid); server.err != nil {
			return
		}
	}
	data := filepath.Join(server.dir, "data")
	initdb := exec.Command(filepath.Join(bin, "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
	initdb.Dir, initdb.SysProcAttr = server.dir, attr
	if out, err := initdb.CombinedOutput(); err != nil {
		server.err = fmt.Errorf("initdb: %w\n%s", err, out)
		return
	}
	server.cmd = exec.Command(filepath.Join(bin, "postgres"), "-D", data, "-k", server.dir, "-c", "listen_addresses=", "-c", "max_connections=200")
	server.cmd.Dir, server.cmd.SysProcAttr = server.dir, attr
	server.err = server.cmd.Start()
}

func stopPostgres() {
	if server.cmd != nil && server.cmd.Process != nil {
		_ = server.cmd.Process.Signal(syscall.SIGQUIT) // at once, its children too
		_ = server.cmd.Wait()
	}
	if server.dir != "" {
		os.RemoveAll(server.dir)
	}
}
