package sms_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking/sms"
)

func TestSegments(t *testing.T) {
	t.Parallel()
	const (
		circumflex = "\u00ea"     // one unit of UCS-2, not in GSM-7
		euro       = "\u20ac"     // two septets, one unit
		emoji      = "\U0001f600" // two units
		quote      = "\u2019"
	)
	n := strings.Repeat
	for _, tt := range []struct {
		name, text string
		want       int
		encoding   sms.Encoding
	}{
		{"empty", "", 1, sms.GSM7},
		{"one", "a", 1, sms.GSM7},
		{"160", n("a", 160), 1, sms.GSM7},
		{"161 = 153+8", n("a", 161), 2, sms.GSM7},
		{"two full parts", n("a", 2*153), 2, sms.GSM7},
		{"one more", n("a", 2*153+1), 3, sms.GSM7},
		{"160 accented", n("\u00e9", 160), 1, sms.GSM7},
		{"80 euros = 160", n(euro, 80), 1, sms.GSM7},
		{"81 euros = 152+10", n(euro, 81), 2, sms.GSM7},
		{"159 and a euro = 161", n("a", 159) + euro, 2, sms.GSM7},
		{"153 euros = 152+152+2", n(euro, 153), 3, sms.GSM7},
		{"escape would be cut: 152+153+1", n("a", 152) + "{" + n("a", 152), 3, sms.GSM7},
		{"escape fits: 153+153", n("a", 151) + "{" + n("a", 153), 2, sms.GSM7},
		{"escape in the last part", n("a", 152) + "{" + n("a", 151), 2, sms.GSM7},
		{"70", n(circumflex, 70), 1, sms.UCS2},
		{"71 = 67+4", n(circumflex, 71), 2, sms.UCS2},
		{"two full parts of UCS-2", n(circumflex, 2*67), 2, sms.UCS2},
		{"one more of UCS-2", n(circumflex, 2*67+1), 3, sms.UCS2},
		{"35 emoji = 70", n(emoji, 35), 1, sms.UCS2},
		{"36 emoji = 66+6", n(emoji, 36), 2, sms.UCS2},
		{"67 emoji = 66+66+2", n(emoji, 67), 3, sms.UCS2},
		{"emoji would be cut: 66+67+1", n(circumflex, 66) + emoji + n(circumflex, 66), 3, sms.UCS2},
		{"emoji fits: 67+67", n(circumflex, 65) + emoji + n(circumflex, 67), 2, sms.UCS2},
		{"one quote changes all: 70", n("a", 69) + quote, 1, sms.UCS2},
		{"one quote changes all: 71", n("a", 70) + quote, 2, sms.UCS2},
		{"one quote changes all: 160", n("a", 159) + quote, 3, sms.UCS2},
		{"a euro is one unit", n(euro, 69) + quote, 1, sms.UCS2},
		{"invalid UTF-8", "a\xff", 1, sms.UCS2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got, encoding := sms.Segments(tt.text); got != tt.want || encoding != tt.encoding {
				t.Errorf("Segments = %d, %v, want %d, %v", got, encoding, tt.want, tt.encoding)
			}
		})
	}
}

func TestEncodingString(t *testing.T) {
	t.Parallel()
	for encoding, want := range map[sms.Encoding]string{sms.GSM7: "GSM-7", sms.UCS2: "UCS-2"} {
		if got := encoding.String(); got != want {
			t.Errorf("String() = %q, want %q", got, want)
		}
	}
}

func TestNonGSM7(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "",
		"Habari \r\n\f[{€}] ~ à é ù Ç ß Ω": "",
		"It’s ready, isn’t it – “yes”…":    "’–“”…",
		"ça coûte 5 € à l’œil":             "çû’œ",
		"tab\tand `tick`":                  "\t`",
		"ሰላም 😀 😀":                          "ሰላም😀",
		"a\xff\xfe":                        "\ufffd",
		"\x00\u00a0":                       "\x00\u00a0",
	} {
		got := sms.NonGSM7(text)
		if diff := cmp.Diff(want, string(got)); diff != "" {
			t.Errorf("NonGSM7(%q) (-want +got):\n%s", text, diff)
		}
		if _, encoding := sms.Segments(text); (encoding == sms.UCS2) != (got != nil) {
			t.Errorf("%q is sent in %v, but NonGSM7 finds %q", text, encoding, got)
		}
	}
}
