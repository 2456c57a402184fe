package ussdtest_test

import (
	"fmt"
	"net/http/httptest"
	"testing"

	"github.com/sautigo/africastalking/ussd"
	"github.com/sautigo/africastalking/ussd/ussdtest"
)

// printer stands in for the *testing.T of a test.
type printer struct{ testing.TB }

func (printer) Helper()                           {}
func (printer) Logf(format string, args ...any)   { fmt.Printf(format+"\n", args...) }
func (printer) Errorf(format string, args ...any) { fmt.Printf(format+"\n", args...) }
func (printer) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

var t printer

func ExampleNew() {
	p := ussdtest.New(t, bank)
	p.Dial("*384*123#").Sees("1. Balance", "2. Send")
	p.Send("1").Ends("Your balance is KES 5.00.")

	p.Dial("*384*123*2#").Sees("To whom?") // an extension
	p.Send("Ana").Again().EndsText("Ana")  // delivered twice

	fmt.Println(p.Screen())
	// Output: Sent to Ana.
}

func ExampleNewURL() {
	server := httptest.NewServer(bank)
	defer server.Close()

	p := ussdtest.NewURL(t, server.URL+"/ussd")
	p.Dial("*384*123#").Send("1").Ends("Your balance is KES 5.00.")

	fmt.Println(p.Screen())
	// Output: Your balance is KES 5.00.
}

// What a failure looks like.
func ExamplePhone() {
	h := app(func(text string) ussd.Response {
		if text == "" {
			return ussd.Continue("1. Balance")
		}
		return ussd.End("It’s KES 5.00.")
	})
	ussdtest.New(t, h).Dial("*384*123#").Send("1")
	// Output:
	// ussdtest: screen has characters outside the GSM alphabet: '’' (U+2019) in line 1
	//     text "1", hop 2 of *384*123#, +254711000001
	//     ┌────────────────────────────┐
	//     │ It’s KES 5.00.             │
	//     ├────────────────────────────┤
	//     │ END  14/80 units (not GSM) │
	//     └────────────────────────────┘
}

func ExampleWalk() {
	fmt.Print(ussdtest.Walk(t, bank, ussdtest.WithInputs(func(screen string) []string {
		if screen == "To whom?" {
			return []string{"Ana"}
		}
		return nil
	})))
	// Output:
	// "" CON 1. Balance
	// "1" END Your balance is KES 5.00.
	// "2" CON To whom?
	// "2*Ana" END Sent to Ana.
}

func ExampleWalkURL() {
	server := httptest.NewServer(bank)
	defer server.Close()

	for _, v := range ussdtest.WalkURL(t, server.URL).Unanswered() {
		fmt.Println("nothing to type at:", v.Screen)
	}
	// Output: nothing to type at: To whom?
}

func ExamplePhone_Transcript() {
	fmt.Print(ussdtest.New(t, bank).Dial("*384*123#").Send("1").Transcript())
	// Output:
	// phone +254711000001 on 63902
	// dial *384*123#
	// CON [home]
	// | 1. Balance
	// | 2. Send
	// send 1
	// END [balance]
	// | Your balance is KES 5.00.
	// over Success, 2 hops, input "1", metadata "home|balance"
}
