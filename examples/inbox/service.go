package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/sautigo/africastalking/client"
	"github.com/sautigo/africastalking/sms"
	"github.com/sautigo/africastalking/state"
	"github.com/sautigo/africastalking/webhook/inbox"
)

// service handles callbacks that were stored. Each function may run again for a callback,
// when the process died before it returned or when it failed, and in any order.
type service struct {
	tables  *tables
	account *client.Client
	slow    time.Duration // for each callback
	log     *slog.Logger
}

func (s *service) report(ctx context.Context, r sms.DeliveryReport) error {
	if err := s.wait(ctx); err != nil {
		return err
	}
	return s.tables.saveReport(ctx, r)
}

func (s *service) optOut(ctx context.Context, o sms.OptOut) error {
	if err := s.wait(ctx); err != nil {
		return err
	}
	d, _ := inbox.FromContext(ctx)
	_, err := s.tables.setStopped(ctx, o.PhoneNumber, true, d.Received)
	return err
}

// message keeps a message and replies to it once. Other texts than these three are for a
// person to read. More words for them are in examples/sms-autoreply.
func (s *service) message(ctx context.Context, m sms.IncomingMessage) error {
	if err := s.wait(ctx); err != nil {
		return err
	}
	if err := s.tables.saveMessage(ctx, m); err != nil {
		return err
	}
	d, _ := inbox.FromContext(ctx)
	word := strings.ToUpper(strings.Trim(strings.TrimSpace(m.Text), ".!"))
	text, answer := "", false
	var err error
	switch word {
	case "STOP":
		text = "You will get no more messages from us. Send START if you change your mind."
		answer, err = s.tables.setStopped(ctx, m.From, true, d.Received)
	case "START":
		text = "Welcome back. Send STOP to get no more messages."
		answer, err = s.tables.setStopped(ctx, m.From, false, d.Received)
	case "HELP":
		text = "Send STOP to get no more messages from us, and START to get them again."
		stopped, e := s.tables.stopped(ctx, m.From)
		answer, err = !stopped, e
	}
	if err != nil || !answer {
		return err
	}
	// If the process dies while it sends, nobody knows whether the reply was sent. It is not
	// sent again: the message becomes a dead letter, for a person to decide.
	id, err := inbox.Once(ctx, "reply", func(ctx context.Context) (string, error) {
		result, err := s.account.Send(ctx, client.Message{To: []string{m.From}, From: m.To, LinkID: m.LinkID, Text: text})
		switch {
		case errors.Is(err, client.ErrNotSent), errors.Is(err, client.ErrTransient):
			return "", fmt.Errorf("%w: %w", state.ErrNotDone, err)
		case err != nil:
			return "", err
		}
		return result.Recipients[0].MessageID, nil
	})
	if err != nil {
		return err
	}
	return s.tables.saveReply(ctx, m.ID, id)
}

// wait is the work that a real app would do.
func (s *service) wait(ctx context.Context) error {
	select {
	case <-time.After(s.slow):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// show counts what is in the tables.
func (s *service) show(w http.ResponseWriter, r *http.Request) {
	t, err := s.tables.totals(r.Context())
	if err != nil {
		s.log.ErrorContext(r.Context(), "counting failed", "err", err)
		http.Error(w, "The tables cannot be read: the log says why.", http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintf(w, "delivery reports %d\nmessages         %d\nreplies          %d\nopted out        %d\nhandled again    %d\n",
		t.reports, t.messages, t.replies, t.stopped, t.again)
}
