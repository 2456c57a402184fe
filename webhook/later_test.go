package webhook_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking/internal/callbacktest"
	"github.com/sautigo/africastalking/webhook"
)

type parcel struct {
	ID   string `schema:"id,required"`
	City string `schema:"city"`
}

// shelf keeps callbacks.
type shelf struct {
	later    webhook.Later
	kept     []webhook.Callback
	payloads []any
	causes   []error
	err      error // of keeping
	refuse   bool  // what cannot be decoded
}

func (s *shelf) option() webhook.Option {
	return webhook.WithLater(func(l webhook.Later) webhook.Accept {
		s.later = l
		return func(ctx context.Context, c webhook.Callback, payload any, err error) error {
			if s.refuse && err != nil {
				return err
			}
			s.kept, s.payloads, s.causes = append(s.kept, c), append(s.payloads, payload), append(s.causes, err)
			return s.err
		}
	})
}

func TestLater(t *testing.T) {
	t.Parallel()
	type answer struct {
		status     int
		body       string
		retryAfter string
	}
	ok := answer{200, "OK", ""}
	for _, test := range []struct {
		name, mediaType, body string
		shelf                 shelf
		want                  answer
		kept                  []webhook.Callback
		payloads              []any
	}{
		{"form", formType + "; charset=UTF-8", "id=1&city=Nairobi%20West&more=a+b", shelf{}, ok,
			[]webhook.Callback{{MediaType: formType, Body: []byte("id=1&city=Nairobi%20West&more=a+b")}}, []any{&parcel{"1", "Nairobi West"}}},
		{"JSON", "application/json", `{"id": 1, "city": "Kis\u0075mu"}`, shelf{}, ok,
			[]webhook.Callback{{MediaType: jsonType, Body: []byte(`{"id": 1, "city": "Kis\u0075mu"}`)}}, []any{&parcel{"1", "Kisumu"}}},
		{"not kept", formType, "id=1", shelf{err: errors.New("disk full")}, answer{503, "Service Unavailable\n", "5"},
			[]webhook.Callback{{MediaType: formType, Body: []byte("id=1")}}, []any{&parcel{ID: "1"}}},
		{"not kept with a status", formType, "id=1", shelf{err: &webhook.Error{Status: 429, Err: errors.New("slowly")}}, answer{429, "Too Many Requests\n", ""},
			[]webhook.Callback{{MediaType: formType, Body: []byte("id=1")}}, []any{&parcel{ID: "1"}}},
		{"incomplete", formType, "city=Nakuru", shelf{}, ok,
			[]webhook.Callback{{MediaType: formType, Body: []byte("city=Nakuru")}}, []any{nil}},
		{"no form", formType, "%zz", shelf{}, ok,
			[]webhook.Callback{{MediaType: formType, Body: []byte("%zz")}}, []any{nil}},
		{"no JSON", jsonType, "{", shelf{}, ok,
			[]webhook.Callback{{MediaType: jsonType, Body: []byte("{")}}, []any{nil}},
		{"nothing", formType, "", shelf{}, ok,
			[]webhook.Callback{{MediaType: formType, Body: []byte{}}}, []any{nil}},
		{"incomplete and not kept", formType, "city=Nakuru", shelf{err: errors.New("disk full")}, answer{503, "Service Unavailable\n", "5"},
			[]webhook.Callback{{MediaType: formType, Body: []byte("city=Nakuru")}}, []any{nil}},
		{"incomplete and refused", formType, "city=Nakuru", shelf{refuse: true}, answer{400, "webhook: field id: missing\n", ""}, nil, nil},
		{"media type", "text/plain", "id=1", shelf{}, answer{415, "webhook: media type is not one this callback comes in\n", ""}, nil, nil},
		{"too large", formType, "id=1&city=" + strings.Repeat("x", webhook.DefaultMaxBytes), shelf{}, answer{413, "webhook: body is larger than 65536 bytes\n", ""}, nil, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := &test.shelf
			h := webhook.Handler(func(context.Context, parcel) error {
				t.Error("the function was called")
				return nil
			}, s.option(), callbacktest.Quiet())
			w := httptest.NewRecorder()
			h.ServeHTTP(w, callbacktest.Post("/", test.mediaType, test.body))
			got := answer{w.Code, w.Body.String(), w.Header().Get("Retry-After")}
			if diff := cmp.Diff(test.want, got, cmp.AllowUnexported(answer{})); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.kept, s.kept); diff != "" {
				t.Errorf("kept (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.payloads, s.payloads); diff != "" {
				t.Errorf("payloads (-want +got):\n%s", diff)
			}
			for i, payload := range s.payloads {
				if (payload == nil) != (s.causes[i] != nil) {
					t.Errorf("payload %v came with error %v", payload, s.causes[i])
				}
			}
		})
	}
}

// What was not kept is never answered with a status that says it was.
func TestLaterNeverKeptAs200(t *testing.T) {
	t.Parallel()
	sorry := func(error) webhook.Reply { return text("END sorry") }
	writes := func(status int) webhook.Option {
		return webhook.WithErrorHandler(func(w http.ResponseWriter, _ *http.Request, _ *webhook.Error) { w.WriteHeader(status) })
	}
	panics := webhook.WithLater(func(webhook.Later) webhook.Accept {
		return func(context.Context, webhook.Callback, any, error) error { panic("disk") }
	})
	exits := webhook.WithLater(func(webhook.Later) webhook.Accept {
		return func(context.Context, webhook.Callback, any, error) error { runtime.Goexit(); return nil }
	})
	stuck := webhook.WithLater(func(webhook.Later) webhook.Accept {
		return func(ctx context.Context, _ webhook.Callback, _ any, _ error) error { <-ctx.Done(); return ctx.Err() }
	})
	late := webhook.WithTimeout(time.Nanosecond)
	with := func(err error) webhook.Option { return (&shelf{err: err}).option() }
	disk := with(errors.New("disk full"))
	news := notifying(func(parcel) bool { return true }, func(context.Context, parcel) error { return nil })
	reply := func(opts ...webhook.Option) http.Handler {
		return webhook.ReplyHandler(func(context.Context, parcel) (text, error) { return "", nil }, webhook.WithOptions(opts...), news, callbacktest.Quiet())
	}
	handler := func(opts ...webhook.Option) http.Handler {
		return webhook.Handler(func(context.Context, parcel) error { return nil }, webhook.WithOptions(opts...), callbacktest.Quiet())
	}
	type answer struct {
		Status     int
		RetryAfter string
	}
	full := answer{503, "5"}
	for name, test := range map[string]struct {
		h    http.Handler
		body string
		want answer
	}{
		"fallback":                        {handler(disk, webhook.WithFallback(sorry)), "id=1", full},
		"fallback of what is broken":      {handler(disk, webhook.WithFallback(sorry)), "id=%z", full},
		"fallback for a payload":          {handler(disk, webhook.WithFallbackFor(func(parcel, error) webhook.Reply { return text("") })), "id=1", full},
		"fallback for news":               {reply(disk, webhook.WithFallback(sorry)), "id=1", full},
		"fallback and a panic":            {handler(panics, webhook.WithFallback(sorry)), "id=1", full},
		"fallback and no goroutine":       {handler(exits, webhook.WithFallback(sorry)), "id=1", full},
		"fallback and a deadline":         {handler(stuck, late, webhook.WithFallback(sorry)), "id=1", full},
		"deadline":                        {handler(stuck, late), "id=1", full},
		"error handler and a deadline":    {handler(stuck, late, writes(200)), "id=1", full},
		"error handler":                   {handler(disk, writes(200)), "id=1", full},
		"error handler and a redirection": {handler(disk, writes(302)), "id=1", full},
		"error handler for news":          {reply(disk, writes(200)), "id=1", full},
		"error handler chooses":           {handler(disk, writes(429)), "id=1", answer{429, "5"}},
		"error handler of a refusal":      {handler((&shelf{refuse: true}).option(), writes(200)), "id=%z", answer{400, ""}},
		"status 200":                      {handler(with(&webhook.Error{Status: 200})), "id=1", full},
		"status 200 inside":               {handler(with(fmt.Errorf("queue: %w", &webhook.Error{Status: 202, Err: io.EOF}))), "id=1", full},
		"status 304 of what is broken":    {handler(with(&webhook.Error{Status: 304})), "id=%z", full},
		"status 503":                      {handler(with(&webhook.Error{Status: 503})), "id=1", full},
		"status 500, and error handler":   {handler(with(&webhook.Error{Status: 500}), writes(204)), "id=1", answer{500, ""}},
		"own reply":                       {handler(with(ownReply{}), webhook.WithFallback(sorry)), "id=1", full},
		"control: kept":                   {handler(with(nil), webhook.WithFallback(sorry), writes(200)), "id=1", answer{200, ""}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := httptest.NewRecorder()
			test.h.ServeHTTP(w, callbacktest.Post("/", formType, test.body))
			if diff := cmp.Diff(test.want, answer{w.Code, w.Header().Get("Retry-After")}); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
		})
	}
}

type ownReply struct{}

func (ownReply) Error() string        { return "own" }
func (ownReply) Reply() webhook.Reply { return text("END own") }

// A body that middleware has read into a form is kept as that form.
func TestLaterParsedForm(t *testing.T) {
	t.Parallel()
	var s shelf
	h := webhook.Handler(func(context.Context, parcel) error { return nil }, s.option(), callbacktest.Quiet())
	for body, want := range map[string]int{"id=1&city=a+b": 200, "id=1&city=%zz": 400} {
		r := callbacktest.Post("/", formType, body)
		_ = r.ParseForm()
		if got := callbacktest.Do(h, r).Status; got != want {
			t.Errorf("%s: status %d, want %d", body, got, want)
		}
	}
	r := callbacktest.Post("/", formType, "id=1")
	_, _ = io.ReadAll(r.Body)
	if got := callbacktest.Do(h, r).Status; got != 400 {
		t.Errorf("a body that was read before: status %d, want 400", got)
	}
	want := []webhook.Callback{{MediaType: formType, Body: []byte("city=a+b&id=1")}}
	if diff := cmp.Diff(want, s.kept); diff != "" {
		t.Errorf("kept (-want +got):\n%s", diff)
	}
}

func TestLaterHandle(t *testing.T) {
	t.Parallel()
	failure := errors.New("no such city")
	type seen struct {
		Payload any
		More    string
		Ran     bool
	}
	for _, test := range []struct {
		name string
		c    webhook.Callback
		fn   func() error
		want seen
		err  error
	}{
		{"form", webhook.Callback{MediaType: formType, Body: []byte("id=1&city=a%20b&more=m")}, nil, seen{&parcel{"1", "a b"}, "m", true}, nil},
		{"JSON", webhook.Callback{MediaType: jsonType, Body: []byte(`{"id":"1","more":"m"}`)}, nil, seen{&parcel{ID: "1"}, "m", true}, nil},
		{"fails", webhook.Callback{MediaType: formType, Body: []byte("id=1")}, func() error { return failure }, seen{&parcel{ID: "1"}, "", true}, failure},
		{"panics", webhook.Callback{MediaType: formType, Body: []byte("id=1")}, func() error { panic(failure) }, seen{&parcel{ID: "1"}, "", true}, failure},
		{"incomplete", webhook.Callback{MediaType: formType, Body: []byte("city=a")}, nil, seen{}, webhook.ErrMissing},
		{"broken", webhook.Callback{MediaType: formType, Body: []byte("id=%z")}, nil, seen{}, webhook.ErrMalformed},
		{"media type", webhook.Callback{MediaType: "text/plain", Body: []byte("id=1")}, nil, seen{}, webhook.ErrUndecodable},
		{"no media type", webhook.Callback{Body: []byte("id=1")}, nil, seen{}, webhook.ErrUndecodable},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var s shelf
			var got seen
			webhook.Handler(func(ctx context.Context, p parcel) error {
				f, _ := webhook.FormFrom(ctx)
				got.More, got.Ran = f.Get("more"), true
				if test.fn != nil {
					return test.fn()
				}
				return nil
			}, s.option())
			body := string(test.c.Body)
			for range 2 { // the body is not written over
				var err error
				got.Payload, err = s.later.Handle(t.Context(), test.c)
				if !errors.Is(err, test.err) {
					t.Errorf("Handle: got error %v, want %v", err, test.err)
				}
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("Handle (-want +got):\n%s", diff)
				}
				decoded, err := s.later.Decode(test.c)
				if diff := cmp.Diff(test.want.Payload, decoded); diff != "" {
					t.Errorf("Decode (-want +got):\n%s", diff)
				}
				if undecodable := !test.want.Ran; errors.Is(err, webhook.ErrUndecodable) != undecodable {
					t.Errorf("Decode: got error %v, want ErrUndecodable %v", err, undecodable)
				}
			}
			if string(test.c.Body) != body {
				t.Errorf("the body is %q now, was %q", test.c.Body, body)
			}
		})
	}
}

// The function may end its goroutine, as a failed test does.
func TestLaterGoexit(t *testing.T) {
	t.Parallel()
	var s shelf
	webhook.Handler(func(context.Context, parcel) error { runtime.Goexit(); return nil }, s.option())
	if _, err := s.later.Handle(t.Context(), webhook.Callback{MediaType: formType, Body: []byte("id=1")}); err == nil {
		t.Error("Handle: got no error, want one")
	}
}

// The context of the function has the caller's values and deadline, and ends with it.
func TestLaterContext(t *testing.T) {
	t.Parallel()
	type key struct{}
	var s shelf
	webhook.Handler(func(ctx context.Context, _ parcel) error {
		_, bounded := ctx.Deadline()
		if ctx.Value(key{}) != 1 || bounded {
			t.Errorf("context has value %v and a deadline %v", ctx.Value(key{}), bounded)
		}
		return ctx.Err()
	}, s.option(), webhook.WithTimeout(1))
	ctx, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, 1))
	c := webhook.Callback{MediaType: formType, Body: []byte("id=1")}
	if _, err := s.later.Handle(ctx, c); err != nil {
		t.Errorf("Handle: %v", err)
	}
	cancel()
	if _, err := s.later.Handle(ctx, c); !errors.Is(err, context.Canceled) {
		t.Errorf("Handle with a context that has ended: got error %v", err)
	}
}

type readsHeaders struct {
	ID string `schema:"id"`
}

func (*readsHeaders) UnmarshalHeader(http.Header) error { return nil }

type embedsReads struct {
	readsHeaders
	City string `schema:"city"`
}

func TestLaterPanics(t *testing.T) {
	t.Parallel()
	ends := func(p parcel) bool { return p.City == "" }
	for name, build := range map[string]func(o webhook.Option){
		"a reply that is read": func(o webhook.Option) {
			webhook.ReplyHandler(func(context.Context, parcel) (text, error) { return "", nil }, o)
		},
		"news that are dropped": func(o webhook.Option) {
			webhook.ReplyHandler(func(context.Context, parcel) (text, error) { return "", nil }, notifying(ends, nil), o)
		},
		"headers":          func(o webhook.Option) { webhook.Handler(func(context.Context, readsHeaders) error { return nil }, o) },
		"embedded headers": func(o webhook.Option) { webhook.Handler(func(context.Context, embedsReads) error { return nil }, o) },
		"twice":            func(o webhook.Option) { webhook.Handler(func(context.Context, parcel) error { return nil }, o, o) },
		"twice in a bundle": func(o webhook.Option) {
			webhook.Handler(func(context.Context, parcel) error { return nil }, webhook.WithOptions(o), o)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			defer func() {
				if v, ok := recover().(string); !ok || !strings.HasPrefix(v, "webhook: ") {
					t.Errorf("building the handler panicked with %v", v)
				}
			}()
			build(new(shelf).option())
		})
	}
}

// Where questions and news come to one URL, the news is kept and the rest answered.
func TestLaterNews(t *testing.T) {
	t.Parallel()
	var s shelf
	ended := 0
	h := webhook.ReplyHandler(func(_ context.Context, p parcel) (text, error) { return text("where is " + p.City), nil },
		notifying(func(p parcel) bool { return p.City == "" }, func(context.Context, parcel) error { ended++; return nil }),
		s.option(), callbacktest.Quiet())
	for body, want := range map[string]string{"id=1&city=Nakuru": "200 where is Nakuru", "id=1": "200 OK", "city=a": "400 webhook: field id: missing\n"} {
		got := callbacktest.Do(h, callbacktest.Post("/", formType, body))
		if got := fmt.Sprint(got.Status, " ", got.Body); got != want {
			t.Errorf("%s: answer %q, want %q", body, got, want)
		}
	}
	if len(s.kept) != 1 || ended != 0 {
		t.Fatalf("%d are kept and %d were handled, want 1 and none", len(s.kept), ended)
	}
	if payload, err := s.later.Handle(t.Context(), s.kept[0]); err != nil || ended != 1 {
		t.Errorf("Handle: payload %v, error %v, handled %d", payload, err, ended)
	}
	if _, err := s.later.Handle(t.Context(), webhook.Callback{MediaType: formType, Body: []byte("id=1&city=a")}); !errors.Is(err, webhook.ErrUndecodable) || ended != 1 {
		t.Errorf("Handle of a question: error %v, handled %d", err, ended)
	}
	if s.later.Kind != "webhook_test.parcel" || s.later.Payload != reflect.TypeFor[parcel]() || s.later.Logger == nil {
		t.Errorf("Later: kind %q, payload %v, logger %v", s.later.Kind, s.later.Payload, s.later.Logger)
	}
}

func TestReceipt(t *testing.T) {
	t.Parallel()
	fn := func(context.Context, parcel) error { return nil }
	for want, opts := range map[string][]webhook.Option{
		"OK": nil, "GOOD": {webhook.WithReceipt("GOOD")}, "": {webhook.WithReceipt("")},
	} {
		got := callbacktest.Do(webhook.Handler(fn, opts...), callbacktest.Post("/", formType, "id=1"))
		if diff := cmp.Diff(callbacktest.Reply(callbacktest.Plain, want), got); diff != "" {
			t.Errorf("answer (-want +got):\n%s", diff)
		}
	}
}

// What a handler without WithLater allocates: the callback and its form.
func TestHandlerAllocations(t *testing.T) {
	h := webhook.Handler(func(context.Context, webhook.Event) error { return nil })
	r := callbacktest.Post("/", formType, "")
	w := nowhere{http.Header{}}
	got := testing.AllocsPerRun(100, func() {
		r.Body = io.NopCloser(strings.NewReader("id=1"))
		h.ServeHTTP(w, r)
	})
	if got > 5 { // two of them are the body's
		t.Errorf("%v allocations a callback, want at most 5", got)
	}
}

// nowhere is a writer that allocates nothing.
type nowhere struct{ header http.Header }

func (n nowhere) Header() http.Header         { return n.header }
func (n nowhere) WriteHeader(int)             {}
func (n nowhere) Write(b []byte) (int, error) { return len(b), nil }
func (n nowhere) SendsAtFlush()               {}
