package ussd

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/state"
)

// Screen is a place in a [Menu]: another *Menu, a [ScreenFunc], or a *[Flow] of
// questions. The set is closed.
type Screen interface {
	// screen returns what the screen is called in drawings and hop metadata.
	screen() string
}

// ScreenFunc is the screen at the end of a path: it is called with the request as
// of the hop that has led to it, and shows what it returns. A response that ends
// the session ends it; one that continues gets the keys that lead back, and any
// other input shows it again.
//
// It is called once more for the same hop when a callback is delivered twice, when
// the next page of its text is asked for, and when an input after it is not
// understood: then [Request.HopID] is the same. What must happen once goes through
// [state.Once] with that ID.
//
// It is not called for hops that have gone on from its screen. The number of pages is
// not recorded, so an extra "More" still counts and needs an extra "Back".
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
// Africa's Talking sends all inputs of a session with each hop, so a menu keeps
// nothing between hops: it matches the inputs from the root on and runs only the
// screen they lead to. Any machine can answer any hop, after a restart too; a code
// dialled with an extension (*384*123*1*1#) leads where the same inputs lead one
// by one; and the same callback gives the same answer. An input that fits nothing
// shows the screen again with the reason above it, and is passed over from then on.
//
// "0" goes back and "00" to the first screen, unless an item has that key, and "98"
// to the next page, or another number if an item has that; [Menu.SetTexts] changes
// them. Text that is longer than a
// screen of the subscriber's network is spread over pages, and never cut.
//
// Menus are put together before they serve; then they are safe for concurrent use.
type Menu struct {
	title   string
	items   []item
	texts   *Texts
	limits  map[africastalking.Network]int
	code    string
	store   state.Store
	numbers int

	hop hopName

	explicit func() bool // whether a question below wants to be answered by hand
	merged   sync.Map    // *Texts of the menu above → *Texts
	pages    atomic.Pointer[[]menuPages]
	mu       sync.Mutex // held while pages is extended
}

type item struct {
	key, label string
	screen     Screen
	hop        hopName
}

// NewMenu returns a menu with a title above its items. The title may have several
// lines, or none.
func NewMenu(title string) *Menu {
	m := &Menu{title: title}
	m.hop = newHopName(m.screen())
	m.explicit = sync.OnceValue(func() bool { return m.asksExplicitly(map[*Menu]bool{}) })
	return m
}

func (m *Menu) screen() string {
	line, _, _ := strings.Cut(m.title, "\n")
	return line
}

// Handle adds an item under the next free number. It panics if the label is empty,
// has a line break, or was added before, and if the screen is nil.
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
	if fn == nil {
		panic("ussd: nil function for " + strconv.Quote(label))
	}
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
	if label == "" || strings.Contains(label, "\n") {
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
	m.items = append(m.items, item{key, label, s, newHopName(label)})
	m.pages.Store(nil)
}

func isNil(s Screen) bool {
	switch s := s.(type) {
	case *Menu:
		return s == nil
	case *Flow:
		return s == nil
	case ScreenFunc:
		return s == nil
	}
	return s == nil
}

func (m *Menu) hasKey(key string) bool { return m.find(key) != nil }

func (m *Menu) find(key string) *item {
	for i := range m.items {
		if m.items[i].key == key {
			return &m.items[i]
		}
	}
	return nil
}

// SetTexts sets the keys and words that this menu and those below it use of their
// own. Fields that are left empty are those of the menu above, or the default. It
// panics if a key cannot be typed or stands for two things, and if the keys and their
// words leave no room for a screen: together they may have 40 characters, with a line
// and ". " for each.
func (m *Menu) SetTexts(t Texts) {
	if problem := t.fold(); problem != "" {
		panic("ussd: " + problem)
	}
	all := footer{texts: t.over(&defaultTexts), depth: 2}
	if n, _ := Len(all.keys(1, true)); n > maxFooter {
		panic("ussd: the keys and their words are too long: " + strconv.Itoa(n) + " characters, limit " + strconv.Itoa(maxFooter))
	}
	m.texts = &t
	m.merged.Clear()
	m.pages.Store(nil)
}

// textsBelow returns the menu's texts where it stands below a screen with others.
func (m *Menu) textsBelow(above *Texts) *Texts {
	if m.texts == nil && !m.hasKey(above.More.Key) {
		return above
	}
	merged, ok := m.merged.Load(above)
	if !ok {
		merged, _ = m.merged.LoadOrStore(above, m.mergeTexts(above))
	}
	return merged.(*Texts)
}

// mergeTexts returns the texts of m below a menu with others. A key that m has for
// something else is not inherited, and the key for more is none that an item has:
// without it, other items could not be reached.
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

// asksExplicitly reports whether any question below m wants to be answered by hand.
func (m *Menu) asksExplicitly(seen map[*Menu]bool) bool {
	seen[m] = true
	for _, it := range m.items {
		switch s := it.screen.(type) {
		case *Menu:
			if !seen[s] && s.asksExplicitly(seen) {
				return true
			}
		case *Flow:
			if slices.ContainsFunc(s.questions, Question.explicit) {
				return true
			}
		}
	}
	return false
}

// SetLimit sets how many septets a screen may have on a network, for this menu
// and those below it when it serves. The default is [Limit]. It panics unless the
// limit is from 100 to 182, which is as much as USSD can carry.
func (m *Menu) SetLimit(n africastalking.Network, septets int) {
	if septets < minSeptets || septets > maxSeptets {
		panic("ussd: limit of " + strconv.Itoa(septets) + " septets")
	}
	if m.limits == nil {
		m.limits = map[africastalking.Network]int{}
	}
	m.limits[n] = septets
}

// SetServiceCode tells the menu its service code, "*384*123#". It is not documented
// whether the extension of a longer code that was dialled arrives in the text or
// in the service code; a menu that knows its code understands both.
func (m *Menu) SetServiceCode(code string) {
	if !strings.HasPrefix(code, "*") || !strings.HasSuffix(code, "#") {
		panic("ussd: " + strconv.Quote(code) + " is no service code")
	}
	m.code = code
}

// Remember gives the menu a store for what it cannot know from the inputs: which
// items a [List] has shown and which were chosen, and, for questions that are
// [Prompt].Explicit on accounts where hop metadata does not come back, which inputs
// were dialled with the code. Without a store a list is numbered anew on each hop.
// Records last for an hour. They hold the items, and of what was typed before them
// hashes, from which short inputs can be guessed: treat the store as private. A hop
// that needs a record fails while the store does.
func (m *Menu) Remember(s state.Store) { m.store = s }

// Serve answers a hop: it is the function for [Handler].
func (m *Menu) Serve(ctx context.Context, r Request) (Response, error) {
	w := walk{root: m, ctx: ctx, request: r}
	return w.serve()
}

// text is the title and the items, without what is put around them.
func (m *Menu) text() string {
	var b strings.Builder
	b.WriteString(m.title)
	for _, it := range m.items {
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(it.key + ". " + it.label)
	}
	return b.String()
}

// menuPages are a menu's pages for all that they depend on.
type menuPages struct {
	menu         *Menu
	limit, depth int
	texts        *Texts
	pages        []string
}

// page returns a page of the menu as it stands when nothing is wrong, and whether
// it is the last.
func (m *Menu) page(n, limit, depth int, texts *Texts) (text string, last bool) {
	depth = min(depth, 2) // further down the keys are the same
	pages := m.paged(limit, depth, texts)
	if pages == nil {
		pages = m.paginate(limit, depth, texts)
	}
	n = min(n, len(pages)-1)
	return pages[n], n == len(pages)-1
}

func (m *Menu) paged(limit, depth int, texts *Texts) []string {
	if known := m.pages.Load(); known != nil {
		for i := range *known {
			if k := &(*known)[i]; k.limit == limit && k.depth == depth && k.texts == texts {
				return k.pages
			}
		}
	}
	return nil
}

func (m *Menu) paginate(limit, depth int, texts *Texts) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if pages := m.paged(limit, depth, texts); pages != nil {
		return pages
	}
	pages := paginate(m.text(), limit, m.footer(depth, texts))
	var known []menuPages
	if k := m.pages.Load(); k != nil {
		known = append(known, *k...)
	}
	known = append(known, menuPages{m, limit, depth, texts, pages})
	m.pages.Store(&known)
	return pages
}

func (m *Menu) footer(depth int, texts *Texts) footer {
	return footer{texts: texts, depth: depth, offers: func(key string) bool { return !m.hasKey(key) }}
}
