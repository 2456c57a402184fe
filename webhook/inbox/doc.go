// Package inbox keeps callbacks before it answers them and handles them later, at least
// once each: a 200 means stored. One option changes a handler from one to the other; its
// function stays as it is:
//
//	queue, err := atsqlite.Open("at.db")
//	if err != nil {
//		log.Fatal(err)
//	}
//	in := inbox.New(queue)
//	http.Handle("/reports", sms.DeliveryReportHandler(saveReport, in.Stored("reports")))
//	go http.ListenAndServe(":8080", nil)
//	err = in.Run(ctx, 8) // calls saveReport, 8 at once, until ctx ends
//
// Africa's Talking sends an unanswered callback again for hours. An app that answers first
// and works later loses what it had answered when its process dies; one that works first
// answers late and does the work twice.
//
// The engines are modules of their own: engines/atsqlite keeps callbacks in a file, for one
// machine; engines/atriver in Postgres, with the effect in the app's own transaction; and
// engines/atnats in NATS JetStream. [Memory] is for tests. Package inboxtest holds the
// tests that an engine must pass.
//
// # What holds
//
//   - A callback that was answered 200 is in the queue, as safe as its [Durability] says.
//     If it cannot be stored, the answer is 503, and it is sent again.
//   - Its function is called until it returns nil, or the callback is a dead letter, which
//     [Page] shows: after 20 attempts in two to three hours, after [Park], or when it
//     cannot be decoded. A dead letter that is delivered again takes its turn again.
//   - A repeat within the window is answered 200 and not handled again: 72 hours for
//     payloads with an identity, which are those that Africa's Talking sends with an ID,
//     and 15 minutes for others, which go by their fields. Each handler has repeats of
//     its own.
//   - A process that dies repeats at most the callbacks that it was handling, as many as Run
//     has workers.
//   - Logs, keys and the reasons of dead letters show no phone number. The queue itself
//     holds the bodies as they were sent: treat it as private.
//
// # What does not
//
// At least once is not exactly once: make an effect idempotent by the delivery's Key
// and, without an identity, its Received ([FromContext]), or use [Once], or the transaction that engines/atriver hands out.
// No order is kept. Callbacks whose answer counts are never stored: building a handler for
// USSD, calls or validations with [Inbox.Stored] panics.
package inbox
