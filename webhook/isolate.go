package webhook

import (
	"context"
	"net/http"
	"strings"
)

// Isolate returns h for servers other than net/http's that call it through an
// adaptor, such as fasthttp's and that of fiber, which stands on it. They reuse a
// request's memory once the handler has returned:
//
//	app.All("/at/:token/ussd", adaptor.HTTPHandler(webhook.Isolate(ussd.Handler(serve))))
//
// Isolate gives h a copy of the request, a context that ends when h returns and has no
// values of the server's, and a writer that does not flush. So a function that goes on
// after its deadline ([WithTimeout]) reads nothing of another request. The body must be
// in memory, as it is unless the server streams bodies.
func Isolate(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		h.ServeHTTP(struct{ http.ResponseWriter }{w}, cloneRequest(ctx, r))
	})
}

// cloneRequest returns a request that shares no memory with r but its body, which the
// handler reads before it calls the function of a callback.
func cloneRequest(ctx context.Context, r *http.Request) *http.Request {
	c := r.Clone(ctx)
	texts := []*string{&c.Method, &c.Proto, &c.Host, &c.RequestURI, &c.RemoteAddr}
	if u := c.URL; u != nil {
		texts = append(texts, &u.Scheme, &u.Opaque, &u.Host, &u.Path, &u.RawPath, &u.RawQuery, &u.Fragment, &u.RawFragment)
	}
	for _, s := range texts {
		*s = strings.Clone(*s)
	}
	c.Header = make(http.Header, len(r.Header))
	for name, values := range r.Header {
		name = strings.Clone(name)
		for _, v := range values {
			c.Header[name] = append(c.Header[name], strings.Clone(v))
		}
	}
	return c
}
