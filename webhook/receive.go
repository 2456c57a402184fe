package webhook

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"slices"
	"strings"
)

type mediaType int

const (
	unknownMedia mediaType = iota
	formMedia
	jsonMedia
)

// maxMediaType is how many bytes a media type may have, without parameters. It is kept
// with the callback, and no limit of the body's size counts it.
const maxMediaType = 100

func mediaTypeOf(r *http.Request) (name string, kind mediaType) {
	var header string
	if h := r.Header["Content-Type"]; len(h) > 0 {
		header = h[0]
	}
	switch header {
	// The two spellings that were captured; the rest is parsed.
	case "application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=UTF-8":
		return "application/x-www-form-urlencoded", formMedia
	case "application/json":
		return header, jsonMedia
	}
	return parseMediaType(header)
}

func parseMediaType(header string) (name string, kind mediaType) {
	name, _, err := mime.ParseMediaType(header)
	if err != nil && !errors.Is(err, mime.ErrInvalidMediaParameter) {
		return "", unknownMedia
	}
	switch {
	case name == "application/x-www-form-urlencoded":
		return name, formMedia
	case name == "application/json", strings.HasSuffix(name, "+json"):
		return name, jsonMedia
	}
	return name, unknownMedia
}

// readBody appends the request's body to buf.
func readBody(r *http.Request, buf []byte, limit int) ([]byte, *Error) {
	if r.ContentLength > int64(limit) {
		return buf, tooLarge(limit)
	}
	if r.Body == nil {
		return buf, nil
	}
	for {
		if len(buf) == cap(buf) {
			buf = slices.Grow(buf, 1)
		}
		n, err := r.Body.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		switch {
		case len(buf) > limit:
			return buf, tooLarge(limit)
		case err == io.EOF:
			return buf, nil
		case err != nil:
			return buf, bodyError(err, limit)
		}
	}
}

func tooLarge(limit int) *Error {
	return refusal(http.StatusRequestEntityTooLarge, "body is larger than %d bytes", limit)
}

// bodyError returns the error for a body that could not be read in full, including one
// cut off by a smaller [http.MaxBytesReader]. Its text leaves out the text of err, which
// may hold an address of the server's.
func bodyError(err error, limit int) *Error {
	var tooLong *http.MaxBytesError
	if errors.As(err, &tooLong) {
		return tooLarge(min(limit, int(tooLong.Limit)))
	}
	return &Error{Status: http.StatusBadRequest, Err: cutShort{err}, own: true}
}

type cutShort struct{ error }

func (e cutShort) Error() string {
	if errors.Is(e.error, os.ErrDeadlineExceeded) {
		return "webhook: body was cut short: it took too long"
	}
	return "webhook: body was cut short"
}

func (e cutShort) Unwrap() error { return e.error }

// isEncoded reports whether a body is compressed or the like.
func isEncoded(r *http.Request) bool {
	for _, encoding := range r.Header["Content-Encoding"] {
		if encoding != "" && !strings.EqualFold(encoding, "identity") {
			return true
		}
	}
	return false
}

// parsedBody writes the body anew from r.PostForm, where middleware has called
// ParseForm and drained it. The order of the fields is lost.
func parsedBody(r *http.Request, limit int) ([]byte, *Error) {
	body := r.PostForm.Encode()
	// Nobody escapes letters and digits, and the rest need not be.
	shortest, longest := len(body)-2*strings.Count(body, "%"), len(body)+len("&")
	for _, c := range []string{"+", "-", ".", "_", "~"} {
		longest += 2 * strings.Count(body, c)
	}
	switch {
	case shortest > limit:
		return nil, tooLarge(limit)
	case r.ContentLength > int64(longest):
		// net/url leaves out what it cannot read.
		return nil, refusal(http.StatusBadRequest, "form lost fields when it was parsed before the handler got it")
	}
	return []byte(body), nil
}
