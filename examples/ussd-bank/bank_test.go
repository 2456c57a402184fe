package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/examples/ussd-bank/bank"
	"github.com/sautigo/africastalking/state"
	"github.com/sautigo/africastalking/ussd"
	"github.com/sautigo/africastalking/ussd/ussdtest"
	"github.com/sautigo/africastalking/webhook"
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
		"send_to_self":      {"1", "2", "0711000001", "0711000002", "500", "2"},
		"wrong_pins":        {"1", "1", "12", "1111", "2222", "3333"},
		"wrong_pin_swahili": {"2", "1", "1111", "1234"},
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
		p.Dial("*384*123#").Send("2").Send("3").Send("1111").SeesText("PIN hiyo si sahihi. Majaribio yaliyobaki: 2", "Weka PIN yako")
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
// what was not done. Another PIN in the same place is a guess.
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
		"That PIN is wrong. Tries left: 2\nEnter your PIN\n0. Back\n00. Home",
		"ussd: hop does not follow the one before: it was answered with other answers",
		"Enter a phone number.\nSend to which number?\n0. Back\n00. Home",
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

// Three wrong PINs in a row lock the subscriber out, in whichever sessions they were
// typed, for a day. A hop that is delivered again is not another guess.
func TestLock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, h := open()
		// Each of the ways to the question for the PIN.
		ways := [][]string{{"1", "1"}, {"1", "2", "0711000002", "50", "1"}, {"1", "3"}}
		ask := func(phone string, way int) *ussdtest.Phone {
			p := ussdtest.New(t, h, ussdtest.WithPhoneNumber(phone), ussdtest.WithCopies(2)).Dial("*384*123#")
			for _, input := range ways[way] {
				p.Send(input)
			}
			return p
		}
		const locked = "Your PIN is locked for 24 hours. Please call us on 0700 000 000."
		ask(amina, 0).Send("0000").Again().SeesText("Tries left: 2").Send("1234").Ends("Your balance is KES 5000.00.")

		ask(amina, 0).Send("0000").Again().SeesText("Tries left: 2").Drop()
		second := ask(amina, 1).Send("0001").Again().SeesText("Tries left: 1")
		ask(amina, 2).Send("0002").Again().Ends(locked).Again()
		second.Again().SeesText("Tries left: 1").Send("1234").Ends(locked).Again()
		for way := range ways {
			ask(amina, way).Send("1234").Ends(locked)
		}
		ask(kim, 0).Send("4321").Ends("Your balance is KES 100.00.") // nobody else
		time.Sleep(23 * time.Hour)
		ask(amina, 0).Send("1234").Ends(locked)
		time.Sleep(time.Hour + time.Second)
		ask(amina, 1).Send("1234").EndsText("You have sent KES 50.00")
	})
}

// Guesses in many sessions at once get three answers, not more.
func TestLockAtOnce(t *testing.T) {
	t.Parallel()
	_, h := open()
	var all sync.WaitGroup
	var tries, locked atomic.Int32
	for i := range 40 {
		all.Go(func() {
			p := ussdtest.New(t, h, ussdtest.WithPhoneNumber(amina)).Dial("*384*123#").Send("1").Send("1").Send(fmt.Sprintf("%04d", i))
			if strings.Contains(p.Screen(), "Tries left") {
				tries.Add(1)
			} else if p.Ends("Your PIN is locked for 24 hours. Please call us on 0700 000 000."); true {
				locked.Add(1)
			}
		})
	}
	all.Wait()
	if tries.Load() != 2 || locked.Load() != 38 {
		t.Errorf("%d guesses were told to try again and %d that the PIN is locked, want 2 and 38", tries.Load(), locked.Load())
	}
}

// A payment that was made is told again as it was, also to a subscriber who has been
// locked out since.
func TestLockedOutAfterPaying(t *testing.T) {
	t.Parallel()
	_, h := open()
	p := ussdtest.New(t, h, ussdtest.WithPhoneNumber(amina)).Dial("*384*123#")
	for _, input := range []string{"1", "2", "0711000002", "500", "1", "1234"} {
		p.Send(input)
	}
	other := ussdtest.New(t, h, ussdtest.WithPhoneNumber(amina)).Dial("*384*123#")
	for _, input := range []string{"1", "1", "0000", "0001", "0002"} {
		other.Send(input)
	}
	other.EndsText("locked")
	p.Again().Ends("You have sent KES 500.00 to +254711000002. Your balance is KES 4500.00.")
}

// A balance is what it was, however late the hop comes again.
func TestBalanceIsToldAgain(t *testing.T) {
	t.Parallel()
	l, h := open()
	p := ussdtest.New(t, h, ussdtest.WithPhoneNumber(amina)).Dial("*384*123#").Send("1").Send("1").Send("1234")
	p.Ends("Your balance is KES 5000.00.")
	if _, err := l.Send("t1", kim, "4321", amina, kes(7)); err != nil {
		t.Fatal(err)
	}
	p.Again()
	p.Dial("").Send("1").Send("1").Send("1234").Ends("Your balance is KES 5007.00.")
}

// unsure is a bank whose answers to Send get lost, before or after money was moved.
type unsure struct {
	*bank.Ledger
	before, after error
}

func (u *unsure) Send(id, from, pin, to string, amount africastalking.Money) (bank.Receipt, error) {
	if u.before != nil {
		return bank.Receipt{}, u.before
	}
	r, err := u.Ledger.Send(id, from, pin, to, amount)
	if err == nil && u.after != nil {
		return bank.Receipt{}, u.after
	}
	return r, err
}

// What is in doubt is told apart from what was refused and from what was not done.
func TestInDoubt(t *testing.T) {
	t.Parallel()
	inputs := []string{"2", "0711000002", "500", "1", "1234"}
	send := func(t *testing.T, b bank.Bank, language string) *ussdtest.Phone {
		h := ussd.Handler(bank.NewApp(b, new(state.Memory)).Serve, webhook.WithFallbackFor(bank.Sorry), webhook.WithLogger(slog.New(slog.DiscardHandler)))
		p := ussdtest.New(t, h, ussdtest.WithPhoneNumber(amina), ussdtest.WithLenient(ussdtest.Apology, ussdtest.Redelivery)).Dial("*384*123#").Send(language)
		for _, input := range inputs {
			p.Send(input)
		}
		return p
	}
	t.Run("after", func(t *testing.T) {
		t.Parallel()
		l, _ := open()
		u := &unsure{Ledger: l, after: errors.New("time-out")}
		p := send(t, u, "1")
		u.after = nil
		for range 3 {
			p.Ends("We could not confirm this. Money may have been sent: look at your mini statement before you try again.").Again()
		}
		if got := balance(t, l, amina, "1234"); got != kes(4500) {
			t.Errorf("balance %v, want 4500", got)
		}
		p.Dial("").Send("1").Send("3").Send("1234").SeesText("KES -500.00 to +254711000002")
		u.after = errors.New("time-out")
		send(t, u, "2").Ends("Hatukuweza kuthibitisha. Huenda pesa zimetumwa: angalia taarifa fupi kabla ya kujaribu tena.")
	})
	t.Run("not done", func(t *testing.T) {
		t.Parallel()
		l, _ := open()
		u := &unsure{Ledger: l, before: fmt.Errorf("%w: connection refused", state.ErrNotDone)}
		p := send(t, u, "1").Ends("Sorry, we could not finish this. Please check before you try again.")
		send(t, u, "2").Ends("Samahani, hatukuweza kumaliza. Tafadhali angalia kabla ya kujaribu tena.")
		u.before = nil
		p.Again().Again() // and then it is done, once
		if got := balance(t, l, amina, "1234"); got != kes(4500) {
			t.Errorf("balance %v, want 4500", got)
		}
	})
}

// No PIN is in the store, neither as it was typed nor encoded.
func TestNoPINInStore(t *testing.T) {
	t.Parallel()
	l, _ := open()
	store := &spy{}
	p := ussdtest.New(t, ussd.Handler(bank.NewApp(l, store).Serve), ussdtest.WithPhoneNumber(amina)).Dial("*384*123#")
	for _, input := range []string{"1", "2", "0711000002", "500", "1", "7391", "1234"} {
		p.Send(input)
	}
	p.EndsText("You have sent")
	saved := store.String()
	for _, pin := range []string{"1234", "7391"} {
		if strings.Contains(saved, pin) || strings.Contains(saved, base64.StdEncoding.EncodeToString([]byte(pin))[:5]) {
			t.Errorf("the store has %s in %s", pin, saved)
		}
	}
	if !strings.Contains(saved, `"Wrong":1`) {
		t.Errorf("the wrong PIN was not counted in %s", saved)
	}
}

// spy is a store that tells what was saved in it.
type spy struct {
	state.Memory
	mu    sync.Mutex
	saved strings.Builder
}

func (s *spy) Save(ctx context.Context, key string, data []byte, version uint64, ttl time.Duration) (uint64, error) {
	s.mu.Lock()
	s.saved.Write(data)
	s.mu.Unlock()
	return s.Memory.Save(ctx, key, data, version, ttl)
}

func (s *spy) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.saved.String()
}

func TestWalk(t *testing.T) {
	t.Parallel()
	_, h := open()
	ussdtest.Walk(t, h, ussdtest.WithPhoneNumber(amina), ussdtest.WithInputs(func(screen string) []string {
		return []string{"0711000002", "500", "1234"}
	}))
}
