package voice_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking/voice"
)

var samples = map[string][]voice.Action{
	"say": {voice.Say{Text: "Your balance is 1234 Shillings", Voice: voice.Man}},
	"ssml": {voice.SSML{
		Speech: voice.Speech{}.Text("Take a deep breath.").Break(200 * time.Millisecond).Text("exhale."),
		Voice:  voice.EnUSWavenetC,
	}},
	"play": {voice.Play{URL: "https://www.myresponsemailserver.com/audio/vmail.wav"}},
	"getdigits": {voice.GetDigits{
		Prompt:      voice.Say{Text: "Hello there"},
		NumDigits:   1,
		Timeout:     30 * time.Second,
		FinishOnKey: "#",
		CallbackURL: "https://myapp.com/callback",
	}},
	"dial_sample": {voice.Dial{
		PhoneNumbers: "+254711XXXYYY,+254733YYYZZZ,test@ke.sip.africastalking.com",
		Record:       true,
		Sequential:   true,
		RingBackTone: "http://mymediafile.com/playme.mp3",
	}},
	"dial_table": {voice.Dial{
		PhoneNumbers: "+254711XXXYYY",
		Record:       true,
		Sequential:   true,
		CallerID:     "+254711222333",
		RingBackTone: "https://mymediafile.com/playme.mp3",
		MaxDuration:  2 * time.Minute,
	}},
	"record_partial": {voice.Record{
		Prompt:      voice.Say{Text: "Please tell us your name after the beep."},
		FinishOnKey: "#",
		MaxLength:   10 * time.Second,
		TrimSilence: true,
		PlayBeep:    true,
	}},
	"record_terminal": {voice.Say{Text: "Please leave a message.", PlayBeep: true}, voice.Record{}},
	"enqueue":         {voice.Enqueue{HoldMusic: "http://www.mymediaserver.com/audio/callWaiting.wav", Name: "support"}},
	"dequeue":         {voice.Dequeue{PhoneNumber: "+254711222333", Name: "support"}},
	"conference":      {voice.Conference{}},
	"redirect":        {voice.Redirect{URL: "https://example.com/next"}},
	"reject":          {voice.Reject{}},
	"java_getdigits_record": {
		voice.GetDigits{Prompt: voice.Say{Text: "Enter your account"}, FinishOnKey: "#"},
		voice.Record{},
	},
	"java_record": {voice.Record{
		Prompt:      voice.Say{Text: "Say your name"},
		FinishOnKey: "*",
		MaxLength:   10 * time.Second,
		TrimSilence: true,
		PlayBeep:    true,
	}},
	"laravel_flow": {
		voice.Say{Text: "Welcome"},
		voice.GetDigits{Prompt: voice.Say{Text: "Enter your account"}, FinishOnKey: "#"},
		voice.Dial{PhoneNumbers: "+254711000001"},
		voice.Play{URL: "https://x.test/a.mp3"},
		voice.Record{Prompt: voice.Say{Text: "Say your name"}},
		voice.Redirect{URL: "https://x.test/next"},
	},
}

func TestUnmarshalSamples(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/samples/*.xml")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != len(samples) {
		t.Errorf("%d files, %d of them in the test", len(files), len(samples))
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".xml")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var r voice.Response
			if err := r.UnmarshalText(readFile(t, file)); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(samples[name], r.Actions()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if want := voice.Respond(samples[name]...); r != want {
				t.Errorf("document (-want +got):\n%s", cmp.Diff(want.String(), r.String()))
			}
			checkRoundTrip(t, r)
		})
	}
}

func TestUnmarshalAccepts(t *testing.T) {
	t.Parallel()
	say := voice.Respond(voice.Say{Text: "a & b", Voice: voice.Man})
	dial := voice.Respond(voice.Dial{PhoneNumbers: "a", RingBackTone: "https://x.test"})
	numbers := voice.Respond(voice.Dial{PhoneNumbers: "+254711000001,+254711000002"})
	said := func(s voice.Speech) voice.Response { return voice.Respond(voice.SSML{Speech: s}) }
	speak := func(marks string) string {
		return "<Response><Say><speak>" + marks + "</speak></Say></Response>"
	}
	// marked is a say-as with attributes of the three elements that matter to it.
	marked := func(response, speak, mark string) string {
		return "<Response" + response + "><Say><speak" + speak + "><say-as " + mark + ">0711</say-as></speak></Say></Response>"
	}
	telephone := said(voice.Speech{}.SayAs(voice.SayAs{As: voice.AsTelephone, Text: "0711", Style: "zero-as-zero"}))
	var emphasis voice.Response
	if err := emphasis.UnmarshalText([]byte(speak(`<emphasis><sub alias="b">a</sub></emphasis>`))); err != nil {
		t.Fatal(err)
	}
	emphasized := emphasis.Actions()[0].(voice.SSML).Speech
	for _, tt := range []struct {
		name, text string
		want       voice.Response
	}{
		{"empty", "<Response></Response>", voice.Response{}},
		{"white space around", "\n <Response> \t </Response>\r\n", voice.Response{}},
		{"byte order mark", "\uFEFF" + decl + "<Response/>", voice.Response{}},
		{"declaration in single quotes", "<?xml version='1.0' encoding='utf-8' standalone='yes'?>\n<Response/>", voice.Response{}},
		{"comments", "<!-- a --><Response><!-- b --><Say voice='man'>a <!-- c -->&amp; b</Say></Response><!-- d -->", say},
		{"cdata", `<Response><Say voice="man"><![CDATA[a & ]]>b</Say></Response>`, say},
		{"single quotes", `<Response><Say voice='man' playBeep='false'>a &#38; &#x62;</Say></Response>`, say},
		{"space in tags", "<Response ><Say\n\tvoice = \"man\" >a &amp; b</Say\n></Response\t>", say},
		{"empty attributes", `<Response><Dial phoneNumbers="a" record="" callerId="" maxDuration="" ringBackTone="https://x.test"/></Response>`, dial},
		{"ring-back as in the sample", `<Response><Dial ringbackTone="https://x.test" phoneNumbers="a"></Dial></Response>`, dial},
		{"ring-back as in the table", `<Response><Dial phoneNumbers="a" ringBackTone="https://x.test"/></Response>`, dial},
		{"ring-back in both", `<Response><Dial ringbackTone="https://x.test" phoneNumbers="a" ringBackTone="https://x.test"/></Response>`, dial},
		{"white space in a leaf", "<Response><Dial phoneNumbers='a' ringBackTone='https://x.test'> \n </Dial></Response>", dial},
		{"white space around speak", "<Response><Say>\n<speak>a<break time='1.5s'/><break time='0ms'/></speak>\n</Say></Response>", voice.Respond(voice.SSML{Speech: voice.Speech{}.Text("a").Break(1500 * time.Millisecond)})},
		{"white space in text", "<Response><Say> a\r\nb </Say></Response>", voice.Respond(voice.Say{Text: " a\nb "})},
		{"cdata in speak", "<Response><Say><speak><![CDATA[<b>]]></speak></Say></Response>", voice.Respond(voice.SSML{Speech: voice.Speech{}.Text("<b>")})},
		{"redirect in cdata", "<Response><Redirect> <![CDATA[https://x.test?a=1&b=2]]> </Redirect></Response>", voice.Respond(voice.Redirect{URL: "https://x.test?a=1&b=2"})},
		{"blank after a comma", `<Response><Dial phoneNumbers="+254711000001, +254711000002"/></Response>`, numbers},
		{"blanks of all kinds", "<Response><Dial phoneNumbers=\" \t+254711000001\u00A0,\n\t+254711000002 \"/></Response>", numbers},
		{"blanks as references", `<Response><Dial phoneNumbers="+254711000001,&#x20;&#x9;+254711000002&#xA;"/></Response>`, numbers},
		{"caller of the PHP SDK", `<Response><Dial  phoneNumbers="+254711000001,+254711000002" record="false" sequential="false" callerId="false" /></Response>`, numbers},
		{"digits of the PHP SDK", `<Response><GetDigits  finishOnKey="#" timeout="30" numDigits="1" ><Say>a &amp; b</Say></GetDigits></Response>`,
			voice.Respond(voice.GetDigits{Prompt: voice.Say{Text: "a & b"}, FinishOnKey: "#", Timeout: 30 * time.Second, NumDigits: 1})},
		{"bare record", "<Response><Record ></Record></Response>", voice.Respond(voice.Record{})},
		{"record of defaults", `<Response><Record trimSilence="false" playBeep="false"/></Response>`, voice.Respond(voice.Record{Timeout: time.Hour})},
		{"record of nothing", `<Response><Record finishOnKey=""/></Response>`, voice.Respond(voice.Record{Timeout: time.Hour})},
		{"record with white space", "<Response><Record> <!-- a --> </Record></Response>", voice.Respond(voice.Record{})},

		{"google unbound", marked(``, ``, `interpret-as="telephone" google:style="zero-as-zero"`), telephone},
		{"google bound by the response", marked(` xmlns:google="http://www.google.com/tts"`, ``, `interpret-as="telephone" google:style="zero-as-zero"`), telephone},
		{"google bound by speak", marked(``, ` xmlns:google="https://cloud.google.com/text-to-speech"`, `google:style="zero-as-zero" interpret-as="telephone"`), telephone},
		{"google bound by the mark", marked(``, ``, `google:style="zero-as-zero" interpret-as="telephone" xmlns:google="urn:g"`), telephone},
		{"google bound twice", marked(` xmlns:google="a"`, ` xmlns:google="b"`, `interpret-as="telephone" google:style="zero-as-zero"`), telephone},
		{"google bound for nothing", `<Response xmlns:google="a"><Reject xmlns:google="b"/></Response>`, voice.Respond(voice.Reject{})},

		{"prosody", speak(`<prosody rate="slow" pitch='+2st' volume="">slow<break time="1s"/> &amp; low</prosody>`),
			said(voice.Speech{}.Prosody(voice.Prosody{Rate: "slow", Pitch: "+2st"}, voice.Speech{}.Text("slow").Break(time.Second).Text(" & low")))},
		{"prosody without attributes", speak(`<prosody>slow</prosody>`), said(voice.Speech{}.Text("slow"))},
		{"prosody of nothing", speak(`a<prosody rate="slow"></prosody>`), said(voice.Speech{}.Text("a"))},
		{"sub", speak(`<sub alias="Kenya &quot;shillings&quot;">KES</sub> 5`), said(voice.Speech{}.Sub("KES", `Kenya "shillings"`).Text(" 5"))},
		{"paragraphs", speak(`<p><s>One.</s> <s>Two.</s></p><p>Three.</p>`), said(voice.Speech{}.
			Paragraph(voice.Speech{}.Sentence(voice.Speech{}.Text("One.")).Text(" ").Sentence(voice.Speech{}.Text("Two."))).
			Paragraph(voice.Speech{}.Text("Three.")))},
		{"a mark in each", speak(`<p><s><prosody volume="loud"><emphasis><sub alias="b">a</sub></emphasis></prosody></s></p>`),
			said(voice.Speech{}.Paragraph(voice.Speech{}.Sentence(voice.Speech{}.Prosody(voice.Prosody{Volume: "loud"}, emphasized))))},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := voice.Respond(voice.Reject{})
			if err := got.UnmarshalText([]byte(tt.text)); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want.String(), got.String()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if got != tt.want {
				t.Error("the documents are the same and the responses are not")
			}
			checkRoundTrip(t, got)
		})
	}
}

func TestUnmarshalRefuses(t *testing.T) {
	t.Parallel()
	const malformed = "not well-formed XML (is every & and < in text escaped?)"
	in := func(s string) string { return "<Response>\n" + s + "</Response>" }
	for _, tt := range []struct {
		name, text, want string
	}{
		{"nothing", "", "line 1: no Response element"},
		{"white space", " \n", "line 2: no Response element"},
		{"text", "secret", "line 1: text outside the Response"},
		{"text after", "<Response/>secret", "line 1: text outside the Response"},
		{"two documents", "<Response/><Response/>", "line 1: an element after the Response"},
		{"not closed", "<Response>", "line 1: " + malformed},
		{"closed by another", "<Response>\n<Say>secret</Response>", "line 2: " + malformed},
		{"bare ampersand", in("<Say>Tom & secret</Say>"), "line 2: " + malformed},
		{"bare less-than", in("<Say>secret <3</Say>"), "line 2: " + malformed},
		{"ampersand in an attribute", in(`<Play url="https://secret?a=1&b=2"/>`), "line 2: " + malformed},
		{"less-than in an attribute", in(`<Play url="https://secret?<"/>`), "line 2: " + malformed},
		{"quote in an attribute", in(`<Enqueue name="secret"1"/>`), "line 2: " + malformed},
		{"control character", in("<Say>\x00</Say>"), "line 2: " + malformed},
		{"control reference", in("<Say>&#0;</Say>"), "line 2: " + malformed},
		{"not utf-8", in("<Say>\xff</Say>"), "line 2: " + malformed},
		{"other encoding", `<?xml version="1.0" encoding="ISO-8859-1"?><Response/>`, "line 1: " + malformed},
		{"document type", "<!DOCTYPE Response><Response/>", "line 1: a document type declaration"},
		{"entities", `<!DOCTYPE r [<!ENTITY a "aaaa">]><Response><Say>&a;</Say></Response>`, "line 1: " + malformed},
		{"instruction", `<?php secret ?><Response/>`, "line 1: a processing instruction"},
		{"late declaration", " " + decl + "<Response/>", "line 1: something before the XML declaration"},
		{"second declaration", decl + decl + "<Response/>", "line 1: something before the XML declaration"},

		{"other root", "<secret/>", "line 1: the document is not a Response"},
		{"case of root", "<response/>", "line 1: the document is not a Response"},
		{"root with an attribute", `<Response version="1"/>`, `line 1: Response: an unknown or repeated attribute "version"`},
		{"root with a namespace", `<Response xmlns="secret"/>`, "line 1: the document is not a Response"},
		{"text in root", in("secret"), "line 2: text in Response"},

		{"unknown action", in("<Hangup/>"), `line 2: unexpected element "Hangup" in Response`},
		{"case of an action", in("<say>secret</say>"), `line 2: unexpected element "say" in Response`},
		{"prefix", in("<a:Say>secret</a:Say>"), `line 2: unexpected element in Response`},
		{"odd name", in("<secret254711000001/>"), `line 2: unexpected element in Response`},
		{"long name", in("<" + strings.Repeat("secret", 9) + "/>"), `line 2: unexpected element in Response`},
		{"unknown attribute", in(`<Say language="secret">a</Say>`), `line 2: Say: an unknown or repeated attribute "language"`},
		{"attribute of the PHP SDK", in(`<GetDigits callBackUrl="https://secret"><Say>a</Say></GetDigits>`), `line 2: GetDigits: an unknown or repeated attribute "callBackUrl"`},
		{"repeated attribute", in(`<Say voice="man" voice="woman">a</Say>`), `line 2: Say: an unknown or repeated attribute "voice"`},
		{"attribute of a bare action", in(`<Reject reason="secret"/>`), `line 2: Reject: an unknown or repeated attribute "reason"`},
		{"attribute of a redirect", in(`<Redirect url="secret"/>`), `line 2: Redirect: an unknown or repeated attribute "url"`},
		{"boolean", in(`<Say playBeep="1">a</Say>`), "line 2: Say: playBeep: not true or false"},
		{"number", in(`<GetDigits numDigits="secret"/>`), "line 2: GetDigits: numDigits: not a whole number above zero"},
		{"zero", in(`<GetDigits numDigits="0"/>`), "line 2: GetDigits: numDigits: not a whole number above zero"},
		{"fraction", in(`<GetDigits timeout="1.5"/>`), "line 2: GetDigits: timeout: not a whole number above zero"},
		{"negative", in(`<Record maxLength="-1"/>`), "line 2: Record: maxLength: not a whole number above zero"},
		{"huge", in(`<Dial maxDuration="2147483648"/>`), "line 2: Dial: maxDuration: not a whole number above zero"},
		{"two ring-back tones", in(`<Dial phoneNumbers="a" ringBackTone="https://a" ringbackTone="https://b"/>`), "line 2: Dial: ringBackTone and ringbackTone differ"},

		{"element in a leaf", in(`<Dial phoneNumbers="a"><Say>b</Say></Dial>`), `line 2: unexpected element "Say" in Dial`},
		{"text in a leaf", in(`<Conference>secret</Conference>`), "line 2: text in Conference"},
		{"two prompts", in("<GetDigits><Say>a</Say>\n<Say>b</Say></GetDigits>"), "line 3: GetDigits holds more than one prompt"},
		{"wrong prompt", in("<Record><Dial phoneNumbers='a'/></Record>"), `line 2: unexpected element "Dial" in Record`},
		{"digits in digits", in("<GetDigits><GetDigits/></GetDigits>"), `line 2: unexpected element "GetDigits" in GetDigits`},
		{"text beside a prompt", in("<GetDigits>secret<Say>a</Say></GetDigits>"), "line 2: text in GetDigits"},
		{"element in say", in("<Say>secret<b/></Say>"), `line 2: unexpected element "b" in Say`},
		{"text beside speak", in("<Say>secret<speak>a</speak></Say>"), "line 2: text beside speak in Say"},
		{"two speaks", in("<Say><speak>a</speak><speak>b</speak></Say>"), "line 2: a second speak in Say"},
		{"speak with an attribute", in("<Say><speak version='1'>a</speak></Say>"), `line 2: speak: an unknown or repeated attribute "version"`},
		{"unknown mark", in("<Say><speak><audio/></speak></Say>"), `line 2: unexpected element "audio" in speak`},
		{"break without time", in("<Say><speak><break/></speak></Say>"), "line 2: break: time: required"},
		{"break of an hour", in("<Say><speak><break time='1h'/></speak></Say>"), "line 2: break: time: not a time such as 200ms or 2s"},
		{"break of less", in("<Say><speak><break time='-1s'/></speak></Say>"), "line 2: break: time: not a time such as 200ms or 2s"},
		{"break of two times", in("<Say><speak><break time='1m1s'/></speak></Say>"), "line 2: break: time: not a time such as 200ms or 2s"},
		{"text in break", in("<Say><speak><break time='1s'>secret</break></speak></Say>"), "line 2: text in break"},
		{"say-as without meaning", in("<Say><speak><say-as>a</say-as></speak></Say>"), "line 2: say-as: interpret-as: required"},
		{"unknown mark in a mark", in("<Say><speak><emphasis><audio/></emphasis></speak></Say>"), `line 2: unexpected element "audio" in emphasis`},
		{"bare ampersand in speak", in("<Say><speak>Tom & secret</speak></Say>"), "line 2: " + malformed},
		{"bare ampersand in a mark", in("<Say><speak><emphasis>Tom & secret</emphasis></speak></Say>"), "line 2: " + malformed},
		{"attribute of emphasis", in("<Say><speak><emphasis strength='secret'>a</emphasis></speak></Say>"), `line 2: emphasis: an unknown or repeated attribute "strength"`},
		{"attribute of say-as", in("<Say><speak><say-as as='secret'>a</say-as></speak></Say>"), `line 2: say-as: an unknown or repeated attribute "as"`},
		{"attribute of prosody", in("<Say><speak><prosody contour='secret'>a</prosody></speak></Say>"), `line 2: prosody: an unknown or repeated attribute "contour"`},
		{"attribute of a paragraph", in("<Say><speak><p xml:lang='secret'>a</p></speak></Say>"), `line 2: p: an unknown or repeated attribute`},
		{"sub without an alias", in("<Say><speak><sub>a</sub></speak></Say>"), "line 2: sub: alias: required"},
		{"mark in sub", in("<Say><speak><sub alias='a'><s>a</s></sub></speak></Say>"), `line 2: unexpected element "s" in sub`},
		{"mark in say-as", in("<Say><speak><say-as interpret-as='date'><p>a</p></say-as></speak></Say>"), `line 2: unexpected element "p" in say-as`},
		{"mark in say", in("<Say><prosody rate='slow'>secret</prosody></Say>"), `line 2: unexpected element "prosody" in Say`},
		{"case of a mark", in("<Say><speak><P>secret</P></speak></Say>"), `line 2: unexpected element "P" in speak`},
		{"marks around nothing", in("<Say><speak><p><s> </s></p><emphasis/></speak></Say>\n<Say><speak><p/></speak></Say>"), "action 2 (SSML): speech: required"},
		{"prefix bound twice", in("<Say xmlns:google='secret' xmlns:google='secret'>a</Say>"), `line 2: Say: an unknown or repeated attribute`},
		{"other prefix", in("<Say xmlns:secret='a'>a</Say>"), `line 2: Say: an unknown or repeated attribute`},
		{"prefix google bound to nothing", in("<Say><speak xmlns:google=''><say-as interpret-as='date' google:style='a'>a</say-as></speak></Say>"), `line 2: say-as: an unknown or repeated attribute "style"`},
		{"element of google", in("<google:Say xmlns:google='secret'>a</google:Say>"), `line 2: unexpected element in Response`},

		{"no numbers", in(`<Dial phoneNumbers=" "/>`), "line 2: Dial: phoneNumbers: number 1 is empty"},
		{"number missing", in(`<Dial phoneNumbers="secret, , secret"/>`), "line 2: Dial: phoneNumbers: number 2 is empty"},
		{"comma at the end", in(`<Dial phoneNumbers="secret,"/>`), "line 2: Dial: phoneNumbers: number 2 is empty"},
		{"blank in a number", in(`<Dial phoneNumbers="secret, +254 711000001"/>`), "line 2: Dial: phoneNumbers: number 2 holds a comma, white space or an invisible character"},
		{"semicolon and blank", in(`<Dial phoneNumbers="secret; secret"/>`), "line 2: Dial: phoneNumbers: number 1 holds a comma, white space or an invisible character"},

		{"element in redirect", in("<Redirect><b/></Redirect>"), `line 2: unexpected element "b" in Redirect`},

		{"no prompt", in("<GetDigits/>"), "line 2: GetDigits: prompt: required"},
		{"empty say", in("<Say/>"), "line 2: Say: text: required"},
		{"no url", in("<Conference/><Play/>"), "line 2: Play: url: required"},
		{"wrong key", in("<Record finishOnKey='secret'/>"), "line 2: Record: finishOnKey: not one of 0 to 9, * and #"},

		{"deep", strings.Repeat("<Response>", 1000), "line 1: elements are nested too deep"},
		{"deep in speak", in("<Say>" + strings.Repeat("<speak>", 1000)), "line 2: elements are nested too deep"},
		{"deep marks", in("<Say><speak>" + strings.Repeat("<p>", 29) + "a" + strings.Repeat("</p>", 29) + "</speak></Say>"), "action 1 (SSML): speech: marks are nested too deep"},
		{"deeper marks", in("<Say><speak>" + strings.Repeat("<p>", 30) + "a" + strings.Repeat("</p>", 30) + "</speak></Say>"), "line 2: elements are nested too deep"},
		{"attributes", in("<Say " + strings.Repeat("a='secret' ", 50_000) + "/>"), "line 2: too many attributes"},
		{"large", in("<Say>" + strings.Repeat("a", 1<<20) + "</Say>"), "document is over 1 MiB"},
		{"large white space", in(strings.Repeat(" ", 1<<20)), "document is over 1 MiB"},
		{"large once escaped", in("<Say><![CDATA[" + strings.Repeat("&", 1<<19) + "]]></Say>"), "document is over 1 MiB"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			before := voice.Respond(voice.Conference{})
			r := before
			err := r.UnmarshalText([]byte(tt.text))
			if err == nil {
				t.Fatalf("accepted as %s", r)
			}
			if got, want := err.Error(), "voice: "+tt.want; got != want {
				t.Errorf("error is %q, want %q", got, want)
			}
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("the error quotes the document: %v", err)
			}
			if r != before {
				t.Errorf("the response changed to %s", r)
			}
		})
	}
}
