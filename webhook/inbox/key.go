package inbox

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/sautigo/africastalking/internal/record"
	"github.com/sautigo/africastalking/webhook"
)

// The last digit of a key says whether its callback has an identity: Once has to know, and
// all that a queue keeps of this is the key.
const byFields = "f"

func identityKey(key string) string {
	if rest, ok := strings.CutSuffix(key, byFields); ok {
		return rest + "e"
	}
	return key
}

func fieldsKey(key string) string { return key[:len(key)-1] + byFields }

// keyOf returns what tells a callback from all others of the inbox, and for how long. Keys
// are hashed: strangers choose the IDs, which could be numbers or texts. A nil payload
// could not be decoded.
func (s *stored) keyOf(ctx context.Context, c webhook.Callback, payload any) (key string, window time.Duration) {
	if payload == nil {
		// These have keys of their own: a payload that can be decoded must never count
		// as the repeat of one that cannot.
		return fieldsKey(record.Key(s.name, "broken", c.MediaType, string(c.Body))), min(s.window, shortWindow)
	}
	id := ""
	if s.identity != nil {
		id = s.identity(payload)
	} else if i, ok := payload.(webhook.Identifier); ok {
		id = i.Identity()
	}
	if id != "" {
		return identityKey(record.Key(s.name, "id", id)), s.window
	}
	parts := []string{"fields", c.MediaType}
	type field struct{ key, value string }
	var fields []field
	form, _ := webhook.FormFrom(ctx)
	for key, value := range form.All() {
		fields = append(fields, field{key, value})
	}
	// Africa's Talking does not always send the fields in the same order.
	slices.SortStableFunc(fields, func(a, b field) int { return cmp.Compare(a.key, b.key) })
	for _, f := range fields {
		parts = append(parts, f.key, f.value)
	}
	if len(fields) == 0 {
		parts = append(parts, string(c.Body))
	}
	return fieldsKey(record.Key(s.name, parts...)), min(s.window, shortWindow)
}
