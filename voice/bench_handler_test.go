package voice_test

import (
	"context"
	"encoding/xml"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/internal/bench"
	"github.com/sautigo/africastalking/voice"
)

// floorParse is what one writes by hand for the fields that a menu needs and those
// of the final callback: no limit, no checks.
func floorParse(r *http.Request) (voice.Call, error) {
	if err := r.ParseForm(); err != nil {
		return voice.Call{}, err
	}
	f := r.PostForm
	start, err := africastalking.ParseTime(f.Get("callStartTime"))
	if err != nil {
		return voice.Call{}, err
	}
	duration := 0
	if s := f.Get("durationInSeconds"); s != "" {
		if duration, err = strconv.Atoi(s); err != nil {
			return voice.Call{}, err
		}
	}
	var amount africastalking.Money
	if err := amount.UnmarshalText([]byte(f.Get("amount"))); err != nil {
		return voice.Call{}, err
	}
	return voice.Call{
		IsActive:           f.Get("isActive") == "1",
		SessionID:          f.Get("sessionId"),
		Direction:          voice.Direction(f.Get("direction")),
		CallerNumber:       f.Get("callerNumber"),
		DestinationNumber:  f.Get("destinationNumber"),
		CallSessionState:   voice.CallSessionState(f.Get("callSessionState")),
		CallerCountryCode:  f.Get("callerCountryCode"),
		CallerCarrierName:  f.Get("callerCarrierName"),
		CallStartTime:      start,
		ClientDialedNumber: f.Get("clientDialedNumber"),
		DTMFDigits:         f.Get("dtmfDigits"),
		RecordingURL:       f.Get("recordingUrl"),
		DurationInSeconds:  duration,
		CurrencyCode:       f.Get("currencyCode"),
		Amount:             amount,
		Status:             voice.Status(f.Get("status")),
		HangupCause:        voice.HangupCause(f.Get("hangupCause")),
	}, nil
}

func floorHandler(w http.ResponseWriter, r *http.Request) {
	call, err := floorParse(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if !call.IsActive {
		w.WriteHeader(http.StatusOK)
		return
	}
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?><Response><Say>You called `)
	if err := xml.EscapeText(&b, []byte(call.DestinationNumber)); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	b.WriteString(`</Say></Response>`)
	w.Header().Set("Content-Type", "application/xml")
	w.Header().Set("Content-Length", strconv.Itoa(b.Len()))
	_, _ = w.Write([]byte(b.String()))
}

func greet(_ context.Context, c voice.Call) (voice.Response, error) {
	return voice.Respond(voice.Say{Text: "You called " + c.DestinationNumber}), nil
}

var benchmarked = []string{"voice_inbound_ringing_captured", "voice_dtmf", "voice_outbound_busy_final_captured"}

func BenchmarkHandler(b *testing.B) {
	for _, name := range benchmarked {
		bench.Handlers(b, name, bench.Form, form(b, name), voice.Handler(greet), http.HandlerFunc(floorHandler))
	}
}

func BenchmarkParseCall(b *testing.B) {
	for _, name := range benchmarked {
		bench.Parsers(b, name, bench.Form, form(b, name),
			func(r *http.Request) error { _, err := voice.Parse(r); return err },
			func(r *http.Request) error { _, err := floorParse(r); return err })
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
