package ussd

import (
	"context"
	"crypto/sha256"
	"reflect"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/sautigo/africastalking/internal/pages"
)

// Screen is a place in an app: a *[Menu], a *[Flow] of questions, a [Branch] to other
// screens, or a [ScreenFunc]. The set is closed.
type Screen interface {
	// screen returns what the screen is called in drawings and hop metadata.
	screen() string
}

// ScreenFunc is the screen at the end of a path: it is called with the request as
// of the hop that has led to it, and shows what it returns. A response that ends
// the session ends it; one that continues gets the keys that lead back, and any
// other input shows it again. A [ScreenError] shows its screen.
//
// It is called once more for the same hop when a callback is delivered twice, when
// the next page of its text is asked for, and when an input after it is not
// understood: then [Request.HopID] is the same. What must happen once goes through
// [Questions.ThenOnce]. An extra "More" on its last page needs an extra "Back".
type ScreenFunc func(context.Context, Request) (Response, error)

func (ScreenFunc) screen() string { return "" }

// Menu is a numbered list of screens, and the mux of a USSD app: its patterns are
// the labels that the subscriber reads. [Menu.Serve] answers the hops:
//
//	account := ussd.NewMenu("Choose account information you want to view")
//	account.HandleFunc("Account number", accountNumber)
//	menu := ussd.NewMenu("What would you want to check")
//	menu.Handle("My Account", account)
//	menu.HandleFunc("My phone number", phoneNumber)
//	http.Handle("/ussd", ussd.Handler(menu.Serve))
//
// A menu follows the inputs of a session from the start on and runs only the screen they
// lead to. A code dialled with an extension (*384*123*1*1#) leads where the same inputs
// lead one by one, up to the first question that is Explicit. An input that fits nothing
// shows the screen again with the reason above it. See [App] for menus that change.
//
// "0" goes back and "00" to the first menu, unless an item has that key, and "98" to the
// next page, or another number if an item has that; [Menu.SetTexts] changes them. Text
// that is longer than a screen of the subscriber's network is spread over pages, and never
// cut. The label of the item chosen last, or the title, is in the hop metadata, which
// Africa's Talking shows on its dashboard: keep private things out of both.
//
// Menus are put together before they serve; then they are safe for concurrent use.
type Menu struct {
	title     string
	titleFunc func(context.Context, Request) (string, error)
	items     []*item
	texts     *Texts
	numbers   int
	app       App // for Serve

	// What the menu is for all subscribers, made when first needed.
	offered atomic.Pointer[digest]
	merged  atomic.Pointer[mergedTexts]
	pages   atomic.Pointer[menuPages]
}

type item struct {
	key, label string
	screen     Screen
	way        atomic.Pointer[[2]digest] // that of the menu, and behind the item
}

// NewMenu returns a menu with a title above its items. The title may have several
// lines, or none.
func NewMenu(title string) *Menu {
	m := &Menu{title: title}
	m.app.Start = m
	return m
}

// SetTitleFunc sets a function that makes the title when the menu is shown, such as
// "Welcome, Amina". The answers to earlier questions can be read from ctx. The title is
// not a part of what a choice depends on; see [App].
func (m *Menu) SetTitleFunc(fn func(context.Context, Request) (string, error)) {
	m.titleFunc = fn
	m.offered.Store(nil)
}

func (m *Menu) screen() string {
	line, _, _ := strings.Cut(m.title, "\n")
	return line
}

// Handle adds an item under the next free number. It panics if the label is empty, has a
// line break, or was added before, and if the screen is nil.
func (m *Menu) Handle(label string, s Screen) {
	for {
		m.numbers++
		if key := strconv.Itoa(m.numbers); !m.hasKey(key) && !defaultTexts.reserves(key) {
			m.add(key, label, s)
			return
		}
	}
}

// HandleFunc adds a function as [Menu.Handle] adds a screen.
func (m *Menu) HandleFunc(label string, fn func(context.Context, Request) (Response, error)) {
	m.Handle(label, ScreenFunc(fn))
}

// HandleKey adds an item under a key of its own, such as "9" or "99". It panics
// as [Menu.Handle] does, and if the key is taken, is empty, or cannot be typed as
// an answer: "*" separates answers and "#" sends them.
func (m *Menu) HandleKey(key, label string, s Screen) {
	if !isKey(key) {
		panic("ussd: " + strconv.Quote(key) + " is no key")
	}
	if m.hasKey(key) {
		panic("ussd: key " + key + " is taken")
	}
	m.add(key, label, s)
}

func (m *Menu) add(key, label string, s Screen) {
	if label == "" || strings.ContainsFunc(label, pages.BreaksLine) {
		panic("ussd: " + strconv.Quote(label) + " is no label")
	}
	if isNil(s) {
		panic("ussd: nil screen for " + strconv.Quote(label))
	}
	for _, it := range m.items {
		if it.label == label {
			panic("ussd: label " + strconv.Quote(label) + " is taken")
		}
	}
	m.items = append(m.items, &item{key: key, label: label, screen: s})
	m.offered.Store(nil)
	m.pages.Store(nil)
}

// isNil works because all screens are pointers or functions.
func isNil(s Screen) bool { return s == nil || reflect.ValueOf(s).IsNil() }

func (m *Menu) hasKey(key string) bool { return m.find(key) != nil }

func (m *Menu) find(key string) *item {
	for _, it := range m.items {
		if it.key == key {
			return it
		}
	}
	return nil
}

// SetTexts sets the keys and words of this menu and those below it. Fields that are left
// empty are those of the menu above, of the app, or the default. It panics if a key cannot
// be typed or stands for two things, and if the keys and their words, with a line and ". "
// for each, have more than 40 characters.
func (m *Menu) SetTexts(t Texts) {
	if problem := t.problem(); problem != "" {
		panic("ussd: " + problem)
	}
	m.texts = &t
	m.merged.Store(nil)
	m.pages.Store(nil)
}

// mergedTexts are a menu's texts where it stands below a screen with others.
type mergedTexts struct{ above, texts *Texts }

// textsBelow returns the menu's texts where it stands below a screen with others.
func (m *Menu) textsBelow(above *Texts) *Texts {
	if m.texts == nil && !m.hasKey(above.More.Key) {
		return above
	}
	known := m.merged.Load()
	if known == nil || known.above != above {
		known = &mergedTexts{above, m.mergeTexts(above)}
		m.merged.Store(known)
	}
	return known.texts
}

// mergeTexts does not inherit a key that m has for something else, and the key for more is
// none that an item has.
func (m *Menu) mergeTexts(above *Texts) *Texts {
	var own Texts
	if m.texts != nil {
		own = *m.texts
	}
	merged := own.over(above)
	used := map[string]bool{own.Back.Key: true, own.Home.Key: true}
	free := func(own, key *string, otherwise string, taken func(string) bool) {
		if *own != "" && !taken(*own) {
			used[*own] = true
			return
		}
		for n := 99; used[*key] || taken(*key); n-- {
			*key, otherwise = otherwise, strconv.Itoa(n)
		}
		used[*key] = true
	}
	never := func(string) bool { return false }
	if !m.hasKey(own.More.Key) {
		used[own.More.Key] = true
	}
	free(&own.Back.Key, &merged.Back.Key, defaultTexts.Back.Key, never)
	free(&own.Home.Key, &merged.Home.Key, defaultTexts.Home.Key, never)
	free(&own.More.Key, &merged.More.Key, defaultTexts.More.Key, m.hasKey)
	return merged
}

// Serve answers a hop of an app that starts with the menu: it is the function for
// [Handler]. What it keeps between hops lives as long as the menu, so make the menu once
// and not for each hop. See [App] for what needs more than that.
func (m *Menu) Serve(ctx context.Context, r Request) (Response, error) { return m.app.Serve(ctx, r) }

// text is the title and the items, without what is put around them.
func (m *Menu) text(title string) string {
	var b strings.Builder
	b.WriteString(title)
	for _, it := range m.items {
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(it.key + ". " + it.label)
	}
	return b.String()
}

// offer returns a digest of the static title, and of the keys and labels.
func (m *Menu) offer() *digest {
	sum := m.offered.Load()
	if sum == nil {
		var s sums
		if m.titleFunc == nil {
			s.add(m.title)
		}
		for _, it := range m.items {
			s.add(it.key)
			s.add(it.label)
		}
		sum = new(digest)
		*sum = sha256.Sum256(s.b)
		m.offered.Store(sum)
	}
	return sum
}

// menuPages are a menu's pages, and what they depend on.
type menuPages struct {
	limit, depth int
	texts        *Texts
	pages        *pages.Pages // all are made
}

// paged returns the pages below a static title and no notice, made again if they are others.
func (m *Menu) paged(limit, depth int, texts *Texts) *pages.Pages {
	depth = min(depth, 2) // further down the keys are the same
	known := m.pages.Load()
	if known == nil || known.limit != limit || known.depth != depth || known.texts != texts {
		known = &menuPages{limit, depth, texts, m.footer(depth, texts).pages(m.text(m.title), limit).All()}
		m.pages.Store(known)
	}
	return known.pages
}

func (m *Menu) footer(depth int, texts *Texts) footer {
	return footer{texts: texts, depth: depth, items: true, offers: func(key string) bool { return !m.hasKey(key) }}
}
