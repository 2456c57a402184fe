package voicexml

import (
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// The functions below return what is wrong with a value, or "". They do not quote it.

func isAnything(string) string { return "" }

func isFlag(s string) string {
	if s == "true" || s == "false" {
		return ""
	}
	return "not true or false"
}

// isNumber refuses zero: package voice has it mean "not set", and Africa's Talking
// may not.
func isNumber(s string) string {
	if n, err := strconv.ParseInt(s, 10, 64); err != nil || n <= 0 || n > math.MaxInt32 {
		return "not a whole number above zero"
	}
	return ""
}

// Key is for a single key.
func Key(s string) string {
	if len(s) == 1 && strings.Contains("0123456789*#", s) {
		return ""
	}
	return "not one of 0 to 9, * and #"
}

// URL is for an absolute URL.
func URL(s string) string {
	switch {
	case !hasScheme(s, "https://") && !hasScheme(s, "http://"):
		return "not an http:// or https:// address"
	case hasUnseen(s):
		return "holds white space or an invisible character"
	}
	return ""
}

func hasScheme(s, scheme string) bool {
	return len(s) > len(scheme) &&
		(s[:len(scheme)] == scheme || strings.EqualFold(s[:len(scheme)], scheme))
}

// Number is for a single number, SIP address or client name.
func Number(s string) string {
	if hasUnseen(s) || strings.Contains(s, ",") {
		return unseen
	}
	return ""
}

const unseen = "holds a comma, white space or an invisible character"

// NumberList is for numbers with nothing but commas between them.
func NumberList(s string) string {
	for i, rest, more := 1, s, true; more; i++ {
		var number string
		number, rest, more = strings.Cut(rest, ",")
		switch {
		case number == "":
			return "number " + strconv.Itoa(i) + " is empty"
		case hasUnseen(number):
			return "number " + strconv.Itoa(i) + " " + unseen
		}
	}
	return ""
}

// isNumberList lets pass white space around the numbers, as apps that build their
// XML by hand send it.
func isNumberList(s string) string { return NumberList(strings.Join(SplitNumbers(s), ",")) }

// SplitNumbers returns the numbers of a list without the white space around them.
func SplitNumbers(s string) []string {
	numbers := strings.Split(s, ",")
	for i, n := range numbers {
		numbers[i] = strings.TrimSpace(n)
	}
	return numbers
}

// isPause is for a time in the form that SSML has from CSS: "200ms", "1.5s".
func isPause(s string) string {
	number, ok := strings.CutSuffix(s, "ms")
	if !ok {
		number, ok = strings.CutSuffix(s, "s")
	}
	if _, err := time.ParseDuration(s); !ok || err != nil || strings.Trim(number, "0123456789.") != "" {
		return "not a time such as 200ms or 2s"
	}
	return ""
}

// hasUnseen finds characters that do not belong in a number or a URL, such as the
// marks of writing direction that a phone's address book puts around a number.
func hasUnseen(s string) bool {
	for len(s) >= 8 && visible(load(s)) {
		s = s[8:]
	}
	for len(s) > 0 && ' ' < s[0] && s[0] < 0x7f {
		s = s[1:]
	}
	for _, r := range s {
		if r == ' ' || r == utf8.RuneError || !unicode.IsPrint(r) {
			return true
		}
	}
	return false
}
