package main

import (
	"archive/zip"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// proxy is a file-based module proxy that has the modules published on it. What
// they require comes from the go command's own cache, or else from the proxy that
// the go command is set to.
type proxy struct {
	dir string
	env []string
}

func newProxy(t *testing.T) *proxy {
	t.Helper()
	out, err := exec.Command("go", "env", "GOMODCACHE", "GOPROXY").Output()
	if err != nil {
		t.Fatal(err)
	}
	cache, upstream, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	upstream, _ = strings.CutSuffix(upstream, ",direct") // no repository has these versions
	p := &proxy{dir: t.TempDir()}
	p.env = append(os.Environ(),
		"GOPROXY="+fileURL(p.dir)+","+fileURL(filepath.Join(strings.TrimSpace(cache), "cache", "download"))+","+upstream,
		"GOMODCACHE="+t.TempDir(), "GOFLAGS=-modcacherw -trimpath", "GOSUMDB=off", "GONOPROXY=", "GOPRIVATE=", "GOWORK=off", "GOTOOLCHAIN=local")
	return p
}

func fileURL(dir string) string {
	dir = filepath.ToSlash(dir)
	if !strings.HasPrefix(dir, "/") {
		dir = "/" + dir // a drive letter
	}
	return "file://" + dir
}

// publish makes a version of a module in the repository at root downloadable.
func (p *proxy) publish(t *testing.T, root string, m module, version string) {
	t.Helper()
	mod, err := os.ReadFile(filepath.Join(root, m.Dir, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(p.dir, filepath.FromSlash(m.Path), "@v")
	write(t, filepath.Join(dir, version+".mod"), string(mod))
	write(t, filepath.Join(dir, version+".info"), `{"Version":"`+version+`"}`)
	archive, err := os.Create(filepath.Join(dir, version+".zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	z := zip.NewWriter(archive)
	walk(t, filepath.Join(root, m.Dir), func(name string, text []byte) {
		w, err := z.Create(m.Path + "@" + version + "/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(text); err != nil {
			t.Fatal(err)
		}
	})
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
}

// walk calls fn with each file of the module in a folder, named from there.
func walk(t *testing.T, dir string, fn func(name string, text []byte)) {
	t.Helper()
	err := filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
		name, _ := filepath.Rel(dir, file)
		switch {
		case err != nil:
			return err
		case d.IsDir():
			_, err := os.Stat(filepath.Join(file, "go.mod"))
			if nested := err == nil && name != "."; nested || d.Name() == ".git" || d.Name() == "node_modules" {
				return filepath.SkipDir
			}
			return nil
		case !d.Type().IsRegular():
			return nil
		}
		text, err := os.ReadFile(file)
		if err == nil {
			fn(filepath.ToSlash(name), text)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// app is a new module of a user.
type app struct {
	dir string
	env []string
}

// app makes a module of these files.
func (p *proxy) app(t *testing.T, files map[string]string) *app {
	t.Helper()
	a := &app{dir: t.TempDir(), env: p.env}
	for name, text := range files {
		write(t, filepath.Join(a.dir, name), text)
	}
	a.run(t, "mod", "init", "example.com/app")
	return a
}

// run runs the go command in the module and returns what it prints.
func (a *app) run(t *testing.T, args ...string) string {
	t.Helper()
	out, err := a.try(args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// try is run, with an error that holds what the go command says of a failure.
func (a *app) try(args ...string) (string, error) {
	cmd := exec.Command("go", args...)
	cmd.Dir, cmd.Env = a.dir, a.env
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("go %s: %w\n%s%s", strings.Join(args, " "), err, &stdout, &stderr)
	}
	return stdout.String(), nil
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
