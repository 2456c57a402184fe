package ussd

import (
	"strings"
	"unicode/utf8"

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

// fits reports whether a screen of these parts arrives whole.
func fits(limit int, parts ...string) bool {
	if !mayFit(limit, parts) {
		return false
	}
	units, gsm := Len(strings.Join(parts, ""))
	if gsm {
		return units <= limit
	}
	return units <= min(MaxUCS2, limit/2)
}

// mayFit is a quick look that spares one at all of a long text: a septet or a code
// unit stands for one character at most.
func mayFit(limit int, parts []string) bool {
	bytes := 0
	for _, part := range parts {
		if bytes += len(part); bytes > limit*utf8.UTFMax {
			return false
		}
	}
	return true
}

// pager spreads a text over pages, each with its own foot, and none over the limit.
// Lines stay whole where they can, then words; nothing is left out. Pages are made as
// they are asked for.
type pager struct {
	lines []string // what is not on a page yet
	limit int
	foot  foot
	items bool // lines can be items, whose labels come from elsewhere
	pages []string
	done  bool
}

func newPager(text string, limit int, f footer) *pager {
	p := &pager{limit: limit, foot: f.compile(), items: f.items}
	text = Fold(strings.ReplaceAll(text, "\r\n", "\n"))
	if !fits(limit, text, p.foot.lines(0, false)) {
		text = strings.TrimRight(text, " \n") // or the last page might be blank
	}
	p.lines = strings.Split(text, "\n")
	return p
}

// has reports whether there is a page n, counted from 0.
func (p *pager) has(n int) bool {
	for len(p.pages) <= n && !p.done {
		i := len(p.pages)
		if mayFit(p.limit, p.lines) {
			if last := strings.Join(p.lines, "\n") + p.foot.lines(i, false); fits(p.limit, last) {
				p.pages, p.done = append(p.pages, last), true
				break
			}
		}
		page, rest, cut := fill(p.lines, p.limit, p.foot.lines(i, true))
		if p.items && cut && looksLikeItem(rest[0]) {
			rest[0] = continued + rest[0]
		}
		p.pages, p.lines = append(p.pages, page), rest
	}
	return n < len(p.pages)
}

// fill puts as much on one page as fits, and returns what is left, and whether that
// begins in the middle of a line. It may change lines.
func fill(lines []string, limit int, foot string) (page string, rest []string, cut bool) {
	var b string
	for i, line := range lines {
		prefix := b
		if i > 0 {
			prefix += "\n"
		}
		if fits(limit, prefix, line, foot) {
			b = prefix + line
			continue
		}
		if i > 0 && fits(limit, line, foot) {
			// The line fits on a page of its own.
			return b + foot, lines[i:], false
		}
		head, tail := split(prefix, line, limit, foot)
		if head == "" && i > 0 {
			return b + foot, lines[i:], false
		}
		lines[i] = tail
		return prefix + head + foot, lines[i:], true
	}
	return b + foot, nil, false
}

// continued stands before the rest of a label that would look like another item at the
// head of a page.
const continued = "..."

// split cuts a line that no page can hold after the last word that fits behind the
// prefix, or, where not even one word fits on a page, inside of it. The head is
// empty if the line had better begin on the next page.
func split(prefix, line string, limit int, foot string) (head, tail string) {
	for i := keyLen(line); i < len(line); {
		end := len(line)
		if j := strings.IndexByte(line[i:], ' '); j >= 0 {
			end = i + j
		}
		if !fits(limit, prefix, line[:end], foot) {
			break
		}
		head, tail = line[:end], strings.TrimPrefix(line[end:], " ")
		i = end + 1
	}
	if head != "" || prefix != "" {
		return head, tail
	}
	// Whatever the foot is, there is room for the key of an item and more.
	for i := keyLen(line); i < len(line); {
		_, n := utf8.DecodeRuneInString(line[i:])
		if i > 0 && !fits(limit, line[:i+n], foot) {
			return line[:i], line[i:]
		}
		i += n
	}
	return line, ""
}

// looksLikeItem reports whether a line begins as an item does, "12. " or "12)", and not
// as an amount.
func looksLikeItem(line string) bool {
	rest := strings.TrimLeft(line, " ")
	key := len(rest) - len(strings.TrimLeft(rest, "0123456789"))
	if rest = rest[key:]; key == 0 || rest == "" || !strings.ContainsRune(".):-", rune(rest[0])) {
		return false
	}
	return len(rest) == 1 || rest[1] < '0' || rest[1] > '9'
}

// keyLen returns the length of the "12. " that a line begins with: the key of an
// item stays with its label.
func keyLen(line string) int {
	i := 0
	for i < len(line) && '0' <= line[i] && line[i] <= '9' {
		i++
	}
	if i > 0 && i <= 8 && strings.HasPrefix(line[i:], ". ") {
		return i + 2
	}
	return 0
}
