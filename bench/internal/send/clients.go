package send

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"

	edwinwalela "github.com/edwinwalela/africastalking-go/pkg/sms"
	techkenya "github.com/tech-kenya/africastalkingsms"

	"github.com/sautigo/africastalking/client"
)

const (
	ours   = "this library"
	byHand = "bare net/http"
)

// account is whose messages are sent. All clients use the sandbox's addresses,
// which the peers have built in; the transport leads them elsewhere.
type account struct{ username, key string }

var first = account{"sandbox", "atsk_0000000000000000000000000000000000000000000000000000000000000001"}

// recipient is what a client reports of somebody.
type recipient struct {
	Number, MessageID string
	Accepted          bool
}

// sendFunc sends a text and returns what the client reports.
type sendFunc func(ctx context.Context, to []string, text string) ([]recipient, error)

// maker makes one of the clients for an account, on a transport.
type maker struct {
	name string
	// takesContext is set for clients that can be told when to stop.
	takesContext bool
	make         func(account, http.RoundTripper) sendFunc
}

// makers returns all clients, the bare one first.
func makers() []maker {
	return []maker{
		{byHand, true, newByHand},
		{ours, true, newLibrary},
		{"edwinwalela v0.0.3", false, newEdwinwalela},
		{"tech-kenya v1.0.8", false, newTechKenya},
	}
}

func accepted(code int) bool { return code >= 100 && code <= 102 }

// newByHand is what one writes without a client: the status is looked at, the JSON
// decoded. It has no timeout but the context's.
func newByHand(a account, rt http.RoundTripper) sendFunc {
	hc := &http.Client{Transport: rt}
	return func(ctx context.Context, to []string, text string) ([]recipient, error) {
		form := url.Values{"username": {a.username}, "to": {strings.Join(to, ",")}, "message": {text}}
		req, err := http.NewRequestWithContext(ctx, http.MethodPost,
			"https://api.sandbox.africastalking.com/version1/messaging", strings.NewReader(form.Encode()))
		if err != nil {
			return nil, err
		}
		req.Header.Set("apiKey", a.key)
		req.Header.Set("Accept", "application/json")
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		resp, err := hc.Do(req)
		if err != nil {
			return nil, err
		}
		defer resp.Body.Close()
		if resp.StatusCode >= 400 {
			text, _ := io.ReadAll(resp.Body)
			return nil, fmt.Errorf("%s: %s", resp.Status, text)
		}
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
			return nil, err
		}
		out := make([]recipient, len(doc.SMSMessageData.Recipients))
		for i, r := range doc.SMSMessageData.Recipients {
			out[i] = recipient{r.Number, r.MessageID, accepted(r.StatusCode)}
		}
		return out, nil
	}
}

func newLibrary(a account, rt http.RoundTripper) sendFunc {
	c := client.New(a.username, a.key, client.WithHTTPClient(&http.Client{Transport: rt}))
	return func(ctx context.Context, to []string, text string) ([]recipient, error) {
		res, err := c.Send(ctx, client.Message{To: to, Text: text})
		out := make([]recipient, len(res.Recipients))
		for i, r := range res.Recipients {
			out[i] = recipient{r.Number, r.MessageID, r.Outcome == client.Accepted}
		}
		return out, err
	}
}

// newEdwinwalela returns a client that sends through [http.DefaultTransport]: see
// [isolate].
func newEdwinwalela(a account, _ http.RoundTripper) sendFunc {
	c := &edwinwalela.Client{ApiKey: a.key, Username: a.username, IsSandbox: true}
	return func(_ context.Context, to []string, text string) ([]recipient, error) {
		res, err := c.SendBulk(&edwinwalela.BulkRequest{To: to, Message: text, BulkSMSMode: true})
		if err != nil {
			return nil, err
		}
		out := make([]recipient, len(res.Recipients))
		for i, r := range res.Recipients {
			out[i] = recipient{r.Number, r.MessageId, accepted(int(r.StatusCode))}
		}
		return out, nil
	}
}

// newTechKenya returns a client that takes one recipient; several are joined as the
// wire has them. It prints each reply: see [isolate].
func newTechKenya(a account, rt http.RoundTripper) sendFunc {
	c, err := techkenya.NewSMSClient(a.key, a.username, "12345", "true")
	if err != nil {
		return func(context.Context, []string, string) ([]recipient, error) { return nil, err }
	}
	c.HTTPClient = &http.Client{Transport: rt}
	return func(_ context.Context, to []string, text string) ([]recipient, error) {
		res, err := c.SendSMS(strings.Join(to, ","), text)
		if err != nil {
			return nil, err
		}
		out := make([]recipient, len(res.SMSMessageData.Recipients))
		for i, r := range res.SMSMessageData.Recipients {
			out[i] = recipient{r.Number, r.MessageID, accepted(r.StatusCode)}
		}
		return out, nil
	}
}

// isolate calls fn while [http.DefaultTransport] is rt and what is printed to
// standard output is dropped, for the clients that use them. No other goroutine
// may use either meanwhile.
func isolate(rt http.RoundTripper, fn func() error) (err error) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer null.Close()
	defer func(out *os.File, old http.RoundTripper) {
		os.Stdout, http.DefaultTransport = out, old
	}(os.Stdout, http.DefaultTransport)
	os.Stdout, http.DefaultTransport = null, rt
	return fn()
}
