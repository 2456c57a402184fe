package internal_test

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/client"
	"github.com/sautigo/africastalking/examples/internal/account"
	"github.com/sautigo/africastalking/examples/internal/exampletest"
)

func TestNoAccount(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	c, sentence, err := account.New(exampletest.Environ(nil), &out)
	if err != nil || sentence != "No account: SMS replies are printed here." {
		t.Fatalf("New returned %q, %v", sentence, err)
	}
	got, err := c.Send(t.Context(), client.Message{
		To: []string{"+254711000001", "+254711000002"}, Text: "two\nlines", From: "21512",
	})
	if err != nil {
		t.Fatal(err)
	}
	cost := africastalking.Cents("KES", 80)
	want := client.Result{
		Recipients: []client.Recipient{
			{Number: "+254711000001", Outcome: client.Accepted, StatusCode: 101, Status: "Success", Cost: cost, CostText: "KES 0.8000"},
			{Number: "+254711000002", Outcome: client.Accepted, StatusCode: 101, Status: "Success", Cost: cost, CostText: "KES 0.8000"},
		},
		Summaries: []client.Summary{{
			Text: "Sent to 2/2 Total Cost: KES 1.6000", Sent: 2, Total: 2, Cost: africastalking.Cents("KES", 160),
		}},
	}
	for i := range got.Recipients {
		if got.Recipients[i].MessageID == "" {
			t.Errorf("recipient %d has no message ID", i)
		}
		got.Recipients[i].MessageID = ""
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("result (-want +got):\n%s", diff)
	}
	// A premium reply from an ordinary number.
	_, err = c.Send(t.Context(), client.Message{To: []string{"+254711000003"}, Text: "one", From: "+254711000942", LinkID: "0309"})
	if err != nil {
		t.Fatal(err)
	}
	const printed = `SMS from "21512" to "***01": "two\nlines"
SMS from "21512" to "***02": "two\nlines"
SMS from "+***42" to "***03": "one"
`
	if diff := cmp.Diff(printed, out.String()); diff != "" {
		t.Errorf("printed (-want +got):\n%s", diff)
	}
}

func TestAccount(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ username, key, sentence, err string }{
		{"acme", "atsk_secret", "SMS replies are sent through Africa's Talking: client(host=api.africastalking.com).", ""},
		{"sandbox", "atsk_secret", "SMS replies are sent through Africa's Talking: client(host=api.sandbox.africastalking.com).", ""},
		{"acme", "", "", "AT_USERNAME is set but AT_API_KEY is not: set both to send, or none to do without an account"},
		{"", "atsk_secret", "", "AT_API_KEY is set but AT_USERNAME is not: set both to send, or none to do without an account"},
		{"acme", "atsk_secret\n", "", "client: API key contains white space or a character that is not ASCII"},
	} {
		_, sentence, err := account.New(exampletest.Environ(map[string]string{"AT_USERNAME": tt.username, "AT_API_KEY": tt.key}), nil)
		text := ""
		if err != nil {
			text = err.Error()
		}
		if text != tt.err || err == nil && sentence != tt.sentence {
			t.Errorf("username %q: New returned %q, %v", tt.username, sentence, err)
		}
	}
}
