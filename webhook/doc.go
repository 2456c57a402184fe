// Package webhook is the engine that receives what Africa's Talking sends: it
// bounds, parses and checks a request, calls a function with a typed value, and
// turns what comes back into the exact answer.
//
// The callbacks that have a type are handled by the packages sms, ussd and voice
// and by this package's subdirectories; their constructors take this package's
// options. Use this package itself for the rest:
//
//	type Payment struct {
//		TransactionID   string               `schema:"transactionId"`
//		Value           africastalking.Money `schema:"value"`
//		RequestMetadata map[string]string    `schema:"requestMetadata"`
//		TransactionDate time.Time            `schema:"transactionDate"`
//	}
//
//	http.Handle("/payments", webhook.Handler(
//		func(ctx context.Context, p Payment) error { return book(ctx, p) },
//		webhook.WithRequired("transactionId", "value")))
//
//	http.Handle("/anything", webhook.Handler(
//		func(ctx context.Context, e webhook.Event) error { return keep(ctx, e.Body) }))
//
// # Which tags
//
// A type with schema tags is decoded from a form and from JSON alike: nested
// objects are fields such as "sender.name" and "items.0.name", numbers may come as
// texts and texts as numbers, dates in any form of [africastalking.ParseTime]. "None",
// "" and null are absent, for a string only null and for one named id or …Id "0", too.
// A date or an amount that cannot be read counts as absent. Any other value that does
// not fit is refused, such as a text where the type has a struct, or an object where it
// has a number. An empty object and an empty list stand for each other, as PHP writes
// them. A json.RawMessage takes a member as it was written, a map[string]string the
// members of an object.
//
// A struct may embed a payload of this module, or any [FormUnmarshaler], to add
// fields to it: the payload reads itself, and the tags are for the rest.
//
// A type without schema tags is decoded from JSON alone, by encoding/json.
//
// A log of a payload of this module masks numbers and texts, a log of another type
// masks nothing: give yours a LogValue method.
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
