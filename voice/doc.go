// Package voice answers Africa's Talking's voice callbacks: it builds the XML
// that tells a live call what to do next.
//
// Africa's Talking posts a callback when a call comes in, and again whenever
// an action has collected something (digits, a recording). The answer is a
// list of actions, carried out in order:
//
//	func answer(ctx context.Context, call voice.Call) (voice.Response, error) {
//		return voice.Respond(
//			voice.GetDigits{
//				Prompt:      voice.Say{Text: "Press 1 to talk to us, then the hash key."},
//				FinishOnKey: "#",
//			},
//			voice.Say{Text: "We did not hear you. Goodbye."},
//		), nil
//	}
//
//	func main() {
//		http.Handle("/voice", voice.Handler(answer))
//		log.Fatal(http.ListenAndServe(":8080", nil))
//	}
//
// # Actions
//
// [Say] and [SSML] speak, [Play] plays a file; these three may also be the
// prompt of [GetDigits], which collects keys, and of [Record]. [Dial] connects
// the caller to others, [Enqueue] and [Dequeue] park and pick up callers,
// [Conference] joins them, [Redirect] hands the call to another URL and
// [Reject] refuses it. All are plain values, compared with ==, and an action in
// a place where Africa's Talking does not take it does not compile.
//
// Nothing said after [Redirect], [Reject] or a bare [Record] is ever heard, nor
// after a [Dial] or [Dequeue] that was picked up; [Response.Check] reports the
// cases that are certain.
//
// # Rules of the wire
//
//   - Text and URLs go in as they are: they are escaped here. Characters that
//     XML 1.0 cannot carry, and bytes that are not UTF-8, become U+FFFD.
//   - The same actions always give the same bytes: attributes have a fixed
//     order and there is no white space between elements.
//   - An attribute left at its zero value is not sent, and Africa's Talking
//     then uses its own default.
//   - Durations are sent in whole seconds, rounded up.
//   - The ring-back tone of [Dial] is sent as both ringBackTone and
//     ringbackTone, because Africa's Talking's Dial page writes it in both ways.
//   - An invalid action makes the whole [Response] invalid: [Response.Err]
//     says why, and nothing is sent of it.
package voice
