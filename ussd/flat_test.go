package ussd

// Internal: the codec is not visible from outside, which is its point.

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

type flatKind string

type flat struct {
	Step   flatKind
	To     string `json:"to"`
	Amount int
	Small  int8
	Done   bool
}

// The codec and encoding/json agree on every value and on all that may be stored.
func FuzzFlatCodec(f *testing.F) {
	codec := newFlatCodec(reflect.TypeFor[flat]())
	if codec == nil {
		f.Fatal("a flat struct has no codec")
	}
	f.Add("confirm", "+254711000002", 100, int8(-1), true, []byte(`{"Step":"a","to":"b","Amount":1,"Small":2,"Done":true}`))
	f.Add("<&>\"\\", "é\u2028\xff", -1<<63, int8(127), false, []byte(`{"Step":"a","to":"b","Amount":007,"Small":2,"Done":true}`))
	f.Add("", "", 0, int8(0), false, []byte(`{"Step":"a","to":"b","Amount":1,"Small":200,"Done":true}`))
	f.Add("", "", 0, int8(0), false, []byte(`{"Step":"\u0041","to":"b","Amount":-0,"Small":2,"Done":true} `))
	f.Add("", "", 0, int8(0), false, []byte(`{"Step":"a","to":"b","Amount":+1,"Small":2,"Done":tru}`))
	f.Add("", "", 0, int8(0), false, []byte(`{"Step":"a","to":"b","Amount":1,"Small":2,"Done":true}}`))
	f.Add("", "", 0, int8(0), false, []byte(`{"Step":"a","to":"b","Amount":`))
	f.Fuzz(func(t *testing.T, step, to string, amount int, small int8, done bool, data []byte) {
		s := flat{flatKind(step), to, amount, small, done}
		want, err := json.Marshal(&s)
		if err != nil {
			t.Fatal(err)
		}
		got, err := codec.appendTo([]byte("head"), &s)
		if err != nil || string(got) != "head"+string(want) {
			t.Fatalf("append: got %s and error %v, want %s", got, err, want)
		}
		for _, data := range [][]byte{want, data} {
			var got, want flat
			gotErr, wantErr := codec.unmarshal(data, &got), json.Unmarshal(data, &want)
			if (gotErr == nil) != (wantErr == nil) {
				t.Fatalf("unmarshal %s: got error %v, want %v", data, gotErr, wantErr)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("unmarshal %s (-want +got):\n%s", data, diff)
			}
		}
	})
}

func TestFlatCodecLeavesToJSON(t *testing.T) {
	t.Parallel()
	type embedded struct{ flat }
	for _, s := range []any{
		0, "", time.Time{}, embedded{}, map[string]int{}, []string{}, json.Number(""),
		struct{ N json.Number }{}, struct{ D time.Month }{D: 1},
		struct{ T time.Time }{}, struct{ P *int }{}, struct{ F float64 }{}, struct{ U uint }{}, struct{ n int }{},
		struct {
			A int `json:"-"`
		}{},
		struct {
			A int `json:"a,omitempty"`
		}{},
		struct {
			A int `json:""`
		}{},
		struct{ A, B, Á int }{},
		struct {
			A int
			B int `json:"a"`
		}{},
	} {
		typ := reflect.TypeOf(s)
		c := newFlatCodec(typ)
		if typ.Kind() == reflect.Struct && typ.NumField() == 1 && typ.Field(0).Name == "D" {
			if c == nil {
				t.Errorf("%v has no codec", typ)
			}
			continue
		}
		if c != nil {
			t.Errorf("%v has a codec", typ)
		}
	}
	if c := newFlatCodec(reflect.TypeFor[struct{}]()); c.unmarshal([]byte("{}"), new(struct{})) != nil {
		t.Error("an empty struct cannot be decoded")
	}
}
