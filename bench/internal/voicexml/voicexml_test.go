package voicexml

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDocumentsMeanTheSame(t *testing.T) {
	t.Parallel()
	for _, f := range []*flow{newFlow(false), newFlow(true)} {
		if err := check(f, writers(f)); err != nil {
			t.Error(err)
		}
	}
}

// A document that the library writes is that of the append, byte for byte.
func TestBaselineIsTheSameDocument(t *testing.T) {
	t.Parallel()
	for _, f := range []*flow{newFlow(false), newFlow(true)} {
		if diff := cmp.Diff(f.library().String(), string(f.appended(nil))); diff != "" {
			t.Errorf("(-library +append)\n%s", diff)
		}
	}
}

func TestMeaning(t *testing.T) {
	t.Parallel()
	want := []step{
		{Does: "say", Text: "Tom & Jerry", Voice: "woman"},
		{Does: "digits", Digits: "1", Wait: "20", Key: "#", Then: "https://example.com/?a=1&b=2", Prompt: []step{{Does: "say", Text: "Press 1"}}},
		{Does: "dial", Number: []string{"+254711000001", "+254711000002"}},
	}
	for _, tt := range []struct{ name, doc string }{
		{"Africa's Talking", `<?xml version="1.0"?><Response><Say voice="woman">Tom &amp; Jerry</Say>` +
			`<GetDigits finishOnKey="#" timeout="20" numDigits="1" callbackUrl="https://example.com/?a=1&amp;b=2"><Say>Press 1</Say></GetDigits>` +
			`<Dial phoneNumbers="+254711000001,+254711000002"/></Response>`},
		{"Twilio", `<Response><Say voice="woman">Tom &#38; Jerry</Say>` +
			`<Gather action="https://example.com/?a=1&amp;b=2" numDigits="1" timeout="20" finishOnKey="#"><Say>Press 1</Say></Gather>` +
			`<Dial><Number>+254711000001</Number><Number>+254711000002</Number></Dial></Response>`},
		{"Plivo", `<Response><Speak voice="WOMAN" language="en-US"><![CDATA[Tom & Jerry]]></Speak>` +
			`<GetDigits action="https://example.com/?a=1&amp;b=2" numDigits="1" timeout="20" finishOnKey="#"><Speak>Press 1</Speak></GetDigits>` +
			`<Dial><Number>+254711000001</Number><Number>+254711000002</Number></Dial></Response>`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := meaning(tt.doc)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestMeaningRefuses(t *testing.T) {
	t.Parallel()
	for _, doc := range []string{
		"",
		"<Say/>",
		"<Response>",
		"<Response><Say></Response>",
		"<Response>words</Response>",
		"<Response><Hangup/></Response>",
		`<Response><Say loop="2">Hello</Say></Response>`,
		"<Response/><Response/>",
	} {
		if got, err := meaning(doc); err == nil {
			t.Errorf("%s means %+v", doc, got)
		}
	}
}

func TestCheckFindsDifferences(t *testing.T) {
	t.Parallel()
	f := newFlow(false)
	whole := string(f.appended(nil))
	for _, tt := range []struct{ name, doc string }{
		{"another text", strings.Replace(whole, "Welcome", "Farewell", 1)},
		{"another number", strings.Replace(whole, "+254711000001", "+254711000002", 1)},
		{"other digits", strings.Replace(whole, `numDigits="1"`, `numDigits="2"`, 1)},
		{"another order", strings.Replace(strings.Replace(whole, `<Dial phoneNumbers="+254711000001"/>`, "", 1), "<Say ", `<Dial phoneNumbers="+254711000001"/><Say `, 1)},
		{"no XML", "Welcome"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			peer := writer{"peer", true, func(*flow, []byte) (document, error) { return document{text: tt.doc}, nil }}
			if err := check(f, append(writers(f)[:1:1], peer)); err == nil || !strings.Contains(err.Error(), "peer") {
				t.Errorf("got %v", err)
			}
		})
	}
}
