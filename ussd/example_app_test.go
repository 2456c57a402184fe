package ussd_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/state"
	"github.com/sautigo/africastalking/ussd"
)

// dialOnce returns a function that sends the hops of one session to an app, with the
// metadata that the hop before has got, and prints the screens.
func dialOnce(app *ussd.App) func(input string) {
	r := ussd.Request{SessionID: "ATUid_1", PhoneNumber: "+254711000001", ServiceCode: "*384*123#"}
	first := true
	return func(input string) {
		switch {
		case first:
			r.Text, first = input, false
		case r.Text == "":
			r.Text = input
		default:
			r.Text += "*" + input
		}
		res, err := app.Serve(context.Background(), r)
		if err != nil {
			fmt.Println(err)
			return
		}
		r.Hop = res.Hop
		body, _ := res.AppendText(nil)
		fmt.Println(string(body))
	}
}

// The PIN comes first, and is checked when it is typed; the menu behind it greets the
// subscriber.
func ExampleApp() {
	pin := &ussd.Prompt[string]{
		Text: "Enter your PIN", Parse: ussd.PIN(4), Explicit: true, Tries: 3,
		Check: func(_ context.Context, r ussd.Request, pin string) error {
			if pin != "1234" { // the bank's own check for r.PhoneNumber
				return errors.New("That PIN is wrong.")
			}
			return nil
		},
	}
	menu := ussd.NewMenu("")
	menu.SetTitleFunc(func(context.Context, ussd.Request) (string, error) { return "Karibu, Amina", nil })
	menu.HandleFunc("Balance", func(ctx context.Context, r ussd.Request) (ussd.Response, error) {
		// The bank's own function, told pin.Value(ctx).
		return ussd.End("Your balance is KES 5000.00."), nil
	})
	app := &ussd.App{Start: ussd.Ask(pin).To(menu), Store: new(state.Memory), ServiceCode: "*384*123#"}
	// In a server: http.Handle("/ussd", ussd.Handler(app.Serve))
	send := dialOnce(app)

	send("")
	send("4321")
	send("1234")
	send("1")
	// Output:
	// CON Enter your PIN
	// CON That PIN is wrong. Tries left: 2
	// Enter your PIN
	// CON Karibu, Amina
	// 1. Balance
	// END Your balance is KES 5000.00.
}

// The payment is made once, however often the hop is delivered.
func ExampleQuestions_ThenOnce() {
	amount := &ussd.Prompt[africastalking.Money]{Text: "How much?", Parse: ussd.Amount("KES", 10, 150_000)}
	sure := ussd.Confirm(func(ctx context.Context, _ ussd.Request) (string, error) {
		return fmt.Sprintf("Pay %v to Mfano Water?", amount.Value(ctx)), nil
	})
	menu := ussd.NewMenu("Bills")
	menu.Handle("Water", ussd.Ask(amount, sure).ThenOnce(func(ctx context.Context, r ussd.Request) (ussd.Response, error) {
		// The bank's own function, told r.HopID(). An error leaves it in doubt.
		return ussd.Endf("Paid %v.", amount.Value(ctx)), nil
	}))
	send := dialOnce(&ussd.App{Start: menu, Store: new(state.Memory)})

	send("1*500*1") // dialled: the confirmation is shown all the same
	send("1")
	// Output:
	// CON Please type this now.
	// Pay KES 500.00 to Mfano Water?
	// 1. Yes
	// 2. No
	// 0. Back
	// 00. Home
	// END Paid KES 500.00.
}

func ExampleConfirm() {
	fee := "KES 30"
	sure := ussd.Confirm(func(context.Context, ussd.Request) (string, error) { return "The fee is " + fee + ". Go on?", nil })
	send := dialOnce(&ussd.App{Start: ussd.Ask(sure).Then(func(context.Context, ussd.Request) (ussd.Response, error) {
		return ussd.End("Done."), nil
	})})

	send("")
	fee = "KES 50"
	send("1")
	send("1")
	// Output:
	// CON The fee is KES 30. Go on?
	// 1. Yes
	// 2. No
	// CON This has changed. Please check, then choose again.
	// The fee is KES 50. Go on?
	// 1. Yes
	// 2. No
	// END Done.
}

// Registered or not.
func ExampleBranch() {
	names := map[string]string{}
	name := &ussd.Prompt[string]{Text: "Welcome. What is your name?", Parse: ussd.Match(`\pL[\pL ]+`, "Letters only.")}
	register := ussd.Ask(name).ThenOnce(func(ctx context.Context, r ussd.Request) (ussd.Response, error) {
		names[r.PhoneNumber] = name.Value(ctx)
		return ussd.Continuef("Thank you, %s.", name.Value(ctx)), nil
	})
	menu := ussd.NewMenu("Menu")
	menu.HandleFunc("My name", func(_ context.Context, r ussd.Request) (ussd.Response, error) {
		return ussd.End(names[r.PhoneNumber]), nil
	})
	send := dialOnce(&ussd.App{Start: ussd.Branch(func(_ context.Context, r ussd.Request) (ussd.Screen, error) {
		if names[r.PhoneNumber] == "" {
			return register, nil
		}
		return menu, nil
	})})

	send("")
	send("Amina")
	send("0")
	send("1")
	// Output:
	// CON Welcome. What is your name?
	// CON Thank you, Amina.
	// 0. Back
	// CON Menu
	// 1. My name
	// END Amina
}

func ExampleHopName() {
	fmt.Println(ussd.HopName("Buy airtime~kD3x0a9fQ2_-.4.v2-3~0"))
	fmt.Println(ussd.HopName("view=accounts"))
	// Output:
	// Buy airtime
	// view=accounts
}
