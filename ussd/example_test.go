package ussd_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"

	"github.com/sautigo/africastalking/ussd"
	"github.com/sautigo/africastalking/webhook"
)

// dial plays Africa's Talking: it posts one hop and prints the screen.
func dial(h http.Handler, text string) {
	form := url.Values{
		"sessionId":   {"ATUid_1"},
		"phoneNumber": {"+254700000001"},
		"serviceCode": {"*384*123#"},
		"networkCode": {"63902"},
		"text":        {text},
	}
	r := httptest.NewRequest(http.MethodPost, "/ussd", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	fmt.Println(w.Body)
}

func ExampleHandler() {
	h := ussd.Handler(func(ctx context.Context, r ussd.Request) (ussd.Response, error) {
		switch r.Text {
		case "":
			return ussd.Continue("1. Balance\n2. My number"), nil
		case "1":
			return ussd.Endf("Your balance is %s.", "KES 250"), nil
		case "2":
			return ussd.End("Your number is " + r.PhoneNumber), nil
		}
		return ussd.End("There is no such choice."), nil
	})
	dial(h, "")
	dial(h, "2")
	// Output:
	// CON 1. Balance
	// 2. My number
	// END Your number is +254700000001
}

// Whatever goes wrong, the subscriber reads a sentence, never an error.
func ExampleHandler_failure() {
	h := ussd.Handler(func(ctx context.Context, r ussd.Request) (ussd.Response, error) {
		return ussd.Response{}, errors.New("dial tcp 10.0.0.7:5432: connection refused")
	},
		webhook.WithLogger(slog.New(slog.DiscardHandler)), // by default it is logged
		webhook.WithFallback(func(error) webhook.Reply { return ussd.End("Samahani, jaribu tena.") }),
	)
	dial(h, "")
	// Output: END Samahani, jaribu tena.
}

func ExampleNotificationHandler() {
	h := ussd.NotificationHandler(func(ctx context.Context, n ussd.Notification) error {
		if n.Status == ussd.Incomplete {
			fmt.Println("dropped after", n.Duration(), "at", n.Hops())
		}
		return nil
	})

	form := "sessionId=ATUid_1&phoneNumber=%2B254700000001&status=Incomplete" +
		"&durationInMillis=12345&hopsCount=2&hopsMetadata=home%7Camount&cost=KES+0.10"
	r := httptest.NewRequest(http.MethodPost, "/ussd/events", strings.NewReader(form))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	fmt.Println(w.Code, w.Body)
	// Output:
	// dropped after 12.345s at [home amount]
	// 200 OK
}

func ExampleContinue() {
	b, err := ussd.Continue("Enter an amount:").AppendText(nil)
	fmt.Printf("%s, %v\n", b, err)
	// Output: CON Enter an amount:, <nil>
}

func ExampleContinuef() {
	b, err := ussd.Continuef("Pay %s %d?\n1. Yes\n2. No", "KES", 250).AppendText(nil)
	fmt.Printf("%s, %v\n", b, err)
	// Output:
	// CON Pay KES 250?
	// 1. Yes
	// 2. No, <nil>
}

func ExampleEnd() {
	b, err := ussd.End("Thank you.").AppendText(nil)
	fmt.Printf("%s, %v\n", b, err)
	// Output: END Thank you., <nil>
}

func ExampleEndf() {
	b, err := ussd.Endf("You have paid %s.", "KES 250").AppendText(nil)
	fmt.Printf("%s, %v\n", b, err)
	// Output: END You have paid KES 250., <nil>
}

func ExampleRequest_Inputs() {
	r := ussd.Request{Text: "1*Wanjiku*250"}
	fmt.Printf("%q %q %v\n", r.Inputs(), r.Last(), r.First())
	// Output: ["1" "Wanjiku" "250"] "250" false
}

// Hop metadata names the screen on Africa's Talking's dashboard and comes back
// with the next hop.
func ExampleResponse_WithHop() {
	h := ussd.Handler(func(ctx context.Context, r ussd.Request) (ussd.Response, error) {
		if r.Hop == "amount" {
			return ussd.End("You typed " + r.Last()), nil
		}
		return ussd.Continue("Enter an amount:").WithHop("amount"), nil
	})
	r := httptest.NewRequest(http.MethodPost, "/ussd", strings.NewReader("sessionId=ATUid_1&phoneNumber=%2B254700000001&text=250"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set(ussd.HopMetadataHeader, "amount")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	fmt.Println(w.Body)
	// Output: END You typed 250
}

// In a handler of one's own, or of another framework, Parse does the reading.
func ExampleParse() {
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hop, err := ussd.Parse(r)
		if e := new(webhook.Error); errors.As(err, &e) {
			http.Error(w, e.Error(), e.Status)
			return
		}
		fmt.Fprintf(w, "END You typed %q", hop.Inputs())
	})
	dial(h, "1*2")
	// Output: END You typed ["1" "2"]
}

func ExampleParseNotification() {
	r := httptest.NewRequest(http.MethodPost, "/ussd/events", strings.NewReader(
		"sessionId=ATUid_1&phoneNumber=%2B254700000001&status=Success&hopsCount=3&cost=KES+0.10"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")

	n, err := ussd.ParseNotification(r)
	fmt.Println(n.Status, n.HopsCount, n.Cost, err)
	// Output: Success 3 KES 0.10 <nil>
}

func ExampleLen() {
	for _, text := range []string{"Price: 5", "Price: €5", "Price – 5"} {
		units, gsm := ussd.Len(text)
		fmt.Println(units, gsm)
	}
	// Output:
	// 8 true
	// 10 true
	// 9 false
}

func ExampleResponse_Check() {
	menu := ussd.Continue("It’s time to vote:\n1. Yes\n2. No")
	fmt.Println(menu.Check())
	// Output: ussd: screen has characters outside the GSM alphabet
}
