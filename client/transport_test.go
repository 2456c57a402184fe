package client_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking/client"
)

func TestHTTPError(t *testing.T) {
	t.Parallel()
	const plain = "text/plain; charset=UTF-8"
	tests := []struct {
		name    string
		status  int
		header  http.Header
		body    string
		want    client.HTTPError
		text    string
		outcome client.Outcome
		kinds   []error
	}{
		{
			name: "authentication", status: 401, header: http.Header{"Content-Type": {plain}}, body: sample(t, "reply_unauthorized.txt"),
			want: client.HTTPError{ContentType: plain, Body: "The supplied authentication is invalid"},
			text: `HTTP status 401 Unauthorized from HOST: the username and the API key do not belong together, or not to this host`, outcome: client.Refused,
			kinds: []error{client.ErrRefused, client.ErrAuthentication},
		},
		{
			name: "missing field", status: 400, header: http.Header{"Content-Type": {plain}}, body: "Request is missing required form field 'to'\r\nmore",
			want: client.HTTPError{ContentType: plain, Body: "Request is missing required form field 'to'\r\nmore"},
			text: `HTTP status 400 Bad Request from HOST`, outcome: client.Refused,
			kinds: []error{client.ErrRefused},
		},
		{
			name: "body repeats the request", status: 400, header: http.Header{"Content-Type": {plain}},
			body:    "apiKey: " + testKey + " to: " + number1,
			want:    client.HTTPError{ContentType: plain, Body: "apiKey: [key] to: " + number1},
			text:    `HTTP status 400 Bad Request from HOST`,
			outcome: client.Refused, kinds: []error{client.ErrRefused},
		},
		{
			name: "long body", status: 404, header: http.Header{"Content-Type": {plain}}, body: strings.Repeat("é", 5000),
			want: client.HTTPError{ContentType: plain, Body: strings.Repeat("é", 2048)},
			text: `HTTP status 404 Not Found from HOST`, outcome: client.Refused, kinds: []error{client.ErrRefused},
		},
		{
			name: "reason not plain", status: 400, header: http.Header{"Content-Type": {plain}}, body: "no\x1b[31m",
			want: client.HTTPError{ContentType: plain, Body: "no\x1b[31m"},
			text: `HTTP status 400 Bad Request from HOST`, outcome: client.Refused, kinds: []error{client.ErrRefused},
		},
		{
			name: "proxy", status: 502, header: http.Header{"Content-Type": {"text/html"}}, body: sample(t, "reply_proxy.html"),
			want: client.HTTPError{ContentType: "text/html", Body: sample(t, "reply_proxy.html")},
			text: `HTTP status 502 Bad Gateway from HOST`, outcome: client.OutcomeUnknown, kinds: []error{client.ErrOutcomeUnknown},
		},
		{
			name: "internal error", status: 500, header: http.Header{"Content-Type": {plain}}, body: "There was an internal server error.",
			want: client.HTTPError{ContentType: plain, Body: "There was an internal server error."},
			text: `HTTP status 500 Internal Server Error from HOST`, outcome: client.OutcomeUnknown,
			kinds: []error{client.ErrOutcomeUnknown},
		},
		{
			name: "too many", status: 429, header: http.Header{"Content-Type": {plain}, "Retry-After": {"120"}},
			want: client.HTTPError{ContentType: plain, RetryAfter: 2 * time.Minute},
			text: `HTTP status 429 Too Many Requests from HOST`, outcome: client.Transient, kinds: []error{client.ErrTransient},
		},
		{
			name: "unavailable", status: 503, header: http.Header{"Content-Type": {plain}, "Retry-After": {"1"}},
			want: client.HTTPError{ContentType: plain, RetryAfter: time.Second},
			text: `HTTP status 503 Service Unavailable from HOST`, outcome: client.Transient, kinds: []error{client.ErrTransient},
		},
		{
			name: "unavailable, maybe after the fact", status: 503, header: http.Header{"Content-Type": {plain}},
			want: client.HTTPError{ContentType: plain},
			text: `HTTP status 503 Service Unavailable from HOST`, outcome: client.OutcomeUnknown, kinds: []error{client.ErrOutcomeUnknown},
		},
		{
			name: "request timeout", status: 408, header: http.Header{"Content-Type": {plain}},
			want: client.HTTPError{ContentType: plain},
			text: `HTTP status 408 Request Timeout from HOST`, outcome: client.OutcomeUnknown, kinds: []error{client.ErrOutcomeUnknown},
		},
		{
			name: "redirect", status: 307, header: http.Header{"Content-Type": {plain}, "Location": {"/elsewhere"}},
			want: client.HTTPError{ContentType: plain},
			text: `HTTP status 307 Temporary Redirect from HOST: redirects are not followed`, outcome: client.Refused, kinds: []error{client.ErrRefused},
		},
		{
			name: "multiple choices", status: 300, header: http.Header{"Content-Type": {plain}},
			want: client.HTTPError{ContentType: plain},
			text: `HTTP status 300 Multiple Choices from HOST: redirects are not followed`, outcome: client.Refused, kinds: []error{client.ErrRefused},
		},
		{
			name: "last of the redirects", status: 399, header: http.Header{"Content-Type": {plain}},
			want: client.HTTPError{ContentType: plain},
			text: `HTTP status 399 from HOST: redirects are not followed`, outcome: client.Refused, kinds: []error{client.ErrRefused},
		},
		{
			name: "last of the refusals", status: 499, header: http.Header{"Content-Type": {plain}},
			want: client.HTTPError{ContentType: plain},
			text: `HTTP status 499 from HOST`, outcome: client.Refused, kinds: []error{client.ErrRefused},
		},
		{
			name: "unavailable, unreadable time", status: 503, header: http.Header{"Content-Type": {plain}, "Retry-After": {"soon"}},
			want: client.HTTPError{ContentType: plain},
			text: `HTTP status 503 Service Unavailable from HOST`, outcome: client.OutcomeUnknown, kinds: []error{client.ErrOutcomeUnknown},
		},
		{
			name: "see other", status: 303, header: http.Header{"Content-Type": {plain}, "Location": {"/elsewhere"}},
			want: client.HTTPError{ContentType: plain},
			text: `HTTP status 303 See Other from HOST: redirects are not followed`, outcome: client.Refused, kinds: []error{client.ErrRefused},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, seen := serve(t, func(w http.ResponseWriter, r *http.Request) {
				io.Copy(io.Discard, r.Body)
				for k, v := range tt.header {
					w.Header()[k] = v
				}
				w.WriteHeader(tt.status)
				io.WriteString(w, tt.body)
			})
			res, err := c.Send(t.Context(), message(number1))
			diff(t, "recipients", res.Recipients, recipients(tt.outcome, number1))
			checkKinds(t, err, tt.kinds...)
			var got *client.HTTPError
			if !errors.As(err, &got) {
				t.Fatalf("error %v is not an *HTTPError", err)
			}
			want := tt.want
			want.StatusCode, want.Username, want.Host = tt.status, "myapp", got.Host
			diff(t, "error", *got, want)
			if !strings.HasPrefix(got.Host, "127.0.0.1:") {
				t.Errorf("host %q", got.Host)
			}
			diff(t, "text", strings.ReplaceAll(got.Error(), got.Host, "HOST"), "client: "+tt.text)
			checkSecrets(t, got)
			if n := seen.Load(); n != 1 {
				t.Errorf("%d requests, want 1", n)
			}
		})
	}
}

// A do-not-disturb refusal may have HTTP status 409; the answer is in the body.
func TestHTTPErrorWithRecipients(t *testing.T) {
	t.Parallel()
	const number = "+2348000000001"
	c := through(func(*http.Request) (*http.Response, error) {
		return response(http.StatusConflict, "application/json", sample(t, "reply_do_not_disturb.json")), nil
	})
	got, err := c.Send(t.Context(), message(number))
	diff(t, "recipients", got.Recipients, []client.Recipient{{
		Number: number, Outcome: client.Refused, StatusCode: 409, Status: "DoNotDisturbRejection", CostText: "0",
	}})
	checkKinds(t, err, client.ErrRefused)
}

// An error says why there is no usable answer, in words of the package.
func TestReasons(t *testing.T) {
	t.Parallel()
	const host = "api.africastalking.com"
	fails := func(err error) roundTripFunc {
		return func(*http.Request) (*http.Response, error) { return nil, err }
	}
	dial := func(err error) error { return &net.OpError{Op: "dial", Net: "tcp", Err: err} }
	written := func(err error) roundTripFunc {
		return func(r *http.Request) (*http.Response, error) {
			io.Copy(io.Discard, r.Body)
			return nil, err
		}
	}
	answers := func(status int, body string) roundTripFunc {
		return func(*http.Request) (*http.Response, error) { return response(status, "application/json", body), nil }
	}
	cut := func(err error) roundTripFunc {
		return func(*http.Request) (*http.Response, error) {
			resp := created("")
			resp.Body = io.NopCloser(readerFunc(func([]byte) (int, error) { return 0, err }))
			return resp, nil
		}
	}
	proxied := func(h http.HandlerFunc) http.RoundTripper {
		srv := httptest.NewServer(h)
		t.Cleanup(srv.Close)
		u, _ := url.Parse(srv.URL)
		u.User = url.UserPassword("user", "secret")
		return &http.Transport{Proxy: http.ProxyURL(u)}
	}
	closed := httptest.NewServer(nil)
	closed.Close()
	plainServer := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plainServer.Close)
	noTLS := &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, plainServer.Listener.Addr().String())
	}}
	untrusted := httptest.NewUnstartedServer(http.NotFoundHandler())
	untrusted.Config.ErrorLog = log.New(io.Discard, "", 0)
	untrusted.StartTLS()
	t.Cleanup(untrusted.Close)
	badCertificate := noTLS.Clone()
	badCertificate.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, untrusted.Listener.Addr().String())
	}
	oldTLS := badCertificate.Clone()
	oldTLS.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	withEntries := func(entries ...string) roundTripFunc { return answers(201, replyBody("Sent to 1/1", entries...)) }
	const notSent, noReply, status = "(1 not sent): not sent to " + host + ": ", "(1 unknown): no reply from " + host + ": ", "(1 unknown): HTTP status 201 from " + host + ": "
	for _, tt := range []struct {
		name string
		rt   http.RoundTripper
		want string
	}{
		{"refused", fails(dial(os.NewSyscallError("connect", syscall.ECONNREFUSED))), notSent + "connection refused"},
		{"no route", fails(dial(errors.New("no route"))), notSent + "no connection"},
		{"dial timeout", fails(dial(os.ErrDeadlineExceeded)), notSent + "timeout"},
		{"no address", fails(dial(&net.DNSError{Err: "no such host", Name: "x", IsNotFound: true})), notSent + "no address"},
		{"canceled", fails(context.Canceled), notSent + "canceled"},
		{"a transport's own reason", fails(errors.New("circuit is open")), notSent + "transport error"},
		{"plain HTTP", noTLS, notSent + "TLS"},
		{"certificate", badCertificate, notSent + "TLS"},
		{"version of TLS", oldTLS, notSent + "TLS"},
		{"proxy down", &http.Transport{Proxy: func(*http.Request) (*url.URL, error) { return url.Parse(closed.URL) }}, notSent + "proxy"},
		{"proxy refuses", proxied(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(407) }), notSent + "proxy"},
		{"socks proxy", &http.Transport{Proxy: func(*http.Request) (*url.URL, error) { return url.Parse("socks5://" + closed.Listener.Addr().String()) }}, notSent + "proxy"},
		{"timeout", written(context.DeadlineExceeded), noReply + "timeout"},
		{"hung up", written(io.EOF), noReply + "cut short"},
		{"reset", written(&net.OpError{Op: "read", Err: os.NewSyscallError("read", syscall.ECONNRESET)}), noReply + "cut short"},
		{"another error", written(errors.New("stream error")), noReply + "transport error"},
		{"answer cut", cut(io.ErrUnexpectedEOF), status + "cut short"},
		{"answer too slow", cut(context.DeadlineExceeded), status + "timeout"},
		{"too large", answers(201, strings.Repeat(" ", 2<<20)), status + "the reply is too large"},
		{"empty", answers(201, " "), status + "empty reply"},
		{"HTML", answers(201, "<html>"), status + "unreadable reply"},
		{"a list", answers(201, "[]"), status + "unreadable reply"},
		{"other JSON", answers(201, "{}"), status + "unreadable reply: no SMSMessageData"},
		{"a field twice", answers(201, `{"SMSMessageData":{"message":"Sent","Message":"Sent","Recipients":[]}}`), status + "unreadable reply: a field occurs twice"},
		{"nothing said", answers(201, `{"SMSMessageData":{}}`), status + "the reply names no recipients and no refusal"},
		{"other numbers", withEntries(entry(number2, 101)), "(1 unknown): the reply names other numbers"},
		{"twice", withEntries(entry(number1, 101), entry(number1, 403)), "(1 unknown): the reply is ambiguous"},
		{"no number", withEntries(`{"statusCode":101}`, `{"statusCode":101}`), "(1 unknown): the reply is ambiguous"},
		{"no code", withEntries(`{"number":"` + number1 + `","status":"Success"}`), "(1 unknown): the reply states no code"},
		{"nobody", withEntries(`7`), "(1 unknown): the reply leaves out recipients"},
		{"unfamiliar code", withEntries(entry(number1, 408)), "(1 unknown: 408)"},
		{"not a code", withEntries(entry(number1, 700000001)), "(1 unknown: an odd code)"},
		{"refused whole", answers(201, replyBody("invalidsenderid")), "(1 refused): request refused: InvalidSenderId"},
		{"refused whole, in a sentence", answers(201, replyBody("The keyword is closed")), "(1 refused): request refused for a reason that is not documented"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := client.New("myapp", testKey, client.WithHTTPClient(&http.Client{Transport: tt.rt}))
			_, err := c.Send(t.Context(), message(number1))
			diff(t, "error", fmt.Sprint(err), "client: 0 of 1 recipients accepted "+tt.want)
		})
	}
}

// Nothing of these requests can have been acted on.
func TestNotSent(t *testing.T) {
	t.Parallel()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	untrusted := httptest.NewUnstartedServer(http.NotFoundHandler())
	untrusted.Config.ErrorLog = log.New(io.Discard, "", 0)
	untrusted.StartTLS()
	t.Cleanup(untrusted.Close)
	dial := func(err error) client.Option {
		return client.WithHTTPClient(&http.Client{Transport: &http.Transport{
			DialContext: func(context.Context, string, string) (net.Conn, error) { return nil, err },
		}})
	}
	dnsError := &net.DNSError{Err: "no such host", Name: "api.africastalking.com", IsNotFound: true}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	tests := []struct {
		name string
		ctx  context.Context
		opts []client.Option
	}{
		{"no listener", t.Context(), []client.Option{client.WithBaseURLs("http://"+closed.Addr().String(), "")}},
		{"no address", t.Context(), []client.Option{dial(dnsError)}},
		{"bad certificate", t.Context(), []client.Option{client.WithBaseURLs(untrusted.URL, ""), client.WithHTTPClient(&http.Client{Transport: &http.Transport{}})}},
		{"context done before", canceled, nil},
		{"dial takes too long", t.Context(), []client.Option{client.WithTimeout(time.Millisecond), client.WithHTTPClient(&http.Client{
			Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			}},
		})}},
		{"a transport that reads ahead", t.Context(), []client.Option{client.WithHTTPClient(&http.Client{Transport: readAhead{&http.Transport{
			DialContext: func(context.Context, string, string) (net.Conn, error) { return nil, dnsError },
		}}})}},
		{"a transport that never looks at the body", t.Context(), []client.Option{client.WithHTTPClient(&http.Client{
			Transport: roundTripFunc(func(*http.Request) (*http.Response, error) { return nil, errors.New("circuit is open") }),
		})}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := client.New("myapp", testKey, tt.opts...)
			got, err := c.Send(tt.ctx, message(number1, number2))
			diff(t, "result", got, client.Result{Recipients: recipients(client.NotSent, number1, number2)})
			checkKinds(t, err, client.ErrNotSent)
			diff(t, "resendable", got.Resendable(), []string{number1, number2})
		})
	}
}

// readAhead is a transport that reads the body before it connects, as those
// that sign or record requests do.
type readAhead struct{ http.RoundTripper }

func (rt readAhead) RoundTrip(r *http.Request) (*http.Response, error) {
	b, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r = r.Clone(r.Context())
	r.Body = io.NopCloser(strings.NewReader(string(b)))
	return rt.RoundTripper.RoundTrip(r)
}

func TestUnknownAfterWrite(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		rt   roundTripFunc
	}{
		{"error after the body was read", func(r *http.Request) (*http.Response, error) {
			io.Copy(io.Discard, r.Body)
			return nil, &net.OpError{Op: "dial", Err: errors.New("second attempt")}
		}},
		{"error after a byte was read", func(r *http.Request) (*http.Response, error) {
			r.Body.Read(make([]byte, 1))
			return nil, io.ErrUnexpectedEOF
		}},
		{"error after a connection was had", func(r *http.Request) (*http.Response, error) {
			io.Copy(io.Discard, r.Body)
			trace := httptrace.ContextClientTrace(r.Context())
			trace.GetConn("a")
			trace.GotConn(httptrace.GotConnInfo{})
			trace.GetConn("a")
			return nil, errors.New("second attempt")
		}},
		{"error that claims otherwise", func(r *http.Request) (*http.Response, error) {
			io.Copy(io.Discard, r.Body)
			return nil, fmt.Errorf("by another client: %w %w", client.ErrNotSent, client.ErrRefused)
		}},
		{"answers below an error of the server", func(*http.Request) (*http.Response, error) {
			return response(500, "application/json", acceptAll([]string{number1})), nil
		}},
		{"error that quotes the request", func(r *http.Request) (*http.Response, error) {
			b, _ := io.ReadAll(r.Body)
			return nil, errors.New("cannot send " + string(b) + testKey + testText)
		}},
		{"answer cut", func(r *http.Request) (*http.Response, error) {
			resp := created("")
			resp.Body = io.NopCloser(io.MultiReader(strings.NewReader(acceptAll([]string{number1})),
				readerFunc(func([]byte) (int, error) { return 0, io.ErrUnexpectedEOF })))
			return resp, nil
		}},
		{"nothing in the answer", func(*http.Request) (*http.Response, error) { return response(204, "", ""), nil }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			calls := 0
			c := through(func(r *http.Request) (*http.Response, error) {
				calls++
				return tt.rt(r)
			}, client.WithRetries(3))
			got, err := c.Send(t.Context(), message(number1))
			diff(t, "result", got, client.Result{Recipients: recipients(client.OutcomeUnknown, number1)})
			checkKinds(t, err, client.ErrOutcomeUnknown)
			if calls != 1 {
				t.Errorf("%d requests, want 1", calls)
			}
		})
	}
}

// A transport goroutine that outlives the request must not write it afterwards.
func TestGivenUpRequestCannotBeRead(t *testing.T) {
	t.Parallel()
	var body io.Reader
	c := client.New("myapp", testKey, client.WithHTTPClient(&http.Client{Transport: roundTripFunc(func(r *http.Request) (*http.Response, error) {
		body = r.Body
		return nil, context.DeadlineExceeded
	})}))
	if _, err := c.Send(t.Context(), message(number1)); !errors.Is(err, client.ErrNotSent) {
		t.Fatalf("error %v, want ErrNotSent", err)
	}
	if b, err := io.ReadAll(body); err == nil || len(b) > 0 {
		t.Errorf("read %d bytes, error %v, of a request reported as not sent", len(b), err)
	}
}

// A server that reads the request and hangs up sees it exactly once, whether
// the connection was new or had been used before, and whatever the retries.
func TestWrittenOnce(t *testing.T) {
	t.Parallel()
	for _, warm := range []int{0, 1} {
		name := "fresh connection"
		if warm > 0 {
			name = "reused connection"
		}
		for _, reset := range []bool{false, true} {
			t.Run(name+map[bool]string{false: ", closed", true: ", reset"}[reset], func(t *testing.T) {
				t.Parallel()
				ln, err := net.Listen("tcp", "127.0.0.1:0")
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { ln.Close() })
				var conns, requests atomic.Int32
				go func() {
					for {
						conn, err := ln.Accept()
						if err != nil {
							return
						}
						conns.Add(1)
						go hangUpAfter(conn, warm, reset, &requests)
					}
				}()
				var reused atomic.Bool
				ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
					GotConn: func(info httptrace.GotConnInfo) { reused.Store(info.Reused) },
				})
				transport := &http.Transport{}
				t.Cleanup(transport.CloseIdleConnections)
				c := client.New("myapp", testKey, client.WithHTTPClient(&http.Client{Transport: transport}),
					client.WithBaseURLs("http://"+ln.Addr().String(), ""), client.WithRetries(3))
				for range warm {
					if _, err := c.Send(ctx, message(number1)); err != nil {
						t.Fatal(err)
					}
				}
				got, err := c.Send(ctx, message(number1))
				diff(t, "recipients", got.Recipients, recipients(client.OutcomeUnknown, number1))
				checkKinds(t, err, client.ErrOutcomeUnknown)
				if n, want := requests.Load(), int32(warm+1); n != want {
					t.Errorf("server saw %d requests, want %d", n, want)
				}
				if n := conns.Load(); n != 1 || reused.Load() != (warm > 0) {
					t.Errorf("%d connections, reused %t", n, reused.Load())
				}
			})
		}
	}
}

// hangUpAfter answers n requests on conn, reads one more and hangs up.
func hangUpAfter(conn net.Conn, n int, reset bool, seen *atomic.Int32) {
	defer conn.Close()
	br := bufio.NewReader(conn)
	for i := 0; ; i++ {
		r, err := http.ReadRequest(br)
		if err != nil {
			return
		}
		io.Copy(io.Discard, r.Body)
		seen.Add(1)
		if i == n {
			break
		}
		body := acceptAll([]string{number1})
		resp := created(body)
		resp.ProtoMajor, resp.ProtoMinor, resp.ContentLength = 1, 1, int64(len(body))
		resp.Write(conn)
	}
	if tcp, ok := conn.(*net.TCPConn); ok && reset {
		tcp.SetLinger(0)
	}
}

func TestHTTP2(t *testing.T) {
	t.Parallel()
	for _, abort := range []bool{false, true} {
		t.Run(map[bool]string{false: "answered", true: "cut"}[abort], func(t *testing.T) {
			t.Parallel()
			var seen atomic.Int32
			srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				seen.Add(1)
				asked := askedNumbers(t, r)
				if r.ProtoMajor != 2 {
					t.Errorf("protocol %s", r.Proto)
				}
				if abort {
					panic(http.ErrAbortHandler)
				}
				writeJSON(w, acceptAll(asked))
			}))
			srv.EnableHTTP2 = true
			srv.StartTLS()
			t.Cleanup(srv.Close)
			c := client.New("myapp", testKey, client.WithHTTPClient(srv.Client()), client.WithBaseURLs(srv.URL, ""), client.WithRetries(3))
			got, err := c.Send(t.Context(), message(number1))
			if abort {
				diff(t, "recipients", got.Recipients, recipients(client.OutcomeUnknown, number1))
				checkKinds(t, err, client.ErrOutcomeUnknown)
			} else {
				diff(t, "recipients", got.Recipients, []client.Recipient{accepted(number1)})
				checkKinds(t, err)
			}
			if n := seen.Load(); n != 1 {
				t.Errorf("server saw %d requests, want 1", n)
			}
		})
	}
}

func TestContextEndsWhileWaiting(t *testing.T) {
	t.Parallel()
	for _, http2 := range []bool{false, true} {
		t.Run(map[bool]string{false: "HTTP/1.1", true: "HTTP/2"}[http2], func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			srv := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				askedNumbers(t, r)
				cancel()
				<-r.Context().Done()
			}))
			srv.EnableHTTP2 = http2
			srv.StartTLS()
			t.Cleanup(srv.Close)
			c := client.New("myapp", testKey, client.WithHTTPClient(srv.Client()), client.WithBaseURLs(srv.URL, ""), client.WithRetries(3))
			got, err := c.Send(ctx, message(number1))
			diff(t, "recipients", got.Recipients, recipients(client.OutcomeUnknown, number1))
			checkKinds(t, err, client.ErrOutcomeUnknown)
			if !errors.Is(err, context.Canceled) {
				t.Errorf("error %v does not match context.Canceled", err)
			}
		})
	}
}

func TestCallersClientIsKept(t *testing.T) {
	t.Parallel()
	called := false
	hc := &http.Client{
		Transport: roundTripFunc(func(*http.Request) (*http.Response, error) {
			called = true
			return created(acceptAll([]string{number1})), nil
		}),
		CheckRedirect: func(*http.Request, []*http.Request) error { return nil },
		Timeout:       time.Minute,
	}
	before := *hc
	c := client.New("myapp", testKey, client.WithHTTPClient(hc))
	if _, err := c.Send(t.Context(), message(number1)); err != nil || !called {
		t.Errorf("error %v, transport called %t", err, called)
	}
	same := cmp.Comparer(func(a, b func(*http.Request, []*http.Request) error) bool { return (a == nil) == (b == nil) })
	if d := cmp.Diff(before, *hc, same, cmp.Comparer(func(a, b http.RoundTripper) bool { return (a == nil) == (b == nil) })); d != "" {
		t.Errorf("client changed (-want +got):\n%s", d)
	}
}
