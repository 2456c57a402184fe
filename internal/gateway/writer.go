package gateway

import (
	"fmt"
	"net/http"
	"strconv"
	"sync"
)

// writer is a ResponseWriter in memory. The answer may be written and flushed by
// one goroutine while another is still in the handler, as on a server.
type writer struct {
	limit  int           // of the body
	done   chan struct{} // closed when the whole answer is there
	header http.Header

	mu        sync.Mutex
	status    int // 0 until the header is written
	sent      http.Header
	announced int64 // Content-Length, -1 if not set
	written   int64 // by the handler
	kept      int64 // without what is more than announced
	body      []byte
	flushed   bool // if not all at once
	over      bool
	err       error
}

// countedBody is up to how many bytes net/http counts of an answer itself.
const countedBody = 2048

func newWriter(limit int) *writer {
	return &writer{limit: limit, done: make(chan struct{}), header: http.Header{}, announced: -1}
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
	w.kept += int64(len(b))
	w.body = append(w.body, b[:min(len(b), w.limit+1-len(w.body))]...)
	return len(b), nil
}

func (w *writer) WriteString(s string) (int, error) { return w.Write([]byte(s)) }

// Flush sends what was written. With all that was announced the client has the
// answer, whether or not the handler has returned.
func (w *writer) Flush() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.writeHeader(http.StatusOK, nil)
	w.flushed = true
	if w.announced >= 0 && w.kept == w.announced {
		w.end(nil)
	}
}

// finish is called when the handler is through.
func (w *writer) finish(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err == nil {
		w.writeHeader(http.StatusOK, nil)
		if w.announced > w.kept && w.status != http.StatusNotModified {
			err = ErrCut
		}
		if w.announced < 0 && w.kept <= countedBody && !w.flushed && !w.over {
			w.sent.Set("Content-Length", strconv.FormatInt(w.kept, 10)) // as net/http does
		}
	}
	w.end(err)
}

func (w *writer) end(err error) {
	if w.over {
		return
	}
	if len(w.body) > w.limit {
		w.body = w.body[:w.limit]
		if err == nil {
			err = ErrTooLarge
		}
	}
	w.over, w.err = true, err
	close(w.done)
}

// answer returns the answer of a writer that is done.
func (w *writer) answer() Answer {
	w.mu.Lock()
	defer w.mu.Unlock()
	a := Answer{Status: w.status, Header: w.sent, Body: w.body, Err: w.err}
	if a.Status != 0 {
		if a.Reason = http.StatusText(a.Status); a.Reason == "" {
			a.Reason = "status code " + strconv.Itoa(a.Status) // as net/http does
		}
	}
	return a
}
