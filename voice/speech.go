package voice

import (
	"strconv"
	"time"
)

// maxBreak keeps a computed pause from stopping a call for good.
const maxBreak = time.Hour

// Emphasis is how strongly a word is stressed. The set is open; the levels are
// those of SSML.
type Emphasis string

// The levels of emphasis in SSML.
const (
	EmphasisStrong   Emphasis = "strong"
	EmphasisModerate Emphasis = "moderate"
	EmphasisReduced  Emphasis = "reduced"
	EmphasisNone     Emphasis = "none"
)

// InterpretAs is what a piece of text stands for, which decides how it is read.
// The set is open: an unknown name is sent as it is.
type InterpretAs string

// The interpretations that were observed in integrations; they are Google's.
const (
	AsCurrency   InterpretAs = "currency"
	AsTelephone  InterpretAs = "telephone"
	AsDate       InterpretAs = "date"
	AsTime       InterpretAs = "time"
	AsVerbatim   InterpretAs = "verbatim"
	AsSpellOut   InterpretAs = "spell-out"
	AsCharacters InterpretAs = "characters"
	AsCardinal   InterpretAs = "cardinal"
	AsOrdinal    InterpretAs = "ordinal"
	AsFraction   InterpretAs = "fraction"
	AsBleep      InterpretAs = "bleep"
	AsExpletive  InterpretAs = "expletive"
)

// SayAs is a piece of text and how to read it, for [Speech.SayAs]. Fields left
// empty are not sent.
type SayAs struct {
	// As is what the text stands for. When it is empty, the text is read as
	// plain text and the fields below do nothing.
	As InterpretAs
	// Text is what to read, such as "2025-11-30" or "KSh42.01".
	Text string
	// Language goes with [AsCurrency]: "en-US".
	Language string
	// Format goes with [AsDate], as in "yyyymmdd", and [AsTime], as in "hms12".
	Format string
	// Detail goes with [AsDate]: "1" leaves out the weekday, "2" says it.
	Detail string
	// Style goes with [AsTelephone]: "zero-as-zero". It is the attribute
	// google:style.
	Style string
}

// Speech is text with SSML marks in it, built by chaining:
//
//	voice.Speech{}.Text("Take a deep breath.").Break(200 * time.Millisecond).Text("Exhale.")
//
// Each method returns a longer Speech and leaves the one it was called on
// unchanged. Text is escaped, so that nothing in it can become markup. The zero
// Speech says nothing, which [Respond] refuses. Speeches are compared with ==.
type Speech struct {
	// ssml is what goes between <speak> and </speak>, already escaped.
	ssml string
}

// Text adds plain text.
func (s Speech) Text(text string) Speech {
	return s.with(func(b []byte) []byte { return appendText(b, text) })
}

// Break adds a pause, rounded up to whole milliseconds. Zero or less adds
// nothing, more than an hour is an hour.
func (s Speech) Break(d time.Duration) Speech {
	if d <= 0 {
		return s
	}
	return s.with(func(b []byte) []byte {
		b = append(b, `<break time="`...)
		b = strconv.AppendInt(b, ceil(min(d, maxBreak), time.Millisecond), 10)
		return append(b, `ms"/>`...)
	})
}

// Emphasis adds text that is stressed. An empty level leaves the strength to
// the voice, empty text adds nothing.
func (s Speech) Emphasis(level Emphasis, text string) Speech {
	if text == "" {
		return s
	}
	return s.with(func(b []byte) []byte {
		b = append(b, "<emphasis"...)
		b = appendAttr(b, ` level="`, string(level))
		b = append(b, '>')
		b = appendText(b, text)
		return append(b, "</emphasis>"...)
	})
}

// SayAs adds text together with how to read it. Empty text adds nothing.
func (s Speech) SayAs(a SayAs) Speech {
	switch {
	case a.Text == "":
		return s
	case a.As == "":
		return s.Text(a.Text)
	}
	return s.with(func(b []byte) []byte {
		b = append(b, "<say-as"...)
		b = appendAttr(b, ` interpret-as="`, string(a.As))
		b = appendAttr(b, ` language="`, a.Language)
		b = appendAttr(b, ` format="`, a.Format)
		b = appendAttr(b, ` detail="`, a.Detail)
		b = appendAttr(b, ` google:style="`, a.Style)
		b = append(b, '>')
		b = appendText(b, a.Text)
		return append(b, "</say-as>"...)
	})
}

// Equal reports whether s and t are the same speech, as == does. Packages that
// compare by reflection, such as go-cmp, look for it.
func (s Speech) Equal(t Speech) bool { return s == t }

// String returns the speech as an SSML document.
func (s Speech) String() string { return string(s.appendTo(nil)) }

func (s Speech) appendTo(b []byte) []byte {
	b = append(b, "<speak>"...)
	b = append(b, s.ssml...)
	return append(b, "</speak>"...)
}

func (s Speech) with(add func([]byte) []byte) Speech {
	var scratch [256]byte
	return Speech{ssml: string(add(append(scratch[:0], s.ssml...)))}
}
