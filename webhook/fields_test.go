package webhook_test

import (
	"fmt"
	"testing"

	"github.com/sautigo/africastalking/webhook"
)

// An id is absent as "0", too.
func TestFieldsID(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		"id=x": "x x <nil>", "id=00": "00 00 <nil>",
		"id=0":    `  webhook: field id: missing`,
		"id=":     `  webhook: field id: missing`,
		"id=None": `  webhook: field id: missing`,
		"":        `  webhook: field id: missing`,
		"ID=x":    `  webhook: field id: malformed: sent in another letter case`,
	} {
		form, err := webhook.ParseForm([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		r := form.Fields()
		id, required := r.ID("id"), r.RequiredID("id")
		if got := fmt.Sprint(id, " ", required, " ", r.Err()); got != want {
			t.Errorf("%s: %s, want %s", body, got, want)
		}
	}
}
