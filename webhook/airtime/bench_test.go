package airtime_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"testing"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/internal/bench"
	"github.com/sautigo/africastalking/webhook/airtime"
)

// The floors are what one writes by hand: encoding/json, no limit, no checks.

func floorStatus(r *http.Request) (airtime.Status, error) {
	var v struct {
		RequestID   string `json:"requestId"`
		Status      airtime.Outcome
		PhoneNumber string
		Description string
		Value       africastalking.Money
		Discount    africastalking.Money
	}
	err := json.NewDecoder(r.Body).Decode(&v)
	return airtime.Status{RequestID: v.RequestID, Outcome: v.Status, PhoneNumber: v.PhoneNumber,
		Description: v.Description, Value: v.Value, Discount: v.Discount}, err
}

func floorValidation(r *http.Request) (airtime.Validation, error) {
	var v struct {
		TransactionID   string `json:"transactionId"`
		PhoneNumber     string
		SourceIPAddress string `json:"sourceIpAddress"`
		CurrencyCode    string
		Amount          json.Number
	}
	if err := json.NewDecoder(r.Body).Decode(&v); err != nil {
		return airtime.Validation{}, err
	}
	amount, err := africastalking.ParseMoney(v.Amount.String())
	return airtime.Validation{TransactionID: v.TransactionID, PhoneNumber: v.PhoneNumber,
		SourceIPAddress: v.SourceIPAddress, CurrencyCode: v.CurrencyCode, Amount: amount}, err
}

func floorHandler[T any](parse func(*http.Request) (T, error), mediaType, answer string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := parse(r); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", mediaType)
		_, _ = io.WriteString(w, answer)
	})
}

func BenchmarkHandler(b *testing.B) {
	bench.Handlers(b, "airtime_status_success", bench.JSON, benchSample(b, "airtime_status_success"),
		airtime.StatusHandler(func(context.Context, airtime.Status) error { return nil }),
		floorHandler(floorStatus, "text/plain; charset=utf-8", "OK"))
	bench.Handlers(b, "airtime_validation", bench.JSON, benchSample(b, "airtime_validation"),
		airtime.ValidationHandler(func(context.Context, airtime.Validation) (airtime.Decision, error) { return airtime.Validated, nil }),
		floorHandler(floorValidation, "application/json", `{"status":"Validated"}`))
}

func BenchmarkParse(b *testing.B) {
	bench.Parsers(b, "airtime_status_success", bench.JSON, benchSample(b, "airtime_status_success"),
		func(r *http.Request) error { _, err := airtime.ParseStatus(r); return err },
		func(r *http.Request) error { _, err := floorStatus(r); return err })
	bench.Parsers(b, "airtime_validation", bench.JSON, benchSample(b, "airtime_validation"),
		func(r *http.Request) error { _, err := airtime.ParseValidation(r); return err },
		func(r *http.Request) error { _, err := floorValidation(r); return err })
}

func benchSample(tb testing.TB, name string) string {
	tb.Helper()
	body, err := os.ReadFile("testdata/" + name + ".json")
	if err != nil {
		tb.Fatal(err)
	}
	return string(body)
}
