// Release prepares a release of every module of this repository:
//
//	cd internal/release && go run . v0.1.0
//
// It makes each nested module require its siblings at that version and prints the
// git commands that follow, in the order in which they have to be run.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: go run . v0.1.0")
		os.Exit(2)
	}
	version := os.Args[1]
	modules, err := prepare("../..", version)
	if err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
	fmt.Printf("git commit -am 'all: require %s'\ngit push origin main\n", version)
	for _, m := range modules {
		fmt.Printf("git tag %s && git push origin %[1]s\n", m.tag(version))
	}
}

// module is a module of the repository.
type module struct {
	Path string
	// Dir is its folder, slash-separated from the root; "." is the root module.
	Dir string
	// Siblings are the modules of the repository that it requires.
	Siblings []string
}

// tag returns the git tag by which the go command finds a version of the module.
func (m module) tag(version string) string {
	if m.Dir == "." {
		return version
	}
	return m.Dir + "/" + version
}

var versions = regexp.MustCompile(`^v\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$`)

// prepare makes every module in root require its siblings at version. The replace
// directives stay: they serve whoever works in the repository, and the go command
// ignores them in a module that is a dependency. The modules are returned in the
// order to tag them in: each after those that it requires.
func prepare(root, version string) ([]module, error) {
	if !versions.MatchString(version) {
		return nil, fmt.Errorf("%q is no version such as v0.1.0", version)
	}
	modules, err := find(root)
	if err != nil {
		return nil, err
	}
	for _, m := range modules {
		for _, sibling := range m.Siblings {
			if _, err := edit(filepath.Join(root, m.Dir), "-require="+sibling+"@"+version); err != nil {
				return nil, err
			}
		}
	}
	return modules, nil
}

// find returns the modules in root, each after those that it requires. Those in
// internal, this one too, have no users and are left out.
func find(root string) ([]module, error) {
	var waiting []module
	ours := map[string]bool{}
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == ".git" || d.Name() == "testdata" || d.Name() == "node_modules"):
			return filepath.SkipDir
		case d.Name() != "go.mod":
			return nil
		}
		dir, err := filepath.Rel(root, filepath.Dir(file))
		if err != nil || strings.HasPrefix(filepath.ToSlash(dir), "internal/") {
			return err
		}
		m, err := read(root, dir)
		ours[m.Path] = true
		waiting = append(waiting, m)
		return err
	})
	if err != nil {
		return nil, err
	}
	for i, m := range waiting {
		waiting[i].Siblings = slices.DeleteFunc(m.Siblings, func(path string) bool { return !ours[path] })
	}
	var ordered []module
	tagged := map[string]bool{}
	for len(waiting) > 0 {
		next := slices.IndexFunc(waiting, func(m module) bool {
			return !slices.ContainsFunc(m.Siblings, func(path string) bool { return !tagged[path] })
		})
		if next < 0 {
			return nil, errors.New("modules require each other in a circle")
		}
		tagged[waiting[next].Path] = true
		ordered = append(ordered, waiting[next])
		waiting = slices.Delete(waiting, next, next+1)
	}
	return ordered, nil
}

// read returns the module in a folder of root, with everything that it requires.
func read(root, dir string) (module, error) {
	text, err := edit(filepath.Join(root, dir), "-json")
	if err != nil {
		return module{}, err
	}
	var mod struct {
		Module  struct{ Path string }
		Require []struct{ Path string }
	}
	if err := json.Unmarshal(text, &mod); err != nil {
		return module{}, err
	}
	m := module{Path: mod.Module.Path, Dir: filepath.ToSlash(dir)}
	for _, r := range mod.Require {
		m.Siblings = append(m.Siblings, r.Path)
	}
	return m, nil
}

// edit runs go mod edit in a folder.
func edit(dir, flag string) ([]byte, error) {
	cmd := exec.Command("go", "mod", "edit", flag)
	cmd.Dir = dir
	out, err := cmd.Output()
	if exit := new(exec.ExitError); errors.As(err, &exit) {
		err = fmt.Errorf("go mod edit in %s: %s", dir, strings.TrimSpace(string(exit.Stderr)))
	}
	return out, err
}
