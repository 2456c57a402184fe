package webhook_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking/sms"
	"github.com/sautigo/africastalking/ussd"
	"github.com/sautigo/africastalking/voice"
	"github.com/sautigo/africastalking/webhook"
	"github.com/sautigo/africastalking/webhook/airtime"
	"github.com/sautigo/africastalking/webhook/simswap"
)

// By name these have the fields of a payload, with their tags, and not its method
// that reads it.
type (
	taggedMessage      sms.IncomingMessage
	taggedReport       sms.DeliveryReport
	taggedOptOut       sms.OptOut
	taggedSubscription sms.Subscription
	taggedRequest      ussd.Request
	taggedNotification ussd.Notification
	taggedCall         voice.Call
	taggedStatus       airtime.Status
	taggedValidation   airtime.Validation
	taggedResult       simswap.Result
)

// payloads are the types that read themselves, by the order of their fields a
// fuzzer can find them, and what reads the same by its tags.
var payloads = []struct {
	own    any
	byTags func(*http.Request) (any, error)
}{
	{sms.IncomingMessage{}, byTags[taggedMessage]}, {sms.DeliveryReport{}, byTags[taggedReport]},
	{sms.OptOut{}, byTags[taggedOptOut]}, {sms.Subscription{}, byTags[taggedSubscription]},
	{ussd.Request{}, byTags[taggedRequest]}, {ussd.Notification{}, byTags[taggedNotification]},
	{voice.Call{}, byTags[taggedCall]},
	{airtime.Status{}, byTags[taggedStatus]}, {airtime.Validation{}, byTags[taggedValidation]},
	{simswap.Result{}, byTags[taggedResult]},
}

func byTags[T any](r *http.Request) (any, error) { return webhook.Parse[T](r) }

// FuzzUnmarshalForm holds what the payloads read themselves and what
// gorilla/schema reads by their tags equal, on forms whose keys are the exact
// names, once each.
func FuzzUnmarshalForm(f *testing.F) {
	for _, pattern := range []string{"../sms/testdata/*.form", "../ussd/testdata/*.form", "../voice/testdata/*.form"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			f.Fatalf("%s: %d samples, %v", pattern, len(files), err)
		}
		for _, file := range files {
			body, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			for i := range payloads {
				f.Add(uint8(i), string(body))
			}
		}
	}
	f.Add(uint8(6), "isActive=1&sessionId=x&durationInSeconds=12x&amount=1.5&callStartTime=2021-10-13%2B19%3A10%3A16")
	f.Add(uint8(8), "transactionId=x&phoneNumber=y&currencyCode=KES&amount=500.00")
	f.Fuzz(func(t *testing.T, which uint8, body string) {
		p := payloads[int(which)%len(payloads)]
		payload := reflect.TypeOf(p.own)
		form, err := webhook.ParseForm([]byte(body))
		if err != nil {
			return
		}
		body, ok := exact(t, form, payload)
		if !ok {
			return
		}
		if form, err = webhook.ParseForm([]byte(body)); err != nil {
			t.Fatal(err)
		}
		own := reflect.New(payload)
		err = own.Interface().(webhook.FormUnmarshaler).UnmarshalForm(form)
		if err != nil {
			if !own.Elem().IsZero() {
				t.Fatalf("a value together with the error %v", err)
			}
			if !errors.Is(err, webhook.ErrMissing) && !errors.Is(err, webhook.ErrMalformed) {
				t.Fatalf("error %v is of no kind", err)
			}
			return
		}
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		tags, err := p.byTags(r)
		if err != nil {
			t.Fatalf("%v reads itself, but by its tags: %v", payload, err)
		}
		if diff := cmp.Diff(reflect.ValueOf(tags).Convert(payload).Interface(), own.Elem().Interface()); diff != "" {
			t.Fatalf("%v (-tags +own):\n%s", payload, diff)
		}
	})
}

// exact returns a body with the fields that payload knows. Numbers that cannot be
// read are emptied, since payloads take them for absent and gorilla/schema refuses
// them; "None" and the blank of a phone number are left out, since only payloads know
// in which texts they mean something else.
func exact(t *testing.T, form webhook.Form, payload reflect.Type) (string, bool) {
	kinds := map[string]reflect.Kind{}
	for i := range payload.NumField() {
		name := payload.Field(i).Tag.Get("schema")
		if name == "" {
			t.Fatalf("field %s of %v has no tag", payload.Field(i).Name, payload)
		}
		kinds[name] = payload.Field(i).Type.Kind()
	}
	var parts []string
	seen := map[string]bool{}
	for key, value := range form.All() {
		kind, known := kinds[key]
		if !known || key == "-" {
			continue
		}
		if seen[key] || value == "None" || strings.HasPrefix(value, " ") {
			return "", false
		}
		seen[key] = true
		if _, err := strconv.Atoi(value); kind == reflect.Int && err != nil {
			value = ""
		}
		parts = append(parts, escape(key)+"="+escape(value))
	}
	return strings.Join(parts, "&"), true
}

func escape(s string) string {
	var b strings.Builder
	for i := range len(s) {
		b.WriteString("%" + string("0123456789ABCDEF"[s[i]>>4]) + string("0123456789ABCDEF"[s[i]&15]))
	}
	return b.String()
}
