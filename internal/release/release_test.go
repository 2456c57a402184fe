package main

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// programs are what users write with a module: each is built and run after a go
// get of that module alone.
var programs = map[string]struct{ main, output string }{
	".": {`package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/client"
	"github.com/sautigo/africastalking/sms"
	"github.com/sautigo/africastalking/ussd"
	"github.com/sautigo/africastalking/voice"
	"github.com/sautigo/africastalking/webhook"
	"github.com/sautigo/africastalking/webhook/airtime"
	"github.com/sautigo/africastalking/webhook/simswap"
)

func main() {
	mux := http.NewServeMux()
	mux.Handle("/sms", sms.IncomingMessageHandler(func(context.Context, sms.IncomingMessage) error { return nil }))
	mux.Handle("/ussd", ussd.Handler(func(context.Context, ussd.Request) (ussd.Response, error) { return ussd.End("Hello"), nil }))
	mux.Handle("/voice", voice.Handler(func(context.Context, voice.Call) (voice.Response, error) {
		return voice.Respond(voice.Say{Text: "Hello"}), nil
	}))
	mux.Handle("/airtime", airtime.ValidationHandler(func(context.Context, airtime.Validation) (airtime.Decision, error) {
		return airtime.Validated, nil
	}))
	mux.Handle("/sim-swap", simswap.Handler(func(context.Context, simswap.Result) error { return nil }))
	mux.Handle("/any", webhook.Handler(func(context.Context, webhook.Event) error { return nil }))

	r := httptest.NewRequest(http.MethodPost, "/ussd", strings.NewReader("sessionId=1&phoneNumber=%2B254711000001&text="))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	fmt.Println(w.Body, client.New("sandbox", "key"), africastalking.SafaricomKenya.Name())
}
`, "END Hello client(host=api.sandbox.africastalking.com) Safaricom\n"},

	"engines/atnats": {`package main

import (
	"fmt"

	"github.com/sautigo/africastalking/engines/atnats"
	"github.com/sautigo/africastalking/state"
)

func main() {
	var store state.Store = new(atnats.Store)
	fmt.Println(store != nil)
}
`, "true\n"},

	"engines/atsqlite": {`package main

import (
	"fmt"

	"github.com/sautigo/africastalking/engines/atsqlite"
	"github.com/sautigo/africastalking/state"
	"github.com/sautigo/africastalking/webhook/inbox"
)

func main() {
	store, err := atsqlite.Open("at.db")
	if err != nil {
		panic(err)
	}
	var s state.Store = store
	var q inbox.Queue = store
	fmt.Println(s != nil, q.Durability() > inbox.InMemory, store.Close())
}
`, "true true <nil>\n"},

	"engines/atredis": {`package main

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/sautigo/africastalking/engines/atredis"
	"github.com/sautigo/africastalking/state"
)

func main() {
	client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1"})
	defer client.Close()
	var store state.Store
	store, err := atredis.New(context.Background(), client) // there is no server
	fmt.Println(store != nil, err != nil)
}
`, "true true\n"},

	"engines/atriver": {`package main

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/sautigo/africastalking/engines/atriver"
	"github.com/sautigo/africastalking/webhook/inbox"
)

func main() {
	pool, err := pgxpool.New(context.Background(), "postgres://127.0.0.1:1/at")
	if err != nil {
		panic(err)
	}
	defer pool.Close()
	_, err = atriver.New(pool) // there is no server
	var queue inbox.Queue = new(atriver.Queue)
	fmt.Println(queue != nil, err != nil)
}
`, "true true\n"},
}

// TestRelease plays the release that CONTRIBUTING.md describes: each module is
// tagged in turn, and from then on a new user can install it alone.
func TestRelease(t *testing.T) {
	t.Parallel()
	const version = "v0.1.0"
	root := t.TempDir()
	tree := copyOf(t, root)
	modules, err := prepare(root, version)
	if err != nil {
		t.Fatal(err)
	}
	var tags []string
	p := newProxy(t)
	for _, m := range modules {
		tags = append(tags, m.tag(version))
		p.publish(t, root, m, version)
		t.Run(m.Path, func(t *testing.T) {
			program, ok := programs[m.Dir]
			if !ok { // a program itself
				a := p.app(t, nil)
				a.run(t, "get", m.Path+"/...@"+version)
				a.run(t, "list", "-deps", m.Path+"/...")
				return
			}
			a := p.app(t, map[string]string{"main.go": program.main})
			a.run(t, "get", m.Path+"@"+version)
			if m.Dir == "." {
				a.run(t, "mod", "tidy")
				checkRequirements(t, a)
			}
			if got := a.run(t, "run", "."); got != program.output {
				t.Errorf("output: got %q, want %q", got, program.output)
			}
		})
	}
	slices.Sort(tags[1:]) // TestOrder has the rest of the order
	slices.Sort(tree[1:])
	if !reflect.DeepEqual(tags, tree) {
		t.Errorf("tags: got %q, want %q", tags, tree)
	}
}

// A user of the library gets gorilla/schema and, for its tests, go-cmp.
func checkRequirements(t *testing.T, a *app) {
	t.Helper()
	sum, err := os.ReadFile(filepath.Join(a.dir, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range strings.Lines(string(sum)) {
		got = append(got, strings.Fields(line)[0])
	}
	want := []string{"github.com/google/go-cmp", "github.com/gorilla/schema", "github.com/sautigo/africastalking"}
	if got = slices.Compact(got); !reflect.DeepEqual(got, want) {
		t.Errorf("modules in go.sum: got %q, want %q", got, want)
	}
}

// What a release without the program would publish cannot be installed, because a
// replace directive does not count in a dependency. TestRelease must tell that
// apart.
func TestUnpreparedRelease(t *testing.T) {
	t.Parallel()
	const version = "v0.1.0"
	modules, err := find("../..")
	if err != nil {
		t.Fatal(err)
	}
	p := newProxy(t)
	for _, m := range modules {
		p.publish(t, "../..", m, version)
		if m.Dir == "." {
			continue
		}
		a := p.app(t, nil)
		if _, err := a.try("get", m.Path+"@"+version); err == nil || !strings.Contains(err.Error(), "v0.0.0") {
			t.Errorf("go get %s: %v, want an error about v0.0.0", m.Path, err)
		}
	}
}

func TestVersions(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"", "0.1.0", "v1", "v1.2", "v1.2.3 ", "latest"} {
		if _, err := prepare(t.TempDir(), version); err == nil {
			t.Errorf("prepare takes version %q", version)
		}
	}
}

// A module that requires another of the nested ones is tagged after it.
func TestOrder(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	write(t, filepath.Join(root, "go.mod"), "module example.com/m\n")
	write(t, filepath.Join(root, "a/go.mod"), "module example.com/m/a\n\nrequire (\n\texample.com/m v0.0.0\n\texample.com/m/z v0.0.0\n\texample.com/other v1.0.0\n)\n")
	write(t, filepath.Join(root, "z/go.mod"), "module example.com/m/z\n\nrequire example.com/m v0.0.0\n")
	got, err := prepare(root, "v1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	want := []module{
		{Path: "example.com/m", Dir: "."},
		{Path: "example.com/m/z", Dir: "z", Siblings: []string{"example.com/m"}},
		{Path: "example.com/m/a", Dir: "a", Siblings: []string{"example.com/m", "example.com/m/z"}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("modules: got %v, want %v", got, want)
	}
	text, err := os.ReadFile(filepath.Join(root, "a/go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	wantText := "module example.com/m/a\n\nrequire (\n\texample.com/m v1.2.3\n\texample.com/m/z v1.2.3\n\texample.com/other v1.0.0\n)\n"
	if string(text) != wantText {
		t.Errorf("go.mod: got %q, want %q", text, wantText)
	}
}

// copyOf copies the modules of the repository to a folder and returns the tags
// that a release of v0.1.0 sets.
func copyOf(t *testing.T, root string) []string {
	t.Helper()
	modules, err := find("../..")
	if err != nil {
		t.Fatal(err)
	}
	var tags []string
	for _, m := range modules {
		tags = append(tags, strings.TrimPrefix(m.Dir+"/v0.1.0", "./"))
		walk(t, filepath.Join("../..", m.Dir), func(name string, text []byte) {
			write(t, filepath.Join(root, m.Dir, name), string(text))
		})
	}
	return tags
}
