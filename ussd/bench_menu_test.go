package ussd_test

import (
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

// BenchmarkMenu measures a hop at the bottom of a menu.
func BenchmarkMenu(b *testing.B) {
	for _, levels := range []int{1, 5, 10, 20, 50} {
		text := strings.TrimSuffix(strings.Repeat("1*", levels-1), "*")
		form := url.Values{"sessionId": {"ATUid_7c898d72eb11f723ed8ea05ef232f279"}, "phoneNumber": {"+254700000001"},
			"serviceCode": {"*384*44135#"}, "networkCode": {"63902"}, "text": {text}}
		bench.Handler(b, fmt.Sprintf("levels=%d", levels), bench.Form, form.Encode(), ussd.Handler(deepMenu(levels).Serve))
	}
}
