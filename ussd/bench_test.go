package ussd_test

import (
	"context"
	"os"
	"testing"

	"github.com/sautigo/africastalking/internal/bench"
	"github.com/sautigo/africastalking/ussd"
)

func answerNumber(_ context.Context, r ussd.Request) (ussd.Response, error) {
	return ussd.Continue("Your number is " + r.PhoneNumber), nil
}

var hops = []string{"ussd_begin_captured_2020", "ussd_continue", "ussd_continue_freetext"}

func BenchmarkHandler(b *testing.B) {
	for _, name := range hops {
		bench.Handler(b, name, bench.Form, sample(b, name), ussd.Handler(answerNumber))
	}
	bench.Handler(b, "ussd_end_success", bench.Form, sample(b, "ussd_end_success"),
		ussd.NotificationHandler(func(context.Context, ussd.Notification) error { return nil }))
}

func BenchmarkParse(b *testing.B) {
	for _, name := range hops {
		bench.Parser(b, name, bench.Form, sample(b, name), ussd.Parse)
	}
	bench.Parser(b, "ussd_end_success", bench.Form, sample(b, "ussd_end_success"), ussd.ParseNotification)
}

func TestAllocs(t *testing.T) {
	for _, name := range hops {
		if got := bench.Allocs(bench.Form, sample(t, name), ussd.Handler(answerNumber)); got > 3 {
			t.Errorf("%s takes %d allocations, limit 3", name, got)
		}
	}
	const body = "sessionId=s&phoneNumber=%2B254700000001&serviceCode=*1%23&networkCode=63902&text=1*1*1*1"
	if got := bench.Allocs(bench.Form, body, ussd.Handler(deepMenu(5).Serve)); got > 4 {
		t.Errorf("a hop at the bottom of a menu takes %d allocations, limit 4", got)
	}
}

func sample(tb testing.TB, name string) string {
	tb.Helper()
	body, err := os.ReadFile("testdata/" + name + ".form")
	if err != nil {
		tb.Fatal(err)
	}
	return string(body)
}
