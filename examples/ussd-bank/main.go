// Ussd-bank is a bank on USSD: balance, sending money with confirmation and PIN, a
// statement over pages, in English and Swahili. The menu is in package bank beside
// it; its tests dial it with a phone.
//
//	go run ./examples/ussd-bank
//
// It prints curl lines that walk through a session. The accounts are in memory:
// +254711000001 and +254711000002, both with the PIN 1234.
package main

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/examples/internal/curl"
	"github.com/sautigo/africastalking/examples/internal/serve"
	"github.com/sautigo/africastalking/examples/ussd-bank/bank"
	"github.com/sautigo/africastalking/state"
	"github.com/sautigo/africastalking/ussd"
	"github.com/sautigo/africastalking/webhook"
)

func main() { serve.Main("ussd-bank", run) }

// hops are what Africa's Talking sends while money is sent. The first begins the
// session, so that what comes later counts as typed and not as dialled.
func hops() []string {
	return []string{"", "1", "1*2", "1*2*0711000002", "1*2*0711000002*500", "1*2*0711000002*500*1", "1*2*0711000002*500*1*1234"}
}

func run(ctx context.Context, args []string, _ func(string) string, stdout, stderr io.Writer) error {
	l, err := serve.Listen(serve.Flags("ussd-bank", stderr), args)
	if err != nil {
		return err
	}
	defer l.Close()

	ledger := bank.NewLedger()
	for _, phone := range []string{"+254711000001", "+254711000002"} {
		ledger.Open(phone, "1234", africastalking.Money{Currency: "KES", Micros: 5_000_000_000})
	}
	app := bank.NewApp(ledger, new(state.Memory))
	mux := http.NewServeMux()
	mux.Handle("/ussd", ussd.Handler(app.Serve, webhook.WithFallbackFor(bank.Sorry)))

	url := serve.URL(l)
	fmt.Fprintf(stdout, "Listening on %s. The callback URL is %s/ussd. The menu:\n\n%s\nA session, hop by hop:\n\n", url, url, app)
	for _, text := range hops() {
		fmt.Fprintf(stdout, "%s\n", curl.Post(url+"/ussd", curl.Form(
			"phoneNumber", "+254711000001", "serviceCode", bank.ServiceCode, "text", text, "sessionId", "ATUid_1", "networkCode", "63902")))
	}
	fmt.Fprintln(stdout, "\nPaste any of these into another terminal. Ctrl-C stops the server.")
	return serve.Until(ctx, l, mux)
}
