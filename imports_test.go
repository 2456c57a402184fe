package africastalking_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

const module = "github.com/sautigo/africastalking"

// source is a package of this module as it stands in the tree.
type source struct {
	files   []*ast.File
	tests   []*ast.File
	imports map[string][]string // import path → files that import it, tests aside
}

// tree holds every package of this module by its folder: "." is the root. Nested
// modules are left out.
type tree struct {
	fset     *token.FileSet
	packages map[string]*source
}

func readTree() (tree, error) {
	found := tree{token.NewFileSet(), map[string]*source{}}
	err := filepath.WalkDir(".", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			nested := false
			if file != "." {
				_, err := os.Stat(filepath.Join(file, "go.mod"))
				nested = err == nil
			}
			if name := d.Name(); nested || name == "testdata" || strings.HasPrefix(name, ".") && name != "." {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(file, ".go") {
			return nil
		}
		syntax, err := parser.ParseFile(found.fset, file, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		dir := path.Dir(filepath.ToSlash(file))
		p := found.packages[dir]
		if p == nil {
			p = &source{imports: map[string][]string{}}
			found.packages[dir] = p
		}
		if strings.HasSuffix(file, "_test.go") {
			p.tests = append(p.tests, syntax)
			return nil
		}
		p.files = append(p.files, syntax)
		for _, spec := range syntax.Imports {
			target, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			p.imports[target] = append(p.imports[target], filepath.ToSlash(file))
		}
		return nil
	})
	return found, err
}

var sharedTree = sync.OnceValues(readTree)

// packages returns the packages as all tests share them: they must not change a file.
func packages(t *testing.T) (*token.FileSet, map[string]*source) {
	t.Helper()
	found, err := sharedTree()
	if err != nil {
		t.Fatal(err)
	}
	return found.fset, found.packages
}

// allowed holds the packages of this module that each package may import, besides
// internal ones. An internal package that is not listed may import none but
// internal ones. Examples may import everything.
var allowed = map[string][]string{
	".":               {},
	"webhook":         {"."},
	"webhook/airtime": {".", "webhook"},
	"webhook/simswap": {".", "webhook"},
	"webhook/inbox":   {".", "webhook", "state"},
	"sms":             {".", "webhook", "client", "state"},
	"state":           {},
	"ussd":            {".", "webhook", "state"},
	"voice":           {".", "webhook"},
	"client":          {"."},

	"client/clienttest":           {".", "client"},
	"sms/smstest":                 {".", "sms"},
	"ussd/ussdtest":               {".", "ussd", "webhook"},
	"state/statetest":             {"state"},
	"voice/voicetest":             {".", "voice"},
	"webhook/airtime/airtimetest": {".", "webhook/airtime"},
	"webhook/inbox/inboxtest":     {"webhook", "webhook/inbox"},

	"internal/callbacktest": {"webhook"},
	"internal/killtest":     {"state", "ussd", "webhook"},
}

func TestImportsRunOneWay(t *testing.T) {
	t.Parallel()
	_, found := packages(t)
	for dir := range allowed {
		if found[dir] == nil {
			t.Errorf("package %s is gone", dir)
		}
	}
	for dir, r := range found {
		if strings.HasPrefix(dir, "examples/") {
			continue
		}
		targets, known := allowed[dir]
		if !known && !isInternal(dir) {
			t.Errorf("package %s is not listed in allowed", dir)
		}
		for p, files := range r.imports {
			below, ours := strings.CutPrefix(p, module)
			switch {
			case ours:
				target := strings.TrimPrefix(below, "/")
				if target == "" {
					target = "."
				}
				if !strings.HasPrefix(target, "internal/") && !slices.Contains(targets, target) {
					t.Errorf("%v imports %s", files, p)
				}
			case strings.Contains(strings.SplitN(p, "/", 2)[0], "."):
				// A package of test helpers may compare.
				if dir == "internal/callbacktest" && p == "github.com/google/go-cmp/cmp" {
					continue
				}
				if p != "github.com/gorilla/schema" || !slices.Equal(files, []string{"webhook/schema.go"}) {
					t.Errorf("%v imports %s: only webhook/schema.go imports gorilla/schema, and nothing else is imported", files, p)
				}
			}
		}
	}
}

// The module requires gorilla/schema and, for its tests, go-cmp.
func TestDependencies(t *testing.T) {
	t.Parallel()
	mod, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(mod)) {
		fields := strings.Fields(line)
		if len(fields) >= 2 && strings.Contains(fields[0], "/") &&
			fields[0] != "github.com/gorilla/schema" && fields[0] != "github.com/google/go-cmp" {
			t.Errorf("go.mod requires %s", fields[0])
		}
		if len(fields) > 0 && fields[0] == "toolchain" {
			t.Error("go.mod has a toolchain line")
		}
	}
}

func isInternal(dir string) bool { return slices.Contains(strings.Split(dir, "/"), "internal") }
