package ussd

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/internal/dialling"
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

// Amount reads an amount of a currency, an ISO 4217 code, from min to max of its main
// unit, with up to two decimals: "500", "99.50". Currencies without cents (UGX, RWF,
// XOF, XAF and others) take whole amounts only. Separators of thousands are refused,
// since nobody can tell 1,500 from 1.500.
func Amount(currency string, min, max int64) func(string) (africastalking.Money, error) {
	places, an := 2, "an"
	if strings.Contains(withoutCents, " "+currency+" ") {
		places, an = 0, "a whole"
	}
	err := told(fmt.Sprintf("Enter %s amount from %d to %d.", an, min, max))
	return func(s string) (africastalking.Money, error) {
		s = strings.TrimSuffix(s, "#")
		m, wrong := africastalking.ParseMoney(s)
		_, decimals, _ := strings.Cut(s, ".")
		if wrong != nil || m.Currency != "" || len(decimals) > places || m.Micros < micros(min) || m.Micros > micros(max) {
			return africastalking.Money{}, err
		}
		m.Currency = currency
		return m, nil
	}
}

// withoutCents lists the currencies whose smallest unit is the main one (ISO 4217).
const withoutCents = " BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF "

// micros returns so much of a currency's main unit in millionths, or as much as can be
// counted.
func micros(units int64) int64 {
	const unit = 1_000_000
	return max(min(units, math.MaxInt64/unit), math.MinInt64/unit) * unit
}

// Phone reads a phone number of a country, given by its dialling code ("254"), and
// returns it in international form, "+254711000001". Blanks, dashes and brackets may
// stand anywhere in it.
//
// A number typed in full is never rewritten: with "+", with "00", or as the dialling
// code followed by as many digits as numbers of the country have. Only "(0)" behind
// the dialling code is dropped, in countries that dial a 0 in front of local numbers.
//
// Local forms, and lengths, are those of a table of the countries of Africa: 0711000001 and
// 711000001 in Kenya, 771234567 in Senegal, which dials no 0 in front, and 0191234567 in
// Benin, where the 0 belongs to the number. Other countries take numbers with "+" or "00"
// only, of any length that a phone number may have.
//
// Numbers of other countries than the dialling code's are refused; an empty one takes those
// of all, with "+" or "00". Phone panics if the dialling code is not digits.
//
// Phone does not know which numbers an operator has given out. A Parse that goes by
// the numbering plans of github.com/nyaruka/phonenumbers refuses more typing errors,
// but has to be kept up to date, and drops a 0 behind the dialling code:
//
//	func(s string) (string, error) {
//		n, err := phonenumbers.Parse(s, "KE")
//		if err != nil || !phonenumbers.IsValidNumberForRegion(n, "KE") {
//			return "", errors.New("Enter a phone number.")
//		}
//		return phonenumbers.Format(n, phonenumbers.E164), nil
//	}
func Phone(diallingCode string) func(string) (string, error) {
	if diallingCode != "" && !digits(diallingCode) {
		panic("ussd: " + strconv.Quote(diallingCode) + " is no dialling code")
	}
	known := map[string]*regexp.Regexp{}
	for code, c := range dialling.Countries {
		if diallingCode == "" || code == diallingCode {
			known[code] = regexp.MustCompile(`^(?:` + c.National + `)$`)
		}
	}
	err := told("Enter a phone number.")
	if known[diallingCode] == nil {
		err = "Enter a phone number that begins with + or 00."
	}
	blanks := strings.NewReplacer("(0)", "(0)", " ", "", "-", "", "(", "", ")", "")
	brackets := strings.NewReplacer("(", "", ")", "")
	return func(s string) (string, error) {
		s, full := strings.CutPrefix(blanks.Replace(strings.TrimSuffix(s, "#")), "+")
		if !full {
			s, full = strings.CutPrefix(s, "00")
		}
		if !full && known[diallingCode] == nil {
			return "", err
		}
		code := diallingCode
		for i := 2; code == "" && i <= min(3, len(s)); i++ {
			if known[s[:i]] != nil {
				code = s[:i]
			}
		}
		valid, trunk := known[code], dialling.Countries[code].Trunk
		national, ours := strings.CutPrefix(s, code)
		if valid == nil {
			if !ours || !digits(s) || s[0] == '0' || len(s) < minE164 || len(s) > maxE164 {
				return "", err
			}
			return "+" + s, nil
		}
		var readings []string
		if ours {
			if trunk != "" {
				national = strings.TrimPrefix(national, "(0)")
			}
			readings = append(readings, brackets.Replace(national))
		}
		if !full {
			local := brackets.Replace(s)
			readings = append(readings, local, strings.TrimPrefix(local, trunk))
		}
		for _, national := range readings {
			if valid.MatchString(national) {
				return "+" + code + national, nil
			}
		}
		return "", err
	}
}

// How many digits a phone number has, the dialling code among them: fifteen at most
// (ITU-T E.164), and seven on Saint Helena.
const (
	minE164 = 7
	maxE164 = 15
)

// PIN reads a number of so many digits, as it was typed, zeros in front included.
// Ask for PINs with Explicit and a limit on Tries, and keep what was typed out of
// logs: [Request.Text] holds it on every later hop.
func PIN(length int) func(string) (string, error) {
	read := Match("[0-9]{"+strconv.Itoa(length)+"}", fmt.Sprintf("Enter your PIN of %d digits.", length))
	return func(s string) (string, error) { return read(strings.TrimSuffix(s, "#")) }
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
