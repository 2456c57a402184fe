package main

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"unicode"

	"github.com/sautigo/africastalking/client"
	"github.com/sautigo/africastalking/examples/internal/once"
	"github.com/sautigo/africastalking/sms"
)

// inbox answers each incoming message with one message.
type inbox struct {
	account *client.Client
	log     *slog.Logger
	replied *once.Keys
}

// receive handles an incoming message, which may be one that was handled before:
// Africa's Talking sends a message again until it gets a 200.
func (b *inbox) receive(ctx context.Context, m sms.IncomingMessage) error {
	b.log.InfoContext(ctx, "incoming message", "payload", m)
	if strings.ContainsFunc(m.From, unicode.IsLetter) {
		return nil // a name, such as an operator's, takes no messages
	}
	return b.replied.Do(ctx, m.ID, func() error { return b.reply(ctx, m) })
}

// reply sends the reply. It returns an error only when nothing was sent and it is
// worth being asked again; then the handler answers 500, and Africa's Talking
// sends the message again.
func (b *inbox) reply(ctx context.Context, m sms.IncomingMessage) error {
	// The sender of the callback may hang up, which must not leave a message half
	// sent.
	ctx = context.WithoutCancel(ctx)
	result, err := b.account.Send(ctx, client.Message{
		To:     []string{m.From},
		Text:   "Thank you, we have got your message.",
		From:   m.To,
		LinkID: m.LinkID,
	})
	switch {
	case err == nil:
		b.log.InfoContext(ctx, "reply sent", "message", m.ID, "recipient", result.Recipients[0])
		return nil
	case errors.Is(err, client.ErrInvalid):
		// It can never be sent as it is, however often Africa's Talking asks.
	case len(result.Resendable()) > 0, accountAtFault(result, err):
		return err
	}
	// It was refused for good, or may have been sent: sending it again is useless
	// or one message too many.
	b.log.ErrorContext(ctx, "reply given up", "message", m.ID, "error", err, "recipient", result.Recipients[0])
	return nil
}

// accountAtFault reports whether sending was refused for a reason that somebody
// may remove while Africa's Talking still sends the message again.
func accountAtFault(result client.Result, err error) bool {
	return errors.Is(err, client.ErrAuthentication) ||
		result.Recipients[0].StatusCode == client.StatusInsufficientBalance
}
