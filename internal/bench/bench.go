// Package bench measures handlers and parsers of callbacks. Module bench sets them
// beside baselines.
package bench

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
)

// Form is the media type of most callbacks.
const Form = "application/x-www-form-urlencoded; charset=UTF-8"

// JSON is the media type of the others.
const JSON = "application/json"

// Handler runs a sub-benchmark of h on a callback, from the request to the reply.
// The writer throws away what it gets.
func Handler(b *testing.B, name, mediaType, body string, h http.Handler) {
	b.Run(name, func(b *testing.B) {
		b.ReportAllocs()
		c := newCallback(mediaType, body)
		for b.Loop() {
			c.renew()
			h.ServeHTTP(c, c.request)
		}
	})
}

// Parser runs a sub-benchmark of a parser on a callback's request.
func Parser[T any](b *testing.B, name, mediaType, body string, parse func(*http.Request) (T, error)) {
	b.Run(name, func(b *testing.B) {
		b.ReportAllocs()
		c := newCallback(mediaType, body)
		for b.Loop() {
			c.renew()
			if _, err := parse(c.request); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// Allocs returns how often h allocates for one callback, on a writer that throws
// away what it gets.
func Allocs(mediaType, body string, h http.Handler) int {
	c := newCallback(mediaType, body)
	return int(testing.AllocsPerRun(1000, func() {
		c.renew()
		h.ServeHTTP(c, c.request)
	}))
}

// server stands for the server that all requests come from: timers for deadlines are
// shared between the callbacks of one server.
var server = new(http.Server)

// callback is a request that can be sent again and the writer that its reply is
// thrown away by. Renewing it allocates nothing.
type callback struct {
	request *http.Request
	text    string
	body    strings.Reader
	header  http.Header
}

func newCallback(mediaType, body string) *callback {
	c := &callback{text: body, header: http.Header{}}
	r, err := http.NewRequest(http.MethodPost, "/callback", nil)
	if err != nil {
		panic(err)
	}
	r = r.WithContext(context.WithValue(r.Context(), http.ServerContextKey, server))
	r.Header.Set("Content-Type", mediaType)
	r.ContentLength = int64(len(body))
	r.Body = io.NopCloser(&c.body)
	c.request = r
	return c
}

func (c *callback) renew() {
	c.body.Reset(c.text)
	c.request.Form, c.request.PostForm = nil, nil
	clear(c.header)
}

func (c *callback) Header() http.Header         { return c.header }
func (c *callback) Write(p []byte) (int, error) { return len(p), nil }
func (c *callback) WriteHeader(int)             {}
func (c *callback) Flush()                      {}

// SendsAtFlush makes the handler serve as on net/http's own HTTP/1 writer.
func (c *callback) SendsAtFlush() {}
