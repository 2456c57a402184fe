// Byhand is the quickstart's USSD route written on net/http alone: no deadline, no
// limits, no checks. With -log it logs each request as the quickstart does, so
// that both do the same work.
package main

import (
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:0", "listen on this address")
	log := flag.Bool("log", false, "log each request to standard error")
	flag.Parse()
	l, err := net.Listen("tcp", *addr)
	if err != nil {
		fmt.Fprintln(os.Stderr, "byhand:", err)
		os.Exit(1)
	}
	fmt.Printf("Listening on http://%v.\n", l.Addr())
	logger := slog.New(slog.DiscardHandler)
	if *log {
		logger = slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	mux := http.NewServeMux()
	mux.Handle("/api/ussd/session", session(logger))
	fmt.Fprintln(os.Stderr, "byhand:", http.Serve(l, mux))
	os.Exit(1)
}

func session(log *slog.Logger) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		form := r.PostForm
		log.LogAttrs(r.Context(), slog.LevelInfo, "USSD request", slog.Group("payload",
			slog.String("sessionId", form.Get("sessionId")),
			slog.String("phoneNumber", masked(form.Get("phoneNumber"))),
			slog.String("networkCode", form.Get("networkCode")),
			slog.Int("inputs", inputs(form.Get("text")))))
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, screen(form.Get("text"), form.Get("phoneNumber")))
	}
}

func masked(number string) string { return number[:min(4, len(number))] + "…" }

func inputs(text string) int {
	if text == "" {
		return 0
	}
	return strings.Count(text, "*") + 1
}

func screen(text, number string) string {
	switch text {
	case "":
		return "CON What would you want to check\n1. My Account\n2. My phone number"
	case "1":
		return "CON Choose account information you want to view\n1. Account number"
	case "1*1":
		return "END Your account number is ACC1001"
	case "2":
		return "END Your phone number is " + number
	}
	return "END Invalid choice"
}
