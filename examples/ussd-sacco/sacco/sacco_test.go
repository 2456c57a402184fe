package sacco_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/examples/ussd-sacco/sacco"
	"github.com/sautigo/africastalking/state"
	"github.com/sautigo/africastalking/ussd"
	"github.com/sautigo/africastalking/ussd/ussdtest"
	"github.com/sautigo/africastalking/webhook"
)

const (
	amina = "+254711000001"
	kim   = "+254711000002"
	otis  = "+254711000003" // is no member
)

func kes(shillings int64) africastalking.Money {
	return africastalking.Money{Currency: "KES", Micros: shillings * 1_000_000}
}

// open returns the app with two members, of whom one speaks Swahili.
func open(t *testing.T) (*sacco.Book, http.Handler) {
	t.Helper()
	b := sacco.NewBook()
	for _, m := range []struct{ phone, name, pin, language string }{{amina, "Amina", "1234", "English"}, {kim, "Kim", "4321", "Kiswahili"}} {
		if _, err := b.Register(m.phone, m.name, m.pin, m.language); err != nil {
			t.Fatal(err)
		}
	}
	b.Save(amina, kes(2000))
	b.Save(kim, kes(100))
	s := sacco.New(b, new(state.Memory))
	return b, ussd.Handler(s.Serve, webhook.WithFallbackFor(s.Sorry))
}

func phone(t *testing.T, h http.Handler, number string, opts ...ussdtest.Option) *ussdtest.Phone {
	return ussdtest.New(t, h, append(opts, ussdtest.WithPhoneNumber(number), ussdtest.WithServiceCode(sacco.ServiceCode))...)
}

// Whole sessions, as the subscriber sees them.
func TestTranscripts(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		number string
		inputs []string
	}{
		"register_english": {otis, []string{"1", "1", "7", "Otis Were", "1111", "2222", "1111"}},
		"register_swahili": {otis, []string{"2", "2", "0", "1", "Otis", "1111", "1111"}},
		"savings":          {amina, []string{"1234", "1"}},
		"savings_swahili":  {kim, []string{"0000", "4321", "1"}},
		"borrow":           {amina, []string{"1234", "2", "6001", "4000", "13", "6", "1"}},
		"borrow_changed":   {amina, []string{"1234", "2", "4000", "6", "0", "3", "2"}},
		"borrow_too_soon":  {kim, []string{"4321", "2", "0", "00"}},
		"language":         {amina, []string{"1234", "4", "2"}},
		"locked":           {amina, []string{"0001", "0002", "0003"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, h := open(t)
			p := phone(t, h, tt.number, ussdtest.WithCopies(2)).Dial("")
			for _, input := range tt.inputs {
				p.Send(input).Again()
			}
			ussdtest.Golden(t, name, p)
		})
	}
}

func TestStatement(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, h := open(t)
		for i := range 12 {
			time.Sleep(24 * time.Hour)
			b.Save(amina, kes(int64(100+i)))
		}
		if _, err := b.Lend("l1", amina, kes(900), 2); err != nil {
			t.Fatal(err)
		}
		p := phone(t, h, amina).Dial("").Send("1234").Send("3").Send("98").Send("98").Send("13").Send("0").Send("0").Send("1")
		ussdtest.Golden(t, "statement", p)
	})
}

// A loan is lent once, however often and to whichever of the copies it is answered, and
// never for what the subscriber did not read.
func TestLentOnce(t *testing.T) {
	t.Parallel()
	b, h := open(t)
	p := phone(t, h, amina, ussdtest.WithCopies(4)).Dial("*384*456*1234*2*4000*6*1#").SeesText("Enter your PIN")
	for _, input := range []string{"1234", "2", "4000", "6", "1"} {
		p.Send(input).Again()
	}
	p.Ends("You have borrowed KES 4000.00. You owe KES 4240.00.").Again()
	m, _ := b.Member(amina)
	if diff := cmp.Diff(sacco.Member{Name: "Amina", Language: "English", Number: 1001, Savings: kes(2000), Loan: kes(4240)}, m); diff != "" {
		t.Errorf("member (-want +got):\n%s", diff)
	}
}

// Sessions that borrow at once get no more than the limit together.
func TestLimitHoldsAcrossSessions(t *testing.T) {
	t.Parallel()
	b, h := open(t)
	var phones [5]*ussdtest.Phone
	for i := range phones {
		phones[i] = phone(t, h, amina).Dial("").Send("1234").Send("2").Send("4000").Send("6")
	}
	var all sync.WaitGroup
	for _, p := range phones {
		all.Go(func() { p.Send("1").Again() })
	}
	all.Wait()
	screens := map[string]int{}
	for _, p := range phones {
		screens[strings.TrimSpace(strings.Split(p.Screen(), "\n")[0])]++
	}
	m, _ := b.Member(amina)
	if m.Loan != kes(4240) || screens["You have borrowed KES 4000.00. You owe KES 4240.00."] != 1 {
		t.Errorf("owed is %v, screens are %v", m.Loan, screens)
	}
}

// Who changes the language reads it from the next session on, and the session that
// changed it is answered as it was.
func TestLanguageIsKept(t *testing.T) {
	t.Parallel()
	_, h := open(t)
	p := phone(t, h, amina).Dial("").Send("1234").Send("4").Send("2").Ends("Tutatumia Kiswahili kuanzia sasa.").Again()
	p.Dial("").Sees("Umoja Sacco. Weka PIN yako")
	p.Dial("*384*456*1234#").Sees("Tafadhali andika sasa.", "Umoja Sacco. Weka PIN yako").Send("1234").SeesText("Habari, Amina")
	// Registration sets it, too, for the PIN that comes before all menus.
	p = phone(t, h, otis).Dial("").Send("2").Send("1").Send("Otis").Send("1111").Send("1111").EndsText("Karibu, Otis").Again()
	p.Dial("").Sees("Umoja Sacco. Weka PIN yako").Send("1111").SeesText("Habari, Otis")
}

func TestWalk(t *testing.T) {
	t.Parallel()
	for number, pin := range map[string]string{amina: "1234", kim: "4321", otis: "9999"} {
		_, h := open(t)
		tour := ussdtest.Walk(t, h, ussdtest.WithPhoneNumber(number), ussdtest.WithServiceCode(sacco.ServiceCode), ussdtest.WithInputs(func(screen string) []string {
			switch {
			case strings.Contains(screen, "name?"), strings.Contains(screen, "nani?"):
				return []string{"Ann", "7"}
			case strings.Contains(screen, "Choose a PIN"), strings.Contains(screen, "Chagua PIN"):
				return []string{"1111"}
			case strings.Contains(screen, "PIN"):
				return []string{pin, "x"} // the second PIN is another one: to register would change the app
			}
			return []string{"600", "3", "x"}
		}))
		if len(tour.Visits) < 30 || !tour.Complete {
			t.Errorf("%s: the walk ends after %d screens, complete: %v", number, len(tour.Visits), tour.Complete)
		}
	}
}

// 100 subscribers at once see nothing of each other.
func TestManySubscribers(t *testing.T) {
	t.Parallel()
	_, h := open(t)
	var all sync.WaitGroup
	for i := range 100 {
		all.Go(func() {
			pin, name := fmt.Sprintf("%04d", i), "Member "+strings.Repeat("I", i%20+1)
			p := phone(t, h, fmt.Sprintf("+2547220%05d", i)).Dial("")
			p.Send("1").Send("1").Send(name).Send(pin).Send(pin).Again().EndsText("Welcome, " + name + ".")
			p.Dial("").Send(pin).SeesText("Hello, " + name)
		})
	}
	all.Wait()
}
