package clienttest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/sautigo/africastalking/client"
	"github.com/sautigo/africastalking/client/clienttest"
)

// printer stands in for the *testing.T of a test.
type printer struct {
	testing.TB
	cleanups []func()
}

func (p *printer) Helper()          {}
func (p *printer) Cleanup(f func()) { p.cleanups = append(p.cleanups, f) }

func (p *printer) end() {
	for _, f := range p.cleanups {
		f()
	}
}

// remind is the code under test: it says who is still to be reminded.
func remind(c *client.Client, numbers ...string) []string {
	res, err := c.Send(context.Background(), client.Message{To: numbers, Text: "Your order has left the shop."})
	if errors.Is(err, client.ErrOutcomeUnknown) {
		fmt.Println("perhaps sent:", len(res.Filter(client.OutcomeUnknown)))
	}
	return res.Resendable()
}

func ExampleNewServer() {
	t := &printer{}
	defer t.end()

	at := clienttest.NewServer(t)
	at.Refuse(client.StatusGatewayError, "+254711000002")
	fmt.Println("again:", remind(at.Client(), "+254711000001", "+254711000002"))
	fmt.Println("sent:", at.Sent()[0].To)

	// The reply is cut short, but the message was sent: do not send it again.
	at.Next(clienttest.CutJSON)
	fmt.Println("again:", remind(at.Client(), "+254711000003"))
	// Output:
	// again: [+254711000002]
	// sent: [+254711000001]
	// perhaps sent: 1
	// again: []
}

func ExampleBreaks() {
	t := &printer{}
	defer t.end()

	at := clienttest.NewServer(t, clienttest.WithInMemory(true))
	for _, reply := range clienttest.Breaks()[:3] {
		at.Next(reply)
		res, _ := at.Client().Send(context.Background(), client.Message{To: []string{"+254711000001"}, Text: "Hello"})
		fmt.Printf("%s: %s\n", reply, res.Recipients[0].Outcome)
	}
	// Output:
	// 201 InvalidSenderId: refused
	// 401 in plain text: refused
	// 409 with recipients: refused
}
