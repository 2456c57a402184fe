// Package redact hides what must not reach a log: phone numbers, message texts
// and what a subscriber types.
package redact

import (
	"log/slog"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// longNumber is the length from which a run of digits may be a subscriber's
// number: the shortest national numbers have seven digits.
const longNumber = 7

// Phone returns a phone number hidden but for its last two digits.
func Phone(s string) string {
	if s == "" {
		return ""
	}
	end := s[max(0, len(s)-2):]
	// A name instead of a number may end in the middle of a character.
	if len(s) < longNumber || end[0] >= utf8.RuneSelf || end[1] >= utf8.RuneSelf {
		return "***"
	}
	return "***" + end
}

// Text returns the length of a text, in bytes, in place of the text.
func Text(s string) string {
	if s == "" {
		return ""
	}
	return "(" + strconv.Itoa(len(s)) + " bytes)"
}

// Digits returns s with every number of seven or more digits hidden but for its
// last two. It is meant for texts that others wrote, such as errors.
//
// Up to four blanks, dashes, dots, slashes, brackets, plus or percent signs between
// two digits do not end a number: "+254 (0)711-000/001" is one. So a date is hidden,
// too. An IPv4 address is not: an error that names a host needs it.
func Digits(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		end, digits, tail := number(s[i:])
		switch {
		case digits == 0:
			_, end = utf8.DecodeRuneInString(s[i:])
			b.WriteString(s[i : i+end])
		case digits < longNumber || isIPv4(s[i:i+end]):
			b.WriteString(s[i : i+end])
		default:
			b.WriteString("***" + tail)
		}
		i += end
	}
	return b.String()
}

// number returns where the number that s begins with ends, how many digits it has,
// and the last two of them.
func number(s string) (end, digits int, tail string) {
	last, gap := "", 0
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case unicode.IsDigit(r):
			digits++
			tail, last = last+s[i:i+size], s[i:i+size]
			end, gap = i+size, 0
		case digits > 0 && gap < 4 && bridges(r):
			gap++
		default:
			return end, digits, tail
		}
		i += size
	}
	return end, digits, tail
}

// bridges reports whether r may stand between the digits of a number. Format
// characters, which cannot be seen, come with numbers that are pasted.
func bridges(r rune) bool {
	switch r {
	case '.', '/', '+', '%', '\t', '\u2212': // the last is the minus sign
		return true
	}
	return unicode.In(r, unicode.Zs, unicode.Pd, unicode.Ps, unicode.Pe, unicode.Cf)
}

func isIPv4(s string) bool {
	a, err := netip.ParseAddr(s)
	return err == nil && a.Is4()
}

// String returns what slog prints of v, with the values inside of it resolved, too.
func String(v slog.LogValuer) string { return Resolve(slog.AnyValue(v)).String() }

// Resolve returns v with all the values inside of it resolved, as a log has them.
func Resolve(v slog.Value) slog.Value {
	v = v.Resolve()
	if v.Kind() != slog.KindGroup {
		return v
	}
	attrs := slices.Clone(v.Group())
	for i := range attrs {
		attrs[i].Value = Resolve(attrs[i].Value)
	}
	return slog.GroupValue(attrs...)
}
