package internal_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking/internal/voicexml"
	"github.com/sautigo/africastalking/voice"
)

func TestVoiceXMLParse(t *testing.T) {
	t.Parallel()
	const malformed = "line 1: not well-formed XML (is every & and < in text escaped?): "
	for _, tt := range []struct {
		name, body string
		want       []string // problems
		err        string
	}{
		{"empty", `<Response/>`, nil, ""},
		{"all that may be", `<?xml version="1.0" encoding="UTF-8"?><!-- a -->
			<Response>
			<Say voice="man" playBeep="false"><![CDATA[a & b]]></Say><Say><speak><say-as interpret-as="telephone" google:style="zero-as-zero">12</say-as><break time="1.5s"/></speak></Say>
			<GetDigits numDigits="1" timeout="5" finishOnKey="#" callbackUrl="https://x.test"><Say>Hi</Say></GetDigits>
			<Record finishOnKey="*" maxLength="10" timeout="5" trimSilence="true" playBeep="true" callbackUrl="http://x.test/a?b=1&amp;c"><Play url="HTTPS://x.test/a.mp3"/></Record>
			<Dial phoneNumbers="+254711000001,a@ke.sip.africastalking.com" record="true" sequential="false" callerId="+254711000942" ringBackTone="http://x.test/r" ringbackTone="http://x.test/r" maxDuration="5"/>
			<Enqueue/><Dequeue phoneNumber="+254711000942" name="a"/><Conference/><Redirect>https://x.test</Redirect>
			</Response>`, nil, ""},
		{"nothing", ``, nil, "line 1: no Response element"},
		{"blank", "\n", nil, "line 2: no Response element"},
		{"other element", `<html/>`, nil, "line 1: the document is not a Response: html"},
		{"letter case", `<response/>`, nil, "line 1: the document is not a Response: response"},
		{"bare ampersand", `<Response><Say>a & b</Say></Response>`, nil, malformed + "invalid character entity & (no semicolon)"},
		{"cut", `<Response><Say>`, nil, malformed + "unexpected EOF"},
		{"two", `<Response/><Response/>`, nil, "line 1: an element after the Response"},
		{"text before", `OK<Response/>`, nil, "line 1: text outside the Response"},
		{"text after", "<Response/>\nOK", nil, "line 1: text outside the Response"},
		{"late declaration", "\n" + `<?xml version="1.0"?><Response/>`, nil, "line 2: something before the XML declaration"},
		{"encoding", `<?xml version="1.0" encoding="ISO-8859-1"?><Response/>`, nil, malformed + `xml: opening charset "ISO-8859-1": it is not UTF-8`},
		{"attribute twice", `<Response><Play url="https://x.test/a" url="https://x.test/b"/></Response>`, nil, `line 1: Play: an unknown or repeated attribute "url"`},
		{"too deep", strings.Repeat("<Response>", 33) + strings.Repeat("</Response>", 33), nil, "line 1: elements are nested too deep"},
		{"doctype", `<!DOCTYPE Response><Response/>`, []string{"line 1: a document type declaration"}, ""},
		{"instruction", `<?php x?><Response/>`, []string{"line 1: a processing instruction"}, ""},
		{"unknown element", "<Response>\n<Hangup/></Response>", []string{`line 2: unexpected element "Hangup" in Response`}, ""},
		{"unknown attribute", `<Response><GetDigits callBackUrl="https://x.test"><Say>Hi</Say></GetDigits></Response>`,
			[]string{`line 1: GetDigits: an unknown or repeated attribute "callBackUrl"`}, ""},
		{"nesting", `<Response><GetDigits><Record/></GetDigits></Response>`, []string{`line 1: unexpected element "Record" in GetDigits`, "line 1: GetDigits: prompt: required"}, ""},
		{"two prompts", `<Response><Record><Say>a</Say><Say>b</Say></Record></Response>`, []string{"line 1: Record holds more than one prompt"}, ""},
		{"text", `<Response>Hi<Dial phoneNumbers="+254711000001">Hi</Dial></Response>`, []string{"line 1: text in Response", "line 1: text in Dial"}, ""},
		{"silent", `<Response><Say>  </Say><Say><speak/></Say></Response>`, []string{"line 1: Say: text: required", "line 1: speak: text: required"}, ""},
		{"beside speak", `<Response><Say>a<speak>b</speak></Say></Response>`, []string{"line 1: text beside speak in Say"}, ""},
		{"required", `<Response><Play/><Dial/><Dequeue phoneNumber=""/></Response>`,
			[]string{"line 1: Play: url: required", "line 1: Dial: phoneNumbers: required", "line 1: Dequeue: phoneNumber: required"}, ""},
		{"values", `<Response><Say playBeep="yes"><speak><break time="2"/></speak></Say><Play url="/a.mp3"/>` +
			`<GetDigits numDigits="0" timeout="5s" finishOnKey="##"><Say>Hi</Say></GetDigits><Dial phoneNumbers="+254711000001, +254711 000002"/></Response>`,
			[]string{`line 1: Say: playBeep: not true or false: yes`, `line 1: break: time: not a time such as 200ms or 2s: 2`,
				`line 1: Play: url: not an http:// or https:// address: /a.mp3`, `line 1: GetDigits: numDigits: not a whole number above zero: 0`,
				`line 1: GetDigits: timeout: not a whole number above zero: 5s`, `line 1: GetDigits: finishOnKey: not one of 0 to 9, * and #: ##`,
				`line 1: Dial: phoneNumbers: number 2 holds a comma, white space or an invisible character: +254711000001, +254711 000002`}, ""},
		{"redirect to nowhere", `<Response><Redirect>next</Redirect></Response>`, []string{`line 1: Redirect: url: not an http:// or https:// address: next`}, ""},
		{"two tones", `<Response><Dial phoneNumbers="a" ringBackTone="http://x.test/a" ringbackTone="http://x.test/b"/></Response>`,
			[]string{"line 1: Dial: ringBackTone and ringbackTone differ"}, ""},
		{"after redirect", `<Response><Redirect>https://x.test</Redirect><Say>Hi</Say><Say>Ho</Say></Response>`, []string{"line 1: Say never runs after Redirect"}, ""},
		{"after record", `<Response><Record/><Say>Hi</Say></Response>`, []string{"line 1: Say never runs after a Record without attributes"}, ""},
		{"after reject", `<Response><Reject/><Say>Hi</Say></Response>`, []string{"line 1: Say never runs after Reject"}, ""},
		{"late reject", `<Response><Say>Hi</Say><Reject/></Response>`, []string{"line 1: Reject is not the only action"}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			doc, bad := voicexml.Parse([]byte(tt.body))
			gotErr := ""
			if bad != nil {
				gotErr = bad.String()
			}
			if gotErr != tt.err {
				t.Errorf("error %q, want %q", gotErr, tt.err)
			}
			var got []string
			for _, p := range doc.Problems {
				got = append(got, p.String())
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
			// Package voice refuses the same documents.
			var r voice.Response
			switch err := r.UnmarshalText([]byte(tt.body)); {
			case err != nil && tt.err == "" && len(got) == 0:
				t.Errorf("package voice refuses it: %v", err)
			case err == nil && (tt.err != "" || len(got) > 0) && r.Check() == nil:
				t.Error("package voice takes it")
			}
		})
	}
}

// Whatever package voice writes is as documented, and it knows what never runs.
func FuzzVoiceXMLParse(f *testing.F) {
	for _, pattern := range []string{"../voice/testdata/*.xml", "../voice/testdata/samples/*.xml"} {
		names, err := filepath.Glob(pattern)
		if err != nil || len(names) == 0 {
			f.Fatalf("no samples match %s: %v", pattern, err)
		}
		for _, name := range names {
			b, err := os.ReadFile(name)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		doc, bad := voicexml.Parse(body)
		if bad != nil && (doc.Actions != nil || doc.Problems != nil) {
			t.Errorf("%+v beside the error %v", doc, bad)
		}
		for _, e := range doc.Actions {
			if e.Spoken() != strings.Join(strings.Fields(e.Spoken()), " ") || !bytes.Contains(body, []byte(e.Source)) {
				t.Errorf("%+v", e)
			}
		}
		var r voice.Response
		if r.UnmarshalText(body) != nil {
			return
		}
		if doc, bad = voicexml.Parse([]byte(r.String())); bad != nil {
			t.Fatalf("%s: %v", r.String(), bad)
		}
		flow := false
		for _, p := range doc.Problems {
			flow = flow || p.Flow
			if !p.Flow {
				t.Errorf("%s: %s", r.String(), p)
			}
		}
		if flow != (r.Check() != nil) || len(doc.Actions) != len(r.Actions()) {
			t.Errorf("%s: %v, %v", r.String(), doc.Problems, r.Check())
		}
	})
}

func TestVoiceXMLSpoken(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		" a\n b ":                                                       "a b",
		"<![CDATA[<b>]]> &amp; c":                                       "<b> & c",
		`<speak>a<break time="1s"/>b</speak>`:                           "a b",
		`<speak>ex<emphasis>hale</emphasis></speak>`:                    "exhale",
		`<speak><p><s>One.</s><s>Two.</s></p><p>Three.</p></speak>`:     "One. Two. Three.",
		`<speak><sub alias="Kenya shillings">KES</sub> 5</speak>`:       "Kenya shillings 5",
		`<speak><prosody rate="slow">slow<s>er</s></prosody> a</speak>`: "slow er a",
		`<speak><say-as interpret-as="date">20251130</say-as></speak>`:  "20251130",
	} {
		doc, bad := voicexml.Parse([]byte("<Response><Say>" + in + "</Say></Response>"))
		if bad != nil || doc.Problems != nil {
			t.Fatalf("%s: %v, %v", in, bad, doc.Problems)
		}
		if got := doc.Actions[0].Spoken(); got != want {
			t.Errorf("%s is spoken as %q, want %q", in, got, want)
		}
	}
}

// What is wrong is told with its line, and the text of it quotes no value.
func TestVoiceXMLProblemText(t *testing.T) {
	t.Parallel()
	doc, _ := voicexml.Parse([]byte("<Response>\n\n<Dial\nphoneNumbers='secret secret'/>\n text <secret1 secret2=''/></Response>"))
	want := []voicexml.Problem{
		{Line: 3, Text: "Dial: phoneNumbers: number 1 holds a comma, white space or an invisible character", Quote: "secret secret"},
		{Line: 5, Text: "text in Response"},
		{Line: 5, Text: "unexpected element in Response"},
	}
	if diff := cmp.Diff(want, doc.Problems); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestVoiceXMLElement(t *testing.T) {
	t.Parallel()
	doc, bad := voicexml.Parse([]byte(`<Response>a<b/><Say>a<speak>b</speak></Say><GetDigits numDigits="12" timeout="x"><Play url="u"/></GetDigits></Response>`))
	if bad != nil {
		t.Fatal(bad)
	}
	say, digits := doc.Actions[0], doc.Actions[1]
	if say.Index != 1 || digits.Index != 2 || say.Source != "<Say>a<speak>b</speak></Say>" || say.InnerText() != "a" || say.Bare() || !say.Content[1].Bare() {
		t.Errorf("%+v", doc.Actions)
	}
	if digits.Number("numDigits") != 12 || digits.Seconds("timeout") != 0 || digits.Child("Say") != nil || digits.Child("Say", "Play").Attr("url") != "u" {
		t.Errorf("%+v", digits)
	}
}
