// Package sms handles what Africa's Talking sends about SMS: incoming messages,
// delivery reports, opt-outs and subscription changes.
//
//	http.Handle("/sms/incoming", sms.IncomingMessageHandler(
//		func(ctx context.Context, m sms.IncomingMessage) error {
//			return store.Save(ctx, m.ID, m.From, m.Text)
//		}))
//
// Each callback X has a type X, a handler XHandler and a ParseX for code that has
// a request in hand. The handlers answer 200 when the function returns nil; then
// Africa's Talking takes the callback for received. Callbacks may be delivered
// more than once and in any order, and nothing in them says so: find duplicates
// by ID (and status, for reports), and keep IDs of incoming messages for 12
// hours, which is as long as they are sent again.
//
// Sending is in package client.
package sms
