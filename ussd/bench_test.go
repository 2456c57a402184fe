package ussd_test

import (
	"context"
	"io"
	"net/http"
	"os"
	"strconv"
	"testing"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/internal/bench"
	"github.com/sautigo/africastalking/ussd"
)

func answerNumber(_ context.Context, r ussd.Request) (ussd.Response, error) {
	return ussd.Continue("Your number is " + r.PhoneNumber), nil
}

// floorParse and floorHandler are what one writes by hand: no deadline, no limit,
// no checks.
func floorParse(r *http.Request) (ussd.Request, error) {
	if err := r.ParseForm(); err != nil {
		return ussd.Request{}, err
	}
	return ussd.Request{
		SessionID:   r.PostForm.Get("sessionId"),
		PhoneNumber: r.PostForm.Get("phoneNumber"),
		NetworkCode: africastalking.Network(r.PostForm.Get("networkCode")),
		ServiceCode: r.PostForm.Get("serviceCode"),
		Text:        r.PostForm.Get("text"),
	}, nil
}

func floorHandler(w http.ResponseWriter, r *http.Request) {
	req, err := floorParse(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, "CON Your number is "+req.PhoneNumber)
}

var hops = []string{"ussd_begin_captured_2020", "ussd_continue", "ussd_continue_freetext"}

func BenchmarkHandler(b *testing.B) {
	for _, name := range hops {
		bench.Handlers(b, name, bench.Form, sample(b, name), ussd.Handler(answerNumber), http.HandlerFunc(floorHandler))
	}
	note := sample(b, "ussd_end_success")
	bench.Handlers(b, "ussd_end_success", bench.Form, note,
		ussd.NotificationHandler(func(context.Context, ussd.Notification) error { return nil }),
		http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if _, err := floorNotification(r); err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			_, _ = io.WriteString(w, "OK")
		}))
}

func BenchmarkParse(b *testing.B) {
	for _, name := range hops {
		bench.Parsers(b, name, bench.Form, sample(b, name),
			func(r *http.Request) error { _, err := ussd.Parse(r); return err },
			func(r *http.Request) error { _, err := floorParse(r); return err })
	}
	bench.Parsers(b, "ussd_end_success", bench.Form, sample(b, "ussd_end_success"),
		func(r *http.Request) error { _, err := ussd.ParseNotification(r); return err },
		func(r *http.Request) error { _, err := floorNotification(r); return err })
}

func floorNotification(r *http.Request) (ussd.Notification, error) {
	if err := r.ParseForm(); err != nil {
		return ussd.Notification{}, err
	}
	f := r.PostForm
	date, err := africastalking.ParseTime(f.Get("date"))
	if err != nil {
		return ussd.Notification{}, err
	}
	cost, err := africastalking.ParseMoney(f.Get("cost"))
	if err != nil {
		return ussd.Notification{}, err
	}
	millis, err := strconv.Atoi(f.Get("durationInMillis"))
	if err != nil {
		return ussd.Notification{}, err
	}
	hops, err := strconv.Atoi(f.Get("hopsCount"))
	if err != nil {
		return ussd.Notification{}, err
	}
	return ussd.Notification{
		Date:             date,
		SessionID:        f.Get("sessionId"),
		ServiceCode:      f.Get("serviceCode"),
		NetworkCode:      africastalking.Network(f.Get("networkCode")),
		PhoneNumber:      f.Get("phoneNumber"),
		Status:           ussd.Status(f.Get("status")),
		Cost:             cost,
		DurationInMillis: millis,
		HopsCount:        hops,
		HopsMetadata:     f.Get("hopsMetadata"),
		Input:            f.Get("input"),
		LastAppResponse:  f.Get("lastAppResponse"),
		ErrorMessage:     f.Get("errorMessage"),
	}, nil
}

func TestAllocs(t *testing.T) {
	for _, name := range hops {
		if got := bench.Allocs(bench.Form, sample(t, name), ussd.Handler(answerNumber)); got > 8 {
			t.Errorf("%s takes %d allocations, limit 8", name, got)
		}
	}
}

func sample(tb testing.TB, name string) string {
	tb.Helper()
	body, err := os.ReadFile("testdata/" + name + ".form")
	if err != nil {
		tb.Fatal(err)
	}
	return string(body)
}
