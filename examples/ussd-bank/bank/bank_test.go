package bank_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/examples/ussd-bank/bank"
	"github.com/sautigo/africastalking/state"
	"github.com/sautigo/africastalking/ussd"
	"github.com/sautigo/africastalking/ussd/ussdtest"
)

const (
	amina = "+254711000001"
	kim   = "+254711000002"
)

func kes(shillings int64) africastalking.Money {
	return africastalking.Money{Currency: "KES", Micros: shillings * 1_000_000}
}

// open returns the app over a bank with two accounts.
func open() (*bank.Ledger, http.Handler) {
	l := bank.NewLedger()
	l.Open(amina, "1234", kes(5000))
	l.Open(kim, "4321", kes(100))
	return l, ussd.Handler(bank.NewApp(l, new(state.Memory)).Serve)
}

func balance(t *testing.T, l *bank.Ledger, phone, pin string) africastalking.Money {
	t.Helper()
	b, err := l.Balance(phone, pin)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Whole sessions, as the subscriber sees them.
func TestTranscripts(t *testing.T) {
	t.Parallel()
	for name, inputs := range map[string][]string{
		"balance_english":   {"1", "1", "12", "1234"},
		"balance_swahili":   {"2", "1", "9999"},
		"send_english":      {"1", "2", "0711 000 002", "500", "1", "1234"},
		"send_swahili":      {"2", "2", "x", "0711000002", "5", "500", "3", "1", "1234"},
		"send_changed_mind": {"1", "2", "0711000002", "500", "0", "600", "0", "0", "0", "1", "1234"},
		"send_too_much":     {"1", "2", "0711000002", "6000", "1", "1234"},
		"send_to_stranger":  {"1", "2", "0722000000", "50", "1", "1234"},
		"wrong_pins":        {"1", "1", "1", "2", "3"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, h := open()
			p := ussdtest.New(t, h, ussdtest.WithPhoneNumber(amina))
			p.Dial("*384*123#")
			for _, input := range inputs {
				p.Send(input)
			}
			ussdtest.Golden(t, name, p)
		})
	}
}

func TestStatement(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, h := open()
		for i := range 12 {
			if _, err := l.Send(fmt.Sprintf("t%02d", i), amina, "1234", kim, kes(int64(100+i))); err != nil {
				t.Fatal(err)
			}
		}
		p := ussdtest.New(t, h, ussdtest.WithPhoneNumber(kim))
		p.Dial("*384*123#").Send("1").Send("3").Send("4321").Send("98").Send("98").Send("5").Send("0").Send("98").Send("00")
		ussdtest.Golden(t, "statement", p)
		p = ussdtest.New(t, h, ussdtest.WithPhoneNumber(kim))
		p.Dial("*384*123#").Send("2").Send("3").Send("1111").Ends("PIN hiyo si sahihi. Tafadhali piga tena baadaye.")
	})
}

// Every hop is delivered twice, and two copies at the same instant: money moves
// once.
func TestMoneyMovesOnce(t *testing.T) {
	t.Parallel()
	l, h := open()
	p := ussdtest.New(t, h, ussdtest.WithPhoneNumber(amina), ussdtest.WithCopies(2))
	p.Dial("*384*123#").Again()
	for _, input := range []string{"1", "2", "0711000002", "500", "1", "1234"} {
		p.Send(input).Again()
	}
	p.Ends("You have sent KES 500.00 to +254711000002. Your balance is KES 4500.00.").Again()
	got := []africastalking.Money{balance(t, l, amina, "1234"), balance(t, l, kim, "4321"), l.Total()}
	if diff := cmp.Diff([]africastalking.Money{kes(4500), kes(600), kes(5100)}, got); diff != "" {
		t.Errorf("balances and total (-want +got):\n%s", diff)
	}
}

// Who has been told that a transfer was refused is not debited when the hop is
// delivered again and money has come in since.
func TestRefusalStays(t *testing.T) {
	t.Parallel()
	l, h := open()
	p := ussdtest.New(t, h, ussdtest.WithPhoneNumber(amina)).Dial("*384*123#")
	for _, input := range []string{"1", "2", "0711000002", "5050", "1", "1234"} {
		p.Send(input)
	}
	p.Ends("You do not have enough money for that.")
	if _, err := l.Send("t1", kim, "4321", amina, kes(100)); err != nil {
		t.Fatal(err)
	}
	p.Again().Ends("You do not have enough money for that.")
	if got := balance(t, l, amina, "1234"); got != kes(5100) {
		t.Errorf("balance %v, want 5100", got)
	}
}

// A hop that comes in place of one that was answered moves nothing and does not claim
// what was not done. PINs are not told apart: what is kept must not give one away.
func TestForgedHop(t *testing.T) {
	t.Parallel()
	l := bank.NewLedger()
	l.Open(amina, "1234", kes(5000))
	l.Open(kim, "4321", kes(100))
	serve := bank.NewApp(l, new(state.Memory)).Serve
	hop := func(text string) string {
		r, err := serve(t.Context(), ussd.Request{SessionID: "s", PhoneNumber: amina, ServiceCode: bank.ServiceCode, Text: text, Hop: "x~0"})
		if err != nil {
			return err.Error()
		}
		return r.Text
	}
	got := []string{
		hop("1*2*0711000002*500*1*1234"),
		hop("1*2*0711000002*500*1*9999"),
		hop("1*2*0711000002*900*1*1234"),
		hop("1*2*0711000001*700*1*1234"),
	}
	want := []string{
		"You have sent KES 500.00 to +254711000002. Your balance is KES 4500.00.",
		"You have sent KES 500.00 to +254711000002. Your balance is KES 4500.00.",
		"ussd: hop does not follow the one before: it was answered with other answers",
		"ussd: hop does not follow the one before: it was answered with other answers",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("screens (-want +got):\n%s", diff)
	}
	if got := balance(t, l, kim, "4321"); got != kes(600) {
		t.Errorf("balance %v, want 600", got)
	}
}

// A path that is dialled at once leads where it leads hop by hop; only the PIN must
// be typed.
func TestDialledAtOnce(t *testing.T) {
	t.Parallel()
	for _, inputs := range [][]string{
		{"1"}, {"1", "1"}, {"2", "2"}, {"1", "2", "0711000002"}, {"1", "2", "0711000002", "500"},
		{"2", "3"}, {"7", "1", "2", "x", "0", "1"},
	} {
		_, h := open()
		slow := ussdtest.New(t, h, ussdtest.WithPhoneNumber(amina)).Dial("*384*123#")
		for _, input := range inputs {
			slow.Send(input)
		}
		for _, inCode := range []bool{false, true} {
			fast := ussdtest.New(t, h, ussdtest.WithPhoneNumber(amina), ussdtest.WithExtensionInServiceCode(inCode))
			fast.Dial("*384*123*" + strings.Join(inputs, "*") + "#").Sees(slow.Screen())
		}
	}
	l, h := open()
	p := ussdtest.New(t, h, ussdtest.WithPhoneNumber(amina))
	p.Dial("*384*123*1*2*0711000002*500*1*1234#").SeesText("Please type this now.", "Send KES 500.00 to +254711000002?")
	p.Send("1").SeesText("Enter your PIN")
	if b := balance(t, l, amina, "1234"); b != kes(5000) {
		t.Errorf("balance is %v before the PIN was typed", b)
	}
	p.Send("1234").Ends("You have sent KES 500.00 to +254711000002. Your balance is KES 4500.00.")
}

// 200 subscribers at once see nothing of each other.
func TestManySubscribers(t *testing.T) {
	t.Parallel()
	l, h := open()
	for i := range 200 {
		l.Open(fmt.Sprintf("+2547220%05d", i), fmt.Sprintf("%04d", i), kes(int64(1000+i)))
	}
	total := l.Total()
	var all sync.WaitGroup
	for i := range 200 {
		all.Go(func() {
			p := ussdtest.New(t, h, ussdtest.WithPhoneNumber(fmt.Sprintf("+2547220%05d", i)))
			pin := fmt.Sprintf("%04d", i)
			p.Dial("*384*123#").Send("1").Send("1").Send(pin).Ends(fmt.Sprintf("Your balance is KES %d.00.", 1000+i))
			p.Dial("*384*123#").Send("1").Send("2").Send("0711000002").Send("10").Send("1").Send(pin).Again().
				Ends(fmt.Sprintf("You have sent KES 10.00 to +254711000002. Your balance is KES %d.00.", 990+i))
		})
	}
	all.Wait()
	if got := balance(t, l, kim, "4321"); got != kes(2100) || l.Total() != total {
		t.Errorf("balance is %v, want %v; total %v, want %v", got, kes(2100), l.Total(), total)
	}
}

func TestWalk(t *testing.T) {
	t.Parallel()
	_, h := open()
	ussdtest.Walk(t, h, ussdtest.WithPhoneNumber(amina), ussdtest.WithInputs(func(screen string) []string {
		return []string{"0711000002", "500", "1234"}
	}))
}
