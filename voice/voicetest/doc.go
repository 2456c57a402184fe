// Package voicetest is a phone to test voice apps with, in plain go test, without
// network or account:
//
//	func TestIVR(t *testing.T) {
//		p := voicetest.New(t, handler, voicetest.WithCallbackURL("https://ivr.example.com/voice"))
//		p.Dial().Hears("For our opening hours, press 1. To talk to us, press 2.")
//		p.Press("1").Ends("We are open from eight to five.")
//
//		p.Dial().Silence().Ends("Goodbye.") // nothing was pressed
//
//		p.Dial().Press("2").Hears("Please hold the line.").Rings("+254711000099")
//		p.AnsweredBy("+254711000099").Wait(time.Minute).TheyHangUp().Ends()
//	}
//
// The handler gets the callbacks that Africa's Talking sends, and the XML that it
// answers with is carried out as Africa's Talking does: what is said and played is
// heard in order, GetDigits and Record wait for the caller and make their callbacks,
// a Redirect is followed, and when nothing is left to do the call ends and the app
// is notified. On every answer the phone checks, without being asked, what a caller
// would suffer from; see [Check]. A failure shows what was heard, where the call is,
// and the XML. It shows keys, too: press invented ones.
//
// [New] takes a handler, which is called in memory and may live in a
// testing/synctest bubble; [NewURL] takes the address of a running app. A [Phone] is
// used by one goroutine; any number of phones may be in calls with one handler at
// once.
//
// # Time
//
// The time of a call is simulated, and no test waits for it. What is said or played
// takes none. [Phone.Wait] takes what it says, [Phone.Speak] too, and
// [Phone.Silence] as long as the time-out that it waits for.
//
// # What the phone does not know
//
// Much of what Africa's Talking does in a call is not documented, and the phone plays
// what is most likely or harshest:
//
//   - Callbacks go to the URL that has answered last, be it named by a Redirect, a
//     GetDigits or a Record; so does the notification at the end.
//   - A finish key is not among the digits, unless [WithFinishKeyInDigits] says so, and
//     alone it is no input. Digits that nothing has ended are sent at the time-out.
//   - A caller who hangs up in a recording makes no callback for it: the recording is
//     in the notification.
//   - Around a [voice.Dial] the app is asked twice, as an integration has observed: when
//     it is picked up, which should be answered with an empty response, and after the
//     conversation. After a Dial that nobody picks up, the next action runs without a
//     callback.
//   - When a caller is taken out of a queue, the app is asked once, as the two are
//     connected, and the call ends with their conversation.
//   - An answer that is late, has another status than 200 or 201, or is not well-formed
//     ends the call. So does a call that makes 50 callbacks while the caller does
//     nothing.
//   - Time-outs run anew after each key, and that of a Record is of silence.
package voicetest
