package ussd

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"github.com/sautigo/africastalking/internal/record"
	"github.com/sautigo/africastalking/state"
	"github.com/sautigo/africastalking/webhook"
)

// keptMenuHops are as many hops as a subscriber can answer while a copy is on its way.
const keptMenuHops = 16

// keptRecord is what an app keeps of a session's last hops.
type keptRecord struct {
	Hops []keptHop `json:"hops"` // in the order of their texts
}

type keptHop struct {
	hopText
	// Hop is the metadata that the next hop should have brought.
	Hop string `json:"hop"`
}

// secret is from where to where a text was typed to a question that is explicit.
type secret [2]int

// blank returns a text without what was secret in it. Its length stays.
func blank(text string, secrets []secret) string {
	if len(secrets) == 0 {
		return text
	}
	b := []byte(text)
	for _, s := range secrets {
		for i := s[0]; i < min(s[1], len(b)); i++ {
			if b[i] != '*' { // it parts inputs, and their number is no secret
				b[i] = '?'
			}
		}
	}
	return string(b)
}

// hopText tells the hops of a session apart, by a hash of what is no secret in the text.
type hopText struct {
	Len    int      `json:"len"`
	Hash   string   `json:"hash"`
	Secret []secret `json:"secret,omitempty"`
	// Resumed is how many bytes of it were typed before the session was dropped, if that
	// makes a difference.
	Resumed int `json:"resumed,omitempty"`
}

func newHopText(key, text string, secrets []secret, resumed int) hopText {
	return hopText{len(text), hashText(key, blank(text, secrets)), secrets, resumed}
}

// is reports whether a text in the session of a key is that of the hop.
func (h *hopText) is(key, text string, resumed int) bool {
	return h.Len == len(text) && h.Resumed == resumed && h.Hash == hashText(key, blank(text, h.Secret))
}

// hashText hashes a text in the session of a key.
func hashText(key, text string) string {
	sum := sha256.Sum256([]byte(key + text))
	return hex.EncodeToString(sum[:16])
}

// privacy is what an app tells [Stateful] and [Resume] around it about what was typed.
type privacy struct {
	outer   *privacy
	resumed int    // how many bytes of the text were typed before the session was dropped
	shown   string // the metadata of the last screen then
	secrets []secret
	next    bool // the next input will be a secret, unless it is a key that leads elsewhere
}

type privacyKey struct{}

// withPrivacy returns a context in which a menu tells what was typed.
func withPrivacy(ctx context.Context, resumed int, shown string) (context.Context, *privacy) {
	p := &privacy{outer: privacyOf(ctx), resumed: resumed, shown: shown}
	return context.WithValue(ctx, privacyKey{}, p), p
}

func privacyOf(ctx context.Context) *privacy {
	p, _ := ctx.Value(privacyKey{}).(*privacy)
	return p
}

func (p *privacy) before() (resumed int, shown string) {
	if p == nil {
		return 0, ""
	}
	return p.resumed, p.shown
}

// note takes what was secret in a text that is longer by so many bytes at its beginning.
func (p *privacy) note(secrets []secret, shift int, next bool) {
	for ; p != nil; p = p.outer {
		p.secrets, p.next = nil, next
		for _, s := range secrets {
			if s[1] > shift {
				p.secrets = append(p.secrets, secret{max(s[0]-shift, 0), s[1] - shift})
			}
		}
	}
}

// keeps reports whether a store knows what the hops of the session have shown.
func (w *walk) keeps() bool {
	return w.app.records != nil && !w.app.fixed && w.request.SessionID != ""
}

// recall finds what the hop before has left: in the metadata, or, if that did not come
// back, in the store. A hop that a dropped session goes on with has left it itself.
func (w *walk) recall(shown string) (err error) {
	text := w.request.Text
	if text != "" {
		w.inputs = strings.Count(text, "*") + 1
	}
	if w.was, w.again = parseHop(shown); w.again && w.resumed == len(text) {
		w.echoed = w.was.echoes
		return nil
	}
	w.again = false
	if w.was, w.echoed = parseHop(w.request.Hop); !w.echoed {
		w.was.dialled = w.inputs // unless there is a record of the session
	}
	if !w.echoed && text != "" && w.keeps() {
		key := record.Key("hops", w.request.SessionID, w.request.PhoneNumber)
		_, err = record.Update(w.ctx, w.app.records, key, sessionTTL, func(rec *keptRecord) (bool, error) {
			w.unsure = len(rec.Hops) > 0
			fits := -1
			for _, h := range rec.Hops {
				s, _ := parseHop(h.Hop)
				switch {
				case h.Len < len(text) && h.is(key, text[:h.Len], 0):
					// Behind a hop since when metadata comes back, others may not be kept.
					fits, w.was, w.unsure = h.Len, s, s.echoes && s.n < w.inputs-1
				case h.Len < len(text):
					w.unsure = w.unsure || h.Len > fits
				case w.unsure && s.n == s.dialled && h.is(key, text, 0):
					w.unsure = false // it is a copy of the first hop
				}
			}
			return false, nil
		})
	}
	if w.inputs > 0 && w.was.n >= w.inputs || w.was.receipt() > len(text) {
		w.unsure = true // it is of another hop
	}
	if w.unsure {
		w.was = unknown
	}
	return err
}

// keep leaves in the store what the next hop's metadata may not bring.
func (w *walk) keep(metadata string, s *hopState) error {
	if !w.keeps() || w.echoed && w.was.echoes && s.receipt() == 0 {
		return nil
	}
	if w.unsure && s.receipt() == 0 {
		metadata, _ = s.lost().metadata("") // a copy whose metadata came back may show another screen
	}
	key, text := record.Key("hops", w.request.SessionID, w.request.PhoneNumber), w.request.Text
	this := keptHop{newHopText(key, text, w.secrets, 0), metadata}
	_, err := record.Update(w.ctx, w.app.records, key, sessionTTL, func(rec *keptRecord) (bool, error) {
		var before, after []keptHop
		for _, h := range rec.Hops {
			switch {
			case h.Len > this.Len:
				after = append(after, h)
			case h.is(key, text, 0):
				if h.Hop == this.Hop {
					return false, nil
				}
				// Copies of this hop show two screens, and it is not known which one
				// the subscriber reads: no answer counts for either.
				this.Hop, _ = s.lost().metadata("")
			default: // its text may be hashed without what was no secret then
				before = append(before, h)
			}
		}
		if len(before)+len(after) >= keptMenuHops && len(after) > 0 {
			return false, nil // a late copy of a hop that is not kept any more
		}
		before = append(before[max(0, len(before)-keptMenuHops+1):], this)
		rec.Hops = append(before, after...)
		return true, nil
	})
	if err == nil || errors.Is(err, state.ErrFull) && len(s.marks.of("vr")) == 0 {
		return nil // most accounts bring the metadata back; others take the inputs for dialled
	}
	return fmt.Errorf("ussd: keeping what the session has shown: %w", err)
}

// keptScreen is a screen that JSON keeps as it is, if it is not UTF-8 too.
type keptScreen struct {
	Text     []byte `json:"text"`
	Hop      []byte `json:"hop,omitempty"`
	Continue bool   `json:"continue,omitempty"`
}

func keepScreen(r Response) keptScreen { return keptScreen{[]byte(r.Text), []byte(r.Hop), r.Continue} }

func (k keptScreen) response() Response {
	return Response{Text: string(k.Text), Hop: string(k.Hop), Continue: k.Continue}
}

// done is what is kept of a ThenOnce.
type done struct {
	// Asked is a sum of the answers, but of those to explicit questions.
	Asked  string     `json:"asked"`
	Screen keptScreen `json:"screen"`
	// InDoubt is set if the screen came with an error.
	InDoubt bool `json:"inDoubt,omitempty"`
}

func receiptKey(r Request) string { return "then/" + r.HopID() }

// sooner returns a context that ends a moment before ctx: whoever waits until then for a
// ThenOnce must still say that it is in doubt, before [Handler] apologises.
func sooner(ctx context.Context) (context.Context, context.CancelFunc) {
	if end, ok := ctx.Deadline(); ok {
		return context.WithDeadline(ctx, end.Add(-min(100*time.Millisecond, time.Until(end)/10)))
	}
	return ctx, func() {}
}

// runOnce calls the function of a ThenOnce, or returns the screen that it has returned.
func (w *walk) runOnce(ctx context.Context, fn onceFunc, r Request) (res Response, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &ScreenError{End(w.top().texts.InDoubt), &webhook.PanicError{Value: v, Stack: debug.Stack()}}
		}
	}()
	if w.app.records == nil || w.young && w.echoed && w.app.Store == nil {
		return Response{}, errors.New("ussd: ThenOnce in an app that has not seen the hops before: serve an App that has a Store, or make menus once and not for each hop")
	}
	ctx, cancel := sooner(ctx)
	defer cancel()
	asked, name := w.asked(), w.name()
	var told error
	kept, err := state.Once(ctx, w.app.records, receiptKey(r), func(ctx context.Context) (done, error) {
		res, err := fn(ctx, r)
		carried := new(ScreenError)
		if errors.As(err, &carried) && !errors.Is(err, state.ErrNotDone) {
			if res, err = carried.Screen, nil; carried.Err != nil {
				told = carried
			}
		}
		if err == nil && strings.TrimSpace(res.Text) == "" {
			err = errors.New("ussd: the function of ThenOnce returned no screen")
		}
		if res.Hop == "" {
			res.Hop = name
		}
		return done{asked, keepScreen(res), told != nil}, err
	})
	switch {
	case errors.Is(err, state.ErrNotDone):
		return Response{}, err
	case err != nil:
		return Response{}, &ScreenError{End(w.top().texts.InDoubt), err}
	case kept.Asked != asked:
		return Response{}, fmt.Errorf("%w: it was answered with other answers", ErrConflict)
	case told != nil:
		return Response{}, told
	}
	return kept.show()
}

func (k done) show() (Response, error) {
	if k.InDoubt {
		return Response{}, &ScreenError{k.Screen.response(), state.ErrInDoubt}
	}
	return k.Screen.response(), nil
}

// asked returns a sum of the way and the answers, but of those that may be PINs.
func (w *walk) asked() string {
	s := w.newSum()
	for i := range w.path {
		f := &w.path[i]
		if f.item != nil {
			s.add(f.item.key)
			s.add(f.item.label)
		}
		if f.asked != nil {
			s.add(f.asked.pick)
			s.add(f.asked.said)
		}
	}
	sum := s.text()
	return string(sum[:])
}

// pushReceipt puts the screen of the ThenOnce of the hop whose text ended there on the path.
func (w *walk) pushReceipt(end int) (found bool, err error) {
	if w.app.records == nil {
		return false, nil
	}
	ctx, cancel := sooner(w.ctx)
	defer cancel()
	key := record.Key("once", receiptKey(w.asOf(int32(end))))
	var kept record.Outcome
	_, err = record.Update(ctx, w.app.records, key, record.OnceTTL, func(o *record.Outcome) (bool, error) {
		if kept = *o; o.State == record.Started && time.Now().UnixMilli() < o.Until {
			return false, record.ErrWait
		}
		return false, nil
	})
	switch {
	case err != nil && kept.State == "":
		return false, fmt.Errorf("ussd: what the session has done: %w", err)
	case kept.State == "":
		return false, nil
	}
	var d done
	if kept.State != record.Done || json.Unmarshal(kept.Result, &d) != nil {
		d = done{Screen: keepScreen(End(w.top().texts.InDoubt)), InDoubt: true}
	}
	w.path = append(w.path, frame{texts: w.top().texts, end: int32(end), once: true,
		screen: ScreenFunc(func(context.Context, Request) (Response, error) { return d.show() })})
	return true, nil
}
