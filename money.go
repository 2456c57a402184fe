package africastalking

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

const (
	microsPerUnit = 1_000_000
	microsPerCent = microsPerUnit / 100
	microDigits   = 6
)

// Money is an amount as Africa's Talking writes it, held exactly: never as a
// floating-point number. Amounts on the wire have up to four decimals and may
// or may not name their currency ("KES 100.0000", "0.10", "0").
//
// [Amount] and [Cents] make one. The zero value is no money in no stated currency.
// Money is comparable with ==, which compares the currency too.
type Money struct {
	// Currency is an ISO 4217 code, such as "KES". It is empty where the wire
	// states none; the set of currencies is open.
	Currency string
	// Micros counts millionths of the currency's main unit: KES 1.50 is
	// 1_500_000.
	Micros int64
}

var (
	errMoney    = errors.New("africastalking: amount is not of the form \"KES 1.50\"")
	errTooLarge = errors.New("africastalking: amount is too large")
)

// Amount returns so many whole units of a currency: Amount("KES", 1500) is
// KES 1500.00. It panics if the amount does not fit in [Money.Micros], which holds
// 9,223,372,036,854 units: a sum that nobody means.
func Amount(currency string, units int64) Money {
	return scale("Amount", currency, units, microsPerUnit)
}

// Cents returns so many hundredths of a currency's unit: Cents("KES", 150050) is
// KES 1500.50. A cent is a hundredth in every currency, those without coins of it
// too: Cents("UGX", 100) is UGX 1.00. Like [Amount] it panics if the amount does not
// fit.
func Cents(currency string, cents int64) Money { return scale("Cents", currency, cents, microsPerCent) }

func scale(name, currency string, n, micros int64) Money {
	if n > math.MaxInt64/micros || n < math.MinInt64/micros {
		panic("africastalking: " + name + ": the amount is too large")
	}
	return Money{Currency: currency, Micros: n * micros}
}

// ParseMoney reads an amount with or without a three-letter currency in front:
// "KES 100.0000", "147.440", "0". It returns an error for anything else, for
// more than six decimals that are not zero, and for an amount that does not fit
// in [Money.Micros]. The error never quotes s.
func ParseMoney(s string) (Money, error) {
	var m Money
	// Africa's Talking encodes some values twice, which leaves a plus for the blank.
	if i := strings.IndexAny(s, " +"); i >= 0 {
		if i != 3 || !isUpper(s[:i]) {
			return Money{}, errMoney
		}
		m.Currency, s = s[:i], s[i+1:]
	}
	neg := strings.HasPrefix(s, "-")
	if neg {
		s = s[1:]
	}
	whole, frac, dot := strings.Cut(s, ".")
	if !isDigits(whole) || (dot && !isDigits(frac)) {
		return Money{}, errMoney
	}
	units, err := strconv.ParseUint(whole, 10, 64)
	if err != nil || units > math.MaxInt64/microsPerUnit {
		return Money{}, errTooLarge
	}
	micros, ok := parseMicros(frac)
	if !ok {
		return Money{}, errors.New("africastalking: amount has more than six decimals")
	}
	abs := units*microsPerUnit + micros
	switch {
	case neg && abs <= 1<<63:
		m.Micros = -int64(abs)
	case !neg && abs <= math.MaxInt64:
		m.Micros = int64(abs)
	default:
		return Money{}, errTooLarge
	}
	return m, nil
}

func parseMicros(frac string) (uint64, bool) {
	for len(frac) > microDigits && frac[len(frac)-1] == '0' {
		frac = frac[:len(frac)-1]
	}
	if len(frac) > microDigits {
		return 0, false
	}
	var micros uint64
	for i := range microDigits {
		micros *= 10
		if i < len(frac) {
			micros += uint64(frac[i] - '0')
		}
	}
	return micros, true
}

// Add returns m+n and reports whether the sum means anything: amounts in two
// different currencies, and sums that overflow, have none. An amount of zero
// without a currency ("0" on the wire) adds to any currency.
func (m Money) Add(n Money) (Money, bool) {
	switch {
	case m == Money{}:
		return n, true
	case n == Money{}:
		return m, true
	case m.Currency != n.Currency:
		return Money{}, false
	}
	sum := m.Micros + n.Micros
	if (sum > m.Micros) != (n.Micros > 0) {
		return Money{}, false
	}
	return Money{Currency: m.Currency, Micros: sum}, true
}

// IsZero reports whether the amount is zero, in whatever currency.
func (m Money) IsZero() bool { return m.Micros == 0 }

// String writes m as Africa's Talking does, with at least two decimals and no
// more than it takes: "KES 1.50", "USD 0.0079", "0.00".
func (m Money) String() string {
	var b []byte
	if m.Currency != "" {
		b = append(b, m.Currency...)
		b = append(b, ' ')
	}
	abs := uint64(m.Micros)
	if m.Micros < 0 {
		b = append(b, '-')
		abs = -abs
	}
	b = strconv.AppendUint(b, abs/microsPerUnit, 10)
	frac := strconv.AppendUint(nil, abs%microsPerUnit+microsPerUnit, 10)[1:]
	for len(frac) > 2 && frac[len(frac)-1] == '0' {
		frac = frac[:len(frac)-1]
	}
	b = append(b, '.')
	return string(append(b, frac...))
}

// MarshalText writes m as [Money.String] does.
func (m Money) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads m as [ParseMoney] does. Empty text and "None", which
// Africa's Talking sends for a missing amount, are the zero value.
func (m *Money) UnmarshalText(text []byte) error {
	if absent(string(text)) {
		*m = Money{}
		return nil
	}
	v, err := ParseMoney(string(text))
	if err != nil {
		return err
	}
	*m = v
	return nil
}

// absent reports whether s is one of the two ways the wire says "no value".
func absent(s string) bool { return s == "" || s == "None" }

func isUpper(s string) bool {
	for i := range len(s) {
		if s[i] < 'A' || s[i] > 'Z' {
			return false
		}
	}
	return true
}

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
