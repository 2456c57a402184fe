package africastalking_test

import (
	"go/ast"
	"go/doc"
	"go/token"
	"path"
	"slices"
	"strings"
	"testing"
)

// Every exported name has a comment, and every constructor an example that runs.
func TestEveryExportedNameIsDocumented(t *testing.T) {
	t.Parallel()
	fset, found := packages(t)
	for dir, r := range found {
		if isInternal(dir) || len(r.files) == 0 {
			continue
		}
		p, err := doc.NewFromFiles(fset, slices.Concat(r.files, r.tests), path.Join(module, dir), doc.PreserveAST)
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

// isConstructor reports whether f is exported and returns something: a handler, a
// client, a response, middleware. Options and parsers are shown in the examples of
// what takes them.
func isConstructor(f *doc.Func) bool {
	return token.IsExported(f.Name) && f.Decl.Type.Results != nil &&
		!strings.HasPrefix(f.Name, "With") && !strings.HasPrefix(f.Name, "Parse")
}
