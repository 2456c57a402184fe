package main

import (
	"context"
	"fmt"
	"log/slog"
	"sync"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/sms"
)

const help = "Send BALANCE for your balance, STOP to get no more messages."

// bot answers incoming messages.
type bot struct {
	balance func(ctx context.Context, number string) (africastalking.Money, error)
	log     *slog.Logger

	mu sync.Mutex
	// senders holds what must be known of a number. An app keeps it in a database.
	senders map[string]sender
}

// sender is what the bot knows of a number; the zero value is an ordinary one.
type sender struct {
	// optedOut numbers get no replies.
	optedOut bool
	// puzzled says that the last message was not understood. The next such message
	// gets no reply: two machines would go on for ever.
	puzzled bool
}

// reply returns the reply to a message. It runs once for a message, so the STOP that
// Africa's Talking delivers again after a START does nothing.
func (b *bot) reply(ctx context.Context, m sms.IncomingMessage) (string, error) {
	b.log.InfoContext(ctx, "incoming message", "payload", m)
	word := command(m.Text)
	switch was := b.note(m.From, word); {
	case was.optedOut && word != start:
		return "", nil
	case word == stop:
		return "You will get no more messages from us. Send START if you change your mind.", nil
	case word == start:
		return "Welcome back. " + help, nil
	case word == "HELP":
		return help, nil
	case word == "BALANCE":
		amount, err := b.balance(ctx, m.From)
		if err != nil {
			return "", fmt.Errorf("balance: %w", err)
		}
		return "Your balance is " + amount.String() + ".", nil
	case was.puzzled:
		return "", nil
	}
	return "Sorry, we do not know that word. " + help, nil
}

// note keeps what a word changes about a number, and returns what was known before.
func (b *bot) note(number, word string) (was sender) {
	b.mu.Lock()
	defer b.mu.Unlock()
	was = b.senders[number]
	switch {
	case word == stop:
		b.senders[number] = sender{optedOut: true}
	case word == start:
		delete(b.senders, number)
	case !was.optedOut:
		if word == "HELP" || word == "BALANCE" {
			delete(b.senders, number)
		} else {
			b.senders[number] = sender{puzzled: true}
		}
	}
	return was
}

// optOut handles an opt-out that a subscriber sent to Africa's Talking itself, which
// confirms it.
func (b *bot) optOut(ctx context.Context, o sms.OptOut) error {
	b.log.InfoContext(ctx, "opt-out", "payload", o)
	b.note(o.PhoneNumber, stop)
	return nil
}

// balance stands for the app's own books.
func balance(context.Context, string) (africastalking.Money, error) {
	return africastalking.Cents("KES", 1250_50), nil
}
