package session

import "github.com/sautigo/africastalking/internal/gsm7"

// Limits are the sizes that a network lets through. Africa's Talking itself passes on a
// screen of any size.
type Limits struct {
	// Screen is the size of a screen in septets.
	Screen int
	// UCS2 is the size in UTF-16 code units of a screen that has a character
	// outside the GSM alphabet.
	UCS2 int
	// Input is how many characters a subscriber can type on a screen.
	Input int
}

// LimitsOf returns the limits of a network by its code. Those of Safaricom (63902)
// and Airtel Kenya (63903) are documented, the latter above what a USSD string can
// hold: 160 octets are 182 septets or 80 code units. An unknown network has the
// smallest limits that are documented for any.
func LimitsOf(networkCode string) Limits {
	if networkCode == "63903" {
		return Limits{182, 80, 90}
	}
	return Limits{160, 80, 80}
}

// WithScreen returns l with another size of a screen, and half of it, though at
// most 80, outside the GSM alphabet.
func (l Limits) WithScreen(septets int) Limits {
	l.Screen = septets
	l.UCS2 = min(80, septets/2)
	return l
}

// Measure returns the size of a screen, the limit it must keep, and whether it
// keeps to the GSM alphabet; if it does not, both are in UTF-16 code units.
func (l Limits) Measure(screen string) (units, limit int, gsm bool) {
	units, gsm = gsm7.Len(screen)
	if gsm {
		return units, l.Screen, true
	}
	return units, l.UCS2, false
}
