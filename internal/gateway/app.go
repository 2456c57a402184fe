package gateway

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/sautigo/africastalking/internal/failure"
)

// MaxAnswer is how much of an answer is read, in bytes: 64 KiB. That there is a
// limit is assumed; no sensible answer comes near it.
const MaxAnswer = 64 << 10

// An App takes callbacks. It is safe for concurrent use.
type App interface {
	// Post delivers a callback and waits for the answer. If ctx ends first, the
	// app sees the client disconnect. Post never follows a redirect.
	Post(ctx context.Context, c Callback) Answer
}

// Answer is the app's answer to a callback.
type Answer struct {
	Status int
	// Reason is the reason phrase behind the status, "" if there was none.
	Reason string
	Header http.Header
	// Body is without its Content-Encoding and at most [MaxAnswer] bytes.
	Body []byte
	// Failure is why a handler of this module answered without the app's function,
	// if the app is in memory: the error that the handler has logged. It is nil if
	// nothing has failed, and if it cannot be known.
	Failure error
	// Took is how long the answer took.
	Took time.Duration
	// Err says why there is no answer, or not all of it:
	// [context.DeadlineExceeded] if it came too late, [ErrTooLarge], a
	// [*PanicError], or the transport's error. No error holds the URL, which may
	// have a secret in it.
	Err error
}

// Same reports whether a and b have the same status, body and named headers, and
// both are whole or neither is.
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
	ErrCut      = fmt.Errorf("gateway: connection was cut before the end of the answer: %w", io.ErrUnexpectedEOF)
)

// PanicError is the [Answer.Err] of a handler that has panicked. The sender sees a
// connection that was cut, so errors.Is(err, [ErrCut]) holds.
type PanicError struct {
	Value any
	Stack []byte
}

func (e *PanicError) Error() string { return fmt.Sprintf("gateway: the handler panicked: %v", e.Value) }

func (e *PanicError) Unwrap() error { return ErrCut }

// Handler returns the app that h is, in memory: see [InMemory]. Callbacks are posted
// to target, a path with an optional query; "" is "/".
func Handler(h http.Handler, target string) App {
	return URL("http://gateway.example/"+strings.TrimPrefix(target, "/"), InMemory(h))
}

// URL returns the app at a URL, reached through transport (nil is
// [http.DefaultTransport]).
func URL(url string, transport http.RoundTripper) App {
	if transport == nil {
		transport = http.DefaultTransport
	}
	return remote{url, transport}
}

type remote struct {
	url       string
	transport http.RoundTripper
}

func (m remote) Post(ctx context.Context, c Callback) Answer {
	start := time.Now()
	watched, why := failure.Watch(ctx)
	a := m.post(watched, c)
	a.Took, a.Failure = time.Since(start), why()
	if err := ctx.Err(); err != nil && a.Err != nil {
		a.Err = err
	}
	return a.decode()
}

func (m remote) post(ctx context.Context, c Callback) Answer {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, m.url, bytes.NewReader(c.Body))
	if err != nil || r.URL.Host == "" {
		return Answer{Err: errors.New("gateway: the URL is not absolute")}
	}
	r.Header = c.Header.Clone()
	if u := r.URL.User; u != nil {
		password, _ := u.Password()
		r.SetBasicAuth(u.Username(), password)
	}
	// A RoundTripper, unlike an http.Client, follows no redirects and keeps the
	// URL out of its errors.
	resp, err := m.transport.RoundTrip(r)
	switch {
	case errors.Is(err, io.EOF):
		return Answer{Err: ErrCut}
	case err != nil:
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
	case err == io.ErrUnexpectedEOF:
		return b, ErrCut
	}
	return b, err
}

// decode removes the Content-Encoding that the callback offers to accept.
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
