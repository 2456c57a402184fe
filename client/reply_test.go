package client_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/client"
)

const sampleID = "ATXid_bcc7830d645ab7207ecc747d02f28411"

func TestReply(t *testing.T) {
	t.Parallel()
	usd := africastalking.Money{Currency: "USD", Micros: 7_900}
	tzs := africastalking.Money{Currency: "TZS", Micros: 44_000_000}
	const refusedSummary = "Sent to 0/1 Total Cost: 0"
	tests := []struct {
		sample string
		to     []string
		want   client.Result
		kinds  []error
	}{
		{"reply_sandbox.json", []string{number1}, client.Result{
			Recipients: []client.Recipient{{Number: number1, Outcome: client.Accepted, StatusCode: 102, Status: "Success",
				MessageID: sampleID, Cost: kes(800_000), CostText: "KES 0.8000"}},
			Summaries: []client.Summary{{Text: "Sent to 1/1 Total Cost: USD 0.0079 Message parts: 1", Sent: 1, Total: 1, Cost: usd, Parts: 1}},
		}, nil},
		{"reply_sandbox_2023.json", []string{number1}, client.Result{
			Recipients: []client.Recipient{{Number: number1, Outcome: client.Accepted, StatusCode: 101, Status: "Success",
				MessageID: sampleID, Cost: kes(800_000), CostText: "KES 0.8000"}},
			Summaries: []client.Summary{{Text: "Sent to 1/1 Total Cost: KES 0.8000", Sent: 1, Total: 1, Cost: kes(800_000)}},
		}, nil},
		{"reply_premium.json", []string{number1}, client.Result{
			Recipients: []client.Recipient{{Number: number1, Outcome: client.Accepted, StatusCode: 101, Status: "Success",
				MessageID: sampleID, CostText: "0"}},
			Summaries: []client.Summary{{Text: "Sent to 1/1", Sent: 1, Total: 1}},
		}, nil},
		{"reply_invalid_sender.json", []string{number1, number2}, client.Result{
			Recipients: recipients(client.Refused, number1, number2),
			Summaries:  []client.Summary{{Text: "InvalidSenderId"}},
		}, []error{client.ErrRefused}},
		{"reply_do_not_disturb.json", []string{"+2348000000001"}, client.Result{
			Recipients: []client.Recipient{{Number: "+2348000000001", Outcome: client.Refused, StatusCode: 409,
				Status: "DoNotDisturbRejection", CostText: "0"}},
			Summaries: []client.Summary{{Text: refusedSummary, Total: 1}},
		}, []error{client.ErrRefused}},
		{"reply_no_code.json", []string{"+250700000001"}, client.Result{
			Recipients: []client.Recipient{{Number: "+250700000001", Outcome: client.Refused, Status: "Could Not Send", CostText: "0"}},
			Summaries:  []client.Summary{{Text: refusedSummary, Total: 1}},
		}, []error{client.ErrRefused}},
		{"reply_live.json", []string{number1, number2}, client.Result{
			Recipients: []client.Recipient{
				{Number: number1, Outcome: client.Accepted, StatusCode: 101, Status: "Success",
					MessageID: "ATXid_00000000000000000000000000000001", Cost: kes(800_000), CostText: "KES 0.8000", MessageParts: 1},
				{Number: number2, Outcome: client.Accepted, StatusCode: 101, Status: "Success",
					MessageID: "ATXid_00000000000000000000000000000002", Cost: kes(800_000), CostText: "KES 0.8000", MessageParts: 1},
			},
			Summaries: []client.Summary{{Text: "Sent to 2/2 Total Cost: KES 1.6000", Sent: 2, Total: 2, Cost: kes(1_600_000)}},
		}, nil},
		{"reply_live_no_balance.json", []string{number1, number2}, client.Result{
			Recipients: []client.Recipient{
				{Number: number1, Outcome: client.Refused, StatusCode: 405, Status: "InsufficientBalance", CostText: "0"},
				{Number: number2, Outcome: client.Refused, StatusCode: 405, Status: "InsufficientBalance", CostText: "0"},
			},
			Summaries: []client.Summary{{Text: "Sent to 0/2 Total Cost: 0", Total: 2}},
		}, []error{client.ErrRefused}},
		{"reply_live_tanzania.json", []string{"+255700000001"}, client.Result{
			Recipients: []client.Recipient{{Number: "+255700000001", Outcome: client.Accepted, StatusCode: 100, Status: "Success",
				MessageID: "ATXid_00000000000000000000000000000001", Cost: tzs, CostText: "TZS 44.0000", MessageParts: 2}},
			Summaries: []client.Summary{{Text: "Sent to 1/1 Total Cost: TZS 44.0000", Sent: 1, Total: 1, Cost: tzs}},
		}, nil},
		{"reply.xml", []string{number1}, client.Result{Recipients: recipients(client.OutcomeUnknown, number1)},
			[]error{client.ErrOutcomeUnknown}},
		{"reply_proxy.html", []string{number1}, client.Result{Recipients: recipients(client.OutcomeUnknown, number1)},
			[]error{client.ErrOutcomeUnknown}},
		{"reply_cut.json", []string{number1}, client.Result{Recipients: recipients(client.OutcomeUnknown, number1)},
			[]error{client.ErrOutcomeUnknown}},
	}
	for _, tt := range tests {
		t.Run(tt.sample, func(t *testing.T) {
			t.Parallel()
			c, seen := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				writeJSON(w, sample(t, tt.sample))
			})
			got, err := c.Send(t.Context(), message(tt.to...))
			diff(t, "result", got, tt.want)
			checkKinds(t, err, tt.kinds...)
			if n := seen.Load(); n != 1 {
				t.Errorf("%d requests, want 1", n)
			}
		})
	}
}

// checkKinds fails unless err matches exactly the kinds given.
func checkKinds(t *testing.T, err error, want ...error) {
	t.Helper()
	if len(want) == 0 {
		if err != nil {
			t.Errorf("error %v, want none", err)
		}
		return
	}
	if err == nil {
		t.Fatalf("no error, want %v", want)
	}
	var got, names []string
	for _, kind := range []error{client.ErrInvalid, client.ErrNotSent, client.ErrOutcomeUnknown,
		client.ErrRefused, client.ErrTransient, client.ErrAuthentication} {
		if errors.Is(err, kind) {
			got = append(got, kind.Error())
		}
		for _, w := range want {
			if w == kind {
				names = append(names, kind.Error())
			}
		}
	}
	diff(t, "kinds of "+err.Error(), got, names)
	checkSecrets(t, err)
}

func TestReplyLeniency(t *testing.T) {
	t.Parallel()
	type row = client.Recipient
	n := `"number":"` + number1 + `"`
	tests := []struct {
		name, entry string
		want        row
	}{
		{"code as text", `{` + n + `,"statusCode":"101","messageId":"a"}`, row{Outcome: client.Accepted, StatusCode: 101, MessageID: "a"}},
		{"code unknown", `{` + n + `,"statusCode":199,"status":"New","messageId":"a"}`, row{StatusCode: 199, Status: "New", MessageID: "a"}},
		{"408 is unassigned", `{` + n + `,"statusCode":408}`, row{StatusCode: 408}},
		{"code unreadable", `{` + n + `,"statusCode":"abc","messageId":"None"}`, row{}},
		{"code fractional", `{` + n + `,"statusCode":101.5,"messageId":"None"}`, row{}},
		{"code an object", `{` + n + `,"statusCode":{"a":101},"messageId":"None"}`, row{}},
		{"code zero", `{` + n + `,"statusCode":0,"messageId":"None"}`, row{}},
		{"code null, no id", `{` + n + `,"statusCode":null,"messageId":"None"}`, row{Outcome: client.Refused}},
		{"no code, an id", `{` + n + `,"messageId":"ATXid_1","status":"Success"}`, row{MessageID: "ATXid_1", Status: "Success"}},
		{"no code, Success", `{` + n + `,"messageId":"None","status":"Success"}`, row{Status: "Success"}},
		{"no code, no id field", `{` + n + `}`, row{}},
		{"text never beats the code", `{` + n + `,"statusCode":403,"status":"Success"}`, row{Outcome: client.Refused, StatusCode: 403, Status: "Success"}},
		{"rejected by gateway", `{` + n + `,"statusCode":502}`, row{Outcome: client.Refused, StatusCode: 502}},
		{"gateway error", `{` + n + `,"statusCode":501}`, row{Outcome: client.Transient, StatusCode: 501}},
		{"cost a number", `{` + n + `,"statusCode":100,"cost":0.8}`, row{Outcome: client.Accepted, StatusCode: 100, Cost: africastalking.Money{Micros: 800_000}, CostText: "0.8"}},
		{"cost None", `{` + n + `,"statusCode":100,"cost":"None"}`, row{Outcome: client.Accepted, StatusCode: 100, CostText: "None"}},
		{"cost unreadable", `{` + n + `,"statusCode":100,"cost":"KES 1,200.00"}`, row{Outcome: client.Accepted, StatusCode: 100, CostText: "KES 1,200.00"}},
		{"parts as text", `{` + n + `,"statusCode":100,"messageParts":"3"}`, row{Outcome: client.Accepted, StatusCode: 100, MessageParts: 3}},
		{"parts negative", `{` + n + `,"statusCode":100,"messageParts":-3}`, row{Outcome: client.Accepted, StatusCode: 100}},
		{"an entry that is not an object", `"x",{` + n + `,"statusCode":100}`, row{Outcome: client.Accepted, StatusCode: 100}},
		{"escapes", `{"number":"\u002b254700000001","statusCode":100,"status":"\"ok\""}`, row{Outcome: client.Accepted, StatusCode: 100, Status: `"ok"`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := through(func(*http.Request) (*http.Response, error) {
				return response(200, "Application/JSON; charset=utf-8", replyBody("Sent to 1/1", tt.entry)), nil
			})
			got, _ := c.Send(t.Context(), message(number1))
			want := tt.want
			want.Number = number1
			diff(t, "recipients", got.Recipients, []client.Recipient{want})
		})
	}
}

func TestReplyWithoutRecipients(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, body string
		want       client.Outcome
	}{
		{"a reason", replyBody("InvalidSenderId"), client.Refused},
		{"an unfamiliar reason", replyBody("The keyword is closed"), client.Refused},
		{"a reason that quotes the request", replyBody("Cannot send " + testText + " to " + number1), client.Refused},
		{"nobody", replyBody("Sent to 0/1 Total Cost: 0"), client.Refused},
		{"somebody", replyBody("Sent to 1/1 Total Cost: KES 0.8000"), client.OutcomeUnknown},
		{"somebody, unreadable", replyBody("Sent to all"), client.OutcomeUnknown},
		{"a word of success", replyBody("Queued"), client.OutcomeUnknown},
		{"no message", replyBody(""), client.OutcomeUnknown},
		{"list missing", `{"SMSMessageData":{"Message":"InvalidSenderId"}}`, client.OutcomeUnknown},
		{"list of the wrong type", `{"SMSMessageData":{"Message":"InvalidSenderId","Recipients":"none"}}`, client.OutcomeUnknown},
		{"data of the wrong type", `{"SMSMessageData":"InvalidSenderId"}`, client.OutcomeUnknown},
		{"data missing", `{"status":"ok"}`, client.OutcomeUnknown},
		{"null", `null`, client.OutcomeUnknown},
		{"empty", ``, client.OutcomeUnknown},
		{"data null", `{"SMSMessageData":null}`, client.OutcomeUnknown},
		{"data twice", `{"SMSMessageData":{"Message":"InvalidSenderId","Recipients":[]},"SMSMessageData":{}}`, client.OutcomeUnknown},
		{"message twice", `{"SMSMessageData":{"Message":"InvalidSenderId","Message":"InvalidSenderId","Recipients":[]}}`, client.OutcomeUnknown},
		{"list twice", `{"SMSMessageData":{"Message":"InvalidSenderId","Recipients":[],"Recipients":[]}}`, client.OutcomeUnknown},
		{"list twice, mixed", `{"SMSMessageData":{"Message":"x","Recipients":[{"statusCode":101,"number":"+254711000099","messageId":"a"}],"Recipients":[{"number":"` + number1 + `"}]}}`, client.OutcomeUnknown},
		{"list twice, in another letter case", `{"SMSMessageData":{"Message":"x","Recipients":[` + entry(number1, 101) + `],"recipients":[]}}`, client.OutcomeUnknown},
		{"code twice", replyBody("Sent to 1/1", `{"number":"`+number1+`","statusCode":403,"statusCode":101}`), client.OutcomeUnknown},
		{"number twice", replyBody("Sent to 1/1", `{"number":"`+number2+`","statusCode":101,"Number":"`+number1+`"}`), client.OutcomeUnknown},
		{"trailing", replyBody("InvalidSenderId") + "x", client.OutcomeUnknown},
		{"too large", replyBody("InvalidSenderId") + strings.Repeat(" ", 1<<20+1<<10), client.OutcomeUnknown},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := through(func(r *http.Request) (*http.Response, error) { return created(tt.body), nil })
			got, err := c.Send(t.Context(), message(number1))
			diff(t, "recipients", got.Recipients, recipients(tt.want, number1))
			kind := client.ErrOutcomeUnknown
			if tt.want == client.Refused {
				kind = client.ErrRefused
			}
			checkKinds(t, err, kind)
		})
	}
}

func TestReplyMatching(t *testing.T) {
	t.Parallel()
	stray := func(number string, code int) client.Recipient {
		r := accepted(number)
		if code >= 400 {
			r = client.Recipient{Number: number, Outcome: client.Refused, StatusCode: code, Status: "No", CostText: "0"}
		}
		return r
	}
	as := func(number string, r client.Recipient) client.Recipient { r.Number = number; return r }
	unknown := recipients(client.OutcomeUnknown, number1)[0]
	const plain, zeros = "254700000001", "00254700000001"
	tests := []struct {
		name      string
		to        []string
		entries   []string
		want      []client.Recipient
		unmatched []client.Recipient
	}{
		{"missing", []string{number1, number2}, []string{entry(number2, 101)},
			[]client.Recipient{unknown, accepted(number2)}, nil},
		{"not asked for", []string{number1}, []string{entry(number2, 101), entry(number1, 403)},
			[]client.Recipient{stray(number1, 403)}, []client.Recipient{stray(number2, 101)}},
		{"other spelling", []string{plain, number2}, []string{entry(number1, 101), entry(number2, 101)},
			[]client.Recipient{as(plain, accepted(number1)), accepted(number2)}, nil},
		{"other prefix", []string{zeros}, []string{entry(number1, 101)},
			[]client.Recipient{as(zeros, accepted(number1))}, nil},
		{"two spellings, each answered", []string{number1, plain}, []string{entry(plain, 403), entry(number1, 101)},
			[]client.Recipient{accepted(number1), stray(plain, 403)}, nil},
		{"two spellings, one answered", []string{plain, number1}, []string{entry(number1, 101)},
			[]client.Recipient{as(plain, unknown), accepted(number1)}, nil},
		{"two spellings, one answered in a third", []string{number1, plain}, []string{entry(zeros, 403), entry(number1, 101)},
			[]client.Recipient{accepted(number1), as(plain, stray(number1, 403))}, nil},
		{"two could own it", []string{plain, zeros}, []string{entry(number1, 101)},
			[]client.Recipient{as(plain, unknown), as(zeros, unknown)}, []client.Recipient{stray(number1, 101)}},
		{"twice, agreeing", []string{number1}, []string{entry(number1, 101), entry(number1, 101)},
			[]client.Recipient{accepted(number1)}, []client.Recipient{stray(number1, 101)}},
		{"twice, contradicting", []string{number1}, []string{entry(number1, 403), entry(number1, 101)},
			[]client.Recipient{unknown}, []client.Recipient{stray(number1, 403), stray(number1, 101)}},
		{"no number, one recipient", []string{number1}, []string{`{"statusCode":101,"messageId":"a"}`},
			[]client.Recipient{{Number: number1, Outcome: client.Accepted, StatusCode: 101, MessageID: "a"}}, nil},
		{"number null, one recipient", []string{number1}, []string{`{"number":null,"statusCode":403}`},
			[]client.Recipient{{Number: number1, Outcome: client.Refused, StatusCode: 403}}, nil},
		{"number None, one recipient", []string{number1}, []string{`{"number":"None","statusCode":403}`},
			[]client.Recipient{{Number: number1, Outcome: client.Refused, StatusCode: 403}}, nil},
		{"no number, two recipients", []string{number1, number2}, []string{`{"statusCode":101,"messageId":"a"}`},
			recipients(client.OutcomeUnknown, number1, number2), []client.Recipient{{Outcome: client.Accepted, StatusCode: 101, MessageID: "a"}}},
		{"no number, two entries", []string{number1}, []string{`{"statusCode":101}`, `{"statusCode":101}`},
			[]client.Recipient{unknown}, []client.Recipient{{Outcome: client.Accepted, StatusCode: 101}, {Outcome: client.Accepted, StatusCode: 101}}},
		{"masked number, one recipient", []string{number1}, []string{entry("+2547XXXXXXXX", 101)},
			[]client.Recipient{unknown}, []client.Recipient{stray("+2547XXXXXXXX", 101)}},
		{"no digits", []string{"anna"}, []string{entry("carl", 101)},
			recipients(client.OutcomeUnknown, "anna"), []client.Recipient{stray("carl", 101)}},
		{"a shared ending is not enough", []string{"0700000001"}, []string{entry(number1, 101)},
			recipients(client.OutcomeUnknown, "0700000001"), []client.Recipient{stray(number1, 101)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := through(func(*http.Request) (*http.Response, error) {
				return created(replyBody("Sent to 1/1", tt.entries...)), nil
			})
			got, _ := c.Send(t.Context(), message(tt.to...))
			diff(t, "result", got, client.Result{
				Recipients: tt.want,
				Unmatched:  tt.unmatched,
				Summaries:  []client.Summary{{Text: "Sent to 1/1", Sent: 1, Total: 1}},
			})
		})
	}
}

func FuzzResponse(f *testing.F) {
	for _, name := range []string{"reply_sandbox.json", "reply_premium.json", "reply_invalid_sender.json", "reply_live.json",
		"reply_no_code.json", "reply_live_no_balance.json", "reply_cut.json", "reply.xml", "reply_proxy.html"} {
		f.Add(201, sample(f, name))
	}
	f.Add(409, sample(f, "reply_do_not_disturb.json"))
	f.Add(401, sample(f, "reply_unauthorized.txt"))
	f.Add(200, replyBody("Sent to 2/2", entry("254700000001", 101), entry(number1, 403)))
	f.Fuzz(func(t *testing.T, status int, body string) {
		if status < 100 || status > 999 {
			return
		}
		c := through(func(*http.Request) (*http.Response, error) { return response(status, "text/plain", body), nil })
		to := []string{number1, number2, "254700000001"}
		res, err := c.Send(t.Context(), message(to...))
		if len(res.Recipients) != len(to) {
			t.Fatalf("%d recipients reported, want %d", len(res.Recipients), len(to))
		}
		all := true
		for i, r := range res.Recipients {
			if r.Number != to[i] {
				t.Errorf("recipient %d is %q, want %q", i, r.Number, to[i])
			}
			if code := r.StatusCode; r.Outcome == client.Accepted && code != 100 && code != 101 && code != 102 {
				t.Errorf("accepted with code %d", code)
			}
			if r.Outcome == client.NotSent {
				t.Error("an answered request is reported as not sent")
			}
			all = all && r.Outcome == client.Accepted
		}
		if (err == nil) != all {
			t.Errorf("error %v, all accepted %t", err, all)
		}
		if err != nil && !strings.Contains(body, "client: ") {
			checkSecrets(t, err)
		}
	})
}
