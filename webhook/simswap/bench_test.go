package simswap_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"testing"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/internal/bench"
	"github.com/sautigo/africastalking/webhook/simswap"
)

// floorParse is what one writes by hand: encoding/json, no limit, no checks.
func floorParse(r *http.Request) (simswap.Result, error) {
	var v struct {
		RequestID       string `json:"requestId"`
		Status          simswap.Status
		LastSIMSwapDate string `json:"lastSimSwapDate"`
		ProviderRefID   string `json:"providerRefId"`
		TransactionID   string `json:"transactionId"`
	}
	if err := json.NewDecoder(r.Body).Decode(&v); err != nil {
		return simswap.Result{}, err
	}
	date, err := africastalking.ParseTime(v.LastSIMSwapDate)
	return simswap.Result{RequestID: v.RequestID, Status: v.Status, LastSIMSwapDate: date,
		ProviderRefID: v.ProviderRefID, TransactionID: v.TransactionID}, err
}

func BenchmarkHandler(b *testing.B) {
	bench.Handlers(b, "simswap_status", bench.JSON, benchSample(b),
		simswap.Handler(func(context.Context, simswap.Result) error { return nil }),
		http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if _, err := floorParse(r); err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			_, _ = io.WriteString(w, "OK")
		}))
}

func BenchmarkParse(b *testing.B) {
	bench.Parsers(b, "simswap_status", bench.JSON, benchSample(b),
		func(r *http.Request) error { _, err := simswap.Parse(r); return err },
		func(r *http.Request) error { _, err := floorParse(r); return err })
}

func benchSample(tb testing.TB) string {
	tb.Helper()
	body, err := os.ReadFile("testdata/simswap_status.json")
	if err != nil {
		tb.Fatal(err)
	}
	return string(body)
}
