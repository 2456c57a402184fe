package ussd

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"unicode"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/internal/gsm7"
	"github.com/sautigo/africastalking/internal/redact"
	"github.com/sautigo/africastalking/webhook"
)

// MaxSeptets is the size of a screen that every network shows whole: 160 septets. Networks
// differ above that, and none shows more than 182.
const MaxSeptets = 160

// MaxUCS2 is the size, in UTF-16 code units, of a screen with a character outside
// the GSM alphabet: 80.
const MaxUCS2 = 80

const (
	// minSeptets and maxFooter leave room for some text beside the keys of a page, in
	// either alphabet.
	minSeptets = 100
	maxFooter  = 40
	// maxSeptets is what the 160 octets of a USSD string can carry (3GPP TS 23.038, 29.002).
	maxSeptets = 182
	maxHop     = 99
)

// Limit returns how many septets a screen may have on a network: 182 for Airtel Kenya, whose
// stated 184 is more than USSD can carry, and 160 for every other, as is stated for Safaricom.
func Limit(n africastalking.Network) int {
	if n == africastalking.AirtelKenya {
		return maxSeptets
	}
	return MaxSeptets
}

// Fold returns s with the characters that word processors like replaced by those of the GSM
// alphabet that look alike: curly quotes, dashes, the ellipsis, bullets and odd spaces. One of
// them would make a whole screen take twice the room. A [Menu] folds all that it shows.
func Fold(s string) string { return gsm7.Fold(s) }

// Response is a screen. A screen needs a text, which the zero value lacks, and ends the
// session unless it says otherwise.
type Response struct {
	// Text is what the subscriber reads, without CON or END. Lines end in "\n".
	Text string
	// Continue keeps the session open for an answer.
	Continue bool
	// Hop is metadata for this hop, such as the screen's name: at most 99 characters,
	// without "|" and control characters. Africa's Talking shows it on its dashboard, and
	// sends it back as [Request.Hop] and in [Notification.HopsMetadata]. Never put
	// anything private in it.
	Hop string
}

// Continue returns a screen that waits for an answer.
func Continue(text string) Response { return Response{Text: text, Continue: true} }

// Continuef is [Continue] with a format.
func Continuef(format string, args ...any) Response { return Continue(fmt.Sprintf(format, args...)) }

// End returns a screen that ends the session.
func End(text string) Response { return Response{Text: text} }

// Endf is [End] with a format.
func Endf(format string, args ...any) Response { return End(fmt.Sprintf(format, args...)) }

// WithHop returns r with hop metadata.
func (r Response) WithHop(hop string) Response {
	r.Hop = hop
	return r
}

// ScreenError is an error that carries the screen that the subscriber reads: [Handler]
// shows the screen, logs the error, and passes it to the observer. A menu adds keys and
// pages to the screen as to any other.
//
//	return ussd.Response{}, &ussd.ScreenError{Screen: ussd.End("Please call us on 0700 000 000."), Err: err}
//
// If Err is nil, nothing has gone wrong, and there is nothing to log: see [Stop].
type ScreenError struct {
	Screen Response
	Err    error
}

// Stop returns an error that ends the session with a text, for where a function cannot
// return a [Response]: [Prompt].TextFunc and Check, [List].Load, a [Branch]. Its Error
// does not quote the text.
func Stop(text string) error { return &ScreenError{Screen: End(text)} }

// Error returns the text of Err. It does not quote the screen.
func (e *ScreenError) Error() string {
	if e.Err == nil {
		return "ussd: session ended by the app"
	}
	return e.Err.Error()
}

// Unwrap returns Err.
func (e *ScreenError) Unwrap() error { return e.Err }

// Reply returns the screen, which [Handler] answers with, or nil if it has no text.
func (e *ScreenError) Reply() webhook.Reply {
	if strings.TrimSpace(e.Screen.Text) == "" {
		return nil
	}
	return e.Screen
}

// AppendText appends the screen as Africa's Talking reads it, "CON …" or "END …".
// It fails if there is no text.
func (r Response) AppendText(b []byte) ([]byte, error) {
	if strings.TrimSpace(r.Text) == "" {
		return b, errors.New("ussd: screen is empty")
	}
	if r.Continue {
		b = append(b, "CON "...)
	} else {
		b = append(b, "END "...)
	}
	return append(b, r.Text...), nil
}

// ContentType returns "text/plain; charset=utf-8".
func (Response) ContentType() string { return "text/plain; charset=utf-8" }

// MarshalHeader sets the hop metadata. It fails if [Response.Hop] is not fit for
// that.
func (r Response) MarshalHeader(h http.Header) error {
	if r.Hop == "" {
		return nil
	}
	if err := checkHop(r.Hop); err != nil {
		return err
	}
	h[HopMetadataHeader] = []string{r.Hop}
	return nil
}

func checkHop(hop string) error {
	n := 0
	for _, c := range hop {
		n++
		if c == '|' || c < ' ' || c >= 0x7f && unicode.IsControl(c) {
			return errors.New("ussd: hop metadata has a \"|\" or a control character")
		}
	}
	if n > maxHop {
		return fmt.Errorf("ussd: hop metadata is %d characters, limit %d", n, maxHop)
	}
	return nil
}

// Check returns an error if the screen may not arrive as it is: it is longer than
// [MaxSeptets], or has characters outside the GSM alphabet, which many networks cannot
// show. The handler logs it and sends the screen.
func (r Response) Check() error {
	units, ok := Len(r.Text)
	switch {
	case !ok && units > MaxUCS2:
		return fmt.Errorf("ussd: screen has characters outside the GSM alphabet and is %d units, limit %d", units, MaxUCS2)
	case !ok:
		return errors.New("ussd: screen has characters outside the GSM alphabet")
	case units > MaxSeptets:
		return fmt.Errorf("ussd: screen is %d septets, limit %d", units, MaxSeptets)
	}
	return nil
}

// Len returns the size of a text on the wire: in septets if all of it is in the GSM
// alphabet, where "{", "€" and a few more take two. Otherwise the whole text is sent
// as UTF-16, and Len returns its code units.
func Len(text string) (units int, gsm bool) { return gsm7.Len(text) }

// LogValue hides the text: screens hold names and balances.
func (r Response) LogValue() slog.Value {
	return slog.GroupValue(
		slog.Bool("continue", r.Continue),
		slog.String("text", redact.Text(r.Text)),
		slog.String("hop", r.Hop),
	)
}

// String returns what LogValue shows, so %v, %+v and %s mask what a log would. %#v
// prints everything.
func (r Response) String() string { return redact.String(r) }
