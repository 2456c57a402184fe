package atnats_test

import (
	"flag"
	"testing"

	"github.com/sautigo/africastalking/internal/killtest"
)

// kills is how often each test kills: "go test -run TestKill$ -kills 60 -v".
var kills = flag.Int("kills", 3, "how often the tests kill an app in the middle of its work")

// payEnv is the address of the records of an app, in a process of its own, that pays.
const payEnv = "AT_TEST_PAY"

func servePayments(addr string) {
	store, closeStore, err := machineStore(addr)
	if err != nil {
		panic(err)
	}
	defer closeStore()
	if err := killtest.ServePayments(store); err != nil {
		panic(err)
	}
}

func TestKill(t *testing.T) {
	t.Parallel()
	for _, problem := range killtest.KillPayments(t, *kills, true, payEnv+"="+startServer(t).url()) {
		t.Error(problem)
	}
}

// The audit notices that an app without ThenOnce pays twice.
func TestKillNotices(t *testing.T) {
	t.Parallel()
	if problems := killtest.KillPayments(t, 3, false, payEnv+"="+startServer(t).url()); len(problems) == 0 {
		t.Error("nothing was noticed")
	}
}
