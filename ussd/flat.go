package ussd

import (
	"encoding"
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
)

// A flatCodec encodes and decodes the structs that most states are, of strings,
// integers and booleans, several times as fast as encoding/json and to the same
// bytes. Whatever is not as simple as that, be it a type, a value or a stored
// state, is left to encoding/json.
type flatCodec []flatField

type flatField struct {
	name string // with quotes and colon
	kind reflect.Kind
}

// newFlatCodec returns nil for a type that is not simple enough.
func newFlatCodec(t reflect.Type) flatCodec {
	if t.Kind() != reflect.Struct || encodesItself(t) {
		return nil
	}
	c := make(flatCodec, 0, t.NumField())
	seen := map[string]bool{}
	for i := range t.NumField() {
		f := t.Field(i)
		name, tagged := f.Tag.Lookup("json")
		if !tagged {
			name = f.Name
		}
		for _, r := range name {
			if r != '_' && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') {
				return nil // an option, "-", or a letter outside ASCII
			}
		}
		lower := strings.ToLower(name)
		if !f.IsExported() || f.Anonymous || name == "" || seen[lower] || encodesItself(f.Type) {
			return nil
		}
		seen[lower] = true
		switch k := f.Type.Kind(); k {
		case reflect.String, reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
			c = append(c, flatField{name: `"` + name + `":`, kind: k})
		default:
			return nil
		}
	}
	return c
}

func encodesItself(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return p.Implements(reflect.TypeFor[json.Marshaler]()) || p.Implements(reflect.TypeFor[json.Unmarshaler]()) ||
		p.Implements(reflect.TypeFor[encoding.TextMarshaler]()) || p.Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) ||
		t == reflect.TypeFor[json.Number]()
}

// appendTo appends what s points to.
func (c flatCodec) appendTo(b []byte, s any) ([]byte, error) {
	if c == nil {
		return appendJSON(b, s)
	}
	start := b
	v := reflect.ValueOf(s).Elem()
	b = append(b, '{')
	for i, f := range c {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, f.name...)
		switch v := v.Field(i); f.kind {
		case reflect.String:
			text := v.String()
			for i := range len(text) {
				if !plain(text[i]) || text[i] == '<' || text[i] == '>' || text[i] == '&' {
					return appendJSON(start, s)
				}
			}
			b = append(b, '"')
			b = append(b, text...)
			b = append(b, '"')
		case reflect.Bool:
			b = strconv.AppendBool(b, v.Bool())
		default:
			b = strconv.AppendInt(b, v.Int(), 10)
		}
	}
	return append(b, '}'), nil
}

func appendJSON(b []byte, s any) ([]byte, error) {
	data, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	return append(b, data...), nil
}

// plain reports whether a character stands for itself in a JSON string.
func plain(c byte) bool { return c >= ' ' && c < 0x7f && c != '"' && c != '\\' }

// unmarshal decodes into what s points to, which is the zero value.
func (c flatCodec) unmarshal(data []byte, s any) error {
	if c == nil {
		return json.Unmarshal(data, s)
	}
	v := reflect.ValueOf(s).Elem()
	if !c.decode(data, v) {
		v.SetZero()
		return json.Unmarshal(data, s)
	}
	return nil
}

// decode takes what marshal writes, and reports false for anything else.
func (c flatCodec) decode(b []byte, v reflect.Value) bool {
	for i, f := range c {
		start := byte(',')
		if i == 0 {
			start = '{'
		}
		n := len(f.name)
		if len(b) < n+2 || b[0] != start || string(b[1:n+1]) != f.name {
			return false
		}
		b = b[n+1:]
		end := 0
		field := v.Field(i)
		if f.kind == reflect.String {
			if b[0] != '"' {
				return false
			}
			for end = 1; end < len(b) && plain(b[end]); end++ {
			}
			if end == len(b) || b[end] != '"' {
				return false
			}
			field.SetString(string(b[1:end]))
			b = b[end+1:]
			continue
		}
		for end < len(b) && b[end] != ',' && b[end] != '}' {
			end++
		}
		value := b[:end]
		b = b[end:]
		if f.kind == reflect.Bool {
			if string(value) != "true" && string(value) != "false" {
				return false
			}
			field.SetBool(string(value) == "true")
			continue
		}
		n64, err := strconv.ParseInt(string(value), 10, 64)
		if err != nil || field.OverflowInt(n64) {
			return false
		}
		var buf [20]byte
		if string(strconv.AppendInt(buf[:0], n64, 10)) != string(value) {
			return false // such as 007, which is not JSON
		}
		field.SetInt(n64)
	}
	return len(c) > 0 && string(b) == "}"
}
