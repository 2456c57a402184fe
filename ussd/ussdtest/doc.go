// Package ussdtest is a phone to test USSD apps with, in plain go test, without
// network or account:
//
//	func TestBalance(t *testing.T) {
//		p := ussdtest.New(t, handler)
//		p.Dial("*384*123#").Sees("1. Balance", "2. My number")
//		p.Send("1").Ends("Your balance is KES 5.00.")
//	}
//
// The handler gets the requests that Africa's Talking sends, byte for byte as they
// were observed, and the phone reads its answers as strictly as Africa's Talking and the
// mobile networks do. On every hop the phone checks for faults that a subscriber would
// suffer from; see [Check]. A failure shows the phone's screen and the text that was
// sent, with secrets in the app's URL masked. It shows PINs: use invented ones.
//
// [New] takes a handler, which is called in memory and may live in a
// testing/synctest bubble; [NewURL] takes the address of a running app. [Walk]
// presses every key on every screen. Both fail on an app that apologises, and in memory
// show the error behind it. [Golden] keeps whole sessions as files, and
// [Replay] plays them.
//
// A [Phone] is used by one goroutine; any number of phones may be in sessions with
// one handler at once.
//
// # What the phone does not know
//
// Some of Africa's Talking's behaviour is not documented, and the phone plays the most
// likely or the harshest one: a dialled extension arrives in the text of the first
// hop (or, on request, in the service code), a session fails on every status but
// 200 and is not sent through redirects, and a screen is measured without its CON
// or END. Networks differ in their limits; the phone's default is the smallest one
// that is documented.
package ussdtest
