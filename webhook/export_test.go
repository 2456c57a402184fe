package webhook

import "reflect"

// DecodeTags decodes f into v, a pointer to a struct, by its schema tags even if
// it implements FormUnmarshaler.
func DecodeTags(f Form, v any) error {
	s, err := schemaOf(reflect.TypeOf(v).Elem())
	if err == nil {
		_, err = s.decode(v, f, nil, formMedia)
	}
	return err
}
