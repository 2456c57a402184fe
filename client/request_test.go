package client_test

import (
	"flag"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sautigo/africastalking/client"
)

var update = flag.Bool("update", false, "write the request samples again")

func TestRequest(t *testing.T) {
	t.Parallel()
	two := []string{number1, number2}
	tests := []struct {
		sample string
		opts   []client.Option
		m      client.Message
		url    string
	}{
		{
			sample: "request_classic.form",
			m:      client.Message{To: two, Text: "Hello & goodbye, 100% €"},
			url:    "https://api.africastalking.com/version1/messaging",
		},
		{
			sample: "request_classic_full.form",
			m:      client.Message{To: two, Text: testText, From: "MyBrand", Enqueue: client.EnqueueYes, RequestID: "r-1"},
			url:    "https://api.africastalking.com/version1/messaging",
		},
		{
			sample: "request_classic_enqueue_no.form",
			m:      client.Message{To: two, Text: testText, Enqueue: client.EnqueueNo},
			url:    "https://api.africastalking.com/version1/messaging",
		},
		{
			sample: "request_premium.form",
			m:      client.Message{To: two, Text: testText, From: "22334", Premium: true},
			url:    "https://content.africastalking.com/version1/messaging",
		},
		{
			sample: "request_premium_full.form",
			m: client.Message{To: two, Text: testText, From: "22334", Keyword: "news", Enqueue: client.EnqueueNo,
				RetryDuration: 3 * time.Hour, RequestID: "r-1"},
			url: "https://content.africastalking.com/version1/messaging",
		},
		{
			sample: "request_on_demand.form",
			m:      client.Message{To: two[:1], Text: testText, From: "22334", Keyword: "news", LinkID: "SampleLinkId123"},
			url:    "https://content.africastalking.com/version1/messaging",
		},
		{
			sample: "request_bulk.json",
			opts:   []client.Option{client.WithBulk(true)},
			m:      client.Message{To: two, Text: "Hello & goodbye, 100% €", From: "MyBrand", Enqueue: client.EnqueueYes},
			url:    "https://api.africastalking.com/version1/messaging/bulk",
		},
		{
			sample: "request_bulk_minimal.json",
			opts:   []client.Option{client.WithBulk(true)},
			m:      client.Message{To: two, Text: testText},
			url:    "https://api.africastalking.com/version1/messaging/bulk",
		},
		{
			sample: "request_on_demand.form",
			opts:   []client.Option{client.WithBulk(true)},
			m:      client.Message{To: two[:1], Text: testText, From: "22334", Keyword: "news", LinkID: "SampleLinkId123"},
			url:    "https://content.africastalking.com/version1/messaging",
		},
	}
	for _, tt := range tests {
		t.Run(tt.sample, func(t *testing.T) {
			t.Parallel()
			var got *http.Request
			var body string
			c := through(func(r *http.Request) (*http.Response, error) {
				b, err := io.ReadAll(r.Body)
				got, body = r, string(b)
				return created(acceptAll(tt.m.To)), err
			}, tt.opts...)
			if _, err := c.Send(t.Context(), tt.m); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join("testdata", tt.sample)
			if *update {
				if err := os.WriteFile(path, []byte(body+"\n"), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			diff(t, "body", body, strings.TrimSuffix(sample(t, tt.sample), "\n"))
			diff(t, "method and URL", got.Method+" "+got.URL.String(), "POST "+tt.url)
			// With GetBody, a transport may write the body again.
			if got.GetBody != nil {
				t.Error("the request can be replayed")
			}
			contentType := "application/x-www-form-urlencoded"
			if strings.HasSuffix(tt.sample, ".json") {
				contentType = "application/json"
			}
			diff(t, "header", got.Header, http.Header{
				"Apikey":       {testKey},
				"Accept":       {"application/json"},
				"Content-Type": {contentType},
				"User-Agent":   {"sautigo-africastalking (+https://github.com/sautigo/africastalking)"},
			})
		})
	}
}

func TestRequestHasLength(t *testing.T) {
	t.Parallel()
	c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if got, want := r.Header.Get("Content-Length"), strconv.Itoa(len(body)); got != want || len(r.TransferEncoding) > 0 {
			t.Errorf("Content-Length = %q, transfer encoding %q, want %s and none", got, r.TransferEncoding, want)
		}
		writeJSON(w, acceptAll([]string{number1}))
	})
	if _, err := c.Send(t.Context(), message(number1)); err != nil {
		t.Error(err)
	}
}

func TestHosts(t *testing.T) {
	t.Parallel()
	const base, content, own = "http://127.0.0.1:9", "https://content.test/", "http://127.0.0.1:9/at?token=1"
	tests := []struct {
		name, username   string
		opts             []client.Option
		classic, premium string
	}{
		{"live", "myapp", nil, "https://api.africastalking.com/version1/messaging", "https://content.africastalking.com/version1/messaging"},
		{"sandbox", strings.Clone("sandbox"), nil, "https://api.sandbox.africastalking.com/version1/messaging", "https://api.sandbox.africastalking.com/version1/messaging"},
		{"not the sandbox", "Sandbox", nil, "https://api.africastalking.com/version1/messaging", "https://content.africastalking.com/version1/messaging"},
		{"base URL", "sandbox", []client.Option{client.WithBaseURLs(base, "")}, base + "/version1/messaging", base + "/version1/messaging"},
		{"base URLs", "myapp", []client.Option{client.WithBaseURLs(base, content)}, base + "/version1/messaging", content + "version1/messaging"},
		{"base URL with a query", "myapp", []client.Option{client.WithBaseURLs(base+"?token=1", content)}, base + "/version1/messaging?token=1", content + "version1/messaging"},
		{"whole URLs", "myapp", []client.Option{client.WithBaseURLs(own, "https://content.test/send/")}, own, "https://content.test/send/"},
		{"whole URL, escaped", "myapp", []client.Option{client.WithBaseURLs("http://h/a%2Fb", "http://h/%2F")}, "http://h/a%2Fb", "http://h/%2F"},
		{"bulk, own host", "sandbox", []client.Option{client.WithBaseURLs(base, ""), client.WithBulk(true)}, base + "/version1/messaging/bulk", base + "/version1/messaging"},
		{"bulk, whole URL", "myapp", []client.Option{client.WithBaseURLs(own, ""), client.WithBulk(true)}, own, own},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got string
			hc := &http.Client{Transport: roundTripFunc(func(r *http.Request) (*http.Response, error) {
				got = r.URL.String()
				return created(acceptAll([]string{number1})), nil
			})}
			c := client.New(tt.username, testKey, append(tt.opts, client.WithHTTPClient(hc))...)
			if _, err := c.Send(t.Context(), message(number1)); err != nil {
				t.Fatal(err)
			}
			diff(t, "classic", got, tt.classic)
			if _, err := c.Send(t.Context(), client.Message{To: []string{number1}, Text: testText, From: "22334", Premium: true}); err != nil {
				t.Fatal(err)
			}
			diff(t, "premium", got, tt.premium)
		})
	}
}
