package kit

import (
	"errors"
	"fmt"
	"mime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/sautigo/africastalking/internal/gateway"
	"github.com/sautigo/africastalking/internal/gateway/session"
)

// Reporter fails a test, with a message that shows no secret of the app's URLs.
type Reporter struct {
	TB testing.TB
	// Kit is the name of the test kit, which begins each message.
	Kit string
	// Picture returns the text that is shown below each message, or "".
	Picture func() string
	// URLs returns the URLs whose secrets are masked; see [Mask].
	URLs func() []string
}

// Errorf fails the test.
func (r Reporter) Errorf(format string, args ...any) {
	r.TB.Helper()
	r.TB.Errorf("%s", r.message(format, args))
}

// Fatalf fails the test and ends it.
func (r Reporter) Fatalf(format string, args ...any) {
	r.TB.Helper()
	r.TB.Fatalf("%s", r.message(format, args))
}

func (r Reporter) message(format string, args []any) string {
	text := r.Kit + ": " + fmt.Sprintf(format, args...)
	if picture := r.Picture(); picture != "" {
		text += "\n" + Indent(picture)
	}
	return Mask(text, r.URLs()...)
}

// Reason returns the text of an answer's error.
func Reason(err error) string { return strings.TrimPrefix(err.Error(), "gateway: ") }

// Describe returns an answer in one line, and the stack of a handler that panicked.
func Describe(a gateway.Answer) string {
	if a.Err != nil {
		return Reason(a.Err) + Stack(a)
	}
	s := fmt.Sprintf("%d %s, %s, %q", a.Status, a.Reason, a.Header.Get("Content-Type"), Shorten(string(a.Body), 300))
	if hop := a.Header.Get(session.HopHeader); hop != "" {
		s += fmt.Sprintf(", hop metadata %q", hop)
	}
	return s
}

// Stack returns the stack of a handler that panicked, on lines of its own, or "".
func Stack(a gateway.Answer) string {
	var e *gateway.PanicError
	if errors.As(a.Err, &e) {
		return "\n" + strings.TrimSpace(string(e.Stack))
	}
	return ""
}

// Shorten cuts a text at a number of bytes, and says how many are missing.
func Shorten(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return fmt.Sprintf("%s… (%d bytes more)", strings.ToValidUTF8(s[:most], ""), len(s)-most)
}

// Visible spells out what a reader would not see in a text, or what would break its
// lines; line feeds stay.
func Visible(s string) string {
	var b strings.Builder
	for i, r := range s {
		if r == utf8.RuneError && !strings.HasPrefix(s[i:], "\ufffd") {
			fmt.Fprintf(&b, `\x%02x`, s[i])
		} else if r == '\n' || r == ' ' || unicode.IsGraphic(r) && !unicode.IsSpace(r) {
			b.WriteRune(r)
		} else {
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		}
	}
	return b.String()
}

// Line is [Visible] for a text that must stay on one line.
func Line(s string) string { return strings.ReplaceAll(Visible(s), "\n", `\n`) }

// Indent indents each line.
func Indent(s string) string { return "    " + strings.ReplaceAll(s, "\n", "\n    ") }

// Diff compares two lists of lines: "- " begins a line that only want has, "+ " one
// that only got has.
func Diff(want, got []string) string {
	// longest[i][j] is the length of the longest common part of want[i:] and got[j:].
	longest := make([][]int, len(want)+1)
	for i := range longest {
		longest[i] = make([]int, len(got)+1)
	}
	for i := len(want) - 1; i >= 0; i-- {
		for j := len(got) - 1; j >= 0; j-- {
			if want[i] == got[j] {
				longest[i][j] = longest[i+1][j+1] + 1
			} else {
				longest[i][j] = max(longest[i+1][j], longest[i][j+1])
			}
		}
	}
	var out []string
	for i, j := 0, 0; i < len(want) || j < len(got); {
		switch {
		case i < len(want) && j < len(got) && want[i] == got[j]:
			out = append(out, "  "+Line(want[i]))
			i, j = i+1, j+1
		case j == len(got) || i < len(want) && longest[i+1][j] >= longest[i][j+1]:
			out = append(out, "- "+Line(want[i]))
			i++
		default:
			out = append(out, "+ "+Line(got[j]))
			j++
		}
	}
	return strings.Join(out, "\n")
}

// IsText reports whether a content type is one of the media types, in UTF-8 if it
// names a charset.
func IsText(contentType string, mediaTypes ...string) bool {
	t, params, err := mime.ParseMediaType(contentType)
	return err == nil && slices.Contains(mediaTypes, t) &&
		slices.Contains([]string{"", "utf-8", "us-ascii"}, strings.ToLower(params["charset"]))
}
