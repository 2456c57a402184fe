package webhook

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"runtime/debug"
	"strings"
)

// Parse reads a T from a request, for handlers of one's own and of other
// frameworks. It takes and refuses what [Handler] does, with the default limit
// of the body's size. The error is an [*Error] with the status to answer, and
// then T is its zero value. Parse consumes the body and panics if T can be
// decoded from neither a form nor JSON.
func Parse[T any](r *http.Request) (T, error) {
	var (
		v    T
		form Form
	)
	config := config{maxBytes: DefaultMaxBytes}
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	if e := newDecoder[T]().request(r, &config, &v, &form, buf); e != nil {
		var zero T
		return zero, e
	}
	return v, nil
}

// decoder reads a T from the body of a request.
type decoder[T any] struct {
	// fields is nil where T reads itself, and for types that only JSON fits.
	fields *schemaType
	self   bool
	event  bool
	json   bool
	// object is set if T is a struct that encoding/json fills, names are what it
	// calls its fields.
	object bool
	names  []string
}

func newDecoder[T any]() decoder[T] {
	var v *T
	d := decoder[T]{}
	_, d.event = any(v).(*Event)
	_, d.self = any(v).(FormUnmarshaler)
	_, ownJSON := any(v).(json.Unmarshaler)
	t := reflect.TypeFor[T]()
	if !d.event && !d.self {
		d.fields = schemaOf(t)
	}
	if t.Kind() == reflect.Struct && !ownJSON {
		d.object, d.names = true, jsonNames(t)
	}
	// Tags for one encoding speak for both, unless the other has its own.
	d.json = ownJSON || !d.self && (d.fields == nil || len(d.names) > 0)
	return d
}

// jsonNames returns the names that json tags give to the fields of a struct.
func jsonNames(t reflect.Type) (names []string) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case name != "" && name != "-":
			names = append(names, name)
		case f.Anonymous && deref(f.Type).Kind() == reflect.Struct && deref(f.Type) != t:
			names = append(names, jsonNames(deref(f.Type))...)
		}
	}
	return names
}

// request decodes r into v and sets form, with buf for memory. What v holds after
// an error is not to be used.
func (d decoder[T]) request(r *http.Request, c *config, v *T, form *Form, buf *[]byte) (e *Error) {
	if r.Method != http.MethodPost {
		return refuse(http.StatusMethodNotAllowed, "method is not POST")
	}
	name, kind := mediaTypeOf(r)
	if !d.event && (kind == unknownMedia || kind == formMedia && !d.self && d.fields == nil) {
		return refuse(http.StatusUnsupportedMediaType, "media type is not one this callback comes in")
	}
	defer func() {
		if v := recover(); v != nil {
			e = &Error{Status: http.StatusInternalServerError, Err: &PanicError{v, debug.Stack()}}
		}
	}()
	body, e := readBody(r, (*buf)[:0], c.maxBytes)
	keep(buf, body)
	if e != nil {
		return e
	}
	if err := d.payload(r, body, name, kind, c, v, form); err != nil {
		var own *Error
		if errors.As(err, &own) && own != nil {
			return own
		}
		return &Error{Status: http.StatusBadRequest, Err: err}
	}
	if h, ok := any(v).(HeaderUnmarshaler); ok {
		if err := h.UnmarshalHeader(r.Header); err != nil {
			return &Error{Status: http.StatusBadRequest, Err: err}
		}
	}
	return nil
}

func (d decoder[T]) payload(r *http.Request, body []byte, name string, kind mediaType, c *config, v *T, form *Form) error {
	var (
		err error
		raw []byte
	)
	if d.event {
		raw = bytes.Clone(body)
	}
	switch {
	case kind == formMedia && len(body) == 0 && len(r.PostForm) > 0:
		parsed, e := parsedForm(r, c.maxBytes)
		if e != nil {
			return e
		}
		*form = parsed
	case kind == formMedia:
		*form, err = parseInPlace(body, form.ends)
	case kind == jsonMedia && (isObject(body) || !d.event && (d.object || !d.json)):
		*form, err = formOfJSON(body)
	}
	if err != nil {
		return err
	}
	for _, field := range c.required {
		if absent(form.Get(field)) {
			return &FieldError{Field: field, Err: ErrMissing}
		}
	}
	if d.event {
		return d.fillEvent(raw, name, kind, v, *form)
	}
	if key, ok := form.repeated(); ok {
		return &FieldError{Field: printable(key), Err: fmt.Errorf("%w: sent twice", ErrMalformed)}
	}
	switch {
	case kind == jsonMedia && d.json:
		if key, ok := form.foldedTwice(); ok {
			return &FieldError{Field: printable(key), Err: fmt.Errorf("%w: sent in two letter cases", ErrMalformed)}
		}
		if err := d.checkNames(*form); err != nil {
			return err
		}
		// A type may keep the bytes that it unmarshals itself from.
		return decodeJSON(bytes.Clone(body), v)
	case d.self:
		return any(v).(FormUnmarshaler).UnmarshalForm(*form)
	}
	return d.fields.decode(v, *form)
}

// checkNames holds the members of an object that encoding/json decodes, which is
// not strict about names, to those of T. Objects inside of it are left to
// encoding/json.
func (d decoder[T]) checkNames(form Form) error {
	for key := range form.All() {
		for _, name := range d.names {
			if key != name && strings.EqualFold(key, name) {
				return &FieldError{Field: name, Err: fmt.Errorf("%w: sent in another letter case", ErrMalformed)}
			}
		}
	}
	if d.fields != nil {
		return d.fields.checkRequired("", form)
	}
	return nil
}

func (d decoder[T]) fillEvent(body []byte, name string, kind mediaType, v *T, form Form) error {
	event := Event{MediaType: name, Form: form, Body: body}
	if kind == jsonMedia {
		if !json.Valid(body) {
			return fmt.Errorf("webhook: %w: broken JSON", ErrMalformed)
		}
		event.JSON = body
	}
	*any(v).(*Event) = event
	return nil
}

func isObject(body []byte) bool {
	body = bytes.TrimLeft(body, " \t\r\n")
	return len(body) > 0 && body[0] == '{'
}

// decodeJSON fills v. The decoder's own errors quote values, so they are not
// passed on.
func decodeJSON(body []byte, v any) error {
	err := json.Unmarshal(body, v)
	if err == nil {
		return nil
	}
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) && wrong.Field != "" {
		return &FieldError{Field: wrong.Field, Err: fmt.Errorf("%w: not of type %v", ErrMalformed, wrong.Type)}
	}
	return fmt.Errorf("webhook: %w: JSON does not fit", ErrMalformed)
}
