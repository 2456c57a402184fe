package voice

import (
	"strconv"
	"strings"
	"time"

	"github.com/sautigo/africastalking/internal/voicexml"
)

// maxBreak keeps a pause that was computed wrongly from stopping a call for good.
const maxBreak = time.Hour

// maxNesting leaves room for the four elements around the marks.
const maxNesting = voicexml.MaxDepth - 4

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
	// Style goes with [AsTelephone]: "zero-as-zero". It is sent as the attribute
	// google:style, as integrations were observed to send it: nothing declares the
	// prefix, so a parser that knows namespaces refuses the document.
	// [Response.UnmarshalText] takes it with and without a declaration.
	Style string
}

// Prosody is how a piece of speech sounds, for [Speech.Prosody]. The values are those
// of SSML and are sent as they are. Fields left empty are not sent.
type Prosody struct {
	// Rate is "x-slow", "slow", "medium", "fast" or "x-fast", or a part of the
	// usual speed, "80%".
	Rate string
	// Pitch is "x-low", "low", "medium", "high" or "x-high", or a difference such
	// as "+2st" and "-10%".
	Pitch string
	// Volume is "silent", "x-soft", "soft", "medium", "loud" or "x-loud", or a
	// difference, "+6dB".
	Volume string
}

// Speech is text with SSML marks in it, built by chaining:
//
//	voice.Speech{}.Text("Take a deep breath.").Break(200 * time.Millisecond).Text("Exhale.")
//
// Each method returns a longer Speech and leaves the one it was called on
// unchanged. Text is escaped, so that nothing in it can become markup. The zero
// Speech says nothing, which [Respond] refuses, as it refuses one of white space alone. Speeches are compared with ==.
//
// [Speech.Prosody], [Speech.Paragraph] and [Speech.Sentence] take a Speech, so marks
// can be nested, up to 28 deep. SSML has sentences in paragraphs, and neither
// paragraphs nor sentences in a sentence.
type Speech struct {
	// ssml is what goes between <speak> and </speak>, already escaped.
	ssml  string
	depth int
}

// Text adds plain text.
func (s Speech) Text(text string) Speech {
	return s.with(0, func(b []byte) []byte { return voicexml.AppendText(b, text) })
}

// Break adds a pause, rounded up to whole milliseconds. Zero or less adds
// nothing, more than an hour is an hour.
func (s Speech) Break(d time.Duration) Speech {
	if d <= 0 {
		return s
	}
	return s.with(1, func(b []byte) []byte {
		b = append(b, `<break time="`...)
		b = strconv.AppendInt(b, ceil(min(d, maxBreak), time.Millisecond), 10)
		return append(b, `ms"/>`...)
	})
}

// Emphasis adds text that is stressed. An empty level leaves the strength to
// the voice, empty text adds nothing.
func (s Speech) Emphasis(level Emphasis, text string) Speech {
	return s.emphasis(level, Speech{}.Text(text))
}

func (s Speech) emphasis(level Emphasis, inner Speech) Speech {
	return s.nest("emphasis", inner, ` level="`, string(level))
}

// SayAs adds text together with how to read it. Empty text adds nothing.
func (s Speech) SayAs(a SayAs) Speech {
	if a.As == "" {
		return s.Text(a.Text)
	}
	return s.nest("say-as", Speech{}.Text(a.Text), ` interpret-as="`, string(a.As), ` language="`, a.Language,
		` format="`, a.Format, ` detail="`, a.Detail, ` google:style="`, a.Style)
}

// Sub adds text that the voice reads as the alias: Sub("KES", "Kenya shillings").
// Without an alias the text is read as it is, and empty text adds nothing.
func (s Speech) Sub(text, alias string) Speech {
	if alias == "" {
		return s.Text(text)
	}
	return s.nest("sub", Speech{}.Text(text), ` alias="`, alias)
}

// Prosody adds speech with a speed, pitch or volume of its own. An empty inner adds
// nothing.
func (s Speech) Prosody(p Prosody, inner Speech) Speech {
	if p == (Prosody{}) {
		return s.with(inner.depth, func(b []byte) []byte { return append(b, inner.ssml...) })
	}
	return s.nest("prosody", inner, ` rate="`, p.Rate, ` pitch="`, p.Pitch, ` volume="`, p.Volume)
}

// Paragraph adds speech that the voice sets apart by longer pauses. An empty inner
// adds nothing.
func (s Speech) Paragraph(inner Speech) Speech { return s.nest("p", inner) }

// Sentence adds speech that the voice reads as one sentence, whatever its
// punctuation. An empty inner adds nothing.
func (s Speech) Sentence(inner Speech) Speech { return s.nest("s", inner) }

// Equal reports whether s and t are the same speech, as == does. Packages that
// compare by reflection, such as go-cmp, look for it.
func (s Speech) Equal(t Speech) bool { return s == t }

// String returns the speech as an SSML document. Package fmt does not print it: see
// [Speech.Format].
func (s Speech) String() string { return string(s.appendTo(nil)) }

func (s Speech) appendTo(b []byte) []byte {
	b = append(b, "<speak>"...)
	b = append(b, s.ssml...)
	return append(b, "</speak>"...)
}

// blank reports whether s has no marks and no more than white space.
func (s Speech) blank() bool {
	return s.depth == 0 && strings.TrimSpace(strings.ReplaceAll(s.ssml, "&#xD;", "")) == ""
}

func (s Speech) with(depth int, add func([]byte) []byte) Speech {
	var scratch [256]byte
	return Speech{ssml: string(add(append(scratch[:0], s.ssml...))), depth: max(s.depth, depth)}
}

// nest adds an element around inner. The attributes are names, as in ` url="`, and
// values by turns.
func (s Speech) nest(name string, inner Speech, attrs ...string) Speech {
	if inner.ssml == "" {
		return s
	}
	return s.with(inner.depth+1, func(b []byte) []byte {
		b = append(b, '<')
		b = append(b, name...)
		for i := 0; i < len(attrs); i += 2 {
			b = appendAttr(b, attrs[i], attrs[i+1])
		}
		b = append(b, '>')
		b = append(b, inner.ssml...)
		b = append(b, "</"...)
		b = append(b, name...)
		return append(b, '>')
	})
}
