package client

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
)

const (
	contentForm = "application/x-www-form-urlencoded"
	contentJSON = "application/json"

	userAgent = "sautigo-africastalking (+https://github.com/sautigo/africastalking)"
)

// request is one POST, before it is bound to a context.
type request struct {
	url         *url.URL
	contentType string
	body        string
	// limit is how many bytes of an answer are read.
	limit int64
}

// response is an answer of any status. Outside 2xx its body may be incomplete.
type response struct {
	status int
	header http.Header
	body   []byte
}

// exchange makes one request. The kind of its errors is ErrNotSent when nothing can
// have acted on the request, and otherwise ErrOutcomeUnknown.
func (c *Client) exchange(ctx context.Context, r request) (response, *transportError) {
	if err := ctx.Err(); err != nil {
		return response{}, r.failed(ErrNotSent, 0, err, "")
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	// A transport that reads the body before it dials leaves only its trace to tell
	// whether there was a connection to write to, and what stopped it.
	var stage atomic.Value
	var connected atomic.Bool
	trace := &httptrace.ClientTrace{
		GetConn: func(string) { stage.Store("no connection") },
		ConnectDone: func(_, _ string, err error) {
			if err == nil && r.url.Scheme == "https" {
				stage.Store("proxy") // which has yet to connect to the host
			}
		},
		TLSHandshakeStart: func() { stage.Store("TLS") },
		GotConn:           func(httptrace.GotConnInfo) { connected.Store(true) },
	}
	_, key := c.account()
	u := *r.url // a RoundTripper may change it
	body := newPayload(r.body)
	req := (&http.Request{
		Method: http.MethodPost,
		URL:    &u,
		Host:   u.Host,
		Header: http.Header{
			"Apikey":       {key},
			"Accept":       {contentJSON},
			"Content-Type": {r.contentType},
			"User-Agent":   {userAgent},
		},
		Body:          body,
		ContentLength: int64(len(r.body)),
	}).WithContext(httptrace.WithClientTrace(ctx, trace))
	resp, err := c.http.Do(req)
	if err != nil {
		stuck, _ := stage.Load().(string)
		if body.seal() || stuck != "" && !connected.Load() {
			return response{}, r.failed(ErrNotSent, 0, err, stuck)
		}
		return response{}, r.failed(ErrOutcomeUnknown, 0, err, "")
	}
	defer resp.Body.Close()
	a := response{status: resp.StatusCode, header: resp.Header}
	a.body, err = io.ReadAll(io.LimitReader(resp.Body, r.limit+1))
	if err == nil && int64(len(a.body)) > r.limit {
		err = replyError("the reply is too large")
	}
	if err != nil && a.status >= 200 && a.status <= 299 {
		return response{}, r.failed(ErrOutcomeUnknown, a.status, err, "")
	}
	return a, nil
}

// failed returns the error of a request without a usable answer. The status is 0
// when there was no answer; the stage explains an err that says nothing itself.
func (r request) failed(kind error, status int, err error, stage string) *transportError {
	var text string
	switch {
	case kind == ErrNotSent:
		text = "not sent to "
	case status == 0:
		text = "no reply from "
	default:
		text = "HTTP status " + strconv.Itoa(status) + " from "
	}
	// The URL in a [url.Error] adds nothing.
	var outer *url.Error
	if errors.As(err, &outer) {
		err = outer.Err
	}
	text += r.url.Host + ": " + cmp.Or(class(err), stage, "transport error")
	// A transport may send through a Client of its own. Its outcome is not ours.
	for _, kind := range []error{ErrInvalid, ErrNotSent, ErrOutcomeUnknown, ErrRefused, ErrTransient, ErrAuthentication} {
		if errors.Is(err, kind) {
			err = nil
		}
	}
	return &transportError{kind, "client: " + text, err}
}

// transportError is a request without a usable answer. Its text never quotes err,
// which others wrote and which may repeat the message.
type transportError struct {
	kind error
	text string
	err  error
}

func (e *transportError) Error() string { return e.text }

func (e *transportError) Unwrap() []error { return []error{e.kind, e.err} }

// class returns the class of reason that err belongs to, in words of this
// package, or "".
func class(err error) string {
	var own replyError
	var timeout interface{ Timeout() bool }
	var op *net.OpError
	var dns *net.DNSError
	var record tls.RecordHeaderError
	var certificate *tls.CertificateVerificationError
	isOp := errors.As(err, &op)
	switch {
	case errors.As(err, &own):
		return string(own)
	case errors.Is(err, context.Canceled):
		return "canceled"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "timeout"
	case isOp && (op.Op == "proxyconnect" || strings.HasPrefix(op.Op, "socks")):
		return "proxy"
	case errors.As(err, &dns):
		return "no address"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, http.ErrSchemeMismatch), errors.As(err, &record), errors.As(err, &certificate):
		return "TLS"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed),
		errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "cut short"
	case isOp && op.Op == "dial":
		return "no connection"
	}
	return ""
}

// payload is the body of one attempt. It knows whether a transport has begun to
// read it. The request states its length, so a server that got none of the body
// cannot have acted on it.
//
// It hides its type from net/http on purpose, and the request has no GetBody.
// Without one, no transport can write the message a second time.
type payload struct {
	r     strings.Reader
	state atomic.Int32
}

const (
	payloadFresh = iota
	payloadBegun
	payloadSealed
)

var errSealed = errors.New("client: request was given up")

func newPayload(body string) *payload {
	p := new(payload)
	p.r.Reset(body)
	return p
}

func (p *payload) Read(b []byte) (int, error) {
	if !p.state.CompareAndSwap(payloadFresh, payloadBegun) && p.state.Load() == payloadSealed {
		return 0, errSealed
	}
	return p.r.Read(b)
}

func (p *payload) Close() error { return nil }

// seal forbids a read that has not begun, however late a transport's goroutine
// gets to it, and reports whether none had.
func (p *payload) seal() bool {
	return p.state.CompareAndSwap(payloadFresh, payloadSealed)
}
