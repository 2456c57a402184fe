package airtime_test

import (
	"testing"

	"github.com/sautigo/africastalking/webhook/airtime"
)

func FuzzParseStatus(f *testing.F) {
	status.Fuzz(f, func(s airtime.Status) []string { return []string{s.RequestID, string(s.Outcome)} }, "airtime_*.json")
}

func FuzzParseValidation(f *testing.F) {
	validation.Fuzz(f, func(v airtime.Validation) []string {
		return []string{v.TransactionID, v.PhoneNumber, v.CurrencyCode, v.Value().Currency}
	}, "airtime_*.json")
}
