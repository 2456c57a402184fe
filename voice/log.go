package voice

import (
	"fmt"
	"log/slog"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"github.com/sautigo/africastalking/internal/redact"
)

// LogValue shows the length of the text.
func (s Say) LogValue() slog.Value {
	return group(slog.String("text", redact.Text(s.Text)), slog.String("voice", string(s.Voice)), slog.Bool("playBeep", s.PlayBeep))
}

// String returns what LogValue shows; %#v prints everything.
func (s Say) String() string { return redact.String(s) }

// LogValue shows the length of the speech.
func (s SSML) LogValue() slog.Value {
	return group(slog.Any("speech", s.Speech), slog.String("voice", string(s.Voice)), slog.Bool("playBeep", s.PlayBeep))
}

// String returns what LogValue shows; %#v prints everything.
func (s SSML) String() string { return redact.String(s) }

// LogValue shows the length of the speech with its marks.
func (s Speech) LogValue() slog.Value { return slog.StringValue(redact.Text(s.ssml)) }

// Format implements [fmt.Formatter]: it writes what LogValue shows. %#v prints
// everything.
func (s Speech) Format(f fmt.State, verb rune) { format(f, verb, s, s.ssml) }

// format prints a value whose String method returns its document.
func format(f fmt.State, verb rune, v slog.LogValuer, document string) {
	if verb == 'v' && f.Flag('#') {
		fmt.Fprintf(f, "%T{%q}", v, document)
		return
	}
	fmt.Fprintf(f, fmt.FormatString(f, verb), redact.String(v))
}

// LogValue shows the length of the text.
func (s SayAs) LogValue() slog.Value {
	return group(slog.String("interpretAs", string(s.As)), slog.String("text", redact.Text(s.Text)),
		slog.String("language", s.Language), slog.String("format", s.Format), slog.String("detail", s.Detail), slog.String("style", s.Style))
}

// String returns what LogValue shows; %#v prints everything.
func (s SayAs) String() string { return redact.String(s) }

// LogValue shows the host alone: a path or a query may hold a secret.
func (p Play) LogValue() slog.Value { return group(slog.String("url", host(p.URL))) }

// String returns what LogValue shows; %#v prints everything.
func (p Play) String() string { return redact.String(p) }

// LogValue hides the prompt's text, and all of the URL but its host.
func (g GetDigits) LogValue() slog.Value {
	return group(slog.Any("prompt", g.Prompt), slog.Int("numDigits", g.NumDigits), slog.Duration("timeout", g.Timeout),
		slog.String("finishOnKey", g.FinishOnKey), slog.String("callbackUrl", host(g.CallbackURL)))
}

// String returns what LogValue shows; %#v prints everything.
func (g GetDigits) String() string { return redact.String(g) }

// LogValue hides the numbers, and all of the URL but its host.
func (d Dial) LogValue() slog.Value {
	return group(slog.Any("phoneNumbers", d.PhoneNumbers), slog.Bool("record", d.Record), slog.Bool("sequential", d.Sequential),
		slog.String("callerId", redact.Digits(d.CallerID)), slog.String("ringBackTone", host(d.RingBackTone)), slog.Duration("maxDuration", d.MaxDuration))
}

// String returns what LogValue shows; %#v prints everything.
func (d Dial) String() string { return redact.String(d) }

// LogValue shows the last two characters of each number.
func (l NumberList) LogValue() slog.Value {
	numbers := l.Split()
	for i, n := range numbers {
		numbers[i] = redact.Phone(n)
	}
	return slog.StringValue(strings.Join(numbers, ","))
}

// String returns what LogValue shows; %#v prints everything.
func (l NumberList) String() string { return redact.String(l) }

// LogValue hides the prompt's text, and all of the URL but its host.
func (r Record) LogValue() slog.Value {
	return group(slog.Any("prompt", r.Prompt), slog.String("finishOnKey", r.FinishOnKey), slog.Duration("maxLength", r.MaxLength),
		slog.Duration("timeout", r.Timeout), slog.Bool("trimSilence", r.TrimSilence), slog.Bool("playBeep", r.PlayBeep),
		slog.String("callbackUrl", host(r.CallbackURL)))
}

// String returns what LogValue shows; %#v prints everything.
func (r Record) String() string { return redact.String(r) }

// LogValue hides numbers in the name, and all of the URL but its host.
func (e Enqueue) LogValue() slog.Value {
	return group(slog.String("holdMusic", host(e.HoldMusic)), slog.String("name", redact.Digits(e.Name)))
}

// String returns what LogValue shows; %#v prints everything.
func (e Enqueue) String() string { return redact.String(e) }

// LogValue hides numbers.
func (d Dequeue) LogValue() slog.Value {
	return group(slog.String("phoneNumber", redact.Digits(d.PhoneNumber)), slog.String("name", redact.Digits(d.Name)))
}

// String returns what LogValue shows; %#v prints everything.
func (d Dequeue) String() string { return redact.String(d) }

// LogValue shows the host alone: a path or a query may hold a secret.
func (r Redirect) LogValue() slog.Value { return group(slog.String("url", host(r.URL))) }

// String returns what LogValue shows; %#v prints everything.
func (r Redirect) String() string { return redact.String(r) }

// group leaves out the attributes that are not set.
func group(attrs ...slog.Attr) slog.Value {
	return slog.GroupValue(slices.DeleteFunc(attrs, func(a slog.Attr) bool {
		v := a.Value.Any()
		return v == nil || reflect.ValueOf(v).IsZero()
	})...)
}

// host returns a URL without its user, path and query.
func host(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" {
		return redact.Text(s)
	}
	short := u.Scheme + "://" + redact.Digits(u.Host)
	if short != s {
		short += "/..."
	}
	return short
}
