package ussd

import (
	"strconv"
	"strings"
)

// String draws the app as a tree, one item a line: its key, its label, and after "?" the
// questions that it asks. What is below a menu is drawn where the menu comes first; "↑"
// stands for it elsewhere. "◇" is a [Branch], whose screens depend on the subscriber.
func (a *App) String() string {
	t := tree{drawn: map[*Menu]bool{}}
	t.screen("", a.Start)
	return strings.TrimPrefix(t.b.String(), " ")
}

// String draws the menu as a tree; see [App.String].
func (m *Menu) String() string { return m.app.String() }

type tree struct {
	b     strings.Builder
	drawn map[*Menu]bool
}

// screen draws what stands behind an item, or at the top.
func (t *tree) screen(indent string, s Screen) {
	for f, ok := s.(*Flow); ok; f, ok = s.(*Flow) {
		for _, q := range f.questions {
			t.b.WriteString(" ? " + q.traits().name)
		}
		s = f.then
	}
	m, isMenu := s.(*Menu)
	_, isBranch := s.(Branch)
	switch {
	case isBranch:
		t.b.WriteString(" ◇")
	case isMenu && t.drawn[m]:
		t.b.WriteString(" ↑")
	case isMenu && len(t.drawn) == 0:
		t.b.WriteString(" " + oneLine(m.title))
	}
	t.b.WriteString("\n")
	if !isMenu || t.drawn[m] {
		return
	}
	t.drawn[m] = true
	for i, it := range m.items {
		branch, below := "├─ ", "│  "
		if i == len(m.items)-1 {
			branch, below = "└─ ", "   "
		}
		t.b.WriteString(indent + branch + it.key + ". " + it.label)
		t.screen(indent+below, it.screen)
	}
}

// Mermaid draws the app as a flowchart in Mermaid's language, which many viewers of
// Markdown show as a picture.
func (a *App) Mermaid() string {
	d := drawing{ids: map[*Menu]string{}}
	d.b.WriteString("flowchart LR\n")
	d.screen("", "", "", a.Start)
	return d.b.String()
}

// Mermaid draws the menu as a flowchart; see [App.Mermaid].
func (m *Menu) Mermaid() string { return m.app.Mermaid() }

type drawing struct {
	b   strings.Builder
	n   int
	ids map[*Menu]string
}

// node draws a node and returns its name.
func (d *drawing) node(open, text, end string) string {
	id := "n" + strconv.Itoa(d.n)
	d.n++
	d.b.WriteString("  " + id + open + quoted(text) + end + "\n")
	return id
}

func (d *drawing) arrow(from, label, to string) {
	if from == "" {
		return
	}
	if label != "" {
		label = "|" + quoted(label) + "|"
	}
	d.b.WriteString("  " + from + " -->" + label + " " + to + "\n")
}

// screen draws a screen that an item called name leads to, and what is below it.
func (d *drawing) screen(from, label, name string, s Screen) {
	switch s := s.(type) {
	case *Menu:
		id, ok := d.ids[s]
		if !ok {
			id = d.node("[", oneLine(s.title), "]")
			d.ids[s] = id
			for _, it := range s.items {
				d.screen(id, it.key+". "+it.label, it.label, it.screen)
			}
		}
		d.arrow(from, label, id)
	case *Flow:
		for _, q := range s.questions {
			to := d.node("[/", q.traits().name, "/]")
			d.arrow(from, label, to)
			from, label = to, ""
		}
		d.screen(from, label, name, s.then)
	case Branch:
		d.arrow(from, label, d.node("{", name, "}"))
	default:
		d.arrow(from, label, d.node("([", name, "])"))
	}
}

// quoted returns a label that Mermaid takes for text, whatever it holds.
func quoted(s string) string {
	return `"` + strings.NewReplacer(`"`, "#quot;", "#", "#35;", "<", "#lt;", ">", "#gt;", "&", "#amp;", "\n", " ").Replace(s) + `"`
}
