package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"unicode"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/client"
	"github.com/sautigo/africastalking/examples/internal/once"
	"github.com/sautigo/africastalking/sms"
)

const help = "Send BALANCE for your balance, STOP to get no more messages."

// bot answers incoming messages.
type bot struct {
	send    sendFunc
	balance func(ctx context.Context, number string) (africastalking.Money, error)
	log     *slog.Logger
	handled *once.Keys
	optOuts *optOuts
}

// receive handles a message, which may be one that was handled before. If it
// returns an error, Africa's Talking sends the message again.
func (b *bot) receive(ctx context.Context, m sms.IncomingMessage) error {
	b.log.InfoContext(ctx, "incoming message", "payload", m)
	if strings.ContainsFunc(m.From, unicode.IsLetter) {
		return nil // a name, such as an operator's, takes no messages
	}
	// The sender of the callback may hang up, which must not leave an answer half
	// done.
	return b.handled.Do(ctx, m.ID, func() error { return b.answer(context.WithoutCancel(ctx), m) })
}

func (b *bot) answer(ctx context.Context, m sms.IncomingMessage) error {
	word := keyword(m.Text)
	switch {
	case word == "STOP":
		return b.stop(ctx, m)
	case word == "START":
		return b.start(ctx, m)
	case b.optOuts.has(m.From):
		return nil
	case word == "HELP":
		return b.reply(ctx, m, help)
	case word == "BALANCE":
		amount, err := b.balance(ctx, m.From)
		if err != nil {
			return fmt.Errorf("balance: %w", err)
		}
		return b.reply(ctx, m, "Your balance is "+amount.String()+".")
	}
	return b.reply(ctx, m, "Sorry, we do not know that word. "+help)
}

func (b *bot) stop(ctx context.Context, m sms.IncomingMessage) error {
	if !b.optOuts.add(m.From) {
		return nil
	}
	err := b.reply(ctx, m, "You will get no more messages from us. Send START if you change your mind.")
	if err != nil {
		b.optOuts.unconfirmed(m.From)
	}
	return err
}

func (b *bot) start(ctx context.Context, m sms.IncomingMessage) error {
	b.optOuts.remove(m.From)
	if err := b.reply(ctx, m, "Welcome back. "+help); err != nil {
		// Asking for the message again would be worse than no welcome: by the
		// time it comes, the person may have sent STOP.
		b.log.WarnContext(ctx, "welcome not sent", "message", m.ID, "error", err)
	}
	return nil
}

// optOut handles an opt-out that somebody has sent to Africa's Talking itself,
// which confirms it.
func (b *bot) optOut(ctx context.Context, o sms.OptOut) error {
	b.log.InfoContext(ctx, "opt-out", "payload", o)
	b.optOuts.add(o.PhoneNumber)
	return nil
}

// reply returns an error only if the reply was not sent and may be later.
func (b *bot) reply(ctx context.Context, m sms.IncomingMessage, text string) error {
	result, err := b.send(ctx, client.Message{
		To:     []string{m.From},
		Text:   text,
		From:   m.To,
		LinkID: m.LinkID,
	})
	// What is invalid can never be sent, however often Africa's Talking asks.
	if !errors.Is(err, client.ErrInvalid) && (len(result.Resendable()) > 0 || errors.Is(err, client.ErrAuthentication)) {
		return err
	}
	if err != nil {
		b.log.ErrorContext(ctx, "reply given up", "message", m.ID, "error", err)
	}
	return nil
}

// keyword returns the first word of a text in upper case, without the full stop
// that phones add.
func keyword(text string) string {
	words := strings.Fields(text)
	if len(words) == 0 {
		return ""
	}
	return strings.ToUpper(strings.TrimFunc(words[0], func(r rune) bool { return !unicode.IsLetter(r) }))
}

// balance stands for the app's own books.
func balance(context.Context, string) (africastalking.Money, error) {
	return africastalking.Money{Currency: "KES", Micros: 1250_500_000}, nil
}
