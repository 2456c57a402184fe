package sms_test

import (
	"context"
	"net/http"
	"os"
	"testing"

	"github.com/sautigo/africastalking/internal/bench"
	"github.com/sautigo/africastalking/sms"
)

func ignore[T any](context.Context, T) error { return nil }

var handlers = map[string]http.Handler{
	"sms_incoming_empty_linkid":       sms.IncomingMessageHandler(ignore[sms.IncomingMessage]),
	"sms_delivery_rejected_blacklist": sms.DeliveryReportHandler(ignore[sms.DeliveryReport]),
	"sms_optout_shortcode":            sms.OptOutHandler(ignore[sms.OptOut]),
	"sms_subscription_addition_prose": sms.SubscriptionHandler(ignore[sms.Subscription]),
}

func BenchmarkHandler(b *testing.B) {
	for name, h := range handlers {
		bench.Handler(b, name, bench.Form, benchSample(b, name), h)
	}
}

func BenchmarkParse(b *testing.B) {
	parse(b, "sms_incoming_empty_linkid", sms.ParseIncomingMessage)
	parse(b, "sms_delivery_rejected_blacklist", sms.ParseDeliveryReport)
	parse(b, "sms_optout_shortcode", sms.ParseOptOut)
	parse(b, "sms_subscription_addition_prose", sms.ParseSubscription)
}

func parse[T any](b *testing.B, name string, fn func(*http.Request) (T, error)) {
	bench.Parser(b, name, bench.Form, benchSample(b, name), fn)
}

func TestAllocs(t *testing.T) {
	for name, h := range handlers {
		if got := bench.Allocs(bench.Form, benchSample(t, name), h); got > 8 {
			t.Errorf("%s takes %d allocations, limit 8", name, got)
		}
	}
}

func benchSample(tb testing.TB, name string) string {
	tb.Helper()
	body, err := os.ReadFile("testdata/" + name + ".form")
	if err != nil {
		tb.Fatal(err)
	}
	return string(body)
}
