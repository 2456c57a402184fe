package internal_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking/internal/kit"
)

func TestKitMaskURL(t *testing.T) {
	t.Parallel()
	const (
		hex    = "3b9f1c2d4e5f60718293a4b5c6d7e8f9"
		base62 = "kQ7xVb2MnR9sTw4YzA1cDe"
		lower  = "abcdefghijklmnopqrstuv" // 22
	)
	for _, tt := range []struct{ url, want string }{
		{"", ""},
		{"/", "/"},
		{"/ussd", "/ussd"},
		{"/at/callbacks/delivery-reports", "/at/callbacks/delivery-reports"},
		{"/sms?lang=sw&screen=balance-enquiry", "/sms?lang=sw&screen=balance-enquiry"},
		{"/at/" + hex + "/ussd", "/at/…/ussd"},
		{"/" + base62, "/…"},
		{"/at/" + lower + "/ussd/", "/at/…/ussd/"},
		{"/at/" + lower[1:] + "/ussd", "/at/" + lower[1:] + "/ussd"},
		{"/0123456789abcdef", "/…"},
		{"/0123456789abcde", "/0123456789abcde"},
		{"/0123456789012345", "/0123456789012345"},
		{"/" + hex + ".php", "/…"},
		{"/a%2F" + hex, "/…"},
		{"/sms?key=" + hex, "/sms?key=…"},
		{"/sms?x=" + hex + "&y=1", "/sms?x=…&y=1"},
		{"/sms?Token=s3cr3t78", "/sms?Token=…"},
		{"/sms?key=1", "/sms?key=1"},
		{"https://ivr.example.com:8443/voice", "https://ivr.example.com:8443/voice"},
		{"https://at:pass@ivr.example.com/" + hex, "https://at:…@ivr.example.com/…"},
		{"https://ivr.example.com/" + hex + "#" + hex, "https://ivr.example.com/…#…"},
		{"https://ivr.example.com/\x00" + hex, "…"},
	} {
		if got := kit.Mask(tt.url, tt.url); got != tt.want {
			t.Errorf("Mask(%q) of itself = %q, want %q", tt.url, got, tt.want)
		}
	}
}

// A secret is masked wherever it stands, also unescaped, and also if another secret is
// its beginning.
func TestKitMask(t *testing.T) {
	t.Parallel()
	const (
		short = "3b9f1c2d4e5f60718293a4b5c6d7e8f9"
		long  = short + "0a"
	)
	got := kit.Mask("to /at/"+long+", then /at/"+short+"/x, "+"a b/"+short,
		"https://app.example/at/"+short, "/"+long, "/a%20b%2F"+short, "")
	if want := "to /at/…, then /at/…/x, …"; got != want {
		t.Errorf("Mask = %q, want %q", got, want)
	}
}

func TestKitDiff(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ want, got, diff []string }{
		{nil, nil, nil},
		{[]string{"a"}, nil, []string{"- a"}},
		{nil, []string{"a\n\x00"}, []string{`+ a\n\x00`}},
		{[]string{"a", "b", "c", "d"}, []string{"a", "c", "x", "d"}, []string{"  a", "- b", "  c", "+ x", "  d"}},
	} {
		if diff := cmp.Diff(strings.Join(tt.diff, "\n"), kit.Diff(tt.want, tt.got)); diff != "" {
			t.Errorf("Diff(%q, %q) (-want +got):\n%s", tt.want, tt.got, diff)
		}
	}
}

func TestKitVisible(t *testing.T) {
	t.Parallel()
	const text = "é 😀\n\t\u202e\u00a0\xff\ufffd"
	if got, want := kit.Visible(text), "é 😀\n"+`\t\u202e\u00a0\xff`+"\ufffd"; got != want {
		t.Errorf("Visible = %q, want %q", got, want)
	}
	if got, want := kit.Line("a\nb"), `a\nb`; got != want {
		t.Errorf("Line = %q, want %q", got, want)
	}
}

func TestKitIsText(t *testing.T) {
	t.Parallel()
	for contentType, want := range map[string]bool{
		"text/plain":                     true,
		"Text/Plain; charset=UTF-8":      true,
		"text/plain; charset=us-ascii":   true,
		"text/plain; charset=iso-8859-1": false,
		"text/html":                      false,
		"":                               false,
		"text/plain; charset":            false,
	} {
		if got := kit.IsText(contentType, "text/plain", "text/xml"); got != want {
			t.Errorf("IsText(%q) = %v, want %v", contentType, got, want)
		}
	}
}
