package internal_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/sautigo/africastalking/internal/gsm7"
)

// alphabet is 3GPP TS 23.038, tables 6.2.1 and 6.2.1.1, as code points in the
// order of their GSM codes: an independent copy of what the package spells out
// as text. The escape character at 0x1b is left out.
var (
	alphabet = []rune{
		0x0040, 0x00a3, 0x0024, 0x00a5, 0x00e8, 0x00e9, 0x00f9, 0x00ec,
		0x00f2, 0x00c7, 0x000a, 0x00d8, 0x00f8, 0x000d, 0x00c5, 0x00e5,
		0x0394, 0x005f, 0x03a6, 0x0393, 0x039b, 0x03a9, 0x03a0, 0x03a8,
		0x03a3, 0x0398, 0x039e /* ESC */, 0x00c6, 0x00e6, 0x00df, 0x00c9,
		0x0020, 0x0021, 0x0022, 0x0023, 0x00a4, 0x0025, 0x0026, 0x0027,
		0x0028, 0x0029, 0x002a, 0x002b, 0x002c, 0x002d, 0x002e, 0x002f,
		0x0030, 0x0031, 0x0032, 0x0033, 0x0034, 0x0035, 0x0036, 0x0037,
		0x0038, 0x0039, 0x003a, 0x003b, 0x003c, 0x003d, 0x003e, 0x003f,
		0x00a1, 0x0041, 0x0042, 0x0043, 0x0044, 0x0045, 0x0046, 0x0047,
		0x0048, 0x0049, 0x004a, 0x004b, 0x004c, 0x004d, 0x004e, 0x004f,
		0x0050, 0x0051, 0x0052, 0x0053, 0x0054, 0x0055, 0x0056, 0x0057,
		0x0058, 0x0059, 0x005a, 0x00c4, 0x00d6, 0x00d1, 0x00dc, 0x00a7,
		0x00bf, 0x0061, 0x0062, 0x0063, 0x0064, 0x0065, 0x0066, 0x0067,
		0x0068, 0x0069, 0x006a, 0x006b, 0x006c, 0x006d, 0x006e, 0x006f,
		0x0070, 0x0071, 0x0072, 0x0073, 0x0074, 0x0075, 0x0076, 0x0077,
		0x0078, 0x0079, 0x007a, 0x00e4, 0x00f6, 0x00f1, 0x00fc, 0x00e0,
	}
	escaped = []rune{0x000c, 0x005e, 0x007b, 0x007d, 0x005c, 0x005b, 0x007e, 0x005d, 0x007c, 0x20ac}
)

func TestGSM7Septets(t *testing.T) {
	t.Parallel()
	if len(alphabet) != 127 {
		t.Fatalf("the table has %d characters, want 127", len(alphabet))
	}
	want := map[rune]int{}
	for _, r := range alphabet {
		want[r] = 1
	}
	for _, r := range escaped {
		want[r] = 2
	}
	for r := rune(-1); r <= utf8.MaxRune+1; r++ {
		if got := gsm7.Septets(r); got != want[r] {
			t.Errorf("Septets(%U) = %d, want %d", r, got, want[r])
		}
	}
}

func TestGSM7Len(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, in string
		units    int
		ok       bool
	}{
		{"empty", "", 0, true},
		{"ascii", "Hello, world.", 13, true},
		{"lines", "1. Pay\r\n2. Stop", 15, true},
		{"whole alphabet", string(alphabet), 127, true},
		{"whole extension", string(escaped), 20, true},
		{"accents", "Jos\u00e9", 4, true},
		{"greek", "\u0394\u03a9", 2, true},
		{"euro", "\u20ac5", 3, true},
		{"braces", "{a}", 5, true},
		{"escape", "\x1b", 1, false},
		{"nul", "\x00", 1, false},
		{"tab", "a\tb", 3, false},
		{"backtick", "`", 1, false},
		{"small cedilla", "\u00e7a", 2, false},
		{"circumflex", "\u00ea", 1, false},
		{"decomposed accent", "e\u0301", 2, false},
		{"smart quote", "it\u2019s", 4, false},
		{"dash", "a\u2013b", 3, false},
		{"no-break space", "a\u00a0b", 3, false},
		{"byte order mark", "\ufeffa", 2, false},
		{"ethiopic", "\u1230\u120b\u121d", 3, false},
		{"last of one unit", "\uffff", 1, false},
		{"first of two units", "\U00010000", 2, false},
		{"emoji", "a\U0001f600", 3, false},
		{"euro and emoji", "\u20ac{\U0001f600", 4, false},
		{"invalid UTF-8", "a\xff\xc3", 3, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if units, ok := gsm7.Len(tt.in); units != tt.units || ok != tt.ok {
				t.Errorf("Len(%q) = %d, %v, want %d, %v", tt.in, units, ok, tt.units, tt.ok)
			}
		})
	}
}

func TestGSM7LenAllocates(t *testing.T) {
	text := strings.Repeat("Welcome \u20ac ", 20)
	if n := testing.AllocsPerRun(100, func() { gsm7.Len(text) }); n != 0 {
		t.Errorf("Len allocates %v times, want 0", n)
	}
}
