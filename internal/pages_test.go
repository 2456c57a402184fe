package internal_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking/internal/pages"
)

func all(p *pages.Pages) (out []string) {
	for n := 0; ; n++ {
		page, ok := p.Page(n)
		if !ok {
			return out
		}
		out = append(out, page)
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	foot := pages.Foot{First: "\n0", Later: "\n0", More: "\n98"}
	x := strings.Repeat("x", 92)
	for name, tt := range map[string]struct {
		text  string
		items bool
		want  []string
	}{
		"one":         {"a\nb", false, []string{"a\nb\n0"}},
		"lines":       {x + "\nb\n" + x, false, []string{x + "\nb\n98\n0", x + "\n0"}},
		"words":       {x + " b c " + x, false, []string{x + " b\n98\n0", "c " + x + "\n0"}},
		"blank end":   {x + strings.Repeat("\n", 20), false, []string{x + "\n0"}},
		"text":        {x + " b 3. cccccccccc", false, []string{x + " b\n98\n0", "3. cccccccccc\n0"}},
		"label":       {x + " b 3. cccccccccc", true, []string{x + " b\n98\n0", "...3. cccccccccc\n0"}},
		"next item":   {x + " b\n3. cccccccccc", true, []string{x + " b\n98\n0", "3. cccccccccc\n0"}},
		"amount":      {x + " b 3.5000000000", true, []string{x + " b\n98\n0", "3.5000000000\n0"}},
		"other marks": {x + " b 3) cccccccccc", true, []string{x + " b\n98\n0", "...3) cccccccccc\n0"}},
	} {
		p := pages.New(tt.text, 100, foot, tt.items)
		if diff := cmp.Diff(tt.want, all(p)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if p.Last() != len(tt.want)-1 || p.Has(len(tt.want)) || !p.Has(0) {
			t.Errorf("%s: last page %d", name, p.Last())
		}
	}
}
