// Package gsm7 knows the default alphabet of GSM phones (3GPP TS 23.038): its
// characters, and how many septets each takes.
package gsm7

import "unicode/utf16"

// basic is the default alphabet without its escape character; each of its
// characters takes one septet. Those of ASCII are in the table below.
const basic = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
	"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"

// extension holds the characters that need the escape character before them.
const extension = "\f^{}\\[~]|€"

// septets holds the width of the characters up to 0xff.
var septets = func() (t [256]uint8) {
	for _, r := range basic {
		if r < 256 {
			t[r] = 1
		}
	}
	for _, r := range extension {
		if r < 256 {
			t[r] = 2
		}
	}
	return t
}()

// ascii is septets without the characters above 0x7f: a byte of UTF-8 may index it.
var ascii = func() (t [256]uint8) {
	copy(t[:0x80], septets[:0x80])
	return t
}()

// Septets returns how many septets r takes: 1, 2, or 0 if r is not in the
// alphabet.
func Septets(r rune) int {
	if uint32(r) < 256 {
		return int(septets[r])
	}
	switch r {
	case 'Δ', 'Φ', 'Γ', 'Λ', 'Ω', 'Π', 'Ψ', 'Σ', 'Θ', 'Ξ':
		return 1
	case '€':
		return 2
	}
	return 0
}

// Len returns how many septets s takes. If s has a character that is not in the
// alphabet, Len returns false and how many UTF-16 code units s takes: a network sends
// it in those.
func Len(s string) (units int, ok bool) {
	for i := range len(s) {
		n := ascii[s[i]]
		if n == 0 {
			return slowLen(s)
		}
		units += int(n)
	}
	return units, true
}

func slowLen(s string) (int, bool) {
	septets, units, ok := 0, 0, true
	for _, r := range s {
		n := Septets(r)
		ok = ok && n > 0
		septets += n
		units += utf16.RuneLen(r)
	}
	if ok {
		return septets, true
	}
	return units, false
}

// Parts returns how many messages an SMS with the text s takes, and false if they are
// in UTF-16. A single message holds 160 septets or 70 code units, each part of a
// longer one 153 or 67, and no character is cut in two.
func Parts(s string) (n int, ok bool) {
	units, ok := Len(s)
	single, part, width := 160, 153, Septets
	if !ok {
		single, part, width = 70, 67, utf16.RuneLen
	}
	if units <= single {
		return 1, ok
	}
	n, left := 1, part
	for _, r := range s {
		w := width(r)
		if w > left {
			n, left = n+1, part
		}
		left -= w
	}
	return n, ok
}
