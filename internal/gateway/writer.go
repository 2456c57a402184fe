package gateway

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
)

// writer is a ResponseWriter in memory. The answer may be written and flushed by
// one goroutine while another is still in the handler, as on a server.
type writer struct {
	done   chan struct{} // closed when the whole answer is there
	header http.Header

	mu        sync.Mutex
	status    int // 0 until the header is written
	sent      http.Header
	announced int64 // Content-Length, -1 if not set
	written   int64 // by the handler
	body      []byte
	flushed   bool // if not all at once
	over      bool
	err       error
}

// countedBody is the size of the largest answer, in bytes, to which net/http adds a
// Content-Length itself.
const countedBody = 2048

func newWriter() *writer {
	return &writer{done: make(chan struct{}), header: http.Header{}, announced: -1}
}

func (w *writer) Header() http.Header { return w.header }

func (w *writer) WriteHeader(status int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.writeHeader(status, nil)
}

func (w *writer) writeHeader(status int, body []byte) {
	if status < 100 || status > 999 {
		panic(fmt.Sprintf("invalid WriteHeader code %v", status)) // as net/http does
	}
	if w.status != 0 || w.over || status < 200 && status != http.StatusSwitchingProtocols {
		return
	}
	w.status = status
	w.sent = make(http.Header, len(w.header))
	for name, values := range w.header { // as they arrive, however they were set
		for _, v := range values {
			w.sent.Add(name, v)
		}
	}
	if n, err := strconv.ParseInt(w.sent.Get("Content-Length"), 10, 64); err == nil && n >= 0 {
		w.announced = n
	} else {
		w.sent.Del("Content-Length")
	}
	if _, set := w.sent["Content-Type"]; !set && len(body) > 0 && w.sent.Get("Content-Encoding") == "" {
		w.sent.Set("Content-Type", http.DetectContentType(body))
	}
}

func (w *writer) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.writeHeader(http.StatusOK, b)
	switch {
	case w.over:
		return 0, ErrCut
	case w.status == http.StatusNoContent || w.status == http.StatusNotModified:
		return 0, http.ErrBodyNotAllowed
	case w.status != 0 && len(b) > 0 && w.written == 0 && w.sent["Content-Type"] == nil && w.sent.Get("Content-Encoding") == "":
		w.sent.Set("Content-Type", http.DetectContentType(b))
	}
	if w.written += int64(len(b)); w.announced >= 0 && w.written > w.announced {
		return 0, http.ErrContentLength
	}
	w.body = append(w.body, b...)
	return len(b), nil
}

func (w *writer) WriteString(s string) (int, error) { return w.Write([]byte(s)) }

// Flush sends what was written. A client that has all that was announced has the
// answer, although the handler still runs.
func (w *writer) Flush() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.writeHeader(http.StatusOK, nil)
	w.flushed = true
	if w.announced >= 0 && int64(len(w.body)) == w.announced {
		w.end(nil)
	}
}

// finish ends the answer after the handler has returned or failed.
func (w *writer) finish(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err == nil {
		w.writeHeader(http.StatusOK, nil)
		if w.announced > int64(len(w.body)) && w.status != http.StatusNotModified {
			err = ErrCut
		}
		if w.announced < 0 && len(w.body) <= countedBody && !w.flushed && !w.over {
			w.sent.Set("Content-Length", strconv.Itoa(len(w.body))) // as net/http does
		}
	}
	w.end(err)
}

func (w *writer) end(err error) {
	if w.over {
		return
	}
	w.over, w.err = true, err
	close(w.done)
}

// response returns the response of a writer that is done, or an error if nothing
// was sent.
func (w *writer) response(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.status == 0 {
		return nil, w.err
	}
	reason := http.StatusText(w.status)
	if reason == "" {
		reason = "status code " + strconv.Itoa(w.status) // as net/http does
	}
	body := io.Reader(bytes.NewReader(w.body))
	if w.err != nil {
		body = io.MultiReader(body, failing{w.err})
	}
	resp := &http.Response{
		Status: fmt.Sprintf("%d %s", w.status, reason), StatusCode: w.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: w.sent, Body: io.NopCloser(body), ContentLength: -1, Request: r,
	}
	if n, err := strconv.ParseInt(w.sent.Get("Content-Length"), 10, 64); err == nil {
		resp.ContentLength = n
	}
	return resp, nil
}
