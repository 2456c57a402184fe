package inbox_test

import (
	"context"
	"errors"
	"fmt"
	"time"

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
	in := inbox.New(inbox.Memory(inbox.AllowLoss))
	err := in.Handle(context.Background(), inbox.Delivery{Name: "reports"})
	fmt.Println(err)
	// Output: inbox: no handler is stored as reports
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
