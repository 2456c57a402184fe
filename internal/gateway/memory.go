package gateway

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
)

// InMemory returns a transport that has h answer in memory. A request that is
// cancelled ends the context of the handler's. It works inside a testing/synctest
// bubble.
func InMemory(h http.Handler) http.RoundTripper { return inMemory{h} }

type inMemory struct{ h http.Handler }

func (t inMemory) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer r.Body.Close()
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	served := r.Clone(r.Context())
	served.RequestURI = r.URL.RequestURI()
	served.Host = cmp.Or(r.Host, r.URL.Host)
	served.RemoteAddr = "192.0.2.1:1234"
	if served.Body == nil {
		served.Body = http.NoBody
	} else {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		served.Body = io.NopCloser(strings.NewReader(string(body)))
	}
	w := newWriter(math.MaxInt - 1)
	go func() {
		returned := false
		defer func() {
			if v := recover(); v != nil || !returned {
				w.finish(ErrCut)
				return
			}
			w.finish(nil)
		}()
		t.h.ServeHTTP(w, served)
		returned = true
	}()
	select {
	case <-w.done:
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	a := w.answer()
	if a.Status == 0 {
		return nil, io.ErrUnexpectedEOF
	}
	resp := &http.Response{
		Status: fmt.Sprintf("%d %s", a.Status, a.Reason), StatusCode: a.Status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: a.Header, ContentLength: -1, Request: r,
	}
	if n, err := strconv.ParseInt(a.Header.Get("Content-Length"), 10, 64); err == nil {
		resp.ContentLength = n
	}
	body := io.Reader(strings.NewReader(string(a.Body)))
	if a.Err != nil {
		body = io.MultiReader(body, failing{})
	}
	resp.Body = io.NopCloser(body)
	return resp, nil
}

// failing is the end of a body that was cut.
type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
