package inbox_test

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"time"

	"github.com/sautigo/africastalking/sms"
	"github.com/sautigo/africastalking/webhook"
	"github.com/sautigo/africastalking/webhook/inbox"
)

// An engine calls Next for each attempt that failed.
func ExampleNext() {
	err := errors.New("bank: no account for +254711000001")
	for _, err := range []error{err, inbox.RetryAfter(err, time.Minute), inbox.Park(err)} {
		fate := inbox.Next(inbox.Delivery{Attempt: 1}, err)
		fmt.Println(fate.Dead, fate.After.Round(time.Minute), fate.Reason)
	}
	// Output:
	// false 0s bank: no account for +***01
	// false 1m0s bank: no account for +***01
	// true 0s bank: no account for +***01
}

func ExamplePark() {
	err := inbox.Park(errors.New("no such account"))
	fmt.Println(err, inbox.Next(inbox.Delivery{Attempt: 1}, err).Dead)
	// Output: no such account true
}

func ExampleRetryAfter() {
	err := inbox.RetryAfter(errors.New("bank is busy"), 30*time.Second)
	fmt.Println(err, inbox.Next(inbox.Delivery{Attempt: 1}, err).After)
	// Output: bank is busy 30s
}

func ExampleNew() {
	in := inbox.New(inbox.Memory(inbox.AllowLoss)) // atsqlite.Open("at.db") loses nothing
	handled := make(chan string)
	h := sms.DeliveryReportHandler(func(_ context.Context, r sms.DeliveryReport) error {
		handled <- r.ID + " " + string(r.Status)
		return nil
	}, in.Stored("reports"))

	ctx, stop := context.WithCancel(context.Background()) // signal.NotifyContext
	ended := make(chan error)
	go func() { ended <- in.Run(ctx, 8) }()

	deliver(h, "id=ATXid_1&status=Success")
	fmt.Println("handled", <-handled)
	deliver(h, "id=ATXid_1&status=Success") // a repeat
	stop()
	fmt.Println(<-ended)
	// Output:
	// answered 200 OK
	// handled ATXid_1 Success
	// answered 200 OK
	// <nil>
}

// deliver plays Africa's Talking.
func deliver(h http.Handler, body string) {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	fmt.Println("answered", w.Code, w.Body)
}

// storedReport is what an engine hands to an inbox.
var storedReport = inbox.Delivery{
	Name: "reports", Key: "reports-1", Received: time.Now(), Attempt: 1,
	Callback: webhook.Callback{MediaType: "application/x-www-form-urlencoded", Body: []byte("id=ATXid_1&status=Success")},
}

// A refund that is made once, however often the callback is handled.
func ExampleOnce() {
	in := inbox.New(inbox.Memory(inbox.AllowLoss)) // it is the store, too
	sms.DeliveryReportHandler(func(ctx context.Context, _ sms.DeliveryReport) error {
		receipt, err := inbox.Once(ctx, "refund", func(context.Context) (string, error) {
			fmt.Println("refunding")
			return "receipt 1", nil
		})
		fmt.Println(receipt, err)
		return err
	}, in.Stored("reports"))
	for range 2 {
		_ = in.Handle(context.Background(), storedReport)
	}
	// Output:
	// refunding
	// receipt 1 <nil>
	// receipt 1 <nil>
}

func ExampleFromContext() {
	in := inbox.New(inbox.Memory(inbox.AllowLoss))
	sms.DeliveryReportHandler(func(ctx context.Context, _ sms.DeliveryReport) error {
		d, ok := inbox.FromContext(ctx)
		fmt.Println(d.Name, d.Attempt, ok)
		return nil
	}, in.Stored("reports"))
	_ = in.Handle(context.Background(), storedReport)
	// Output: reports 1 true
}

func ExampleAcceptOnly() {
	in := inbox.New(inbox.Memory(inbox.AllowLoss), inbox.AcceptOnly()) // other machines call Run
	deliver(sms.DeliveryReportHandler(nil, in.Stored("reports")), "id=ATXid_1&status=Success")
	// Output: answered 200 OK
}

func ExampleRefuseMalformed() {
	for _, opts := range [][]inbox.Option{nil, {inbox.RefuseMalformed()}} {
		q := inbox.Memory(inbox.AllowLoss)
		in := inbox.New(q, append(opts, inbox.AcceptOnly())...)
		deliver(sms.DeliveryReportHandler(nil, in.Stored("reports"), webhook.WithLogger(slog.New(slog.DiscardHandler))), "id=ATXid_1")
		dead, _ := q.Dead(context.Background(), "", 10)
		for _, l := range dead {
			fmt.Println("dead letter:", l.Reason)
		}
	}
	// Output:
	// answered 200 OK
	// dead letter: webhook: field status: missing
	// answered 400 webhook: field status: missing
}

func ExampleMemory() {
	ctx := context.Background()
	q := inbox.Memory(inbox.AllowLoss)
	d := inbox.Delivery{
		Name: "reports", Key: "reports-1", Received: time.Now(), Window: time.Hour,
		Callback: webhook.Callback{MediaType: "application/json", Body: []byte("{}")},
	}
	for range 2 {
		duplicate, err := q.Put(ctx, d)
		fmt.Println(duplicate, err)
	}
	fmt.Println("outlives:", q.Durability())
	// Output:
	// false <nil>
	// true <nil>
	// outlives: nothing
}

func ExamplePage() {
	in := inbox.New(inbox.Memory(inbox.AllowLoss))
	auth := func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, password, _ := r.BasicAuth()
			if subtle.ConstantTimeCompare([]byte(password), []byte(os.Getenv("INBOX_PASSWORD"))) != 1 || password == "" {
				w.Header().Set("WWW-Authenticate", `Basic realm="inbox"`)
				http.Error(w, "Unauthorized", http.StatusUnauthorized)
				return
			}
			h.ServeHTTP(w, r)
		})
	}
	mux := http.NewServeMux()
	mux.Handle("/inbox", inbox.Page(in, auth))

	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/inbox", nil))
	fmt.Println(w.Code)
	// Output: 401
}
