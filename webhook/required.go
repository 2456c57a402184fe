package webhook

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/sautigo/africastalking"
)

// checkTags looks for the fields whose schema tag says required, below prefix. Those
// inside a slice's elements are left to WithRequired, which can name one element.
func (d *decoder) checkTags(s *schemaType, prefix string, v any, form *Form) error {
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
func (d *decoder) has(v any, form *Form, name string) bool {
	sent := form.at(name)
	text := fmt.Sprint(sent)
	if !holds(sent) || text == "0" && isID(name) {
		return false
	}
	field, known := d.find(reflect.ValueOf(v).Elem(), name)
	if !known {
		// Nobody but the app reads a nested value that is not in a field.
		_, isText := sent.(string)
		return isText || d.event || d.json
	}
	return field.IsValid() && (!field.IsZero() || isZero(field.Type(), text))
}

// find returns the field of v, or the element of a list, that a name on the wire means.
func (d *decoder) find(v reflect.Value, name string) (field reflect.Value, known bool) {
	fields := d.fields
	for part := range strings.SplitSeq(name, ".") {
		if v.Kind() == reflect.Pointer {
			v = v.Elem()
		}
		if fields == nil && v.Kind() == reflect.Struct {
			list, _ := fieldsOf(v.Type(), d.tag)
			fields = byName(list)
		}
		f, ok := fields[part]
		n, err := strconv.Atoi(part)
		switch {
		case v.Kind() == reflect.Struct && ok:
			v, _ = v.FieldByIndexErr(f.Index)
		case v.Kind() == reflect.Slice && v.Type() != rawType && err == nil && 0 <= n && n < v.Len():
			v = v.Index(n)
		default:
			return v, false
		}
		fields = nil
	}
	return v, true
}

// holds reports whether there is a value in what was sent.
func holds(sent any) bool {
	switch sent := sent.(type) {
	case nil:
		return false
	case string:
		return !absent(sent)
	case map[string]any:
		return slices.ContainsFunc(slices.Collect(maps.Values(sent)), holds)
	case []any:
		return slices.ContainsFunc(sent, holds)
	}
	return true
}

// isZero reports whether a text stands for the zero of a number, a truth value or an
// amount, rather than for one that cannot be read.
func isZero(t reflect.Type, text string) bool {
	var err error
	switch kind := t.Kind(); {
	case t == moneyType:
		_, err = africastalking.ParseMoney(text)
	case kind == reflect.Bool:
		_, err = strconv.ParseBool(text)
	case reflect.Int <= kind && kind <= reflect.Float64:
		_, err = strconv.ParseFloat(text, 64)
	default:
		return false
	}
	return err == nil
}

// at returns what was sent under a name, also for a member of a nested object or an
// element of a list: a text, or what encoding/json makes of the JSON.
func (f *Form) at(name string) any {
	parts := map[string]any{}
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
			parts[key] = text
		}
	}
	return parts
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
