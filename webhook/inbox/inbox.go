package inbox

import "context"

// Inbox handles callbacks that a [Queue] keeps.
type Inbox struct{ queue Queue }

// New returns an inbox on a queue. It starts nothing, and panics if q is nil.
func New(q Queue) *Inbox {
	if q == nil {
		panic("inbox: New: the queue is nil")
	}
	return &Inbox{queue: q}
}

// Handle handles one delivery, for engines that bring their own workers. [Next] says what
// becomes of one for which it returns an error.
func (in *Inbox) Handle(_ context.Context, d Delivery) error {
	return &namelessError{d.Name}
}
