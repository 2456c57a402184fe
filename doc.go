// Package africastalking is the root of a library for apps that build on Africa's
// Talking. It holds what the packages below it share: [Money], [ParseTime] and
// [Network].
//
// An app writes plain functions over typed values, and mounts the handlers of these
// functions in any mux:
//
//	mux.Handle("/at/ussd", ussd.Handler(
//		func(ctx context.Context, r ussd.Request) (ussd.Response, error) {
//			return ussd.End("Your number is " + r.PhoneNumber), nil
//		}))
//
// # Which handler for which URL
//
// Africa's Talking's dashboard has a box for each kind of callback. The URL in it
// wants this handler:
//
//	SMS → SMS Callback URLs
//	    Incoming Messages            sms.TwoWayHandler, sms.IncomingMessageHandler
//	    Delivery Reports             sms.DeliveryReportHandler
//	    Bulk SMS Opt Out             sms.OptOutHandler
//	    Subscription Notifications   sms.SubscriptionHandler
//	USSD → service code
//	    Callback URL                 ussd.Handler
//	    Events URL                   ussd.NotificationHandler
//	Voice → Phone Numbers → Actions
//	    Callback URL                 voice.Handler
//	    Events URL                   voice.EventHandler
//	Airtime → Airtime Callback URLs
//	    Validation                   airtime.ValidationHandler
//	    Status                       airtime.StatusHandler
//	Insights
//	    SIM swap callback URL        simswap.Handler
//	anything else                    webhook.Handler[webhook.Event]
//
// For a request in hand there is a Parse beside each handler: sms.ParseDeliveryReport,
// ussd.Parse.
//
// # The packages
//
//   - webhook is the engine: it receives, checks and answers. Its options and
//     middleware fit every handler. webhook/airtime and webhook/simswap handle
//     callbacks that need nothing else. webhook/inbox stores callbacks before it
//     answers them, and handles them at least once.
//   - sms, ussd and voice handle the callbacks of those products and build the
//     answers. sms also replies to messages.
//   - state remembers across callbacks and machines, and does once what must
//     happen once.
//   - client sends SMS.
//   - sms/smstest, ussd/ussdtest, voice/voicetest, client/clienttest and
//     webhook/airtime/airtimetest play Africa's Talking in an app's tests, without
//     a network or an account. state/statetest is what a store must
//     pass, webhook/inbox/inboxtest what a queue of webhook/inbox must.
//
// # What to know about the wire
//
// Africa's Talking signs nothing: put a secret into the callback URLs and check it
// with webhook.RequireToken. Callbacks may arrive twice and in any order, and none
// says so. For a date, an amount or a name that it does not have, Africa's Talking
// sends an empty text or the word None, and for an ID also 0; all are the zero value
// here. Enumerations are open: the handlers pass unknown values on as they came.
package africastalking
