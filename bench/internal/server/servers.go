package server

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/sautigo/africastalking/bench/internal/measure"
)

// Names of servers.
const (
	ours       = "this library's quickstart, a log line each"
	oursBare   = "this library"
	byHand     = "net/http by hand, a log line each"
	byHandBare = "net/http by hand"
)

// server is one that can be started, or the reason why it cannot.
type server struct {
	name    string
	command command
	missing string
	// other is set for servers in other languages.
	other bool
}

// servers prepares all servers in a directory that the caller removes: it builds
// those in Go and installs the packages of the one in JavaScript. What the machine
// lacks is in the result, not an error.
func servers(ctx context.Context, p measure.Plan, dir string, others bool) ([]server, error) {
	list, err := goServers(ctx, p, dir)
	if err != nil || !others {
		return list, err
	}
	list = append(list, expressServers(ctx, p)...)
	return append(list, flaskServer(ctx)), nil
}

func goServers(ctx context.Context, p measure.Plan, dir string) ([]server, error) {
	list := []server{
		{name: byHandBare, command: command{args: []string{"byhand"}}},
		{name: oursBare, command: command{args: []string{"library"}}},
		{name: byHand, command: command{args: []string{"byhand", "-log"}}},
		{name: ours, command: command{args: []string{"quickstart"}}},
	}
	if _, err := exec.LookPath("go"); err != nil {
		for i := range list {
			list[i].missing = "go is not installed"
		}
		return list, nil
	}
	p.Logf("servers: building those in Go")
	build := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-o", dir+string(filepath.Separator),
		"github.com/sautigo/africastalking/examples/quickstart",
		"github.com/sautigo/africastalking/bench/servers/byhand",
		"github.com/sautigo/africastalking/bench/servers/library")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("servers: go build: %w\n%s", err, out)
	}
	for i := range list {
		c := &list[i].command
		c.args[0] = filepath.Join(dir, c.args[0])
		c.args = append(c.args, "-addr", "127.0.0.1:0")
		c.env = []string{fmt.Sprintf("GOMAXPROCS=%d", runtime.NumCPU()), "GOGC=100", "AT_USERNAME=", "AT_API_KEY="}
	}
	return list, nil
}

// expressServers returns Express as one process, as the SDK's examples start it,
// and as one for each core.
func expressServers(ctx context.Context, p measure.Plan) []server {
	const name = "Express 5.2.1, Node SDK 0.8.3, "
	list := []server{
		{name: name + "1 process", other: true, command: command{args: []string{"node", "server.js"}}},
		{name: name + perCore(), other: true, command: command{args: []string{"node", "server.js"}, env: []string{fmt.Sprintf("WORKERS=%d", runtime.NumCPU())}}},
	}
	dir, err := installExpress(ctx, p)
	for i := range list {
		list[i].command.dir = dir
		list[i].command.env = append(list[i].command.env, "NODE_ENV=production")
		if err != nil {
			list[i].missing = err.Error()
		}
	}
	return list
}

func perCore() string {
	if n := runtime.NumCPU(); n > 1 {
		return fmt.Sprintf("%d processes", n)
	}
	return "1 process"
}

// installExpress installs the server's packages in the user's cache, once for each
// version of its list.
func installExpress(ctx context.Context, p measure.Plan) (string, error) {
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			return "", fmt.Errorf("%s is not installed", program)
		}
	}
	source := filepath.Join("servers", "express")
	list, err := os.ReadFile(filepath.Join(source, "package.json"))
	if err != nil {
		return "", err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(list)
	dir := filepath.Join(cache, "africastalking-bench", "express-"+hex.EncodeToString(sum[:6]))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	for _, name := range []string{"package.json", "server.js"} {
		b, err := os.ReadFile(filepath.Join(source, name))
		if err != nil {
			return "", err
		}
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil {
			return "", err
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "node_modules", ".package-lock.json")); err == nil {
		return dir, nil
	}
	p.Logf("servers: npm install, into %s", dir)
	install := exec.CommandContext(ctx, "npm", "install", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund")
	install.Dir = dir
	if out, err := install.CombinedOutput(); err != nil {
		return "", fmt.Errorf("npm install failed: %s", lastLine(out))
	}
	return dir, nil
}

// flaskServer returns Flask under gunicorn with one process for each core, with the
// first Python that has both. A machine may have several, and Debian's packages
// belong to Debian's.
func flaskServer(ctx context.Context) server {
	s := server{name: "Flask under gunicorn", other: true, missing: "no python3 has flask and gunicorn"}
	const versions = "import flask, gunicorn, importlib.metadata as m; print(m.version('flask'), gunicorn.__version__)"
	for _, folder := range filepath.SplitList(os.Getenv("PATH")) {
		python := filepath.Join(folder, "python3")
		out, err := exec.CommandContext(ctx, python, "-c", versions).Output()
		if err != nil {
			continue
		}
		found := strings.Fields(string(out))
		s.name = fmt.Sprintf("Flask %s, gunicorn %s, %s", found[0], found[1], perCore())
		s.missing = ""
		s.command = command{
			dir: filepath.Join("servers", "flask"),
			env: []string{"PYTHONDONTWRITEBYTECODE=1"},
			args: []string{python, "-m", "gunicorn", "--bind", "127.0.0.1:0", "--workers", fmt.Sprint(runtime.NumCPU()),
				"--worker-class", "gthread", "--threads", "4", "--keep-alive", "60", "app:app"},
			onStderr: true,
		}
		break
	}
	return s
}

func lastLine(out []byte) string {
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return lines[len(lines)-1]
}
