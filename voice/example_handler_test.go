package voice_test

import (
	"context"
	"fmt"
	"net/http/httptest"

	"github.com/sautigo/africastalking/voice"
)

func ExampleHandler() {
	h := voice.Handler(func(_ context.Context, call voice.Call) (voice.Response, error) {
		switch call.DTMFDigits {
		case "":
			return voice.Respond(
				voice.GetDigits{Prompt: voice.Say{Text: "Press 1 for opening hours."}, NumDigits: 1},
				voice.Say{Text: "We got no key. Goodbye."},
			), nil
		case "1":
			return voice.Respond(voice.Say{Text: "We are open from eight to five."}), nil
		}
		return voice.Respond(voice.Say{Text: "There is no such choice."}), nil
	})

	w := httptest.NewRecorder()
	h.ServeHTTP(w, post("isActive=1&sessionId=ATVId_1&callerNumber=%2B254711000001&dtmfDigits=1"))
	fmt.Println(w.Body)
	// Output: <?xml version="1.0" encoding="UTF-8"?><Response><Say>We are open from eight to five.</Say></Response>
}

func ExampleOnEnd() {
	h := voice.Handler(
		func(context.Context, voice.Call) (voice.Response, error) {
			return voice.Respond(voice.Say{Text: "Hello"}), nil
		},
		voice.OnEnd(func(_ context.Context, call voice.Call) error {
			fmt.Println(call.SessionID, "took", call.Duration(), "and cost", call.Cost())
			return nil
		}))

	h.ServeHTTP(httptest.NewRecorder(), post("isActive=0&sessionId=ATVId_1&durationInSeconds=39&amount=1.25&currencyCode=KES"))
	// Output: ATVId_1 took 39s and cost KES 1.25
}

func ExampleEventHandler() {
	h := voice.EventHandler(func(_ context.Context, call voice.Call) error {
		if call.Transfer() {
			fmt.Println("transfer:", call.CallTransferState)
		}
		return nil
	})

	h.ServeHTTP(httptest.NewRecorder(), post("isActive=1&sessionId=ATVId_1&callSessionState=Transferred&callTransferState=Active"))
	// Output: transfer: Active
}

func ExampleParse() {
	call, err := voice.Parse(post("isActive=1&sessionId=ATVId_1&callerNumber=agent.kim&clientDialedNumber=0711000001"))
	fmt.Println(call.Person(), call.FromClient(), err)
	// Output: 0711000001 true <nil>
}
