package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/sautigo/africastalking/examples/internal/exampletest"
)

// Every line that is printed works when it is pasted, in order.
func TestSession(t *testing.T) {
	t.Parallel()
	p := exampletest.Start(t, run, nil)
	want := []string{
		"CON Mfano Bank.", "CON Mfano Bank\n1. My balance", "CON Send to which number?", "CON How much", "CON Send KES 500.00 to +254711000002?",
		"CON Enter your PIN", "END You have sent KES 500.00 to +254711000002. Your balance is KES 4500.00.",
	}
	lines := p.Curls()
	if len(lines) != len(want) {
		t.Fatalf("%d lines, want %d", len(lines), len(want))
	}
	for i, line := range lines {
		if status, body := exampletest.Do(t, line); status != http.StatusOK || !strings.HasPrefix(body, want[i]) {
			t.Errorf("%s is answered %d %q, want %q", line, status, body, want[i])
		}
	}
	p.Stop()
	if err := <-p.Ended; err != nil {
		t.Error(err)
	}
}
