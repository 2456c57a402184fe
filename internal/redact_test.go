package internal_test

import (
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/sautigo/africastalking/internal/redact"
)

func TestRedactPhone(t *testing.T) {
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

func TestRedactText(t *testing.T) {
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

func TestRedactDigits(t *testing.T) {
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
		"0711000001/0722000002":       "***02",
		"0711000001, 0722000002":      "***01, ***02",
		"%2B254711000001":             "%2B***01",
		"a123456b1234567c":            "a123456b***67c",
		"status 500 after 1234567":    "status 500 after ***67",
		"Jos\u00e9 0711000001 \u2713": "Jos\u00e9 ***01 \u2713",
		"\u00e90711000001\u00e9":      "\u00e9***01\u00e9",
		"\xff0711000001\xff":          "\xff***01\xff",
		"\n0711000001\n":              "\n***01\n",
		// Written as people write numbers.
		"+254 711 000 001":                 "+***01",
		"0711-000-001":                     "***01",
		"0711.000.001":                     "***01",
		"0711/000/001":                     "***01",
		"(0711) 000 001":                   "(***01",
		"+254 (0)711 000001":               "+***01",
		"+254 (711) - 000001":              "+***01",
		"[0711][000][001]":                 "[***01]",
		"0 7 1 1 0 0 0 0 0 1":              "***01",
		"0711  000\t001":                   "***01",
		"254+711+000+001":                  "***01",
		"phone=%2B254%20711%20000%20001":   "phone=%2B***01",
		"0711\u00a0000\u202f001":           "***01",
		"0711\u2011000\u2013001":           "***01",
		"0711\u2212000\u2212001":           "***01",
		"\u202a+254 711\u200b000001\u202c": "\u202a+***01\u202c",
		"\u0660\u0667\u0661\u0661\u0660\u0660\u0660\u0660\u0660\u0661": "***\u0660\u0661",
		"\uff10\uff17\uff11\uff11 000 001":                             "***01",
		// The seventh digit counts, wherever it stands.
		"123-456":              "123-456",
		"123-456-7":            "***67",
		"1 234 567 and 123456": "***67 and 123456",
		"123 456: 789":         "123 456: 789",
		// What ends a number.
		"123     4567":       "123     4567",
		"123\n4567":          "123\n4567",
		"12, 345, 67":        "12, 345, 67",
		"HTTP/1.1 503":       "HTTP/1.1 503",
		"12a34b567":          "12a34b567",
		"0711000001 - ":      "***01 - ",
		"192.168.10.12:5432": "192.168.10.12:5432",
		"(192.168.100.120)":  "(192.168.100.120)",
		"254.711.000.001":    "***01",
		"192.168.10.12 7":    "***27",
		"07.11.00.00.01":     "***01",
	} {
		if got := redact.Digits(in); got != want {
			t.Errorf("Digits(%q) = %q, want %q", in, got, want)
		}
	}
}

// No number of seven digits is left, and doing it again changes nothing.
func FuzzRedactDigits(f *testing.F) {
	for _, s := range []string{
		"", "254711000001", "a 254711000001 b", "123456", "\xff0711000001\u0661", "+254 (0)711 000-001",
		"0711\u00a0000\u00a0001", "192.168.10.12 7", "1234567     1",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := redact.Digits(s)
		run := 0
		for _, r := range got {
			if unicode.IsDigit(r) {
				run++
			} else if r != '.' { // addresses are left
				run = 0
			}
			if run > 12 {
				t.Fatalf("Digits(%q) = %q", s, got)
			}
		}
		if regexp.MustCompile(`\d{7}|\d([ -]?\d){6}`).MatchString(got) {
			t.Fatalf("Digits(%q) = %q", s, got)
		}
		if again := redact.Digits(got); again != got {
			t.Errorf("Digits(%q) = %q, and of that %q", s, got, again)
		}
	})
}

type person struct{ name, phone string }

func (p person) LogValue() slog.Value {
	return slog.GroupValue(slog.String("name", redact.Text(p.name)), slog.String("phone", redact.Phone(p.phone)))
}

func (p person) String() string { return redact.String(p) }

type family struct {
	Mother person
	More   []person
}

func (f family) LogValue() slog.Value {
	return slog.GroupValue(slog.Any("mother", f.Mother), slog.Group("all", slog.Any("mother", f.Mother), slog.Int("n", len(f.More))),
		slog.Any("more", f.More), slog.Group("none"))
}

type nobody struct{ p *person }

func (n nobody) LogValue() slog.Value { return slog.StringValue(n.p.name) }

type constant string

func (c constant) LogValue() slog.Value { return slog.StringValue(string(c)) }

func TestRedactString(t *testing.T) {
	t.Parallel()
	amina := person{"Amina", "+254711000001"}
	const masked = "[name=(5 bytes) phone=***01]"
	for _, test := range []struct {
		name string
		v    slog.LogValuer
		want string
	}{
		{"group", amina, masked},
		{"groups in groups", family{amina, []person{amina}}, "[mother=" + masked + " all=[mother=" + masked + " n=1] more=[" + masked + "]]"},
		{"no group", constant("plain"), "plain"},
		{"nothing", nil, "<nil>"},
	} {
		if got := redact.String(test.v); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
	if got := redact.String(nobody{}); !strings.Contains(got, "LogValue panicked") {
		t.Errorf("a LogValue that panics: %q", got)
	}
	for _, verb := range []string{"%v", "%+v", "%s"} {
		if got := fmt.Sprintf(verb, amina); got != masked {
			t.Errorf("%s prints %q, want %q", verb, got, masked)
		}
	}
}
