package webhook_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/sms"
	"github.com/sautigo/africastalking/ussd"
	"github.com/sautigo/africastalking/webhook"
	"github.com/sautigo/africastalking/webhook/airtime"
)

type item struct {
	Name string   `schema:"name"`
	Tags []string `schema:"tags"`
}

type wide struct {
	Text   string                   `schema:"text"`
	Count  *int                     `schema:"count"`
	Ref    *string                  `schema:"ref"`
	Ns     []int                    `schema:"ns"`
	Fs     []float64                `schema:"fs"`
	Bs     *[]bool                  `schema:"bs"`
	Texts  []string                 `schema:"texts"`
	Dates  []time.Time              `schema:"dates"`
	Prices []*africastalking.Money  `schema:"prices"`
	Nets   []africastalking.Network `schema:"nets"`
	IP     net.IP                   `schema:"ip"`
	Addr   netip.Addr               `schema:"addr"`
	Kind   airtime.Outcome          `schema:"kind"`
	Net    africastalking.Network   `schema:"net"`
	Items  []item                   `schema:"items"`
	Ptrs   []*item                  `schema:"ptrs"`
	Sender *struct {
		Name string          `schema:"name"`
		Raw  json.RawMessage `schema:"raw"`
		Deep struct {
			M map[string]string `schema:"m"`
		} `schema:"deep"`
	} `schema:"sender"`
	Raw *json.RawMessage  `schema:"raw"`
	M   map[string]string `schema:"m"`
	Any map[string]any    `schema:"any"`
}

// A form and JSON are read alike.
func TestFormAndJSONAlike(t *testing.T) {
	t.Parallel()
	count, ref, empty := 5, "r", ""
	date := time.Date(2022, time.April, 29, 1, 44, 51, 0, time.UTC)
	money := africastalking.Money{Currency: "KES", Micros: 1_500_000}
	raw := func(s string) *json.RawMessage { r := json.RawMessage(s); return &r }
	sender := func(edit func(*wide)) wide {
		w := wide{Sender: &struct {
			Name string          `schema:"name"`
			Raw  json.RawMessage `schema:"raw"`
			Deep struct {
				M map[string]string `schema:"m"`
			} `schema:"deep"`
		}{}}
		edit(&w)
		return w
	}
	for _, test := range []struct {
		form, json string
		want       wide
	}{
		{"text=None&kind=success&net=63902", `{"text":"None","kind":"SUCCESS","net":63902}`,
			wide{Text: "None", Kind: airtime.Success, Net: africastalking.SafaricomKenya}},
		{"kind=None&net=None&ip=None&addr=&count=None&ns=None&fs=&bs=None&dates=None&prices=&nets=None&raw=None&m=None&any=",
			`{"kind":"None","net":"None","ip":"None","addr":"","count":"None","ns":"None","fs":"","bs":"None","dates":"None","prices":"","nets":"None","raw":"None","m":"None","any":""}`, wide{}},
		{"", `{"text":null,"kind":null,"count":null,"ref":null,"ns":null,"texts":null,"dates":null,"items":null,"ptrs":null,"sender":null,"raw":null,"m":null,"any":null}`, wide{}},
		{"", `{"ns":[],"texts":[],"dates":{},"items":[],"sender":[],"ptrs":{},"m":[],"any":[ ]}`, wide{}},
		{"count=5&ref=r&ns=1&fs=1.5&bs=1&texts=a&dates=2022-04-29+01:44:51&prices=KES+1.50&nets=63902",
			`{"count":"5","ref":"r","ns":1,"fs":"1.5","bs":true,"texts":"a","dates":"2022-04-29 01:44:51","prices":"KES 1.50","nets":"63902"}`,
			wide{Count: &count, Ref: &ref, Ns: []int{1}, Fs: []float64{1.5}, Bs: &[]bool{true}, Texts: []string{"a"}, Dates: []time.Time{date},
				Prices: []*africastalking.Money{&money}, Nets: []africastalking.Network{africastalking.SafaricomKenya}}},
		{"ns.0=1&ns.1=None&ns.2=3&texts.1=b&texts.0=&texts.2=None&dates.0=x&dates.1=2022-04-29+01:44:51&prices.1=KES+1.50",
			`{"ns":[1,null,"3"],"texts":["","b","None"],"dates":["x","2022-04-29 01:44:51"],"prices":[null,"KES 1.50"]}`,
			wide{Ns: []int{1, 0, 3}, Texts: []string{"", "b", "None"}, Dates: []time.Time{{}, date}, Prices: []*africastalking.Money{nil, &money}}},
		{"ref=&ip=10.0.0.1&addr=10.0.0.2", `{"ref":"","ip":"10.0.0.1","addr":"10.0.0.2"}`,
			wide{Ref: &empty, IP: net.ParseIP("10.0.0.1"), Addr: netip.MustParseAddr("10.0.0.2")}},
		{"items.0.name=a&items.1.tags.0=x&items.1.tags.1=y&ptrs.1.name=b&items.0.other=1",
			`{"items":[{"name":"a","other":1},{"tags":["x","y"]}],"ptrs":[null,{"name":"b"}]}`,
			wide{Items: []item{{Name: "a"}, {Tags: []string{"x", "y"}}}, Ptrs: []*item{nil, {Name: "b"}}}},
		{"sender.name=n&sender.raw=5&sender.deep.m.a.b=1", `{"sender":{"name":"n","raw":5,"deep":{"m":{"a.b":1}}}}`,
			sender(func(w *wide) {
				w.Sender.Name, w.Sender.Raw, w.Sender.Deep.M = "n", json.RawMessage("5"), map[string]string{"a.b": "1"}
			})},
		{"sender.name=n", `{"sender.name":"n"}`, sender(func(w *wide) { w.Sender.Name = "n" })},
		{`raw={"a":+[1]}`, `{"raw":{"a": [1]}}`, wide{Raw: raw(`{"a": [1]}`)}},
		{`raw=it+is`, `{"raw":"it is"}`, wide{Raw: raw(`"it is"`)}},
		{`m.a=x&m.B=&m.c=None`, `{"m":{"a":"x","B":null,"c":"None"}}`, wide{M: map[string]string{"a": "x", "B": "", "c": "None"}}},
		{`m={"a":[1,+2],"b":"x"}`, `{"m":{"a":[1, 2],"b":"x"}}`, wide{M: map[string]string{"a": "[1, 2]", "b": "x"}}},
		{`any.a=x`, `{"any":{"a":"x"}}`, wide{Any: map[string]any{"a": "x"}}},
		{`any={"a":[1]}`, `{"any":{"a":[1]}}`, wide{Any: map[string]any{"a": []any{1.0}}}},
	} {
		for _, body := range []string{test.form, test.json} {
			got, err := webhook.Parse[wide](post(bodyType(body), body))
			if err != nil {
				t.Errorf("%s: %v", body, err)
			}
			if diff := cmp.Diff(test.want, got, cmpopts.EquateComparable(netip.Addr{}), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", body, diff)
			}
		}
	}
}

// What is refused names the field and never the value.
func TestRefusedFields(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("k", 65)
	members := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `,"x%d":1`, i)
		}
		return b.String()[1:]
	}
	for body, want := range map[string]string{
		`{"sender":{"name":1},"sender.name":2}`:           "field sender.name: malformed: sent twice",
		`{"sender.name":2,"sender":{"name":1}}`:           "field sender.name: malformed: sent twice",
		`{"a":{"b":1},"a.b":2}`:                           "field a.b: malformed: sent twice",
		`{"sender":{"name":1,"name":2}}`:                  "field sender.name: malformed: sent twice",
		`{"a":{"b":1,"b":2}}`:                             "field a.b: malformed: sent twice",
		`{"items":[{"name":1,"name":2}]}`:                 "field items.0.name: malformed: sent twice",
		`{"m":{"a":1,"a":2}}`:                             "field m: malformed: not of type map[string]string",
		`{"m":{"a":1},"m.a":2}`:                           "field m: malformed: sent twice",
		`{"ns":[1],"ns.0":2}`:                             "field ns: malformed: sent twice",
		`ns=1&ns.0=2`:                                     "field ns: malformed: sent twice",
		`ns.0=1&ns=2`:                                     "field ns: malformed: sent twice",
		`m={}&m.a=1`:                                      "field m: malformed: sent twice",
		`{"text":1,"te\u0078t":2}`:                        "field text: malformed: sent twice",
		`{"sender":{"NAME":1}}`:                           "field sender.name: malformed: sent in another letter case",
		`{"Sender":{"name":1}}`:                           "field sender: malformed: sent in another letter case",
		`{"items":[{"TAGS":["a"]}]}`:                      "field items.0.tags: malformed: sent in another letter case",
		`{"RAW":{"a":1}}`:                                 "field raw: malformed: sent in another letter case",
		`{"M":{"a":1}}`:                                   "field m: malformed: sent in another letter case",
		`{"sender":{"deep":{"M":{}}}}`:                    "field sender.deep.m: malformed: sent in another letter case",
		`M.a=1`:                                           "field m: malformed: sent in another letter case",
		`TEXTS.0=1`:                                       "field texts: malformed: sent in another letter case",
		`te%C5%BFts=1`:                                    "<nil>",
		`text%C5%BF=1`:                                    "field texts: malformed: sent in another letter case",
		`{"textſ":1}`:                                     "field texts: malformed: sent in another letter case",
		`{"ns":[1,"+254711000001x"]}`:                     "field ns: malformed: not of type int",
		`{"ns":["1,2"]}`:                                  "<nil>",
		`ns.0=1&ns.1=4321x`:                               "field ns: malformed: not of type int",
		`{"fs":[1,"NaN"]}`:                                "field fs: malformed: not of type float64",
		`fs=Inf`:                                          "field fs: malformed: not of type float64",
		`fs=0x1p4`:                                        "field fs: malformed: not of type float64",
		`{"count":1.5}`:                                   "field count: malformed: not of type int",
		`{"ip":"4321"}`:                                   "field ip: malformed: not of type net.IP",
		`ns.64=1`:                                         "field ns: malformed: index is not one from 0 to 63",
		`ns.-1=1`:                                         "field ns: malformed: index is not one from 0 to 63",
		`ns.+1=1`:                                         "field ns: malformed: index is not one from 0 to 63",
		`{"items":{"00":{"name":1}}}`:                     "field items: malformed: index is not one from 0 to 63",
		`{"` + long + `":1}`:                              "malformed: a key has more than 64 bytes",
		`{"` + long[1:] + `":1}`:                          "<nil>",
		`{"` + strings.Repeat("\u00e9", 33) + `":1}`:      "malformed: a key has more than 64 bytes",
		`{"` + strings.Repeat(`\u0061`, 64) + `":1}`:      "<nil>",
		`{"` + strings.Repeat(`\u0061`, 65) + `":1}`:      "malformed: a key has more than 64 bytes",
		`{"a":{"` + long + `":1}}`:                        "malformed: a key has more than 64 bytes",
		`{"a":[{"` + long + `":1}]}`:                      "malformed: a key has more than 64 bytes",
		`{` + members(64) + `}`:                           "<nil>",
		`{` + members(65) + `}`:                           "malformed: more than 64 fields",
		`{"a":{` + members(64) + `}}`:                     "<nil>",
		`{"a":{` + members(65) + `}}`:                     "malformed: more than 64 fields",
		`{` + members(32) + `,"a":{` + members(33) + `}}`: "malformed: more than 64 fields",
		`{"a":[` + strings.Repeat("1,", 64) + `1]}`:       "malformed: more than 64 fields",
		`{"a":[` + strings.Repeat("{},", 64) + `[]]}`:     "malformed: more than 64 fields",
		`{"a":` + strings.Repeat(`{"a":`, 14) + `1` + strings.Repeat(`}`, 15): "<nil>",
		`{"a":` + strings.Repeat(`{"a":`, 16) + `1` + strings.Repeat(`}`, 17): "field a: malformed: nested more than 16 deep",
		`{"a":` + strings.Repeat(`[`, 5000) + strings.Repeat(`]`, 5000) + `}`: "field a: malformed: nested more than 16 deep",
		`{"text":"a","sender":{"name":`:                                       "malformed: broken JSON",
		`{"text":"a`:                                                          "malformed: broken JSON",
		`{"text"}`:                                                            "malformed: broken JSON",
		`{"text":"a"]`:                                                        "malformed: broken JSON",
		`{"text":[1,,2]}`:                                                     "malformed: broken JSON",
		`{text:1}`:                                                            "malformed: broken JSON",
		"{\"text\":\"a\nb\"}":                                                 "malformed: broken JSON",
	} {
		_, err := webhook.Parse[wide](post(bodyType(body), body))
		if got := strings.TrimPrefix(fmt.Sprint(err), "webhook: "); got != want {
			t.Errorf("%.60s: %s, want %s", body, got, want)
		}
	}
}

// A required tag is checked inside nested structs, and inside optional ones if one
// of their fields was sent.
func TestRequiredTags(t *testing.T) {
	t.Parallel()
	type payload struct {
		ID     string            `schema:"id,required"`
		Ns     []int             `schema:"ns,required"`
		M      map[string]string `schema:"m,required"`
		Sender struct {
			Name string `schema:"name,required"`
			Age  int    `schema:"age"`
		} `schema:"sender"`
		Optional *struct {
			Name string `schema:"name,required"`
			Age  int    `schema:"age"`
		} `schema:"optional"`
		Items []item `schema:"items,required"`
	}
	const ok = "id=1&ns=1&m.a=1&sender.name=n&items.0.name=a"
	for body, want := range map[string]string{
		ok:                                     "<nil>",
		ok + "&optional.name=n&optional.age=5": "<nil>",
		ok + "&optional.age=5":                 "webhook: field optional.name: missing",
		strings.Replace(ok, "sender.name", "sender.age", 1):                        "webhook: field sender.age: malformed: not of type int",
		strings.Replace(ok, "sender.name=n", "sender.age=5", 1):                    "webhook: field sender.name: missing",
		strings.Replace(ok, "sender.name=n", "sender.name=None", 1):                "webhook: field sender.name: missing",
		strings.Replace(ok, "sender.name=n", "sender.nameX=n&senderX=1", 1):        "webhook: field sender.name: missing",
		strings.Replace(ok, "id=1", "id=0", 1):                                     "webhook: field id: missing",
		strings.Replace(ok, "id=1", "idea=1", 1):                                   "webhook: field id: missing",
		strings.Replace(ok, "ns=1", "ns=None", 1):                                  "webhook: field ns: missing",
		strings.Replace(ok, "ns=1", "ns.0=1", 1):                                   "<nil>",
		strings.Replace(ok, "m.a=1", "m=None", 1):                                  "webhook: field m: missing",
		strings.Replace(ok, "items.0.name=a", "items=None", 1):                     "webhook: field items: missing",
		`{"id":1,"ns":[1],"m":{"a":1},"sender":{"name":"n"},"items":[{"name":1}]}`: "<nil>",
		`{"id":1,"ns":[1],"m":{"a":1},"sender":{"name":""},"items":[{"name":1}]}`:  "webhook: field sender.name: missing",
		`{"id":1,"ns":[],"m":{"a":1},"sender":{"name":"n"},"items":[{"name":1}]}`:  "webhook: field ns: missing",
	} {
		if _, err := webhook.Parse[payload](post(bodyType(body), body)); fmt.Sprint(err) != want {
			t.Errorf("%s: %v, want %s", body, err, want)
		}
	}
}

// WithRequired asks what the function will see.
func TestRequiredIsSeen(t *testing.T) {
	t.Parallel()
	type tagged struct {
		LinkID string               `schema:"linkId"`
		Note   string               `schema:"note"`
		N      int                  `schema:"n"`
		Paid   bool                 `schema:"paid"`
		Date   time.Time            `schema:"date"`
		Value  africastalking.Money `schema:"value"`
		Tags   []string             `schema:"tags"`
		M      map[string]string    `schema:"m"`
		Raw    json.RawMessage      `schema:"raw"`
		Colour string               `schema:"colour,default:red"`
		Sender struct {
			Name string `schema:"name"`
		} `schema:"sender"`
		Other *item    `schema:"other"`
		Items []item   `schema:"items"`
		Ns    []int    `schema:"ns"`
		Texts []string `schema:"texts"`
	}
	type jsonTagged struct {
		Note string         `json:"note"`
		N    int            `json:"n"`
		Date time.Time      `json:"date"`
		Tags []string       `json:"tags"`
		M    map[string]any `json:"m"`
		Any  any            `json:"any"`
		P    *int           `json:"p"`
		Link string         `json:"linkId"`
		Sub  *struct {
			Name string `json:"name"`
			N    int    `json:"n"`
		} `json:"sub"`
		List     []item          `json:"list"`
		Raw      json.RawMessage `json:"raw"`
		Untagged string
	}
	type embedding struct {
		sms.IncomingMessage
		Note string `schema:"note"`
	}
	message := `"id":"1","from":"a","to":"b","text":"x"`
	texts := []string{`"None"`, `""`, `null`}
	absent := append([]string{`{}`, `[]`, `["x"]`, `{"a":1}`}, texts...)
	requires[order](t, "note", absent, []string{`"x"`, `0`, `false`}, `"orderId":1`)
	requires[order](t, "unknown", absent, []string{`"x"`, `0`}, `"orderId":1`)
	requires[order](t, "unknownId", append(absent, `"0"`, `0`), []string{`"x"`, `1`}, `"orderId":1`)
	requires[sms.IncomingMessage](t, "text", absent, []string{`"y"`}, strings.Replace(message, `,"text":"x"`, "", 1))
	requires[sms.IncomingMessage](t, "date", append(absent, `"yesterday"`, `5`), []string{`"2022-04-29 01:44:51"`}, message)
	requires[sms.DeliveryReport](t, "retryCount", append(absent, `"many"`), []string{`0`, `"0"`, `3`}, `"id":1,"status":"Sent"`)
	requires[airtime.Status](t, "value", append(absent, `"much"`), []string{`0`, `"KES 0.00"`, `"KES 1.50"`}, `"requestId":1,"status":"Success"`)
	requires[embedding](t, "note", texts, []string{`"x"`}, message)
	requires[embedding](t, "date", append(absent, `"yesterday"`), []string{`"2022-04-29 01:44:51"`}, message)
	requires[tagged](t, "linkId", append(texts, `0`, `"0"`), []string{`"x"`}, ``)
	requires[tagged](t, "note", texts, []string{`"x"`, `0`}, ``)
	requires[tagged](t, "n", texts, []string{`0`, `"5"`}, ``)
	requires[tagged](t, "paid", texts, []string{`false`, `"0"`, `true`}, ``)
	requires[tagged](t, "date", append(texts, `"yesterday"`), []string{`"2022-04-29 01:44:51"`}, ``)
	requires[tagged](t, "value", append(texts, `"much"`), []string{`0`, `"KES 1.50"`}, ``)
	requires[tagged](t, "tags", []string{`{}`, `[]`, `null`}, []string{`["x"]`, `"x"`}, ``)
	requires[tagged](t, "m", []string{`{}`, `[]`, `"None"`, `""`, `null`}, []string{`{"a":1}`}, ``)
	requires[tagged](t, "raw", []string{`{}`, `[]`, `{ }`, `"None"`, `""`, `null`}, []string{`{"a":1}`, `["x"]`, `0`}, ``)
	requires[tagged](t, "colour", texts, []string{`"blue"`}, ``)
	requires[tagged](t, "sender", []string{`{}`, `[]`, `{"a":1}`, `"None"`, `""`, `null`}, []string{`{"name":"x"}`}, ``)
	requires[tagged](t, "sender.name", texts, []string{`"x"`}, ``)
	requires[tagged](t, "unknown", absent, []string{`"x"`}, ``)
	requires[jsonTagged](t, "note", texts, []string{`"x"`}, ``)
	requires[jsonTagged](t, "n", []string{`null`}, []string{`0`, `5`}, ``)
	requires[jsonTagged](t, "date", []string{`null`, `"None"`, `""`}, []string{`"2022-04-29 01:44:51"`}, ``)
	requires[jsonTagged](t, "tags", []string{`[]`, `null`}, []string{`["x"]`}, ``)
	requires[jsonTagged](t, "m", []string{`{}`, `null`}, []string{`{"a":1}`}, ``)
	requires[jsonTagged](t, "any", []string{`{}`, `[]`, `null`, `""`, `"None"`}, []string{`{"a":1}`, `["x"]`, `0`, `"x"`}, ``)
	requires[jsonTagged](t, "p", []string{`null`}, []string{`0`}, ``)
	lists := []string{`{}`, `[]`, `null`, `[null]`, `[""]`, `["None"]`}
	objects := []string{`{}`, `[]`, `null`, `{"name":null}`, `{"name":"None"}`, `{"name":""}`}
	none := slices.Concat(lists, objects, []string{`[{}]`})
	requires[tagged](t, "sender", objects, []string{`{"name":"x"}`}, ``)
	requires[tagged](t, "other", objects, []string{`{"name":"x"}`}, ``)
	requires[tagged](t, "items", append(lists, `[{}]`), []string{`[{"name":"x"}]`, `[null,{"name":"x"}]`}, ``)
	requires[tagged](t, "ns", []string{`"None"`, `["None"]`, `[null]`, `["",null]`, `[]`}, []string{`0`, `[0]`, `["0"]`, `[null,5]`}, ``)
	requires[tagged](t, "texts", lists, []string{`"x"`, `["","x"]`}, ``)
	requires[tagged](t, "m", objects, []string{`{"a":"x"}`, `{"a":0}`}, ``)
	requires[tagged](t, "raw", none, []string{`{"a":false}`, `[0]`}, ``)
	requires[jsonTagged](t, "linkId", []string{`"0"`, `"None"`, `""`}, []string{`"x"`}, ``)
	requires[jsonTagged](t, "sub", []string{`{}`, `null`, `{"name":null}`, `{"name":"None"}`}, []string{`{"name":"x"}`, `{"n":1}`}, ``)
	requires[jsonTagged](t, "list", []string{`[]`, `[{}]`, `[null]`}, []string{`[{"Name":"x"}]`}, ``)
	requires[jsonTagged](t, "raw", none, []string{`{"a":false}`, `[0]`}, ``)
	requires[jsonTagged](t, "any", none, []string{`{"a":false}`, `[0]`}, ``)
	requires[jsonTagged](t, "Untagged", []string{`""`, `"None"`, `null`}, []string{`"x"`}, ``)
	requires[webhook.Event](t, "x", none, []string{`{"a":false}`, `[0]`}, ``)
	for name, body := range map[string]string{
		"sub.name":  `{"sub":{"name":"x"}}`,
		"sub.n":     `{"sub":{"n":0}}`,
		"list.0":    `{"list":[{"Name":"x"}]}`,
		"m.a":       `{"m":{"a":"x"}}`,
		"raw.a.1.b": `{"raw":{"a":[0,{"b":"x"}]}}`,
	} {
		fn := func(context.Context, jsonTagged) error { return nil }
		h := webhook.Handler(fn, discard, webhook.WithRequired(name))
		if diff := cmp.Diff(plain(200, "OK"), do(h, post(jsonType, body))); diff != "" {
			t.Errorf("%s: answer (-want +got):\n%s", body, diff)
		}
		if diff := cmp.Diff(refused(400, "webhook: field "+name+": missing"), do(h, post(jsonType, `{"sub":{"name":null},"list":[],"m":{},"raw":[]}`))); diff != "" {
			t.Errorf("%s in nothing: answer (-want +got):\n%s", name, diff)
		}
	}
	requires[webhook.Event](t, "x", []string{`{}`, `[]`, `null`, `""`, `"None"`}, []string{`{"a":1}`, `["x"]`, `0`, `"x"`}, ``)
	requires[map[string]any](t, "x", []string{`{}`, `[]`, `null`, `""`, `"None"`}, []string{`{"a":1}`, `["x"]`, `0`, `"x"`}, ``)
}

func requires[T any](t *testing.T, field string, absent, present []string, rest string) {
	t.Helper()
	fn := func(context.Context, T) error { return nil }
	checkRequires(t, webhook.Handler(fn, webhook.WithRequired(field), discard), reflect.TypeFor[T](), field, absent, present, rest)
}

func checkRequires(t *testing.T, h http.Handler, payload reflect.Type, field string, absent, present []string, rest string) {
	t.Helper()
	if rest != "" {
		rest += ","
	}
	answers := func(want answer, body string) {
		t.Helper()
		if diff := cmp.Diff(want, do(h, post(jsonType, body))); diff != "" {
			t.Errorf("%v: %s (-want +got):\n%s", payload, body, diff)
		}
	}
	missing := refused(400, "webhook: field "+field+": missing")
	answers(missing, `{`+rest+`"surprise":1}`)
	for _, value := range absent {
		answers(missing, `{`+rest+`"`+field+`":`+value+`}`)
	}
	for _, value := range present {
		answers(plain(200, "OK"), `{`+rest+`"`+field+`":`+value+`}`)
	}
}

// A body that somebody has read, or packed, is refused and not read as empty.
func TestBodiesThatAreNone(t *testing.T) {
	t.Parallel()
	drained := refused(400, "webhook: body was read before the handler got it")
	lost := refused(400, "webhook: form lost fields when it was parsed before the handler got it")
	encoded := refused(415, "webhook: body has a Content-Encoding: send it as it is")
	parse := func(r *http.Request) { _ = r.FormValue("x") }
	drain := func(r *http.Request) { _, _ = r.Body.Read(make([]byte, 1024)) }
	encode := func(values ...string) func(*http.Request) {
		return func(r *http.Request) { r.Header["Content-Encoding"] = values }
	}
	unknown := func(r *http.Request) { r.ContentLength = -1; _ = r.ParseForm() }
	for _, test := range []struct {
		name, contentType, body string
		edit                    func(*http.Request)
		want                    answer
	}{
		{"parsed", formType, "orderId=7&note=a+b%2Bc", parse, plain(200, "OK")},
		{"parsed, everything escaped that may be", formType, "orderId=7&note=%7E%2D%2E%5F%2A%C3%A9+%20", parse, plain(200, "OK")},
		{"parsed, & at the end", formType, "orderId=7&", parse, plain(200, "OK")},
		{"parsed, bad escape", formType, "orderId=7&note=50%", parse, lost},
		{"parsed, bad escape alone", formType, "note=50%", parse, drained},
		{"parsed, semicolon", formType, "orderId=7&note=a;b", parse, lost},
		{"parsed, smallest loss", formType, "orderId=7&;", parse, lost},
		{"parsed, length unknown", formType, "orderId=7", unknown, plain(200, "OK")},
		{"parsed, length unknown, nothing left", formType, "note=50%", unknown, drained},
		{"drained form", formType, "orderId=7", drain, drained},
		{"drained JSON", jsonType, `{"orderId":7}`, drain, drained},
		{"JSON and FormValue", jsonType, `{"orderId":7}`, parse, plain(200, "OK")},
		{"gzip", formType, "orderId=7", encode("gzip"), encoded},
		{"gzip, JSON", jsonType, `{"orderId":7}`, encode("GZIP"), encoded},
		{"several", formType, "orderId=7", encode("identity", "br"), encoded},
		{"list", formType, "orderId=7", encode("identity, deflate"), encoded},
		{"identity", formType, "orderId=7", encode("Identity"), plain(200, "OK")},
		{"empty encoding", formType, "orderId=7", encode(""), plain(200, "OK")},
	} {
		h := webhook.Handler(func(context.Context, order) error { return nil }, discard)
		tags := webhook.Handler(func(context.Context, taggedOrder) error { return nil }, discard)
		event := webhook.Handler(func(context.Context, webhook.Event) error { return nil }, discard)
		for name, h := range map[string]http.Handler{"FormUnmarshaler": h, "schema tags": tags, "event": event} {
			r := post(test.contentType, test.body)
			test.edit(r)
			if diff := cmp.Diff(test.want, do(h, r)); diff != "" {
				t.Errorf("%s, %s (-want +got):\n%s", test.name, name, diff)
			}
		}
	}
}

type panics struct{ ID string }

func (*panics) UnmarshalForm(webhook.Form) error { panic("secret") }

// A panic while decoding is an answer of 500, and an error of Parse.
func TestPanicWhileDecoding(t *testing.T) {
	t.Parallel()
	var seen webhook.Observation
	h := webhook.Handler(func(context.Context, panics) error { return nil }, discard, outcome(&seen))
	if diff := cmp.Diff(refused(500, "Internal Server Error"), do(h, post(formType, "a=1"))); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
	_, err := webhook.Parse[panics](post(formType, "a=1"))
	for what, err := range map[string]error{"observed": seen.Err, "Parse": err} {
		var p *webhook.PanicError
		var e *webhook.Error
		if !errors.As(err, &p) || p.Value != "secret" || !errors.As(err, &e) || e.Status != 500 || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

type headless struct{ order }

func (headless) UnmarshalHeader(http.Header) error {
	return &webhook.FieldError{Field: "X-Test", Err: webhook.ErrMissing}
}

type twoHeaders struct {
	headless
	secondHeader
}

type secondHeader struct{ Seen string }

func (*secondHeader) UnmarshalForm(webhook.Form) error { return nil }
func (s *secondHeader) UnmarshalHeader(h http.Header) error {
	s.Seen = h.Get("Content-Type")
	return nil
}

// The error of UnmarshalHeader refuses the callback, also where two embedded payloads
// read headers.
func TestUnmarshalHeaderError(t *testing.T) {
	t.Parallel()
	v, err := webhook.Parse[headless](post(formType, "orderId=7"))
	if !errors.Is(err, webhook.ErrMissing) || v != (headless{}) {
		t.Errorf("Parse returned %v, %v", v, err)
	}
	w, err := webhook.Parse[twoHeaders](post(formType, "orderId=7"))
	if !errors.Is(err, webhook.ErrMissing) || w != (twoHeaders{}) {
		t.Errorf("Parse of two embedded payloads returned %v, %v", w, err)
	}
	h := webhook.Handler(func(context.Context, headless) error { return nil }, discard)
	if got := do(h, post(formType, "orderId=7")); got.Status != 400 {
		t.Errorf("answer is %v", got)
	}
}

type keeps struct{ body []byte }

func (k *keeps) UnmarshalJSON(body []byte) error { k.body = body; return nil }

// A type may keep the JSON that it unmarshals itself from: the memory that requests
// are read into is used again.
func TestJSONOwnsItsMemory(t *testing.T) {
	body := `{"a":"` + strings.Repeat("x", 100) + `"}`
	v, err := webhook.Parse[keeps](post(jsonType, body))
	if err != nil {
		t.Fatal(err)
	}
	for range 100 {
		_, _ = webhook.Parse[keeps](post(jsonType, strings.Repeat("z", 200)))
	}
	if string(v.body) != body {
		t.Errorf("body is %s", v.body)
	}
}

// A key in another letter case may have another length: U+017F is an s.
func TestWideKeys(t *testing.T) {
	t.Parallel()
	const want = "webhook: field sessionId: malformed: sent in another letter case"
	for _, body := range []string{
		"sessionId=s1&phoneNumber=1&text=&%C5%BFessionId=forged",
		`{"sessionId":"s1","phoneNumber":"1","text":"","ſessionId":"forged"}`,
		`{"sessionId":"s1","phoneNumber":"1","text":"","\u017fessionId":"forged"}`,
	} {
		for _, parse := range []bool{false, true} {
			r := post(bodyType(body), body)
			if parse {
				_ = r.ParseForm()
			}
			if _, err := webhook.Parse[ussd.Request](r); fmt.Sprint(err) != want {
				t.Errorf("%s, parsed before %v: %v", body, parse, err)
			}
		}
	}
}

// A buffer that had to grow for one body is not kept for all.
func TestLargeBuffersAreNotKept(t *testing.T) {
	const size = 1 << 20
	h := webhook.Handler(func(context.Context, order) error { return nil }, webhook.WithMaxBytes(size), discard)
	refuse := func() (bytes uint64) {
		r := post(formType, strings.Repeat("a", size+1))
		r.ContentLength = -1
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		h.ServeHTTP(httptest.NewRecorder(), r)
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	for range 5 {
		if n := refuse(); n < size {
			t.Fatalf("a body of %d bytes took %d bytes of new memory", size, n)
		}
	}
}
