package internal_test

import (
	"testing"

	"github.com/sautigo/africastalking/internal/enum"
)

type status string

const (
	success status = "Success"
	blocked status = "UserInBlackList"
)

func TestEnumFold(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]status{
		"Success": success, "success": success, "SUCCESS": success,
		"UserInBlacklist": blocked,
		"succeſs":         "succeſs", // U+017F folds to s in Unicode
		"Bloc\u212aed":    "Bloc\u212aed",
		"Delivered":       "Delivered", "": "", " Success": " Success",
	} {
		if got := enum.Fold(s, success, blocked); got != want {
			t.Errorf("Fold(%q) is %q, want %q", s, got, want)
		}
	}
}

func TestEnumFoldAllocs(t *testing.T) {
	if n := testing.AllocsPerRun(10, func() { enum.Fold("SUCCESS", success, blocked) }); n != 0 {
		t.Errorf("Fold takes %v allocations", n)
	}
}
