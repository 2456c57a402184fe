package main

import (
	"bytes"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/client"
)

func TestStandIn(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	c := client.New("sandbox", "no-key", client.WithHTTPClient(standIn(&out)))
	got, err := c.Send(t.Context(), client.Message{
		To: []string{"+254711000001", "+254711000002"}, Text: "two\nlines", From: "21512",
	})
	if err != nil {
		t.Fatal(err)
	}
	cost := africastalking.Money{Currency: "KES", Micros: 800_000}
	want := client.Result{
		Recipients: []client.Recipient{
			{Number: "+254711000001", Outcome: client.Accepted, StatusCode: 101, Status: "Success", Cost: cost, CostText: "KES 0.8000"},
			{Number: "+254711000002", Outcome: client.Accepted, StatusCode: 101, Status: "Success", Cost: cost, CostText: "KES 0.8000"},
		},
		Summaries: []client.Summary{{
			Text: "Sent to 2/2 Total Cost: KES 1.6000", Sent: 2, Total: 2,
			Cost: africastalking.Money{Currency: "KES", Micros: 1_600_000},
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
	const printed = `SMS from "21512" to "+254711000001": "two\nlines"
SMS from "21512" to "+254711000002": "two\nlines"
`
	if diff := cmp.Diff(printed, out.String()); diff != "" {
		t.Errorf("printed (-want +got):\n%s", diff)
	}
}

func TestStandInKnowsNothingElse(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	resp, err := standIn(&out).Post("http://gateway/version1/airtime/send", "application/json", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusNotFound || out.Len() != 0 {
		t.Errorf("another path is answered %s and prints %q, want 404 and nothing", resp.Status, &out)
	}
}
