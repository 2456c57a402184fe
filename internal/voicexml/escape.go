package voicexml

import "unicode/utf8"

// Each mask has a bit for every byte that must be escaped. All of these are below
// 64; from there on, only bytes from 128 have to be looked at.
const (
	controls  uint64 = 1<<' ' - 1
	textMask  uint64 = controls&^(1<<'\t'|1<<'\n') | 1<<'&' | 1<<'<' | 1<<'>'
	valueMask uint64 = controls | 1<<'&' | 1<<'<' | 1<<'>' | 1<<'"' | 1<<'\''
)

// AppendText appends s as the text of an element.
func AppendText(b []byte, s string) []byte { return appendEscaped(b, s, textMask) }

// AppendValue appends s as the value of an attribute in double quotes. Tabs and
// line breaks become references, because a parser turns bare ones into spaces.
func AppendValue(b []byte, s string) []byte { return appendEscaped(b, s, valueMask) }

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

// plain reports whether none of eight bytes needs escaping, as text or as a value.
// Each step tests all eight bytes at once.
//
// A byte x below 0x80 has its high bit set in x-n if x is below n. A byte borrows
// from its neighbour only if it is such a byte itself, so plain never returns true
// for bytes that need escaping. It returns false for some that do not: the first
// test finds #, too, beside the bytes ", & and '.
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
