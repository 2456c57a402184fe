package consumer_test

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking/internal/consumer"
)

const (
	module = "github.com/sautigo/africastalking"
	root   = "../.."
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
	app := consumer.Publish(t, root).App(t, map[string]string{"main.go": program}, module)
	app.Go(t, "mod", "tidy")
	app.Go(t, "vet", "./...")
	want := "END Hello client(host=api.sandbox.africastalking.com) Safaricom\n"
	if diff := cmp.Diff(want, app.Go(t, "run", ".")); diff != "" {
		t.Errorf("output (-want +got):\n%s", diff)
	}
	sum, err := os.ReadFile(filepath.Join(app.Dir, "go.sum"))
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

// TestREADME builds, tests and runs the programs of the README as they stand there.
func TestREADME(t *testing.T) {
	if testing.Short() {
		t.Skip("builds modules of its own")
	}
	t.Parallel()
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	programs := consumer.Programs(string(readme))
	if len(programs) == 0 {
		t.Fatal("the README has no program")
	}
	proxy := consumer.Publish(t, root)
	for _, files := range programs {
		// A port that is free, instead of one that may be taken.
		addr := freeAddr(t)
		text := strings.ReplaceAll(files["main.go"], `":8080"`, `"`+addr+`"`)
		serves := text != files["main.go"]
		files["main.go"] = text

		app := proxy.App(t, files, module)
		app.Go(t, "mod", "tidy")
		app.Go(t, "vet", "./...")
		app.Go(t, "test", "./...")
		binary := "program"
		if runtime.GOOS == "windows" {
			binary += ".exe"
		}
		app.Go(t, "build", "-o", binary)
		cmd := exec.CommandContext(t.Context(), filepath.Join(app.Dir, binary))
		// Without an account it says so, and reaches for no network.
		cmd.Env = append(os.Environ(), "AT_USERNAME=", "AT_API_KEY=")
		var output bytes.Buffer
		cmd.Stdout, cmd.Stderr = &output, &output
		if !serves {
			if err := cmd.Run(); err != nil || !strings.Contains(output.String(), "not accepted for everybody: client: ") {
				t.Errorf("a program fails with %v and prints\n%s\n%s", err, &output, text)
			}
			continue
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		got := dial(t, "http://"+addr+"/ussd")
		if err := cmd.Process.Kill(); err != nil {
			t.Error(err)
		}
		_ = cmd.Wait() // says that it was killed
		if !strings.HasPrefix(got, "CON W") {
			t.Errorf("a program answers the first hop with %q and prints\n%s\n%s", got, &output, text)
		}
	}
}

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// dial sends the first hop of a session, once there is somebody to take it.
func dial(t *testing.T, target string) string {
	t.Helper()
	form := url.Values{"sessionId": {"ATUid_1"}, "phoneNumber": {"+254711000001"}, "serviceCode": {"*384*123#"}, "text": {""}}
	retry := time.NewTicker(20 * time.Millisecond)
	defer retry.Stop()
	give := time.After(30 * time.Second)
	for {
		resp, err := http.PostForm(target, form)
		if err == nil {
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			return string(body)
		}
		select {
		case <-retry.C:
		case <-give:
			t.Errorf("nobody answers: %v", err)
			return ""
		}
	}
}
