package client_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/sautigo/africastalking/client"
)

// BenchmarkSend compares Send with the least a program could do by hand: no
// checks, no matching, no redaction, no timeout. Both are answered in memory.
func BenchmarkSend(b *testing.B) {
	for _, n := range []int{1, 500} {
		to := numbers(n)
		answer := acceptAll(to)
		rt := roundTripFunc(func(r *http.Request) (*http.Response, error) {
			if _, err := io.Copy(io.Discard, r.Body); err != nil {
				return nil, err
			}
			return created(answer), nil
		})
		hc := &http.Client{Transport: rt}
		b.Run(fmt.Sprintf("recipients=%d/client", n), func(b *testing.B) {
			b.ReportAllocs()
			c := client.New("myapp", testKey, client.WithHTTPClient(hc))
			m := message(to...)
			for b.Loop() {
				if _, err := c.Send(b.Context(), m); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("recipients=%d/floor", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := sendByHand(b, hc, to); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func sendByHand(b *testing.B, hc *http.Client, to []string) error {
	form := url.Values{"username": {"myapp"}, "to": {strings.Join(to, ",")}, "message": {testText}, "bulkSMSMode": {"1"}}
	req, err := http.NewRequestWithContext(b.Context(), http.MethodPost,
		"https://api.africastalking.com/version1/messaging", strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("apiKey", testKey)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := hc.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	var doc struct {
		SMSMessageData struct {
			Message    string
			Recipients []struct {
				Number, Status, MessageID, Cost string
				StatusCode, MessageParts        int
			}
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&doc); err != nil {
		return err
	}
	if len(doc.SMSMessageData.Recipients) != len(to) {
		return errors.New("recipients are missing")
	}
	return nil
}
