package ussd

import (
	"strings"

	"github.com/sautigo/africastalking"
)

const (
	// minSeptets and maxFooter leave room for some text beside the keys of a
	// page, in either alphabet.
	minSeptets = 100
	maxFooter  = 40
	// maxSeptets is what the 160 octets of a USSD string can carry (3GPP TS
	// 23.038 and 29.002).
	maxSeptets = 182
)

// Limit returns how many septets a screen may have on a network: 182 for Airtel
// Kenya, whose stated 184 is more than USSD can carry, and 160 for every other
// (Africa's Talking's help centre names 160 for Safaricom; those that it does not
// name are taken to be no better).
func Limit(n africastalking.Network) int {
	if n == africastalking.AirtelKenya {
		return maxSeptets
	}
	return MaxSeptets
}

// Fold returns s with the characters that word processors like replaced by those
// of the GSM alphabet that look alike: curly quotes, dashes, the ellipsis, bullets
// and odd spaces. One of them would make a whole screen take twice the room. A
// [Menu] folds all that it shows.
func Fold(s string) string {
	if isPlain(s) {
		return s
	}
	return folder.Replace(s)
}

func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 || s[i] == '\t' || s[i] == '`' {
			return false
		}
	}
	return true
}

var folder = strings.NewReplacer(
	"\u2018", "'", "\u2019", "'", "\u201a", "'", "\u201b", "'", "\u2032", "'", "\u00b4", "'", "`", "'",
	"\u201c", "\"", "\u201d", "\"", "\u201e", "\"", "\u2033", "\"", "\u00ab", "\"", "\u00bb", "\"",
	"\u2010", "-", "\u2011", "-", "\u2012", "-", "\u2013", "-", "\u2014", "-", "\u2015", "-", "\u2212", "-",
	"\u2026", "...", "\u2022", "-", "\u00b7", "-",
	"\u00a0", " ", "\u1680", " ", "\u2000", " ", "\u2001", " ", "\u2002", " ", "\u2003", " ", "\u2004", " ", "\u2005", " ",
	"\u2006", " ", "\u2007", " ", "\u2008", " ", "\u2009", " ", "\u200a", " ", "\u202f", " ", "\u205f", " ", "\u3000", " ", "\t", " ",
	"\u200b", "", "\u2060", "", "\u200c", "", "\u200d", "", "\ufeff", "", "\u00ad", "",
)
