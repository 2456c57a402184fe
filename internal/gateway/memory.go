package gateway

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"runtime/debug"
	"strconv"
)

// InMemory returns a transport that serves requests by calling h, without a network.
// It works inside a testing/synctest bubble.
//
// The handler runs on a goroutine of its own and sees what a server's would: its
// writer implements [http.Flusher], an answer whose announced length was flushed
// is there before the handler returns, the context has no deadline and ends with the
// request or when the client goes away, and a panic cuts the connection, not the
// program: it is the [*PanicError] of the round trip, or of reading the body.
func InMemory(h http.Handler) http.RoundTripper { return inMemory{h} }

type inMemory struct{ h http.Handler }

func (t inMemory) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	var body []byte
	if r.Body != nil {
		defer r.Body.Close()
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	target, err := url.ParseRequestURI(r.URL.RequestURI())
	if err != nil {
		return nil, errors.New("gateway: the path is not one")
	}
	// A server's handler does not know how long its client is going to wait.
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.Context()))
	served := r.Clone(ctx)
	served.URL, served.RequestURI = target, r.URL.RequestURI()
	if served.Host == "" {
		served.Host = r.URL.Host
	}
	served.Proto, served.ProtoMajor, served.ProtoMinor = "HTTP/1.1", 1, 1
	served.RemoteAddr = "192.0.2.1:1234"
	served.Header.Set("Content-Length", strconv.Itoa(len(body)))
	if served.Header.Get("User-Agent") == "" {
		served.Header.Del("User-Agent") // net/http's transport sends none then
	}
	served.ContentLength, served.Body, served.GetBody = int64(len(body)), io.NopCloser(bytes.NewReader(body)), nil

	w := newWriter()
	go func() {
		defer cancel()
		returned := false
		defer func() {
			switch v := recover(); {
			case v == http.ErrAbortHandler:
				w.finish(ErrCut)
			case v != nil:
				w.finish(&PanicError{v, debug.Stack()})
			case !returned:
				w.finish(fmt.Errorf("gateway: the handler ended its goroutine: %w", ErrCut))
			default:
				w.finish(nil)
			}
		}()
		t.h.ServeHTTP(w, served)
		returned = true
	}()
	select {
	case <-w.done:
		return w.response(r)
	case <-r.Context().Done():
		cancel()
		return nil, r.Context().Err()
	}
}

// failing is the end of a body that was cut.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
