// Package consumer tries modules as a new user would: installed from a module
// proxy into a module of the user's own. It needs no network; what a module
// requires comes from the go command's cache, where building its tests has put it.
package consumer

import (
	"archive/zip"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Version is the version that modules are published as, which is the one that
// nested modules require of the root.
const Version = "v0.0.0"

// Proxy is a file-based module proxy with modules as they are in the tree.
type Proxy struct {
	dir, cache string
}

// Publish makes a proxy of the modules in dirs.
func Publish(tb testing.TB, dirs ...string) *Proxy {
	tb.Helper()
	p := &Proxy{dir: tb.TempDir(), cache: tb.TempDir()}
	for _, dir := range dirs {
		p.publish(tb, dir)
	}
	return p
}

func (p *Proxy) publish(tb testing.TB, root string) {
	tb.Helper()
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		tb.Fatal(err)
	}
	line, _, _ := strings.Cut(string(mod), "\n")
	module := strings.TrimSpace(strings.TrimPrefix(line, "module "))
	dir := filepath.Join(p.dir, filepath.FromSlash(module), "@v")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		tb.Fatal(err)
	}
	write(tb, filepath.Join(dir, Version+".mod"), string(mod))
	write(tb, filepath.Join(dir, Version+".info"), `{"Version":"`+Version+`"}`)
	archive, err := os.Create(filepath.Join(dir, Version+".zip"))
	if err != nil {
		tb.Fatal(err)
	}
	defer archive.Close()
	z := zip.NewWriter(archive)
	err = filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, file)
		if err != nil || name == "." {
			return err
		}
		if d.IsDir() {
			if _, err := os.Stat(filepath.Join(file, "go.mod")); err == nil || d.Name() == ".git" {
				return filepath.SkipDir
			}
			return nil
		}
		w, err := z.Create(module + "@" + Version + "/" + filepath.ToSlash(name))
		if err != nil {
			return err
		}
		f, err := os.Open(file)
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = io.Copy(w, f)
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	if err := z.Close(); err != nil {
		tb.Fatal(err)
	}
}

// App is a new module of a user.
type App struct {
	// Dir is its folder.
	Dir  string
	tool string
	env  []string
}

// App makes a module of files that has installed modules. Without a go command the
// test is skipped.
func (p *Proxy) App(tb testing.TB, files map[string]string, modules ...string) *App {
	tb.Helper()
	tool, err := exec.LookPath("go")
	if err != nil {
		tb.Skip("there is no go command")
	}
	cache, err := exec.Command(tool, "env", "GOMODCACHE").Output()
	if err != nil {
		tb.Fatal(err)
	}
	downloads := filepath.Join(strings.TrimSpace(string(cache)), "cache", "download")
	a := &App{Dir: tb.TempDir(), tool: tool, env: append(os.Environ(),
		"GOPROXY=file://"+filepath.ToSlash(p.dir)+",file://"+filepath.ToSlash(downloads),
		"GOMODCACHE="+p.cache, "GOFLAGS=-modcacherw -trimpath", "GOSUMDB=off", "GONOPROXY=", "GOPRIVATE=", "GOWORK=off", "GOTOOLCHAIN=local")}
	for name, text := range files {
		write(tb, filepath.Join(a.Dir, name), text)
	}
	a.Go(tb, "mod", "init", "example.com/app")
	for _, module := range modules {
		a.Go(tb, "get", module+"@"+Version)
	}
	return a
}

// Go runs the go command in the module and returns what it prints.
func (a *App) Go(tb testing.TB, args ...string) string {
	tb.Helper()
	cmd := exec.Command(a.tool, args...)
	cmd.Dir, cmd.Env = a.Dir, a.env
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		tb.Fatalf("go %s: %v\n%s%s", strings.Join(args, " "), err, out, &stderr)
	}
	return string(out)
}

var goBlock = regexp.MustCompile("(?ms)^```go\n(.*?)^```$")

// Programs returns the files of each program in a Markdown text. A program that
// imports package testing is the test of the one before it; what does not begin
// with a package clause is a few lines and no program.
func Programs(markdown string) []map[string]string {
	var programs []map[string]string
	for _, block := range goBlock.FindAllStringSubmatch(markdown, -1) {
		switch code := block[1]; {
		case !strings.HasPrefix(code, "package "):
		case strings.Contains(code, `"testing"`) && len(programs) > 0:
			programs[len(programs)-1]["main_test.go"] = code
		default:
			programs = append(programs, map[string]string{"main.go": code})
		}
	}
	return programs
}

func write(tb testing.TB, file, text string) {
	tb.Helper()
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		tb.Fatal(err)
	}
}
