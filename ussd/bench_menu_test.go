package ussd_test

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/sautigo/africastalking/internal/bench"
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

// BenchmarkMenu measures a hop at the bottom of a menu, as long as the text of its
// path is, beside a handler that shows the same screen without a menu.
func BenchmarkMenu(b *testing.B) {
	for _, levels := range []int{1, 5, 10, 20, 50} {
		text := strings.TrimSuffix(strings.Repeat("1*", levels-1), "*")
		menu := deepMenu(levels)
		screen, err := menu.Serve(context.Background(), ussd.Request{Text: text})
		if err != nil {
			b.Fatal(err)
		}
		bare := ussd.Handler(func(context.Context, ussd.Request) (ussd.Response, error) { return screen, nil })
		form := url.Values{"sessionId": {"ATUid_7c898d72eb11f723ed8ea05ef232f279"}, "phoneNumber": {"+254700000001"},
			"serviceCode": {"*384*44135#"}, "networkCode": {"63902"}, "text": {text}}
		bench.Handlers(b, fmt.Sprintf("levels=%d", levels), bench.Form, form.Encode(), ussd.Handler(menu.Serve), bare)
	}
}
