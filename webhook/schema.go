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

// mapOf converts a JSON object, and to an empty map what is none. It returns no value
// for an object that a callback must not hold.
func mapOf[V any](s string) reflect.Value {
	m := map[string]V{}
	if isObject([]byte(s)) {
		form, err := formOfJSON([]byte(s), nil)
		if texts, ok := any(m).(map[string]string); ok {
			maps.Insert(texts, form.All())
		} else if err == nil {
			err = json.Unmarshal([]byte(s), &m)
		}
		if _, twice := form.repeated(); twice || err != nil {
			return reflect.Value{}
		}
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

func newSchemaType() *schemaType {
	return &schemaType{fields: map[string]*schemaField{}, taken: map[string]string{}}
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

func schemaOf(t reflect.Type) (*schemaType, error) {
	s := newSchemaType()
	if err := s.add(t, t, nil, nil); err != nil {
		return nil, err
	}
	return s, tryOut(t, nil)
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

// add adds the fields of t, which is root or embedded in it at index.
func (s *schemaType) add(root, t reflect.Type, index []int, above []reflect.Type) error {
	if slices.Contains(above, t) {
		return fmt.Errorf("%v holds itself: leave the field out with schema:\"-\"", t)
	}
	above = append(above[:len(above):len(above)], t)
	for i := range t.NumField() {
		f := t.Field(i)
		f.Index = append(index[:len(index):len(index)], i)
		tag, tagged := f.Tag.Lookup("schema")
		name, options, _ := strings.Cut(tag, ",")
		e := deref(f.Type)
		var err error
		switch {
		case name == "-" || !f.IsExported() && !f.Anonymous:
			// It is left out.
		case f.Anonymous && !f.IsExported() && f.Type.Kind() == reflect.Pointer:
			err = fmt.Errorf("embeds a pointer to %v, which is not exported: embed %v itself", e, e)
		case f.Anonymous && !tagged && (e.Kind() == reflect.Struct || readsItself(e)):
			err = s.embed(root, f, above)
		case name == "":
			err = fmt.Errorf("field %s has no name in a schema tag: give it one, as in schema:\"%s\", or leave it out with schema:\"-\"", f.Name, f.Name)
		case strings.Contains(name, "."):
			err = fmt.Errorf("field %s has a dot in its name: write a struct with the part behind the dot", f.Name)
		default:
			err = s.addField(root, f, name, options, above)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// embed adds an embedded struct: its fields, or the whole of it if it reads itself.
func (s *schemaType) embed(root reflect.Type, f reflect.StructField, above []reflect.Type) error {
	err := s.take(f.Name) // gorilla/schema takes it for the name of a field
	e := deref(f.Type)
	if !readsItself(e) {
		return cmp.Or(err, s.add(root, e, f.Index, above))
	}
	s.embedded = append(s.embedded, f.Index)
	if e.Kind() != reflect.Struct {
		return err
	}
	names, _ := fieldsOf(e, "schema")
	delete(names, "-")
	for name := range names {
		err = cmp.Or(err, s.take(name))
	}
	return err
}

// addField adds a field that has a name on the wire.
func (s *schemaType) addField(root reflect.Type, f reflect.StructField, name, options string, above []reflect.Type) error {
	if err := s.take(name); err != nil {
		return err
	}
	if other, ok := root.FieldByName(f.Name); !ok || !slices.Equal(other.Index, f.Index) {
		return fmt.Errorf("field %s is there twice under that name: rename one of them", f.Name)
	}
	field, err := newSchemaField(deref(f.Type), above)
	if err != nil {
		return fmt.Errorf("field %s: %w", f.Name, err)
	}
	s.fields[name] = field
	s.names = append(s.names, name)
	field.id = isID(name)
	field.optional = f.Type.Kind() == reflect.Pointer
	field.required = slices.Contains(strings.Split(options, ","), "required")
	_, fallback, ok := strings.Cut(","+options, ",default:")
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
	f.leaf, f.below = nil, newSchemaType()
	if err := f.below.add(t, t, nil, above); err != nil {
		return nil, err
	}
	if len(f.below.embedded) > 0 {
		return nil, fmt.Errorf("%v embeds a payload: embed it in the outermost struct", t)
	}
	if len(f.below.fields) == 0 {
		return nil, fmt.Errorf("%v has no fields with schema tags", t)
	}
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
			return "", fmt.Errorf("%w: not of type %v", ErrMalformed, f.leaf)
		}
	}
	return text, nil
}

// place is where a key leads to.
type place struct {
	field *schemaField // nil if no field is meant
	name  string       // the field's, with those above it
	below string       // the rest of the key: an element's index, a map's key
	more  bool         // there is a rest
}

// find returns the place that a key such as "sender", "items.0.name" or "tags.0"
// names. It fails if the key is one in another letter case.
func (s *schemaType) find(key string) (place, error) {
	var p place
	known := make([]string, 0, 4) // the key as it should have been sent
	for rest, more := key, true; more; {
		var name string
		name, rest, more = strings.Cut(rest, ".")
		if p.field = s.fields[name]; p.field == nil {
			name = s.taken[fold(name)]
			if p.field = s.fields[name]; p.field == nil {
				return place{}, nil
			}
		}
		known = append(known, name)
		p.below, p.more = rest, more
		if p.field.list && more {
			if name, rest, more = strings.Cut(rest, "."); !isIndex(name) {
				return place{}, &FieldError{
					Field: strings.Join(known, "."),
					Err:   fmt.Errorf("%w: index is not one from 0 to %d", ErrMalformed, maxIndex),
				}
			}
			if p.field.below != nil {
				known = append(known, name)
			}
		}
		if p.field.below == nil {
			if p.field.list && more || !p.field.list && p.more && !p.field.isJSON() {
				return place{}, nil
			}
			break
		}
		if !more {
			return place{}, nil
		}
		s = p.field.below
	}
	p.name = strings.Join(known, ".")
	if !strings.HasPrefix(key, p.name) {
		return place{}, &FieldError{Field: p.name, Err: fmt.Errorf("%w: sent in another letter case", ErrMalformed)}
	}
	return p, nil
}

func isIndex(s string) bool {
	n, err := strconv.Atoi(s)
	return err == nil && n >= 0 && n <= maxIndex && strconv.Itoa(n) == s
}

// wireField is a field of a form, or of JSON, in which names of nested objects
// are joined with dots.
type wireField struct {
	key  string
	name string // of the field that the key leads to
	text string
	json []byte // as it was written, nil in a form
}

// flatten appends the fields in a JSON value. Those that a field of the type takes as
// they were written are left together.
func (s *schemaType) flatten(fields []wireField, key string, value []byte, depth int) ([]wireField, error) {
	nested := isNested(value)
	if nested && depth > 0 {
		p, err := s.find(key)
		if err != nil {
			return nil, err
		}
		nested = p.field == nil || !p.field.isJSON()
	}
	items := itemsOf(value)
	for i := 0; nested; i++ {
		item, ok := items.next()
		switch {
		case !ok && (i > 0 || depth == 0):
			return fields, nil
		case !ok:
			nested = false
			continue
		case depth == maxDepth:
			key, _, _ = strings.Cut(key, ".")
			return nil, &FieldError{Field: printable(key), Err: fmt.Errorf("%w: nested more than %d deep", ErrMalformed, maxDepth)}
		}
		var name strings.Builder
		if depth > 0 {
			name.WriteString(key + ".")
		}
		if value[0] == '[' {
			name.WriteString(strconv.Itoa(i))
		} else if err := writeKey(&name, item); err != nil {
			return nil, err
		} else {
			item, _ = items.next()
		}
		var err error
		if fields, err = s.flatten(fields, name.String(), item, depth+1); err != nil {
			return nil, err
		}
	}
	if len(fields) == maxFields {
		return nil, tooManyFields()
	}
	return append(fields, wireField{key: key, text: textOfJSON(value), json: value}), nil
}

// decode fills v, a pointer to a struct that holds nothing yet.
func (s *schemaType) decode(v any, form Form, body []byte, kind mediaType) error {
	for _, index := range s.embedded {
		if err := fromApp(embedded(v, index).(FormUnmarshaler).UnmarshalForm(form)); err != nil {
			return err
		}
	}
	fields := make([]wireField, 0, form.Len())
	if kind == jsonMedia {
		var err error
		if fields, err = s.flatten(fields, "", bytes.TrimLeft(body, jsonSpace), 0); err != nil {
			return err
		}
	} else {
		for key, text := range form.All() {
			fields = append(fields, wireField{key: key, text: text})
		}
	}
	values, err := s.collect(fields)
	if err != nil {
		return err
	}
	faults := faultsOf(schemaDecoder().Decode(v, values))
	if len(faults) == 0 {
		return nil
	}
	// gorilla/schema goes through a map, so its first fault is a random one, and its texts
	// quote values.
	for _, f := range fields {
		for name, fault := range faults {
			var wrong schema.ConversionError
			if strings.HasPrefix(name+".", f.name+".") && errors.As(fault, &wrong) {
				return &FieldError{Field: f.name, Err: fmt.Errorf("%w: not of type %v", ErrMalformed, wrong.Type)}
			}
		}
	}
	return fmt.Errorf("webhook: %w: does not fit", ErrMalformed)
}

// collect returns the values of each field that the type has, and names the fields.
func (s *schemaType) collect(fields []wireField) (map[string][]string, error) {
	values := make(map[string][]string, len(fields))
	objects := map[string]map[string]string{}
	keys := make(map[string]bool, len(fields))
	places := make(map[string]place, len(fields))
	for i := range fields {
		f := &fields[i]
		p, err := s.find(f.key)
		if err != nil {
			return nil, err
		}
		// A field comes whole or in parts.
		before, sent := places[p.name]
		if keys[f.key] || sent && before.more != p.more {
			return nil, sentTwice(cmp.Or(p.name, printable(f.key)))
		}
		keys[f.key] = true
		if p.field == nil {
			continue
		}
		f.name, places[p.name] = p.name, p
		switch {
		case p.field.isJSON() && p.more:
			if objects[p.name] == nil {
				objects[p.name] = map[string]string{}
			}
			objects[p.name][p.below] = f.text
		case p.field.isJSON():
			if !absent(f.text) {
				values[p.name] = []string{asJSON(*f)}
			}
		case f.json != nil && isNested(f.json), string(f.json) == "null" && !p.more:
			// It has no text.
		default:
			text, err := p.field.fit(f.text)
			if err != nil {
				return nil, &FieldError{Field: p.name, Err: err}
			}
			n, _ := strconv.Atoi(p.below)
			list := values[p.name]
			for len(list) <= n {
				list = append(list, "")
			}
			list[n], values[p.name] = text, list
		}
	}
	for name, object := range objects {
		text, _ := json.Marshal(object) // of strings
		values[name] = []string{string(text)}
	}
	for name, p := range places {
		p.field.settle(values, name)
	}
	return values, nil
}

// settle gives the texts of a field, if they are not JSON, the form that gorilla/schema
// reads.
func (f *schemaField) settle(values map[string][]string, name string) {
	list := values[name]
	switch {
	case f.isJSON():
	case !f.isFree() && strings.Join(list, "") == "":
		delete(values, name)
	case f.list && f.leaf.Kind() == reflect.Struct:
		// An element that is a struct has an index.
		delete(values, name)
		for i, text := range list {
			if text != "" {
				values[name+"."+strconv.Itoa(i)] = []string{text}
			}
		}
	}
}

// asJSON returns a value as JSON: a text of a form as a string, unless it is JSON.
func asJSON(f wireField) string {
	if f.json != nil {
		return string(f.json)
	}
	if json.Valid([]byte(f.text)) {
		return f.text
	}
	quoted, _ := json.Marshal(f.text)
	return string(quoted)
}
