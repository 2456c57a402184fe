// Package smstest delivers the SMS callbacks of Africa's Talking to an app, in plain
// go test, without network or account:
//
//	func TestReply(t *testing.T) {
//		at := clienttest.NewServer(t) // gets what the app sends
//		app := routes(at.Client(), new(state.Memory))
//		incoming := smstest.New(t, app, smstest.WithPath("/at/"+secret+"/sms"))
//		incoming.Message(sms.IncomingMessage{Text: "hello"})
//		incoming.Again() // delivered twice
//
//		want := []client.Message{{
//			To:   []string{smstest.DefaultPhoneNumber},
//			From: smstest.DefaultShortCode,
//			Text: "You wrote: hello",
//		}}
//		if diff := cmp.Diff(want, at.Sent()); diff != "" {
//			t.Errorf("sent (-want +got):\n%s", diff)
//		}
//
//		at.Next(clienttest.Unavailable) // an outage
//		incoming.Expect(http.StatusInternalServerError).Message(sms.IncomingMessage{Text: "hello again"})
//		incoming.Again() // sends the reply
//	}
//
// There is an [App] for each callback URL of the dashboard: incoming messages,
// delivery reports, opt-outs, subscriptions. A handler is called in memory ([New])
// and may live in a testing/synctest bubble; a running app has an address
// ([NewURL]).
//
// The app must acknowledge each callback with status 200, as Africa's Talking
// documents, or the test fails and shows the callback and the answer, with secrets in
// the callback URL masked. A test of callbacks that the app must refuse calls
// [App.Expect] first. Africa's Talking posts messages again until the app acknowledges
// them, and any callback may arrive twice, or two copies at the same instant:
// [App.Again] and [WithCopies] test that.
//
// Package clienttest says which outages it plays.
//
// # What is not known
//
// The names of the fields are documented. Their order was observed for delivery
// reports alone. The User-Agent was never observed, so this package sends none. How
// long Africa's Talking waits for an answer is not documented for SMS; the default
// here is 10 seconds, as for USSD.
package smstest
