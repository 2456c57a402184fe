package webhook_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking/webhook"
)

// headed is a payload that reads a header.
type headed struct {
	ID  string `schema:"id"`
	Hop string `schema:"-"`
}

func (h *headed) UnmarshalHeader(header http.Header) error {
	h.Hop = header.Get("Hop")
	return nil
}

// A server that uses a request's memory again does not change what a late function
// reads, and the answer is there when the handler returns at the deadline.
func TestIsolate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		type key struct{}
		release, late := make(chan struct{}), make(chan headed, 1)
		fn := func(ctx context.Context, p headed) error {
			if ctx.Value(key{}) != nil {
				t.Error("the context has a value of the server's")
			}
			<-release
			late <- p
			return nil
		}
		h := webhook.Isolate(webhook.Handler(fn, webhook.WithTimeout(time.Second), discard))

		memory := []byte("first hop")
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("id=1"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header["Hop"] = []string{unsafe.String(&memory[0], len(memory))}
		w := httptest.NewRecorder()
		start := time.Now()
		h.ServeHTTP(w, r.WithContext(context.WithValue(t.Context(), key{}, 1)))
		if took := time.Since(start); took != time.Second {
			t.Errorf("the handler returned after %s, want 1s", took)
		}
		if w.Code != http.StatusServiceUnavailable || w.Flushed {
			t.Errorf("answered %d, flushed: %v; want 503 and false", w.Code, w.Flushed)
		}
		copy(memory, "other one")
		close(release)
		if diff := cmp.Diff(headed{ID: "1", Hop: "first hop"}, <-late); diff != "" {
			t.Errorf("the late function reads (-want +got):\n%s", diff)
		}
	})
}

// All that a late function can reach is its own: the server uses the memory of the
// method, the URL, the host and the rest again.
func TestIsolateOwnsMemory(t *testing.T) {
	t.Parallel()
	var memories [][]byte
	reused := func(s string) string {
		memory := []byte(s)
		memories = append(memories, memory)
		return unsafe.String(&memory[0], len(memory))
	}
	type parts struct {
		Method, Proto, Host, URI, Addr string
		URL                            url.URL
		Header                         http.Header
	}
	of := func(r *http.Request) parts {
		return parts{r.Method, r.Proto, r.Host, r.RequestURI, r.RemoteAddr, *r.URL, r.Header}
	}
	request := func(s func(string) string) *http.Request {
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		r.Method, r.Proto, r.Host, r.RequestURI, r.RemoteAddr = s("POST"), s("HTTP/1.1"), s("host"), s("/uri"), s("10.0.0.1:1")
		r.URL = &url.URL{Scheme: s("https"), Opaque: s("opaque"), Host: s("url.host"), Path: s("/path"), RawPath: s("/p%61th"),
			RawQuery: s("a=b"), Fragment: s("fragment"), RawFragment: s("fr%61gment")}
		r.Header = http.Header{s("Name"): {s("value"), s("other")}}
		return r
	}
	var got *http.Request
	h := webhook.Isolate(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r }))
	h.ServeHTTP(httptest.NewRecorder(), request(reused))
	for _, memory := range memories {
		for i := range memory {
			memory[i] = 'x'
		}
	}
	want := of(request(func(s string) string { return s }))
	if diff := cmp.Diff(want, of(got)); diff != "" {
		t.Errorf("after the server has used its memory again the request is (-want +got):\n%s", diff)
	}
	h.ServeHTTP(httptest.NewRecorder(), (&http.Request{Method: "POST"}).WithContext(t.Context()))
	if got.URL != nil {
		t.Errorf("a request without a URL has got %v", got.URL)
	}
}

func TestIsolateRequest(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest(http.MethodPost, "https://example.com:8080/at/x%2Fy?key=1", strings.NewReader("body"))
	r.Header["X-Twice"] = []string{"a", "b"}
	r.SetPathValue("token", "x/y")
	called := false
	h := webhook.Isolate(http.HandlerFunc(func(_ http.ResponseWriter, got *http.Request) {
		called = true
		body, err := io.ReadAll(got.Body)
		if err != nil || string(body) != "body" {
			t.Errorf("body %q and error %v", body, err)
		}
		if got.PathValue("token") != "x/y" {
			t.Errorf("path value %q, want x/y", got.PathValue("token"))
		}
		type line struct{ Method, Proto, Host, URI, URL, Addr string }
		of := func(r *http.Request) line {
			return line{r.Method, r.Proto, r.Host, r.RequestURI, r.URL.String(), r.RemoteAddr}
		}
		if diff := cmp.Diff(of(r), of(got)); diff != "" {
			t.Errorf("request (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(r.Header, got.Header); diff != "" {
			t.Errorf("header (-want +got):\n%s", diff)
		}
	}))
	h.ServeHTTP(httptest.NewRecorder(), r)
	if !called {
		t.Error("the handler was not called")
	}
}
