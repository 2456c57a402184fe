package webhook_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking/webhook"
)

const (
	formType = "application/x-www-form-urlencoded"
	jsonType = "application/json"
)

// order reads itself; taggedOrder is decoded by its tags.
type order struct{ ID, Note string }

func (o *order) UnmarshalForm(f webhook.Form) error {
	r := f.Fields()
	v := order{ID: r.Required("orderId"), Note: r.Text("note")}
	if r.Err() == nil {
		*o = v
	}
	return r.Err()
}

type taggedOrder struct {
	ID   string `schema:"orderId,required"`
	Note string `schema:"note"`
}

// answer is all that Africa's Talking sees.
type answer struct {
	Status int
	Body   string
	Header http.Header
}

func form(body string) func() *http.Request {
	return func() *http.Request { return post(formType, body) }
}
func post(contentType, body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/callback", strings.NewReader(body))
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	return r
}

func do(h http.Handler, r *http.Request) answer {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return answerOf(w.Result())
}

func answerOf(res *http.Response) answer {
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		body = []byte(err.Error())
	}
	header := http.Header{}
	for _, name := range []string{"Allow", "Content-Type", "Content-Length"} {
		if v := res.Header.Get(name); v != "" {
			header.Set(name, v)
		}
	}
	return answer{res.StatusCode, string(body), header}
}

var discard = webhook.WithLogger(slog.New(slog.DiscardHandler))

// outcome keeps what the observer saw.
func outcome(o *webhook.Observation) webhook.Option {
	return webhook.WithObserver(func(_ context.Context, got webhook.Observation) {
		got.Duration = 0
		*o = got
	})
}

func plain(status int, body string) answer {
	return answer{status, body, http.Header{
		"Content-Type":   {"text/plain; charset=utf-8"},
		"Content-Length": {strconv.Itoa(len(body))},
	}}
}

// refused is the answer of http.Error, which leaves the length to net/http.
func refused(status int, line string) answer {
	return answer{status, line + "\n", http.Header{"Content-Type": {"text/plain; charset=utf-8"}}}
}

// sized is an answer that goes out before ServeHTTP returns, and so tells its length.
func sized(a answer) answer {
	a.Header = a.Header.Clone()
	a.Header.Set("Content-Length", strconv.Itoa(len(a.Body)))
	return a
}

func TestHandlerAnswers(t *testing.T) {
	t.Parallel()
	const media = "webhook: media type is not one this callback comes in"
	ok := plain(200, "OK")
	missing := refused(400, "webhook: field orderId: missing")
	notPost := refused(405, "webhook: method is not POST")
	notPost.Header.Set("Allow", "POST")
	tests := []struct {
		name    string
		request func() *http.Request
		want    answer
		err     error // what the error wraps
	}{
		{"complete", form("orderId=7&note=now"), ok, nil},
		{"charset parameter", func() *http.Request { return post(formType+"; charset=UTF-8", "orderId=7") }, ok, nil},
		{"media type in another spelling", func() *http.Request { return post("Application/X-WWW-Form-Urlencoded;Charset=utf-8", "orderId=7") }, ok, nil},
		{"broken media type parameter", func() *http.Request { return post(formType+"; charset", "orderId=7") }, ok, nil},
		{"unknown field", form("orderId=7&surprise=1"), ok, nil},
		{"other order", form("note=now&orderId=7"), ok, nil},
		{"empty segments", form("&&orderId=7&"), ok, nil},
		{"key without a value", form("orderId=7&note"), ok, nil},
		{"body of the limit's size", form("orderId=7&note=" + strings.Repeat("a", 64<<10-15)), ok, nil},
		{"64 fields", form("orderId=7" + many(63)), ok, nil},
		{"body that middleware has parsed", func() *http.Request {
			r := post(formType, "orderId=7&note=now")
			_ = r.ParseForm()
			return r
		}, ok, nil},

		{"GET", func() *http.Request { return httptest.NewRequest(http.MethodGet, "/?orderId=7", nil) }, notPost, nil},
		{"PUT", func() *http.Request { return httptest.NewRequest(http.MethodPut, "/", strings.NewReader("orderId=7")) }, notPost, nil},
		{"no body", form(""), missing, webhook.ErrMissing},
		{"nil body", func() *http.Request { r := post(formType, ""); r.Body = nil; return r }, missing, webhook.ErrMissing},
		{"no media type", func() *http.Request { return post("", "orderId=7") }, refused(415, media), nil},
		{"text", func() *http.Request { return post("text/plain", "orderId=7") }, refused(415, media), nil},
		{"unreadable media type", func() *http.Request { return post(";;", "orderId=7") }, refused(415, media), nil},
		{"multipart", func() *http.Request { return post("multipart/form-data; boundary=x", "--x--") }, refused(415, media), nil},
		{"one byte over the limit", form("orderId=7&note=" + strings.Repeat("a", 64<<10-14)),
			refused(413, "webhook: body is larger than 65536 bytes"), nil},
		{"over the limit without a length", func() *http.Request {
			r := post(formType, "orderId=7&note="+strings.Repeat("a", 64<<10-14))
			r.ContentLength = -1
			return r
		}, refused(413, "webhook: body is larger than 65536 bytes"), nil},
		{"over the limit of middleware", func() *http.Request {
			r := post(formType, "orderId=7&note=aaaaaaaaaa")
			r.Body = http.MaxBytesReader(nil, r.Body, 10)
			return r
		}, refused(413, "webhook: body is larger than 10 bytes"), nil},
		{"cut short", func() *http.Request {
			r := post(formType, "")
			r.Body = io.NopCloser(iotest.ErrReader(io.ErrUnexpectedEOF))
			return r
		}, refused(400, "webhook: body was cut short"), io.ErrUnexpectedEOF},
		{"bad percent-escape in a value", form("orderId=%zz"),
			refused(400, "webhook: field orderId: malformed: bad percent-escape"), webhook.ErrMalformed},
		{"cut percent-escape", form("orderId=7&note=%2"),
			refused(400, "webhook: field note: malformed: bad percent-escape"), webhook.ErrMalformed},
		{"bad percent-escape in a key", form("order%zzId=7"),
			refused(400, "webhook: malformed: bad percent-escape in a key"), webhook.ErrMalformed},
		{"65 fields", form("orderId=7" + many(64)),
			refused(400, "webhook: malformed: more than 64 fields"), webhook.ErrMalformed},
		{"10,000 fields", form("orderId=7" + strings.Repeat("&a=", 9_999)),
			refused(400, "webhook: malformed: more than 64 fields"), webhook.ErrMalformed},
		{"repeated key", form("orderId=7&orderId=8"),
			refused(400, "webhook: field orderId: malformed: sent twice"), webhook.ErrMalformed},
		{"repeated unknown key", form("orderId=7&x=1&x=2"),
			refused(400, "webhook: field x: malformed: sent twice"), webhook.ErrMalformed},
		{"repeated key that is a phone number", form("orderId=7&%2B254711000001=&%2B254711000001="),
			refused(400, "webhook: field (unnamed): malformed: sent twice"), webhook.ErrMalformed},
		{"case variant beside the key", form("orderId=7&ORDERID=8"),
			refused(400, "webhook: field orderId: malformed: sent in another letter case"), webhook.ErrMalformed},
		{"case variant alone", form("OrderID=8"),
			refused(400, "webhook: field orderId: malformed: sent in another letter case"), webhook.ErrMalformed},
		{"case variant outside ASCII", form("%C3%97=&order%C4%B0d=8&orderId=7"), ok, nil},
		{"query string only", func() *http.Request {
			r := post(formType, "note=x")
			r.URL.RawQuery = "orderId=7"
			return r
		}, missing, webhook.ErrMissing},
		{"prefix of a required key", form("orderIdentity=7"), missing, webhook.ErrMissing},
		{"empty identity", form("orderId="), missing, webhook.ErrMissing},
		{"None as identity", form("orderId=None"), missing, webhook.ErrMissing},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var own, tagged webhook.Observation
			for name, h := range map[string]http.Handler{
				"FormUnmarshaler": webhook.Handler(func(context.Context, order) error { return nil }, discard, outcome(&own)),
				"schema tags":     webhook.Handler(func(context.Context, taggedOrder) error { return nil }, discard, outcome(&tagged)),
			} {
				if diff := cmp.Diff(test.want, do(h, test.request())); diff != "" {
					t.Errorf("%s: answer (-want +got):\n%s", name, diff)
				}
			}
			for name, got := range map[string]webhook.Observation{"order": own, "taggedOrder": tagged} {
				want := webhook.Observation{Kind: "webhook_test." + name, Status: test.want.Status, Err: got.Err}
				if got != want {
					t.Errorf("observed %+v, want %+v", got, want)
				}
				if (got.Err == nil) != (test.want.Status == 200) || test.err != nil && !errors.Is(got.Err, test.err) {
					t.Errorf("%s: observed error %v, want one that wraps %v", name, got.Err, test.err)
				}
				var e *webhook.Error
				if got.Err != nil && (!errors.As(got.Err, &e) || e.Status != test.want.Status) {
					t.Errorf("%s: observed error %#v, want an *Error of status %d", name, got.Err, test.want.Status)
				}
			}
		})
	}
}

func TestJSON(t *testing.T) {
	t.Parallel()
	type tagged struct {
		ID   string `json:"orderId"`
		Note string `json:"note"`
		N    int    `json:"n"`
	}
	ok := plain(200, "OK")
	missing := refused(400, "webhook: field orderId: missing")
	tests := []struct {
		name      string
		body      string
		own, tags answer
	}{
		{"complete", `{"orderId":"7","n":1}`, ok, ok},
		{"null, nested and unknown members", `{"orderId":"7","note":null,"extra":{"a":[1]}}`, ok, ok},
		{"null as identity", `{"orderId":null}`, missing, missing},
		{"missing", `{}`, missing, missing},
		{"empty", ``, refused(400, "webhook: malformed: not a JSON object"), refused(400, "webhook: malformed: not a JSON object")},
		{"object as identity", `{"orderId":{"a":1}}`, missing, refused(400, "webhook: field orderId: malformed: not of type string")},
		{"array", `[1]`, refused(400, "webhook: malformed: not a JSON object"), refused(400, "webhook: malformed: not a JSON object")},
		{"null", `null`, refused(400, "webhook: malformed: not a JSON object"), refused(400, "webhook: malformed: not a JSON object")},
		{"another letter case", `{"ORDERID":"7"}`,
			refused(400, "webhook: field orderId: malformed: sent in another letter case"),
			refused(400, "webhook: field orderId: malformed: sent in another letter case")},
		{"unknown member in two letter cases", `{"orderId":"7","x":"7","X":"8"}`, ok, refused(400, "webhook: field X: malformed: sent in two letter cases")},
		{"broken", `{"orderId":`, refused(400, "webhook: malformed: broken JSON"), refused(400, "webhook: malformed: broken JSON")},
		{"broken at the end", `{"orderId":"7",`, refused(400, "webhook: malformed: broken JSON"), refused(400, "webhook: malformed: broken JSON")},
		{"something after it", `{"orderId":"7"} {}`,
			refused(400, "webhook: malformed: broken JSON"),
			refused(400, "webhook: malformed: broken JSON")},
		{"65 members", "{" + strings.Repeat(`"a":1,`, 64) + `"orderId":"7"}`,
			refused(400, "webhook: malformed: more than 64 fields"), refused(400, "webhook: malformed: more than 64 fields")},
		{"repeated member", `{"orderId":"7","orderId":"8"}`,
			refused(400, "webhook: field orderId: malformed: sent twice"), refused(400, "webhook: field orderId: malformed: sent twice")},
		{"two letter cases", `{"orderId":"7","ORDERID":"8"}`,
			refused(400, "webhook: field orderId: malformed: sent in another letter case"),
			refused(400, "webhook: field orderId: malformed: sent in another letter case")},
		{"wrong type", `{"orderId":"7","n":"+254711000001"}`, ok, refused(400, "webhook: field n: malformed: not of type int")},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			own := webhook.Handler(func(context.Context, order) error { return nil }, discard)
			if diff := cmp.Diff(test.own, do(own, post("application/vnd.at+json; v=1", test.body))); diff != "" {
				t.Errorf("FormUnmarshaler: answer (-want +got):\n%s", diff)
			}
			tags := webhook.Handler(func(context.Context, tagged) error { return nil }, discard, webhook.WithRequired("orderId"))
			if diff := cmp.Diff(test.tags, do(tags, post(jsonType, test.body))); diff != "" {
				t.Errorf("encoding/json: answer (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("form for a type that only JSON fits", func(t *testing.T) {
		t.Parallel()
		h := webhook.Handler(func(context.Context, tagged) error { return nil }, discard)
		want := refused(415, "webhook: media type is not one this callback comes in")
		if diff := cmp.Diff(want, do(h, post(formType, "orderId=7"))); diff != "" {
			t.Errorf("answer (-want +got):\n%s", diff)
		}
	})
	t.Run("array for a slice", func(t *testing.T) {
		t.Parallel()
		var got []int
		h := webhook.Handler(func(_ context.Context, v []int) error { got = v; return nil }, discard)
		if diff := cmp.Diff(ok, do(h, post(jsonType, "[1,2]"))); diff != "" {
			t.Errorf("answer (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]int{1, 2}, got); diff != "" {
			t.Errorf("value (-want +got):\n%s", diff)
		}
	})
}

// The media type is no way around the tags of a form.
func TestJSONOfSchemaTags(t *testing.T) {
	t.Parallel()
	type strict struct {
		ID    string `schema:"transaction_id,required"`
		N     int    `schema:"n"`
		Admin bool   `schema:"-"`
	}
	for body, want := range map[string]string{
		`{}`:                                "webhook: field transaction_id: missing",
		`{"Admin":true}`:                    "webhook: field transaction_id: missing",
		`{"TRANSACTION_ID":"x"}`:            "webhook: field transaction_id: malformed: sent in another letter case",
		`{"transaction_id":"x","n":"many"}`: "webhook: field n: malformed: not of type int",
		`null`:                              "webhook: malformed: not a JSON object",
		`{"transaction_id":"x","Admin":true,"admin":true,"n":7}`: "<nil>",
	} {
		got, err := webhook.Parse[strict](post(jsonType, body))
		if fmt.Sprint(err) != want || got.Admin {
			t.Errorf("%s is read as %+v, %v, want %s", body, got, err, want)
		}
		if err == nil && got != (strict{ID: "x", N: 7}) {
			t.Errorf("%s is read as %+v", body, got)
		}
	}
	type both struct {
		ID string `schema:"id,required" json:"id"`
	}
	for _, body := range []string{`{}`, `{"ID":"x"}`, `{"id":""}`} {
		if got, err := webhook.Parse[both](post(jsonType, body)); err == nil {
			t.Errorf("%s is read as %+v", body, got)
		}
	}
}

// What middleware has parsed is held to the limits of a body.
func TestParsedFormLimits(t *testing.T) {
	t.Parallel()
	h := webhook.Handler(func(context.Context, order) error { return nil }, discard)
	for body, want := range map[string]answer{
		"orderId=7" + many(63):                          plain(200, "OK"),
		"orderId=7" + many(64):                          refused(400, "webhook: malformed: more than 64 fields"),
		"orderId=7&note=" + strings.Repeat("a", 64<<10): refused(413, "webhook: body is larger than 65536 bytes"),
	} {
		r := post(formType, body)
		r.ContentLength = -1
		if err := r.ParseForm(); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, do(h, r)); diff != "" {
			t.Errorf("answer to %d bytes (-want +got):\n%s", len(body), diff)
		}
	}
}

// A reply that hands out memory of its own never gets to hold a request.
func TestRepliesOwnMemory(t *testing.T) {
	t.Parallel()
	faq := webhook.ReplyHandler(func(context.Context, order) (cached, error) { return cached{}, nil }, discard)
	want := answer{200, string(faqText), http.Header{"Content-Type": {"text/plain"}, "Content-Length": {strconv.Itoa(len(faqText))}}}
	for range 100 {
		do(webhook.Handler(func(context.Context, order) error { return nil }, discard), post(formType, "orderId=7&note=1*9876"))
		if diff := cmp.Diff(want, do(faq, post(formType, "orderId=8"))); diff != "" {
			t.Fatalf("answer (-want +got):\n%s", diff)
		}
	}
}

var faqText = bytes.Repeat([]byte("frequently asked. "), 20)

type cached struct{}

func (cached) AppendText([]byte) ([]byte, error) { return faqText, nil }
func (cached) ContentType() string               { return "text/plain" }

// typedNil is an error whose text cannot be had.
type typedNil struct{ text string }

func (e *typedNil) Error() string { return e.text }

// loud is a logger that breaks.
type loud struct{ slog.Handler }

func (loud) Handle(context.Context, slog.Record) error { panic("the log is full") }

// Whatever breaks in the app, a question gets its answer and the process lives.
func TestBrokenErrorsAndLoggers(t *testing.T) {
	t.Parallel()
	broken := webhook.WithLogger(slog.New(loud{slog.Default().Handler()}))
	for name, fn := range map[string]func(context.Context, order) (text, error){
		"typed nil":  func(context.Context, order) (text, error) { var e *typedNil; return "", e },
		"nil *Error": func(context.Context, order) (text, error) { var e *webhook.Error; return "", e },
		"error":      func(context.Context, order) (text, error) { return "", errors.New("boom") },
		"panic":      func(context.Context, order) (text, error) { panic("boom") },
	} {
		for _, opt := range []webhook.Option{discard, broken} {
			for _, wrap := range []func(http.Handler) http.Handler{inPlace, withoutFlush} {
				h := wrap(webhook.ReplyHandler(fn, opt, sorry, webhook.WithTimeout(time.Hour)))
				if diff := cmp.Diff(replied("sorry"), do(h, post(formType, "orderId=7"))); diff != "" {
					t.Errorf("%s: answer (-want +got):\n%s", name, diff)
				}
			}
		}
	}
}

// A refused callback is never acknowledged by an error handler that breaks.
func TestBrokenErrorHandlerOfRefusal(t *testing.T) {
	t.Parallel()
	var seen webhook.Observation
	h := webhook.Handler(func(context.Context, order) error { return nil }, discard, outcome(&seen),
		webhook.WithErrorHandler(func(http.ResponseWriter, *http.Request, *webhook.Error) { panic(1) }))
	if diff := cmp.Diff(answer{500, "", http.Header{}}, do(h, post(formType, ""))); diff != "" || seen.Status != 500 || !errors.Is(seen.Err, webhook.ErrMissing) {
		t.Errorf("observed %+v, answer (-want +got):\n%s", seen, diff)
	}
}

func many(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "&field%c%c=", 'a'+i/26, 'a'+i%26)
	}
	return b.String()
}

func TestHandlerFailures(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom for +254711000001")
	tests := []struct {
		name string
		fn   func(context.Context, order) error
		want answer
		err  error
	}{
		{"error", func(context.Context, order) error { return boom }, refused(500, "Internal Server Error"), boom},
		{"error with a status", func(context.Context, order) error { return &webhook.Error{Status: 422, Err: boom} },
			refused(422, "Unprocessable Entity"), boom},
		{"wrapped error with a status", func(context.Context, order) error {
			return fmt.Errorf("while booking: %w", &webhook.Error{Status: 409})
		}, refused(409, "Conflict"), nil},
		{"error that counts as received", func(context.Context, order) error { return &webhook.Error{Status: 200, Err: boom} },
			answer{200, "", http.Header{}}, boom},
		{
			name: "last status that counts as received",
			fn:   func(context.Context, order) error { return &webhook.Error{Status: 299, Err: boom} },
			want: answer{299, "", http.Header{}},
			err:  boom,
		},
		{
			name: "first status that does not",
			fn:   func(context.Context, order) error { return &webhook.Error{Status: 300, Err: boom} },
			want: refused(300, "Multiple Choices"),
			err:  boom,
		},
		{"status that is none", func(context.Context, order) error { return &webhook.Error{Status: 99, Err: boom} },
			refused(500, "Internal Server Error"), boom},
		{"panic", func(context.Context, order) error { panic("secret") }, refused(500, "Internal Server Error"), nil},
		{"panic with an error", func(context.Context, order) error { panic(boom) }, refused(500, "Internal Server Error"), boom},
		{"index out of range", func(_ context.Context, o order) error { _ = []byte(o.Note)[len(o.ID)]; return nil },
			refused(500, "Internal Server Error"), nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			for _, timeout := range []time.Duration{0, time.Hour} {
				var seen webhook.Observation
				var log bytes.Buffer
				h := webhook.Handler(test.fn, webhook.WithTimeout(timeout), outcome(&seen),
					webhook.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
				if diff := cmp.Diff(test.want, do(h, post(formType, "orderId=7"))); diff != "" {
					t.Errorf("answer (-want +got):\n%s", diff)
				}
				if seen.Status != test.want.Status || seen.Err == nil || test.err != nil && !errors.Is(seen.Err, test.err) {
					t.Errorf("observed %+v, want status %d and %v", seen, test.want.Status, test.err)
				}
				level := "level=ERROR"
				if test.want.Status < 300 {
					level = "level=WARN"
				}
				if got := log.String(); !strings.Contains(got, level) || strings.Contains(got, "254711000001") || strings.Contains(got, "secret") {
					t.Errorf("log is %s, want %s without the number and the secret", got, level)
				}
			}
		})
	}
}

func TestErrorHandler(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	h := webhook.Handler(func(context.Context, order) error { return boom }, discard,
		webhook.WithErrorHandler(func(w http.ResponseWriter, r *http.Request, err *webhook.Error) {
			w.Header().Set("Content-Type", "text/x-test")
			w.WriteHeader(err.Status)
			fmt.Fprintf(w, "%s %v", r.Method, err)
		}))
	want := answer{500, "POST boom", http.Header{"Content-Type": {"text/x-test"}}}
	if diff := cmp.Diff(want, do(h, post(formType, "orderId=7"))); diff != "" {
		t.Errorf("answer to a failure (-want +got):\n%s", diff)
	}
	want = answer{405, "GET webhook: method is not POST", http.Header{"Content-Type": {"text/x-test"}, "Allow": {"POST"}}}
	if diff := cmp.Diff(want, do(h, httptest.NewRequest(http.MethodGet, "/", nil))); diff != "" {
		t.Errorf("answer to a refused request (-want +got):\n%s", diff)
	}
}

// The app's own hooks may be as broken as its function.
func TestBrokenHooks(t *testing.T) {
	t.Parallel()
	fail := func(context.Context, order) (text, error) { return "", errors.New("boom") }
	tests := []struct {
		name string
		opt  webhook.Option
		want answer
	}{
		{"error handler panics", webhook.WithErrorHandler(func(http.ResponseWriter, *http.Request, *webhook.Error) { panic(1) }),
			answer{500, "", http.Header{}}},
		{"fallback panics", webhook.WithFallback(func(error) webhook.Reply { panic(1) }), refused(500, "Internal Server Error")},
		{"fallback cannot be written", webhook.WithFallback(func(error) webhook.Reply { return text("unwritable") }),
			refused(500, "Internal Server Error")},
		{"fallback is nil", webhook.WithFallback(func(error) webhook.Reply { return nil }), refused(500, "Internal Server Error")},
		{"observer panics", webhook.WithObserver(func(context.Context, webhook.Observation) { panic(1) }),
			refused(500, "Internal Server Error")},
		{"matcher panics", notifying(func(order) bool { panic(1) }, func(context.Context, order) error { return nil }),
			refused(500, "Internal Server Error")},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			for _, timeout := range []time.Duration{0, time.Hour} {
				h := webhook.ReplyHandler(fail, discard, webhook.WithTimeout(timeout), test.opt)
				if diff := cmp.Diff(test.want, do(h, post(formType, "orderId=7"))); diff != "" {
					t.Errorf("answer (-want +got):\n%s", diff)
				}
			}
		})
	}
}

// text is a reply; "unwritable" cannot be written.
type text string

func (t text) AppendText(b []byte) ([]byte, error) {
	if t == "unwritable" {
		return nil, errors.New("unwritable")
	}
	return append(b, t...), nil
}
func (text) ContentType() string { return "text/x-reply" }
func (t text) Check() error {
	if t == "doubtful" {
		return errors.New("doubtful")
	}
	return nil
}
func (t text) MarshalHeader(h http.Header) error {
	if t == "headless" {
		return errors.New("headless")
	}
	h.Set("X-Reply", string(t))
	return nil
}

func TestReplyHandler(t *testing.T) {
	t.Parallel()
	sorry := webhook.WithFallback(func(error) webhook.Reply { return text("sorry") })
	reply := func(body string) answer {
		return answer{200, body, http.Header{"Content-Type": {"text/x-reply"}, "Content-Length": {strconv.Itoa(len(body))}}}
	}
	tests := []struct {
		name string
		fn   func(context.Context, order) (text, error)
		opt  webhook.Option
		want answer
		log  string
	}{
		{"reply", func(_ context.Context, o order) (text, error) { return text("got " + o.ID), nil }, sorry, reply("got 7"), ""},
		{"empty reply", func(context.Context, order) (text, error) { return "", nil }, sorry, reply(""), ""},
		{"long reply", func(context.Context, order) (text, error) { return text(strings.Repeat("a", 100_000)), nil }, sorry,
			reply(strings.Repeat("a", 100_000)), ""},
		{"doubtful reply", func(context.Context, order) (text, error) { return "doubtful", nil }, sorry, reply("doubtful"), "level=WARN"},
		{"error", func(context.Context, order) (text, error) { return "x", errors.New("boom") }, sorry, reply("sorry"), "level=ERROR"},
		{"error with a status", func(context.Context, order) (text, error) { return "x", &webhook.Error{Status: 404} }, sorry, reply("sorry"), "level=ERROR"},
		{"panic", func(context.Context, order) (text, error) { panic(1) }, sorry, reply("sorry"), "stack="},
		{"unwritable reply", func(context.Context, order) (text, error) { return "unwritable", nil }, sorry, reply("sorry"), "level=ERROR"},
		{"headless reply", func(context.Context, order) (text, error) { return "headless", nil }, sorry, reply("sorry"), "level=ERROR"},
		{"error without a fallback", func(context.Context, order) (text, error) { return "x", errors.New("boom") },
			webhook.WithOptions(), refused(500, "Internal Server Error"), "level=ERROR"},
		{"notification", func(context.Context, order) (text, error) { return "x", nil },
			notifying(func(o order) bool { return o.ID == "7" }, func(context.Context, order) error { return nil }),
			plain(200, "OK"), ""},
		{"failed notification", func(context.Context, order) (text, error) { return "x", nil },
			webhook.WithOptions(sorry, notifying(func(o order) bool { return o.ID == "7" },
				func(context.Context, order) error { return errors.New("boom") })),
			refused(500, "Internal Server Error"), "level=ERROR"},
		{"no notification", func(context.Context, order) (text, error) { return "x", nil },
			notifying(func(o order) bool { return o.ID == "8" }, func(context.Context, order) error { return nil }),
			reply("x"), ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			for _, timeout := range []time.Duration{0, time.Hour} {
				for name, wrap := range map[string]func(http.Handler) http.Handler{"in place": inPlace, "aside": withoutFlush} {
					var log bytes.Buffer
					h := wrap(webhook.ReplyHandler(test.fn, test.opt, webhook.WithTimeout(timeout),
						webhook.WithLogger(slog.New(slog.NewTextHandler(&log, nil)))))
					want := test.want
					if name == "in place" {
						want = sized(want)
					}
					if diff := cmp.Diff(want, do(h, post(formType, "orderId=7"))); diff != "" {
						t.Errorf("answer (-want +got):\n%s", diff)
					}
					if got := log.String(); (test.log == "") != (got == "") || !strings.Contains(got, test.log) {
						t.Errorf("log is %q, want %q in it", got, test.log)
					}
				}
			}
		})
	}
}

// notification is an option such as that of package voice.
type notification[T any] struct {
	webhook.Option
	match func(T) bool
	fn    func(context.Context, T) error
}

func notifying[T any](match func(T) bool, fn func(context.Context, T) error) webhook.Option {
	return notification[T]{webhook.WithOptions(), match, fn}
}

func (n notification[T]) Drops() bool                     { return n.fn == nil }
func (notification[T]) Payload() reflect.Type             { return reflect.TypeFor[T]() }
func (n notification[T]) IsNotification(payload any) bool { return n.match(*payload.(*T)) }
func (n notification[T]) Notify(ctx context.Context, payload any) error {
	return n.fn(ctx, *payload.(*T))
}

// inPlace serves on a writer that stands for net/http's own.
func inPlace(h http.Handler) http.Handler {
	server := new(http.Server)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(direct{w}, r.WithContext(context.WithValue(r.Context(), http.ServerContextKey, server)))
	})
}

type direct struct{ http.ResponseWriter }

func (direct) SendsAtFlush()                 {}
func (d direct) Unwrap() http.ResponseWriter { return d.ResponseWriter }

func asItIs(h http.Handler) http.Handler { return h }

// withoutFlush is what much middleware does to a writer.
func withoutFlush(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(struct{ http.ResponseWriter }{w}, r)
	})
}

// A fallback sets its headers too.
func TestFallbackHeader(t *testing.T) {
	t.Parallel()
	h := webhook.ReplyHandler(func(context.Context, order) (text, error) { panic(1) }, discard,
		webhook.WithFallback(func(error) webhook.Reply { return text("sorry") }))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, post(formType, "orderId=7"))
	if got := w.Header().Get("X-Reply"); got != "sorry" {
		t.Errorf("header is %q", got)
	}
}

// A reply type that is an interface or a pointer works like any other.
func TestReplyHandlerOfInterface(t *testing.T) {
	t.Parallel()
	want := answer{200, "hello", http.Header{"Content-Type": {"text/x-reply"}, "Content-Length": {"5"}}}
	h := webhook.ReplyHandler(func(context.Context, order) (webhook.Reply, error) { return text("hello"), nil }, discard)
	if diff := cmp.Diff(want, do(h, post(formType, "orderId=7"))); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
	h = webhook.ReplyHandler(func(context.Context, order) (webhook.Reply, error) { return nil, nil }, discard)
	if diff := cmp.Diff(refused(500, "Internal Server Error"), do(h, post(formType, "orderId=7"))); diff != "" {
		t.Errorf("answer to a nil reply (-want +got):\n%s", diff)
	}
}

func TestWithRequired(t *testing.T) {
	t.Parallel()
	h := webhook.Handler(func(context.Context, order) error { return nil }, discard,
		webhook.WithRequired("note"), webhook.WithRequired("ref"))
	for body, want := range map[string]answer{
		"orderId=7&note=a&ref=b":    plain(200, "OK"),
		"orderId=7&note=a":          refused(400, "webhook: field ref: missing"),
		"orderId=7&ref=b&note=":     refused(400, "webhook: field note: missing"),
		"orderId=7&ref=b&note=None": refused(400, "webhook: field note: missing"),
	} {
		if diff := cmp.Diff(want, do(h, post(formType, body))); diff != "" {
			t.Errorf("answer to %q (-want +got):\n%s", body, diff)
		}
	}
}

func TestFormFrom(t *testing.T) {
	t.Parallel()
	want, err := webhook.ParseForm([]byte("orderId=7&surprise=1"))
	if err != nil {
		t.Fatal(err)
	}
	for _, timeout := range []time.Duration{0, time.Hour} {
		var got webhook.Form
		var ok bool
		h := webhook.Handler(func(ctx context.Context, _ order) error {
			ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
			defer cancel()
			got, ok = webhook.FormFrom(ctx)
			return nil
		}, webhook.WithTimeout(timeout))
		do(h, post(formType, "orderId=7&surprise=1"))
		if diff := cmp.Diff(want, got); !ok || diff != "" {
			t.Errorf("FormFrom: %v (-want +got):\n%s", ok, diff)
		}
	}
	if _, ok := webhook.FormFrom(context.Background()); ok {
		t.Error("FormFrom found a form in a context that is no callback's")
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	got, err := webhook.Parse[order](post(formType, "orderId=7&note=now"))
	if want := (order{"7", "now"}); got != want || err != nil {
		t.Errorf("Parse returned %v, %v, want %v", got, err, want)
	}
	got, err = webhook.Parse[order](post(formType, "orderId=7&orderId=8"))
	var e *webhook.Error
	if got != (order{}) || !errors.As(err, &e) || e.Status != 400 || !errors.Is(err, webhook.ErrMalformed) {
		t.Errorf("Parse of a repeated key returned %v, %v", got, err)
	}
}

func TestOptionsPanic(t *testing.T) {
	t.Parallel()
	for name, build := range map[string]func(){
		"WithMaxBytes(0)": func() { webhook.WithMaxBytes(0) },
		"WithTimeout(-1)": func() { webhook.WithTimeout(-1) },
		"option for another payload": func() {
			webhook.Handler(func(context.Context, order) error { return nil }, notifying(func(int) bool { return true }, func(context.Context, int) error { return nil }))
		},
		"function in a tagged type": func() {
			webhook.Handler(func(context.Context, struct {
				F func() `schema:"f"`
			}) error {
				return nil
			})
		},
		"field without a tag": func() {
			webhook.Handler(func(context.Context, struct {
				A string `schema:"a"`
				B string
			}) error {
				return nil
			})
		},
		"fields that differ in letter case": func() {
			webhook.Handler(func(context.Context, struct {
				A string `schema:"a"`
				B string `schema:"A"`
			}) error {
				return nil
			})
		},
		"name with a dot": func() {
			webhook.Handler(func(context.Context, struct {
				A string `schema:"a.b"`
			}) error {
				return nil
			})
		},
		"type that holds itself":             func() { webhook.Handler(func(context.Context, tree) error { return nil }) },
		"pointer to an unexported embedding": func() { webhook.Handler(func(context.Context, struct{ *hidden }) error { return nil }) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			defer func() {
				if v, _ := recover().(string); !strings.HasPrefix(v, "webhook: ") {
					t.Errorf("panic with %q, want one that begins with webhook:", v)
				}
			}()
			build()
		})
	}
}

type tree struct {
	Name string `schema:"name"`
	Left []tree `schema:"left"`
}

type hidden struct {
	A string `schema:"a"`
}
