package ussd

import (
	"strconv"
	"strings"
)

// Texts are the keys and words that a menu uses of its own. The zero value has the
// English defaults.
type Texts struct {
	// Back, Home and More lead to the screen before, to the first, and to the
	// next page: 0 Back, 00 Home, 98 More.
	Back, Home, More Key
	// Invalid stands above a screen whose answer was none of its choices.
	Invalid string
	// TypeItNow stands above a question whose answer must not come with the
	// dialled code.
	TypeItNow string
	// TooManyTries ends the session.
	TooManyTries string
	// Gone stands above a list whose chosen item is no longer there.
	Gone string
	// Empty stands in a list without items.
	Empty string
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
	Gone:         "That is no longer there.",
	Empty:        "There is nothing here.",
}

// fold folds the words, and returns what is wrong with the keys.
func (t *Texts) fold() (problem string) {
	for _, word := range []*string{
		&t.Back.Label, &t.Home.Label, &t.More.Label,
		&t.Invalid, &t.TypeItNow, &t.TooManyTries, &t.Gone, &t.Empty,
	} {
		*word = Fold(*word)
	}
	for _, k := range []string{t.Back.Key, t.Home.Key, t.More.Key} {
		if k != "" && !isKey(k) {
			return strconv.Quote(k) + " is no key"
		}
	}
	all := t.over(&defaultTexts)
	if all.Back.Key == all.Home.Key || all.Home.Key == all.More.Key || all.More.Key == all.Back.Key {
		return "two things have one key"
	}
	return ""
}

// isKey reports whether a subscriber can type s as an answer: "*" separates answers
// and "#" sends them.
func isKey(s string) bool { return s != "" && !strings.ContainsAny(s, "*# \n") }

// over returns t with its empty fields taken from above.
func (t *Texts) over(above *Texts) *Texts {
	merged := *t
	for _, f := range []struct{ own, inherited *string }{
		{&merged.Back.Key, &above.Back.Key}, {&merged.Back.Label, &above.Back.Label},
		{&merged.Home.Key, &above.Home.Key}, {&merged.Home.Label, &above.Home.Label},
		{&merged.More.Key, &above.More.Key}, {&merged.More.Label, &above.More.Label},
		{&merged.Invalid, &above.Invalid}, {&merged.TypeItNow, &above.TypeItNow},
		{&merged.TooManyTries, &above.TooManyTries}, {&merged.Gone, &above.Gone}, {&merged.Empty, &above.Empty},
	} {
		if *f.own == "" {
			*f.own = *f.inherited
		}
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
}

// lines returns the foot of a page. Where texts of several menus together are too
// long, the keys stand there without their words.
func (f footer) lines(page int, more bool) string {
	foot := f.keys(page, more)
	if longest := f.keys(1, true); len(longest) > maxFooter {
		if n, _ := Len(longest); n > maxFooter {
			bare := *f.texts
			bare.Back.Label, bare.Home.Label, bare.More.Label = "", "", ""
			f.texts = &bare
			foot = strings.ReplaceAll(f.keys(page, more), ". ", "")
		}
	}
	return foot
}

func (f footer) keys(page int, more bool) string {
	var b strings.Builder
	add := func(k Key) {
		if f.offers == nil || f.offers(k.Key) {
			b.WriteString("\n" + k.Key + ". " + k.Label)
		}
	}
	if more {
		b.WriteString("\n" + f.texts.More.Key + ". " + f.texts.More.Label)
	}
	if !f.final && (f.depth > 0 || page > 0) {
		add(f.texts.Back)
	}
	if !f.final && f.depth > 1 {
		add(f.texts.Home)
	}
	return b.String()
}
