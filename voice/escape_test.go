package voice_test

import (
	"encoding/xml"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking/voice"
)

// carried is s as XML 1.0 can carry it, written in the plainest way.
func carried(s string) string {
	var b strings.Builder
	for _, r := range s { // bytes that are not UTF-8 come as U+FFFD
		switch {
		case r == '\t', r == '\n', r == '\r',
			r >= 0x20 && r <= 0xD7FF,
			r >= 0xE000 && r <= 0xFFFD,
			r >= 0x10000:
			b.WriteRune(r)
		default:
			b.WriteRune(utf8.RuneError)
		}
	}
	return b.String()
}

type decoded struct {
	Say struct {
		Text string `xml:",chardata"`
	} `xml:"Say"`
	Enqueue struct {
		Name string `xml:"name,attr"`
	} `xml:"Enqueue"`
}

// checkCarried sends s as text and as an attribute, reads it back with
// encoding/xml and with this package.
func checkCarried(t *testing.T, s string) {
	t.Helper()
	want := carried(s)
	r := voice.Respond(voice.Say{Text: "a" + s}, voice.Enqueue{Name: s})
	var got decoded
	if err := xml.Unmarshal([]byte(r.String()), &got); err != nil {
		t.Fatalf("%q: %v", s, err)
	}
	if got.Say.Text != "a"+want || got.Enqueue.Name != want {
		t.Errorf("encoding/xml reads %q as text %q and attribute %q, want %q", s, got.Say.Text, got.Enqueue.Name, want)
	}
	actions := []voice.Action{voice.Say{Text: "a" + want}, voice.Enqueue{Name: want}}
	if diff := cmp.Diff(actions, r.Actions()); diff != "" {
		t.Errorf("%q: Actions (-want +got):\n%s", s, diff)
	}
}

// Bytes are looked at eight at a time, so each goes to each place of such a
// group, with neighbours that could borrow from it.
func TestEscapeEveryByte(t *testing.T) {
	t.Parallel()
	for c := range 256 {
		for at := range 9 {
			for _, fill := range []string{"a", " ", "="} {
				checkCarried(t, strings.Repeat(fill, at)+string([]byte{byte(c)})+strings.Repeat(fill, 15-at))
			}
		}
	}
}

func TestEscapeRunes(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"\x00\x01\x08\x0B\x0C\x0E\x1F", "\x7F\u0080\u0085\u009F", "\u2028\u2029",
		"\uFFFD", "\uFFFE\uFFFF", "\uFDD0", "\U0001FFFE\U0010FFFF", "\uFEFF",
		"\xff\xfe", "\xed\xa0\x80", "\xc0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "abcdefg\xe2\x82",
		"ọ̀rọ̀ Yorùbá", "አማርኛ", "العربية", "😀😀😀",
		"]]>", "<![CDATA[x]]>", "<!-- x -->", "&amp;&#0;&#xFFFE;", "\r\n\r\r\n", "\n", "\t",
	} {
		checkCarried(t, s)
		checkCarried(t, strings.Repeat(s, 9))
	}
}

// Each context escapes what it must and nothing that it need not.
func TestEscapeSpelling(t *testing.T) {
	t.Parallel()
	const hostile = "&<>\"'\t\n\r\x00"
	got := voice.Respond(
		voice.Say{Text: "a" + hostile, Voice: hostile},
		voice.SSML{Speech: voice.Speech{}.Emphasis(hostile, hostile)},
		voice.Redirect{URL: "https://x?&<>\"'"},
	).String()
	const (
		text  = "&amp;&lt;&gt;\"'\t\n&#xD;\uFFFD"
		value = "&amp;&lt;&gt;&quot;&apos;&#x9;&#xA;&#xD;\uFFFD"
	)
	want := decl + `<Response><Say voice="` + value + `">a` + text + `</Say>` +
		`<Say><speak><emphasis level="` + value + `">` + text + `</emphasis></speak></Say>` +
		`<Redirect>https://x?&amp;&lt;&gt;"'</Redirect></Response>`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
