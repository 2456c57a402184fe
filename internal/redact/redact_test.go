package redact_test

import (
	"testing"
	"unicode/utf8"

	"github.com/sautigo/africastalking/internal/redact"
)

func TestPhone(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                   "",
		"1":                  "***",
		"MTN":                "***",
		"711001":             "***",
		"7110001":            "***01",
		"0711000001":         "***01",
		"+254711000001":      "***01",
		"256700000001":       "***01",
		"acme.agent1":        "***t1",
		"sip:a@b.example":    "***le",
		"\u65e5\u672c\u8a9e": "***",
		"+25471100000\u0661": "***",
		"acme.agent\xff":     "***",
	} {
		if got := redact.Phone(in); got != want || !utf8.ValidString(got) {
			t.Errorf("Phone(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":          "",
		"1":         "(1 bytes)",
		"1*2*4321":  "(8 bytes)",
		"Jos\u00e9": "(5 bytes)",
	} {
		if got := redact.Text(in); got != want {
			t.Errorf("Text(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestDigits(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                            "",
		"no digits":                   "no digits",
		"123456":                      "123456",
		"1234567":                     "***67",
		"254711000001":                "***01",
		"254711000001 is unknown":     "***01 is unknown",
		"unknown: +254711000001":      "unknown: +***01",
		"(0711000001), 42":            "(***01), 42",
		"711000001711000002":          "***02",
		"0711000001/0722000002":       "***01/***02",
		"%2B254711000001":             "%2B***01",
		"a123456b1234567c":            "a123456b***67c",
		"status 500 after 1234567":    "status 500 after ***67",
		"Jos\u00e9 0711000001 \u2713": "Jos\u00e9 ***01 \u2713",
		"\u00e90711000001\u00e9":      "\u00e9***01\u00e9",
		"\xff0711000001\xff":          "\xff***01\xff",
		"\n0711000001\n":              "\n***01\n",
	} {
		if got := redact.Digits(in); got != want {
			t.Errorf("Digits(%q) = %q, want %q", in, got, want)
		}
	}
}

// No run of seven digits is left, and nothing but digits is lost.
func FuzzDigits(f *testing.F) {
	for _, s := range []string{"", "254711000001", "a 254711000001 b", "123456", "\xff0711000001\u0661"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := redact.Digits(s)
		run := 0
		for i := range len(got) {
			if '0' <= got[i] && got[i] <= '9' {
				run++
			} else {
				run = 0
			}
			if run >= 7 {
				t.Fatalf("Digits(%q) = %q", s, got)
			}
		}
		if again := redact.Digits(got); again != got {
			t.Errorf("Digits(%q) = %q, and of that %q", s, got, again)
		}
	})
}
