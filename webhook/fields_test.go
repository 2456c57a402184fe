package webhook_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/sms"
	"github.com/sautigo/africastalking/ussd"
	"github.com/sautigo/africastalking/voice"
	"github.com/sautigo/africastalking/webhook"
	"github.com/sautigo/africastalking/webhook/airtime"
)

// An id is absent as "0", too.
func TestFieldsID(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		"id=x": "x x <nil>", "id=00": "00 00 <nil>",
		"id=0":    `  webhook: field id: missing`,
		"id=":     `  webhook: field id: missing`,
		"id=None": `  webhook: field id: missing`,
		"":        `  webhook: field id: missing`,
		"ID=x":    `  webhook: field id: malformed: sent in another letter case`,
	} {
		form, err := webhook.ParseForm([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		r := form.Fields()
		id, required := r.ID("id"), r.RequiredID("id")
		if got := fmt.Sprint(id, " ", required, " ", r.Err()); got != want {
			t.Errorf("%s: %s, want %s", body, got, want)
		}
	}
}

// A phone number whose plus was not escaped, as in the samples of curl in the
// documentation, has it all the same, and what a person typed has its blanks.
func TestUnescapedPlus(t *testing.T) {
	t.Parallel()
	const number, masked = "+254711000001", "+254711XXXYYY"
	for name, test := range map[string]struct{ got, want any }{
		"sms": {parsed[sms.IncomingMessage](t, "id=1&from="+number+"&to="+number+"&text=+254711000001"),
			sms.IncomingMessage{ID: "1", From: number, To: number, Text: " 254711000001"}},
		"report": {parsed[sms.DeliveryReport](t, "id=1&status=Success&phoneNumber="+number),
			sms.DeliveryReport{ID: "1", Status: sms.Success, PhoneNumber: number}},
		"opt-out": {parsed[sms.OptOut](t, "senderId=+S+1&phoneNumber="+masked),
			sms.OptOut{SenderID: " S 1", PhoneNumber: masked}},
		"ussd": {parsed[ussd.Request](t, "sessionId=s&phoneNumber="+number+"&text=1*+254711000001"),
			ussd.Request{SessionID: "s", PhoneNumber: number, Text: "1* 254711000001"}},
		"voice": {parsed[voice.Call](t, "sessionId=s&isActive=1&callerNumber="+number+"&destinationNumber="+number),
			voice.Call{SessionID: "s", IsActive: true, CallerNumber: number, DestinationNumber: number}},
		"airtime": {parsed[airtime.Status](t, "requestId=r&status=Success&phoneNumber="+number+"&value=KES+5"),
			airtime.Status{RequestID: "r", Outcome: airtime.Success, PhoneNumber: number, Value: kes(5_000_000)}},
		"validation": {parsed[airtime.Validation](t, "transactionId=t&currencyCode=KES&amount=5&phoneNumber="+number),
			airtime.Validation{TransactionID: "t", CurrencyCode: "KES", Amount: africastalking.Money{Micros: 5_000_000}, PhoneNumber: number}},
		"escaped":      {parsed[sms.OptOut](t, "senderId=S&phoneNumber=%2B254711000001"), sms.OptOut{SenderID: "S", PhoneNumber: number}},
		"a short code": {parsed[sms.OptOut](t, "senderId=22384&phoneNumber=%2B254711000001"), sms.OptOut{SenderID: "22384", PhoneNumber: number}},
	} {
		if diff := cmp.Diff(test.want, test.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func parsed[T any](t *testing.T, form string) T {
	t.Helper()
	v, err := webhook.Parse[T](post(formType, form))
	if err != nil {
		t.Errorf("%s: %v", form, err)
	}
	return v
}
