package voice_test

import (
	"fmt"
	"time"

	"github.com/sautigo/africastalking/voice"
)

func ExampleRespond() {
	r := voice.Respond(
		voice.GetDigits{
			Prompt:      voice.Say{Text: "Press 1 for Tom & Jerry."},
			NumDigits:   1,
			CallbackURL: "https://example.com/menu?lang=en&step=2",
		},
		voice.Say{Text: "We did not hear you. Goodbye."},
	)
	fmt.Println(r.String())
	// Output:
	// <?xml version="1.0" encoding="UTF-8"?><Response><GetDigits numDigits="1" callbackUrl="https://example.com/menu?lang=en&amp;step=2"><Say>Press 1 for Tom &amp; Jerry.</Say></GetDigits><Say>We did not hear you. Goodbye.</Say></Response>
}

func ExampleResponse_Err() {
	r := voice.Respond(
		voice.Say{Text: "Please hold."},
		voice.Dial{PhoneNumbers: voice.Numbers("+254711000001", "")},
	)
	fmt.Println(r.Err())
	// Output:
	// voice: action 2 (Dial): phoneNumbers: number 2 is empty
}

func ExampleResponse_Check() {
	r := voice.Respond(
		voice.Say{Text: "One moment."},
		voice.Redirect{URL: "https://example.com/next"},
		voice.Say{Text: "Goodbye."},
	)
	fmt.Println(r.Check())
	// Output:
	// voice: action 3 (Say) never runs after Redirect
}

func ExampleResponse_UnmarshalText() {
	var r voice.Response
	err := r.UnmarshalText([]byte(`
		<Response>
			<Dial ringbackTone="https://example.com/ring.mp3" phoneNumbers="+254711000001,acme.agent1" maxDuration="90"/>
		</Response>`))
	if err != nil {
		fmt.Println(err)
		return
	}
	dial := r.Actions()[0].(voice.Dial)
	fmt.Println(dial.PhoneNumbers.Split(), dial.MaxDuration, dial.RingBackTone)
	// Output:
	// [+254711000001 acme.agent1] 1m30s https://example.com/ring.mp3
}

func ExampleResponse_Actions() {
	r := voice.Respond(voice.Say{Text: "Karibu"}, voice.Record{})
	for _, a := range r.Actions() {
		switch a := a.(type) {
		case voice.Say:
			fmt.Println("says", a.Text)
		case voice.Record:
			fmt.Println("records, to the end:", a == voice.Record{})
		}
	}
	// Output:
	// says Karibu
	// records, to the end: true
}

func ExampleSay() {
	fmt.Println(voice.Respond(voice.Say{Text: "Karibu", Voice: voice.EnGBWavenetA}).String())
	// Output:
	// <?xml version="1.0" encoding="UTF-8"?><Response><Say voice="en-GB-Wavenet-A">Karibu</Say></Response>
}

func ExampleSSML() {
	fmt.Println(voice.Respond(voice.SSML{
		Speech: voice.Speech{}.Text("Your code is ").SayAs(voice.SayAs{As: voice.AsCharacters, Text: "X7Q"}),
		Voice:  voice.EnUSWavenetC,
	}).String())
	// Output:
	// <?xml version="1.0" encoding="UTF-8"?><Response><Say voice="en-US-Wavenet-C"><speak>Your code is <say-as interpret-as="characters">X7Q</say-as></speak></Say></Response>
}

func ExampleSpeech() {
	s := voice.Speech{}.
		Text("Take a deep breath.").
		Break(200*time.Millisecond).
		Emphasis(voice.EmphasisStrong, "Exhale").
		Text(" <slowly>.")
	fmt.Println(s.String())
	// Output:
	// <speak>Take a deep breath.<break time="200ms"/><emphasis level="strong">Exhale</emphasis> &lt;slowly&gt;.</speak>
}

func ExampleSpeech_Prosody() {
	amount := voice.Speech{}.Text("You sent ").Sub("KES", "Kenya shillings").Text(" 500.")
	s := voice.Speech{}.
		Paragraph(voice.Speech{}.Prosody(voice.Prosody{Rate: "slow"}, amount)).
		Sentence(voice.Speech{}.Text("Goodbye."))
	fmt.Println(s.String())
	// Output:
	// <speak><p><prosody rate="slow">You sent <sub alias="Kenya shillings">KES</sub> 500.</prosody></p><s>Goodbye.</s></speak>
}

func ExamplePlay() {
	fmt.Println(voice.Respond(voice.Play{URL: "https://example.com/audio/welcome.mp3"}).String())
	// Output:
	// <?xml version="1.0" encoding="UTF-8"?><Response><Play url="https://example.com/audio/welcome.mp3"/></Response>
}

// To be asked again when the caller presses nothing, put a Redirect to yourself
// behind GetDigits.
func ExampleGetDigits() {
	fmt.Println(voice.Respond(
		voice.GetDigits{
			Prompt:      voice.Play{URL: "https://example.com/audio/menu.mp3"},
			Timeout:     10 * time.Second,
			FinishOnKey: "#",
		},
		voice.Redirect{URL: "https://example.com/voice?silent=1"},
	).String())
	// Output:
	// <?xml version="1.0" encoding="UTF-8"?><Response><GetDigits timeout="10" finishOnKey="#"><Play url="https://example.com/audio/menu.mp3"/></GetDigits><Redirect>https://example.com/voice?silent=1</Redirect></Response>
}

func ExampleDial() {
	fmt.Println(voice.Respond(voice.Dial{
		PhoneNumbers: "+254711000001",
		Record:       true,
		RingBackTone: "https://example.com/audio/ring.mp3",
		MaxDuration:  10 * time.Minute,
	}).String())
	// Output:
	// <?xml version="1.0" encoding="UTF-8"?><Response><Dial phoneNumbers="+254711000001" record="true" ringBackTone="https://example.com/audio/ring.mp3" ringbackTone="https://example.com/audio/ring.mp3" maxDuration="600"/></Response>
}

// Numbers that are known only at run time go through Numbers, so that a comma
// in one of them cannot add another.
func ExampleNumbers() {
	agents := []string{"+254711000001", "agent@ke.sip.africastalking.com"}
	fmt.Println(voice.Respond(voice.Dial{PhoneNumbers: voice.Numbers(agents...)}).String())
	fmt.Println(voice.Respond(voice.Dial{PhoneNumbers: voice.Numbers("+254711000001,+254711000002")}).Err())
	// Output:
	// <?xml version="1.0" encoding="UTF-8"?><Response><Dial phoneNumbers="+254711000001,agent@ke.sip.africastalking.com"/></Response>
	// voice: action 1 (Dial): phoneNumbers: number 1 holds a comma, white space or an invisible character
}

func ExampleRecord() {
	fmt.Println(voice.Respond(voice.Record{
		Prompt:      voice.Say{Text: "Please say your name after the beep."},
		FinishOnKey: "#",
		MaxLength:   10 * time.Second,
		PlayBeep:    true,
	}).String())
	fmt.Println(voice.Respond(voice.Record{}).String())
	// Output:
	// <?xml version="1.0" encoding="UTF-8"?><Response><Record finishOnKey="#" maxLength="10" playBeep="true"><Say>Please say your name after the beep.</Say></Record></Response>
	// <?xml version="1.0" encoding="UTF-8"?><Response><Record/></Response>
}

func ExampleEnqueue() {
	fmt.Println(voice.Respond(voice.Enqueue{HoldMusic: "https://example.com/audio/wait.mp3", Name: "support"}).String())
	// Output:
	// <?xml version="1.0" encoding="UTF-8"?><Response><Enqueue holdMusic="https://example.com/audio/wait.mp3" name="support"/></Response>
}

func ExampleDequeue() {
	fmt.Println(voice.Respond(voice.Dequeue{PhoneNumber: "+254711000000", Name: "support"}).String())
	// Output:
	// <?xml version="1.0" encoding="UTF-8"?><Response><Dequeue phoneNumber="+254711000000" name="support"/></Response>
}

func ExampleConference() {
	fmt.Println(voice.Respond(voice.Conference{}).String())
	// Output:
	// <?xml version="1.0" encoding="UTF-8"?><Response><Conference/></Response>
}

func ExampleRedirect() {
	fmt.Println(voice.Respond(voice.Redirect{URL: "https://example.com/voice/next?step=2&lang=sw"}).String())
	// Output:
	// <?xml version="1.0" encoding="UTF-8"?><Response><Redirect>https://example.com/voice/next?step=2&amp;lang=sw</Redirect></Response>
}

func ExampleReject() {
	fmt.Println(voice.Respond(voice.Reject{}).String())
	// Output:
	// <?xml version="1.0" encoding="UTF-8"?><Response><Reject/></Response>
}
