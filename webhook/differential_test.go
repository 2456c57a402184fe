package webhook_test

import (
	"errors"
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

// payloads are the types that read themselves, by the order of their fields a
// fuzzer can find them.
var payloads = []any{
	sms.IncomingMessage{}, sms.DeliveryReport{}, sms.OptOut{}, sms.Subscription{},
	ussd.Request{}, ussd.Notification{}, voice.Call{},
	airtime.Status{}, airtime.Validation{}, simswap.Result{},
}

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
		payload := reflect.TypeOf(payloads[int(which)%len(payloads)])
		form, err := webhook.ParseForm([]byte(body))
		if err != nil {
			return
		}
		form, ok := exact(t, form, payload)
		if !ok {
			return
		}
		own, tags := reflect.New(payload), reflect.New(payload)
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
		if err := webhook.DecodeTags(form, tags.Interface()); err != nil {
			t.Fatalf("%v reads itself, but by its tags: %v", payload, err)
		}
		if diff := cmp.Diff(tags.Elem().Interface(), own.Elem().Interface()); diff != "" {
			t.Fatalf("%v (-tags +own):\n%s", payload, diff)
		}
	})
}

// exact keeps the fields that payload knows. Numbers that cannot be read are
// emptied, since payloads take them for absent and gorilla/schema refuses them;
// "None" is left out, since only payloads know in which texts it means absent.
func exact(t *testing.T, form webhook.Form, payload reflect.Type) (webhook.Form, bool) {
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
		if seen[key] || value == "None" {
			return webhook.Form{}, false
		}
		seen[key] = true
		if _, err := strconv.Atoi(value); kind == reflect.Int && err != nil {
			value = ""
		}
		parts = append(parts, escape(key)+"="+escape(value))
	}
	exact, err := webhook.ParseForm([]byte(strings.Join(parts, "&")))
	if err != nil {
		t.Fatal(err)
	}
	return exact, true
}

func escape(s string) string {
	var b strings.Builder
	for i := range len(s) {
		b.WriteString("%" + string("0123456789ABCDEF"[s[i]>>4]) + string("0123456789ABCDEF"[s[i]&15]))
	}
	return b.String()
}
