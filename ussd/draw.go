package ussd

import (
	"strconv"
	"strings"
)

// String draws the menu as a tree, one item a line: its key, its label, and after
// "?" the questions that it asks. What is below a menu is drawn where the menu comes
// first; "↑" stands for it elsewhere.
func (m *Menu) String() string {
	var b strings.Builder
	b.WriteString(oneLine(m.title) + "\n")
	m.draw(&b, "", map[*Menu]bool{m: true})
	return b.String()
}

func (m *Menu) draw(b *strings.Builder, indent string, drawn map[*Menu]bool) {
	for i, it := range m.items {
		branch, below := "├─ ", "│  "
		if i == len(m.items)-1 {
			branch, below = "└─ ", "   "
		}
		b.WriteString(indent + branch + it.key + ". " + it.label)
		sub, isMenu := it.screen.(*Menu)
		switch {
		case isMenu && drawn[sub]:
			b.WriteString(" ↑")
		case isMenu:
			b.WriteString("\n")
			drawn[sub] = true
			sub.draw(b, indent+below, drawn)
			continue
		default:
			if f, ok := it.screen.(*Flow); ok {
				for _, q := range f.questions {
					b.WriteString(" ? " + q.name())
				}
			}
		}
		b.WriteString("\n")
	}
}

func oneLine(s string) string { return strings.ReplaceAll(s, "\n", " / ") }

// Mermaid draws the menu as a flowchart in Mermaid's language, which many viewers
// of Markdown show as a picture.
func (m *Menu) Mermaid() string {
	d := drawing{ids: map[*Menu]string{}}
	d.b.WriteString("flowchart LR\n")
	d.menu(m)
	return d.b.String()
}

type drawing struct {
	b   strings.Builder
	n   int
	ids map[*Menu]string
}

func (d *drawing) node(open, text, end string) string {
	id := "n" + strconv.Itoa(d.n)
	d.n++
	d.b.WriteString("  " + id + open + quoted(text) + end + "\n")
	return id
}

func (d *drawing) arrow(from, label, to string) {
	if label != "" {
		label = "|" + quoted(label) + "|"
	}
	d.b.WriteString("  " + from + " -->" + label + " " + to + "\n")
}

// menu draws m and what is below it, and returns its name.
func (d *drawing) menu(m *Menu) string {
	if id, ok := d.ids[m]; ok {
		return id
	}
	id := d.node("[", oneLine(m.title), "]")
	d.ids[m] = id
	for _, it := range m.items {
		switch s := it.screen.(type) {
		case *Menu:
			d.arrow(id, it.key+". "+it.label, d.menu(s))
		case *Flow:
			from, label := id, it.key+". "+it.label
			for _, q := range s.questions {
				to := d.node("[/", q.name(), "/]")
				d.arrow(from, label, to)
				from, label = to, ""
			}
			d.arrow(from, label, d.node("([", it.label, "])"))
		default:
			d.arrow(id, it.key+". "+it.label, d.node("([", it.label, "])"))
		}
	}
	return id
}

// quoted returns a label that Mermaid takes for text, whatever it holds.
func quoted(s string) string {
	return `"` + strings.NewReplacer(`"`, "#quot;", "#", "#35;", "<", "#lt;", ">", "#gt;", "&", "#amp;", "\n", " ").Replace(s) + `"`
}
