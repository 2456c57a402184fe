package client_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/client"
)

func TestClientHidesKey(t *testing.T) {
	t.Parallel()
	c := client.New("myapp", testKey)
	const want = "client(host=api.africastalking.com)"
	holder := struct {
		Exported   *client.Client
		unexported *client.Client
		value      client.Client
	}{c, c, *c}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%X", "%p", "%T", "%t", "%08.3f"} {
		for _, v := range []any{c, *c, holder, &holder, []*client.Client{c}, map[string]client.Client{"a": *c}} {
			got := fmt.Sprintf(verb, v)
			if strings.Contains(got, testKey) || strings.Contains(got, fmt.Sprintf("%x", testKey)) {
				t.Errorf("%s of %T holds the key: %s", verb, v, got)
			}
		}
		if got := fmt.Sprintf(verb, c); got != want && verb != "%p" && verb != "%T" {
			t.Errorf("%s = %s, want %s", verb, got, want)
		}
	}
	if c.String() != want {
		t.Errorf("String = %s, want %s", c, want)
	}
	if b, err := json.Marshal([]any{c}); err != nil || string(b) != "[{}]" {
		t.Errorf("JSON = %s, %v", b, err)
	}
	diff(t, "log", logged(c), "level=INFO msg=x v.host=api.africastalking.com\n")
}

func logged(v any) string {
	var b bytes.Buffer
	h := slog.NewTextHandler(&b, &slog.HandlerOptions{ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey && len(groups) == 0 {
			return slog.Attr{}
		}
		return a
	}})
	slog.New(h).Info("x", "v", v)
	return b.String()
}

func TestLogValue(t *testing.T) {
	t.Parallel()
	res := client.Result{
		Recipients: []client.Recipient{accepted(number1), {Number: number2, Outcome: client.NotSent}, {Number: "+254700000003"}},
		Summaries:  []client.Summary{{Text: "Sent to 1/1", Cost: kes(800_000)}, {Cost: africastalking.Money{Currency: "USD", Micros: 7_900}}},
	}
	refused := func(n string, code int) client.Recipient {
		return client.Recipient{Number: n, Outcome: client.Refused, StatusCode: code, Status: "to " + n}
	}
	tests := []struct {
		name string
		v    any
		want string
	}{
		{"message", client.Message{To: []string{number1, number2}, Text: testText, From: "MyBrand", RequestID: number1},
			`v.recipients=2 v.text="(19 bytes)" v.from=MyBrand v.premium=false`},
		{"message from a number", client.Message{To: []string{number1}, Text: testText, From: number2, Premium: true},
			`v.recipients=1 v.text="(19 bytes)" v.from=+***02 v.premium=true`},
		{"message from six digits", client.Message{From: "123456"}, `v.recipients=0 v.text="" v.from=123456 v.premium=false`},
		{"message from seven digits", client.Message{From: "1234567"}, `v.recipients=0 v.text="" v.from=***67 v.premium=false`},
		{"recipient", accepted(number2),
			`v.number=***02 v.outcome=accepted v.statusCode=101 v.status=Sent v.messageId=ATXid_254700000002 v.cost="KES 0.80" v.messageParts=1`},
		{"short number", client.Recipient{Number: "1234"},
			`v.number=*** v.outcome=unknown v.statusCode=0 v.status="" v.messageId="" v.cost=0.00 v.messageParts=0`},
		{"refused", refused(number1, 406),
			`v.number=***01 v.outcome=refused v.statusCode=406 v.status=UserInBlacklist v.messageId="" v.cost=0.00 v.messageParts=0`},
		{"number as a code", refused(number1, 254700000001),
			`v.number=***01 v.outcome=refused v.statusCode=0 v.status="" v.messageId="" v.cost=0.00 v.messageParts=0`},
		{"summary", client.Summary{Text: "Sent to 1/2 Total Cost: KES 0.8000", Sent: 1, Total: 2, Cost: kes(800_000), Parts: 3},
			`v.text="(34 bytes)" v.sent=1 v.total=2 v.cost="KES 0.80" v.parts=3`},
		{"summary that is a word", client.Summary{Text: "InvalidSenderId"}, `v.text=InvalidSenderId v.sent=0 v.total=0 v.cost=0.00 v.parts=0`},
		{"summary that quotes", client.Summary{Text: testText}, `v.text="(19 bytes)" v.sent=0 v.total=0 v.cost=0.00 v.parts=0`},
		{"result", res, `v.recipients=3 v.accepted=1 v.notSent=1 v.unknown=1 v.totalCost="KES 0.80 USD 0.0079"`},
		{"result with a code", client.Result{Recipients: []client.Recipient{refused(number1, 406)}}, `v.recipients=1 v.refused=1 v.codes="406 UserInBlacklist"`},
		{"result refused as a whole", client.Result{Recipients: recipients(client.Refused, number1), Summaries: []client.Summary{{Text: "invalidsenderid"}}},
			`v.recipients=1 v.refused=1 v.reason=InvalidSenderId`},
		{"result refused in a sentence", client.Result{Recipients: recipients(client.Refused, number1), Summaries: []client.Summary{{Text: testText}}},
			`v.recipients=1 v.refused=1`},
		{"result with codes", client.Result{
			Recipients: []client.Recipient{refused(number1, 406), refused(number2, 403), {Number: "1", Outcome: client.Transient, StatusCode: 500}, {StatusCode: 199}, {StatusCode: 199}},
			Unmatched:  []client.Recipient{accepted(number1)},
		}, `v.recipients=5 v.refused=2 v.transient=1 v.unknown=2 v.unmatched=1 v.codes="2 x 199, 1 x 403 InvalidPhoneNumber, 1 x 406 UserInBlacklist and 1 other code"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			diff(t, "log", logged(tt.v), "level=INFO msg=x "+tt.want+"\n")
			// The same text without slog.
			want := fmt.Sprint(tt.v.(slog.LogValuer).LogValue())
			for _, verb := range []string{"%v", "%+v", "%s"} {
				diff(t, verb, fmt.Sprintf(verb, tt.v), want)
				diff(t, verb+" in a slice", fmt.Sprintf(verb, []any{tt.v}), "["+want+"]")
			}
		})
	}
}

// Nothing that an answer or a transport says reaches an error, a log or a printed
// value, for it may repeat the request in any form.
func TestNothingForeignIsPrinted(t *testing.T) {
	t.Parallel()
	const from = "+254722000002"
	quotes := []string{
		"Invalid phone number 0700000001", "Invalid number +254 700 000 001", "No route to 700000001", "254-700-000-001", "(0700) 000 001",
		"%2B254700000001", "MDcwMDAwMDAwMQ==", "Habari%2C+karibu+sana is spam", "habari, karibu sana: blocked", "anas ubirak", "Invalid From " + from,
		"Invalid From 0722000002", "InvalidFrom0722000002", testKey, strings.ToUpper(testKey), "SecretWord", number2,
	}
	answers := map[string]func(quote string) (*http.Response, error){
		"status 400": func(q string) (*http.Response, error) { return response(400, "text/plain", q), nil },
		"status 500": func(q string) (*http.Response, error) { return response(500, q, q), nil },
		"status 503": func(q string) (*http.Response, error) {
			resp := response(503, "text/plain", q)
			resp.Status = "503 " + q
			resp.Header.Set("Retry-After", q)
			return resp, nil
		},
		"redirect": func(q string) (*http.Response, error) {
			resp := response(302, "text/plain", q)
			resp.Header.Set("Location", "https://elsewhere.test/"+url.PathEscape(q))
			return resp, nil
		},
		"refusal":    func(q string) (*http.Response, error) { return created(replyBody(q)), nil },
		"unreadable": func(q string) (*http.Response, error) { return created(q), nil },
		"status text": func(q string) (*http.Response, error) {
			return created(fmt.Sprintf(`{"SMSMessageData":{"Message":%q,"Recipients":[{"number":%q,"statusCode":406,"status":%q,"cost":%q}]}}`, q, number1, q, q)), nil
		},
		"code": func(q string) (*http.Response, error) {
			return created(fmt.Sprintf(`{"SMSMessageData":{"Message":"Sent to 700000001/1","Recipients":[{"number":%q,"statusCode":700000001,"status":%q,"messageParts":700000001}]}}`, number1, q)), nil
		},
		"other number": func(q string) (*http.Response, error) {
			return created(fmt.Sprintf(`{"SMSMessageData":{"Message":"Sent to 1/1","Recipients":[{"number":%q,"statusCode":101}]}}`, q)), nil
		},
		"transport": func(q string) (*http.Response, error) { return nil, errors.New(q) },
		"dial":      func(q string) (*http.Response, error) { return nil, &net.OpError{Op: "dial", Err: errors.New(q)} },
		"address":   func(q string) (*http.Response, error) { return nil, &net.DNSError{Err: q, Name: q} },
		"timeout":   func(q string) (*http.Response, error) { return nil, fmt.Errorf("%s: %w", q, context.DeadlineExceeded) },
	}
	for name, answer := range answers {
		for _, read := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, read %t", name, read), func(t *testing.T) {
				t.Parallel()
				for _, quote := range quotes {
					c := through(func(r *http.Request) (*http.Response, error) {
						if read {
							io.Copy(io.Discard, r.Body)
						}
						return answer(quote)
					}, client.WithChunkSize(1))
					m := message(number1, number2)
					m.From = from
					res, err := c.Send(t.Context(), m)
					if err == nil {
						t.Fatalf("%q: no error", quote)
					}
					printed := logged(err) + logged(res) + logged(m) + logged([]any{err, c, res, res.Recipients, res.Summaries, res.Unmatched, m}) +
						fmt.Sprintf("%v %+v %s %q", err, err, err, err) + fmt.Sprintf("%v %+v %s", res, res, res)
					for _, r := range slices.Concat(res.Recipients, res.Unmatched) {
						printed += logged(r)
					}
					for _, secret := range []string{quote, url.QueryEscape(quote), testKey, testText, "700000001", "700000002", "722000002", "elsewhere"} {
						if strings.Contains(printed, secret) {
							t.Errorf("%q is printed: %s", secret, printed)
						}
					}
				}
			})
		}
	}
}

// The username may be the key, by mistake.
func TestUsernameIsNeverPrinted(t *testing.T) {
	t.Parallel()
	for _, key := range []string{
		"atsk_0123456789abcdef0123456789abcdef", "ATSK_0123456789abcdef",
		"0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9",
		"Zm9vYmFyYmF6cXV4", "5f0c2d1e-0000-4000-8000-000000000001", "qwxz",
	} {
		for _, status := range []int{201, 400, 401, 500} {
			c := client.New(key, "myapp", client.WithHTTPClient(&http.Client{Transport: roundTripFunc(func(r *http.Request) (*http.Response, error) {
				io.Copy(io.Discard, r.Body)
				return response(status, "text/plain", key), nil
			})}))
			_, err := c.Send(t.Context(), message(number1))
			holder := struct{ c client.Client }{*c}
			printed := logged(err) + logged(c) + logged(*c) + fmt.Sprintf("%v %+v %s %q %v %+v %#v %#v", err, err, err, err, c, *c, holder, c)
			var httpErr *client.HTTPError
			if errors.As(err, &httpErr) {
				diff(t, "username", httpErr.Username, key)
			}
			if strings.Contains(printed, key) {
				t.Errorf("status %d: the username is printed: %s", status, printed)
			}
		}
	}
}
