package webhook_test

import (
	"encoding/json"
	"maps"
	"net/url"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/webhook"
)

func kes(micros int64) africastalking.Money {
	return africastalking.Money{Currency: "KES", Micros: micros}
}

var payments = map[string]Payment{
	"payments_notification_c2b.json": {
		TransactionID: "ATPid_00000000000000000000000000000001", Category: "MobileC2B", Provider: "Mpesa", ProviderRefID: "MABCDEF123",
		ProviderChannel: "525900", ClientAccount: "acme", ProductName: "shop", SourceType: "PhoneNumber", Source: "+254700000001",
		DestinationType: "Wallet", Destination: "PaymentWallet", Value: kes(100_500_000), TransactionFee: kes(1_500_000), ProviderFee: kes(5_500_000),
		Status: "Success", Description: "Received Mobile C2B Payment", RequestMetadata: map[string]string{},
		ProviderMetadata: json.RawMessage("{\n      \"KYCName\": \"TestCustomer\"\n   }"),
		TransactionDate:  time.Date(2018, time.July, 21, 11, 30, 28, 0, time.UTC),
	},
	"payments_notification_b2c.json": {
		TransactionID: "ATPid_00000000000000000000000000000002", Category: "MobileB2C", Provider: "Mpesa", ProviderChannel: "525900",
		ProductName: "shop", SourceType: "Wallet", Source: "PaymentWallet", DestinationType: "PhoneNumber", Destination: "+254700000001",
		Value: kes(1_500_000), Status: "Failed", Description: "The initiator information is invalid.",
		RequestMetadata: map[string]string{"id": "1233", "reason": "salary"},
		TransactionDate: time.Date(2022, time.April, 29, 1, 44, 51, 0, time.UTC),
	},
	"payments_c2b_validation.json": {
		Provider: "Mpesa", ClientAccount: "acme", ProductName: "shop", Value: kes(100_500_000), ProviderMetadata: json.RawMessage("{}"),
	},
}

// A payment notification is one type, in JSON and as a form.
func TestPayment(t *testing.T) {
	t.Parallel()
	for file, want := range payments {
		body, err := os.ReadFile("testdata/" + file)
		if err != nil {
			t.Fatal(err)
		}
		got, err := webhook.Parse[Payment](post(jsonType, string(body)))
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", file, diff)
		}
		var members map[string]any
		if err := json.Unmarshal(body, &members); err != nil {
			t.Fatal(err)
		}
		form := url.Values{}
		for key, value := range members {
			switch value := value.(type) {
			case string:
				form.Set(key, value)
			case map[string]any:
				for below := range maps.Keys(value) {
					text, _ := json.Marshal(value[below])
					var s string
					if json.Unmarshal(text, &s) != nil {
						s = string(text)
					}
					form.Set(key+"."+below, s)
				}
			}
		}
		got, err = webhook.Parse[Payment](post(formType, form.Encode()))
		if err != nil {
			t.Fatalf("%s as a form: %v", file, err)
		}
		if len(want.RequestMetadata) == 0 {
			want.RequestMetadata = nil
		}
		if want.ProviderMetadata != nil {
			want.ProviderMetadata = json.RawMessage(`{"KYCName":"TestCustomer"}`)
		}
		if file == "payments_c2b_validation.json" {
			want.ProviderMetadata = nil
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s as a form (-want +got):\n%s", file, diff)
		}
	}
}

// One json tag beside the schema tags changes nothing.
func TestBothTags(t *testing.T) {
	t.Parallel()
	type both struct {
		ID    string               `schema:"id" json:"id"`
		Date  time.Time            `schema:"date" json:"date"`
		Value africastalking.Money `schema:"value" json:"other"`
		N     int                  `schema:"n"`
		Paid  bool                 `schema:"paid" json:"paid"`
		Note  string               `schema:"note" json:"note"`
		Meta  map[string]any       `schema:"meta" json:"meta"`
	}
	date := time.Date(2022, time.April, 29, 1, 44, 51, 0, time.UTC)
	for body, want := range map[string]both{
		`{"id":"7","date":"2022-04-29 01:44:51","value":"KES 1.50","n":"5","paid":"1","note":5,"meta":{"a":[1]}}`: {
			ID: "7", Date: date, Value: kes(1_500_000), N: 5, Paid: true, Note: "5", Meta: map[string]any{"a": []any{1.0}}},
		`{"id":7,"date":"2022-04-29T01:44:51Z","value":1.5,"n":5,"paid":true,"note":"None","meta":[]}`: {
			ID: "7", Date: date, Value: africastalking.Money{Micros: 1_500_000}, N: 5, Paid: true, Note: "None", Meta: map[string]any{}},
		`{"id":"None","date":"None","value":"None","n":"None","paid":"None","meta":"None"}`: {},
		`{"id":"","date":"","value":"","n":"","paid":"","note":"","meta":""}`:               {},
		`{"id":null,"date":null,"value":null,"n":null,"paid":null,"note":null,"meta":null}`: {},
		`{"id":"0","date":"yesterday","value":"much"}`:                                      {},
		`{"id":0,"date":20220429,"value":"KES"}`:                                            {},
		`{"other":"KES 1.50","ID2":1,"unknown":{"a":[{"b":null},[]],"c":{}},"meta":{}}`:     {Meta: map[string]any{}},
	} {
		got, err := webhook.Parse[both](post(jsonType, body))
		if err != nil {
			t.Errorf("%s: %v", body, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", body, diff)
		}
	}
}

// A type with json tags alone reads the dates of Africa's Talking, too, wherever
// they are.
func TestDatesOfJSONTags(t *testing.T) {
	t.Parallel()
	type entry struct {
		At *time.Time `json:"at"`
	}
	type dated struct {
		entry
		Date    time.Time        `json:"date"`
		Entries []entry          `json:"entries"`
		Text    string           `json:"text"`
		Any     map[string]entry `json:"any"`
	}
	date := time.Date(2022, time.April, 29, 1, 44, 51, 0, time.UTC)
	for body, want := range map[string]any{
		`{"date":"2022-04-29 01:44:51","at":"2022-04-29 01:44:51","entries":[{"at":"2022-04-29 01:44:51"},{"at":"None"}],"text":"2022-04-29 01:44:51"}`: dated{
			entry: entry{&date}, Date: date, Entries: []entry{{&date}, {}}, Text: "2022-04-29 01:44:51"},
		`{"date":"","text":"x"}`:                  dated{Text: "x"},
		`{"date":"yesterday"}`:                    "webhook: field date: malformed: does not fit",
		`{"text":1,"date":"2022-04-29 01:44:51"}`: "webhook: field text: malformed: not of type string",
	} {
		got, err := webhook.Parse[dated](post(jsonType, body))
		if text, ok := want.(string); ok {
			if err == nil || err.Error() != text {
				t.Errorf("%s: error %v, want %s", body, err, text)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", body, err)
		}
		if diff := cmp.Diff(want, any(got), cmp.AllowUnexported(dated{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", body, diff)
		}
	}
}
