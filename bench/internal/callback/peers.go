package callback

import (
	"net/http"
	"reflect"
	"time"

	"bitbucket.org/nndi/phada"
	"github.com/go-playground/form/v4"
	"github.com/gorilla/schema"
)

// The decoders are made once: both cache what they learn of a type.

var gorilla = func() *schema.Decoder {
	d := schema.NewDecoder()
	d.IgnoreUnknownKeys(true)
	d.RegisterConverter(time.Time{}, func(s string) reflect.Value {
		t, err := parseTime(s)
		if err != nil {
			return reflect.Value{}
		}
		return reflect.ValueOf(t)
	})
	return d
}()

var playground = func() *form.Decoder {
	d := form.NewDecoder()
	d.SetTagName("schema")
	d.RegisterCustomTypeFunc(func(values []string) (any, error) { return parseTime(values[0]) }, time.Time{})
	return d
}()

func gorillaRead[T any](r *http.Request) (T, error) {
	var v T
	if err := r.ParseForm(); err != nil {
		return v, err
	}
	return v, gorilla.Decode(&v, r.PostForm)
}

func playgroundRead[T any](r *http.Request) (T, error) {
	var v T
	if err := r.ParseForm(); err != nil {
		return v, err
	}
	return v, playground.Decode(&v, r.PostForm)
}

// phadaRead reads the three fields that phada knows of those sent.
func phadaRead(r *http.Request) (hop, error) {
	s, err := phada.ParseUssdRequest(r)
	if err != nil {
		return hop{}, err
	}
	return hop{SessionID: s.SessionID, PhoneNumber: s.PhoneNumber, Text: s.Text}, nil
}

// phadaStored is the same with the session in phada's store, as its README has it.
func phadaStored() func(*http.Request) (hop, error) {
	store := phada.NewInMemorySessionStore()
	return func(r *http.Request) (hop, error) {
		s, err := phada.ParseUssdRequest(r)
		if err != nil {
			return hop{}, err
		}
		if err := store.PutHop(s); err != nil {
			return hop{}, err
		}
		if s, err = store.Get(s.SessionID); err != nil {
			return hop{}, err
		}
		return hop{SessionID: s.SessionID, PhoneNumber: s.PhoneNumber, Text: s.Text}, nil
	}
}
