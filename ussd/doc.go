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
// A [Menu] walks the inputs, numbers its items, leads back and home, and spreads what is
// too long over pages. A [Flow] asks questions and leads on: a [Prompt] for something
// typed, a [List] for one of some items, [Confirm] for yes or no. A [Branch] leads each
// subscriber elsewhere. An answer counts only for the screen it was given to, although
// menus may change while a session lasts; see [App]. What must happen once, such as a
// payment, goes through [Questions.ThenOnce].
//
// # Which of these do I need
//
// Nothing for menus and questions: they keep nothing that another machine lacks. An
// [App] with a Store for payments. [Stateful] for a value that is more than the answers,
// or where a "*" typed inside an answer matters. [Resume] to offer to go on after a
// dropped session.
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
// Package ussdtest is a phone that dials an app in a plain go test.
package ussd
