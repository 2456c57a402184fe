package sms

import (
	"slices"

	"github.com/sautigo/africastalking/internal/gsm7"
)

// Encoding is the alphabet a text is sent in. The whole text is sent in one: a
// single character outside GSM-7 makes all of it UCS-2, and more than halves what a
// message holds.
type Encoding int

const (
	// GSM7 is the default alphabet of GSM phones, 7 bits a character. Beside the
	// letters A to Z in both cases, the digits, the space, the line feed and
	// the carriage return it has
	//
	//	! " # $ % & ' ( ) * + , - . / : ; < = > ? @ _
	//	£ ¥ ¤ § ¡ ¿ à ä å Ä Å æ Æ Ç è é É ì ñ Ñ ò ö ø Ö Ø ß ù ü Ü
	//	Δ Φ Γ Λ Ω Π Ψ Σ Θ Ξ
	//
	// and, each taking the room of two, the form feed and
	//
	//	[ \ ] ^ { | } ~ €
	GSM7 Encoding = iota
	// UCS2 is what a text needs that has any other character. Those met most are
	// the curly quotes ’ “ ”, the dashes – and —, the ellipsis …, the bullet •,
	// the backtick, the tab and the no-break space, the French ç ê î ô û œ and
	// the Portuguese ã õ á í ó ú, every emoji, and the letters of Amharic and
	// Arabic. [NonGSM7] finds them.
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

// NonGSM7 returns the characters that make a text [UCS2], each once, in the order
// in which they first appear. It returns nil for a text that is sent in [GSM7].
// Bytes that are not UTF-8 count as U+FFFD.
func NonGSM7(text string) []rune {
	var found []rune
	for _, r := range text {
		if gsm7.Septets(r) == 0 && !slices.Contains(found, r) {
			found = append(found, r)
		}
	}
	return found
}
