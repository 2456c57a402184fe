// Package gateway plays Africa's Talking towards an app: it sends callbacks and
// interprets the answers as Africa's Talking does. The app is an [http.Handler] in memory ([Handler]) or a real endpoint
// ([URL]).
//
// It knows the wire and nothing of the packages that read it, so that a test of
// those packages compares two independent accounts. Test kits and the local
// sandbox stand on it, and Africa's Talking's behaviour is written once, here.
//
// [Callback], [App] and [Answer] serve every product. A package below has each
// product's callbacks and rules: session is USSD, call is voice, messaging is SMS
// and the API that sends it, and airtime.
//
// Facts are marked where they stand: documented on Africa's Talking's pages,
// observed on the wire, or assumed, where neither pages nor captures tell.
package gateway
