package inbox

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/sautigo/africastalking/internal/record"
	"github.com/sautigo/africastalking/webhook"
)

// keyOf returns what tells a callback from all others of the inbox, and for how long. Keys
// are hashed: strangers choose the IDs, which could be numbers or texts. A nil payload
// could not be decoded.
func (s *stored) keyOf(ctx context.Context, c webhook.Callback, payload any) (key string, window time.Duration) {
	if payload == nil {
		// These have keys of their own: a payload that can be decoded must never count
		// as the repeat of one that cannot.
		return record.Key(s.name, "broken", c.MediaType, string(c.Body)), min(s.window, shortWindow)
	}
	id := ""
	if s.identity != nil {
		id = s.identity(payload)
	} else if i, ok := payload.(webhook.Identifier); ok {
		id = i.Identity()
	}
	if id != "" {
		return record.Key(s.name, "id", id), s.window
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
	return record.Key(s.name, parts...), min(s.window, shortWindow)
}
