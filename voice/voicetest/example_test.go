package voicetest_test

import (
	"fmt"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/sautigo/africastalking/voice"
	"github.com/sautigo/africastalking/voice/voicetest"
)

// printer stands in for the *testing.T of a test.
type printer struct{ testing.TB }

func (printer) Helper()                           {}
func (printer) Errorf(format string, args ...any) { fmt.Printf(format+"\n", args...) }
func (printer) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

var t printer

func ExampleNew() {
	p := voicetest.New(t, ivr, voicetest.WithCallbackURL("https://ivr.example.com/voice"))
	p.Dial().Hears("For our opening hours, press 1. To talk to us, press 2.")
	p.Press("1").Ends("We are open from eight to five.")

	p.Dial().Silence().Hears("For our opening hours, press 1. To talk to us, press 2.") // asked again
	p.Press("2").Hears("Please hold the line.").Rings("+254711000099")
	p.AnsweredBy("+254711000099").Wait(time.Minute).TheyHangUp().Ends()

	call, _ := p.Notification()
	fmt.Println(call.Status, call.Duration(), call.Cost(), call.DialDestinationNumber)
	// Output: Success 1m30s KES 2.25 +254711000099
}

func ExampleNewURL() {
	server := httptest.NewServer(ivr)
	defer server.Close()

	// The app names its URLs by the address that Africa's Talking knows.
	p := voicetest.NewURL(t, server.URL+"/voice", voicetest.WithCallbackURL("https://ivr.example.com/voice"))
	p.Dial().Press("1").Ends("We are open from eight to five.")

	fmt.Println(p.Heard()[0].Text)
	// Output: We are open from eight to five.
}

// What a failure looks like.
func ExamplePhone() {
	p := voicetest.New(t, ivr, voicetest.WithCallbackURL("https://ivr.example.com/voice"))
	p.Dial().Press("2").Hears("Please hold.")
	// Output:
	// voicetest: not the expected sounds (-want +got):
	//     - Please hold.
	//     + Please hold the line.
	//     the call of +254711000001 to +254711000942 rings +254711000099, at 0s
	//     heard since "press 2":
	//         say Please hold the line.
	//     the answer of https://ivr.example.com/voice/choice to Active dtmfDigits=2:
	//         <?xml version="1.0" encoding="UTF-8"?>
	//         <Response>
	//         <Say>Please hold the line.</Say>
	//         <Dial phoneNumbers="+254711000099" maxDuration="1800"/>
	//         <Say>All of us are on the phone.</Say>
	//         </Response>
}

func ExamplePhone_Action() {
	p := voicetest.New(t, ivr, voicetest.WithCallbackURL("https://ivr.example.com/voice"))
	dial, ok := p.Dial().Press("2").Action().(voice.Dial)
	fmt.Println(ok, dial.MaxDuration)
	// Output: true 30m0s
}

func ExamplePhone_Transcript() {
	p := voicetest.New(t, ivr, voicetest.WithCallbackURL("https://ivr.example.com/voice"))
	fmt.Print(p.Dial().Silence().Press("2").Unanswered(voice.UserBusy).Transcript())
	// Output:
	// phone +254711000001 on +254711000942
	// dial
	// > https://ivr.example.com/voice Ringing
	// | For our opening hours, press 1. To talk to us, press 2.
	// silence
	// > https://ivr.example.com/voice Active
	// | For our opening hours, press 1. To talk to us, press 2.
	// press 2
	// > https://ivr.example.com/voice/choice Active dtmfDigits=2
	// | Please hold the line.
	// unanswered USER_BUSY
	// | All of us are on the phone.
	// over: Completed Success, 30s, KES 0.750, USER_BUSY
}
