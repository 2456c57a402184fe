package gateway

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
)

// writer is a ResponseWriter in memory. One goroutine may write and flush the answer
// while another is still in the handler, as on a server.
type writer struct {
	done   chan struct{} // closed when the whole answer is there
	header http.Header

	mu        sync.Mutex
	status    int // 0 until the header is written
	sent      http.Header
	announced int64 // Content-Length, -1 if not set
	guess     bool  // the Content-Type, from the body
	count     bool  // the Content-Length, from the body
	written   int64 // by the handler, announced or not
	body      []byte
	flushed   bool
	over      bool
	err       error
}

// buffered is how many bytes of a body net/http keeps until the handler flushes or
// returns. An answer that fits gets a Content-Length.
const buffered = 2048

func newWriter() *writer {
	return &writer{done: make(chan struct{}), header: http.Header{}, announced: -1}
}

func (w *writer) Header() http.Header { return w.header }

func (w *writer) WriteHeader(status int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.writeHeader(status)
}

func (w *writer) writeHeader(status int) {
	if status < 100 || status > 999 {
		panic(fmt.Sprintf("invalid WriteHeader code %v", status)) // as net/http does
	}
	if w.status != 0 || w.over || status < 200 && status != http.StatusSwitchingProtocols {
		return
	}
	w.status = status
	w.sent = make(http.Header, len(w.header))
	for name, values := range w.header { // as they arrive, in whatever case they were set
		for _, v := range values {
			w.sent.Add(name, v)
		}
	}
	_, typed := w.header["Content-Type"] // nil turns guessing off
	w.guess = !typed && w.sent.Get("Content-Encoding") == ""
	if !w.hasBody() {
		w.sent.Del("Content-Length")
		if status == http.StatusNotModified {
			w.sent.Del("Content-Type")
		}
		return
	}
	length := w.sent.Get("Content-Length")
	w.count = length == ""
	if n, err := strconv.ParseInt(length, 10, 64); err == nil && n >= 0 {
		w.announced = n
	} else {
		w.sent.Del("Content-Length")
	}
}

func (w *writer) hasBody() bool {
	return w.status != http.StatusNoContent && w.status != http.StatusNotModified
}

func (w *writer) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.writeHeader(http.StatusOK)
	switch {
	case w.over:
		return 0, ErrCut
	case !w.hasBody():
		return 0, http.ErrBodyNotAllowed
	}
	if w.written += int64(len(b)); w.announced >= 0 && w.written > w.announced {
		return 0, http.ErrContentLength
	}
	w.body = append(w.body, b...)
	return len(b), nil
}

func (w *writer) WriteString(s string) (int, error) { return w.Write([]byte(s)) }

// Flush sends what was written. A client that has as many bytes as were announced has the
// answer, although the handler still runs.
func (w *writer) Flush() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.writeHeader(http.StatusOK)
	w.send()
	w.flushed = true
	if w.announced >= 0 && int64(len(w.body)) == w.announced {
		w.end(nil)
	}
}

// send completes the header, unless it is on its way.
func (w *writer) send() {
	if w.over || w.flushed {
		return
	}
	if w.guess && len(w.body) > 0 {
		w.sent.Set("Content-Type", http.DetectContentType(w.body))
	}
}

// finish ends the answer after the handler has returned or failed.
func (w *writer) finish(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case err == nil:
		w.writeHeader(http.StatusOK)
		if w.announced > int64(len(w.body)) {
			err = ErrCut
		}
		if w.count && !w.flushed && !w.over && len(w.body) <= buffered {
			w.sent.Set("Content-Length", strconv.Itoa(len(w.body)))
		}
	case !w.flushed && !w.over && len(w.body) <= buffered:
		w.status = 0 // nothing was sent
	}
	w.send()
	w.end(err)
}

func (w *writer) end(err error) {
	if !w.over {
		w.over, w.err = true, err
		close(w.done)
	}
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
