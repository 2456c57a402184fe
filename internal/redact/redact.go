// Package redact hides what must not reach a log: phone numbers, message texts
// and whatever a subscriber types.
package redact

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// longNumber is the length from which a run of digits may be a subscriber's
// number: the shortest national numbers have seven digits.
const longNumber = 7

// Phone returns a phone number of which only the last two digits can be read.
func Phone(s string) string {
	if s == "" {
		return ""
	}
	end := s[max(0, len(s)-2):]
	// What is no number may end in the middle of a character.
	if len(s) < longNumber || end[0] >= utf8.RuneSelf || end[1] >= utf8.RuneSelf {
		return "***"
	}
	return "***" + end
}

// Text stands for a text of which only the length, in bytes, may be known.
func Text(s string) string {
	if s == "" {
		return ""
	}
	return "(" + strconv.Itoa(len(s)) + " bytes)"
}

// Digits returns s with every run of seven or more digits hidden but for its
// last two. It is meant for texts that others wrote, such as errors.
func Digits(s string) string {
	var b strings.Builder
	run := 0
	for i := 0; i <= len(s); i++ {
		if i < len(s) && '0' <= s[i] && s[i] <= '9' {
			run++
			continue
		}
		if run >= longNumber {
			b.WriteString("***")
			b.WriteString(s[i-2 : i])
		} else {
			b.WriteString(s[i-run : i])
		}
		run = 0
		if i < len(s) {
			b.WriteByte(s[i])
		}
	}
	return b.String()
}
