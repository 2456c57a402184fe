package callback

import (
	"context"
	"io"
	"net/http"
	"strings"
)

// server stands for the server that all requests come from: timers for deadlines are
// shared between the callbacks of one server.
var server = new(http.Server)

// exchange is a request that can be sent again, and the writer that its reply is
// thrown away by. Renewing it allocates nothing.
type exchange struct {
	request *http.Request
	text    string
	body    strings.Reader
	header  http.Header
}

func newExchange(body string) *exchange {
	e := &exchange{text: body, header: http.Header{}}
	r, err := http.NewRequest(http.MethodPost, "/callback", nil)
	if err != nil {
		panic(err)
	}
	r = r.WithContext(context.WithValue(r.Context(), http.ServerContextKey, server))
	r.Header.Set("Content-Type", formType)
	r.ContentLength = int64(len(body))
	r.Body = io.NopCloser(&e.body)
	e.request = r
	return e
}

func (e *exchange) renew() {
	e.body.Reset(e.text)
	e.request.Form, e.request.PostForm = nil, nil
	clear(e.header)
}

func (e *exchange) Header() http.Header         { return e.header }
func (e *exchange) Write(p []byte) (int, error) { return len(p), nil }
func (e *exchange) WriteHeader(int)             {}
func (e *exchange) Flush()                      {}

// SendsAtFlush makes the handler serve as on net/http's own HTTP/1 writer.
func (e *exchange) SendsAtFlush() {}

// Repeat returns a function that sends a form to a handler as often as it is
// told, and throws the replies away.
func Repeat(h http.Handler, body string) func(n int) error {
	return func(n int) error {
		e := newExchange(body)
		for range n {
			e.renew()
			h.ServeHTTP(e, e.request)
		}
		return nil
	}
}
