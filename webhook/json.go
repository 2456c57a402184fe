package webhook

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/sautigo/africastalking"
)

const (
	// maxKey is how many bytes the name of a JSON member may have. The longest of
	// Africa's Talking has 23.
	maxKey    = 64
	jsonSpace = " \t\r\n"
)

// jsonItems cuts the inside of an object or an array into its values: the names of
// an object's members are values, too. What it makes of broken JSON means nothing.
type jsonItems struct{ rest []byte }

func itemsOf(value []byte) jsonItems { return jsonItems{value[1:]} }

func (j *jsonItems) next() (value []byte, ok bool) {
	s := bytes.TrimLeft(j.rest, jsonSpace+",:")
	if len(s) == 0 || s[0] == '}' || s[0] == ']' {
		return nil, false
	}
	n := jsonLen(s)
	j.rest = s[n:]
	return s[:n], true
}

// jsonLen returns the length of the value that s begins with.
func jsonLen(s []byte) int {
	switch s[0] {
	case '"':
		for i := 1; ; {
			n := bytes.IndexByte(s[i:], '"')
			if n < 0 {
				return len(s)
			}
			i += n + 1
			escapes := i - 2
			for s[escapes] == '\\' {
				escapes--
			}
			if (i-escapes)%2 == 0 {
				return i
			}
		}
	case '{', '[':
		depth := 0
		for i := 0; i < len(s); i++ {
			switch s[i] {
			case '"':
				i += jsonLen(s[i:]) - 1
			case '{', '[':
				depth++
			case '}', ']':
				if depth--; depth == 0 {
					return i + 1
				}
			}
		}
	default:
		if n := bytes.IndexAny(s, jsonSpace+",:{}[]\""); n > 0 {
			return n
		}
	}
	return len(s)
}

func isNested(value []byte) bool { return value[0] == '{' || value[0] == '[' }

// writeText writes a JSON value as a form's text: strings unquoted, nothing for
// null, anything else as it was written.
func writeText(b *strings.Builder, value []byte) {
	switch {
	case value[0] != '"':
		if string(value) != "null" {
			b.Write(value)
		}
	case bytes.IndexByte(value, '\\') < 0 && utf8.Valid(value):
		b.Write(bytes.Trim(value, `"`))
	default:
		var text string
		_ = json.Unmarshal(value, &text) // broken JSON is refused later
		b.WriteString(text)
	}
}

func textOfJSON(value []byte) string {
	var b strings.Builder
	writeText(&b, value)
	return b.String()
}

// writeKey writes the name of a member.
func writeKey(b *strings.Builder, key []byte) error {
	start := b.Len()
	// An escape takes up to six bytes for one.
	if len(key) <= 6*maxKey+len(`""`) {
		writeText(b, key)
		if b.Len()-start <= maxKey {
			return nil
		}
	}
	return fmt.Errorf("webhook: %w: a key has more than %d bytes", ErrMalformed, maxKey)
}

// formOfJSON returns the members of a JSON object as a form, in room if they fit.
// It leaves it to the caller to refuse broken JSON.
func formOfJSON(body []byte, room []span) (Form, error) {
	body = bytes.TrimLeft(body, jsonSpace)
	if !isObject(body) {
		return Form{}, fmt.Errorf("webhook: %w: not a JSON object", ErrMalformed)
	}
	var text strings.Builder
	text.Grow(len(body))
	f := Form{ends: room[:0]}
	for items := itemsOf(body); ; {
		name, ok := items.next()
		if !ok {
			f.text = text.String()
			return f, nil
		}
		if len(f.ends) == maxFields {
			return Form{}, tooManyFields()
		}
		start := text.Len()
		if err := writeKey(&text, name); err != nil {
			return Form{}, err
		}
		keyEnd := text.Len()
		value, ok := items.next()
		if !ok {
			return Form{}, brokenJSON()
		}
		if isNested(value) {
			f.nested |= 1 << len(f.ends)
		}
		writeText(&text, value)
		f.wide = f.wide || strings.ContainsFunc(text.String()[start:keyEnd], func(r rune) bool { return r >= utf8.RuneSelf })
		f.ends = append(f.ends, span{uint32(keyEnd), uint32(text.Len())})
	}
}

func brokenJSON() error { return fmt.Errorf("webhook: %w: broken JSON", ErrMalformed) }

// fold returns the same text for all texts that are equal under Unicode case
// folding.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
			least = min(least, other)
		}
		return least
	}, s)
}

// checkNames refuses what encoding/json would let pass: a name in two letter
// cases, or in another one than its tag's. Objects inside of the object are left
// to encoding/json.
func checkNames(form Form, names map[string]string) error {
	seen := make(map[string]bool, form.Len())
	for key := range form.All() {
		folded := fold(key)
		if name, ok := names[folded]; ok && name != key {
			return &FieldError{Field: name, Err: fmt.Errorf("%w: sent in another letter case", ErrMalformed)}
		}
		if seen[folded] {
			return &FieldError{Field: printable(key), Err: fmt.Errorf("%w: sent in two letter cases", ErrMalformed)}
		}
		seen[folded] = true
	}
	return nil
}

// withDates returns a JSON value that is meant for a t, with the dates in the form that
// time.Time reads. It leaves alone what is nested too deep: it reads a value once for each
// object or array around it.
func withDates(value json.RawMessage, t reflect.Type, depth int) json.RawMessage {
	t = deref(t)
	var (
		members map[string]json.RawMessage
		list    []json.RawMessage
	)
	switch {
	case t == timeType && value[0] == '"':
		if at, err := africastalking.ParseTime(textOfJSON(value)); err != nil {
			return value
		} else if at.IsZero() {
			return json.RawMessage("null")
		} else {
			return at.AppendFormat(nil, `"`+time.RFC3339Nano+`"`)
		}
	case reflect.PointerTo(t).Implements(jsonUnmarshalerType), !isNested(value), depth == maxDepth:
	case t.Kind() == reflect.Struct && json.Unmarshal(value, &members) == nil:
		fields, _ := fieldsOf(t, "json")
		for name, f := range byName(fields) {
			if member, ok := members[name]; ok {
				members[name] = withDates(member, f.Type, depth+1)
			}
		}
		value, _ = json.Marshal(members)
	case t.Kind() == reflect.Slice && json.Unmarshal(value, &list) == nil:
		for i := range list {
			list[i] = withDates(list[i], t.Elem(), depth+1)
		}
		value, _ = json.Marshal(list)
	}
	return value
}

// decodeJSON fills v. The errors of encoding/json quote values, so they are not
// passed on.
func decodeJSON(body []byte, v any) error {
	err := json.Unmarshal(body, v)
	if err != nil && json.Valid(body) {
		// It may be the dates: encoding/json knows one of their forms.
		value := reflect.ValueOf(v).Elem()
		value.SetZero()
		err = json.Unmarshal(withDates(bytes.TrimSpace(body), value.Type(), 0), v)
	}
	var (
		syntax *json.SyntaxError
		wrong  *json.UnmarshalTypeError
	)
	switch {
	case err == nil:
		return nil
	case errors.As(err, &syntax):
		return brokenJSON()
	case errors.As(err, &wrong) && wrong.Field != "":
		return &FieldError{Field: wrong.Field, Err: fmt.Errorf("%w: not of type %v", ErrMalformed, wrong.Type)}
	}
	// A field refuses its text without saying which it is: the first member that
	// does not fit alone is the one.
	if body = bytes.TrimSpace(body); body[0] == '{' {
		for items := itemsOf(body); ; {
			key, ok := items.next()
			if !ok {
				break
			}
			value, _ := items.next()
			alone := reflect.New(reflect.TypeOf(v).Elem()).Interface()
			if json.Unmarshal(fmt.Appendf(nil, "{%s:%s}", key, value), alone) != nil {
				return &FieldError{Field: printable(textOfJSON(key)), Err: fmt.Errorf("%w: does not fit", ErrMalformed)}
			}
		}
	}
	return fmt.Errorf("webhook: %w: JSON does not fit", ErrMalformed)
}
