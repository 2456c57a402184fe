package ussd

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/sautigo/africastalking/internal/pages"
)

// Texts are the keys and words that an app uses of its own. The zero value has the
// English defaults.
type Texts struct {
	// Back, Home and More lead to the screen before, to the first, and to the
	// next page: 0 Back, 00 Home, 98 More.
	Back, Home, More Key
	// Invalid stands above a screen whose answer was none of its choices.
	Invalid string
	// TypeItNow stands above a question whose answer must not come with the
	// dialled code.
	TypeItNow    string
	TooManyTries string // ends the session
	// TriesLeft stands behind the reason for asking again, before the number of tries
	// that are left: "Tries left:".
	TriesLeft string
	// Changed stands above a screen that is shown instead of acting on an answer,
	// because the answer was given to another one.
	Changed   string
	Yes, No   string // the choices of [Confirm]
	Cancelled string // ends the session after No
	// InDoubt ends the session when it is not known whether what the subscriber asked
	// for was done; see [Questions.ThenOnce].
	InDoubt string
	Empty   string // stands in a list without items
}

// Key is what the subscriber types, and the word for what it does.
type Key struct{ Key, Label string }

var defaultTexts = Texts{
	Back:         Key{"0", "Back"},
	Home:         Key{"00", "Home"},
	More:         Key{"98", "More"},
	Invalid:      "Invalid choice.",
	TypeItNow:    "Please type this now.",
	TooManyTries: "Too many tries. Please dial again later.",
	TriesLeft:    "Tries left:",
	Changed:      "This has changed. Please check, then choose again.",
	Yes:          "Yes",
	No:           "No",
	Cancelled:    "Cancelled. Nothing was done.",
	InDoubt:      "We could not confirm this. It may have been done: please check before you try again.",
	Empty:        "There is nothing here.",
}

// words returns the words, and keys the keys, in the same order for all Texts.
func (t *Texts) words() [13]*string {
	return [...]*string{
		&t.Back.Label, &t.Home.Label, &t.More.Label, &t.Invalid, &t.TypeItNow, &t.TooManyTries, &t.TriesLeft,
		&t.Changed, &t.Yes, &t.No, &t.Cancelled, &t.InDoubt, &t.Empty,
	}
}

func (t *Texts) keys() [3]*string { return [...]*string{&t.Back.Key, &t.Home.Key, &t.More.Key} }

// problem folds the words and returns what is wrong with the texts.
func (t *Texts) problem() string {
	for _, word := range t.words() {
		*word = Fold(*word)
	}
	for _, k := range t.keys() {
		if *k != "" && !isKey(*k) {
			return strconv.Quote(*k) + " is no key"
		}
	}
	all := t.over(&defaultTexts)
	if all.Back.Key == all.Home.Key || all.Home.Key == all.More.Key || all.More.Key == all.Back.Key {
		return "two things have one key"
	}
	longest := footer{texts: all, depth: 2}.build(true)
	if n, _ := Len(longest.More + longest.Later); n > maxFooter {
		return "the keys and their words are too long: " + strconv.Itoa(n) + " characters, limit " + strconv.Itoa(maxFooter)
	}
	return ""
}

// isKey reports whether a subscriber can type s as an answer: "*" separates answers
// and "#" sends them.
func isKey(s string) bool { return s != "" && !strings.ContainsAny(s, "*# \n") }

// over returns t with its empty fields taken from above.
func (t *Texts) over(above *Texts) *Texts {
	merged := *t
	words, keys := above.words(), above.keys()
	for i, word := range merged.words() {
		*word = cmp.Or(*word, *words[i])
	}
	for i, key := range merged.keys() {
		*key = cmp.Or(*key, *keys[i])
	}
	return &merged
}

func (t *Texts) reserves(key string) bool {
	return key == t.Back.Key || key == t.Home.Key || key == t.More.Key
}

// footer is the keys at the foot of a page.
type footer struct {
	texts *Texts
	depth int // of the screen; 0 is the first
	// offers reports whether a key is free for the menu's own use.
	offers func(key string) bool
	// final is set for text that ends the session: it can only be read on.
	final bool
	// items is set for text with items in it.
	items bool
}

// pages spreads a text over pages.
func (f footer) pages(text string, limit int) *pages.Pages {
	return pages.New(Fold(text), limit, f.compile(), f.items)
}

// compile makes the foot. Where texts of several menus together are too long, the keys
// stand there without their words.
func (f footer) compile() pages.Foot {
	c := f.build(true)
	if longest := c.More + c.Later; len(longest) > maxFooter {
		if n, _ := Len(longest); n > maxFooter {
			return f.build(false)
		}
	}
	return c
}

func (f footer) build(words bool) (c pages.Foot) {
	line := func(k Key) string {
		if words {
			return "\n" + k.Key + ". " + k.Label
		}
		return "\n" + k.Key
	}
	free := func(k Key) bool { return f.offers == nil || f.offers(k.Key) }
	c.More = line(f.texts.More)
	if f.final {
		return c
	}
	if f.depth > 1 && free(f.texts.Home) {
		c.First = line(f.texts.Home)
	}
	c.Later = c.First
	if free(f.texts.Back) {
		c.Later = line(f.texts.Back) + c.First
		if f.depth > 0 {
			c.First = c.Later
		}
	}
	return c
}
