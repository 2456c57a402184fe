package main

import (
	"context"
	"fmt"
	"io"

	"github.com/sautigo/africastalking/client"
)

// sendFunc sends a message as the Send method of [client.Client] does.
type sendFunc func(context.Context, client.Message) (client.Result, error)

// printTo returns a function that prints messages and says that they were
// accepted.
func printTo(w io.Writer) sendFunc {
	return func(_ context.Context, m client.Message) (client.Result, error) {
		var result client.Result
		for _, number := range m.To {
			fmt.Fprintf(w, "SMS from %q to %q: %q\n", m.From, number, m.Text)
			result.Recipients = append(result.Recipients, client.Recipient{Number: number, Outcome: client.Accepted})
		}
		return result, nil
	}
}
