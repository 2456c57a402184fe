package webhook_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/webhook"
)

type base struct {
	ID string `schema:"id,required"`
}

type tagged struct {
	base
	Paid    bool                   `schema:"paid"`
	Count   int                    `schema:"count"`
	Limit   *int                   `schema:"limit"`
	Ratio   float64                `schema:"ratio"`
	Tags    []string               `schema:"tags"`
	When    time.Time              `schema:"when"`
	Value   africastalking.Money   `schema:"value"`
	Network africastalking.Network `schema:"network"`
	Sender  struct {
		Name string `schema:"name"`
	} `schema:"sender"`
	Items []struct {
		Name string `schema:"name"`
		N    int    `schema:"n"`
	} `schema:"items"`
	Colour string `schema:"colour,default:red"`
	Secret string `schema:"-"`
}

func TestSchemaTags(t *testing.T) {
	t.Parallel()
	limit := 5
	tests := []struct {
		name string
		body string
		want tagged
		err  string
	}{
		{"every field", "id=7&paid=1&count=3&limit=5&ratio=0.5&tags=a&when=2021-10-13%2B19%3A10%3A16&value=KES+1.50&network=63902" +
			"&sender.name=Amina&items.1.name=b&items.0.name=a&items.1.n=2&colour=blue",
			func() tagged {
				v := tagged{base: base{"7"}, Paid: true, Count: 3, Limit: &limit, Ratio: 0.5, Tags: []string{"a"},
					When:  time.Date(2021, 10, 13, 19, 10, 16, 0, time.UTC),
					Value: africastalking.Money{Currency: "KES", Micros: 1_500_000}, Network: africastalking.SafaricomKenya, Colour: "blue"}
				v.Sender.Name = "Amina"
				v.Items = append(v.Items, struct {
					Name string `schema:"name"`
					N    int    `schema:"n"`
				}{"a", 0}, struct {
					Name string `schema:"name"`
					N    int    `schema:"n"`
				}{"b", 2})
				return v
			}(), ""},
		{"None and nothing", "id=7&paid=None&count=None&ratio=&when=None&value=None&network=None&tags=",
			tagged{base: base{"7"}, Tags: []string{""}, Colour: "red"}, ""},
		{"unreadable date and amount", "id=7&when=yesterday&value=much", tagged{base: base{"7"}, Colour: "red"}, ""},
		{"unknown keys", "id=7&x=1&x.y.0=1&sender.x=1&items.0.x=1&-=1&Secret=x&hidden=x&base.id=8&base=9",
			tagged{base: base{"7"}, Colour: "red"}, ""},

		{"required", "count=3", tagged{}, "webhook: field id: missing"},
		{"required by a prefix", "idea=7", tagged{}, "webhook: field id: missing"},
		{"wrong type", "id=7&count=many", tagged{}, "webhook: field count: malformed: not of type int"},
		{"first of several faults", "id=7&ratio=x&count=many&paid=perhaps", tagged{}, "webhook: field ratio: malformed: not of type float64"},
		{"negative index", "id=7&items.-1.name=a", tagged{}, "webhook: field items: malformed: index is not one from 0 to 63"},
		{"huge index", "id=7&items.1000000000.name=a", tagged{}, "webhook: field items: malformed: index is not one from 0 to 63"},
		{"index over the limit", "id=7&items.64.name=a", tagged{}, "webhook: field items: malformed: index is not one from 0 to 63"},
		{"index in another spelling", "id=7&items.0.name=a&items.00.name=b", tagged{}, "webhook: field items: malformed: index is not one from 0 to 63"},
		{"case variant", "id=7&COUNT=3", tagged{}, "webhook: field count: malformed: sent in another letter case"},
		{"case variant below", "id=7&sender.NAME=x", tagged{}, "webhook: field sender.name: malformed: sent in another letter case"},
		{"case variant above", "id=7&Items.0.name=x", tagged{}, "webhook: field items.0.name: malformed: sent in another letter case"},
		{"case variant outside ASCII", "id=7&tag%C5%BF=x", tagged{}, "webhook: field tags: malformed: sent in another letter case"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			// gorilla/schema goes through a map: what depends on its order
			// does not show at once.
			for range 20 {
				got, err := webhook.Parse[tagged](post(formType, test.body))
				if diff := cmp.Diff(test.want, got, cmp.AllowUnexported(tagged{}, base{})); diff != "" {
					t.Fatalf("value (-want +got):\n%s", diff)
				}
				if text := fmt.Sprint(err); test.err == "" && err != nil || test.err != "" && text != test.err {
					t.Fatalf("error %q, want %q", text, test.err)
				}
			}
		})
	}
}

// A value of another shape than the field's is refused, in a form and in JSON; what
// stands for no value, and an empty object or list where either could be, is absent.
func TestShapes(t *testing.T) {
	t.Parallel()
	type inner struct {
		Name string `schema:"name"`
	}
	type shapes struct {
		Struct  inner                  `schema:"struct"`
		Pointer *inner                 `schema:"pointer"`
		Structs []inner                `schema:"structs"`
		Ns      []int                  `schema:"ns"`
		Texts   []string               `schema:"texts"`
		Dates   []time.Time            `schema:"dates"`
		Map     map[string]string      `schema:"map"`
		Any     map[string]any         `schema:"any"`
		N       int                    `schema:"n"`
		Float   *float64               `schema:"float"`
		Bool    bool                   `schema:"bool"`
		Text    string                 `schema:"text"`
		Time    time.Time              `schema:"time"`
		Money   africastalking.Money   `schema:"money"`
		Network africastalking.Network `schema:"network"`
		Raw     json.RawMessage        `schema:"raw"`
	}
	none := []string{`null`, `""`, `"None"`}
	values := append(none, `{}`, `[]`, `"x"`, `5`, `1`, `true`, `{"name":"x"}`, `{"x":1}`, `["x"]`, `[5]`, `[true]`, `[[5]]`, `[{"name":"x"}]`)
	takes := map[string][]string{
		"struct":  {`{}`, `[]`, `{"name":"x"}`, `{"x":1}`},
		"pointer": {`{}`, `[]`, `{"name":"x"}`, `{"x":1}`},
		"structs": {`{}`, `[]`, `[{"name":"x"}]`},
		"ns":      {`{}`, `[]`, `5`, `1`, `[5]`},
		"texts":   {`{}`, `[]`, `"x"`, `5`, `1`, `true`, `["x"]`, `[5]`, `[true]`},
		"dates":   {`{}`, `[]`, `"x"`, `5`, `1`, `true`, `["x"]`, `[5]`, `[true]`}, // unreadable
		"map":     {`{}`, `[]`, `{"name":"x"}`, `{"x":1}`},
		"any":     {`{}`, `[]`, `{"name":"x"}`, `{"x":1}`},
		"n":       {`5`, `1`},
		"float":   {`5`, `1`},
		"bool":    {`1`, `true`},
		"text":    {`"x"`, `5`, `1`, `true`},
		"time":    {`"x"`, `5`, `1`, `true`}, // unreadable
		"money":   {`"x"`, `5`, `1`, `true`}, // the same, or an amount
		"network": {`"x"`, `5`, `1`, `true`},
		"raw":     values,
	}
	if want := reflect.TypeFor[shapes]().NumField(); len(takes) != want {
		t.Errorf("%d fields are tried of %d", len(takes), want)
	}
	for field, takes := range takes {
		for _, value := range values {
			want := slices.Contains(none, value) || slices.Contains(takes, value)
			bodies := []string{`{"` + field + `":` + value + `}`}
			// In a form an empty object or list can't be sent, and what a list is depends on the type.
			mapOfList := (field == "map" || field == "any") && strings.HasPrefix(value, "[")
			if form := formOf(t, field, value); form != "" && field != "raw" && !mapOfList {
				bodies = append(bodies, form)
			}
			for _, body := range bodies {
				v, err := webhook.Parse[shapes](post(bodyType(body), body))
				var wrong *webhook.FieldError
				switch {
				case want && err != nil:
					t.Errorf("%s: %v", body, err)
				case !want && (!errors.Is(err, webhook.ErrMalformed) || !errors.As(err, &wrong) || !strings.HasPrefix(wrong.Field+".", field+".")):
					t.Errorf("%s is read as %+v, %v; want a FieldError of %s", body, v, err, field)
				}
			}
		}
	}
}

// formOf returns the form that says what a JSON value says, if there is one.
func formOf(t *testing.T, key, value string) string {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(value), &v); err != nil {
		t.Fatal(err)
	}
	switch v := v.(type) {
	case map[string]any:
		for name, below := range v {
			text, _ := json.Marshal(below)
			return formOf(t, key+"."+name, string(text))
		}
		return ""
	case []any:
		for i, below := range v {
			text, _ := json.Marshal(below)
			return formOf(t, fmt.Sprintf("%s.%d", key, i), string(text))
		}
		return ""
	case nil:
		return key + "="
	}
	return key + "=" + fmt.Sprint(v)
}

// No value of the payload may be quoted, whoever has written the error.
func TestSchemaErrorsHideValues(t *testing.T) {
	t.Parallel()
	type strict struct {
		PIN pin `schema:"pin"`
	}
	_, err := webhook.Parse[strict](post(formType, "pin=4321x"))
	if err == nil || strings.Contains(err.Error(), "4321") {
		t.Errorf("error is %v", err)
	}
}

type pin string

func (p *pin) UnmarshalText(text []byte) error {
	if len(text) != 4 {
		return fmt.Errorf("%s is no PIN", text)
	}
	*p = pin(text)
	return nil
}
