package simswap_test

import (
	"context"
	"os"
	"testing"

	"github.com/sautigo/africastalking/internal/bench"
	"github.com/sautigo/africastalking/webhook/simswap"
)

func BenchmarkHandler(b *testing.B) {
	bench.Handler(b, "simswap_status", bench.JSON, benchSample(b),
		simswap.Handler(func(context.Context, simswap.Result) error { return nil }))
}

func BenchmarkParse(b *testing.B) {
	bench.Parser(b, "simswap_status", bench.JSON, benchSample(b), simswap.Parse)
}

func benchSample(tb testing.TB) string {
	tb.Helper()
	body, err := os.ReadFile("testdata/simswap_status.json")
	if err != nil {
		tb.Fatal(err)
	}
	return string(body)
}
