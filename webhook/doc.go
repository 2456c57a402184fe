// Package webhook is the engine that receives what Africa's Talking sends: it
// bounds, parses and checks a request, calls a function with a typed value, and
// turns what comes back into the exact answer.
//
// The callbacks that have a type are handled by the packages sms, ussd and voice
// and by this package's subdirectories; their constructors take this package's
// options. Use this package itself for the rest:
//
//	type Payment struct {
//		TransactionID string               `schema:"transactionId" json:"transactionId"`
//		Value         africastalking.Money `schema:"value" json:"value"`
//	}
//
//	http.Handle("/payments", webhook.Handler(
//		func(ctx context.Context, p Payment) error { return book(ctx, p) },
//		webhook.WithRequired("transactionId", "value")))
//
//	http.Handle("/anything", webhook.Handler(
//		func(ctx context.Context, e webhook.Event) error { return keep(ctx, e.Body) }))
//
// # Who is calling
//
// Africa's Talking signs nothing. What can be done is to put a secret into the
// callback URL, to serve it over https only, and to check it with [RequireToken]:
//
//	guard := webhook.RequireToken(webhook.PathSegment(2), os.Getenv("CALLBACK_SECRET"))
//	http.Handle("/at/{token}/payments", guard(payments))
//
// # What is guaranteed
//
// The function gets a complete payload or is not called. The handler answers a
// callback once, before the deadline if there is one, in any middleware. It logs a
// failure where [WithLogger] says, without phone numbers, and tells [WithObserver].
//
// A callback may arrive twice, and callbacks may arrive in any order: Africa's Talking
// sends some of them again, and no callback says that it is a repeat.
package webhook
