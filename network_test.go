package africastalking_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking"
)

func ExampleNetwork() {
	n := africastalking.Network("63902")
	fmt.Println(n == africastalking.SafaricomKenya, n.Name(), n.Country())

	// A network that this package has not heard of is a value like any other.
	n = "63911"
	fmt.Printf("%s %q %s\n", n, n.Name(), n.Country())
	// Output:
	// true Safaricom KE
	// 63911 "" KE
}

type network struct{ Name, Country string }

var networks = map[africastalking.Network]network{
	africastalking.AirtelTigoGhana:    {"AirtelTigo", "GH"},
	africastalking.MTNGhana:           {"MTN", "GH"},
	africastalking.VodafoneGhana:      {"Vodafone", "GH"},
	africastalking.AirtelNigeria:      {"Airtel", "NG"},
	africastalking.MTNNigeria:         {"MTN", "NG"},
	africastalking.GloNigeria:         {"Glo", "NG"},
	africastalking.NineMobileNigeria:  {"9mobile", "NG"},
	africastalking.MTNRwanda:          {"MTN", "RW"},
	africastalking.TigoRwanda:         {"Tigo", "RW"},
	africastalking.AirtelRwanda:       {"Airtel", "RW"},
	africastalking.EthioTelecom:       {"Ethio Telecom", "ET"},
	africastalking.SafaricomKenya:     {"Safaricom", "KE"},
	africastalking.AirtelKenya:        {"Airtel", "KE"},
	africastalking.TelkomKenya:        {"Telkom", "KE"},
	africastalking.EquitelKenya:       {"Equitel", "KE"},
	africastalking.TigoTanzania:       {"Tigo", "TZ"},
	africastalking.ZantelTanzania:     {"Zantel", "TZ"},
	africastalking.VodacomTanzania:    {"Vodacom", "TZ"},
	africastalking.AirtelTanzania:     {"Airtel", "TZ"},
	africastalking.TTCLTanzania:       {"TTCL", "TZ"},
	africastalking.HalotelTanzania:    {"Halotel", "TZ"},
	africastalking.AirtelUganda:       {"Airtel", "UG"},
	africastalking.MTNUganda:          {"MTN", "UG"},
	africastalking.UTLUganda:          {"UTL", "UG"},
	africastalking.AfricellUganda:     {"Africell", "UG"},
	africastalking.AirtelZambia:       {"Airtel", "ZM"},
	africastalking.MTNZambia:          {"MTN", "ZM"},
	africastalking.TNMMalawi:          {"TNM", "MW"},
	africastalking.AirtelMalawi:       {"Airtel", "MW"},
	africastalking.VodacomSouthAfrica: {"Vodacom", "ZA"},
	africastalking.TelkomSouthAfrica:  {"Telkom", "ZA"},
	africastalking.CellCSouthAfrica:   {"Cell C", "ZA"},
	africastalking.MTNSouthAfrica:     {"MTN", "ZA"},
	africastalking.AthenaSandbox:      {"Athena", ""},
}

func TestNetwork(t *testing.T) {
	t.Parallel()
	for n, want := range networks {
		if diff := cmp.Diff(want, network{n.Name(), n.Country()}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", n, diff)
		}
	}
	for n, want := range map[africastalking.Network]network{
		"":          {},
		"None":      {},
		"639":       {},
		"63911":     {Country: "KE"},
		"655010":    {Country: "ZA"},
		"12345":     {},
		"60101":     {}, // below the first country of Africa
		"64401":     {}, // not assigned
		"64701":     {}, // Réunion or Mayotte
		"66001":     {}, // above the last one
		"99901":     {},
		"6 901":     {},
		"+6390":     {},
		"Safaricom": {},
		"९३९०२":     {},
	} {
		if diff := cmp.Diff(want, network{n.Name(), n.Country()}); diff != "" {
			t.Errorf("unknown %q (-want +got):\n%s", n, diff)
		}
	}
}

// TestCountries has every mobile country code of Africa (ITU-T E.212).
func TestCountries(t *testing.T) {
	t.Parallel()
	for mcc, want := range map[string]string{
		"602": "EG", "603": "DZ", "604": "MA", "605": "TN", "606": "LY", "607": "GM", "608": "SN", "609": "MR",
		"610": "ML", "611": "GN", "612": "CI", "613": "BF", "614": "NE", "615": "TG", "616": "BJ", "617": "MU",
		"618": "LR", "619": "SL", "620": "GH", "621": "NG", "622": "TD", "623": "CF", "624": "CM", "625": "CV",
		"626": "ST", "627": "GQ", "628": "GA", "629": "CG", "630": "CD", "631": "AO", "632": "GW", "633": "SC",
		"634": "SD", "635": "RW", "636": "ET", "637": "SO", "638": "DJ", "639": "KE", "640": "TZ", "641": "UG",
		"642": "BI", "643": "MZ", "645": "ZM", "646": "MG", "648": "ZW", "649": "NA", "650": "MW", "651": "LS",
		"652": "BW", "653": "SZ", "654": "KM", "655": "ZA", "657": "ER", "658": "SH", "659": "SS",
	} {
		for _, network := range []string{"1", "01", "99", "123"} {
			if got := africastalking.Network(mcc + network).Country(); got != want {
				t.Errorf("Network(%q).Country() = %q, want %q", mcc+network, got, want)
			}
		}
	}
}

// A constant that is added without a line in the table would go untested.
func TestNetworkTableIsComplete(t *testing.T) {
	t.Parallel()
	file, err := parser.ParseFile(token.NewFileSet(), "network.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	declared := 0
	for _, decl := range file.Decls {
		d, ok := decl.(*ast.GenDecl)
		if !ok || d.Tok != token.CONST {
			continue
		}
		for _, spec := range d.Specs {
			s := spec.(*ast.ValueSpec)
			if s.Type == nil {
				continue // no Network
			}
			code, err := strconv.Unquote(s.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			declared++
			if _, ok := networks[africastalking.Network(code)]; !ok {
				t.Errorf("%s is not in the table", s.Names[0])
			}
		}
	}
	if declared != len(networks) {
		t.Errorf("%d constants, but %d lines in the table", declared, len(networks))
	}
}
