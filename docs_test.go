package africastalking_test

import (
	"go/ast"
	"go/doc"
	"go/format"
	"go/token"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Every exported name has a comment, and every constructor an example that runs.
func TestEveryExportedNameIsDocumented(t *testing.T) {
	t.Parallel()
	tree, err := readTree() // go/doc drops declarations from the files that it gets
	if err != nil {
		t.Fatal(err)
	}
	for dir, r := range tree.packages {
		if isInternal(dir) || len(r.files) == 0 {
			continue
		}
		p, err := doc.NewFromFiles(tree.fset, slices.Concat(r.files, r.tests), path.Join(module, dir), doc.PreserveAST)
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

// What a log shows of a value, fmt shows too: a type with a LogValue method has a
// String method, and both are declared on the value.
func TestLogValueHasString(t *testing.T) {
	t.Parallel()
	_, found := packages(t)
	for dir, p := range found {
		if isInternal(dir) || strings.HasPrefix(dir, "examples/") {
			continue
		}
		methods := map[string]map[string]bool{} // method → types it is declared on
		for _, file := range p.files {
			for _, decl := range file.Decls {
				f, ok := decl.(*ast.FuncDecl)
				if !ok || f.Recv == nil {
					continue
				}
				typ, ok := f.Recv.List[0].Type.(*ast.Ident)
				if !ok || !typ.IsExported() {
					continue
				}
				if methods[f.Name.Name] == nil {
					methods[f.Name.Name] = map[string]bool{}
				}
				methods[f.Name.Name][typ.Name] = true
			}
		}
		for typ := range methods["LogValue"] {
			if !methods["String"][typ] && !methods["Format"][typ] {
				t.Errorf("%s: %s has a LogValue method and neither a String nor a Format method", dir, typ)
			}
		}
	}
}

// The keys of a log are in camel case, as names on the wire are.
func TestLogKeys(t *testing.T) {
	t.Parallel()
	camelCase := regexp.MustCompile(`^[a-z][A-Za-z0-9]*$`)
	fset, found := packages(t)
	keys := 0
	for dir, p := range found {
		if strings.HasPrefix(dir, "examples/") {
			continue
		}
		for _, file := range p.files {
			ast.Inspect(file, func(n ast.Node) bool {
				key := logKey(n)
				if key == nil {
					return true
				}
				keys++
				if name, err := strconv.Unquote(key.Value); err != nil || !camelCase.MatchString(name) {
					t.Errorf("%s: log key %s is not in camel case", fset.Position(key.Pos()), key.Value)
				}
				return true
			})
		}
	}
	if keys < 20 {
		t.Errorf("found only %d log keys", keys)
	}
}

// logKey returns the literal key of slog.String("key", v) and its like, or of
// slog.Attr{Key: "key"}.
func logKey(n ast.Node) *ast.BasicLit {
	isSlog := func(e ast.Expr, names ...string) bool {
		s, ok := e.(*ast.SelectorExpr)
		if !ok || !slices.Contains(names, s.Sel.Name) {
			return false
		}
		x, ok := s.X.(*ast.Ident)
		return ok && x.Name == "slog"
	}
	var key ast.Expr
	switch n := n.(type) {
	case *ast.CallExpr:
		if isSlog(n.Fun, "Any", "Bool", "Duration", "Float64", "Group", "GroupAttrs", "Int", "Int64", "String", "Time", "Uint64") && len(n.Args) > 0 {
			key = n.Args[0]
		}
	case *ast.CompositeLit:
		if !isSlog(n.Type, "Attr") {
			return nil
		}
		for _, e := range n.Elts {
			if pair, ok := e.(*ast.KeyValueExpr); ok && pair.Key.(*ast.Ident).Name == "Key" {
				key = pair.Value
			}
		}
	}
	literal, _ := key.(*ast.BasicLit)
	return literal
}

// The README stays short, its Go blocks are Go, and the lines that it gives for
// routers are those of examples/routers. internal/release builds the blocks.
func TestREADME(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(string(readme), "\r\n", "\n")
	if lines := strings.Count(text, "\n"); lines > 200 {
		t.Errorf("the README has %d lines, limit 200", lines)
	}
	blocks := regexp.MustCompile("(?ms)^```go\n(.*?)^```$").FindAllStringSubmatch(text, -1)
	if len(blocks) == 0 {
		t.Error("the README has no Go block")
	}
	for _, block := range blocks {
		code := block[1]
		if !strings.HasPrefix(code, "package ") {
			code = "package main\n\nfunc main() {\n" + code + "}\n"
		}
		formatted, err := format.Source([]byte(code))
		if err != nil {
			t.Errorf("%v in\n%s", err, code)
		} else if strings.HasPrefix(block[1], "package ") && string(formatted) != code {
			t.Errorf("not formatted:\n%s", code)
		}
	}
	routers, err := os.ReadFile("examples/routers/routers.go")
	if err != nil {
		t.Fatal(err)
	}
	lines := regexp.MustCompile("(?m)^\\| .* \\| `(.*guard\\(h\\).*)` \\|$").FindAllStringSubmatch(text, -1)
	if len(lines) < 5 {
		t.Errorf("the README has lines for %d routers, want 5 or more", len(lines))
	}
	for _, line := range lines {
		if want := strings.Replace(line[1], "guard(h)", "guard(a.ussd)", 1); !strings.Contains(string(routers), want) {
			t.Errorf("examples/routers has no line %s", want)
		}
	}
}
