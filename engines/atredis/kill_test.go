package atredis_test

import (
	"flag"
	"testing"

	"github.com/sautigo/africastalking/internal/killtest"
)

// kills is how often TestKill kills an app: "go test -run TestKill -kills 60 -v".
var kills = flag.Int("kills", 5, "how often TestKill kills the app in the middle of a payment")

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
	for _, problem := range killtest.KillPayments(t, *kills, true, payEnv+"="+startServer(t).addr) {
		t.Error(problem)
	}
}

// The audit notices that an app without ThenOnce pays twice.
func TestKillNotices(t *testing.T) {
	t.Parallel()
	if problems := killtest.KillPayments(t, 3, false, payEnv+"="+startServer(t).addr); len(problems) == 0 {
		t.Error("nothing was noticed")
	}
}
