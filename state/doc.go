// Package state remembers what must be remembered, and does once what must happen
// once, on any channel: a payment asked for by USSD, the reply to an SMS, the ticket
// that a voice call opens. Africa's Talking may deliver each callback again.
//
//	var store state.Memory
//
//	func pay(ctx context.Context, r ussd.Request) (ussd.Response, error) {
//		receipt, err := state.Once(ctx, &store, "pay/"+r.HopID(), func(ctx context.Context) (string, error) {
//			return bank.Pay(ctx, r.PhoneNumber, 500)
//		})
//		if err != nil {
//			return ussd.Response{}, err
//		}
//		return ussd.End("Paid. Receipt " + receipt), nil
//	}
//
// [Once] runs a function at most once for a key and gives its result to all who ask.
// [Update] changes a value that many callbacks share, such as a count of wrong PINs.
// Both stand on a [Store]: [Memory] is one for a single process; the modules
// engines/atredis and engines/atnats keep records in Redis and NATS, for any number
// of machines. Package ussd keeps sessions in the same stores.
//
// # What holds
//
// Over a store that passes the tests of package statetest, no two callers claim one
// key, no update is lost, and records of different keys and features never meet. Keys
// are hashed: a store shows no phone number in them.
//
// # What does not
//
// At most once is not exactly once: when a process dies while it pays, Once cannot
// know whether the payment was made, and says so with [ErrInDoubt]. A store that
// loses records, in a restart or because its server drops them when memory runs out,
// loses what Once knew. The values themselves are stored as JSON that can be read:
// treat a store as private, and keep PINs out of it.
package state
