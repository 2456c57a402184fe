package inbox_test

import (
	"context"
	"testing"

	"github.com/sautigo/africastalking/client/clienttest"
	"github.com/sautigo/africastalking/internal/callbacktest"
	"github.com/sautigo/africastalking/sms"
	"github.com/sautigo/africastalking/state"
	"github.com/sautigo/africastalking/webhook/inbox"
)

// A handler that replies can be stored: a message is answered at once, and replied to
// once however often it is handled.
func TestTwoWay(t *testing.T) {
	t.Parallel()
	api := clienttest.NewServer(t)
	q := &tape{}
	in := inbox.New(q)
	h := sms.TwoWayHandler(api.Client(), new(state.Memory), func(_ context.Context, m sms.IncomingMessage) (string, error) {
		return "You wrote " + m.Text, nil
	}, in.Stored("messages"), callbacktest.Quiet())
	if got := post(h, form, "id=1&from=%2B254711000001&to=22384&text=hi"); got != "200 GOOD" || len(api.Sent()) != 0 {
		t.Fatalf("answer %q with %d replies sent, want GOOD and none", got, len(api.Sent()))
	}
	for range 3 {
		if err := in.Handle(t.Context(), q.all[0]); err != nil {
			t.Error(err)
		}
	}
	if n := len(api.Sent()); n != 1 {
		t.Errorf("%d replies were sent, want 1", n)
	}
}
