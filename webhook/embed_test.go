package webhook_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/sms"
	"github.com/sautigo/africastalking/ussd"
	"github.com/sautigo/africastalking/voice"
	"github.com/sautigo/africastalking/webhook"
	"github.com/sautigo/africastalking/webhook/simswap"
)

type (
	flat struct {
		sms.IncomingMessage
		Operator string `schema:"operator"`
	}
	pointed struct {
		*sms.IncomingMessage
		Operator string `schema:"operator" json:"other"`
	}
	extra struct {
		Operator string `schema:"operator"`
	}
	mixed struct {
		sms.IncomingMessage
		extra
	}
	middle struct {
		sms.IncomingMessage
		Branch struct {
			N int `schema:"n"`
		} `schema:"branch"`
	}
	deep struct {
		middle
		Operator string `schema:"operator"`
	}
	Middle    struct{ *sms.IncomingMessage }
	Deeper    struct{ *Middle }
	deepPoint struct {
		*Deeper
		Operator string `schema:"operator"`
	}
	// hiddenOrder is a payload of the app's own, without tags.
	hiddenOrder struct {
		order
		Operator string `schema:"operator"`
	}
	two struct {
		sms.OptOut
		simswap.Result
		Operator string `schema:"operator"`
	}
	generic[T any] struct {
		sms.IncomingMessage
		Operator T `schema:"operator"`
	}
	onlyPayload struct{ sms.IncomingMessage }
	session     struct {
		ussd.Request
		Operator string `schema:"operator"`
	}
	call struct {
		*voice.Call
		Operator string `schema:"operator"`
	}
)

// An embedded payload reads itself and the rest is decoded beside it.
func TestEmbedding(t *testing.T) {
	t.Parallel()
	const (
		form = "id=1&from=%2B254711000001&to=22384&text=None&linkId=0&date=2022-04-29+01%3A44%3A51&operator=amina&branch.n=5"
		json = `{"id":1,"from":"+254711000001","to":"22384","text":"None","linkId":0,"date":"2022-04-29 01:44:51","operator":"amina","branch":{"n":"5"}}`
	)
	message := sms.IncomingMessage{ID: "1", From: "+254711000001", To: "22384", Text: "None", Date: time.Date(2022, time.April, 29, 1, 44, 51, 0, time.UTC)}
	// Whether linkId=0 is none is for the package sms to say.
	ownMessage, err := sms.ParseIncomingMessage(post(formType, form))
	if err != nil {
		t.Fatal(err)
	}
	message.LinkID = ownMessage.LinkID
	for _, body := range [][2]string{{formType, form}, {jsonType, json}} {
		embeds(t, body, flat{message, "amina"}, "operator")
		embeds(t, body, pointed{&message, "amina"}, "operator")
		embeds(t, body, mixed{message, extra{"amina"}}, "operator")
		d := deep{Operator: "amina"}
		d.IncomingMessage, d.Branch.N = message, 5
		embeds(t, body, d, "operator")
		embeds(t, body, deepPoint{&Deeper{&Middle{&message}}, "amina"}, "operator")
		embeds(t, body, generic[string]{message, "amina"}, "operator")
		embeds(t, body, onlyPayload{message}, "id")
	}
	for _, body := range [][2]string{{formType, "orderId=7&note=now&operator=amina"}, {jsonType, `{"orderId":7,"note":"now","operator":"amina"}`}} {
		embeds(t, body, hiddenOrder{order{"7", "now"}, "amina"}, "orderId")
	}
	for _, body := range [][2]string{
		{formType, "senderId=S&phoneNumber=%2B254711000001&requestId=r1&status=swapped&operator=amina"},
		{jsonType, `{"senderId":"S","phoneNumber":"+254711000001","requestId":"r1","status":"swapped","operator":"amina"}`},
	} {
		embeds(t, body, two{sms.OptOut{SenderID: "S", PhoneNumber: "+254711000001"}, simswap.Result{RequestID: "r1", Status: simswap.Swapped}, "amina"}, "senderId")
	}
	for _, body := range [][2]string{
		{formType, "sessionId=s1&phoneNumber=%2B254711000001&text=1*2&operator=amina"},
		{jsonType, `{"sessionId":"s1","phoneNumber":"+254711000001","text":"1*2","operator":"amina"}`},
	} {
		embeds(t, body, session{ussd.Request{SessionID: "s1", PhoneNumber: "+254711000001", Text: "1*2", Hop: "hop"}, "amina"}, "sessionId")
	}
	for _, body := range [][2]string{
		{formType, "sessionId=s1&isActive=1&durationInSeconds=5&operator=amina"},
		{jsonType, `{"sessionId":"s1","isActive":1,"durationInSeconds":5,"operator":"amina"}`},
	} {
		embeds(t, body, call{&voice.Call{SessionID: "s1", IsActive: true, DurationInSeconds: 5}, "amina"}, "sessionId")
	}
}

// embeds posts a body to a handler of T. Then it takes a required field away, sends
// one twice and one in another letter case.
func embeds[T any](t *testing.T, body [2]string, want T, required string) {
	t.Helper()
	checkEmbeds(t, body, want, required, func(see func(context.Context, any) error, opts ...webhook.Option) http.Handler {
		return webhook.Handler(func(ctx context.Context, v T) error { return see(ctx, v) }, opts...)
	})
}

func checkEmbeds(t *testing.T, body [2]string, want any, required string,
	handler func(see func(context.Context, any) error, opts ...webhook.Option) http.Handler) {
	t.Helper()
	var got any
	seen := ""
	var log bytes.Buffer
	h := handler(func(ctx context.Context, v any) error {
		got = v
		f, _ := webhook.FormFrom(ctx)
		seen = f.Get(required)
		return errors.New("boom")
	}, webhook.WithRequired(required), webhook.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
	do := func(body string) int {
		r := post("", body)
		r.Header.Set("Content-Type", bodyType(body))
		r.Header.Set(ussd.HopMetadataHeader, "hop")
		return do(h, r).Status
	}
	exported := cmp.Exporter(func(reflect.Type) bool { return true })
	if status := do(body[1]); status != 500 {
		t.Errorf("%T: %s is answered %d: %s", want, body[1], status, &log)
	}
	if diff := cmp.Diff(want, got, exported); diff != "" {
		t.Errorf("%T of %s (-want +got):\n%s", want, body[1], diff)
	}
	if seen == "" {
		t.Errorf("%T: FormFrom lacks %s", want, required)
	}
	if strings.Contains(log.String(), "254711000001") {
		t.Errorf("%T: the log shows the number: %s", want, &log)
	}
	for what, bad := range map[string]string{
		"without " + required:         strings.Replace(body[1], required, "other", 1),
		required + " in capitals":     strings.Replace(body[1], required, strings.ToUpper(required), 1),
		"operator in capitals":        strings.Replace(body[1], "operator", "OPERATOR", 1),
		required + " in capitals too": strings.Replace(body[1], required, strings.ToUpper(required)+twice(body[1])+required, 1),
		required + " twice":           strings.Replace(body[1], required, required+twice(body[1])+required, 1),
	} {
		if _, only := want.(onlyPayload); only && strings.HasPrefix(what, "operator") {
			continue
		}
		if status := do(bad); status != 400 {
			t.Errorf("%T: %s is answered %d: %s", want, what, status, bad)
		}
	}
}

func bodyType(body string) string {
	if strings.HasPrefix(body, "{") {
		return jsonType
	}
	return formType
}

func twice(body string) string {
	if bodyType(body) == jsonType {
		return `":"x","`
	}
	return "=x&"
}

type ownForm struct {
	sms.IncomingMessage
	Operator string `schema:"operator"`
}

func (o *ownForm) UnmarshalForm(f webhook.Form) error {
	o.Operator = "own " + f.Get("operator")
	return nil
}

type ownGeneric[T any] struct {
	sms.IncomingMessage
	Operator T
}

func (o *ownGeneric[T]) UnmarshalForm(f webhook.Form) error {
	o.Text = "own " + f.Get("operator")
	return nil
}

type ownByValue struct {
	*sms.IncomingMessage
	Fields map[string]string
}

func (o ownByValue) UnmarshalForm(webhook.Form) error { return errors.New("own") }

// A type that embeds a payload keeps an UnmarshalForm of its own.
func TestEmbeddingWithOwnUnmarshalForm(t *testing.T) {
	t.Parallel()
	own, err := webhook.Parse[ownForm](post(formType, "operator=amina"))
	if own.Operator != "own amina" || err != nil {
		t.Errorf("own method: %+v, %v", own, err)
	}
	for _, body := range []string{"operator=amina", `{"operator":"amina"}`} {
		gen, err := webhook.Parse[ownGeneric[int]](post(bodyType(body), body))
		if gen.Text != "own amina" || err != nil {
			t.Errorf("generic type: %+v, %v", gen, err)
		}
	}
	if _, err := webhook.Parse[ownByValue](post(formType, "operator=amina")); err == nil || err.Error() != "own" {
		t.Errorf("method of the value: %v", err)
	}
	above, err := webhook.Parse[struct {
		ownForm
		Branch string `schema:"branch"`
	}](post(formType, "operator=amina&branch=b"))
	if above.Operator != "own amina" || above.Branch != "b" || err != nil {
		t.Errorf("embedded once more: %+v, %v", above, err)
	}
}

type textMap map[string]int

func (textMap) UnmarshalText([]byte) error { return nil }

type (
	cycleA struct {
		*cycleB
		X string `json:"x"`
	}
	cycleB struct{ *cycleC }
	cycleC struct{ *cycleA }
	selfE  struct {
		*selfE
		X string `schema:"x"`
	}
	A struct {
		ID string `schema:"aId" json:"aId"`
	}
	B struct {
		ID string `schema:"bId"`
	}
	cyclicField struct {
		Below cyclicBelow `schema:"below"`
	}
	cyclicBelow struct {
		Above []*cyclicField `schema:"above"`
	}
)

var _ = []any{cycleA{}.cycleB, cycleB{}.cycleC, selfE{}.selfE}

func build[T any](opts ...webhook.Option) func() {
	return func() { webhook.Handler(func(context.Context, T) error { return nil }, opts...) }
}

type jsonA struct{ ID string }

type jsonB struct{ ID string }

type money struct {
	africastalking.Money
	Note string
}

// What cannot be decoded without surprises does not build, and the panic says what
// to write instead.
func TestTypesThatDoNotBuild(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		build func()
		want  string
	}{
		"pointer":              {build[*taggedOrder](), "use webhook_test.taggedOrder itself"},
		"pointer to a payload": {build[*sms.IncomingMessage](), "use sms.IncomingMessage itself"},
		"pointer to a pointer": {build[**int](), "use *int itself"},
		"function":             {build[func()](), "use a struct"},
		"channel":              {build[chan int](), "use a struct"},
		"embeds each other":    {build[cycleA](), "name the field"},
		"embeds itself":        {build[selfE](), "name the field"},
		"embeds an interface": {build[struct {
			webhook.FormUnmarshaler
			Note string
		}](), "schema"},
		"embeds a time in JSON": {build[struct {
			time.Time
			Note string `json:"note"`
		}](), "name the field"},
		"holds what embeds an amount in JSON": {build[struct {
			Pay []money `json:"pay"`
		}](), "field pay: embeds africastalking.Money"},
		"holds what embeds an amount": {build[struct {
			Pay money `schema:"pay"`
		}](), "name the field"},
		"JSON name twice": {build[struct {
			jsonA
			jsonB
		}](), "the name ID is there twice"},
		"JSON name twice further down": {build[struct {
			Items map[string]*struct {
				jsonA
				jsonB
			} `json:"items"`
		}](), "field items: the name ID is there twice"},
		"JSON name in two letter cases": {build[struct {
			ID    string `json:"id"`
			Other string `json:"ID"`
		}](), "is there twice"},
		"embeds a pointer to an unexported struct in JSON": {build[struct {
			*jsonA
			Note string `json:"note"`
		}](), "embed webhook_test.jsonA itself"},
		"nothing to read":           {build[webhook.Form](), "use webhook.Event"},
		"holds itself further down": {build[cyclicField](), `schema:"-"`},
		"Go name twice at one depth": {build[struct {
			A
			B
		}](), "rename"},
		"Go name twice at two depths": {build[struct {
			A
			ID string `schema:"id"`
		}](), "rename"},
		"Go name of a field left out": {build[struct {
			A
			ID string `schema:"-"`
		}](), "rename"},
		"Go name of a field without tag": {build[struct {
			A
			ID string `json:"id"`
		}](), "rename"},
		"payload's name, again": {build[struct {
			sms.IncomingMessage
			Body string `schema:"text"`
		}](), "rename"},
		"payload's name, other case": {build[struct {
			sms.IncomingMessage
			Body string `schema:"TEXT"`
		}](), "rename"},
		"two payloads of one name": {build[struct {
			sms.DeliveryReport
			ussd.Request
		}](), "rename"},
		"name of an embedded struct": {build[struct {
			A
			X string `schema:"a"`
		}](), "rename"},
		"field beside a payload untagged": {build[struct {
			sms.IncomingMessage
			Operator string
		}](), `schema:"Operator"`},
		"json tag beside a payload": {build[struct {
			sms.IncomingMessage
			Operator string `json:"operator"`
		}](), `schema:"Operator"`},
		"payload embedded below": {build[struct {
			M struct{ sms.IncomingMessage } `schema:"m"`
		}](), "outermost"},
		"pointer to an unexported embedding": {build[struct {
			*hidden
			X string `schema:"x"`
		}](), "embed webhook_test.hidden itself"},
		"required and default": {build[struct {
			ID string `schema:"id,required,default:1"`
		}](), "drop one"},
		"default and required": {build[struct {
			ID string `schema:"id,default:1,required"`
		}](), "drop one"},
		"default that does not fit": {build[struct {
			N int `schema:"n,default:abc"`
		}](), "set it in the function"},
		"default that does not fit, pointer": {build[struct {
			N *int `schema:"n,default:abc"`
		}](), "set it in the function"},
		"default that does not fit, slice": {build[struct {
			N []int `schema:"n,default:1|b"`
		}](), "set it in the function"},
		"default of a date": {build[struct {
			N time.Time `schema:"n,default:2020-01-01"`
		}](), "set it in the function"},
		"default of a map": {build[struct {
			N map[string]string `schema:"n,default:x"`
		}](), "set it in the function"},
		"default of a struct": {build[struct {
			N A `schema:"n,default:x"`
		}](), "set it in the function"},
		"default with a colon": {build[struct {
			N string `schema:"n,default:12:30"`
		}](), "set it in the function"},
		"bytes": {build[struct {
			N []byte `schema:"n"`
		}](), "json.RawMessage"},
		"duration": {build[struct {
			N time.Duration `schema:"n"`
		}](), "a number"},
		"durations": {build[struct {
			N []time.Duration `schema:"n"`
		}](), "a number"},
		"interface": {build[struct {
			N any `schema:"n"`
		}](), "map[string]string"},
		"map of numbers": {build[struct {
			N map[string]int `schema:"n"`
		}](), "map[string]string"},
		"slice of maps": {build[struct {
			N []map[string]string `schema:"n"`
		}](), "map[string]string"},
		"slice of slices": {build[struct {
			N [][]int `schema:"n"`
		}](), "map[string]string"},
		"slice of pointers": {build[struct {
			N []*int `schema:"n"`
		}](), "map[string]string"},
		"slice of byte slices that read text": {build[struct {
			N []net.IP `schema:"n"`
		}](), "map[string]string"},
		"map that reads text": {build[struct {
			N textMap `schema:"n"`
		}](), "map[string]string"},
		"channel of a type without tags": {build[struct{ N chan int }](), `json:"-"`},
		"array": {build[struct {
			N [3]int `schema:"n"`
		}](), "map[string]string"},
		"complex number": {build[struct {
			N complex128 `schema:"n"`
		}](), "map[string]string"},
		"pointer to a pointer inside": {build[struct {
			N **int `schema:"n"`
		}](), "map[string]string"},
		"struct without tags": {build[struct {
			N slog.Level  `schema:"n"`
			M http.Cookie `schema:"m"`
		}](), "leave it out"},
		"struct without fields": {build[struct {
			M struct{ x int } `schema:"m"`
		}](), "no fields"},
		"tag on an unexported field": {build[struct {
			ID   string `schema:"id"`
			note string `schema:"note"`
		}](), "field note has a schema tag and is not exported: export it"},
		"tag on an unexported field only": {build[struct {
			note string `schema:"note"`
		}](), "export it"},
		"tag on an unexported field further down": {build[struct {
			Items []struct {
				Name string `schema:"name"`
				note string `schema:"note"`
			} `schema:"items"`
		}](), "field Items: field note has a schema tag"},
		"tag on an unexported embedded struct": {build[struct {
			hidden `schema:"hidden"`
			ID     string `schema:"id"`
		}](), "field hidden has a schema tag"},
		"tag on an unexported field beside a payload": {build[struct {
			sms.IncomingMessage
			note string `schema:"note"`
		}](), "export it"},
		"name with a dot": {build[struct {
			M string `schema:"a.b"`
		}](), "write a struct"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			defer func() {
				v := fmt.Sprint(recover())
				if !strings.HasPrefix(v, "webhook: ") || !strings.Contains(v, ": ") || !strings.Contains(v, test.want) {
					t.Errorf("panic with %s, want one with %q", v, test.want)
				}
			}()
			test.build()
		})
	}
}
