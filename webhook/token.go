package webhook

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"math"
	"net/http"
)

// minSecretBits is what a secret in a callback URL must be worth: the URL is all
// that tells Africa's Talking from anybody else.
const minSecretBits = 128

// RequireToken returns middleware that lets a request through only if from finds
// one of the secrets in it. Everything else is answered 404, so that a prober
// cannot tell a wrong secret from a wrong path. Comparing takes the same time
// whatever was sent.
//
// Africa's Talking signs nothing, so a secret in the callback URL is the way to
// know its requests; use https, or the secret is public. Two secrets allow
// rotation: add the new one, change the dashboard, remove the old one. A secret
// comes in handy from
//
//	openssl rand -hex 32
//
// RequireToken panics without a secret, and if [CheckSecret] refuses one.
func RequireToken(from func(*http.Request) string, secrets ...string) func(http.Handler) http.Handler {
	if len(secrets) == 0 {
		panic("webhook: RequireToken: no secret")
	}
	sums := make([][sha256.Size]byte, len(secrets))
	for i, s := range secrets {
		if err := CheckSecret(s); err != nil {
			panic(err.Error())
		}
		sums[i] = sha256.Sum256([]byte(s))
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			got := sha256.Sum256([]byte(from(r)))
			match := 0
			for i := range sums {
				match |= subtle.ConstantTimeCompare(got[:], sums[i][:])
			}
			if match != 1 {
				http.NotFound(w, r)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// CheckSecret returns an error if a secret is worth less than 128 bits, for programs
// that would rather say so than panic. 32 hexadecimal digits or 22 letters and
// digits are enough, provided they are random. The error never quotes the secret.
func CheckSecret(secret string) error {
	if secretBits(secret) < minSecretBits {
		return errors.New("webhook: a secret is worth less than 128 bits")
	}
	return nil
}

// PathToken returns a source for [RequireToken] that reads a wildcard of the
// pattern the handler is mounted under: PathToken("token") for "/at/{token}/ussd".
func PathToken(wildcard string) func(*http.Request) string {
	return func(r *http.Request) string { return r.PathValue(wildcard) }
}

// QueryToken returns a source for [RequireToken] that reads a query parameter:
// QueryToken("key") for "/at/ussd?key=…". Paths and queries both end up in access
// logs: keep those private.
func QueryToken(parameter string) func(*http.Request) string {
	return func(r *http.Request) string { return r.URL.Query().Get(parameter) }
}

// secretBits estimates what a secret is worth at most: its length, times the
// bits of a letter of the smallest alphabet that has all of its letters. Few
// different letters are worth nothing, for no random secret looks like that.
func secretBits(s string) float64 {
	const minDistinct = 8
	var seen [256]bool
	distinct := 0
	alphabet := 10.0
	for i := range len(s) {
		c := s[i]
		if !seen[c] {
			seen[c] = true
			distinct++
		}
		switch {
		case '0' <= c && c <= '9':
		case 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F':
			alphabet = max(alphabet, 16)
		case 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z':
			alphabet = max(alphabet, 62)
		default:
			alphabet = max(alphabet, 64)
		}
	}
	if distinct < minDistinct {
		return 0
	}
	return float64(len(s)) * math.Log2(alphabet)
}
