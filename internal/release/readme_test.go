package main

import (
	"bytes"
	"cmp"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestREADME builds, tests and runs the programs of the README as they stand there;
// fragments are completed first.
func TestREADME(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	programs := programsOf(string(text))
	if len(programs) == 0 {
		t.Fatal("the README has no program")
	}
	const version = "v0.1.0"
	root := t.TempDir()
	copyOf(t, root)
	modules, err := prepare(root, version)
	if err != nil {
		t.Fatal(err)
	}
	p := newProxy(t)
	for _, m := range modules {
		p.publish(t, root, m, version)
	}
	for _, program := range programs {
		t.Run(program.title, func(t *testing.T) { checkProgram(t, p, program, version) })
	}
}

// callbacks are what the programs of the README that serve something are sent,
// and how their answers begin, by the heading above them.
var callbacks = map[string]struct{ path, body, answer string }{
	"A program": {"/ussd", "sessionId=1&phoneNumber=%2B254711000001&serviceCode=*384*123%23&text=", "END Your number is +254711000001"},
	// A message without an ID: a complete one would be replied to over the network.
	"Two-way SMS": {"/at/" + secret + "/sms", "from=%2B254711000001&to=21512&text=Hello", "BAD"},
	"Voice":       {"/voice", "isActive=1&sessionId=1&direction=Inbound&callerNumber=%2B254711000001&destinationNumber=%2B254711000942", "<?xml"},
}

// program is a program of the README, its test, or a fragment of one.
type program struct{ title, main, test, fragment string }

var headingOrBlock = regexp.MustCompile("(?ms)^(?:#+ ([^\n]*)|```go\n(.*?)^```)$")

// programsOf returns the programs of a Markdown text, named by the headings above
// them. A block that imports package testing is the test of the program before it,
// or else a program of its own. A block without a package clause is a fragment.
func programsOf(markdown string) []program {
	var programs []program
	var title string
	for _, found := range headingOrBlock.FindAllStringSubmatch(markdown, -1) {
		heading, code := found[1], found[2]
		last := len(programs) - 1
		switch {
		case code == "":
			title = heading
		case !strings.HasPrefix(code, "package "):
			programs = append(programs, program{title: title, fragment: code})
		case !strings.Contains(code, `"testing"`):
			programs = append(programs, program{title: title, main: code})
		case last >= 0 && programs[last].title == title && programs[last].test == "":
			programs[last].test = code
		default:
			programs = append(programs, program{title: title, test: code})
		}
	}
	return programs
}

// whole makes a program of a fragment, in which ctx and a client c are at hand.
// fragments are what completes the fragments of the README to programs, by the heading
// above them, the module that they need, and a part of what they print.
var fragments = map[string]struct{ module, imports, before, after, want string }{
	// Without an account it must say so, and reach for no network.
	"Sending": {"github.com/sautigo/africastalking", `
	"context"
	"fmt"
	"os"

	"github.com/sautigo/africastalking/client"
`, `	ctx, c := context.Background(), client.New(os.Getenv("AT_USERNAME"), os.Getenv("AT_API_KEY"))
`, "", "client: username is empty"},
	"A 200 means stored": {"github.com/sautigo/africastalking/engines/atsqlite", `
	"context"
	"fmt"
	"net/http"

	"github.com/sautigo/africastalking/engines/atsqlite"
	"github.com/sautigo/africastalking/sms"
	"github.com/sautigo/africastalking/webhook"
	"github.com/sautigo/africastalking/webhook/inbox"
`, `	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	mux := http.NewServeMux()
	guard := webhook.RequireToken(webhook.PathSegment(2), "` + secret + `")
	saveReport := func(context.Context, sms.DeliveryReport) error { return nil }
`, `	fmt.Println("opened:", queue != nil, "ended:", err)
`, "opened: true ended: <nil>"},
}

func whole(title, fragment string) string {
	f := fragments[title]
	return "package main\n\nimport (" + f.imports + ")\n\nfunc main() {\n" + f.before + fragment + f.after + "}\n"
}

func checkProgram(t *testing.T, p *proxy, program program, version string) {
	addr := freeAddr(t) // a port that is free, instead of one that may be taken
	if program.fragment != "" {
		program.main = whole(program.title, program.fragment)
	}
	main := strings.ReplaceAll(program.main, `":8080"`, `"`+addr+`"`)
	files := map[string]string{}
	if main != "" {
		files["main.go"] = main
	}
	if program.test != "" {
		files["main_test.go"] = program.test
	}
	a := p.app(t, files)
	a.run(t, "get", cmp.Or(fragments[program.title].module, "github.com/sautigo/africastalking")+"@"+version)
	a.run(t, "mod", "tidy")
	a.run(t, "vet", "./...")
	a.run(t, "test", "./...")
	if main == "" {
		return
	}
	binary := filepath.Join(a.dir, "program.exe")
	a.run(t, "build", "-o", binary)
	cmd := exec.CommandContext(t.Context(), binary)
	cmd.Env = append(os.Environ(), "AT_USERNAME=sandbox", "AT_API_KEY=key", "CALLBACK_SECRET="+secret)
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if program.fragment != "" {
		cmd.Dir = a.dir
		cmd.Env = append(os.Environ(), "AT_USERNAME=", "AT_API_KEY=")
		if err := cmd.Run(); err != nil || !strings.Contains(output.String(), fragments[program.title].want) {
			t.Errorf("the program fails with %v and prints\n%s", err, &output)
		}
		return
	}
	callback, ok := callbacks[program.title]
	if !ok {
		t.Fatal("no callback to try the program with")
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	got, err := post("http://"+addr+callback.path, callback.body)
	if err := cmd.Process.Kill(); err != nil {
		t.Error(err)
	}
	_ = cmd.Wait() // says that it was killed
	if err != nil || !strings.HasPrefix(got, callback.answer) {
		t.Errorf("the program answers %q, %v, want %q, and prints\n%s", got, err, callback.answer, &output)
	}
}

// TestREADMEFirstScreen starts the quickstart as the README does, posts what its
// curl line posts, and expects the answer below it.
func TestREADMEFirstScreen(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	curl := regexp.MustCompile(`(?m)^    \$ curl -d '([^']*)' http://127\.0\.0\.1:9000(\S*)\n    (.*)$`).FindStringSubmatch(string(text))
	if curl == nil {
		t.Fatal("the README has no curl line with its answer")
	}
	binary := filepath.Join(t.TempDir(), "quickstart.exe")
	build := exec.Command("go", "build", "-o", binary, "./examples/quickstart")
	build.Dir = "../.."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	addr := freeAddr(t)
	cmd := exec.CommandContext(t.Context(), binary, "-addr", addr)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	got, err := post("http://"+addr+curl[2], curl[1])
	if killErr := cmd.Process.Kill(); killErr != nil {
		t.Error(killErr)
	}
	_ = cmd.Wait() // says that it was killed
	if err != nil || got != curl[3] {
		t.Errorf("the quickstart answers %q, %v, want %q", got, err, curl[3])
	}
}

const secret = "b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c"

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// post posts a form, again and again until the server is there.
func post(target, form string) (string, error) {
	retry := time.NewTicker(20 * time.Millisecond)
	defer retry.Stop()
	give := time.After(30 * time.Second)
	for {
		resp, err := http.Post(target, "application/x-www-form-urlencoded", strings.NewReader(form))
		if err == nil {
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			return string(body), err
		}
		select {
		case <-retry.C:
		case <-give:
			return "", err
		}
	}
}
