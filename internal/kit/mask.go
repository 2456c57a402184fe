package kit

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
)

// Mask replaces the secrets of URLs, wherever they stand in a text, with "…": a
// failed test is printed in a CI job's log, which more people read than may know
// the app's callback URL.
//
// Secrets are passwords, and path segments and query values that look random: they
// have 22 bytes or more, as all do that webhook.RequireToken takes, or 16 with letters
// and digits. Values of query parameters with a name such as "key" are secrets from 8
// bytes on.
func Mask(text string, urls ...string) string {
	var secrets []string
	for _, u := range urls {
		secrets = append(secrets, secretsOf(u)...)
	}
	// The longest first: one may be the beginning of another.
	slices.SortFunc(secrets, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	for _, s := range secrets {
		text = strings.ReplaceAll(text, s, "…")
	}
	return text
}

func secretsOf(raw string) []string {
	u, err := url.Parse(raw)
	if err != nil {
		return []string{raw}
	}
	var found []string
	add := func(s string, unescape func(string) (string, error)) {
		found = append(found, s)
		if plain, err := unescape(s); err == nil && plain != s {
			found = append(found, plain)
		}
	}
	if password, ok := u.User.Password(); ok && password != "" {
		add(url.PathEscape(password), url.PathUnescape)
	}
	for segment := range strings.SplitSeq(u.EscapedPath(), "/") {
		if isRandom(segment) {
			add(segment, url.PathUnescape)
		}
	}
	for pair := range strings.SplitSeq(u.RawQuery, "&") {
		name, value, _ := strings.Cut(pair, "=")
		if isRandom(value) || len(value) >= 8 && slices.Contains(secretNames, strings.ToLower(name)) {
			add(value, url.QueryUnescape)
		}
	}
	return found
}

var secretNames = []string{"key", "apikey", "api_key", "token", "secret", "password", "pass", "auth", "sig", "signature"}

func isRandom(s string) bool {
	const digits = "0123456789"
	return len(s) >= 22 || len(s) >= 16 && strings.ContainsAny(s, digits) && strings.Trim(s, digits) != ""
}
