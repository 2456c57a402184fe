// Package account gives the examples an account to send SMS with: the user's own, or
// one whose messages are printed and go nowhere.
package account

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/sautigo/africastalking/client"
	"github.com/sautigo/africastalking/internal/redact"
)

// sendTimeout is how long a request to send may take. The callback waits for it, so
// it must be well under the time that a server gives an answer.
const sendTimeout = 10 * time.Second

// New returns a client for the account that AT_USERNAME and AT_API_KEY name, and a
// sentence that says so. If neither is set, the client's messages are printed to w.
func New(getenv func(string) string, w io.Writer) (c *client.Client, sentence string, err error) {
	username, key := getenv("AT_USERNAME"), getenv("AT_API_KEY")
	switch {
	case username == "" && key == "":
		c = client.New("sandbox", "no-key", client.WithHTTPClient(&http.Client{Transport: transport{printer(w)}}))
		return c, "No account: SMS replies are printed here.", nil
	case key == "":
		return nil, "", errors.New("AT_USERNAME is set but AT_API_KEY is not: set both to send, or none to do without an account")
	case username == "":
		return nil, "", errors.New("AT_API_KEY is set but AT_USERNAME is not: set both to send, or none to do without an account")
	}
	c = client.New(username, key, client.WithTimeout(sendTimeout))
	return c, fmt.Sprintf("SMS replies are sent through Africa's Talking: %v.", c), c.Err()
}

// printer accepts messages on the wire format of Africa's Talking and prints them
// to w, with the numbers masked: what a program prints ends up in logs.
func printer(w io.Writer) http.Handler {
	type recipient struct {
		StatusCode int    `json:"statusCode"`
		Number     string `json:"number"`
		Status     string `json:"status"`
		Cost       string `json:"cost"`
		MessageID  string `json:"messageId"`
	}
	type data struct {
		Message    string
		Recipients []recipient
	}
	type reply struct{ SMSMessageData data }

	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.URL.Path != "/version1/messaging" {
			http.NotFound(rw, r)
			return
		}
		var recipients []recipient
		for number := range strings.SplitSeq(r.PostFormValue("to"), ",") {
			fmt.Fprintf(w, "SMS from %q to %q: %q\n", redact.Digits(r.PostFormValue("from")), redact.Phone(number), r.PostFormValue("message"))
			recipients = append(recipients, recipient{101, number, "Success", "KES 0.8000", "ATXid_" + rand.Text()})
		}
		n := len(recipients)
		rw.Header().Set("Content-Type", "application/json")
		rw.WriteHeader(http.StatusCreated)
		_ = json.NewEncoder(rw).Encode(reply{data{
			// The price is 0.8 each, counted in ten-thousandths.
			Message:    fmt.Sprintf("Sent to %d/%d Total Cost: KES %d.%04d", n, n, n*8000/10_000, n*8000%10_000),
			Recipients: recipients,
		}})
	})
}

// transport hands requests to a handler without a network.
type transport struct{ handler http.Handler }

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	defer r.Body.Close()
	w := httptest.NewRecorder()
	t.handler.ServeHTTP(w, r.Clone(r.Context()))
	return w.Result(), nil
}
