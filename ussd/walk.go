package ussd

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// walk is one hop's way through a menu: along the inputs from the root, by pure
// matching, to the screen that is shown.
type walk struct {
	root    *Menu
	ctx     context.Context
	request Request
	limit   int
	// dialled is how many inputs came with the dialled code.
	dialled int
	// The input that is being taken: its number, and where in the text it
	// begins and ends, the separator before it included.
	index, before, after int

	// loaded and record are of the list that was looked at last, noticed of the
	// menu.
	loaded  loadedList
	record  loadedRecord
	noticed menuPages
	// tries counts the answers that questions with a limit have refused.
	tries map[Question]int

	path []frame
	room [6]frame
}

// frame is a screen on the path.
type frame struct {
	screen Screen
	texts  *Texts
	// item has led here; nil for the root.
	item *item
	// notice stands above the screen.
	notice string
	// answer is what a flow's question was answered with.
	answer any
	// end is where, in the text, the inputs that have led here end.
	end int32
	// step is the question of a flow.
	page, step int32
}

func (w *walk) serve() (Response, error) {
	w.limit = w.limitOf()
	if ext := w.extension(); ext != "" {
		if w.request.Text != "" {
			ext += "*" + w.request.Text
		}
		w.request.Text = ext
	}
	if err := w.countDialled(); err != nil {
		return Response{}, err
	}
	w.path = append(w.room[:0], frame{screen: w.root, texts: w.root.textsBelow(&defaultTexts)})
	r, err := w.answerHop()
	var end stop
	switch {
	case errors.As(err, &end):
		r = w.ended(string(end))
	case err != nil:
		return Response{}, err
	}
	r.Hop = w.hop(r.Hop)
	return r, nil
}

// answerHop follows the inputs and shows the screen they lead to.
func (w *walk) answerHop() (Response, error) {
	text := w.request.Text
	if text == "" {
		return w.show()
	}
	for start, more := 0, true; more; w.index++ {
		var input string
		if w.index%64 == 63 && w.ctx.Err() != nil {
			return Response{}, w.ctx.Err()
		}
		input, _, more = strings.Cut(text[start:], "*")
		w.before, w.after = max(start-1, 0), start+len(input)
		start = w.after + 1
		if err := w.take(input); err != nil {
			w.top().page = w.pagesTurned(text[w.after:])
			return Response{}, err
		}
	}
	return w.show()
}

// pagesTurned returns how often the key for more was typed.
func (w *walk) pagesTurned(rest string) (n int32) {
	for input := range strings.SplitSeq(rest, "*") {
		if clean(input) == w.top().texts.More.Key {
			n++
		}
	}
	return n
}

// stop is an error that ends the session with a text.
type stop string

func (s stop) Error() string { return "ussd: session ended by the app" }

// Stop returns an error that ends the session with a text instead of an apology,
// for where a menu's function cannot return a [Response]: [Prompt.TextFunc] and
// [List.Load]. Its Error does not quote the text.
func Stop(text string) error { return stop(text) }

// ended returns the screen that ends the session with a text, or the page of it
// that was asked for.
func (w *walk) ended(text string) Response {
	top := w.top()
	top.notice = ""
	return w.page(End(text), footer{texts: top.texts, final: true})
}

func (w *walk) limitOf() int {
	if n, ok := w.root.limits[w.request.NetworkCode]; ok {
		return n
	}
	return Limit(w.request.NetworkCode)
}

// extension returns what was dialled beyond the menu's own service code.
func (w *walk) extension() string {
	own, dialled := strings.TrimSuffix(w.root.code, "#"), strings.TrimSuffix(w.request.ServiceCode, "#")
	if ext, ok := strings.CutPrefix(dialled, own+"*"); ok && own != "" {
		return ext
	}
	return ""
}

func (w *walk) top() *frame { return &w.path[len(w.path)-1] }

// take follows one input.
func (w *walk) take(input string) error {
	top := w.top()
	key := clean(input)
	switch s := top.screen.(type) {
	case *Menu:
		if it := s.find(key); it != nil {
			w.push(it, top.texts)
			return nil
		}
	case *Flow:
		if int(top.step) == len(s.questions) {
			break
		}
		q := s.questions[top.step]
		if key == top.texts.More.Key {
			turned, err := w.turn(s, q)
			if turned || err != nil {
				return err
			}
		}
		taken, err := w.answer(s, q, input)
		if taken || err != nil {
			return err
		}
		if w.navigate(key) {
			return nil
		}
		top.page = 0
		if q.limit() > 0 {
			if w.tries == nil {
				w.tries = map[Question]int{}
			}
			if w.tries[q]++; w.tries[q] == q.limit() {
				return Stop(top.texts.TooManyTries)
			}
		}
		return nil
	}
	if !w.navigate(key) {
		top.notice, top.page = top.texts.Invalid, 0
	}
	return nil
}

// clean takes away what a phone may put around a choice.
func clean(input string) string { return strings.TrimSuffix(strings.TrimSpace(input), "#") }

func (w *walk) push(it *item, texts *Texts) {
	if m, ok := it.screen.(*Menu); ok {
		texts = m.textsBelow(texts)
	}
	w.path = append(w.path, frame{screen: it.screen, texts: texts, item: it, end: int32(w.after)})
}

// turn turns to the next page of a question, if there is one.
func (w *walk) turn(f *Flow, q Question) (bool, error) {
	top := w.top()
	text, err := q.ask(w.answers(f), w, w.before)
	if err != nil {
		w.after = w.before // the key turns a page of what is said instead
		return false, err
	}
	foot := footer{texts: top.texts, depth: w.depth(), offers: q.frees}
	if int(top.page) >= len(paginate(withNotice(top.notice, text), w.limit, foot))-1 {
		return false, nil
	}
	top.page++
	return true, nil
}

// asking returns the flow and true if the top of the path is one of its questions.
func (w *walk) asking() (*Flow, bool) {
	f, ok := w.top().screen.(*Flow)
	return f, ok && int(w.top().step) < len(f.questions)
}

// answer gives an input to a question. If the question takes it, the next one is
// on the path.
func (w *walk) answer(f *Flow, q Question, input string) (taken bool, err error) {
	top := w.top()
	value, reason, err := q.take(w, input)
	switch {
	case err != nil:
		return false, err
	case reason != "":
		if !w.offers(clean(input)) {
			top.notice = reason
		}
		return false, nil
	case q.explicit() && w.index < w.dialled:
		top.notice, top.page = top.texts.TypeItNow, 0
		return true, nil
	}
	top.answer = value
	w.path = append(w.path, frame{screen: f, texts: top.texts, item: top.item, end: int32(w.after), step: top.step + 1})
	return true, nil
}

// offers reports whether a key is one of those that lead elsewhere from here.
func (w *walk) offers(key string) bool {
	top := w.top()
	switch key {
	case top.texts.More.Key:
		_, asking := w.asking() // which has no more pages, or they would have been turned
		return !asking
	case top.texts.Back.Key:
		return len(w.path) > 1 || top.page > 0
	case top.texts.Home.Key:
		return len(w.path) > 1
	}
	return false
}

// navigate follows a key that leads elsewhere.
func (w *walk) navigate(key string) bool {
	if !w.offers(key) {
		return false
	}
	top := w.top()
	switch key {
	case top.texts.More.Key:
		if m, ok := top.screen.(*Menu); ok && w.onLastPage(m) {
			return false
		}
		top.page++
	case top.texts.Back.Key:
		if top.page > 0 {
			top.page--
			return true
		}
		w.path = w.path[:len(w.path)-1]
		w.path[len(w.path)-1].refresh()
	case top.texts.Home.Key:
		w.path = w.path[:1]
		w.path[0].refresh()
	}
	return true
}

func (w *walk) onLastPage(m *Menu) bool {
	top := w.top()
	if top.notice == "" {
		_, last := m.page(int(top.page), w.limit, w.depth(), top.texts)
		return last
	}
	return int(top.page) == len(w.withInvalid(m))-1
}

// withInvalid returns the pages of the menu at the top of the path below the notice
// that a choice was none.
func (w *walk) withInvalid(m *Menu) []string {
	top, known := w.top(), &w.noticed
	depth := min(w.depth(), 2)
	if known.menu != m || known.texts != top.texts || known.depth != depth {
		pages := paginate(withNotice(top.texts.Invalid, m.text()), w.limit, m.footer(depth, top.texts))
		*known = menuPages{menu: m, limit: w.limit, depth: depth, texts: top.texts, pages: pages}
	}
	return known.pages
}

// refresh makes a screen that is come back to what it was at first.
func (f *frame) refresh() { f.page, f.notice, f.answer = 0, "", nil }

func (w *walk) depth() int { return len(w.path) - 1 }

// show runs the screen that the inputs have led to.
func (w *walk) show() (Response, error) {
	top := w.top()
	foot := footer{texts: top.texts, depth: w.depth()}
	switch s := top.screen.(type) {
	case *Menu:
		if top.notice == "" {
			text, _ := s.page(int(top.page), w.limit, w.depth(), top.texts)
			return Continue(text), nil
		}
		pages := w.withInvalid(s)
		return Continue(pages[min(int(top.page), len(pages)-1)]), nil
	case *Flow:
		ctx := w.answers(s)
		if int(top.step) < len(s.questions) {
			q := s.questions[top.step]
			text, err := q.ask(ctx, w, w.after)
			if err != nil {
				return Response{}, err
			}
			foot.offers = q.frees
			return w.page(Continue(text), foot), nil
		}
		return w.run(ctx, s.then, foot)
	case ScreenFunc:
		return w.run(w.ctx, s, foot)
	}
	return Response{}, fmt.Errorf("ussd: screen of type %T", top.screen)
}

// run calls a function with the request as of the hop that has led to it.
func (w *walk) run(ctx context.Context, fn ScreenFunc, foot footer) (Response, error) {
	r := w.request
	r.Text = r.Text[:w.top().end]
	r.Typed = ""
	res, err := fn(ctx, r)
	if err != nil {
		return Response{}, err
	}
	if res.Text == "" {
		return res, nil
	}
	if top := w.top(); !res.Continue {
		foot.final = true
		if top.notice != "" && len(paginate(res.Text, w.limit, foot)) == 1 {
			top.notice = "" // nothing more is asked
		}
	}
	return w.page(res, foot), nil
}

// page returns the page of r that was asked for. What is not its last one keeps
// the session open.
func (w *walk) page(r Response, foot footer) Response {
	top := w.top()
	pages := paginate(withNotice(top.notice, r.Text), w.limit, foot)
	switch {
	case int(top.page) < len(pages):
	case foot.final:
		top.page = int32(len(pages) - 1)
	default:
		// The key for more was typed where there is none.
		top.page = int32(len(pages) - 1)
		if noticed := withNotice(top.texts.Invalid, pages[top.page]); fits(w.limit, noticed) {
			pages[top.page] = noticed
		}
	}
	r.Text = pages[top.page]
	r.Continue = r.Continue || int(top.page) < len(pages)-1
	return r
}

func withNotice(notice, text string) string {
	if notice == "" {
		return text
	}
	return notice + "\n" + text
}

// hopMark stands between a hop's name and how many inputs were dialled.
const hopMark = "~"

// hop returns the metadata of this hop: a name, and what the next hop needs to
// know. The name is the app's or that of the item chosen last.
func (w *walk) hop(name string) string {
	if name == "" {
		own := &w.root.hop
		if it := w.top().item; it != nil {
			own = &it.hop
		}
		if w.dialled == 0 {
			return own.undialled
		}
		name = own.name
	}
	return markHop(name, w.dialled)
}

// hopName is a name made ready for hop metadata, alone and as it goes out on most
// hops.
type hopName struct{ name, undialled string }

func newHopName(s string) hopName { return hopName{s, markHop(s, 0)} }

// markHop cuts a name down to what hop metadata can hold beside the mark.
func markHop(name string, dialled int) string {
	mark := hopMark + strconv.Itoa(dialled)
	var b strings.Builder
	for _, c := range Fold(name) {
		if b.Len()+len(mark) == maxHop {
			break
		}
		if c != '|' && c >= ' ' && c < 0x7f {
			b.WriteRune(c)
		}
	}
	return strings.TrimSpace(b.String()) + mark
}

// countDialled finds out how many inputs came with the dialled code. All of them
// did on the first hop, and the first hop is the one that nothing is known about.
func (w *walk) countDialled() error {
	if i := strings.LastIndex(w.request.Hop, hopMark); i >= 0 {
		if n, err := strconv.Atoi(w.request.Hop[i+len(hopMark):]); err == nil && n >= 0 {
			w.dialled = n
			return nil
		}
	}
	if w.request.Text != "" {
		w.dialled = strings.Count(w.request.Text, "*") + 1
	}
	if w.root.store == nil || !w.root.explicit() {
		return nil
	}
	n, err := w.rememberDialled(w.dialled)
	w.dialled = n
	return err
}
