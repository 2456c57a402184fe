package atnats_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sautigo/africastalking/ussd"
)

// The machines of a service are processes of this test program: with machineEnv
// set to the address of the records it serves instead of testing.
const (
	machineEnv = "AT_TEST_MACHINE"
	runsEnv    = "AT_TEST_RUNS"
)

func TestMain(m *testing.M) {
	if addr := os.Getenv(machineEnv); addr != "" {
		serveMachine(addr, os.Getenv(runsEnv))
		return
	}
	if addr := os.Getenv(payEnv); addr != "" {
		servePayments(addr)
		return
	}
	if where := os.Getenv(inboxEnv); where != "" {
		serveInbox(where)
		return
	}
	if dir := os.Getenv(diskEnv); dir != "" {
		serveOnDisk(dir)
		return
	}
	if where := os.Getenv(serverEnv); where != "" {
		serveNATS(where)
		return
	}
	os.Exit(m.Run())
}

// serveMachine serves an app until standard input ends, at the URL that it prints.
func serveMachine(addr, runs string) {
	store, closeStore, err := machineStore(addr)
	if err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
	defer closeStore()
	s := httptest.NewServer(ussd.Handler(ussd.Stateful(store, basket(runs))))
	defer s.Close()
	fmt.Println(s.URL)
	_, _ = io.Copy(io.Discard, os.Stdin)
}

type items struct{ Items []string }

// basket is an app that collects what is typed. Each run of its function is a line
// in the file runs.
func basket(runs string) func(context.Context, ussd.Request, *items) (ussd.Response, error) {
	return func(_ context.Context, r ussd.Request, s *items) (ussd.Response, error) {
		f, err := os.OpenFile(runs, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return ussd.Response{}, err
		}
		defer f.Close()
		if _, err := fmt.Fprintf(f, "%s %q\n", r.SessionID, r.Text); err != nil {
			return ussd.Response{}, err
		}
		time.Sleep(20 * time.Millisecond) // so that copies of a hop meet
		switch r.Typed {
		case "":
			return ussd.Continue("Add:"), nil
		case "0":
			return ussd.Endf("Bought: %s", strings.Join(s.Items, ", ")), nil
		}
		s.Items = append(s.Items, r.Typed)
		return ussd.Continuef("%s\nAdd:", strings.Join(s.Items, ", ")), nil
	}
}

// startMachine returns the URL of an app in a process of its own.
func startMachine(t *testing.T, addr, runs string) string {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, "-test.run=^$")
	cmd.Env = append(os.Environ(), machineEnv+"="+addr, runsEnv+"="+runs)
	stderr := new(bytes.Buffer)
	cmd.Stderr = stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("machine: %v\n%s", err, stderr)
		}
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	address := strings.TrimSpace(line)
	if err != nil || !strings.HasPrefix(address, "http://") {
		t.Fatalf("machine does not start: %q, error %v\n%s", line, err, stderr)
	}
	return address
}

// inTurn sends each request to all machines at once, and answers with the answer of
// the first, the next time of the second. All answers must be the same.
func inTurn(t *testing.T, machines ...string) http.Handler {
	var mu sync.Mutex
	n := 0
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("reading a request: %v", err)
		}
		answers := make([]string, len(machines))
		var wg sync.WaitGroup
		for i, m := range machines {
			wg.Go(func() { answers[i] = post(t, m, string(body)) })
		}
		wg.Wait()
		for _, a := range answers[1:] {
			if a != answers[0] {
				t.Errorf("machines answer %q", answers)
			}
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		io.WriteString(w, answers[n%len(answers)])
		n++
	})
}

func hop(session, text string) string {
	return url.Values{
		"sessionId": {session}, "phoneNumber": {"+254711000001"}, "networkCode": {"63902"},
		"serviceCode": {"*384*123#"}, "text": {text},
	}.Encode()
}

func post(t *testing.T, address, form string) string {
	t.Helper()
	resp, err := http.Post(address, "application/x-www-form-urlencoded", strings.NewReader(form))
	if err != nil {
		t.Errorf("posting a hop: %v", err)
		return ""
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("posting a hop: status %d, error %v", resp.StatusCode, err)
	}
	return string(body)
}

// ranOnce fails the test unless the function ran once for each of the texts, in
// that order.
func ranOnce(t *testing.T, runs, session string, texts ...string) {
	t.Helper()
	var want strings.Builder
	for _, text := range texts {
		fmt.Fprintf(&want, "%s %q\n", session, text)
	}
	got, err := os.ReadFile(runs)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want.String() {
		t.Errorf("the function ran for\n%swant\n%s", got, want.String())
	}
}
