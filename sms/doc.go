// Package sms handles what Africa's Talking sends about SMS: incoming messages,
// delivery reports, opt-outs and subscription changes. [TwoWayHandler] also replies:
//
//	var store state.Memory
//	http.Handle("/sms/incoming", sms.TwoWayHandler(client.New(username, key), &store,
//		func(ctx context.Context, m sms.IncomingMessage) (string, error) {
//			return "You wrote: " + m.Text, nil
//		}))
//
// Each callback X has a type X, a handler XHandler and a ParseX for code that has
// a request in hand. The handlers answer 200 when the function returns nil; then
// Africa's Talking takes the callback for received. Callbacks may be delivered
// more than once and in any order, and nothing in them says so: find duplicates
// by ID (and status, for reports), and keep IDs of incoming messages for 12
// hours, which is as long as they are sent again. TwoWayHandler does that itself.
//
// Package client sends messages that are no replies.
package sms
