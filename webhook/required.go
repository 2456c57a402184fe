package webhook

import (
	"encoding/json"
	"fmt"
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
	sent := form.at(name)
	text, nested := "", false
	switch sent := sent.(type) {
	case nil:
		return false
	case map[string]any, []any:
		nested = true
	default:
		if text = fmt.Sprint(sent); absent(text) || text == "0" && isID(name) {
			return false
		}
	}
	if field, known := d.find(reflect.ValueOf(v).Elem(), name); known {
		return holds(field, text)
	}
	// Nobody but the app reads a nested value that is not in a field.
	return !nested || (d.event || d.json) && holds(reflect.ValueOf(sent), "0")
}

// find returns the field of v, or the element of a list, that a name on the wire means.
func (d *decoder) find(v reflect.Value, name string) (field reflect.Value, known bool) {
	fields := d.fields
	for part := range strings.SplitSeq(name, ".") {
		if v.Kind() == reflect.Pointer {
			v = v.Elem()
		}
		if fields == nil && v.Kind() == reflect.Struct {
			fields, _ = fieldsOf(v.Type(), d.tag)
		}
		f, ok := fields[part]
		n, err := strconv.Atoi(part)
		switch {
		case v.Kind() == reflect.Struct && ok:
			v, _ = v.FieldByIndexErr(f.index)
		case v.Kind() == reflect.Slice && v.Type() != rawType && err == nil && 0 <= n && n < v.Len():
			v = v.Index(n)
		default:
			return v, false
		}
		fields = nil
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
		return holds(v.Elem(), text)
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
			return json.Unmarshal(v.Bytes(), &value) == nil && holds(reflect.ValueOf(value), inside)
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
	_, notNumber := strconv.ParseFloat(text, 64)
	_, notBool := strconv.ParseBool(text)
	return !v.IsZero() || notNumber == nil || notBool == nil
}

// at returns what was sent under a name, also for a member of a nested object or an
// element of a list: a text, or what encoding/json makes of the JSON.
func (f *Form) at(name string) (sent any) {
	for i := range f.ends {
		key, text := f.field(i)
		rest, below := strings.CutPrefix(name+".", key+".")
		switch nested := f.nested&(1<<i) != 0; {
		case below && nested:
			var value any
			_ = json.Unmarshal([]byte(text), &value)
			for part := range strings.SplitSeq(rest, ".") {
				if part != "" {
					value = inside(value, part)
				}
			}
			if value != nil {
				return value
			}
		case key == name:
			return text
		case strings.HasPrefix(key, name+"."):
			sent = map[string]any{}
		}
	}
	return sent
}

// inside returns a member of an object or an element of a list.
func inside(value any, name string) any {
	switch value := value.(type) {
	case map[string]any:
		return value[name]
	case []any:
		if n, err := strconv.Atoi(name); err == nil && 0 <= n && n < len(value) {
			return value[n]
		}
	}
	return nil
}
