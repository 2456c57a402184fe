package atsqlite_test

import (
	"context"
	"time"

	"github.com/sautigo/africastalking/webhook"
	"github.com/sautigo/africastalking/webhook/inbox"
)

type shim struct {
	q     inbox.Queue
	later webhook.Later
	times *delays
}

func (s *shim) Stored(name string) webhook.Option {
	return webhook.WithLater(func(l webhook.Later) webhook.Accept {
		s.later = l
		return func(ctx context.Context, c webhook.Callback, payload any, err error) error {
			if err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
			defer cancel()
			_, err = s.q.Put(ctx, inbox.Delivery{Name: name, Key: name + "-" + payload.(webhook.Identifier).Identity(), Received: time.Now(), Window: 72 * time.Hour, Callback: c})
			return err
		}
	})
}

func (s *shim) Run(ctx context.Context, n int) error {
	return s.q.Run(ctx, inbox.Worker{Workers: n, Timeout: time.Minute, Handle: func(ctx context.Context, d inbox.Delivery) error {
		_, err := s.later.Handle(ctx, d.Callback)
		s.times.add(time.Since(d.Received))
		return err
	}})
}
