// Package pages spreads a text over the screens of a phone.
package pages

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sautigo/africastalking/internal/gsm7"
)

// maxUCS2 is the size, in UTF-16 code units, of a screen with a character outside the GSM
// alphabet.
const maxUCS2 = 80

// Fits reports whether a screen of these parts arrives whole.
func Fits(limit int, parts ...string) bool {
	if !mayFit(limit, parts) {
		return false
	}
	units, gsm := gsm7.Len(strings.Join(parts, ""))
	if gsm {
		return units <= limit
	}
	return units <= min(maxUCS2, limit/2)
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

// Foot is what stands at the foot of one screen's pages: of the first page, of later ones,
// and before that on all but the last.
type Foot struct{ First, Later, More string }

func (f Foot) of(page int, more bool) string {
	s := f.First
	if page > 0 {
		s = f.Later
	}
	if more {
		return f.More + s
	}
	return s
}

// Pages are those of a text, each with its own foot, and none over the limit. Lines stay
// whole where they can, then words; nothing is left out. Pages are made as they are asked
// for; once all are, Pages are safe for concurrent use.
type Pages struct {
	lines []string // what is not on a page yet
	limit int
	foot  Foot
	items bool
	made  []string
	done  bool
}

// New returns the pages of a text for screens of so many septets. If lines of the text can
// be items, whose labels come from elsewhere, no page begins with a part of a label that
// looks like another item.
func New(text string, limit int, foot Foot, items bool) *Pages {
	p := &Pages{limit: limit, foot: foot, items: items}
	text = strings.ReplaceAll(text, "\r\n", "\n")
	if !Fits(limit, text, foot.of(0, false)) {
		text = strings.TrimRight(text, " \n") // or the last page might be blank
	}
	p.lines = strings.Split(text, "\n")
	return p
}

// Page returns page n, counted from 0, or false and the last page if there are fewer.
func (p *Pages) Page(n int) (string, bool) {
	for len(p.made) <= n && !p.done {
		i := len(p.made)
		if mayFit(p.limit, p.lines) {
			if last := strings.Join(p.lines, "\n") + p.foot.of(i, false); Fits(p.limit, last) {
				p.made, p.done = append(p.made, last), true
				break
			}
		}
		page, rest, cut := fill(p.lines, p.limit, p.foot.of(i, true))
		if p.items && cut && looksLikeItem(rest[0]) {
			rest[0] = continued + rest[0]
		}
		p.made, p.lines = append(p.made, page), rest
	}
	if n < len(p.made) {
		return p.made[n], true
	}
	return p.made[len(p.made)-1], false
}

// All makes all pages.
func (p *Pages) All() *Pages {
	for more := true; more; {
		_, more = p.Page(len(p.made))
	}
	return p
}

// Has reports whether there is a page n, counted from 0.
func (p *Pages) Has(n int) bool {
	_, ok := p.Page(n)
	return ok
}

// Last returns the number of the last page that was made.
func (p *Pages) Last() int { return len(p.made) - 1 }

// fill puts as much on one page as fits, and returns what is left, and whether that
// begins in the middle of a line. It may change lines.
func fill(lines []string, limit int, foot string) (page string, rest []string, cut bool) {
	var b string
	for i, line := range lines {
		prefix := b
		if i > 0 {
			prefix += "\n"
		}
		if Fits(limit, prefix, line, foot) {
			b = prefix + line
			continue
		}
		if i > 0 && Fits(limit, line, foot) {
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
		if !Fits(limit, prefix, line[:end], foot) {
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
		if i > 0 && !Fits(limit, line[:i+n], foot) {
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

// SingleLine keeps a label that comes from elsewhere from looking like two items.
func SingleLine(label string) string {
	for i := range len(label) {
		if label[i] < ' ' || label[i] >= 0x80 {
			return strings.Join(strings.FieldsFunc(label, BreaksLine), " ")
		}
	}
	return label
}

// BreaksLine reports whether a phone may begin a new line behind a character.
func BreaksLine(c rune) bool {
	return unicode.IsControl(c) && c != '\t' || c == '\u2028' || c == '\u2029'
}
