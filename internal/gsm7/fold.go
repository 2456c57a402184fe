package gsm7

import "strings"

// Fold returns s with the characters that word processors like replaced by those of the
// alphabet that look alike: curly quotes, dashes, the ellipsis, bullets and odd spaces.
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
