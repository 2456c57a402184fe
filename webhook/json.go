package webhook

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"
)

// formOfJSON returns the members of a JSON object as a form: strings unquoted,
// null as an empty value, anything else as it was written.
func formOfJSON(body []byte) (Form, error) {
	body = bytes.Trim(body, jsonSpace)
	if len(body) == 0 || body[0] != '{' {
		return Form{}, fmt.Errorf("webhook: %w: not a JSON object", ErrMalformed)
	}
	// What is valid can be cut up without looking for mistakes.
	if !json.Valid(body) {
		return Form{}, fmt.Errorf("webhook: %w: broken JSON", ErrMalformed)
	}
	var f Form
	for rest := bytes.TrimLeft(body[1:], jsonSpace); rest[0] != '}'; rest = bytes.TrimLeft(rest, jsonSpace+",") {
		if f.Len() == maxFields {
			return Form{}, tooManyFields()
		}
		var key, value []byte
		key, rest = cutJSON(rest)
		value, rest = cutJSON(bytes.TrimLeft(rest, jsonSpace+":"))
		if value[0] == '{' || value[0] == '[' {
			f.nested |= 1 << f.Len()
		}
		f.add(textOfJSON(key), textOfJSON(value))
	}
	return f, nil
}

const jsonSpace = " \t\r\n"

// cutJSON cuts the value off that valid JSON begins with.
func cutJSON(s []byte) (value, rest []byte) {
	depth := 0
	quoted := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
			if !quoted && depth == 0 {
				return s[:i+1], s[i+1:]
			}
		case quoted:
		case c == '{', c == '[':
			depth++
		case depth > 0 && (c == '}' || c == ']'):
			depth--
			if depth == 0 {
				return s[:i+1], s[i+1:]
			}
		case depth == 0 && strings.IndexByte(jsonSpace+",:}]", c) >= 0:
			return s[:i], s[i:]
		}
	}
	return s, nil
}

// textOfJSON returns a valid JSON value as a form's text.
func textOfJSON(value []byte) string {
	switch {
	case value[0] == '"':
		if bytes.IndexByte(value, '\\') < 0 && utf8.Valid(value) {
			return string(value[1 : len(value)-1])
		}
		var s string
		// It is valid, so it is a string.
		_ = json.Unmarshal(value, &s)
		return s
	case string(value) == "null":
		return ""
	}
	return string(value)
}

// foldedTwice returns a key that f holds in two letter cases: encoding/json
// would let either of them fill the same field.
func (f *Form) foldedTwice() (key string, ok bool) {
	for i := range f.ends {
		key, _ := f.field(i)
		for j := range i {
			if other, _ := f.field(j); strings.EqualFold(key, other) {
				return key, true
			}
		}
	}
	return "", false
}
