package voice_test

import (
	"context"
	"os"
	"testing"

	"github.com/sautigo/africastalking/internal/bench"
	"github.com/sautigo/africastalking/voice"
)

func greet(_ context.Context, c voice.Call) (voice.Response, error) {
	return voice.Respond(voice.Say{Text: "You called " + c.DestinationNumber}), nil
}

var benchmarked = []string{"voice_inbound_ringing_captured", "voice_dtmf", "voice_outbound_busy_final_captured"}

func BenchmarkHandler(b *testing.B) {
	for _, name := range benchmarked {
		bench.Handler(b, name, bench.Form, form(b, name), voice.Handler(greet))
	}
}

func BenchmarkParseCall(b *testing.B) {
	for _, name := range benchmarked {
		bench.Parser(b, name, bench.Form, form(b, name), voice.Parse)
	}
}

func TestHandlerAllocs(t *testing.T) {
	for _, name := range benchmarked {
		if got := bench.Allocs(bench.Form, form(t, name), voice.Handler(greet)); got > 8 {
			t.Errorf("%s takes %d allocations, limit 8", name, got)
		}
	}
}

func form(tb testing.TB, name string) string {
	tb.Helper()
	body, err := os.ReadFile("testdata/" + name + ".form")
	if err != nil {
		tb.Fatal(err)
	}
	return string(body)
}
