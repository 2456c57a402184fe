package client_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/client"
)

func TestClientHidesKey(t *testing.T) {
	t.Parallel()
	c := client.New("myapp", testKey)
	const want = "client(username=myapp host=api.africastalking.com)"
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
	if c.String() != want || c.GoString() != want {
		t.Errorf("String = %s, GoString = %s, want %s", c, c.GoString(), want)
	}
	if b, err := json.Marshal([]any{c}); err != nil || string(b) != "[{}]" {
		t.Errorf("JSON = %s, %v", b, err)
	}
	diff(t, "log", logged(c), "level=INFO msg=x v.username=myapp v.host=api.africastalking.com\n")
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
	tests := []struct {
		name string
		v    any
		want string
	}{
		{"message", client.Message{To: []string{number1, number2}, Text: testText, From: "MyBrand", RequestID: number1},
			"v.recipients=2 v.text_bytes=19 v.from=MyBrand v.premium=false"},
		{"message from a number", client.Message{To: []string{number1}, Text: testText, From: number2, Premium: true},
			"v.recipients=1 v.text_bytes=19 v.from=***02 v.premium=true"},
		{"recipient", accepted(number2),
			`v.number=***02 v.outcome=accepted v.status_code=101 v.status=Success v.message_id=ATXid_254700000002 v.cost="KES 0.80" v.message_parts=1`},
		{"short number", client.Recipient{Number: "1234"},
			`v.number=*** v.outcome=unknown v.status_code=0 v.status="" v.message_id="" v.cost=0.00 v.message_parts=0`},
		{"result", res, `v.recipients=3 v.accepted=1 v.not_sent=1 v.unknown=1 v.total_cost="KES 0.80" v.total_cost="USD 0.0079"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			diff(t, "log", logged(tt.v), "level=INFO msg=x "+tt.want+"\n")
		})
	}
}

// An error is often logged beside everything else that is known.
func TestLoggedErrorHoldsNothing(t *testing.T) {
	t.Parallel()
	c := through(func(*http.Request) (*http.Response, error) {
		return response(400, "text/plain", "bad number "+number1+" for "+testKey), nil
	}, client.WithTimeout(time.Second))
	m := message(number1)
	res, err := c.Send(t.Context(), m)
	line := logged([]any{err.Error(), c}) + logged(m) + logged(res) + logged(err)
	for _, secret := range []string{testKey, testText, "254700000001"} {
		if strings.Contains(line, secret) {
			t.Errorf("log holds %q: %s", secret, line)
		}
	}
}
