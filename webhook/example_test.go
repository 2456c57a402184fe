package webhook_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"time"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/sms"
	"github.com/sautigo/africastalking/webhook"
)

// Payment is a payment notification, a callback that this module has no type for.
// It comes as JSON; a form would be read alike.
type Payment struct {
	TransactionID    string               `schema:"transactionId"`
	Category         string               `schema:"category"`
	Provider         string               `schema:"provider"`
	ProviderRefID    string               `schema:"providerRefId"`
	ProviderChannel  string               `schema:"providerChannel"`
	ClientAccount    string               `schema:"clientAccount"`
	ProductName      string               `schema:"productName"`
	SourceType       string               `schema:"sourceType"`
	Source           string               `schema:"source"`
	DestinationType  string               `schema:"destinationType"`
	Destination      string               `schema:"destination"`
	Value            africastalking.Money `schema:"value"`
	TransactionFee   africastalking.Money `schema:"transactionFee"`
	ProviderFee      africastalking.Money `schema:"providerFee"`
	Status           string               `schema:"status"`
	Description      string               `schema:"description"`
	RequestMetadata  map[string]string    `schema:"requestMetadata"`
	ProviderMetadata json.RawMessage      `schema:"providerMetadata"`
	TransactionDate  time.Time            `schema:"transactionDate"`
}

// send posts a form and prints the answer, as Africa's Talking would see it.
func send(h http.Handler, body string) {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	fmt.Println(w.Code, strings.TrimSpace(w.Body.String()))
}

func ExampleHandler() {
	h := webhook.Handler(func(_ context.Context, p Payment) error {
		fmt.Println(p.TransactionID, "paid", p.Value)
		return nil
	}, webhook.WithRequired("transactionId", "value"), discard)

	send(h, "transactionId=ATPid_1&value=KES+100.5000")
	send(h, "transactionId=ATPid_1")
	// Output:
	// ATPid_1 paid KES 100.50
	// 200 OK
	// 400 webhook: field value: missing
}

func ExampleHandler_json() {
	h := webhook.Handler(func(_ context.Context, p Payment) error {
		fmt.Println(p.Value, p.TransactionDate.Format(time.DateOnly), p.RequestMetadata["shopId"], string(p.ProviderMetadata))
		return nil
	}, webhook.WithRequired("transactionId", "value"), discard)

	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(`{
		"transactionId": "ATPid_1", "value": "KES 100.5000", "transactionDate": "2018-07-21 11:30:28",
		"requestMetadata": {"shopId": 1233}, "providerMetadata": {"KYCName": "TestCustomer"}}`))
	r.Header.Set("Content-Type", "application/json")
	h.ServeHTTP(httptest.NewRecorder(), r)
	// Output: KES 100.50 2018-07-21 1233 {"KYCName": "TestCustomer"}
}

// Branch is an incoming message with a field that this module does not know.
type Branch struct {
	sms.IncomingMessage
	Operator string `schema:"operator"`
}

func ExampleHandler_embedded() {
	h := webhook.Handler(func(_ context.Context, b Branch) error {
		fmt.Println(b.Text, "by", b.Operator)
		return nil
	})

	send(h, "id=1&from=%2B254711000001&to=22384&text=hello&operator=amina")
	// Output:
	// hello by amina
	// 200 OK
}

func ExampleHandler_event() {
	h := webhook.Handler(func(_ context.Context, e webhook.Event) error {
		for key, value := range e.Form.All() {
			fmt.Printf("%s=%q\n", key, value)
		}
		return nil
	})

	send(h, "topic=sensor&payload=42")
	// Output:
	// topic="sensor"
	// payload="42"
	// 200 OK
}

// verdict answers a payment validation.
type verdict string

func (v verdict) AppendText(b []byte) ([]byte, error) {
	return fmt.Appendf(b, `{"status":%q}`, string(v)), nil
}
func (verdict) ContentType() string { return "application/json" }

func ExampleReplyHandler() {
	h := webhook.ReplyHandler(func(_ context.Context, p Payment) (verdict, error) {
		if p.Value.Micros > 1_000_000_000 {
			return "", errors.New("too much")
		}
		return "Validated", nil
	},
		webhook.WithTimeout(5*time.Second),
		webhook.WithFallback(func(error) webhook.Reply { return verdict("Failed") }),
		discard)

	send(h, "transactionId=ATPid_1&value=KES+100.50")
	send(h, "transactionId=ATPid_2&value=KES+5000.00")
	// Output:
	// 200 {"status":"Validated"}
	// 200 {"status":"Failed"}
}

func ExampleParse() {
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, err := webhook.Parse[Payment](r)
		var refused *webhook.Error
		if errors.As(err, &refused) {
			http.Error(w, refused.Error(), refused.Status)
			return
		}
		fmt.Fprintln(w, p.Value)
	})

	send(h, "value=KES+1.50")
	send(h, "value=KES+1.50&value=KES+9000.00")
	// Output:
	// 200 KES 1.50
	// 400 webhook: field value: malformed: sent twice
}

func ExampleParseForm() {
	f, err := webhook.ParseForm([]byte("phoneNumber=%2B254711000001&text="))
	fmt.Println(f.Get("phoneNumber"), f.Has("text"), f.Has("Text"), err)
	// Output: +254711000001 true false <nil>
}

// OptIn reads itself: it is faster than schema tags and can refuse what they
// cannot.
type OptIn struct {
	PhoneNumber string
	When        time.Time
}

func (o *OptIn) UnmarshalForm(f webhook.Form) error {
	r := f.Fields()
	v := OptIn{
		PhoneNumber: r.Required("phoneNumber"),
		When:        r.Time("date"),
	}
	if r.Err() == nil {
		*o = v
	}
	return r.Err()
}

func ExampleFormUnmarshaler() {
	h := webhook.Handler(func(_ context.Context, o OptIn) error {
		fmt.Println("joined at", o.When.Format(time.Kitchen))
		return nil
	})

	send(h, "phoneNumber=%2B254711000001&date=2026-11-23+08%3A30%3A00")
	// Output:
	// joined at 8:30AM
	// 200 OK
}

func ExampleFormFrom() {
	h := webhook.Handler(func(ctx context.Context, p Payment) error {
		if form, ok := webhook.FormFrom(ctx); ok {
			fmt.Println(p.Value, "of", form.Get("productName"))
		}
		return nil
	})

	send(h, "transactionId=ATPid_1&value=KES+1.50&productName=shop")
	// Output:
	// KES 1.50 of shop
	// 200 OK
}

func ExampleError() {
	h := webhook.Handler(func(context.Context, Payment) error {
		return &webhook.Error{Status: http.StatusConflict, Err: errors.New("booked already")}
	}, discard)

	send(h, "transactionId=ATPid_1&value=KES+1.50")
	// Output: 409 Conflict
}

func ExampleWithObserver() {
	count := map[string]int{}
	h := webhook.Handler(func(context.Context, Payment) error { return nil },
		webhook.WithObserver(func(_ context.Context, o webhook.Observation) {
			count[fmt.Sprintf("%s %d", o.Kind, o.Status)]++
		}), discard)

	send(h, "transactionId=ATPid_1&value=KES+1.50")
	send(h, "transactionId=%zz")
	fmt.Println(count)
	// Output:
	// 200 OK
	// 400 webhook: field transactionId: malformed: bad percent-escape
	// map[webhook_test.Payment 200:1 webhook_test.Payment 400:1]
}

func ExampleRequireToken() {
	callback := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "OK") })
	guard := webhook.RequireToken(webhook.PathToken("token"), "3f0e4a539c5b0d6f0a4f6b1e5ee5a1c8")

	mux := http.NewServeMux()
	mux.Handle("/at/{token}/sms", guard(callback))

	for _, path := range []string{"/at/3f0e4a539c5b0d6f0a4f6b1e5ee5a1c8/sms", "/at/guess/sms"} {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest(http.MethodPost, path, nil))
		fmt.Println(w.Code)
	}
	// Output:
	// 200
	// 404
}

func ExampleCheckSecret() {
	fmt.Println(webhook.CheckSecret("changeme"))
	// Output: webhook: a secret is worth less than 128 bits
}

func ExamplePathSegment() {
	from := webhook.PathSegment(2)
	fmt.Println(from(httptest.NewRequest(http.MethodPost, "/at/abc/sms", nil)))
	// Output: abc
}

func ExamplePathToken() {
	from := webhook.PathToken("token")
	r := httptest.NewRequest(http.MethodPost, "/at/abc/sms", nil)
	r.SetPathValue("token", "abc") // the mux does that
	fmt.Println(from(r))
	// Output: abc
}

func ExampleQueryToken() {
	from := webhook.QueryToken("key")
	fmt.Println(from(httptest.NewRequest(http.MethodPost, "/ussd?key=abc", nil)))
	// Output: abc
}

func ExampleAllowFrom() {
	callback := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "OK") })
	h := webhook.AllowFrom(
		[]netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")},
		netip.MustParsePrefix("10.0.0.0/8"), // our load balancer
	)(callback)

	r := httptest.NewRequest(http.MethodPost, "/", nil)
	r.RemoteAddr = "10.1.2.3:4567"
	r.Header.Set("X-Forwarded-For", "192.0.2.7")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	fmt.Println(w.Code)
	// Output: 200
}

func ExampleNewServer() {
	server := webhook.NewServer("127.0.0.1:8080", http.NotFoundHandler())
	fmt.Println(server.Addr, server.ReadHeaderTimeout)
	// Output: 127.0.0.1:8080 5s
}

// Behind the adaptor of another server, such as fiber's:
//
//	app.All("/at/:token/ussd", adaptor.HTTPHandler(h))
func ExampleIsolate() {
	h := webhook.Isolate(webhook.Handler(func(_ context.Context, e webhook.Event) error {
		fmt.Println(e.Form.Get("id"))
		return nil
	}))
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("id=1"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	h.ServeHTTP(httptest.NewRecorder(), r)
	// Output: 1
}
