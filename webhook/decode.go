package webhook

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"runtime/debug"
	"sync"
)

// Parse reads a T from a request, for handlers of one's own and of other
// frameworks. It takes and refuses what [Handler] does, with the default limit
// of the body's size. The error is an [*Error] with the status to answer, and
// then T is its zero value. Parse consumes the body. Like Handler it panics for a
// type that cannot be decoded without surprises.
func Parse[T any](r *http.Request) (T, error) {
	var v, zero T
	if e := parse(r, &v); e != nil {
		return zero, e
	}
	return v, nil
}

func parse(r *http.Request, v any) *Error {
	var form Form
	config := config{maxBytes: DefaultMaxBytes}
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	return decoderOf(reflect.TypeOf(v).Elem()).request(r, &config, v, &form, buf, nil)
}

// decoder reads values of one type from the bodies of requests.
type decoder struct {
	event bool
	// self is set for a type that has an UnmarshalForm of its own.
	self bool
	// tags are a struct's schema tags, nil for a type without.
	tags *schemaType
	// json is set for a type that encoding/json decodes.
	json bool
	// fields are a struct's, by the names in their tags of the key tag.
	fields map[string]wireField
	tag    string
	// names are those in the tags of a struct that encoding/json decodes, by their
	// folded text. For other types names is nil.
	names map[string]string
}

var decoders sync.Map // reflect.Type → *decoder

// decoderOf panics for a type that cannot be decoded without surprises.
func decoderOf(t reflect.Type) *decoder {
	if d, ok := decoders.Load(t); ok {
		return d.(*decoder)
	}
	d, err := newDecoder(t)
	if err != nil {
		panic(fmt.Sprintf("webhook: %v: %v", t, err))
	}
	stored, _ := decoders.LoadOrStore(t, d)
	return stored.(*decoder)
}

func newDecoder(t reflect.Type) (d *decoder, err error) {
	d = &decoder{event: t == reflect.TypeFor[Event](), self: readsItself(t), tag: "schema"}
	own := reflect.PointerTo(t).Implements(jsonUnmarshalerType)
	var fields []wireField
	switch t.Kind() {
	case reflect.Pointer:
		return nil, fmt.Errorf("is a pointer: use %v itself", t.Elem())
	case reflect.Struct:
		if fields, err = fieldsOf(t, "schema"); err != nil {
			return nil, err
		}
	}
	d.fields = byName(fields)
	tagged := len(d.fields) > 0
	switch {
	case d.event:
	case d.self:
		d.json = own && !tagged
	case tagged || reflect.PointerTo(t).Implements(formUnmarshalerType):
		if d.tags, err = newSchemaType(t, nil); err == nil {
			err = tryOut(t, nil)
		}
	default:
		d.json = true
		err = checkJSON(t, map[reflect.Type]bool{})
		if err != nil || t.Kind() != reflect.Struct || own {
			break
		}
		fields, err = fieldsOf(t, "json")
		d.tag, d.fields, d.names = "json", byName(fields), map[string]string{}
		for name, f := range d.fields {
			if f.tagged {
				d.names[fold(name)] = name
			}
		}
	}
	return d, err
}

var (
	jsonUnmarshalerType = reflect.TypeFor[json.Unmarshaler]()
	formUnmarshalerType = reflect.TypeFor[FormUnmarshaler]()
)

// takes reports whether bodies of a media type can be decoded.
func (d *decoder) takes(kind mediaType) bool {
	return d.event || kind == jsonMedia || kind == formMedia && (d.self || d.tags != nil)
}

// request decodes r into v and sets form, with buf for memory. What v holds after
// an error is not to be used. It sets kept, unless that is nil, once the body was read.
func (d *decoder) request(r *http.Request, c *config, v any, form *Form, buf *[]byte, kept *Callback) (e *Error) {
	if r.Method != http.MethodPost {
		return refusal(http.StatusMethodNotAllowed, "method is not POST")
	}
	name, kind := mediaTypeOf(r)
	switch {
	case !d.takes(kind):
		return refusal(http.StatusUnsupportedMediaType, "media type is not one this callback comes in")
	case len(name) > maxMediaType:
		return refusal(http.StatusUnsupportedMediaType, "media type is longer than %d bytes", maxMediaType)
	case isEncoded(r):
		return refusal(http.StatusUnsupportedMediaType, "body has a Content-Encoding: send it as it is")
	}
	defer func() {
		if v := recover(); v != nil {
			e = &Error{Status: http.StatusInternalServerError, Err: &PanicError{v, debug.Stack()}}
		}
	}()
	body, e := readBody(r, (*buf)[:0], c.maxBytes)
	putBack(buf, body)
	switch {
	case e != nil:
		return e
	case len(body) > 0:
	case kind == formMedia && len(r.PostForm) > 0:
		if body, e = parsedBody(r, c.maxBytes); e != nil {
			return e
		}
	case r.ContentLength > 0, r.ContentLength < 0 && r.PostForm != nil:
		return refusal(http.StatusBadRequest, "body was read before the handler got it")
	}
	if kept != nil { // decoding writes over the body
		*kept = Callback{MediaType: name, Body: append([]byte{}, body...)}
	}
	if err := d.payload(r.Header, body, name, kind, c, v, form); err != nil {
		return refusalOf(err)
	}
	return nil
}

// payload decodes a body, which it may overwrite, into v and form, and checks v.
func (d *decoder) payload(header http.Header, body []byte, name string, kind mediaType, c *config, v any, form *Form) error {
	if d.event {
		*v.(*Event) = Event{MediaType: name, Body: bytes.Clone(body)}
	}
	err := d.decode(v, form, body, kind)
	if err == nil {
		err = readHeader(header, v, d.tags != nil)
	}
	if err == nil && d.tags != nil {
		err = d.checkTags(d.tags, "", v, form)
	}
	for i := 0; err == nil && i < len(c.required); i++ {
		if !d.has(v, form, c.required[i]) {
			err = &FieldError{Field: c.required[i], Err: ErrMissing}
		}
	}
	return err
}

// decode decodes a body, which it may overwrite, into v and form.
func (d *decoder) decode(v any, form *Form, body []byte, kind mediaType) (err error) {
	isJSON := kind == jsonMedia
	switch {
	case kind == formMedia:
		*form, err = parseInPlace(body, form.ends)
	case isJSON && (isObject(body) || !d.event && (d.names != nil || !d.json)):
		*form, err = formOfJSON(body, form.ends)
	}
	if err != nil {
		return err
	}
	if isJSON && !d.json && !json.Valid(body) {
		return brokenJSON()
	}
	if key, ok := form.repeated(); ok && !d.event {
		return sentTwice(printable(key))
	}
	switch {
	case d.event:
		e := v.(*Event)
		if e.Form = *form; isJSON {
			e.JSON = e.Body
		}
		return nil
	case isJSON && d.json:
		if err := checkNames(*form, d.names); err != nil {
			return err
		}
		// A type may keep the bytes that it unmarshals itself from.
		return decodeJSON(bytes.Clone(body), v)
	case d.self:
		return fromApp(v.(FormUnmarshaler).UnmarshalForm(*form))
	}
	return d.tags.decode(v, *form, body, kind)
}

// readsHeader reports whether readHeader does anything for a type.
func readsHeader(t reflect.Type) bool {
	if reflect.PointerTo(t).Implements(reflect.TypeFor[interface{ UnmarshalHeader(http.Header) error }]()) {
		return true
	}
	for i := 0; t.Kind() == reflect.Struct && i < t.NumField(); i++ {
		if f := t.Field(i); f.Anonymous && readsHeader(f.Type) {
			return true
		}
	}
	return false
}

// readHeader lets a payload read the headers of its request, or those that it embeds if
// their methods hide each other.
func readHeader(h http.Header, v any, embeds bool) error {
	if u, ok := v.(interface{ UnmarshalHeader(http.Header) error }); ok {
		return fromApp(u.UnmarshalHeader(h))
	}
	t := reflect.TypeOf(v).Elem()
	for i := 0; embeds && t.Kind() == reflect.Struct && i < t.NumField(); i++ {
		if t.Field(i).Anonymous {
			if err := readHeader(h, embedded(v, []int{i}), true); err != nil {
				return err
			}
		}
	}
	return nil
}

func isObject(body []byte) bool {
	body = bytes.TrimLeft(body, jsonSpace)
	return len(body) > 0 && body[0] == '{'
}

func sentTwice(field string) error {
	return &FieldError{Field: field, Err: fmt.Errorf("%w: sent twice", ErrMalformed)}
}
