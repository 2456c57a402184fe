package ussd_test

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/ussd"
)

// refused stands for an answer that is not read.
const refused = ""

func TestPhone(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, code string
		want       map[string]string
	}{
		{"trunk 0", "254", map[string]string{
			"0711000001":          "+254711000001",
			"711000001":           "+254711000001",
			"254711000001":        "+254711000001",
			"+254711000001":       "+254711000001",
			"00254711000001":      "+254711000001",
			"0711000001#":         "+254711000001",
			" 0711-000 001 ":      "+254711000001",
			"(0711) 000001":       "+254711000001",
			"(0)711000001":        "+254711000001",
			"+254 711-000 (001)":  "+254711000001",
			"(+254) 711 000001":   "+254711000001",
			"+254 (0) 711 000001": "+254711000001",
			"00254(0)711000001":   "+254711000001",
			"254 (0)711 000 001":  "+254711000001",
			"0110000001":          "+254110000001",
			"0202222222":          "+254202222222",
			"":                    refused,
			"+":                   refused,
			"00":                  refused,
			"0":                   refused,
			"#":                   refused,
			"()":                  refused,
			"abc":                 refused,
			"0711":                refused,
			"071100000":           refused,
			"07110000":            refused,
			"07110000011":         refused,
			"071100000123":        refused,
			"71100000":            refused,
			"7110000011":          refused,
			"254711000":           refused,
			"25471100000":         refused,
			"2547110000011":       refused,
			"+25471100000":        refused,
			"+2547110000011":      refused,
			"+711000001":          refused,
			"00711000001":         refused,
			"000711000001":        refused,
			"000254711000001":     refused,
			"0254711000001":       refused,
			"+0254711000001":      refused,
			"2540711000001":       refused,
			"+2540711000001":      refused,
			"+25400711000001":     refused,
			"+254 711 (0)00001":   "+254711000001",
			"+255711000001":       refused,
			"00255711000001":      refused,
			"++254711000001":      refused,
			"0711.000.001":        refused,
			"٠٧١١٠٠٠٠٠١":          refused,
		}},
		{"no trunk 0", "221", map[string]string{
			"771234567":       "+221771234567",
			"77 123 45 67":    "+221771234567",
			"221771234567":    "+221771234567",
			"+221771234567":   "+221771234567",
			"00221771234567":  "+221771234567",
			"0771234567":      refused,
			"+2210771234567":  refused,
			"+221(0)77123456": refused,
			"77123456":        refused,
			"7712345678":      refused,
		}},
		{"Benin since November 2024", "229", map[string]string{
			"0191234567":        "+2290191234567",
			"2290191234567":     "+2290191234567",
			"+229 01 91 234567": "+2290191234567",
			"+229(0)191234567":  "+2290191234567",
			"002290191234567":   "+2290191234567",
			"191234567":         refused,
			"+229191234567":     refused,
			"91234567":          refused,
			"+22991234567":      refused,
			"0791234567":        refused,
		}},
		{"Côte d'Ivoire", "225", map[string]string{
			"0711000001":          "+2250711000001",
			"+225 07 11 00 00 01": "+2250711000001",
			"2250711000001":       "+2250711000001",
			"2720123456":          "+2252720123456",
			"711000001":           refused,
			"07110000":            refused,
			"+225711000001":       refused,
		}},
		{"Congo", "242", map[string]string{"061234567": "+242061234567", "+242061234567": "+242061234567", "61234567": refused}},
		{"a trunk 0, or a 0 that belongs to the number", "250", map[string]string{"0788123456": "+250788123456", "06123456": "+25006123456", "+25006123456": "+25006123456"}},
		{"dialling code of two digits", "27", map[string]string{
			"0821234567":   "+27821234567",
			"27821234567":  "+27821234567",
			"0271234567":   "+27271234567",
			"271234567":    "+27271234567",
			"027821234567": refused,
			"082123456":    refused,
			"08212345678":  refused,
		}},
		{"not in the table", "44", map[string]string{
			"+447700900123":     "+447700900123",
			"00447700900123":    "+447700900123",
			"+44 7700 900-123":  "+447700900123",
			"07700900123":       refused,
			"7700900123":        refused,
			"447700900123":      refused,
			"+44(0)7700900123":  refused,
			"+254711000001":     refused,
			"+44123":            refused,
			"+4412345678901234": refused,
			"+":                 refused,
			"":                  refused,
		}},
		{"not in the table, where 39 begins local numbers too", "39", map[string]string{"+390612345678": "+390612345678", "+393912345678": "+393912345678", "3912345678": refused}},
		{"part of a dialling code", "2547", map[string]string{"711000001": refused, "0711000001": refused, "+254711000001": "+254711000001"}},
		{"any country", "", map[string]string{
			"+447700900123":       "+447700900123",
			"00447700900123":      "+447700900123",
			"+254711000001":       "+254711000001",
			"+254 (0)711 000001":  "+254711000001",
			"254711000001":        refused,
			"2015550123":          refused, // of the USA, or of Egypt
			"+2290191234567":      "+2290191234567",
			"+123456789012345":    "+123456789012345",
			"+1234567":            "+1234567",
			"+22991234567":        refused,
			"+25471100000":        refused,
			"+2540711000001":      refused,
			"+44 (0)7700 900123":  refused,
			"447700900123":        refused,
			"0711000001":          refused,
			"711000001":           refused,
			"+0711000001":         refused,
			"+1234567890123456":   refused,
			"+123456":             refused,
			"+25":                 refused,
			"1":                   refused,
			"":                    refused,
			"+2547110000+1":       refused,
			"+44 7700 900123 (0)": refused,
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			parse := ussd.Phone(test.code)
			got := map[string]string{}
			for typed := range test.want {
				number, err := parse(typed)
				if (number == refused) != (err != nil) || err != nil && err.Error() == "" {
					t.Errorf("%q: got %q with error %v", typed, number, err)
				}
				got[typed] = number
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("numbers by what was typed (-want +got):\n%s", diff)
			}
		})
	}
}

// A number that Phone returns is read as itself, and one typed in full keeps its
// digits, but for a "(0)".
func FuzzPhone(f *testing.F) {
	for _, typed := range []string{"0711000001", "+254 (0)711 000001", "+2290191234567", "0027821234567", "+44 7700 900123", "(0)(0)", "+", "00#"} {
		f.Add(typed)
	}
	var parsers []func(string) (string, error)
	for _, code := range []string{"254", "221", "229", "27", "250", "44", ""} {
		parsers = append(parsers, ussd.Phone(code))
	}
	f.Fuzz(func(t *testing.T, typed string) {
		for _, parse := range parsers {
			number, err := parse(typed)
			if (number == refused) != (err != nil) {
				t.Fatalf("got %q with error %v", number, err)
			}
			if err != nil {
				continue
			}
			if again, err := parse(number); again != number {
				t.Errorf("%q is read as %q, %v", number, again, err)
			}
			rest, full := strings.CutPrefix(typed, "+")
			rest = strings.NewReplacer(" ", "", "-", "", "(", "", ")", "", "#", "").Replace(rest)
			if full && !strings.Contains(typed, "(0)") && number != "+"+rest {
				t.Errorf("got %q, which has other digits", number)
			}
		}
	})
}

// What the subscriber reads says whether a local number would do.
func TestPhoneReason(t *testing.T) {
	t.Parallel()
	got := map[string]string{}
	for _, code := range []string{"254", "44", ""} {
		_, err := ussd.Phone(code)("07")
		got[code] = err.Error()
	}
	want := map[string]string{
		"254": "Enter a phone number.",
		"44":  "Enter a phone number that begins with + or 00.",
		"":    "Enter a phone number that begins with + or 00.",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("reasons by dialling code (-want +got):\n%s", diff)
	}
}

func TestAmount(t *testing.T) {
	t.Parallel()
	type result struct {
		Money  africastalking.Money
		Reason string
	}
	money := func(currency string, cents int64) result {
		return result{Money: africastalking.Cents(currency, cents)}
	}
	hundred := result{Reason: "Enter an amount from 1 to 100."}
	whole := result{Reason: "Enter a whole amount from 1 to 100."}
	limitless := result{Reason: "Enter an amount from 1 to 9223372036854775807."}
	for _, test := range []struct {
		currency string
		max      int64
		want     map[string]result
	}{
		{"KES", 100, map[string]result{
			"1": money("KES", 1_00), "99.5": money("KES", 99_50), "99.50": money("KES", 99_50), "100.00": money("KES", 100_00), "7#": money("KES", 7_00),
			"": hundred, "0": hundred, "0.99": hundred, "100.01": hundred, "1.234": hundred, "1,000": hundred, "KES 5": hundred, "-5": hundred, "x": hundred, "1e2": hundred, "5.": hundred,
		}},
		{"UGX", 100, map[string]result{
			"1": money("UGX", 1_00), "100": money("UGX", 100_00), "007": money("UGX", 7_00), "7#": money("UGX", 7_00),
			"99.50": whole, "99.5": whole, "99.00": whole, "99.": whole, "1.000": whole, "0": whole, "101": whole, "": whole,
		}},
		{"", 100, map[string]result{"99.50": money("", 99_50), "101": hundred}},
		{"KES", math.MaxInt64, map[string]result{"1": money("KES", 1_00), "9000000000000": money("KES", 9000000000000_00), "0": limitless, "9223372036854775807": limitless}},
	} {
		t.Run(test.currency, func(t *testing.T) {
			t.Parallel()
			parse := ussd.Amount(test.currency, 1, test.max)
			got := map[string]result{}
			for typed := range test.want {
				m, err := parse(typed)
				r := result{Money: m}
				if err != nil {
					r.Reason = err.Error()
				}
				got[typed] = r
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("up to %d, by what was typed (-want +got):\n%s", test.max, diff)
			}
		})
	}
}

// Eight of Africa's currencies have no cents.
func TestAmountCurrencies(t *testing.T) {
	t.Parallel()
	const all = "AOA BIF BWP CDF CVE DJF DZD EGP ERN ETB GHS GMD GNF KES KMF LRD LSL LYD MAD MGA MRU MUR MWK MZN NAD NGN RWF SCR SDG SLE SOS SSP STN SZL TND TZS UGX USD XAF XOF ZAR ZMW ZWG"
	var got []string
	for _, currency := range strings.Fields(all) {
		if _, err := ussd.Amount(currency, 1, 100)("99.50"); err != nil {
			got = append(got, currency)
		}
	}
	want := []string{"BIF", "DJF", "GNF", "KMF", "RWF", "UGX", "XAF", "XOF"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("currencies that refuse 99.50 (-want +got):\n%s", diff)
	}
}
