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
// Local forms are read by a table of the countries of Africa: 0711000001 and
// 711000001 in Kenya, 771234567 in Senegal, which dials no 0 in front, and 0191234567
// in Benin, where the 0 belongs to the number. The table holds lengths too, so that a
// number with a digit too few or too many is refused. Countries that are not in it
// take numbers with "+" or "00" only, of any length that a phone number may have.
//
// Numbers of other countries are refused. With an empty dialling code, numbers of all
// countries are read, with "+" or "00" only. Phone panics if the dialling code is not
// digits.
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
	for code, c := range countries {
		if diallingCode == "" || code == diallingCode {
			known[code] = regexp.MustCompile(`^(?:` + c.national + `)$`)
		}
	}
	err := told("Enter a phone number.")
	if known[diallingCode] == nil {
		err = "Enter a phone number that begins with + or 00."
	}
	blanks := strings.NewReplacer("(0)", "(0)", " ", "", "-", "", "(", "", ")", "")
	brackets := strings.NewReplacer("(", "", ")", "")
	return func(s string) (string, error) {
		s, full := international(blanks.Replace(strings.TrimSuffix(s, "#")))
		if !full && known[diallingCode] == nil {
			return "", err
		}
		code := diallingCode
		for i := 2; code == "" && i <= min(3, len(s)); i++ {
			if known[s[:i]] != nil {
				code = s[:i]
			}
		}
		valid, trunk := known[code], countries[code].trunk
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

// international returns what follows "+" or "00", and whether s begins with them.
func international(s string) (string, bool) {
	for _, prefix := range []string{"+", "00"} {
		if rest, ok := strings.CutPrefix(s, prefix); ok {
			return rest, true
		}
	}
	return s, false
}

// How many digits a phone number has, the dialling code among them: fifteen at most
// (ITU-T E.164), and seven on Saint Helena.
const (
	minE164 = 7
	maxE164 = 15
)

// countries holds, by dialling code, what is dialled in front of a local number and
// dropped behind the dialling code, and which digits a national number consists of.
// Operators get new numbers now and then, so a pattern names the first digits only
// where it would match a number that lacks digits otherwise: a mobile number, or the
// dialling code with too few digits behind it. internal/numbering compares the table
// with libphonenumber's.
var countries = map[string]struct{ trunk, national string }{
	"20":  {"0", `1[0-25]\d{8}|[89]00\d{7}|1[35]\d{7}|[24-689]\d{8}|15\d{6}|[35]\d{7}`}, // Egypt
	"212": {"0", `[13-9]\d{8}`},                                                         // Morocco
	"213": {"0", `[5-9]\d{8}|[1-4]\d{7}`},                                               // Algeria
	"216": {"", `[1-9]\d{7}`},                                                           // Tunisia
	"218": {"0", `[1-9]\d{8}`},                                                          // Libya
	"249": {"0", `[13-9]\d{8}`},                                                         // Sudan

	"220": {"", `[1-9]\d{6}`},                            // Gambia
	"221": {"", `[13-9]\d{8}`},                           // Senegal
	"222": {"", `[1-9]\d{7}`},                            // Mauritania
	"223": {"", `[13-9]\d{7}|2[01]\d{6}`},                // Mali
	"224": {"", `[4-9]\d{8}|3\d{7}`},                     // Guinea
	"225": {"", `0\d{9}|2[157]\d{8}`},                    // Côte d'Ivoire
	"226": {"", `[013-9]\d{7}|2[045]\d{6}`},              // Burkina Faso
	"227": {"", `[3-9]\d{7}|2[013]\d{6}|0[89]\d{6}`},     // Niger
	"228": {"", `[13-9]\d{7}|2[2-7]\d{6}`},               // Togo
	"229": {"", `01\d{8}|8[15]\d{6}`},                    // Benin
	"231": {"0", `[3-9]\d{8}|22\d{7}|2\d{7}|[4-6]\d{6}`}, // Liberia
	"232": {"0", `[13-9]\d{7}|2[0-24-9]\d{6}`},           // Sierra Leone
	"233": {"0", `[1-9]\d{8}|800\d{5}`},                  // Ghana
	"234": {"0", `[13-9]\d{9}|20\d{8}|[78]00\d{8,11}`},   // Nigeria
	"238": {"", `[1-9]\d{6}`},                            // Cape Verde
	"245": {"", `[3-9]\d{8}|40\d{5}`},                    // Guinea-Bissau

	"235": {"", `[3-9]\d{7}|22\d{6}`},                                // Chad
	"236": {"", `[3-9]\d{7}|2[12]\d{6}`},                             // Central African Republic
	"237": {"", `[13-9]\d{8}|2[24]\d{7}|233\d{6}|88\d{6}`},           // Cameroon
	"239": {"", `[3-9]\d{6}|22\d{5}`},                                // São Tomé and Príncipe
	"240": {"", `[3-9]\d{8}|222\d{6}`},                               // Equatorial Guinea
	"241": {"0", `[13-9]\d{7}`},                                      // Gabon
	"242": {"", `0\d{8}|[3-9]\d{8}|222\d{6}`},                        // Congo
	"243": {"0", `[13-9]\d{8}|573\d{7}|276\d{5}|[1-6]\d{6}|88\d{5}`}, // DR Congo
	"244": {"", `[1-9]\d{8}`},                                        // Angola

	"211": {"0", `[13-9]\d{8}`},                                      // South Sudan
	"250": {"0", `[1-9]\d{8}|06\d{6}`},                               // Rwanda
	"251": {"0", `[1-9]\d{8}`},                                       // Ethiopia
	"252": {"0", `[346-9]\d{8}|[12679]\d{7}|[1-5]\d{6}|[1348]\d{5}`}, // Somalia
	"253": {"", `[3-9]\d{7}|2[17]\d{6}`},                             // Djibouti
	"254": {"0", `[13-9]\d{8}|20\d{6,7}|[4-6]\d{6,7}|800\d{7}`},      // Kenya
	"255": {"0", `[1-9]\d{8}`},                                       // Tanzania
	"256": {"0", `[13-9]\d{8}|20\d{7}`},                              // Uganda
	"257": {"", `[3-9]\d{7}|2[29]\d{6}`},                             // Burundi
	"291": {"0", `[13-9]\d{6}`},                                      // Eritrea

	"27":  {"0", `[1-9]\d{8}|861\d{7}`},                                                                        // South Africa
	"258": {"", `[3-9]\d{8}|2[0-46-9]\d{6}|25[0-2]\d{5}`},                                                      // Mozambique
	"260": {"0", `[13-9]\d{8}|21\d{7}`},                                                                        // Zambia
	"264": {"0", `[13-9]\d{8}|6[1-9]\d{6}|886\d{5}`},                                                           // Namibia
	"265": {"0", `[13-9]\d{8}|2[12]\d{7}|1\d{6}`},                                                              // Malawi
	"266": {"", `[1-9]\d{7}`},                                                                                  // Lesotho
	"267": {"", `7\d{7}|321\d{5}|[4-6]\d{6}|3[013-9]\d{5}|2(?:[49]\d|6[0-4])\d{4}|90\d{5}|0800\d{6}|800\d{7}`}, // Botswana
	"268": {"", `[3-8]\d{7}|2[2-5]\d{6}|0800\d{4}|900\d{6}`},                                                   // Eswatini

	"230": {"", `[57]\d{7}|[2-468]\d{6}|802\d{7}`}, // Mauritius
	"248": {"", `[3-9]\d{6}|2[125-8]\d{5}`},        // Seychelles
	"261": {"0", `[3-9]\d{8}|2[02]\d{7}`},          // Madagascar
	"262": {"0", `[1-9]\d{8}`},                     // Réunion and Mayotte
	"269": {"", `[3-9]\d{6}`},                      // Comoros

	// Zimbabwe
	"263": {"0", `2(?:[0-57-9]\d{6,8}|6[0-24-9]\d{6,7})|[38]\d{9}|[35-8]\d{8}|[3-6]\d{7}|[1-689]\d{6}|[1-3569]\d{5}|[1356]\d{4}`},
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
