package ussd

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/sautigo/africastalking"
)

// The functions below make the Parse of a [Prompt]. Their errors are what the
// subscriber reads; [Reason] says it in other words.

// told is an error whose text the subscriber reads.
type told string

func (t told) Error() string { return string(t) }

// Reason returns parse with another text for its errors, in the subscriber's
// language for instance.
func Reason[T any](text string, parse func(string) (T, error)) func(string) (T, error) {
	err := told(text)
	return func(s string) (T, error) {
		v, wrong := parse(s)
		if wrong != nil {
			return v, err
		}
		return v, nil
	}
}

// Int reads a whole number from min to max, in decimal digits.
func Int(min, max int) func(string) (int, error) {
	err := told(fmt.Sprintf("Enter a number from %d to %d.", min, max))
	return func(s string) (int, error) {
		n, wrong := strconv.Atoi(strings.TrimSuffix(s, "#"))
		if wrong != nil || n < min || n > max || s[0] == '+' {
			return 0, err
		}
		return n, nil
	}
}

// Amount reads an amount of a currency, from min to max of its main unit, with up
// to two decimals: "500", "99.50". Separators of thousands are refused, since
// nobody can tell 1,500 from 1.500.
func Amount(currency string, min, max int64) func(string) (africastalking.Money, error) {
	err := told(fmt.Sprintf("Enter an amount from %d to %d.", min, max))
	return func(s string) (africastalking.Money, error) {
		s = strings.TrimSuffix(s, "#")
		m, wrong := africastalking.ParseMoney(s)
		_, decimals, _ := strings.Cut(s, ".")
		if wrong != nil || m.Currency != "" || len(decimals) > 2 || m.Micros < micros(min) || m.Micros > micros(max) {
			return africastalking.Money{}, err
		}
		m.Currency = currency
		return m, nil
	}
}

// micros returns so much of a currency's main unit in millionths, or as much as can be
// counted.
func micros(units int64) int64 {
	const unit = 1_000_000
	return max(min(units, math.MaxInt64/unit), math.MinInt64/unit) * unit
}

// Phone reads a phone number of a country, given by its dialling code ("254"), and
// returns it in international form, "+254711000001". It takes the ways in which
// people type it: 0711000001, 254711000001, +254711000001, 00254711000001,
// +254 (0)711 000001, with blanks, dashes or brackets in it. Numbers of other
// countries are refused unless the dialling code is empty; then the number must be in
// international form. It panics if the dialling code is not digits.
func Phone(diallingCode string) func(string) (string, error) {
	if diallingCode != "" && !digits(diallingCode) {
		panic("ussd: " + strconv.Quote(diallingCode) + " is no dialling code")
	}
	err := told("Enter a phone number.")
	blanks := strings.NewReplacer(" ", "", "-", "", "(", "", ")", "")
	return func(s string) (string, error) {
		s = strings.TrimSuffix(s, "#")
		if strings.HasPrefix(strings.TrimSpace(s), "+") {
			s = strings.Replace(s, "(0)", "", 1)
		}
		s = blanks.Replace(s)
		international := true
		switch {
		case strings.HasPrefix(s, "+"):
			s = s[1:]
		case strings.HasPrefix(s, "00"):
			s = s[2:]
		case diallingCode == "":
			return "", err
		case strings.HasPrefix(s, "0"):
			international = false
		}
		if !digits(s) {
			return "", err
		}
		if diallingCode == "" {
			if len(s) < minNational || len(s) > maxE164 || s[0] == '0' {
				return "", err
			}
			return "+" + s, nil
		}
		national, ours := strings.CutPrefix(s, diallingCode)
		if !international || !ours && keepsZero(diallingCode) && len(s) > minNational {
			national, ours = s, true
		}
		if !keepsZero(diallingCode) {
			national = strings.TrimPrefix(national, "0")
			if rest, again := strings.CutPrefix(national, diallingCode); !international && again && len(rest) > minNational {
				return "", err // the dialling code behind a 0
			}
		}
		if !ours || len(national) < minNational || len(national) > maxNational || !keepsZero(diallingCode) && national[0] == '0' {
			return "", err
		}
		return "+" + diallingCode + national, nil
	}
}

// How many digits a phone number has: with the dialling code fifteen at most (ITU-T
// E.164). What numbers a country has in between is for Africa's Talking to know:
// lists of them grow old.
const (
	maxE164     = 15
	minNational = 7
	maxNational = 11
)

// keepsZero reports whether numbers of a country begin with the 0 that is a prefix
// elsewhere: those of Côte d'Ivoire, the Republic of the Congo and Italy do.
func keepsZero(diallingCode string) bool {
	return diallingCode == "225" || diallingCode == "242" || diallingCode == "39"
}

// PIN reads a number of so many digits, as it was typed, zeros in front included.
// Ask for PINs with Explicit and a limit on Tries, and keep what was typed out of
// logs: [Request.Text] holds it on every later hop.
func PIN(length int) func(string) (string, error) {
	err := told(fmt.Sprintf("Enter your PIN of %d digits.", length))
	return func(s string) (string, error) {
		s = strings.TrimSuffix(s, "#")
		if len(s) != length || !digits(s) {
			return "", err
		}
		return s, nil
	}
}

// Match reads a text that a regular expression matches from its beginning to its
// end. It panics if the expression does not compile.
func Match(expr, reason string) func(string) (string, error) {
	re := regexp.MustCompile(`^(?:` + expr + `)$`)
	err := told(reason)
	return func(s string) (string, error) {
		if !re.MatchString(s) {
			return "", err
		}
		return s, nil
	}
}

// OneOf reads one of some words, in any letter case, and returns it as it is given
// here.
func OneOf(words ...string) func(string) (string, error) {
	err := told(fmt.Sprintf("Enter %s.", strings.Join(words, " or ")))
	return func(s string) (string, error) {
		for _, w := range words {
			if strings.EqualFold(s, w) || strings.EqualFold(strings.TrimSuffix(s, "#"), w) {
				return w, nil
			}
		}
		return "", err
	}
}

// Date reads a day, as DDMMYYYY or with any of "-", "/", "." and blanks between its
// parts, and returns its beginning in UTC.
func Date() func(string) (time.Time, error) {
	err := told("Enter a date as DDMMYYYY.")
	separators := strings.NewReplacer("-", " ", "/", " ", ".", " ")
	return func(s string) (time.Time, error) {
		s = separators.Replace(strings.TrimSuffix(s, "#"))
		for _, layout := range []string{"02012006", "2 1 2006"} {
			if t, wrong := time.Parse(layout, s); wrong == nil && t.Year() > 0 {
				return t, nil
			}
		}
		return time.Time{}, err
	}
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
