package webhook

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/schema"

	"github.com/sautigo/africastalking"
)

// gorilla/schema decodes the types that apps bring. Left to itself it matches
// keys in any letter case, takes the last of repeated keys, accepts negative
// slice indexes, takes "idea" for "id" when that is required, mixes up fields of
// one Go name and loses what it has no converter for. So it only gets the names
// of fields to the letter, once each, with texts that fit, and what is required is
// checked here.

const (
	// maxIndex is the highest index of a slice: as many elements as fields.
	maxIndex = maxFields - 1
	// maxDepth is how deep objects and arrays of JSON may be nested.
	maxDepth = 16
)

var schemaDecoder = sync.OnceValue(func() *schema.Decoder {
	d := schema.NewDecoder()
	d.IgnoreUnknownKeys(true)
	d.ZeroEmpty(true)
	d.MaxSize(maxIndex)
	d.RegisterConverter(json.RawMessage{}, func(s string) reflect.Value { return reflect.ValueOf(json.RawMessage(s)) })
	d.RegisterConverter(map[string]string{}, mapOf[string])
	d.RegisterConverter(map[string]any{}, mapOf[any])
	return d
})

// mapOf converts a JSON object. It returns no value for what is none, and for an object
// that a callback must not hold.
func mapOf[V any](s string) reflect.Value {
	m, list := map[string]V{}, []V{}
	if json.Unmarshal([]byte(s), &list) == nil && len(list) == 0 {
		return reflect.ValueOf(m) // PHP writes an empty object as an empty list
	}
	form, err := formOfJSON([]byte(s), nil)
	_, twice := form.repeated()
	switch texts, ok := any(m).(map[string]string); {
	case err != nil, twice, !json.Valid([]byte(s)):
		return reflect.Value{}
	case ok:
		maps.Insert(texts, form.All())
	default:
		_ = json.Unmarshal([]byte(s), &m)
	}
	return reflect.ValueOf(m)
}

// schemaType is what a struct's schema tags say: the names of its fields on the
// wire and what is below them.
type schemaType struct {
	fields map[string]*schemaField
	names  []string // in the order of the struct
	// taken are the names that another field must not have, by their folded text.
	taken map[string]string
	// embedded are the indexes of embedded payloads that read themselves.
	embedded [][]int
}

// newSchemaType reads the tags of t, which the types above have in a field.
func newSchemaType(t reflect.Type, above []reflect.Type) (*schemaType, error) {
	if slices.Contains(above, t) {
		return nil, fmt.Errorf("%v holds itself: leave the field out with schema:\"-\"", t)
	}
	s := &schemaType{fields: map[string]*schemaField{}, taken: map[string]string{}}
	fields, err := fieldsOf(t, "schema")
	for i := 0; err == nil && i < len(fields); i++ {
		err = s.add(t, fields[i], append(above[:len(above):len(above)], t))
	}
	return s, err
}

type schemaField struct {
	required bool
	// leaf is the type of a value that is one text, of a slice its elements'.
	leaf reflect.Type
	// list is set for slices.
	list bool
	// below is set for nested structs and slices of them, optional if it takes one of
	// its fields to make one.
	below    *schemaType
	optional bool
	id       bool
}

// tryOut finds what gorilla/schema cannot decode before the first callback does.
func tryOut(t reflect.Type, values map[string][]string) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("gorilla/schema cannot decode it: %v", v)
		}
	}()
	for _, fault := range faultsOf(schemaDecoder().Decode(reflect.New(t).Interface(), values)) {
		return fault
	}
	return nil
}

// faultsOf returns the faults that gorilla/schema found, without those about required
// fields, of which it knows too little.
func faultsOf(err error) (faults schema.MultiError) {
	errors.As(err, &faults)
	maps.DeleteFunc(faults, func(_ string, fault error) bool { return errors.As(fault, &schema.EmptyFieldError{}) })
	return faults
}

// add adds a field of t, or of a struct embedded in it.
func (s *schemaType) add(t reflect.Type, f wireField, above []reflect.Type) error {
	switch {
	case f.wire == "-":
		return nil
	case f.payload:
		return s.take(f.wire)
	case f.embeds:
		if readsItself(deref(f.Type)) {
			s.embedded = append(s.embedded, f.Index)
		}
		return s.take(f.Name) // gorilla/schema takes it for the name of a field
	case !f.IsExported() && f.wire != "":
		return fmt.Errorf("field %s has a schema tag and is not exported: export it, or drop the tag", f.Name)
	case f.wire == "":
		return fmt.Errorf("field %s has no name in a schema tag: give it one, as in schema:\"%s\", or leave it out with schema:\"-\"", f.Name, f.Name)
	case strings.Contains(f.wire, "."):
		return fmt.Errorf("field %s has a dot in its name: write a struct with the part behind the dot", f.Name)
	}
	if err := s.take(f.wire); err != nil {
		return err
	}
	if other, ok := t.FieldByName(f.Name); !ok || !slices.Equal(other.Index, f.Index) {
		return fmt.Errorf("field %s is there twice under that name: rename one of them", f.Name)
	}
	field, err := newSchemaField(deref(f.Type), above)
	if err != nil {
		return fmt.Errorf("field %s: %w", f.Name, err)
	}
	s.fields[f.wire] = field
	s.names = append(s.names, f.wire)
	field.id = isID(f.wire)
	field.optional = f.Type.Kind() == reflect.Pointer
	field.required = slices.Contains(strings.Split(f.options, ","), "required")
	_, fallback, ok := strings.Cut(","+f.options, ",default:")
	fallback, _, _ = strings.Cut(fallback, ",")
	values := []string{fallback}
	if field.list {
		values = strings.Split(fallback, "|")
	}
	one := reflect.StructOf([]reflect.StructField{{Name: "V", Type: f.Type, Tag: `schema:"v"`}})
	switch {
	case !ok:
		return nil
	case field.required:
		return fmt.Errorf("field %s is required and has a default: drop one of them", f.Name)
	case field.leaf == nil, field.isJSON(), strings.Contains(fallback, ":"), tryOut(one, map[string][]string{"v": values}) != nil:
		return fmt.Errorf("field %s cannot have that default: set it in the function", f.Name)
	}
	return nil
}

// take claims a name.
func (s *schemaType) take(name string) error {
	if s.taken[fold(name)] != "" {
		return fmt.Errorf("the name %s is there twice, embedded structs included: rename one of them, or make a named field of an embedded struct", name)
	}
	s.taken[fold(name)] = name
	return nil
}

func newSchemaField(t reflect.Type, above []reflect.Type) (*schemaField, error) {
	f := &schemaField{leaf: t}
	if err := checkWhole(t); err != nil {
		return nil, err
	}
	if isLeaf(t) {
		return f, nil
	}
	if t.Kind() == reflect.Slice {
		f.list = true
		pointers := t.Elem().Kind() == reflect.Pointer
		t = deref(t.Elem())
		// Of other elements gorilla/schema makes no list.
		if isLeaf(t) && (t.Kind() == reflect.Struct || !pointers && t.Kind() != reflect.Uint8 && builtIn(t.Kind())) {
			f.leaf = t
			return f, nil
		}
	}
	if t.Kind() != reflect.Struct {
		return nil, fmt.Errorf("%v cannot be read: use text, a number, bool, time.Time, africastalking.Money, a struct or a slice of these, json.RawMessage or map[string]string, or leave it out with schema:\"-\"", f.leaf)
	}
	below, err := newSchemaType(t, above)
	switch {
	case err != nil:
		return nil, err
	case len(below.embedded) > 0:
		return nil, fmt.Errorf("%v embeds a payload: embed it in the outermost struct", t)
	case len(below.fields) == 0:
		return nil, fmt.Errorf("%v has no fields with schema tags", t)
	}
	f.leaf, f.below = nil, below
	return f, nil
}

var (
	timeType            = reflect.TypeFor[time.Time]()
	moneyType           = reflect.TypeFor[africastalking.Money]()
	networkType         = reflect.TypeFor[africastalking.Network]()
	rawType             = reflect.TypeFor[json.RawMessage]()
	textMapType         = reflect.TypeFor[map[string]string]()
	anyMapType          = reflect.TypeFor[map[string]any]()
	durationType        = reflect.TypeFor[time.Duration]()
	textUnmarshalerType = reflect.TypeFor[interface{ UnmarshalText([]byte) error }]()
)

func isLeaf(t reflect.Type) bool {
	if t == rawType || t == textMapType || t == anyMapType {
		return true
	}
	kind, text := t.Kind(), reflect.PointerTo(t).Implements(textUnmarshalerType)
	if text && (kind == reflect.Slice || kind == reflect.Array) {
		kind = t.Elem().Kind()
	}
	// Numbers come in units that their names tell.
	return kind == reflect.Struct && text || builtIn(kind) && t != durationType
}

func builtIn(kind reflect.Kind) bool {
	return reflect.Bool <= kind && kind <= reflect.Float64 && kind != reflect.Uintptr || kind == reflect.String
}

func deref(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}

// isJSON reports whether the field takes an object or an array as it was written.
func (f *schemaField) isJSON() bool {
	return f.leaf == rawType || f.leaf == textMapType || f.leaf == anyMapType
}

// isFree reports whether the field is free text, which may be empty or "None".
func (f *schemaField) isFree() bool {
	return f.leaf.Kind() == reflect.String && f.leaf != networkType && !f.id && !reflect.PointerTo(f.leaf).Implements(textUnmarshalerType)
}

// misfit is the error for a value of another shape than the field's.
func (f *schemaField) misfit() error {
	if f.below != nil {
		return fmt.Errorf("%w: not an object", ErrMalformed)
	}
	return notOfType(f.leaf)
}

func notOfType(t reflect.Type) error { return fmt.Errorf("%w: not of type %v", ErrMalformed, t) }

// fit returns the text of one value as gorilla/schema is to read it, "" for one
// that is absent.
func (f *schemaField) fit(text string) (string, error) {
	switch {
	case f.isFree():
	case absent(text), f.id && text == "0":
		return "", nil
	case f.leaf == timeType:
		t, err := africastalking.ParseTime(text)
		if err != nil {
			return "", nil
		}
		return t.Format(time.RFC3339Nano), nil
	case f.leaf == moneyType:
		if _, err := africastalking.ParseMoney(text); err != nil {
			return "", nil
		}
	case f.leaf.Kind() == reflect.Float32, f.leaf.Kind() == reflect.Float64:
		if strings.Trim(text, "0123456789.,+-eE") != "" {
			return "", f.misfit()
		}
	}
	return text, nil
}

// place is where a key leads to.
type place struct {
	field *schemaField // nil if no field is meant
	name  string       // the field's, with those above it
	below string       // the rest of the key: an element's index, a map's key
	part  bool         // there is a rest
}

// find returns the place that a key such as "sender", "items.0.name" or "tags.0"
// names. It fails if the key is one in another letter case, or goes on below a field
// that has nothing below.
func (s *schemaType) find(key string) (place, error) {
	known := make([]string, 0, 4) // the key as it should have been sent
	refuse := func(err error) (place, error) {
		return place{}, &FieldError{Field: strings.Join(known, "."), Err: err}
	}
	for above, rest, more := (*schemaField)(nil), key, true; ; {
		var part string
		part, rest, more = strings.Cut(rest, ".")
		name := part
		if s.fields[name] == nil {
			name = s.taken[fold(part)]
		}
		f := s.fields[name]
		switch {
		case f == nil && above != nil && isIndex(part):
			return refuse(above.misfit())
		case f == nil:
			return place{}, nil
		}
		known = append(known, name)
		p := place{field: f, below: rest, part: more}
		if f.list && more {
			if p.below, rest, more = strings.Cut(rest, "."); !isIndex(p.below) {
				return refuse(fmt.Errorf("%w: index is not one from 0 to %d", ErrMalformed, maxIndex))
			}
			if f.below != nil {
				known = append(known, p.below)
			}
		}
		switch p.name = strings.Join(known, "."); {
		case more && f.below != nil:
			above, s = f, f.below
		case more && !f.isJSON():
			return refuse(f.misfit())
		case !strings.HasPrefix(key, p.name):
			return refuse(fmt.Errorf("%w: sent in another letter case", ErrMalformed))
		default:
			return p, nil
		}
	}
}

func isIndex(s string) bool {
	n, err := strconv.Atoi(s)
	return err == nil && n >= 0 && n <= maxIndex && strconv.Itoa(n) == s
}

// reading collects what a callback holds for the fields of a type.
type reading struct {
	schema *schemaType
	keys   map[string]bool     // all that were sent
	names  []string            // of the fields that were sent, in their order
	parts  map[string]bool     // the same, true for one that comes in parts
	values map[string][]string // by name, as gorilla/schema wants them
	// objects are the values that come in parts for fields that take JSON.
	objects map[string]map[string]string
}

// members reads what is in a JSON value, and returns how much that is. Before is the
// value's key with a dot.
func (r *reading) members(before string, value []byte, depth int) (n int, err error) {
	for items := itemsOf(value); ; n++ {
		item, ok := items.next()
		if !ok {
			return n, nil
		}
		if depth == maxDepth {
			field, _, _ := strings.Cut(before, ".")
			return n, &FieldError{Field: printable(field), Err: fmt.Errorf("%w: nested more than %d deep", ErrMalformed, maxDepth)}
		}
		var key strings.Builder
		key.WriteString(before)
		if value[0] == '[' {
			key.WriteString(strconv.Itoa(n))
		} else if err := writeKey(&key, item); err != nil {
			return n, err
		} else {
			item, _ = items.next()
		}
		if err := r.read(key.String(), textOfJSON(item), item, depth+1); err != nil {
			return n, err
		}
	}
}

// read reads one value, of which json is nil in a form.
func (r *reading) read(key, text string, json []byte, depth int) error {
	p, err := r.schema.find(key)
	if err != nil {
		return err
	}
	f, nested := p.field, json != nil && isNested(json)
	takesJSON := f != nil && f.isJSON()
	if nested && (!takesJSON || p.part) {
		if n, err := r.members(key+".", json, depth); n > 0 || err != nil {
			return err
		}
	}
	// A field comes whole or in parts.
	parts, sent := r.parts[p.name]
	switch {
	case len(r.keys) == maxFields && !r.keys[key]:
		return tooManyFields()
	case r.keys[key], sent && parts != p.part:
		return sentTwice(cmp.Or(p.name, printable(key)))
	}
	r.keys[key] = true
	if f == nil {
		return nil
	}
	r.names, r.parts[p.name] = append(r.names, p.name), p.part
	switch {
	case takesJSON && p.part:
		if r.objects[p.name] == nil {
			r.objects[p.name] = map[string]string{}
		}
		r.objects[p.name][p.below] = text
	case string(json) == "null" && !p.part, absent(text) && (takesJSON || f.below != nil):
		// It is absent.
	case takesJSON:
		r.values[p.name] = []string{f.asJSON(text, json)}
	case nested && (f.list && !p.part || f.below != nil):
		// It holds nothing.
	case nested, f.below != nil:
		err = f.misfit()
	default:
		if text, err = f.fit(text); text != "" || f.isFree() {
			r.set(p, text)
		}
	}
	if err != nil {
		return &FieldError{Field: p.name, Err: err}
	}
	return nil
}

// set notes the text of a leaf, or of an element of a list.
func (r *reading) set(p place, text string) {
	if p.field.list && p.field.leaf.Kind() == reflect.Struct {
		r.values[p.name+"."+cmp.Or(p.below, "0")] = []string{text}
		return
	}
	n, _ := strconv.Atoi(p.below)
	list := r.values[p.name]
	for len(list) <= n {
		list = append(list, "")
	}
	list[n], r.values[p.name] = text, list
}

// decode fills v, a pointer to a struct that holds nothing yet.
func (s *schemaType) decode(v any, form Form, body []byte, kind mediaType) (err error) {
	for _, index := range s.embedded {
		if err := fromApp(embedded(v, index).(FormUnmarshaler).UnmarshalForm(form)); err != nil {
			return err
		}
	}
	r := reading{s, map[string]bool{}, nil, map[string]bool{}, map[string][]string{}, map[string]map[string]string{}}
	if kind == jsonMedia {
		_, err = r.members("", bytes.TrimLeft(body, jsonSpace), 0)
	} else {
		for key, text := range form.All() {
			err = cmp.Or(err, r.read(key, text, nil, 0))
		}
	}
	if err != nil {
		return err
	}
	for name, object := range r.objects {
		text, _ := json.Marshal(object) // of strings
		r.values[name] = []string{string(text)}
	}
	faults := faultsOf(schemaDecoder().Decode(v, r.values))
	if len(faults) == 0 {
		return nil
	}
	// gorilla/schema goes through a map, so its first fault is a random one, and its texts
	// quote values.
	for _, name := range r.names {
		for path, fault := range faults {
			var wrong schema.ConversionError
			if strings.HasPrefix(path+".", name+".") && errors.As(fault, &wrong) {
				return &FieldError{Field: name, Err: notOfType(wrong.Type)}
			}
		}
	}
	return fmt.Errorf("webhook: %w: does not fit", ErrMalformed)
}

// asJSON returns a value for a field that takes JSON: a text of a form as a string,
// unless it is JSON. A map takes a text that is an object.
func (f *schemaField) asJSON(text string, value []byte) string {
	switch {
	case f.leaf != rawType, value == nil && json.Valid([]byte(text)):
		return text
	case value == nil:
		value, _ = json.Marshal(text)
	}
	return string(value)
}
