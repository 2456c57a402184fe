// Package ussd answers USSD sessions, with menus or by hand.
//
//	menu := ussd.NewMenu("What would you want to check")
//	menu.HandleFunc("My phone number", func(ctx context.Context, r ussd.Request) (ussd.Response, error) {
//		return ussd.End("Your phone number is " + r.PhoneNumber), nil
//	})
//	http.Handle("/ussd", ussd.Handler(menu.Serve))
//
// Each hop of a session is one request. It carries the whole history of inputs
// ([Request.Text]), so that an app can be stateless: walk the inputs, show the
// screen they lead to. The answer must come within 10 seconds, as "CON " and a
// screen that waits for an answer, or "END " and the last one; everything else
// ends the session with an error that tells the subscriber nothing. [Handler] sees
// to both.
//
// # Menus
//
// A [Menu] follows the inputs, numbers its items, leads back and home, and spreads what is
// too long over pages. [Ask] asks questions: a [Prompt] for something typed, a [List] for
// one of some items, [Confirm] for yes or no. They lead to a function, or, with
// [Questions.To], to any other screen; a [Branch] chooses one for each subscriber. An
// answer counts only for the screen that it was given to: if the menu has changed since,
// the subscriber reads it again. [App] says how.
//
// # Payments
//
// What must happen once, however often Africa's Talking delivers the hop, goes through
// [Questions.ThenOnce]:
//
//	to := &ussd.Prompt[string]{Text: "To which number?", Parse: ussd.Phone("254")}
//	amount := &ussd.Prompt[africastalking.Money]{Text: "How much?", Parse: ussd.Amount("KES", 10, 70_000)}
//	sure := ussd.Confirm(func(ctx context.Context, _ ussd.Request) (string, error) {
//		return fmt.Sprintf("Send %v to %s?", amount.Value(ctx), to.Value(ctx)), nil
//	})
//	pin := &ussd.Prompt[string]{Text: "Enter your PIN", Parse: ussd.PIN(4), Explicit: true, Tries: 3, Check: isPINOf}
//	menu.Handle("Send money", ussd.Ask(to, amount, sure, pin).ThenOnce(send))
//
// # Which of these an app needs
//
//   - Menus and questions on one machine: nothing more. [Menu.Serve] answers the hops.
//   - Payments, PINs, or several machines: an [App] with a Store that outlives the process
//     and that the machines share, such as that of engines/atredis or engines/atnats.
//   - A value for the session that its inputs do not give: [Stateful]. It runs a hop once
//     however often it is delivered, and recovers a "*" typed inside an answer.
//   - Sessions that drop in the middle of long forms: [Resume] around one of these.
//
// # Screens
//
// A screen holds 160 characters of the GSM alphabet, or 80 as soon as one
// character is not in it; [Len] measures, and [Fold] replaces the characters that
// only look as if they mattered. A screen made by hand that is longer is sent, and
// logged as a warning: whether the network cuts or pages it is up to the network.
//
// # Tests
//
// Package ussdtest is a phone that dials an app in a plain go test. Its Walk presses every
// key on every screen.
package ussd
