package smstest_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/sautigo/africastalking/sms"
	"github.com/sautigo/africastalking/sms/smstest"
)

// printer stands in for the *testing.T of a test.
type printer struct{ testing.TB }

func (printer) Helper()                           {}
func (printer) Errorf(format string, args ...any) { fmt.Printf(format+"\n", args...) }

var t printer

func ExampleNew() {
	texts := map[string]string{} // by ID, since a message may arrive twice
	mux := http.NewServeMux()
	mux.Handle("/sms/incoming", sms.IncomingMessageHandler(func(_ context.Context, m sms.IncomingMessage) error {
		texts[m.ID] = m.Text
		return nil
	}))

	app := smstest.New(t, mux, smstest.WithPath("/sms/incoming"))
	app.Message(sms.IncomingMessage{Text: "STOP"})
	app.Again()

	fmt.Println(len(texts), "message")
	// Output: 1 message
}

func ExampleNewURL() {
	var last sms.Status
	server := httptest.NewServer(sms.DeliveryReportHandler(func(_ context.Context, r sms.DeliveryReport) error {
		last = r.Status
		return nil
	}))
	defer server.Close()

	app := smstest.NewURL(t, server.URL)
	app.Reports(sms.DeliveryReport{ID: "ATXid_1"}, sms.Submitted, sms.Buffered, sms.Success)

	fmt.Println(last)
	// Output: Success
}

// What a failure looks like.
func ExampleApp() {
	app := smstest.New(t, http.NotFoundHandler(), smstest.WithPath("/sms/opt-out"))
	app.OptOut(sms.OptOut{SenderID: "21512"})
	// Output:
	// smstest: opt-out is answered 404, want 200
	//     POST /sms/opt-out
	//     senderId=21512&phoneNumber=%2B254711000001
	//     answer: 404 Not Found
	//     404 page not found
}
