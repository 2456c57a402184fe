// Package curl writes the commands that the examples print for their users to try.
package curl

import (
	"fmt"
	"net/url"
	"strings"
)

// Post returns a command for a POSIX shell that posts a body, as JSON if it is an
// object and as a form otherwise. The body must not have a single quote in it.
func Post(url, body string) string {
	header := ""
	if strings.HasPrefix(body, "{") {
		header = "-H 'Content-Type: application/json' "
	}
	return fmt.Sprintf(`curl -w '\n' %s-d '%s' %s`, header, body, url)
}

// Form returns a form's body, made from keys and values in turn. No single quote
// is left in it.
func Form(pairs ...string) string {
	var b strings.Builder
	for i := 0; i < len(pairs); i += 2 {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(url.QueryEscape(pairs[i]) + "=" + url.QueryEscape(pairs[i+1]))
	}
	return b.String()
}
