package africastalking_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"

	"github.com/sautigo/africastalking/sms"
	"github.com/sautigo/africastalking/ussd"
	"github.com/sautigo/africastalking/voice"
	"github.com/sautigo/africastalking/webhook"
)

func receive(_ context.Context, m sms.IncomingMessage) error {
	fmt.Printf("%s wrote %q\n", m.From, m.Text)
	return nil
}

func delivered(_ context.Context, r sms.DeliveryReport) error {
	if r.Status.Final() {
		fmt.Println("message", r.ID, "has come to its end:", r.Status)
	}
	return nil
}

func menu(_ context.Context, r ussd.Request) (ussd.Response, error) {
	switch {
	case r.First():
		return ussd.Continue("Hello.\n1. My number"), nil
	case r.Last() == "1":
		return ussd.End("Your number is " + r.PhoneNumber), nil
	}
	return ussd.End("There is no such choice."), nil
}

func greet(_ context.Context, c voice.Call) (voice.Response, error) {
	return voice.Respond(voice.Say{Text: "Karibu. You called " + c.DestinationNumber + "."}), nil
}

// One mux takes all the callbacks of an app. The secret in their path is all that
// tells Africa's Talking from anybody else.
func Example() {
	guard := webhook.RequireToken(webhook.PathToken("token"), "3f0e4a539c5b0d6f0a4f6b1e5ee5a1c8")
	mux := http.NewServeMux()
	mux.Handle("/at/{token}/sms", guard(sms.IncomingMessageHandler(receive)))
	mux.Handle("/at/{token}/reports", guard(sms.DeliveryReportHandler(delivered)))
	mux.Handle("/at/{token}/ussd", guard(ussd.Handler(menu)))
	mux.Handle("/at/{token}/voice", guard(voice.Handler(greet)))

	server := httptest.NewServer(mux) // in an app: webhook.NewServer(":8080", mux)
	defer server.Close()
	at := server.URL + "/at/3f0e4a539c5b0d6f0a4f6b1e5ee5a1c8"

	for _, callback := range []struct{ path, form string }{
		{"/sms", "id=1&from=%2B254711000001&to=12345&text=hello"},
		{"/reports", "id=ATXid_1&status=Success&phoneNumber=%2B254711000001"},
		{"/ussd", "sessionId=ATUid_1&phoneNumber=%2B254711000001&serviceCode=%2A384%23&text=1"},
		{"/voice", "sessionId=ATVId_1&isActive=1&destinationNumber=%2B254711000942"},
	} {
		values, err := url.ParseQuery(callback.form)
		if err != nil {
			log.Fatal(err)
		}
		res, err := http.PostForm(at+callback.path, values)
		if err != nil {
			log.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		if err != nil {
			log.Fatal(err)
		}
		res.Body.Close()
		fmt.Println(res.StatusCode, strings.TrimPrefix(string(body), `<?xml version="1.0" encoding="UTF-8"?>`))
	}
	// Output:
	// +254711000001 wrote "hello"
	// 200 GOOD
	// message ATXid_1 has come to its end: Success
	// 200 OK
	// 200 END Your number is +254711000001
	// 200 <Response><Say>Karibu. You called +254711000942.</Say></Response>
}
