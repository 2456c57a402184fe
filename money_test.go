package africastalking_test

import (
	"encoding/json"
	"fmt"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking"
)

func ExampleParseMoney() {
	price, err := africastalking.ParseMoney("KES 100.0000")
	if err != nil {
		fmt.Println(err)
		return
	}
	discount, err := africastalking.ParseMoney("KES 0.6000")
	if err != nil {
		fmt.Println(err)
		return
	}
	sum, ok := price.Add(discount)
	fmt.Println(sum, ok)
	fmt.Println(sum.Currency, sum.Micros)
	// Output:
	// KES 100.60 true
	// KES 100600000
}

func ExampleAmount() {
	price := africastalking.Amount("KES", 1500)
	fee := africastalking.Cents("KES", 12_50)
	total, _ := price.Add(fee)
	fmt.Println(price, fee, total)
	// Output: KES 1500.00 KES 12.50 KES 1512.50
}

func ExampleCents() {
	fmt.Println(africastalking.Cents("KES", 150_050), africastalking.Cents("UGX", 100))
	// Output: KES 1500.50 UGX 1.00
}

func TestAmount(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		make func() africastalking.Money
		want africastalking.Money
		text string
	}{
		{"units", func() africastalking.Money { return africastalking.Amount("KES", 1500) }, africastalking.Money{Currency: "KES", Micros: 1_500_000_000}, "KES 1500.00"},
		{"no units", func() africastalking.Money { return africastalking.Amount("KES", 0) }, africastalking.Money{Currency: "KES"}, "KES 0.00"},
		{"a debt", func() africastalking.Money { return africastalking.Amount("UGX", -3) }, africastalking.Money{Currency: "UGX", Micros: -3_000_000}, "UGX -3.00"},
		{"no currency", func() africastalking.Money { return africastalking.Amount("", 7) }, africastalking.Money{Micros: 7_000_000}, "7.00"},
		{"most units", func() africastalking.Money { return africastalking.Amount("KES", 9_223_372_036_854) }, africastalking.Money{Currency: "KES", Micros: 9_223_372_036_854_000_000}, "KES 9223372036854.00"},
		{"least units", func() africastalking.Money { return africastalking.Amount("KES", -9_223_372_036_854) }, africastalking.Money{Currency: "KES", Micros: -9_223_372_036_854_000_000}, "KES -9223372036854.00"},
		{"cents", func() africastalking.Money { return africastalking.Cents("KES", 150_050) }, africastalking.Money{Currency: "KES", Micros: 1_500_500_000}, "KES 1500.50"},
		{"one cent", func() africastalking.Money { return africastalking.Cents("USD", -1) }, africastalking.Money{Currency: "USD", Micros: -10_000}, "USD -0.01"},
		{"most cents", func() africastalking.Money { return africastalking.Cents("KES", 922_337_203_685_477) }, africastalking.Money{Currency: "KES", Micros: 9_223_372_036_854_770_000}, "KES 9223372036854.77"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := tt.make()
			if diff := cmp.Diff(tt.want, got); diff != "" || got.String() != tt.text {
				t.Errorf("got %v, want %s (-want +got):\n%s", got, tt.text, diff)
			}
		})
	}
}

func TestAmountTooLarge(t *testing.T) {
	t.Parallel()
	for name, make := range map[string]func(string, int64) africastalking.Money{"Amount": africastalking.Amount, "Cents": africastalking.Cents} {
		limit := africastalking.Money{Micros: math.MaxInt64}.Micros / make("", 1).Micros
		for _, n := range []int64{limit + 1, -limit - 1, math.MaxInt64, math.MinInt64} {
			func() {
				defer func() {
					if got, want := recover(), any("africastalking: "+name+": the amount is too large"); got != want {
						t.Errorf("%s(%d) panics with %v, want %v", name, n, got, want)
					}
				}()
				t.Errorf("%s(%d) = %v, want a panic", name, n, make("KES", n))
			}()
		}
	}
}

func TestAmountAllocs(t *testing.T) {
	n := int64(1500)
	if got := testing.AllocsPerRun(100, func() {
		if africastalking.Amount("KES", n) != africastalking.Cents("KES", 100*n) {
			t.Error("1500 units are not 150000 cents")
		}
	}); got != 0 {
		t.Errorf("%v allocations, want none", got)
	}
}

// The texts of the errors, which are all that an error may say: none of them
// depends on the input.
const (
	errForm     = `africastalking: amount is not of the form "KES 1.50"`
	errLarge    = "africastalking: amount is too large"
	errDecimals = "africastalking: amount has more than six decimals"
)

func TestParseMoney(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		in   string
		want africastalking.Money
		text string
	}{
		{"KES 100.0000", africastalking.Money{Currency: "KES", Micros: 100_000_000}, "KES 100.00"},
		{"KES 0.6000", africastalking.Money{Currency: "KES", Micros: 600_000}, "KES 0.60"},
		{"KES 1.50", africastalking.Money{Currency: "KES", Micros: 1_500_000}, "KES 1.50"},
		{"USD 0.0079", africastalking.Money{Currency: "USD", Micros: 7_900}, "USD 0.0079"},
		{"147.440", africastalking.Money{Micros: 147_440_000}, "147.44"},
		{"0.10", africastalking.Money{Micros: 100_000}, "0.10"},
		{"0.000", africastalking.Money{}, "0.00"},
		{"0", africastalking.Money{}, "0.00"},
		{"KES 0", africastalking.Money{Currency: "KES"}, "KES 0.00"},
		{"500.00", africastalking.Money{Micros: 500_000_000}, "500.00"},
		{"007", africastalking.Money{Micros: 7_000_000}, "7.00"},
		{"0.000001", africastalking.Money{Micros: 1}, "0.000001"},
		{"0.0000010000", africastalking.Money{Micros: 1}, "0.000001"},
		{"-2.5", africastalking.Money{Micros: -2_500_000}, "-2.50"},
		{"UGX -2.5", africastalking.Money{Currency: "UGX", Micros: -2_500_000}, "UGX -2.50"},
		{"NGN+12.5000", africastalking.Money{Currency: "NGN", Micros: 12_500_000}, "NGN 12.50"},
		{"NGN+-1", africastalking.Money{Currency: "NGN", Micros: -1_000_000}, "NGN -1.00"},
		{"-0", africastalking.Money{}, "0.00"},
		{"9223372036854.775807", africastalking.Money{Micros: math.MaxInt64}, "9223372036854.775807"},
		{"-9223372036854.775807", africastalking.Money{Micros: -math.MaxInt64}, "-9223372036854.775807"},
	} {
		t.Run(tt.in, func(t *testing.T) {
			t.Parallel()
			got, err := africastalking.ParseMoney(tt.in)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("ParseMoney (-want +got):\n%s", diff)
			}
			if got.String() != tt.text {
				t.Errorf("String() = %q, want %q", got.String(), tt.text)
			}
			if got.IsZero() != (tt.want.Micros == 0) {
				t.Errorf("IsZero() = %v", got.IsZero())
			}
		})
	}
}

func TestParseMoneyError(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ in, want string }{
		{"", errForm},
		{"None", errForm},
		{" ", errForm},
		{"KES", errForm},
		{"KES ", errForm},
		{"KES  1.50", errForm},
		{" 1.50", errForm},
		{"1.50 ", errForm},
		{"1.50 KES", errForm},
		{"kes 1.50", errForm},
		{"KE 1.50", errForm},
		{"KESH 1.50", errForm},
		{"KE1 1.50", errForm},
		{"KES1.50", errForm},
		{"KES\t1.50", errForm},
		{"1,000.00", errForm},
		{"1.", errForm},
		{".5", errForm},
		{"1.5.0", errForm},
		{"+1", errForm},
		{"KES+ 1", errForm},
		{"KES +1", errForm},
		{"KES++1", errForm},
		{"1+1", errForm},
		{"--1", errForm},
		{"-", errForm},
		{"1e3", errForm},
		{"0x10", errForm},
		{"1_000", errForm},
		{"NaN", errForm},
		{"Inf", errForm},
		{"١٢", errForm},
		{"+254711000001", errForm},
		{"0.0000001", errDecimals},
		{"KES 1.2345678", errDecimals},
		{"9223372036854.775808", errLarge},
		{"9223372036855", errLarge},
		{"18446744073710", errLarge}, // 448,384 micros, had it wrapped around
		{"9223372036854775807", errLarge},
		{"99999999999999999999999999", errLarge},
		{"-9223372036855", errLarge},
	} {
		t.Run(tt.in, func(t *testing.T) {
			t.Parallel()
			got, err := africastalking.ParseMoney(tt.in)
			if err == nil || err.Error() != tt.want {
				t.Errorf("error %v, want %q", err, tt.want)
			}
			if diff := cmp.Diff(africastalking.Money{}, got); diff != "" {
				t.Errorf("value beside an error (-want +got):\n%s", diff)
			}
		})
	}
}

func TestMoneyString(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		money africastalking.Money
		want  string
	}{
		{africastalking.Money{}, "0.00"},
		{africastalking.Money{Currency: "KES"}, "KES 0.00"},
		{africastalking.Money{Micros: -1}, "-0.000001"},
		{africastalking.Money{Currency: "NGN", Micros: 1_234_500}, "NGN 1.2345"},
		{africastalking.Money{Micros: math.MinInt64}, "-9223372036854.775808"},
	} {
		if got := tt.money.String(); got != tt.want {
			t.Errorf("%#v.String() = %q, want %q", tt.money, got, tt.want)
		}
	}
}

func TestMoneyAdd(t *testing.T) {
	t.Parallel()
	kes := func(micros int64) africastalking.Money {
		return africastalking.Money{Currency: "KES", Micros: micros}
	}
	for _, tt := range []struct {
		name   string
		m, n   africastalking.Money
		want   africastalking.Money
		wantOK bool
	}{
		{"same currency", kes(1), kes(2), kes(3), true},
		{"no currency", africastalking.Money{Micros: 1}, africastalking.Money{Micros: 2}, africastalking.Money{Micros: 3}, true},
		{"zero value first", africastalking.Money{}, kes(2), kes(2), true},
		{"zero value second", kes(2), africastalking.Money{}, kes(2), true},
		{"both zero values", africastalking.Money{}, africastalking.Money{}, africastalking.Money{}, true},
		{"zero of the currency", kes(2), kes(0), kes(2), true},
		{"to zero", kes(2), kes(-2), kes(0), true},
		{"negative", kes(-2), kes(-3), kes(-5), true},
		{"up to the limit", kes(math.MaxInt64 - 1), kes(1), kes(math.MaxInt64), true},
		{"down to the limit", kes(math.MinInt64 + 1), kes(-1), kes(math.MinInt64), true},
		{"both limits", kes(math.MaxInt64), kes(math.MinInt64), kes(-1), true},
		{"two currencies", kes(1), africastalking.Money{Currency: "UGX", Micros: 1}, africastalking.Money{}, false},
		{"two currencies, one zero", kes(1), africastalking.Money{Currency: "UGX"}, africastalking.Money{}, false},
		{"currency and none", kes(1), africastalking.Money{Micros: 1}, africastalking.Money{}, false},
		{"overflow", kes(math.MaxInt64), kes(1), africastalking.Money{}, false},
		{"overflow down", kes(math.MinInt64), kes(-1), africastalking.Money{}, false},
		{"overflow to zero", kes(math.MinInt64), kes(math.MinInt64), africastalking.Money{}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, ok := tt.m.Add(tt.n)
			if diff := cmp.Diff(tt.want, got); diff != "" || ok != tt.wantOK {
				t.Errorf("Add = %v, want %v (-want +got):\n%s", ok, tt.wantOK, diff)
			}
		})
	}
}

func TestMoneyText(t *testing.T) {
	t.Parallel()
	type cost struct{ Cost africastalking.Money }
	for in, want := range map[string]cost{
		`{"Cost":"KES 1.5"}`: {africastalking.Money{Currency: "KES", Micros: 1_500_000}},
		`{"Cost":"None"}`:    {},
		`{"Cost":""}`:        {},
	} {
		got := cost{africastalking.Money{Currency: "UGX", Micros: 9}}
		if err := json.Unmarshal([]byte(in), &got); err != nil {
			t.Errorf("%s: %v", in, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", in, diff)
		}
	}
	old := africastalking.Money{Currency: "KES", Micros: 9}
	m := old
	if err := m.UnmarshalText([]byte("KES x")); err == nil || m != old {
		t.Errorf("UnmarshalText of no amount = %v and %v, want an error and %v", err, m, old)
	}
	b, err := json.Marshal(cost{old})
	if want := `{"Cost":"KES 0.000009"}`; err != nil || string(b) != want {
		t.Errorf("Marshal = %s, %v, want %s", b, err, want)
	}
}

func FuzzParseMoney(f *testing.F) {
	for _, s := range []string{"KES 100.0000", "147.440", "0", "None", "", "-2.5", "UGX -0.000001", "9223372036854.775807", "KES  1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		m, err := africastalking.ParseMoney(s)
		if err != nil {
			switch err.Error() {
			case errForm, errLarge, errDecimals:
			default:
				t.Errorf("ParseMoney(%q): error %q is none of the three", s, err)
			}
			if m != (africastalking.Money{}) {
				t.Errorf("ParseMoney(%q) = %v beside the error %v", s, m, err)
			}
			return
		}
		if again, err := africastalking.ParseMoney(m.String()); err != nil || again != m {
			t.Errorf("ParseMoney(%q) = %#v, but ParseMoney(%q) = %#v, %v", s, m, m.String(), again, err)
		}
	})
}
