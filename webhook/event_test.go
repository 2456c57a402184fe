package webhook_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking/webhook"
)

func TestEvent(t *testing.T) {
	t.Parallel()
	fields := func(s string) webhook.Form {
		f, err := webhook.ParseForm([]byte(s))
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	tests := []struct {
		name, contentType, body string
		want                    webhook.Event
		answer                  answer
	}{
		{"form with repeats", formType + "; charset=UTF-8", "a=1&A=%2B&a=2",
			webhook.Event{MediaType: formType, Form: fields("a=1&A=%2B&a=2"), Body: []byte("a=1&A=%2B&a=2")}, plain(200, "OK")},
		{"JSON object", jsonType, ` {"a":"x","b":1.50,"c":{"d":null},"e":null}`,
			webhook.Event{MediaType: jsonType, Form: fields("a=x&b=1.50&c=%7B%22d%22%3Anull%7D&e="),
				JSON: json.RawMessage(` {"a":"x","b":1.50,"c":{"d":null},"e":null}`), Body: []byte(` {"a":"x","b":1.50,"c":{"d":null},"e":null}`)}, plain(200, "OK")},
		{"JSON array", jsonType, `[1]`,
			webhook.Event{MediaType: jsonType, JSON: json.RawMessage(`[1]`), Body: []byte(`[1]`)}, plain(200, "OK")},
		{"anything", "text/x-iot; v=1", "42", webhook.Event{MediaType: "text/x-iot", Body: []byte("42")}, plain(200, "OK")},
		{"no media type", "", "42", webhook.Event{Body: []byte("42")}, plain(200, "OK")},
		{"nothing", "", "", webhook.Event{Body: []byte{}}, plain(200, "OK")},
		{"broken JSON", jsonType, `[1`, webhook.Event{}, refused(400, "webhook: malformed: broken JSON")},
		{"broken form", formType, `a=%`, webhook.Event{}, refused(400, "webhook: field a: malformed: bad percent-escape")},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var got webhook.Event
			h := webhook.Handler(func(_ context.Context, e webhook.Event) error { got = e; return nil }, discard)
			if diff := cmp.Diff(test.answer, do(h, post(test.contentType, test.body))); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
			// The memory that requests are read into is used again.
			do(webhook.Handler(func(context.Context, webhook.Event) error { return nil }), post("text/plain", strings.Repeat("z", 1024)))
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("event (-want +got):\n%s", diff)
			}
		})
	}
}

// A media type is kept with the callback, so it has a limit, and strangers choose it.
func TestEventMediaType(t *testing.T) {
	t.Parallel()
	h := webhook.Handler(func(context.Context, webhook.Event) error { return nil }, discard)
	long := refused(415, "webhook: media type is longer than 100 bytes")
	of := func(n int) string { return "text/" + strings.Repeat("x", n-len("text/")) }
	for mediaType, want := range map[string]answer{
		of(100):         plain(200, "OK"),
		of(101):         long,
		of(900_000):     long,
		of(101) + "; v": long,
		"application/" + strings.Repeat("x", 100) + "+json": long,
		formType + "; v=" + strings.Repeat("x", 1000):       plain(200, "OK"),
	} {
		if diff := cmp.Diff(want, do(h, post(mediaType, "{}"))); diff != "" {
			t.Errorf("%.120s: answer (-want +got):\n%s", mediaType, diff)
		}
		_, err := webhook.Parse[webhook.Event](post(mediaType, "{}"))
		if (err == nil) != (want.Status == 200) {
			t.Errorf("%.120s: Parse: %v", mediaType, err)
		}
	}
	e, err := webhook.Parse[webhook.Event](post("application/254711000001+json", "{}"))
	if got := e.String(); err != nil || got != "[mediaType=application/***01+json fields=0 bytes=2]" {
		t.Errorf("event prints %s, error %v", got, err)
	}
}

// The callbacks that have no type of their own are taken as they are.
func TestEventSamples(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) != 5 {
		t.Fatalf("%d samples, %v", len(files), err)
	}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var got webhook.Event
		h := webhook.Handler(func(_ context.Context, e webhook.Event) error { got = e; return nil })
		if diff := cmp.Diff(plain(200, "OK"), do(h, post(jsonType, string(body)))); diff != "" {
			t.Errorf("%s: answer (-want +got):\n%s", file, diff)
		}
		if !bytes.Equal(got.JSON, body) || !bytes.Equal(got.Body, body) || got.Form.Len() == 0 {
			t.Errorf("%s: event is %+v", file, got)
		}
	}
}

// An event and a form print the same in a log and in a text: sizes, and neither keys
// nor values.
func TestEventAndFormPrint(t *testing.T) {
	t.Parallel()
	e, err := webhook.Parse[webhook.Event](post(formType, "%2B254711000001=1&text=4321"))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		v      any
		logged string
		want   string
	}{
		{e, "v.mediaType=" + formType + " v.fields=2 v.bytes=27", "[mediaType=" + formType + " fields=2 bytes=27]"},
		{e.Form, "v.fields=2 v.bytes=22", "[fields=2 bytes=22]"},
		{webhook.Form{}, "v.fields=0 v.bytes=0", "[fields=0 bytes=0]"},
		{struct{ F webhook.Form }{e.Form}, "v=\"{F:[fields=2 bytes=22]}\"", ""},
	} {
		var log bytes.Buffer
		slog.New(slog.NewTextHandler(&log, nil)).Info("seen", "v", test.v)
		if got := log.String(); !strings.HasSuffix(got, " "+test.logged+"\n") {
			t.Errorf("log is %s, want %s", got, test.logged)
		}
		for _, verb := range []string{"%v", "%+v", "%s"} {
			if got := fmt.Sprintf(verb, test.v); test.want != "" && got != test.want {
				t.Errorf("%s prints %s, want %s", verb, got, test.want)
			}
		}
	}
}
