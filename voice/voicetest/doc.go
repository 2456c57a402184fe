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
// The handler gets the callbacks that Africa's Talking sends, and the phone carries out
// the XML of its answers as Africa's Talking does: the caller hears texts and audio in
// order, GetDigits and Record wait for the caller and make their callbacks, a Redirect is
// followed, and when no action is left the call ends and the app gets the notification.
// On every answer the phone checks for faults that a caller would suffer from; see
// [Check]. A failure shows the sounds, the state of the call and the XML, with secrets in
// the app's URLs masked. It shows keys: press invented ones.
//
// [New] takes a handler, which is called in memory and may live in a
// testing/synctest bubble; [NewURL] takes the address of a running app. A [Phone] is
// used by one goroutine; any number of phones may be in calls with one handler at
// once.
//
// # Time
//
// The time of a call is simulated, and no test waits for it. Texts and audio take no
// time. [Phone.Wait] and [Phone.Speak] take the time that they are given, and
// [Phone.Silence] takes as long as the time-out that it waits for.
//
// # What the phone does not know
//
// Much of Africa's Talking's behaviour in a call is not documented, and the phone plays
// the most likely or the harshest one:
//
//   - Callbacks go to the URL that has answered last, even one that a Redirect, a
//     GetDigits or a Record has named; so does the notification at the end.
//   - A finish key is not among the digits, unless [WithFinishKeyInDigits] says so, and
//     alone it is no input. Digits that nothing has ended are sent at the time-out.
//   - A caller who hangs up in a recording makes no callback for it: the recording is
//     in the notification.
//   - Around a [voice.Dial] the app is asked twice, as an integration has observed: when
//     it is picked up, which should be answered with an empty response, and after the
//     conversation. After a Dial that is not picked up, the next action runs without a
//     callback.
//   - When a caller is taken out of a queue, the app is asked once, as the two are
//     connected, and the call ends with their conversation.
//   - An answer that is late, has another status than 200 or 201, or is not well-formed
//     ends the call. So does a call that makes 50 callbacks while the caller does
//     nothing.
//   - Time-outs run anew after each key, and that of a Record is of silence.
package voicetest
