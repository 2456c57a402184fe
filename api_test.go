package africastalking_test

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"go/ast"
	"go/doc"
	"go/format"
	"go/parser"
	"go/printer"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

var updateAPI = flag.Bool("update", false, "record the exported API again")

// TestAPI compares what each package exports with testdata/api, so that no name
// changes by accident and a change of the API is seen in review. A line that goes
// breaks somebody's build.
func TestAPI(t *testing.T) {
	t.Parallel()
	recorded, err := filepath.Glob("testdata/api/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	gone := map[string]bool{}
	for _, file := range recorded {
		gone[filepath.ToSlash(file)] = true
	}
	for _, dir := range publicPackages(t) {
		file := "testdata/api/" + strings.ReplaceAll(cmp.Or(strings.TrimPrefix(dir, "."), "africastalking"), "/", "-") + ".txt"
		delete(gone, file)
		got := apiOf(t, dir)
		if *updateAPI {
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Errorf("the API of %s is not recorded: run go test -run TestAPI -update .", dir)
			continue
		}
		if diff := gocmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
			t.Errorf("the API of %s has changed (-recorded +now); if it is meant to, run go test -run TestAPI -update .\n%s", dir, diff)
		}
	}
	for file := range gone {
		if *updateAPI {
			if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
			continue
		}
		t.Errorf("%s is recorded, but its package is gone", file)
	}
}

// publicPackages returns the folders of the packages that users import, those of
// nested modules too.
func publicPackages(t *testing.T) []string {
	t.Helper()
	found := map[string]bool{}
	err := filepath.WalkDir(".", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		switch {
		case d.IsDir() && file != "." && (strings.HasPrefix(name, ".") || name == "testdata" || name == "internal" || name == "examples" || name == "bench"):
			return filepath.SkipDir
		case strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go"):
			found[path.Dir(filepath.ToSlash(file))] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var dirs []string
	for dir := range found {
		dirs = append(dirs, dir)
	}
	slices.Sort(dirs)
	return dirs
}

// apiOf returns the exported declarations of a package, as source without
// comments.
func apiOf(t *testing.T, dir string) string {
	t.Helper()
	fset := token.NewFileSet()
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(fset, name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	p, err := doc.NewFromFiles(fset, files, path.Join(module, dir))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "package %s // %s\n", p.Name, p.ImportPath)
	write := func(decl ast.Decl) {
		var source bytes.Buffer
		if err := printer.Fprint(&source, fset, decl); err != nil {
			t.Fatal(err)
		}
		// Where a comment was there is an empty line, which must not count.
		b.WriteString("\n")
		for line := range strings.Lines(source.String() + "\n") {
			if strings.TrimSpace(line) != "" {
				b.WriteString(line)
			}
		}
	}
	values := func(vs []*doc.Value) {
		for _, v := range vs {
			write(v.Decl)
		}
	}
	funcs := func(fs []*doc.Func) {
		for _, f := range fs {
			write(f.Decl)
		}
	}
	values(p.Consts)
	values(p.Vars)
	funcs(p.Funcs)
	for _, typ := range p.Types {
		write(typ.Decl)
		values(typ.Consts)
		values(typ.Vars)
		funcs(typ.Funcs)
		funcs(typ.Methods)
	}
	source, err := format.Source(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return string(source)
}
