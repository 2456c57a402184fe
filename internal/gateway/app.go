package gateway

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"runtime/debug"
	"strconv"
	"strings"
	"time"
)

// MaxAnswer is how much of an answer is read, in bytes: 64 KiB. That there is a
// limit is assumed; no sensible answer comes near it.
const MaxAnswer = 64 << 10

// An App takes callbacks. It is safe for concurrent use.
type App interface {
	// Post delivers a callback and waits for the answer until ctx ends, as
	// which the app sees its sender go away. It never follows a redirect.
	Post(ctx context.Context, c Callback) Answer
}

// Answer is what came back for a callback.
type Answer struct {
	Status int
	// Reason is the reason phrase behind the status, "" if there was none.
	Reason string
	Header http.Header
	// Body is without its Content-Encoding and at most [MaxAnswer] bytes.
	Body []byte
	// Took is how long the answer took.
	Took time.Duration
	// Err says why there is no answer, or not all of it:
	// [context.DeadlineExceeded] if it came too late, [ErrTooLarge], a
	// [*PanicError], or whatever went wrong on the way. No error holds the URL,
	// which may have a secret in it.
	Err error
}

// Same reports whether b is the same answer to the app's client, whatever its
// Date and duration: the same status, body and named headers.
func (a Answer) Same(b Answer, headers ...string) bool {
	if a.Status != b.Status || !bytes.Equal(a.Body, b.Body) || (a.Err == nil) != (b.Err == nil) {
		return false
	}
	for _, name := range headers {
		if strings.Join(a.Header.Values(name), "\n") != strings.Join(b.Header.Values(name), "\n") {
			return false
		}
	}
	return true
}

// Errors of an [Answer].
var (
	ErrTooLarge = fmt.Errorf("gateway: answer is over %d bytes", MaxAnswer)
	ErrCut      = errors.New("gateway: connection was cut before the end of the answer")
)

// PanicError is the [Answer.Err] of a handler that has panicked. To the sender
// that is a connection that was cut: errors.Is(err, [ErrCut]) holds.
type PanicError struct {
	Value any
	Stack []byte
}

func (e *PanicError) Error() string { return fmt.Sprintf("gateway: the handler panicked: %v", e.Value) }

func (e *PanicError) Unwrap() error { return ErrCut }

// Handler returns the app that h is, in memory. Callbacks are posted to target, a
// path with an optional query ("" is "/").
//
// The handler runs on a goroutine of its own and sees what a server's would: its
// writer implements [http.Flusher], an answer whose announced length was flushed
// is there before the handler returns, the context ends with the request or when
// the sender goes away, and a panic is the connection's, not the program's. It
// works inside a testing/synctest bubble.
func Handler(h http.Handler, target string) App {
	if target == "" {
		target = "/"
	}
	return memory{h, target}
}

type memory struct {
	h      http.Handler
	target string
}

func (m memory) Post(ctx context.Context, c Callback) Answer {
	start := time.Now()
	u, err := url.ParseRequestURI(m.target)
	if err != nil {
		return Answer{Err: errors.New("gateway: the path is not one")}
	}
	// A server's handler does not know how long its client is going to wait.
	life, cancel := context.WithCancel(context.WithoutCancel(ctx))
	header := c.Header.Clone()
	header.Set("Content-Length", strconv.Itoa(len(c.Body)))
	if header.Get("User-Agent") == "" {
		header.Del("User-Agent") // as net/http's transport takes it
	}
	r := (&http.Request{
		Method: http.MethodPost, URL: u, RequestURI: m.target,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Host: "gateway.example", RemoteAddr: "192.0.2.1:1234",
		Header: header, ContentLength: int64(len(c.Body)),
		Body: io.NopCloser(bytes.NewReader(bytes.Clone(c.Body))),
	}).WithContext(life)
	w := newWriter(MaxAnswer)
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
		m.h.ServeHTTP(w, r)
		returned = true
	}()
	select {
	case <-w.done:
	case <-ctx.Done():
		cancel()
		return Answer{Took: time.Since(start), Err: ctx.Err()}
	}
	a := w.answer()
	a.Took = time.Since(start)
	return a.decode()
}

// URL returns the app at a URL, reached through transport (nil is
// [http.DefaultTransport]).
func URL(url string, transport http.RoundTripper) App {
	return remote{url, &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

type remote struct {
	url    string
	client *http.Client
}

func (m remote) Post(ctx context.Context, c Callback) Answer {
	start := time.Now()
	a := m.post(ctx, c)
	a.Took = time.Since(start)
	if err := ctx.Err(); err != nil && a.Err != nil {
		a.Err = err
	}
	return a.decode()
}

func (m remote) post(ctx context.Context, c Callback) Answer {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, m.url, bytes.NewReader(c.Body))
	if err != nil {
		return Answer{Err: errors.New("gateway: the URL is not one")}
	}
	r.Header = c.Header.Clone()
	resp, err := m.client.Do(r)
	if err != nil {
		var e *url.Error
		if errors.As(err, &e) {
			err = e.Err // without the URL
		}
		return Answer{Err: err}
	}
	defer resp.Body.Close()
	_, reason, _ := strings.Cut(resp.Status, " ")
	a := Answer{Status: resp.StatusCode, Reason: reason, Header: resp.Header}
	a.Body, a.Err = read(resp.Body)
	return a
}

// read reads at most MaxAnswer bytes.
func read(r io.Reader) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, MaxAnswer+1))
	switch {
	case len(b) > MaxAnswer:
		return b[:MaxAnswer], ErrTooLarge
	case errors.Is(err, io.ErrUnexpectedEOF):
		return b, ErrCut
	}
	return b, err
}

// decode takes off the Content-Encoding that the callback has offered to accept.
func (a Answer) decode() Answer {
	if a.Err != nil || !strings.EqualFold(a.Header.Get("Content-Encoding"), "gzip") {
		return a
	}
	z, err := gzip.NewReader(bytes.NewReader(a.Body))
	if err != nil {
		a.Err = fmt.Errorf("gateway: answer is not the gzip it says: %w", err)
		return a
	}
	a.Body, a.Err = read(z)
	return a
}
