// Package ussd answers USSD sessions.
//
//	http.Handle("/ussd", ussd.Handler(
//		func(ctx context.Context, r ussd.Request) (ussd.Response, error) {
//			if r.First() {
//				return ussd.Continue("1. Balance\n2. My number"), nil
//			}
//			…
//			return ussd.End("Your number is " + r.PhoneNumber), nil
//		}))
//
// Each hop of a session is one request. It carries the whole history of inputs
// ([Request.Text]), so that an app can be stateless: walk the inputs, show the
// screen they lead to. The answer must come within 10 seconds, as "CON " and a
// screen that waits for an answer, or "END " and the last one; everything else
// ends the session with an error that tells the subscriber nothing. [Handler] sees
// to both.
//
// A screen holds 160 characters of the GSM alphabet, or 80 as soon as one
// character is not in it; [Len] measures. Longer screens are sent, and logged as
// a warning: whether the network cuts or pages them is up to the network.
package ussd
