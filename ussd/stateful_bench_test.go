package ussd_test

import (
	"context"
	"strconv"
	"testing"

	"github.com/sautigo/africastalking/state"
	"github.com/sautigo/africastalking/ussd"
)

type transfer struct {
	Step   string
	To     string
	Amount int
	Tries  int
}

func benchTransfer(_ context.Context, r ussd.Request, s *transfer) (ussd.Response, error) {
	s.Step, s.To, s.Amount = "confirm", "+254711000002", s.Amount+100
	return ussd.Continue("Send KES " + strconv.Itoa(s.Amount) + " to " + s.To + "?\n1. Yes\n2. No"), nil
}

// BenchmarkStateful compares the hops of sessions of five hops with and without a
// state that is kept.
func BenchmarkStateful(b *testing.B) {
	texts := []string{"", "1", "1*0711000002", "1*0711000002*100", "1*0711000002*100*1"}
	bench := func(b *testing.B, fn func(context.Context, ussd.Request) (ussd.Response, error), forget func()) {
		b.ReportAllocs()
		ctx := b.Context()
		r := ussd.Request{PhoneNumber: "+254711000001", ServiceCode: "*384*123#"}
		for i := 0; b.Loop(); i++ {
			if i%len(texts) == 0 {
				r.SessionID = "ATUid_" + strconv.Itoa(i)
			}
			if i%50_000 == 0 {
				forget()
			}
			r.Text = texts[i%len(texts)]
			if _, err := fn(ctx, r); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.Run("Bare", func(b *testing.B) {
		bench(b, func(ctx context.Context, r ussd.Request) (ussd.Response, error) {
			var s transfer
			return benchTransfer(ctx, r, &s)
		}, func() {})
	})
	b.Run("Memory", func(b *testing.B) {
		store := new(state.Memory)
		bench(b, ussd.Stateful(store, benchTransfer), func() { *store = state.Memory{} })
	})
}
