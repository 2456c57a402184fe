package client_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/client"
)

const (
	testKey  = "atsk_0123456789abcdef0123456789abcdef"
	testText = "Habari, karibu sana"
	number1  = "+254700000001"
	number2  = "+254700000002"
)

func message(numbers ...string) client.Message {
	return client.Message{To: numbers, Text: testText}
}

func numbers(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("+2547%08d", i)
	}
	return out
}

func kes(micros int64) africastalking.Money {
	return africastalking.Money{Currency: "KES", Micros: micros}
}

// accepted is the recipient that acceptAll makes of a number.
func accepted(number string) client.Recipient {
	return client.Recipient{
		Number: number, Outcome: client.Accepted, StatusCode: client.StatusSent, Status: "Success",
		MessageID: "ATXid_" + strings.TrimPrefix(number, "+"), Cost: kes(800_000), CostText: "KES 0.8000", MessageParts: 1,
	}
}

func recipients(o client.Outcome, numbers ...string) []client.Recipient {
	var out []client.Recipient
	for _, n := range numbers {
		out = append(out, client.Recipient{Number: n, Outcome: o})
	}
	return out
}

// entry is one recipient of a reply with the code given.
func entry(number string, code int) string {
	if code >= 100 && code < 200 {
		return fmt.Sprintf(`{"cost":"KES 0.8000","messageId":"ATXid_%s","messageParts":1,"number":%q,"status":"Success","statusCode":%d}`,
			strings.TrimPrefix(number, "+"), number, code)
	}
	return fmt.Sprintf(`{"cost":"0","messageId":"None","number":%q,"status":"No","statusCode":%d}`, number, code)
}

func replyBody(summary string, entries ...string) string {
	return fmt.Sprintf(`{"SMSMessageData":{"Message":%q,"Recipients":[%s]}}`, summary, strings.Join(entries, ","))
}

// acceptAll answers as live does when everybody is accepted, in the reverse order.
func acceptAll(numbers []string) string {
	var entries []string
	for _, n := range slices.Backward(numbers) {
		entries = append(entries, entry(n, 101))
	}
	total := kes(800_000 * int64(len(numbers)))
	return replyBody(fmt.Sprintf("Sent to %d/%d Total Cost: %v", len(numbers), len(numbers), total), entries...)
}

func askedNumbers(t *testing.T, r *http.Request) []string {
	t.Helper()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Errorf("reading the request: %v", err)
	}
	if r.Header.Get("Content-Type") == "application/json" {
		var doc struct{ PhoneNumbers []string }
		if err := json.Unmarshal(body, &doc); err != nil {
			t.Errorf("reading the request: %v", err)
		}
		return doc.PhoneNumbers
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		t.Errorf("reading the request: %v", err)
	}
	return strings.Split(form.Get("to"), ",")
}

func writeJSON(w http.ResponseWriter, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusCreated)
	io.WriteString(w, body)
}

// serve starts a gateway and returns a client of it, and the requests it has seen.
func serve(t *testing.T, h http.HandlerFunc, opts ...client.Option) (*client.Client, *atomic.Int32) {
	t.Helper()
	var seen atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen.Add(1)
		h(w, r)
	}))
	t.Cleanup(srv.Close)
	opts = append([]client.Option{client.WithHTTPClient(srv.Client()), client.WithBaseURLs(srv.URL, "")}, opts...)
	return client.New("myapp", testKey, opts...), &seen
}

type roundTripFunc func(*http.Request) (*http.Response, error)

func (f roundTripFunc) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer r.Body.Close()
	}
	return f(r)
}

// through returns a client whose requests are answered in memory.
func through(f roundTripFunc, opts ...client.Option) *client.Client {
	return client.New("myapp", testKey, append(opts, client.WithHTTPClient(&http.Client{Transport: f}))...)
}

func response(status int, contentType, body string) *http.Response {
	return &http.Response{
		StatusCode: status,
		Header:     http.Header{"Content-Type": {contentType}},
		Body:       io.NopCloser(strings.NewReader(body)),
	}
}

func created(body string) *http.Response {
	return response(http.StatusCreated, "application/json", body)
}

func sample(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func diff(t *testing.T, what string, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

// hostless returns the text of err with HOST in place of a server of the test.
func hostless(err error) string {
	return regexp.MustCompile(`127\.0\.0\.1:\d+`).ReplaceAllString(err.Error(), "HOST")
}

// checkSecrets fails if any formatting of err repeats what it must not.
func checkSecrets(t *testing.T, err error) {
	t.Helper()
	for _, verb := range []string{"%v", "%+v", "%s", "%q"} {
		s := fmt.Sprintf(verb, err)
		for _, secret := range []string{testKey, testText, "700000001", "700000002"} {
			if strings.Contains(s, secret) {
				t.Errorf("error in %s repeats %q: %s", verb, secret, s)
			}
		}
		if n := strings.Count(s, "client: "); n != 1 {
			t.Errorf("error has the prefix %d times: %s", n, s)
		}
	}
	if s := fmt.Sprintf("%#v", err); strings.Contains(s, testKey) {
		t.Errorf("error in %%#v holds the key: %s", s)
	}
}
