// Package callbacktest puts handlers and parsers of callbacks through what none of
// them may get wrong: what is accepted, refused, and failed at.
package callbacktest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking/webhook"
)

// Media types of requests and answers.
const (
	FormType = "application/x-www-form-urlencoded"
	JSONType = "application/json"
	Plain    = "text/plain; charset=utf-8"
)

// Callback is what the tests know about one kind of callback.
type Callback[T comparable] struct {
	Handler func(func(context.Context, T) error, ...webhook.Option) http.Handler
	Parse   func(*http.Request) (T, error)
	// OK answers what was handled; Fallback, if it is set, what was not.
	OK, Fallback Answer
	// Refused is the body that answers 400; if it is empty, the error does.
	Refused string
	// Full is a form with every field.
	Full string
	// Identity are the fields without which there is no callback.
	Identity []string
}

// Answer is all that Africa's Talking gets to see.
type Answer struct {
	Status                           int
	ContentType, ContentLength, Body string
}

// Reply is the answer of a handler that has one.
func Reply(contentType, body string) Answer {
	return Answer{http.StatusOK, contentType, strconv.Itoa(len(body)), body}
}

// Do returns a handler's answer to a request.
func Do(h http.Handler, r *http.Request) Answer {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return Answer{w.Code, w.Header().Get("Content-Type"), w.Header().Get("Content-Length"), w.Body.String()}
}

// Post returns a callback's request.
func Post(target, contentType, body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, target, strings.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	return r
}

// Quiet turns logging off.
func Quiet() webhook.Option { return webhook.WithLogger(slog.New(slog.DiscardHandler)) }

// LogTo logs to b.
func LogTo(b *bytes.Buffer) webhook.Option {
	return webhook.WithLogger(slog.New(slog.NewTextHandler(b, nil)))
}

// LogText returns how v is logged.
func LogText(v any) string {
	var b bytes.Buffer
	slog.New(slog.NewTextHandler(&b, nil)).Info("test", "callback", v)
	return b.String()
}

// Accepts checks that a body becomes want, both in Parse and in the handler.
func (c Callback[T]) Accepts(t *testing.T, contentType, body string, want T) {
	t.Helper()
	got, err := c.Parse(Post("/", contentType, body))
	if err != nil {
		t.Fatalf("Parse: %v", err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Parse (-want +got):\n%s", diff)
	}
	var handled []T
	h := c.Handler(func(_ context.Context, v T) error {
		handled = append(handled, v)
		return nil
	}, Quiet())
	if diff := cmp.Diff(c.OK, Do(h, Post("/", contentType+"; charset=UTF-8", body))); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]T{want}, handled); diff != "" {
		t.Errorf("handled (-want +got):\n%s", diff)
	}
}

// Samples returns the bodies in testdata by the names of their files.
func Samples(t testing.TB, patterns ...string) map[string]string {
	t.Helper()
	bodies := map[string]string{}
	for _, pattern := range patterns {
		names, err := filepath.Glob(filepath.Join("testdata", pattern))
		if err != nil || len(names) == 0 {
			t.Fatalf("no samples match %s: %v", pattern, err)
		}
		for _, name := range names {
			b, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			bodies[filepath.Base(name)] = string(b)
		}
	}
	return bodies
}

func typeOf(file string) string {
	if filepath.Ext(file) == ".json" {
		return JSONType
	}
	return FormType
}

// Run takes every sample that matches a pattern through Accepts; a sample
// without a line in the table fails, and a line without a sample.
func (c Callback[T]) Run(t *testing.T, want map[string]T, patterns ...string) {
	t.Helper()
	bodies := Samples(t, patterns...)
	for name := range want {
		if _, ok := bodies[name]; !ok {
			t.Errorf("testdata has no %s", name)
		}
	}
	for name, body := range bodies {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v, ok := want[name]
			if !ok {
				t.Fatal("the table has no such sample")
			}
			c.Accepts(t, typeOf(name), body, v)
		})
	}
}

// Set returns a form with another value for a field.
func Set(form, field, value string) string {
	var pairs []string
	for pair := range strings.SplitSeq(form, "&") {
		if strings.HasPrefix(pair, field+"=") {
			pair = field + "=" + value
		}
		pairs = append(pairs, pair)
	}
	return strings.Join(pairs, "&")
}

// Remove returns a form without a field.
func Remove(form, field string) string {
	form = "&" + Set(form, field, "")
	return strings.TrimPrefix(strings.Replace(form, "&"+field+"=", "", 1), "&")
}

// Refuses takes all that no callback may look like through the handler and Parse.
func (c Callback[T]) Refuses(t *testing.T) {
	form := func(body string) func() *http.Request {
		return func() *http.Request { return Post("/", FormType, body) }
	}
	type test struct {
		name   string
		r      func() *http.Request
		status int
		field  string // the one at fault, if one is
		err    error
	}
	first := c.Identity[0]
	tests := []test{
		{"empty body", form(""), 400, first, webhook.ErrMissing},
		{"query only", func() *http.Request { return Post("/?"+c.Full, FormType, "") }, 400, first, webhook.ErrMissing},
		{"query only, unknown field", func() *http.Request { return Post("/?"+c.Full, FormType, "a=1") }, 400, first, webhook.ErrMissing},
		{"query only, JSON", func() *http.Request { return Post("/?"+c.Full, JSONType, "{}") }, 400, first, webhook.ErrMissing},
		{"JSON sent as a form", form(`{"` + first + `":"1"}`), 400, first, webhook.ErrMissing},
		{"form sent as JSON", func() *http.Request { return Post("/", JSONType, c.Full) }, 400, "", webhook.ErrMalformed},
		{"broken JSON", func() *http.Request { return Post("/", JSONType, `{"`+first+`":`) }, 400, "", webhook.ErrMalformed},
		{"JSON list", func() *http.Request { return Post("/", JSONType, `[{}]`) }, 400, "", webhook.ErrMalformed},
		{"bad escape", form(Set(c.Full, first, "%zz")), 400, first, webhook.ErrMalformed},
		{"too many fields", form(c.Full + strings.Repeat("&a=1", 64)), 400, "", webhook.ErrMalformed},
		{"unknown field twice", form(c.Full + "&a=1&a=1"), 400, "a", webhook.ErrMalformed},
		{"too large", form(c.Full + "&a=" + strings.Repeat("a", webhook.DefaultMaxBytes)), 413, "", nil},
		{"no content type", func() *http.Request { return Post("/", "", c.Full) }, 415, "", nil},
		{"multipart", func() *http.Request { return Post("/", "multipart/form-data; boundary=x", c.Full) }, 415, "", nil},
		{"GET", func() *http.Request { return httptest.NewRequest(http.MethodGet, "/?"+c.Full, nil) }, 405, "", nil},
	}
	for _, field := range c.Identity {
		upper := strings.ToUpper(field)
		tests = append(tests,
			test{field + " missing", form(Remove(c.Full, field)), 400, field, webhook.ErrMissing},
			test{field + " empty", form(Set(c.Full, field, "")), 400, field, webhook.ErrMissing},
			test{field + " None", form(Set(c.Full, field, "None")), 400, field, webhook.ErrMissing},
			test{field + " in the query", func() *http.Request {
				return Post("/?"+field+"=forged", FormType, Remove(c.Full, field))
			}, 400, field, webhook.ErrMissing},
			test{field + " twice", form(c.Full + "&" + field + "=forged"), 400, field, webhook.ErrMalformed},
			test{field + " twice, escaped", form(c.Full + fmt.Sprintf("&%%%X%s=forged", field[0], field[1:])), 400, field, webhook.ErrMalformed},
			test{field + " in capitals too", form(c.Full + "&" + upper + "=forged"), 400, field, webhook.ErrMalformed},
			test{field + " in capitals only", form(Remove(c.Full, field) + "&" + upper + "=forged"), 400, field, webhook.ErrMalformed},
		)
		if field == "id" || strings.HasSuffix(field, "Id") {
			tests = append(tests, test{field + " 0", form(Set(c.Full, field, "0")), 400, field, webhook.ErrMissing})
		}
		// U+017F, the long s, is an s in another letter case.
		if long := strings.Replace(field, "s", "%C5%BF", 1); long != field {
			tests = append(tests, test{field + " with a long s", form(c.Full + "&" + long + "=forged"), 400, field, webhook.ErrMalformed})
		}
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			v, err := c.Parse(tt.r())
			var zero T
			if diff := cmp.Diff(zero, v); diff != "" {
				t.Errorf("value beside an error (-want +got):\n%s", diff)
			}
			var status *webhook.Error
			if !errors.As(err, &status) || status.Status != tt.status {
				t.Fatalf("Parse error %v, want one with status %d", err, tt.status)
			}
			field := ""
			if fault := new(webhook.FieldError); errors.As(err, &fault) {
				field = fault.Field
			}
			if field != tt.field || tt.err != nil && !errors.Is(err, tt.err) {
				t.Errorf("Parse error %v, want field %q, %v", err, tt.field, tt.err)
			}
			h := c.Handler(func(context.Context, T) error {
				t.Error("the function was called")
				return nil
			}, Quiet())
			got := Do(h, tt.r())
			want := Answer{Status: tt.status, ContentType: Plain, Body: err.Error() + "\n"}
			switch {
			case c.Refused != "" && tt.status == http.StatusBadRequest:
				want.Body, want.ContentLength = c.Refused, strconv.Itoa(len(c.Refused))
			case c.Refused != "":
				want.Body = http.StatusText(tt.status) + "\n"
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
			if strings.Contains(got.Body, "forged") || strings.Contains(got.Body, "711000001") {
				t.Errorf("the answer quotes the request: %q", got.Body)
			}
		})
	}
}

// Fails lets the function fail in every way.
func (c Callback[T]) Fails(t *testing.T) {
	cause := errors.New("no room for +254711000001")
	for _, tt := range []struct {
		name   string
		fn     func() error
		status int
	}{
		{"error", func() error { return cause }, 500},
		{"panic", func() error { panic(cause) }, 500},
		{"status", func() error { return &webhook.Error{Status: 503, Err: cause} }, 503},
		{"wrapped status", func() error { return fmt.Errorf("%w", &webhook.Error{Status: 409, Err: cause}) }, 409},
		{"status that is none", func() error { return &webhook.Error{Status: 99, Err: cause} }, 500},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			h := c.Handler(func(context.Context, T) error { return tt.fn() }, LogTo(&log))
			want := c.Fallback
			if want == (Answer{}) {
				want = Answer{Status: tt.status, ContentType: Plain, Body: http.StatusText(tt.status) + "\n"}
			}
			if diff := cmp.Diff(want, Do(h, Post("/", FormType, c.Full))); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
			if !strings.Contains(log.String(), "level=ERROR") || strings.Contains(log.String(), "711000001") {
				t.Errorf("the log lacks the error or has the number: %s", log.String())
			}
		})
	}
}

// Fuzz feeds Parse with anything: it must not panic, must not return a value
// beside an error, and must not return a value without an identity.
func (c Callback[T]) Fuzz(f *testing.F, identity func(T) []string, patterns ...string) {
	seeds := []string{c.Full, "", "{}", "[]", `{"id":"1","id":"2"}`, "ID=1&id=1", "id=%zz", "\xff=\xff"}
	for _, body := range Samples(f, patterns...) {
		seeds = append(seeds, body)
	}
	types := []string{FormType, FormType + "; charset=UTF-8", JSONType, "application/problem+json; a", "text/plain", ""}
	for _, body := range seeds {
		for kind := range types {
			f.Add(uint8(kind), []byte(body))
		}
	}
	f.Fuzz(func(t *testing.T, kind uint8, body []byte) {
		v, err := c.Parse(Post("/?"+c.Full, types[int(kind)%len(types)], string(body)))
		var zero T
		if err != nil {
			if v != zero {
				t.Errorf("%+v beside the error %v", v, err)
			}
			return
		}
		for _, id := range identity(v) {
			if id == "" || id == "None" {
				t.Errorf("%+v without an identity", v)
			}
		}
	})
}
