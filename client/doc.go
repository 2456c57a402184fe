// Package client sends SMS through Africa's Talking and says, for every
// recipient, what is known about the message: accepted, refused, worth another
// try, not sent, or unknown.
//
//	c := client.New("myapp", os.Getenv("AT_API_KEY"))
//	res, err := c.Send(ctx, client.Message{
//		To:   []string{"+254711000000", "+254711000001"},
//		Text: "Your order has left the shop.",
//	})
//	if err != nil {
//		slog.Error("sms", "err", err, "result", res)
//	}
//	for _, r := range res.Filter(client.Accepted) {
//		save(r.Number, r.MessageID) // delivery reports name the MessageID
//	}
//
// The username "sandbox" sends to the sandbox, where nothing reaches a handset.
//
// # Errors
//
// [Client.Send] always returns the [Result], and an error unless everybody was
// accepted. [errors.Is] tells the kinds apart:
//
//	ErrInvalid         the message or the configuration is unusable; nothing was written
//	ErrNotSent         nothing was written for some recipients; safe to send again
//	ErrTransient       some were refused for now; safe to send again later
//	ErrRefused         some were refused; change something first
//	ErrAuthentication  the username and the key do not go together on this host
//	ErrOutcomeUnknown  some may have been accepted; sending again may send twice
//
// [errors.As] finds the details in [*SendError], [*HTTPError] and
// [*RefusedError]. No error, and none of this package's log values, holds a
// phone number, a text or the API key.
//
// Africa's Talking has no idempotency key for SMS, so a message sent again is a
// second message: delivered and charged again. Never answer an error by sending
// the whole [Message] again; send to [Result.Resendable].
//
// # Rules of the wire
//
//   - The HTTP status says almost nothing. A send is answered 201 even when
//     nobody was messaged; the code of each recipient is the truth, and 100,
//     101 and 102 are all acceptances.
//   - A request is refused as a whole by 201, no recipients and a word, such as
//     InvalidSenderId: see [*RefusedError].
//   - Answers are matched with recipients by number; their order is not
//     documented. An answer spelt differently, "254…" for "+254…", is matched
//     by its digits where only one recipient can be meant.
//   - A 2xx that cannot be read is an unknown outcome, and so are a connection
//     cut short, a timeout after the request began to be written, a 5xx, and an
//     answer of more than 1 MiB and 1 KiB per recipient.
//   - The cost of a recipient and the total of the reply can be in different
//     currencies. No amount is ever a floating-point number.
//   - Premium messages go to another host, with another mode: set any premium
//     field of [Message].
//
// # What is not guaranteed
//
// Accepted is not delivered: delivery reports come by callback. A message is
// written at most once per recipient by this package, but two calls of Send are
// two messages, and a Transport of the caller's own may repeat requests. Exact
// duplicates of a number are dropped; two spellings of one number are two
// recipients. The order in which recipients are messaged is not kept.
package client
