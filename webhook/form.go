package webhook

import (
	"bytes"
	"fmt"
	"iter"
	"log/slog"
	"math"
	"slices"
	"strings"

	"github.com/sautigo/africastalking/internal/redact"
)

// maxFields is the number of fields that a form or a JSON object may have. The
// richest callback of Africa's Talking has about thirty.
const maxFields = 64

// Form holds the fields of one form-encoded body in the order in which they
// came. Keys are matched exactly, letter case included. A Form is read-only and
// safe for concurrent use; the zero value has no fields.
//
// Values are what was sent: they need not be valid UTF-8.
type Form struct {
	// text is all keys and values, one after the other. Where they end is kept
	// without pointers, which spares the garbage collector work.
	text string
	ends []span
	// wide is set when a key has a byte outside ASCII, for then a key of
	// another length can still be equal under Unicode case folding.
	wide bool
	// nested has a bit for each field that was an object or an array of JSON.
	nested uint64
}

// span says where in a form's text a field's key and value end.
type span struct{ key, value uint32 }

// field returns the i-th field.
func (f *Form) field(i int) (key, value string) {
	start := uint32(0)
	if i > 0 {
		start = f.ends[i-1].value
	}
	e := f.ends[i]
	return f.text[start:e.key], f.text[e.key:e.value]
}

// ParseForm parses an application/x-www-form-urlencoded body. It returns an
// error that wraps [ErrMalformed] for a percent-escape that is not one and for
// more than 64 fields. Repeated keys are kept. ParseForm does not retain body.
func ParseForm(body []byte) (Form, error) { return parseInPlace(bytes.Clone(body), nil) }

// parseInPlace is ParseForm for a body that may be overwritten. Where the fields
// end is kept in room if it fits.
func parseInPlace(body []byte, room []span) (Form, error) {
	// Counting comes first: what is refused must not cost memory.
	most := bytes.Count(body, []byte{'&'}) + 1
	if most > maxFields {
		return Form{}, tooManyFields()
	}
	if uint64(len(body)) > math.MaxUint32 {
		return Form{}, fmt.Errorf("webhook: %w: 4 GiB or more", ErrMalformed)
	}
	// Unescaping never lengthens, so keys and values are written over the body
	// as it is read, without the separators, and one string holds them all.
	ends := room[:0]
	if most > cap(room) {
		ends = make([]span, 0, most)
	}
	var (
		w       int  // bytes written
		start   int  // of the field, in what was written
		keyEnd  int  // of the field, if it has a value
		inValue bool // past the field's "="
		wide    bool
	)
	for r := 0; ; r++ {
		for r < len(body) && formClass[body[r]] == 0 {
			body[w] = body[r]
			r, w = r+1, w+1
		}
		if r == len(body) || body[r] == '&' {
			if !inValue {
				keyEnd = w
			}
			if inValue || w > start {
				ends = append(ends, span{uint32(keyEnd), uint32(w)})
			}
			start, inValue = w, false
			if r == len(body) {
				break
			}
			continue
		}
		c := body[r]
		switch formClass[c] {
		case classEquals:
			if !inValue {
				keyEnd, inValue = w, true
				continue
			}
		case classPlus:
			c = ' '
		case classPercent:
			if r+2 >= len(body) || unhex[body[r+1]] == 0 || unhex[body[r+2]] == 0 {
				return Form{}, badEscape(body[start:w], keyEnd-start, inValue)
			}
			c = (unhex[body[r+1]]-1)<<4 | (unhex[body[r+2]] - 1)
			r += 2
		}
		wide = wide || c >= 0x80 && !inValue
		body[w] = c
		w++
	}
	if len(ends) == 0 {
		return Form{}, nil
	}
	return Form{text: string(body[:w]), ends: ends, wide: wide}, nil
}

func tooManyFields() error {
	return fmt.Errorf("webhook: %w: more than %d fields", ErrMalformed, maxFields)
}

func badEscape(field []byte, keyLen int, inValue bool) error {
	if !inValue {
		return fmt.Errorf("webhook: %w: bad percent-escape in a key", ErrMalformed)
	}
	return &FieldError{Field: printable(string(field[:keyLen])), Err: fmt.Errorf("%w: bad percent-escape", ErrMalformed)}
}

// formClass says what a byte of a form does; zero is to stand for itself.
var formClass = func() (t [256]uint8) {
	for c := range t {
		if c >= 0x80 {
			t[c] = classWide
		}
	}
	t['+'], t['='], t['&'], t['%'] = classPlus, classEquals, classAnd, classPercent
	return t
}()

const (
	classPlus = iota + 1
	classEquals
	classAnd
	classPercent
	classWide
)

// unhex holds the value of each hexadecimal digit plus one; zero is no digit.
var unhex = [256]byte{
	'0': 1, '1': 2, '2': 3, '3': 4, '4': 5, '5': 6, '6': 7, '7': 8, '8': 9, '9': 10,
	'a': 11, 'b': 12, 'c': 13, 'd': 14, 'e': 15, 'f': 16,
	'A': 11, 'B': 12, 'C': 13, 'D': 14, 'E': 15, 'F': 16,
}

// Get returns the first value of key, or the empty string.
func (f Form) Get(key string) string {
	for k, v := range f.All() {
		if k == key {
			return v
		}
	}
	return ""
}

// Has reports whether key was sent, be it with an empty value.
func (f Form) Has(key string) bool {
	return f.holds(key, f.Len())
}

// Values returns all values of key in the order in which they came, nil if
// there is none.
func (f Form) Values(key string) []string {
	var values []string
	for k, v := range f.All() {
		if k == key {
			values = append(values, v)
		}
	}
	return values
}

// All iterates over the fields in the order in which they came.
func (f Form) All() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for i := range f.ends {
			if !yield(f.field(i)) {
				return
			}
		}
	}
}

// Equal reports whether f and g hold the same fields in the same order; go-cmp
// compares with it, too.
func (f Form) Equal(g Form) bool { return f.text == g.text && slices.Equal(f.ends, g.ends) }

// Len returns the number of fields, repeats included.
func (f Form) Len() int { return len(f.ends) }

// LogValue shows the number of fields and their size, and neither keys nor values:
// strangers choose both.
func (f Form) LogValue() slog.Value {
	return slog.GroupValue(slog.Int("fields", f.Len()), slog.Int("bytes", len(f.text)))
}

// String returns what LogValue shows, so %v, %+v and %s mask what a log would. %#v
// prints everything.
func (f Form) String() string { return redact.String(f) }

// repeated returns a key that f holds twice.
func (f *Form) repeated() (key string, ok bool) {
	// Keys that differ in length and first letter, as most do, need no
	// comparing.
	var seen uint64
	start := uint32(0)
	for i, e := range f.ends {
		key := f.text[start:e.key]
		kind := len(key)
		if key != "" {
			kind += 7 * int(key[0])
		}
		if bit := uint64(1) << (kind & 63); seen&bit == 0 {
			seen |= bit
		} else if f.holds(key, i) {
			return key, true
		}
		start = e.value
	}
	return "", false
}

// holds reports whether one of the first n keys is key.
func (f *Form) holds(key string, n int) bool {
	for i := range n {
		if other, _ := f.field(i); other == key {
			return true
		}
	}
	return false
}

// printable returns a key that is fit for an error's text: keys come from
// strangers, and a body that is no form is one long key.
func printable(key string) string {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-."
	if key == "" || len(key) > 40 || strings.Trim(key, letters) != "" {
		return "(unnamed)"
	}
	return key
}
