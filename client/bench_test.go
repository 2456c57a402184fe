package client_test

import (
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/sautigo/africastalking/client"
)

// BenchmarkSend measures Send with an API that answers in memory.
func BenchmarkSend(b *testing.B) {
	for _, n := range []int{1, 500} {
		to := numbers(n)
		answer := acceptAll(to)
		rt := roundTripFunc(func(r *http.Request) (*http.Response, error) {
			if _, err := io.Copy(io.Discard, r.Body); err != nil {
				return nil, err
			}
			return created(answer), nil
		})
		hc := &http.Client{Transport: rt}
		b.Run(fmt.Sprintf("recipients=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			c := client.New("myapp", testKey, client.WithHTTPClient(hc))
			m := message(to...)
			for b.Loop() {
				if _, err := c.Send(b.Context(), m); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
