// Package voice answers Africa's Talking's voice callbacks: it builds the XML
// that tells a live call what to do next.
//
// Africa's Talking posts a callback when a call comes in, and again when an action
// has collected digits or a recording. The app answers with a list of actions, which
// Africa's Talking carries out in order:
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
//		log.Fatal(webhook.NewServer(":8080", voice.Handler(answer)).ListenAndServe())
//	}
//
// # Actions
//
// [Say] and [SSML] speak, [Play] plays a file; these three may also be the
// prompt of [GetDigits], which collects keys, and of [Record]. [Dial] connects
// the caller to others, [Enqueue] and [Dequeue] park and pick up callers,
// [Conference] joins them, [Redirect] hands the call to another URL and
// [Reject] refuses it. All are plain values, compared with ==. An action in a place
// where Africa's Talking does not take it does not compile.
//
// Actions after [Redirect], [Reject] or a bare [Record] never run, nor do those after
// a [Dial] or [Dequeue] that was picked up. [Response.Check] reports the cases that
// are certain.
//
// # State
//
// A callback says which keys were pressed, and not which question they answer; the
// function sees neither the path nor the query of the URL. So give each question a
// URL and a handler of its own, and have its [GetDigits] name the next one as
// CallbackURL:
//
//	mux.Handle("/at/{token}/voice", guard(voice.Handler(menu)))
//	mux.Handle("/at/{token}/voice/amount", guard(voice.Handler(amount)))
//
// Functions that differ in a number or a language alone are closures over it, mounted
// in a loop. Keep anything longer, such as an amount that was entered, under
// [Call].SessionID. CallbackURL, [Redirect] and the other addresses are absolute and
// carry the secret of the path: build them from the public URL in the app's settings.
//
// # Rules of the wire
//
//   - This package escapes text and URLs. Characters that XML 1.0 cannot carry, and
//     bytes that are not UTF-8, become U+FFFD.
//   - The same actions always give the same bytes: attributes have a fixed
//     order and there is no white space between elements.
//   - An attribute left at its zero value is not sent, so Africa's Talking uses its
//     own default.
//   - Durations are sent in whole seconds, rounded up.
//   - The ring-back tone of [Dial] is sent as both ringBackTone and
//     ringbackTone, because Africa's Talking's Dial page writes it in both ways.
//   - An invalid action makes the whole [Response] invalid: [Response.Err]
//     says why, and no part of it is sent.
package voice
