// Package client sends SMS through Africa's Talking and reports, for every
// recipient, whether the message was accepted, refused, put off, not sent, or
// possibly sent.
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
// [Client.Send] always returns the [Result], and an error unless every recipient
// was accepted. [errors.Is] tells the kinds apart:
//
//	ErrInvalid         the message or the configuration is unusable; nothing was written
//	ErrNotSent         nothing was written for some recipients; safe to send again
//	ErrTransient       some were refused for now; safe to send again later
//	ErrRefused         some were refused; change something first
//	ErrAuthentication  the username and the key do not go together on this host
//	ErrOutcomeUnknown  some may have been accepted; sending again may send twice
//
// [errors.As] finds the details in [*SendError], [*HTTPError] and
// [*RefusedError]. The text of an error states counts, codes, the HTTP status, the
// host and a class of reason, such as "timeout" or "cut short". No error text, log
// value or printed value of this package holds a phone number, a message text, the
// API key or the username, nor does it quote the other side: the fields of
// [*HTTPError] and [*RefusedError] and the wrapped error of a transport do.
//
// Africa's Talking has no idempotency key for SMS, so a message sent again is a
// second message: delivered and charged again. Never answer an error by sending
// the whole [Message] again; send to [Result.Resendable]. With a single recipient
// an empty Resendable means that sending again is useless or may send twice.
//
// # Rules of the wire
//
//   - The HTTP status says almost nothing. Africa's Talking answers 201 even when
//     it sends the message to none of the recipients; the code of each recipient
//     counts, and 100, 101 and 102 are all acceptances.
//   - A request is refused as a whole by 201, no recipients and a word, such as
//     InvalidSenderId: see [*RefusedError].
//   - The client matches answers with recipients by number; their order is not
//     documented. It matches an answer spelt differently, "254…" for "+254…", by
//     its digits where only one recipient can be meant. An only answer without a
//     number belongs to an only recipient.
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
// Accepted is not delivered: delivery reports come by callback. This package
// writes a message at most once per recipient, but two calls of Send are two
// messages, and a Transport of the caller's own may repeat requests. The client
// drops exact duplicates of a number; two spellings of one number are two
// recipients. It does not keep the order of recipients.
package client
