package voice

import "unicode/utf8"

// The bytes that need a reference or a replacement, one bit each. All of them
// are below 64; of the rest, only bytes from 128 on need a look.
const (
	controls  uint64 = 1<<' ' - 1
	textMask  uint64 = controls&^(1<<'\t'|1<<'\n') | 1<<'&' | 1<<'<' | 1<<'>'
	valueMask uint64 = controls | 1<<'&' | 1<<'<' | 1<<'>' | 1<<'"' | 1<<'\''
)

// appendText appends s as the text of an element.
func appendText(b []byte, s string) []byte { return appendEscaped(b, s, textMask) }

// appendValue appends s as the value of an attribute in double quotes. Tabs and
// line breaks are written as references: a parser turns bare ones into spaces.
func appendValue(b []byte, s string) []byte { return appendEscaped(b, s, valueMask) }

func appendEscaped(b []byte, s string, mask uint64) []byte {
	start, i := 0, 0
	for i < len(s) {
		if len(s)-i >= 8 && plain(load(s[i:])) {
			i += 8
			continue
		}
		for end := min(i+8, len(s)); i < end; {
			c := s[i]
			if c < utf8.RuneSelf {
				if c >= 64 || mask>>c&1 == 0 {
					i++
					continue
				}
				b = append(b, s[start:i]...)
				b = append(b, reference(c)...)
				i++
				start = i
				continue
			}
			r, n := utf8.DecodeRuneInString(s[i:])
			if (r == utf8.RuneError && n == 1) || r == 0xFFFE || r == 0xFFFF {
				b = append(b, s[start:i]...)
				b = append(b, "\uFFFD"...)
				start = i + n
			}
			i += n
		}
	}
	return append(b, s[start:]...)
}

const (
	ones = 0x0101010101010101
	high = 0x80 * ones
)

// load returns the first eight bytes of s, which must have them.
func load(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// plain reports whether none of eight bytes needs escaping in any context. It
// may say no without need, since it takes #, too, for one of the bytes 0x22,
// 0x26 and 0x27, but never yes without need.
//
// For a byte below 0x80, x - n has its high bit set if x is below n; a borrow
// from a neighbour only happens when that neighbour is such a byte itself.
func plain(x uint64) bool {
	quotes := (x | 5*ones) ^ '\''*ones // " # & '
	angles := (x | 2*ones) ^ '>'*ones  // < >
	return (x|(x-' '*ones)|(quotes-ones)|(angles-ones))&high == 0
}

// visible reports whether all of eight bytes are printable ASCII but no spaces.
func visible(x uint64) bool {
	return (x|(x-'!'*ones)|(x+ones))&high == 0
}

func reference(c byte) string {
	switch c {
	case '&':
		return "&amp;"
	case '<':
		return "&lt;"
	case '>':
		return "&gt;"
	case '"':
		return "&quot;"
	case '\'':
		return "&apos;"
	case '\t':
		return "&#x9;"
	case '\n':
		return "&#xA;"
	case '\r':
		return "&#xD;"
	default:
		return "\uFFFD"
	}
}

// appendAttr appends an attribute, unless its value is empty. The name comes
// with what surrounds it, as in ` url="`.
func appendAttr(b []byte, name, value string) []byte {
	if value == "" {
		return b
	}
	b = append(b, name...)
	b = appendValue(b, value)
	return append(b, '"')
}
