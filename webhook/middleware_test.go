package webhook_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking/webhook"
)

// middlewares are what apps put around a handler. Each does something else to the
// writer.
var middlewares = map[string]func(http.Handler) http.Handler{
	"none":                 asItIs,
	"plain":                withoutFlush,
	"Unwrap":               wrapping(func(w http.ResponseWriter) http.ResponseWriter { return unwraps{w} }),
	"Unwrap twice":         wrapping(func(w http.ResponseWriter) http.ResponseWriter { return unwraps{unwraps{w}} }),
	"gzip":                 compressing,
	"gzip without Unwrap":  zipping(func(w *zipped) http.ResponseWriter { return flushing{w, w} }),
	"gzip inside of plain": func(h http.Handler) http.Handler { return compressing(withoutFlush(h)) },
	"buffer":               buffering(func(w *buffered) http.ResponseWriter { return w }),
	"buffer with all methods": buffering(func(w *buffered) http.ResponseWriter {
		return complete{w, http.NewResponseController(w.ResponseWriter)}
	}),
	"TimeoutHandler": func(h http.Handler) http.Handler { return http.TimeoutHandler(h, time.Hour, "") },
	"Isolate":        webhook.Isolate,
	"MaxBytesHandler": func(h http.Handler) http.Handler {
		return http.MaxBytesHandler(h, 1<<10)
	},
}

var compressing = zipping(func(w *zipped) http.ResponseWriter { return w })

func wrapping(wrap func(http.ResponseWriter) http.ResponseWriter) func(http.Handler) http.Handler {
	return func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(wrap(w), r) })
	}
}

type unwraps struct{ http.ResponseWriter }

func (w unwraps) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// zipped compresses, as chi's Compress does.
type zipped struct {
	http.ResponseWriter
	zip *gzip.Writer
}

func (w *zipped) WriteHeader(status int) {
	w.Header().Del("Content-Length")
	w.Header().Set("Content-Encoding", "gzip")
	w.ResponseWriter.WriteHeader(status)
}
func (w *zipped) Write(b []byte) (int, error) { return w.zip.Write(b) }
func (w *zipped) Flush() {
	_ = w.zip.Flush()
	_ = http.NewResponseController(w.ResponseWriter).Flush()
}
func (w *zipped) Unwrap() http.ResponseWriter { return w.ResponseWriter }

type flushing struct {
	http.ResponseWriter
	http.Flusher
}

func zipping(wrap func(*zipped) http.ResponseWriter) func(http.Handler) http.Handler {
	return func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			z := &zipped{w, gzip.NewWriter(w)}
			defer z.zip.Close()
			h.ServeHTTP(wrap(z), r)
		})
	}
}

// buffered holds the answer back, as middleware for ETags does.
type buffered struct {
	http.ResponseWriter
	body   bytes.Buffer
	status int
}

func (w *buffered) WriteHeader(status int)      { w.status = status }
func (w *buffered) Write(b []byte) (int, error) { return w.body.Write(b) }
func (w *buffered) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// complete has the methods of net/http's own writer, and no Unwrap.
type complete struct {
	http.ResponseWriter
	*http.ResponseController
}

func (w complete) FlushError() error { return w.Flush() }

func buffering(wrap func(*buffered) http.ResponseWriter) func(http.Handler) http.Handler {
	return func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			b := &buffered{ResponseWriter: w}
			h.ServeHTTP(wrap(b), r)
			w.WriteHeader(b.status)
			_, _ = w.Write(b.body.Bytes())
		})
	}
}

// pipes is a listener in memory, whose connections go by a bubble's clock.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	c, ok := <-p
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}
func (p pipes) Close() error   { return nil }
func (p pipes) Addr() net.Addr { return &net.UnixAddr{Name: "memory"} }

func (p pipes) dial(context.Context, string, string) (net.Conn, error) {
	here, there := net.Pipe()
	p <- there
	return here, nil
}

// serve serves h in memory until the test ends.
func serve(t *testing.T, h http.Handler) pipes {
	t.Helper()
	listener := make(pipes)
	server := webhook.NewServer("", h)
	server.Protocols = new(http.Protocols)
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetUnencryptedHTTP2(true)
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	t.Cleanup(func() {
		close(listener)
		_ = server.Close()
		if err := <-done; err == nil {
			t.Error("the server ended without an error")
		}
	})
	return listener
}

// protocols send a form over HTTP, and return the answer with its body unzipped.
var protocols = map[string]func(*testing.T, pipes, string) (answer, error){
	"HTTP/1": func(t *testing.T, l pipes, body string) (answer, error) {
		return roundTrip(t, &http.Transport{DialContext: l.dial, DisableKeepAlives: true}, body)
	},
	"HTTP/2": func(t *testing.T, l pipes, body string) (answer, error) {
		transport := &http.Transport{DialContext: l.dial, Protocols: new(http.Protocols)}
		transport.Protocols.SetUnencryptedHTTP2(true)
		defer transport.CloseIdleConnections()
		return roundTrip(t, transport, body)
	},
}

func roundTrip(t *testing.T, transport *http.Transport, body string) (answer, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://memory/", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", formType)
	res, err := transport.RoundTrip(r)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return answer{Status: res.StatusCode, Body: string(b)}, err
}

// The sender has the whole answer at the deadline, and after a function that ends its
// goroutine, in any middleware and over HTTP/1 and HTTP/2.
func TestInMiddleware(t *testing.T) {
	t.Parallel()
	const timeout = 8 * time.Second
	tests := []struct {
		name    string
		fn      func(context.Context, order) (text, error)
		timeout time.Duration
		want    string
		after   time.Duration
	}{
		{"in time", func(context.Context, order) (text, error) { time.Sleep(time.Second); return "hello", nil }, timeout, "hello", time.Second},
		{"no deadline", func(context.Context, order) (text, error) { time.Sleep(20 * time.Second); return "hello", nil }, 0, "hello", 20 * time.Second},
		{"late", func(context.Context, order) (text, error) { time.Sleep(time.Minute); return "late", nil }, timeout, "sorry", timeout},
		{"waits for the context", func(ctx context.Context, _ order) (text, error) {
			<-ctx.Done()
			time.Sleep(time.Nanosecond)
			return "late", nil
		}, timeout, "sorry", timeout},
		{"late panic", func(context.Context, order) (text, error) { time.Sleep(time.Minute); panic("late") }, timeout, "sorry", timeout},
		{"Goexit", func(context.Context, order) (text, error) { runtime.Goexit(); return "", nil }, timeout, "sorry", 0},
		{"Goexit without a deadline", func(context.Context, order) (text, error) { runtime.Goexit(); return "", nil }, 0, "sorry", 0},
		{"late Goexit", func(context.Context, order) (text, error) { time.Sleep(time.Minute); runtime.Goexit(); return "", nil }, timeout, "sorry", timeout},
		{"panic", func(context.Context, order) (text, error) { panic(http.ErrAbortHandler) }, 0, "sorry", 0},
	}
	for _, test := range tests {
		for name, wrap := range middlewares {
			for protocol, send := range protocols {
				t.Run(fmt.Sprintf("%s/%s/%s", test.name, name, protocol), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						l := serve(t, wrap(webhook.ReplyHandler(test.fn, discard, sorry, webhook.WithTimeout(test.timeout))))
						for range 2 {
							start := time.Now()
							got, err := send(t, l, "orderId=7")
							took := time.Since(start)
							if diff := cmp.Diff(answer{Status: 200, Body: test.want}, got); diff != "" || err != nil || took != test.after {
								t.Errorf("answered after %v, want %v; error %v; answer (-want +got):\n%s", took, test.after, err, diff)
							}
						}
						time.Sleep(2 * time.Minute)
					})
				})
			}
		}
	}
}

// So has a sender whose callback failed, with and without an error handler of the app's,
// and whichever code of the app's ends its goroutine.
func TestFailureInMiddleware(t *testing.T) {
	t.Parallel()
	const timeout = 8 * time.Second
	fail := func(context.Context, order) (text, error) { return "", errors.New("boom") }
	late := func(context.Context, order) (text, error) { time.Sleep(time.Minute); return "late", nil }
	exit := func(context.Context, order) (text, error) { runtime.Goexit(); return "", nil }
	fallback := webhook.WithFallback(func(error) webhook.Reply { runtime.Goexit(); return nil })
	observer := webhook.WithObserver(func(context.Context, webhook.Observation) { runtime.Goexit() })
	onError := func(fn func(w http.ResponseWriter, status int)) webhook.Option {
		return webhook.WithErrorHandler(func(w http.ResponseWriter, _ *http.Request, err *webhook.Error) { fn(w, err.Status) })
	}
	exits := onError(func(w http.ResponseWriter, _ int) { _, _ = io.WriteString(w, "half"); runtime.Goexit() })
	internal := answer{Status: 500, Body: "Internal Server Error\n"}
	unavailable := answer{Status: 503, Body: "Service Unavailable\n"}
	tests := []struct {
		name  string
		fn    func(context.Context, order) (text, error)
		opt   webhook.Option
		want  answer
		after time.Duration
	}{
		{"late", late, webhook.WithOptions(), unavailable, timeout},
		{"late, error handler", late, onError(func(w http.ResponseWriter, status int) { http.Error(w, "own", status) }), answer{Status: 503, Body: "own\n"}, timeout},
		{"late, status alone", late, onError(func(w http.ResponseWriter, status int) { w.WriteHeader(status) }), answer{Status: 503}, timeout},
		{"late, 204", late, onError(func(w http.ResponseWriter, _ int) { w.WriteHeader(204) }), answer{Status: 204}, timeout},
		{"late, error handler writes nothing", late, onError(func(http.ResponseWriter, int) {}), answer{Status: 503}, timeout},
		{"late, fallback exits", late, fallback, unavailable, timeout},
		{"late, error handler exits", late, exits, answer{Status: 500}, timeout},
		{"late, observer exits", late, observer, unavailable, timeout},
		{"Goexit", exit, webhook.WithOptions(), internal, 0},
		{"fallback exits", fail, fallback, internal, 0},
		{"error handler exits", fail, exits, answer{Status: 500}, 0},
		{"observer exits", fail, observer, internal, 0},
		{"refusal, error handler exits", fail, webhook.WithOptions(webhook.WithRequired("name"), exits), answer{Status: 500}, 0},
		{"observer of a success exits", func(context.Context, order) (text, error) { return "hello", nil }, observer, answer{Status: 200, Body: "hello"}, 0},
	}
	for _, test := range tests {
		for name, wrap := range middlewares {
			for protocol, send := range protocols {
				t.Run(fmt.Sprintf("%s/%s/%s", test.name, name, protocol), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						l := serve(t, wrap(webhook.ReplyHandler(test.fn, discard, test.opt, webhook.WithTimeout(timeout))))
						start := time.Now()
						got, err := send(t, l, "orderId=7")
						took := time.Since(start)
						if diff := cmp.Diff(test.want, got); diff != "" || err != nil || took != test.after {
							t.Errorf("answered after %v, want %v; error %v; answer (-want +got):\n%s", took, test.after, err, diff)
						}
						time.Sleep(2 * time.Minute)
					})
				})
			}
		}
	}
}

// A sender that is slow to send the body has the answer at the deadline, too.
func TestSlowBody(t *testing.T) {
	t.Parallel()
	const head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: " + formType + "\r\n"
	for name, request := range map[string]string{
		"stalled body":  head + "Content-Length: 50\r\n\r\norderId=7",
		"no body":       head + "Content-Length: 50\r\n\r\n",
		"stalled chunk": head + "Transfer-Encoding: chunked\r\n\r\n5\r\nord",
		"expecting":     head + "Expect: 100-continue\r\nContent-Length: 50\r\n\r\n",
	} {
		for middleware, wrap := range middlewares {
			t.Run(name+"/"+middleware, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					l := serve(t, wrap(webhook.ReplyHandler(func(context.Context, order) (text, error) {
						t.Error("the function was called")
						return "", nil
					}, discard, sorry, webhook.WithTimeout(8*time.Second))))
					conn, err := l.dial(t.Context(), "", "")
					if err != nil {
						t.Fatal(err)
					}
					defer conn.Close()
					start := time.Now()
					if _, err := io.WriteString(conn, request); err != nil {
						t.Fatal(err)
					}
					in := bufio.NewReader(conn)
					res, err := http.ReadResponse(in, nil)
					if err == nil && res.StatusCode == http.StatusContinue {
						res, err = http.ReadResponse(in, nil)
					}
					if err != nil {
						t.Fatal(err)
					}
					defer res.Body.Close()
					body := io.Reader(res.Body)
					if res.Header.Get("Content-Encoding") == "gzip" {
						if body, err = gzip.NewReader(body); err != nil {
							t.Fatal(err)
						}
					}
					b, err := io.ReadAll(body)
					if took := time.Since(start); string(b) != "sorry" || err != nil || took != 8*time.Second || !res.Close {
						t.Errorf("answered %q after %v, connection closes: %v, error %v; want sorry after 8s, true", b, took, res.Close, err)
					}
				})
			})
		}
	}
}
