package webhook

import "reflect"

// DecodeTags decodes f into v, a pointer to a struct, by its schema tags even if
// it implements FormUnmarshaler.
func DecodeTags(f Form, v any) error {
	return schemaOf(reflect.TypeOf(v).Elem()).decode(v, f)
}
