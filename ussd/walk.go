package ussd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/sautigo/africastalking/internal/pages"
)

// maxInputs is how many inputs a session may have. Nobody types as many.
const maxInputs = 200

// walk is one hop's way through an app: along the inputs from the start, by pure
// matching, to the screen that is shown.
type walk struct {
	app     *App
	ctx     context.Context
	request Request
	limit   int

	// was is what the hop before has left, with what is void and refused by now.
	was    hopState
	echoed bool // it came back as metadata
	inputs int  // how many there are
	// unsure is set if it is not known what the hop before has shown, and again if was is what
	// this hop itself has left, before the session was dropped.
	unsure, again bool
	young         bool // the app serves its first hop
	// resumed is how many bytes of the text were typed before the session was dropped.
	resumed int

	// The input that is being taken: its number, the last one if it was typed with a "*"
	// in it, and where in the text it begins and ends.
	index, last, begin, after int

	path    []frame
	room    [6]frame
	over    bool             // the session was ended by a text instead of a screen
	tries   map[Question]int // how many answers were refused
	parsed  []parsed         // what Parse has read on this hop
	sum     sums
	scratch [256]byte // for sum
	key     digest    // of the session, for sum
	left    hopState  // for the next hop
	secrets []secret  // what was typed to explicit questions
}

type parsed struct {
	question Question
	input    string
	value    any
	err      error
}

// frame is a screen on the path.
type frame struct {
	screen Screen
	texts  *Texts
	item   *item  // has led here; nil for the start
	notice string // stands above the screen
	end    int32  // where, in the text, the inputs that have led here end
	page   int32
	step   int32 // the question of a flow
	once   bool  // it is of ThenOnce
	way    digest

	pages *pages.Pages // below the notice, made once
	asked *asking      // nil if it is no question
}

// asking is a question on the path.
type asking struct {
	Question
	traits
	// answer is what it was answered with, said the answer's text if that is no secret,
	// pick how the item of a list is known on later hops, and input the answer's number.
	answered   bool
	answer     any
	said, pick string
	input      int
	// items are those of a list, and text is the question's, made once.
	items any
	text  *string
}

// serve answers the hop.
func (w *walk) serve() (Response, error) {
	w.limit = cmp.Or(w.app.Limits[w.request.NetworkCode], Limit(w.request.NetworkCode))
	outer := len(w.request.Text)
	if ext := w.app.extension(w.request); ext != "" {
		if w.request.Text != "" {
			ext += "*" + w.request.Text
		}
		w.request.Text = ext
	}
	shift := len(w.request.Text) - outer
	session := privacyOf(w.ctx)
	resumed, shown := session.before()
	if resumed > 0 {
		w.resumed = resumed + shift
	}
	if err := w.recall(shown); err != nil {
		return Response{}, fmt.Errorf("ussd: what the session has shown: %w", err)
	}
	var res Response
	err := w.follow()
	if err == errShown || err == errWay {
		err = w.changed(err)
	} else if w.barred(err) {
		if found, failed := w.pushReceipt(len(w.request.Text)); found || failed != nil {
			err = failed
		}
	}
	if err == nil {
		res, err = w.show()
	}
	session.note(w.secrets, shift, len(w.path) > 0 && w.top().asked != nil && w.top().asked.explicit)
	return w.leave(res, err)
}

func (w *walk) start() error {
	w.path, w.tries = w.room[:0], nil
	return w.push(frame{screen: w.app.Start, texts: w.app.texts})
}

// follow takes the inputs, one after the other.
func (w *walk) follow() error {
	if err := w.start(); err != nil {
		return err
	}
	if w.inputs > maxInputs {
		return Stop(w.top().texts.TooManyTries)
	}
	if end := w.was.receipt(); end > 0 {
		if found, err := w.pushReceipt(end); !found {
			return cmp.Or(err, ErrLost)
		}
	}
	typed := w.typedFrom()
	for ; w.index < w.inputs; w.index, w.begin = w.last+1, w.after+1 {
		w.last = w.index
		if m, ok := w.was.marks.at(joined, w.index); ok {
			w.last = m.to
		} else if w.index == typed {
			w.last = w.inputs - 1
			w.was.marks = append(w.was.marks, mark{kind: joined, from: typed, to: w.last})
		}
		w.after = endOf(w.request.Text, w.begin, w.last-w.index+1)
		if err := w.compare(); err != nil {
			return err
		}
		if _, ok := w.was.marks.at(void, w.index); ok {
			// Nobody takes it, so nobody may read it either.
			w.secrets = append(w.secrets, secret{w.begin, w.after})
			w.noticeAgain()
			continue
		}
		if err := w.take(w.request.Text[w.begin:w.after]); err != nil {
			var ends *ScreenError
			if w.was.known && w.last < w.was.n && w.was.shown != ended && errors.As(err, &ends) {
				return errWay // the session went on after this input
			}
			return w.stopped(err, w.after+1)
		}
	}
	if w.again {
		if err := w.compare(); err != errShown {
			return err
		}
	}
	return nil
}

// typedFrom returns the first input of this hop if all are known to be one answer with a
// "*" in it, and -1 otherwise.
func (w *walk) typedFrom() int {
	stars := strings.Count(w.request.Typed, "*")
	before, ok := strings.CutSuffix(w.request.Text, w.request.Typed)
	if stars == 0 || !ok || before != "" && !strings.HasSuffix(before, "*") {
		return -1
	}
	return w.inputs - 1 - stars
}

// endOf returns where, in a text, the n-th input from a start on ends.
func endOf(text string, start, n int) int {
	for ; n > 0; n-- {
		i := strings.IndexByte(text[start:], '*')
		if i < 0 {
			return len(text)
		}
		start += i + 1
	}
	return start - 1
}

// The errors of a hop whose input was given to another screen than what stands there now.
var (
	errShown = errors.New("ussd: the screen is another one")
	errWay   = errors.New("ussd: the way is another one")
)

// compare reports whether the input was given to the screen that is on the path now. Only
// the first one of a hop is compared: those of earlier hops were.
func (w *walk) compare() error {
	if w.index != w.was.n || !w.was.known || w.was.receipt() > 0 {
		return nil
	}
	if _, ok := w.was.marks.at(void, w.index); ok {
		return nil // this hop has shown another screen
	}
	if _, ok := w.top().screen.(*Menu); ok {
		if shown, _ := w.shown(); shown == w.was.shown {
			return nil // and with it the way
		}
	}
	if w.way().text() != w.was.way {
		return errWay
	}
	if w.was.shown == ended {
		// The hop before has shown what an error said about this screen.
		if _, err := w.pager(); err != nil {
			return w.stopped(err, w.begin)
		}
		return errShown
	}
	shown, err := w.shown()
	if err != nil {
		return w.stopped(err, len(w.request.Text))
	}
	if shown != w.was.shown {
		return errShown
	}
	return nil
}

// stopped turns to the page of what an error says that inputs ask for, from there on.
func (w *walk) stopped(err error, from int) error {
	top := w.top()
	top.page = 0
	for input := range strings.SplitSeq(w.request.Text[min(from, len(w.request.Text)):], "*") {
		if clean(input) == top.texts.More.Key {
			top.page++
		}
	}
	return err
}

// changed goes to what is shown instead of acting on the inputs of this hop: the screen as
// it is now, or, if the way to it is another one, the start. But if ThenOnce has run when
// this very hop came before, its screen is shown: the change may be what it has done.
func (w *walk) changed(why error) error {
	left := w.was.marks.with(void, w.was.n, w.inputs-1)
	w.secrets = append(w.secrets, secret{w.begin, len(w.request.Text)})
	if why == errWay || len(left.of("v")) > maxVoid {
		left, w.secrets = marks(nil).with(void, 0, w.inputs-1), []secret{{0, len(w.request.Text)}}
		if err := w.start(); err != nil {
			return err
		}
	}
	if found, err := w.pushReceipt(len(w.request.Text)); found || err != nil {
		return err
	}
	w.was.marks = left.with(changed, w.inputs-1, w.inputs-1)
	w.notice(w.top().texts.Changed)
	return nil
}

// barred reports whether nothing leads on from the last question of a flow: because of what a
// ThenOnce has done, perhaps, when this very hop came before. Nobody gets there by a wrong PIN.
func (w *walk) barred(err error) bool {
	if len(w.path) == 0 || err == nil && w.top().notice == "" {
		return false
	}
	f, ok := w.top().screen.(*Flow)
	return ok && int(w.top().step) == len(f.questions)-1 && (err != nil || !w.top().asked.explicit)
}

func (w *walk) top() *frame { return &w.path[len(w.path)-1] }

// notice puts a notice above the screen at the top of the path.
func (w *walk) notice(text string) {
	top := w.top()
	top.notice, top.page, top.pages = text, 0, nil
}

// noticeAgain puts back the notice of a void input: a key for more is for the pages below it.
func (w *walk) noticeAgain() {
	if _, ok := w.was.marks.at(changed, w.index); ok {
		w.notice(w.top().texts.Changed)
	} else if _, ok := w.was.marks.at(asked, w.index); ok {
		w.notice(w.top().texts.TypeItNow)
	}
}

// asOf returns the request as of the hop whose text ended there.
func (w *walk) asOf(end int32) Request {
	r := w.request
	r.Text, r.Typed = r.Text[:end], ""
	return r
}

func (w *walk) scope() context.Context {
	s := &scope{Context: w.ctx}
	for i := range w.path {
		if q := w.path[i].asked; q != nil && q.answered {
			s.answers = append(s.answers, answer{q.Question, q.answer})
		}
	}
	return s
}

func (w *walk) take(input string) error {
	top := w.top()
	key := clean(input)
	switch s := top.screen.(type) {
	case *Menu:
		if it := s.find(key); it != nil {
			return w.push(frame{screen: it.screen, texts: top.texts, item: it, end: int32(w.after)})
		}
	case *Flow:
		return w.takeAnswer(s, top.asked, input)
	}
	if !w.navigate(key) {
		w.notice(top.texts.Invalid)
	}
	return nil
}

// clean takes away what a phone may put around a choice.
func clean(input string) string { return strings.TrimSuffix(strings.TrimSpace(input), "#") }

// push goes on to a screen, or to what it stands for.
func (w *walk) push(f frame) error {
	if len(w.path) > 0 {
		f.way = w.top().behind(f.item)
	}
	for range 20 {
		switch s := f.screen.(type) {
		case Branch:
			next, err := s(w.scope(), w.asOf(f.end))
			if err == nil && isNil(next) {
				err = errors.New("ussd: branch to no screen")
			}
			if err != nil {
				if len(w.path) == 0 { // or there is nothing that has texts to end with
					w.path = append(w.path, f)
				}
				return err
			}
			f.screen = next
			continue
		case *Flow:
			if int(f.step) == len(s.questions) {
				f.screen, f.step = s.then, 0
				continue
			}
			q := s.questions[f.step]
			f.asked = &asking{Question: q, traits: q.traits()}
		case *Menu:
			f.texts = s.textsBelow(f.texts)
		case onceFunc:
			f.once = true
		}
		w.path = append(w.path, f)
		return nil
	}
	return errors.New("ussd: branches and flows that lead to no screen")
}

// takeAnswer follows the input to a question.
func (w *walk) takeAnswer(f *Flow, q *asking, input string) error {
	top := w.top()
	key := clean(input)
	if (key == top.texts.More.Key || slices.Contains(moreKeys, key)) && key == w.moreKey(q).Key {
		more, err := w.more()
		switch {
		case err != nil:
			w.after = w.begin - 1 // the key turns a page of what is said instead
			return err
		case more:
			top.page++
			return nil
		case q.varies:
			// Whether it is an answer must not depend on how long a text is.
			w.notice(top.texts.Invalid)
			return nil
		}
	}
	a, err := q.take(w, input)
	if a.reason != "" && w.navigate(key) {
		return nil
	}
	if q.explicit {
		w.secrets = append(w.secrets, secret{w.begin, w.after})
		// What is dialled and wrong is as wrong as if it were typed.
		if w.foreign() && (a.reason == "" || w.after <= w.resumed) {
			return w.typeItNow()
		}
	}
	if a.reason == "" && err == nil && a.check != nil {
		a.reason, err = w.check(q, a)
	}
	switch {
	case err != nil:
		return err
	case a.reason != "":
		return w.refuse(q, a.reason)
	}
	q.answered, q.answer, q.pick, q.input = true, a.value, a.pick, w.index
	if !q.explicit {
		q.said = clean(input)
	}
	return w.push(frame{screen: f, texts: top.texts, item: top.item, end: int32(w.after), step: top.step + 1})
}

// foreign reports whether the input was not typed to the question on the screen, in this
// session: it came with the dialled code, with the input before it, or before a drop.
func (w *walk) foreign() bool {
	return w.index < w.was.dialled || w.after <= w.resumed || w.was.known && w.index > w.was.n
}

// typeItNow asks for an answer that was foreign, and drops what was typed behind it.
func (w *walk) typeItNow() error {
	w.again = false
	w.notice(w.top().texts.TypeItNow)
	last := w.inputs - 1
	switch {
	case w.index < w.was.dialled:
		last = w.was.dialled - 1
	case w.after <= w.resumed:
		last = strings.Count(w.request.Text[:w.resumed], "*")
	}
	if w.was.marks = w.was.marks.with(void, w.index, last).with(asked, last, last); len(w.was.marks.of("v")) > maxVoid {
		return errWay
	}
	return nil
}

// check asks the Check of a question about an answer. One that was refused on an earlier
// hop is checked again only if the reason is read on, or wrong PINs would count twice.
func (w *walk) check(q *asking, a taken) (reason string, err error) {
	earlier := w.was.known && w.index < w.was.n
	_, before := w.was.marks.at(refused, w.index)
	next, _, _ := strings.Cut(w.request.Text[min(w.after+1, len(w.request.Text)):], "*")
	if earlier && before && clean(next) != w.moreKey(q).Key {
		return w.top().texts.Invalid, nil
	}
	reason, err = a.check(w.scope(), w.asOf(int32(w.after)))
	switch {
	case err != nil:
		return "", err
	case earlier && before:
		return cmp.Or(reason, w.top().texts.Invalid), nil
	case reason != "" && earlier:
		return "", errWay // it was accepted before
	case reason != "":
		w.was.marks = w.was.marks.with(refused, w.index, w.last)
	}
	return reason, nil
}

// refuse asks a question again.
func (w *walk) refuse(q *asking, reason string) error {
	if q.tries > 0 {
		if w.tries == nil {
			w.tries = map[Question]int{}
		}
		w.tries[q.Question]++
		left := q.tries - w.tries[q.Question]
		if left <= 0 {
			return Stop(w.top().texts.TooManyTries)
		}
		if !strings.HasSuffix(reason, ".") {
			reason += "."
		}
		reason += " " + w.top().texts.TriesLeft + " " + strconv.Itoa(left)
	}
	w.notice(reason)
	return nil
}

// home is where the key for home leads: to the first menu, or else to the start.
func (w *walk) home() int {
	for i := range w.path {
		if _, ok := w.path[i].screen.(*Menu); ok {
			return i
		}
	}
	return 0
}

// depth is how far the top of the path is from home, from where nothing leads back.
func (w *walk) depth() int {
	depth := len(w.path) - 1 - w.home()
	if w.top().once {
		return min(depth, 1) // back and home are one
	}
	return depth
}

// navigate follows a key that leads elsewhere, if the input is one.
func (w *walk) navigate(key string) bool {
	top := w.top()
	switch {
	case key == top.texts.More.Key:
		switch top.screen.(type) {
		case *Flow:
			return false // or its page would have been turned
		case *Menu:
			if more, err := w.more(); err != nil || !more {
				return false
			}
		}
		top.page++
		return true
	case key == top.texts.Back.Key && top.page > 0:
		top.page--
		return true
	case w.depth() == 0:
		return false
	case key == top.texts.Home.Key, key == top.texts.Back.Key && top.once:
		if top.once {
			// What is done is done, and nothing leads back to it.
			w.was.marks = marks(nil).with(void, 0, w.last)
		}
		w.path = w.path[:w.home()+1]
	case key == top.texts.Back.Key:
		w.path = w.path[:len(w.path)-1]
	default:
		return false
	}
	w.top().refresh()
	return true
}

// refresh makes a screen that is come back to what it was at first.
func (f *frame) refresh() {
	f.page, f.notice, f.pages = 0, "", nil
	if q := f.asked; q != nil {
		q.answered, q.said, q.pick = false, "", ""
	}
}

// question returns the text of the question at the top of the path.
func (w *walk) question() (string, error) {
	q := w.top().asked
	if q.text == nil {
		text, err := q.ask(w.scope(), w)
		if err != nil {
			return "", err
		}
		q.text = &text
	}
	return *q.text, nil
}

// moreKeys are the keys for more where the texts' own can be an answer.
var moreKeys = []string{"98", "99", "000"}

// moreKey is the key for more on a question. Where the text is made at run time it is no
// answer: which of the two it is must not depend on the text.
func (w *walk) moreKey(q *asking) Key {
	more := w.top().texts.More
	if !q.varies || q.frees(w, more.Key) {
		return more
	}
	for _, k := range moreKeys {
		if !w.top().texts.reserves(k) && q.frees(w, k) {
			return Key{k, more.Label}
		}
	}
	return more // and then it is never an answer
}

// pager returns the pages of the menu or question at the top of the path.
func (w *walk) pager() (*pages.Pages, error) {
	top := w.top()
	if top.pages != nil {
		return top.pages, nil
	}
	var foot footer
	var text string
	var err error
	switch s := top.screen.(type) {
	case *Menu:
		title := s.title
		if s.titleFunc != nil {
			title, err = s.titleFunc(w.scope(), w.asOf(top.end))
		} else if top.notice == "" {
			top.pages = s.paged(w.limit, w.depth(), top.texts)
			return top.pages, nil
		}
		text, foot = s.text(title), s.footer(w.depth(), top.texts)
	case *Flow:
		q := top.asked
		foot = footer{texts: top.texts, depth: w.depth(), items: q.kind != "prompt"}
		foot.offers = func(key string) bool { return q.frees(w, key) }
		if more := w.moreKey(q); more != top.texts.More {
			texts := *top.texts
			texts.More = more
			foot.texts = &texts
		}
		text, err = w.question()
	}
	if err != nil {
		return nil, err
	}
	top.pages = foot.pages(withNotice(top.notice, text), w.limit)
	return top.pages, nil
}

func (w *walk) more() (bool, error) {
	p, err := w.pager()
	return err == nil && p.Has(int(w.top().page)+1), err
}

// show runs the screen that the inputs have led to, with the request as of that hop.
func (w *walk) show() (res Response, err error) {
	switch s := w.top().screen.(type) {
	case ScreenFunc:
		res, err = s(w.scope(), w.asOf(w.top().end))
	case onceFunc:
		res, err = w.runOnce(w.scope(), s, w.asOf(w.top().end))
	default:
		p, err := w.pager()
		if err != nil {
			return Response{}, err
		}
		return w.page(Response{Continue: true}, p, false), nil
	}
	if err != nil || res.Text == "" {
		return res, err
	}
	return w.spread(res), nil
}

// spread returns the page of a function's screen that was asked for.
func (w *walk) spread(r Response) Response {
	top := w.top()
	foot := footer{texts: top.texts, depth: w.depth(), final: !r.Continue}
	p := foot.pages(withNotice(top.notice, r.Text), w.limit)
	if foot.final && top.notice != "" {
		// Nothing more is asked: what was wrong does not matter.
		if plain := foot.pages(r.Text, w.limit); !plain.Has(1) {
			p = plain
		}
	}
	return w.page(r, p, foot.final)
}

// page returns the page that was asked for. What is not the last one keeps the session
// open.
func (w *walk) page(r Response, p *pages.Pages, final bool) Response {
	top := w.top()
	var ok bool
	if r.Text, ok = p.Page(int(top.page)); !ok {
		top.page = int32(p.Last())
		// The key for more was typed where there is none.
		if noticed := withNotice(top.texts.Invalid, r.Text); !final && pages.Fits(w.limit, noticed) {
			r.Text = noticed
		}
	}
	r.Continue = r.Continue || p.Has(int(top.page)+1)
	return r
}

func withNotice(notice, text string) string {
	if notice == "" {
		return text
	}
	return notice + "\n" + text
}

// leave adds to a screen, or that of an error, what the next hop needs to know.
func (w *walk) leave(res Response, err error) (Response, error) {
	if err != nil {
		carried := new(ScreenError)
		if !errors.As(err, &carried) || carried.Screen.Text == "" {
			return Response{}, err
		}
		switch w.top().screen.(type) {
		case *Menu, *Flow, Branch:
			w.over = true
		}
		if !carried.Screen.Continue {
			w.top().notice = ""
		}
		if res = w.spread(carried.Screen); carried.Err == nil {
			err = nil
		}
	}
	if res.Text == "" {
		return res, nil // the handler apologises
	}
	s, failed := w.state()
	if failed != nil {
		return Response{}, failed
	}
	name := cmp.Or(res.Hop, w.name())
	var ok bool
	if res.Hop, ok = s.metadata(name); !ok {
		s = s.lost()
		res.Hop, _ = s.metadata(name)
	}
	if res.Continue {
		failed = w.keep(res.Hop, s)
	}
	switch {
	case failed != nil && s.receipt() == 0:
		return Response{}, failed
	case failed != nil: // but something was done, and must be told
		return Response{}, &ScreenError{res, errors.Join(err, failed)}
	case err != nil:
		return Response{}, &ScreenError{res, err}
	}
	return res, nil
}

// name is what hop metadata calls the screen: the label of the item chosen last, or else
// a title or question.
func (w *walk) name() string {
	if it := w.top().item; it != nil {
		return it.label
	}
	for _, f := range slices.Backward(w.path) {
		switch s := f.screen.(type) {
		case *Menu:
			return s.screen()
		case *Flow:
			if f.asked.name != "…" {
				return f.asked.name
			}
		}
	}
	return ""
}

// state returns what the next hop needs to know.
func (w *walk) state() (*hopState, error) {
	top, s := w.top(), &w.left
	*s = hopState{n: w.inputs, dialled: w.was.dialled, marks: w.was.marks.of("vjxct")}
	if top.once && top.end > 0 {
		// What has led here is done, and is not taken again.
		s.way, s.shown = ended, ended
		s.marks = marks(nil).with(void, 0, strings.Count(w.request.Text[:top.end], "*")).with(receipt, int(top.end), int(top.end))
		return s, nil
	}
	s.way, s.shown = w.way().text(), ended
	s.echoes = w.echoed && (w.was.echoes || w.was.n == w.was.dialled) && len(s.marks.of("v")) == 0
	if !w.over {
		var err error
		if s.shown, err = w.shown(); err != nil {
			return nil, err
		}
	}
	for i := range w.path {
		if q := w.path[i].asked; q != nil && q.pick != "" {
			s.marks = append(s.marks, mark{picked, q.input, q.input, q.pick})
		}
	}
	return s, nil
}

// lost returns a state that no hop goes on from: the next one leads to the start.
func (s *hopState) lost() *hopState {
	l := &hopState{way: ended, shown: ended, n: s.n, dialled: s.dialled}
	if s.n > 0 {
		l.marks = l.marks.with(void, 0, s.n-1)
	}
	return l
}
