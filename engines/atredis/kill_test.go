package atredis_test

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sautigo/africastalking/ussd"
	"github.com/sautigo/africastalking/webhook"
)

// kills is how often TestKill kills an app: "go test -run TestKill -kills 60 -v".
var kills = flag.Int("kills", 5, "how often TestKill kills the app in the middle of a payment")

// payEnv is the address of the records of an app, in a process of its own, that pays
// into the file ledgerEnv. With unsafeEnv it pays with Then and not with ThenOnce.
const (
	payEnv    = "AT_TEST_PAY"
	ledgerEnv = "AT_TEST_LEDGER"
	unsafeEnv = "AT_TEST_UNSAFE"
)

const inDoubt = "We could not confirm this. It may have been done: please check before you try again."

// servePayments serves an app whose only effect is a line in a file, until standard
// input ends, at the URL that it prints.
func servePayments(addr, ledger string) {
	store, closeStore, err := machineStore(addr)
	if err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
	defer closeStore()
	note := func(what, key string) error {
		f, err := os.OpenFile(ledger, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = fmt.Fprintln(f, what, key)
		return err
	}
	pin := &ussd.Prompt[string]{Text: "PIN", Parse: ussd.PIN(4), Explicit: true}
	pay := func(_ context.Context, r ussd.Request) (ussd.Response, error) {
		if err := note("begun", r.SessionID); err != nil {
			return ussd.Response{}, err
		}
		time.Sleep(time.Duration(rand.IntN(15)) * time.Millisecond)
		err := note("paid", r.SessionID)
		time.Sleep(time.Duration(rand.IntN(15)) * time.Millisecond)
		return ussd.Endf("Receipt %d", time.Now().UnixNano()), err
	}
	flow := ussd.Ask(pin).ThenOnce(pay)
	if os.Getenv(unsafeEnv) != "" {
		flow = ussd.Ask(pin).Then(pay)
	}
	menu := ussd.NewMenu("Bank")
	menu.Handle("Pay", flow)
	app := &ussd.App{Start: menu, Store: store}
	s := httptest.NewServer(ussd.Handler(func(ctx context.Context, r ussd.Request) (ussd.Response, error) {
		// A hop that waits for the one that was killed gives up here, and not after the
		// eight seconds of an app.
		ctx, cancel := context.WithTimeout(ctx, 700*time.Millisecond)
		defer cancel()
		return app.Serve(ctx, r)
	}, webhook.WithTimeout(5*time.Second)))
	defer s.Close()
	fmt.Println(s.URL)
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// payer is an app in a process of its own.
type payer struct {
	cmd *exec.Cmd
	in  io.Closer
	url string
}

func startPayer(t *testing.T, addr, ledger, unsafe string) *payer {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, "-test.run=^$")
	cmd.Env = append(os.Environ(), payEnv+"="+addr, ledgerEnv+"="+ledger, unsafeEnv+"="+unsafe)
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
	p := &payer{cmd: cmd, in: in}
	t.Cleanup(p.kill)
	line, err := bufio.NewReader(out).ReadString('\n')
	if p.url = strings.TrimSpace(line); err != nil || !strings.HasPrefix(p.url, "http://") {
		t.Fatalf("the app does not start: %q, error %v", line, err)
	}
	return p
}

// kill is kill -9. It may be called again.
func (p *payer) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
	p.in.Close()
}

// hop posts a hop and returns the answer and its hop metadata.
func (p *payer) hop(session, text, metadata string) (answer, left string) {
	form := url.Values{"sessionId": {session}, "phoneNumber": {"+254711000001"}, "serviceCode": {"*384*123#"}, "networkCode": {"63902"}, "text": {text}}
	r, err := http.NewRequest(http.MethodPost, p.url+"/ussd", strings.NewReader(form.Encode()))
	if err != nil {
		return err.Error(), ""
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if metadata != "" {
		r.Header.Set(ussd.HopMetadataHeader, metadata)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return "no answer", ""
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return "no answer", ""
	}
	return string(b), resp.Header.Get(ussd.HopMetadataHeader)
}

// TestKill kills an app at some moment of a payment, starts it again and delivers the
// hop again, to it and to another machine at once. Nothing is paid twice, and each
// delivery says what happened, or that it is in doubt: the same every time.
func TestKill(t *testing.T) {
	t.Parallel()
	for _, problem := range kill(t, *kills, "") {
		t.Error(problem)
	}
}

// The audit notices that an app without ThenOnce pays twice.
func TestKillNotices(t *testing.T) {
	t.Parallel()
	if problems := kill(t, 3, "1"); len(problems) == 0 {
		t.Error("nothing was noticed")
	}
}

// kill returns what was wrong.
func kill(t *testing.T, n int, unsafe string) (problems []string) {
	addr := killServer(t)
	ledger := filepath.Join(t.TempDir(), "ledger")
	other := startPayer(t, addr, ledger, unsafe) // lives on
	told := map[string]string{}                  // what the subscriber was told, by session
	count := map[string]int{}
	for i := range n {
		session := fmt.Sprintf("ATUid_%d", i)
		killed := startPayer(t, addr, ledger, unsafe)
		metadata := ""
		for _, text := range []string{"", "1"} {
			if _, metadata = killed.hop(session, text, metadata); i%2 == 0 {
				metadata = "" // an account to which none comes back
			}
		}
		first := make(chan string, 1)
		go func() { answer, _ := killed.hop(session, "1*0123", metadata); first <- answer }()
		time.Sleep(time.Duration(rand.IntN(40_000)) * time.Microsecond)
		killed.kill()
		answers := []string{<-first}

		again := startPayer(t, addr, ledger, unsafe)
		var copies [4]string
		var all sync.WaitGroup
		for j := range copies {
			all.Go(func() { copies[j], _ = []*payer{again, other}[j%2].hop(session, "1*0123", metadata) })
		}
		all.Wait()
		again.kill()
		for j, answer := range append(answers, copies[:]...) {
			switch text, ended := strings.CutPrefix(answer, "END "); {
			case j == 0 && answer == "no answer":
			case !ended || text != inDoubt && !strings.HasPrefix(text, "Receipt "):
				problems = append(problems, fmt.Sprintf("%s: delivery %d is answered %q", session, j, answer))
			case told[session] == "":
				told[session] = text
			case told[session] != text:
				problems = append(problems, fmt.Sprintf("%s: one delivery is answered %q and another %q", session, told[session], text))
			}
		}
		count["first: "+kindOf(answers[0])+", again: "+kindOf(copies[0])]++
	}
	return append(problems, audit(t, ledger, told, count)...)
}

func kindOf(answer string) string {
	switch {
	case strings.HasPrefix(answer, "END Receipt"):
		return "receipt"
	case answer == "END "+inDoubt:
		return "in doubt"
	}
	return answer
}

// audit compares what was paid with what subscribers were told.
func audit(t *testing.T, ledger string, told map[string]string, count map[string]int) (problems []string) {
	t.Helper()
	data, err := os.ReadFile(ledger)
	if err != nil {
		t.Fatal(err)
	}
	begun, paid := map[string]int{}, map[string]int{}
	for line := range strings.Lines(string(data)) {
		what, session, _ := strings.Cut(strings.TrimSpace(line), " ")
		map[string]map[string]int{"begun": begun, "paid": paid}[what][session]++
	}
	for session, n := range begun {
		if n > 1 || paid[session] > 1 {
			problems = append(problems, fmt.Sprintf("%s: begun %d times and paid %d times", session, n, paid[session]))
		}
	}
	for session, text := range told {
		if strings.HasPrefix(text, "Receipt") && paid[session] != 1 {
			problems = append(problems, fmt.Sprintf("%s: the subscriber has a receipt, and paid %d times", session, paid[session]))
		}
	}
	t.Logf("%d payments begun, %d paid; %v", len(begun), len(paid), count)
	return problems
}

func killServer(t *testing.T) string { return startServer(t).addr }
