package webhook

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/schema"

	"github.com/sautigo/africastalking"
)

// gorilla/schema decodes the types that apps bring. Left to itself it matches
// keys in any letter case, takes the last of repeated keys, accepts negative
// slice indexes and takes "idea" for "id" when that is required. So it is only
// shown the keys that match a field to the letter, once each, and what is
// required is checked here.

// maxIndex is the highest index of a slice: as many elements as fields.
const maxIndex = maxFields - 1

var schemaDecoder = sync.OnceValue(func() *schema.Decoder {
	d := schema.NewDecoder()
	d.IgnoreUnknownKeys(true)
	d.ZeroEmpty(true)
	d.MaxSize(maxIndex)
	d.RegisterConverter(time.Time{}, func(s string) reflect.Value {
		t, err := africastalking.ParseTime(s)
		return reflect.ValueOf(orZero(t, err))
	})
	d.RegisterConverter(africastalking.Money{}, func(s string) reflect.Value {
		m, err := africastalking.ParseMoney(s)
		return reflect.ValueOf(orZero(m, err))
	})
	d.RegisterConverter(africastalking.Network(""), func(s string) reflect.Value {
		if absent(s) {
			s = ""
		}
		return reflect.ValueOf(africastalking.Network(s))
	})
	return d
})

func orZero[T any](v T, err error) T {
	if err != nil {
		var zero T
		return zero
	}
	return v
}

// schemaType is what a struct's schema tags say: the names of its fields on the
// wire and what is below them.
type schemaType struct {
	fields map[string]*schemaField
	names  []string // in the order of the struct
}

type schemaField struct {
	required bool
	// plain is set for the kinds in which "None" can only mean absent.
	plain bool
	slice bool
	// below is set for nested structs and slices of them.
	below *schemaType
}

var schemaTypes sync.Map // reflect.Type → *schemaType

// schemaOf returns nil for a type that has no schema tags, which only JSON fits.
// It panics for a type whose tags cannot be decoded without surprises.
func schemaOf(t reflect.Type) *schemaType {
	if s, ok := schemaTypes.Load(t); ok {
		return s.(*schemaType)
	}
	var s *schemaType
	if t.Kind() == reflect.Struct && tagged(t) {
		s = &schemaType{fields: map[string]*schemaField{}}
		err := s.add(t, nil)
		if err == nil {
			err = tryOut(t)
		}
		if err != nil {
			panic(fmt.Sprintf("webhook: %v cannot be decoded from a form: %v", t, err))
		}
	}
	stored, _ := schemaTypes.LoadOrStore(t, s)
	return stored.(*schemaType)
}

// tryOut finds the types that make gorilla/schema panic, such as those that embed
// a pointer to an unexported struct, before the first callback does.
func tryOut(t reflect.Type) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("%v", v)
		}
	}()
	// An error says that required fields are missing, and so they are.
	_ = schemaDecoder().Decode(reflect.New(t).Interface(), nil)
	return nil
}

func tagged(t reflect.Type) bool {
	for i := range t.NumField() {
		f := t.Field(i)
		if _, ok := f.Tag.Lookup("schema"); ok {
			return true
		}
		if e := deref(f.Type); f.Anonymous && e.Kind() == reflect.Struct && e != t && tagged(e) {
			return true
		}
	}
	return false
}

func (s *schemaType) add(t reflect.Type, above []reflect.Type) error {
	for _, a := range above {
		if a == t {
			return fmt.Errorf("%v holds itself", t)
		}
	}
	above = append(above, t)
	for i := range t.NumField() {
		f := t.Field(i)
		tag, ok := f.Tag.Lookup("schema")
		name, opts, _ := strings.Cut(tag, ",")
		ft := deref(f.Type)
		switch {
		case name == "-" || !f.IsExported() && !f.Anonymous:
			continue
		case f.Anonymous && !ok && ft.Kind() == reflect.Struct:
			if err := s.add(ft, above); err != nil {
				return err
			}
			continue
		case name == "":
			return fmt.Errorf("field %s has no name in a schema tag (\"-\" leaves it out)", f.Name)
		case strings.Contains(name, "."):
			return fmt.Errorf("field %s has a dot in its name", f.Name)
		}
		for other := range s.fields {
			if strings.EqualFold(other, name) {
				return fmt.Errorf("field %s shares its name with another", f.Name)
			}
		}
		field, err := newSchemaField(ft, above)
		if err != nil {
			return fmt.Errorf("field %s: %w", f.Name, err)
		}
		field.required = strings.Contains(","+opts+",", ",required,")
		s.fields[name] = field
		s.names = append(s.names, name)
	}
	return nil
}

func newSchemaField(t reflect.Type, above []reflect.Type) (*schemaField, error) {
	f := &schemaField{}
	if isLeaf(t) {
		f.plain = t.Kind() != reflect.String
		return f, nil
	}
	if t.Kind() == reflect.Slice {
		t = deref(t.Elem())
		if isLeaf(t) {
			return f, nil
		}
		f.slice = true
	}
	if t.Kind() != reflect.Struct {
		return nil, fmt.Errorf("%v has no textual form", t)
	}
	f.below = &schemaType{fields: map[string]*schemaField{}}
	return f, f.below.add(t, above)
}

var (
	timeType            = reflect.TypeFor[time.Time]()
	moneyType           = reflect.TypeFor[africastalking.Money]()
	textUnmarshalerType = reflect.TypeFor[interface{ UnmarshalText([]byte) error }]()
)

func isLeaf(t reflect.Type) bool {
	switch {
	case t == timeType, t == moneyType, reflect.PointerTo(t).Implements(textUnmarshalerType):
		return true
	}
	switch t.Kind() {
	case reflect.Bool, reflect.String, reflect.Float32, reflect.Float64,
		reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return true
	}
	return false
}

func deref(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}

// find returns the field that a key such as "sender" or "items.0.name" names,
// nil if there is none. It fails if the key is one in another letter case.
func (s *schemaType) find(key string) (*schemaField, error) {
	var (
		field *schemaField
		known []string // the key as it should have been sent
	)
	for rest, more := key, true; more; {
		if s == nil {
			return nil, nil
		}
		var name string
		name, rest, more = strings.Cut(rest, ".")
		if field = s.fields[name]; field == nil {
			if name, field = s.fold(name); field == nil {
				return nil, nil
			}
		}
		known = append(known, name)
		if field.slice {
			if !more {
				return nil, nil
			}
			name, rest, more = strings.Cut(rest, ".")
			if n, err := strconv.Atoi(name); err != nil || n < 0 || n > maxIndex || strconv.Itoa(n) != name {
				return nil, &FieldError{
					Field: strings.Join(known, "."),
					Err:   fmt.Errorf("%w: index is not one from 0 to %d", ErrMalformed, maxIndex),
				}
			}
			known = append(known, name)
		}
		s = field.below
	}
	if field.below != nil {
		return nil, nil
	}
	if want := strings.Join(known, "."); want != key {
		return nil, &FieldError{Field: want, Err: fmt.Errorf("%w: sent in another letter case", ErrMalformed)}
	}
	return field, nil
}

func (s *schemaType) fold(name string) (string, *schemaField) {
	for _, other := range s.names {
		if strings.EqualFold(other, name) {
			return other, s.fields[other]
		}
	}
	return "", nil
}

// decode fills v, a pointer to a struct that holds nothing yet.
func (s *schemaType) decode(v any, form Form) error {
	values := make(map[string][]string, form.Len())
	for key, value := range form.All() {
		field, err := s.find(key)
		if err != nil {
			return err
		}
		if field == nil {
			continue
		}
		if value == "None" && field.plain {
			value = ""
		}
		values[key] = []string{value}
	}
	if err := s.checkRequired("", form); err != nil {
		return err
	}
	err := schemaDecoder().Decode(v, values)
	var faults schema.MultiError
	if err == nil {
		return nil
	}
	if !errors.As(err, &faults) {
		return fmt.Errorf("webhook: %w: does not fit", ErrMalformed)
	}
	// gorilla/schema goes through a map, so its first fault is a random one.
	// Its texts quote values.
	for key := range form.All() {
		var fault schema.ConversionError
		if errors.As(faults[key], &fault) {
			return &FieldError{Field: printable(key), Err: fmt.Errorf("%w: not of type %v", ErrMalformed, fault.Type)}
		}
	}
	return fmt.Errorf("webhook: %w: does not fit", ErrMalformed)
}

// checkRequired looks for the fields whose tag says required. Those inside a
// slice's elements are left to WithRequired, which can name one element.
func (s *schemaType) checkRequired(prefix string, form Form) error {
	for _, name := range s.names {
		field := s.fields[name]
		if field.required && field.below == nil && absent(form.Get(prefix+name)) {
			return &FieldError{Field: prefix + name, Err: ErrMissing}
		}
		if field.below != nil && !field.slice {
			if err := field.below.checkRequired(prefix+name+".", form); err != nil {
				return err
			}
		}
	}
	return nil
}
