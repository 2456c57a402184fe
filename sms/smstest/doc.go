// Package smstest delivers to an app what Africa's Talking posts about SMS, in
// plain go test, without network or account:
//
//	func TestStop(t *testing.T) {
//		incoming := smstest.New(t, routes(), smstest.WithPath("/sms/incoming"))
//		incoming.Message(sms.IncomingMessage{Text: "STOP"})
//		incoming.Again() // delivered twice
//	}
//
// There is an [App] for each callback URL of the dashboard: incoming messages,
// delivery reports, opt-outs, subscriptions. A handler is called in memory ([New])
// and may live in a testing/synctest bubble; a running app has an address
// ([NewURL]).
//
// The app must acknowledge each callback with status 200, as Africa's Talking
// documents, or the test fails and shows what was posted and what was answered. A
// test of what the app refuses says so first, with [App.Expect]. Messages are
// posted again until they are acknowledged, and any callback may arrive twice or
// at the same instant: [App.Again] and [WithCopies] show whether the app bears it.
//
// To test what an app sends, see package clienttest.
//
// # What is not known
//
// The names of the fields are documented. Their order was observed for delivery
// reports alone, the User-Agent never, so none is sent. How long Africa's Talking
// waits for an answer is not documented for SMS; 10 seconds, as for USSD, are the
// default here.
package smstest
