package numbering

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/nyaruka/phonenumbers"

	"github.com/sautigo/africastalking/ussd"
)

// perRegion is how many valid numbers of a region are typed, in every way.
const perRegion = 1000

// regions are those of Africa, by ISO 3166-1 code: the markets of Africa's Talking
// and the countries beside them.
var regions = strings.Fields(`
	AO BF BI BJ BW CD CF CG CI CM CV DJ DZ EG EH ER ET GA GH GM GN GQ GW KE KM LR LS LY MA
	MG ML MR MU MW MZ NA NE NG RE RW SC SD SL SN SO SS ST SZ TD TG TN TZ UG YT ZA ZM ZW`)

// inFullOnly are the regions of Africa of which ussd.Phone has no table.
var inFullOnly = strings.Fields("AC SH")

// A valid number is read, however it is typed.
func TestValidNumbers(t *testing.T) {
	t.Parallel()
	for _, region := range regions {
		t.Run(region, func(t *testing.T) {
			t.Parallel()
			p := planOf(t, region)
			parse, anywhere := ussd.Phone(p.code), ussd.Phone("")
			for _, national := range p.numbers(t) {
				want := "+" + p.code + national
				for _, typed := range p.full(national) {
					check(t, parse, typed, want)
					if _, full := international(strings.TrimPrefix(typed, "(")); full {
						check(t, anywhere, typed, want)
					}
				}
				for _, typed := range p.local(national) {
					check(t, parse, typed, want)
				}
			}
		})
	}
}

// Where the library reads what was typed as a valid number of the region, so does
// ussd.Phone, and it is the same number: unless a 0 would have to be dropped behind
// the dialling code.
func TestSameNumber(t *testing.T) {
	t.Parallel()
	for _, region := range regions {
		t.Run(region, func(t *testing.T) {
			t.Parallel()
			p := planOf(t, region)
			parse := ussd.Phone(p.code)
			compared := 0
			for _, national := range p.numbers(t)[:perRegion/10] {
				for _, typed := range p.mistyped(national) {
					got, err := parse(typed)
					theirs, wrong := phonenumbers.Parse(typed, region)
					if err != nil || wrong != nil || !phonenumbers.IsValidNumber(theirs) {
						continue
					}
					compared++
					if want := phonenumbers.Format(theirs, phonenumbers.E164); got != want {
						t.Errorf("%q: got %s, the library reads %s", typed, got, want)
					}
				}
			}
			if compared < perRegion/10 {
				t.Errorf("compared %d, which shows nothing", compared)
			}
		})
	}
}

// What is read has a length that numbers of the region can have, and a number that is
// typed in full keeps its digits.
func TestWrongNumbers(t *testing.T) {
	t.Parallel()
	for _, region := range regions {
		t.Run(region, func(t *testing.T) {
			t.Parallel()
			p := planOf(t, region)
			parse, anywhere := ussd.Phone(p.code), ussd.Phone("")
			tried, taken := 0, 0
			for _, national := range p.numbers(t)[:perRegion/10] {
				for _, typed := range p.mistyped(national) {
					tried++
					got, err := parse(typed)
					if err != nil {
						continue
					}
					taken++
					if rest := strings.TrimPrefix(got, "+"+p.code); !slices.Contains(p.lengths, len(rest)) {
						t.Errorf("%q: got %s, with %d digits behind the dialling code, want one of %v", typed, got, len(rest), p.lengths)
					}
					if digits, full := international(typed); full {
						check(t, parse, typed, "+"+digits)
						check(t, anywhere, typed, "+"+digits)
					}
				}
			}
			if taken == 0 || taken > tried/2 {
				t.Errorf("took %d of %d, which shows nothing", taken, tried)
			}
		})
	}
}

// A 0 is neither dropped nor added where that would be a guess.
func TestZero(t *testing.T) {
	t.Parallel()
	for _, region := range regions {
		t.Run(region, func(t *testing.T) {
			t.Parallel()
			p := planOf(t, region)
			parse := ussd.Phone(p.code)
			for _, national := range p.numbers(t) {
				var wrong []string
				if longer := "0" + national; !p.valid(longer) {
					wrong = p.full(longer)
					if p.trunk == "" {
						wrong = append(wrong, p.local(longer)...)
					}
				}
				if shorter, ok := strings.CutPrefix(national, "0"); ok && p.trunk == "" && !p.valid(shorter) {
					wrong = slices.Concat(wrong, p.full(shorter), p.local(shorter))
				}
				for _, typed := range wrong {
					if got, err := parse(typed); err == nil {
						t.Errorf("%q: got %s, want an error", typed, got)
					}
				}
			}
		})
	}
}

// A mobile number with one digit too few or too many is refused, unless that is a
// valid number too. Somalia is left out: its mobile numbers have seven to nine digits.
func TestMobileLengths(t *testing.T) {
	t.Parallel()
	for _, region := range regions {
		if region == "SO" {
			continue
		}
		t.Run(region, func(t *testing.T) {
			t.Parallel()
			p := planOf(t, region)
			parse := ussd.Phone(p.code)
			for range perRegion {
				national := p.random(t, p.metadata.GetMobile())
				if !p.valid(national) || p.unserved(national) {
					continue
				}
				for _, wrong := range []string{national[:len(national)-1], national + strconv.Itoa(p.rand.IntN(10))} {
					if slices.Contains(p.lengths, len(wrong)) && p.valid(wrong) {
						continue
					}
					for _, typed := range append(p.full(wrong), p.local(wrong)...) {
						if got, err := parse(typed); err == nil {
							t.Errorf("%q: got %s, want an error", typed, got)
						}
					}
				}
			}
		})
	}
}

// Every other country is read in full only: no digit of its numbers is ever dropped,
// and none is read as a number of another.
func TestInFullOnly(t *testing.T) {
	t.Parallel()
	others := inFullOnly
	for region := range phonenumbers.GetSupportedRegions() {
		if !slices.Contains(regions, region) && !slices.Contains(others, region) {
			others = append(others, region)
		}
	}
	slices.Sort(others)
	anywhere := ussd.Phone("")
	for _, region := range others {
		code := strconv.Itoa(phonenumbers.GetCountryCodeForRegion(region))
		example := phonenumbers.GetExampleNumber(region)
		if example == nil {
			t.Errorf("%s: no example", region)
			continue
		}
		national := phonenumbers.GetNationalSignificantNumber(example)
		want := "+" + code + national
		for _, parse := range []func(string) (string, error){ussd.Phone(code), anywhere} {
			check(t, parse, want, want)
			check(t, parse, "00"+want[1:], want)
			for _, typed := range []string{national, "0" + national, code + national, "+" + code + "(0)" + national} {
				if got, err := parse(typed); err == nil && !strings.HasPrefix(typed, "00") {
					t.Errorf("%s: %q: got %s, want an error", region, typed, got)
				}
			}
		}
	}
}

// All of Africa is in one of the two lists.
func TestRegions(t *testing.T) {
	t.Parallel()
	for code := range phonenumbers.GetSupportedCallingCodes() {
		s := strconv.Itoa(code)
		if s != "20" && s != "27" && (len(s) != 3 || s[0] != '2' || s >= "297") {
			continue // 297 to 299 are Aruba, the Faroe Islands and Greenland
		}
		for _, region := range phonenumbers.GetRegionCodesForCountryCode(code) {
			if region != "IO" && region != "TA" && slices.Contains(regions, region) == slices.Contains(inFullOnly, region) {
				t.Errorf("%s (%s) is not in one list", region, s)
			}
		}
	}
}

// The documentation of ussd.Phone shows this Parse.
func Example() {
	parse := func(s string) (string, error) {
		n, err := phonenumbers.Parse(s, "KE")
		if err != nil || !phonenumbers.IsValidNumberForRegion(n, "KE") {
			return "", errors.New("Enter a phone number.")
		}
		return phonenumbers.Format(n, phonenumbers.E164), nil
	}
	prompt := &ussd.Prompt[string]{Text: "Send to which number?", Parse: parse}
	fmt.Println(prompt.Parse("0711 000 001"))
	fmt.Println(prompt.Parse("0311 000 001"))
	// Output:
	// +254711000001 <nil>
	//  Enter a phone number.
}

func check(t *testing.T, parse func(string) (string, error), typed, want string) {
	t.Helper()
	if got, err := parse(typed); err != nil || got != want {
		t.Errorf("%q: got %q, %v, want %s", typed, got, err, want)
	}
}

// plan is what the library knows of a region.
type plan struct {
	region, code, trunk string
	lengths             []int // of a national number
	metadata            *phonenumbers.PhoneMetadata
	patterns            map[*phonenumbers.PhoneNumberDesc]*syntax.Regexp
	rand                *rand.Rand
}

var metadata = sync.OnceValues(phonenumbers.MetadataCollection)

func planOf(t *testing.T, region string) *plan {
	t.Helper()
	all, err := metadata()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range all.GetMetadata() {
		if m.GetId() != region {
			continue
		}
		p := &plan{
			region:   region,
			code:     strconv.Itoa(int(m.GetCountryCode())),
			trunk:    m.GetNationalPrefix(),
			metadata: m,
			patterns: map[*phonenumbers.PhoneNumberDesc]*syntax.Regexp{},
			rand:     rand.New(rand.NewPCG(10, uint64(m.GetCountryCode()))),
		}
		if region == "GA" {
			p.trunk = "0" // the library has it as a rule for numbers of 2019 and later
		}
		for _, n := range m.GetGeneralDesc().GetPossibleLength() {
			p.lengths = append(p.lengths, int(n))
		}
		return p
	}
	t.Fatalf("the library does not know %s", region)
	return nil
}

// numbers returns valid national numbers, as many of each type that the region has.
func (p *plan) numbers(t *testing.T) []string {
	t.Helper()
	m := p.metadata
	types := []*phonenumbers.PhoneNumberDesc{
		m.GetMobile(), m.GetFixedLine(), m.GetTollFree(), m.GetPremiumRate(), m.GetSharedCost(),
		m.GetPersonalNumber(), m.GetVoip(), m.GetPager(), m.GetUan(), m.GetVoicemail(),
	}
	types = slices.DeleteFunc(types, func(d *phonenumbers.PhoneNumberDesc) bool {
		pattern := d.GetNationalNumberPattern()
		return pattern == "" || pattern == "NA"
	})
	var numbers []string
	for i := 0; len(numbers) < perRegion; i++ {
		if i > 20*perRegion {
			t.Fatalf("%d valid numbers in %d tries", len(numbers), i)
		}
		if n := p.random(t, types[i%len(types)]); p.valid(n) && !p.unserved(n) {
			numbers = append(numbers, n)
		}
	}
	return numbers
}

// unserved reports whether a national number is valid for the library and refused by
// ussd.Phone on purpose: South Africa's of five to eight digits, which belong to
// machines and which no one could tell from a mobile number that lacks a digit, and
// Gabon's of before 2019, which had seven digits or began with what is a trunk 0 now.
func (p *plan) unserved(national string) bool {
	switch p.region {
	case "ZA":
		return len(national) < 9
	case "GA":
		return len(national) < 8 || national[0] == '0'
	}
	return false
}

// random returns digits that match the pattern of a type.
func (p *plan) random(t *testing.T, d *phonenumbers.PhoneNumberDesc) string {
	t.Helper()
	if p.patterns[d] == nil {
		re, err := syntax.Parse(d.GetNationalNumberPattern(), syntax.Perl)
		if err != nil {
			t.Fatal(err)
		}
		p.patterns[d] = re
	}
	var b strings.Builder
	p.write(t, &b, p.patterns[d])
	return b.String()
}

// write writes something that an expression matches.
func (p *plan) write(t *testing.T, b *strings.Builder, re *syntax.Regexp) {
	t.Helper()
	least, most := 1, 1
	switch re.Op {
	case syntax.OpLiteral:
		b.WriteString(string(re.Rune))
		return
	case syntax.OpCharClass:
		var class []rune
		for i := 0; i < len(re.Rune); i += 2 {
			for r := re.Rune[i]; r <= re.Rune[i+1]; r++ {
				class = append(class, r)
			}
		}
		b.WriteRune(class[p.rand.IntN(len(class))])
		return
	case syntax.OpEmptyMatch:
		return
	case syntax.OpAlternate:
		p.write(t, b, re.Sub[p.rand.IntN(len(re.Sub))])
		return
	case syntax.OpQuest:
		least = 0
	case syntax.OpRepeat:
		least, most = re.Min, re.Max
	case syntax.OpConcat, syntax.OpCapture:
	default:
		t.Fatalf("cannot write what %s matches", re)
	}
	for range least + p.rand.IntN(most-least+1) {
		for _, sub := range re.Sub {
			p.write(t, b, sub)
		}
	}
}

// valid reports whether a national number is one of the region, or of another that
// shares its dialling code.
func (p *plan) valid(national string) bool {
	code, _ := strconv.Atoi(p.code)
	n := &phonenumbers.PhoneNumber{}
	if err := phonenumbers.ParseToNumber("+"+p.code+national, "", n); err != nil || int(n.GetCountryCode()) != code {
		return false
	}
	return phonenumbers.GetNationalSignificantNumber(n) == national && phonenumbers.IsValidNumber(n)
}

// full returns the ways to type a number in full.
func (p *plan) full(national string) []string {
	ways := []string{
		"+" + p.code + national,
		"00" + p.code + national,
		p.code + national,
		p.code + national + "#",
		"+" + p.code + " " + p.spaced(national, " "),
		"+" + p.code + "-" + p.spaced(national, "-"),
		"+(" + p.code + ") " + p.spaced(national, "-"),
		"(+" + p.code + ")" + national,
		"00" + p.code + " (" + national[:2] + ") " + national[2:],
	}
	if p.trunk != "" {
		ways = append(ways, "+"+p.code+" ("+p.trunk+") "+p.spaced(national, " "), "00"+p.code+"("+p.trunk+")"+national)
	}
	return ways
}

// local returns the ways to type a number within the region.
func (p *plan) local(national string) []string {
	ways := []string{
		national,
		national + "#",
		p.spaced(national, " "),
		p.spaced(national, "-"),
		"(" + national[:2] + ") " + national[2:],
	}
	// A number may begin with the 0 that others have in front.
	if p.trunk != "" && !strings.HasPrefix(national, p.trunk) {
		ways = append(ways,
			p.trunk+national,
			p.trunk+p.spaced(national, " "),
			"("+p.trunk+")"+national,
			"("+p.trunk+national[:2]+") "+p.spaced(national[2:], "-"),
		)
	}
	return ways
}

// spaced returns digits in groups of two and three.
func (p *plan) spaced(digits, separator string) string {
	var groups []string
	for len(digits) > 3 {
		n := 2 + p.rand.IntN(2)
		groups, digits = append(groups, digits[:n]), digits[n:]
	}
	return strings.Join(append(groups, digits), separator)
}

// mistyped returns what a subscriber may type who means a number.
func (p *plan) mistyped(national string) []string {
	var wrong []string
	add := func(national string) {
		wrong = append(wrong, "+"+p.code+national, "00"+p.code+national, p.code+national, national, "0"+national, "+"+national, "00"+national)
	}
	i := p.rand.IntN(len(national))
	digit := strconv.Itoa(p.rand.IntN(10))
	add(national[:i] + national[i+1:])                             // one left out
	add(national[:len(national)-2])                                // too short
	add(national[:len(national)-3])                                // by the length of a dialling code
	add(national[:3])                                              // far too short
	add(national[:i] + digit + national[i:])                       // one too many
	add(national + national)                                       // far too long
	add(national[:i] + digit + national[i+1:])                     // another one
	add("0" + national)                                            // a 0 behind the dialling code
	add(p.code + national)                                         // the dialling code twice
	add(digit + national[1:])                                      // another prefix
	add(strconv.FormatUint(p.rand.Uint64N(1_000_000_000_000), 10)) // no number at all
	return wrong
}

// international returns the digits that follow "+" or "00".
func international(typed string) (string, bool) {
	if rest, ok := strings.CutPrefix(typed, "+"); ok {
		return rest, true
	}
	return strings.CutPrefix(typed, "00")
}
