package webhook_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking/webhook"
)

// quoting is a payload of an app, whose code fails with an error that quotes what
// nobody should read.
type quoting struct{}

const private = "row of +254711000001 at postgres://u:p@10.0.0.1"

func (q *quoting) UnmarshalForm(f webhook.Form) error {
	private := errors.New(private)
	fields := f.Fields()
	switch f.Get("as") {
	case "error":
		return private
	case "status":
		return fmt.Errorf("wrapped: %w", &webhook.Error{Status: 422, Err: private})
	case "no status":
		return &webhook.Error{Err: private}
	case "500":
		return &webhook.Error{Status: 500, Err: private}
	case "received":
		return &webhook.Error{Status: 200, Err: private}
	case "field":
		return &webhook.FieldError{Field: private.Error(), Err: webhook.ErrMissing}
	case "fault":
		return &webhook.FieldError{Field: "id", Err: fmt.Errorf("%w: %w", webhook.ErrMalformed, private)}
	case "engine's":
		fields.Required("id")
		return fields.Err()
	case "refused":
		fields.Refuse("id", "too old")
		fields.Required("id")
		return fields.Err()
	case "engine's, wrapped":
		fields.Required("id")
		return fmt.Errorf("%w: %w", private, fields.Err())
	case "engine's refusal":
		_, err := webhook.Parse[order](httptest.NewRequest(http.MethodGet, "/", nil))
		return err
	case "panic":
		panic(private)
	}
	return nil
}

func (q *quoting) UnmarshalHeader(http.Header) error { return errors.New(private) }

// Only the engine's own refusals are told to the sender.
func TestRefusalsTell(t *testing.T) {
	t.Parallel()
	for as, want := range map[string]answer{
		"error":             refused(400, "Bad Request"),
		"status":            refused(422, "Unprocessable Entity"),
		"no status":         refused(500, "Internal Server Error"),
		"500":               refused(500, "Internal Server Error"),
		"received":          {200, "", http.Header{}},
		"field":             refused(400, "Bad Request"),
		"fault":             refused(400, "Bad Request"),
		"engine's":          refused(400, "webhook: field id: missing"),
		"refused":           refused(400, "webhook: field id: malformed: too old"),
		"engine's, wrapped": refused(400, "Bad Request"),
		"engine's refusal":  refused(405, "Method Not Allowed"),
		"panic":             refused(500, "Internal Server Error"),
		"header":            refused(400, "Bad Request"),
	} {
		var log bytes.Buffer
		h := webhook.Handler(func(context.Context, quoting) error { t.Error("the function was called"); return nil },
			webhook.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
		got := do(h, post(formType, "as="+strings.ReplaceAll(as, " ", "+")))
		got.Header.Del("Allow")
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: answer (-want +got):\n%s", as, diff)
		}
		if log.Len() == 0 || strings.Contains(log.String(), "254711000001") {
			t.Errorf("%s: log is %q, want the error without the number", as, log.String())
		}
	}
}

// An app that answers for itself gets a status that it can write.
func TestParseStatus(t *testing.T) {
	t.Parallel()
	_, err := webhook.Parse[quoting](post(formType, "as=no+status"))
	var e *webhook.Error
	if !errors.As(err, &e) || e.Status != http.StatusInternalServerError {
		t.Errorf("Parse returns %v with status %+v, want 500", err, e)
	}
}

// failing is a body that cannot be read.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// What net/http says of a broken body names addresses: the sender is not told.
func TestBrokenBody(t *testing.T) {
	t.Parallel()
	broken := func(err error) error {
		address := &net.TCPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 33281}
		return &net.OpError{Op: "read", Net: "tcp", Source: address, Addr: address, Err: err}
	}
	for name, test := range map[string]struct {
		err    error
		status int
		want   string
	}{
		"timeout":     {broken(os.ErrDeadlineExceeded), 400, "webhook: body was cut short: it took too long"},
		"reset":       {broken(errors.New("connection reset by peer")), 400, "webhook: body was cut short"},
		"short":       {io.ErrUnexpectedEOF, 400, "webhook: body was cut short"},
		"other limit": {&http.MaxBytesError{Limit: 5}, 413, "webhook: body is larger than 5 bytes"},
	} {
		r := post(formType, "")
		r.Body, r.ContentLength = io.NopCloser(failing{test.err}), -1
		var seen webhook.Observation
		h := webhook.Handler(func(context.Context, order) error { return nil }, discard, outcome(&seen))
		if diff := cmp.Diff(refused(test.status, test.want), do(h, r)); diff != "" {
			t.Errorf("%s: answer (-want +got):\n%s", name, diff)
		}
		if test.status == 400 && !errors.Is(seen.Err, test.err) || seen.Err.Error() != test.want {
			t.Errorf("%s: observed %v, want one that wraps %v", name, seen.Err, test.err)
		}
	}
}
