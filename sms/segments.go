package sms

import "github.com/sautigo/africastalking/internal/gsm7"

// Encoding is the alphabet a text is sent in.
type Encoding int

const (
	// GSM7 is the default alphabet of GSM phones, 7 bits a character.
	GSM7 Encoding = iota
	// UCS2 is what a text needs that has any other character: an emoji, a
	// curly quote, an Amharic letter.
	UCS2
)

// String returns "GSM-7" or "UCS-2".
func (e Encoding) String() string {
	if e == UCS2 {
		return "UCS-2"
	}
	return "GSM-7"
}

// Segments returns in how many messages a text is sent, and so how often it is
// paid for, and in which encoding. A single message holds 160 septets of GSM-7 or
// 70 units of UTF-16, each part of a longer one 153 or 67 (3GPP TS 23.038 and
// 23.040); characters such as € and { take two septets, emoji two units, and
// neither is cut in half. The empty text is one message.
//
// It is an estimate: Africa's Talking appends opt-out instructions to the first
// bulk message a subscriber gets from a sender. What was charged is in the reply to
// the call that sent the message.
func Segments(text string) (n int, encoding Encoding) {
	n, gsm := gsm7.Parts(text)
	if !gsm {
		encoding = UCS2
	}
	return n, encoding
}
