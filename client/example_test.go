package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/sautigo/africastalking/client"
)

// gateway answers every request with the status and body given, as Africa's
// Talking would.
func gateway(status int, contentType, body string) *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		io.WriteString(w, body)
	}))
}

const partlyAccepted = `{"SMSMessageData":{"Message":"Sent to 1/2 Total Cost: KES 0.8000","Recipients":[
	{"number":"+254711000001","status":"InvalidPhoneNumber","statusCode":403,"cost":"0","messageId":"None"},
	{"number":"+254711000000","status":"Success","statusCode":101,"cost":"KES 0.8000","messageId":"ATXid_1"}]}}`

func ExampleNew() {
	live := client.New("myapp", "my-api-key")
	sandbox := client.New("sandbox", "my-sandbox-key")
	fmt.Println(live) // never shows the key
	fmt.Println(sandbox)
	// Output:
	// client(host=api.africastalking.com)
	// client(host=api.sandbox.africastalking.com)
}

func ExampleClient_Send() {
	srv := gateway(201, "application/json", partlyAccepted)
	defer srv.Close()
	c := client.New("myapp", "my-api-key", client.WithBaseURLs(srv.URL, ""))

	res, err := c.Send(context.Background(), client.Message{
		To:   []string{"+254711000000", "+254711000001"},
		Text: "Your order has left the shop.",
	})
	fmt.Println(err)
	for _, r := range res.Recipients {
		fmt.Println(r.Number, r.Outcome, r.StatusCode, r.Status, r.MessageID, r.Cost)
	}
	fmt.Println(res.TotalCost())
	// Output:
	// client: 1 of 2 recipients accepted (1 refused: 403 InvalidPhoneNumber)
	// +254711000000 accepted 101 Success ATXid_1 KES 0.80
	// +254711000001 refused 403 InvalidPhoneNumber  0.00
	// [KES 0.80]
}

func ExampleResult_Err() {
	res := client.Result{Recipients: []client.Recipient{
		{Number: "+254711000000", Outcome: client.Accepted},
		{Number: "+254711000001", Outcome: client.Transient},
		{Number: "+254711000002", Outcome: client.OutcomeUnknown},
	}}
	err := res.Err()
	fmt.Println(err)
	fmt.Println(errors.Is(err, client.ErrTransient), errors.Is(err, client.ErrOutcomeUnknown), errors.Is(err, client.ErrRefused))
	fmt.Println("send again to", res.Resendable())
	// Output:
	// client: 1 of 3 recipients accepted (1 transient, 1 unknown)
	// true true false
	// send again to [+254711000001]
}

func ExampleHTTPError() {
	srv := gateway(401, "text/plain; charset=UTF-8", "The supplied authentication is invalid")
	defer srv.Close()
	c := client.New("sandbox", "my-live-key", client.WithBaseURLs(srv.URL, ""))

	_, err := c.Send(context.Background(), client.Message{To: []string{"+254711000000"}, Text: "Hello"})
	var httpErr *client.HTTPError
	if errors.As(err, &httpErr) {
		fmt.Println(httpErr.StatusCode, httpErr.Username, httpErr.Body)
	}
	fmt.Println(errors.Is(err, client.ErrAuthentication))
	// Output:
	// 401 sandbox The supplied authentication is invalid
	// true
}

func ExampleRefusedError() {
	srv := gateway(201, "application/json", `{"SMSMessageData":{"Message":"InvalidSenderId","Recipients":[]}}`)
	defer srv.Close()
	c := client.New("myapp", "my-api-key", client.WithBaseURLs(srv.URL, ""))

	_, err := c.Send(context.Background(), client.Message{To: []string{"+254711000000"}, Text: "Hello", From: "NotMine"})
	var refused *client.RefusedError
	if errors.As(err, &refused) {
		fmt.Println(refused.Reason)
	}
	fmt.Println(err)
	// Output:
	// InvalidSenderId
	// client: 0 of 1 recipients accepted (1 refused): request refused: InvalidSenderId
}

// An unreadable answer does not mean that no message was sent.
func ExampleClient_Send_outcomeUnknown() {
	srv := gateway(200, "text/html", "<html>It works!</html>")
	defer srv.Close()
	c := client.New("myapp", "my-api-key", client.WithBaseURLs(srv.URL, ""))

	res, err := c.Send(context.Background(), client.Message{To: []string{"+254711000000"}, Text: "Hello"})
	fmt.Println(strings.ReplaceAll(err.Error(), srv.Listener.Addr().String(), "api.example"))
	fmt.Println(errors.Is(err, client.ErrOutcomeUnknown), len(res.Resendable()))
	// Output:
	// client: 0 of 1 recipients accepted (1 unknown): HTTP status 200 from api.example: unreadable reply
	// true 0
}

func ExampleClient_Send_notSent() {
	srv := gateway(200, "", "")
	srv.Close()
	c := client.New("myapp", "my-api-key", client.WithBaseURLs(srv.URL, ""))

	res, err := c.Send(context.Background(), client.Message{To: []string{"+254711000000"}, Text: "Hello"})
	fmt.Println(errors.Is(err, client.ErrNotSent), strings.HasSuffix(err.Error(), "connection refused"))
	fmt.Println("send again to", res.Resendable())
	// Output:
	// true true
	// send again to [+254711000000]
}

func ExampleClient_Send_invalid() {
	c := client.New("myapp", "my-api-key")
	res, err := c.Send(context.Background(), client.Message{To: []string{"0711 000000"}, Text: "Hello"})
	fmt.Println(err)
	fmt.Println(errors.Is(err, client.ErrInvalid), len(res.Resendable()))
	// Output:
	// client: recipient 0 contains white space
	// true 0
}

func ExampleResult_Resendable() {
	srv := gateway(429, "text/plain", "Slow down")
	defer srv.Close()
	c := client.New("myapp", "my-api-key", client.WithBaseURLs(srv.URL, ""))

	m := client.Message{To: []string{"+254711000000", "+254711000001"}, Text: "Hello"}
	res, err := c.Send(context.Background(), m)
	if errors.Is(err, client.ErrTransient) || errors.Is(err, client.ErrNotSent) {
		m.To = res.Resendable() // never the whole message
		fmt.Println(len(m.To), "to send again later")
	}
	// Output:
	// 2 to send again later
}
