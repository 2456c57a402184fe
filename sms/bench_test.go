package sms_test

import (
	"context"
	"io"
	"net/http"
	"os"
	"strconv"
	"testing"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/internal/bench"
	"github.com/sautigo/africastalking/sms"
)

// The floors are what one writes by hand: no limit, no checks.

func floorIncoming(r *http.Request) (sms.IncomingMessage, error) {
	if err := r.ParseForm(); err != nil {
		return sms.IncomingMessage{}, err
	}
	date, err := africastalking.ParseTime(r.PostForm.Get("date"))
	if err != nil {
		return sms.IncomingMessage{}, err
	}
	return sms.IncomingMessage{
		ID:          r.PostForm.Get("id"),
		Date:        date,
		From:        r.PostForm.Get("from"),
		To:          r.PostForm.Get("to"),
		Text:        r.PostForm.Get("text"),
		LinkID:      r.PostForm.Get("linkId"),
		NetworkCode: africastalking.Network(r.PostForm.Get("networkCode")),
	}, nil
}

func floorReport(r *http.Request) (sms.DeliveryReport, error) {
	if err := r.ParseForm(); err != nil {
		return sms.DeliveryReport{}, err
	}
	retries := 0
	if s := r.PostForm.Get("retryCount"); s != "" {
		var err error
		if retries, err = strconv.Atoi(s); err != nil {
			return sms.DeliveryReport{}, err
		}
	}
	return sms.DeliveryReport{
		ID:            r.PostForm.Get("id"),
		Status:        sms.Status(r.PostForm.Get("status")),
		PhoneNumber:   r.PostForm.Get("phoneNumber"),
		NetworkCode:   africastalking.Network(r.PostForm.Get("networkCode")),
		FailureReason: sms.FailureReason(r.PostForm.Get("failureReason")),
		RetryCount:    retries,
	}, nil
}

func floorOptOut(r *http.Request) (sms.OptOut, error) {
	if err := r.ParseForm(); err != nil {
		return sms.OptOut{}, err
	}
	return sms.OptOut{SenderID: r.PostForm.Get("senderId"), PhoneNumber: r.PostForm.Get("phoneNumber")}, nil
}

func floorSubscription(r *http.Request) (sms.Subscription, error) {
	if err := r.ParseForm(); err != nil {
		return sms.Subscription{}, err
	}
	return sms.Subscription{
		PhoneNumber: r.PostForm.Get("phoneNumber"),
		ShortCode:   r.PostForm.Get("shortCode"),
		Keyword:     r.PostForm.Get("keyword"),
		UpdateType:  sms.UpdateType(r.PostForm.Get("updateType")),
	}, nil
}

func floorHandler[T any](parse func(*http.Request) (T, error), answer string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := parse(r); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, answer)
	})
}

func ignore[T any](context.Context, T) error { return nil }

func onlyError[T any](parse func(*http.Request) (T, error)) func(*http.Request) error {
	return func(r *http.Request) error { _, err := parse(r); return err }
}

type payload struct {
	sample                string
	library, floor        http.Handler
	parse, floorParseOnly func(*http.Request) error
}

func payloads() []payload {
	return []payload{
		{"sms_incoming_empty_linkid", sms.IncomingMessageHandler(ignore[sms.IncomingMessage]), floorHandler(floorIncoming, "GOOD"),
			onlyError(sms.ParseIncomingMessage), onlyError(floorIncoming)},
		{"sms_delivery_rejected_blacklist", sms.DeliveryReportHandler(ignore[sms.DeliveryReport]), floorHandler(floorReport, "OK"),
			onlyError(sms.ParseDeliveryReport), onlyError(floorReport)},
		{"sms_optout_shortcode", sms.OptOutHandler(ignore[sms.OptOut]), floorHandler(floorOptOut, "OK"),
			onlyError(sms.ParseOptOut), onlyError(floorOptOut)},
		{"sms_subscription_addition_prose", sms.SubscriptionHandler(ignore[sms.Subscription]), floorHandler(floorSubscription, "OK"),
			onlyError(sms.ParseSubscription), onlyError(floorSubscription)},
	}
}

func BenchmarkHandler(b *testing.B) {
	for _, p := range payloads() {
		bench.Handlers(b, p.sample, bench.Form, benchSample(b, p.sample), p.library, p.floor)
	}
}

func BenchmarkParse(b *testing.B) {
	for _, p := range payloads() {
		bench.Parsers(b, p.sample, bench.Form, benchSample(b, p.sample), p.parse, p.floorParseOnly)
	}
}

func TestAllocs(t *testing.T) {
	for _, p := range payloads() {
		if got := bench.Allocs(bench.Form, benchSample(t, p.sample), p.library); got > 8 {
			t.Errorf("%s takes %d allocations, limit 8", p.sample, got)
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
