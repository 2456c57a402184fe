package sms_test

import (
	"testing"

	"github.com/sautigo/africastalking/sms"
)

func FuzzParseIncomingMessage(f *testing.F) {
	incoming.Fuzz(f, func(m sms.IncomingMessage) []string { return []string{m.ID, m.From, m.To} }, "sms_incoming_*.form")
}

func FuzzParseDeliveryReport(f *testing.F) {
	report.Fuzz(f, func(d sms.DeliveryReport) []string { return []string{d.ID, string(d.Status)} }, "sms_delivery_*.form")
}

func FuzzParseOptOut(f *testing.F) {
	optOut.Fuzz(f, func(o sms.OptOut) []string { return []string{o.SenderID, o.PhoneNumber} }, "sms_optout_*.form")
}

func FuzzParseSubscription(f *testing.F) {
	subscription.Fuzz(f, func(s sms.Subscription) []string {
		return []string{s.PhoneNumber, s.ShortCode, string(s.UpdateType)}
	}, "sms_subscription_*.form")
}
