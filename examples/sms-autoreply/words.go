package main

import (
	"slices"
	"strings"
	"unicode"
)

// The words that every bot must know, however subscribers put them.
const (
	stop  = "STOP"
	start = "START"
)

// synonyms are the words for these that carriers ask for, and those of languages
// that are spoken where Africa's Talking is, in upper case and without accents.
var synonyms = map[string]string{
	"STOP": stop, "STOPALL": stop, "UNSUBSCRIBE": stop, "OPTOUT": stop, "CANCEL": stop, "END": stop, "QUIT": stop,
	"ARRET": stop, "ARRETE": stop, "ARRETER": stop, "ARRETEZ": stop, "STOPPER": stop, "DESABONNER": stop, "DESINSCRIRE": stop, // French
	"ACHA": stop, "SIMAMISHA": stop, "ONDOA": stop, // Swahili
	"PARAR": stop, "PARE": stop, "SAIR": stop, // Portuguese

	"START": start, "UNSTOP": start, "ANZA": start,
}

// alone are synonyms that mean something else at the head of a sentence: "end of month
// balance".
var alone = map[string]bool{"CANCEL": true, "END": true, "QUIT": true, "PARE": true, "ACHA": true}

// courtesies may stand before and after the word that counts. There is no negation
// among them, so "please don't stop" is no STOP; nor is "where is the bus stop".
var courtesies = map[string]bool{
	"PLEASE": true, "PLS": true, "PLZ": true, "KINDLY": true, "HI": true, "HELLO": true, "OK": true, "NOW": true, "JUST": true,
	"THANKS": true, "THANK": true, "MERCI": true, "ASANTE": true, "OBRIGADO": true,
	"I": true, "WANT": true, "WOULD": true, "LIKE": true, "TO": true, "CAN": true, "COULD": true, "YOU": true,
	"SVP": true, "S'IL": true, "VOUS": true, "TE": true, "PLAIT": true, "JE": true, "VEUX": true, "ME": true, "BONJOUR": true,
	"TAFADHALI": true, "HABARI": true, "POR": true, "FAVOR": true,
}

// plain maps the accented capitals of French and Portuguese to plain ones, and the
// curly apostrophe that phones type to the straight one.
var plain = strings.NewReplacer("OPT OUT", "OPTOUT", "OPT-OUT", "OPTOUT", "À", "A", "Â", "A", "Ã", "A", "Ç", "C", "É", "E", "È", "E", "Ê", "E", "Ë", "E",
	"Î", "I", "Ï", "I", "Ô", "O", "Õ", "O", "Û", "U", "Ù", "U", "’", "'",
	"\u0300", "", "\u0301", "", "\u0302", "", "\u0303", "", "\u0308", "") // accents that follow their letter

// command returns what a text asks for: its first word that is no courtesy, in upper
// case and without accents, full stops and the like; [stop] or [start] for their
// synonyms.
func command(text string) string {
	words := strings.FieldsFunc(plain.Replace(strings.ToUpper(text)), func(r rune) bool {
		return !unicode.IsLetter(r) && r != '\''
	})
	words = slices.DeleteFunc(words, func(word string) bool { return courtesies[word] })
	if len(words) == 0 {
		return ""
	}
	if known, ok := synonyms[words[0]]; ok && !(alone[words[0]] && len(words) > 1) {
		return known
	}
	return words[0]
}
