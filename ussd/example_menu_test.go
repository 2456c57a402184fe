package ussd_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/ussd"
)

// serveHop sends one hop to a handler and prints the screen.
func serveHop(h http.Handler, text string) {
	form := url.Values{"sessionId": {"ATUid_1"}, "phoneNumber": {"+254711000001"}, "serviceCode": {"*384*123#"}, "text": {text}}
	r := httptest.NewRequest(http.MethodPost, "/ussd", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	fmt.Println(w.Body)
}

func ExampleNewMenu() {
	account := ussd.NewMenu("Choose account information you want to view")
	account.HandleFunc("Account number", func(context.Context, ussd.Request) (ussd.Response, error) {
		return ussd.End("Your account number is ACC1001"), nil
	})
	menu := ussd.NewMenu("What would you want to check")
	menu.Handle("My Account", account)
	menu.HandleFunc("My phone number", func(_ context.Context, r ussd.Request) (ussd.Response, error) {
		return ussd.End("Your phone number is " + r.PhoneNumber), nil
	})
	h := ussd.Handler(menu.Serve)

	serveHop(h, "")
	serveHop(h, "1")
	serveHop(h, "1*1")
	// Output:
	// CON What would you want to check
	// 1. My Account
	// 2. My phone number
	// CON Choose account information you want to view
	// 1. Account number
	// 0. Back
	// END Your account number is ACC1001
}

func ExampleAsk() {
	to := &ussd.Prompt[string]{Text: "Send to which number?", Parse: ussd.Phone("254")}
	amount := &ussd.Prompt[africastalking.Money]{Text: "How much?", Parse: ussd.Amount("KES", 10, 150_000)}
	pin := &ussd.Prompt[string]{
		TextFunc: func(ctx context.Context, _ ussd.Request) (string, error) {
			return fmt.Sprintf("Your PIN, to send %v to %s", amount.Value(ctx), to.Value(ctx)), nil
		},
		Parse: ussd.PIN(4), Explicit: true, Tries: 3,
	}
	menu := ussd.NewMenu("Bank")
	menu.Handle("Send money", ussd.Ask(to, amount, pin).Then(
		func(ctx context.Context, r ussd.Request) (ussd.Response, error) {
			// The bank's own function, told r.HopID() so that it sends once.
			return ussd.Endf("Sent %v.", amount.Value(ctx)), nil
		}))
	h := ussd.Handler(menu.Serve)

	serveHop(h, "1*0711000002")
	serveHop(h, "1*0711000002*5")
	serveHop(h, "1*0711000002*5*500")
	// Output:
	// CON How much?
	// 0. Back
	// 00. Home
	// CON Enter an amount from 10 to 150000.
	// How much?
	// 0. Back
	// 00. Home
	// CON Your PIN, to send KES 500.00 to +254711000002
	// 0. Back
	// 00. Home
}

func ExampleList() {
	bill := &ussd.List[string]{
		Title: "Which bill?",
		Load:  func(context.Context, ussd.Request) ([]string, error) { return []string{"Water", "Power"}, nil },
		Label: func(name string) string { return name },
	}
	menu := ussd.NewMenu("Bills")
	menu.Handle("Pay", ussd.Ask(bill).Then(func(ctx context.Context, r ussd.Request) (ussd.Response, error) {
		return ussd.End("Paid " + bill.Value(ctx)), nil
	}))
	h := ussd.Handler(menu.Serve)

	serveHop(h, "1")
	serveHop(h, "1*2")
	// Output:
	// CON Which bill?
	// 1. Water
	// 2. Power
	// 0. Back
	// END Paid Power
}

func ExampleMenu_String() {
	account := ussd.NewMenu("Account")
	account.HandleFunc("Balance", phoneNumber)
	menu := ussd.NewMenu("Bank")
	menu.Handle("My account", account)
	menu.HandleFunc("My number", phoneNumber)
	fmt.Print(menu)
	// Output:
	// Bank
	// ├─ 1. My account
	// │  └─ 1. Balance
	// └─ 2. My number
}

// printParsed prints what a Parse makes of an answer.
func printParsed[T any](parse func(string) (T, error), answer string) {
	v, err := parse(answer)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(v)
}

func ExampleInt() {
	printParsed(ussd.Int(1, 12), "7")
	printParsed(ussd.Int(1, 12), "13")
	// Output:
	// 7
	// Enter a number from 1 to 12.
}

func ExampleAmount() {
	printParsed(ussd.Amount("KES", 10, 150_000), "99.50")
	printParsed(ussd.Amount("KES", 10, 150_000), "1,500")
	// Output:
	// KES 99.50
	// Enter an amount from 10 to 150000.
}

func ExamplePhone() {
	printParsed(ussd.Phone("254"), "0711 000 001")
	// Output: +254711000001
}

func ExamplePIN() {
	printParsed(ussd.PIN(4), "12")
	// Output: Enter your PIN of 4 digits.
}

func ExampleMatch() {
	printParsed(ussd.Match(`ACC\d{4}`, "Enter the number of your account."), "ACC1001")
	// Output: ACC1001
}

func ExampleOneOf() {
	printParsed(ussd.OneOf("Yes", "No"), "yes")
	// Output: Yes
}

func ExampleDate() {
	printParsed(ussd.Date(), "23/11/2026")
	// Output: 2026-11-23 00:00:00 +0000 UTC
}

func ExampleReason() {
	printParsed(ussd.Reason("Weka nambari kutoka 1 hadi 12.", ussd.Int(1, 12)), "x")
	// Output: Weka nambari kutoka 1 hadi 12.
}

func ExampleFold() {
	fmt.Println(ussd.Fold("“Don’t – …”"))
	// Output: "Don't - ..."
}

func ExampleLimit() {
	fmt.Println(ussd.Limit(africastalking.SafaricomKenya), ussd.Limit(africastalking.AirtelKenya), ussd.Limit(""))
	// Output: 160 182 160
}

func ExampleStop() {
	bill := &ussd.List[string]{
		Title: "Which bill?",
		Load: func(_ context.Context, r ussd.Request) ([]string, error) {
			return nil, ussd.Stop("You have no bills.")
		},
		Label: func(name string) string { return name },
	}
	menu := ussd.NewMenu("Bills")
	menu.Handle("Pay", ussd.Ask(bill).Then(phoneNumber))

	serveHop(ussd.Handler(menu.Serve), "1")
	// Output: END You have no bills.
}
