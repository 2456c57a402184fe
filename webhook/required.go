package webhook

import (
	"encoding/json"
	"reflect"
	"strconv"
	"strings"

	"github.com/sautigo/africastalking"
)

// checkTags looks for the fields whose schema tag says required, below prefix. Those
// inside a slice's elements are left to WithRequired, which can name one element.
func (d *decoder) checkTags(s *schemaType, prefix string, v any, form Form) error {
	for _, name := range s.names {
		field, name := s.fields[name], prefix+name
		if field.required && !d.has(v, form, name) {
			return &FieldError{Field: name, Err: ErrMissing}
		}
		if field.below != nil && !field.list && (!field.optional || d.has(v, form, name)) {
			if err := d.checkTags(field.below, name+".", v, form); err != nil {
				return err
			}
		}
	}
	return nil
}

// has reports whether the function will see a value of the field in v. The name of a
// field in a nested object has those above it before it, as in sender.name.
func (d *decoder) has(v any, form Form, name string) bool {
	text, nested, sent := form.at(name)
	if !sent || !nested && (absent(text) || text == "0" && isID(name)) {
		return false
	}
	field, known := d.find(reflect.ValueOf(v).Elem(), name)
	switch {
	case known:
		return holds(field, text)
	case nested: // Nobody but the app reads it.
		return (d.event || d.json) && holds(reflect.ValueOf(json.RawMessage(text)), "")
	}
	return true
}

// find returns the field of v that a name on the wire means, which may be none of an
// object or a list that has it not.
func (d *decoder) find(v reflect.Value, name string) (field reflect.Value, known bool) {
	parts := strings.Split(name, ".")
	if _, ok := d.fields[name]; ok {
		parts = []string{name}
	}
	for i, part := range parts {
		for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
			v = v.Elem()
		}
		fields := d.fields
		if i > 0 && v.Kind() == reflect.Struct {
			fields = tagsOf(v.Type(), d.tag)
		}
		switch index, ok := fields[part]; {
		case v.Kind() == reflect.Struct && ok:
			v, _ = v.FieldByIndexErr(index)
		case v.Kind() == reflect.Map && v.Type().Key().Kind() == reflect.String:
			v = v.MapIndex(reflect.ValueOf(part).Convert(v.Type().Key()))
		case v.Kind() == reflect.Slice && v.Type() != rawType && isIndex(part):
			if n, _ := strconv.Atoi(part); n < v.Len() {
				v = v.Index(n)
			} else {
				v = reflect.Value{}
			}
		default:
			return reflect.Value{}, false
		}
	}
	return v, true
}

// holds reports whether v is more than what stands for an absent value. Text is what
// was sent for it: a zero that was not sent is none.
func holds(v reflect.Value, text string) bool {
	const inside = "0" // of a list or a map, where each element was sent
	switch v.Kind() {
	case reflect.Invalid:
		return false
	case reflect.Pointer, reflect.Interface:
		return !v.IsNil() && holds(v.Elem(), text)
	case reflect.String:
		return !absent(v.String())
	case reflect.Map:
		for _, element := range v.Seq2() {
			if holds(element, inside) {
				return true
			}
		}
		return false
	case reflect.Slice, reflect.Array:
		if v.Type() == rawType {
			var value any
			return json.Unmarshal(v.Bytes(), &value) == nil && holds(reflect.ValueOf(&value), inside)
		}
		for i := range v.Len() {
			if holds(v.Index(i), inside) {
				return true
			}
		}
		return false
	case reflect.Struct:
		if v.Type() == moneyType && v.IsZero() {
			_, err := africastalking.ParseMoney(text)
			return err == nil
		}
		return holdsFields(v)
	}
	if !v.IsZero() {
		return true
	}
	_, err := strconv.ParseFloat(text, 64)
	if err != nil {
		_, err = strconv.ParseBool(text)
	}
	return err == nil
}

func holdsFields(v reflect.Value) bool {
	if reflect.PointerTo(v.Type()).Implements(textUnmarshalerType) {
		return !v.IsZero()
	}
	for i := range v.NumField() {
		if holds(v.Field(i), "") {
			return true
		}
	}
	return false
}

// at returns the text that was sent under a name, also for a member of a nested object
// or an element of an array, and whether it is itself nested.
func (f *Form) at(name string) (text string, nested, sent bool) {
	for i := range f.ends {
		key, value := f.field(i)
		isNested := f.nested&(1<<i) != 0
		rest, below := strings.CutPrefix(name, key+".")
		switch {
		case key == name:
			return value, isNested, true
		case strings.HasPrefix(key, name+"."):
			nested, sent = true, true
		case below && isNested:
			if value, ok := member([]byte(value), rest); ok {
				return textOfJSON(value), value[0] == '{' || value[0] == '[', true
			}
		}
	}
	return "", nested, sent
}

// member returns what an object or an array of JSON has under a name.
func member(value []byte, name string) ([]byte, bool) {
	part, rest, more := strings.Cut(name, ".")
	array := value[0] == '['
	for i, items := 0, itemsOf(value); ; i++ {
		item, ok := items.next()
		if !ok {
			return nil, false
		}
		key := strconv.Itoa(i)
		if !array {
			key = textOfJSON(item)
			if item, ok = items.next(); !ok {
				return nil, false
			}
		}
		switch {
		case key != part:
		case !more:
			return item, true
		case isNested(item):
			return member(item, rest)
		default:
			return nil, false
		}
	}
}
