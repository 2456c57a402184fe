package webhook

import (
	"net/http"
	"time"
)

// NewServer returns an [http.Server] with the limits that a public endpoint
// needs and net/http leaves open: 5 s for a request's header, 10 s for the whole
// request, 30 s until the answer is written, 2 minutes between requests of a
// connection, and headers of at most 16 KiB. A function that takes its full default
// deadline is answered within these. The caller starts the server and shuts it down.
func NewServer(addr string, h http.Handler) *http.Server {
	return &http.Server{
		Addr:              addr,
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
	}
}
