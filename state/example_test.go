package state_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sautigo/africastalking/sms"
	"github.com/sautigo/africastalking/state"
	"github.com/sautigo/africastalking/ussd"
)

func ExampleMemory() {
	ctx := context.Background()
	var store state.Memory
	version, _ := store.Save(ctx, "key", []byte("first"), 0, time.Minute)
	_, _ = store.Save(ctx, "key", []byte("second"), version, time.Minute)
	_, err := store.Save(ctx, "key", []byte("too late"), version, time.Minute)
	data, _, _ := store.Load(ctx, "key")
	fmt.Printf("%s; %v\n", data, err)
	// Output: second; state: record has another version
}

func ExampleOnce() {
	var store state.Memory
	pay := func(context.Context) (string, error) {
		fmt.Println("paying")
		return "receipt 1", nil
	}
	r := ussd.Request{SessionID: "session", PhoneNumber: "+254711000001", Text: "1*100*1"}
	for range 2 {
		receipt, err := state.Once(context.Background(), &store, "pay/"+r.HopID(), pay)
		fmt.Println(receipt, err)
	}
	// Output:
	// paying
	// receipt 1 <nil>
	// receipt 1 <nil>
}

// A reply that is sent once, however often the message is delivered.
func ExampleOnce_sms() {
	var store state.Memory
	answer := func(ctx context.Context, m sms.IncomingMessage) error {
		_, err := state.Once(ctx, &store, "reply/"+m.ID, func(context.Context) (string, error) {
			fmt.Println("replying to", m.Text)
			return "ATXid_1", nil
		})
		return err
	}
	m := sms.IncomingMessage{ID: "b3a4", Text: "BALANCE"}
	for range 3 {
		fmt.Println(answer(context.Background(), m))
	}
	// Output:
	// replying to BALANCE
	// <nil>
	// <nil>
	// <nil>
}

// Three wrong PINs lock a subscriber out for a day, in whichever session and on
// whichever machine they were typed.
func ExampleUpdate() {
	var store state.Memory
	errLocked := errors.New("locked")
	check := func(ctx context.Context, phone, pin string) error {
		return state.Update(ctx, &store, "pin/"+phone, 24*time.Hour, func(wrong *int) error {
			switch {
			case *wrong == 3:
				return errLocked
			case pin == "1234":
				*wrong = 0
			default:
				*wrong++
			}
			return nil
		})
	}
	for _, pin := range []string{"0000", "1234", "1111", "2222", "3333", "1234"} {
		fmt.Println(pin, check(context.Background(), "+254711000001", pin))
	}
	// Output:
	// 0000 <nil>
	// 1234 <nil>
	// 1111 <nil>
	// 2222 <nil>
	// 3333 <nil>
	// 1234 locked
}
