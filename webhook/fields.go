package webhook

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/sautigo/africastalking"
)

// FormUnmarshaler is a payload that reads itself from a form. The payloads of
// this module implement it; a type that does not is decoded by its schema tags.
//
// UnmarshalForm gets a form without repeated keys. It must not keep the
// receiver's old values and must leave the receiver alone when it returns an
// error. [Form.Fields] makes both easy.
//
// A payload that also has UnmarshalHeader(http.Header) error reads the headers of
// its request with it, after the body.
type FormUnmarshaler interface {
	UnmarshalForm(Form) error
}

// Fields reads a [Form] field by field and remembers the first fault, so that an
// UnmarshalForm reads as a table:
//
//	func (o *OptOut) UnmarshalForm(f webhook.Form) error {
//		r := f.Fields()
//		v := OptOut{
//			SenderID:    r.Required("senderId"),
//			PhoneNumber: r.Required("phoneNumber"),
//		}
//		if r.Err() == nil {
//			*o = v
//		}
//		return r.Err()
//	}
//
// Asking for a field refuses the form if that key was sent twice, or in another
// letter case: nobody but a forger does either. A member of a JSON object that is
// itself an object or an array has no value. Fields that nobody asks for are
// ignored.
//
// Africa's Talking writes "None" as well as nothing at all for a value it does
// not have; every method but Text and Present takes both as absent. An optional
// number, date or amount that cannot be read counts as absent too, since losing
// the callback would be worse; [FormFrom] has the text.
//
// A form's + that is not escaped is a blank. Samples of curl in the documentation of
// Africa's Talking leave it so in phone numbers: all methods but Text and Present read
// a blank before a digit as the +.
type Fields struct {
	form Form
	err  error
}

// Fields returns a reader of f.
func (f Form) Fields() Fields { return Fields{form: f} }

// Err returns the first fault, a [*FieldError], or nil.
func (r *Fields) Err() error { return r.err }

// Refuse refuses the form because of a field, for a check that no other method makes.
// The handler tells the sender the field and why, so neither may quote a value.
func (r *Fields) Refuse(field, why string) { r.fail(field, fmt.Errorf("%w: %s", ErrMalformed, why)) }

func (r *Fields) fail(field string, err error) {
	if r.err == nil {
		r.err = &FieldError{Field: field, Err: err, own: true}
	}
}

func (r *Fields) lookup(name string) (value string, ok bool) {
	f := &r.form
	start := uint32(0)
	for i, e := range f.ends {
		// Most keys differ in length or in their first letter already.
		if f.wide || start < e.key && int(e.key-start) == len(name) && (f.text[start]^name[0])&^0x20 == 0 {
			switch key := f.text[start:e.key]; {
			case key == name:
				if ok {
					r.fail(name, fmt.Errorf("%w: sent twice", ErrMalformed))
				}
				ok = true
				if f.nested&(1<<i) == 0 {
					value = f.text[e.key:e.value]
				}
			case strings.EqualFold(key, name):
				r.fail(name, fmt.Errorf("%w: sent in another letter case", ErrMalformed))
			}
		}
		start = e.value
	}
	return value, ok
}

func absent(s string) bool { return s == "" || s == "None" }

// isID reports whether a field identifies something, going by its name: then "0"
// means absent, too.
func isID(name string) bool { return name == "id" || strings.HasSuffix(name, "Id") }

// Required returns a field that must have a value.
func (r *Fields) Required(name string) string {
	v := r.Optional(name)
	if v == "" {
		r.fail(name, ErrMissing)
	}
	return v
}

// Present returns a field that must have been sent but may be empty.
func (r *Fields) Present(name string) string {
	v, ok := r.lookup(name)
	if !ok {
		r.fail(name, ErrMissing)
	}
	return v
}

// Text returns a field as it was sent, "None" included: what a person typed is
// never taken for an absent value.
func (r *Fields) Text(name string) string {
	v, _ := r.lookup(name)
	return v
}

// Optional returns a field's value, or the empty string where it is absent.
func (r *Fields) Optional(name string) string {
	v, _ := r.lookup(name)
	switch {
	case absent(v):
		return ""
	case len(v) > 1 && v[0] == ' ' && '0' <= v[1] && v[1] <= '9':
		return "+" + v[1:]
	}
	return v
}

// ID returns an identifier, or the empty string where it is absent. Africa's
// Talking also writes "0" for an identifier that it does not have, such as the
// linkId of a message that is not premium.
func (r *Fields) ID(name string) string {
	if v := r.Optional(name); v != "0" {
		return v
	}
	return ""
}

// RequiredID returns an identifier that must be there: "0" is none.
func (r *Fields) RequiredID(name string) string {
	v := r.ID(name)
	if v == "" {
		r.fail(name, ErrMissing)
	}
	return v
}

// Flag returns a field that must be a truth value, "1" or "0" as Africa's
// Talking writes it, or any other spelling that [strconv.ParseBool] takes.
func (r *Fields) Flag(name string) bool {
	v := r.Required(name)
	b, err := strconv.ParseBool(v)
	if err != nil {
		r.fail(name, fmt.Errorf("%w: neither 0 nor 1", ErrMalformed))
	}
	return b
}

// Int returns a whole number in decimal digits.
func (r *Fields) Int(name string) int {
	n, err := strconv.Atoi(r.Optional(name))
	if err != nil {
		return 0
	}
	return n
}

// Time returns a date in one of the forms of [africastalking.ParseTime], in UTC.
func (r *Fields) Time(name string) time.Time {
	t, _ := africastalking.ParseTime(r.Optional(name)) // zero if it is none
	return t
}

// Money returns an amount of the form of [africastalking.ParseMoney].
func (r *Fields) Money(name string) africastalking.Money {
	m, _ := africastalking.ParseMoney(r.Optional(name)) // zero if it is none
	return m
}

// RequiredMoney returns an amount that must be there, readable and not negative,
// for the callbacks whose answer lets money move.
func (r *Fields) RequiredMoney(name string) africastalking.Money {
	v := r.Required(name)
	m, err := africastalking.ParseMoney(v)
	if err != nil || m.Micros < 0 {
		r.fail(name, fmt.Errorf("%w: not an amount", ErrMalformed))
	}
	return m
}

// Network returns a network code.
func (r *Fields) Network(name string) africastalking.Network {
	return africastalking.Network(r.Optional(name))
}
