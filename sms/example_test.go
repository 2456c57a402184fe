package sms_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/sautigo/africastalking/client"
	"github.com/sautigo/africastalking/sms"
	"github.com/sautigo/africastalking/state"
	"github.com/sautigo/africastalking/webhook"
)

// send plays Africa's Talking: it posts a callback and prints the answer.
func send(h http.Handler, form string) {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(form))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	fmt.Println(w.Code, w.Body)
}

func ExampleIncomingMessageHandler() {
	h := sms.IncomingMessageHandler(func(ctx context.Context, m sms.IncomingMessage) error {
		fmt.Printf("%s wrote %q to %s\n", m.From, m.Text, m.To)
		return nil
	})
	send(h, "id=5ee5a1c8&date=2024-02-01+10%3A11%3A12&from=%2B254700000001&to=12345&text=Habari")
	// Output:
	// +254700000001 wrote "Habari" to 12345
	// 200 GOOD
}

// An app that answers on-demand premium messages cannot do without the link ID.
func ExampleIncomingMessageHandler_required() {
	h := sms.IncomingMessageHandler(func(ctx context.Context, m sms.IncomingMessage) error {
		fmt.Println("reply with link ID", m.LinkID)
		return nil
	}, webhook.WithRequired("linkId"))
	send(h, "id=5ee5a1c8&from=%2B254700000001&to=12345&text=NEWS&linkId=03090445075804249226")
	send(h, "id=5ee5a1c9&from=%2B254700000001&to=12345&text=NEWS&linkId=")
	// Output:
	// reply with link ID 03090445075804249226
	// 200 GOOD
	// 400 BAD
}

// standIn answers the client of ExampleTwoWayHandler in place of Africa's Talking.
type standIn struct{}

func (standIn) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.ParseForm(); err != nil {
		return nil, err
	}
	fmt.Printf("SMS to %s: %s\n", r.PostForm.Get("to"), r.PostForm.Get("message"))
	w := httptest.NewRecorder()
	fmt.Fprintf(w, `{"SMSMessageData":{"Recipients":[{"statusCode":101,"number":%q,"messageId":"ATXid_1"}]}}`, r.PostForm.Get("to"))
	return w.Result(), nil
}

func ExampleTwoWayHandler() {
	// In an app: client.New(os.Getenv("AT_USERNAME"), os.Getenv("AT_API_KEY")).
	account := client.New("sandbox", "key", client.WithHTTPClient(&http.Client{Transport: standIn{}}))
	var store state.Memory // forgets in a restart; engines/atredis and engines/atnats do not

	h := sms.TwoWayHandler(account, &store, func(ctx context.Context, m sms.IncomingMessage) (string, error) {
		return "You wrote: " + m.Text, nil
	})
	send(h, "id=5ee5a1c8&from=%2B254700000001&to=12345&text=Habari")
	send(h, "id=5ee5a1c8&from=%2B254700000001&to=12345&text=Habari") // delivered again
	// Output:
	// SMS to +254700000001: You wrote: Habari
	// 200 GOOD
	// 200 GOOD
}

// Subscribers stop a service with a word, in more than one language.
func ExampleTwoWayHandler_stop() {
	account := client.New("sandbox", "key", client.WithHTTPClient(&http.Client{Transport: standIn{}}))
	optedOut := map[string]bool{} // in an app, a table of its database

	h := sms.TwoWayHandler(account, new(state.Memory), func(ctx context.Context, m sms.IncomingMessage) (string, error) {
		word, _, _ := strings.Cut(strings.ToUpper(strings.TrimSpace(m.Text)), " ")
		switch word {
		case "STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "ARRET", "ARRÊT":
			optedOut[m.From] = true
			return "You will get no more messages. Send START to change that.", nil
		case "START":
			delete(optedOut, m.From)
			return "Welcome back.", nil
		}
		if optedOut[m.From] {
			return "", nil // no reply
		}
		return "You wrote: " + m.Text, nil
	})
	send(h, "id=1&from=%2B254700000001&to=12345&text=Stop+please")
	send(h, "id=2&from=%2B254700000001&to=12345&text=Habari")
	send(h, "id=3&from=%2B254700000001&to=12345&text=START")
	// Output:
	// SMS to +254700000001: You will get no more messages. Send START to change that.
	// 200 GOOD
	// 200 GOOD
	// SMS to +254700000001: Welcome back.
	// 200 GOOD
}

func ExampleDeliveryReportHandler() {
	h := sms.DeliveryReportHandler(func(ctx context.Context, d sms.DeliveryReport) error {
		switch {
		case d.Status == sms.Success:
			fmt.Println(d.ID, "was delivered")
		case d.Status.Final():
			fmt.Println(d.ID, "is lost:", d.FailureReason)
		default:
			fmt.Println(d.ID, "is on its way")
		}
		return nil
	})
	send(h, "id=ATXid_1&status=Sent&phoneNumber=%2B254700000001&networkCode=63902")
	send(h, "id=ATXid_1&status=Rejected&phoneNumber=%2B254700000001&failureReason=UserInBlackList")
	// Output:
	// ATXid_1 is on its way
	// 200 OK
	// ATXid_1 is lost: UserInBlackList
	// 200 OK
}

func ExampleOptOutHandler() {
	optedOut := map[sms.OptOut]bool{}
	h := sms.OptOutHandler(func(ctx context.Context, o sms.OptOut) error {
		optedOut[o] = true // in an app, in a database: doing it twice does no harm
		return nil
	})
	send(h, "senderId=SAUTI&phoneNumber=%2B254700000001")
	send(h, "senderId=SAUTI&phoneNumber=%2B254700000001")
	fmt.Println(len(optedOut))
	// Output:
	// 200 OK
	// 200 OK
	// 1
}

func ExampleSubscriptionHandler() {
	h := sms.SubscriptionHandler(func(ctx context.Context, s sms.Subscription) error {
		switch s.UpdateType {
		case sms.Addition:
			fmt.Println("welcome to", s.Keyword)
		case sms.Deletion:
			fmt.Println("goodbye from", s.Keyword)
		}
		return nil
	})
	send(h, "phoneNumber=%2B254700000001&shortCode=12345&keyword=NEWS&updateType=Addition")
	send(h, "phoneNumber=%2B254700000001&shortCode=12345&keyword=NEWS&updateType=deletion")
	// Output:
	// welcome to NEWS
	// 200 OK
	// goodbye from NEWS
	// 200 OK
}

// In a handler of one's own, or of another framework, Parse does the reading.
func ExampleParseDeliveryReport() {
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		report, err := sms.ParseDeliveryReport(r)
		if e := new(webhook.Error); errors.As(err, &e) {
			http.Error(w, e.Error(), e.Status)
			return
		}
		fmt.Fprintf(w, "%s: %s", report.ID, report.Status)
	})
	send(h, "id=ATXid_1&status=Success")
	send(h, "id=ATXid_1")
	// Output:
	// 200 ATXid_1: Success
	// 400 webhook: field status: missing
}

func ExampleParseIncomingMessage() {
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m, err := sms.ParseIncomingMessage(r)
		if e := new(webhook.Error); errors.As(err, &e) {
			http.Error(w, e.Error(), e.Status)
			return
		}
		fmt.Fprintf(w, "%s wrote %q", m.From, m.Text)
	})
	send(h, "id=5ee5a1c8&from=%2B254700000001&to=12345&text=Habari")
	// Output: 200 +254700000001 wrote "Habari"
}

func ExampleParseOptOut() {
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o, err := sms.ParseOptOut(r)
		if e := new(webhook.Error); errors.As(err, &e) {
			http.Error(w, e.Error(), e.Status)
			return
		}
		fmt.Fprintf(w, "nothing more from %s to %s", o.SenderID, o.PhoneNumber)
	})
	send(h, "senderId=SAUTI&phoneNumber=%2B254700000001")
	// Output: 200 nothing more from SAUTI to +254700000001
}

func ExampleParseSubscription() {
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := sms.ParseSubscription(r)
		if e := new(webhook.Error); errors.As(err, &e) {
			http.Error(w, e.Error(), e.Status)
			return
		}
		fmt.Fprint(w, s.UpdateType, " of ", s.Keyword)
	})
	send(h, "phoneNumber=%2B254700000001&shortCode=12345&keyword=NEWS&updateType=Addition")
	// Output: 200 addition of NEWS
}

func ExampleSegments() {
	for _, text := range []string{
		"Your code is 4321",
		strings.Repeat("x", 161),
		"It’s ready", // the curly quote is not in the GSM alphabet
	} {
		n, encoding := sms.Segments(text)
		fmt.Println(n, encoding)
	}
	// Output:
	// 1 GSM-7
	// 2 GSM-7
	// 1 UCS-2
}

// The app finds the two characters that halve what a message holds.
func ExampleNonGSM7() {
	fmt.Printf("%q\n", sms.NonGSM7("It’s ready – come and get it"))
	fmt.Println(sms.NonGSM7("It's ready - come and get it") == nil)
	// Output:
	// ['’' '–']
	// true
}

// Reports come in any order. The app keeps the one that counts.
func ExampleStatus_Supersedes() {
	var kept sms.Status
	for _, s := range []sms.Status{sms.Submitted, sms.Success, sms.Buffered, sms.Failed, sms.Success} {
		if s.Supersedes(kept) {
			kept = s
		}
	}
	fmt.Println(kept)
	// Output: Success
}
