package ussd_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/sautigo/africastalking/internal/bench"
	"github.com/sautigo/africastalking/internal/callbacktest"
	"github.com/sautigo/africastalking/ussd"
)

// deepMenu is as many levels deep, each of four items of which the first goes on.
func deepMenu(levels int) *ussd.Menu {
	m := ussd.NewMenu(fmt.Sprintf("Level %d", levels))
	if levels > 1 {
		m.Handle("Deeper", deepMenu(levels-1))
	} else {
		m.HandleFunc("The end", answerNumber)
	}
	for _, label := range []string{"Balance", "Statement", "Help"} {
		m.HandleFunc(label, answerNumber)
	}
	return m
}

// BenchmarkMenu measures a hop at the bottom of a menu, without and with metadata that comes
// back, and the same by hand.
func BenchmarkMenu(b *testing.B) {
	for _, levels := range []int{1, 5, 10, 20, 50} {
		text := strings.TrimSuffix(strings.Repeat("1*", levels-1), "*")
		form := url.Values{"sessionId": {"ATUid_7c898d72eb11f723ed8ea05ef232f279"}, "phoneNumber": {"+254700000001"},
			"serviceCode": {"*384*44135#"}, "networkCode": {"63902"}, "text": {text}}
		h := ussd.Handler(deepMenu(levels).Serve)
		bench.Handler(b, fmt.Sprintf("levels=%d", levels), bench.Form, form.Encode(), h)
		if levels != 5 {
			continue
		}
		before := form
		before["text"] = []string{"1*1*1"}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, callbacktest.Post("/", callbacktest.FormType, before.Encode()))
		form["text"] = []string{text}
		hop := []string{w.Header().Get(ussd.HopMetadataHeader)}
		echo := func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				r.Header[ussd.HopMetadataHeader] = hop
				h.ServeHTTP(w, r)
			})
		}
		bench.Handler(b, "metadata", bench.Form, form.Encode(), echo(h))
		bench.Handler(b, "byhand", bench.Form, form.Encode(), echo(http.HandlerFunc(byHand)))
	}
}

// byHand is the least that works.
func byHand(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	screen := "END Invalid choice."
	switch strings.Count(r.PostForm.Get("text"), "*") {
	case 0, 1, 2:
		screen = "CON Level\n1. Deeper\n2. Balance\n3. Statement\n4. Help\n0. Back\n00. Home"
	case 3:
		switch r.PostForm.Get("text") {
		case "1*1*1*1":
			w.Header().Set(ussd.HopMetadataHeader, "Level 1")
			screen = "CON Level 1\n1. The end\n2. Balance\n3. Statement\n4. Help\n0. Back\n00. Home"
		}
	}
	io.WriteString(w, screen)
}
