package africastalking_test

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/sautigo/africastalking"

// room is a package of this module as it stands in the tree.
type room struct {
	path    string // below the module, "." for the root
	files   []*ast.File
	tests   []*ast.File
	imports map[string][]string // import path → files of the package proper
}

// rooms reads every package of this module; nested modules are others.
func rooms(t *testing.T) (*token.FileSet, map[string]*room) {
	t.Helper()
	fset := token.NewFileSet()
	found := map[string]*room{}
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
		syntax, err := parser.ParseFile(fset, file, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		dir := path.Dir(filepath.ToSlash(file))
		r := found[dir]
		if r == nil {
			r = &room{path: dir, imports: map[string][]string{}}
			found[dir] = r
		}
		if strings.HasSuffix(file, "_test.go") {
			r.tests = append(r.tests, syntax)
			return nil
		}
		r.files = append(r.files, syntax)
		for _, spec := range syntax.Imports {
			p, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			r.imports[p] = append(r.imports[p], filepath.ToSlash(file))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return fset, found
}

// arrows says what each package may import of this module, internal packages
// aside, which import nothing unless it says so. Examples may import everything.
var arrows = map[string][]string{
	".":               {},
	"webhook":         {"."},
	"webhook/airtime": {".", "webhook"},
	"webhook/simswap": {".", "webhook"},
	"sms":             {".", "webhook", "client", "state"},
	"state":           {},
	"ussd":            {".", "webhook", "state"},
	"voice":           {".", "webhook"},
	"client":          {"."},

	"client/clienttest":           {".", "client"},
	"sms/smstest":                 {".", "sms"},
	"ussd/ussdtest":               {".", "ussd"},
	"state/statetest":             {"state"},
	"voice/voicetest":             {".", "voice"},
	"webhook/airtime/airtimetest": {".", "webhook/airtime"},

	"internal/callbacktest": {"webhook"},
}

func TestImportsRunOneWay(t *testing.T) {
	t.Parallel()
	_, found := rooms(t)
	for dir := range arrows {
		if found[dir] == nil {
			t.Errorf("package %s is gone", dir)
		}
	}
	for dir, r := range found {
		if strings.HasPrefix(dir, "examples/") {
			continue
		}
		allowed, known := arrows[dir]
		if !known && !isInternal(dir) {
			t.Errorf("package %s has no arrows", dir)
		}
		for p, files := range r.imports {
			below, ours := strings.CutPrefix(p, module)
			switch {
			case ours:
				target := strings.TrimPrefix(below, "/")
				if target == "" {
					target = "."
				}
				if !strings.HasPrefix(target, "internal/") && !slices.Contains(allowed, target) {
					t.Errorf("%v imports %s", files, p)
				}
			case strings.Contains(strings.SplitN(p, "/", 2)[0], "."):
				// A package of test helpers may compare.
				if dir == "internal/callbacktest" && p == "github.com/google/go-cmp/cmp" {
					continue
				}
				if p != "github.com/gorilla/schema" || !slices.Equal(files, []string{"webhook/decode.go"}) {
					t.Errorf("%v imports %s: only webhook/decode.go imports gorilla/schema, and nothing else is imported", files, p)
				}
			}
		}
	}
}

// Nothing is imported but what the module was allowed, in tests either.
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

func TestEveryExportedNameIsDocumented(t *testing.T) {
	t.Parallel()
	fset, found := rooms(t)
	for dir, r := range found {
		if isInternal(dir) || len(r.files) == 0 {
			continue
		}
		p, err := doc.NewFromFiles(fset, slices.Concat(r.files, r.tests), path.Join(module, dir))
		if err != nil {
			t.Fatal(err)
		}
		if p.Doc == "" {
			t.Errorf("package %s has no comment", dir)
		}
		if p.Name == "main" {
			continue
		}
		undocumented := func(what, name, text string) {
			if token.IsExported(name) && strings.TrimSpace(text) == "" {
				t.Errorf("%s: %s %s has no comment", dir, what, name)
			}
		}
		funcs := func(fs []*doc.Func) {
			for _, f := range fs {
				undocumented("func", f.Name, f.Doc)
				if len(f.Examples) == 0 && f.Recv == "" && isConstructor(f) && !strings.HasPrefix(dir, "examples/") {
					t.Errorf("%s: %s has no example", dir, f.Name)
				}
				for _, e := range f.Examples {
					if e.Output == "" && !e.EmptyOutput {
						t.Errorf("%s: the example of %s is not run", dir, f.Name)
					}
				}
			}
		}
		values := func(vs []*doc.Value) {
			for _, v := range vs {
				for _, spec := range v.Decl.Specs {
					s := spec.(*ast.ValueSpec)
					for _, name := range s.Names {
						undocumented("value", name.Name, v.Doc+s.Doc.Text()+s.Comment.Text())
					}
				}
			}
		}
		funcs(p.Funcs)
		values(p.Consts)
		values(p.Vars)
		for _, typ := range p.Types {
			undocumented("type", typ.Name, typ.Doc)
			funcs(typ.Funcs)
			funcs(typ.Methods)
			values(typ.Consts)
			values(typ.Vars)
		}
	}
}

// isConstructor reports whether f makes what its package is there for: a handler,
// a client, a response, middleware. Options and parsers are shown where they are
// used.
func isConstructor(f *doc.Func) bool {
	return token.IsExported(f.Name) && f.Decl.Type.Results != nil &&
		!strings.HasPrefix(f.Name, "With") && !strings.HasPrefix(f.Name, "Parse")
}

func isInternal(dir string) bool { return slices.Contains(strings.Split(dir, "/"), "internal") }
