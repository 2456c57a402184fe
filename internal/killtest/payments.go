package killtest

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sautigo/africastalking/state"
	"github.com/sautigo/africastalking/ussd"
	"github.com/sautigo/africastalking/webhook"
)

// What KillPayments tells ServePayments.
const (
	ledgerEnv = "KILLTEST_LEDGER"
	unsafeEnv = "KILLTEST_UNSAFE"
)

const inDoubt = "We could not confirm this. It may have been done: please check before you try again."

// ServePayments is the service that [KillPayments] starts: an app over a store, whose only
// effect is a line in a file.
func ServePayments(store state.Store) error {
	ledger := os.Getenv(ledgerEnv)
	pin := &ussd.Prompt[string]{Text: "PIN", Parse: ussd.PIN(4), Explicit: true}
	pay := func(_ context.Context, r ussd.Request) (ussd.Response, error) {
		if err := Note(ledger, "begun "+r.SessionID); err != nil {
			return ussd.Response{}, err
		}
		time.Sleep(rand.N(15 * time.Millisecond))
		err := Note(ledger, "paid "+r.SessionID)
		time.Sleep(rand.N(15 * time.Millisecond))
		return ussd.Endf("Receipt %d", time.Now().UnixNano()), err
	}
	flow := ussd.Ask(pin).ThenOnce(pay)
	if os.Getenv(unsafeEnv) != "" {
		flow = ussd.Ask(pin).Then(pay)
	}
	menu := ussd.NewMenu("Bank")
	menu.Handle("Pay", flow)
	app := &ussd.App{Start: menu, Store: store}
	return Serve(ussd.Handler(func(ctx context.Context, r ussd.Request) (ussd.Response, error) {
		// A hop that waits for the one that was killed gives up here, and not after the
		// eight seconds of an app. Less would not do on a busy machine: a hop that waits
		// for one that is alive must see it end.
		ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
		defer cancel()
		return app.Serve(ctx, r)
	}, webhook.WithTimeout(5*time.Second)), nil)
}

// KillPayments kills an app n times at some moment of a payment, starts it again and
// delivers the hop again, to it and to another machine at once. Nothing may be paid twice,
// and each delivery must say what happened, or that it is in doubt: the same every time.
//
// It returns what was wrong. The environment must make the TestMain call [ServePayments].
// Without once the app pays with Then and not with ThenOnce, as a control.
func KillPayments(tb testing.TB, n int, once bool, env ...string) (problems []string) {
	tb.Helper()
	ledger := filepath.Join(tb.TempDir(), "ledger")
	env = append(env, ledgerEnv+"="+ledger)
	if !once {
		env = append(env, unsafeEnv+"=1")
	}
	other := Start(tb, env...)   // lives on
	told := map[string]string{}  // what the subscriber was told, by session
	outcomes := map[string]int{} // of the deliveries
	for i := range n {
		session := fmt.Sprintf("ATUid_%d", i)
		killed := Start(tb, env...)
		metadata := ""
		for _, text := range []string{"", "1"} {
			if _, metadata = killed.hop(session, text, metadata); i%2 == 0 {
				metadata = "" // an account to which none comes back
			}
		}
		first := make(chan string, 1)
		go func() { answer, _ := killed.hop(session, "1*0123", metadata); first <- answer }()
		time.Sleep(rand.N(40 * time.Millisecond))
		killed.Kill()
		answers := []string{<-first}

		again := Start(tb, env...)
		var copies [4]string
		var all sync.WaitGroup
		for j := range copies {
			all.Go(func() { copies[j], _ = []*Process{again, other}[j%2].hop(session, "1*0123", metadata) })
		}
		all.Wait()
		again.Kill()
		for j, answer := range append(answers, copies[:]...) {
			switch text, ended := strings.CutPrefix(answer, "END "); {
			case j == 0 && answer == noAnswer:
			case !ended || text != inDoubt && !strings.HasPrefix(text, "Receipt "):
				problems = append(problems, fmt.Sprintf("%s: delivery %d is answered %q", session, j, answer))
			case told[session] == "":
				told[session] = text
			case told[session] != text:
				problems = append(problems, fmt.Sprintf("%s: one delivery is answered %q and another %q", session, told[session], text))
			}
		}
		outcomes["first: "+kindOf(answers[0])+", again: "+kindOf(copies[0])]++
	}
	lines, err := Notes(ledger)
	if err != nil {
		tb.Fatal(err)
	}
	begun, paid := map[string]int{}, map[string]int{}
	for line, count := range lines {
		what, session, _ := strings.Cut(line, " ")
		map[string]map[string]int{"begun": begun, "paid": paid}[what][session] = count
	}
	for session, count := range begun {
		if count > 1 || paid[session] > 1 {
			problems = append(problems, fmt.Sprintf("%s: begun %d times and paid %d times", session, count, paid[session]))
		}
	}
	for session, text := range told {
		if strings.HasPrefix(text, "Receipt") && paid[session] != 1 {
			problems = append(problems, fmt.Sprintf("%s: the subscriber has a receipt, and paid %d times", session, paid[session]))
		}
	}
	tb.Logf("%d deaths, %d payments begun, %d paid; %v", n, len(begun), len(paid), outcomes)
	return problems
}

const noAnswer = "no answer"

// hop posts a hop and returns the answer and its hop metadata.
func (p *Process) hop(session, text, metadata string) (answer, left string) {
	form := url.Values{"sessionId": {session}, "phoneNumber": {"+254711000001"}, "serviceCode": {"*384*123#"}, "networkCode": {"63902"}, "text": {text}}
	r, err := http.NewRequest(http.MethodPost, "http://"+p.Addr+"/ussd", strings.NewReader(form.Encode()))
	if err != nil {
		return err.Error(), ""
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if metadata != "" {
		r.Header.Set(ussd.HopMetadataHeader, metadata)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return noAnswer, ""
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return noAnswer, ""
	}
	return string(b), resp.Header.Get(ussd.HopMetadataHeader)
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
