package clienttest

import (
	"bytes"
	"cmp"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/sautigo/africastalking/client"
	"github.com/sautigo/africastalking/internal/gateway"
	"github.com/sautigo/africastalking/internal/gateway/messaging"
)

// The account that a server knows unless [WithAccount] says otherwise.
const (
	Username = "clienttest"
	APIKey   = "atsk_000000000000000000000000000000000000000000000000000000000000test"
)

// Server is a messaging API with one account. It is safe for concurrent use, and
// closes when its test ends.
type Server struct {
	// URL is the address, http://127.0.0.1 and a port, for clients other than
	// [Server.Client]'s. Ordinary and premium messages both go to
	// /version1/messaging below it.
	URL string

	username, apiKey string
	transport        http.RoundTripper
	closing          chan struct{}
	newID            func() string

	mu       sync.Mutex
	refused  map[string]int
	next     []step
	delay    time.Duration
	sent     []client.Message
	requests []Request
}

// step is a reply to one request.
type step struct {
	reply  Reply
	custom *messaging.Reply
}

// Request is a request that a server got, with whatever answer.
type Request struct {
	// Host is the host that the request names. A request through
	// [Server.Transport] names the real one, such as content.africastalking.com.
	Host string
	// Path is the URL's: /version1/messaging or /version1/messaging/bulk, unless
	// the server refused the request for its path.
	Path   string
	Header http.Header
	Body   string
	// Message is the message that the request asks for, with all its recipients;
	// the zero value if the server cannot read one. A hashed number (maskedNumber)
	// stands in To as it came.
	Message client.Message
}

// Option changes a server.
type Option func(*config)

type config struct {
	username, apiKey string
	inMemory         bool
}

// WithAccount sets the username and the API key that go together. The username
// "sandbox" makes the server answer as the sandbox does: it states costs and parts
// in another way. The default is [Username] and [APIKey].
func WithAccount(username, apiKey string) Option {
	return func(c *config) { c.username, c.apiKey = username, apiKey }
}

// WithInMemory, if on, connects clients to the server in memory and not by loopback,
// so that a test can run in a testing/synctest bubble. [Server.URL] then leads
// nowhere. The default is false.
func WithInMemory(on bool) Option { return func(c *config) { c.inMemory = on } }

// NewServer starts a server. It accepts messages to every number in international form,
// a plus sign and digits; others it refuses, with [client.StatusInvalidPhoneNumber].
func NewServer(tb testing.TB, opts ...Option) *Server {
	tb.Helper()
	c := config{username: Username, apiKey: APIKey}
	for _, o := range opts {
		o(&c)
	}
	s := &Server{
		username: c.username, apiKey: c.apiKey,
		closing: make(chan struct{}), newID: messaging.NewIDs(), refused: map[string]int{},
	}
	if c.inMemory {
		s.URL, s.transport = "http://clienttest.invalid", gateway.InMemory(http.HandlerFunc(s.serve))
		tb.Cleanup(func() { close(s.closing) })
		return s
	}
	server := httptest.NewServer(http.HandlerFunc(s.serve))
	s.URL, s.transport = server.URL, server.Client().Transport
	tb.Cleanup(func() {
		close(s.closing)
		server.Close()
	})
	return s
}

// Client returns a client for the account that sends to the server. Options are
// those of [client.New]; later ones win.
func (s *Server) Client(opts ...client.Option) *client.Client {
	return client.New(s.username, s.apiKey, append([]client.Option{
		client.WithBaseURLs(s.URL, ""), client.WithHTTPClient(&http.Client{Transport: s.transport}),
	}, opts...)...)
}

// Transport returns a transport that sends requests for any host to the server. Use
// it for clients other than [Server.Client]'s.
func (s *Server) Transport() http.RoundTripper { return redirected{s} }

type redirected struct{ s *Server }

func (t redirected) RoundTrip(r *http.Request) (*http.Response, error) {
	to, err := http.NewRequest(r.Method, t.s.URL+r.URL.RequestURI(), nil)
	if err != nil {
		return nil, err
	}
	c := r.Clone(r.Context())
	c.URL, c.Host = to.URL, cmp.Or(r.Host, r.URL.Host)
	return t.s.transport.RoundTrip(c)
}

// Refuse makes the server refuse these numbers from now on, with one of package
// client's Status codes; 0 takes it back. The server still accepts the other
// recipients of a message.
func (s *Server) Refuse(code int, numbers ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, number := range numbers {
		s.refused[number] = code
	}
}

// Next queues the replies to the next requests, one each, behind those that wait
// already. The server accepts the requests after them. A message for many
// recipients, or one that is retried, makes several requests. Next panics for a reply
// that is not one of this package's.
func (s *Server) Next(replies ...Reply) {
	for _, r := range replies {
		if !r.known() {
			panic("clienttest: there is no reply " + strconv.Quote(string(r)))
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range replies {
		s.next = append(s.next, step{reply: r})
	}
}

// NextHTTP queues the reply to one request, byte for byte, as Next does. The server
// does not send the message.
func (s *Server) NextHTTP(status int, contentType, body string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	custom := messaging.NewReply(status, contentType, []byte(body))
	s.next = append(s.next, step{custom: &custom})
}

// Delay makes every answer take so long from now on. The server sends the message
// before the delay.
func (s *Server) Delay(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.delay = d
}

// Sent returns the messages that the server has accepted so far, in the order of
// arrival, each with its accepted recipients only. It leaves out a message without
// any. Premium is set only where no other field makes it a premium message, as in
// [client.Message].
func (s *Server) Sent() []client.Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return clone(s.sent)
}

// Requests returns all requests so far, in the order of arrival.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := slices.Clone(s.requests)
	for i := range out {
		out[i].Header = out[i].Header.Clone()
		out[i].Message.To = slices.Clone(out[i].Message.To)
	}
	return out
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, messaging.MaxRequest+1))
	if err != nil {
		return // the client hung up
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	q, refusal, ok := messaging.Read(r)
	request := Request{Host: r.Host, Path: r.URL.Path, Header: r.Header.Clone(), Body: string(body)}
	if ok {
		request.Message = messageOf(q)
	}

	s.mu.Lock()
	s.requests = append(s.requests, request)
	next := step{reply: Accept}
	if len(s.next) > 0 {
		next, s.next = s.next[0], s.next[1:]
	}
	var recipients []messaging.Recipient
	switch {
	case next.custom != nil:
		refusal, ok = *next.custom, false
	case !ok && refusal.Status != http.StatusOK:
		// The refusal stands.
	case q.Username != s.username || q.APIKey != s.apiKey:
		refusal, ok = messaging.Unauthorized(), false
	case ok:
		last := len(q.To) - 1
		recipients = q.Recipients(func(number string) int {
			if next.reply == PartialRefusal && number == q.To[last] {
				return client.StatusInvalidPhoneNumber
			}
			return s.refused[number]
		}, s.newID)
		if next.reply == Accept || next.reply == PartialRefusal || next.reply.sends() {
			s.accept(request.Message, recipients)
		}
	}
	delay := s.delay
	s.mu.Unlock()

	if delay > 0 {
		timer := time.NewTimer(delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-r.Context().Done():
			panic(http.ErrAbortHandler)
		case <-s.closing:
			panic(http.ErrAbortHandler)
		}
	}
	if !ok {
		refusal.Write(w)
		return
	}
	s.write(w, r, next.reply, q, recipients)
}

// accept keeps a message with its accepted recipients.
func (s *Server) accept(m client.Message, recipients []messaging.Recipient) {
	m.To = nil
	for _, r := range recipients {
		if r.Accepted() {
			m.To = append(m.To, r.Number)
		}
	}
	if m.To != nil {
		s.sent = append(s.sent, m)
	}
}

// messageOf returns the message that a request asks for.
func messageOf(q messaging.Request) client.Message {
	m := client.Message{
		To: q.To, Text: q.Text, From: q.From, RequestID: q.RequestID,
		Keyword: q.Keyword, LinkID: q.LinkID, RetryDuration: time.Duration(q.RetryHours) * time.Hour,
	}
	m.Premium = q.Premium && m.Keyword == "" && m.LinkID == "" && m.RetryDuration == 0
	switch q.Enqueue {
	case "0":
		m.Enqueue = client.EnqueueNo
	case "1":
		m.Enqueue = client.EnqueueYes
	}
	return m
}

func clone(messages []client.Message) []client.Message {
	out := slices.Clone(messages)
	for i := range out {
		out[i].To = slices.Clone(out[i].To)
	}
	return out
}
