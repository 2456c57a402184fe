// Library is the quickstart's USSD route alone, with this library and without a
// log line for each request.
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"

	"github.com/sautigo/africastalking/ussd"
	"github.com/sautigo/africastalking/webhook"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:0", "listen on this address")
	flag.Parse()
	l, err := net.Listen("tcp", *addr)
	if err != nil {
		fmt.Fprintln(os.Stderr, "library:", err)
		os.Exit(1)
	}
	fmt.Printf("Listening on http://%v.\n", l.Addr())
	mux := http.NewServeMux()
	mux.Handle("/api/ussd/session", ussd.Handler(screen))
	fmt.Fprintln(os.Stderr, "library:", webhook.NewServer("", mux).Serve(l))
	os.Exit(1)
}

func screen(_ context.Context, r ussd.Request) (ussd.Response, error) {
	switch r.Text {
	case "":
		return ussd.Continue("What would you want to check\n1. My Account\n2. My phone number"), nil
	case "1":
		return ussd.Continue("Choose account information you want to view\n1. Account number"), nil
	case "1*1":
		return ussd.End("Your account number is ACC1001"), nil
	case "2":
		return ussd.End("Your phone number is " + r.PhoneNumber), nil
	}
	return ussd.End("Invalid choice"), nil
}
