package ussd

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/sautigo/africastalking/internal/record"
	"github.com/sautigo/africastalking/state"
)

const (
	// DefaultResume is how long [Resume] offers to go on: 10 minutes.
	DefaultResume = 10 * time.Minute
	// resumeTTL is how long a record lasts on top of that: for the session that was asked.
	resumeTTL      = 5 * time.Minute
	resumeSessions = 8 // how many of a subscriber are told apart
	// askedTTL, for which it is known that a session was asked, is longer than [state.Once]
	// remembers what it did.
	askedTTL  = record.OnceTTL + time.Hour
	resumeHop = "resume" // the metadata of the question
)

// ResumeOption changes how [Resume] works.
type ResumeOption func(*resume)

// WithResumeFor sets for how long after its last answer a dropped session can be
// resumed. The default is [DefaultResume]. Longer than that does not go with
// [Stateful], which may have forgotten the session by then.
func WithResumeFor(d time.Duration) ResumeOption { return func(o *resume) { o.limit = d } }

// ResumeTexts is the question of [Resume]. An empty field stands for the default.
type ResumeTexts struct {
	Interrupted string // "You were interrupted."
	Continue    string // "Continue"
	StartAgain  string // "Start again"
	Choose      string // "Please choose 1 or 2.", above the question when the answer was neither
}

// WithResumeTexts sets the texts of the question, for example in the subscriber's
// language. The function gets the hop as it came. The default is English.
func WithResumeTexts(texts func(Request) ResumeTexts) ResumeOption {
	return func(o *resume) { o.texts = texts }
}

// Resume lets a subscriber whose session was dropped go on where it was. After a
// drop the subscriber dials again, which is a new session. If the last hop of the
// one before was answered and awaits an answer, Resume asks
//
//	You were interrupted.
//	1. Continue
//	2. Start again
//
// and with 1, next gets the last hop of the old session again, and then each
// further hop as if it had come in the old session: with its SessionID (and
// therefore a [Request.HopID] that does not depend on the drop) and a Text that
// goes on from its Text. With 2, next gets the new session from its beginning,
// without the question in its Text. It goes around a [Menu] or a [Stateful]:
//
//	ussd.Handler(ussd.Resume(store, ussd.Stateful(store, serve)))
//
// # What holds
//
//   - Only the same PhoneNumber and ServiceCode resume, within [DefaultResume] of
//     the last answer. A session that is resumed and dropped again can be resumed again.
//   - There is nothing to resume after an END, when nothing was typed yet, or after next
//     has failed, and may have done something.
//   - A code that was dialled with an extension starts without the question if the
//     extension arrives in the Text. If it arrives in the ServiceCode, that is
//     another code, which resumes its own sessions.
//   - Each hop means the same whenever and wherever it is delivered again, or fails with
//     [ErrLost] once what the session went on with is forgotten: 15 minutes after the
//     subscriber's last hop, or 8 sessions later. If the store cannot be read, Resume
//     returns an error; if it cannot be written after next has run, the answer, and after
//     a drop it offers an earlier screen, or none.
//   - An [App] goes on with the screen that was shown last, if it is still there. It asks
//     again every question that is Explicit, because the phone may have changed hands, and
//     no record holds what was typed to one.
//
// # What does not
//
// A function of one's own should ask for the PIN again before it moves money. The record
// holds what was typed to it: the Text of the last hop until the session ends, and the one
// that a session went on with for 15 minutes. Treat the store as private.
//
// A hop that was still being answered when the session was dropped may end after the
// question was asked. Under [Stateful] another input in its place is then an [ErrConflict].
// Without it, the two have one HopID if their inputs are of one length: next must compare
// the inputs before it moves money, as [Questions.ThenOnce] does.
func Resume(store state.Store, next func(context.Context, Request) (Response, error), opts ...ResumeOption) func(context.Context, Request) (Response, error) {
	if store == nil || next == nil {
		panic("ussd: Resume needs a store and a function")
	}
	o := &resume{store: store, next: next, limit: DefaultResume, texts: func(Request) ResumeTexts { return ResumeTexts{} }}
	for _, opt := range opts {
		opt(o)
	}
	return o.serve
}

type resume struct {
	store state.Store
	next  func(context.Context, Request) (Response, error)
	limit time.Duration
	texts func(Request) ResumeTexts
}

// A subscriber's record.
type resumeRecord struct {
	Sessions []resumeSession `json:"sessions"` // those that were begun, the latest last
	Last     *resumePoint    `json:"last,omitempty"`
}

type resumeSession struct {
	ID []byte `json:"id"`
	// From is what the session was asked to go on with; nil if it was not asked.
	From *resumePoint `json:"from,omitempty"`
}

// resumePoint is the last hop of a session.
type resumePoint struct {
	ID   []byte `json:"id"` // which JSON keeps as it is, if it is not UTF-8 too
	Text []byte `json:"text,omitempty"`
	Len  int    `json:"len"` // of the text, which is forgotten when the session ends
	// Hop is the metadata that came with it, and Shown that of the screen it led to.
	Hop   []byte `json:"hop,omitempty"`
	Shown []byte `json:"shown,omitempty"`
	At    int64  `json:"at"` // ms since 1970
	// Over is set if there is nothing to go on with: the session has ended, or the hop
	// failed. If Ended is not set, a copy of it may turn out better.
	Over  bool `json:"over,omitempty"`
	Ended bool `json:"ended,omitempty"`
}

func (o *resume) serve(ctx context.Context, r Request) (Response, error) {
	key := record.Key("resume", r.PhoneNumber, r.ServiceCode)
	from, err := o.enter(ctx, key, r)
	if err != nil {
		return Response{}, err
	}
	if from != nil {
		choice, rest, more := resumeChoice(r.Text)
		switch {
		case r.Text == "":
			return o.ask(r, ""), nil
		case choice == "":
			return o.ask(r, cmp.Or(o.texts(r).Choose, "Please choose 1 or 2.")+"\n"), nil
		case choice == "1":
			session := r.SessionID
			r.SessionID = string(from.ID)
			if more {
				r.Text = string(from.Text) + "*" + rest
			} else {
				r.Text, r.Hop = string(from.Text), string(from.Hop)
			}
			return o.run(ctx, key, session, r, from)
		}
		if r.Text = rest; !more {
			r.Hop = ""
		}
	}
	return o.run(ctx, key, r.SessionID, r, &resumePoint{})
}

// enter returns what a session was asked to go on with, which its first hop decides.
func (o *resume) enter(ctx context.Context, key string, r Request) (from *resumePoint, err error) {
	asked := record.Key("asked", r.SessionID, r.PhoneNumber)
	entered := false
	_, err = record.Update(ctx, o.store, key, o.limit+resumeTTL, func(rec *resumeRecord) (save bool, err error) {
		from, entered = nil, false
		for _, s := range rec.Sessions {
			if string(s.ID) == r.SessionID {
				from = s.From
				return false, nil
			}
		}
		if r.Text != "" {
			// Either it was dialled with an extension, or its record is gone: if it was
			// asked, its inputs are ambiguous.
			switch _, v, err := o.store.Load(ctx, asked); {
			case err != nil:
				return false, err
			case v != 0 || r.Hop == resumeHop:
				return false, ErrLost
			}
		}
		if p := rec.Last; r.Text == "" && o.offers(p) && string(p.ID) != r.SessionID {
			from = p
		}
		if n := len(rec.Sessions) - resumeSessions + 1; n > 0 {
			rec.Sessions = slices.Delete(rec.Sessions, 0, n)
		}
		rec.Sessions = append(rec.Sessions, resumeSession{[]byte(r.SessionID), from})
		entered = true
		return true, nil
	})
	if err == nil && entered && from != nil {
		if _, err = o.store.Save(ctx, asked, []byte("true"), 0, askedTTL); errors.Is(err, state.ErrVersion) {
			err = nil
		}
	}
	return from, err
}

func (o *resume) offers(p *resumePoint) bool {
	return p != nil && !p.Over && len(p.Text) > 0 && time.Now().UnixMilli() < p.At+o.limit.Milliseconds()
}

// run runs a hop, which came in a session, and remembers what it led to.
func (o *resume) run(ctx context.Context, key, session string, r Request, from *resumePoint) (resp Response, err error) {
	p := resumePoint{ID: []byte(r.SessionID), Len: len(r.Text), Over: true} // unless it turns out well
	p.Ended = p.Len > 0 && p.Len == len(from.Text)                          // or it would be offered for ever
	defer func() { o.remember(ctx, key, session, p) }()
	inner, typed := withPrivacy(ctx, len(from.Text), string(from.Shown))
	resp, err = o.next(inner, r)
	shown, carried := resp, new(ScreenError)
	if errors.As(err, &carried); err != nil {
		shown = carried.Screen
	}
	switch {
	case strings.TrimSpace(shown.Text) == "" || checkHop(shown.Hop) != nil: // it is not shown
	case !shown.Continue:
		p.Ended = true
	default:
		p.Text, p.Hop, p.Shown = []byte(blank(r.Text, typed.secrets)), []byte(r.Hop), []byte(shown.Hop)
		p.Over, p.Ended = false, false
	}
	return resp, err
}

func (o *resume) remember(ctx context.Context, key, session string, p resumePoint) {
	ctx, cancel := record.Detach(ctx) // it may have ended
	defer cancel()
	p.At = time.Now().UnixMilli()
	_, _ = record.Update(ctx, o.store, key, o.limit+resumeTTL, func(rec *resumeRecord) (save bool, err error) {
		if !o.replaces(*rec, session, p) {
			return false, nil
		}
		rec.Last = &p
		return true, nil
	})
}

// replaces reports whether the record's last hop is before p, which came in a session.
func (o *resume) replaces(rec resumeRecord, session string, p resumePoint) bool {
	last := rec.Last
	switch {
	case last != nil && bytes.Equal(last.ID, p.ID):
		// A copy of a hop may fail where another one is answered.
		return !last.Ended && (p.Len > last.Len || p.Len == last.Len && (!p.Over || p.Ended))
	case len(rec.Sessions) == 0 || string(rec.Sessions[len(rec.Sessions)-1].ID) != session:
		return false // the subscriber has dialled again since
	}
	// One that cannot be resumed matters only in place of one that can.
	return o.offers(&p) || o.offers(last) || p.Over
}

func (o *resume) ask(r Request, reason string) Response {
	t := o.texts(r)
	return Continue(reason + cmp.Or(t.Interrupted, "You were interrupted.") +
		"\n1. " + cmp.Or(t.Continue, "Continue") +
		"\n2. " + cmp.Or(t.StartAgain, "Start again")).WithHop(resumeHop)
}

// resumeChoice reads the answer to the question, "1" or "2", from the text of the session
// that was asked, and returns the rest of the text after it.
func resumeChoice(text string) (choice, rest string, more bool) {
	for more = true; more; {
		choice, text, more = strings.Cut(text, "*")
		if choice = clean(choice); choice == "1" || choice == "2" {
			return choice, text, more
		}
	}
	return "", "", false
}
