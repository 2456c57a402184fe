// Package gateway plays Africa's Talking towards an app: it sends callbacks as
// Africa's Talking does, and makes of the answers what Africa's Talking makes of
// them. The app is an [http.Handler] in memory ([Handler]) or a real endpoint
// ([URL]).
//
// It knows the wire and nothing of the packages that read it, so that a test of
// those packages compares two independent accounts. Test kits and the local
// sandbox stand on it, and Africa's Talking's behaviour is written once, here.
//
// [Callback], [App] and [Answer] serve every product. [USSD] and [Session] are a
// USSD session from dialling to the notification at its end, and [Voice] and [Call]
// a call likewise. [Message], [DeliveryReport], [OptOut] and [Subscription] are what
// is posted about SMS, [AirtimeStatus] and [AirtimeValidation] about airtime.
//
// Facts are marked where they stand: documented on Africa's Talking's pages,
// observed on the wire, or assumed, where neither pages nor captures tell.
package gateway
