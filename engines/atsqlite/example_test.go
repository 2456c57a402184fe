package atsqlite_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"

	"github.com/sautigo/africastalking/engines/atsqlite"
	"github.com/sautigo/africastalking/sms"
	"github.com/sautigo/africastalking/webhook/inbox"
)

func ExampleOpen() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	store, err := atsqlite.Open(filepath.Join(dir, "at.db"))
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()

	in := inbox.New(store)
	ctx, stop := context.WithCancel(context.Background())
	reports := sms.DeliveryReportHandler(func(_ context.Context, r sms.DeliveryReport) error {
		fmt.Println(r.ID, r.Status)
		stop()
		return nil
	}, in.Stored("reports"))

	// Africa's Talking delivers the report twice.
	for range 2 {
		r := httptest.NewRequest(http.MethodPost, "/reports", strings.NewReader("id=ATXid_1&status=Success&phoneNumber=%2B254711000001"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		reports.ServeHTTP(w, r)
		fmt.Println(w.Code)
	}
	if err := in.Run(ctx, 8); err != nil {
		log.Fatal(err)
	}
	// Output:
	// 200
	// 200
	// ATXid_1 Success
}
