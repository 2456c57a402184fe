package ussd_test

import (
	"context"
	"fmt"

	"github.com/sautigo/africastalking/state"
	"github.com/sautigo/africastalking/ussd"
)

// play plays hops to a function.
func play(fn func(context.Context, ussd.Request) (ussd.Response, error), session string, texts ...string) {
	for _, text := range texts {
		resp, err := fn(context.Background(), ussd.Request{SessionID: session, PhoneNumber: "+254711000001", ServiceCode: "*384*123#", Text: text})
		fmt.Printf("%q: %s %v\n", text, resp.Text, err)
	}
}

func ExampleStateful() {
	type order struct{ Name string }
	var store state.Memory
	serve := ussd.Stateful(&store, func(_ context.Context, r ussd.Request, o *order) (ussd.Response, error) {
		switch {
		case r.First():
			return ussd.Continue("What is your name?"), nil
		case o.Name == "":
			o.Name = r.Typed
			return ussd.Continuef("%s, how many?", o.Name), nil
		}
		return ussd.Endf("%s for %s.", r.Typed, o.Name), nil
	})
	// In a server: http.Handle("/ussd", ussd.Handler(serve))
	play(serve, "session", "", "A*B", "A*B", "A*B*3")
	// Output:
	// "": What is your name? <nil>
	// "A*B": A*B, how many? <nil>
	// "A*B": A*B, how many? <nil>
	// "A*B*3": 3 for A*B. <nil>
}

func ExampleResume() {
	var store state.Memory
	serve := ussd.Resume(&store, func(_ context.Context, r ussd.Request) (ussd.Response, error) {
		return ussd.Continuef("You chose %q.", r.Inputs()), nil
	})
	play(serve, "session", "", "2")
	// The network drops the session, and the subscriber dials again.
	play(serve, "another", "", "1", "1*3")
	// Output:
	// "": You chose []. <nil>
	// "2": You chose ["2"]. <nil>
	// "": You were interrupted.
	// 1. Continue
	// 2. Start again <nil>
	// "1": You chose ["2"]. <nil>
	// "1*3": You chose ["2" "3"]. <nil>
}
