package send

import (
	"fmt"

	"github.com/sautigo/africastalking/internal/gateway/messaging"
)

// Numbers returns n different invented numbers.
func Numbers(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("+2547110%05d", i)
	}
	return out
}

// AcceptAll is the answer to a message that was handed on for everybody.
func AcceptAll(to []string) string {
	q := messaging.Request{Text: text, To: to}
	accept := func(string) int { return 0 }
	return string(q.Reply(q.Recipients(accept, messaging.NewIDs())).Body)
}
