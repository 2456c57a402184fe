package airtime_test

import (
	"context"
	"os"
	"testing"

	"github.com/sautigo/africastalking/internal/bench"
	"github.com/sautigo/africastalking/webhook/airtime"
)

func BenchmarkHandler(b *testing.B) {
	bench.Handler(b, "airtime_status_success", bench.JSON, benchSample(b, "airtime_status_success"),
		airtime.StatusHandler(func(context.Context, airtime.Status) error { return nil }))
	bench.Handler(b, "airtime_validation", bench.JSON, benchSample(b, "airtime_validation"),
		airtime.ValidationHandler(func(context.Context, airtime.Validation) (airtime.Decision, error) { return airtime.Validated, nil }))
}

func BenchmarkParse(b *testing.B) {
	bench.Parser(b, "airtime_status_success", bench.JSON, benchSample(b, "airtime_status_success"), airtime.ParseStatus)
	bench.Parser(b, "airtime_validation", bench.JSON, benchSample(b, "airtime_validation"), airtime.ParseValidation)
}

func benchSample(tb testing.TB, name string) string {
	tb.Helper()
	body, err := os.ReadFile("testdata/" + name + ".json")
	if err != nil {
		tb.Fatal(err)
	}
	return string(body)
}
