package internal_test

import (
	"fmt"

	"github.com/sautigo/africastalking/examples/internal/curl"
)

func Example_curl() {
	body := curl.Form("from", "+254711000001", "text", "It's 100% true & *384#")
	fmt.Println(curl.Post("http://127.0.0.1:9000/sms", body))
	fmt.Println(curl.Post("http://127.0.0.1:9000/airtime", `{"amount":500.00}`))
	// Output:
	// curl -w '\n' -d 'from=%2B254711000001&text=It%27s+100%25+true+%26+%2A384%23' http://127.0.0.1:9000/sms
	// curl -w '\n' -H 'Content-Type: application/json' -d '{"amount":500.00}' http://127.0.0.1:9000/airtime
}
