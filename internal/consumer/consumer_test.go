// Package consumer_test tries the module as a new user would: from a module proxy,
// in a module of its own.
package consumer_test

import (
	"archive/zip"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	module  = "github.com/sautigo/africastalking"
	version = "v0.0.0-consumer"
	root    = "../.."
)

// program uses every package that a user may import.
const program = `package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/client"
	"github.com/sautigo/africastalking/sms"
	"github.com/sautigo/africastalking/ussd"
	"github.com/sautigo/africastalking/voice"
	"github.com/sautigo/africastalking/webhook"
	"github.com/sautigo/africastalking/webhook/airtime"
	"github.com/sautigo/africastalking/webhook/simswap"
)

func main() {
	mux := http.NewServeMux()
	mux.Handle("/sms", sms.IncomingMessageHandler(func(context.Context, sms.IncomingMessage) error { return nil }))
	mux.Handle("/ussd", ussd.Handler(func(context.Context, ussd.Request) (ussd.Response, error) { return ussd.End("Hello"), nil }))
	mux.Handle("/voice", voice.Handler(func(context.Context, voice.Call) (voice.Response, error) {
		return voice.Respond(voice.Say{Text: "Hello"}), nil
	}))
	mux.Handle("/airtime", airtime.ValidationHandler(func(context.Context, airtime.Validation) (airtime.Decision, error) {
		return airtime.Validated, nil
	}))
	mux.Handle("/sim-swap", simswap.Handler(func(context.Context, simswap.Result) error { return nil }))
	mux.Handle("/any", webhook.Handler(func(context.Context, webhook.Event) error { return nil }))

	r := httptest.NewRequest(http.MethodPost, "/ussd", strings.NewReader("sessionId=1&phoneNumber=%2B254711000001&text="))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	fmt.Println(w.Body, client.New("sandbox", "key"), africastalking.SafaricomKenya.Name())
}
`

func TestConsumer(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a module of its own")
	}
	t.Parallel()
	proxy := t.TempDir()
	publish(t, proxy)
	app := t.TempDir()
	write(t, filepath.Join(app, "main.go"), program)
	run := goCommand(t, proxy, t.TempDir(), app)
	run("mod", "init", "example.com/app")
	run("get", module+"@"+version)
	run("mod", "tidy")
	run("vet", "./...")
	want := "END Hello client(username=sandbox host=api.sandbox.africastalking.com) Safaricom\n"
	if diff := cmp.Diff(want, run("run", ".")); diff != "" {
		t.Errorf("output (-want +got):\n%s", diff)
	}
	sum, err := os.ReadFile(filepath.Join(app, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	var modules []string
	for line := range strings.Lines(string(sum)) {
		modules = append(modules, strings.Fields(line)[0])
	}
	wantModules := []string{"github.com/google/go-cmp", "github.com/gorilla/schema", module}
	if diff := cmp.Diff(wantModules, slices.Compact(modules)); diff != "" {
		t.Errorf("modules in go.sum (-want +got):\n%s", diff)
	}
}

// TestREADME builds the programs of the README as they stand there.
func TestREADME(t *testing.T) {
	if testing.Short() {
		t.Skip("builds modules of its own")
	}
	t.Parallel()
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	proxy := t.TempDir()
	publish(t, proxy)
	var apps []string
	for _, block := range regexp.MustCompile("(?ms)^```go\n(.*?)^```$").FindAllStringSubmatch(string(readme), -1) {
		switch code := block[1]; {
		case !strings.HasPrefix(code, "package main\n"):
			// A few lines that are no program.
		case strings.Contains(code, `"testing"`):
			// The test of the program above it.
			write(t, filepath.Join(apps[len(apps)-1], "main_test.go"), code)
		default:
			apps = append(apps, t.TempDir())
			write(t, filepath.Join(apps[len(apps)-1], "main.go"), code)
		}
	}
	if len(apps) == 0 {
		t.Error("the README has no program")
	}
	modules := t.TempDir()
	for _, app := range apps {
		run := goCommand(t, proxy, modules, app)
		run("mod", "init", "example.com/app")
		run("get", module+"@"+version)
		run("mod", "tidy")
		run("vet", "./...")
		run("test", "./...")
	}
}

// publish makes a module proxy that has this module as it is in the tree.
func publish(t *testing.T, proxy string) {
	t.Helper()
	dir := filepath.Join(proxy, filepath.FromSlash(module), "@v")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, version+".mod"), string(mod))
	write(t, filepath.Join(dir, version+".info"), `{"Version":"`+version+`"}`)
	archive, err := os.Create(filepath.Join(dir, version+".zip"))
	if err != nil {
		t.Fatal(err)
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
		w, err := z.Create(module + "@" + version + "/" + filepath.ToSlash(name))
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
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
}

// goCommand returns a func that runs the go command in a module that gets its
// modules from proxy, or else from what was downloaded to build these tests, and
// keeps them in a folder of their own.
func goCommand(t *testing.T, proxy, modules, dir string) func(args ...string) string {
	t.Helper()
	goTool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("there is no go command")
	}
	cache, err := exec.Command(goTool, "env", "GOMODCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	downloads := filepath.Join(strings.TrimSpace(string(cache)), "cache", "download")
	env := append(os.Environ(),
		"GOPROXY=file://"+filepath.ToSlash(proxy)+",file://"+filepath.ToSlash(downloads),
		"GOMODCACHE="+modules, "GOFLAGS=-modcacherw", "GOSUMDB=off", "GONOPROXY=", "GOPRIVATE=", "GOWORK=off", "GOTOOLCHAIN=local")
	return func(args ...string) string {
		t.Helper()
		cmd := exec.Command(goTool, args...)
		cmd.Dir, cmd.Env = dir, env
		var stderr strings.Builder
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("go %s: %v\n%s%s", strings.Join(args, " "), err, out, &stderr)
		}
		return string(out)
	}
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
