package ussd

import (
	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/internal/gsm7"
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
func Fold(s string) string { return gsm7.Fold(s) }
