package atredis_test

import (
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/examples/ussd-bank/bank"
	"github.com/sautigo/africastalking/ussd"
	"github.com/sautigo/africastalking/ussd/ussdtest"
)

// The bank's app on two machines in turn, each hop delivered to both: money moves
// once, and a list that one has shown the other knows.
func TestBank(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	kes := func(n int64) africastalking.Money {
		return africastalking.Money{Currency: "KES", Micros: n * 1_000_000}
	}
	ledger := bank.NewLedger()
	ledger.Open("+254711000001", "1234", kes(5000))
	ledger.Open("+254711000002", "4321", kes(100))
	var machines [2]http.Handler
	for i := range machines {
		machines[i] = ussd.Handler(bank.NewApp(ledger, open(t, s.connect(t))).Serve)
	}
	var turn atomic.Uint32
	inTurn := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		machines[turn.Add(1)%2].ServeHTTP(w, r)
	})
	p := ussdtest.New(t, inTurn, ussdtest.WithPhoneNumber("+254711000001"), ussdtest.WithCopies(2))
	p.Dial("*384*123#")
	for _, input := range []string{"1", "2", "0711000002", "500", "1", "1234"} {
		p.Send(input).Again()
	}
	p.Ends("You have sent KES 500.00 to +254711000002. Your balance is KES 4500.00.")
	p.Dial("*384*123#").Send("1").Send("3").Send("1234").SeesText("1. KES -500.00 to +254711000002").Send("1").SeesText("KES -500.00, +254711000002")
	if b, err := ledger.Balance("+254711000001", "1234"); err != nil || b != kes(4500) {
		t.Errorf("balance is %v, %v", b, err)
	}
	if total := ledger.Total(); total != kes(5100) {
		t.Errorf("total is %v", total)
	}
}
